//! The rows of an imported list, each judged like a nomination that was typed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::csv::{self, CsvError, Record};
use crate::{
    community::{
        field::Objections,
        nomination::{Nominee, NomineeForm},
        rights::RightsForm,
        tax_id::{TaxId, TaxIdNumber},
    },
    ids::SubscriberId,
};

/// The columns, in the order of an export. In an import they may come in any order; those that are
/// not there are empty.
pub const COLUMNS: [&str; 12] = [
    "given_name",
    "family_name",
    "email",
    "npi",
    "user_id",
    "roles",
    "role_details",
    "access_level",
    "tax_ids",
    "reason",
    "verified_by",
    "verification_note",
];

/// The most people of one file.
pub const MOST_ROWS: usize = 5000;

/// Why a file is no list of people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It cannot be read at all.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// A column stands there twice.
    #[error("the column {0} stands there twice")]
    DoubleColumn(String),
    /// There is a line of column names, and nothing below it.
    #[error(
        "there is nobody in the file: below the line of column names stands one line for each person"
    )]
    Nobody,
    /// There is no line of column names.
    #[error("the first line names the columns: {}", COLUMNS.join(", "))]
    NoHeader,
    /// Too many people.
    #[error("more than {MOST_ROWS} people: please import them in parts")]
    TooManyRows,
    /// A column that means nothing here: perhaps a flag that no import may set (security 20.3).
    #[error("there is no column {name:?}: the columns are {}", COLUMNS.join(", "))]
    UnknownColumn {
        /// How it is called.
        name: String,
    },
}

/// One person of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line, counted from one.
    pub line: usize,
    /// Who it is and what they are to do, or all that is wrong.
    pub nominee: Result<Box<Nominee>, Objections>,
}

/// Reads a file that an Administrator imports at `now`.
///
/// `access_level` may be left empty for `community-standard`. Roles, details and Tax IDs are
/// separated by blanks; Tax IDs are written as numbers, and without any, all of the organization's
/// are meant.
///
/// # Errors
/// [`FileError`] if it is no list at all. What is wrong with a person stands in their [`Row`].
pub fn read(
    file: &[u8],
    tax_ids: &[TaxId],
    administrator: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<Vec<Row>, FileError> {
    let mut records = csv::read(file)?.into_iter();
    let columns = header(records.next())?;
    let records: Vec<Record> = records.collect();
    if records.is_empty() {
        return Err(FileError::Nobody);
    }
    if records.len() > MOST_ROWS {
        return Err(FileError::TooManyRows);
    }
    let mut rows: Vec<Row> = records
        .iter()
        .map(|record| {
            let nominee = read_row(record, &columns, tax_ids, administrator, now);
            Row { line: record.line, nominee: nominee.map(Box::new) }
        })
        .collect();
    refuse_doubles(&mut rows);
    Ok(rows)
}

/// Which column stands at which place.
fn header(record: Option<Record>) -> Result<BTreeMap<&'static str, usize>, FileError> {
    let record = record.ok_or(FileError::NoHeader)?;
    let mut columns = BTreeMap::new();
    for (place, written) in record.fields.iter().enumerate() {
        let name = written.trim().to_lowercase().replace([' ', '-'], "_");
        let known = COLUMNS.into_iter().find(|column| *column == name);
        match known {
            Some(column) if columns.insert(column, place).is_some() => {
                return Err(FileError::DoubleColumn(name));
            }
            Some(_) => {}
            None if place == 0 => return Err(FileError::NoHeader),
            None => return Err(FileError::UnknownColumn { name: written.clone() }),
        }
    }
    Ok(columns)
}

fn read_row(
    record: &Record,
    columns: &BTreeMap<&'static str, usize>,
    tax_ids: &[TaxId],
    administrator: &SubscriberId,
    now: DateTime<Utc>,
) -> Result<Nominee, Objections> {
    let field = |name| {
        let place = columns.get(name).copied();
        place.and_then(|place| record.fields.get(place)).map_or("", |text| text.trim())
    };
    let list = |name| field(name).split([' ', '|']).filter(|item| !item.is_empty()).collect();
    let (roles, role_details): (Vec<&str>, Vec<&str>) = (list("roles"), list("role_details"));
    let numbers: Vec<&str> = list("tax_ids");
    // A number that is not the organization's stays as it is typed, and is refused as a name.
    let named = |text: &&str| tax_ids.iter().find(|tax_id| is(tax_id, text));
    let ids: Vec<&str> =
        numbers.iter().map(|text| named(text).map_or("", |tax_id| tax_id.id.as_str())).collect();
    let access_level = match field("access_level") {
        "" => "community-standard",
        written => written,
    };
    let rights = RightsForm {
        roles: &roles,
        role_details: &role_details,
        access_level,
        tax_ids: (!ids.is_empty()).then_some(ids.as_slice()),
        reason: field("reason"),
    };
    let form = NomineeForm {
        given_name: field("given_name"),
        family_name: field("family_name"),
        email: field("email"),
        npi: field("npi"),
        user_id: field("user_id"),
        rights,
        verified_by: field("verified_by"),
        verification_note: field("verification_note"),
    };
    let nominee = form.read(tax_ids, administrator, now);
    let excess = record.fields.len() > columns.len();
    match nominee {
        Ok(_) if excess => {
            let mut found = Objections::default();
            found.object("row", "there are more fields than columns: put quotation marks around a field with a comma");
            Err(found)
        }
        other => other,
    }
}

/// Whether `text` is this number. A personal number is written in no file.
fn is(tax_id: &TaxId, text: &str) -> bool {
    match &tax_id.number {
        TaxIdNumber::Ein(ein) => text.parse::<crate::community::tax_id::Ein>().as_ref() == Ok(ein),
        TaxIdNumber::Ssn(_) => false,
    }
}

/// Each person stands in a file once: the second row of an address, an NPI or a User ID is refused.
fn refuse_doubles(rows: &mut [Row]) {
    let [mut addresses, mut npis, mut user_ids] = [(); 3].map(|()| BTreeMap::new());
    for row in rows {
        let Ok(nominee) = &row.nominee else { continue };
        let mut found = Objections::default();
        let first_of = |seen: &mut BTreeMap<String, usize>, value: Option<String>| {
            let first = value.map(|value| *seen.entry(value).or_insert(row.line));
            first.filter(|first| *first != row.line)
        };
        let npi = nominee.npi.as_ref().map(ToString::to_string);
        let user_id = nominee.user_id.as_ref().map(ToString::to_string);
        if let Some(first) = first_of(&mut addresses, Some(nominee.email.normalized())) {
            found.object("email", format_args!("line {first} has this address already"));
        }
        if let Some(first) = first_of(&mut npis, npi) {
            found.object("npi", format_args!("line {first} has this number already"));
        }
        if let Some(first) = first_of(&mut user_ids, user_id) {
            found.object("user_id", format_args!("line {first} has this User ID already"));
        }
        if !found.is_empty() {
            row.nominee = Err(found);
        }
    }
}
