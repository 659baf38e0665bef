//! What this site remembers between two requests: who is signed in, and which sign-ins are on their way.
//!
//! It lives in memory, behind a random value in a cookie. A real site keeps it in its database, so that a
//! restart signs nobody out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::CsrfToken;
use openidconnect::core::CoreIdToken;
use serde_json::Value;

use crate::attest::Receipt;
use crate::claims::{Affiliation, IdClaims, UserClaims};
use crate::config::{AffiliationMode, Config};
use crate::oidc::SignedIn;

/// No session outlives this, whatever else is said: Hilum's sessions end after four hours (R30 of its rules).
const LONGEST_SESSION: TimeDelta = TimeDelta::hours(4);

/// One person signed in at this site in one browser.
#[derive(Debug)]
pub(crate) struct Session {
    /// The ID token, which signing out hands back to Hilum as a hint.
    pub id_token: CoreIdToken,
    /// What the ID token says.
    pub id_claims: IdClaims,
    /// What userinfo says.
    pub user_claims: UserClaims,
    /// The affiliations that the person acts for here.
    pub affiliations: Vec<Affiliation>,
    /// What was attested in it.
    pub receipt: Option<Receipt>,
    /// When this session ends.
    pub ends_at: DateTime<Utc>,
    /// Stands in every form of the session, so that no other site can post one.
    pub form_token: String,
    /// The ID token's claims as they came, to be shown.
    pub id_claims_raw: Value,
    /// The answer of userinfo as it came, to be shown.
    pub user_claims_raw: Value,
}

impl Session {
    /// A session for somebody who has just signed in.
    pub(crate) fn new(signed_in: SignedIn, mode: AffiliationMode, now: DateTime<Utc>) -> Self {
        let SignedIn { id_token, id_claims, user_claims, id_claims_raw, user_claims_raw, .. } =
            signed_in;
        let affiliations = match (mode, &id_claims.selected_affiliation) {
            (AffiliationMode::All, _) => user_claims.affiliations.clone(),
            // The ID token is signed, so the affiliation that access rests on is read from there.
            (AffiliationMode::One, Some(selected)) => {
                id_claims.affiliations.iter().filter(|a| a.id == *selected).cloned().collect()
            }
            (AffiliationMode::One, None) => Vec::new(),
        };
        let latest = now + LONGEST_SESSION;
        let ends_at = id_claims.session_expires_at.map_or(latest, |at| at.min(latest));
        let form_token = random();
        Self {
            id_token,
            id_claims,
            user_claims,
            affiliations,
            receipt: None,
            ends_at,
            form_token,
            id_claims_raw,
            user_claims_raw,
        }
    }

    /// Whether one of the affiliations that count here carries a role that opens this site.
    ///
    /// Hilum has refused everybody else already; a site checks for itself all the same.
    pub(crate) fn may_enter(&self, required_roles: &[String]) -> bool {
        self.affiliations.iter().any(|affiliation| affiliation.has_any_role(required_roles))
    }
}

/// A value that nobody can guess: 256 random bits.
pub(crate) fn random() -> String {
    CsrfToken::new_random_len(32).into_secret()
}

/// Values that go by themselves when their time has come.
///
/// It never holds more than its limit: what would end soonest goes first, so that a flood of requests costs the
/// flooder's own sign-ins rather than our memory.
pub(crate) struct Shelf<T> {
    limit: usize,
    entries: Mutex<HashMap<String, Entry<T>>>,
}

struct Entry<T> {
    ends_at: DateTime<Utc>,
    value: T,
}

impl<T: Clone> Shelf<T> {
    /// The value under this key, unless its time has come.
    pub(crate) fn find(&self, key: &str, now: DateTime<Utc>) -> Option<T> {
        let entries = self.entries();
        entries.get(key).filter(|entry| now < entry.ends_at).map(|entry| entry.value.clone())
    }
}

impl<T> Shelf<T> {
    /// An empty shelf for at most so many values.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, entries: Mutex::new(HashMap::new()) }
    }

    /// Puts a value under a key and says whether the key was free.
    pub(crate) fn put(
        &self,
        key: String,
        value: T,
        ends_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        let mut entries = self.entries();
        entries.retain(|_, entry| now < entry.ends_at);
        if entries.len() >= self.limit {
            let soonest = entries.iter().min_by_key(|(_, entry)| entry.ends_at);
            if let Some(key) = soonest.map(|(key, _)| key.clone()) {
                entries.remove(&key);
            }
        }
        entries.insert(key, Entry { ends_at, value }).is_none()
    }

    /// Takes the value under this key away, so that it serves once.
    pub(crate) fn take(&self, key: &str, now: DateTime<Utc>) -> Option<T> {
        let entry = self.entries().remove(key)?;
        (now < entry.ends_at).then_some(entry.value)
    }

    /// Takes away all values of which this is true, and says how many they were.
    pub(crate) fn remove_where(&self, is_meant: impl Fn(&T) -> bool) -> usize {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|_, entry| !is_meant(&entry.value));
        before - entries.len()
    }

    /// No code panics while it holds the lock, so a poisoned one still guards sound entries.
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry<T>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cookies of one site.
///
/// Each holds a random value and nothing else. Cookies do not keep ports apart, so two sites on `localhost` need
/// two names; on https the prefix `__Host-` keeps neighbours from planting one (RFC 6265bis §4.1.3.2).
#[derive(Clone, Debug)]
pub(crate) struct CookieJar {
    prefix: String,
    is_https: bool,
}

impl CookieJar {
    /// The cookies of the site with this configuration.
    pub(crate) fn new(config: &Config) -> Self {
        let is_https = config.is_https();
        let host = if is_https { "__Host-" } else { "" };
        Self { prefix: format!("{host}{}", config.registration.client_id.as_str()), is_https }
    }

    /// The value of a cookie that the browser sent.
    pub(crate) fn read(&self, request: &HttpRequest, kind: CookieKind) -> Option<String> {
        request.cookie(&self.name(kind)).map(|cookie| cookie.value().to_owned())
    }

    /// A cookie to send. Without a lifetime, it goes when the browser closes.
    pub(crate) fn write(&self, kind: CookieKind, value: String) -> Cookie<'static> {
        // Lax, because the way back from Hilum is a navigation from another site.
        Cookie::build(self.name(kind), value)
            .path("/")
            .http_only(true)
            .secure(self.is_https)
            .same_site(SameSite::Lax)
            .finish()
    }

    /// A cookie that takes the browser's away.
    pub(crate) fn clear(&self, kind: CookieKind) -> Cookie<'static> {
        let mut cookie = self.write(kind, String::new());
        cookie.make_removal();
        cookie
    }

    fn name(&self, kind: CookieKind) -> String {
        let suffix = match kind {
            CookieKind::Browser => "browser",
            CookieKind::Playground => "playground",
            CookieKind::Session => "session",
        };
        format!("{}-{suffix}", self.prefix)
    }
}

/// What a cookie is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CookieKind {
    /// Ties a sign-in that is on its way to the browser that began it.
    Browser,
    /// Leads to the tokens in the playground.
    Playground,
    /// Leads to the session.
    Session,
}

/// The sessions of a site.
pub(crate) type Sessions = Shelf<Arc<Session>>;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::jwt::signing;
    use openidconnect::AccessToken;
    use serde_json::json;

    /// The session of somebody about whom Hilum said this at [`at`]`(0)`.
    pub(crate) fn session(
        mode: AffiliationMode,
        id_claims: &Value,
        user_claims: &Value,
    ) -> Session {
        let whole = json!({"iss": "https://id.example", "aud": "credentia", "exp": 0, "iat": 0, "sub": "s"});
        let token = signing::sign(&json!({"alg": "EdDSA"}), &whole);
        let signed_in = SignedIn {
            id_token: token.parse().unwrap(),
            id_claims: serde_json::from_value(id_claims.clone()).unwrap(),
            user_claims: serde_json::from_value(user_claims.clone()).unwrap(),
            id_claims_raw: id_claims.clone(),
            user_claims_raw: user_claims.clone(),
            access_token: AccessToken::new("at".to_owned()),
            refresh_token: None,
        };
        Session::new(signed_in, mode, at(0))
    }

    fn affiliation(id: &str, role: &str) -> Value {
        json!({"id": id, "organization": {"id": id, "name": id}, "roles": [role]})
    }

    #[test]
    fn only_the_affiliation_that_was_chosen_opens_a_site_of_mode_one() {
        let practitioner = affiliation("a1", "licensed-practitioner");
        let biller = affiliation("a2", "billing-specialist");
        let required = ["licensed-practitioner".to_owned()];
        for (selected, expected) in [(Some("a1"), true), (Some("a2"), false), (None, false)] {
            let both = json!({
                "sub": "s", "selected_affiliation": selected, "affiliations": [practitioner, biller]
            });
            let session = session(AffiliationMode::One, &both, &both);
            assert_eq!(session.may_enter(&required), expected, "{selected:?}");
        }
    }

    #[test]
    fn a_site_of_mode_all_reads_its_affiliations_from_userinfo() {
        let both =
            json!({"sub": "s", "affiliations": [affiliation("a1", "x"), affiliation("a2", "y")]});
        let session = session(AffiliationMode::All, &json!({"sub": "s"}), &both);
        assert_eq!(session.affiliations.len(), 2);
        assert!(session.may_enter(&["y".to_owned()]) && session.may_enter(&[]));
        assert!(!session.may_enter(&["z".to_owned()]));
    }

    #[test]
    fn a_session_ends_when_hilum_says_and_after_four_hours_at_the_latest() {
        for (said, expected) in [(Some(60), 60), (Some(240), 240), (Some(241), 240), (None, 240)] {
            let claims = json!({"sub": "s", "session_expires_at": said.map(|minute| minute * 60)});
            let session = session(AffiliationMode::One, &claims, &json!({"sub": "s"}));
            assert_eq!(session.ends_at, at(expected), "{said:?}");
        }
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_value_is_found_until_its_time_and_not_at_it() {
        let shelf = Shelf::new(9);
        shelf.put("k".to_owned(), 1, at(10), at(0));
        assert_eq!(shelf.find("k", at(9)), Some(1));
        assert_eq!(shelf.find("k", at(10)), None);
        assert_eq!(shelf.take("k", at(10)), None);
    }

    #[test]
    fn a_value_is_taken_once() {
        let shelf = Shelf::new(9);
        shelf.put("k".to_owned(), 1, at(10), at(0));
        assert_eq!(shelf.take("k", at(1)), Some(1));
        assert_eq!(shelf.take("k", at(1)), None);
    }

    #[test]
    fn a_key_is_free_again_when_its_time_has_come() {
        let shelf = Shelf::new(9);
        assert!(shelf.put("k".to_owned(), (), at(10), at(0)));
        assert!(!shelf.put("k".to_owned(), (), at(10), at(9)));
        assert!(shelf.put("k".to_owned(), (), at(20), at(10)));
    }

    #[test]
    fn a_full_shelf_gives_up_what_would_end_soonest() {
        let shelf = Shelf::new(2);
        shelf.put("late".to_owned(), 1, at(30), at(0));
        shelf.put("soon".to_owned(), 2, at(20), at(0));
        shelf.put("new".to_owned(), 3, at(25), at(0));
        assert_eq!(shelf.find("soon", at(1)), None);
        assert_eq!((shelf.find("late", at(1)), shelf.find("new", at(1))), (Some(1), Some(3)));
    }

    #[test]
    fn random_values_are_long_and_differ() {
        assert_eq!(random().len(), 43);
        assert_ne!(random(), random());
    }
}
