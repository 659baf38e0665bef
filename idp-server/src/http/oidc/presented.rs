//! Tokens of ours that come back to us: what they are, and what they still give.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use idp_core::{
    ids::GrantId,
    oidc::{
        grant::Grant,
        jose::TokenType,
        refresh_token,
        scope::{Scope, parse_list},
    },
    release::grantable,
};

use super::{
    holder,
    token::mint::{AccessClaims, Issued},
};
use crate::{
    app::App,
    keys::ring::{Expiry, OwnTokenError},
    sites::ClientEntry,
    store::{StoreError, person},
};

/// A token that we have issued; whether what it rests on still counts is another question.
pub enum Presented {
    /// An access token that has not expired.
    Access(Box<AccessClaims>),
    /// A refresh token of some turn of a grant.
    Refresh {
        /// The grant.
        grant: GrantId,
        /// Its turn.
        generation: u32,
    },
}

/// Reads a token, whatever kind the caller takes it for: the two kinds cannot be mistaken for each
/// other, so no hint is needed (RFC 7009 §2.1). `None` for anything that is none of ours.
pub fn read(app: &App, token: &str, now: DateTime<Utc>) -> Option<Presented> {
    if let Ok(claims) = access_token(app, token, now) {
        return Some(Presented::Access(Box::new(claims)));
    }
    let (grant, generation) = refresh_token::read(app.sub_keys.refresh_token.expose(), token)?;
    Some(Presented::Refresh { grant, generation })
}

/// The claims of an access token that we have signed and that has not expired.
///
/// # Errors
/// [`OwnTokenError`].
pub fn access_token(
    app: &App,
    token: &str,
    now: DateTime<Utc>,
) -> Result<AccessClaims, OwnTokenError> {
    app.ring.verify_own(token, TokenType::AccessToken, Expiry::At(now))
}

/// What a grant still gives its site, judged anew (security 9.2). `None` if nothing. One statement.
///
/// `scopes` are those that a token names; none: the grant's.
///
/// # Errors
/// [`StoreError`].
pub async fn still_given(
    app: &Arc<App>,
    entry: &Arc<ClientEntry>,
    id: GrantId,
    scopes: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<Issued>, StoreError> {
    let scopes = scopes.map(|list| parse_list(list).unwrap_or_default());
    let (shared, entry) = (Arc::clone(app), Arc::clone(entry));
    let judge = move |conn: &mut _| {
        let site = &entry.site;
        let Some((grant, loaded)) = person::of_grant(conn, &id, &*shared.open_ssn)? else {
            return Ok(None);
        };
        if grant.site != site.id {
            return Ok(None);
        }
        let person = holder::as_of_now(conn, &shared, site, &loaded, now)?;
        let Ok(released) = grant.still_gives(&person, site, now) else { return Ok(None) };
        let scopes = grantable(&within(&grant, scopes.as_ref()), &site.release);
        Ok(Some(Issued { grant, person: loaded, released, scopes }))
    };
    app.db.read(judge).await
}

/// A token never names more than its grant; should it ever, the grant wins.
fn within(grant: &Grant, scopes: Option<&BTreeSet<Scope>>) -> BTreeSet<Scope> {
    scopes.map_or_else(
        || grant.scopes.clone(),
        |scopes| scopes.intersection(&grant.scopes).cloned().collect(),
    )
}
