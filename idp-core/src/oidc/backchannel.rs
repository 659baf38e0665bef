//! Logout tokens: how a site is told that a session has ended (OIDC Back-Channel Logout §2.4).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, ser::SerializeMap};

/// The one member of `events` (§2.4).
pub const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// How long a logout token may be used. Longer than two minutes is advised against (§2.4), since
/// a site must remember every `jti` for as long.
pub const LOGOUT_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(2);

/// The claims of one logout token, for one site and one session.
///
/// There is no `nonce` and no way to add one: a logout token must never pass as an ID token (§2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogoutClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    sid: String,
    events: LogoutEvents,
}

/// Whom and what a logout token is about, in the names that this one site knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession<'a> {
    /// The site's `client_id`.
    pub client_id: &'a str,
    /// The `sub` of the ID tokens that the site was given.
    pub subject: &'a str,
    /// The `sid` of those ID tokens.
    pub session: &'a str,
}

impl LogoutClaims {
    /// The claims to sign at `now`, with the type
    /// [`TokenType::LogoutToken`](super::jose::TokenType::LogoutToken). `jti` is new for every
    /// attempt at delivery, which a site may refuse to see twice.
    #[must_use]
    pub fn new(issuer: &str, ended: EndedSession<'_>, jti: &str, now: DateTime<Utc>) -> Self {
        Self {
            iss: issuer.to_owned(),
            sub: ended.subject.to_owned(),
            aud: ended.client_id.to_owned(),
            iat: now.timestamp(),
            exp: (now + LOGOUT_TOKEN_LIFE).timestamp(),
            jti: jti.to_owned(),
            sid: ended.session.to_owned(),
            events: LogoutEvents,
        }
    }
}

/// `{"http://schemas.openid.net/event/backchannel-logout": {}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LogoutEvents;

impl Serialize for LogoutEvents {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// An empty JSON object.
        #[derive(Serialize)]
        struct Empty {}
        let mut events = serializer.serialize_map(Some(1))?;
        events.serialize_entry(LOGOUT_EVENT, &Empty {})?;
        events.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const ENDED: EndedSession<'static> =
        EndedSession { client_id: "credentia", subject: "Zk3v9QmT7cB1xH0e", session: "s_8fK2" };

    fn claims(now: DateTime<Utc>) -> Value {
        let claims = LogoutClaims::new("https://id.hilum.example", ENDED, "t_93", now);
        serde_json::to_value(claims).unwrap()
    }

    #[test]
    fn a_logout_token_says_exactly_what_the_standard_asks() {
        let now = DateTime::from_timestamp(1_790_000_000, 999_000_000).unwrap();
        assert_eq!(
            claims(now),
            json!({
                "iss": "https://id.hilum.example",
                "sub": "Zk3v9QmT7cB1xH0e",
                "aud": "credentia",
                "iat": 1_790_000_000,
                "exp": 1_790_000_120,
                "jti": "t_93",
                "sid": "s_8fK2",
                "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            })
        );
    }

    proptest! {
        #[test]
        fn a_logout_token_is_short_lived_and_no_id_token(seconds in 0..4_000_000_000_i64) {
            let claims = claims(DateTime::from_timestamp(seconds, 0).unwrap());
            let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
            prop_assert!(life > 0 && life <= 120);
            prop_assert!(claims.get("nonce").is_none());
            prop_assert!(claims["aud"].is_string());
        }
    }
}
