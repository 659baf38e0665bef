//! Reading a site's registration: RFC 7591's field names, plus Hilum's release policy.
//!
//! Every mistake is listed at once, by field, and an unknown field is a mistake: a misspelt
//! restriction would otherwise be an open door.

mod desk;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use super::{
    field::phone,
    site::{
        ClientAuthentication, ClientKeys, Front, GrantType, OidcClient, Pkce, ReleasePolicy,
        ResponseMode, Site, SiteLinks, SiteStatus,
    },
    subscriber::EmailAddress,
};
use crate::{
    ids::SiteId,
    oidc::{
        jose::SigningAlgorithm,
        key_set::KeySet,
        redirect_uri::RedirectUri,
        scope::{Scope, parse_list},
    },
    secret::{Secret, SecretDigest},
};

/// The fewest characters of a client secret that somebody else chose; those that Hilum makes have
/// 43. Demo sites may have shorter ones.
const SHORTEST_SECRET: usize = 32;

/// One thing that is wrong with a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong and what is accepted.
    pub message: String,
}

impl FieldError {
    /// RFC 7591 §3.2.2.
    #[must_use]
    pub fn code(&self) -> &'static str {
        if self.field.ends_with("redirect_uris") {
            "invalid_redirect_uri"
        } else {
            "invalid_client_metadata"
        }
    }
}

/// A registration that may be stored.
#[derive(Debug)]
pub struct Registration {
    /// The record.
    pub site: Site,
    /// A secret that was made for the site, to be shown once.
    pub new_secret: Option<Secret>,
}

/// What a registration needs from outside.
#[derive(Clone, Copy)]
pub struct Circumstances {
    /// For a generated `client_id`.
    pub id: [u8; 16],
    /// For a generated secret.
    pub secret: [u8; 32],
    /// Whether this is a demo, in which short and known secrets are accepted.
    pub demo: bool,
}

/// What people are shown: pages of the site, and its help desk (R3).
fn links(fields: &mut Fields<'_>) -> SiteLinks {
    SiteLinks {
        client_uri: fields.link("client_uri"),
        logo_uri: fields.link("logo_uri"),
        policy_uri: fields.link("policy_uri"),
        tos_uri: fields.link("tos_uri"),
        help_phone: fields.phone("help_phone"),
        help_email: fields
            .parsed::<EmailAddress>("help_email")
            .map(|address| address.as_str().to_owned()),
    }
}

/// Reads `document`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(
    document: &Value,
    circumstances: Circumstances,
) -> Result<Registration, Vec<FieldError>> {
    let mut fields = Fields::new(document)?;
    let id = fields.parsed::<SiteId>("client_id");
    let name = fields.text("client_name");
    let shown = links(&mut fields);
    let release = release(&mut fields);
    let (authentication, new_secret) = authentication(&mut fields, &circumstances);
    let client = client(&mut fields, authentication);
    for (field, message) in desk::objections(&client, &release) {
        fields.wrong(field, message);
    }
    fields.ignored(&[
        "response_types",
        "application_type",
        "contacts",
        "software_id",
        "software_version",
        "backchannel_logout_session_required",
        "subject_types",
        "request_object_signing_alg",
    ]);
    fields.only_code("response_types");
    let id = id.unwrap_or_else(|| SiteId::from_random(circumstances.id));
    let Some(name) = name.filter(|name| (1..=100).contains(&name.chars().count())) else {
        fields.wrong(
            "client_name",
            "is required: the site's name as people see it, 1 to 100 characters",
        );
        return Err(fields.errors);
    };
    fields.finish()?;
    let site = Site {
        id,
        name,
        status: SiteStatus::Live,
        links: shown,
        front: Front::Oidc(Box::new(client)),
        release,
        demo: circumstances.demo,
    };
    Ok(Registration { site, new_secret })
}

fn client(fields: &mut Fields<'_>, authentication: ClientAuthentication) -> OidcClient {
    let redirect_uris: Vec<RedirectUri> = fields.list("redirect_uris");
    let grant_types: BTreeSet<GrantType> = fields
        .json("grant_types")
        .unwrap_or_else(|| BTreeSet::from([GrantType::AuthorizationCode]));
    let public = matches!(authentication, ClientAuthentication::None);
    if grant_types.contains(&GrantType::AuthorizationCode) && redirect_uris.is_empty() {
        fields.wrong("redirect_uris", "is required for the code flow: at least one address");
    }
    if grant_types.contains(&GrantType::ClientCredentials) && public {
        fields.wrong("grant_types", "client_credentials needs a client that can authenticate");
    }
    if grant_types == BTreeSet::from([GrantType::RefreshToken]) {
        fields.wrong("grant_types", "refresh_token needs authorization_code beside it");
    }
    let pkce = if fields.json::<bool>("require_pkce") == Some(false) {
        Pkce::Optional
    } else {
        Pkce::Required
    };
    if pkce == Pkce::Optional && public {
        fields.wrong("require_pkce", "a public client cannot do without PKCE");
    }
    let backchannel_logout_uri = fields.link("backchannel_logout_uri");
    if backchannel_logout_uri.as_ref().is_some_and(|url| url.fragment().is_some()) {
        fields.wrong("backchannel_logout_uri", "has no fragment");
    }
    let sector = fields.text("sector").unwrap_or_else(|| default_sector(&redirect_uris));
    if sector.is_empty() && grant_types.contains(&GrantType::AuthorizationCode) {
        fields.wrong(
            "sector",
            "is required when the redirect URIs have different hosts: the site group's name",
        );
    }
    let max_age = fields.json("default_max_age");
    OidcClient {
        redirect_uris,
        post_logout_redirect_uris: fields.list("post_logout_redirect_uris"),
        backchannel_logout_uri,
        initiate_login_uri: fields.link("initiate_login_uri"),
        grant_types,
        response_modes: fields
            .json("response_modes")
            .unwrap_or_else(|| BTreeSet::from([ResponseMode::Query, ResponseMode::FormPost])),
        authentication,
        id_token_signed_response_alg: fields
            .json("id_token_signed_response_alg")
            .unwrap_or(SigningAlgorithm::Rs256),
        access_token_signed_response_alg: fields
            .json("access_token_signed_response_alg")
            .unwrap_or(SigningAlgorithm::Es256),
        pkce,
        sector,
        default_max_age: max_age,
        audience: fields.text("audience"),
        resource_server: fields.json("resource_server"),
    }
}

/// The one host of all redirect URIs (OIDC Core §8.1); empty if there are several.
fn default_sector(redirect_uris: &[RedirectUri]) -> String {
    let host = |uri: &RedirectUri| {
        let url = Url::parse(uri.as_str()).ok()?;
        let host = url.host_str().unwrap_or(url.scheme()).to_owned();
        // On one machine the port tells sites apart.
        let local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        Some(
            url.port()
                .filter(|_| local)
                .map_or_else(|| host.clone(), |port| format!("{host}:{port}")),
        )
    };
    let hosts: BTreeSet<Option<String>> = redirect_uris.iter().map(host).collect();
    match hosts.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(host)] => host.clone(),
        _ => String::new(),
    }
}

fn authentication(
    fields: &mut Fields<'_>,
    circumstances: &Circumstances,
) -> (ClientAuthentication, Option<Secret>) {
    let method = fields
        .text("token_endpoint_auth_method")
        .unwrap_or_else(|| "client_secret_basic".to_owned());
    let algorithm = fields.json("token_endpoint_auth_signing_alg");
    let given = fields.text("client_secret");
    let keys = keys(fields);
    let needs_secret = method.starts_with("client_secret_");
    if given.is_some() && !needs_secret {
        fields.wrong("client_secret", "goes with client_secret_basic or client_secret_post only");
    }
    if given.as_ref().is_some_and(|secret| secret.len() < SHORTEST_SECRET) && !circumstances.demo {
        fields
            .wrong("client_secret", "has at least 32 characters; leave it out and Hilum makes one");
    }
    if keys.is_some() && method != "private_key_jwt" {
        fields.wrong("jwks", "and jwks_uri go with private_key_jwt only");
    }
    let new_secret =
        (needs_secret && given.is_none()).then(|| Secret::from_random(circumstances.secret));
    let secrets: Vec<SecretDigest> = given
        .as_deref()
        .map(SecretDigest::of)
        .or_else(|| new_secret.as_ref().map(Secret::digest))
        .into_iter()
        .collect();
    let authentication = match method.as_str() {
        "none" => ClientAuthentication::None,
        "client_secret_basic" => ClientAuthentication::ClientSecretBasic { secrets },
        "client_secret_post" => ClientAuthentication::ClientSecretPost { secrets },
        "private_key_jwt" => match keys {
            Some(keys) => ClientAuthentication::PrivateKeyJwt { keys, algorithm },
            None => {
                fields.wrong("jwks", "or jwks_uri is required for private_key_jwt");
                ClientAuthentication::None
            }
        },
        _ => {
            fields.wrong(
                "token_endpoint_auth_method",
                "is one of client_secret_basic, client_secret_post, private_key_jwt, none",
            );
            ClientAuthentication::None
        }
    };
    (authentication, new_secret)
}

fn keys(fields: &mut Fields<'_>) -> Option<ClientKeys> {
    let inline: Option<Value> = fields.json("jwks");
    let address = fields.link("jwks_uri");
    match (inline, address) {
        (Some(_), Some(_)) => {
            fields.wrong("jwks", "and jwks_uri cannot stand side by side");
            None
        }
        (Some(document), None) => {
            if let Err(error) = KeySet::parse(document.to_string().as_bytes()) {
                fields.wrong("jwks", &error.to_string());
            }
            Some(ClientKeys::Jwks(document))
        }
        (None, Some(address)) => Some(ClientKeys::JwksUri(address)),
        (None, None) => None,
    }
}

fn release(fields: &mut Fields<'_>) -> ReleasePolicy {
    let mut release: ReleasePolicy = fields.json("release").unwrap_or_default();
    if let Some(subject_type) = fields.json("subject_type") {
        release.subject_type = subject_type;
    }
    if let Some(list) = fields.text("scope") {
        match parse_list(&list) {
            Ok(scopes) => release.allowed_scopes.extend(scopes),
            Err(error) => fields.wrong("scope", &error.to_string()),
        }
    }
    release.allowed_scopes.insert(Scope::OpenId);
    release
}

/// The fields of a registration, each taken once; what is left at the end is unknown.
struct Fields<'a> {
    left: Map<String, Value>,
    document: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    fn new(document: &'a Value) -> Result<Self, Vec<FieldError>> {
        let Some(object) = document.as_object() else {
            let message = "a registration is one JSON object".to_owned();
            return Err(vec![FieldError { field: "(document)".to_owned(), message }]);
        };
        Ok(Self { left: object.clone(), document: object, errors: Vec::new() })
    }

    fn wrong(&mut self, field: &str, message: &str) {
        self.errors.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    }

    fn json<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        let value = self.left.remove(field).filter(|value| !value.is_null())?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(field, &error.to_string());
                None
            }
        }
    }

    fn text(&mut self, field: &str) -> Option<String> {
        let text: String = self.json(field)?;
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            self.wrong(field, "is a text without control characters");
            return None;
        }
        Some(text)
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self, field: &str) -> Option<T> {
        match self.text(field)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(field, &error.to_string());
                None
            }
        }
    }

    /// An address that people or our guarded client may follow: https, or http on this machine.
    fn link(&mut self, field: &str) -> Option<Url> {
        let url: Url = self.parsed(field)?;
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() == "https" || (url.scheme() == "http" && local) {
            return Some(url);
        }
        self.wrong(field, "is an https address (plain http for localhost only)");
        None
    }

    /// A telephone number as people write it.
    fn phone(&mut self, field: &str) -> Option<String> {
        match phone(&self.text(field)?) {
            Ok(number) => Some(number),
            Err(error) => {
                self.wrong(field, &error.to_string());
                None
            }
        }
    }

    fn list<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self, field: &str) -> Vec<T> {
        let texts: Vec<String> = self.json(field).unwrap_or_default();
        if texts.len() > 50 {
            self.wrong(field, "has at most 50 entries");
            return Vec::new();
        }
        let mut values = Vec::new();
        for text in texts {
            match text.parse() {
                Ok(value) => values.push(value),
                Err(error) => self.wrong(field, &format!("{text:?}: {error}")),
            }
        }
        values
    }

    /// Fields of the standard that change nothing here.
    fn ignored(&mut self, names: &[&str]) {
        self.left.retain(|name, _| !names.contains(&name.as_str()));
    }

    fn only_code(&mut self, field: &str) {
        let types = self.document.get(field).and_then(Value::as_array);
        if types.is_some_and(|types| types.iter().any(|kind| kind != "code")) {
            self.wrong(field, "is [\"code\"]: implicit and hybrid flows are not offered");
        }
    }

    fn finish(&mut self) -> Result<(), Vec<FieldError>> {
        let unknown: Vec<String> = self.left.keys().cloned().collect();
        for field in unknown {
            self.wrong(&field, "is not known here; see the guide for the fields");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(std::mem::take(&mut self.errors)) }
    }
}

pub mod saml;

#[cfg(test)]
mod tests;
