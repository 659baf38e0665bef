//! Where am I signed in, and how do I end that.

use askama::Template;
use chrono::{DateTime, Utc};

use super::AccountNav;
use crate::pages::{Frame, browser};

/// Posts `form_token` to `/account/sessions/{id}/end` or `/account/sessions/end-others`.
#[derive(Debug, Template)]
#[template(path = "account_sessions.html")]
pub struct SessionsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: AccountNav,
    pub form_token: &'a str,
    /// Open sessions, the one of this browser included.
    pub sessions: Vec<SessionView<'a>>,
    /// What the last post did.
    pub done: Option<SessionsDone>,
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

/// What a post on this page did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionsDone {
    OthersEnded,
    SessionEnded,
}

impl SessionsPage<'_> {
    fn done_text(&self) -> Option<&'static str> {
        let words = &self.frame.text.account_sessions;
        self.done.map(|done| match done {
            SessionsDone::OthersEnded => words.done_others,
            SessionsDone::SessionEnded => words.done_session,
        })
    }

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.current)
    }
}

impl SessionView<'_> {
    fn browser(&self, frame: &Frame<'_>) -> String {
        browser::describe(frame.text, self.user_agent)
    }
}
