//! The pages. Templates escape what they show; no page needs a script.

use actix_web::http::StatusCode;
use askama::Template;
use relying_party_example::{
    look::Look,
    page::{Page, in_words, readable},
    shelf::random,
};

use crate::{
    attributes::{self, Affiliation},
    config::Config,
    payers::{self, Enrolled},
    response::Refused,
    site::Session,
};

/// The first page.
#[derive(Template)]
#[template(path = "passage/home.html")]
pub(crate) struct Home<'a> {
    /// The site's face.
    pub look: &'a Look,
    /// Who is signed in, if anybody.
    pub session: Option<&'a Session>,
}

/// The payers of each organization that the person acts for.
#[derive(Template)]
#[template(path = "passage/payers.html")]
pub(crate) struct PayersPage<'a> {
    look: &'a Look,
    session: &'a Session,
    /// What the person is called.
    name: &'a str,
    /// Whether the person acts for the one organization that was chosen at Hilum.
    is_chosen: bool,
    organizations: Vec<(&'a Affiliation, Vec<Enrolled<'a>>)>,
}

/// All that Hilum said.
#[derive(Template)]
#[template(path = "passage/attributes.html")]
pub(crate) struct AttributesPage<'a> {
    /// The site's face.
    pub look: &'a Look,
    /// Who is signed in.
    pub session: &'a Session,
}

/// A page that says one thing, and what to do about it.
#[derive(Template)]
#[template(path = "passage/notice.html")]
pub(crate) struct Notice<'a> {
    look: &'a Look,
    status: StatusCode,
    title: &'static str,
    text: String,
    /// By which the help desk finds it in the log.
    reference: Option<String>,
    /// The one thing to do next: its label and address.
    action: (&'static str, &'static str),
}

impl Page for Home<'_> {}
impl Page for PayersPage<'_> {}
impl Page for AttributesPage<'_> {}
impl Page for Notice<'_> {
    fn status(&self) -> StatusCode {
        self.status
    }
}

impl<'a> PayersPage<'a> {
    /// The page of this session.
    pub(crate) fn new(look: &'a Look, session: &'a Session) -> Self {
        let list = |one: &'a Affiliation| (one, payers::of(&one.tax_ids));
        Self {
            look,
            session,
            name: attributes::name(&session.said.attributes).unwrap_or("Welcome"),
            is_chosen: attributes::is_chosen(&session.said.attributes),
            organizations: session.affiliations.iter().map(list).collect(),
        }
    }
}

const AGAIN: (&str, &str) = ("Sign in again", "/login");
const HOME: (&str, &str) = ("Back to the first page", "/");
const PAYERS: (&str, &str) = ("Back to your payers", "/payers");

impl<'a> Notice<'a> {
    fn new(
        config: &'a Config,
        status: StatusCode,
        title: &'static str,
        text: impl Into<String>,
    ) -> Self {
        let (text, look) = (text.into(), &config.look);
        Self { look, status, title, text, reference: None, action: HOME }
    }

    /// By what the help desk finds the reason in the log.
    pub(crate) fn reference(&self) -> &str {
        self.reference.as_deref().unwrap_or_default()
    }

    fn with_reference(self) -> Self {
        let reference = random().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        Self { reference: Some(reference), ..self }
    }

    /// Hilum's answer signs nobody in.
    pub(crate) fn refused(config: &'a Config, why: &Refused) -> Self {
        let (status, title, text) = match why {
            Refused::Denied { code, message } => return Self::denied(config, code, message),
            Refused::Replayed | Refused::Time | Refused::Unsolicited => (
                StatusCode::BAD_REQUEST,
                "This sign-in is no longer open",
                "It was begun in another browser or too long ago, or it was finished already. Please \
                 begin again; this site needs cookies for it.",
            ),
            Refused::Audience
            | Refused::Destination
            | Refused::Encryption
            | Refused::Issuer
            | Refused::Malformed(_)
            | Refused::Signature(_) => (
                StatusCode::BAD_REQUEST,
                "The sign-in could not be confirmed",
                "What came back from the sign-on service does not have the proof that this site asks \
                 for, so you are not signed in. Please try again. If it happens again, call our help \
                 desk.",
            ),
        };
        Self { action: AGAIN, ..Self::new(config, status, title, text) }.with_reference()
    }

    fn denied(config: &'a Config, code: &str, message: &str) -> Self {
        let text = match (code, message) {
            (_, "affiliation_required") => {
                "Hilum knows you, but no organization that this site may know stands behind you. The \
                 Administrator of your organization can change that."
            }
            (_, "role_required") => {
                "Hilum knows you, but your organization has not given you a role that opens this site."
            }
            (_, "site_not_enabled") => "Your organization does not use this site.",
            ("NoAuthnContext", _) => "This site asks for a stronger sign-in than you completed.",
            ("NoPassive", _) => "Hilum needs to ask you something first.",
            ("RequestDenied" | "AuthnFailed", _) => {
                "The sign-in was stopped before it was complete."
            }
            _ => "The sign-on service could not sign you in just now. Please try again in a while.",
        };
        let new = Self::new(config, StatusCode::FORBIDDEN, "You are not signed in", text);
        Self { action: AGAIN, ..new }.with_reference()
    }

    /// Hilum does not answer.
    pub(crate) fn unavailable(config: &'a Config) -> Self {
        let text = "The sign-on service does not answer at the moment. Nothing is wrong with your \
                    account. Please try again in a few minutes.";
        let title = "Sign-in is not possible just now";
        let new = Self::new(config, StatusCode::SERVICE_UNAVAILABLE, title, text);
        Self { action: AGAIN, ..new }.with_reference()
    }

    /// This site's own key failed.
    pub(crate) fn our_fault(config: &'a Config) -> Self {
        let text =
            "Something is wrong with this site, and not with you. Please call our help desk.";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(config, status, "This did not work", text).with_reference()
    }

    /// A message about logout is not obeyed.
    pub(crate) fn logout_refused(config: &'a Config) -> Self {
        let text = "A message about your sign-out came, and it does not have the proof that this site \
                    asks for. To be safe, close your browser.";
        let status = StatusCode::BAD_REQUEST;
        Self::new(config, status, "The sign-out could not be confirmed", text).with_reference()
    }

    /// Signed out here, and, if `everywhere`, at Hilum as well.
    pub(crate) fn signed_out(config: &'a Config, everywhere: bool) -> Self {
        let text = if everywhere {
            "You are signed out here and at Hilum, and the other sites have been told."
        } else {
            "You are signed out here. Hilum has not confirmed that you are signed out there: if this \
             is not your own computer, close the browser."
        };
        Self::new(config, StatusCode::OK, "You are signed out", text)
    }

    /// A form of an older session.
    pub(crate) fn stale_form(config: &'a Config) -> Self {
        let text = "This page was older than your sign-in. Nothing was done; please try again.";
        let new = Self::new(config, StatusCode::CONFLICT, "Please try again", text);
        Self { action: PAYERS, ..new }
    }

    /// An inquiry went out.
    pub(crate) fn submitted(config: &'a Config, organization: &str, payer: &str) -> Self {
        let text = format!("Your inquiry for {organization} has been submitted to {payer}.");
        Self { action: PAYERS, ..Self::new(config, StatusCode::OK, "Submitted", text) }
    }

    /// An inquiry did not go out.
    pub(crate) fn may_not_submit(config: &'a Config) -> Self {
        let text = "You can look at this payer, but not submit to it. The Administrator of your \
                    organization can give you full access.";
        let title = "You cannot submit there";
        Self { action: PAYERS, ..Self::new(config, StatusCode::FORBIDDEN, title, text) }
    }

    /// There is no such page.
    pub(crate) fn not_found(config: &'a Config) -> Self {
        let text = "The address may be misspelt, or the page has moved.";
        Self::new(config, StatusCode::NOT_FOUND, "There is no such page", text)
    }
}
