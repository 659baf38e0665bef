//! The authorization code: what it stands for while it waits to be redeemed (RFC 6749 §4.1.2).

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::{claims_request::ClaimsRequest, pkce::CodeChallenge, scope::Scope};
use crate::ids::{AffiliationId, SessionId, SiteId};

/// How long a code may wait: 60 seconds, and at exactly that age it is too late. Longer, and a
/// code from a browser's history becomes worth stealing.
pub const CODE_LIFE: Duration = Duration::seconds(60);

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// The site that may redeem it.
    pub site: SiteId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The PKCE challenge.
    pub challenge: Option<CodeChallenge>,
    /// The session that it rests on.
    pub session: SessionId,
    /// The affiliation that was selected.
    pub affiliation: Option<AffiliationId>,
    /// The scopes to grant.
    pub scopes: BTreeSet<Scope>,
    /// Claims asked by name.
    pub claims: ClaimsRequest,
    /// The request's nonce.
    pub nonce: Option<String>,
    /// The `acr` to return.
    pub acr: String,
    /// Whether the person confirmed the notice on the way: the visit is then written down.
    pub first_visit: bool,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
}

/// Why a code is not redeemed. It is spent all the same, and the site learns only `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefusal {
    /// It is 60 seconds old or older.
    #[error("the code is too old")]
    Expired,
    /// It was issued to another site.
    #[error("the code belongs to another site")]
    OtherSite,
    /// `redirect_uri` is missing or differs.
    #[error("the redirect_uri differs from the one of the request")]
    RedirectUri,
    /// The verifier is missing, malformed, wrong, or was not to be expected.
    #[error("the code_verifier does not fit")]
    Verifier,
}

impl CodeRecord {
    /// Whether `site` may redeem the code at `now` with these parameters.
    ///
    /// # Errors
    /// [`CodeRefusal`]: it may not.
    pub fn redeem(
        &self,
        site: &SiteId,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), CodeRefusal> {
        if self.site != *site {
            return Err(CodeRefusal::OtherSite);
        }
        if now - self.issued_at >= CODE_LIFE {
            return Err(CodeRefusal::Expired);
        }
        if redirect_uri != Some(self.redirect_uri.as_str()) {
            return Err(CodeRefusal::RedirectUri);
        }
        let answered = match (&self.challenge, verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => challenge.is_answered_by(verifier),
            // A verifier without a challenge is a downgrade attempt (RFC 9700 §4.8.2).
            (None, Some(_)) | (Some(_), None) => false,
        };
        if answered { Ok(()) } else { Err(CodeRefusal::Verifier) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(second)
    }

    fn record(challenge: Option<&str>) -> CodeRecord {
        CodeRecord {
            site: "credentia".parse().unwrap(),
            redirect_uri: "https://c.example/cb".into(),
            challenge: challenge.map(|text| CodeChallenge::parse(text).unwrap()),
            session: "ses_a".parse().unwrap(),
            affiliation: None,
            scopes: [Scope::OpenId].into(),
            claims: ClaimsRequest::default(),
            nonce: None,
            acr: String::new(),
            first_visit: false,
            issued_at: at(0),
        }
    }

    #[test]
    fn a_code_is_redeemed_by_its_site_in_time_with_its_address_and_verifier() {
        use CodeRefusal as R;
        let challenge = Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let cb = Some("https://c.example/cb");
        for (site, redirect_uri, verifier, second, expected) in [
            ("credentia", cb, Some(VERIFIER), 59, Ok(())),
            ("credentia", cb, Some(VERIFIER), 60, Err(R::Expired)),
            ("payer", cb, Some(VERIFIER), 0, Err(R::OtherSite)),
            ("credentia", None, Some(VERIFIER), 0, Err(R::RedirectUri)),
            ("credentia", Some("https://c.example/cb/"), Some(VERIFIER), 0, Err(R::RedirectUri)),
            ("credentia", cb, None, 0, Err(R::Verifier)),
            ("credentia", cb, Some("short"), 0, Err(R::Verifier)),
        ] {
            let found = record(challenge).redeem(
                &site.parse().unwrap(),
                redirect_uri,
                verifier,
                at(second),
            );
            assert_eq!(found, expected, "{site} {redirect_uri:?} {verifier:?} {second}");
        }
        let plain = record(None);
        assert_eq!(plain.redeem(&plain.site, cb, None, at(0)), Ok(()));
        assert_eq!(plain.redeem(&plain.site, cb, Some(VERIFIER), at(0)), Err(R::Verifier));
    }
}
