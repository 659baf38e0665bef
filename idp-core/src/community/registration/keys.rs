//! What leads a registrant back to a registration: the link in the mail and the code that the page
//! showed once, at the beginning.
//!
//! The two travel apart, as those of a nomination do. When the organization is approved, the code
//! goes on as the code of the first Administrator's nomination: there is no Administrator yet who
//! could hand one over (R32, R37; security 17.8).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Registration, Stage};
use crate::{
    community::{
        nomination::{self, Nomination, Presented, State, TRIES, Tried},
        subscriber::UserId,
    },
    ids::{AffiliationId, NominationId, SubscriberId},
    secret::SecretDigest,
};

/// What opens a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// What the link in the mail is compared by.
    pub link: SecretDigest,
    /// What the code is compared by.
    pub code: SecretDigest,
    /// Wrong codes that were tried with the right link. Five, and it is to be begun anew.
    pub failures: u32,
}

/// The identifiers of what an approval makes, and the digest of the link that is mailed with it, for
/// somebody who [comes by a nomination](super::Comes::ByNomination).
#[derive(Clone, Debug)]
pub struct FirstAdministrator {
    /// The nomination.
    pub nomination: NominationId,
    /// The affiliation with the organization.
    pub affiliation: AffiliationId,
    /// The account.
    pub subscriber: SubscriberId,
    /// Its User ID.
    pub user_id: UserId,
    /// What the link is compared by.
    pub link: SecretDigest,
}

impl Keys {
    /// Keys of a new registration.
    #[must_use]
    pub const fn new(link: SecretDigest, code: SecretDigest) -> Self {
        Self { link, code, failures: 0 }
    }

    /// Tries link and code. What comes back is to be kept: a wrong code counts, if the link is
    /// right.
    #[must_use]
    pub fn after(self, presented: Presented) -> (Self, Tried) {
        let link = presented.link == self.link;
        let code = presented.code == Some(self.code);
        if link & code & (self.failures < TRIES) {
            return (self, Tried::Right);
        }
        let failures = self.failures.saturating_add(u32::from(link));
        (Self { failures, ..self }, Tried::Wrong)
    }
}

impl Registration {
    /// The nomination of the first Administrator of an organization that was approved; `None` before
    /// the approval.
    #[must_use]
    pub fn first_nomination(
        &self,
        first: FirstAdministrator,
        now: DateTime<Utc>,
    ) -> Option<Nomination> {
        let Stage::Approved(organization) = &self.stage else { return None };
        Some(Nomination {
            id: first.nomination,
            organization: organization.clone(),
            affiliation: first.affiliation,
            subscriber: first.subscriber,
            user_id: first.user_id,
            nominated_by: None,
            nominated_at: now,
            state: State::Nominated(nomination::Keys::new(first.link, self.keys.code, now)),
        })
    }
}
