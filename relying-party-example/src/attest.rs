//! Attesting: what a site asks of a sign-on before somebody puts their name to something.
//!
//! It asks Hilum for a second factor proved in this very browser, by a sign-in that is not older than five
//! minutes, and then believes nothing that it has not checked itself: who it was (`sub`), how strongly (`acr`), when
//! (`auth_time`), and that no remembered browser stood in for the factor (`amr`).

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use relying_party_example::{
    claims::IdClaims,
    page::{Page as _, now},
    shelf::random,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::pages::{Notice, ReceiptPage};
use crate::session::Session;
use crate::site::{Site, begin};
use crate::wish::Wish;

/// How strongly somebody who attests must have signed on: a second factor in this browser session.
pub(crate) const ACR: &str = "urn:hilum:acr:browser-second-factor";
/// How old that sign-in may be when the button is pressed.
pub(crate) const MAX_AGE: TimeDelta = TimeDelta::minutes(5);
/// How far Hilum's clock may be behind ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// What stands in `amr` where a browser that Hilum remembered stood in for the factor.
const REMEMBERED: &str = "hilum:remembered-browser";

/// What the site keeps of an attestation, and shows to whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Its number, which nobody can guess.
    pub number: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// How strongly the person signed on.
    pub acr: String,
    /// With what.
    pub amr: Vec<String>,
    /// When.
    pub auth_time: DateTime<Utc>,
}

/// Why a sign-on is no ground for an attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Somebody else signed on than the one who pressed the button.
    AnotherPerson,
    /// A remembered browser stood in for the second factor.
    RememberedBrowser,
    /// The sign-in is too old, or Hilum did not say when it was.
    TooOld,
    /// No second factor was proved.
    TooWeak,
}

/// The `claims` parameter (OIDC Core §5.5): without this strength the sign-on shall fail, and we want to know when
/// it was.
pub(crate) fn wanted_claims() -> Value {
    json!({ "id_token": { "acr": { "essential": true, "values": [ACR] }, "auth_time": { "essential": true } } })
}

/// Makes the receipt of an attestation that the person `subject` asked for at `asked_at`.
///
/// The age is measured from the moment of asking: whoever has to set up a factor first takes longer than five
/// minutes, and signed in for this alone.
///
/// # Errors
/// [`Refused`].
pub(crate) fn receipt(
    claims: &IdClaims,
    subject: &str,
    asked_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Receipt, Refused> {
    if claims.sub != subject {
        return Err(Refused::AnotherPerson);
    }
    let acr = claims.acr.clone().filter(|acr| acr == ACR).ok_or(Refused::TooWeak)?;
    if claims.amr.iter().any(|method| method == REMEMBERED) {
        return Err(Refused::RememberedBrowser);
    }
    let auth_time = claims.auth_time.filter(|at| *at + MAX_AGE + LEEWAY >= asked_at);
    let auth_time = auth_time.ok_or(Refused::TooOld)?;
    Ok(Receipt { number: random(), at: now, acr, amr: claims.amr.clone(), auth_time })
}

/// The form of the button.
#[derive(Deserialize)]
pub(crate) struct AttestForm {
    form_token: String,
}

/// `POST /attest`: sends the browser to Hilum, to come back with a fresh second factor.
pub(crate) async fn attest(
    site: web::Data<Site>,
    request: HttpRequest,
    form: web::Form<AttestForm>,
) -> HttpResponse {
    let Some(session) = site.session(&request) else {
        return Notice::signed_out(&site.config, false).answer();
    };
    if form.form_token != session.form_token {
        return Notice::stale_form(&site.config).answer();
    }
    if !may_attest(&site, &session) {
        return Notice::may_not_attest(&site.config).answer();
    }
    let wish = Wish::Attest { subject: session.id_claims.sub.clone(), asked_at: now() };
    begin(&site, &site.oidc, &request, wish).await
}

/// Whether the affiliation that the person acts for lets them attest.
pub(crate) fn may_attest(site: &Site, session: &Session) -> bool {
    let role = site.config.attesting_role.as_ref();
    role.is_some_and(|role| session.may_enter(std::slice::from_ref(role)))
}

/// `GET /receipt`: what was attested in this session.
pub(crate) async fn show(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let Some(session) = site.session(&request) else {
        return Notice::not_found(&site.config).answer();
    };
    let Some(receipt) = &session.receipt else {
        return Notice::not_found(&site.config).answer();
    };
    ReceiptPage { look: &site.config.look, session: &session, receipt }.answer()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn only_a_fresh_second_factor_of_the_same_person_attests() {
        let good = json!({"sub": "s", "acr": ACR, "amr": ["pwd", "otp", "mfa"], "auth_time": 900});
        let with = |field: &str, value: Value| {
            let mut claims = good.clone();
            claims[field] = value;
            claims
        };
        for (claims, expected) in [
            (good.clone(), None),
            (with("sub", json!("t")), Some(Refused::AnotherPerson)),
            (with("acr", json!("urn:hilum:acr:password")), Some(Refused::TooWeak)),
            (with("acr", json!("urn:hilum:acr:email-code")), Some(Refused::TooWeak)),
            (with("acr", Value::Null), Some(Refused::TooWeak)),
            (with("amr", json!(["pwd", REMEMBERED])), Some(Refused::RememberedBrowser)),
            (with("auth_time", json!(1000 - 330)), None),
            (with("auth_time", json!(1000 - 331)), Some(Refused::TooOld)),
            (with("auth_time", json!(1400)), None),
            (with("auth_time", Value::Null), Some(Refused::TooOld)),
        ] {
            let read: IdClaims = serde_json::from_value(claims.clone()).unwrap();
            let found = receipt(&read, "s", at(1000), at(1500)).err();
            assert_eq!(found, expected, "{claims}");
        }
    }
}
