//! Lists of people that Administrators import. A file is sealed before it comes here, and is gone
//! when it is imported; what was done stays as long as it may be taken back, and a while longer.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::roster::{Summary, TakenBack},
    ids::{AffiliationId, NominationId, OrganizationId, RosterImportId, SubscriberId},
};
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    affiliation::AffiliationRecord,
    column::{Reading, json, millis},
    connection::first_for_update,
    schema::roster_import,
};

/// How many imports a page shows.
const SHOWN: i64 = 20;

/// A list of people, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterImport {
    /// Which.
    pub id: RosterImportId,
    /// Whose people.
    pub organization: OrganizationId,
    /// Who uploaded it.
    pub uploaded_by: SubscriberId,
    /// When.
    pub uploaded_at: DateTime<Utc>,
    /// How far it is.
    pub stage: Stage,
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It was looked at, and nothing was done yet.
    Uploaded {
        /// The file, sealed.
        file: Vec<u8>,
    },
    /// It was done.
    Imported {
        /// When.
        at: DateTime<Utc>,
        /// How much.
        summary: Summary,
        /// What was done with each row.
        done: Vec<Done>,
        /// When it was taken back, and how much of it.
        undone: Option<(DateTime<Utc>, TakenBack)>,
    },
}

/// What was done with one row, as it is kept for taking it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// This was offered.
    Asked(AffiliationId),
    /// This was changed.
    Changed {
        /// How it was.
        before: Box<AffiliationRecord>,
        /// How it was left.
        after: Box<AffiliationRecord>,
    },
    /// Somebody was nominated.
    Nominated(NominationId),
}

/// Takes in a list that waits to be looked at.
///
/// # Errors
/// [`StoreError`].
pub fn insert(conn: &mut AnyConn, new: &RosterImport) -> Result<(), StoreError> {
    let file = match &new.stage {
        Stage::Uploaded { file } => Some(file.as_slice()),
        Stage::Imported { .. } => None,
    };
    diesel::insert_into(roster_import::table)
        .values((
            roster_import::id.eq(new.id.as_str()),
            roster_import::organization_id.eq(new.organization.as_str()),
            roster_import::uploaded_by.eq(new.uploaded_by.as_str()),
            roster_import::uploaded_at.eq(millis(new.uploaded_at)),
            roster_import::file.eq(file),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets what somebody uploaded for this organization and did not import: one list at a time is
/// looked at.
///
/// # Errors
/// [`StoreError`].
pub fn forget_uploads(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    by: &SubscriberId,
) -> Result<(), StoreError> {
    let waiting = roster_import::table
        .filter(roster_import::organization_id.eq(organization.as_str()))
        .filter(roster_import::uploaded_by.eq(by.as_str()))
        .filter(roster_import::imported_at.is_null());
    diesel::delete(waiting).execute(conn)?;
    Ok(())
}

/// Finds a list of this organization. Nobody else may change it until the transaction ends.
///
/// # Errors
/// [`StoreError`].
pub fn find_for_update(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    id: &RosterImportId,
) -> Result<Option<RosterImport>, StoreError> {
    let own = roster_import::table
        .find(id.as_str())
        .filter(roster_import::organization_id.eq(organization.as_str()));
    let row: Option<Row> = first_for_update!(conn, own.select(Row::as_select())).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// What an organization imported, the youngest first: which, when, how much, and when it was taken
/// back.
///
/// # Errors
/// [`StoreError`].
pub fn imported_by(
    conn: &mut AnyConn,
    organization: &OrganizationId,
) -> Result<Vec<RosterImport>, StoreError> {
    let rows: Vec<Row> = roster_import::table
        .filter(roster_import::organization_id.eq(organization.as_str()))
        .filter(roster_import::imported_at.is_not_null())
        .order((roster_import::uploaded_at.desc(), roster_import::id.desc()))
        .limit(SHOWN)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes down what was done with a list; its file is gone then.
///
/// # Errors
/// [`StoreError`].
pub fn imported(
    conn: &mut AnyConn,
    id: &RosterImportId,
    (summary, done): (&Summary, &[Done]),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(roster_import::table.find(id.as_str()))
        .set((
            roster_import::file.eq(None::<Vec<u8>>),
            roster_import::imported_at.eq(millis(now)),
            roster_import::summary.eq(json(summary)),
            roster_import::applied.eq(json(&done)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes down that an import was taken back.
///
/// # Errors
/// [`StoreError`].
pub fn undone(
    conn: &mut AnyConn,
    id: &RosterImportId,
    taken_back: &TakenBack,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(roster_import::table.find(id.as_str()))
        .set((
            roster_import::undone_at.eq(millis(now)),
            roster_import::taken_back.eq(json(taken_back)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets what was uploaded before `uploads` and never imported, and what was imported before
/// `imports`.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(
    conn: &mut AnyConn,
    uploads: DateTime<Utc>,
    imports: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let left =
        roster_import::uploaded_at.lt(millis(uploads)).and(roster_import::imported_at.is_null());
    let old = roster_import::uploaded_at.lt(millis(imports));
    Ok(diesel::delete(roster_import::table.filter(left.or(old))).execute(conn)?)
}

/// The table's shape.
#[derive(Queryable, Selectable)]
#[diesel(table_name = roster_import)]
struct Row {
    id: String,
    organization_id: String,
    uploaded_by: String,
    uploaded_at: i64,
    file: Option<Vec<u8>>,
    imported_at: Option<i64>,
    summary: Option<String>,
    applied: Option<String>,
    undone_at: Option<i64>,
    taken_back: Option<String>,
}

impl TryFrom<Row> for RosterImport {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "roster_import", row: &key };
        let undone_at = read.maybe_at("undone_at", row.undone_at)?;
        let taken_back = row.taken_back.map(|text| read.json("taken_back", &text)).transpose()?;
        let stage = match (row.file, read.maybe_at("imported_at", row.imported_at)?) {
            (Some(file), None) => Stage::Uploaded { file },
            (_, Some(at)) => Stage::Imported {
                at,
                summary: read.json("summary", &row.summary.unwrap_or_default())?,
                done: read.json("applied", &row.applied.unwrap_or_default())?,
                undone: undone_at.zip(taken_back),
            },
            (None, None) => return Err(read.corrupt("file")),
        };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            organization: read.parsed("organization_id", row.organization_id)?,
            uploaded_by: read.parsed("uploaded_by", row.uploaded_by)?,
            uploaded_at: read.at("uploaded_at", row.uploaded_at)?,
            stage,
        })
    }
}
