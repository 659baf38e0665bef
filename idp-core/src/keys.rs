//! The life of a signing key: `upcoming → active → retiring → retired`.
//!
//! A key is published before it signs, and stays published while anything that it signed can live
//! (OIDC Core §10.1.1). So a site that keeps our key set for as long as we allowed never meets a
//! signature whose key it cannot find.
//!
//! Two sentences are always true, and the property tests below hold them: *there is exactly one
//! active key per algorithm once there is one at all*, and *a key that signed anything that can
//! still live is published*. The one exception is an operator who says that a key is compromised:
//! then what it signed must die.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::oidc::jose::SigningAlgorithm;

/// The name of a signing key: its JWK thumbprint (RFC 7638), so that two keys never share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// Takes the thumbprint of a key.
    #[must_use]
    pub fn new(thumbprint: impl Into<String>) -> Self {
        Self(thumbprint.into())
    }

    /// The `kid` of headers and of the key set.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published; does not sign yet.
    Upcoming {
        /// When it first stood in our key set.
        published_at: DateTime<Utc>,
    },
    /// Published, and every new token is signed with it.
    Active {
        /// When it began to sign.
        activated_at: DateTime<Utc>,
    },
    /// Published for what it has signed. It signs nothing more: its private part is erased.
    Retiring {
        /// When its successor took over.
        replaced_at: DateTime<Utc>,
    },
    /// No longer published.
    Retired {
        /// When it left the key set.
        retired_at: DateTime<Utc>,
    },
}

impl KeyState {
    /// Whether the key stands in the public key set.
    #[must_use]
    pub const fn is_published(self) -> bool {
        match self {
            Self::Active { .. } | Self::Retiring { .. } | Self::Upcoming { .. } => true,
            Self::Retired { .. } => false,
        }
    }

    /// Whether new tokens are signed with it.
    #[must_use]
    pub const fn signs(self) -> bool {
        matches!(self, Self::Active { .. })
    }

    /// Whether it signs or is going to, so that its private part is needed.
    #[must_use]
    pub const fn may_sign(self) -> bool {
        matches!(self, Self::Active { .. } | Self::Upcoming { .. })
    }

    /// The word for logs, the command line and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active { .. } => "active",
            Self::Retired { .. } => "retired",
            Self::Retiring { .. } => "retiring",
            Self::Upcoming { .. } => "upcoming",
        }
    }

    /// When the key came into this state.
    #[must_use]
    pub const fn since(self) -> DateTime<Utc> {
        match self {
            Self::Active { activated_at: at }
            | Self::Retired { retired_at: at }
            | Self::Retiring { replaced_at: at }
            | Self::Upcoming { published_at: at } => at,
        }
    }
}

/// A signing key, as far as planning needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its name.
    pub kid: KeyId,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// Where it stands.
    pub state: KeyState,
}

/// How long keys live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationPolicy {
    /// How long a key must have been published before it signs. At least as long as a site may
    /// keep our key set (the `max-age` of its answer) and all nodes need to notice a change:
    /// shorten it, and sites refuse tokens after a rotation.
    pub publish_ahead: TimeDelta,
    /// How long a key signs before its successor takes over.
    pub signs_for: TimeDelta,
    /// How long a key stays published after it was replaced. At least as long as the longest token
    /// lives and all nodes need to notice a change: shorten it, and valid tokens lose their key.
    pub publish_after: TimeDelta,
}

/// One step to take. A plan's steps are taken in order and in one transaction, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAction {
    /// Generate a key and record it in this state.
    Create {
        /// What it shall sign with.
        algorithm: SigningAlgorithm,
        /// Where its life begins.
        state: KeyState,
    },
    /// Move a key on, if it still is where the plan saw it. A key that [will never
    /// sign](KeyState::may_sign) again loses its private part in the same step.
    Move {
        /// Which key.
        kid: KeyId,
        /// Where the plan saw it.
        from: KeyState,
        /// Where it goes.
        to: KeyState,
    },
}

/// What has to happen at `now`, so that each of `algorithms` has its active key and every key's
/// life goes on by schedule. An empty plan means: nothing is due.
#[must_use]
pub fn plan(
    keys: &[KeyRecord],
    algorithms: &[SigningAlgorithm],
    policy: &RotationPolicy,
    now: DateTime<Utc>,
) -> Vec<KeyAction> {
    let retire = keys.iter().filter_map(|key| match key.state {
        KeyState::Retiring { replaced_at } if replaced_at + policy.publish_after <= now => {
            Some(step(key, KeyState::Retired { retired_at: now }))
        }
        KeyState::Active { .. }
        | KeyState::Retired { .. }
        | KeyState::Retiring { .. }
        | KeyState::Upcoming { .. } => None,
    });
    let advance = algorithms.iter().flat_map(|algorithm| {
        let family = Family::of(keys, *algorithm);
        family.advance(policy, now)
    });
    retire.chain(advance).collect()
}

/// Why an operator replaces a key outside the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// As a matter of routine: the old key stays published for the tokens that it signed.
    Routine,
    /// Somebody else may have the key. It leaves the key set at once, and with it every other key
    /// of the algorithm, which lay in the same place. Tokens that are out become worthless.
    Compromised,
}

/// A successor is published and does not sign yet, so that every node knows it before it meets a
/// token that it signed. An empty plan means: there is one already.
#[must_use]
pub fn announce_now(
    keys: &[KeyRecord],
    algorithm: SigningAlgorithm,
    now: DateTime<Utc>,
) -> Vec<KeyAction> {
    match Family::of(keys, algorithm).upcoming {
        Some(_) => Vec::new(),
        None => vec![create_upcoming(algorithm, now)],
    }
}

/// A new key takes over at once (`hilum keys rotate`).
///
/// A successor that is published already is preferred, since sites may know it by now. Sites that
/// do not know it yet fetch the key set again when they meet the unknown `kid` (OIDC Core §10.1.1).
#[must_use]
pub fn rotate_now(
    keys: &[KeyRecord],
    algorithm: SigningAlgorithm,
    urgency: Urgency,
    now: DateTime<Utc>,
) -> Vec<KeyAction> {
    let family = Family::of(keys, algorithm);
    match urgency {
        Urgency::Compromised => {
            let published = keys.iter().filter(|key| key.algorithm == algorithm);
            let published = published.filter(|key| key.state.is_published());
            let drop = published.map(|key| step(key, KeyState::Retired { retired_at: now }));
            drop.chain([create_active(algorithm, now)]).collect()
        }
        Urgency::Routine => family.hand_over(now),
    }
}

/// The keys of one algorithm that decide who signs.
struct Family<'a> {
    algorithm: SigningAlgorithm,
    active: Option<(&'a KeyRecord, DateTime<Utc>)>,
    upcoming: Option<(&'a KeyRecord, DateTime<Utc>)>,
}

impl<'a> Family<'a> {
    fn of(keys: &'a [KeyRecord], algorithm: SigningAlgorithm) -> Self {
        let mut family = Self { algorithm, active: None, upcoming: None };
        for key in keys.iter().filter(|key| key.algorithm == algorithm) {
            match key.state {
                KeyState::Active { activated_at } => family.active = Some((key, activated_at)),
                // Of several, the one that has been known the longest.
                KeyState::Upcoming { published_at } => {
                    if family.upcoming.is_none_or(|(_, earliest)| published_at < earliest) {
                        family.upcoming = Some((key, published_at));
                    }
                }
                KeyState::Retired { .. } | KeyState::Retiring { .. } => {}
            }
        }
        family
    }

    fn advance(&self, policy: &RotationPolicy, now: DateTime<Utc>) -> Vec<KeyAction> {
        let Some((_, activated_at)) = self.active else { return self.hand_over(now) };
        let due_at = activated_at + policy.signs_for;
        match self.upcoming {
            Some((_, published_at)) => {
                // A successor that was published late takes over late; the old key goes on.
                if now < due_at.max(published_at + policy.publish_ahead) {
                    return Vec::new();
                }
                self.hand_over(now)
            }
            None if now < due_at - policy.publish_ahead => Vec::new(),
            None => vec![create_upcoming(self.algorithm, now)],
        }
    }

    /// The old key steps down before the new one steps up: no moment has two, and the database's
    /// own "one active key" rule is never in the way.
    fn hand_over(&self, now: DateTime<Utc>) -> Vec<KeyAction> {
        let down = self.active.map(|(key, _)| step(key, KeyState::Retiring { replaced_at: now }));
        let up = match self.upcoming {
            Some((key, _)) => step(key, KeyState::Active { activated_at: now }),
            None => create_active(self.algorithm, now),
        };
        down.into_iter().chain([up]).collect()
    }
}

fn step(key: &KeyRecord, to: KeyState) -> KeyAction {
    KeyAction::Move { kid: key.kid.clone(), from: key.state, to }
}

const fn create_active(algorithm: SigningAlgorithm, now: DateTime<Utc>) -> KeyAction {
    KeyAction::Create { algorithm, state: KeyState::Active { activated_at: now } }
}

const fn create_upcoming(algorithm: SigningAlgorithm, now: DateTime<Utc>) -> KeyAction {
    KeyAction::Create { algorithm, state: KeyState::Upcoming { published_at: now } }
}

#[cfg(test)]
mod tests;
