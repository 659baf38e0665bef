//! The files that pages refer to. They are part of the program; an address carries the hash of the
//! content (`/assets/hilum.css?v=…`), so that a browser may keep a file for good.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};

/// Every asset, hashed once, at first use.
pub static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::embedded);

/// A file as it is sent.
#[derive(Debug)]
pub struct Asset {
    /// The last segment of its path.
    pub name: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
    /// The first 16 hexadecimal digits of the SHA-256 of `bytes`: the `v` of the address, and fit
    /// for an `ETag`.
    pub hash: String,
    /// The address that pages use.
    pub url: String,
}

/// The files, by what they are for.
#[derive(Debug)]
pub struct Assets {
    pub stylesheet: Asset,
    pub mark: Asset,
    pub form_post: Asset,
    pub password_hints: Asset,
    pub challenge: Asset,
    pub passkey: Asset,
}

impl Assets {
    fn embedded() -> Self {
        Self {
            stylesheet: Asset::new(
                "hilum.css",
                "text/css; charset=utf-8",
                include_bytes!("../../assets/hilum.css"),
            ),
            mark: Asset::new(
                "hilum.svg",
                "image/svg+xml",
                include_bytes!("../../assets/hilum.svg"),
            ),
            form_post: Asset::new(
                "form-post.js",
                "text/javascript; charset=utf-8",
                include_bytes!("../../assets/form-post.js"),
            ),
            password_hints: Asset::new(
                "password-hints.js",
                "text/javascript; charset=utf-8",
                include_bytes!("../../assets/password-hints.js"),
            ),
            challenge: Asset::new(
                "challenge.js",
                "text/javascript; charset=utf-8",
                include_bytes!("../../assets/challenge.js"),
            ),
            passkey: Asset::new(
                "passkey.js",
                "text/javascript; charset=utf-8",
                include_bytes!("../../assets/passkey.js"),
            ),
        }
    }

    /// All of them.
    pub fn all(&self) -> [&Asset; 6] {
        [
            &self.stylesheet,
            &self.mark,
            &self.form_post,
            &self.challenge,
            &self.passkey,
            &self.password_hints,
        ]
    }

    /// The asset with this name, for `GET /assets/{file}`.
    pub fn find(&self, name: &str) -> Option<&Asset> {
        self.all().into_iter().find(|asset| asset.name == name)
    }
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let sum = digest(&SHA256, bytes);
        let hash: String = sum.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let url = format!("/assets/{name}?v={hash}");
        Self { name, content_type, bytes, hash, url }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_by_its_name_only() {
        assert_eq!(ASSETS.find("hilum.css").map(|asset| asset.name), Some("hilum.css"));
        assert!(ASSETS.find("../hilum.css").is_none());
        assert!(ASSETS.find("").is_none());
    }

    #[test]
    fn an_address_changes_with_the_content() {
        let [one, other] = [b"a", b"b"].map(|bytes| Asset::new("x.css", "text/css", bytes));
        assert_ne!(one.url, other.url);
        assert_eq!(one.hash.len(), 16);
    }

    #[test]
    fn the_stylesheet_is_small_and_refers_to_nothing() {
        let css = String::from_utf8_lossy(ASSETS.stylesheet.bytes);
        assert!(css.len() < 16 * 1024, "{} bytes", css.len());
        for reference in ["url(", "@import", "http:", "https:"] {
            assert!(!css.contains(reference), "{reference}");
        }
    }
}
