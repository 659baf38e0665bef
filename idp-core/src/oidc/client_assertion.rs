//! Client authentication with a signed assertion, `private_key_jwt` (RFC 7523 §2.2, §3; OIDC Core
//! §9; FAPI 2.0 Security Profile §5.3.2).
//!
//! Everything about an assertion is judged here except whether its `jti` was seen before: that
//! needs a memory, and the caller has one.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Number, Value};

use super::{
    jose::{JoseError, SigningAlgorithm, UnverifiedJws, is_media_type},
    key_set::KeySet,
};

/// The value of `client_assertion_type` (RFC 7523 §2.2).
pub const CLIENT_ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead `exp` may lie. It is also how long a `jti` has to be remembered.
pub const LONGEST_LIFE: TimeDelta = TimeDelta::minutes(5);

/// How far ahead of ours a site's clock may be. FAPI 2.0 (§5.3.2.1) asks that 10 seconds be
/// accepted and 60 be not: shorten it, and honest sites fail; lengthen it, and so does the audit.
pub const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(10);

/// The longest assertion that is looked at, in octets.
const LONGEST_ASSERTION: usize = 8 * 1024;

/// The longest `jti` that is remembered, in octets.
const LONGEST_JTI: usize = 256;

/// What the assertion must agree with, apart from the site's keys.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Our issuer identifier: the only audience there is (security.md 3.4).
    pub issuer: &'a str,
    /// The site that the assertion must come from, as our register knows it.
    pub client_id: &'a str,
    /// The algorithms that this site may use.
    pub algorithms: &'a [SigningAlgorithm],
}

/// An assertion that is good, if nobody has used it before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// Its name, unique for the site. To be claimed once until [`Self::expires_at`].
    pub jti: String,
    /// From this instant on it would be refused anyway.
    pub expires_at: DateTime<Utc>,
}

/// Why an assertion was refused. The site learns `invalid_client` and no more (RFC 7523 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// An algorithm that this site has not registered.
    #[error("algorithm {0} is not registered for this site")]
    Algorithm(SigningAlgorithm),
    /// `aud` is not our issuer identifier as one string.
    #[error("aud is not the issuer identifier as a single string")]
    Audience,
    /// Past its `exp`.
    #[error("expired")]
    Expired,
    /// `iss` and `sub` are not both the site's `client_id`.
    #[error("iss and sub are not both the client_id")]
    Issuer,
    /// The message or its header cannot be used at all.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// No `jti`, an empty one, or one of more than 256 octets.
    #[error("jti missing or overlong")]
    Jti,
    /// `iat` or `nbf` lies in the future, beyond what clocks may differ.
    #[error("iat or nbf lies in the future")]
    NotYet,
    /// `exp` is missing or more than five minutes ahead.
    #[error("exp missing or more than five minutes ahead")]
    Lifetime,
    /// Not signed by the key that its header names.
    #[error("wrong signature")]
    Signature,
    /// Another kind of token (RFC 8725 §3.11).
    #[error("typ is not that of a client assertion")]
    Type,
    /// The site's set has no such key. Where it comes from a `jwks_uri`, that may have changed.
    #[error("no key of the site fits")]
    UnknownKey,
}

/// The claims that matter. A claim that occurs twice is refused by `serde`.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Value>,
    exp: Option<Number>,
    iat: Option<Number>,
    nbf: Option<Number>,
    jti: Option<String>,
}

/// Who the assertion *says* it comes from: enough to look a site up, not to believe it.
///
/// # Errors
/// [`AssertionError::Jose`] if it cannot be read, [`AssertionError::Issuer`] if it names nobody.
pub fn claimed_client_id(assertion: &str) -> Result<String, AssertionError> {
    let claims: Claims = parse(assertion)?.unverified_claims()?;
    claims.sub.ok_or(AssertionError::Issuer)
}

/// Judges an assertion by the keys that the site has registered.
///
/// # Errors
/// [`AssertionError`]. [`AssertionError::UnknownKey`] is worth a second try with keys fetched anew.
pub fn verify(
    assertion: &str,
    keys: &KeySet,
    expected: Expected<'_>,
    now: DateTime<Utc>,
) -> Result<VerifiedAssertion, AssertionError> {
    let jws = parse(assertion)?;
    if !expected.algorithms.contains(&jws.algorithm) {
        return Err(AssertionError::Algorithm(jws.algorithm));
    }
    if !is_assertion_type(jws.typ.as_deref()) {
        return Err(AssertionError::Type);
    }
    let key = keys.find(jws.kid.as_deref(), jws.algorithm).ok_or(AssertionError::UnknownKey)?;
    if !key.has_signed(&jws) {
        return Err(AssertionError::Signature);
    }
    judge(jws.unverified_claims()?, expected, now)
}

fn parse(assertion: &str) -> Result<UnverifiedJws<'_>, AssertionError> {
    if assertion.len() > LONGEST_ASSERTION {
        return Err(JoseError::Malformed.into());
    }
    Ok(UnverifiedJws::parse(assertion)?)
}

/// Most libraries write `JWT` or nothing; RFC 10070 gives assertions a type of their own.
fn is_assertion_type(typ: Option<&str>) -> bool {
    typ.is_none_or(|typ| {
        is_media_type(typ, "JWT") || is_media_type(typ, "client-authentication+jwt")
    })
}

fn judge(
    claims: Claims,
    expected: Expected<'_>,
    now: DateTime<Utc>,
) -> Result<VerifiedAssertion, AssertionError> {
    let client_id = Some(expected.client_id);
    if claims.iss.as_deref() != client_id || claims.sub.as_deref() != client_id {
        return Err(AssertionError::Issuer);
    }
    // An array is refused even if we stand in it alone: whoever else it names could pass it on to
    // us (CVE-2025-27370).
    if claims.aud.as_ref().and_then(Value::as_str) != Some(expected.issuer) {
        return Err(AssertionError::Audience);
    }
    let expires_at = claims.exp.as_ref().and_then(instant).ok_or(AssertionError::Lifetime)?;
    if expires_at <= now {
        return Err(AssertionError::Expired);
    }
    if expires_at > now + LONGEST_LIFE {
        return Err(AssertionError::Lifetime);
    }
    for begins in [claims.iat, claims.nbf].into_iter().flatten() {
        if instant(&begins).is_none_or(|begins_at| begins_at > now + CLOCK_SKEW) {
            return Err(AssertionError::NotYet);
        }
    }
    let jti = claims.jti.filter(|jti| (1..=LONGEST_JTI).contains(&jti.len()));
    Ok(VerifiedAssertion { jti: jti.ok_or(AssertionError::Jti)?, expires_at })
}

/// A `NumericDate`: seconds since 1970, fractions allowed (RFC 7519 §2). `None` if it is no
/// instant that a calendar has.
fn instant(seconds: &Number) -> Option<DateTime<Utc>> {
    let since_epoch = std::time::Duration::try_from_secs_f64(seconds.as_f64()?).ok()?;
    DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::from_std(since_epoch).ok()?)
}

#[cfg(test)]
mod tests;
