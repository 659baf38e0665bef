//! The API: two calls for systems, one for a person.

use actix_web::{HttpRequest, HttpResponse, http::header::AUTHORIZATION, web};
use relying_party_example::{jwt::Jwt, page::now};
use serde::Deserialize;
use serde_json::json;

use crate::{
    data,
    front::Gateway,
    refusal::Refusal,
    token::{AccessToken, Expected, NotGood, Organization},
};

/// Queries of the prescription monitoring program.
const QUERY: &str = "hie/pmp.query";
/// The feed of admissions.
const SUBSCRIBE: &str = "hie/adt.subscribe";
/// A prescriber's own report.
pub(crate) const REPORT: &str = "hie/pmp.report";

/// The query of `/pmp/query`.
#[derive(Deserialize)]
pub(crate) struct PatientQuery {
    patient: Option<String>,
}

/// `GET /pmp/query?patient=…`: what was dispensed to a patient, for a system of an organization.
pub(crate) async fn query(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: web::Query<PatientQuery>,
) -> Result<HttpResponse, Refusal> {
    let token = admit(&gateway, &request, QUERY).await?;
    let organization = organization(&token)?;
    let patient = query.into_inner().patient.filter(|patient| is_plausible(patient));
    let patient =
        patient.ok_or(Refusal::Malformed("patient is 1 to 40 letters, digits or hyphens"))?;
    // Who asked, and for whom. About whom stands in the accounting of disclosures that a program like
    // this keeps for years, and never in a log that anybody who mends the program reads.
    tracing::info!(system = token.client_id, organization = organization.id, "queried");
    Ok(HttpResponse::Ok().json(json!({
        "patient": patient,
        "prescriptions": data::prescriptions(&patient),
        "asked_by": { "organization": organization.id, "npi": organization.npi },
        "purpose_of_use": token.extensions.pointer("/hl7-b2b/purpose_of_use"),
    })))
}

/// `GET /adt/feed`: the latest admissions of the organization's own patients.
pub(crate) async fn feed(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let token = admit(&gateway, &request, SUBSCRIBE).await?;
    let organization = organization(&token)?;
    let events = data::admissions(&organization.id);
    Ok(HttpResponse::Ok().json(json!({ "organization": organization.id, "events": events })))
}

/// `GET /pmp/report`: a prescriber's own report. It takes a person, and one who has proved a second factor a short
/// while ago; whoever has not is told what would help (RFC 9470).
pub(crate) async fn report(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let token = admit(&gateway, &request, REPORT).await?;
    let max_age = gateway.config.report_max_age;
    if !token.is_stepped_up(max_age, now()) {
        return Err(Refusal::Weak(max_age));
    }
    let (acr, auth_time) = (&token.acr, token.auth_time.map(|at| at.timestamp()));
    Ok(HttpResponse::Ok().json(json!({
        "about": token.sub, "acr": acr, "auth_time": auth_time, "months": data::report(),
    })))
}

/// Lets a call in whose token is good, opens what takes `scope`, and still counts, in this order: what costs a
/// call to Hilum comes last, so that nobody without a good token can make us call.
async fn admit(
    gateway: &Gateway,
    request: &HttpRequest,
    scope: &'static str,
) -> Result<AccessToken, Refusal> {
    let text = bearer_token(request).ok_or(Refusal::Anonymous)?;
    let jwt = Jwt::parse(text).map_err(NotGood::Jwt)?;
    let signed = gateway.oidc.signed(&jwt, &gateway.config.access_token_alg).await;
    signed.map_err(|_| Refusal::Unreachable)?.map_err(NotGood::Jwt)?;
    let now = now();
    let expected = Expected {
        issuer: gateway.config.registration.issuer.as_str(),
        resource: &gateway.config.resource,
    };
    let token = AccessToken::read(&jwt, expected, now)?;
    if !token.has_scope(scope) {
        return Err(Refusal::Scope(scope));
    }
    gateway.standing.confirm(&gateway.oidc, text, &token, now).await?;
    Ok(token)
}

/// For whom a system acts. A token without it may be good, but opens no records of anybody's.
fn organization(token: &AccessToken) -> Result<&Organization, Refusal> {
    token.organization.as_ref().ok_or(Refusal::NoOrganization)
}

/// The token in the header, the only place for it here: an address stands in the logs of everything on the way
/// (RFC 6750 §2).
fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_plausible(patient: &str) -> bool {
    (1..=40).contains(&patient.len())
        && patient.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_token_is_read_from_the_header_alone() {
        for (header, expected) in [
            (Some("Bearer abc"), Some("abc")),
            (Some("bEARER abc"), Some("abc")),
            (Some("Basic abc"), None),
            (Some("Bearer"), None),
            (None, None),
        ] {
            let mut request = TestRequest::get().uri("/pmp/query?access_token=abc");
            if let Some(header) = header {
                request = request.insert_header((AUTHORIZATION, header));
            }
            assert_eq!(bearer_token(&request.to_http_request()), expected, "{header:?}");
        }
    }

    #[test]
    fn a_patient_has_a_plain_name() {
        for (patient, expected) in [
            ("pat-1001", true),
            ("", false),
            ("a b", false),
            ("pat'--", false),
            ("\u{e9}", false),
            (&"x".repeat(40), true),
            (&"x".repeat(41), false),
        ] {
            assert_eq!(is_plausible(patient), expected, "{patient}");
        }
    }
}
