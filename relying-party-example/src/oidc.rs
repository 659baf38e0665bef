//! The conversation with Hilum: discovery, the way there, the way back, and what is believed.
//!
//! This is the file to read when you write your own site. It follows OpenID Connect Core §3.1 (code flow) with
//! PKCE (RFC 7636), `iss` in the answer (RFC 9207) and the advice of RFC 9700.

use std::time::Duration;

use crate::shelf::Shelf;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreGenderClaim, CoreIdToken, CoreIdTokenClaims,
    CoreJwsSigningAlgorithm as Alg, CoreTokenResponse,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, AuthenticationContextClass, AuthorizationCode,
    ClaimsVerificationError, CsrfToken, EndSessionUrl, IntrospectionUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RefreshToken,
    SignatureVerificationError, TokenResponse as _, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::claims::{IdClaims, UserClaims};
use crate::errors::{Denial, SignInError, explain};
use crate::jwt::{self, Jwt, JwtError};
use crate::provider::{Discovery, Freshness, Provider};
use crate::registration::Registration;

/// How long a person may take at Hilum.
const ATTEMPT_LASTS: TimeDelta = TimeDelta::minutes(10);

/// One client of Hilum. `W` is what its sign-ins are for.
pub struct Oidc<W> {
    registration: Registration,
    hilum: Discovery,
    attempts: Shelf<Attempt<W>>,
}

/// A sign-in that is on its way, kept under its `state`.
struct Attempt<W> {
    browser: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    wish: W,
}

/// What a site asks of a sign-in beside its scopes. Nothing said: a plain sign-in.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `acr_values`: how strongly the person shall sign in.
    pub acr: Option<String>,
    /// `max_age`: how long ago that may have been.
    pub max_age: Option<Duration>,
    /// `claims` (OIDC Core §5.5).
    pub claims: Option<Value>,
    /// `prompt`.
    pub prompt: Option<CoreAuthPrompt>,
}

/// The query of the redirect back from Hilum (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Debug, Deserialize)]
pub struct Callback {
    state: Option<String>,
    iss: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Somebody whom Hilum has signed on, with everything checked.
pub struct SignedIn {
    /// The ID token.
    pub id_token: CoreIdToken,
    /// Its claims.
    pub id_claims: IdClaims,
    /// The claims of userinfo.
    pub user_claims: UserClaims,
    /// The ID token's claims as they came.
    pub id_claims_raw: Value,
    /// The answer of userinfo as it came.
    pub user_claims_raw: Value,
    /// For calls to Hilum, and to nobody else.
    pub access_token: AccessToken,
    /// Where `offline_access` was granted.
    pub refresh_token: Option<RefreshToken>,
}

impl<W> Oidc<W> {
    /// A client with this registration. Nothing is asked of Hilum before the first sign-in.
    ///
    /// # Errors
    /// If no TLS could be set up for calls to Hilum.
    pub fn new(registration: Registration) -> Result<Self, reqwest::Error> {
        let hilum = Discovery::new(registration.clone())?;
        Ok(Self { registration, hilum, attempts: Shelf::new(10_000) })
    }

    /// Begins a sign-in for the browser that holds this cookie, and says where to send it (OIDC Core §3.1.2.1).
    ///
    /// # Errors
    /// [`SignInError::Unreachable`].
    pub async fn begin(
        &self,
        browser: String,
        asked: Asked,
        wish: W,
        now: DateTime<Utc>,
    ) -> Result<Url, SignInError> {
        let provider = self.hilum.provider(Freshness::Usual).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = provider
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(self.registration.scopes.iter().cloned())
            .set_pkce_challenge(challenge);
        let Asked { acr, max_age, claims, prompt } = asked;
        if let Some(acr) = acr {
            request = request.add_auth_context_value(AuthenticationContextClass::new(acr));
        }
        if let Some(max_age) = max_age {
            request = request.set_max_age(max_age);
        }
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims.to_string());
        }
        if let Some(prompt) = prompt {
            request = request.add_prompt(prompt);
        }
        let (url, state, nonce) = request.url();
        let attempt = Attempt { browser, nonce, verifier, wish };
        self.attempts.put(state.into_secret(), attempt, now + ATTEMPT_LASTS, now);
        Ok(url)
    }

    /// Finishes a sign-in: checks the answer, redeems the code, checks the ID token, asks userinfo. Says as well
    /// what it was for.
    ///
    /// # Errors
    /// Any [`SignInError`].
    pub async fn finish(
        &self,
        callback: Callback,
        browser: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(SignedIn, W), SignInError> {
        // Only the browser that began may finish, and only once: otherwise somebody could sign a person in as
        // somebody else (RFC 6749 §10.12).
        let attempt = callback
            .state
            .and_then(|state| self.attempts.take(&state, now))
            .filter(|attempt| browser == Some(attempt.browser.as_str()))
            .ok_or(SignInError::UnknownAttempt)?;
        // The answer must come from the issuer that we asked (RFC 9207 §2.4).
        if callback.iss.as_deref() != Some(self.registration.issuer.as_str()) {
            return Err(SignInError::Malformed("another issuer, or none"));
        }
        if let Some(error) = callback.error {
            let description = callback.error_description.as_deref();
            return Err(SignInError::Denied(Denial::new(&error, description)));
        }
        let code = callback.code.ok_or(SignInError::Malformed("neither code nor error"))?;

        let provider = self.hilum.provider(Freshness::Usual).await?;
        let response = provider
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| SignInError::Exchange(error.to_string()))?
            .set_pkce_verifier(attempt.verifier)
            .request_async(&self.hilum.http)
            .await?;
        let signed_in = self.accept(&response, Some(&attempt.nonce)).await?;
        Ok((signed_in, attempt.wish))
    }

    /// Trades a refresh token for new tokens (RFC 6749 §6).
    ///
    /// # Errors
    /// Any [`SignInError`] but `Denied`, `Malformed` and `UnknownAttempt`.
    pub async fn refresh(&self, token: &RefreshToken) -> Result<SignedIn, SignInError> {
        let provider = self.hilum.provider(Freshness::Usual).await?;
        let response = provider
            .client
            .exchange_refresh_token(token)
            .map_err(|error| SignInError::Exchange(error.to_string()))?
            .request_async(&self.hilum.http)
            .await?;
        self.accept(&response, None).await
    }

    /// Where signing out at Hilum begins, if Hilum offers it (RP-Initiated Logout §2).
    ///
    /// # Errors
    /// [`SignInError::Unreachable`].
    pub async fn end_session_endpoint(&self) -> Result<Option<EndSessionUrl>, SignInError> {
        Ok(self.hilum.provider(Freshness::Usual).await?.end_session.clone())
    }

    /// Where Hilum is asked what a token is worth, if it says that (RFC 8414 §2).
    ///
    /// # Errors
    /// [`SignInError::Unreachable`].
    pub async fn introspection_endpoint(&self) -> Result<Option<IntrospectionUrl>, SignInError> {
        Ok(self.hilum.provider(Freshness::Usual).await?.introspection.clone())
    }

    /// Calls Hilum, with the limits that hold for all calls.
    #[must_use]
    pub const fn http(&self) -> &reqwest::Client {
        &self.hilum.http.0
    }

    /// Whether Hilum signed this token, with the algorithm agreed for ID tokens.
    ///
    /// # Errors
    /// [`SignInError::IdToken`] or [`SignInError::Unreachable`].
    pub async fn verify(&self, token: &Jwt) -> Result<(), SignInError> {
        let verdict = self.signed(token, &self.registration.id_token_alg).await?;
        verdict.map_err(|error| SignInError::IdToken(error.to_string()))
    }

    /// Whether Hilum signed this token, with this algorithm. A key that we have not seen makes us ask Hilum for its
    /// keys anew, for it changes them from time to time; but at most every two seconds.
    ///
    /// # Errors
    /// [`SignInError::Unreachable`]. What is wrong with the token is the value.
    pub async fn signed(
        &self,
        token: &Jwt,
        alg: &Alg,
    ) -> Result<Result<(), JwtError>, SignInError> {
        let verdict = token.verify(&self.hilum.provider(Freshness::Usual).await?.keys, alg);
        if verdict != Err(JwtError::UnknownKey) {
            return Ok(verdict);
        }
        Ok(token.verify(&self.hilum.provider(Freshness::NewKey).await?.keys, alg))
    }

    /// Checks the tokens and completes them with userinfo.
    async fn accept(
        &self,
        response: &CoreTokenResponse,
        nonce: Option<&Nonce>,
    ) -> Result<SignedIn, SignInError> {
        let id_token =
            response.id_token().ok_or_else(|| SignInError::IdToken("missing".to_owned()))?;
        let mut provider = self.hilum.provider(Freshness::Usual).await?;
        let mut verdict = self.check(&provider, id_token, response.access_token(), nonce);
        if matches!(
            verdict,
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey
            ))
        ) {
            // Hilum may have begun to sign with a new key (OIDC Core §10.1.1).
            provider = self.hilum.provider(Freshness::NewKey).await?;
            verdict = self.check(&provider, id_token, response.access_token(), nonce);
        }
        let claims = verdict.map_err(|error| SignInError::IdToken(explain(&error)))?;

        // The crate refuses an answer about another `sub` than the one given here (OIDC Core §5.3.2).
        let user_info: UserInfoClaims<AllClaims, CoreGenderClaim> = provider
            .client
            .user_info(response.access_token().clone(), Some(claims.subject().clone()))
            .map_err(|error| SignInError::UserInfo(error.to_string()))?
            .request_async(&self.hilum.http)
            .await?;

        let wrong_id_token = |error: serde_json::Error| SignInError::IdToken(error.to_string());
        let wrong_user_info = |error: serde_json::Error| SignInError::UserInfo(error.to_string());
        let id_claims_raw = jwt::claims_of(&id_token.to_string()).unwrap_or_default();
        let user_claims_raw = serde_json::to_value(&user_info).map_err(wrong_user_info)?;
        Ok(SignedIn {
            id_token: id_token.clone(),
            id_claims: serde_json::from_value(id_claims_raw.clone()).map_err(wrong_id_token)?,
            user_claims: serde_json::from_value(user_claims_raw.clone())
                .map_err(wrong_user_info)?,
            id_claims_raw,
            user_claims_raw,
            access_token: response.access_token().clone(),
            refresh_token: response.refresh_token().cloned(),
        })
    }

    /// OIDC Core §3.1.3.7: signature, algorithm, `iss`, `aud`, `exp` and `nonce`; and §3.1.3.8: `at_hash`.
    fn check<'t>(
        &self,
        provider: &Provider,
        id_token: &'t CoreIdToken,
        access_token: &AccessToken,
        nonce: Option<&Nonce>,
    ) -> Result<&'t CoreIdTokenClaims, ClaimsVerificationError> {
        let verifier = provider
            .client
            .id_token_verifier()
            .set_allowed_algs([self.registration.id_token_alg.clone()]);
        let claims = match nonce {
            Some(nonce) => id_token.claims(&verifier, nonce)?,
            // A refreshed ID token answers no request of ours, so it has no nonce to compare (§12.2).
            None => id_token.claims(&verifier, |_: Option<&Nonce>| Ok(()))?,
        };
        if let Some(expected) = claims.access_token_hash() {
            let untrusted = ClaimsVerificationError::SignatureVerification;
            let alg = id_token.signing_alg().map_err(untrusted)?;
            let key = id_token.signing_key(&verifier).map_err(untrusted)?;
            let actual = AccessTokenHash::from_token(access_token, alg, key)
                .map_err(|error| ClaimsVerificationError::Other(error.to_string()))?;
            if actual != *expected {
                return Err(ClaimsVerificationError::Other(
                    "at_hash of another access token".to_owned(),
                ));
            }
        }
        Ok(claims)
    }
}

/// Every claim that the crate has no field for, so that the raw answer can be shown whole.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct AllClaims {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for AllClaims {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::rs256;
    use openidconnect::{ClientId, IssuerUrl, RedirectUrl};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// A site with one sign-in on its way, begun by browser `b` at minute 0.
    fn on_the_way() -> Oidc<()> {
        let redirect_uri = "http://localhost:8091/callback".to_owned();
        let registration = Registration {
            issuer: IssuerUrl::new("http://localhost:8080".to_owned()).unwrap(),
            client_id: ClientId::new("credentia".to_owned()),
            client_secret: None,
            id_token_alg: rs256(),
            scopes: Vec::new(),
            redirect_uri: RedirectUrl::new(redirect_uri).unwrap(),
        };
        let oidc = Oidc::new(registration).unwrap();
        let verifier = PkceCodeVerifier::new("v".repeat(43));
        let nonce = Nonce::new("n".to_owned());
        let attempt = Attempt { browser: "b".to_owned(), nonce, verifier, wish: () };
        oidc.attempts.put("s".to_owned(), attempt, at(0) + ATTEMPT_LASTS, at(0));
        oidc
    }

    fn answer(query: &str) -> Callback {
        actix_web::web::Query::<Callback>::from_query(query).unwrap().into_inner()
    }

    const ISS: &str = "iss=http%3A%2F%2Flocalhost%3A8080";

    #[actix_web::test]
    async fn an_answer_is_refused_before_anything_is_asked_of_hilum() {
        for (query, browser, minute, expected) in [
            (format!("state=s&{ISS}&code=c"), Some("other"), 1, "no such sign-in"),
            (format!("state=s&{ISS}&code=c"), None, 1, "no such sign-in"),
            (format!("state=t&{ISS}&code=c"), Some("b"), 1, "no such sign-in"),
            (format!("{ISS}&code=c"), Some("b"), 1, "no such sign-in"),
            (format!("state=s&{ISS}&code=c"), Some("b"), 10, "no such sign-in"),
            ("state=s&code=c".to_owned(), Some("b"), 1, "another issuer"),
            (
                "state=s&code=c&iss=http://localhost:8080/".to_owned(),
                Some("b"),
                1,
                "another issuer",
            ),
            ("state=s&error=access_denied".to_owned(), Some("b"), 1, "another issuer"),
            (format!("state=s&{ISS}"), Some("b"), 1, "neither code nor error"),
            (format!("state=s&{ISS}&error=access_denied"), Some("b"), 9, "Cancelled"),
        ] {
            let outcome = on_the_way().finish(answer(&query), browser, at(minute)).await;
            let error = outcome.err().unwrap().to_string();
            assert!(error.contains(expected), "{query} {browser:?}: {error}");
        }
    }

    #[actix_web::test]
    async fn an_answer_counts_once() {
        let oidc = on_the_way();
        let query = format!("state=s&{ISS}&error=access_denied");
        let first = oidc.finish(answer(&query), Some("b"), at(1)).await.err();
        let second = oidc.finish(answer(&query), Some("b"), at(1)).await.err();
        assert!(matches!(first, Some(SignInError::Denied(Denial::Cancelled))), "{first:?}");
        assert!(matches!(second, Some(SignInError::UnknownAttempt)), "{second:?}");
    }
}
