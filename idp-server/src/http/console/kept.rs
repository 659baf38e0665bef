//! A form of a console that came too late: it waits while its person signs in again, and is offered to
//! them to be sent; it is sent by nobody else.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    ids::SubscriberId,
    secret::{Secret, SecretDigest},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Entry, PURPOSE};
use crate::{
    ephemeral::Key,
    http::{
        browser,
        error::PageError,
        gate::ConsolePath,
        visit::{Visit, page, see_other},
    },
    keys::sealing::Place,
    pages::KeptFormPage,
    store::session,
};

/// How long a form waits for its person: as long as a sign-on may take, and a little more.
const KEPT_FOR: Duration = Duration::from_secs(900);

/// A form that waits for its person.
#[derive(Serialize, Deserialize)]
struct KeptForm {
    /// In which browser it was filled in.
    browser: SecretDigest,
    /// Who was signed in there; nobody else is shown it.
    subscriber: SubscriberId,
    /// Where it goes.
    path: ConsolePath,
    /// What was filled in.
    fields: Vec<(String, String)>,
}

/// Keeps a form of ours, sealed: there are people's data in it. Where it is none of ours, or nobody can
/// say who filled it in, nothing is kept.
pub(super) async fn keep(visit: &Visit, body: &Bytes) -> Result<ConsolePath, PageError> {
    let here = ConsolePath::of(&visit.request);
    let (Some(form), Some(browser)) =
        (visit.own_form(body, PURPOSE), browser::browser_secret(&visit.request))
    else {
        return Ok(here);
    };
    let session = match visit.session() {
        Some(digest) => visit.db.read(move |conn| session::by_cookie(conn, &digest)).await?,
        None => None,
    };
    let Some(session) = session else { return Ok(here) };
    let kept = KeptForm {
        browser: browser.digest(),
        subscriber: session.subscriber,
        path: here.clone(),
        fields: form.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    };
    let handle: Secret = visit.random.secret();
    let bytes = serde_json::to_vec(&kept).map_err(|error| PageError::unexpected(&error))?;
    let sealed = visit.sealer.seal(place(handle.expose()), &Zeroizing::new(bytes));
    let sealed = sealed.map_err(|error| PageError::unexpected(&error))?;
    visit.ephemeral.put(&Key::kept_form(handle.expose()), &sealed, KEPT_FOR).await?;
    Ok(ConsolePath::read(format!("/console/kept/{}", handle.expose())).unwrap_or(here))
}

/// Where a kept form lies.
const fn place(handle: &str) -> Place<'_> {
    Place { table: "kept_form", column: "form", row: handle }
}

pub(super) async fn show(visit: Visit, handle: Path<String>) -> HttpResponse {
    let outcome = offer(&visit, &handle).await;
    visit.answer(outcome)
}

/// Offers a kept form to whoever filled it in.
async fn offer(visit: &Visit, handle: &str) -> Result<HttpResponse, PageError> {
    let person = match super::signed_in(visit, None).await? {
        Entry::Open(person) => person,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let Some(sealed) = visit.ephemeral.get(&Key::kept_form(handle)).await? else {
        return Ok(see_other("/console", []));
    };
    let plain = visit.sealer.open(place(handle), &sealed);
    let plain = plain.map_err(|error| PageError::unexpected(&error))?;
    let kept: KeptForm =
        serde_json::from_slice(&plain).map_err(|error| PageError::unexpected(&error))?;
    let browser = browser::browser_secret(&visit.request).map(|secret| secret.digest());
    let theirs = browser == Some(kept.browser) && kept.subscriber == person.subscriber.id;
    if !theirs {
        return Ok(see_other("/console", []));
    }
    let content =
        KeptFormPage { frame: visit.frame(), action: kept.path.as_str(), fields: &kept.fields };
    Ok(page(StatusCode::OK, &content))
}
