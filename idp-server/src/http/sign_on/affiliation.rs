//! `POST /sign-on/{handle}/affiliation`: for whom the person acts.

use actix_web::{
    HttpResponse,
    web::{Bytes, Path},
};
use idp_core::sign_on::Step;

use super::{
    expired,
    progress::{advance, go_on},
    show::{Choosing, Stand},
};
use crate::http::{error::PageError, transaction::Transaction, visit::Visit};

/// Takes the choice, if the engine offered it.
pub async fn choose(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, &handle, &body).await)
}

async fn take(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let mut transaction = Transaction::load(visit, &visit.request, handle).await?;
    let Some(form) = visit.own_form(body, handle) else { return Ok(expired(visit, handle)) };
    let advance = advance(visit, &transaction, visit.session()).await?;
    if let (Step::ChooseAffiliation { choices, last }, Some(site), Some(person)) =
        (&advance.step, &advance.site, &advance.known.person)
    {
        let wanted = form.find("affiliation");
        let Some(chosen) = choices.iter().find(|choice| Some(choice.id.as_str()) == wanted) else {
            let last = last.as_ref().map(|id| id.as_str());
            let choosing = Choosing { find: None, unknown: true };
            let stand = Stand::new(visit, handle, &transaction);
            return Ok(stand.affiliations(site, &person.subscriber, choices, last, choosing));
        };
        transaction.chosen = Some(chosen.id.clone());
    }
    go_on(visit, handle, &transaction, visit.session(), &[]).await
}
