//! The pages of the front. Templates escape what they show; no page needs a script.

use actix_web::http::StatusCode;
use askama::Template;
use relying_party_example::{
    errors::{Denial, SignInError},
    look::Look,
    page::Page,
};
use serde_json::Value;

/// The first page.
#[derive(Template)]
#[template(path = "gateway/home.html")]
pub(crate) struct HomePage<'a> {
    /// The site's face.
    pub look: &'a Look,
    /// Who is signed in, if anybody.
    pub name: Option<&'a str>,
}

impl Page for HomePage<'_> {}

/// The report as the API gave it.
#[derive(Template)]
#[template(path = "gateway/report.html")]
pub(crate) struct ReportPage<'a> {
    look: &'a Look,
    name: &'a str,
    acr: &'a str,
    months: Vec<Month<'a>>,
    form_token: &'a str,
}

impl Page for ReportPage<'_> {}

/// A line of the report.
struct Month<'a> {
    month: &'a str,
    prescriptions: u64,
    controlled: u64,
    queried_before: u64,
}

impl<'a> ReportPage<'a> {
    /// Reads what the API gave. What is missing is shown as nothing.
    pub(crate) fn new(
        look: &'a Look,
        name: Option<&'a str>,
        report: &'a Value,
        form_token: &'a str,
    ) -> Self {
        let count =
            |month: &Value, name: &str| month.get(name).and_then(Value::as_u64).unwrap_or_default();
        let months = report.get("months").and_then(Value::as_array).into_iter().flatten();
        let months = months.map(|month| Month {
            month: month.get("month").and_then(Value::as_str).unwrap_or_default(),
            prescriptions: count(month, "prescriptions"),
            controlled: count(month, "controlled"),
            queried_before: count(month, "queried_before"),
        });
        Self {
            look,
            name: name.unwrap_or("you"),
            acr: report.get("acr").and_then(Value::as_str).unwrap_or_default(),
            months: months.collect(),
            form_token,
        }
    }
}

/// A page that says one thing, and what to do about it.
#[derive(Template)]
#[template(path = "gateway/notice.html")]
pub(crate) struct Notice<'a> {
    look: &'a Look,
    status: StatusCode,
    title: &'static str,
    text: String,
    /// The one thing to do next: its label, its address and its name on the page.
    action: (&'static str, &'static str, &'static str),
    form_token: Option<&'a str>,
}

impl Page for Notice<'_> {
    fn status(&self) -> StatusCode {
        self.status
    }
}

const HOME: (&str, &str, &str) = ("To the first page", "/", "home");
const AGAIN: (&str, &str, &str) = ("Sign in", "/login", "sign-in");

impl<'a> Notice<'a> {
    fn new(
        look: &'a Look,
        status: StatusCode,
        title: &'static str,
        text: &str,
        action: (&'static str, &'static str, &'static str),
    ) -> Self {
        Self { look, status, title, text: text.to_owned(), action, form_token: None }
    }

    /// The report takes more than a password.
    pub(crate) fn step_up(look: &'a Look, form_token: &'a str) -> Self {
        let text = "Prescription reports open only to whoever has just proved a second factor: an \
                    authenticator app or a passkey. Hilum asks you for it and brings you back.";
        let action = ("Prove it and go on", "/step-up", "step-up");
        let notice = Self::new(look, StatusCode::OK, "One more step", text, action);
        Self { form_token: Some(form_token), ..notice }
    }

    /// The session at Hilum ended.
    pub(crate) fn over(look: &'a Look) -> Self {
        let text = "Your sign-in has ended. Sign in again to go on.";
        Self::new(look, StatusCode::UNAUTHORIZED, "You are signed out", text, AGAIN)
    }

    /// Something that the report needs does not answer.
    pub(crate) fn unavailable(look: &'a Look) -> Self {
        let text = "The report cannot be shown at the moment. Please try again in a minute.";
        let action = ("Try again", "/report", "again");
        Self::new(look, StatusCode::SERVICE_UNAVAILABLE, "Not now", text, action)
    }

    /// After a sign-out.
    pub(crate) fn signed_out(look: &'a Look) -> Self {
        let text = "You are signed out here and at Hilum.";
        Self::new(look, StatusCode::OK, "Signed out", text, HOME)
    }

    /// No such page.
    pub(crate) fn not_found(look: &'a Look) -> Self {
        let text = "There is nothing at this address.";
        Self::new(look, StatusCode::NOT_FOUND, "Not found", text, HOME)
    }

    /// A sign-in did not come to its end.
    pub(crate) fn sign_in_failed(look: &'a Look, error: &SignInError) -> Self {
        let (status, text) = match error {
            SignInError::Denied(Denial::Cancelled) => {
                (StatusCode::OK, "You turned back at Hilum, so nothing has changed.")
            }
            SignInError::Denied(Denial::AssuranceUnmet) => (
                StatusCode::FORBIDDEN,
                "The second factor was not proved, and without it the report stays closed.",
            ),
            SignInError::Denied(_) => {
                (StatusCode::FORBIDDEN, "Hilum did not open this site for you.")
            }
            SignInError::Unreachable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Hilum cannot be reached. Please try again in a minute.",
            ),
            SignInError::Exchange(_)
            | SignInError::IdToken(_)
            | SignInError::Malformed(_)
            | SignInError::UnknownAttempt
            | SignInError::UserInfo(_) => (
                StatusCode::BAD_REQUEST,
                "This sign-in was not begun in this browser, took too long, or was finished already.",
            ),
        };
        Self::new(look, status, "You are not signed in", text, AGAIN)
    }
}
