//! The tickets: the queue, and one of them.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::ticket::TicketKind;

use super::SupportNav;
use crate::pages::{FieldKind, FieldView, Frame, Messages, SaidView};

/// The queue, the oldest first.
#[derive(Debug, Template)]
#[template(path = "support_tickets.html")]
pub struct TicketsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: SupportNav,
    /// What is filtered by.
    pub fields: Vec<FieldView<'a>>,
    pub tickets: Vec<TicketLine<'a>>,
    /// The address of the next page, if there may be one.
    pub next: Option<String>,
}

/// A ticket in a list.
#[derive(Clone, Debug)]
pub struct TicketLine<'a> {
    pub id: &'a str,
    pub kind: TicketKind,
    pub state: &'a str,
    pub opened_at: DateTime<Utc>,
    /// Who works on it.
    pub assignee: Option<&'a str>,
    /// Whether the owner of a number that it is about let the time for an answer go by.
    pub overdue: bool,
}

impl TicketLine<'_> {
    fn kind(&self, frame: &Frame<'_>) -> &'static str {
        frame.text.ticket_kind(self.kind)
    }

    fn state(&self, frame: &Frame<'_>) -> &'static str {
        frame.text.ticket_state(self.state)
    }
}

/// Who asks, as the desk is shown them.
#[derive(Clone, Debug)]
pub enum RequesterView<'a> {
    /// Hilum itself.
    Hilum,
    /// Somebody who signed in: name and address of their page.
    Person(&'a str, String),
    /// Somebody who left this address.
    Visitor(&'a str),
}

/// A ticket with all that can be done with it.
#[derive(Debug, Template)]
#[template(path = "support_ticket.html")]
pub struct TicketPage<'a> {
    pub frame: Frame<'a>,
    pub nav: SupportNav,
    pub form_token: &'a str,
    pub line: TicketLine<'a>,
    pub requester: RequesterView<'a>,
    /// The organization that it is about: name and address of its page.
    pub organization: Option<(&'a str, String)>,
    /// The address of what it refers to.
    pub regarding: Option<String>,
    /// How what it is about stands, and since or until when.
    pub standing: Option<(&'static str, Option<DateTime<Utc>>)>,
    /// The address at which somebody is proposed as an Administrator, where the ticket asks for it.
    pub propose: Option<String>,
    /// What was filled in: field and value.
    pub details: Vec<(&'a str, &'a str)>,
    pub said: Vec<SaidView<'a>>,
    pub deeds: Deeds<'a>,
    /// What was wrong with the last form.
    pub fields: Vec<FieldView<'a>>,
    pub problem: Option<TicketProblem<'a>>,
}

/// What can be done with a ticket now.
#[derive(Clone, Debug, Default)]
pub struct Deeds<'a> {
    /// Why nothing can be: it is one's own.
    pub own: bool,
    pub take: bool,
    pub ask_back: bool,
    /// Whether it is one's to resolve.
    pub mine: bool,
    /// Whether it can be resolved: what it is about is decided.
    pub resolve: bool,
    /// Whether what is asked for can be turned down.
    pub turn_down: bool,
    /// Colleagues to whom it can be given: identifier and name.
    pub hand_over: Vec<(&'a str, &'a str)>,
}

/// Why nothing happened.
#[derive(Clone, Debug)]
pub enum TicketProblem<'a> {
    /// What is wrong with what was typed.
    Typed(&'a str),
    /// The rules say no.
    Refused(&'static str),
}

impl TicketPage<'_> {
    fn problem(&self) -> Option<&str> {
        match self.problem.as_ref()? {
            TicketProblem::Typed(why) => Some(why),
            TicketProblem::Refused(why) => Some(why),
        }
    }

    fn detail(&self, field: &str) -> &'static str {
        detail(self.frame.text, field)
    }
}

/// What a field of a public form is called.
fn detail(text: &'static Messages, field: &str) -> &'static str {
    let words = &text.ask;
    match field {
        "email" => words.detail_email,
        "name" => words.detail_name,
        "new_name" => text.organization_data.new_name,
        "new_npi" => text.organization_data.new_npi,
        "new_phone" => text.organization_data.new_phone,
        "organization_address" => words.organization_address,
        "organization_name" => words.organization_name,
        "person_name" => words.person_name,
        "phone" => words.phone,
        "user_id" => words.user_id,
        "work_email" => words.work_email,
        "work_phone" => words.work_phone,
        _ => words.other,
    }
}

impl Messages {
    /// What a kind of ticket is called.
    #[must_use]
    pub fn ticket_kind(&'static self, kind: TicketKind) -> &'static str {
        let words = &self.ticket;
        match kind {
            TicketKind::AccountHelp => words.kind_account_help,
            TicketKind::Contact => words.kind_contact,
            TicketKind::FindOrganization => words.kind_find_organization,
            TicketKind::Notary => words.kind_notary,
            TicketKind::PromoteAdmin => words.kind_promote_admin,
            TicketKind::TaxIdDispute => words.kind_tax_id_dispute,
            TicketKind::TaxIdRelease => words.kind_tax_id_release,
        }
    }

    /// What is said of how far a ticket is.
    #[must_use]
    pub fn ticket_state(&'static self, code: &str) -> &'static str {
        let words = &self.ticket;
        match code {
            "assigned" => words.state_assigned,
            "closed" => words.state_closed,
            "new" => words.state_new,
            "resolved" => words.state_resolved,
            "waiting" => words.state_waiting,
            _ => words.state_open,
        }
    }
}
