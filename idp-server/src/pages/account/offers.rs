//! Organizations that ask the person to act for them.

use askama::Template;

use super::{AccountNav, Invitation};
use crate::pages::{Frame, wording};

/// Posts `form_token`, and `code` or `npi` where they are due, to
/// `/account/offers/{id}/{accept,decline}`.
#[derive(Debug, Template)]
#[template(path = "account_offers.html")]
pub struct OffersPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    pub offers: Vec<ReceivedOffer<'a>>,
    /// Promotions that wait for the person.
    pub promotions: Vec<Invitation>,
    pub done: Option<OfferDone>,
    /// What is to be shown before an offer can be accepted.
    pub due: Option<OfferDue>,
}

/// An offer.
#[derive(Clone, Debug)]
pub struct ReceivedOffer<'a> {
    pub id: &'a str,
    pub organization: &'a str,
    /// Role codes.
    pub roles: Vec<&'a str>,
    /// The code.
    pub access_level: &'a str,
}

/// What was just answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferDone {
    Accepted,
    Declined,
    /// It was not open any more.
    Over,
}

/// What is due, and for which offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferDue {
    pub offer: String,
    pub what: DueProof,
}

/// What is to be shown; `wrong`: what was typed is not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueProof {
    /// The mailbox: a code has been mailed.
    Mailbox { wrong: bool },
    /// The person's number, which the role needs.
    Npi { wrong: bool },
}

impl OffersPage<'_> {
    fn done_text(&self) -> Option<&'static str> {
        let words = &self.frame.text.offers;
        self.done.map(|done| match done {
            OfferDone::Accepted => words.accepted,
            OfferDone::Declined => words.declined,
            OfferDone::Over => words.over,
        })
    }

    fn due_text(&self) -> Option<&'static str> {
        let words = &self.frame.text.offers;
        self.due.as_ref().map(|due| match due.what {
            DueProof::Mailbox { wrong: false } => words.mailbox_due,
            DueProof::Mailbox { wrong: true } => words.code_wrong,
            DueProof::Npi { wrong: false } => words.npi_due,
            DueProof::Npi { wrong: true } => words.npi_wrong,
        })
    }

    fn asks(&self, offer: &ReceivedOffer<'_>) -> Option<DueProof> {
        self.due.as_ref().filter(|due| due.offer == offer.id).map(|due| due.what)
    }
}

impl ReceivedOffer<'_> {
    fn role_names(&self, frame: &Frame<'_>) -> Vec<&str> {
        wording::roles(frame.text, &self.roles)
    }

    fn level(&self, frame: &Frame<'_>) -> &str {
        wording::explained(frame.text, self.access_level)
    }
}
