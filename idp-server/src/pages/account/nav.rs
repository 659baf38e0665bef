//! The navigation of the account: which areas there are, and which one is shown.

use crate::pages::Messages;

/// An area of the account: one page, one entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    Activity,
    Agreements,
    Email,
    Offers,
    Overview,
    Password,
    Profile,
    Questions,
    Security,
    Sessions,
    Shared,
    Sites,
}

impl Area {
    /// Every area, in the order of the navigation.
    const ALL: [Self; 12] = [
        Self::Overview,
        Self::Sites,
        Self::Offers,
        Self::Shared,
        Self::Profile,
        Self::Password,
        Self::Security,
        Self::Email,
        Self::Questions,
        Self::Sessions,
        Self::Activity,
        Self::Agreements,
    ];

    /// The address of its page.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Activity => "/account/activity",
            Self::Agreements => "/account/agreements",
            Self::Email => "/account/email",
            Self::Offers => "/account/offers",
            Self::Overview => "/account",
            Self::Password => "/account/password",
            Self::Security => "/account/security",
            Self::Profile => "/account/profile",
            Self::Questions => "/account/questions",
            Self::Sessions => "/account/sessions",
            Self::Shared => "/account/shared",
            Self::Sites => "/portal",
        }
    }

    /// What it is called, in the navigation and as the heading of its page.
    pub(super) const fn label(self, text: &'static Messages) -> &'static str {
        let words = &text.account;
        match self {
            Self::Activity => words.area_activity,
            Self::Agreements => words.area_agreements,
            Self::Email => words.area_email,
            Self::Offers => words.area_offers,
            Self::Overview => words.area_overview,
            Self::Password => words.area_password,
            Self::Security => words.area_security,
            Self::Profile => words.area_profile,
            Self::Questions => words.area_questions,
            Self::Sessions => words.area_sessions,
            Self::Shared => words.area_shared,
            Self::Sites => words.area_sites,
        }
    }
}

/// The navigation as one page shows it.
#[derive(Clone, Copy, Debug)]
pub struct AccountNav {
    /// Where the person is.
    pub area: Area,
    /// Whether the policy has secret questions.
    pub has_questions: bool,
}

impl AccountNav {
    /// The areas that this person has.
    pub(super) fn areas(&self) -> impl Iterator<Item = Area> {
        let has_questions = self.has_questions;
        Area::ALL.into_iter().filter(move |area| *area != Area::Questions || has_questions)
    }
}
