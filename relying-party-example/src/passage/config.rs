//! What the site must be told: where it lives, what it looks like, its key, and where Hilum is.
//!
//! Read once, at start. Unknown keys are refused, and all other mistakes are listed together.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use relying_party_example::look::{Look, is_safe};
use serde::Deserialize;
use url::Url;

/// Everything that the program knows about its site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The address that the program listens on.
    pub listen: SocketAddr,
    /// The site's origin as browsers see it.
    origin: Url,
    /// How the site's cookies are named.
    pub cookies: String,
    /// The site's face.
    pub look: Look,
    /// The site as a service provider.
    pub saml: Saml,
    /// The identity provider.
    pub hilum: HilumSection,
}

/// The site as a service provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saml {
    /// Its RSA key, in PEM.
    pub key_file: PathBuf,
    /// The certificate of the key, in PEM.
    pub certificate_file: PathBuf,
}

/// The identity provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HilumSection {
    /// Its `entityID`.
    pub entity_id: String,
    /// Where its metadata are.
    pub metadata: Url,
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
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`], whose text is meant for the person who wrote the file.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|why| ConfigError::Unreadable(path.to_owned(), why))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)?;
        let origin = &config.origin;
        let bare = origin.path() == "/" && origin.query().is_none() && origin.fragment().is_none();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let named = !config.cookies.is_empty() && config.cookies.chars().all(plain);
        let mistakes: Vec<String> = [
            (bare, "origin: only scheme, host and port, as in https://site.example"),
            (is_safe(origin), "origin: https, or http on localhost"),
            (named, "cookies: letters, digits, '-' and '_' only"),
            (is_safe(&config.hilum.metadata), "hilum: metadata: https, or http on localhost"),
        ]
        .into_iter()
        .filter(|(holds, _)| !holds)
        .map(|(_, otherwise)| otherwise.to_owned())
        .collect();
        if mistakes.is_empty() { Ok(config) } else { Err(ConfigError::Invalid(mistakes)) }
    }

    /// The site's origin, without a slash at the end.
    pub(crate) fn origin(&self) -> &str {
        self.origin.as_str().trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSAGE: &str = include_str!("../../../config/passage.toml");
    const EVERY: &str = include_str!("../../../config/passage-all.toml");

    #[test]
    fn the_shipped_files_describe_the_two_demo_sites() {
        assert_eq!(Config::parse(PASSAGE).unwrap().origin(), "http://localhost:8092");
        assert_eq!(Config::parse(EVERY).unwrap().origin(), "http://localhost:8095");
    }

    #[test]
    fn each_mistake_is_named() {
        for (good, bad, expected) in [
            (r#""http://localhost:8092""#, r#""http://site.example""#, "origin: https"),
            (r#""http://localhost:8092""#, r#""https://site.example/a""#, "origin: only"),
            (r#"cookies = "passage""#, r#"cookies = "a b""#, "cookies:"),
            (r#""http://localhost:8080/saml/metadata""#, r#""http://id.example/m""#, "metadata:"),
            ("theme = ", "thema = ", "thema"),
        ] {
            assert!(PASSAGE.contains(good), "{good}");
            let error = Config::parse(&PASSAGE.replacen(good, bad, 1)).unwrap_err();
            assert!(error.to_string().contains(expected), "{bad}: {error}");
        }
    }
}
