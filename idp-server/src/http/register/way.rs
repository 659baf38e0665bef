//! A way through a registration: kept for some hours after its last step, for one browser.

use std::time::Duration;

use actix_web::HttpResponse;
use idp_core::{
    authentication::gate::Demand, community::registration::Registration, ids::RegistrationId,
    secret::SecretDigest,
};
use serde::{Deserialize, Serialize};

use crate::{
    community::{Office, registrations},
    ephemeral::Key,
    http::{
        browser, console,
        error::PageError,
        gate,
        visit::{Visit, see_other},
    },
};

/// How long a browser may stand still: somebody looks for a letter, or asks a colleague. After that
/// the link and the code lead back.
const LIFE: Duration = Duration::from_secs(4 * 60 * 60);

/// What is kept of it.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The browser that presented link and code; no other may go on with it.
    browser: SecretDigest,
    registration: RegistrationId,
}

/// A way, with the registration as it stands.
pub(super) struct Way {
    pub(super) handle: String,
    pub(super) registration: Registration,
    /// Who walks it.
    pub(super) office: Office,
}

impl Way {
    /// Begins a way: link and code were right.
    pub(super) async fn begin(
        visit: &Visit,
        registration: RegistrationId,
    ) -> Result<HttpResponse, PageError> {
        let Some(browser) = browser::browser_secret(&visit.request) else {
            return Err(PageError::Interrupted);
        };
        let handle = visit.random.secret();
        keep(visit, handle.expose(), &Kept { browser: browser.digest(), registration }).await?;
        Ok(go_on(handle.expose()))
    }

    /// The way under `handle`, if it is this browser's.
    pub(super) async fn load(visit: &Visit, handle: &str) -> Result<Self, PageError> {
        let bytes = visit.ephemeral.get(&Key::registration(handle)).await?;
        let bytes = bytes.ok_or(PageError::Interrupted)?;
        let kept: Kept =
            serde_json::from_slice(&bytes).map_err(|error| PageError::unexpected(&error))?;
        let browser = browser::browser_secret(&visit.request).map(|secret| secret.digest());
        if browser != Some(kept.browser) {
            return Err(PageError::Interrupted);
        }
        keep(visit, handle, &kept).await?;
        let (registration, office) = found(visit, &kept.registration).await?;
        let registration = registration.ok_or(PageError::Interrupted)?;
        Ok(Self { handle: handle.to_owned(), registration, office })
    }
}

async fn keep(visit: &Visit, handle: &str, kept: &Kept) -> Result<(), PageError> {
    let bytes = serde_json::to_vec(kept).map_err(|error| PageError::unexpected(&error))?;
    Ok(visit.ephemeral.put(&Key::registration(handle), &bytes, LIFE).await?)
}

/// To the page of the step that the registration is at now.
pub(super) fn go_on(handle: &str) -> HttpResponse {
    see_other(&format!("/register/at/{handle}"), [])
}

/// Whoever takes the steps of this registration: its registrant, where they have an account and are
/// signed in; otherwise somebody who has link and code, which is enough.
pub(super) async fn acting(visit: &Visit, id: &RegistrationId) -> Result<Office, PageError> {
    Ok(found(visit, id).await?.1)
}

async fn found(
    visit: &Visit,
    id: &RegistrationId,
) -> Result<(Option<Registration>, Office), PageError> {
    let nobody = console::office_of(visit, None);
    let (office, id) = (nobody.clone(), id.clone());
    let registration = visit.db.read(move |conn| registrations::find(conn, &office, &id)).await?;
    let registrant = registration.as_ref().and_then(|found| found.registrant.clone());
    let Some(registrant) = registrant else { return Ok((registration, nobody)) };
    let person = gate::open(visit, Demand::SIGNED_IN).await?;
    let own = person.filter(|person| person.subscriber.id == registrant);
    Ok((registration, console::office_of(visit, own.as_ref())))
}
