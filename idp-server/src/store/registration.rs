//! Organizations that are to join. A registration is one document that is sealed before it comes
//! here; beside it stands what it is found by.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        field::folded,
        identity_proof::Proofing,
        notary_reference::NotaryReference,
        registration::{Registration, Stage},
        subscriber::EmailAddress,
    },
    ids::{OrganizationId, RegistrationId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, millis},
    schema::registration,
    search::LAST,
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

/// Which registrations a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Those that somebody with this address began.
    Email(EmailAddress),
    /// Those of an organization, or of a person, whose folded name begins so.
    Name(String),
    /// Those for one of these numbers.
    Numbers(Vec<Fingerprint>),
    /// Those at one of the stages with these [codes](Stage::code).
    Stages(Vec<&'static str>),
}

/// At most `limit` registrations that are sought, which have waited the longest first; the list goes
/// on after `after`.
///
/// # Errors
/// [`StoreError`].
pub fn list(
    conn: &mut AnyConn,
    sought: &Sought,
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<Sealed>, StoreError> {
    let (at, id) = after.map_or((i64::MIN, ""), |(at, id)| (millis(*at), id.as_str()));
    let all = registration::table.into_boxed();
    let found = match sought {
        Sought::Email(email) => all.filter(registration::email_normalized.eq(email.normalized())),
        Sought::Name(prefix) => {
            // Whoever is spoken of as "Ada Birch" is kept as "birch ada".
            let spoken = match prefix.rsplit_once(' ') {
                Some((given, family)) => format!("{family} {given}"),
                None => prefix.clone(),
            };
            let behind = |prefix: &str| format!("{prefix}{LAST}");
            let name = registration::name_key
                .ge(prefix.clone())
                .and(registration::name_key.lt(behind(prefix)));
            let person = registration::registrant_key
                .ge(prefix.clone())
                .and(registration::registrant_key.lt(behind(prefix)));
            let turned = registration::registrant_key
                .lt(behind(&spoken))
                .and(registration::registrant_key.ge(spoken));
            all.filter(name.or(person).or(turned))
        }
        Sought::Numbers(numbers) => {
            let numbers = numbers.iter().map(|number| number.as_slice());
            all.filter(registration::fingerprint.eq_any(numbers))
        }
        Sought::Stages(stages) => all.filter(registration::stage.eq_any(stages)),
    };
    let rows: Vec<(String, Vec<u8>)> = found
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
    name_key: String,
    registrant_key: String,
}

impl<'a> From<&Filed<'a>> for Row<'a> {
    fn from(filed: &Filed<'a>) -> Self {
        let Registration { id, contact, registrant, started_at, moved_at, stage, told, .. } =
            filed.registration;
        let name = told.as_ref().map(|told| folded(&told.name));
        let person = [&*contact.family_name, &contact.given_name].join(" ");
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
            name_key: name.unwrap_or_default(),
            registrant_key: folded(&person),
        }
    }
}
