//! The protocol fronts as a sign-on sees them: a request that came through one, and an answer that
//! leaves through the same.
//!
//! The engine and its pages know what is asked, not in which words. Here, and nowhere else, they
//! are told apart again.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, cookie::Cookie};
use idp_core::{
    community::site::Site,
    ids::SiteId,
    oidc::{
        authorize::{AuthorizationRequest, Unanswerable},
        scope::Scope,
    },
    saml::judge::SamlRequest,
    sign_on::{Refusal, SignOn, SignOnRequest},
};
use serde::{Deserialize, Serialize};

use super::{error::PageError, oidc, saml, visit::Visit};

/// A site's request that may be answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SiteRequest {
    /// An authorization request of OpenID Connect.
    Oidc(AuthorizationRequest),
    /// An `AuthnRequest` of SAML.
    Saml(SamlRequest),
}

/// How a sign-on for a site ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// The person turned back.
    Cancelled,
    /// Well.
    Complete(Complete<'a>),
    /// The person did not accept an agreement.
    Declined,
    /// With a refusal of the engine.
    Refused(Refusal),
}

/// A sign-on that ended well.
#[derive(Clone, Copy, Debug)]
pub struct Complete<'a> {
    /// What the release policy works on.
    pub sign_on: &'a SignOn,
    /// Whether the person confirmed the notice on the way: the visit is then written down.
    pub first_visit: bool,
}

impl SiteRequest {
    /// Who asks.
    pub const fn site(&self) -> &SiteId {
        match self {
            Self::Oidc(request) => &request.site,
            Self::Saml(request) => &request.site,
        }
    }

    /// What is asked of the sign-on.
    pub const fn sign_on(&self) -> &SignOnRequest {
        match self {
            Self::Oidc(request) => &request.sign_on,
            Self::Saml(request) => &request.sign_on,
        }
    }

    /// What `site` will learn, for the notice. A SAML site asks for nothing by name: it gets what
    /// its record allows.
    pub const fn scopes<'a>(&'a self, site: &'a Site) -> &'a BTreeSet<Scope> {
        match self {
            Self::Oidc(request) => &request.scopes,
            Self::Saml(_) => &site.release.allowed_scopes,
        }
    }

    /// A User ID to fill in.
    pub fn login_hint(&self) -> Option<&str> {
        match self {
            Self::Oidc(request) => request.login_hint.as_deref(),
            Self::Saml(_) => None,
        }
    }

    /// Languages for our pages, best liked first.
    pub fn ui_locales(&self) -> Option<&str> {
        match self {
            Self::Oidc(request) => request.ui_locales.as_deref(),
            Self::Saml(_) => None,
        }
    }

    /// Where the browser goes with the answer.
    pub fn leads_to(&self) -> &str {
        match self {
            Self::Oidc(request) => request.destination.redirect_uri.as_str(),
            Self::Saml(request) => request.acs.location().as_str(),
        }
    }

    /// What the person is told when the site was removed while they signed on.
    pub const fn site_is_gone(&self) -> PageError {
        match self {
            Self::Oidc(_) => PageError::SiteRequest(Unanswerable::Site),
            Self::Saml(_) => PageError::Interrupted,
        }
    }

    /// Sends the browser back to the site with how it ended.
    ///
    /// # Errors
    /// [`PageError`] if the answer cannot be made.
    pub async fn answer(
        &self,
        visit: &Visit,
        outcome: Outcome<'_>,
        cookies: Vec<Cookie<'static>>,
    ) -> Result<HttpResponse, PageError> {
        match self {
            Self::Oidc(request) => oidc::response::answer(visit, request, outcome, cookies).await,
            Self::Saml(request) => saml::answer(visit, request, outcome, cookies).await,
        }
    }
}
