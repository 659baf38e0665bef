//! What a site must be told: where it lives, what it looks like, and how it is registered at Hilum.
//!
//! The file is read once, at start. Unknown keys are refused, and all other mistakes are listed together,
//! so that one edit mends them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use openidconnect::core::CoreJwsSigningAlgorithm as Alg;
use openidconnect::{ClientId, ClientSecret, IssuerUrl, RedirectUrl, Scope};
use relying_party_example::look::{Look, is_safe};
use serde::Deserialize;
use url::Url;

/// Everything that the program knows about its site.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The address that the program listens on.
    pub listen: SocketAddr,
    /// The site's origin as browsers see it, without a slash at the end.
    pub origin: String,
    /// The site's face.
    pub look: Look,
    /// The site's registration at Hilum.
    pub registration: Registration,
    /// For how many affiliations a person acts here.
    pub affiliations: AffiliationMode,
    /// Any one of these roles opens the site; none named, none needed.
    pub required_roles: Vec<String>,
    /// The role that may attest; none named, nobody attests here.
    pub attesting_role: Option<String>,
    /// The registration of the public client behind `/playground`, if that page is wanted.
    pub playground: Option<Registration>,
}

/// Hilum's `affiliation_mode` of this site.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AffiliationMode {
    /// All that the site may see, listed by userinfo.
    All,
    /// The one that the person chose; the ID token carries it.
    One,
}

/// One OAuth client: what a site agreed on with Hilum when it was registered.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// Hilum's issuer identifier; everything else about Hilum comes from discovery.
    pub issuer: IssuerUrl,
    /// The client identifier.
    pub client_id: ClientId,
    /// The client secret; a public client has none and relies on PKCE alone.
    pub client_secret: Option<ClientSecret>,
    /// The only algorithm in which this client accepts tokens (RFC 8725 §3.1).
    pub id_token_alg: Alg,
    /// The scopes beside `openid`.
    pub scopes: Vec<Scope>,
    /// Where Hilum sends the browser back to.
    pub redirect_uri: RedirectUrl,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
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

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`], whose text is meant for the person who wrote the file.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read(path)?)
    }

    /// Checks the text of a configuration file.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text)?;
        let secret = file.hilum.secret()?;
        let mut mistakes = Mistakes::default();
        let origin = mistakes.origin(&file.origin);
        mistakes.issuer(&file.hilum.issuer);

        // A public client has no algorithm of its own to register: Hilum signs with the default.
        let registration = |client: &Client, secret, path: &str, mistakes: &mut Mistakes| {
            let redirect_uri = RedirectUrl::new(format!("{origin}{path}"));
            mistakes.client_id(&client.client_id);
            mistakes.alg(&client.id_token_alg);
            redirect_uri.map(|redirect_uri| Registration {
                issuer: file.hilum.issuer.clone(),
                client_id: ClientId::new(client.client_id.clone()),
                client_secret: secret,
                id_token_alg: client.id_token_alg.clone(),
                scopes: client.scopes.iter().cloned().map(Scope::new).collect(),
                redirect_uri,
            })
        };
        let site = registration(&file.hilum.client(), secret, "/callback", &mut mistakes);
        let playground = file
            .playground
            .as_ref()
            .map(|client| registration(client, None, "/playground/callback", &mut mistakes))
            .transpose();
        match (site, playground) {
            (Ok(site), Ok(playground)) if mistakes.0.is_empty() => Ok(Self {
                listen: file.listen,
                origin,
                look: file.look,
                registration: site,
                affiliations: file.hilum.affiliations,
                required_roles: file.hilum.required_roles,
                attesting_role: file.hilum.attesting_role,
                playground,
            }),
            (Ok(_), Ok(_)) | (Err(_), _) | (_, Err(_)) => Err(ConfigError::Invalid(mistakes.0)),
        }
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: SocketAddr,
    origin: Url,
    look: Look,
    hilum: HilumSection,
    playground: Option<Client>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HilumSection {
    issuer: IssuerUrl,
    client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    #[serde(default = "rs256")]
    id_token_alg: Alg,
    scopes: Vec<String>,
    affiliations: AffiliationMode,
    #[serde(default)]
    required_roles: Vec<String>,
    attesting_role: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    client_id: String,
    #[serde(default = "rs256")]
    id_token_alg: Alg,
    scopes: Vec<String>,
}

/// What OpenID Connect signs with where nothing else was agreed (OIDC Core §2).
const fn rs256() -> Alg {
    Alg::RsaSsaPkcs1V15Sha256
}

impl HilumSection {
    fn client(&self) -> Client {
        Client {
            client_id: self.client_id.clone(),
            id_token_alg: self.id_token_alg.clone(),
            scopes: self.scopes.clone(),
        }
    }

    /// The secret from whichever of the two places holds it.
    fn secret(&self) -> Result<Option<ClientSecret>, ConfigError> {
        let secret = match (&self.client_secret, &self.client_secret_file) {
            (Some(_), Some(_)) => {
                let both = "hilum: give client_secret or client_secret_file, not both";
                return Err(ConfigError::Invalid(vec![both.to_owned()]));
            }
            (Some(secret), None) => secret.clone(),
            (None, Some(path)) => read(path)?.trim().to_owned(),
            (None, None) => String::new(),
        };
        if secret.is_empty() {
            let none = "hilum: client_secret or client_secret_file is needed";
            return Err(ConfigError::Invalid(vec![none.to_owned()]));
        }
        Ok(Some(ClientSecret::new(secret)))
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })
}

/// Everything that is wrong with a file, in the order of the file.
#[derive(Default)]
struct Mistakes(Vec<String>);

impl Mistakes {
    fn expect(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.0.push(otherwise.to_owned());
        }
    }

    /// Checks the site's own address and returns it without the slash at its end.
    fn origin(&mut self, origin: &Url) -> String {
        let bare = origin.path() == "/" && origin.query().is_none() && origin.fragment().is_none();
        self.expect(bare, "origin: only scheme, host and port, as in https://site.example");
        self.expect(is_safe(origin), "origin: https, or http on localhost");
        origin.as_str().trim_end_matches('/').to_owned()
    }

    fn issuer(&mut self, issuer: &IssuerUrl) {
        self.expect(is_safe(issuer.url()), "hilum: issuer: https, or http on localhost");
    }

    /// The client identifier is also part of a cookie's name, hence the narrow alphabet.
    fn client_id(&mut self, id: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let valid = !id.is_empty() && id.chars().all(plain);
        self.expect(valid, "client_id: letters, digits, '-', '_' and '.' only");
    }

    /// A shared-secret algorithm would let anybody who verifies a token also make one, and `none` anybody at all.
    fn alg(&mut self, alg: &Alg) {
        let allowed =
            [Alg::RsaSsaPkcs1V15Sha256, Alg::RsaSsaPssSha256, Alg::EcdsaP256Sha256, Alg::EdDsa];
        self.expect(allowed.contains(alg), "id_token_alg: RS256, PS256, ES256 or EdDSA");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIA: &str = include_str!("../../config/credentia.toml");
    const PAYER: &str = include_str!("../../config/payer.toml");

    #[test]
    fn the_shipped_files_describe_the_two_demo_sites() {
        let credentia = Config::parse(CREDENTIA).unwrap();
        let payer = Config::parse(PAYER).unwrap();

        assert_eq!(credentia.registration.redirect_uri.as_str(), "http://localhost:8091/callback");
        assert_eq!(credentia.affiliations, AffiliationMode::One);
        let playground = credentia.playground.unwrap();
        assert_eq!(playground.redirect_uri.as_str(), "http://localhost:8091/playground/callback");
        assert!(playground.client_secret.is_none());

        assert_eq!(payer.registration.id_token_alg, Alg::EcdsaP256Sha256);
        assert_eq!(payer.affiliations, AffiliationMode::All);
        assert!(payer.playground.is_none());
    }

    #[test]
    fn each_mistake_is_named() {
        for (good, bad, expected) in [
            (r#""http://localhost:8091""#, r#""http://site.example""#, "origin: https"),
            (r#""http://localhost:8091""#, r#""https://site.example/a""#, "origin: only"),
            (r#""http://localhost:8080""#, r#""http://id.example""#, "issuer: https"),
            (r#"client_id = "credentia""#, r#"client_id = "a b""#, "client_id:"),
            (r#""RS256""#, r#""HS256""#, "id_token_alg:"),
            (r#""RS256""#, r#""none""#, "id_token_alg"),
            (r#"client_secret = "credentia-demo-secret""#, "", "client_secret_file is needed"),
            ("affiliations = \"one\"", "affiliations = \"two\"", "two"),
            ("theme = ", "thema = ", "thema"),
        ] {
            assert!(CREDENTIA.contains(good), "{good}");
            let error = Config::parse(&CREDENTIA.replacen(good, bad, 1)).unwrap_err();
            assert!(error.to_string().contains(expected), "{bad}: {error}");
        }
    }

    #[test]
    fn all_mistakes_are_listed_at_once() {
        let broken = CREDENTIA
            .replace("http://localhost:8091", "http://site.example")
            .replace("RS256", "HS256");
        let error = Config::parse(&broken).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 2, "{error}");
    }

    #[test]
    fn a_secret_is_never_printed() {
        let config = Config::parse(CREDENTIA).unwrap();
        assert!(!format!("{config:?}").contains("credentia-demo-secret"));
    }
}
