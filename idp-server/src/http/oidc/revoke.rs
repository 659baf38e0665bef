//! `POST /revoke` (RFC 7009): a site gives back what it was given.
//!
//! Whichever token it names, the whole family ends: the grant, its refresh token and every access
//! token (§2.1 allows it, security 9.4 demands it).

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web};
use idp_core::{audit::Kind, ids::GrantId, oidc::error::ErrorCode};

use super::{
    client_authentication::AuthenticatedSite,
    json,
    presented::{self, Presented},
    witness::Witness,
};
use crate::{
    app::App,
    store::{self, AnyConn, Cause, StoreError, audit, end_access, grant},
};

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// The parameter is missing.
    #[error("token is missing")]
    Missing,
    /// The token was issued to somebody else, who keeps it. RFC 7009 §2.1 has the client told; the
    /// code is the one that RFC 6749 §5.2 gives to a token that "was issued to another client".
    #[error("the token was issued to another client")]
    OtherSite,
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A site's token for itself: it is kept nowhere, and ends by itself within five minutes
    /// (RFC 7009 §2.2.1).
    #[error("tokens of client_credentials cannot be revoked; they end within five minutes")]
    UnsupportedTokenType,
}

/// What became of the family.
enum Outcome {
    Ended,
    Nothing,
    OtherSite,
}

/// `POST /revoke`. A token that is none of ours, or no longer, is answered like one that was
/// revoked: either way it is good for nothing now (RFC 7009 §2.2).
///
/// # Errors
/// [`RevocationError`].
pub async fn revoke(
    app: web::Data<App>,
    site: AuthenticatedSite,
) -> Result<HttpResponse, RevocationError> {
    let token = site.form.find("token").ok_or(RevocationError::Missing)?;
    match presented::read(&app, token, app.clock.now()) {
        None => {}
        Some(Presented::Refresh { grant, .. }) => end_family(&app, &site, grant).await?,
        Some(Presented::Access(claims)) => {
            if claims.client_id != site.entry.site.id.as_str() {
                return Err(RevocationError::OtherSite);
            }
            let about = claims.person.ok_or(RevocationError::UnsupportedTokenType)?;
            end_family(&app, &site, about.grant).await?;
        }
    }
    Ok(json::private(StatusCode::OK).finish())
}

async fn end_family(
    app: &App,
    site: &AuthenticatedSite,
    id: GrantId,
) -> Result<(), RevocationError> {
    let (witness, random) = (Witness::of(app, site, app.clock.now()), app.random.clone());
    let end = move |conn: &mut AnyConn| {
        let Some(grant) = grant::find(conn, &id)? else { return Ok(Outcome::Nothing) };
        if !witness.is_of(&grant) {
            let refused = witness.event(Kind::AccessRefused).because("token of another site");
            audit::record(conn, &[refused])?;
            return Ok(Outcome::OtherSite);
        }
        let family = store::Scope::Grant(id.clone());
        end_access(conn, &family, &witness.ending(Cause::Revoked), &random)?;
        Ok(Outcome::Ended)
    };
    match app.db.write(end).await? {
        Outcome::Ended => app.outbox.wake(),
        Outcome::Nothing => {}
        Outcome::OtherSite => return Err(RevocationError::OtherSite),
    }
    Ok(())
}

impl RevocationError {
    /// RFC 7009 §2.2.1.
    const fn code(&self) -> ErrorCode {
        match self {
            Self::Missing => ErrorCode::InvalidRequest,
            Self::OtherSite => ErrorCode::InvalidGrant,
            Self::UnsupportedTokenType => ErrorCode::UnsupportedTokenType,
            Self::Store(StoreError::Unavailable) => ErrorCode::TemporarilyUnavailable,
            Self::Store(
                StoreError::Conflict(_) | StoreError::CorruptRow { .. } | StoreError::Database(_),
            ) => ErrorCode::ServerError,
        }
    }
}

impl ResponseError for RevocationError {
    fn status_code(&self) -> StatusCode {
        json::status(self.code())
    }

    fn error_response(&self) -> HttpResponse {
        json::error(self.code(), self, "the token was issued to another client")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_code() {
        for (error, status, code) in [
            (RevocationError::Missing, 400, "invalid_request"),
            (RevocationError::OtherSite, 400, "invalid_grant"),
            (RevocationError::UnsupportedTokenType, 400, "unsupported_token_type"),
            (RevocationError::Store(StoreError::Unavailable), 503, "temporarily_unavailable"),
        ] {
            assert_eq!(error.status_code(), status, "{error}");
            assert_eq!(error.code().as_str(), code, "{error}");
        }
    }
}
