//! An organization's own part of the audit record, and the names of those whom it is about.
//!
//! Every query is bound to the organization. What sites renew is left out in words that the partial
//! indexes have, so that both databases see that these serve.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use idp_core::{
    audit::{Event, Kind},
    community::affiliation::AffiliationStatus,
    ids::{OrganizationId, SiteId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    audit::{Cursor, EventRow},
    column::{Reading, millis},
    connection::on_either,
    nomination::Details,
    schema::{affiliation, audit_event, nomination, offer_to_nobody, subscriber},
};

/// What the record is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrowed {
    /// Only these kinds.
    pub kinds: Vec<Kind>,
    /// Only what happened to this person.
    pub person: Option<SubscriberId>,
    /// Only what happened at this site.
    pub site: Option<SiteId>,
    /// Only from then on.
    pub from: Option<DateTime<Utc>>,
    /// Only before then.
    pub until: Option<DateTime<Utc>>,
}

/// Up to `limit` events of the organization, the newest first, from behind `before` on.
///
/// # Errors
/// [`StoreError`].
pub fn page(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    narrowed: &Narrowed,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (at, id) = before.map_or((i64::MAX, ""), |place| (place.millis(), place.id.as_str()));
    let rows: Vec<EventRow> = on_either!(conn, c => {
        let mut found = audit_event::table
            .filter(audit_event::organization_id.eq(organization.as_str()))
            .filter(sql::<Bool>("audit_event.kind <> 'grant.refreshed'"))
            // The first condition bounds the index, the second breaks a tie of milliseconds.
            .filter(audit_event::at.le(at))
            .filter(audit_event::at.lt(at).or(audit_event::id.lt(id)))
            .order((audit_event::at.desc(), audit_event::id.desc()))
            .limit(limit)
            .select(EventRow::as_select())
            .into_boxed();
        found = match narrowed.kinds.as_slice() {
            [kind] => found.filter(audit_event::kind.eq(kind.as_str())),
            kinds => found.filter(audit_event::kind.eq_any(kinds.iter().map(|kind| kind.as_str()))),
        };
        if let Some(person) = &narrowed.person {
            found = found.filter(audit_event::subject.eq(person.as_str()));
        }
        if let Some(site) = &narrowed.site {
            found = found.filter(audit_event::site_id.eq(site.as_str()));
        }
        if let Some(from) = narrowed.from {
            found = found.filter(audit_event::at.ge(millis(from)));
        }
        if let Some(until) = narrowed.until {
            found = found.filter(audit_event::at.lt(millis(until)));
        }
        found.load(c)
    })?;
    rows.into_iter().map(Event::try_from).collect()
}

/// Whoever has this User ID and acts for the organization, did, or is nominated by it.
///
/// # Errors
/// [`StoreError`].
pub fn person(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    user_id: &str,
) -> Result<Option<SubscriberId>, StoreError> {
    let theirs: Vec<String> = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(subscriber::user_id.eq(user_id))
        .select(subscriber::id)
        .limit(1)
        .load(conn)?;
    let nominated: Vec<String> = nomination::table
        .filter(nomination::organization_id.eq(organization.as_str()))
        .filter(nomination::user_id.eq(user_id))
        .filter(sql::<Bool>("nomination.state = 'nominated'"))
        .select(nomination::subscriber_id)
        .limit(1)
        .load(conn)?;
    let found = theirs.into_iter().chain(nominated).map(|id| {
        let read = Reading { table: "subscriber", row: &id };
        read.parsed("id", id.clone())
    });
    let found = found.collect::<Result<Vec<SubscriberId>, _>>()?;
    // Whoever was asked and has not accepted is as if they were not there (security 20.9).
    let known = names(conn, organization, &found.iter().collect())?;
    Ok(found.into_iter().find(|id| known.get(id).is_some_and(|name| name.is_own)))
}

/// What an organization calls somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// First and last name; of somebody who was asked, what the Administrator typed.
    pub text: String,
    /// Whether they act for the organization, did, or were nominated by it. Somebody who was asked
    /// and never accepted is nobody of its own.
    pub is_own: bool,
}

/// The names of those among `people` whom the organization knows.
///
/// # Errors
/// [`StoreError`].
pub fn names(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    people: &BTreeSet<&SubscriberId>,
) -> Result<BTreeMap<SubscriberId, Name>, StoreError> {
    let ids: Vec<&str> = people.iter().map(|id| id.as_str()).collect();
    let mut names = BTreeMap::new();
    let nominated: Vec<(String, String)> = nomination::table
        .filter(nomination::organization_id.eq(organization.as_str()))
        .filter(nomination::subscriber_id.eq_any(&ids))
        .select((nomination::subscriber_id, nomination::details))
        .load(conn)?;
    for (id, details) in nominated {
        let read = Reading { table: "nomination", row: &id };
        let details: Details = read.json("details", &details)?;
        names.insert(subscriber_id(&id)?, Name { text: details.name(), is_own: true });
    }
    let to_nobody: Vec<(String, String)> = offer_to_nobody::table
        .filter(offer_to_nobody::organization_id.eq(organization.as_str()))
        .filter(offer_to_nobody::subscriber_id.eq_any(&ids))
        .select((offer_to_nobody::subscriber_id, offer_to_nobody::proposed_to))
        .load(conn)?;
    for (id, text) in to_nobody {
        names.insert(subscriber_id(&id)?, Name { text, is_own: false });
    }
    // Whoever said yes is in the record, whatever became of the affiliation since.
    let accepted: Vec<Option<String>> = audit_event::table
        .filter(audit_event::organization_id.eq(organization.as_str()))
        .filter(audit_event::subject.eq_any(&ids))
        .filter(sql::<Bool>("audit_event.kind <> 'grant.refreshed'"))
        .filter(audit_event::kind.eq(Kind::AffiliationAccepted.as_str()))
        .select(audit_event::subject)
        .load(conn)?;
    let accepted: BTreeSet<String> = accepted.into_iter().flatten().collect();
    let affiliated: Vec<Affiliated> = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::subscriber_id.eq_any(&ids))
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .select((
            subscriber::id,
            affiliation::status,
            affiliation::proposed_at,
            affiliation::proposed_to,
            subscriber::given_name,
            subscriber::family_name,
        ))
        .load(conn)?;
    for (id, status, proposed_at, proposed_to, given_name, family_name) in affiliated {
        let status: AffiliationStatus =
            Reading { table: "affiliation", row: &id }.code("status", &status)?;
        let said_yes =
            status.is_accepted() || proposed_at.is_none() || accepted.contains(id.as_str());
        let id = subscriber_id(&id)?;
        if said_yes {
            names.insert(id, Name { text: format!("{given_name} {family_name}"), is_own: true });
        } else if let Some(text) = proposed_to {
            names.entry(id).or_insert(Name { text, is_own: false });
        }
    }
    Ok(names)
}

/// Whose affiliation it is and how it stands, when it was offered and what the Administrator typed who
/// did so, and the name.
type Affiliated = (String, String, Option<i64>, Option<String>, String, String);

fn subscriber_id(id: &str) -> Result<SubscriberId, StoreError> {
    Reading { table: "subscriber", row: id }.parsed("id", id.to_owned())
}
