//! Requests of people who want to act for an organization. What somebody typed is kept until it is
//! answered, and no longer.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        access_request::{AccessRequest, LASTS, State, Wish},
        affiliation::AccessLevel,
        subscriber::{EmailAddress, UserId},
    },
    ids::{AccessRequestId, NominationId, OrganizationId},
};
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::first_for_update,
    schema::access_request,
};

/// How many requests a list shows.
const SHOWN: i64 = 100;

/// Takes in a new request.
///
/// # Errors
/// [`StoreError`].
pub fn insert(conn: &mut AnyConn, new: &AccessRequest) -> Result<(), StoreError> {
    let (state, details) = columns(&new.state);
    diesel::insert_into(access_request::table)
        .values((
            access_request::id.eq(new.id.as_str()),
            access_request::organization_id.eq(new.organization.as_str()),
            access_request::asked_at.eq(millis(new.asked_at)),
            access_request::state.eq(state),
            access_request::details.eq(details),
        ))
        .execute(conn)?;
    Ok(())
}

/// Finds a request of this organization. Nobody else may change it until the transaction ends.
///
/// # Errors
/// [`StoreError`].
pub fn find_for_update(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    id: &AccessRequestId,
) -> Result<Option<AccessRequest>, StoreError> {
    let own = access_request::table
        .find(id.as_str())
        .filter(access_request::organization_id.eq(organization.as_str()));
    let row: Option<Row> = first_for_update!(conn, own.select(Row::as_select())).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// Finds a request of this organization.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    id: &AccessRequestId,
) -> Result<Option<AccessRequest>, StoreError> {
    let own = access_request::table
        .find(id.as_str())
        .filter(access_request::organization_id.eq(organization.as_str()));
    let row: Option<Row> = own.select(Row::as_select()).first(conn).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// The requests that wait for this organization, the youngest first: whoever floods it hides nobody
/// who asks after that. At most a hundred.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    now: DateTime<Utc>,
) -> Result<Vec<AccessRequest>, StoreError> {
    let rows: Vec<Row> = access_request::table
        .filter(access_request::organization_id.eq(organization.as_str()))
        .filter(access_request::state.eq(WAITING))
        .filter(access_request::asked_at.gt(millis(now - LASTS)))
        .order((access_request::asked_at.desc(), access_request::id))
        .limit(SHOWN)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Those whose time is over although nobody has noted it: some of them.
///
/// # Errors
/// [`StoreError`].
pub fn due(
    conn: &mut AnyConn,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<AccessRequest>, StoreError> {
    let rows: Vec<Row> = access_request::table
        .filter(access_request::state.eq(WAITING))
        .filter(access_request::asked_at.le(millis(now - LASTS)))
        .order(access_request::asked_at)
        .limit(most)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Those that an organization has not answered: some of them.
///
/// # Errors
/// [`StoreError`].
pub fn open_in(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    most: i64,
) -> Result<Vec<AccessRequest>, StoreError> {
    let rows: Vec<Row> = access_request::table
        .filter(access_request::organization_id.eq(organization.as_str()))
        .filter(access_request::state.eq(WAITING))
        .order((access_request::asked_at, access_request::id))
        .limit(most)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes down how a request was answered, and forgets what was typed. `false` if it was answered
/// meanwhile.
///
/// # Errors
/// [`StoreError`].
pub fn answer(
    conn: &mut AnyConn,
    answered: &AccessRequest,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let (state, details) = columns(&answered.state);
    let waits =
        access_request::table.find(answered.id.as_str()).filter(access_request::state.eq(WAITING));
    let written = diesel::update(waits)
        .set((
            access_request::state.eq(state),
            access_request::answered_at.eq(millis(now)),
            access_request::details.eq(details),
        ))
        .execute(conn)?;
    Ok(written == 1)
}

const DECLINED: &str = "declined";
const EXPIRED: &str = "expired";
const NOMINATED: &str = "nominated";
const WAITING: &str = "waiting";

fn columns(state: &State) -> (&'static str, String) {
    match state {
        State::Declined => (DECLINED, "{}".to_owned()),
        State::Expired => (EXPIRED, "{}".to_owned()),
        State::Nominated(id) => (NOMINATED, json(&Answered { nomination: id.clone() })),
        State::Waiting(wish) => (WAITING, json(&Kept::from(wish.as_ref()))),
    }
}

/// What is kept of a request that led to a nomination.
#[derive(Serialize, Deserialize)]
struct Answered {
    nomination: Option<NominationId>,
}

/// What somebody typed.
#[derive(Serialize, Deserialize)]
struct Kept {
    given_name: String,
    family_name: String,
    email: EmailAddress,
    phone: String,
    address: String,
    user_id: Option<UserId>,
    access_level: AccessLevel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

impl From<&Wish> for Kept {
    fn from(wish: &Wish) -> Self {
        Self {
            given_name: wish.given_name.clone(),
            family_name: wish.family_name.clone(),
            email: wish.email.clone(),
            phone: wish.phone.clone(),
            address: wish.address.clone(),
            user_id: wish.user_id.clone(),
            access_level: wish.access_level,
            language: wish.language.clone(),
        }
    }
}

impl From<Kept> for Wish {
    fn from(kept: Kept) -> Self {
        Self {
            given_name: kept.given_name,
            family_name: kept.family_name,
            email: kept.email,
            phone: kept.phone,
            address: kept.address,
            user_id: kept.user_id,
            access_level: kept.access_level,
            language: kept.language,
        }
    }
}

/// The table's shape.
#[derive(Queryable, Selectable)]
#[diesel(table_name = access_request)]
struct Row {
    id: String,
    organization_id: String,
    asked_at: i64,
    state: String,
    details: String,
}

impl TryFrom<Row> for AccessRequest {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "access_request", row: &key };
        let state = match row.state.as_str() {
            DECLINED => State::Declined,
            EXPIRED => State::Expired,
            NOMINATED => {
                let answered: Answered = read.json("details", &row.details)?;
                State::Nominated(answered.nomination)
            }
            WAITING => {
                let kept: Kept = read.json("details", &row.details)?;
                State::Waiting(Box::new(kept.into()))
            }
            _ => return Err(read.corrupt("state")),
        };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            organization: read.parsed("organization_id", row.organization_id)?,
            asked_at: read.at("asked_at", row.asked_at)?,
            state,
        })
    }
}
