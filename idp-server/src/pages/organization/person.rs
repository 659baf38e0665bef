//! One person of an organization, and what its Administrator can do about them.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::end_access::Receipts;

use super::{OrganizationNav, PersonStanding, RightsFields, Typed};
use crate::pages::{Frame, Messages, wording};

/// It has no form: each deed has a page of its own, which says what it does.
#[derive(Debug, Template)]
#[template(path = "organization_person.html")]
pub struct PersonPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub id: &'a str,
    pub name: &'a str,
    pub user_id: &'a str,
    pub email: Option<&'a str>,
    pub npi: Option<&'a str>,
    pub standing: PersonStanding,
    pub administrator: bool,
    /// Role codes.
    pub roles: Vec<&'a str>,
    pub role_details: Vec<&'a str>,
    /// The code.
    pub access_level: &'a str,
    /// As they may be shown.
    pub tax_ids: Vec<String>,
    pub since: String,
    pub last_sign_in_at: Option<DateTime<Utc>>,
    pub has_factor: bool,
    /// That they become an Administrator, while it goes on.
    pub promotion: Option<RunningPromotion>,
    /// What can be done; nothing about oneself.
    pub deeds: Vec<PersonDeed>,
    /// What was just done.
    pub done: Option<PersonDeed>,
}

/// How far somebody is who is to become an Administrator.
#[derive(Clone, Copy, Debug)]
pub struct RunningPromotion {
    /// The code of the stage.
    pub stage: &'static str,
    /// Until when it waits for the next step.
    pub until: DateTime<Utc>,
}

/// What an Administrator can do about somebody. Each is a page of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonDeed {
    Code,
    Deactivate,
    Demote,
    Email,
    LostFactor,
    Promote,
    Remove,
    Resume,
    Rights,
    Suspend,
    Unlock,
    WithdrawPromotion,
}

impl PersonDeed {
    pub const ALL: [Self; 12] = [
        Self::Rights,
        Self::Promote,
        Self::WithdrawPromotion,
        Self::Code,
        Self::Unlock,
        Self::Email,
        Self::LostFactor,
        Self::Resume,
        Self::Suspend,
        Self::Demote,
        Self::Remove,
        Self::Deactivate,
    ];

    /// The end of the address of its page.
    pub const fn place(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Deactivate => "deactivate",
            Self::Demote => "demote",
            Self::Email => "email",
            Self::LostFactor => "lost-factor",
            Self::Promote => "promote",
            Self::Remove => "remove",
            Self::Resume => "resume",
            Self::Rights => "rights",
            Self::Suspend => "suspend",
            Self::Unlock => "unlock",
            Self::WithdrawPromotion => "withdraw-promotion",
        }
    }

    /// What it is called, what it does, and what is said once it is done.
    pub(super) const fn words(
        self,
        text: &'static Messages,
    ) -> (&'static str, &'static str, &'static str) {
        let words = &text.manage;
        match self {
            Self::Code => (words.code, words.code_does, words.code_done),
            Self::Deactivate => (words.deactivate, words.deactivate_does, words.deactivate_done),
            Self::Demote => (words.demote, words.demote_does, words.demote_done),
            Self::Email => (words.email, words.email_does, words.email_done),
            Self::LostFactor => (words.lost_factor, words.lost_factor_does, words.lost_factor_done),
            Self::Promote => (words.promote, words.promote_does, words.promote_done),
            Self::Remove => (words.remove, words.remove_does, words.remove_done),
            Self::Resume => (words.resume, words.resume_does, words.resume_done),
            Self::Rights => (words.rights, words.rights_does, words.rights_done),
            Self::Suspend => (words.suspend, words.suspend_does, words.suspend_done),
            Self::Unlock => (words.unlock, words.unlock_does, words.unlock_done),
            Self::WithdrawPromotion => {
                let (does, done) = (words.withdraw_promotion_does, words.withdraw_promotion_done);
                (words.withdraw_promotion, does, done)
            }
        }
    }

    /// Whether it asks how the Administrator made sure who asks.
    pub const fn asks_for_check(self) -> bool {
        matches!(self, Self::Code | Self::Email | Self::LostFactor | Self::Unlock)
    }

    /// Whether it leads into somebody's account, or lets them decide about others: then whoever does it
    /// has signed in of late (security 19.5).
    pub const fn asks_for_a_late_sign_in(self) -> bool {
        self.asks_for_check() || matches!(self, Self::Promote)
    }

    /// Whether a reason may be given; a promotion has none to give.
    pub(super) const fn takes_reason(self) -> bool {
        !matches!(self, Self::Promote | Self::WithdrawPromotion)
    }
}

/// Posts `reason`, `checked` or `email`, as the deed asks, and `form_token`.
#[derive(Debug, Template)]
#[template(path = "organization_deed.html")]
pub struct DeedPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub id: &'a str,
    pub name: &'a str,
    pub deed: PersonDeed,
    pub typed: &'a Typed,
}

/// Posts the fields of [`RightsFields`] and `form_token`.
#[derive(Debug, Template)]
#[template(path = "organization_person_rights.html")]
pub struct PersonRightsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub id: &'a str,
    pub name: &'a str,
    pub typed: &'a Typed,
    /// Whether no NPI is on file.
    pub asks_npi: bool,
    pub rights: RightsFields,
}

/// A code for somebody who has an account, once.
#[derive(Debug, Template)]
#[template(path = "organization_code.html")]
pub struct ResetCodePage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub id: &'a str,
    pub user_id: &'a str,
    /// As people read it.
    pub code: &'a str,
}

/// What became of telling the sites that somebody's access ended. It looks again by itself while
/// some have not answered.
#[derive(Debug, Template)]
#[template(path = "organization_ending.html")]
pub struct EndingPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    /// Whose access it was, if one person's.
    pub person: Option<&'a str>,
    /// What was just done.
    pub done: Option<PersonDeed>,
    pub sum: Receipts,
    /// The name of each site, and what became of telling it.
    pub sites: Vec<(String, SiteReceipt)>,
}

/// What became of telling a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteReceipt {
    Confirmed,
    Failed,
    Silent,
    Waiting,
}

impl DeedPage<'_> {
    fn duties(&self) -> [&'static str; 5] {
        wording::duties(self.frame.text)
    }
}

impl PersonPage<'_> {
    fn promotion_stage(&self, promotion: &RunningPromotion) -> &'static str {
        wording::promotion_stage(self.frame.text, promotion.stage)
    }

    fn role_names(&self) -> Vec<&str> {
        wording::roles(self.frame.text, &self.roles)
    }

    fn level(&self) -> &str {
        wording::access_level(self.frame.text, self.access_level)
    }
}

impl EndingPage<'_> {
    fn heading(&self) -> &'static str {
        let general = self.frame.text.ending.heading;
        self.done.map_or(general, |deed| deed.words(self.frame.text).2)
    }

    /// "3 of 4 confirmed in 2 s".
    fn sentence(&self) -> String {
        let words = &self.frame.text.ending;
        let (confirmed, told) = (self.sum.confirmed, self.sum.told());
        match self.sum.slowest {
            _ if told == 0 => words.nobody.to_owned(),
            None => words.confirmed(confirmed, told).to_string(),
            Some(took) => {
                let seconds = took.num_milliseconds().max(0).saturating_add(999) / 1000;
                words.confirmed_in(confirmed, seconds.max(1), told).to_string()
            }
        }
    }

    fn label(&self, receipt: &SiteReceipt) -> &'static str {
        let words = &self.frame.text.ending;
        match receipt {
            SiteReceipt::Confirmed => words.site_confirmed,
            SiteReceipt::Failed => words.site_failed,
            SiteReceipt::Silent => words.site_silent,
            SiteReceipt::Waiting => words.site_waiting,
        }
    }
}
