//! Why somebody is not signed in. The text is for the log; what the person reads is on `pages`.

use std::error::Error;

use openidconnect::core::CoreErrorResponseType;
use openidconnect::{RequestTokenError, StandardErrorResponse, UserInfoError};

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Hilum, or the person there, said no.
    #[error("Hilum said no: {0:?}")]
    Denied(Denial),
    /// Hilum did not take the code.
    #[error("code exchange: {0}")]
    Exchange(String),
    /// The ID token cannot be believed.
    #[error("ID token: {0}")]
    IdToken(String),
    /// The answer comes from somebody else, or lacks something.
    #[error("answer: {0}")]
    Malformed(&'static str),
    /// This browser did not begin this sign-in, or too long ago, or has finished it already.
    #[error("no such sign-in on its way")]
    UnknownAttempt,
    /// Hilum does not answer.
    #[error("Hilum cannot be reached: {0}")]
    Unreachable(String),
    /// Userinfo does not answer as it should.
    #[error("userinfo: {0}")]
    UserInfo(String),
}

/// The reasons that Hilum gives in `error` and `error_description`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No organization stands behind the person, or none that this site may know.
    AffiliationRequired,
    /// An agreement waits to be accepted.
    AgreementRequired,
    /// The demanded strength was not reached.
    AssuranceUnmet,
    /// The person turned back.
    Cancelled,
    /// Anything else, by its code.
    Other(String),
    /// None of the roles that this site needs.
    RoleRequired,
    /// The organization has not switched this site on.
    SiteNotEnabled,
    /// Hilum could not do it just now.
    Unavailable,
}

impl Denial {
    /// Reads the two parameters of an error answer.
    pub fn new(error: &str, description: Option<&str>) -> Self {
        match (error, description) {
            ("access_denied", Some("affiliation_required")) => Self::AffiliationRequired,
            ("access_denied" | "interaction_required", Some("agreement_required")) => {
                Self::AgreementRequired
            }
            ("access_denied", Some("role_required")) => Self::RoleRequired,
            ("access_denied", Some("site_not_enabled")) => Self::SiteNotEnabled,
            ("access_denied", _) => Self::Cancelled,
            ("unmet_authentication_requirements", _) => Self::AssuranceUnmet,
            ("server_error" | "temporarily_unavailable", _) => Self::Unavailable,
            (other, _) => Self::Other(other.to_owned()),
        }
    }
}

/// An OAuth error in the answer of the token endpoint (RFC 6749 §5.2).
type TokenRefusal = StandardErrorResponse<CoreErrorResponseType>;

impl From<RequestTokenError<reqwest::Error, TokenRefusal>> for SignInError {
    fn from(error: RequestTokenError<reqwest::Error, TokenRefusal>) -> Self {
        let text = explain(&error);
        if matches!(error, RequestTokenError::Request(_)) {
            Self::Unreachable(text)
        } else {
            Self::Exchange(text)
        }
    }
}

impl From<UserInfoError<reqwest::Error>> for SignInError {
    fn from(error: UserInfoError<reqwest::Error>) -> Self {
        let text = explain(&error);
        if matches!(error, UserInfoError::Request(_)) {
            Self::Unreachable(text)
        } else {
            Self::UserInfo(text)
        }
    }
}

/// An error with its causes: the outer one often says only that something failed, the inner ones why.
pub fn explain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_of_hilum_are_told_apart() {
        for (error, description, expected) in [
            ("access_denied", Some("affiliation_required"), Denial::AffiliationRequired),
            ("access_denied", Some("role_required"), Denial::RoleRequired),
            ("access_denied", Some("site_not_enabled"), Denial::SiteNotEnabled),
            ("access_denied", Some("agreement_required"), Denial::AgreementRequired),
            ("interaction_required", Some("agreement_required"), Denial::AgreementRequired),
            ("access_denied", Some("something new"), Denial::Cancelled),
            ("access_denied", None, Denial::Cancelled),
            ("unmet_authentication_requirements", None, Denial::AssuranceUnmet),
            ("temporarily_unavailable", None, Denial::Unavailable),
            ("invalid_scope", Some("role_required"), Denial::Other("invalid_scope".to_owned())),
        ] {
            assert_eq!(Denial::new(error, description), expected, "{error} {description:?}");
        }
    }
}
