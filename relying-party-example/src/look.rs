//! What a site looks like, and which addresses it may have.

use serde::Deserialize;
use url::Url;

/// Name, colours and words of a site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The site's name.
    pub name: String,
    /// The colours.
    pub theme: Theme,
    /// One line under the name.
    pub tagline: String,
    /// One paragraph on the first page.
    pub welcome: String,
    /// The telephone number of the site's own help desk.
    pub help: String,
}

/// The sets of colours in `style.css`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Blues on cool paper.
    Harbor,
    /// Greens on warm paper.
    Pine,
    /// Plum on cool paper.
    Plum,
}

impl Theme {
    /// The class of `<body>`.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Harbor => "harbor",
            Self::Pine => "pine",
            Self::Plum => "plum",
        }
    }
}

/// Whether nobody on the way can read or change what goes to this address.
#[must_use]
pub fn is_safe(url: &Url) -> bool {
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || url.scheme() == "http" && is_local
}
