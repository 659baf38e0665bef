//! The first page of a way: one field, and the challenge before it.

use actix_web::{HttpResponse, cookie::Cookie, http::StatusCode, web::Bytes};
use idp_core::secret::Secret;

use crate::{
    http::{
        challenge::{self, Passed},
        error::PageError,
        visit::{Visit, page, set},
    },
    pages::{ChallengeView, ForgotProblem, ForgotStartPage, Forgotten},
};

/// A first page, in one browser.
pub(super) struct Opening<'a> {
    visit: &'a Visit,
    what: Forgotten,
    pub(super) browser: Secret,
    pub(super) cookie: Option<Cookie<'static>>,
}

impl<'a> Opening<'a> {
    pub(super) fn of(visit: &'a Visit, what: Forgotten) -> Self {
        let (browser, cookie) = visit.browser();
        Self { visit, what, browser, cookie }
    }

    /// What the form of this page is for, and the field that is typed into.
    const fn form(&self) -> (&'static str, &'static str) {
        match self.what {
            Forgotten::Password => ("forgot-password", "username"),
            Forgotten::UserId => ("forgot-user-id", "email"),
        }
    }

    /// The page with a fresh challenge.
    pub(super) fn page(
        &self,
        status: StatusCode,
        typed: &str,
        problem: Option<ForgotProblem>,
    ) -> HttpResponse {
        let challenge = challenge::fresh(self.visit, &self.browser, self.form().0);
        self.page_with(status, typed, challenge, problem)
    }

    fn page_with(
        &self,
        status: StatusCode,
        typed: &str,
        challenge: ChallengeView,
        problem: Option<ForgotProblem>,
    ) -> HttpResponse {
        let content = ForgotStartPage {
            frame: self.visit.frame(),
            form_token: &self.visit.form_token(&self.browser, self.form().0),
            what: self.what,
            typed,
            challenge: Some(challenge),
            problem,
        };
        let mut answer = page(status, &content);
        set(&mut answer, self.cookie.clone());
        answer
    }

    /// What somebody typed who has passed the challenge, read by `read`; or the page to show them.
    /// What cannot be read, or is not to be looked at, costs nobody a challenge.
    ///
    /// # Errors
    /// [`PageError`] if short-lived state is out of reach.
    pub(super) async fn passed<T>(
        &self,
        body: &Bytes,
        read: impl FnOnce(&str) -> Result<T, (StatusCode, ForgotProblem)>,
    ) -> Result<Result<T, HttpResponse>, PageError> {
        let (purpose, field) = self.form();
        let Some(posted) = self.visit.own_form(body, purpose) else {
            let problem = Some(ForgotProblem::FormExpired);
            return Ok(Err(self.page(StatusCode::FORBIDDEN, "", problem)));
        };
        let typed = posted.find(field).map(str::trim).unwrap_or_default();
        let read = match read(typed) {
            Ok(read) => read,
            Err((status, problem)) => return Ok(Err(self.page(status, typed, Some(problem)))),
        };
        if let Passed::No(challenge) = challenge::judge(self.visit, &posted, purpose).await? {
            // Asking for a new one is no mistake.
            let (status, problem) = match challenge.problem {
                Some(_) => (StatusCode::FORBIDDEN, Some(ForgotProblem::Challenge)),
                None => (StatusCode::OK, None),
            };
            return Ok(Err(self.page_with(status, typed, challenge, problem)));
        }
        Ok(Ok(read))
    }
}
