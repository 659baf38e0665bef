//! `POST /sign-on/{handle}/agreement`: the person accepts a text, or does not.

use actix_web::{
    HttpResponse,
    web::{Bytes, Path},
};
use idp_core::{
    ids::{AgreementId, SubscriberId},
    sign_on::Step,
};

use super::{
    expired,
    progress::{advance, go_on},
    show::Stand,
};
use crate::http::{
    agreement::{self, Answer},
    error::PageError,
    transaction::Transaction,
    visit::Visit,
};

/// What the form is for: this very text, shown in this sign-on to this person.
pub fn purpose(handle: &str, person: &SubscriberId, agreement: &AgreementId) -> String {
    format!("{handle} {person} {agreement}")
}

/// Takes the answer down and goes on.
pub async fn answer(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, &handle, &body).await)
}

async fn take(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let transaction = Transaction::load(visit, &visit.request, handle).await?;
    let advance = advance(visit, &transaction, visit.session()).await?;
    let (Step::AcceptAgreement(due), Some(person), Some(site)) =
        (&advance.step, &advance.known.person, &advance.site)
    else {
        // Another tab was faster: there is nothing left to accept.
        return go_on(visit, handle, &transaction, visit.session(), &[]).await;
    };
    let purpose = purpose(handle, &person.subscriber.id, due);
    let Some(form) = visit.own_form(body, &purpose) else { return Ok(expired(visit, handle)) };
    if form.find("answer") == Some("accept") {
        agreement::record(visit, &person.session, due, Answer::Accepted).await?;
        return go_on(visit, handle, &transaction, visit.session(), &[]).await;
    }
    agreement::record(visit, &person.session, due, Answer::Declined).await?;
    Ok(Stand::new(visit, handle, &transaction).declined(site, &person.subscriber))
}
