//! `grant_type=authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6).
//!
//! A code is spent by being taken out of short-lived state, which happens once over all nodes and
//! before anything is asked. What it stood for is judged anew, and the grant, the first visit and
//! the audit event are written in one transaction: all or nothing (security 23.4).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use idp_core::{
    audit::Kind,
    ids::GrantId,
    oidc::{
        code::CodeRecord,
        grant::{Grant, Lapse, end_of_grant, standing_affiliations},
    },
    release::grantable,
    secret::SecretDigest,
};

use super::{
    TokenError,
    mint::{self, Issued, TokenAnswer},
};
use crate::{
    app::App,
    ephemeral::Key,
    http::oidc::{client_authentication::AuthenticatedSite, holder, witness::Witness},
    sites::ClientEntry,
    store::{
        self, AnyConn, Cause, StoreError, Taken, audit, end_access, grant, person, site_visit,
    },
};

/// Redeems the code of the request.
///
/// # Errors
/// [`TokenError`]. The code is spent, whatever the outcome.
pub(super) async fn redeem(
    app: &Arc<App>,
    site: &AuthenticatedSite,
) -> Result<TokenAnswer, TokenError> {
    let code = site.form.find("code").ok_or(TokenError::Missing("code"))?;
    let code = SecretDigest::of(code);
    let now = app.clock.now();
    let witness = Witness::of(app, site, now);
    let Some(bytes) = app.ephemeral.take(&Key::code(&code)).await? else {
        return Err(used_before(app, code, witness).await?);
    };
    let record: CodeRecord = serde_json::from_slice(&bytes).map_err(|_| TokenError::CorruptCode)?;
    let (redirect_uri, verifier) =
        (site.form.find("redirect_uri"), site.form.find("code_verifier"));
    if let Err(why) = record.redeem(&site.entry.site.id, redirect_uri, verifier, now) {
        refused(app, witness, why.to_string()).await?;
        return Err(why.into());
    }

    let redemption = Redemption {
        app: Arc::clone(app),
        entry: Arc::clone(&site.entry),
        grant: GrantId::from_random(app.random.bytes()),
        witness: witness.clone(),
        record,
        code,
        now,
    };
    match app.db.write(move |conn| redemption.write(conn)).await {
        Ok(Outcome::Issued(issued)) => Ok(mint::tokens(app, &site.entry, &issued, now)?),
        Ok(Outcome::Lapsed(why)) => Err(why.into()),
        // Somebody else was faster, although the code was ours alone: a short-lived state that
        // was set back, for instance.
        Err(StoreError::Conflict(Taken::Code)) => Err(used_before(app, code, witness).await?),
        Err(other) => Err(other.into()),
    }
}

/// Everything that one redemption needs; the transaction may run more than once.
struct Redemption {
    app: Arc<App>,
    entry: Arc<ClientEntry>,
    grant: GrantId,
    witness: Witness,
    record: CodeRecord,
    code: SecretDigest,
    now: DateTime<Utc>,
}

/// What a redemption leads to. A refusal is written down too, so it is a value.
enum Outcome {
    Issued(Box<Issued>),
    Lapsed(Lapse),
}

impl Redemption {
    /// One transaction: load, decide, write down what was decided.
    fn write(&self, conn: &mut AnyConn) -> Result<Outcome, StoreError> {
        match self.judge(conn)? {
            Ok(issued) => {
                grant::insert(conn, &issued.grant, &self.code)?;
                if self.record.first_visit {
                    let (person, site) = (&issued.grant.subscriber, &issued.grant.site);
                    site_visit::record(conn, person, site, self.now)?;
                }
                let release = &self.entry.site.release;
                audit::record(conn, &self.witness.given(&self.app, release, &issued))?;
                Ok(Outcome::Issued(Box::new(issued)))
            }
            Err(why) => {
                let event = self.witness.event(Kind::AccessRefused).because(why.to_string());
                audit::record(conn, &[event.in_session(self.record.session.clone())])?;
                Ok(Outcome::Lapsed(why))
            }
        }
    }

    /// What the code gives now: since it was issued, the person may have signed out, been
    /// suspended or left the organization (security 6.3).
    fn judge(&self, conn: &mut AnyConn) -> Result<Result<Issued, Lapse>, StoreError> {
        let (record, site) = (&self.record, &self.entry.site);
        let Some(loaded) = person::by_session(conn, &record.session, &*self.app.open_ssn)? else {
            return Ok(Err(Lapse::Session));
        };
        let person = holder::as_of_now(conn, &self.app, site, &loaded, self.now)?;
        let selected = record.affiliation.as_ref();
        let released = match standing_affiliations(&person, &site.release, selected, self.now) {
            Ok(released) => released,
            Err(why) => return Ok(Err(why)),
        };
        let scopes = grantable(&record.scopes, &site.release);
        let expires_at = end_of_grant(&loaded.session, site.release.session_max_minutes);
        if self.now >= expires_at {
            return Ok(Err(Lapse::Expired));
        }
        let grant = Grant {
            id: self.grant.clone(),
            session: record.session.clone(),
            site: site.id.clone(),
            subscriber: loaded.subscriber.id.clone(),
            affiliation: record.affiliation.clone(),
            scopes: scopes.clone(),
            claims: record.claims.clone(),
            nonce: record.nonce.clone(),
            acr: record.acr.clone(),
            auth_time: loaded.session.auth_time(),
            generation: 0,
            issued_at: self.now,
            expires_at,
            ended_at: None,
        };
        Ok(Ok(Issued { grant, person: loaded, released, scopes }))
    }
}

/// A code that short-lived state does not know: nobody's, or one that has been redeemed. Then
/// somebody has a copy, and what came of the code is over (RFC 6749 §4.1.2, security 6.1).
///
/// That holds for a copy in the hands of the same site only. Another site that shows the code was
/// given nothing, and must not be able to end what the first one was given.
async fn used_before(
    app: &App,
    code: SecretDigest,
    witness: Witness,
) -> Result<TokenError, StoreError> {
    let known = app.db.read(move |conn| grant::by_code(conn, &code)).await?;
    let Some(grant) = known else { return Ok(TokenError::Unknown) };
    if !witness.is_of(&grant) {
        refused(app, witness, "a used code of another site".to_owned()).await?;
        return Ok(TokenError::Unknown);
    }
    let (id, random) = (grant.id.clone(), app.random.clone());
    let end = move |conn: &mut AnyConn| {
        audit::record(conn, &[witness.about(Kind::CodeReused, &grant)])?;
        let family = store::Scope::Grant(grant.id.clone());
        end_access(conn, &family, &witness.ending(Cause::CodeReused), &random)
    };
    app.db.write(end).await?;
    app.outbox.wake();
    Ok(TokenError::CodeReused(id))
}

/// Writes down that a site was refused (security 24.4).
async fn refused(app: &App, witness: Witness, why: String) -> Result<(), StoreError> {
    let event = witness.event(Kind::AccessRefused).because(why);
    app.db.write(move |conn| audit::record(conn, std::slice::from_ref(&event))).await
}
