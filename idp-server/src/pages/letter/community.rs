//! Mails about the community: what happened, to whom and until when, what to do next, and why the
//! reader gets it.

use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        news::{News, Recipient},
        told::{Link, Told},
    },
    ids::SubscriberId,
};

use super::{Block, Writer, fact, news, says};

impl Writer<'_> {
    /// Words a piece of news.
    pub(super) fn community(&self, told: &Told) -> (String, Vec<Block>) {
        let [subject, happened, next] = news::words(self.text, told);
        let mut blocks = vec![says(happened)];
        blocks.extend(self.shown(told));
        blocks.extend(self.facts(told));
        blocks.push(says(next));
        blocks.extend(self.link(told));
        blocks.push(says(self.why(&told.letter.to)));
        if matches!(told.letter.to, Recipient::AdministratorsOf(_) | Recipient::Subscriber(_)) {
            blocks.push(says(self.text.news.unexpected(self.head.support.phone)));
        }
        (subject.to_owned(), blocks)
    }

    /// What stands by itself under the first sentence, which ends with a colon.
    fn shown(&self, told: &Told) -> Option<Block> {
        let news = &told.letter.news;
        if let News::NotaryFormRefused { reason }
        | News::RegistrationRejected { reason }
        | News::TaxIdRefused { reason } = news
        {
            return Some(says(reason));
        }
        let shown =
            if let News::Nominated { user_id, .. } | News::FirstCodeMade { user_id, .. } = news {
                user_id.to_string()
            } else if let News::NotaryInstructions { reference, .. }
            | News::NotaryReminder { reference, .. } = news
            {
                reference.clone()
            } else if matches!(news, News::Welcome) {
                told.details.user_id.as_ref()?.to_string()
            } else {
                return None;
            };
        Some(Block::Code(shown))
    }

    fn facts(&self, told: &Told) -> Vec<Block> {
        let (words, details) = (&self.text.news, &told.details);
        let mut facts = Vec::new();
        let mut add = |label, value: Option<&str>| facts.extend(value.map(|it| fact(label, it)));
        add(words.fact_organization, details.organization.as_deref());
        if let News::RegistrationApproved { organization, .. } = &told.letter.news {
            add(words.fact_organization_id, Some(organization.as_str()));
            add(words.fact_user_id, details.user_id.as_ref().map(|id| id.as_str()));
        }
        add(words.fact_owner, details.owner.as_deref());
        add(self.about(&told.letter.news), details.about.as_deref());
        if let Recipient::Requester(ticket) = &told.letter.to {
            add(words.fact_reference, Some(ticket.as_str()));
        }
        if let Some((label, at)) = self.until(&told.letter.news) {
            add(label, Some(&self.date(at)));
        }
        if let News::NotaryInstructions { .. } | News::NotaryReminder { .. } = &told.letter.news {
            add(words.fact_send_to, Some(self.head.support.address));
        }
        add(words.fact_message, details.message.as_deref());
        facts
    }

    /// What is called by the name that the news is about.
    fn about(&self, news: &News) -> &'static str {
        if let News::SystemCreated { .. }
        | News::SystemEnded { .. }
        | News::SystemEndsSoon { .. }
        | News::SystemSetUp { .. } = news
        {
            self.text.news.fact_system
        } else {
            self.text.news.fact_person
        }
    }

    fn until(&self, news: &News) -> Option<(&'static str, DateTime<Utc>)> {
        let words = &self.text.news;
        if let News::DormancyAhead { dormant_at } = news {
            Some((words.fact_closes, *dormant_at))
        } else if let News::TaxIdAnswerDue { answer_due_at }
        | News::TaxIdClaimed { answer_due_at, .. } = news
        {
            Some((words.fact_answer_by, *answer_due_at))
        } else if let News::RegistrationApproved { until: Some(until), .. } = news {
            Some((words.fact_code_until, *until))
        } else if let News::FirstCodeMade { until, .. }
        | News::Nominated { until, .. }
        | News::NotaryInstructions { until, .. }
        | News::NotaryReminder { until, .. }
        | News::PeopleReviewDue { until }
        | News::RegistrationBegun { until }
        | News::SystemEndsSoon { until, .. }
        | News::TaxIdReserved { until } = news
        {
            Some((words.fact_until, *until))
        } else {
            None
        }
    }

    fn link(&self, told: &Told) -> Option<Block> {
        let words = &self.text.news;
        let (label, path) = match &told.link {
            Some(link @ Link::Activate { .. }) => (words.link_activate, link.path()),
            Some(link @ Link::Register { .. }) => (words.link_register, link.path()),
            Some(link @ Link::Ticket { .. }) => (words.link_ticket, link.path()),
            None => self.page(told)?,
        };
        Some(Block::Link { label, address: self.address(&path) })
    }

    /// The page on which whoever has an account goes on.
    fn page(&self, told: &Told) -> Option<(&'static str, String)> {
        let words = &self.text.news;
        let office = matches!(told.letter.to, Recipient::AdministratorsOf(_));
        let registers = matches!(told.letter.to, Recipient::Registrant(_));
        let at = |label, path: &str| Some((label, path.to_owned()));
        // A console is one organization's. Where the letter does not say which, its reader is asked.
        let of = |place: &str| match &told.letter.to {
            Recipient::AdministratorsOf(id) => format!("/organization/{id}{place}"),
            Recipient::Asker(_)
            | Recipient::Nominee(_)
            | Recipient::Registrant(_)
            | Recipient::Requester(_)
            | Recipient::Subscriber(_) => "/organization".to_owned(),
        };
        let person = |id: &SubscriberId| Some((words.link_person, of(&format!("/people/{id}"))));
        match &told.letter.news {
            News::AdministratorRemoved { .. } if !office => at(words.link_account, "/account"),
            // Whoever has no account yet has nowhere to go on.
            News::NominationExpired { .. } if !office => None,
            News::NotaryFormRefused { .. }
            | News::NotaryInstructions { .. }
            | News::NotaryReminder { .. }
            | News::TaxIdKept
                if registers =>
            {
                None
            }
            News::AccountReactivated
            | News::AccountResumed
            | News::AffiliationEnded { .. }
            | News::AffiliationResumed { .. }
            | News::AffiliationSuspended { .. }
            | News::CallerRefused
            | News::DormancyAhead { .. }
            | News::RightsChanged { .. }
            | News::TelephoneChanged
            | News::Welcome => at(words.link_account, "/account"),
            News::AffiliationProposed { .. }
            | News::DutiesDue
            | News::NotaryFormRefused { .. }
            | News::NotaryInstructions { .. }
            | News::NotaryReminder { .. }
            | News::PromotionOffered { .. } => at(words.link_offers, "/account/offers"),
            News::AdministratorAdded { subscriber }
            | News::AdministratorRemoved { subscriber }
            | News::AffiliationAccepted { subscriber }
            | News::NomineeActivated { subscriber }
            | News::PromotionOver { subscriber }
            | News::PromotionProposed { subscriber } => person(subscriber),
            News::AffiliationDeclined { .. }
            | News::OneAdministratorOnly
            | News::SubscriberGone { .. }
            | News::SubscriberLeft { .. } => at(words.link_people, &of("/people")),
            News::ContactShown
            | News::NominationCodeDied { .. }
            | News::NominationExpired { .. }
            | News::NominationWanted => at(words.link_nominations, &of("/nominations")),
            News::PasswordIsOld => at(words.link_password, "/account/password"),
            News::PeopleReviewDue { .. } => at(words.link_review, &of("/review")),
            News::AccessAskedFor { .. } => at(words.link_requests, &of("/requests")),
            News::SystemCreated { .. }
            | News::SystemEnded { .. }
            | News::SystemEndsSoon { .. }
            | News::SystemSetUp { .. } => at(words.link_systems, &of("/systems")),
            News::RepresentationBegun { .. }
            | News::RepresentationEnded { .. }
            | News::TaxIdAccepted
            | News::TaxIdAnswerDue { .. }
            | News::TaxIdAskedAbout { .. }
            | News::TaxIdAskedFor
            | News::TaxIdClaimWithdrawn
            | News::TaxIdClaimed { .. }
            | News::TaxIdKept
            | News::TaxIdRefused { .. }
            | News::TaxIdReleased => at(words.link_tax_ids, &of("/tax-ids")),
            News::OrganizationChanged => at(words.link_console, &of("/data")),
            News::OrganizationClosing | News::OrganizationStays => {
                at(words.link_console, &of("/data"))
            }
            News::OrganizationResumed
            | News::OrganizationSuspended
            | News::PartAdded
            | News::PleaseConfirm
            | News::RegistrationApproved { .. } => at(words.link_console, &of("")),
            News::TicketAnswered => at(words.link_desk, "/support"),
            News::AccessDeclined
            | News::AccountDormant
            | News::AccountEnded
            | News::AccountResumedDormant
            | News::AccountSuspended
            | News::FirstCodeMade { .. }
            | News::Nominated { .. }
            | News::NominationWithdrawn
            | News::OrganizationClosed
            | News::ReactivationBegun
            | News::RegistrationBegun { .. }
            | News::RegistrationInReview
            | News::RegistrationRejected { .. }
            | News::TaxIdReserved { .. }
            | News::TaxIdTakenMeanwhile
            | News::TicketAskedBack
            | News::TicketOpened
            | News::TicketResolved => None,
        }
    }

    fn why(&self, to: &Recipient) -> &'static str {
        let words = &self.text.news;
        match to {
            Recipient::AdministratorsOf(_) => words.why_administrator,
            Recipient::Asker(_) => words.why_asker,
            Recipient::Nominee(_) => words.why_nominee,
            Recipient::Registrant(_) => words.why_registrant,
            Recipient::Requester(_) => words.why_requester,
            Recipient::Subscriber(_) => words.why_subscriber,
        }
    }
}
