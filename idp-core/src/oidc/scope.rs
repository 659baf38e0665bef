//! Scopes: what a site may ask for (domain 3.1).

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// One scope. Those of the standard and Hilum's own have names; a resource server's are `Other`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// `address`: OIDC Core §5.4.
    Address,
    /// `affiliations`: for whom the person acts, with roles.
    Affiliations,
    /// `email`: OIDC Core §5.4.
    Email,
    /// `login_history`: the previous successful sign-in.
    LoginHistory,
    /// `npi`: the person's NPI, with a clinician role.
    Npi,
    /// `offline_access`: a refresh token, which dies with the session.
    OfflineAccess,
    /// `openid`: without it a request is no OpenID request.
    OpenId,
    /// A resource server's own, for instance `hie/pmp.query`.
    Other(String),
    /// `phone`: OIDC Core §5.4.
    Phone,
    /// `profile`: OIDC Core §5.4.
    Profile,
    /// `tax_ids`: Tax IDs inside the affiliations.
    TaxIds,
}

/// What opens the support desk's part of the Admin API. It goes to programs of the desk only: see
/// `community::site_registration`.
pub const SUPPORT_DESK: &str = "hilum.support";

/// A text that is no `scope-token` (RFC 6749 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope has 1 to 100 visible ASCII characters other than quotation mark and backslash")]
pub struct InvalidScope;

impl Scope {
    /// The scopes that discovery lists.
    pub const STANDARD: [Self; 10] = [
        Self::OpenId,
        Self::Profile,
        Self::Email,
        Self::Phone,
        Self::Address,
        Self::Affiliations,
        Self::TaxIds,
        Self::Npi,
        Self::LoginHistory,
        Self::OfflineAccess,
    ];

    /// The scope as it stands in a request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Address => "address",
            Self::Affiliations => "affiliations",
            Self::Email => "email",
            Self::LoginHistory => "login_history",
            Self::Npi => "npi",
            Self::OfflineAccess => "offline_access",
            Self::OpenId => "openid",
            Self::Other(name) => name,
            Self::Phone => "phone",
            Self::Profile => "profile",
            Self::TaxIds => "tax_ids",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        if let Some(known) = Self::STANDARD.into_iter().find(|scope| scope.as_str() == text) {
            return Ok(known);
        }
        let token = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if (1..=100).contains(&text.len()) && text.bytes().all(token) {
            Ok(Self::Other(text.to_owned()))
        } else {
            Err(InvalidScope)
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;

    fn try_from(text: String) -> Result<Self, InvalidScope> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a space-separated list.
///
/// # Errors
/// [`InvalidScope`] if one of them is no scope.
pub fn parse_list(text: &str) -> Result<BTreeSet<Scope>, InvalidScope> {
    text.split(' ').filter(|part| !part.is_empty()).map(str::parse).collect()
}

/// Writes a space-separated list.
#[must_use]
pub fn to_list(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_known_and_foreign_scopes_apart_and_refuses_the_rest() {
        let scopes = parse_list("openid  hie/pmp.query tax_ids").unwrap();
        assert_eq!(to_list(&scopes), "openid hie/pmp.query tax_ids");
        assert!(scopes.contains(&Scope::Other("hie/pmp.query".into())));
        for wrong in ["open\"id", "a\\b", "a\nb", "\u{e9}", &"a".repeat(101)] {
            assert!(parse_list(wrong).is_err(), "{wrong:?}");
        }
    }
}
