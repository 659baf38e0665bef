//! What becomes of metadata that were fetched anew: taken over, or held until somebody has looked.
//!
//! Fetched metadata are signed by whom the site's record says, so keys in them are the site's word.
//! But a signature says who wrote them, and not that they meant well or were not broken into: where
//! assertions go, and that they are protected, does not change by itself.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::saml::{
    instant,
    service_provider::{Cipher, LogoutEndpoint, ProviderMetadata},
    xml::Node,
};

/// The shortest time between two attempts, whatever a site says of its own metadata.
const SHORTEST: TimeDelta = TimeDelta::minutes(5);
/// After a failure it is tried again after this, or sooner where the interval is shorter.
const AFTER_FAILURE: TimeDelta = TimeDelta::hours(1);

/// How the refresh of a site stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refresh {
    /// When the metadata are fetched next; at once, if it never was said.
    pub due_at: Option<DateTime<Utc>>,
    /// Changes that wait for somebody to accept them, a line each.
    pub held: Vec<String>,
    /// Why the last attempt came to nothing.
    pub problem: Option<String>,
}

/// What becomes of new metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They count from now on.
    Take,
    /// They say what is known.
    Unchanged,
    /// Somebody must look.
    Hold,
}

/// Judges metadata that the site itself has signed.
///
/// Keys may come and go, as long as nothing that was signed or encrypted before is so no longer, and
/// the end of the time for which they count may move on. A document that ends earlier than the known
/// one, or not at all where that one did, may be an older one that somebody brings again, with a key
/// that was given up since. It waits for somebody to look, as everything else does.
#[must_use]
pub fn judge(old: &ProviderMetadata, new: &ProviderMetadata) -> Verdict {
    if old == new {
        return Verdict::Unchanged;
    }
    let same_places =
        old.assertion_consumers == new.assertion_consumers && same(&old.logout, &new.logout);
    let still_signs = (old.signing.is_empty() || !new.signing.is_empty())
        && (new.authn_requests_signed || !old.authn_requests_signed);
    let still_encrypts = strength(old) <= strength(new);
    let is_newer = old.valid_until.is_none_or(|end| new.valid_until.is_some_and(|new| end <= new));
    if same_places && still_signs && still_encrypts && is_newer {
        Verdict::Take
    } else {
        Verdict::Hold
    }
}

/// How well an assertion to a site with these metadata is hidden: not at all, or by which cipher.
fn strength(metadata: &ProviderMetadata) -> u8 {
    match metadata.encryption_key().map(|key| key.cipher) {
        None => 0,
        Some(Cipher::Aes128Cbc) => 1,
        Some(Cipher::Aes256Cbc) => 2,
        Some(Cipher::Aes128Gcm) => 3,
        Some(Cipher::Aes256Gcm) => 4,
    }
}

fn same(old: &[LogoutEndpoint], new: &[LogoutEndpoint]) -> bool {
    old.len() == new.len() && old.iter().all(|endpoint| new.contains(endpoint))
}

/// How long a document says that it may be kept (SAML Metadata §2.3.2).
#[must_use]
pub fn cache_duration(root: Node<'_>) -> Option<TimeDelta> {
    root.attribute("cacheDuration").and_then(instant::read_duration)
}

/// When metadata that were fetched at `now` are fetched again: after `interval`, or sooner if they
/// say so, and well before they no longer count.
#[must_use]
pub fn next_fetch(
    now: DateTime<Utc>,
    interval: TimeDelta,
    keep_for: Option<TimeDelta>,
    valid_until: Option<DateTime<Utc>>,
) -> DateTime<Utc> {
    let left = valid_until.map(|until| (until - now) / 2);
    let wait = [keep_for, left].into_iter().flatten().fold(interval, TimeDelta::min);
    now + wait.max(SHORTEST)
}

/// When metadata are tried again that could not be fetched at `now`.
#[must_use]
pub fn next_attempt(now: DateTime<Utc>, interval: TimeDelta) -> DateTime<Utc> {
    now + interval.min(AFTER_FAILURE).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::saml::{
        judge::tests::provider,
        service_provider::{EncryptionKey, LogoutBinding},
        testing::TestKey,
    };

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn keys_may_come_and_go_and_addresses_wait_for_somebody_to_look() {
        let [a, b] = [TestKey::ec(), TestKey::ec()].map(|key| key.certificate());
        let rsa = TestKey::kept().certificate();
        let encryption = EncryptionKey { certificate: rsa, cipher: Cipher::Aes256Gcm };
        let logout = LogoutEndpoint {
            binding: LogoutBinding::Soap,
            location: "https://sp.example/slo".parse().unwrap(),
            response_location: None,
        };
        let old = ProviderMetadata {
            signing: vec![a.clone()],
            encryption: vec![encryption.clone()],
            logout: vec![logout.clone()],
            valid_until: Some(at(10)),
            ..provider().metadata
        };
        type Change<'a> = Box<dyn Fn(&mut ProviderMetadata) + 'a>;
        let evil = || "https://evil.example/acs".parse().unwrap();
        let cases: Vec<(&str, Change<'_>, Verdict)> = vec![
            ("nothing", Box::new(|_| {}), Verdict::Unchanged),
            ("a key more", Box::new(|new| new.signing.push(b.clone())), Verdict::Take),
            ("another key", Box::new(|new| new.signing = vec![b.clone()]), Verdict::Take),
            ("a longer life", Box::new(|new| new.valid_until = Some(at(20))), Verdict::Take),
            ("a shorter life", Box::new(|new| new.valid_until = Some(at(9))), Verdict::Hold),
            ("no end", Box::new(|new| new.valid_until = None), Verdict::Hold),
            ("signs all", Box::new(|new| new.authn_requests_signed = true), Verdict::Take),
            (
                "two keys to encrypt to",
                Box::new(|new| new.encryption.push(encryption.clone())),
                Verdict::Take,
            ),
            ("no key", Box::new(|new| new.signing.clear()), Verdict::Hold),
            (
                "only a key that nothing can be encrypted to",
                Box::new(|new| {
                    let cipher = Cipher::Aes256Gcm;
                    new.encryption = vec![EncryptionKey { certificate: b.clone(), cipher }];
                }),
                Verdict::Hold,
            ),
            (
                "a weaker cipher",
                Box::new(|new| {
                    new.encryption.iter_mut().for_each(|key| key.cipher = Cipher::Aes256Cbc)
                }),
                Verdict::Hold,
            ),
            ("no key to encrypt to", Box::new(|new| new.encryption.clear()), Verdict::Hold),
            ("no logout", Box::new(|new| new.logout.clear()), Verdict::Hold),
            (
                "assertions elsewhere",
                Box::new(|new| new.assertion_consumers[0].location = evil()),
                Verdict::Hold,
            ),
            ("logout elsewhere", Box::new(|new| new.logout[0].location = evil()), Verdict::Hold),
        ];
        for (name, change, expected) in cases {
            let mut new = old.clone();
            change(&mut new);
            assert_eq!(judge(&old, &new), expected, "{name}");
        }
        let signs = ProviderMetadata { authn_requests_signed: true, ..old.clone() };
        assert_eq!(judge(&signs, &old), Verdict::Hold, "signs no longer");
    }

    #[test]
    fn metadata_are_fetched_again_before_they_no_longer_count() {
        let day = TimeDelta::days(1);
        for (keep_for, until, expected) in [
            (None, None, 24 * 60),
            (Some(60), None, 60),
            (Some(0), None, 5),
            (Some(3 * 24 * 60), None, 24 * 60),
            (None, Some(60), 30),
            (None, Some(1), 5),
            (None, Some(-10), 5),
            (Some(20), Some(60), 20),
        ] {
            let found = next_fetch(at(0), day, keep_for.map(TimeDelta::minutes), until.map(at));
            assert_eq!(found, at(expected), "{keep_for:?} {until:?}");
        }
        assert_eq!(next_attempt(at(0), day), at(60));
        assert_eq!(next_attempt(at(0), TimeDelta::minutes(10)), at(10));
    }

    proptest! {
        #[test]
        fn a_site_is_never_asked_without_pause(keep in any::<i32>(), until in any::<i32>()) {
            let keep = TimeDelta::seconds(i64::from(keep));
            let until = at(0) + TimeDelta::seconds(i64::from(until));
            let next = next_fetch(at(0), TimeDelta::hours(6), Some(keep), Some(until));
            prop_assert!(next >= at(5) && next <= at(6 * 60));
        }
    }
}
