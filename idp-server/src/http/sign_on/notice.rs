//! `POST /sign-on/{handle}/notice`: the person has seen what the site receives.

use actix_web::{
    HttpResponse,
    web::{Bytes, Path},
};
use idp_core::sign_on::Step;

use super::{
    expired,
    progress::{advance, go_on},
};
use crate::http::{error::PageError, transaction::Transaction, visit::Visit};

/// Takes the confirmation down and goes on.
pub async fn confirm(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, &handle, &body).await)
}

async fn take(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let mut transaction = Transaction::load(visit, &visit.request, handle).await?;
    if visit.own_form(body, handle).is_none() {
        return Ok(expired(visit, handle));
    }
    let advance = advance(visit, &transaction, visit.session()).await?;
    // Only what was shown can be confirmed: a form of another step changes nothing.
    if matches!(advance.step, Step::ShowNotice(_)) {
        transaction.notice_confirmed = true;
    }
    go_on(visit, handle, &transaction, visit.session(), &[]).await
}
