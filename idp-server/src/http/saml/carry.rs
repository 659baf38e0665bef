//! A message of ours that the browser carries to a site: in an address, or in a form.

use actix_web::{HttpResponse, cookie::Cookie, http::StatusCode};
use idp_core::saml::{
    redirect::{self, Direction, posted},
    service_provider::LogoutBinding,
    signature::{CannotSign, Signer},
};
use url::Url;

use crate::{
    http::{
        error::PageError,
        headers::ContentPolicy,
        visit::{Visit, page_for, see_other, set},
    },
    pages::FormPostPage,
    sites::ProviderEntry,
};

/// What is carried, and where.
pub(super) struct Parcel<'a> {
    /// The site.
    pub entry: &'a ProviderEntry,
    /// How: [`LogoutBinding::Redirect`], or else in a form.
    pub binding: LogoutBinding,
    /// Where.
    pub target: &'a Url,
    /// Which way the message goes.
    pub direction: Direction,
    /// What is carried with it.
    pub relay_state: Option<&'a str>,
}

/// Sends the browser with the message that `write` makes. By Redirect the signature stands beside the
/// message, and `write` is given no key (SAML Bindings §3.4.4.1).
///
/// # Errors
/// [`PageError`] if our key fails.
pub(super) fn carry(
    visit: &Visit,
    parcel: &Parcel<'_>,
    cookies: impl IntoIterator<Item = Cookie<'static>>,
    write: impl FnOnce(Option<&dyn Signer>) -> Result<String, CannotSign>,
) -> Result<HttpResponse, PageError> {
    let unexpected = |error| PageError::unexpected(&error);
    let signer = super::signer(visit, &parcel.entry.provider)?;
    let (signer, target): (&dyn Signer, _) = (signer.as_ref(), parcel.target);
    if parcel.binding == LogoutBinding::Redirect {
        let xml = write(None).map_err(unexpected)?;
        let query = redirect::write(&xml, parcel.direction, parcel.relay_state, signer);
        let query = query.map_err(unexpected)?;
        let separator = if target.query().is_some() { '&' } else { '?' };
        return Ok(see_other(&format!("{target}{separator}{query}"), cookies));
    }
    let message = posted(&write(Some(signer)).map_err(unexpected)?);
    let mut fields = vec![(parcel.direction.parameter(), message.as_str())];
    fields.extend(parcel.relay_state.map(|text| ("RelayState", text)));
    let mut answer = form(visit, target, fields);
    set(&mut answer, cookies);
    Ok(answer)
}

/// The page whose form goes to the site: by itself, or by a button where scripts do not run
/// (security 14.2).
pub(super) fn form(visit: &Visit, target: &Url, fields: Vec<(&str, &str)>) -> HttpResponse {
    let site = target.host_str().unwrap_or_default();
    let content = FormPostPage { frame: visit.frame(), action: target.as_str(), site, fields };
    page_for(StatusCode::OK, &content, &ContentPolicy::new().form_to(target))
}
