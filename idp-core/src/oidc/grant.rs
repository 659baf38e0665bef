//! A grant: what a site was given in a session. Refresh tokens and access tokens hang on it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{claims_request::ClaimsRequest, scope::Scope};
use crate::{
    community::{
        affiliation::Affiliation,
        site::{AffiliationMode, ReleasePolicy, Site},
        subscriber::Standing,
    },
    ids::{AffiliationId, GrantId, SessionId, SiteId, SubscriberId},
    sign_on::{Person, Refusal, Released, fitting},
};

/// What a site was given in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its identifier.
    pub id: GrantId,
    /// The session that it rests on.
    pub session: SessionId,
    /// The site.
    pub site: SiteId,
    /// The person.
    pub subscriber: SubscriberId,
    /// The affiliation that was selected; refresh never changes it (domain 3.4).
    pub affiliation: Option<AffiliationId>,
    /// The scopes that were granted.
    pub scopes: BTreeSet<Scope>,
    /// Claims that were asked by name.
    pub claims: ClaimsRequest,
    /// The request's nonce, for refreshed ID tokens.
    pub nonce: Option<String>,
    /// The `acr` that was returned.
    pub acr: String,
    /// When the person had signed in.
    pub auth_time: DateTime<Utc>,
    /// Which refresh token is the current one; each redemption raises it.
    pub generation: u32,
    /// When it was given.
    pub issued_at: DateTime<Utc>,
    /// The first moment at which it no longer counts: the end of the session at the latest.
    pub expires_at: DateTime<Utc>,
    /// When it was ended before that.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Why a grant no longer counts. Sites learn only that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lapse {
    /// The account may not be used.
    #[error("the account may not be used")]
    Account,
    /// The affiliation ended, or no longer fits the site.
    #[error("the affiliation no longer fits: {0}")]
    Affiliation(Refusal),
    /// It was ended.
    #[error("the grant was ended")]
    Ended,
    /// It is past its end.
    #[error("the grant is past its end")]
    Expired,
    /// The session was ended or is past its end.
    #[error("the session is over")]
    Session,
}

impl Grant {
    /// What the grant still gives `site` at `now`: judged anew at every use, from the community
    /// as it is now, so that nothing is said from before a change (security 6.3, 7.3, 9.2).
    ///
    /// # Errors
    /// [`Lapse`]: the grant no longer counts.
    pub fn still_gives(
        &self,
        person: &Person,
        site: &Site,
        now: DateTime<Utc>,
    ) -> Result<Released, Lapse> {
        if self.ended_at.is_some() {
            return Err(Lapse::Ended);
        }
        if now >= self.expires_at {
            return Err(Lapse::Expired);
        }
        standing_affiliations(person, &site.release, self.affiliation.as_ref(), now)
    }
}

/// The affiliations that a site may see of a person who is signed in, with `selected` still in
/// force where the site sees one.
///
/// # Errors
/// [`Lapse`]: session, account or affiliation no longer count.
pub fn standing_affiliations(
    person: &Person,
    release: &ReleasePolicy,
    selected: Option<&AffiliationId>,
    now: DateTime<Utc>,
) -> Result<Released, Lapse> {
    if !person.session.is_live(now) {
        return Err(Lapse::Session);
    }
    if person.standing != Standing::Active {
        return Err(Lapse::Account);
    }
    let restricted = !release.required_roles.is_empty() || release.required_administrator;
    match release.affiliation_mode {
        AffiliationMode::None if restricted => {
            fitting(person, release).map(|_| Released::None).map_err(Lapse::Affiliation)
        }
        AffiliationMode::None => Ok(Released::None),
        AffiliationMode::All => {
            fitting(person, release).map(Released::All).map_err(Lapse::Affiliation)
        }
        AffiliationMode::One => {
            let fits = |a: &Affiliation| Some(&a.id) == selected;
            let found =
                fitting(person, release).map_err(Lapse::Affiliation)?.into_iter().find(fits);
            found
                .map(|affiliation| Released::One(Box::new(affiliation)))
                .ok_or(Lapse::Affiliation(Refusal::AffiliationRequired))
        }
    }
}
