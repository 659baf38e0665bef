//! From a nomination to a Subscriber (R6, R13, R32, R33; domain 4.2; security 17.3, 17.4, 17.6, 17.8).
//!
//! ```text
//!   nominate ─► Nominated ──► Activated
//!                │  │  ▲ └──► Withdrawn
//!                │  └──┘ another code
//!                └─────────► Expired, after 30 days, by date
//! ```
//!
//! Two things open it, and they travel apart: the link in a mail to the nominee, which proves the
//! mailbox, and the code that the Administrator is shown once and hands over in person. Neither
//! does anything alone. A code lives 7 days and dies of five wrong tries; the nomination lives 30
//! days from its beginning, however many codes it has seen.
//!
//! An organization's first Administrator comes with its approval, by a nomination that nobody made.
//! Only Support can help them; what becomes of it is told to Support by a ticket, and an
//! organization whose first nomination came to nothing stops until there is another (R4).

mod form;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

pub use form::{IdentityCheck, Nominee, NomineeForm, VerifiedBy};

use super::{
    actor::Actor,
    letters::TooMany,
    news::{News, Recipient},
    organization_life::Suspension,
    outcome::{Effect, Outcome},
    permission::{Action, Denied, Target, may},
    subscriber::UserId,
    ticket::TicketKind,
};
use crate::{
    audit::Kind,
    ids::{AffiliationId, NominationId, OrganizationId, SubscriberId},
    secret::SecretDigest,
};

/// How long a nomination waits for its nominee.
pub const LASTS: TimeDelta = TimeDelta::days(30);
/// How long its code can be used. At this age it is dead.
pub const CODE_LASTS: TimeDelta = TimeDelta::days(7);
/// How many wrong tries end a code (security 17.4).
pub const TRIES: u32 = 5;
/// How many codes a nomination sees: more would make an Administrator's click a way to mail
/// somebody without end.
pub const MOST_CODES: u32 = 10;

/// An Administrator's proposal of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nomination {
    /// Which.
    pub id: NominationId,
    /// For which organization.
    pub organization: OrganizationId,
    /// The affiliation that it makes.
    pub affiliation: AffiliationId,
    /// The account that it makes, or brings back.
    pub subscriber: SubscriberId,
    /// Its User ID.
    pub user_id: UserId,
    /// Who nominated; `None` for the first Administrator of an organization, who came with its
    /// approval.
    pub nominated_by: Option<SubscriberId>,
    /// When.
    pub nominated_at: DateTime<Utc>,
    /// How far it is.
    pub state: State,
}

/// How far a nomination is. One that is over has no code that could be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The nominee took the User ID over.
    Activated {
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody did within 30 days.
    Expired,
    /// It waits for the nominee.
    Nominated(Keys),
    /// An Administrator took it back.
    Withdrawn {
        /// When.
        at: DateTime<Utc>,
    },
}

/// What opens a nomination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// What the link in the mail is compared by.
    pub link: SecretDigest,
    /// What the code is compared by.
    pub code: SecretDigest,
    /// When the code was made.
    pub made_at: DateTime<Utc>,
    /// Wrong tries of this code.
    pub failures: u32,
    /// Codes that were made, this one included.
    pub codes: u32,
}

/// What the nominee has.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    /// From the link.
    pub link: SecretDigest,
    /// As typed; `None` if it can be no code.
    pub code: Option<SecretDigest>,
}

/// What the nominee has still to do before the User ID is theirs (R19, R24, R27, R57).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// Accept the Subscriber agreement.
    Agreement,
    /// Choose a password.
    Password,
    /// Set up secret questions.
    SecretQuestions,
}

/// What an Administrator, a job or the nominee wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// Take the User ID over.
    Activate {
        /// Link and code: a code that died since it was tried opens nothing.
        presented: Presented,
        /// What is not done yet.
        missing: Vec<Missing>,
    },
    /// Bring it to an end, because its organization is closed.
    Dissolve,
    /// Note that its time is over.
    Expire,
    /// Make link and code anew; the old ones are dead.
    Resend {
        /// What the new link is compared by.
        link: SecretDigest,
        /// What the new code is compared by.
        code: SecretDigest,
    },
    /// Take it back.
    Withdraw,
}

/// Why nothing happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Something is still to be done.
    #[error("there is something left to do")]
    Incomplete(Vec<Missing>),
    /// Wrong, used, expired or dead; people are told one thing only.
    #[error("invalid or expired")]
    Invalid,
    /// It is over, or not over yet.
    #[error("this nomination is over, or not over yet")]
    OutOfOrder,
    /// So many letters are not written.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Ten codes are enough.
    #[error("no more codes can be made for this nomination: withdraw it and nominate anew")]
    TooManyCodes,
}

/// What came of trying link and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// They are right: the nominee can go on. Nothing is used up yet.
    Right,
    /// They are not. A refusal that leaves a mark is a value: the try is counted.
    Wrong,
}

/// The nomination of a person. The code is shown to the Administrator once, by the shell, and is in
/// no mail and no audit event (security 17.8).
///
/// # Errors
/// [`Denied`].
pub fn nominate(
    nomination: Nomination,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Nomination>, Denied> {
    may(actor, Action::Nominate, Target::Organization(&nomination.organization))?;
    let news = News::Nominated { user_id: nomination.user_id.clone(), until: now + LASTS };
    let to = Recipient::Nominee(nomination.id.clone());
    Ok(Outcome::new(nomination, Kind::NominationCreated)
        .noted(Kind::NominationCodeIssued)
        .telling(to, news))
}

impl Nomination {
    /// The first moment at which it is over by itself.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.nominated_at + LASTS
    }

    /// The same at `now`: it expires by date, whether or not a job has noticed.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        let state = match self.state {
            State::Nominated(_) if self.expires_at() <= now => State::Expired,
            other @ (State::Activated { .. }
            | State::Expired
            | State::Nominated(_)
            | State::Withdrawn { .. }) => other,
        };
        Self { state, ..self }
    }

    /// Tries link and code. What comes back is to be kept: a wrong code counts.
    pub fn try_keys(self, presented: Presented, now: DateTime<Utc>) -> (Outcome<Self>, Tried) {
        let nomination = self.at(now);
        let State::Nominated(keys) = nomination.state else {
            return (Outcome::new(nomination, Kind::NominationCodeFailed), Tried::Wrong);
        };
        if keys.fit(presented, now) {
            let kept =
                Outcome { state: nomination, audit: vec![], letters: vec![], effects: vec![] };
            return (kept, Tried::Right);
        }
        // Without the link a try is nobody's: whoever guesses at codes must not kill them.
        let counts = presented.link == keys.link && keys.lives(now);
        let failures = keys.failures.saturating_add(u32::from(counts));
        let state = State::Nominated(Keys { failures, ..keys });
        let (dies, first) = (counts && failures >= TRIES, nomination.is_of_first_administrator());
        let (organization, id) = (nomination.organization.clone(), nomination.id.clone());
        let mut outcome = Outcome::new(Self { state, ..nomination }, Kind::NominationCodeFailed);
        if dies {
            outcome = if first {
                // There is no Administrator yet who could make another: Support calls back.
                outcome.with(Effect::OpenTicket(TicketKind::PromoteAdmin))
            } else {
                let news = News::NominationCodeDied { nomination: id };
                outcome.telling(Recipient::AdministratorsOf(organization), news)
            };
        }
        (outcome, Tried::Wrong)
    }

    /// Whether it is that of an organization's first Administrator, who came with its approval.
    #[must_use]
    pub const fn is_of_first_administrator(&self) -> bool {
        self.nominated_by.is_none()
    }
}

impl Keys {
    /// Keys of a new nomination.
    #[must_use]
    pub const fn new(link: SecretDigest, code: SecretDigest, made_at: DateTime<Utc>) -> Self {
        Self { link, code, made_at, failures: 0, codes: 1 }
    }

    /// Whether the code could still be used.
    fn lives(&self, now: DateTime<Utc>) -> bool {
        now < self.made_at + CODE_LASTS && self.failures < TRIES
    }

    /// Both are compared, whatever the first comparison says.
    fn fit(&self, presented: Presented, now: DateTime<Utc>) -> bool {
        let link = presented.link == self.link;
        let code = presented.code == Some(self.code);
        link & code & self.lives(now)
    }
}

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    nomination: Nomination,
    command: Command,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Nomination>, Refusal> {
    let organization = nomination.organization.clone();
    let first = nomination.is_of_first_administrator();
    // There is nobody in the organization yet who could help its first Administrator.
    let action = if first { Action::ManageFirstNomination } else { Action::ManageNomination };
    let manage = || may(actor, action, Target::Organization(&organization));
    let nominee = Recipient::Nominee(nomination.id.clone());
    let expires_at = nomination.expires_at();
    let waiting = match nomination.clone().at(now).state {
        State::Nominated(keys) => Some(keys),
        State::Activated { .. } | State::Expired | State::Withdrawn { .. } => None,
    };
    let stored = nomination.state;
    let (id, user_id) = (nomination.id.clone(), nomination.user_id.clone());
    let becomes = move |state| Nomination { state, ..nomination };
    // An organization that nobody can run does not take part (R4).
    let stopped = first.then(|| Effect::SuspendOrganization {
        organization: organization.clone(),
        why: Suspension::NoAdministrator,
    });
    match (waiting, command) {
        (Some(keys), Command::Resend { link, code }) => {
            manage()?;
            if keys.codes >= MOST_CODES {
                return Err(Refusal::TooManyCodes);
            }
            let codes = keys.codes.saturating_add(1);
            let state = State::Nominated(Keys { link, code, made_at: now, failures: 0, codes });
            Ok(Outcome::new(becomes(state), Kind::NominationCodeIssued)
                .telling(nominee, made_anew(first, user_id, expires_at)))
        }
        // Nobody else could nominate them: their thirty days begin again.
        (None, Command::Resend { link, code })
            if first && !matches!(stored, State::Activated { .. }) =>
        {
            manage()?;
            let state = State::Nominated(Keys::new(link, code, now));
            let again = Nomination { nominated_at: now, ..becomes(state) };
            let news = made_anew(first, user_id, again.expires_at());
            Ok(Outcome::new(again, Kind::NominationCreated)
                .noted(Kind::NominationCodeIssued)
                .telling(nominee, news))
        }
        (Some(_), Command::Withdraw) => {
            manage()?;
            Ok(Outcome::new(becomes(State::Withdrawn { at: now }), Kind::NominationWithdrawn)
                .telling(nominee, News::NominationWithdrawn)
                .with_any(stopped))
        }
        (Some(_), Command::Dissolve) => {
            may(actor, Action::Dissolve, Target::Organization(&organization))?;
            Ok(Outcome::new(becomes(State::Withdrawn { at: now }), Kind::NominationWithdrawn)
                .telling(nominee, News::NominationWithdrawn))
        }
        (Some(keys), Command::Activate { presented, missing }) => {
            may(actor, Action::Activate, Target::Community)?;
            if !keys.fit(presented, now) {
                return Err(Refusal::Invalid);
            }
            if !missing.is_empty() {
                return Err(Refusal::Incomplete(missing));
            }
            Ok(activated(becomes(State::Activated { at: now })))
        }
        (None, Command::Activate { .. }) => Err(Refusal::Invalid),
        (None, Command::Expire) if matches!(stored, State::Nominated(_)) => {
            may(actor, Action::Expire, Target::Community)?;
            let news = News::NominationExpired { nomination: id };
            let (to, ticket) = if first {
                (nominee, Some(Effect::OpenTicket(TicketKind::PromoteAdmin)))
            } else {
                (Recipient::AdministratorsOf(organization.clone()), None)
            };
            Ok(Outcome::new(becomes(State::Expired), Kind::NominationExpired)
                .telling(to, news)
                .with_any(ticket)
                .with_any(stopped))
        }
        (Some(_), Command::Expire)
        | (
            None,
            Command::Dissolve | Command::Expire | Command::Resend { .. } | Command::Withdraw,
        ) => Err(Refusal::OutOfOrder),
    }
}

/// What the nominee hears of a new link and a new code: who has the code differs.
fn made_anew(first: bool, user_id: UserId, until: DateTime<Utc>) -> News {
    if first { News::FirstCodeMade { user_id, until } } else { News::Nominated { user_id, until } }
}

/// The first nomination counts as the person's consent to the affiliation (domain 4.3).
fn activated(nomination: Nomination) -> Outcome<Nomination> {
    let (person, affiliation) = (nomination.subscriber.clone(), nomination.affiliation.clone());
    let news = News::NomineeActivated { subscriber: person.clone() };
    let administrator = nomination.nominated_by.clone();
    let outcome = Outcome::new(nomination, Kind::NominationActivated)
        .noted(Kind::AffiliationAccepted)
        .telling(Recipient::Subscriber(person.clone()), News::Welcome)
        .with(Effect::ActivateAccount(person))
        .with(Effect::ActivateAffiliation(affiliation));
    match administrator {
        Some(administrator) => outcome.telling(Recipient::Subscriber(administrator), news),
        None => outcome,
    }
}
