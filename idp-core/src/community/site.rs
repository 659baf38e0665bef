//! Participating sites: what each may ask, what it may learn, and how it talks to Hilum.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{resource_server::ResourceServer, role::Role};
use crate::{
    authentication::assurance::Assurance,
    ids::SiteId,
    oidc::{jose::SigningAlgorithm, redirect_uri::RedirectUri, scope::Scope},
    saml::service_provider::ServiceProvider,
    secret::SecretDigest,
};

/// A participating site's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its identifier; with OIDC, its `client_id`.
    pub id: SiteId,
    /// Its name, as people are shown it.
    pub name: String,
    /// Whether it may be used.
    pub status: SiteStatus,
    /// Its own page, policy, terms and logo. Links only: Hilum never fetches them (12.5).
    pub links: SiteLinks,
    /// Its protocol, and how it speaks it.
    #[serde(flatten)]
    pub front: Front,
    /// What it may learn.
    pub release: ReleasePolicy,
    /// Whether it belongs to a demo and is refused outside one.
    pub demo: bool,
}

/// The protocol that a site speaks, with all that is registered for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Front {
    /// OpenID Connect.
    #[serde(rename = "client")]
    Oidc(Box<OidcClient>),
    /// SAML 2.0.
    #[serde(rename = "service_provider")]
    Saml(Box<ServiceProvider>),
}

/// Whether a site may be used (domain 4.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteStatus {
    /// In use.
    Live,
    /// Gone for good.
    Retired,
    /// Stopped for now.
    Suspended,
}

/// Links that people are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteLinks {
    /// `client_uri`: its home page.
    pub client_uri: Option<Url>,
    /// `logo_uri`: its logo.
    pub logo_uri: Option<Url>,
    /// `policy_uri`: its privacy policy.
    pub policy_uri: Option<Url>,
    /// `tos_uri`: its terms.
    pub tos_uri: Option<Url>,
    /// `help_phone`: where its own help desk answers (R3).
    #[serde(default)]
    pub help_phone: Option<String>,
    /// `help_email`: likewise, by mail.
    #[serde(default)]
    pub help_email: Option<String>,
}

/// How a site speaks OIDC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcClient {
    /// Where answers may go, to the octet (RFC 9700 §2.1).
    pub redirect_uris: Vec<RedirectUri>,
    /// Where a signed-out browser may go.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where logout tokens are sent.
    pub backchannel_logout_uri: Option<Url>,
    /// A page that starts a sign-on (OIDC Core §4).
    pub initiate_login_uri: Option<Url>,
    /// What it may do at the token endpoint.
    pub grant_types: BTreeSet<GrantType>,
    /// How answers may be sent.
    pub response_modes: BTreeSet<ResponseMode>,
    /// How it proves who it is.
    pub authentication: ClientAuthentication,
    /// How its ID tokens are signed.
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// How its access tokens are signed.
    pub access_token_signed_response_alg: SigningAlgorithm,
    /// Whether it may leave out PKCE.
    pub pkce: Pkce,
    /// Its pairwise group: sites with one sector know a person by one `sub`.
    pub sector: String,
    /// `default_max_age`, in seconds.
    pub default_max_age: Option<u32>,
    /// The audience of its `client_credentials` tokens (RFC 9068 §2.2).
    pub audience: Option<String>,
    /// The API that it serves, if systems and its own people may call one with Hilum's tokens.
    #[serde(default)]
    pub resource_server: Option<ResourceServer>,
}

/// What a client may do at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §6.
    RefreshToken,
}

/// How an authorization response travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect.
    Query,
    /// As a form that the browser posts.
    FormPost,
}

/// How a client proves who it is: exactly one method, the registered one (security 3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// It cannot keep a secret; PKCE stands in.
    None,
    /// A secret in the `Authorization` header.
    ClientSecretBasic {
        /// Accepted secrets: one, or two while a rotation is under way.
        secrets: Vec<SecretDigest>,
    },
    /// A secret in the body.
    ClientSecretPost {
        /// Accepted secrets: one, or two while a rotation is under way.
        secrets: Vec<SecretDigest>,
    },
    /// A signed assertion (RFC 7523).
    PrivateKeyJwt {
        /// Where its public keys are.
        keys: ClientKeys,
        /// The one algorithm it registered, if it did.
        algorithm: Option<SigningAlgorithm>,
    },
}

/// Where a client's public keys are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKeys {
    /// In its record.
    Jwks(serde_json::Value),
    /// At an address, fetched through the guarded client only.
    JwksUri(Url),
}

/// Whether a client may leave out PKCE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// A confidential client that the operator let off; weaker, and the guide says so.
    Optional,
    /// The rule (RFC 9700 §2.1.1).
    Required,
}

/// What a site may learn and whom it admits (domain 3.3): deny by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReleasePolicy {
    /// Scopes that it may ask; others are dropped.
    pub allowed_scopes: BTreeSet<Scope>,
    /// How many of a person's affiliations it sees.
    pub affiliation_mode: AffiliationMode,
    /// Only affiliations with one of these roles are shown to it; empty: all.
    pub role_filter: BTreeSet<Role>,
    /// Whether organizations must switch it on.
    pub org_enablement: OrgEnablement,
    /// Which Tax IDs it receives.
    pub tax_id_release: TaxIdRelease,
    /// Whether it receives numbers of type SSN.
    pub accept_ssn_type: bool,
    /// A person needs one of these roles; empty: none needed.
    pub required_roles: BTreeSet<Role>,
    /// A person must be an Administrator of the organization.
    pub required_administrator: bool,
    /// How strongly a person must have signed in.
    pub min_acr: Assurance,
    /// Whether a remembered browser counts as the second factor.
    pub accept_remembered_browser: bool,
    /// Whether `sub` is the site group's own or the same for all.
    pub subject_type: SubjectType,
    /// Whether `preferred_username` (the User ID) is approved; else a pairwise `sub` is pointless.
    pub release_user_id: bool,
    /// In mode `all`: put up to five affiliations into the ID token.
    pub affiliations_in_id_token: bool,
    /// Its grants end this many minutes after the sign-in; never later than the session.
    pub session_max_minutes: Option<u32>,
}

impl Default for ReleasePolicy {
    fn default() -> Self {
        Self {
            allowed_scopes: BTreeSet::from([Scope::OpenId]),
            affiliation_mode: AffiliationMode::None,
            role_filter: BTreeSet::new(),
            org_enablement: OrgEnablement::Open,
            tax_id_release: TaxIdRelease::None,
            accept_ssn_type: false,
            required_roles: BTreeSet::new(),
            required_administrator: false,
            min_acr: Assurance::Password,
            accept_remembered_browser: false,
            subject_type: SubjectType::Pairwise,
            release_user_id: false,
            affiliations_in_id_token: false,
            session_max_minutes: None,
        }
    }
}

/// How many of a person's affiliations a site sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AffiliationMode {
    /// All that match.
    All,
    /// None.
    None,
    /// The one that the person chose.
    One,
}

/// Whether organizations must switch a site on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrgEnablement {
    /// Only people of organizations whose Administrator switched it on.
    ByAdministrator,
    /// Everybody's.
    Open,
}

/// Which Tax IDs a site receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaxIdRelease {
    /// All that the person may use.
    All,
    /// None.
    None,
    /// The organization's main one.
    Primary,
}

/// What `sub` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectType {
    /// Different for each group of sites (OIDC Core §8.1).
    Pairwise,
    /// The same for all; on approval.
    Public,
}

impl Site {
    /// Whether requests of the site are answered at all.
    #[must_use]
    pub fn is_usable(&self, demo: bool) -> bool {
        self.status == SiteStatus::Live && (demo || !self.demo)
    }

    /// How the site speaks OIDC, if it does.
    #[must_use]
    pub const fn client(&self) -> Option<&OidcClient> {
        match &self.front {
            Front::Oidc(client) => Some(client),
            Front::Saml(_) => None,
        }
    }

    /// How the site speaks SAML, if it does.
    #[must_use]
    pub const fn service_provider(&self) -> Option<&ServiceProvider> {
        match &self.front {
            Front::Oidc(_) => None,
            Front::Saml(provider) => Some(provider),
        }
    }

    /// The same, to be changed.
    #[must_use]
    pub const fn client_mut(&mut self) -> Option<&mut OidcClient> {
        match &mut self.front {
            Front::Oidc(client) => Some(client),
            Front::Saml(_) => None,
        }
    }

    /// The site's pairwise group: sites with one sector know a person by one name.
    #[must_use]
    pub fn sector(&self) -> &str {
        match &self.front {
            Front::Oidc(client) => &client.sector,
            Front::Saml(provider) => &provider.sector,
        }
    }
}

impl OidcClient {
    /// Whether the client can keep a secret.
    #[must_use]
    pub const fn is_confidential(&self) -> bool {
        !matches!(self.authentication, ClientAuthentication::None)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::community::site_registration::{Circumstances, read};

    /// A confidential site with everything registered.
    pub(crate) fn site(id: &str) -> Site {
        let document = json!({
            "client_id": id,
            "client_name": id,
            "redirect_uris": [format!("https://{id}.example/cb")],
            "post_logout_redirect_uris": [format!("https://{id}.example/signed-out")],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid profile email",
        });
        read(&document, Circumstances { id: [1; 16], secret: [2; 32], demo: false }).unwrap().site
    }

    #[test]
    fn only_a_live_site_is_usable_and_a_demo_site_only_in_a_demo() {
        for (status, demo_site, demo, expected) in [
            (SiteStatus::Live, false, false, true),
            (SiteStatus::Live, true, false, false),
            (SiteStatus::Live, true, true, true),
            (SiteStatus::Suspended, false, true, false),
            (SiteStatus::Retired, false, true, false),
        ] {
            let site = Site { status, demo: demo_site, ..site("a") };
            assert_eq!(site.is_usable(demo), expected, "{status:?} {demo_site} {demo}");
        }
    }
}
