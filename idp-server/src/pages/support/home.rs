//! Where the support desk begins.

use askama::Template;

use super::SupportNav;
use crate::pages::Frame;

/// What waits.
#[derive(Debug, Template)]
#[template(path = "support_home.html")]
pub struct SupportHomePage<'a> {
    pub frame: Frame<'a>,
    pub nav: SupportNav,
    pub queues: Vec<QueueView>,
}

/// One of the desk's queues.
#[derive(Clone, Copy, Debug)]
pub struct QueueView {
    pub id: &'static str,
    pub address: &'static str,
    /// How much waits: a hundred stands for more.
    pub waiting: usize,
}

impl QueueView {
    fn label(&self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.support;
        match self.id {
            "closings" => words.queue_closings,
            "new-tickets" => words.queue_new_tickets,
            "notary" => words.queue_notary,
            "promotions" => words.queue_promotions,
            "registrations" => words.queue_registrations,
            "tax-ids" => words.queue_tax_ids,
            _ => words.queue_tickets,
        }
    }

    /// The count as people read it.
    fn many(&self) -> String {
        if self.waiting >= 100 { "100+".to_owned() } else { self.waiting.to_string() }
    }
}
