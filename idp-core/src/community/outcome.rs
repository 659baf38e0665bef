//! What follows from a transition, beside the new state: what is written down, who is told, and
//! what else has to happen in the same transaction.
//!
//! Core decides and the shell acts: an [`Outcome`] is a list of deeds, and doing them in one
//! transaction is all that is left. Every transition is audited (security 24.4); a test walks them.

use serde::{Deserialize, Serialize};

use crate::{
    audit::Kind,
    community::{
        end_access::Ending,
        news::{News, Recipient},
        organization_life::Suspension,
        registration::First,
        tax_id_registry::Ground,
    },
    ids::{AffiliationId, OrganizationId, RegistrationId, SiteId, SubscriberId},
};

/// Where a command leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a transition is nothing until it is written down"]
pub struct Outcome<S> {
    /// The new state.
    pub state: S,
    /// What stands in the audit record, in this order.
    pub audit: Vec<Kind>,
    /// Who is told what.
    pub letters: Vec<Letter>,
    /// What else happens with it.
    pub effects: Vec<Effect>,
}

/// A mail to be written, as data: the words are in the message catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Who gets it.
    pub to: Recipient,
    /// What it tells.
    pub news: News,
}

/// What else happens in the transaction of a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The account of this person may be used: it is new, or it comes back.
    ActivateAccount(SubscriberId),
    /// This affiliation may be used.
    ActivateAffiliation(AffiliationId),
    /// The number of this registration is asked for, by the registry's own command.
    ClaimNumber {
        /// Which registration.
        registration: RegistrationId,
        /// Why.
        ground: Ground,
    },
    /// What an organization that has left leaves behind comes to an end: its numbers, systems,
    /// affiliations, and whatever waits for its Administrators.
    Dissolve(OrganizationId),
    /// This person no longer works at the support desk.
    DismissFromDesk(SubscriberId),
    /// Access ends by the one operation that there is (domain, decision 8).
    EndAccess(Ending),
    /// Every affiliation of this person ends, and every proposal of one.
    EndAffiliations(SubscriberId),
    /// A code to be handed over is made for this person; the older one is dead (R9).
    IssueHandedOverCode(SubscriberId),
    /// This affiliation carries the Administrator's flag.
    MakeAdministrator(AffiliationId),
    /// The registration goes on without the number, which stays with its organization.
    NumberKept(RegistrationId),
    /// The registration goes on with the number, which is kept for it.
    NumberReserved(RegistrationId),
    /// The organization comes into being with its number and its first Administrator.
    OpenOrganization {
        /// Which.
        organization: OrganizationId,
        /// Who runs it first.
        first: First,
        /// What it grew out of.
        registration: RegistrationId,
    },
    /// The support desk gets a ticket of this kind.
    OpenTicket(super::ticket::TicketKind),
    /// This affiliation is stopped for now, because that is all that its Administrator may stop.
    SuspendAffiliation(AffiliationId),
    /// The organization is stopped by the rules: what it needs is gone.
    SuspendOrganization {
        /// Which.
        organization: OrganizationId,
        /// What it has not.
        why: Suspension,
    },
    /// The number of this registration is no longer asked for.
    WithdrawClaim(RegistrationId),
    /// The site is, or is no longer, among those that the organization switched on.
    SwitchSite {
        /// Whose.
        organization: OrganizationId,
        /// Which.
        site: SiteId,
        /// Which way.
        on: Switch,
    },
}

/// Which way a switch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Off.
    Off,
    /// On.
    On,
}

impl<S> Outcome<S> {
    /// It stands there now, and this is written down.
    pub fn new(state: S, audit: Kind) -> Self {
        Self { state, audit: vec![audit], letters: Vec::new(), effects: Vec::new() }
    }

    /// This is written down too.
    pub fn noted(mut self, kind: Kind) -> Self {
        self.audit.push(kind);
        self
    }

    /// And they are told.
    pub fn telling(mut self, to: Recipient, news: News) -> Self {
        self.letters.push(Letter { to, news });
        self
    }

    /// And they are told, if there is something.
    pub fn telling_any(mut self, to: Recipient, news: Option<News>) -> Self {
        self.letters.extend(news.map(|news| Letter { to, news }));
        self
    }

    /// And this happens.
    pub fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// And this happens, if there is something.
    pub fn with_any(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects.extend(effects);
        self
    }

    /// The same, seen from the state of something larger.
    pub fn map<T>(self, into: impl FnOnce(S) -> T) -> Outcome<T> {
        let Self { state, audit, letters, effects } = self;
        Outcome { state: into(state), audit, letters, effects }
    }
}
