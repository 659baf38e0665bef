//! The one way to end access. Every path that ends something comes here: sign-out, the account
//! page, revocation, a reused token, a transition of the community, a removed site.
//!
//! In the caller's transaction it ends sessions and grants, writes the audit events, and queues a
//! back-channel logout for each site that was given something in a session. There is no second way.

mod candidates;
mod cause;

use std::{collections::BTreeSet, net::IpAddr};

pub use cause::Cause;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    audit::{Actor, Event, Kind},
    community::end_access::Access,
    ids::{
        AffiliationId, EventId, GrantId, MessageId, OrganizationId, SessionId, SiteId,
        SubscriberId, TaxIdId,
    },
};
use serde_json::json;

use super::{
    AnyConn, StoreError, affiliation, audit,
    column::{Reading, millis},
    email_change, ending, mailed_code,
    outbox::{self, Content, NewMessage},
    remembered_browser,
    schema::{session, site_grant},
    site,
};
use crate::random::Random;

/// What is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that a person has, and what could open more: `access` says what goes beside the
    /// sessions.
    Account {
        /// Whose.
        subscriber: SubscriberId,
        /// What ends with the cause ([`idp_core::community::end_access::Cause::ends`]).
        access: &'static [Access],
    },
    /// An affiliation, and what sites were told by it (domain 4.3).
    Affiliation(AffiliationId),
    /// What sites were told by affiliations that themselves go on, or were ended already.
    By(Carrier),
    /// One grant, with all its tokens. The site is not told: it asked for this, or somebody else
    /// used its tokens and its own session is not the one to end.
    Grant(GrantId),
    /// Every grant in a session that itself goes on. The sites are not told: the person is still
    /// signed in, and a site that asks again gets its answer.
    GrantsOfSession(SessionId),
    /// A session and every grant in it.
    Session(SessionId),
    /// The sessions of a person and every grant in them, and the browsers that stand in for the
    /// person's second factor (security 18.7).
    SessionsOfSubscriber {
        /// Whose.
        subscriber: SubscriberId,
        /// But not this one: the browser that asked for it.
        except: Option<SessionId>,
    },
    /// Every grant of a site. The site itself is not told: it is gone.
    Site(SiteId),
}

/// Affiliations that sites were told about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// This one.
    Affiliation(AffiliationId),
    /// None: there is nothing that a site was told by a sign-on.
    None,
    /// All of this organization.
    Organization(OrganizationId),
    /// The same, at one site.
    OrganizationAtSite(OrganizationId, SiteId),
    /// Those of this organization that carry this number.
    TaxId(OrganizationId, TaxIdId),
}

/// Who ends it, why and when.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub address: Option<IpAddr>,
    /// Why.
    pub cause: Cause,
    /// When.
    pub now: DateTime<Utc>,
}

/// How many rows one statement names: SQLite and PostgreSQL count the values that they are given.
const MOST_AT_ONCE: usize = 1000;

/// What was ended. All zero: there was nothing left to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndedAccess {
    /// Sessions that were live.
    pub sessions: usize,
    /// Grants that had not ended.
    pub grants: usize,
    /// Sites that will be told.
    pub notices: usize,
}

/// Ends the grants that match and have not ended. A macro, for want of a nameable type of filter.
macro_rules! end_grants {
    ($conn:expr, $work:expr, $matching:expr) => {
        diesel::update(site_grant::table.filter($matching.and(site_grant::ended_at.is_null())))
            .set((
                site_grant::ended_at.eq(millis($work.ending.now)),
                site_grant::end_cause.eq($work.ending.cause.as_str()),
            ))
            .returning((
                site_grant::id,
                site_grant::session_id,
                site_grant::site_id,
                site_grant::subscriber_id,
            ))
            .get_results($conn)
            .map_err(StoreError::from)
            .and_then(read_grants)
    };
}

/// Ends what is in `scope`. Doing it twice changes nothing more.
///
/// # Errors
/// [`StoreError`].
pub fn end_access(
    conn: &mut AnyConn,
    scope: &Scope,
    ending: &Ending,
    random: &Random,
) -> Result<EndedAccess, StoreError> {
    end(conn, scope, Work { ending, random, record: None })
}

/// The same, kept under `record` so that whoever ended it can see what became of telling the sites
/// ([`ending::receipts`]).
///
/// # Errors
/// [`StoreError`].
pub fn end_access_on_record(
    conn: &mut AnyConn,
    scope: &Scope,
    ending: &Ending,
    record: &ending::Record,
    random: &Random,
) -> Result<EndedAccess, StoreError> {
    ending::insert(conn, record, ending)?;
    end(conn, scope, Work { ending, random, record: Some(record) })
}

fn end(conn: &mut AnyConn, scope: &Scope, work: Work<'_>) -> Result<EndedAccess, StoreError> {
    match scope {
        Scope::Account { subscriber, access } => work.account(conn, subscriber, access),
        Scope::Affiliation(id) => work.affiliation(conn, id),
        Scope::By(carrier) => work.by(conn, carrier),
        Scope::Grant(id) => {
            let grants = end_grants!(conn, work, site_grant::id.eq(id.as_str()))?;
            work.conclude(conn, &[], &grants, Vec::new())
        }
        Scope::GrantsOfSession(id) => {
            let grants = end_grants!(conn, work, site_grant::session_id.eq(id.as_str()))?;
            work.conclude(conn, &[], &grants, Vec::new())
        }
        Scope::Session(id) => work.sessions(conn, vec![id.to_string()]),
        Scope::SessionsOfSubscriber { subscriber, except } => {
            work.remembered_browsers(conn, subscriber)?;
            work.sessions_of(conn, subscriber, except.as_ref())
        }
        Scope::Site(id) => work.site(conn, id),
    }
}

/// A session that was ended.
struct EndedSession {
    id: SessionId,
    subscriber: SubscriberId,
}

/// A grant that was ended, or one whose session was.
struct EndedGrant {
    id: GrantId,
    session: SessionId,
    site: SiteId,
    subscriber: SubscriberId,
}

/// The columns of an [`EndedGrant`].
type GrantRow = (String, String, String, String);

fn read_grants(rows: Vec<GrantRow>) -> Result<Vec<EndedGrant>, StoreError> {
    let grant = |(id, session, site, subscriber): GrantRow| {
        let read = Reading { table: "site_grant", row: &id };
        Ok(EndedGrant {
            id: read.parsed("id", id.clone())?,
            session: read.parsed("session_id", session)?,
            site: read.parsed("site_id", site)?,
            subscriber: read.parsed("subscriber_id", subscriber)?,
        })
    };
    rows.into_iter().map(grant).collect()
}

#[derive(Clone, Copy)]
struct Work<'a> {
    ending: &'a Ending,
    random: &'a Random,
    record: Option<&'a ending::Record>,
}

impl Work<'_> {
    /// Sessions and grants end in any case. A change of address that waits opens the account to
    /// whoever has the new mailbox.
    fn account(
        &self,
        conn: &mut AnyConn,
        subscriber: &SubscriberId,
        access: &[Access],
    ) -> Result<EndedAccess, StoreError> {
        if access.contains(&Access::Codes) {
            mailed_code::withdraw_all(conn, subscriber)?;
        }
        if access.contains(&Access::Pending) {
            email_change::give_up(conn, subscriber)?;
        }
        if access.contains(&Access::RememberedBrowsers) {
            self.remembered_browsers(conn, subscriber)?;
        }
        self.sessions_of(conn, subscriber, None)
    }

    fn sessions_of(
        &self,
        conn: &mut AnyConn,
        subscriber: &SubscriberId,
        except: Option<&SessionId>,
    ) -> Result<EndedAccess, StoreError> {
        let live: Vec<String> = session::table
            .filter(session::subscriber_id.eq(subscriber.as_str()))
            .filter(session::ended_at.is_null())
            .filter(session::expires_at.gt(millis(self.ending.now)))
            .select(session::id)
            .load(conn)?;
        let kept = except.map(SessionId::as_str);
        self.sessions(conn, live.into_iter().filter(|id| Some(id.as_str()) != kept).collect())
    }

    fn sessions(&self, conn: &mut AnyConn, ids: Vec<String>) -> Result<EndedAccess, StoreError> {
        let open = session::table.filter(session::id.eq_any(ids).and(session::ended_at.is_null()));
        let rows: Vec<(String, String)> = diesel::update(open)
            .set((
                session::ended_at.eq(millis(self.ending.now)),
                session::end_cause.eq(self.ending.cause.as_str()),
            ))
            .returning((session::id, session::subscriber_id))
            .get_results(conn)?;
        if rows.is_empty() {
            return Ok(EndedAccess::default());
        }
        let ended: Vec<String> = rows.iter().map(|(id, _)| id.clone()).collect();
        let sessions = rows
            .into_iter()
            .map(|(id, subscriber)| {
                let read = Reading { table: "session", row: &id };
                let subscriber = read.parsed("subscriber_id", subscriber)?;
                Ok(EndedSession { id: read.parsed("id", id.clone())?, subscriber })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        // A site whose grant ended before may still have its own session, so it is told as well.
        let participants = site_grant::table
            .filter(site_grant::session_id.eq_any(ended.clone()))
            .select((
                site_grant::id,
                site_grant::session_id,
                site_grant::site_id,
                site_grant::subscriber_id,
            ))
            .load(conn)?;
        let participants = read_grants(participants)?;
        let grants = end_grants!(conn, self, site_grant::session_id.eq_any(ended))?;
        let notices = self.notices(conn, &participants)?;
        self.conclude(conn, &sessions, &grants, notices)
    }

    fn remembered_browsers(&self, conn: &mut AnyConn, id: &SubscriberId) -> Result<(), StoreError> {
        let forgotten = remembered_browser::forget_all(conn, id)?;
        if forgotten == 0 {
            return Ok(());
        }
        let event = self.event(Kind::BrowserForgotten).to(id.clone());
        audit::record(conn, &[event.after(json!({ "browsers": forgotten }))])
    }

    fn affiliation(
        &self,
        conn: &mut AnyConn,
        id: &AffiliationId,
    ) -> Result<EndedAccess, StoreError> {
        let Some(record) = affiliation::find(conn, id)? else { return Ok(EndedAccess::default()) };
        if affiliation::end(conn, id, self.ending.now)? {
            let event = self
                .event(Kind::AffiliationEnded)
                .to(record.subscriber)
                .on_behalf_of(record.organization)
                .after(json!({ "affiliation": id }));
            audit::record(conn, &[event])?;
        }
        self.by(conn, &Carrier::Affiliation(id.clone()))
    }

    /// What sites were told by these affiliations ends. Their people stay signed in, and a site that
    /// asks again is told what is true then.
    fn by(&self, conn: &mut AnyConn, carrier: &Carrier) -> Result<EndedAccess, StoreError> {
        let mut grants = Vec::new();
        for ids in candidates::of(conn, carrier, self.ending.now)?.chunks(MOST_AT_ONCE) {
            grants.extend(end_grants!(conn, self, site_grant::id.eq_any(ids.to_vec()))?);
        }
        let notices = self.notices(conn, &grants)?;
        self.conclude(conn, &[], &grants, notices)
    }

    /// One event tells of them all: there may be very many.
    fn site(&self, conn: &mut AnyConn, id: &SiteId) -> Result<EndedAccess, StoreError> {
        let open = site_grant::site_id.eq(id.as_str()).and(site_grant::ended_at.is_null());
        let grants = diesel::update(site_grant::table.filter(open))
            .set((
                site_grant::ended_at.eq(millis(self.ending.now)),
                site_grant::end_cause.eq(self.ending.cause.as_str()),
            ))
            .execute(conn)?;
        if grants > 0 {
            let event = self.event(Kind::GrantEnded).at_site(id.clone());
            audit::record(conn, &[event.after(json!({ "grants": grants }))])?;
        }
        Ok(EndedAccess { grants, ..EndedAccess::default() })
    }

    /// Queues one message for each session and site that is to be told.
    fn notices(
        &self,
        conn: &mut AnyConn,
        grants: &[EndedGrant],
    ) -> Result<Vec<Content>, StoreError> {
        let sites: BTreeSet<&SiteId> = grants.iter().map(|grant| &grant.site).collect();
        let listening = site::with_backchannel_logout(conn, sites)?;
        let mut told = BTreeSet::new();
        let contents: Vec<Content> = grants
            .iter()
            .filter(|grant| listening.contains(&grant.site))
            // Whoever ended it knows.
            .filter(|grant| self.ending.actor != Actor::Site(grant.site.clone()))
            .filter(|grant| told.insert((&grant.session, &grant.site)))
            .map(|grant| Content::BackchannelLogout {
                site: grant.site.clone(),
                session: grant.session.clone(),
                subscriber: grant.subscriber.clone(),
            })
            .collect();
        let message = |content: &Content| NewMessage {
            id: MessageId::from_random(self.random.bytes()),
            content: content.clone(),
        };
        let messages: Vec<NewMessage> = contents.iter().map(message).collect();
        for messages in messages.chunks(MOST_AT_ONCE) {
            outbox::enqueue(conn, messages, self.ending.now)?;
        }
        if let Some(record) = self.record {
            let concerned = grants.iter().map(|grant| (grant.site.clone(), grant.session.clone()));
            ending::note(conn, record, &concerned.collect(), &messages)?;
        }
        Ok(contents)
    }

    /// Writes the audit events and counts.
    fn conclude(
        &self,
        conn: &mut AnyConn,
        sessions: &[EndedSession],
        grants: &[EndedGrant],
        notices: Vec<Content>,
    ) -> Result<EndedAccess, StoreError> {
        let counts =
            EndedAccess { sessions: sessions.len(), grants: grants.len(), notices: notices.len() };
        let session = |ended: &EndedSession| {
            let event = self.event(Kind::SessionEnded).to(ended.subscriber.clone());
            event.in_session(ended.id.clone())
        };
        let grant = |ended: &EndedGrant| {
            self.event(Kind::GrantEnded)
                .to(ended.subscriber.clone())
                .in_session(ended.session.clone())
                .at_site(ended.site.clone())
                .after(json!({ "grant": ended.id }))
        };
        let queued = |content: Content| match content {
            Content::BackchannelLogout { site, session, subscriber } => Some(
                self.event(Kind::LogoutQueued).to(subscriber).in_session(session).at_site(site),
            ),
            // A browser is none of this function's business.
            Content::FrontchannelLogout { .. } | Content::Inquiry { .. } | Content::Mail { .. } => {
                None
            }
        };
        let events: Vec<Event> = sessions
            .iter()
            .map(session)
            .chain(grants.iter().map(grant))
            .chain(notices.into_iter().filter_map(queued))
            .collect();
        audit::record(conn, &events)?;
        Ok(counts)
    }

    fn event(&self, kind: Kind) -> Event {
        let ending = self.ending;
        let id = EventId::from_random(self.random.bytes());
        Event {
            address: ending.address,
            ..Event::new(id, ending.now, kind, ending.actor.clone()).because(ending.cause.as_str())
        }
    }
}
