//! The authorization request: read, judged, turned into a [`SignOnRequest`] (OIDC Core §3.1.2).
//!
//! Two questions in this order. *Who asks, and where may the answer go?* If that fails, nothing of
//! the request can be trusted and the person sees our own page. *What is asked?* If that fails, the
//! site is told, by the way that it registered.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    claims_request::{ClaimsDemand, ClaimsRequest, acr_value},
    error::ErrorCode,
    params::{Malformed, Params},
    pkce::CodeChallenge,
    redirect_uri::{RegisteredRedirectUri, registered},
    scope::{Scope, parse_list},
};
use crate::{
    community::site::{GrantType, OidcClient, Pkce, ResponseMode, Site},
    ids::SiteId,
    release::grantable,
    sign_on::{AffiliationDemand, AssuranceDemand, Refusal, SignOnRequest},
};

/// The most characters of `state` and `nonce` that are kept.
const MAX_OPAQUE: usize = 2048;

/// An authorization request that may be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub site: SiteId,
    /// Where the answer goes.
    pub destination: Destination,
    /// What is asked of the sign-on.
    pub sign_on: SignOnRequest,
    /// The scopes that will be granted: asked for and allowed.
    pub scopes: BTreeSet<Scope>,
    /// Claims asked by name.
    pub claims: ClaimsRequest,
    /// The value that ties the ID token to the request.
    pub nonce: Option<String>,
    /// The PKCE challenge; `None` only for a client that the operator let off.
    pub challenge: Option<CodeChallenge>,
    /// A User ID to fill in.
    pub login_hint: Option<String>,
    /// Languages, best liked first.
    pub ui_locales: Option<String>,
}

/// Where and how an answer travels. Made only from a site's own record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The registered address.
    pub redirect_uri: RegisteredRedirectUri,
    /// The way.
    pub mode: ResponseMode,
    /// What is echoed, unchanged.
    pub state: Option<String>,
}

/// Why a request gets our own page and no redirect (security 1.1, 4.1, 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// `redirect_uri` is missing, sent twice, or not registered to the octet.
    #[error("the redirect_uri is missing or is not one that the site registered")]
    RedirectUri,
    /// `client_id` is missing, sent twice, unknown, suspended or retired: one answer for all.
    #[error("the client_id is missing or names no active site")]
    Site,
}

/// What a site is told of a request that cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub struct AuthorizationError {
    /// The code.
    pub code: ErrorCode,
    /// For the developer: ASCII without quotation mark and backslash (RFC 6749 §4.1.2.1).
    pub description: &'static str,
}

impl AuthorizationError {
    const fn invalid(description: &'static str) -> Self {
        Self { code: ErrorCode::InvalidRequest, description }
    }
}

/// How a refusal of the engine is told to an OIDC site (style 4).
impl From<Refusal> for AuthorizationError {
    fn from(refusal: Refusal) -> Self {
        let (code, description) = match refusal {
            Refusal::AffiliationRequired => (ErrorCode::AccessDenied, "affiliation_required"),
            Refusal::AgreementRequired => (ErrorCode::InteractionRequired, "agreement_required"),
            Refusal::AssuranceUnmet => (
                ErrorCode::UnmetAuthenticationRequirements,
                "the demanded authentication context cannot be reached",
            ),
            Refusal::ChoiceDue => {
                (ErrorCode::AccountSelectionRequired, "an affiliation must be chosen")
            }
            Refusal::InteractionDue => (ErrorCode::InteractionRequired, "a page must be shown"),
            Refusal::RoleRequired => (ErrorCode::AccessDenied, "role_required"),
            Refusal::SignInDue => (ErrorCode::LoginRequired, "the person must sign in"),
            Refusal::SiteNotEnabled => (ErrorCode::AccessDenied, "site_not_enabled"),
        };
        Self { code, description }
    }
}

/// Where the answer to `params` may go. `site` is the record that `client_id` names, if it is one
/// that may be used.
///
/// # Errors
/// [`Unanswerable`]: nowhere; the person sees our own page.
pub fn destination(params: &Params, site: Option<&Site>) -> Result<Destination, Unanswerable> {
    let site = site.filter(|_| !params.is_repeated("client_id"));
    let client = site.and_then(Site::client).ok_or(Unanswerable::Site)?;
    let requested = params.find("redirect_uri").filter(|_| !params.is_repeated("redirect_uri"));
    let redirect_uri = requested
        .and_then(|requested| registered(&client.redirect_uris, requested))
        .ok_or(Unanswerable::RedirectUri)?;
    // A mode that the site has not registered cannot carry the error about itself.
    let asked = params.find("response_mode").and_then(response_mode);
    let mode =
        asked.filter(|mode| client.response_modes.contains(mode)).unwrap_or(ResponseMode::Query);
    Ok(Destination { redirect_uri, mode, state: params.find("state").map(str::to_owned) })
}

/// Whether the client of `params` is one that `find` knows; for reading it before anything else.
#[must_use]
pub fn client_id(params: &Params) -> Option<SiteId> {
    params.find("client_id").and_then(|text| text.parse().ok())
}

fn response_mode(text: &str) -> Option<ResponseMode> {
    match text {
        "query" => Some(ResponseMode::Query),
        "form_post" => Some(ResponseMode::FormPost),
        _ => None,
    }
}

/// What `params` ask of `site`, which speaks OIDC as `client`. `hinted_subject` is the `sub` of a verified `id_token_hint`, or
/// why there is none.
///
/// # Errors
/// [`AuthorizationError`], to be sent to `destination`.
pub fn judge(
    params: &Params,
    site: &Site,
    client: &OidcClient,
    destination: Destination,
    hinted_subject: Result<Option<String>, AuthorizationError>,
    asked_at: DateTime<Utc>,
) -> Result<AuthorizationRequest, AuthorizationError> {
    params.well_formed().map_err(|malformed| {
        AuthorizationError::invalid(match malformed {
            Malformed::Repeated => "a parameter was sent more than once",
            Malformed::Text => "a parameter is not text in UTF-8",
        })
    })?;
    supported(params, client)?;
    let requested = parse_list(params.find("scope").unwrap_or_default()).map_err(|_| {
        AuthorizationError { code: ErrorCode::InvalidScope, description: "malformed scope" }
    })?;
    if !requested.contains(&Scope::OpenId) {
        let description = "scope must contain openid";
        return Err(AuthorizationError { code: ErrorCode::InvalidScope, description });
    }
    let challenge = challenge(params, client)?;
    let prompt = prompt(params)?;
    let demand =
        params.find("claims").map_or_else(|| Ok(ClaimsDemand::default()), ClaimsDemand::parse);
    let demand =
        demand.map_err(|_| AuthorizationError::invalid("claims is not as in OIDC Core 5.5"))?;
    let hinted = hinted_subject?;
    if demand.sub.is_some() && hinted.is_some() && demand.sub != hinted {
        return Err(AuthorizationError::invalid("id_token_hint and claims name two persons"));
    }
    let sign_on = SignOnRequest {
        asked_at,
        passive: prompt.none,
        force: prompt.login,
        max_age_seconds: max_age(params, client)?,
        assurance: assurance(params, &demand),
        affiliation: AffiliationDemand {
            affiliation: demand.selected_affiliation.clone(),
            organization: params.find("organization").and_then(|text| text.parse().ok()),
            reopen: prompt.select_account || unknown_organization(params),
        },
        subject: hinted.or(demand.sub),
        show_notice: prompt.consent,
    };
    Ok(AuthorizationRequest {
        site: site.id.clone(),
        destination,
        sign_on,
        scopes: grantable(&requested, &site.release),
        claims: demand.names,
        nonce: opaque(params, "nonce")?,
        challenge,
        login_hint: params.find("login_hint").filter(|hint| hint.len() <= 254).map(str::to_owned),
        ui_locales: params.find("ui_locales").map(str::to_owned),
    })
}

/// That the request asks for nothing that Hilum does not offer.
fn supported(params: &Params, client: &OidcClient) -> Result<(), AuthorizationError> {
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        if params.find(name).is_some() {
            return Err(AuthorizationError {
                code,
                description: "send the parameters in the request itself",
            });
        }
    }
    match params.find("response_type") {
        Some("code") => {}
        None => return Err(AuthorizationError::invalid("response_type is missing")),
        Some(_) => {
            let description = "response_type must be code";
            return Err(AuthorizationError {
                code: ErrorCode::UnsupportedResponseType,
                description,
            });
        }
    }
    let mode = params.find("response_mode").map_or(Some(ResponseMode::Query), response_mode);
    if !mode.is_some_and(|mode| client.response_modes.contains(&mode)) {
        return Err(AuthorizationError::invalid("response_mode is not registered for this site"));
    }
    if !client.grant_types.contains(&GrantType::AuthorizationCode) {
        let description = "this site may not use the code flow";
        return Err(AuthorizationError { code: ErrorCode::UnauthorizedClient, description });
    }
    opaque(params, "state").map(|_| ())
}

/// A value that is kept and echoed, within bounds.
fn opaque(params: &Params, name: &str) -> Result<Option<String>, AuthorizationError> {
    match params.find(name) {
        Some(value) if value.len() > MAX_OPAQUE => {
            Err(AuthorizationError::invalid("state and nonce may have 2048 characters at most"))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// PKCE: S256 or, where the operator allows it, nothing. Never `plain` (RFC 9700 §2.1.1).
fn challenge(
    params: &Params,
    client: &OidcClient,
) -> Result<Option<CodeChallenge>, AuthorizationError> {
    match (params.find("code_challenge"), params.find("code_challenge_method")) {
        (None, None) if client.pkce == Pkce::Optional && client.is_confidential() => Ok(None),
        (None, _) => Err(AuthorizationError::invalid(
            "code_challenge is missing (PKCE with S256 is required)",
        )),
        (Some(text), Some("S256")) => CodeChallenge::parse(text)
            .map(Some)
            .ok_or(AuthorizationError::invalid("code_challenge is not 43 characters of base64url")),
        (Some(_), _) => Err(AuthorizationError::invalid("code_challenge_method must be S256")),
    }
}

#[derive(Default)]
struct Prompt {
    none: bool,
    login: bool,
    consent: bool,
    select_account: bool,
}

fn prompt(params: &Params) -> Result<Prompt, AuthorizationError> {
    let values: BTreeSet<&str> =
        params.find("prompt").unwrap_or_default().split_ascii_whitespace().collect();
    if values.contains("none") && values.len() > 1 {
        return Err(AuthorizationError::invalid("prompt=none cannot be joined with another value"));
    }
    if !values.iter().all(|value| matches!(*value, "none" | "login" | "consent" | "select_account"))
    {
        return Err(AuthorizationError::invalid("prompt has an unknown value"));
    }
    let has = |value| values.contains(value);
    Ok(Prompt {
        none: has("none"),
        login: has("login"),
        consent: has("consent"),
        select_account: has("select_account"),
    })
}

fn max_age(params: &Params, client: &OidcClient) -> Result<Option<u32>, AuthorizationError> {
    match params.find("max_age") {
        None => Ok(client.default_max_age),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| AuthorizationError::invalid("max_age is not a whole number of seconds")),
    }
}

/// `claims` may make `acr` essential; `acr_values` is a wish (OIDC Core §5.5.1.1).
fn assurance(params: &Params, demand: &ClaimsDemand) -> AssuranceDemand {
    if demand.acr_essential || !demand.acr_values.is_empty() {
        return AssuranceDemand {
            values: demand.acr_values.clone(),
            essential: demand.acr_essential,
        };
    }
    let wished = params.find("acr_values").unwrap_or_default().split_ascii_whitespace();
    AssuranceDemand { values: wished.filter_map(acr_value).collect(), essential: false }
}

/// Whether `organization` is there but cannot be an identifier: treated like one that the person
/// has nothing to do with (security 1.5).
fn unknown_organization(params: &Params) -> bool {
    params
        .find("organization")
        .is_some_and(|text| text.parse::<crate::ids::OrganizationId>().is_err())
}

/// What the browser carries back to the site: name and value, in this order.
#[must_use]
pub fn answer<'a>(
    destination: &'a Destination,
    issuer: &'a str,
    outcome: &'a Outcome,
) -> Vec<(&'static str, &'a str)> {
    let mut fields = match outcome {
        Outcome::Code(code) => vec![("code", code.as_str())],
        Outcome::Error(error) => {
            vec![("error", error.code.as_str()), ("error_description", error.description)]
        }
    };
    fields.extend(destination.state.as_deref().map(|state| ("state", state)));
    fields.push(("iss", issuer));
    fields
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a code.
    Code(String),
    /// With an error.
    Error(AuthorizationError),
}

#[cfg(test)]
mod tests;
