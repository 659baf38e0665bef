//! Who acts, and what they act with.

use std::{net::IpAddr, sync::Arc};

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{self, Event, Kind},
    community::{
        actor::Actor,
        permission::{Action, Denied},
        subscriber::AccountRules,
    },
    ids::{EventId, SessionId},
};

use super::Registry;
use crate::{
    mail::Post,
    random::Random,
    store::{self, AnyConn, StoreError, tax_id::OpenSsn},
};

/// Somebody who acts in the community, in one capacity, at one moment.
#[derive(Clone)]
pub struct Office {
    /// Who, and as what.
    pub actor: Actor,
    /// Where they are signed in.
    pub session: Option<SessionId>,
    /// From where.
    pub address: Option<IpAddr>,
    /// In which language their page is (BCP 47): what is mailed to somebody of whom no other is known
    /// is written in it.
    pub language: Option<&'static str>,
    /// When.
    pub now: DateTime<Utc>,
    /// When an account may be used.
    pub rules: AccountRules,
    /// Opens personal numbers.
    pub open_ssn: Arc<OpenSsn>,
    /// Writes mails and makes codes.
    pub post: Post,
    /// Opens and seals what registrations and Tax IDs need.
    pub registry: Arc<Registry>,
    /// Makes identifiers and secrets.
    pub random: Random,
}

impl Office {
    /// An event of this moment, by whoever acts.
    #[must_use]
    pub fn event(&self, kind: Kind) -> Event {
        let id = EventId::from_random(self.random.bytes());
        Event {
            organization: self.actor.organization().cloned(),
            session: self.session.clone(),
            address: self.address,
            ..Event::new(id, self.now, kind, self.audited())
        }
    }

    /// How the audit record names whoever acts.
    #[must_use]
    pub fn audited(&self) -> audit::Actor {
        self.actor.audited()
    }

    /// Writes down that somebody wanted what is not for them (security 20.1, 24.4).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn refused(
        &self,
        conn: &mut AnyConn,
        action: Action,
        why: Denied,
    ) -> Result<(), StoreError> {
        let event = self.event(Kind::AccessRefused);
        store::audit::record(conn, &[event.because(format!("{}: {why}", action.code()))])
    }
}
