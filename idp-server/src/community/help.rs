//! Helping somebody who cannot help themselves, for the Administrators' console and the support desk
//! alike. Who may help whom is decided by [`assistance`]; what is done is the help desk's.

use idp_core::{
    authentication::mailed_code::MailedCode,
    community::{
        assistance::{self, Address, Whom, may_help},
        subscriber::{EmailAddress, Subscriber, UserId},
    },
    ids::OrganizationId,
    mail::Helper,
};

use super::Office;
use crate::{
    help_desk::{self, Desk},
    store::{AnyConn, StoreError, affiliation, email_change, staff},
};

/// How somebody is helped.
#[derive(Clone, Debug)]
pub enum Help {
    /// A code with which they can set a new password, or come back if they were away too long.
    Code,
    /// Another mail address, which they prove.
    Email(EmailAddress),
    /// The removal of second factors that were lost.
    LostFactor,
    /// The stop of such a removal.
    StopRemoval,
    /// The end of a lock before its time.
    Unlock,
}

/// What was done.
#[derive(Debug)]
pub enum Helped {
    /// To be handed over, once.
    Code(UserId, MailedCode),
    /// The new mailbox has been sent a code.
    Email,
    /// They are removed after a wait.
    LostFactor,
    /// The factors stay.
    StopRemoval,
    /// The next sign-in counts again.
    Unlock,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHelped {
    /// Not by whoever wants to.
    #[error(transparent)]
    Assistance(#[from] assistance::Refusal),
    /// The help desk's own reasons.
    #[error("this help cannot be given now")]
    Desk(help_desk::Refusal),
}

impl Help {
    /// As the rules know it.
    #[must_use]
    pub const fn kind(&self) -> assistance::Help {
        match self {
            Self::Code => assistance::Help::Code,
            Self::Email(_) => assistance::Help::Email,
            Self::LostFactor => assistance::Help::LostFactor,
            Self::StopRemoval => assistance::Help::StopRemoval,
            Self::Unlock => assistance::Help::Unlock,
        }
    }
}

/// Helps somebody, if the office may; `checked` is how it was made sure who asks. What it may not is
/// written down.
///
/// # Errors
/// [`StoreError`].
pub fn give(
    conn: &mut AnyConn,
    office: &Office,
    person: &Subscriber,
    with: &Help,
    (helper, checked): (Helper, String),
) -> Result<Result<Helped, NotHelped>, StoreError> {
    let acts_for = affiliation::of_subscriber(conn, &person.id)?
        .into_iter()
        .filter(|record| record.status.is_accepted())
        .map(|record| record.organization)
        .collect::<std::collections::BTreeSet<OrganizationId>>();
    let changed = email_change::last_changed(conn, &person.id)?;
    let unsettled = changed.is_some_and(|change| change.may_be_undone(office.now));
    let whom = Whom {
        id: &person.id,
        acts_for: &acts_for,
        staff: staff::rank(conn, &person.id)?,
        address: if unsettled { Address::Unsettled } else { Address::Settled },
    };
    if let Err(why) = may_help(&office.actor, with.kind(), whom) {
        if let assistance::Refusal::Denied(denied) = why {
            office.refused(conn, with.kind().action(), denied)?;
        }
        return Ok(Err(why.into()));
    }
    let (actor, now, rules) = (office.audited(), office.now, office.rules);
    let desk = Desk { actor, helper, checked, now, rules };
    let (post, random, name) = (&office.post, &office.random, person.user_id.as_str());
    let helped = match with {
        Help::Code => desk
            .issue_code(conn, post, random, name)?
            .map(|code| Helped::Code(person.user_id.clone(), code)),
        Help::Email(new) => {
            desk.change_email(conn, (post, random), name, new)?.map(|()| Helped::Email)
        }
        Help::LostFactor => {
            desk.request_factor_reset(conn, post, random, name)?.map(|_| Helped::LostFactor)
        }
        Help::StopRemoval => {
            desk.cancel_factor_reset(conn, post, random, name)?.map(|()| Helped::StopRemoval)
        }
        Help::Unlock => desk.unlock(conn, random, name)?.map(|()| Helped::Unlock),
    };
    Ok(helped.map_err(NotHelped::Desk))
}
