//! What the support desk is asked for (R2, R23, R46; domain 4.10).
//!
//! ```text
//!   New ─take─► Assigned ◄─answer── Waiting
//!                │  │  └──ask back─────►
//!                │  └─────resolve─► Resolved ─14 days─► Closed
//!                └◄───reopen─────────┘
//! ```
//!
//! A ticket decides nothing: a number, a promotion, a registration are decided where their rules
//! are, with the two persons that these ask for. So such a ticket is only resolved once that is
//! done ([`Standing`]). Nobody works on a ticket of their own.

mod standing;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

pub use standing::{Decision, Matter, Standing, Waits};

use super::{
    actor::Actor,
    field::{self, LONGEST_NOTE, LineError},
    news::{News, Recipient},
    outcome::Outcome,
    permission::{Action, Denied, Target, may},
    subscriber::EmailAddress,
};
use crate::{
    audit::Kind,
    ids::{
        InvalidId, OrganizationId, PromotionId, RegistrationId, SubscriberId, TaxIdId, TicketId,
    },
};

/// How long somebody can say that a ticket was not resolved.
pub const CLOSES_AFTER: TimeDelta = TimeDelta::days(14);

/// Something that the support desk is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Which.
    pub id: TicketId,
    /// What it is about.
    pub kind: TicketKind,
    /// Who asks.
    pub requester: Requester,
    /// About which organization, where it is about one.
    pub organization: Option<OrganizationId>,
    /// How far it is.
    pub state: State,
}

/// What a ticket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TicketKind {
    /// Somebody cannot get into an account.
    AccountHelp,
    /// Anything else.
    Contact,
    /// Somebody asks whether an organization is registered, or who its Administrators are (R23).
    FindOrganization,
    /// A notary's form has come or is to be decided on (R36).
    Notary,
    /// An organization's Administrator is gone (R46–R48).
    PromoteAdmin,
    /// Two organizations say that a number is theirs.
    TaxIdDispute,
    /// A number is to be released (R49).
    TaxIdRelease,
}

impl TicketKind {
    /// Every kind there is.
    pub const ALL: [Self; 7] = [
        Self::AccountHelp,
        Self::Contact,
        Self::FindOrganization,
        Self::Notary,
        Self::PromoteAdmin,
        Self::TaxIdDispute,
        Self::TaxIdRelease,
    ];

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccountHelp => "account-help",
            Self::Contact => "contact",
            Self::FindOrganization => "find-organization",
            Self::Notary => "notary",
            Self::PromoteAdmin => "promote-admin",
            Self::TaxIdDispute => "tax-id-dispute",
            Self::TaxIdRelease => "tax-id-release",
        }
    }
}

/// What a ticket refers to: where the thing is decided that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Regarding {
    /// A person.
    Person(SubscriberId),
    /// Somebody who is to become an Administrator.
    Promotion(PromotionId),
    /// An organization that registers.
    Registration(RegistrationId),
    /// A number.
    TaxId(TaxIdId),
}

impl Regarding {
    /// Its identifier, whose prefix says what it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Person(id) => id.as_str(),
            Self::Promotion(id) => id.as_str(),
            Self::Registration(id) => id.as_str(),
            Self::TaxId(id) => id.as_str(),
        }
    }
}

impl TryFrom<String> for Regarding {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let person = text.parse().map(Self::Person);
        person
            .or_else(|_| text.parse().map(Self::Promotion))
            .or_else(|_| text.parse().map(Self::Registration))
            .or_else(|_| text.parse().map(Self::TaxId))
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requester {
    /// Hilum itself, where something needs people.
    Hilum,
    /// Somebody who signed in.
    Subscriber(SubscriberId),
    /// Somebody who left an address.
    Visitor(EmailAddress),
}

/// How far a ticket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody at the support desk works on it.
    Assigned(SubscriberId),
    /// It is over.
    Closed,
    /// Nobody does.
    New,
    /// It is done, or refused; who asked can still say otherwise.
    Resolved {
        /// By whom.
        by: SubscriberId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Who asked was asked back.
    Waiting(SubscriberId),
}

impl State {
    /// Every code there is, in the order in which a ticket comes by them.
    pub const CODES: [&str; 5] = ["new", "assigned", "waiting", "resolved", "closed"];

    /// Its code, in rows and filters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Assigned(_) => "assigned",
            Self::Closed => "closed",
            Self::New => "new",
            Self::Resolved { .. } => "resolved",
            Self::Waiting(_) => "waiting",
        }
    }
}

/// What is said in a ticket: one line of at most 500 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn read(text: &str) -> Result<Self, LineError> {
        field::line(text, LONGEST_NOTE).map(Self)
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Answer what was asked back, as who asked.
    Answer(Message),
    /// Ask back.
    AskBack(Message),
    /// Note that nobody said otherwise.
    Close,
    /// Give it to somebody else at the support desk.
    HandOver(SubscriberId),
    /// Say that it is not resolved, as who asked.
    Reopen(Message),
    /// Say that it is done, or refused: what it is about stands so.
    Resolve(Message, Standing),
    /// Work on it.
    Take,
    /// Say that nobody is proposed as an Administrator, where that is all that is asked for.
    TurnDown(Message, Standing),
}

impl Command {
    /// What somebody has to be allowed.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            // A visitor answers behind the link of a mail; who signed in, only to their own.
            Self::Answer(_) | Self::Reopen(_) => Action::AnswerTicket,
            Self::AskBack(_)
            | Self::HandOver(_)
            | Self::Resolve(..)
            | Self::Take
            | Self::TurnDown(..) => Action::WorkOnTicket,
            Self::Close => Action::Expire,
        }
    }
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It is to go to somebody who does not work at the support desk.
    #[error("nobody of this identifier works at the support desk")]
    NobodyThere,
    /// What it is about is not decided.
    #[error("decide what this ticket is about first")]
    NotDecided,
    /// It is somebody else's to work on.
    #[error("somebody else works on this ticket: take it over first")]
    NotYours,
    /// It is not so far, or over.
    #[error("this cannot be done to a ticket that stands like this")]
    OutOfOrder,
    /// Nobody works on their own.
    #[error("somebody else has to work on a ticket of your own")]
    OwnTicket,
}

/// A ticket is opened.
///
/// # Errors
/// [`Denied`].
pub fn open(ticket: Ticket, actor: &Actor) -> Result<Outcome<Ticket>, Denied> {
    may(actor, Action::OpenTicket, Target::Community)?;
    let requester = Recipient::Requester(ticket.id.clone());
    let told = ticket.requester != Requester::Hilum;
    let outcome = Outcome::new(Ticket { state: State::New, ..ticket }, Kind::TicketOpened);
    Ok(if told { outcome.telling(requester, News::TicketOpened) } else { outcome })
}

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    ticket: Ticket,
    command: Command,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Ticket>, Refusal> {
    permitted(&ticket, &command, actor)?;
    let me = actor.person().cloned();
    let requester = Recipient::Requester(ticket.id.clone());
    let stored = ticket.state.clone();
    let becomes = move |state| Ticket { state, ..ticket };
    // What only who works on it does.
    let mine =
        |to: &SubscriberId| if me.as_ref() == Some(to) { Ok(()) } else { Err(Refusal::NotYours) };
    match (stored, command) {
        (State::New | State::Assigned(_) | State::Waiting(_), Command::Take) => {
            let by = me.ok_or(Refusal::OutOfOrder)?;
            Ok(Outcome::new(becomes(State::Assigned(by)), Kind::TicketAssigned))
        }
        (State::Assigned(by) | State::Waiting(by), Command::HandOver(to)) => {
            mine(&by)?;
            Ok(Outcome::new(becomes(State::Assigned(to)), Kind::TicketAssigned))
        }
        (State::Assigned(by), Command::AskBack(_)) => {
            mine(&by)?;
            Ok(Outcome::new(becomes(State::Waiting(by)), Kind::TicketAnswered)
                .telling(requester, News::TicketAskedBack))
        }
        (State::Waiting(by), Command::Answer(_)) => {
            let to = Recipient::Subscriber(by.clone());
            Ok(Outcome::new(becomes(State::Assigned(by)), Kind::TicketAnswered)
                .telling(to, News::TicketAnswered))
        }
        (State::Assigned(by) | State::Waiting(by), Command::Resolve(_, standing)) => {
            mine(&by)?;
            if !standing.is_settled() {
                return Err(Refusal::NotDecided);
            }
            Ok(resolved(becomes(State::Resolved { by, at: now })))
        }
        (State::Assigned(by) | State::Waiting(by), Command::TurnDown(_, standing)) => {
            mine(&by)?;
            if !standing.can_be_turned_down() {
                return Err(Refusal::NotDecided);
            }
            Ok(resolved(becomes(State::Resolved { by, at: now })))
        }
        (State::Resolved { by, at }, Command::Reopen(_)) if now < at + CLOSES_AFTER => {
            let to = Recipient::Subscriber(by.clone());
            Ok(Outcome::new(becomes(State::Assigned(by)), Kind::TicketReopened)
                .telling(to, News::TicketAnswered))
        }
        (State::Resolved { at, .. }, Command::Close) if at + CLOSES_AFTER <= now => {
            Ok(Outcome::new(becomes(State::Closed), Kind::TicketClosed))
        }
        _ => Err(Refusal::OutOfOrder),
    }
}

fn resolved(ticket: Ticket) -> Outcome<Ticket> {
    let requester = Recipient::Requester(ticket.id.clone());
    Outcome::new(ticket, Kind::TicketResolved).telling(requester, News::TicketResolved)
}

fn permitted(ticket: &Ticket, command: &Command, actor: &Actor) -> Result<(), Refusal> {
    let action = command.action();
    may(actor, action, Target::Community)?;
    let theirs = match &ticket.requester {
        Requester::Subscriber(requester) => actor.person() == Some(requester),
        Requester::Hilum | Requester::Visitor(_) => actor.person().is_none(),
    };
    match command {
        Command::Answer(_) | Command::Reopen(_) if !theirs => Err(Denied::NotFound.into()),
        Command::AskBack(_)
        | Command::HandOver(_)
        | Command::Resolve(..)
        | Command::Take
        | Command::TurnDown(..)
            if theirs =>
        {
            Err(Refusal::OwnTicket)
        }
        Command::HandOver(to) if ticket.requester == Requester::Subscriber(to.clone()) => {
            Err(Refusal::OwnTicket)
        }
        Command::Answer(_)
        | Command::AskBack(_)
        | Command::Close
        | Command::HandOver(_)
        | Command::Reopen(_)
        | Command::Resolve(..)
        | Command::Take
        | Command::TurnDown(..) => Ok(()),
    }
}
