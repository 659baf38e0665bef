//! A Subscriber's own page: who am I, what may I do, where am I signed in.

use askama::Template;
use chrono::{DateTime, Utc};

use super::frame::Frame;
use super::{browser, wording};

/// Posts `form_token` to `/account/sessions/{id}/end` or `/account/sessions/end-others`.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    pub frame: Frame<'a>,
    pub form_token: &'a str,
    pub name: &'a str,
    pub user_id: &'a str,
    pub email: Option<&'a str>,
    /// The successful sign-in before this one (R61).
    pub last_sign_in: Option<DateTime<Utc>>,
    pub affiliations: Vec<AffiliationView<'a>>,
    /// Open sessions, the one of this browser included.
    pub sessions: Vec<SessionView<'a>>,
    pub sites: Vec<SiteVisit<'a>>,
    /// What the last post did.
    pub done: Option<Done>,
}

/// An affiliation as its Subscriber sees it: read-only (R68).
#[derive(Clone, Debug)]
pub struct AffiliationView<'a> {
    pub organization: &'a str,
    /// Role codes.
    pub roles: Vec<&'a str>,
    /// As they may be shown: a personal number is masked already.
    pub tax_ids: Vec<&'a str>,
    pub administrator: bool,
    /// The code, for instance `community-standard`.
    pub access_level: &'a str,
}

/// An open session.
#[derive(Clone, Copy, Debug)]
pub struct SessionView<'a> {
    /// Its public identifier, never the cookie's value.
    pub id: &'a str,
    /// The session of the browser that asks.
    pub current: bool,
    pub user_agent: &'a str,
    pub address: &'a str,
    pub started_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}

/// A site that the person opened.
#[derive(Clone, Debug)]
pub struct SiteVisit<'a> {
    pub name: &'a str,
    pub last_at: DateTime<Utc>,
    /// The scopes that it was granted.
    pub scopes: Vec<&'a str>,
}

/// What a post on this page did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    OthersEnded,
    SessionEnded,
}

impl AccountPage<'_> {
    fn done_text(&self) -> Option<&'static str> {
        let words = &self.frame.text.account;
        self.done.map(|done| match done {
            Done::OthersEnded => words.done_others,
            Done::SessionEnded => words.done_session,
        })
    }

    fn current(&self) -> Option<&SessionView<'_>> {
        self.sessions.iter().find(|session| session.current)
    }

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.current)
    }
}

impl AffiliationView<'_> {
    fn role_names(&self, frame: &Frame<'_>) -> Vec<&str> {
        wording::roles(frame.text, &self.roles)
    }

    fn access(&self, frame: &Frame<'_>) -> &str {
        wording::access_level(frame.text, self.access_level)
    }
}

impl SessionView<'_> {
    fn browser(&self, frame: &Frame<'_>) -> String {
        browser::describe(frame.text, self.user_agent)
    }
}

impl SiteVisit<'_> {
    fn received(&self, frame: &Frame<'_>) -> Vec<String> {
        self.scopes.iter().map(|scope| wording::scope(frame.text, scope).0).collect()
    }
}
