//! What the support desk is asked for, from the first word to the last.

mod standing;

use std::collections::BTreeMap;

use idp_core::{
    authentication::mailed_code::LinkKey,
    community::{
        news::Recipient,
        outcome::Letter,
        permission::{Action, Denied},
        ticket::{
            self, Command, Message, Refusal, Regarding, Requester, State, Ticket, TicketKind,
        },
        told::Link,
    },
    ids::{OrganizationId, SubscriberId, TicketId},
};
use serde_json::json;

pub use self::standing::standing;
use super::{About, Office};
use crate::{
    mail::{Extras, Reader},
    store::{AnyConn, StoreError, staff, subscriber, ticket as store, ticket::Kept},
};

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// What it is about.
    pub kind: TicketKind,
    /// Who asks.
    pub requester: Requester,
    /// About which organization.
    pub organization: Option<OrganizationId>,
    /// What it refers to.
    pub regarding: Option<Regarding>,
    /// What was filled in, by field.
    pub details: BTreeMap<String, String>,
    /// What was said.
    pub message: Option<Message>,
    /// The language of the page (BCP 47).
    pub language: Option<String>,
}

/// What somebody does with a ticket.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Answers what was asked back, as who asked.
    Answer(Message),
    /// Asks back.
    AskBack(Message),
    /// Gives it to somebody else at the support desk.
    HandOver(SubscriberId),
    /// Says that it is not resolved, as who asked.
    Reopen(Message),
    /// Says that it is done, or refused; where something else is decided first, it was.
    Resolve(Message),
    /// Works on it.
    Take,
    /// Says that nobody is proposed as an Administrator.
    TurnDown(Message),
}

impl Deed {
    const fn message(&self) -> Option<&Message> {
        match self {
            Self::Answer(text)
            | Self::AskBack(text)
            | Self::Reopen(text)
            | Self::Resolve(text)
            | Self::TurnDown(text) => Some(text),
            Self::HandOver(_) | Self::Take => None,
        }
    }

    /// What somebody has to be allowed for it.
    const fn action(&self) -> Action {
        match self {
            // A visitor answers behind the link of a mail; who signed in, only to their own.
            Self::Answer(_) | Self::Reopen(_) => Action::AnswerTicket,
            Self::AskBack(_)
            | Self::HandOver(_)
            | Self::Resolve(_)
            | Self::Take
            | Self::TurnDown(_) => Action::WorkOnTicket,
        }
    }

    /// What that asks of the rules: how the ticket's matter stands is looked up now.
    fn command(
        &self,
        conn: &mut AnyConn,
        office: &Office,
        kept: &Kept,
    ) -> Result<Command, StoreError> {
        Ok(match self.clone() {
            Self::Answer(text) => Command::Answer(text),
            Self::AskBack(text) => Command::AskBack(text),
            Self::HandOver(to) => Command::HandOver(to),
            Self::Reopen(text) => Command::Reopen(text),
            Self::Resolve(text) => Command::Resolve(text, standing(conn, office, kept)?),
            Self::Take => Command::Take,
            Self::TurnDown(text) => Command::TurnDown(text, standing(conn, office, kept)?),
        })
    }
}

/// Somebody asks for something. Ring [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`].
pub fn open(
    conn: &mut AnyConn,
    office: &Office,
    new: &NewTicket,
) -> Result<Result<TicketId, Denied>, StoreError> {
    let id = TicketId::from_random(office.random.bytes());
    let ticket = Ticket {
        id: id.clone(),
        kind: new.kind,
        requester: new.requester.clone(),
        organization: new.organization.clone(),
        state: State::New,
    };
    let outcome = match ticket::open(ticket, &office.actor) {
        Ok(outcome) => outcome,
        Err(denied) => {
            office.refused(conn, Action::OpenTicket, denied)?;
            return Ok(Err(denied));
        }
    };
    let kept = Kept {
        ticket: outcome.state.clone(),
        regarding: new.regarding.clone(),
        details: new.details.clone(),
        language: new.language.clone(),
        opened_at: office.now,
    };
    let link = (!outcome.letters.is_empty()).then(|| office.post.draw_link_key());
    store::insert(conn, &kept, new.message.as_ref(), link.as_ref())?;
    office.carry_out(conn, outcome, &about(&kept, None, link))?;
    Ok(Ok(id))
}

/// A transition needs people: the ticket refers to what it was about ([`idp_core::community::outcome::Effect::OpenTicket`]).
///
/// # Errors
/// [`StoreError`].
pub(super) fn open_for(
    conn: &mut AnyConn,
    office: &Office,
    kind: TicketKind,
    about: &About,
) -> Result<(), StoreError> {
    // Who is nominated has an identifier and no account yet: there is nothing to look at.
    let person = match &about.subject {
        Some(id) => subscriber::find(conn, id)?.map(|person| Regarding::Person(person.id)),
        None => None,
    };
    let new = NewTicket {
        kind,
        requester: Requester::Hilum,
        organization: about.organization.clone(),
        regarding: about.regarding.clone().or(person),
        details: BTreeMap::new(),
        message: None,
        language: None,
    };
    // Whoever may do what needs the ticket may open it; a refusal stands in the audit record.
    open(conn, office, &new).map(drop)
}

/// Somebody does something with a ticket. What belongs to somebody else is not found. Ring
/// [`crate::app::App::outbox`] after the commit.
///
/// # Errors
/// [`StoreError`].
pub fn act(
    conn: &mut AnyConn,
    office: &Office,
    id: &TicketId,
    deed: &Deed,
) -> Result<Result<Ticket, Refusal>, StoreError> {
    let command = |conn: &mut AnyConn, kept: &Kept| deed.command(conn, office, kept);
    decide(conn, office, (id, deed.action()), command, deed.message())
}

/// Closes a ticket if nobody said anything against it for long enough; `false`: not yet, or not any
/// more.
///
/// # Errors
/// [`StoreError`].
pub fn close_due(conn: &mut AnyConn, office: &Office, id: &TicketId) -> Result<bool, StoreError> {
    let close = |_: &mut AnyConn, _: &Kept| Ok(Command::Close);
    Ok(decide(conn, office, (id, Action::Expire), close, None)?.is_ok())
}

fn decide(
    conn: &mut AnyConn,
    office: &Office,
    (id, action): (&TicketId, Action),
    command: impl FnOnce(&mut AnyConn, &Kept) -> Result<Command, StoreError>,
    message: Option<&Message>,
) -> Result<Result<Ticket, Refusal>, StoreError> {
    let Some(kept) = store::load_for_update(conn, id)? else {
        office.refused(conn, action, Denied::NotFound)?;
        return Ok(Err(Denied::NotFound.into()));
    };
    let command = command(conn, &kept)?;
    if let Command::HandOver(to) = &command
        && staff::rank(conn, to)?.is_none()
    {
        return Ok(Err(Refusal::NobodyThere));
    }
    let outcome = match ticket::decide(kept.ticket.clone(), command, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            if let Refusal::Denied(denied) = refusal {
                office.refused(conn, action, denied)?;
            }
            return Ok(Err(refusal));
        }
    };
    let tells = |letter: &Letter| matches!(letter.to, Recipient::Requester(_));
    let link = outcome.letters.iter().any(tells).then(|| office.post.draw_link_key());
    store::set_state(conn, id, &outcome.state.state, link.as_ref(), office.now)?;
    if let Some(message) = message {
        let at_the_desk = !is_requester(&kept.ticket, office);
        let author = office.actor.person().filter(|_| at_the_desk);
        store::say(conn, id, author, message, office.now)?;
    }
    let now = Kept { ticket: outcome.state.clone(), ..kept };
    let done = office.carry_out(conn, outcome, &about(&now, message, link))?;
    Ok(Ok(done.state))
}

fn is_requester(ticket: &Ticket, office: &Office) -> bool {
    match &ticket.requester {
        Requester::Subscriber(id) => office.actor.person() == Some(id),
        Requester::Hilum | Requester::Visitor(_) => office.actor.person().is_none(),
    }
}

/// What a ticket's event and mail are about. The record has no word of anybody; the mail has what
/// was said, and the way to answer it.
fn about(kept: &Kept, message: Option<&Message>, key: Option<LinkKey>) -> About {
    let ticket = &kept.ticket;
    let person = match (&kept.regarding, &ticket.requester) {
        (Some(Regarding::Person(id)), _) | (_, Requester::Subscriber(id)) => Some(id.clone()),
        _ => None,
    };
    let reader = match &ticket.requester {
        Requester::Hilum => None,
        Requester::Subscriber(id) => Some(Reader::Person(id.clone())),
        Requester::Visitor(address) => Some(Reader::Mailbox {
            address: address.clone(),
            name: kept.details.get("name").or_else(|| kept.details.get("person_name")).cloned(),
            language: kept.language.clone(),
        }),
    };
    About {
        organization: ticket.organization.clone(),
        subject: person,
        after: Some(json!({
            "ticket": ticket.id.as_str(),
            "kind": ticket.kind.code(),
            "state": ticket.state.code(),
        })),
        mail: Extras {
            reader,
            message: message.map(|message| message.as_str().to_owned()),
            link: key.map(|key| Link::Ticket { ticket: ticket.id.clone(), key }),
            ..Extras::default()
        },
        ..About::default()
    }
}
