//! An access token, and all that is checked of it before it opens anything (RFC 9068 §4).
//!
//! What is checked here needs no call: the signature by Hilum's published keys, who made it, for whom, until
//! when, and what for. Whether it was taken back since is asked in `standing`.

use chrono::{DateTime, TimeDelta, Utc};
use relying_party_example::jwt::{Jwt, JwtError};
use serde::Deserialize;
use serde_json::Value;

/// How far Hilum's clock may be ahead of ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// How strongly a person must have signed in for a report, weakest first: the second one includes the first.
pub(crate) const STRONG: [&str; 2] =
    ["urn:hilum:acr:browser-second-factor", "urn:hilum:acr:phishing-resistant"];

/// What an access token says, with everything checked that can be checked without a call.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AccessToken {
    /// The person, or the system itself.
    pub sub: String,
    /// Who calls.
    pub client_id: String,
    scope: String,
    exp: i64,
    /// For which organization a system acts.
    pub organization: Option<Organization>,
    /// More about that (UDAP Security IG).
    #[serde(default)]
    pub extensions: Value,
    /// How strongly a person signed in.
    pub acr: Option<String>,
    /// When.
    #[serde(default, with = "chrono::serde::ts_seconds_option")]
    pub auth_time: Option<DateTime<Utc>>,
}

/// The organization for which a system acts.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Organization {
    /// Hilum's name for it, which never changes.
    pub id: String,
    /// Its National Provider Identifier.
    pub npi: Option<String>,
}

/// Why a token opens nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotGood {
    /// It is for another API.
    #[error("the token is not for this API")]
    Audience,
    /// A claim is missing or of the wrong kind.
    #[error("the token lacks a claim that every access token has")]
    Claims,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Somebody else made it.
    #[error("the token comes from another issuer")]
    Issuer,
    /// It is no token, or not signed by Hilum.
    #[error("the token is not signed by the identity provider")]
    Jwt(JwtError),
    /// It is another kind of token, such as an ID token (RFC 9068 §4).
    #[error("this is not an access token")]
    Type,
}

/// What a token is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// Hilum.
    pub issuer: &'a str,
    /// This API.
    pub resource: &'a str,
}

impl AccessToken {
    /// Reads a token whose signature was checked.
    ///
    /// # Errors
    /// [`NotGood`].
    pub(crate) fn read(
        token: &Jwt,
        expected: Expected<'_>,
        now: DateTime<Utc>,
    ) -> Result<Self, NotGood> {
        // Without this, an ID token, which goes through many hands, could be used as an access token.
        let typ = token.header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !matches!(typ.as_str(), "at+jwt" | "application/at+jwt") {
            return Err(NotGood::Type);
        }
        let claims = &token.claims;
        if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
            return Err(NotGood::Issuer);
        }
        if !names(claims.get("aud"), expected.resource) {
            return Err(NotGood::Audience);
        }
        let token: Self = serde_json::from_value(claims.clone()).map_err(|_| NotGood::Claims)?;
        let not_before = claims.get("iat").and_then(Value::as_i64).ok_or(NotGood::Claims)?;
        if not_before > (now + LEEWAY).timestamp() {
            return Err(NotGood::Claims);
        }
        if now.timestamp() >= token.exp { Err(NotGood::Expired) } else { Ok(token) }
    }

    /// Whether it opens what takes this scope (RFC 6749 §3.3).
    pub(crate) fn has_scope(&self, wanted: &str) -> bool {
        self.scope.split(' ').any(|scope| scope == wanted)
    }

    /// Whether its person has proved a second factor, in a sign-in that is not older than `max_age`.
    pub(crate) fn is_stepped_up(&self, max_age: TimeDelta, now: DateTime<Utc>) -> bool {
        let strong = self.acr.as_deref().is_some_and(|acr| STRONG.contains(&acr));
        strong && self.auth_time.is_some_and(|at| now <= at + max_age + LEEWAY)
    }

    /// When it ends.
    pub(crate) fn ends_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.exp, 0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Whether `aud`, a text or a list of them, names this API (RFC 7519 §4.1.3).
fn names(aud: Option<&Value>, resource: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == resource,
        Some(Value::Array(all)) => all.iter().any(|one| one == resource),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use openidconnect::core::CoreJwsSigningAlgorithm;
    use serde_json::json;

    use super::*;
    use crate::signing;

    const NOW: i64 = 1_790_000_000;
    const EXPECTED: Expected<'static> =
        Expected { issuer: "https://id.example", resource: "https://hie.example/api" };

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn read(typ: &str, claims: &Value) -> Result<AccessToken, NotGood> {
        let token = signing::sign(&json!({"alg": "EdDSA", "kid": "k1", "typ": typ}), claims);
        let token = Jwt::parse(&token).unwrap();
        token.verify(&signing::published(), &CoreJwsSigningAlgorithm::EdDsa).unwrap();
        AccessToken::read(&token, EXPECTED, at(NOW))
    }

    /// The system's token of Hilum's guide, with one claim replaced, or with `Null` removed.
    fn claims(name: &str, value: Value) -> Value {
        let mut claims = json!({
            "iss": "https://id.example", "sub": "sys_cedar-ehr-01", "client_id": "sys_cedar-ehr-01",
            "aud": "https://hie.example/api", "scope": "hie/pmp.query hie/adt.subscribe",
            "iat": NOW, "exp": NOW + 300, "jti": "t_92",
            "organization": {"id": "org_7Q2M", "npi": "1999999984"},
        });
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        claims
    }

    #[test]
    fn a_token_is_good_or_refused_for_its_reason() {
        for (name, value, expected) in [
            ("jti", json!("x"), None),
            ("aud", json!(["https://id.example", "https://hie.example/api"]), None),
            ("aud", json!("https://hie.example/api/"), Some(NotGood::Audience)),
            ("aud", json!(["https://id.example"]), Some(NotGood::Audience)),
            ("aud", json!({}), Some(NotGood::Audience)),
            ("aud", Value::Null, Some(NotGood::Audience)),
            ("iss", json!("https://id.example/"), Some(NotGood::Issuer)),
            ("iss", Value::Null, Some(NotGood::Issuer)),
            ("exp", json!(NOW + 1), None),
            ("exp", json!(NOW), Some(NotGood::Expired)),
            ("exp", Value::Null, Some(NotGood::Claims)),
            ("exp", json!("soon"), Some(NotGood::Claims)),
            ("iat", json!(NOW + 30), None),
            ("iat", json!(NOW + 31), Some(NotGood::Claims)),
            ("iat", Value::Null, Some(NotGood::Claims)),
            ("scope", Value::Null, Some(NotGood::Claims)),
            ("client_id", Value::Null, Some(NotGood::Claims)),
            ("sub", Value::Null, Some(NotGood::Claims)),
        ] {
            let found = read("at+jwt", &claims(name, value.clone())).err();
            assert_eq!(found, expected, "{name} {value}");
        }
    }

    #[test]
    fn no_other_kind_of_token_is_taken() {
        let good = claims("jti", json!("x"));
        for (typ, is_good) in [
            ("at+jwt", true),
            ("AT+JWT", true),
            ("application/at+jwt", true),
            ("JWT", false),
            ("logout+jwt", false),
            ("", false),
        ] {
            let found = read(typ, &good);
            assert_eq!(found.is_ok(), is_good, "{typ}");
        }
    }

    #[test]
    fn a_scope_opens_itself_and_nothing_that_begins_like_it() {
        let token = read("at+jwt", &claims("scope", json!("hie/pmp.query.all hie/adt"))).unwrap();
        assert!(token.has_scope("hie/adt") && token.has_scope("hie/pmp.query.all"));
        assert!(!token.has_scope("hie/pmp.query") && !token.has_scope(""));
    }

    #[test]
    fn a_report_takes_a_fresh_second_factor() {
        let max_age = TimeDelta::minutes(15);
        let with = |acr: Value, auth_time: Value| {
            let mut claims = claims("acr", acr);
            claims["auth_time"] = auth_time;
            read("at+jwt", &claims).unwrap().is_stepped_up(max_age, at(NOW))
        };
        for (acr, auth_time, expected) in [
            (json!(STRONG[0]), json!(NOW - 10), true),
            (json!(STRONG[1]), json!(NOW - 10), true),
            (json!("urn:hilum:acr:password"), json!(NOW - 10), false),
            (json!("urn:hilum:acr:email-code"), json!(NOW - 10), false),
            (json!(STRONG[0]), json!(NOW - 15 * 60 - 30), true),
            (json!(STRONG[0]), json!(NOW - 15 * 60 - 31), false),
            (Value::Null, json!(NOW), false),
            (json!(STRONG[0]), Value::Null, false),
        ] {
            assert_eq!(with(acr.clone(), auth_time.clone()), expected, "{acr} {auth_time}");
        }
    }
}
