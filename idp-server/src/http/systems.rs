//! `POST /systems/{id}/set-up`: a system brings its public keys, with the code that its Administrator
//! was shown (R83; domain 4.10).
//!
//! Whoever installs the system calls this once, from a command line. So all that is said here is JSON,
//! and what is wrong with the keys is said exactly; what is wrong with the code is not.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    web,
};
use idp_core::{
    authentication::throttle::{Attempt, Verdict},
    community::{
        actor::Actor,
        system_client::{Stage, SystemKeys},
    },
    ids::SystemClientId,
    oidc::{error::ErrorCode, key_set::KeySetError},
    secret::Secret,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    client_address::ClientAddress,
    oidc::json::{self, NoStore},
};
use crate::{
    app::App,
    community::{Office, systems},
    store::{AnyConn, StoreError},
};

/// The most that is read of a document: a few keys have a few thousand octets.
const LONGEST: usize = 32 * 1024;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/systems/{id}/set-up")
            .post(set_up)
            .default_service(web::to(json::only_post)),
    );
}

/// What the installer sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    code: String,
    jwks: Value,
}

/// What the system needs to know from now on.
#[derive(Serialize)]
struct Ready {
    client_id: SystemClientId,
    issuer: String,
    scope: String,
    /// Seconds since 1970.
    expires_at: i64,
}

/// Why a system was not set up.
#[derive(Debug, thiserror::Error)]
enum SetUpError {
    /// The keys cannot be used.
    #[error("jwks: {0}")]
    Keys(#[from] KeySetError),
    /// The body cannot be read.
    #[error("{0}")]
    Malformed(&'static str),
    /// A wrong, used, expired or dead code, or no such system.
    #[error("a code for setting a system up was refused")]
    Refused,
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many failures; not looked at.
    #[error("too many failures, wait {seconds} s")]
    Throttled {
        /// How long to wait.
        seconds: u64,
    },
    /// The body is too large.
    #[error("the document is larger than 32 KiB")]
    TooLarge,
}

/// `POST /systems/{id}/set-up`.
async fn set_up(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<NoStore<Ready>, SetUpError> {
    let Sent { code, jwks } = read(&request, payload).await?;
    let keys = SystemKeys::read(jwks)?;
    let (app, address) = (app.into_inner(), ClientAddress::of(&request).0);
    let attempt = Attempt::Client { address, client_id: &id };
    if let Verdict::Wait { seconds } = app.throttle.judge(attempt) {
        return Err(SetUpError::Throttled { seconds });
    }
    let office = Office { address: Some(address), ..app.office(Actor::Nobody) };
    let (code, system) = (Secret::received(&code), id.parse::<SystemClientId>().ok());
    let work = move |conn: &mut AnyConn| match &system {
        Some(id) => systems::set_up(conn, &office, id, &code, keys.clone()),
        None => Ok(None),
    };
    let Some(system) = app.db.write(work).await? else {
        app.throttle.failed(attempt).await;
        return Err(SetUpError::Refused);
    };
    app.outbox.wake();
    let expires_at = match &system.stage {
        Stage::Active { until, .. } => until.timestamp(),
        Stage::Expired | Stage::Revoked | Stage::Waiting(_) => 0,
    };
    Ok(NoStore(Ready {
        client_id: system.id,
        issuer: app.issuer.clone(),
        scope: Vec::from_iter(system.scopes).join(" "),
        expires_at,
    }))
}

async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Sent, SetUpError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(SetUpError::Malformed("the body must be application/json"));
    }
    let body = payload.to_bytes_limited(LONGEST).await.map_err(|_| SetUpError::TooLarge)?;
    let body = body.map_err(|_| SetUpError::Malformed("the body ended early"))?;
    let malformed = "the body is one JSON object with the members code (a text) and jwks";
    serde_json::from_slice(&body).map_err(|_| SetUpError::Malformed(malformed))
}

impl SetUpError {
    /// The codes of RFC 6749 §5.2: the code is a grant that is no good.
    const fn code(&self) -> ErrorCode {
        match self {
            Self::Keys(_) | Self::Malformed(_) | Self::TooLarge => ErrorCode::InvalidRequest,
            Self::Refused => ErrorCode::InvalidGrant,
            Self::Throttled { .. } | Self::Store(StoreError::Unavailable) => {
                ErrorCode::TemporarilyUnavailable
            }
            Self::Store(
                StoreError::Conflict(_) | StoreError::CorruptRow { .. } | StoreError::Database(_),
            ) => ErrorCode::ServerError,
        }
    }
}

impl ResponseError for SetUpError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Keys(_) | Self::Malformed(_) | Self::Refused | Self::Store(_) => {
                json::status(self.code())
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = json::private(self.status_code());
        match self {
            Self::Store(_) | Self::Refused => {
                // One text for all reasons, so that nobody can probe which systems there are.
                json::error(self.code(), self, "the code is wrong, used, expired or dead")
            }
            Self::Throttled { seconds } => {
                answer.insert_header((RETRY_AFTER, seconds.to_string()));
                json::refuse_with(&mut answer, self.code(), &self.to_string())
            }
            Self::Keys(_) | Self::Malformed(_) | Self::TooLarge => {
                json::refuse_with(&mut answer, self.code(), &self.to_string())
            }
        }
    }
}
