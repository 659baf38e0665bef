//! Signed in correctly, but this site is not open to the person: why, and what to do next.

use askama::Template;

use super::frame::{Frame, SiteView};
use super::messages::{Filled, Marked};
use super::wording;

/// Posts `form_token` to `/sign-on/{handle}/cancel` (back to the site, which is told the reason)
/// or `/sign-on/{handle}/switch`.
#[derive(Debug, Template)]
#[template(path = "refusal.html")]
pub struct RefusalPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    pub form_token: &'a str,
    pub site: SiteView<'a>,
    /// The User ID.
    pub person: &'a str,
    pub reference: &'a str,
    pub reason: RefusalReason<'a>,
}

/// Why the engine refused.
#[derive(Clone, Debug)]
pub enum RefusalReason<'a> {
    AdministratorRequired,
    AffiliationRequired,
    AgreementRequired,
    AssuranceUnmet,
    /// Any of these role codes would do.
    RoleRequired(Vec<&'a str>),
    SiteNotEnabled,
}

impl RefusalReason<'_> {
    /// The word that the site receives as `error_description`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AdministratorRequired => "administrator_required",
            Self::AffiliationRequired => "affiliation_required",
            Self::AgreementRequired => "agreement_required",
            Self::AssuranceUnmet => "unmet_authentication_requirements",
            Self::RoleRequired(_) => "role_required",
            Self::SiteNotEnabled => "site_not_enabled",
        }
    }
}

impl RefusalReason<'_> {
    /// The reason in words.
    pub(super) fn explanation(&self, frame: &Frame<'_>, site: &str) -> Marked {
        let words = &frame.text.refusal;
        match self {
            Self::AdministratorRequired => words.administrator(site),
            Self::AffiliationRequired => words.affiliation(site),
            Self::AgreementRequired => words.agreement(site),
            Self::AssuranceUnmet => words.assurance(site),
            Self::RoleRequired(_) => words.role(site),
            Self::SiteNotEnabled => words.site_not_enabled(site),
        }
        .marked()
    }

    /// The names of the roles of which one is needed.
    pub(super) fn role_names(&self, frame: &Frame<'_>) -> Vec<&str> {
        match self {
            Self::RoleRequired(codes) => wording::roles(frame.text, codes),
            Self::AdministratorRequired
            | Self::AffiliationRequired
            | Self::AgreementRequired
            | Self::AssuranceUnmet
            | Self::SiteNotEnabled => Vec::new(),
        }
    }
}

impl RefusalPage<'_> {
    fn next_steps(&self) -> Vec<Marked> {
        let (words, phone) = (&self.frame.text.refusal, self.frame.support.phone);
        match &self.reason {
            RefusalReason::AdministratorRequired => vec![words.administrator_next(self.person)],
            RefusalReason::AffiliationRequired => {
                vec![words.affiliation_next(self.person), words.affiliation_other(phone)]
            }
            RefusalReason::AgreementRequired => vec![words.agreement_next(phone)],
            RefusalReason::AssuranceUnmet => vec![words.assurance_next(phone)],
            RefusalReason::RoleRequired(_) => vec![words.role_next(self.person)],
            RefusalReason::SiteNotEnabled => vec![words.site_not_enabled_next(self.site.name)],
        }
        .into_iter()
        .map(Filled::marked)
        .collect()
    }
}
