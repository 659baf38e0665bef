//! The people of one organization: lists, search, and whoever may be meant by a nomination.
//!
//! What people are sorted, searched and filtered by stands in the affiliation itself, so that one
//! index gives any page; a page far down costs what the first one does.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::Bool,
};
use idp_core::{
    community::{
        affiliation::{AccessLevel, AffiliationStatus},
        field::folded,
        npi::Npi,
        people_review::{LookedAt, Review},
        person_match::{Here, Known},
        role::Role,
        subscriber::{AccountStatus, EmailAddress, Subscriber, UserId},
    },
    ids::{AffiliationId, OrganizationId, SubscriberId, TaxIdId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, millis},
    schema::{affiliation, factor, subscriber},
    subscriber::Row as SubscriberRow,
};

/// How many people a page of the list has.
pub const PAGE: usize = 25;
/// How many of the organization's own people are compared by name with somebody who is nominated.
pub(super) const MOST_COMPARED: i64 = 2000;

/// What a list is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Whom somebody looks for: the beginning of a name or User ID, or a whole mail address.
    pub search: String,
    /// How the affiliation stands.
    pub status: Option<AffiliationStatus>,
    /// Who among them.
    pub only: Only,
    /// Whoever has this role.
    pub role: Option<Role>,
    /// Whom the yearly review is about.
    pub review: ToReview,
}

/// Who among the people is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Only {
    /// Administrators.
    Administrators,
    /// All of them.
    #[default]
    Everybody,
    /// Those who have no second factor.
    WithoutFactor,
}

/// What the yearly review narrows a list to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToReview {
    /// Whoever waits in this review.
    pub waiting: Option<Review>,
    /// Whoever has not signed in since.
    pub unused_since: Option<DateTime<Utc>>,
}

/// Where a page begins: beside somebody of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The page after this affiliation.
    After(AffiliationId),
    /// The page before it.
    Before(AffiliationId),
    /// The first page.
    Start,
}

/// Somebody in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonLine {
    /// Their affiliation with the organization.
    pub affiliation: AffiliationId,
    /// Who.
    pub subscriber: SubscriberId,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// The User ID.
    pub user_id: UserId,
    /// How the affiliation stands.
    pub status: AffiliationStatus,
    /// How the account stands.
    pub account: AccountStatus,
    /// Since when it may lie unused.
    pub last_used_at: DateTime<Utc>,
    /// Whether they are an Administrator.
    pub administrator: bool,
    /// What they do.
    pub roles: BTreeSet<Role>,
    /// The last successful sign-in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// Whether they have a second factor.
    pub has_factor: bool,
    /// How much of the community they may use.
    pub access_level: AccessLevel,
    /// How many of the organization's numbers they may use; `None`: all.
    pub tax_ids: Option<usize>,
    /// Since when they act for the organization, and when somebody last looked at that.
    pub looked_at: LookedAt,
    /// Who did.
    pub reviewed_by: Option<SubscriberId>,
}

/// A page of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The people, by family name.
    pub people: Vec<PersonLine>,
    /// Beside whom the page before begins, if there is one.
    pub before: Option<AffiliationId>,
    /// Beside whom the page after begins, if there is one.
    pub after: Option<AffiliationId>,
}

/// What a search means: the range of one of the keys, or one mailbox.
#[derive(Clone, Copy)]
enum By<'a> {
    Everybody,
    FamilyName(&'a str),
    GivenName(&'a str),
    Mailbox(&'a str),
    UserId(&'a str),
}

/// A page of the organization's people. `None` if the place is beside nobody of its own.
///
/// # Errors
/// [`StoreError`].
pub fn page(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    filter: &Filter,
    place: &Place,
) -> Result<Option<Page>, StoreError> {
    let beside = match place {
        Place::Start => None,
        Place::After(id) | Place::Before(id) => match key_of(conn, organization, id)? {
            None => return Ok(None),
            Some(key) => Some((key, id)),
        },
    };
    let backwards = matches!(place, Place::Before(_));
    let mut lines: Vec<Line> = Vec::new();
    let search = folded(filter.search.trim()).replace(',', " ");
    let search = search.split_whitespace().collect::<Vec<_>>().join(" ");
    let ways: &[By<'_>] = match search.as_str() {
        "" => &[By::Everybody],
        mailbox if mailbox.contains('@') => &[By::Mailbox(mailbox)],
        begins => &[By::FamilyName(begins), By::GivenName(begins), By::UserId(begins)],
    };
    for by in ways {
        lines.extend(found(conn, organization, filter, *by, beside.as_ref(), backwards)?);
    }
    lines.sort_by(|a, b| (&a.0.sort_key, &a.0.id).cmp(&(&b.0.sort_key, &b.0.id)));
    lines.dedup_by(|a, b| a.0.id == b.0.id);
    if backwards {
        lines.reverse();
    }
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    if backwards {
        lines.reverse();
    }
    let people = read(conn, lines)?;
    let first = people.first().map(|line| line.affiliation.clone());
    let last = people.last().map(|line| line.affiliation.clone());
    let (before, after) = match place {
        Place::Start => (None, last.filter(|_| more)),
        Place::After(_) => (first, last.filter(|_| more)),
        Place::Before(_) => (first.filter(|_| more), last),
    };
    Ok(Some(Page { people, before, after }))
}

/// Where somebody stands in the list of this organization.
fn key_of(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    id: &AffiliationId,
) -> Result<Option<String>, StoreError> {
    Ok(affiliation::table
        .find(id.as_str())
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .select(affiliation::sort_key)
        .first(conn)
        .optional()?)
}

/// The people of a page, and one more if there are more, found in one way.
fn found(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    filter: &Filter,
    by: By<'_>,
    beside: Option<&(String, &AffiliationId)>,
    backwards: bool,
) -> Result<Vec<Line>, StoreError> {
    let mut listed = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq(organization.as_str()))
        // Spelt out, so that the database sees that its partial indexes serve.
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .select((Row::as_select(), SubscriberRow::as_select()))
        .limit(i64::try_from(PAGE).unwrap_or(i64::MAX).saturating_add(1))
        .into_boxed();
    // No character comes after the last one that there is.
    let end = |begins: &str| format!("{begins}\u{10ffff}");
    listed = match by {
        By::Everybody => listed,
        By::FamilyName(name) => listed
            .filter(affiliation::sort_key.ge(name.to_owned()))
            .filter(affiliation::sort_key.lt(end(name))),
        By::GivenName(name) => listed
            .filter(affiliation::given_key.ge(name.to_owned()))
            .filter(affiliation::given_key.lt(end(name))),
        By::UserId(name) => listed
            .filter(affiliation::user_key.ge(name.to_owned()))
            .filter(affiliation::user_key.lt(end(name))),
        By::Mailbox(address) => listed.filter(subscriber::email_normalized.eq(address.to_owned())),
    };
    if let Some(status) = filter.status {
        listed = listed.filter(affiliation::status.eq(code(&status)));
    }
    if let Some(role) = filter.role {
        listed = listed.filter(affiliation::roles.like(format!("%\"{}\"%", role.code())));
    }
    listed = match filter.only {
        Only::Everybody => listed,
        Only::Administrators => listed.filter(sql::<Bool>("affiliation.administrator")),
        Only::WithoutFactor => {
            let own = factor::table.filter(factor::subscriber_id.eq(affiliation::subscriber_id));
            listed.filter(not(exists(own.select(factor::id))))
        }
    };
    if let Some(review) = filter.review.waiting {
        listed = listed.filter(waits(review));
    }
    if let Some(since) = filter.review.unused_since.map(millis) {
        let never = subscriber::last_sign_in_at.is_null();
        listed = listed.filter(never.or(subscriber::last_sign_in_at.le(since)));
    }
    listed = match (beside, backwards) {
        (None, _) => listed,
        (Some((key, id)), false) => listed.filter(affiliation::sort_key.ge(key.clone())).filter(
            affiliation::sort_key.gt(key.clone()).or(affiliation::id.gt(id.as_str().to_owned())),
        ),
        (Some((key, id)), true) => listed.filter(affiliation::sort_key.le(key.clone())).filter(
            affiliation::sort_key.lt(key.clone()).or(affiliation::id.lt(id.as_str().to_owned())),
        ),
    };
    listed = if backwards {
        listed.order((affiliation::sort_key.desc(), affiliation::id.desc()))
    } else {
        listed.order((affiliation::sort_key, affiliation::id))
    };
    Ok(listed.load(conn)?)
}

type Line = (Row, SubscriberRow);

fn read(conn: &mut AnyConn, lines: Vec<Line>) -> Result<Vec<PersonLine>, StoreError> {
    let who: Vec<&str> = lines.iter().map(|(row, _)| row.subscriber_id.as_str()).collect();
    let with_factor: BTreeSet<String> = factor::table
        .filter(factor::subscriber_id.eq_any(who))
        .select(factor::subscriber_id)
        .distinct()
        .load::<String>(conn)?
        .into_iter()
        .collect();
    let line = |(row, person): Line| {
        let read = Reading { table: "affiliation", row: &row.id };
        let person = Subscriber::try_from(person)?;
        Ok(PersonLine {
            affiliation: read.parsed("id", row.id.clone())?,
            has_factor: with_factor.contains(&row.subscriber_id),
            status: read.code("status", &row.status)?,
            account: person.status,
            last_used_at: person
                .last_sign_in_at
                .map_or(person.activated_at, |at| at.max(person.activated_at)),
            administrator: row.administrator,
            roles: read.json("roles", &row.roles)?,
            subscriber: person.id,
            given_name: person.given_name,
            family_name: person.family_name,
            user_id: person.user_id,
            last_sign_in_at: person.last_sign_in_at,
            access_level: read.code("access_level", &row.access_level)?,
            tax_ids: match &row.tax_id_subset {
                None => None,
                Some(subset) => {
                    Some(read.json::<BTreeSet<TaxIdId>>("tax_id_subset", subset)?.len())
                }
            },
            looked_at: LookedAt {
                since: row.since.parse().map_err(|_| read.corrupt("since"))?,
                reviewed_at: read.maybe_at("reviewed_at", row.reviewed_at)?,
            },
            reviewed_by: read.maybe_parsed("reviewed_by", row.reviewed_by)?,
        })
    };
    lines.into_iter().map(line).collect()
}

/// What the store asks where core asks [`Review::waits`]. Days compare like the texts that they are
/// kept as.
#[diesel::dsl::auto_type(no_type_alias)]
fn waits(review: Review) -> _ {
    let opened: i64 = millis(review.opens_at());
    let day: String = review.opens_at().date_naive().to_string();
    let never = affiliation::reviewed_at.is_null();
    affiliation::since.lt(day).and(never.or(affiliation::reviewed_at.lt(opened)))
}

/// Who of the organization's people waits in its review: a hundred of them stand for more.
///
/// # Errors
/// [`StoreError`].
pub fn waiting_in_review(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    review: Review,
) -> Result<Vec<SubscriberId>, StoreError> {
    let found: Vec<(String, String)> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .filter(waits(review))
        .limit(COUNTED)
        .select((affiliation::id, affiliation::subscriber_id))
        .load(conn)?;
    let person = |(id, person): (String, String)| {
        Reading { table: "affiliation", row: &id }.parsed("subscriber_id", person)
    };
    found.into_iter().map(person).collect()
}

/// How far a count goes that a page shows.
const COUNTED: i64 = 100;

/// How many people of the organization have no second factor; a hundred stands for more.
///
/// # Errors
/// [`StoreError`].
pub fn without_factor(
    conn: &mut AnyConn,
    organization: &OrganizationId,
) -> Result<usize, StoreError> {
    let own = factor::table.filter(factor::subscriber_id.eq(affiliation::subscriber_id));
    let found: Vec<String> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .filter(not(exists(own.select(factor::id))))
        .limit(COUNTED)
        .select(affiliation::id)
        .load(conn)?;
    Ok(found.len())
}

/// How many active people of the organization neither came nor were activated since; a hundred
/// stands for more.
///
/// # Errors
/// [`StoreError`].
pub fn unused_since(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    since: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let since = millis(since);
    let found: Vec<String> = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .filter(subscriber::status.eq(code(&AccountStatus::Active)))
        .filter(subscriber::activated_at.le(since))
        .filter(subscriber::last_sign_in_at.is_null().or(subscriber::last_sign_in_at.le(since)))
        .limit(COUNTED)
        .select(affiliation::id)
        .load(conn)?;
    Ok(found.len())
}

/// Somebody who may be meant by a nomination.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Who.
    pub person: Subscriber,
    /// Whether they act for the organization that nominates.
    pub here: Here,
}

impl Candidate {
    /// As core compares them.
    #[must_use]
    pub fn known(&self) -> Known<'_> {
        let Self { person, here } = self;
        Known {
            id: &person.id,
            given_name: &person.given_name,
            family_name: &person.family_name,
            email: person.email.as_ref(),
            npi: person.npi.as_ref(),
            status: person.status,
            here: *here,
        }
    }
}

/// Whoever has the address or the number, wherever they work, and the organization's own people
/// whose family name, or first name where somebody swapped them, begins like that of the nominee.
///
/// # Errors
/// [`StoreError`].
pub fn who_may_be_meant(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    (email, npi): (&EmailAddress, Option<&Npi>),
    (given_name, family_name): (&str, &str),
) -> Result<Vec<Candidate>, StoreError> {
    let mut rows: Vec<SubscriberRow> = subscriber::table
        .filter(subscriber::email_normalized.eq(email.normalized()))
        .select(SubscriberRow::as_select())
        .load(conn)?;
    if let Some(npi) = npi {
        let same = subscriber::table.filter(subscriber::npi.eq(npi.as_str()));
        rows.extend(same.select(SubscriberRow::as_select()).load::<SubscriberRow>(conn)?);
    }
    for name in [family_name, given_name] {
        let begins: String = folded(name).chars().take(2).collect();
        let similar = affiliation::table
            .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
            .filter(affiliation::organization_id.eq(organization.as_str()))
            .filter(sql::<Bool>(
                "affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'",
            ))
            .filter(affiliation::sort_key.ge(begins.clone()))
            .filter(affiliation::sort_key.lt(format!("{begins}\u{10ffff}")))
            .order((affiliation::sort_key, affiliation::id))
            .limit(MOST_COMPARED)
            .select(SubscriberRow::as_select());
        rows.extend(similar.load::<SubscriberRow>(conn)?);
    }
    let mut people = rows.into_iter().map(Subscriber::try_from).collect::<Result<Vec<_>, _>>()?;
    people.sort_by(|a, b| a.id.cmp(&b.id));
    people.dedup_by(|a, b| a.id == b.id);
    let ids: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let here: BTreeSet<String> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(affiliation::subscriber_id.eq_any(ids))
        .filter(affiliation::ended_at.is_null())
        .select(affiliation::subscriber_id)
        .load::<String>(conn)?
        .into_iter()
        .collect();
    let candidate = |person: Subscriber| {
        let member = here.contains(person.id.as_str());
        Candidate { here: if member { Here::Member } else { Here::Stranger }, person }
    };
    Ok(people.into_iter().map(candidate).collect())
}

/// The columns of an affiliation that its line shows.
#[derive(Queryable, Selectable)]
#[diesel(table_name = affiliation)]
struct Row {
    id: String,
    subscriber_id: String,
    status: String,
    roles: String,
    administrator: bool,
    access_level: String,
    tax_id_subset: Option<String>,
    since: String,
    reviewed_at: Option<i64>,
    reviewed_by: Option<String>,
    sort_key: String,
}
