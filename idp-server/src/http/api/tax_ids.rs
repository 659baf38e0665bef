//! `/api/v1/organizations/{organization}/tax-ids`: an organization's numbers (R43, R44), by the rules of
//! the console's page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        field::Objections,
        permission::Action,
        tax_id::TaxIdNumber,
        tax_id_entry::{self, Entry, Insists, Meaning, Typed},
        tax_id_registry::Refusal,
    },
    ids::TaxIdId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    door::{self, OrganizationDesk},
    error::{ApiError, ProblemBody},
};
use crate::{
    app::App,
    community::{Office, tax_ids as use_case},
    http::oidc::json::{self, NoStore},
    store::{AnyConn, tax_id, tax_id_claim},
};

/// The numbers under which an organization acts.
#[derive(Serialize, ToSchema)]
pub(super) struct TaxIds {
    own: Vec<Own>,
    /// Other organizations' numbers under which it acts on their behalf.
    represented: Vec<Represented>,
}

/// A number of the organization.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnTaxId)]
pub(super) struct Own {
    id: String,
    /// `ein` or `ssn`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// As people read it; of a personal one the last four digits.
    shown: String,
    primary: bool,
    /// Who acts under it beside the organization.
    representatives: Vec<Representative>,
    /// Until when the organization answers to whoever asks for it, in seconds since 1970; none if nobody
    /// asks. It is answered in the console.
    answer_due_at: Option<i64>,
}

/// Another organization that acts under a number.
#[derive(Serialize, ToSchema)]
pub(super) struct Representative {
    id: String,
    name: String,
}

/// A number of another organization.
#[derive(Serialize, ToSchema)]
#[schema(as = RepresentedTaxId)]
pub(super) struct Represented {
    id: String,
    owner: String,
}

/// Another number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTaxId {
    number: String,
    /// That it is a personal Social Security number, and is to be registered all the same.
    #[serde(default)]
    personal: bool,
}

impl NewTaxId {
    fn read(&self, app: &App) -> Result<TaxIdNumber, ApiError> {
        let (meaning, insists) = if self.personal {
            (Meaning::Personal, Insists::Yes)
        } else {
            (Meaning::Business, Insists::No)
        };
        let typed = Typed { text: &self.number, meaning, insists };
        let mut found = Objections::default();
        match tax_id_entry::judge(typed, &app.registry.prefixes) {
            Ok(Entry::Accepted { number, .. }) => return Ok(number),
            Ok(Entry::Ask | Entry::Stop(_)) => found.object(
                "personal",
                "this is written like a personal Social Security number: a business number is free of \
                 charge at the IRS",
            ),
            Err(why) => found.object("number", why),
        }
        Err(ApiError::Unacceptable(found))
    }
}

/// `GET /api/v1/organizations/{organization}/tax-ids`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/tax-ids", tag = "tax-ids",
    summary = "The numbers under which the organization acts",
    params(("organization" = String, Path)),
    responses((status = 200, body = TaxIds), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
) -> Result<NoStore<TaxIds>, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let (of, open) = (own.organization().clone(), own.desk.office.open_ssn.clone());
    let read = move |conn: &mut AnyConn| {
        let numbers = tax_id::of_organization(conn, &of, &*open)?;
        let representatives = tax_id_claim::representatives_of(conn, &of)?;
        let asked = tax_id_claim::asked_of(conn, &of)?;
        let represented = tax_id_claim::represented_by(conn, &of)?;
        let own = numbers.into_iter().map(|number| {
            let under = representatives.iter().filter(|(tax_id, ..)| *tax_id == number.id);
            let claim = asked.iter().find(|asked| asked.id == number.id);
            Own {
                kind: number.number.type_code(),
                shown: number.number.shown(),
                primary: number.primary,
                representatives: under
                    .map(|(_, id, name)| Representative { id: id.to_string(), name: name.clone() })
                    .collect(),
                answer_due_at: claim.map(|asked| asked.claim.answer_due_at.timestamp()),
                id: number.id.to_string(),
            }
        });
        let own = own.collect();
        let represented =
            represented.into_iter().map(|(id, _, owner)| Represented { id: id.to_string(), owner });
        Ok(TaxIds { own, represented: represented.collect() })
    };
    Ok(NoStore(own.desk.app.db.read(read).await?))
}

/// `POST /api/v1/organizations/{organization}/tax-ids`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/tax-ids", tag = "tax-ids",
    summary = "Register another number",
    params(("organization" = String, Path)), request_body = NewTaxId,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn register(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let number = door::body::<NewTaxId>(&request, &body)?.read(&own.desk.app)?;
    let of = own.organization().clone();
    let register =
        move |conn: &mut _, office: &Office| use_case::register_for(conn, office, &of, &number);
    own.desk.write(register).await?.map_err(refused)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

/// `DELETE /api/v1/organizations/{organization}/tax-ids/{tax_id}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/tax-ids/{tax_id}", tag = "tax-ids",
    summary = "Give a number up",
    params(("organization" = String, Path), ("tax_id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn give_up(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &of.0).await?;
    let Ok(id) = of.1.parse::<TaxIdId>() else {
        return Err(own.desk.refuse(Action::AnswerTaxIdClaim).await?);
    };
    let of = own.organization().clone();
    let give_up = move |conn: &mut _, office: &Office| use_case::give_up(conn, office, &of, &id);
    own.desk.write(give_up).await?.map_err(refused)?;
    Ok(json::private(StatusCode::NO_CONTENT).finish())
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::ClaimedAlready
        | Refusal::LastNumber
        | Refusal::NotYet { .. }
        | Refusal::NothingToDecide
        | Refusal::SamePerson
        | Refusal::Taken => ApiError::Conflict(why.to_string()),
    }
}
