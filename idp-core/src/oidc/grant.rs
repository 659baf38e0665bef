//! A grant: what a site was given in a session. Refresh tokens and access tokens hang on it.

use std::{cmp::Ordering, collections::BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{claims_request::ClaimsRequest, scope::Scope};
use crate::{
    authentication::session::Session,
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

/// When a grant ends by itself: with the session at the latest (R30), and so many minutes after the
/// sign-in where the site's record says so.
#[must_use]
pub fn end_of_grant(session: &Session, session_max_minutes: Option<u32>) -> DateTime<Utc> {
    let earlier = session_max_minutes
        .map(|minutes| session.auth_time() + TimeDelta::minutes(i64::from(minutes)));
    earlier.map_or(session.expires_at, |at| at.min(session.expires_at))
}

/// Why a refresh token is not redeemed (RFC 6749 §6). Of all but [`Self::Scope`], the site learns
/// only `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshRefusal {
    /// The grant no longer counts.
    #[error(transparent)]
    Lapsed(#[from] Lapse),
    /// It was issued to another site, whose token stays as it was (security 7.4).
    #[error("the token belongs to another site")]
    OtherSite,
    /// It is of an earlier turn: one of its two holders is a thief, so the family ends
    /// (RFC 9700 §4.14.2).
    #[error("the token was used before")]
    Reused,
    /// More was asked than was granted; nothing is spent by asking.
    #[error("the scope asked for is wider than the one granted")]
    Scope,
    /// It is of a turn that has not come: the database has been set back since.
    #[error("the token is newer than the grant")]
    Unknown,
}

impl Grant {
    /// The scopes of the next access token, if `site` may redeem the refresh token of
    /// `generation` and asks for no more than `requested` (RFC 6749 §6).
    ///
    /// A token of an earlier turn is recognised before anything is said about the request that
    /// came with it, so that nobody can try out stolen tokens without being noticed.
    ///
    /// # Errors
    /// [`RefreshRefusal`].
    pub fn refresh(
        &self,
        site: &SiteId,
        generation: u32,
        requested: Option<&BTreeSet<Scope>>,
    ) -> Result<BTreeSet<Scope>, RefreshRefusal> {
        if self.site != *site {
            return Err(RefreshRefusal::OtherSite);
        }
        if self.ended_at.is_some() {
            return Err(Lapse::Ended.into());
        }
        match generation.cmp(&self.generation) {
            Ordering::Less => return Err(RefreshRefusal::Reused),
            Ordering::Greater => return Err(RefreshRefusal::Unknown),
            Ordering::Equal => {}
        }
        match requested {
            None => Ok(self.scopes.clone()),
            Some(narrower) if narrower.is_subset(&self.scopes) => Ok(narrower.clone()),
            Some(_) => Err(RefreshRefusal::Scope),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::{
        assurance::{Method, Proof},
        session::SessionRules,
    };

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_grant_ends_with_the_session_or_earlier() {
        let proof = Proof { method: Method::Password, at: at(0) };
        let (id, person) = ("ses_a".parse().unwrap(), "sub_a".parse().unwrap());
        let mut session = Session::begin(id, person, proof, &SessionRules::default());
        for (max, expected) in [(None, 240), (Some(60), 60), (Some(1000), 240), (Some(0), 0)] {
            assert_eq!(end_of_grant(&session, max), at(expected), "{max:?}");
        }
        session.add_proof(Proof { method: Method::Password, at: at(100) });
        for (max, expected) in [(None, 240), (Some(60), 160), (Some(200), 240)] {
            assert_eq!(end_of_grant(&session, max), at(expected), "{max:?}");
        }
    }

    #[test]
    fn a_refresh_token_serves_its_site_once_and_never_for_more() {
        use RefreshRefusal::{Lapsed, OtherSite, Reused, Scope as Wider, Unknown};
        let grant = Grant {
            id: "grt_a".parse().unwrap(),
            session: "ses_a".parse().unwrap(),
            site: "credentia".parse().unwrap(),
            subscriber: "sub_a".parse().unwrap(),
            affiliation: None,
            scopes: [Scope::OpenId, Scope::Email].into(),
            claims: ClaimsRequest::default(),
            nonce: None,
            acr: String::new(),
            auth_time: DateTime::UNIX_EPOCH,
            generation: 3,
            issued_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
            ended_at: None,
        };
        let ended = Grant { ended_at: Some(DateTime::UNIX_EPOCH), ..grant.clone() };
        let (all, email) = (grant.scopes.clone(), BTreeSet::from([Scope::Email]));
        let wider = BTreeSet::from([Scope::Email, Scope::Phone]);
        for (grant, site, generation, requested, expected) in [
            (&grant, "credentia", 3, None, Ok(all)),
            (&grant, "credentia", 3, Some(&email), Ok(email.clone())),
            (&grant, "credentia", 3, Some(&wider), Err(Wider)),
            (&grant, "credentia", 2, None, Err(Reused)),
            (&grant, "credentia", 2, Some(&wider), Err(Reused)),
            (&grant, "credentia", 4, None, Err(Unknown)),
            (&grant, "payer", 3, None, Err(OtherSite)),
            (&grant, "payer", 2, None, Err(OtherSite)),
            (&ended, "credentia", 3, None, Err(Lapsed(Lapse::Ended))),
            (&ended, "credentia", 2, None, Err(Lapsed(Lapse::Ended))),
        ] {
            let found = grant.refresh(&site.parse().unwrap(), generation, requested);
            assert_eq!(found, expected, "{site} {generation} {requested:?}");
        }
    }
}
