//! An organization's people as a file (R6; security 20.3, 20.10, 21.4): uploaded, looked at, done
//! all at once or not at all, and taken back as long as nobody went on from it.
//!
//! Each row goes the way of a nomination or a change by hand: the same rules, the same audit events,
//! the same mails.

mod apply;
mod search;
mod undo;

use chrono::{DateTime, Utc};
use idp_core::{
    audit::Kind,
    community::{
        letters::{Counted, TooMany},
        permission::{Action, Denied, Target, may},
        roster::{self, FileError, Row, Step, Summary},
        subscriber::Subscriber,
    },
    ids::{OrganizationId, RosterImportId, SubscriberId},
};

use super::{
    Office, letters,
    nomination::{HandOver, administrator},
};
use crate::{
    keys::sealing::Place,
    store::{
        AnyConn, StoreError,
        affiliation::AffiliationRecord,
        audit, organization,
        people::{self, Filter, LastLine},
        roster::{self as stored, RosterImport, Stage},
        tax_id,
    },
};

pub use undo::take_back;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing like that, or it is not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It is no list of people.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is done already, or cannot be taken back any more.
    #[error("this was done already, or is over")]
    Over,
    /// Some rows are wrong: nothing of the file is done.
    #[error("some rows are wrong")]
    Rows,
    /// The organization has had so many people written to today.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

/// A row, and what an import does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The row.
    pub row: Row,
    /// What is done with it.
    pub step: Step,
}

/// Takes a file in, sealed, in place of one that the same Administrator uploaded and did not import.
///
/// # Errors
/// [`StoreError`].
pub fn upload(
    conn: &mut AnyConn,
    office: &Office,
    file: &[u8],
) -> Result<Result<RosterImportId, Refusal>, StoreError> {
    let (who, of) = match importer(office) {
        Ok(importer) => importer,
        Err(denied) => return Ok(Err(denied.into())),
    };
    let tax_ids = tax_id::acted_under(conn, of, &*office.open_ssn)?;
    if let Err(wrong) = roster::read(file, &tax_ids, who, office.now) {
        return Ok(Err(wrong.into()));
    }
    let id = RosterImportId::from_random(office.random.bytes());
    let sealed = office.registry.sealer.seal(place(&id), file).map_err(|_| corrupt(&id))?;
    stored::forget_uploads(conn, of, who)?;
    let new = RosterImport {
        id: id.clone(),
        organization: of.clone(),
        uploaded_by: who.clone(),
        uploaded_at: office.now,
        stage: Stage::Uploaded { file: sealed },
    };
    stored::insert(conn, &new)?;
    Ok(Ok(id))
}

/// A list of the office's own organization. Of another one it is as if it were not there, and that
/// somebody asked is written down (security 20.1). A file that waits is for whoever uploaded it.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &mut AnyConn,
    office: &Office,
    id: Option<&RosterImportId>,
) -> Result<Option<RosterImport>, StoreError> {
    let found = match (importer(office), id) {
        (Ok((who, of)), Some(id)) => {
            stored::find_for_update(conn, of, id)?.filter(|import| match import.stage {
                Stage::Uploaded { .. } => import.uploaded_by == *who,
                Stage::Imported { .. } => true,
            })
        }
        (Err(_), _) | (_, None) => None,
    };
    if found.is_none() {
        office.refused(conn, Action::ImportRoster, Denied::NotFound)?;
    }
    Ok(found)
}

/// What an import would do with each row at this moment.
///
/// # Errors
/// [`StoreError`].
pub fn plan(
    conn: &mut AnyConn,
    office: &Office,
    import: &RosterImport,
) -> Result<Result<Vec<Planned>, Refusal>, StoreError> {
    let (who, of) = match importer(office) {
        Ok(importer) => importer,
        Err(denied) => return Ok(Err(denied.into())),
    };
    let Stage::Uploaded { file } = &import.stage else { return Ok(Err(Refusal::Over)) };
    let opened = office.registry.sealer.open(place(&import.id), file);
    let file = opened.map_err(|_| corrupt(&import.id))?;
    let tax_ids = tax_id::acted_under(conn, of, &*office.open_ssn)?;
    let rows = match roster::read(&file, &tax_ids, who, office.now) {
        Ok(rows) => rows,
        Err(wrong) => return Ok(Err(wrong.into())),
    };
    let found = search::Found::of(conn, office, of, &rows)?;
    let body = organization::find(conn, of)?;
    let mut planned = Vec::with_capacity(rows.len());
    for row in rows {
        let affiliation = match (&row.nominee, &body) {
            (Ok(nominee), Some(body)) => found.affiliation(nominee, body, &tax_ids),
            (Err(_), _) | (_, None) => None,
        };
        let (finding, obstacle) = match &row.nominee {
            Ok(nominee) => found.finding(conn, office, of, nominee)?,
            Err(_) => search::nobody(),
        };
        let current = roster::Current {
            finding,
            obstacle,
            affiliation: affiliation.as_ref(),
            administrator: who,
            tax_ids: &tax_ids,
        };
        let step = roster::plan(&row, &current);
        planned.push(Planned { row, step });
    }
    Ok(Ok(planned))
}

/// Sums up.
#[must_use]
pub fn summary(planned: &[Planned]) -> Summary {
    roster::summary(planned.iter().map(|planned| &planned.step))
}

/// Does what the list says, all of it in this transaction. Gives the codes, to be shown once.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody was faster with one of the rows: look at the list anew.
pub fn import(
    conn: &mut AnyConn,
    office: &Office,
    id: &RosterImportId,
) -> Result<Result<Vec<HandOver>, Refusal>, StoreError> {
    let Some(import) = find(conn, office, Some(id))? else {
        return Ok(Err(Denied::NotFound.into()));
    };
    let planned = match plan(conn, office, &import)? {
        Ok(planned) => planned,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let summary = summary(&planned);
    if summary.refused > 0 {
        return Ok(Err(Refusal::Rows));
    }
    let letters = planned.iter().filter(|planned| planned.step.writes()).count();
    let (all, letters) = (Counted::Organization(&import.organization), u32::try_from(letters));
    if let Err(refusal) = letters::count(conn, office, all, letters.unwrap_or(u32::MAX))? {
        return Ok(Err(refusal.into()));
    }
    let applied = apply::all(conn, office, &import, planned)?;
    stored::imported(conn, id, (&summary, &applied.done), office.now)?;
    let event = office.event(Kind::RosterImported);
    let counts = serde_json::json!({ "import": id, "rows": summary });
    audit::record(conn, &[event.after(counts)])?;
    Ok(Ok(applied.hand_overs))
}

/// Writes down that somebody takes the list of people away as a file.
///
/// # Errors
/// [`StoreError`].
pub fn export(conn: &mut AnyConn, office: &Office) -> Result<Result<(), Denied>, StoreError> {
    let allowed = administrator(office).and_then(|(_, of)| {
        may(&office.actor, Action::ExportRoster, Target::Organization(of)).map(|()| of)
    });
    if let Err(denied) = allowed {
        office.refused(conn, Action::ExportRoster, denied)?;
        return Ok(Err(denied));
    }
    audit::record(conn, &[office.event(Kind::RosterExported)])?;
    Ok(Ok(()))
}

/// Some lines of that file, of the people that `filter` leaves, behind `last`, and where they end; `None`: there are no more.
///
/// # Errors
/// [`StoreError`].
pub fn exported(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
    filter: &Filter,
    last: Option<&LastLine>,
) -> Result<Option<(String, LastLine)>, StoreError> {
    let Some(body) = organization::find(conn, of)? else { return Ok(None) };
    let tax_ids = tax_id::acted_under(conn, of, &*office.open_ssn)?;
    let part = people::part(conn, of, filter, last)?;
    let Some(end) = part.last().map(|(place, ..)| place.clone()) else { return Ok(None) };
    let line = |(_, person, record): (LastLine, Subscriber, AffiliationRecord)| {
        roster::exported(&person, &record.join(body.clone(), tax_ids.clone()))
    };
    let lines: Vec<Vec<String>> = part.into_iter().map(line).collect();
    Ok(Some((roster::csv::write(lines.iter().map(Vec::as_slice)), end)))
}

/// Who imports, and whose people.
fn importer(office: &Office) -> Result<(&SubscriberId, &OrganizationId), Denied> {
    let (who, of) = administrator(office)?;
    may(&office.actor, Action::ImportRoster, Target::Organization(of))?;
    Ok((who, of))
}

fn place(id: &RosterImportId) -> Place<'_> {
    Place { table: "roster_import", column: "file", row: id.as_str() }
}

fn corrupt(id: &RosterImportId) -> StoreError {
    StoreError::CorruptRow { table: "roster_import", column: "file", row: id.to_string() }
}

/// Until when an import of `at` can be taken back.
#[must_use]
pub fn undo_until(at: DateTime<Utc>) -> DateTime<Utc> {
    at + roster::UNDO_WITHIN
}
