//! A ticket, as who asked sees it behind the link of a mail.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::pages::{FieldKind, FieldView, FormProblem, Frame};

/// Something that was said in a ticket.
#[derive(Clone, Debug)]
pub struct SaidView<'a> {
    /// Whether who asked said it.
    pub asker: bool,
    /// Who at the support desk said it, for their colleagues only.
    pub author: Option<&'a str>,
    pub at: DateTime<Utc>,
    pub text: &'a str,
}

/// What was said, and the form for an answer where one is wanted.
#[derive(Debug, Template)]
#[template(path = "requester_ticket.html")]
pub struct RequesterTicketPage<'a> {
    pub frame: Frame<'a>,
    pub form_token: &'a str,
    /// Where an answer goes: identifier and key.
    pub link: &'a str,
    pub said: Vec<SaidView<'a>>,
    /// The field for the answer: empty unless somebody asked back, or it was just resolved.
    pub fields: Vec<FieldView<'a>>,
    /// Whether the answer says that it is not resolved.
    pub reopens: bool,
    /// Whether an answer was just sent.
    pub done: bool,
    pub problem: Option<FormProblem>,
}
