//! `grant_type=refresh_token` (RFC 6749 §6, RFC 9700 §4.14).
//!
//! The token names its grant and its turn. One transaction reads the grant with its person, judges
//! both anew and moves the grant on to the next turn, unless somebody was faster with the same
//! token: then one of the two is a thief, and the family ends.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use idp_core::{
    audit::Kind,
    ids::GrantId,
    oidc::{
        grant::{Grant, Lapse, RefreshRefusal},
        refresh_token,
        scope::Scope,
    },
    release::grantable,
};

use super::{
    TokenError, asked_scopes,
    mint::{self, Issued, TokenAnswer},
};
use crate::{
    app::App,
    http::oidc::{client_authentication::AuthenticatedSite, holder, witness::Witness},
    sites::ClientEntry,
    store::{self, AnyConn, Cause, StoreError, audit, end_access, grant, person},
};

/// Redeems the refresh token of the request for the next one.
///
/// # Errors
/// [`TokenError`].
pub(super) async fn rotate(
    app: &Arc<App>,
    site: &AuthenticatedSite,
) -> Result<TokenAnswer, TokenError> {
    let token = site.form.find("refresh_token").ok_or(TokenError::Missing("refresh_token"))?;
    let requested = asked_scopes(&site.form)?;
    let key = app.sub_keys.refresh_token.expose();
    let (id, generation) = refresh_token::read(key, token).ok_or(TokenError::Unknown)?;
    let now = app.clock.now();
    let turn = Turn {
        app: Arc::clone(app),
        entry: Arc::clone(&site.entry),
        witness: Witness::of(app, site, now),
        id,
        generation,
        requested,
        now,
    };
    match app.db.write(move |conn| turn.write(conn)).await? {
        Outcome::Issued(issued) => Ok(mint::tokens(app, &site.entry, &issued, now)?),
        Outcome::Refused(why) => Err(why.into()),
        Outcome::Reused(grant) => {
            app.outbox.wake();
            Err(TokenError::TokenReused(grant))
        }
        Outcome::Unknown => Err(TokenError::Unknown),
    }
}

/// Everything that one turn needs; the transaction may run more than once.
struct Turn {
    app: Arc<App>,
    entry: Arc<ClientEntry>,
    witness: Witness,
    id: GrantId,
    generation: u32,
    requested: Option<BTreeSet<Scope>>,
    now: DateTime<Utc>,
}

/// What a turn leads to. What must leave a mark is a value: an `Err` would roll it back.
enum Outcome {
    Issued(Box<Issued>),
    Refused(RefreshRefusal),
    Reused(GrantId),
    Unknown,
}

impl Turn {
    /// One transaction: load, decide, write down what was decided.
    fn write(&self, conn: &mut AnyConn) -> Result<Outcome, StoreError> {
        let Some((grant, loaded)) = person::of_grant(conn, &self.id, &*self.app.open_ssn)? else {
            return Ok(Outcome::Unknown);
        };
        let site = &self.entry.site;
        let scopes = match grant.refresh(&site.id, self.generation, self.requested.as_ref()) {
            Ok(scopes) => grantable(&scopes, &site.release),
            Err(RefreshRefusal::Reused) => return self.end(conn, &grant),
            Err(why) => return self.refuse(conn, &grant, why),
        };
        let person = holder::as_of_now(conn, &self.app, site, &loaded, self.now)?;
        let released = match grant.still_gives(&person, site, self.now) {
            Ok(released) => released,
            Err(why) => return self.refuse(conn, &grant, why.into()),
        };
        if !grant::rotate(conn, &grant.id, self.generation)? {
            return match grant::find(conn, &grant.id)? {
                // A sign-out was faster: nobody used the token twice.
                Some(now) if now.ended_at.is_some() => self.refuse(conn, &now, Lapse::Ended.into()),
                Some(_) | None => self.end(conn, &grant), // somebody used the same token
            };
        }
        let grant = Grant { generation: self.generation.saturating_add(1), ..grant };
        let issued = Issued { grant, person: loaded, released, scopes };
        audit::record(conn, &[self.witness.renewed(&issued)])?;
        Ok(Outcome::Issued(Box::new(issued)))
    }

    fn end(&self, conn: &mut AnyConn, grant: &Grant) -> Result<Outcome, StoreError> {
        audit::record(conn, &[self.witness.about(Kind::TokenReused, grant)])?;
        let (family, ending) =
            (store::Scope::Grant(grant.id.clone()), self.witness.ending(Cause::RefreshTokenReused));
        end_access(conn, &family, &ending, &self.app.random)?;
        Ok(Outcome::Reused(grant.id.clone()))
    }

    fn refuse(
        &self,
        conn: &mut AnyConn,
        grant: &Grant,
        why: RefreshRefusal,
    ) -> Result<Outcome, StoreError> {
        // Another site is told about nobody, not even in the record that its owner may read.
        let event = match why {
            RefreshRefusal::OtherSite => self.witness.event(Kind::AccessRefused),
            RefreshRefusal::Lapsed(_)
            | RefreshRefusal::Reused
            | RefreshRefusal::Scope
            | RefreshRefusal::Unknown => self.witness.about(Kind::AccessRefused, grant),
        };
        audit::record(conn, &[event.because(why.to_string())])?;
        Ok(Outcome::Refused(why))
    }
}
