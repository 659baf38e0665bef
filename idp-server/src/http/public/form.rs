//! A form of a public page: it is ours, it is read, it is not one of too many, and then the
//! challenge is judged; what is wrong is said beside its field.

use actix_web::{HttpResponse, cookie::Cookie, http::StatusCode, web::Bytes};
use idp_core::{
    authentication::inquiry::caps,
    community::{field::Objections, ticket::Requester},
    oidc::params::Params,
    secret::Secret,
};

use crate::{
    community::tickets::{self, NewTicket},
    http::{
        challenge::{self, Passed},
        client_address::ClientAddress,
        console,
        error::PageError,
        sign_out::current,
        visit::{Visit, page, set},
    },
    mail::Transport,
    pages::{AskPage, Asked, AskedPage, ChallengeView, FieldView, FormProblem, Messages},
};

/// A public form, in one browser.
pub(super) struct PublicForm<'a> {
    pub(super) visit: &'a Visit,
    what: Asked,
    fields: fn(&'static Messages) -> Vec<FieldView<'static>>,
    browser: Secret,
    cookie: Option<Cookie<'static>>,
}

/// What somebody filled in, and what is wrong with it.
#[derive(Default)]
struct Filled {
    typed: Option<Params>,
    objections: Objections,
    problem: Option<FormProblem>,
}

impl<'a> PublicForm<'a> {
    pub(super) fn of(
        visit: &'a Visit,
        what: Asked,
        fields: fn(&'static Messages) -> Vec<FieldView<'static>>,
    ) -> Self {
        let (browser, cookie) = visit.browser();
        Self { visit, what, fields, browser, cookie }
    }

    /// The empty form.
    pub(super) fn page(&self) -> HttpResponse {
        self.again(StatusCode::OK, self.challenge(), &Filled::default())
    }

    fn challenge(&self) -> ChallengeView {
        challenge::fresh(self.visit, &self.browser, self.what.path())
    }

    fn again(&self, status: StatusCode, challenge: ChallengeView, filled: &Filled) -> HttpResponse {
        let frame = self.visit.frame();
        let mut fields = (self.fields)(frame.text);
        for field in &mut fields {
            let typed = filled.typed.as_ref().and_then(|form| form.find(field.name));
            field.value = typed.unwrap_or_default();
            field.wrong = filled.objections.of(field.name);
        }
        let content = AskPage {
            frame,
            form_token: &self.visit.form_token(&self.browser, self.what.path()),
            what: self.what,
            fields,
            challenge: Some(challenge),
            problem: filled.problem,
        };
        let mut answer = page(status, &content);
        set(&mut answer, self.cookie.clone());
        answer
    }

    /// What somebody sent who has passed the challenge and is not one of too many, as `read` reads it
    /// with what it is counted by; or the page to show them.
    ///
    /// # Errors
    /// As [`Self::solved`].
    pub(super) async fn passed<T>(
        &self,
        body: &Bytes,
        read: impl FnOnce(&Params) -> Result<(T, String), Objections>,
    ) -> Result<Result<T, HttpResponse>, PageError> {
        let (value, about) = match self.solved(body, read).await? {
            Ok(read) => read,
            Err(page) => return Ok(Err(page)),
        };
        let address = ClientAddress::of(&self.visit.request).0;
        let about = format!("{} {about}", self.what.path());
        let caps = caps(address, &about, self.visit.inquiries_per_hour);
        if self.visit.throttle.admits(&caps).await {
            return Ok(Ok(value));
        }
        let filled = Filled {
            typed: self.visit.own_form(body, self.what.path()),
            problem: Some(FormProblem::Throttled),
            ..Filled::default()
        };
        Ok(Err(self.again(StatusCode::TOO_MANY_REQUESTS, self.challenge(), &filled)))
    }

    /// What somebody sent who has passed the challenge, as `read` reads it; or the page to show
    /// them. What cannot be read costs nobody a challenge.
    ///
    /// # Errors
    /// [`PageError::NotUnderstood`] for a field that the page has not (security 20.3), or another one
    /// if short-lived state is out of reach.
    pub(super) async fn solved<T>(
        &self,
        body: &Bytes,
        read: impl FnOnce(&Params) -> Result<T, Objections>,
    ) -> Result<Result<T, HttpResponse>, PageError> {
        let purpose = self.what.path();
        let Some(posted) = self.visit.own_form(body, purpose) else {
            let filled = Filled { problem: Some(FormProblem::Expired), ..Filled::default() };
            return Ok(Err(self.again(StatusCode::FORBIDDEN, self.challenge(), &filled)));
        };
        let own = (self.fields)(self.visit.frame().text);
        let known = |name: &str| {
            matches!(name, "form_token" | "challenge" | "solution" | "new_challenge")
                || own.iter().any(|field| field.name == name)
        };
        if posted.pairs().any(|(name, _)| !known(name)) {
            return Err(PageError::NotUnderstood);
        }
        let read = read(&posted);
        let filled =
            |problem, objections| Filled { typed: Some(posted.clone()), objections, problem };
        let value = match read {
            Ok(read) => read,
            // Who asks for another check has not sent the form yet.
            Err(_) if posted.find("new_challenge").is_some() => {
                let filled = filled(None, Objections::default());
                return Ok(Err(self.again(StatusCode::OK, self.challenge(), &filled)));
            }
            Err(objections) => {
                let filled = filled(Some(FormProblem::Wrong), objections);
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return Ok(Err(self.again(status, self.challenge(), &filled)));
            }
        };
        if let Passed::No(challenge) = challenge::judge(self.visit, &posted, purpose).await? {
            // Asking for a new one is no mistake.
            let (status, problem) = match challenge.problem {
                Some(_) => (StatusCode::FORBIDDEN, Some(FormProblem::Challenge)),
                None => (StatusCode::OK, None),
            };
            let filled = filled(problem, Objections::default());
            return Ok(Err(self.again(status, challenge, &filled)));
        }
        Ok(Ok(value))
    }
}

/// A ticket of a visitor, or of whoever is signed in; then the page that says so.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
pub(super) async fn ask(
    visit: &Visit,
    what: Asked,
    new: NewTicket,
) -> Result<HttpResponse, PageError> {
    let person = current(visit).await?;
    let office = console::office_of(visit, person.as_ref());
    let requester = person.map(|person| Requester::Subscriber(person.subscriber.id));
    let new = NewTicket { requester: requester.unwrap_or(new.requester), ..new };
    let opened = visit.db.write(move |conn| tickets::open(conn, &office, &new)).await?;
    opened.map_err(|_| PageError::NotFound)?;
    visit.outbox.wake();
    Ok(asked(visit, what, StatusCode::CREATED))
}

/// The page after a form.
pub(super) fn asked(visit: &Visit, what: Asked, status: StatusCode) -> HttpResponse {
    let in_mailbox = matches!(visit.transport, Transport::Mailbox);
    page(status, &AskedPage { frame: visit.frame(), what, in_mailbox })
}

/// What was typed into a field of several lines, as one line.
pub(super) fn one_line(typed: &str) -> String {
    typed.split_whitespace().collect::<Vec<_>>().join(" ")
}
