//! A new password in place of the old one (security 16.4).

use askama::Template;
use idp_core::authentication::password_policy::{Objection, PasswordPolicy};

use super::AccountNav;
use crate::pages::{Frame, password};

/// Posts `current_password`, `new_password`, `new_password_again` and `form_token` to
/// `/account/password`. The script asks `/account/password/hints` while somebody types.
#[derive(Debug, Template)]
#[template(path = "account_password.html")]
pub struct PasswordPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    /// For password managers, which keep a password by the name that it belongs to.
    pub user_id: &'a str,
    pub policy: PasswordPolicy,
    pub problem: Option<PasswordProblem>,
    /// Whether the last post changed the password.
    pub done: bool,
}

/// Why the password was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// The pool that checks passwords is full: send it with 503 and `Retry-After`.
    Busy,
    /// The current password is wrong, or the name is locked: always this one answer.
    Current {
        lock_minutes: u32,
    },
    /// The two new ones differ.
    Different,
    Missing {
        current: bool,
        new: bool,
        again: bool,
    },
    /// The new one breaks the rules.
    New(Vec<Objection>),
    /// The new one is the old one.
    Same,
}

impl PasswordPage<'_> {
    fn page_title(&self) -> String {
        let (words, page) = (&self.frame.text.frame, self.nav.area.label(self.frame.text));
        if self.problem.is_some() { words.title_with_problem(page) } else { words.title(page) }
            .to_string()
    }

    /// The rules of the policy, one sentence each.
    fn rules(&self) -> Vec<String> {
        password::rules(self.frame.text, &self.policy)
    }

    /// What is wrong with the page as a whole.
    fn general(&self) -> Option<&'static str> {
        match self.problem {
            Some(PasswordProblem::Busy) => Some(self.frame.text.account_password.busy),
            _ => None,
        }
    }

    fn current_problem(&self) -> Vec<String> {
        let words = &self.frame.text.account_password;
        match self.problem {
            Some(PasswordProblem::Current { lock_minutes }) => {
                vec![words.wrong.to_owned(), words.wrong_lock(lock_minutes).to_string()]
            }
            Some(PasswordProblem::Missing { current: true, .. }) => {
                vec![words.missing_current.to_owned()]
            }
            _ => Vec::new(),
        }
    }

    fn new_problem(&self) -> Vec<String> {
        let words = &self.frame.text.account_password;
        match &self.problem {
            Some(PasswordProblem::Missing { new: true, .. }) => vec![words.missing_new.to_owned()],
            Some(PasswordProblem::New(objections)) => {
                password::objections(self.frame.text, objections)
            }
            Some(PasswordProblem::Same) => vec![words.same.to_owned()],
            _ => Vec::new(),
        }
    }

    fn again_problem(&self) -> Vec<String> {
        let words = &self.frame.text.account_password;
        match self.problem {
            Some(PasswordProblem::Missing { again: true, .. }) => {
                vec![words.missing_again.to_owned()]
            }
            Some(PasswordProblem::Different) => vec![words.different.to_owned()],
            _ => Vec::new(),
        }
    }
}
