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

/// How far the news of the logout got, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToldState {
    /// The site confirmed.
    Told,
    /// In the outbox, not tried yet.
    Pending,
    /// The browser is still to go there.
    Waiting,
    /// The browser went there, and the site has not answered.
    Asked,
    /// Tried in vain; it is tried again.
    Unreachable,
    /// The site did not confirm, and is not asked again.
    Refused,
    /// The site has no way to be told.
    Cannot,
}

impl ToldSite<'_> {
    fn words(&self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.signed_out;
        match self.state {
            ToldState::Asked => words.asked,
            ToldState::Cannot => words.not_told,
            ToldState::Pending => words.pending,
            ToldState::Refused => words.refused,
            ToldState::Told => words.told,
            ToldState::Unreachable => words.unreachable,
            ToldState::Waiting => words.waiting,
        }
    }

    fn is_settled(&self) -> bool {
        self.state == ToldState::Told
    }
}

/// A browser on its way round the sites of an ended session. Posts to `/signed-out/{handle}`, by
/// itself while there is a next site.
#[derive(Debug, Template)]
#[template(path = "signing_out.html")]
pub struct SigningOutPage<'a> {
    pub frame: Frame<'a>,
    pub handle: &'a str,
    /// The site to go to next; none at the end.
    pub next: Option<&'a str>,
    /// The sites of the session and what they know.
    pub sites: Vec<ToldSite<'a>>,
}
