//! A way in progress: kept for a quarter of an hour after its last step, for one browser.

use std::{net::IpAddr, time::Duration};

use actix_web::{
    HttpResponse,
    cookie::Cookie,
    http::{
        StatusCode,
        header::{HeaderValue, RETRY_AFTER},
    },
    web::Path,
};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        mailed_code::Which,
        recovery::{Deed, Gate, Next, Recovery, Step},
        secret_questions::Question,
    },
    community::subscriber::Subscriber,
    ids::{EventId, SubscriberId},
    secret::{Secret, SecretDigest},
};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    ephemeral::Key,
    http::{
        browser,
        client_address::ClientAddress,
        error::PageError,
        visit::{Visit, page, see_other},
    },
    mail::{Post, Transport},
    pages::{ForgotClosedPage, ForgotCodePage, ForgotNewPage, ForgotProblem, ForgotQuestionsPage},
    passwords::RETRY_AFTER_SECONDS,
    store::{AnyConn, StoreError, audit, subscriber},
};

/// How long a person may take from one step to the next: as long as a mailed code lasts.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// A way in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Way {
    /// The browser that began it; no other may go on with it.
    browser: SecretDigest,
    /// The name that was typed, normalized, whether or not anybody has it.
    pub(super) name: String,
    /// The questions that are asked on it.
    pub(super) questions: Vec<Question>,
    /// Where it stands.
    pub(super) recovery: Recovery,
    /// The mailbox that the code was read in: the way leads on only while it is the one on file.
    pub(super) mailbox: Option<SecretDigest>,
    /// As it was loaded.
    #[serde(skip)]
    loaded: Vec<u8>,
}

impl Way {
    pub(super) fn new(
        browser: &Secret,
        name: &str,
        questions: Vec<Question>,
        recovery: Recovery,
    ) -> Self {
        let (browser, name) = (browser.digest(), name.to_owned());
        Self { browser, name, questions, recovery, mailbox: None, loaded: Vec::new() }
    }

    /// Keeps it under `handle`.
    pub(super) async fn keep(&self, app: &App, handle: &str) -> Result<(), PageError> {
        Ok(app.ephemeral.put(&Key::recovery(handle), &self.bytes()?, LIFE).await?)
    }

    /// The same after something that was wrong: `false` if another request has moved the way on
    /// since it was loaded, which a wrong one must not undo.
    pub(super) async fn keep_unless_moved(
        &self,
        app: &App,
        handle: &str,
    ) -> Result<bool, PageError> {
        let (key, bytes) = (Key::recovery(handle), self.bytes()?);
        Ok(app.ephemeral.replace(&key, &self.loaded, &bytes, LIFE).await?)
    }

    fn bytes(&self) -> Result<Vec<u8>, PageError> {
        serde_json::to_vec(self).map_err(|error| PageError::unexpected(&error))
    }

    /// The one under `handle`, if it is this browser's.
    pub(super) async fn load(visit: &Visit, handle: &str) -> Result<Self, PageError> {
        let bytes = visit.ephemeral.get(&Key::recovery(handle)).await?;
        Self::of_browser(visit, bytes.ok_or(PageError::Interrupted)?)
    }

    /// The same, and nobody else finds it after that: of two requests at once one goes on.
    pub(super) async fn take(visit: &Visit, handle: &str) -> Result<Self, PageError> {
        let bytes = visit.ephemeral.take(&Key::recovery(handle)).await?;
        Self::of_browser(visit, bytes.ok_or(PageError::Interrupted)?)
    }

    fn of_browser(visit: &Visit, bytes: Vec<u8>) -> Result<Self, PageError> {
        let way: Self =
            serde_json::from_slice(&bytes).map_err(|error| PageError::unexpected(&error))?;
        let browser = browser::browser_secret(&visit.request).map(|secret| secret.digest());
        let is_own = browser == Some(way.browser);
        if is_own { Ok(Self { loaded: bytes, ..way }) } else { Err(PageError::Interrupted) }
    }

    /// What the name is counted under.
    pub(super) fn digest(&self) -> SecretDigest {
        SecretDigest::of(&self.name)
    }
}

/// What the way under `handle` is known by where its codes are kept.
pub(super) fn known_by(handle: &str) -> SecretDigest {
    SecretDigest::of(handle)
}

/// Somebody on the way, as a transaction needs them: it may run twice and must draw nothing anew
/// that anybody has seen.
pub(super) struct Traveller {
    pub(super) name: String,
    pub(super) digest: SecretDigest,
    /// Where the way stood.
    pub(super) recovery: Recovery,
    /// The code that is mailed for this way.
    pub(super) which: Which,
    pub(super) gate: Gate,
    pub(super) address: IpAddr,
    pub(super) now: chrono::DateTime<chrono::Utc>,
    pub(super) event: EventId,
    pub(super) rules: idp_core::community::subscriber::AccountRules,
}

impl Traveller {
    pub(super) fn on(visit: &Visit, handle: &str, way: &Way, gate: Gate) -> Self {
        Self {
            name: way.name.clone(),
            digest: way.digest(),
            recovery: way.recovery,
            which: Which::of_way(&known_by(handle)),
            gate,
            address: ClientAddress::of(&visit.request).0,
            now: visit.clock.now(),
            event: EventId::from_random(visit.random.bytes()),
            rules: visit.account_rules,
        }
    }

    /// The account of the name, if this gate may lead to a new password for it.
    pub(super) fn account(
        &self,
        conn: &mut AnyConn,
    ) -> Result<Option<subscriber::Account>, StoreError> {
        let found = subscriber::for_sign_in(conn, &self.name)?;
        let standing =
            |account: &subscriber::Account| account.subscriber.standing(&self.rules, self.now);
        Ok(found.filter(|account| self.gate.opens(standing(account))))
    }

    /// What follows from a deed. Where a code is to be mailed now, it is, to the mailbox of the
    /// account; `because` says why in the audit record.
    pub(super) fn go_on(
        &self,
        conn: &mut AnyConn,
        post: &Post,
        (deed, because): (Deed, &str),
        subject: Option<&SubscriberId>,
    ) -> Result<Next, StoreError> {
        let next = self.recovery.after(deed);
        if let (Next::Go { mails_code: true, .. }, Some(id)) = (next, subject) {
            let mailed = post.mail_code(conn, id, self.which.clone(), self.now)?;
            let reason = if mailed.is_ok() { because } else { "too-many-mails" };
            audit::record(conn, &[self.event(Kind::ResetCodeMailed, subject, reason)])?;
        }
        Ok(next)
    }

    /// Who walks here has not shown who they are.
    pub(super) fn event(&self, kind: Kind, subject: Option<&SubscriberId>, reason: &str) -> Event {
        let mut event = Event::new(self.event.clone(), self.now, kind, Actor::Nobody);
        event.subject = subject.cloned();
        event.address = Some(self.address);
        event.reason = Some(reason.to_owned());
        event
    }
}

/// What the mailbox on file is compared by.
pub(super) fn mailbox(person: &Subscriber) -> Option<SecretDigest> {
    person.email.as_ref().map(|address| SecretDigest::of(&address.normalized()))
}

/// `GET /forgot/password/{handle}`: the page of the step that the way is at.
pub(super) async fn show(visit: Visit, handle: Path<String>) -> HttpResponse {
    let outcome = async {
        let way = Way::load(&visit, &handle).await?;
        Ok(step(&visit, &handle, &way, StatusCode::OK, None))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// To the page of the step that the way is at now.
pub(super) fn go_on(handle: &str) -> HttpResponse {
    go_on_with(handle, None)
}

/// The same in a browser that is given this cookie.
pub(super) fn go_on_with(handle: &str, cookie: Option<Cookie<'static>>) -> HttpResponse {
    see_other(&format!("/forgot/password/{handle}"), cookie)
}

/// The page of the step, with what was wrong.
pub(super) fn step(
    visit: &Visit,
    handle: &str,
    way: &Way,
    status: StatusCode,
    problem: Option<ForgotProblem>,
) -> HttpResponse {
    // The way was found, so the browser has its name.
    let (browser, _) = visit.browser();
    let form_token = &visit.form_token(&browser, handle);
    let frame = visit.frame();
    match way.recovery.step {
        Step::Questions => {
            let questions = &way.questions;
            page(status, &ForgotQuestionsPage { frame, handle, form_token, questions, problem })
        }
        Step::SeeAdministrator => {
            page(status, &ForgotClosedPage { frame, handle, form_token, problem })
        }
        Step::MailedCode => {
            let in_mailbox = in_mailbox(visit);
            let mailed_again = visit.request.query_string() == "again";
            page(
                status,
                &ForgotCodePage { frame, handle, form_token, in_mailbox, mailed_again, problem },
            )
        }
        Step::NewPassword => page(
            status,
            &ForgotNewPage {
                frame,
                handle,
                form_token,
                user_id: &way.name,
                policy: visit.password_policy,
                objections: Vec::new(),
                differ: false,
                problem,
            },
        ),
    }
}

/// The page again, because too many people are here at once: they may come back in a moment.
pub(super) fn busy(visit: &Visit, handle: &str, way: &Way) -> HttpResponse {
    let problem = Some(ForgotProblem::Busy);
    let mut answer = step(visit, handle, way, StatusCode::SERVICE_UNAVAILABLE, problem);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    answer
}

/// Whether mails are to be read on the demo's page.
pub(super) fn in_mailbox(app: &App) -> bool {
    matches!(app.transport, Transport::Mailbox)
}
