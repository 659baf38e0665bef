//! `POST /sign-on/{handle}/factor/…`: the second step, by a code.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    authentication::{
        assurance::Method,
        factor::Holdings,
        mailed_code::{CodePurpose, MailedCode},
        recovery_code::RecoveryCode,
        totp,
    },
    oidc::params::Params,
    sign_on::{self, Step},
};

use super::{
    later,
    progress::{Advance, advance, go_on, go_on_to},
    show::Stand,
};
use crate::{
    http::{
        browser,
        enrolment::recovery_digest,
        error::PageError,
        second_factor::{Offer, Proved, prove},
        transaction::Transaction,
        visit::{Visit, see_other},
    },
    pages::{FactorProblem, FactorWay},
    store::person::LoadedPerson,
};

/// A code of an authenticator app.
pub async fn totp(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, &handle, &body, FactorWay::Totp).await)
}

/// A code from the mailbox.
pub async fn email(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, &handle, &body, FactorWay::Email).await)
}

/// A recovery code.
pub async fn recovery(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, &handle, &body, FactorWay::Recovery).await)
}

/// A sign-on that waits for a second step, and a form of its page.
pub(super) struct Waiting {
    pub(super) transaction: Transaction,
    pub(super) advance: Advance,
}

impl Waiting {
    /// The sign-on under `handle`.
    ///
    /// # Errors
    /// [`PageError`] if there is none, or something that we need is out of reach.
    pub(super) async fn load(visit: &Visit, handle: &str) -> Result<Self, PageError> {
        let transaction = Transaction::load(visit, &visit.request, handle).await?;
        let advance = advance(visit, &transaction, visit.session()).await?;
        Ok(Self { transaction, advance })
    }

    /// The person, if they may be asked in this way now.
    pub(super) fn person(&self, way: FactorWay) -> Option<&LoadedPerson> {
        let ways = ways(&self.advance.step, &self.advance.known.holdings);
        self.advance.known.person.as_ref().filter(|_| ways.contains(&way))
    }
}

/// The ways in which a person may take the step, best first.
pub(super) fn ways(step: &Step, holdings: &Holdings) -> Vec<FactorWay> {
    let mut ways: Vec<FactorWay> = Vec::new();
    for way in sign_on::ways(step, holdings).into_iter().filter_map(way_of) {
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

/// What a code is good for that is mailed at this step.
fn mailed(step: &Step) -> CodePurpose {
    if let Step::AskSecondFactor { mailed, .. } = step { *mailed } else { CodePurpose::SignIn }
}

const fn way_of(method: Method) -> Option<FactorWay> {
    match method {
        Method::EmailCode => Some(FactorWay::Email),
        Method::Passkey | Method::PasskeyWithUserVerification => Some(FactorWay::Passkey),
        Method::RecoveryCode => Some(FactorWay::Recovery),
        Method::Totp => Some(FactorWay::Totp),
        Method::Password | Method::RememberedBrowser => None,
    }
}

async fn take(
    visit: &Visit,
    handle: &str,
    body: &Bytes,
    way: FactorWay,
) -> Result<HttpResponse, PageError> {
    let waiting = Waiting::load(visit, handle).await?;
    let problem = |status, problem| {
        Stand::new(visit, handle, &waiting.transaction).factor_problem(
            &waiting.advance,
            way,
            status,
            problem,
        )
    };
    let Some(person) = waiting.person(way) else {
        return go_on(visit, handle, &waiting.transaction, visit.session(), &[]).await;
    };
    let Some(form) = visit.own_form(body, handle) else {
        return problem(StatusCode::FORBIDDEN, FactorProblem::FormExpired);
    };
    let Some(code) = form.find("code").filter(|code| !code.trim().is_empty()) else {
        return problem(StatusCode::BAD_REQUEST, FactorProblem::Missing);
    };
    let id = &person.subscriber.id;
    let offer = match way {
        FactorWay::Email => {
            let purpose = mailed(&waiting.advance.step);
            let digest = |code| visit.post.digest(&code, purpose, id);
            Offer::Mailed(purpose, MailedCode::typed(code).map(digest))
        }
        FactorWay::Recovery => {
            let digest = |code| recovery_digest(visit, id, &code);
            Offer::Recovery(RecoveryCode::typed(code).map(digest))
        }
        FactorWay::Totp => Offer::Totp(totp::typed(code)),
        FactorWay::Passkey => Offer::Passkey(None),
    };
    conclude(visit, handle, waiting, way, offer, &form).await
}

/// Judges an offer and goes on, or shows the page again.
pub(super) async fn conclude(
    visit: &Visit,
    handle: &str,
    waiting: Waiting,
    way: FactorWay,
    offer: Offer,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let Some(person) = &waiting.advance.known.person else { return Err(PageError::Interrupted) };
    let stand = Stand::new(visit, handle, &waiting.transaction);
    let remember = stand.may_remember(&waiting.advance) && form.find("remember") == Some("on");
    match prove(visit, person, offer, remember).await? {
        Proved::Accepted { cookie, session, remembered } => {
            let cookies: Vec<_> = [Some(browser::session_cookie(&cookie))]
                .into_iter()
                .chain([remembered.as_ref().map(browser::remembered_cookie)])
                .flatten()
                .collect();
            let advance = waiting.advance.in_session(visit, &waiting.transaction, session);
            go_on_to(visit, handle, &waiting.transaction, &advance, &cookies).await
        }
        // The page of wherever the sign-on stands now.
        Proved::Interrupted => Ok(see_other(&format!("/sign-on/{handle}"), [])),
        Proved::Refused => {
            let problem = FactorProblem::Refused { lock_minutes: stand.lock_minutes() };
            stand.factor_problem(&waiting.advance, way, StatusCode::UNAUTHORIZED, problem)
        }
        Proved::Throttled { seconds } => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let page =
                stand.factor_problem(&waiting.advance, way, status, FactorProblem::Throttled)?;
            Ok(later(page, seconds))
        }
    }
}

/// `POST /sign-on/{handle}/factor/email/send`: sends a code to the mailbox on file.
pub async fn send(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(mail(&visit, &handle, &body).await)
}

async fn mail(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let waiting = Waiting::load(visit, handle).await?;
    let Some(person) = waiting.person(FactorWay::Email) else {
        return go_on(visit, handle, &waiting.transaction, visit.session(), &[]).await;
    };
    let problem = |status, problem| {
        let stand = Stand::new(visit, handle, &waiting.transaction);
        stand.factor_problem(&waiting.advance, FactorWay::Email, status, problem)
    };
    if visit.own_form(body, handle).is_none() {
        return problem(StatusCode::FORBIDDEN, FactorProblem::FormExpired);
    }
    let (id, now, post) = (person.subscriber.id.clone(), visit.clock.now(), visit.post.clone());
    let purpose = mailed(&waiting.advance.step);
    let sent = visit.db.write(move |conn| post.mail_code(conn, &id, purpose, now)).await?;
    visit.outbox.wake();
    match sent {
        Ok(()) => {
            waiting.transaction.keep(visit, handle).await?;
            Ok(see_other(&format!("/sign-on/{handle}?way=email&sent=1"), []))
        }
        Err(_) => problem(StatusCode::TOO_MANY_REQUESTS, FactorProblem::TooManyMails),
    }
}
