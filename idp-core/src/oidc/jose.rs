//! The part of JOSE that Hilum speaks: four signature algorithms, three kinds of token, the compact
//! form of a signed message, and public keys that are good enough to check one.
//!
//! A message is read into an [`UnverifiedJws`] first. Its header only says which of the keys *we
//! already trust* to try: a header that brings a key, or an address of one, is refused (RFC 8725
//! §3.10), and `none` and the symmetric algorithms have no name here (RFC 8725 §3.1).

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize, de::DeserializeOwned, de::IgnoredAny};

/// A signature algorithm that Hilum signs with and accepts (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256. Every OpenID provider must have it (OIDC Core §15.1).
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256: about twenty times cheaper to sign than RSA.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SigningAlgorithm {
    /// All of them, in the order in which metadata lists them.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The name in a JOSE header, in metadata and in a site's registration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The same algorithm as `jsonwebtoken` names it.
    #[must_use]
    pub const fn jwa(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    /// The value of `at_hash` or `c_hash` for a token or code that travels beside an ID token
    /// signed with this algorithm: the left half of its hash (OIDC Core §3.1.3.6, §3.3.2.11).
    ///
    /// The hash is the algorithm's own: SHA-256, and SHA-512 inside Ed25519.
    #[must_use]
    pub fn half_hash(self, token: &str) -> String {
        let hash = match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::EdDsa => &digest::SHA512,
        };
        let full = digest::digest(hash, token.as_bytes());
        let (half, _) = full.as_ref().split_at(hash.output_len() / 2);
        URL_SAFE_NO_PAD.encode(half)
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = JoseError;

    fn from_str(name: &str) -> Result<Self, JoseError> {
        let known = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name);
        known.ok_or(JoseError::Algorithm)
    }
}

/// What kind of token a signed message is. The `typ` header keeps one kind from being used as
/// another (RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenType {
    /// RFC 9068 §2.1.
    AccessToken,
    /// OIDC Core §2.
    IdToken,
    /// OIDC Back-Channel Logout §2.4.
    LogoutToken,
}

impl TokenType {
    /// All kinds that we issue.
    pub const ALL: [Self; 3] = [Self::AccessToken, Self::IdToken, Self::LogoutToken];

    /// The value of the `typ` header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::IdToken => "JWT",
            Self::LogoutToken => "logout+jwt",
        }
    }

    /// Whether a `typ` header names this kind.
    #[must_use]
    pub fn is_named(self, typ: Option<&str>) -> bool {
        typ.is_some_and(|typ| is_media_type(typ, self.as_str()))
    }
}

/// Compares a `typ` header with a media type: in any letter case, `application/` may be left out
/// (RFC 7515 §4.1.9).
#[must_use]
pub fn is_media_type(typ: &str, expected: &str) -> bool {
    let prefix = "application/";
    let short = match typ.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest,
        Some(_) | None => typ,
    };
    short.eq_ignore_ascii_case(expected)
}

/// Why a signed message, or a key, cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// `none`, a symmetric algorithm, or another one that is not on our list.
    #[error("the algorithm is not one that we accept")]
    Algorithm,
    /// The header carries a key, or the address of one (`jwk`, `jku`, `x5u`, `x5c`).
    #[error("the header brings its own key")]
    BringsKey,
    /// The header demands an extension that we do not know (RFC 7515 §4.1.11).
    #[error("the header lists critical extensions")]
    Critical,
    /// Not three base64url parts, or not JSON of the expected shape inside.
    #[error("not a signed message in compact form")]
    Malformed,
}

/// A signed message in compact form (RFC 7515 §7.1) whose signature nobody has checked yet.
#[derive(Debug)]
pub struct UnverifiedJws<'a> {
    /// What the header says about the signature.
    pub algorithm: SigningAlgorithm,
    /// The name of the key, as the sender sees it.
    pub kid: Option<String>,
    /// The kind of message, as the sender sees it.
    pub typ: Option<String>,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

/// The header members that matter to us. A member that occurs twice is refused by `serde`.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
}

impl<'a> UnverifiedJws<'a> {
    /// Takes the message apart and judges its header.
    ///
    /// # Errors
    /// Any [`JoseError`]; none of them depends on a key.
    pub fn parse(token: &'a str) -> Result<Self, JoseError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(JoseError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JoseError::Malformed)?;
        if payload.contains('.') {
            return Err(JoseError::Malformed);
        }
        let header: Header = decode_json(header)?;
        let algorithm = header.alg.parse()?;
        if header.crit.is_some() {
            return Err(JoseError::Critical);
        }
        if [header.jku, header.jwk, header.x5c, header.x5u].iter().any(Option::is_some) {
            return Err(JoseError::BringsKey);
        }
        Ok(Self { algorithm, kid: header.kid, typ: header.typ, signed, payload, signature })
    }

    /// The claims, whoever may have written them. Nothing in them is to be believed before
    /// [`PublicKey::has_signed`](super::key_set::PublicKey::has_signed) has said yes.
    ///
    /// # Errors
    /// [`JoseError::Malformed`] if the payload is not a JSON object of this shape.
    pub fn unverified_claims<T: DeserializeOwned>(&self) -> Result<T, JoseError> {
        decode_json(self.payload)
    }

    /// The octets that were signed.
    pub(super) const fn signed(&self) -> &str {
        self.signed
    }

    /// The signature, still in base64url.
    pub(super) const fn signature(&self) -> &str {
        self.signature
    }
}

fn decode_json<T: DeserializeOwned>(part: &str) -> Result<T, JoseError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| JoseError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| JoseError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(header: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"))
    }

    #[test]
    fn algorithms_are_spelt_as_jose_spells_them() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
            assert_eq!(format!("{:?}", algorithm.jwa()), algorithm.as_str());
            let json = serde_json::to_string(&algorithm).unwrap();
            assert_eq!(json, format!("\"{algorithm}\""));
        }
        for other in ["none", "None", "HS256", "HS512", "RS1", "ES384", "rs256", ""] {
            assert_eq!(other.parse::<SigningAlgorithm>(), Err(JoseError::Algorithm), "{other}");
        }
    }

    #[test]
    fn only_an_honest_header_is_read() {
        use JoseError::{Algorithm, BringsKey, Critical, Malformed};
        for (header, expected) in [
            (r#"{"alg":"ES256"}"#, Ok(())),
            (r#"{"alg":"ES256","kid":"../../etc/passwd","extra":1}"#, Ok(())),
            (r#"{"alg":"none"}"#, Err(Algorithm)),
            (r#"{"alg":"HS256"}"#, Err(Algorithm)),
            (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, Err(Critical)),
            (r#"{"alg":"ES256","jwk":{"kty":"oct","k":"AAAA"}}"#, Err(BringsKey)),
            (r#"{"alg":"ES256","jku":"https://evil.example/keys"}"#, Err(BringsKey)),
            (r#"{"alg":"ES256","x5u":"https://evil.example/cert"}"#, Err(BringsKey)),
            (r#"{"alg":"ES256","x5c":["MIIB"]}"#, Err(BringsKey)),
            (r#"{"alg":"ES256","alg":"none"}"#, Err(Malformed)),
            (r#"{"kid":"1"}"#, Err(Malformed)),
            (r#"["ES256"]"#, Err(Malformed)),
            ("", Err(Malformed)),
        ] {
            let token = message(header);
            assert_eq!(UnverifiedJws::parse(&token).map(|_| ()), expected, "{header}");
        }
    }

    #[test]
    fn a_message_has_exactly_three_parts() {
        let good = message(r#"{"alg":"ES256"}"#);
        for bad in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            good.replace('.', ""),
            format!("{good}.AAAA"),
            format!("AAAA.{good}"),
            format!(" {good}"),
            good.replacen('.', "=.", 1),
        ] {
            assert_eq!(UnverifiedJws::parse(&bad).err(), Some(JoseError::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_type_is_compared_as_a_media_type() {
        assert!(TokenType::AccessToken.is_named(Some("at+jwt")));
        assert!(TokenType::AccessToken.is_named(Some("application/AT+JWT")));
        assert!(!TokenType::AccessToken.is_named(Some("JWT")));
        assert!(!TokenType::AccessToken.is_named(Some("at+jwt ")));
        assert!(!TokenType::AccessToken.is_named(Some("application/application/at+jwt")));
        assert!(!TokenType::IdToken.is_named(None));
        assert!(!TokenType::IdToken.is_named(Some("ü")));
    }

    #[test]
    fn half_hashes_are_those_of_the_standard() {
        // The access token and `at_hash` of OIDC Core's examples (appendix A.3), signed RS256.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Ps256, SigningAlgorithm::Es256]
        {
            assert_eq!(algorithm.half_hash(token), "77QmUPtjPfzWtF2AnpK9RQ");
        }
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(SigningAlgorithm::Rs256.half_hash(code), "LDktKdoQak3Pk0cnXxCltA");
        assert_eq!(SigningAlgorithm::EdDsa.half_hash(token).len(), 43);
    }
}
