//! Turning back: `POST /sign-on/{handle}/cancel` and `/switch`.

use actix_web::{
    HttpResponse,
    web::{Bytes, Path},
};
use idp_core::sign_on::Step;

use super::{expired, progress::advance};
use crate::{
    http::{
        browser,
        error::PageError,
        front::Outcome,
        session,
        transaction::{Purpose, Transaction},
        visit::{Visit, see_other},
    },
    store::Cause,
};

/// Back to the site, which is told why.
pub async fn cancel(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(back(&visit, &handle, &body).await)
}

async fn back(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let transaction = Transaction::load(visit, &visit.request, handle).await?;
    if visit.own_form(body, handle).is_none() {
        return Ok(expired(visit, handle));
    }
    let Purpose::Site(request) = &transaction.purpose else {
        Transaction::finish(visit, handle).await;
        return Ok(see_other("/", []));
    };
    let outcome = match advance(visit, &transaction, visit.session()).await?.step {
        Step::Refuse(refusal) => Outcome::Refused(refusal),
        Step::AcceptAgreement(_) => Outcome::Declined,
        Step::AskPassword(_)
        | Step::AskSecondFactor { .. }
        | Step::ChooseAffiliation { .. }
        | Step::Complete(_)
        | Step::EnrollSecondFactor(_)
        | Step::ShowNotice(_) => Outcome::Cancelled,
    };
    Transaction::finish(visit, handle).await;
    request.answer(visit, outcome, Vec::new()).await
}

/// "Not you?": ends the session, everywhere, and asks who it is.
pub async fn switch(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(change(&visit, &handle, &body).await)
}

async fn change(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let mut transaction = Transaction::load(visit, &visit.request, handle).await?;
    if visit.own_form(body, handle).is_none() {
        return Ok(expired(visit, handle));
    }
    session::end_current(visit, Cause::SignedOut, session::Via::Server).await?;
    transaction.switched = true;
    transaction.chosen = None;
    transaction.notice_confirmed = false;
    transaction.keep(visit, handle).await?;
    Ok(see_other(&format!("/sign-on/{handle}"), [browser::no_session()]))
}
