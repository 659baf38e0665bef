//! Finding Hilum: discovery, keys, and the HTTP client that speaks to it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient, EndSessionUrl, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IntrospectionUrl, ProviderMetadata,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::errors::{SignInError, explain};
use crate::registration::Registration;

/// What discovery told about Hilum.
pub struct Provider {
    /// The client that the `openidconnect` crate made of it.
    pub client: CoreClient<
        EndpointSet,
        EndpointNotSet,
        EndpointNotSet,
        EndpointNotSet,
        EndpointMaybeSet,
        EndpointMaybeSet,
    >,
    /// The keys that Hilum signs with.
    pub keys: CoreJsonWebKeySet,
    /// Where signing out at Hilum begins.
    pub end_session: Option<EndSessionUrl>,
    /// Where Hilum is asked what a token is worth.
    pub introspection: Option<IntrospectionUrl>,
    read_at: Instant,
}

/// What else these sites read of the discovery document.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct MoreEndpoints {
    end_session_endpoint: Option<EndSessionUrl>,
    introspection_endpoint: Option<IntrospectionUrl>,
}

impl AdditionalProviderMetadata for MoreEndpoints {}

/// The discovery document.
type Metadata = ProviderMetadata<
    MoreEndpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// How old what we know about Hilum may be.
#[derive(Clone, Copy, Debug)]
pub enum Freshness {
    /// An hour.
    Usual,
    /// Two seconds: something is signed with a key that we have not seen. Anybody can send us such a thing, so
    /// it must not make us ask Hilum each time.
    NewKey,
}

impl Freshness {
    const fn max_age(self) -> Duration {
        match self {
            Self::NewKey => Duration::from_secs(2),
            Self::Usual => Duration::from_secs(3600),
        }
    }
}

/// Hilum as one client sees it: read when it is first needed, and again from time to time.
pub struct Discovery {
    /// Calls Hilum.
    pub http: Http,
    registration: Registration,
    known: Mutex<Option<Arc<Provider>>>,
}

impl Discovery {
    /// Asks nothing yet, so that this site can start before Hilum does.
    ///
    /// # Errors
    /// If no TLS could be set up.
    pub fn new(registration: Registration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            // A redirect could lead a call with our secret anywhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http: Http(http), registration, known: Mutex::new(None) })
    }

    /// What is known of Hilum. While Hilum is away, what it last said stays good.
    ///
    /// # Errors
    /// [`SignInError::Unreachable`] if Hilum never answered.
    pub async fn provider(&self, wanted: Freshness) -> Result<Arc<Provider>, SignInError> {
        let mut known = self.known.lock().await;
        let is_fresh = |known: &Provider| known.read_at.elapsed() < wanted.max_age();
        if let Some(fresh) = known.as_ref().filter(|known| is_fresh(known)) {
            return Ok(Arc::clone(fresh));
        }
        match (self.read().await, known.as_ref()) {
            (Ok(provider), _) => Ok(Arc::clone(known.insert(Arc::new(provider)))),
            (Err(error), Some(old)) => {
                tracing::warn!(%error, "keeping what Hilum said before");
                Ok(Arc::clone(old))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Reads `/.well-known/openid-configuration` and the keys that it names (OpenID Connect Discovery §4).
    async fn read(&self) -> Result<Provider, SignInError> {
        let Registration { issuer, client_id, client_secret, redirect_uri, .. } =
            self.registration.clone();
        let metadata = Metadata::discover_async(issuer, &self.http)
            .await
            .map_err(|error| SignInError::Unreachable(explain(&error)))?;
        let keys = metadata.jwks().clone();
        let MoreEndpoints {
            end_session_endpoint: end_session,
            introspection_endpoint: introspection,
        } = metadata.additional_metadata().clone();
        let client = CoreClient::from_provider_metadata(metadata, client_id, client_secret)
            .set_redirect_uri(redirect_uri);
        Ok(Provider { client, keys, end_session, introspection, read_at: Instant::now() })
    }
}

/// Lets the `openidconnect` crate speak through the HTTP client and the TLS of this program.
pub struct Http(pub reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.execute(request.try_into()?).await?;
            let mut response = HttpResponse::new(Vec::new());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = answer.bytes().await?.to_vec();
            Ok(response)
        })
    }
}
