//! `GET /api/v1/openapi.json`: what the API offers, generated from its handlers (`OpenAPI` 3.1).

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{AuthorizationCode, Flow, OAuth2, Scopes, SecurityScheme},
};

use super::{
    access_requests, catalogues, door, error, me, nominations, offers, organizations, parts,
    people, promotions, record, sites, support, systems, tax_ids,
};
use crate::app::App;

/// Every operation. One that is missing here is found by a test.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hilum Admin API",
        description = "The resources of the consoles, by the same rules. A person's token; its \
            sign-in must have reached urn:hilum:acr:browser-second-factor (RFC 9470). What is \
            another organization's is not found. The support desk's part (/api/v1/support) acts by the \
            rank of its person at each call.",
    ),
    paths(
        me::show,
        me::sessions,
        me::end_session,
        organizations::list,
        organizations::show,
        people::list,
        people::show,
        people::change_rights,
        people::change_standing,
        nominations::list,
        nominations::nominate,
        nominations::resend,
        nominations::withdraw,
        catalogues::roles,
        catalogues::rights,
        catalogues::agreements,
        catalogues::one_agreement,
        access_requests::list,
        access_requests::decline,
        offers::list,
        offers::ask,
        offers::take_back,
        parts::list,
        parts::add,
        promotions::propose,
        promotions::withdraw,
        record::list,
        sites::list,
        sites::switch,
        systems::list,
        systems::create,
        systems::issue_code,
        systems::renew,
        systems::revoke,
        tax_ids::list,
        tax_ids::ask,
        tax_ids::withdraw,
        tax_ids::give_up,
    ),
    components(schemas(error::ProblemBody)),
    modifiers(&Tokens),
)]
struct Document;

/// Where tokens come from.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scopes = Scopes::from_iter([
            ("hilum.me", "A person's own account"),
            (door::ADMIN, "An Administrator's work, in the own organization"),
            (door::SUPPORT, "The support desk's work, by whoever works there"),
        ]);
        let flow = AuthorizationCode::new("/authorize", "/token", scopes);
        let scheme = SecurityScheme::OAuth2(OAuth2::new([Flow::AuthorizationCode(flow)]));
        if let Some(components) = api.components.as_mut() {
            components.add_security_scheme("oauth", scheme);
        }
    }
}

/// The document as JSON.
pub(super) fn text() -> Result<String, serde_json::Error> {
    let mut document = Document::openapi();
    document.merge(support::Described::openapi());
    document.to_json()
}

/// `GET /api/v1/openapi.json`.
pub(super) async fn show(app: web::Data<App>) -> HttpResponse {
    match &app.api_document {
        Some(text) => HttpResponse::Ok()
            .content_type("application/json")
            .insert_header((CACHE_CONTROL, "max-age=3600"))
            .body(text.clone()),
        None => HttpResponse::InternalServerError().finish(),
    }
}
