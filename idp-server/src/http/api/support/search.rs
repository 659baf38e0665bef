//! `POST /api/v1/support/search`: organizations, people and registrations by what a caller can name (R23).
//! What is looked for stands in the body: it may be somebody's address or number (security 20.10). Of
//! people the name alone is told; the rest takes a check of who calls.

use actix_web::{
    HttpRequest,
    web::{self, Bytes},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        door::{self, Desk},
        error::{ApiError, ProblemBody},
    },
    at,
    registrations::{Listed, listed},
};
use crate::{
    app::App,
    community::{
        Office,
        looking::Look,
        lookup::{self, Wanted, Words},
    },
    http::oidc::json::NoStore,
    store::AnyConn,
};

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(at("/search")).post(search));
}

/// What is looked for, and where each list goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    /// The beginning of a name, a User ID, a whole mail address, or the nine digits of a Tax ID.
    q: String,
    /// The `next` of the page before, for organizations.
    organizations_after: Option<String>,
    /// Likewise, for people.
    people_after: Option<String>,
    /// Likewise, for registrations.
    registrations_after: Option<String>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchFound {
    organizations: Vec<NamedThing>,
    people: Vec<NamedThing>,
    registrations: Vec<Listed>,
    next: SearchGoesOn,
}

/// An organization or a person, by name.
#[derive(Serialize, ToSchema)]
pub(super) struct NamedThing {
    pub(super) id: String,
    pub(super) name: String,
}

/// Where the lists go on; null: here they end.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchGoesOn {
    organizations_after: Option<String>,
    people_after: Option<String>,
    registrations_after: Option<String>,
}

impl Search {
    fn read(&self) -> Result<Wanted, ApiError> {
        fn place<T: std::str::FromStr>(
            field: &'static str,
            after: Option<&str>,
        ) -> Result<Option<T>, ApiError> {
            let read = after.map(str::parse).transpose();
            read.map_err(|_| ApiError::field(field, "this is no place in the list"))
        }
        Ok(Wanted {
            words: Words::read(&self.q).map_err(|why| ApiError::field("q", why))?,
            organizations_after: place("organizations_after", self.organizations_after.as_deref())?,
            people_after: place("people_after", self.people_after.as_deref())?,
            registrations_after: place("registrations_after", self.registrations_after.as_deref())?,
        })
    }
}

/// `POST /api/v1/support/search`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/search", tag = "support",
    summary = "Find organizations, people and registrations", request_body = Search,
    responses((status = 200, body = SearchFound), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn search(
    app: web::Data<App>,
    request: HttpRequest,
    body: Bytes,
) -> Result<NoStore<SearchFound>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let wanted = door::body::<Search>(&request, &body)?.read()?;
    if let Some(by) = wanted.words.sought() {
        desk.note(Look::Search(by)).await?;
    }
    let look = move |conn: &mut AnyConn, office: &Office| lookup::look(conn, office, &wanted);
    let found = desk.read(look).await?;
    let organizations = found.organizations.into_iter();
    let people = found.people.iter();
    Ok(NoStore(SearchFound {
        organizations: organizations
            .map(|one| NamedThing { id: one.id.to_string(), name: one.name })
            .collect(),
        people: people.map(|one| NamedThing { id: one.id.to_string(), name: one.name() }).collect(),
        registrations: found.registrations.iter().map(|one| listed(one, &desk.office)).collect(),
        next: SearchGoesOn {
            organizations_after: found.more_organizations.map(|id| id.to_string()),
            people_after: found.more_people.map(|id| id.to_string()),
            registrations_after: found.more_registrations.map(|place| place.to_string()),
        },
    }))
}
