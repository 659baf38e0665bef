//! A request of an authenticated site or system, as handlers ask for it.

use std::{net::IpAddr, sync::Arc};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::{
        StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    web,
};
use futures_util::future::LocalBoxFuture;
use idp_core::oidc::{
    error::ErrorCode,
    params::{Malformed, Params},
};

use super::{
    credentials::{Credentials, Unreadable},
    proof::{Proven, Unproven, authenticate},
};
use crate::{
    app::App,
    ephemeral::EphemeralError,
    http::{client_address::ClientAddress, oidc::json},
    sites::ClientEntry,
    store::{StoreError, system_client::LoadedSystem},
};

/// The most that is read of a form.
const MAX_FORM: usize = 64 * 1024;

/// A site that has proved who it is (a public client: said who it is), and the form that it sent.
pub struct AuthenticatedSite {
    /// The site.
    pub entry: Arc<ClientEntry>,
    /// What it sent; every parameter came once.
    pub form: Params,
    /// Where it called from.
    pub address: IpAddr,
}

/// A system that has proved who it is and acts now, and the form that it sent.
pub struct AuthenticatedSystem {
    /// The system with its organization, as they were when this request came.
    pub loaded: Box<LoadedSystem>,
    /// What it sent; every parameter came once.
    pub form: Params,
    /// Where it called from.
    pub address: IpAddr,
}

/// A site or a system that has proved who it is.
pub enum AuthenticatedClient {
    /// A site.
    Site(AuthenticatedSite),
    /// A system.
    System(AuthenticatedSystem),
}

impl AuthenticatedClient {
    /// What it sent.
    pub const fn form(&self) -> &Params {
        match self {
            Self::Site(site) => &site.form,
            Self::System(system) => &system.form,
        }
    }
}

/// Why a request is nobody's.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Whether an assertion was used before is not known.
    #[error(transparent)]
    Ephemeral(#[from] EphemeralError),
    /// The server was put together wrongly.
    #[error("the application state is missing")]
    NoApp,
    /// The form cannot be acted on.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The body is no form.
    #[error("{0}")]
    NotAForm(&'static str),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many failures; not looked at.
    #[error("too many failures, wait {seconds} s")]
    Throttled {
        /// How long to wait.
        seconds: u64,
    },
    /// The body is too large.
    #[error("the form is larger than 64 KiB")]
    TooLarge,
    /// Nobody was proved.
    #[error("client not authenticated: {0}")]
    Unproven(#[from] Unproven),
    /// The credentials make no sense.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl FromRequest for AuthenticatedSite {
    type Error = ClientError;
    type Future = LocalBoxFuture<'static, Result<Self, ClientError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let client = AuthenticatedClient::from_request(request, payload);
        Box::pin(async move {
            match client.await? {
                AuthenticatedClient::Site(site) => Ok(site),
                AuthenticatedClient::System(_) => Err(Unproven::System.into()),
            }
        })
    }
}

impl FromRequest for AuthenticatedClient {
    type Error = ClientError;
    type Future = LocalBoxFuture<'static, Result<Self, ClientError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = web::Payload::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let payload = payload.await.map_err(|_| ClientError::NotAForm("there is no body"))?;
            let form = read_form(&request, payload).await?;
            let app = request.app_data::<web::Data<App>>().ok_or(ClientError::NoApp)?;
            let address = ClientAddress::of(&request).0;
            let header = request.headers().get(AUTHORIZATION);
            let header = header.map(|value| value.to_str().unwrap_or_default());
            let credentials = Credentials::read(header, &form)?;
            Ok(match authenticate(app, address, credentials).await? {
                Proven::Site(entry) => Self::Site(AuthenticatedSite { entry, form, address }),
                Proven::System(loaded) => {
                    Self::System(AuthenticatedSystem { loaded, form, address })
                }
            })
        })
    }
}

/// Reads the form. A query is refused as a whole: what a client puts there stands in the logs of
/// everything on the way, and it had better learn that at once (security 2.1).
async fn read_form(request: &HttpRequest, payload: web::Payload) -> Result<Params, ClientError> {
    if !request.query_string().is_empty() {
        return Err(ClientError::NotAForm("parameters go into the body, never into the address"));
    }
    if !is_form(request) {
        let message = "the body must be application/x-www-form-urlencoded";
        return Err(ClientError::NotAForm(message));
    }
    let body = payload.to_bytes_limited(MAX_FORM).await.map_err(|_| ClientError::TooLarge)?;
    let form = Params::parse(&body.map_err(|_| ClientError::NotAForm("the body ended early"))?);
    form.well_formed()?;
    Ok(form)
}

fn is_form(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

impl ClientError {
    /// RFC 6749 §5.2.
    const fn code(&self) -> ErrorCode {
        match self {
            Self::Ephemeral(_) | Self::Store(StoreError::Unavailable) | Self::Throttled { .. } => {
                ErrorCode::TemporarilyUnavailable
            }
            Self::NoApp
            | Self::Store(
                StoreError::Conflict(_) | StoreError::CorruptRow { .. } | StoreError::Database(_),
            ) => ErrorCode::ServerError,
            Self::Malformed(_) | Self::NotAForm(_) | Self::TooLarge => ErrorCode::InvalidRequest,
            Self::Unproven(_) => ErrorCode::InvalidClient,
            Self::Unreadable(Unreadable::Several | Unreadable::Malformed(_)) => {
                ErrorCode::InvalidRequest
            }
            Self::Unreadable(Unreadable::Anonymous | Unreadable::Contradictory) => {
                ErrorCode::InvalidClient
            }
        }
    }
}

impl ResponseError for ClientError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Ephemeral(_)
            | Self::Malformed(_)
            | Self::NoApp
            | Self::NotAForm(_)
            | Self::Store(_)
            | Self::Unproven(_)
            | Self::Unreadable(_) => json::status(self.code()),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let description = match self {
            Self::Ephemeral(_) => return json::unavailable(self),
            Self::NoApp => return json::unexpected(self),
            Self::Store(_) => return json::error(self.code(), self, ""),
            // One text for all: an unknown site and a wrong secret look the same.
            Self::Unproven(_) => "client authentication failed".to_owned(),
            Self::Malformed(_)
            | Self::NotAForm(_)
            | Self::Throttled { .. }
            | Self::TooLarge
            | Self::Unreadable(_) => self.to_string(),
        };
        tracing::info!(reason = %self, "a client was turned away");
        let mut response = json::private(self.status_code());
        if self.code() == ErrorCode::InvalidClient {
            response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"hilum\", charset=\"UTF-8\""));
        }
        if let Self::Throttled { seconds } = self {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        json::refuse_with(&mut response, self.code(), &description)
    }
}
