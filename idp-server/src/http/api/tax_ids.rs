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
        further_number,
        permission::Action,
        tax_id::TaxIdNumber,
        tax_id_entry::{self, Entry, Insists, Meaning, OnLetter, Typed},
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
    community::{Office, further_numbers, tax_ids as use_case},
    http::oidc::json::{self, NoStore},
    store::{AnyConn, further_number as further_store, tax_id, tax_id_claim},
};

/// The numbers under which an organization acts.
#[derive(Serialize, ToSchema)]
pub(super) struct TaxIds {
    own: Vec<Own>,
    /// Numbers that it asked to have registered; the support desk answers.
    asked_for: Vec<AskedFor>,
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

/// A number that the organization asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = AskedForTaxId)]
pub(super) struct AskedFor {
    id: String,
    /// As people read it; of a personal one the last four digits.
    shown: String,
    /// Seconds since 1970.
    asked_at: i64,
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
        let typed = Typed { text: &self.number, meaning, insists, on_letter: OnLetter::No };
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
        let asked_for = further_store::of_organization(conn, &of, &*open)?;
        let asked_for = asked_for.into_iter().map(|waiting| AskedFor {
            id: waiting.further.id.to_string(),
            shown: waiting.number.shown(),
            asked_at: waiting.further.asked_at.timestamp(),
        });
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
        Ok(TaxIds { own, asked_for: asked_for.collect(), represented: represented.collect() })
    };
    Ok(NoStore(own.desk.app.db.read(read).await?))
}

/// `POST /api/v1/organizations/{organization}/tax-ids`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/organizations/{organization}/tax-ids", tag = "tax-ids",
    summary = "Ask the support desk to register another number",
    params(("organization" = String, Path)), request_body = NewTaxId,
    responses((status = 202), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn ask(
    app: web::Data<App>,
    request: HttpRequest,
    organization: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &organization).await?;
    let number = door::body::<NewTaxId>(&request, &body)?.read(&own.desk.app)?;
    let of = own.organization().clone();
    let ask = move |conn: &mut _, office: &Office| further_numbers::ask(conn, office, &of, &number);
    own.desk.write(ask).await?.map_err(not_asked)?;
    Ok(json::private(StatusCode::ACCEPTED).finish())
}

/// `DELETE /api/v1/organizations/{organization}/tax-ids/asked-for/{further}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/tax-ids/asked-for/{further}", tag = "tax-ids",
    summary = "Take back that a number was asked for",
    params(("organization" = String, Path), ("further" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.admin"])))]
pub(super) async fn withdraw(
    app: web::Data<App>,
    request: HttpRequest,
    of: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let own = OrganizationDesk::of(app, &request, &of.0).await?;
    let (further, of) = (of.1.parse::<TaxIdId>().ok(), own.organization().clone());
    let withdraw = move |conn: &mut _, office: &Office| match &further {
        Some(further) => further_numbers::withdraw(conn, office, &of, further),
        None => further_numbers::not_there(conn, office),
    };
    own.desk.write(withdraw).await?.map_err(not_asked)?;
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

fn not_asked(why: further_number::Refusal) -> ApiError {
    match why {
        further_number::Refusal::Denied(denied) => denied.into(),
        further_number::Refusal::AskedAlready
        | further_number::Refusal::OwnOrganization
        | further_number::Refusal::TooMany => ApiError::Conflict(why.to_string()),
    }
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
