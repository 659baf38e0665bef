//! Asking somebody by their User ID.

use askama::Template;
use idp_core::community::letters::TooMany;

use super::{OrganizationNav, RightsFields, Typed, nominate::too_many};
use crate::pages::Frame;

/// Posts `user_id`, the fields of rights and `form_token` to `/organization/{id}/affiliate`.
#[derive(Debug, Template)]
#[template(path = "organization_affiliate.html")]
pub struct AffiliatePage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub typed: &'a Typed,
    pub rights: RightsFields,
    pub problem: Option<AffiliateProblem>,
}

/// Why somebody cannot be asked.
#[derive(Clone, Debug)]
pub enum AffiliateProblem {
    AlreadyAsked,
    /// With the address of the colleague's page.
    AlreadyHere(String),
    TooMany(TooMany),
}

impl AffiliatePage<'_> {
    fn sentence(&self) -> Option<&'static str> {
        let words = &self.frame.text.nominate;
        self.problem.as_ref().map(|problem| match problem {
            AffiliateProblem::AlreadyAsked => words.already_asked,
            AffiliateProblem::AlreadyHere(_) => words.already_here,
            AffiliateProblem::TooMany(why) => too_many(&self.frame, *why),
        })
    }

    fn colleague(&self) -> Option<&str> {
        match &self.problem {
            Some(AffiliateProblem::AlreadyHere(address)) => Some(address),
            Some(AffiliateProblem::AlreadyAsked | AffiliateProblem::TooMany(_)) | None => None,
        }
    }
}
