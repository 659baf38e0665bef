//! Organizations that are to join. A registration is one document that is sealed before it comes
//! here; beside it stands what it is found by.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        identity_proof::Proofing,
        notary_reference::NotaryReference,
        registration::{Registration, Stage},
    },
    ids::{OrganizationId, RegistrationId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    schema::registration,
    tax_id::Fingerprint,
};

/// A registration to be stored.
pub struct Filed<'a> {
    /// The registration.
    pub registration: &'a Registration,
    /// What keeps its number unique, once it has one.
    pub fingerprint: Option<&'a Fingerprint>,
    /// All of it, sealed.
    pub document: &'a [u8],
}

/// A registration as it lies here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Which.
    pub id: RegistrationId,
    /// All of it, sealed.
    pub document: Vec<u8>,
}

/// Takes in a new registration.
///
/// # Errors
/// [`StoreError`].
pub fn insert(conn: &mut AnyConn, new: &Filed<'_>) -> Result<(), StoreError> {
    diesel::insert_into(registration::table).values(Row::from(new)).execute(conn)?;
    Ok(())
}

/// Writes down how far it is now.
///
/// # Errors
/// [`StoreError`].
pub fn update(conn: &mut AnyConn, changed: &Filed<'_>) -> Result<(), StoreError> {
    let row = Row::from(changed);
    diesel::update(registration::table.find(row.id.clone())).set(row).execute(conn)?;
    Ok(())
}

/// Forgets it: what is erased leaves nothing here.
///
/// # Errors
/// [`StoreError`].
pub fn remove(conn: &mut AnyConn, id: &RegistrationId) -> Result<(), StoreError> {
    diesel::delete(registration::table.find(id.as_str())).execute(conn)?;
    Ok(())
}

/// Finds the registration with this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &RegistrationId) -> Result<Option<Sealed>, StoreError> {
    let row: Option<(String, Vec<u8>)> = registration::table
        .find(id.as_str())
        .select((registration::id, registration::document))
        .first(conn)
        .optional()?;
    row.map(sealed).transpose()
}

/// The same, and nobody else may decide about it until the transaction ends. Inside
/// [`super::Database::write`] only.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update(
    conn: &mut AnyConn,
    id: &RegistrationId,
) -> Result<Option<Sealed>, StoreError> {
    let found =
        registration::table.find(id.as_str()).select((registration::id, registration::document));
    let row: Option<(String, Vec<u8>)> = match conn {
        AnyConn::Pg(c) => found.for_update().first(c),
        // The transaction holds the only write lock.
        AnyConn::Sqlite(c) => found.first(c),
    }
    .optional()?;
    row.map(sealed).transpose()
}

/// The registration whose form before a notary has this number.
///
/// # Errors
/// [`StoreError`].
pub fn by_notary_reference(
    conn: &mut AnyConn,
    reference: &NotaryReference,
) -> Result<Option<Sealed>, StoreError> {
    let row: Option<(String, Vec<u8>)> = registration::table
        .filter(registration::notary_reference.eq(reference.as_str()))
        .select((registration::id, registration::document))
        .first(conn)
        .optional()?;
    row.map(sealed).transpose()
}

/// Where a list goes on: after the registration that last moved then.
pub type After = (DateTime<Utc>, RegistrationId);

/// At most `limit` registrations at the stage with this [code](Stage::code), which have waited the
/// longest first.
///
/// # Errors
/// [`StoreError`].
pub fn at_stage(
    conn: &mut AnyConn,
    stage: &str,
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<Sealed>, StoreError> {
    let (at, id) = after.map_or((i64::MIN, ""), |(at, id)| (millis(*at), id.as_str()));
    let rows: Vec<(String, Vec<u8>)> = registration::table
        .filter(registration::stage.eq(stage))
        .filter(
            registration::moved_at
                .gt(at)
                .or(registration::moved_at.eq(at).and(registration::id.gt(id))),
        )
        .order((registration::moved_at, registration::id))
        .limit(limit)
        .select((registration::id, registration::document))
        .load(conn)?;
    rows.into_iter().map(sealed).collect()
}

/// At most `limit` registrations that nobody has moved since `before`, among those that the
/// registrant was to move or that came to nothing.
///
/// # Errors
/// [`StoreError`].
pub fn not_moved_since(
    conn: &mut AnyConn,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<RegistrationId>, StoreError> {
    let kept = ["approved", "review", "waiting"];
    let rows: Vec<String> = registration::table
        .filter(registration::moved_at.le(millis(before)))
        .filter(registration::stage.ne_all(kept))
        .order((registration::moved_at, registration::id))
        .limit(limit)
        .select(registration::id)
        .load(conn)?;
    rows.into_iter().map(|id| read_id(&id)).collect()
}

fn sealed((id, document): (String, Vec<u8>)) -> Result<Sealed, StoreError> {
    Ok(Sealed { id: read_id(&id)?, document })
}

fn read_id(id: &str) -> Result<RegistrationId, StoreError> {
    Reading { table: "registration", row: id }.parsed("id", id.to_owned())
}

/// The table's shape.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = registration, treat_none_as_null = true)]
struct Row<'a> {
    id: String,
    stage: &'static str,
    started_at: i64,
    moved_at: i64,
    email_normalized: String,
    registrant: Option<String>,
    organization_id: Option<String>,
    fingerprint: Option<&'a [u8]>,
    notary_reference: Option<String>,
    document: &'a [u8],
}

impl<'a> From<&Filed<'a>> for Row<'a> {
    fn from(filed: &Filed<'a>) -> Self {
        let Registration { id, contact, registrant, started_at, moved_at, stage, .. } =
            filed.registration;
        let organization =
            if let Stage::Approved(organization) = stage { Some(organization) } else { None };
        let reference = match filed.registration.proofing() {
            Some(Proofing::AtNotary { reference, .. }) => Some(reference.as_str().to_owned()),
            Some(Proofing::Due { .. } | Proofing::Proved(_)) | None => None,
        };
        Self {
            id: id.to_string(),
            stage: stage.code(),
            started_at: millis(*started_at),
            moved_at: millis(*moved_at),
            email_normalized: contact.email.normalized(),
            registrant: registrant.as_ref().map(SubscriberId::to_string),
            organization_id: organization.map(OrganizationId::to_string),
            fingerprint: filed.fingerprint.map(<[u8; 32]>::as_slice),
            notary_reference: reference,
            document: filed.document,
        }
    }
}
