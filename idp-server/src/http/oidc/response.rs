//! Sending an authorization response to the site, by the way that it registered.

use actix_web::{HttpResponse, cookie::Cookie, http::StatusCode};
use idp_core::{
    community::site::ResponseMode,
    oidc::authorize::{self, Destination, Outcome},
};
use url::Url;

use crate::{
    http::{
        headers::ContentPolicy,
        visit::{Visit, page_for, see_other, set},
    },
    pages::FormPostPage,
};

/// Sends `outcome` to where the site's own record says.
pub fn send(
    visit: &Visit,
    destination: &Destination,
    outcome: &Outcome,
    cookies: Vec<Cookie<'static>>,
) -> HttpResponse {
    let fields = authorize::answer(destination, &visit.issuer, outcome);
    let to = &destination.redirect_uri;
    match destination.mode {
        ResponseMode::Query => see_other(&to.with_query(&fields), cookies),
        ResponseMode::FormPost => {
            let target = Url::parse(to.as_str()).ok();
            let policy = target.iter().fold(ContentPolicy::new(), ContentPolicy::form_to);
            let site = target.as_ref().and_then(Url::host_str).unwrap_or_default();
            let content = FormPostPage { frame: visit.frame(), action: to.as_str(), site, fields };
            let mut answer = page_for(StatusCode::OK, &content, &policy);
            set(&mut answer, cookies);
            answer
        }
    }
}

/// The policy of a page of ours from whose form the browser may go on to `address`.
pub fn form_policy(address: &str) -> ContentPolicy {
    match Url::parse(address) {
        Ok(target) => ContentPolicy::new().form_leads_to(&target),
        Err(_) => ContentPolicy::new(),
    }
}
