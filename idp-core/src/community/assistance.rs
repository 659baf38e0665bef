//! Whom somebody may help back into an account, and with what (R23, R25; security 17.7, 18.4, 20.2,
//! 20.8).
//!
//! A code that is handed over, another mail address and the removal of lost factors are each safe
//! because of the other two: the code is worth nothing without the mailbox, and the removal is
//! stopped from it. So nobody who may be wrong about a person gets hold of all three. What the
//! earlier mailbox can still take back is waited for, and whoever works for several organizations,
//! or at the support desk, is not in the hands of one Administrator.

use std::collections::BTreeSet;

use super::{
    actor::{Actor, Rank},
    permission::{Action, Denied, Target, may},
};
use crate::ids::{OrganizationId, SubscriberId};

/// With what somebody is helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// A code with which they set a new password, or come back if they were away too long.
    Code,
    /// Another mail address, which they prove.
    Email,
    /// The removal of second factors that were lost.
    LostFactor,
    /// The stop of such a removal.
    StopRemoval,
    /// The end of a lock before its time.
    Unlock,
}

impl Help {
    /// Every help there is.
    pub const ALL: [Self; 5] =
        [Self::Code, Self::Email, Self::LostFactor, Self::StopRemoval, Self::Unlock];

    /// What somebody has to be allowed.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Code => Action::IssueCode,
            Self::Email => Action::ChangeEmail,
            Self::LostFactor => Action::RemoveFactors,
            Self::StopRemoval => Action::StopRemoval,
            Self::Unlock => Action::Unlock,
        }
    }
}

/// Whether a person's mail address has settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// It is what it was for long enough.
    Settled,
    /// It was changed, and the earlier mailbox can still take that back (domain 4.7).
    Unsettled,
}

/// Who is to be helped.
#[derive(Clone, Copy, Debug)]
pub struct Whom<'a> {
    /// Who.
    pub id: &'a SubscriberId,
    /// The organizations with which they have an affiliation that was accepted and has not ended.
    pub acts_for: &'a BTreeSet<OrganizationId>,
    /// What they may decide at the support desk, if they work there.
    pub staff: Option<Rank>,
    /// Whether their mail address has settled.
    pub address: Address,
}

/// Why they are not helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not by people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// By Support, and not by an Administrator. Why is not said: it may be that the person works for
    /// others too (security 20.2).
    #[error("please ask the support desk")]
    SeeSupport,
    /// The mail address was changed lately, and the earlier mailbox can still take that back.
    #[error("the e-mail address was changed less than three days ago: please wait until then")]
    Unsettled,
}

/// Whether `actor` may help somebody like this.
///
/// # Errors
/// [`Refusal`].
pub fn may_help(actor: &Actor, help: Help, whom: Whom<'_>) -> Result<(), Refusal> {
    may(actor, help.action(), Target::Person { id: whom.id, acts_for: whom.acts_for })?;
    if let Some(of) = actor.organization() {
        let acts_for_others = whom.acts_for.iter().any(|organization| organization != of);
        // A lock that is taken off gives whoever guesses another seven tries, and what they would
        // get into is not this organization's alone; it ends by itself in ten minutes.
        let reaches_far = matches!(help, Help::Email | Help::LostFactor | Help::Unlock);
        if whom.staff.is_some() || (acts_for_others && reaches_far) {
            return Err(Refusal::SeeSupport);
        }
    }
    decides_about(actor, whom.staff)?;
    let leans_on_mailbox = matches!(help, Help::Code | Help::LostFactor);
    if leans_on_mailbox && whom.address == Address::Unsettled {
        return Err(Refusal::Unsettled);
    }
    Ok(())
}

/// Whether somebody at the support desk may decide about an account, whose person may work there too:
/// the two persons of a decision are two only as long as neither gets hold of the other's account.
/// A lead's own is for the operator alone.
///
/// # Errors
/// [`Denied::Forbidden`].
pub fn decides_about(actor: &Actor, staff: Option<Rank>) -> Result<(), Denied> {
    match (actor, staff) {
        (Actor::Support { rank: Rank::Agent, .. }, Some(_))
        | (Actor::Support { rank: Rank::Lead, .. }, Some(Rank::Lead)) => Err(Denied::Forbidden),
        (
            Actor::Administrator { .. }
            | Actor::Job(_)
            | Actor::Nobody
            | Actor::Subscriber(_)
            | Actor::Support { .. },
            _,
        ) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::{Address::*, Help::*, *};
    use crate::community::actor::testing::{administrator, agent, lead, person};

    fn org(name: &str) -> OrganizationId {
        format!("org_{name}").parse().unwrap()
    }

    #[test]
    fn help_that_leads_into_an_account_is_not_in_one_hand() {
        let ana: SubscriberId = "sub_ana".parse().unwrap();
        let (here, both): (BTreeSet<_>, BTreeSet<_>) =
            ([org("a")].into(), [org("a"), org("b")].into());
        let (adam, sam, lea) = (administrator("adam", "a"), agent("sam"), lead("lea"));
        let (no, see, wait) = (
            Err(Refusal::Denied(Denied::Forbidden)),
            Err(Refusal::SeeSupport),
            Err(Refusal::Unsettled),
        );
        for (actor, acts_for, staff, address, code, email, factor) in [
            (&adam, &here, None, Settled, Ok(()), Ok(()), Ok(())),
            (&adam, &here, None, Unsettled, wait, Ok(()), wait),
            (&adam, &both, None, Settled, Ok(()), see, see),
            (&adam, &here, Some(Rank::Agent), Settled, see, see, see),
            (&sam, &both, None, Settled, Ok(()), Ok(()), Ok(())),
            (&sam, &both, None, Unsettled, wait, Ok(()), wait),
            (&sam, &here, Some(Rank::Agent), Settled, no, no, no),
            (&sam, &here, Some(Rank::Lead), Settled, no, no, no),
            (&lea, &here, Some(Rank::Agent), Settled, Ok(()), Ok(()), Ok(())),
            (&lea, &here, Some(Rank::Lead), Settled, no, no, no),
            (&agent("ana"), &here, None, Settled, no, no, no),
            (&person("ana"), &here, None, Settled, no, no, no),
        ] {
            let whom = Whom { id: &ana, acts_for, staff, address };
            let found = [Code, Email, LostFactor].map(|help| may_help(actor, help, whom));
            assert_eq!(
                found,
                [code, email, factor],
                "{actor:?} {acts_for:?} {staff:?} {address:?}"
            );
        }
    }

    #[test]
    fn to_stop_a_removal_or_a_lock_leans_on_no_mailbox_and_reaches_no_account() {
        let (ana, both) = ("sub_ana".parse().unwrap(), [org("a"), org("b")].into());
        let whom = Whom { id: &ana, acts_for: &both, staff: None, address: Unsettled };
        for help in [StopRemoval, Unlock] {
            assert_eq!(may_help(&agent("sam"), help, whom), Ok(()));
            let desk = Whom { staff: Some(Rank::Lead), ..whom };
            let denied = Err(Refusal::Denied(Denied::Forbidden));
            assert_eq!(may_help(&agent("sam"), help, desk), denied);
        }
        // An Administrator takes a lock off of their own people, and of nobody who has more to lose.
        let (adam, here) = (administrator("adam", "a"), [org("a")].into());
        let own = Whom { acts_for: &here, ..whom };
        assert_eq!(may_help(&adam, Unlock, own), Ok(()));
        assert_eq!(may_help(&adam, Unlock, whom), Err(Refusal::SeeSupport));
        let desk = Whom { staff: Some(Rank::Agent), ..own };
        assert_eq!(may_help(&adam, Unlock, desk), Err(Refusal::SeeSupport));
    }

    proptest! {
        /// Whoever changes the address waits before anything leans on the new mailbox.
        #[test]
        fn nobody_changes_the_mailbox_and_leans_on_it_at_once(
            help in select(vec![Code, LostFactor]),
            actor in select(vec![administrator("adam", "a"), agent("sam"), lead("lea")]),
            staff in select(vec![None, Some(Rank::Agent), Some(Rank::Lead)]),
        ) {
            let acts_for = [org("a")].into();
            let id = "sub_ana".parse().unwrap();
            let whom = Whom { id: &id, acts_for: &acts_for, staff, address: Unsettled };
            prop_assert!(may_help(&actor, help, whom).is_err());
        }
    }
}
