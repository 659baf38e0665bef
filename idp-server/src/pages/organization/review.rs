//! The yearly look at an organization's people.

use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use idp_core::community::{
    people_review::Stage,
    role::{CATALOGUE, Role},
};

use super::OrganizationNav;
use crate::pages::{Frame, wording};

/// Whom somebody is still to look at. Searches with `q`, `role` and `shown`; posts `form_token` and
/// `keep.…` to itself, and the token alone to `/organization/{id}/review/finish`.
#[derive(Debug, Template)]
#[template(path = "organization_review.html")]
pub struct ReviewPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    /// The address of this very list.
    pub action: String,
    pub sought: ReviewSought<'a>,
    pub stage: Stage,
    /// When the last review was finished.
    pub finished_at: DateTime<Utc>,
    pub opens_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// How many wait in all: a hundred stands for more.
    pub waiting: usize,
    /// Whether nobody is left to be looked at by whoever reads this.
    pub can_finish: bool,
    pub people: Vec<ReviewLine>,
    /// The address of the page after.
    pub next: Option<String>,
    pub done: Option<ReviewDone>,
}

/// What the list is narrowed to, as it stands in the address.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReviewSought<'a> {
    pub q: &'a str,
    pub role: &'a str,
    /// Nothing for whoever waits, `unused`, or `all`.
    pub shown: &'a str,
}

impl ReviewSought<'_> {
    fn is_narrow(&self) -> bool {
        [self.q, self.role, self.shown].iter().any(|part| !part.is_empty())
    }
}

/// What was just done, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewDone {
    Finished,
    /// So many people keep what they have.
    Kept(usize),
    NothingTicked,
    PeopleLeft,
}

/// Somebody, with all that they may do.
#[derive(Clone, Debug)]
pub struct ReviewLine {
    pub id: String,
    pub affiliation: String,
    /// Last name first, as the list is sorted.
    pub name: String,
    pub user_id: String,
    pub administrator: bool,
    /// Role codes.
    pub roles: Vec<&'static str>,
    /// An access level's code.
    pub access_level: &'static str,
    /// How many Tax IDs; `None`: all.
    pub tax_ids: Option<usize>,
    pub last_sign_in_at: Option<DateTime<Utc>>,
    pub since: NaiveDate,
    pub reviewed_at: Option<DateTime<Utc>>,
    pub reviewed_by: Option<String>,
    /// Whether they are still to be looked at.
    pub waits: bool,
    /// Whether it is whoever reads this.
    pub is_me: bool,
}

impl ReviewLine {
    fn role_names(&self, frame: &Frame<'_>) -> Vec<&'static str> {
        wording::roles(frame.text, &self.roles)
    }

    /// Whether one of the roles sees sensitive data (R42).
    fn is_sensitive(&self) -> bool {
        self.roles.iter().any(|code| code.parse::<Role>().is_ok_and(|role| role.is_sensitive()))
    }

    fn level(&self, frame: &Frame<'_>) -> &'static str {
        wording::access_level(frame.text, self.access_level)
    }
}

impl ReviewPage<'_> {
    fn is_problem(&self) -> bool {
        matches!(self.done, Some(ReviewDone::NothingTicked | ReviewDone::PeopleLeft))
    }

    fn many(&self) -> String {
        if self.waiting >= 100 { "100+".to_owned() } else { self.waiting.to_string() }
    }

    /// Whether anybody on this page can be ticked.
    fn has_boxes(&self) -> bool {
        self.people.iter().any(|line| line.waits && !line.is_me)
    }

    fn shown(&self) -> [(&'static str, &'static str); 3] {
        let words = &self.frame.text.review;
        [("", words.shown_waiting), ("unused", words.shown_unused), ("all", words.shown_all)]
    }

    fn roles(&self) -> Vec<(&'static str, &'static str)> {
        let text = self.frame.text;
        let role = |code: &'static str| (code, wording::role(text, code));
        let all = CATALOGUE.iter().map(|entry| role(entry.code.code()));
        std::iter::once(("", text.people.any)).chain(all).collect()
    }
}
