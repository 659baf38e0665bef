//! A sign-on in progress: kept for ten minutes under a random handle, for one browser.

use std::time::Duration;

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use idp_core::{
    authentication::gate::Demand,
    ids::AffiliationId,
    secret::{Secret, SecretDigest},
};
use serde::{Deserialize, Serialize};

use super::{browser, error::PageError, front::SiteRequest, gate::OwnPage};
use crate::{app::App, ephemeral::Key};

/// How long a person may take: ten minutes from the last step.
const LIFE: Duration = Duration::from_secs(600);
/// How long a cross-site POST waits for its browser, which comes back at once.
const PARKED_LIFE: Duration = Duration::from_secs(60);
/// The most that is put aside of a cross-site POST: anybody can send one, and it takes memory from
/// everybody else's sign-on. Twice what fits into an address.
const MAX_PARKED: usize = 16 * 1024;

/// A sign-on in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transaction {
    /// The browser that began it; no other may go on with it (security 15.3).
    browser: SecretDigest,
    /// What it is for.
    pub purpose: Purpose,
    /// The affiliation that was chosen in it.
    pub chosen: Option<AffiliationId>,
    /// Whether the notice was confirmed in it.
    pub notice_confirmed: bool,
    /// Whether the person asked to be somebody else.
    pub switched: bool,
}

/// What a sign-on is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// One of Hilum's own pages.
    Own {
        /// Where the person wants to go.
        page: OwnPage,
        /// What the page demands.
        demand: Demand,
        /// When the sign-on began: a sign-in made in its course is fresh.
        asked_at: DateTime<Utc>,
    },
    /// A site.
    Site(Box<SiteRequest>),
}

impl Transaction {
    /// A new one for the browser that `browser` names.
    pub fn new(browser: &Secret, purpose: Purpose) -> Self {
        Self {
            browser: browser.digest(),
            purpose,
            chosen: None,
            notice_confirmed: false,
            switched: false,
        }
    }

    /// Keeps it under `handle`.
    ///
    /// # Errors
    /// [`PageError`] if short-lived state is out of reach.
    pub async fn keep(&self, app: &App, handle: &str) -> Result<(), PageError> {
        let bytes = serde_json::to_vec(self).map_err(|error| PageError::unexpected(&error))?;
        Ok(app.ephemeral.put(&Key::transaction(handle), &bytes, LIFE).await?)
    }

    /// The one under `handle`, if it is this browser's.
    ///
    /// # Errors
    /// [`PageError::Interrupted`] if there is none, or it began in another browser.
    pub async fn load(app: &App, request: &HttpRequest, handle: &str) -> Result<Self, PageError> {
        let bytes =
            app.ephemeral.get(&Key::transaction(handle)).await?.ok_or(PageError::Interrupted)?;
        let transaction: Self =
            serde_json::from_slice(&bytes).map_err(|error| PageError::unexpected(&error))?;
        let browser = browser::browser_secret(request).map(|secret| secret.digest());
        if browser == Some(transaction.browser) {
            Ok(transaction)
        } else {
            Err(PageError::Interrupted)
        }
    }

    /// Forgets it: it has led to an answer.
    pub async fn finish(app: &App, handle: &str) {
        // It expires by itself; a failure here costs memory for ten minutes and nothing else.
        if let Err(error) = app.ephemeral.remove(&Key::transaction(handle)).await {
            tracing::debug!(%error, "a finished sign-on stays until it expires");
        }
    }
}

/// Keeps the parameters of a cross-site POST until the browser comes back with its cookies.
///
/// # Errors
/// [`PageError::TooLarge`], or another one if short-lived state is out of reach.
pub async fn park(app: &App, handle: &str, parameters: &str) -> Result<(), PageError> {
    if parameters.len() > MAX_PARKED {
        return Err(PageError::TooLarge);
    }
    Ok(app.ephemeral.put(&Key::parked(handle), parameters.as_bytes(), PARKED_LIFE).await?)
}

/// The parameters that were kept under `handle`.
///
/// # Errors
/// [`PageError::Interrupted`] if there are none.
pub async fn parked(app: &App, handle: &str) -> Result<Vec<u8>, PageError> {
    app.ephemeral.get(&Key::parked(handle)).await?.ok_or(PageError::Interrupted)
}
