//! The pages. Templates escape what they show; no page needs a script.

use actix_web::http::StatusCode;
use askama::Template;
use relying_party_example::{
    errors::{Denial, SignInError},
    look::Look,
    page::{Page, in_words, readable},
};
use serde_json::Value;

use crate::attest::{Receipt, Refused};
use crate::config::{AffiliationMode, Config};
use crate::playground::Visit;
use crate::session::Session;

/// The first page.
#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct Home<'a> {
    /// The site's face.
    pub look: &'a Look,
    /// Who is signed in, if anybody.
    pub session: Option<&'a Session>,
    /// The roles of which the site asks one.
    pub required_roles: &'a [String],
    /// Whether there is a playground to point to.
    pub has_playground: bool,
}

/// The page of a person who is signed in: what Hilum said about them, and how this site read it.
#[derive(Template)]
#[template(path = "me.html")]
pub(crate) struct Me<'a> {
    /// The site's face.
    pub look: &'a Look,
    /// Who is signed in.
    pub session: &'a Session,
    /// Whether another affiliation can be chosen.
    pub can_switch: bool,
    /// Whether this affiliation lets the person attest.
    pub can_attest: bool,
}

/// What was attested, to be kept.
#[derive(Template)]
#[template(path = "receipt.html")]
pub(crate) struct ReceiptPage<'a> {
    /// The site's face.
    pub look: &'a Look,
    /// Who attested.
    pub session: &'a Session,
    /// What the site keeps of it.
    pub receipt: &'a Receipt,
}

/// The page of the public client.
#[derive(Template)]
#[template(path = "playground.html")]
pub(crate) struct Playground<'a> {
    /// The site's face.
    pub look: &'a Look,
    /// The tokens that came, if any.
    pub visit: Option<&'a Visit>,
}

/// A page that says one thing, and what to do about it.
#[derive(Template)]
#[template(path = "notice.html")]
pub(crate) struct Notice<'a> {
    look: &'a Look,
    status: StatusCode,
    title: &'static str,
    text: String,
    /// Codes of roles, any one of which would help.
    roles: &'a [String],
    /// The one thing to do next: its label and address.
    action: (&'static str, &'static str),
    /// Stands in the form of the sign-out button, where there is a session to leave.
    form_token: Option<&'a str>,
}

impl Page for Home<'_> {}
impl Page for Me<'_> {}
impl Page for Playground<'_> {}
impl Page for ReceiptPage<'_> {}
impl Page for Notice<'_> {
    fn status(&self) -> StatusCode {
        self.status
    }
}

const SIGN_IN: (&str, &str) = ("Sign in again", "/login");
const SWITCH: (&str, &str) = ("Use another affiliation", "/switch-affiliation");
const RECORD: (&str, &str) = ("Back to your record", "/me");
const HOME: (&str, &str) = ("Back to the first page", "/");

impl<'a> Notice<'a> {
    fn new(
        config: &'a Config,
        status: StatusCode,
        title: &'static str,
        text: impl Into<String>,
    ) -> Self {
        Self {
            look: &config.look,
            status,
            title,
            text: text.into(),
            roles: &[],
            action: HOME,
            form_token: None,
        }
    }

    /// Somebody is signed in, but may not enter.
    pub(crate) fn role_missing(config: &'a Config, session: &'a Session) -> Self {
        Self { form_token: Some(&session.form_token), ..Self::role_required(config) }
    }

    fn role_required(config: &'a Config) -> Self {
        let text = "Your sign-on worked, but the affiliation you use here does not carry a role that opens this \
                    site. The Administrator of your organization can give you one of these:";
        let action = match config.affiliations {
            AffiliationMode::All => SIGN_IN,
            AffiliationMode::One => SWITCH,
        };
        let title = "You need another role";
        Self {
            roles: &config.required_roles,
            action,
            ..Self::new(config, StatusCode::FORBIDDEN, title, text)
        }
    }

    /// Nothing was attested, because the sign-on was no ground for it.
    pub(crate) fn not_attested(config: &'a Config, why: Refused) -> Self {
        let text = match why {
            Refused::AnotherPerson => {
                "Somebody else signed in than the person who wanted to attest. Sign in again as yourself, then attest."
            }
            Refused::RememberedBrowser => {
                "A browser that Hilum remembers stood in for your second factor. That is enough for reading, but not \
                 for attesting: try again and prove the factor itself."
            }
            Refused::TooOld => {
                "The sign-in was longer ago than five minutes. Try again and sign in when Hilum asks you to."
            }
            Refused::TooWeak => {
                "Attesting needs a second factor, proved in this browser: an authenticator app or a passkey. You can \
                 set one up in your account at Hilum, under “Second factors”, then try again."
            }
        };
        let title = "Nothing was attested";
        Self { action: RECORD, ..Self::new(config, StatusCode::FORBIDDEN, title, text) }
    }

    /// Somebody may enter, but not attest.
    pub(crate) fn may_not_attest(config: &'a Config) -> Self {
        let text = "Only the provider whose record it is can attest, and the affiliation you use here does not make \
                    you one.";
        let title = "You cannot attest here";
        Self { action: RECORD, ..Self::new(config, StatusCode::FORBIDDEN, title, text) }
    }

    /// A sign-in came to nothing.
    pub(crate) fn sign_in_failed(config: &'a Config, error: &SignInError) -> Self {
        let new = |status, title, text: &str| Self {
            action: SIGN_IN,
            ..Self::new(config, status, title, text)
        };
        match error {
            SignInError::Denied(denial) => Self::denied(config, denial),
            SignInError::Exchange(_)
            | SignInError::IdToken(_)
            | SignInError::Malformed(_)
            | SignInError::UserInfo(_) => new(
                StatusCode::BAD_GATEWAY,
                "The sign-in could not be finished",
                "We could not confirm the answer of the sign-on service, so you are not signed in. Please try \
                 again. If it happens again, call our help desk.",
            ),
            SignInError::UnknownAttempt => new(
                StatusCode::BAD_REQUEST,
                "This sign-in is no longer open",
                "It was begun in another browser or more than ten minutes ago, or it was finished already. \
                 Please begin again; this site needs cookies for it.",
            ),
            SignInError::Unreachable(_) => Self::unavailable(config),
        }
    }

    fn unavailable(config: &'a Config) -> Self {
        let text = "The sign-on service does not answer at the moment. Nothing is wrong with your account. \
                    Please try again in a minute.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { action: SIGN_IN, ..Self::new(config, status, "Hilum is not reachable yet", text) }
    }

    fn denied(config: &'a Config, denial: &Denial) -> Self {
        let new = |title, text: &str| Self {
            action: SIGN_IN,
            ..Self::new(config, StatusCode::FORBIDDEN, title, text)
        };
        match denial {
            Denial::AffiliationRequired => new(
                "You need an affiliation",
                "This site is for people who act for a registered organization, and your User ID is not \
                 affiliated with one that may use it. Ask the Administrator of your organization to affiliate you.",
            ),
            Denial::AssuranceUnmet => Self::not_attested(config, Refused::TooWeak),
            Denial::AgreementRequired => new(
                "An agreement is waiting for you",
                "Before you can use this site, you need to accept an agreement at Hilum. Sign in again to read it.",
            ),
            Denial::Cancelled => new(
                "You are not signed in",
                "The sign-in was cancelled or refused at Hilum. Nothing about you was sent to this site.",
            ),
            Denial::Other(code) => new(
                "You are not signed in",
                &format!("Hilum ended the sign-in with the answer “{code}”."),
            ),
            Denial::RoleRequired => Self::role_required(config),
            Denial::SiteNotEnabled => new(
                "Your organization has not opened this site",
                "The Administrator of your organization can switch this site on for you and your colleagues.",
            ),
            Denial::Unavailable => Self::unavailable(config),
        }
    }

    /// Nobody is signed in here any more; `at_hilum` says whether we know the same of Hilum.
    pub(crate) fn signed_out(config: &'a Config, at_hilum: bool) -> Self {
        let text = if at_hilum {
            "You are signed out here and at Hilum, and the other sites of this sign-on are being told."
        } else {
            "Nobody is signed in to this site in this browser. Other sites may still be open: if others use this \
             computer, sign out at Hilum as well and close the browser."
        };
        let title = if at_hilum { "Signed out" } else { "Not signed in" };
        Self { action: SIGN_IN, ..Self::new(config, StatusCode::OK, title, text) }
    }

    /// A form came from another session or another site.
    pub(crate) fn stale_form(config: &'a Config) -> Self {
        let text =
            "This page was open from before. Nothing has changed; please go back and try again.";
        Self::new(config, StatusCode::FORBIDDEN, "That page is out of date", text)
    }

    /// There is nothing at this address.
    pub(crate) fn not_found(config: &'a Config) -> Self {
        let text = "There is no page at this address.";
        Self::new(config, StatusCode::NOT_FOUND, "Not found", text)
    }
}

/// Claims as indented JSON.
fn pretty(claims: &Value) -> String {
    serde_json::to_string_pretty(claims).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::session;
    use serde_json::json;

    fn credentia() -> Config {
        Config::parse(include_str!("../../config/credentia.toml")).unwrap()
    }

    #[test]
    fn markup_in_a_name_is_shown_as_text() {
        let markup = "<script>alert(1)</script>";
        let affiliation =
            json!({"id": "a", "organization": {"id": "o", "name": markup}, "roles": [markup]});
        let id_claims =
            json!({"sub": "s", "selected_affiliation": "a", "affiliations": [affiliation]});
        let session =
            session(AffiliationMode::One, &id_claims, &json!({"sub": "s", "name": markup}));
        let page =
            Me { look: &credentia().look, session: &session, can_switch: true, can_attest: true }
                .render()
                .unwrap();
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("alert(1)").count(), 6, "{page}");
    }

    #[test]
    fn whoever_lacks_a_role_reads_which_ones_help_and_can_leave() {
        let session = session(AffiliationMode::One, &json!({"sub": "s"}), &json!({"sub": "s"}));
        let config = credentia();
        let notice = Notice::role_missing(&config, &session);
        let page = notice.render().unwrap();
        assert_eq!(notice.status(), StatusCode::FORBIDDEN);
        for expected in
            ["Licensed practitioner", "Credentialing manager", "Administrator", "/sign-out"]
        {
            assert!(page.contains(expected), "{expected}: {page}");
        }
    }

    #[test]
    fn every_failure_has_a_page_that_leads_on() {
        let config = credentia();
        for (error, status) in [
            (SignInError::Denied(Denial::AffiliationRequired), 403),
            (SignInError::Denied(Denial::AgreementRequired), 403),
            (SignInError::Denied(Denial::AssuranceUnmet), 403),
            (SignInError::Denied(Denial::Cancelled), 403),
            (SignInError::Denied(Denial::Other("<b>".to_owned())), 403),
            (SignInError::Denied(Denial::RoleRequired), 403),
            (SignInError::Denied(Denial::SiteNotEnabled), 403),
            (SignInError::Denied(Denial::Unavailable), 503),
            (SignInError::Exchange("secret detail".to_owned()), 502),
            (SignInError::IdToken("secret detail".to_owned()), 502),
            (SignInError::Malformed("secret detail"), 502),
            (SignInError::UnknownAttempt, 400),
            (SignInError::Unreachable("secret detail".to_owned()), 503),
            (SignInError::UserInfo("secret detail".to_owned()), 502),
        ] {
            let notice = Notice::sign_in_failed(&config, &error);
            let page = notice.render().unwrap();
            assert_eq!(notice.status().as_u16(), status, "{error:?}");
            assert!(page.contains("class=\"button\""), "{error:?}");
            assert!(!page.contains("secret detail") && !page.contains("<b>"), "{error:?}: {page}");
        }
    }
}
