//! The people of one organization: lists and search, page by page and as a file.
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
        people_review::{LookedAt, Review},
        role::Role,
        subscriber::{AccountStatus, Subscriber, UserId},
    },
    ids::{AffiliationId, OrganizationId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    affiliation::{AffiliationRecord, Row as AffiliationRow},
    column::{Reading, code, millis},
    schema::{affiliation, factor, subscriber},
    subscriber::Row as SubscriberRow,
};

/// How many people a page of the list has.
pub const PAGE: usize = 25;
/// How many are read at once where the whole list is taken away.
const PART: usize = 500;
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
            Some(key) => Some((key, id.clone())),
        },
    };
    let backwards = matches!(place, Place::Before(_));
    let from = Beside { place: beside.as_ref(), backwards };
    let mut lines = listed(conn, organization, filter, from, PAGE.saturating_add(1))?;
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

/// Where the last line of a part of the list stands: by what it is sorted, and whose it is.
pub type LastLine = (String, AffiliationId);

/// Some hundred of the people that `filter` leaves, with all that their affiliations say, behind
/// `last`: a part of the list as a file.
///
/// # Errors
/// [`StoreError`].
pub fn part(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    filter: &Filter,
    last: Option<&LastLine>,
) -> Result<Vec<(LastLine, Subscriber, AffiliationRecord)>, StoreError> {
    let from = Beside { place: last, backwards: false };
    let mut lines = listed(conn, organization, filter, from, PART)?;
    lines.truncate(PART);
    let line = |(row, person): Line| {
        let record = AffiliationRecord::try_from(row.affiliation)?;
        Ok(((row.sort_key, record.id.clone()), Subscriber::try_from(person)?, record))
    };
    lines.into_iter().map(line).collect()
}

/// From where on a list is read, and which way.
#[derive(Clone, Copy)]
struct Beside<'a> {
    place: Option<&'a LastLine>,
    backwards: bool,
}

/// The first people from there on, in their order: at least `most` if there are so many.
fn listed(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    filter: &Filter,
    from: Beside<'_>,
    most: usize,
) -> Result<Vec<Line>, StoreError> {
    let search = folded(filter.search.trim()).replace(',', " ");
    let search = search.split_whitespace().collect::<Vec<_>>().join(" ");
    let ways: &[By<'_>] = match search.as_str() {
        "" => &[By::Everybody],
        mailbox if mailbox.contains('@') => &[By::Mailbox(mailbox)],
        begins => &[By::FamilyName(begins), By::GivenName(begins), By::UserId(begins)],
    };
    let mut lines: Vec<Line> = Vec::new();
    for by in ways {
        lines.extend(found(conn, organization, filter, *by, from, most)?);
    }
    lines.sort_by(|(a, _), (b, _)| a.place().cmp(&b.place()));
    lines.dedup_by(|(a, _), (b, _)| a.affiliation.id == b.affiliation.id);
    if from.backwards {
        lines.reverse();
    }
    Ok(lines)
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

/// At most `most` people found in one way, in the order of the list or against it.
fn found(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    filter: &Filter,
    by: By<'_>,
    Beside { place, backwards }: Beside<'_>,
    most: usize,
) -> Result<Vec<Line>, StoreError> {
    let mut listed = affiliation::table
        .inner_join(subscriber::table.on(subscriber::id.eq(affiliation::subscriber_id)))
        .filter(affiliation::organization_id.eq(organization.as_str()))
        // Spelt out, so that the database sees that its partial indexes serve.
        .filter(sql::<Bool>("affiliation.ended_at IS NULL AND affiliation.status <> 'proposed'"))
        .select((Row::as_select(), SubscriberRow::as_select()))
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
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
    listed = match (place, backwards) {
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
    let who: Vec<&str> =
        lines.iter().map(|(row, _)| row.affiliation.subscriber_id.as_str()).collect();
    let with_factor: BTreeSet<String> = factor::table
        .filter(factor::subscriber_id.eq_any(who))
        .select(factor::subscriber_id)
        .distinct()
        .load::<String>(conn)?
        .into_iter()
        .collect();
    let line = |(row, person): Line| {
        let key = row.affiliation.id.clone();
        let read = Reading { table: "affiliation", row: &key };
        let record = AffiliationRecord::try_from(row.affiliation)?;
        let person = Subscriber::try_from(person)?;
        Ok(PersonLine {
            affiliation: record.id,
            has_factor: with_factor.contains(person.id.as_str()),
            status: record.status,
            account: person.status,
            last_used_at: person
                .last_sign_in_at
                .map_or(person.activated_at, |at| at.max(person.activated_at)),
            administrator: record.administrator,
            roles: record.roles,
            subscriber: person.id,
            given_name: person.given_name,
            family_name: person.family_name,
            user_id: person.user_id,
            last_sign_in_at: person.last_sign_in_at,
            access_level: record.access_level,
            tax_ids: record.tax_ids.as_ref().map(BTreeSet::len),
            looked_at: LookedAt {
                since: record.since,
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
pub(super) fn waits(review: Review) -> _ {
    let opened: i64 = millis(review.opens_at());
    let day: String = review.opens_at().date_naive().to_string();
    let never = affiliation::reviewed_at.is_null();
    affiliation::since.lt(day).and(never.or(affiliation::reviewed_at.lt(opened)))
}

/// An affiliation with what its list is sorted by, and who looked at it in a review.
#[derive(Queryable, Selectable)]
#[diesel(table_name = affiliation)]
struct Row {
    #[diesel(embed)]
    affiliation: AffiliationRow,
    reviewed_at: Option<i64>,
    reviewed_by: Option<String>,
    sort_key: String,
}

impl Row {
    /// Where it stands in the list.
    fn place(&self) -> (&str, &str) {
        (&self.sort_key, &self.affiliation.id)
    }
}
