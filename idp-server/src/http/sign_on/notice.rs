//! `POST /sign-on/{handle}/notice`: the person has seen what the site receives.

use actix_web::{
    HttpResponse,
    web::{Bytes, Path},
};
use idp_core::{ids::SubscriberId, sign_on::Step};

use super::{
    expired,
    progress::{advance, go_on},
};
use crate::http::{error::PageError, transaction::Transaction, visit::Visit};

/// What the form is for: this sign-on, confirmed by this person.
pub fn purpose(handle: &str, person: &SubscriberId) -> String {
    format!("{handle} {person}")
}

/// Takes the confirmation down and goes on.
pub async fn confirm(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, &handle, &body).await)
}

async fn take(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let mut transaction = Transaction::load(visit, &visit.request, handle).await?;
    let advance = advance(visit, &transaction, visit.session()).await?;
    // Another tab may have signed in somebody else since this page was shown.
    let person = advance.known.person.as_ref().map(|loaded| &loaded.subscriber.id);
    if person.and_then(|id| visit.own_form(body, &purpose(handle, id))).is_none() {
        return Ok(expired(visit, handle));
    }
    // Only what was shown can be confirmed: a form of another step changes nothing.
    if matches!(advance.step, Step::ShowNotice(_)) {
        transaction.notice_confirmed = true;
    }
    go_on(visit, handle, &transaction, visit.session(), &[]).await
}
