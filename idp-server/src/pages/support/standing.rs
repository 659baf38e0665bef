//! What is said of how a ticket's matter stands.

use chrono::{DateTime, Utc};
use idp_core::community::ticket::{Decision, Standing, Waits};

use crate::pages::Messages;

impl Messages {
    /// How what a ticket is about stands, and since or until when; `None`: the answer in the ticket
    /// is all there is.
    #[must_use]
    pub fn ticket_standing(
        &'static self,
        standing: Standing,
    ) -> Option<(&'static str, Option<DateTime<Utc>>)> {
        let text = self;
        let words = &text.ticket_standing;
        Some(match standing {
            Standing::ByAnswer => return None,
            Standing::Decided(decision, at) => {
                let sentence = match decision {
                    Decision::AdministratorThere => words.administrator_there,
                    Decision::FormSettled => words.form_settled,
                    Decision::Gone => words.gone,
                    Decision::NumberAgreed => words.number_agreed,
                    Decision::NumberKept => words.number_kept,
                    Decision::PromotionApproved => words.promotion_approved,
                    Decision::PromotionDone => words.promotion_done,
                    Decision::PromotionOver => words.promotion_over,
                };
                (sentence, at)
            }
            Standing::Open(waits) => match waits {
                Waits::ForAdministrator => (words.for_administrator, None),
                Waits::ForApproval => (words.for_approval, None),
                Waits::ForForm => (words.for_form, None),
                Waits::ForOwner { until } => (words.for_owner, Some(until)),
                Waits::ForRelease => (words.for_release, None),
                Waits::ForSupport => (words.for_support, None),
                Waits::ForSupportWithoutAnswer => (words.for_support_without_answer, None),
            },
        })
    }
}
