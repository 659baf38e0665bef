//! The person behind a grant, as the rules see them now.

use chrono::{DateTime, Utc};
use idp_core::{authentication::factor::Holdings, community::site::Site, sign_on::Person};

use crate::{
    app::App,
    store::{AnyConn, StoreError, organization, person::LoadedPerson},
};

/// The person as of `now`, in the eyes of `site`. It costs a statement only where organizations
/// must have switched the site on.
///
/// # Errors
/// [`StoreError`].
pub fn as_of_now(
    conn: &mut AnyConn,
    app: &App,
    site: &Site,
    loaded: &LoadedPerson,
    now: DateTime<Utc>,
) -> Result<Person, StoreError> {
    let enabled_at = organization::enabled_among(conn, site, &loaded.affiliations)?;
    // Tokens rest on what was proved, not on what could be.
    Ok(app.person(loaded, &Holdings::default(), enabled_at, now))
}
