//! Whether a token still counts: asked of Hilum, under the gateway's own name (RFC 7662).
//!
//! A signed token says how things were when it was made, and goes on saying so for five minutes. A system that
//! was stopped, or a person who signed out, must be refused at once, and only Hilum knows of it. So each token
//! is asked about; a good answer is remembered for a few seconds, so that a burst of calls with one token is
//! one question. Those seconds are the most by which a stop can come late. A bad answer is never remembered,
//! and no answer opens nothing.

use chrono::{DateTime, TimeDelta, Utc};
use relying_party_example::{
    errors::SignInError, oidc::Oidc, registration::Registration, shelf::Shelf,
};
use serde::Deserialize;

use crate::{refusal::Refusal, token::AccessToken};

/// What Hilum says of a token, as far as the gateway reads it.
#[derive(Deserialize)]
struct Introspection {
    active: bool,
}

/// Why Hilum gave no answer.
#[derive(Debug, thiserror::Error)]
enum AskError {
    /// Hilum cannot be reached, or refuses us.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// Hilum's discovery document does not say where to ask.
    #[error("discovery names no introspection_endpoint")]
    NoEndpoint,
    /// There is no discovery document.
    #[error(transparent)]
    Provider(#[from] SignInError),
}

/// Asks about tokens, and remembers good answers for a while.
pub(crate) struct Standing {
    registration: Registration,
    remember: TimeDelta,
    good: Shelf<()>,
}

impl Standing {
    /// Nothing is known yet; a good answer will count for `remember`.
    pub(crate) fn new(registration: Registration, remember: TimeDelta) -> Self {
        Self { registration, remember, good: Shelf::new(10_000) }
    }

    /// Lets a token through that still counts. Only one that is good in every other way comes here: otherwise
    /// anybody could make us call Hilum.
    ///
    /// # Errors
    /// [`Refusal::TakenBack`] or [`Refusal::Unreachable`].
    pub(crate) async fn confirm<W>(
        &self,
        oidc: &Oidc<W>,
        text: &str,
        token: &AccessToken,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if self.good.find(text, now).is_some() {
            return Ok(());
        }
        match self.ask(oidc, text).await {
            Ok(Introspection { active: true }) => {
                let until = (now + self.remember).min(token.ends_at());
                self.good.put(text.to_owned(), (), until, now);
                Ok(())
            }
            Ok(Introspection { active: false }) => Err(Refusal::TakenBack),
            Err(error) => {
                tracing::warn!(%error, "Hilum cannot be asked about a token");
                Err(Refusal::Unreachable)
            }
        }
    }

    async fn ask<W>(&self, oidc: &Oidc<W>, token: &str) -> Result<Introspection, AskError> {
        let endpoint = oidc.introspection_endpoint().await?.ok_or(AskError::NoEndpoint)?;
        let Registration { client_id, client_secret, .. } = &self.registration;
        let secret = client_secret.as_ref().map(|secret| form_encoded(secret.secret()));
        let answer = oidc
            .http()
            .post(endpoint.url().clone())
            .basic_auth(form_encoded(client_id), secret)
            .form(&[("token", token), ("token_type_hint", "access_token")])
            .send()
            .await?
            .error_for_status()?;
        Ok(answer.json().await?)
    }
}

/// Name and secret stand form-encoded in the header (RFC 6749 §2.3.1).
fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
