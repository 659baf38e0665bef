//! Asking before a sign-out (OIDC RP-Initiated Logout §2), and saying that it is done.

use askama::Template;

use super::frame::Frame;

/// Posts `form_token` and the carried fields to `/sign-out`.
#[derive(Debug, Template)]
#[template(path = "sign_out.html")]
pub struct SignOutPage<'a> {
    pub frame: Frame<'a>,
    pub form_token: &'a str,
    /// The name of the site that asked, where one did and is known.
    pub site: Option<&'a str>,
    /// The User ID.
    pub person: &'a str,
    /// Hidden fields that go with the answer, for instance the handle of a parked logout request.
    pub carried: Vec<(&'a str, &'a str)>,
}

/// The end of a session.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    pub frame: Frame<'a>,
    /// Whether a session was there to be ended.
    pub ended: bool,
    /// The sites of the session and what they know.
    pub sites: Vec<ToldSite<'a>>,
}

/// A site that took part in the session.
#[derive(Clone, Copy, Debug)]
pub struct ToldSite<'a> {
    pub name: &'a str,
    pub state: ToldState,
}

/// How far the news of the logout got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldState {
    /// The site has no way to be told.
    Cannot,
    /// In the outbox, not tried yet.
    Pending,
    /// The site confirmed.
    Told,
    /// Tried in vain; it is tried again.
    Unreachable,
}

impl ToldSite<'_> {
    fn words(&self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.signed_out;
        match self.state {
            ToldState::Cannot => words.not_told,
            ToldState::Pending => words.pending,
            ToldState::Told => words.told,
            ToldState::Unreachable => words.unreachable,
        }
    }

    fn is_settled(&self) -> bool {
        self.state == ToldState::Told
    }
}
