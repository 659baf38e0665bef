//! Nominations: people who are to become Subscribers. None of them has an account by it yet.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        affiliation::AccessLevel,
        nomination::{IdentityCheck, Keys, LASTS, Nomination, Nominee, State},
        npi::Npi,
        rights::TaxIdSubset,
        role::Role,
        subscriber::{EmailAddress, UserId},
    },
    ids::{NominationId, OrganizationId, SubscriberId, TaxIdId},
    secret::SecretDigest,
};
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::first_for_update,
    schema::{nomination, subscriber},
};

/// How many nominations a page of the list has.
pub const PAGE: i64 = 25;

/// A nomination with what its activation makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NominationRecord {
    /// How far it is.
    pub nomination: Nomination,
    /// Where the link went.
    pub email: EmailAddress,
    /// The person's NPI.
    pub npi: Option<Npi>,
    /// The list with which it came.
    pub roster: Option<String>,
    /// The rest.
    pub details: Details,
}

/// Who is nominated to do what, and how the Administrator knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// Work telephone, where they gave one themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The language that is mailed to them, and that their account begins with (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What they do.
    pub roles: BTreeSet<Role>,
    /// Professions or duties within the roles.
    pub role_details: BTreeSet<String>,
    /// How much of the community they may use.
    pub access_level: AccessLevel,
    /// The Tax IDs that they may use; `None`: all of the organization's.
    pub tax_ids: Option<BTreeSet<TaxIdId>>,
    /// Why they are given a sensitive role.
    pub reason: Option<String>,
    /// Whether they are the organization's first Administrator.
    pub administrator: bool,
    /// How it was made sure who they are; `None` where Hilum did so itself.
    pub identity: Option<Checked>,
}

/// How an Administrator made sure who somebody is (R13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The code of a [`VerifiedBy`](idp_core::community::nomination::VerifiedBy).
    pub by: String,
    /// What there is to say about it.
    pub note: Option<String>,
    /// Who made sure.
    pub checked_by: SubscriberId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Details {
    /// What an Administrator typed, on a page in this language.
    #[must_use]
    pub fn of(nominee: &Nominee, language: Option<&str>) -> Self {
        let rights = &nominee.rights;
        let IdentityCheck { by, note, checked_by, at } = nominee.identity.clone();
        Self {
            given_name: nominee.given_name.clone(),
            family_name: nominee.family_name.clone(),
            phone: None,
            language: language.map(str::to_owned),
            roles: rights.roles().clone(),
            role_details: rights.role_details().clone(),
            access_level: rights.access_level(),
            tax_ids: match rights.tax_ids() {
                TaxIdSubset::All => None,
                TaxIdSubset::Only(ids) => Some(ids.clone()),
            },
            reason: rights.reason().map(str::to_owned),
            administrator: false,
            identity: Some(Checked { by: by.code().to_owned(), note, checked_by, at }),
        }
    }

    /// First and last name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

/// Which nominations a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Those that came to nothing or were taken over.
    Over,
    /// Those that wait for their nominee.
    Waiting,
}

/// Takes in a new nomination.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody waits already for the same User ID, mailbox, number or
/// account.
pub fn insert(conn: &mut AnyConn, new: &NominationRecord) -> Result<(), StoreError> {
    let of = &new.nomination;
    let columns = Columns::of(&of.state);
    diesel::insert_into(nomination::table)
        .values((
            (
                nomination::id.eq(of.id.as_str()),
                nomination::organization_id.eq(of.organization.as_str()),
                nomination::affiliation_id.eq(of.affiliation.as_str()),
                nomination::subscriber_id.eq(of.subscriber.as_str()),
                nomination::user_id.eq(of.user_id.as_str()),
                nomination::email.eq(new.email.as_str()),
                nomination::email_normalized.eq(new.email.normalized()),
                nomination::npi.eq(new.npi.as_ref().map(Npi::as_str)),
            ),
            (
                nomination::nominated_by.eq(of.nominated_by.as_ref().map(SubscriberId::as_str)),
                nomination::nominated_at.eq(millis(of.nominated_at)),
                nomination::roster_id.eq(new.roster.as_deref()),
                nomination::details.eq(json(&new.details)),
            ),
            columns,
        ))
        .execute(conn)?;
    Ok(())
}

/// Finds a nomination.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &NominationId) -> Result<Option<NominationRecord>, StoreError> {
    let found = nomination::table.find(id.as_str());
    let row: Option<Row> = found.select(Row::as_select()).first(conn).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// Finds a nomination. Nobody else may change it until the transaction ends.
///
/// # Errors
/// [`StoreError`].
pub fn find_for_update(
    conn: &mut AnyConn,
    id: &NominationId,
) -> Result<Option<NominationRecord>, StoreError> {
    let found = nomination::table.find(id.as_str());
    let row: Option<Row> = first_for_update!(conn, found.select(Row::as_select())).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// Whoever waits already for one of these, in whatever organization.
///
/// # Errors
/// [`StoreError`].
pub fn waiting_for(
    conn: &mut AnyConn,
    email: &EmailAddress,
    npi: Option<&Npi>,
) -> Result<Vec<NominationRecord>, StoreError> {
    let mut rows: Vec<Row> = nomination::table
        .filter(nomination::email_normalized.eq(email.normalized()))
        .filter(nomination::state.eq(NOMINATED))
        .select(Row::as_select())
        .load(conn)?;
    if let Some(npi) = npi {
        rows.extend(rows_with(conn, npi)?);
        rows.dedup_by(|a, b| a.id == b.id);
    }
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Whoever waits already with this NPI, in whatever organization.
///
/// # Errors
/// [`StoreError`].
pub fn waiting_with(conn: &mut AnyConn, npi: &Npi) -> Result<Vec<NominationRecord>, StoreError> {
    rows_with(conn, npi)?.into_iter().map(TryInto::try_into).collect()
}

fn rows_with(conn: &mut AnyConn, npi: &Npi) -> QueryResult<Vec<Row>> {
    nomination::table
        .filter(nomination::npi.eq(npi.as_str()))
        .filter(nomination::state.eq(NOMINATED))
        .select(Row::as_select())
        .load(conn)
}

/// Those of `wanted` that somebody has or waits for.
///
/// # Errors
/// [`StoreError`].
pub fn taken_among(conn: &mut AnyConn, wanted: &[UserId]) -> Result<Vec<String>, StoreError> {
    let names = || wanted.iter().map(UserId::as_str);
    let mut taken: Vec<String> = subscriber::table
        .filter(subscriber::user_id.eq_any(names()))
        .select(subscriber::user_id)
        .load(conn)?;
    let waiting: Vec<String> = nomination::table
        .filter(nomination::user_id.eq_any(names()).and(nomination::state.eq(NOMINATED)))
        .select(nomination::user_id)
        .load(conn)?;
    taken.extend(waiting);
    Ok(taken)
}

/// A page of an organization's nominations, the youngest first, beginning after the nomination
/// `after`; one more than a page has, if there are more. `None` if `after` is none of its own.
///
/// # Errors
/// [`StoreError`].
pub fn page(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    shown: Shown,
    after: Option<&NominationId>,
    now: DateTime<Utc>,
) -> Result<Option<Vec<NominationRecord>>, StoreError> {
    let expired = millis(now - LASTS);
    let own = nomination::table.filter(nomination::organization_id.eq(organization.as_str()));
    let mut listed = own.into_boxed();
    if let Some(after) = after {
        let place: Option<i64> = own
            .filter(nomination::id.eq(after.as_str()))
            .select(nomination::nominated_at)
            .first(conn)
            .optional()?;
        let Some(place) = place else { return Ok(None) };
        let before = nomination::nominated_at.lt(place).or(nomination::id.lt(after.as_str()));
        listed = listed.filter(nomination::nominated_at.le(place)).filter(before);
    }
    let waits = nomination::state.eq(NOMINATED).and(nomination::nominated_at.gt(expired));
    listed = match shown {
        Shown::Over => listed.filter(diesel::dsl::not(waits)),
        Shown::Waiting => listed.filter(waits),
    };
    let rows: Vec<Row> = listed
        .order((nomination::nominated_at.desc(), nomination::id.desc()))
        .limit(PAGE + 1)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>().map(Some)
}

/// Those whose time is over although nobody has noted it: some of them.
///
/// # Errors
/// [`StoreError`].
pub fn due(
    conn: &mut AnyConn,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<NominationRecord>, StoreError> {
    let rows: Vec<Row> = nomination::table
        .filter(nomination::state.eq(NOMINATED))
        .filter(nomination::nominated_at.le(millis(now - LASTS)))
        .order(nomination::nominated_at)
        .limit(most)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Those of an organization of which nobody has noted an end: some of them.
///
/// # Errors
/// [`StoreError`].
pub fn open_in(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    most: i64,
) -> Result<Vec<NominationRecord>, StoreError> {
    let rows: Vec<Row> = nomination::table
        .filter(nomination::organization_id.eq(organization.as_str()))
        .filter(nomination::state.eq(NOMINATED))
        .order((nomination::nominated_at, nomination::id))
        .limit(most)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes down how far a nomination is.
///
/// # Errors
/// [`StoreError`].
pub fn save(
    conn: &mut AnyConn,
    changed: &Nomination,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let columns =
        Columns { settled_at: settled_at(&changed.state, now), ..Columns::of(&changed.state) };
    // One that begins anew has its thirty days from then on.
    let since = nomination::nominated_at.eq(millis(changed.nominated_at));
    let row = nomination::table.find(changed.id.as_str());
    diesel::update(row).set((columns, since)).execute(conn)?;
    Ok(())
}

const ACTIVATED: &str = "activated";
const EXPIRED: &str = "expired";
pub(super) const NOMINATED: &str = "nominated";
const WITHDRAWN: &str = "withdrawn";

fn settled_at(state: &State, now: DateTime<Utc>) -> Option<i64> {
    match state {
        State::Activated { at } | State::Withdrawn { at } => Some(millis(*at)),
        State::Expired => Some(millis(now)),
        State::Nominated(_) => None,
    }
}

/// The columns of a state.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = nomination, treat_none_as_null = true)]
struct Columns {
    state: &'static str,
    settled_at: Option<i64>,
    link_digest: Option<Vec<u8>>,
    code_digest: Option<Vec<u8>>,
    code_made_at: Option<i64>,
    failures: i64,
    codes: i64,
}

impl Columns {
    fn of(state: &State) -> Self {
        let name = match state {
            State::Activated { .. } => ACTIVATED,
            State::Expired => EXPIRED,
            State::Nominated(_) => NOMINATED,
            State::Withdrawn { .. } => WITHDRAWN,
        };
        let keys = match state {
            State::Nominated(keys) => Some(keys),
            State::Activated { .. } | State::Expired | State::Withdrawn { .. } => None,
        };
        Self {
            state: name,
            settled_at: None,
            link_digest: keys.map(|keys| keys.link.as_bytes().to_vec()),
            code_digest: keys.map(|keys| keys.code.as_bytes().to_vec()),
            code_made_at: keys.map(|keys| millis(keys.made_at)),
            failures: keys.map_or(0, |keys| i64::from(keys.failures)),
            codes: keys.map_or(0, |keys| i64::from(keys.codes)),
        }
    }
}

/// The table's shape.
#[derive(Queryable, Selectable)]
#[diesel(table_name = nomination)]
struct Row {
    id: String,
    organization_id: String,
    affiliation_id: String,
    subscriber_id: String,
    user_id: String,
    email: String,
    npi: Option<String>,
    nominated_by: Option<String>,
    nominated_at: i64,
    state: String,
    settled_at: Option<i64>,
    link_digest: Option<Vec<u8>>,
    code_digest: Option<Vec<u8>>,
    code_made_at: Option<i64>,
    failures: i64,
    codes: i64,
    roster_id: Option<String>,
    details: String,
}

impl Row {
    fn state(&self, read: Reading<'_>) -> Result<State, StoreError> {
        let settled_at = || {
            let at = read.maybe_at("settled_at", self.settled_at)?;
            at.ok_or_else(|| read.corrupt("settled_at"))
        };
        let digest = |column, bytes: &Option<Vec<u8>>| {
            let digest = bytes.as_deref().and_then(SecretDigest::from_bytes);
            digest.ok_or_else(|| read.corrupt(column))
        };
        match self.state.as_str() {
            ACTIVATED => Ok(State::Activated { at: settled_at()? }),
            EXPIRED => Ok(State::Expired),
            WITHDRAWN => Ok(State::Withdrawn { at: settled_at()? }),
            NOMINATED => Ok(State::Nominated(Keys {
                link: digest("link_digest", &self.link_digest)?,
                code: digest("code_digest", &self.code_digest)?,
                made_at: read
                    .maybe_at("code_made_at", self.code_made_at)?
                    .ok_or_else(|| read.corrupt("code_made_at"))?,
                failures: read.count("failures", self.failures)?,
                codes: read.count("codes", self.codes)?,
            })),
            _ => Err(read.corrupt("state")),
        }
    }
}

impl TryFrom<Row> for NominationRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "nomination", row: &key };
        let state = row.state(read)?;
        Ok(Self {
            nomination: Nomination {
                id: read.parsed("id", row.id)?,
                organization: read.parsed("organization_id", row.organization_id)?,
                affiliation: read.parsed("affiliation_id", row.affiliation_id)?,
                subscriber: read.parsed("subscriber_id", row.subscriber_id)?,
                user_id: read.parsed("user_id", row.user_id)?,
                nominated_by: read.maybe_parsed("nominated_by", row.nominated_by)?,
                nominated_at: read.at("nominated_at", row.nominated_at)?,
                state,
            },
            email: read.parsed("email", row.email)?,
            npi: read.maybe_parsed("npi", row.npi)?,
            roster: row.roster_id,
            details: read.json("details", &row.details)?,
        })
    }
}
