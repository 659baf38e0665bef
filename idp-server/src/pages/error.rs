//! Pages for what went wrong. They name a reference number and whom to call, and nothing of our
//! inside.

use askama::Template;

use super::account::Area;
use super::frame::Frame;

/// An error, without any link onward: who sent the request is not known, so neither is where it
/// would be safe to go (RFC 9700 §4.11.2).
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    pub frame: Frame<'a>,
    /// The HTTP status that the page is sent with.
    pub status: u16,
    pub reference: &'a str,
    pub problem: Problem<'a>,
}

/// What went wrong, in the terms of the person before the screen.
#[derive(Clone, Copy, Debug)]
pub enum Problem<'a> {
    /// The sign-on is finished, expired, or began in another browser.
    Interrupted,
    /// The address does not take this method.
    Method,
    NotAllowed,
    /// Malformed or too large.
    NotUnderstood,
    /// The site's protocol message is at fault.
    SiteRequest(ProtocolError<'a>),
    Throttled,
    Unavailable,
    /// Our own fault.
    Unexpected,
}

/// An OAuth error that may not be sent to the site, so it is shown.
#[derive(Clone, Copy, Debug)]
pub struct ProtocolError<'a> {
    /// For instance `invalid_request`.
    pub code: &'a str,
    /// Names the parameter that is the cause, `redirect_uri` or `request_uri` among them.
    pub description: &'a str,
    /// The site's name, where the site is known.
    pub site: Option<&'a str>,
}

impl ErrorPage<'_> {
    fn protocol_error(&self) -> Option<ProtocolError<'_>> {
        match self.problem {
            Problem::SiteRequest(error) => Some(error),
            Problem::Interrupted
            | Problem::Method
            | Problem::NotAllowed
            | Problem::NotUnderstood
            | Problem::Throttled
            | Problem::Unavailable
            | Problem::Unexpected => None,
        }
    }

    /// The heading, what happened, and what to do.
    fn words(&self) -> (&'static str, String, &'static str) {
        let words = &self.frame.text.error;
        let (title, happened, next) = match self.problem {
            Problem::SiteRequest(error) => {
                let happened = match error.site {
                    Some(site) => words.request(site).to_string(),
                    None => words.request_no_site.to_owned(),
                };
                return (words.title_request, happened, words.request_next);
            }
            Problem::Interrupted => {
                (words.title_interrupted, words.interrupted, words.interrupted_next)
            }
            Problem::Method => (words.title_method, words.method, words.method_next),
            Problem::NotAllowed => {
                (words.title_not_allowed, words.not_allowed, words.not_allowed_next)
            }
            Problem::NotUnderstood => {
                (words.title_not_understood, words.not_understood, words.not_understood_next)
            }
            Problem::Throttled => (words.title_throttled, words.throttled, words.throttled_next),
            Problem::Unavailable => {
                (words.title_unavailable, words.unavailable, words.unavailable_next)
            }
            Problem::Unexpected => {
                (words.title_unexpected, words.unexpected, words.unexpected_next)
            }
        };
        (title, happened.to_owned(), next)
    }
}

/// No page at this address.
#[derive(Debug, Template)]
#[template(path = "not_found.html")]
pub struct NotFoundPage<'a> {
    pub frame: Frame<'a>,
}

/// A form whose token is missing, foreign, used or old; sent with 403. For the sign-in form use
/// [`super::SignInProblem::FormExpired`], which brings a new form at once.
#[derive(Debug, Template)]
#[template(path = "form_expired.html")]
pub struct FormExpiredPage<'a> {
    pub frame: Frame<'a>,
    pub start_again: StartAgain<'a>,
}

/// Where the person finds a fresh form. Only pages of ours.
#[derive(Clone, Copy, Debug)]
pub enum StartAgain<'a> {
    /// This page of the account.
    Account(Area),
    /// This page of a console.
    Console(&'a str),
    /// The handle of the sign-on.
    SignOn(&'a str),
    SignOut,
}

impl FormExpiredPage<'_> {
    fn link(&self) -> (&'static str, String) {
        let words = &self.frame.text.form_expired;
        match self.start_again {
            StartAgain::Account(area) => (words.account, area.path().to_owned()),
            StartAgain::Console(path) => (words.console, path.to_owned()),
            StartAgain::SignOn(handle) => (words.sign_on, format!("/sign-on/{handle}")),
            StartAgain::SignOut => (words.sign_out, "/sign-out".to_owned()),
        }
    }
}
