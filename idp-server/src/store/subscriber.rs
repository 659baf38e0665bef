//! Subscribers and their password hashes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        account_life::{State, SuspendedBy},
        affiliation::AffiliationStatus,
        field::folded,
        npi::Npi,
        subscriber::{AccountStatus, EmailAddress, Subscriber, UserId},
    },
    ids::{OrganizationId, SubscriberId},
};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, json, millis},
    connection::on_either,
    prepared::Prepared,
    schema::{self, subscriber},
};

/// How a row says that Support stopped the account.
const SUPPORT: &str = "support";

/// A person and what a sign-in needs beside.
#[derive(Clone, Debug)]
pub struct Account {
    /// The person.
    pub subscriber: Subscriber,
    /// The password's Argon2id hash as a PHC string; none before activation.
    pub password_hash: Option<String>,
}

/// Finds the person with this User ID, with what a sign-in needs.
///
/// # Errors
/// [`StoreError`].
pub fn for_sign_in(conn: &mut AnyConn, name: &str) -> Result<Option<Account>, StoreError> {
    let found = subscriber::table.filter(subscriber::user_id.eq(name));
    let row: Option<(Row, Option<String>)> = on_either!(conn, c => {
        found.select((Row::as_select(), subscriber::password_hash)).first(c)
    })
    .optional()?;
    row.map(|(row, password_hash)| Ok(Account { subscriber: row.try_into()?, password_hash }))
        .transpose()
}

/// Finds the person with this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &SubscriberId) -> Result<Option<Subscriber>, StoreError> {
    let row: Option<Row> =
        subscriber::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// The same, so that nobody else decides about the person until the transaction ends. SQLite has one
/// writer at a time anyway.
///
/// # Errors
/// [`StoreError`].
pub fn load_for_update(
    conn: &mut AnyConn,
    id: &SubscriberId,
) -> Result<Option<Subscriber>, StoreError> {
    let found = subscriber::table.find(id.as_str());
    let row: Option<Row> = match conn {
        AnyConn::Pg(c) => found.select(Row::as_select()).for_update().first(c),
        AnyConn::Sqlite(c) => found.select(Row::as_select()).first(c),
    }
    .optional()?;
    row.map(TryInto::try_into).transpose()
}

/// Whoever has this User ID.
///
/// # Errors
/// [`StoreError`].
pub fn find_by_user_id(
    conn: &mut AnyConn,
    user_id: &UserId,
) -> Result<Option<Subscriber>, StoreError> {
    let found = subscriber::table
        .filter(subscriber::user_id.eq(user_id.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    found.map(Subscriber::try_from).transpose()
}

/// Finds the person whose address this is.
///
/// # Errors
/// [`StoreError`].
pub fn by_email(
    conn: &mut AnyConn,
    address: &EmailAddress,
) -> Result<Option<Subscriber>, StoreError> {
    let row: Option<Row> = subscriber::table
        .filter(subscriber::email_normalized.eq(address.normalized()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(TryInto::try_into).transpose()
}

/// Whose NPI this is.
///
/// # Errors
/// [`StoreError`].
pub fn by_npi(conn: &mut AnyConn, npi: &Npi) -> Result<Option<SubscriberId>, StoreError> {
    let found: Option<String> = subscriber::table
        .filter(subscriber::npi.eq(npi.as_str()))
        .select(subscriber::id)
        .first(conn)
        .optional()?;
    let read = Reading { table: "subscriber", row: "npi" };
    found.map(|id| read.parsed("id", id)).transpose()
}

/// Who is an Administrator of this organization by an affiliation that is active, whatever the
/// state of their account.
///
/// # Errors
/// [`StoreError`].
pub fn administrators_of(
    conn: &mut AnyConn,
    organization: &OrganizationId,
) -> Result<Vec<Subscriber>, StoreError> {
    use schema::affiliation;

    // Two statements: in one of them PostgreSQL expects of a large organization as many
    // Administrators as it has people in proportion, and reads everybody that there is.
    let administer: Vec<String> = affiliation::table
        .filter(affiliation::organization_id.eq(organization.as_str()))
        .filter(affiliation::administrator)
        .filter(affiliation::status.eq(code(&AffiliationStatus::Active)))
        .select(affiliation::subscriber_id)
        .load(conn)?;
    let rows: Vec<Row> = subscriber::table
        .filter(subscriber::id.eq_any(administer))
        .select(Row::as_select())
        .order(subscriber::id)
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Finds the person with this identifier, with what a sign-in needs.
///
/// # Errors
/// [`StoreError`].
pub fn for_sign_in_by_id(
    conn: &mut AnyConn,
    id: &SubscriberId,
) -> Result<Option<Account>, StoreError> {
    let row: Option<(Row, Option<String>)> = subscriber::table
        .find(id.as_str())
        .select((Row::as_select(), subscriber::password_hash))
        .first(conn)
        .optional()?;
    row.map(|(row, password_hash)| Ok(Account { subscriber: row.try_into()?, password_hash }))
        .transpose()
}

/// Takes in a new person, without a password.
///
/// # Errors
/// [`StoreError::Conflict`] if User ID, mail address or NPI belong to another account.
pub fn insert(conn: &mut AnyConn, new: &Subscriber) -> Result<(), StoreError> {
    diesel::insert_into(subscriber::table)
        .values((Row::from(new), subscriber::name_key.eq(name_key(new))))
        .execute(conn)?;
    Ok(())
}

/// Writes down what changed about a person, except the User ID, which is for life (R59), and the
/// sign-ins. `false` if there is nobody with this identifier.
///
/// # Errors
/// [`StoreError::Conflict`] if mail address or NPI belong to another account.
pub fn update(conn: &mut AnyConn, changed: &Subscriber) -> Result<bool, StoreError> {
    let row = Row::from(changed);
    let changes = (
        (
            subscriber::given_name.eq(row.given_name),
            subscriber::family_name.eq(row.family_name),
            subscriber::email.eq(row.email),
            subscriber::email_normalized.eq(row.email_normalized),
            subscriber::email_verified.eq(row.email_verified),
            subscriber::phone_number.eq(row.phone_number),
            subscriber::phone_number_verified.eq(row.phone_number_verified),
        ),
        (
            subscriber::npi.eq(row.npi),
            subscriber::profile.eq(row.profile),
            subscriber::status.eq(row.status),
            subscriber::activated_at.eq(row.activated_at),
            subscriber::demo.eq(row.demo),
            subscriber::updated_at.eq(row.updated_at),
            subscriber::name_key.eq(name_key(changed)),
        ),
    );
    let found = subscriber::table.find(changed.id.as_str());
    let updated = diesel::update(found).set(changes).execute(conn)? == 1;
    super::affiliation::sort_anew(conn, &changed.id)?;
    Ok(updated)
}

/// Up to `limit` people behind `after` whose account is active and was neither activated nor used
/// since `before`, by identifier.
///
/// # Errors
/// [`StoreError`].
pub fn unused_since(
    conn: &mut AnyConn,
    before: DateTime<Utc>,
    after: Option<&SubscriberId>,
    limit: i64,
) -> Result<Vec<SubscriberId>, StoreError> {
    let before = millis(before);
    let found: Vec<String> = subscriber::table
        .filter(subscriber::status.eq(code(&AccountStatus::Active)))
        .filter(subscriber::activated_at.le(before))
        .filter(subscriber::last_sign_in_at.is_null().or(subscriber::last_sign_in_at.le(before)))
        .filter(subscriber::id.gt(after.map_or("", SubscriberId::as_str)))
        .order(subscriber::id)
        .limit(limit)
        .select(subscriber::id)
        .load(conn)?;
    let id = |text: String| Reading { table: "subscriber", row: &text.clone() }.parsed("id", text);
    found.into_iter().map(id).collect()
}

/// Up to `limit` people with an active account behind `after`, by identifier, who chose their password
/// between these two moments, the second not included; with when they did.
///
/// # Errors
/// [`StoreError`].
pub fn password_of_between(
    conn: &mut AnyConn,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    after: Option<&(SubscriberId, DateTime<Utc>)>,
    limit: i64,
) -> Result<Vec<(SubscriberId, DateTime<Utc>)>, StoreError> {
    let found: Vec<(String, Option<i64>)> = subscriber::table
        .filter(subscriber::status.eq(code(&AccountStatus::Active)))
        .filter(subscriber::password_changed_at.ge(millis(from)))
        .filter(subscriber::password_changed_at.lt(millis(to)))
        .filter(subscriber::id.gt(after.map_or("", |(id, _)| id.as_str())))
        .order(subscriber::id)
        .limit(limit)
        .select((subscriber::id, subscriber::password_changed_at))
        .load(conn)?;
    found
        .into_iter()
        .map(|(id, at)| {
            let read = Reading { table: "subscriber", row: &id };
            let at = read.at("password_changed_at", at.unwrap_or_default())?;
            Ok((read.parsed("id", id.clone())?, at))
        })
        .collect()
}

/// Who stopped an account, where somebody did.
///
/// # Errors
/// [`StoreError`].
pub fn suspended_by(
    conn: &mut AnyConn,
    id: &SubscriberId,
) -> Result<Option<SuspendedBy>, StoreError> {
    let by: Option<Option<String>> = subscriber::table
        .find(id.as_str())
        .select(subscriber::suspended_by)
        .first(conn)
        .optional()?;
    by.flatten()
        .map(|by| match by.as_str() {
            SUPPORT => Ok(SuspendedBy::Support),
            _ => Reading { table: "subscriber", row: id.as_str() }
                .parsed("suspended_by", by)
                .map(SuspendedBy::Administrator),
        })
        .transpose()
}

/// Writes down how an account stands (domain 4.5).
///
/// # Errors
/// [`StoreError`].
pub fn set_state(
    conn: &mut AnyConn,
    id: &SubscriberId,
    state: &State,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let by = match state {
        State::Suspended(SuspendedBy::Administrator(organization)) => {
            Some(organization.as_str().to_owned())
        }
        State::Suspended(SuspendedBy::Support) => Some(SUPPORT.to_owned()),
        State::Active | State::Closed | State::Dormant | State::Terminated => None,
    };
    diesel::update(subscriber::table.find(id.as_str()))
        .set((
            subscriber::status.eq(code(&state.status())),
            subscriber::suspended_by.eq(by),
            subscriber::updated_at.eq(millis(now)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes down that an account came into use, or back into use: dormancy counts from here (R28).
///
/// # Errors
/// [`StoreError`].
pub fn activate(
    conn: &mut AnyConn,
    id: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    set_state(conn, id, &State::Active, now)?;
    diesel::update(subscriber::table.find(id.as_str()))
        .set(subscriber::activated_at.eq(millis(now)))
        .execute(conn)?;
    Ok(())
}

/// When the person last proved the mailbox on file (R71).
///
/// # Errors
/// [`StoreError`].
pub fn mailbox_proved_at(
    conn: &mut AnyConn,
    id: &SubscriberId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<Option<i64>> = subscriber::table
        .find(id.as_str())
        .select(subscriber::mailbox_proved_at)
        .first(conn)
        .optional()?;
    Reading { table: "subscriber", row: id.as_str() }.maybe_at("mailbox_proved_at", at.flatten())
}

/// Writes down that the person proved the mailbox on file.
///
/// # Errors
/// [`StoreError`].
pub fn mailbox_proved(
    conn: &mut AnyConn,
    id: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(subscriber::table.find(id.as_str()))
        .set(subscriber::mailbox_proved_at.eq(millis(now)))
        .execute(conn)?;
    Ok(())
}

/// Writes down that the address on file is the person's: they read a code there.
///
/// # Errors
/// [`StoreError`].
pub fn email_proved(
    conn: &mut AnyConn,
    id: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(subscriber::table.find(id.as_str()))
        .set((subscriber::email_verified.eq(true), subscriber::mailbox_proved_at.eq(millis(now))))
        .execute(conn)?;
    Ok(())
}

/// Stores the hash of a new password, or of the same one under newer parameters.
///
/// # Errors
/// [`StoreError`].
pub fn set_password(
    conn: &mut AnyConn,
    id: &SubscriberId,
    hash: &str,
    changed_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(subscriber::table.find(id.as_str()))
        .set((
            subscriber::password_hash.eq(hash),
            subscriber::password_changed_at.eq(millis(changed_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes a password away that was set at `since` or later; then the only way in leads through the
/// mailbox.
///
/// # Errors
/// [`StoreError`].
pub fn forget_password_since(
    conn: &mut AnyConn,
    id: &SubscriberId,
    since: DateTime<Utc>,
) -> Result<(), StoreError> {
    let young = subscriber::table
        .find(id.as_str())
        .filter(subscriber::password_changed_at.ge(millis(since)));
    let none = (
        subscriber::password_hash.eq(None::<String>),
        subscriber::password_changed_at.eq(None::<i64>),
    );
    diesel::update(young).set(none).execute(conn)?;
    Ok(())
}

/// Stores the hash of a new password, unless the password has changed since `account` was read:
/// then `false`.
///
/// # Errors
/// [`StoreError`].
pub fn change_password(
    conn: &mut AnyConn,
    account: &Account,
    new: &str,
    changed_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let person = subscriber::table.find(account.subscriber.id.as_str());
    let changed =
        diesel::update(person.filter(subscriber::password_hash.eq(&account.password_hash)))
            .set((
                subscriber::password_hash.eq(new),
                subscriber::password_changed_at.eq(millis(changed_at)),
            ))
            .execute(conn)?;
    Ok(changed == 1)
}

/// Renews the hash of the same password under newer parameters, unless the password changed
/// meanwhile.
///
/// # Errors
/// [`StoreError`].
pub fn renew_password_hash(
    conn: &mut AnyConn,
    id: &SubscriberId,
    old: &str,
    new: &str,
) -> Result<(), StoreError> {
    diesel::update(subscriber::table.find(id.as_str()).filter(subscriber::password_hash.eq(old)))
        .set(subscriber::password_hash.eq(new))
        .execute(conn)?;
    Ok(())
}

/// Takes down a successful sign-in; what was the last one becomes the one before it. `false` if the
/// password has changed since `account` was read: then what was compared is no longer valid.
///
/// # Errors
/// [`StoreError`].
pub fn signed_in(
    conn: &mut AnyConn,
    account: &Account,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let person = subscriber::table.find(account.subscriber.id.as_str());
    let compared = person.filter(subscriber::password_hash.eq(&account.password_hash));
    let sign_in = Prepared(diesel::update(compared).set((
        subscriber::previous_sign_in_at.eq(subscriber::last_sign_in_at),
        subscriber::last_sign_in_at.eq(millis(at)),
    )));
    Ok(on_either!(conn, c => sign_in.execute(c))? == 1)
}

/// What somebody is searched by: the name, folded, the family name first.
fn name_key(person: &Subscriber) -> String {
    folded(&[&*person.family_name, &person.given_name].join(" "))
}

/// The table's shape, without the password.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = subscriber)]
pub(super) struct Row {
    id: String,
    user_id: String,
    given_name: String,
    family_name: String,
    email: Option<String>,
    email_normalized: Option<String>,
    email_verified: bool,
    phone_number: Option<String>,
    phone_number_verified: bool,
    npi: Option<String>,
    profile: String,
    status: String,
    activated_at: i64,
    last_sign_in_at: Option<i64>,
    demo: bool,
    updated_at: i64,
}

impl From<&Subscriber> for Row {
    fn from(subscriber: &Subscriber) -> Self {
        let email = subscriber.email.as_ref();
        Self {
            id: subscriber.id.to_string(),
            user_id: subscriber.user_id.to_string(),
            given_name: subscriber.given_name.clone(),
            family_name: subscriber.family_name.clone(),
            email: email.map(|address| address.as_str().to_owned()),
            email_normalized: email.map(EmailAddress::normalized),
            email_verified: subscriber.email_verified,
            phone_number: subscriber.phone_number.clone(),
            phone_number_verified: subscriber.phone_number_verified,
            npi: subscriber.npi.as_ref().map(|npi| npi.as_str().to_owned()),
            profile: json(&subscriber.profile),
            status: code(&subscriber.status),
            activated_at: millis(subscriber.activated_at),
            last_sign_in_at: subscriber.last_sign_in_at.map(millis),
            demo: subscriber.demo,
            updated_at: millis(subscriber.updated_at),
        }
    }
}

impl TryFrom<Row> for Subscriber {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "subscriber", row: &key };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            user_id: read.parsed("user_id", row.user_id)?,
            given_name: row.given_name,
            family_name: row.family_name,
            email: read.maybe_parsed("email", row.email)?,
            email_verified: row.email_verified,
            phone_number: row.phone_number,
            phone_number_verified: row.phone_number_verified,
            npi: read.maybe_parsed("npi", row.npi)?,
            profile: read.json("profile", &row.profile)?,
            status: read.code("status", &row.status)?,
            activated_at: read.at("activated_at", row.activated_at)?,
            last_sign_in_at: read.maybe_at("last_sign_in_at", row.last_sign_in_at)?,
            updated_at: read.at("updated_at", row.updated_at)?,
            demo: row.demo,
        })
    }
}
