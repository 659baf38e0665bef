//! An organization's list of people, as a file in and out (issue of the consoles; R6, R64;
//! security 21.4, 21.5).
//!
//! A file is read as a whole and judged row by row ([`read`]); what it would do is shown before
//! anything is done ([`plan`]), by the very rules of a single nomination and a single change; and
//! what was done can be taken back as long as nobody went on from it ([`undo`]). So an import can do
//! nothing that its Administrator could not do by hand.

pub mod csv;
mod plan;
mod rows;
#[cfg(test)]
mod tests;

pub use plan::{
    Applied, Current, Obstacle, Step, Summary, TakenBack, UNDO_WITHIN, Undo, plan, summary, undo,
};
pub use rows::{COLUMNS, FileError, MOST_ROWS, Row, read};

use super::{affiliation::Affiliation, subscriber::Subscriber};

/// One line of an export: what an import of the same file would read.
///
/// A personal Tax ID is in no export (security 20.10); a file that names none of an affiliation's
/// numbers means all of them, so such an affiliation is exported with a masked number, which no
/// import accepts.
#[must_use]
pub fn exported(subscriber: &Subscriber, affiliation: &Affiliation) -> Vec<String> {
    let joined = |items: Vec<String>| items.join(" ");
    COLUMNS
        .iter()
        .map(|column| match *column {
            "given_name" => subscriber.given_name.clone(),
            "family_name" => subscriber.family_name.clone(),
            "email" => {
                subscriber.email.as_ref().map_or_else(String::new, |e| e.as_str().to_owned())
            }
            "npi" => subscriber.npi.as_ref().map_or_else(String::new, ToString::to_string),
            "user_id" => subscriber.user_id.to_string(),
            "roles" => joined(affiliation.roles.iter().map(ToString::to_string).collect()),
            "role_details" => joined(affiliation.role_details.iter().cloned().collect()),
            "access_level" => affiliation.access_level.code().to_owned(),
            "tax_ids" => {
                joined(affiliation.tax_ids.iter().map(|tax_id| tax_id.number.shown()).collect())
            }
            // How somebody was verified, and why a role was given, is on record and not in a file.
            _ => String::new(),
        })
        .collect()
}
