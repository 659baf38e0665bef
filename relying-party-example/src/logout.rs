//! Signing out, in both directions.
//!
//! The person leaves here: our session ends, then Hilum's (OpenID Connect RP-Initiated Logout 1.0).
//! The person leaves elsewhere, or loses access: Hilum tells us (OpenID Connect Back-Channel Logout 1.0).

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{CsrfToken, LogoutRequest};
use relying_party_example::{
    claims::IdClaims,
    cookies::CookieKind,
    errors::SignInError,
    jwt::{Header, Jwt},
    page::{Page as _, now},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::pages::Notice;
use crate::site::Site;

/// The event that makes a token a logout token (Back-Channel Logout §2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How far the clocks of Hilum and this site may be apart.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);
/// A logout token that lives longer is refused, so that remembering each `jti` stays cheap.
const LONGEST_LIFE: TimeDelta = TimeDelta::hours(1);
/// How long a person may take to confirm at Hilum.
const SIGN_OUT_LASTS: TimeDelta = TimeDelta::minutes(10);

/// The form of the sign-out button.
#[derive(Deserialize)]
pub(crate) struct SignOutForm {
    form_token: String,
}

/// `POST /sign-out`: ends the session here, then sends the browser to end the one at Hilum.
pub(crate) async fn sign_out(
    site: web::Data<Site>,
    request: HttpRequest,
    form: web::Form<SignOutForm>,
) -> HttpResponse {
    let now = now();
    let cookie = site.cookies.read(&request, CookieKind::Session).unwrap_or_default();
    let Some(session) = site.sessions.find(&cookie, now) else {
        return Notice::signed_out(&site.config, false).answer();
    };
    if form.form_token != session.form_token {
        return Notice::stale_form(&site.config).answer();
    }
    site.sessions.take(&cookie, now);
    let mut answer = match site.oidc.end_session_endpoint().await {
        Ok(Some(endpoint)) => {
            let state = CsrfToken::new_random();
            let url = LogoutRequest::from(endpoint)
                .set_id_token_hint(&session.id_token)
                .set_post_logout_redirect_uri(site.signed_out_uri.clone())
                .set_state(state.clone())
                .http_get_url();
            site.sign_outs.put(state.into_secret(), (), now + SIGN_OUT_LASTS, now);
            HttpResponse::SeeOther().insert_header((LOCATION, url.as_str())).finish()
        }
        // Signed out here is better than not at all; the page says what is left to do.
        Ok(None) | Err(_) => Notice::signed_out(&site.config, false).answer(),
    };
    // Without its session the cookie leads nowhere; a browser that keeps it loses nothing.
    if let Err(error) = answer.add_cookie(&site.cookies.clear(CookieKind::Session)) {
        tracing::warn!(%error, "cookie");
    }
    answer
}

/// The query with which Hilum sends the browser back.
#[derive(Deserialize)]
pub(crate) struct SignedOut {
    state: Option<String>,
}

/// `GET /signed-out`: the registered `post_logout_redirect_uri`.
pub(crate) async fn signed_out(
    site: web::Data<Site>,
    query: web::Query<SignedOut>,
) -> HttpResponse {
    // Only the answer to a sign-out of ours tells us that Hilum's session is over, too.
    let ours = query.into_inner().state.and_then(|state| site.sign_outs.take(&state, now()));
    Notice::signed_out(&site.config, ours.is_some()).answer()
}

/// The body of a back-channel logout request (Back-Channel Logout §2.5).
#[derive(Deserialize)]
pub(crate) struct LogoutForm {
    logout_token: String,
}

/// `POST /backchannel-logout`: Hilum's server tells ours that a session is over. No browser takes part.
pub(crate) async fn back_channel(
    site: web::Data<Site>,
    form: web::Form<LogoutForm>,
) -> HttpResponse {
    match end_sessions(&site, &form.logout_token, now()).await {
        Ok(ended) => {
            tracing::info!(ended, "sessions ended by Hilum");
            HttpResponse::Ok().finish()
        }
        // Hilum tries again; what it said is neither obeyed nor refused.
        Err(Refusal::Undecided) => HttpResponse::ServiceUnavailable().finish(),
        Err(refusal) => {
            tracing::warn!(%refusal, "logout token refused");
            let body =
                json!({"error": "invalid_request", "error_description": refusal.to_string()});
            HttpResponse::BadRequest().json(body)
        }
    }
}

async fn end_sessions(site: &Site, token: &str, now: DateTime<Utc>) -> Result<usize, Refusal> {
    let token = Jwt::parse(token).map_err(|_| Refusal::Signature)?;
    site.oidc.verify(&token).await.map_err(|error| {
        tracing::warn!(%error, "logout token");
        let is_away = matches!(error, SignInError::Unreachable(_));
        if is_away { Refusal::Undecided } else { Refusal::Signature }
    })?;
    let registration = &site.config.registration;
    let notice = LogoutNotice::read(
        &token.header,
        &token.claims,
        registration.issuer.as_str(),
        registration.client_id.as_str(),
        now,
    )?;
    // Last of all, so that a token that is refused for another reason uses up nothing.
    let remembered_until = notice.expires_at + CLOCK_SKEW;
    if !site.logout_tokens.put(notice.jti.clone(), (), remembered_until, now) {
        return Err(Refusal::Replayed);
    }
    Ok(site.sessions.remove_where(|session| notice.is_about(&session.id_claims)))
}

/// A logout token that holds.
#[derive(Debug, PartialEq, Eq)]
struct LogoutNotice {
    jti: String,
    expires_at: DateTime<Utc>,
    sub: Option<String>,
    sid: Option<String>,
}

/// Why a logout token is refused (Back-Channel Logout §2.6).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("aud is not this site")]
    Audience,
    #[error("no back-channel logout event, or another one")]
    Event,
    #[error("exp is missing, over, or too far away")]
    Expiry,
    #[error("iat is missing, or in the future")]
    IssuedAt,
    #[error("iss is not Hilum")]
    Issuer,
    #[error("no jti")]
    Jti,
    #[error("neither sub nor sid, or not as text")]
    Nobody,
    #[error("a nonce, which only ID tokens have")]
    Nonce,
    #[error("this token has been used")]
    Replayed,
    #[error("signature")]
    Signature,
    #[error("typ is not logout+jwt")]
    Type,
    #[error("Hilum's keys cannot be read")]
    Undecided,
}

impl LogoutNotice {
    /// Judges a logout token whose signature has been checked (Back-Channel Logout §2.6).
    fn read(
        header: &Header,
        claims: &Value,
        issuer: &str,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        // An ID token must never pass for a logout token, nor the reverse (RFC 8725 §3.11).
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        if !matches!(typ.as_deref(), Some("logout+jwt" | "application/logout+jwt")) {
            return Err(Refusal::Type);
        }
        if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
            return Err(Refusal::Issuer);
        }
        // `aud` is a string or a list (RFC 7519 §4.1.3); a token for somebody else as well is not for us.
        if claims
            .get("aud")
            .is_none_or(|aud| *aud != json!(client_id) && *aud != json!([client_id]))
        {
            return Err(Refusal::Audience);
        }
        let issued_at = instant(claims, "iat").ok_or(Refusal::IssuedAt)?;
        if issued_at > now + CLOCK_SKEW {
            return Err(Refusal::IssuedAt);
        }
        let expires_at = instant(claims, "exp").ok_or(Refusal::Expiry)?;
        if expires_at <= now - CLOCK_SKEW || expires_at > now + LONGEST_LIFE {
            return Err(Refusal::Expiry);
        }
        if !claims
            .pointer(&format!("/events/{}", EVENT.replace('/', "~1")))
            .is_some_and(Value::is_object)
        {
            return Err(Refusal::Event);
        }
        if claims.get("nonce").is_some() {
            return Err(Refusal::Nonce);
        }
        let jti = text(claims, "jti").filter(|jti| !jti.is_empty()).ok_or(Refusal::Jti)?;
        let (sub, sid) = (text(claims, "sub"), text(claims, "sid"));
        // A `sid` that cannot be read must not turn "this session" into "all sessions".
        let unreadable = claims.get("sub").is_some() && sub.is_none()
            || claims.get("sid").is_some() && sid.is_none();
        if unreadable || sub.is_none() && sid.is_none() {
            return Err(Refusal::Nobody);
        }
        Ok(Self { jti, expires_at, sub, sid })
    }

    /// With `sid`, one session ends; with `sub` alone, all of that person's do.
    fn is_about(&self, claims: &IdClaims) -> bool {
        self.sub.as_ref().is_none_or(|sub| *sub == claims.sub)
            && self.sid.as_ref().is_none_or(|sid| Some(sid) == claims.sid.as_ref())
    }
}

fn text(claims: &Value, name: &str) -> Option<String> {
    claims.get(name)?.as_str().map(str::to_owned)
}

fn instant(claims: &Value, name: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(claims.get(name)?.as_i64()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing;
    use openidconnect::core::CoreJwsSigningAlgorithm;

    const NOW: i64 = 1_790_000_000;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// A good logout token in which one claim is replaced, or with `Null` removed.
    fn claims(name: &str, value: Value) -> Value {
        let mut claims = json!({
            "iss": "https://id.example", "aud": "credentia", "iat": NOW, "exp": NOW + 120, "jti": "t1",
            "sub": "s1", "sid": "ses_1", "events": {EVENT: {}}
        });
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        claims
    }

    /// Signs, takes apart, verifies and reads, as the endpoint does.
    fn read(typ: &str, claims: &Value) -> Result<LogoutNotice, Refusal> {
        let token = signing::sign(&json!({"alg": "EdDSA", "kid": "k1", "typ": typ}), claims);
        let token = Jwt::parse(&token).unwrap();
        token.verify(&signing::published(), &CoreJwsSigningAlgorithm::EdDsa).unwrap();
        LogoutNotice::read(&token.header, &token.claims, "https://id.example", "credentia", at(NOW))
    }

    #[test]
    fn a_logout_token_holds_or_is_refused_for_its_reason() {
        for (name, value, expected) in [
            ("sid", json!("ses_1"), None),
            ("sid", Value::Null, None),
            ("sub", Value::Null, None),
            ("aud", json!(["credentia"]), None),
            ("iat", json!(NOW + 60), None),
            ("exp", json!(NOW - 59), None),
            ("iss", json!("https://id.example/"), Some(Refusal::Issuer)),
            ("iss", Value::Null, Some(Refusal::Issuer)),
            ("aud", json!("payer"), Some(Refusal::Audience)),
            ("aud", json!(["credentia", "payer"]), Some(Refusal::Audience)),
            ("aud", json!([]), Some(Refusal::Audience)),
            ("aud", Value::Null, Some(Refusal::Audience)),
            ("iat", json!(NOW + 61), Some(Refusal::IssuedAt)),
            ("iat", json!("now"), Some(Refusal::IssuedAt)),
            ("iat", Value::Null, Some(Refusal::IssuedAt)),
            ("exp", json!(NOW - 60), Some(Refusal::Expiry)),
            ("exp", json!(NOW + 3601), Some(Refusal::Expiry)),
            ("exp", json!(i64::MAX), Some(Refusal::Expiry)),
            ("exp", Value::Null, Some(Refusal::Expiry)),
            ("events", Value::Null, Some(Refusal::Event)),
            ("events", json!({}), Some(Refusal::Event)),
            ("events", json!({EVENT: true}), Some(Refusal::Event)),
            ("events", json!([EVENT]), Some(Refusal::Event)),
            ("events", json!({"https://other.example/event": {}}), Some(Refusal::Event)),
            ("nonce", json!("n"), Some(Refusal::Nonce)),
            ("jti", Value::Null, Some(Refusal::Jti)),
            ("jti", json!(""), Some(Refusal::Jti)),
            ("jti", json!(1), Some(Refusal::Jti)),
            ("sid", json!(1), Some(Refusal::Nobody)),
            ("sub", json!(["s1"]), Some(Refusal::Nobody)),
        ] {
            let verdict = read("logout+jwt", &claims(name, value.clone())).err();
            assert_eq!(verdict, expected, "{name}: {value}");
        }
    }

    #[test]
    fn a_token_about_nobody_is_refused() {
        let mut nobody = claims("sub", Value::Null);
        nobody.as_object_mut().unwrap().remove("sid");
        assert_eq!(read("logout+jwt", &nobody), Err(Refusal::Nobody));
    }

    #[test]
    fn only_a_logout_token_is_one() {
        let good = claims("jti", json!("t1"));
        for (typ, is_one) in [
            ("logout+jwt", true),
            ("LOGOUT+JWT", true),
            ("application/logout+jwt", true),
            ("JWT", false),
            ("at+jwt", false),
            ("", false),
        ] {
            assert_eq!(read(typ, &good).is_ok(), is_one, "{typ}");
        }
    }

    #[test]
    fn sid_ends_one_session_and_sub_alone_ends_all_of_the_person() {
        let session = |sub: &str, sid: &str| -> IdClaims {
            serde_json::from_value(json!({"sub": sub, "sid": sid})).unwrap()
        };
        let both = read("logout+jwt", &claims("jti", json!("t1"))).unwrap();
        let sid_only = read("logout+jwt", &claims("sub", Value::Null)).unwrap();
        let sub_only = read("logout+jwt", &claims("sid", Value::Null)).unwrap();
        for (session, expected) in [
            (session("s1", "ses_1"), [true, true, true]),
            (session("s1", "ses_2"), [false, false, true]),
            (session("s2", "ses_1"), [false, true, false]),
            (session("s2", "ses_2"), [false, false, false]),
        ] {
            let ended = [&both, &sid_only, &sub_only].map(|notice| notice.is_about(&session));
            assert_eq!(ended, expected, "{session:?}");
        }
    }
}
