//! What a site agreed on with Hilum when it was registered, and reading it from a file.

use std::path::{Path, PathBuf};

use openidconnect::{
    ClientId, ClientSecret, IssuerUrl, RedirectUrl, Scope, core::CoreJwsSigningAlgorithm as Alg,
};
use url::Url;

use crate::look::is_safe;

/// One OAuth client at Hilum.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Hilum's issuer identifier; everything else about Hilum comes from discovery.
    pub issuer: IssuerUrl,
    /// The client identifier.
    pub client_id: ClientId,
    /// The client secret; a public client has none and relies on PKCE alone.
    pub client_secret: Option<ClientSecret>,
    /// The only algorithm in which this client accepts ID tokens (RFC 8725 §3.1).
    pub id_token_alg: Alg,
    /// The scopes beside `openid`.
    pub scopes: Vec<Scope>,
    /// Where Hilum sends the browser back to.
    pub redirect_uri: RedirectUrl,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file holds values that cannot work; one line for each.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
    /// The file is no TOML of this shape.
    #[error("{0}")]
    Shape(#[from] toml::de::Error),
    /// A file cannot be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// Reads a file.
///
/// # Errors
/// [`ConfigError::Unreadable`].
pub fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })
}

/// The secret from whichever of the two places holds it.
///
/// # Errors
/// [`ConfigError`] if both or none does, or the file cannot be read.
pub fn secret(given: Option<&str>, file: Option<&Path>) -> Result<ClientSecret, ConfigError> {
    let secret = match (given, file) {
        (Some(_), Some(_)) => {
            let both = "hilum: give client_secret or client_secret_file, not both";
            return Err(ConfigError::Invalid(vec![both.to_owned()]));
        }
        (Some(secret), None) => secret.to_owned(),
        (None, Some(path)) => read(path)?.trim().to_owned(),
        (None, None) => String::new(),
    };
    if secret.is_empty() {
        let none = "hilum: client_secret or client_secret_file is needed";
        return Err(ConfigError::Invalid(vec![none.to_owned()]));
    }
    Ok(ClientSecret::new(secret))
}

/// What OpenID Connect signs with where nothing else was agreed (OIDC Core §2).
#[must_use]
pub const fn rs256() -> Alg {
    Alg::RsaSsaPkcs1V15Sha256
}

/// Everything that is wrong with a file, in the order of the file.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<String>);

impl From<Mistakes> for ConfigError {
    fn from(mistakes: Mistakes) -> Self {
        Self::Invalid(mistakes.0)
    }
}

impl Mistakes {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes what is wrong unless it holds.
    pub fn expect(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.0.push(otherwise.to_owned());
        }
    }

    /// Checks the site's own address and returns it without the slash at its end.
    pub fn origin(&mut self, origin: &Url) -> String {
        let bare = origin.path() == "/" && origin.query().is_none() && origin.fragment().is_none();
        self.expect(bare, "origin: only scheme, host and port, as in https://site.example");
        self.expect(is_safe(origin), "origin: https, or http on localhost");
        origin.as_str().trim_end_matches('/').to_owned()
    }

    /// Checks Hilum's address.
    pub fn issuer(&mut self, issuer: &IssuerUrl) {
        self.expect(is_safe(issuer.url()), "hilum: issuer: https, or http on localhost");
    }

    /// The client identifier is also part of a cookie's name, hence the narrow alphabet.
    pub fn client_id(&mut self, id: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let valid = !id.is_empty() && id.chars().all(plain);
        self.expect(valid, "client_id: letters, digits, '-', '_' and '.' only");
    }

    /// A shared-secret algorithm would let anybody who verifies a token also make one, and `none` anybody at all.
    pub fn alg(&mut self, alg: &Alg, field: &str) {
        let allowed =
            [Alg::RsaSsaPkcs1V15Sha256, Alg::RsaSsaPssSha256, Alg::EcdsaP256Sha256, Alg::EdDsa];
        let one = format!("{field}: RS256, PS256, ES256 or EdDSA");
        self.expect(allowed.contains(alg), &one);
    }
}
