//! What a site must be told: where it lives, what it looks like, and how it is registered at Hilum.
//!
//! The file is read once, at start. Unknown keys are refused, and all other mistakes are listed together,
//! so that one edit mends them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use openidconnect::core::CoreJwsSigningAlgorithm as Alg;
use openidconnect::{ClientId, IssuerUrl, RedirectUrl, Scope};
use relying_party_example::{
    look::Look,
    registration::{ConfigError, Mistakes, Registration, read, rs256, secret},
};
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
        let secret =
            secret(file.hilum.client_secret.as_deref(), file.hilum.client_secret_file.as_deref())?;
        let mut mistakes = Mistakes::default();
        let origin = mistakes.origin(&file.origin);
        mistakes.issuer(&file.hilum.issuer);

        // A public client has no algorithm of its own to register: Hilum signs with the default.
        let registration = |client: &Client, secret, path: &str, mistakes: &mut Mistakes| {
            let redirect_uri = RedirectUrl::new(format!("{origin}{path}"));
            mistakes.client_id(&client.client_id);
            mistakes.alg(&client.id_token_alg, "id_token_alg");
            redirect_uri.map(|redirect_uri| Registration {
                issuer: file.hilum.issuer.clone(),
                client_id: ClientId::new(client.client_id.clone()),
                client_secret: secret,
                id_token_alg: client.id_token_alg.clone(),
                scopes: client.scopes.iter().cloned().map(Scope::new).collect(),
                redirect_uri,
            })
        };
        let site = registration(&file.hilum.client(), Some(secret), "/callback", &mut mistakes);
        let playground = file
            .playground
            .as_ref()
            .map(|client| registration(client, None, "/playground/callback", &mut mistakes))
            .transpose();
        match (site, playground) {
            (Ok(site), Ok(playground)) if mistakes.is_empty() => Ok(Self {
                listen: file.listen,
                origin,
                look: file.look,
                registration: site,
                affiliations: file.hilum.affiliations,
                required_roles: file.hilum.required_roles,
                attesting_role: file.hilum.attesting_role,
                playground,
            }),
            (Ok(_), Ok(_)) | (Err(_), _) | (_, Err(_)) => Err(mistakes.into()),
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

impl HilumSection {
    fn client(&self) -> Client {
        Client {
            client_id: self.client_id.clone(),
            id_token_alg: self.id_token_alg.clone(),
            scopes: self.scopes.clone(),
        }
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
