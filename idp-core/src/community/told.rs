//! What a mail about the community is worded with: who is told what, what the identifiers in it
//! stood for when it was written, and what only this mail has.
//!
//! It lies sealed in the outbox, because a link in it opens something together with a code that is
//! handed over.

use serde::{Deserialize, Serialize};

use super::{outcome::Letter, subscriber::UserId};
use crate::{
    authentication::mailed_code::LinkKey,
    ids::{NominationId, RegistrationId, TicketId},
};

/// A letter with everything that its words need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Who is told what.
    pub letter: Letter,
    /// What its identifiers stood for.
    pub details: Details,
    /// The way that only its reader has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
}

/// What a mail says beside its news. What is not known is left out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The organization that it is about: the reader’s own, or the one that turns to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The other organization, whose number the reader’s acts under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The person or the system that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The reader’s User ID, where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// What somebody wrote to the reader, in their own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Where a link leads that only the reader of this mail has. It opens nothing alone: a code that
/// travels another way belongs to it (security 17.6, 17.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "kebab-case")]
pub enum Link {
    /// To take a User ID over.
    Activate {
        /// By which nomination.
        nomination: NominationId,
        /// What only this link has.
        key: LinkKey,
    },
    /// Back to a registration.
    Register {
        /// Which.
        registration: RegistrationId,
        /// What only this link has.
        key: LinkKey,
    },
    /// To what the support desk asked or answered.
    Ticket {
        /// Which.
        ticket: TicketId,
        /// What only this link has.
        key: LinkKey,
    },
}

impl Link {
    /// The path that it leads to.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Activate { nomination, key } => {
                format!("/activate/{nomination}.{}", key.expose())
            }
            Self::Register { registration, key } => {
                format!("/register/{registration}.{}", key.expose())
            }
            Self::Ticket { ticket, key } => format!("/ticket/{ticket}.{}", key.expose()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::news::{News, Recipient};

    #[test]
    fn what_is_told_survives_being_stored_and_its_key_does_not_print() {
        let letter =
            Letter { to: Recipient::Nominee("nom_1".parse().unwrap()), news: News::Welcome };
        let link =
            Link::Activate { nomination: "nom_1".parse().unwrap(), key: LinkKey::received("k3y") };
        assert_eq!(link.path(), "/activate/nom_1.k3y");
        let about = Some("Ana Rivera".to_owned());
        let told =
            Told { letter, details: Details { about, ..Details::default() }, link: Some(link) };
        assert!(!format!("{told:?}").contains("k3y"), "{told:?}");
        let stored = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Told>(&stored).unwrap(), told);
    }
}
