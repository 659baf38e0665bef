//! A remembered browser stands in for the second factor at sites that accept it: for sixty days,
//! for one person, until a password or factor changes (security 18.7).
//!
//! It is the browser's own cookie, never what the browser says of itself. It is taken down as a
//! proof of the session at the sign-in, so that `amr` shows it whether or not it counts.

use chrono::{DateTime, Duration, Utc};

use crate::{
    ids::SubscriberId,
    secret::{Secret, SecretDigest},
};

/// How long a browser is remembered.
pub const REMEMBERED_FOR: Duration = Duration::days(60);

/// One browser that is remembered for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedBrowser {
    /// What is stored of the cookie and the person.
    pub digest: SecretDigest,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The first moment at which it no longer counts.
    pub until: DateTime<Utc>,
    /// What the browser called itself.
    pub user_agent: String,
}

impl RememberedBrowser {
    /// Whether it stands in at `now`.
    #[must_use]
    pub fn counts(&self, now: DateTime<Utc>) -> bool {
        now < self.until
    }
}

/// What is stored for a person in a browser. Several people may use one browser; what is kept for
/// one of them says nothing about another, and cannot be told to be of the same browser.
#[must_use]
pub fn digest(cookie: &Secret, person: &SubscriberId) -> SecretDigest {
    // A cookie of ours has a fixed length, so the border is always at the same place.
    SecretDigest::of(&format!("{}{person}", cookie.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bound_to_the_person_and_the_browser() {
        let [one, other] = [1, 2].map(|byte| Secret::from_random([byte; 32]));
        let [ana, bo] = [1, 2].map(|byte| SubscriberId::from_random([byte; 16]));
        assert_eq!(digest(&one, &ana), digest(&one, &ana));
        assert_ne!(digest(&one, &ana), digest(&other, &ana));
        assert_ne!(digest(&one, &ana), digest(&one, &bo));
    }

    #[test]
    fn after_sixty_days_it_no_longer_counts() {
        let since = DateTime::UNIX_EPOCH;
        let browser = RememberedBrowser {
            digest: SecretDigest::of("x"),
            since,
            until: since + REMEMBERED_FOR,
            user_agent: String::new(),
        };
        assert!(browser.counts(since + Duration::days(60) - Duration::milliseconds(1)));
        assert!(!browser.counts(since + Duration::days(60)));
    }
}
