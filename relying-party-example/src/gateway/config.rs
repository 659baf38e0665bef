//! What the gateway must be told: where it lives, how it is registered at Hilum, and the name of its API.
//!
//! The file is read once, at start. Unknown keys are refused, and all other mistakes are listed together.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use openidconnect::{
    ClientId, IssuerUrl, RedirectUrl, Scope, core::CoreJwsSigningAlgorithm as Alg,
};
use relying_party_example::{
    look::Look,
    registration::{ConfigError, Mistakes, Registration, read, rs256, secret},
};
use serde::Deserialize;
use url::Url;

/// The longest that a good answer about a token may be remembered: a stop comes late by that much.
const LONGEST_MEMORY: u32 = 10;

/// Everything that the program knows about its gateway.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The address that the program listens on.
    pub listen: SocketAddr,
    /// The gateway's origin as browsers see it, without a slash at the end.
    pub origin: String,
    /// Its face.
    pub look: Look,
    /// Its registration at Hilum: it signs people on, and asks about tokens, under one name.
    pub registration: Registration,
    /// The name of the API: what `aud` of a token must hold.
    pub resource: String,
    /// The only algorithm in which access tokens are accepted (RFC 8725 §3.1).
    pub access_token_alg: Alg,
    /// How long a good answer about a token counts.
    pub remember: TimeDelta,
    /// How old the sign-in of whoever reads a report may be.
    pub report_max_age: TimeDelta,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: SocketAddr,
    origin: Url,
    look: Look,
    hilum: HilumSection,
    api: ApiSection,
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiSection {
    resource: String,
    access_token_alg: Alg,
    remember_seconds: u32,
    report_max_age_seconds: u32,
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`], whose text is meant for the person who wrote the file.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read(path)?)
    }

    fn parse(text: &str) -> Result<Self, ConfigError> {
        let File { listen, origin, look, hilum, api } = toml::from_str(text)?;
        let secret = secret(hilum.client_secret.as_deref(), hilum.client_secret_file.as_deref())?;
        let mut mistakes = Mistakes::default();
        let origin = mistakes.origin(&origin);
        mistakes.issuer(&hilum.issuer);
        mistakes.client_id(&hilum.client_id);
        mistakes.alg(&hilum.id_token_alg, "id_token_alg");
        mistakes.alg(&api.access_token_alg, "access_token_alg");
        mistakes.expect(Url::parse(&api.resource).is_ok(), "api: resource: an address");
        let bounded = api.remember_seconds <= LONGEST_MEMORY;
        mistakes.expect(bounded, "api: remember_seconds: at most 10, or a stop comes late");
        mistakes.expect(api.report_max_age_seconds > 0, "api: report_max_age_seconds: more than 0");
        let redirect_uri = RedirectUrl::new(format!("{origin}/callback"));
        let (true, Ok(redirect_uri)) = (mistakes.is_empty(), redirect_uri) else {
            return Err(mistakes.into());
        };
        Ok(Self {
            listen,
            origin,
            look,
            registration: Registration {
                issuer: hilum.issuer,
                client_id: ClientId::new(hilum.client_id),
                client_secret: Some(secret),
                id_token_alg: hilum.id_token_alg,
                scopes: hilum.scopes.into_iter().map(Scope::new).collect(),
                redirect_uri,
            },
            resource: api.resource,
            access_token_alg: api.access_token_alg,
            remember: TimeDelta::seconds(api.remember_seconds.into()),
            report_max_age: TimeDelta::seconds(api.report_max_age_seconds.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../config/hie-gateway.toml");

    #[test]
    fn the_shipped_file_describes_the_demo_gateway() {
        let config = Config::parse(SHIPPED).unwrap();
        assert_eq!(config.registration.redirect_uri.as_str(), "http://localhost:8093/callback");
        assert_eq!(config.access_token_alg, Alg::EcdsaP256Sha256);
        assert!(!format!("{config:?}").contains("demo-secret"));
    }

    #[test]
    fn each_mistake_is_named() {
        for (good, bad, expected) in [
            (r#""http://localhost:8093""#, r#""http://site.example""#, "origin: https"),
            (r#"access_token_alg = "ES256""#, r#"access_token_alg = "HS256""#, "access_token_alg:"),
            ("remember_seconds = 3", "remember_seconds = 60", "at most 10"),
            ("report_max_age_seconds = 900", "report_max_age_seconds = 0", "more than 0"),
            ("resource = ", "resorce = ", "resorce"),
        ] {
            assert!(SHIPPED.contains(good), "{good}");
            let error = Config::parse(&SHIPPED.replacen(good, bad, 1)).unwrap_err();
            assert!(error.to_string().contains(expected), "{bad}: {error}");
        }
    }
}
