//! The pages of the second step: which way is shown, and what is said on it.

use actix_web::{HttpResponse, http::StatusCode};
use idp_core::{authentication::mailed_code::CodePurpose, mail::shortened, sign_on::Step};

use super::{factor::ways, progress::Advance, show::Stand};
use crate::{
    http::{error::PageError, visit::page_for},
    pages::{FactorPage, FactorProblem, FactorWay},
};

/// What is said on the page of the second step.
#[derive(Clone, Copy, Default)]
pub(super) struct Say {
    /// Whether a code has been mailed just now.
    pub(super) sent: bool,
    /// Why the last try did not work.
    pub(super) problem: Option<FactorProblem>,
}

impl Stand<'_> {
    /// Whether this sign-on may remember the browser: only where the site accepts that.
    pub(super) fn may_remember(&self, advance: &Advance) -> bool {
        let accepts =
            |release: &idp_core::community::site::ReleasePolicy| release.accept_remembered_browser;
        advance.site.as_deref().is_some_and(|entry| accepts(&entry.site.release))
    }

    /// How long a lock lasts, in the words of the page.
    pub(super) fn lock_minutes(&self) -> u32 {
        self.visit.lockout.minutes()
    }

    /// The page in the way that the person wished, or in the best one.
    ///
    /// # Errors
    /// [`PageError::Interrupted`] if there is no way.
    pub(super) fn factor(
        &self,
        advance: &Advance,
        wished: Option<&str>,
        say: Say,
        status: StatusCode,
    ) -> Result<HttpResponse, PageError> {
        let ways = ways(&advance.step, &advance.known.holdings);
        let wished = ways.iter().copied().find(|way| Some(way.slug()) == wished);
        let (Some(way), Some(person)) = (wished.or(ways.first().copied()), &advance.known.person)
        else {
            return Err(PageError::Interrupted);
        };
        let site = advance.site.as_deref();
        let mailbox = person.subscriber.email.as_ref().map(shortened);
        let before_enrolment = matches!(
            advance.step,
            Step::AskSecondFactor { mailed: CodePurpose::ConfirmMailbox, .. }
        );
        let content = FactorPage {
            frame: self.frame(),
            handle: self.handle,
            form_token: self.form_token(),
            site: self.site_view(site),
            person: person.subscriber.user_id.as_str(),
            way,
            others: ways.into_iter().filter(|other| *other != way).collect(),
            may_remember: self.may_remember(advance)
                && matches!(advance.step, Step::AskSecondFactor { .. }),
            mailbox: mailbox.as_deref(),
            sent: say.sent || (way == FactorWay::Email && say.problem.is_some()),
            before_enrolment,
            problem: say.problem,
        };
        Ok(page_for(status, &content, &self.policy(site).calls_home()))
    }

    /// The page after a try that did not work.
    ///
    /// # Errors
    /// As [`Self::factor`].
    pub(super) fn factor_problem(
        &self,
        advance: &Advance,
        way: FactorWay,
        status: StatusCode,
        problem: FactorProblem,
    ) -> Result<HttpResponse, PageError> {
        let say = Say { problem: Some(problem), ..Say::default() };
        self.factor(advance, Some(way.slug()), say, status)
    }
}
