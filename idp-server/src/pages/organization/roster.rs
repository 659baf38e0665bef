//! A list of people as a file: the form, what the file would do, what it did, and the codes.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::{
    field::Objections,
    role::CATALOGUE,
    roster::{FileError, MOST_ROWS, Summary, TakenBack, csv::CsvError},
};

use super::OrganizationNav;
use crate::pages::{Frame, moment::written};

/// Posts `file` and `form_token`, as `multipart/form-data`, to `/organization/{id}/roster`.
#[derive(Debug, Template)]
#[template(path = "organization_roster.html")]
pub struct RosterPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub problem: Option<RosterProblem>,
    pub imports: Vec<ImportView>,
}

/// Why a file is not taken.
#[derive(Clone, Debug)]
pub enum RosterProblem {
    File(FileError),
    NoFile,
}

/// An import that was done.
#[derive(Clone, Debug)]
pub struct ImportView {
    pub id: String,
    pub at: DateTime<Utc>,
    pub summary: Summary,
    pub undone: Option<(DateTime<Utc>, TakenBack)>,
    /// Until when it can be taken back; `None`: it cannot.
    pub undo_until: Option<DateTime<Utc>>,
}

/// What the file would do. Posts `form_token` to `…/roster/{import}/confirm`.
#[derive(Debug, Template)]
#[template(path = "organization_roster_plan.html")]
pub struct RosterPlanPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub id: String,
    pub summary: Summary,
    /// Rows that are wrong, and how many more there are.
    pub wrong: Vec<RosterRow>,
    pub wrong_more: usize,
    /// The others.
    pub good: Vec<RosterRow>,
    pub good_more: usize,
    pub note: Option<RosterNote>,
}

/// What the page says that somebody was sent back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RosterNote {
    /// Something was changed meanwhile, and nothing was done.
    Changed,
    /// There are no codes to be taken away any more.
    NoCodes,
    /// It was done already, or is over.
    Over,
    /// The organization has had so many people written to today.
    TooMany,
}

/// A row of the file.
#[derive(Clone, Debug)]
pub struct RosterRow {
    pub line: usize,
    /// Empty where the row is wrong.
    pub name: String,
    pub email: String,
    pub step: RosterStep,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RosterStep {
    Ask,
    Change,
    Keep,
    Nominate,
    Refuse(Objections),
}

/// What an import did. Posts `form_token` to `…/undo`, and to `…/codes` while there are any.
#[derive(Debug, Template)]
#[template(path = "organization_roster_import.html")]
pub struct RosterImportPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub import: ImportView,
    pub has_codes: bool,
    pub note: Option<RosterNote>,
}

/// The codes of an import, once.
#[derive(Debug, Template)]
#[template(path = "organization_roster_codes.html")]
pub struct RosterCodesPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub id: String,
    pub codes: Vec<HandOverView>,
    /// Until when the first of them can be used.
    pub until: DateTime<Utc>,
    /// Whether they can be taken away as a file.
    pub can_be_taken: bool,
}

/// A code to be handed over.
#[derive(Clone, Debug)]
pub struct HandOverView {
    pub name: String,
    pub user_id: String,
    /// As people read it.
    pub code: String,
}

impl RosterPage<'_> {
    fn sentence(&self) -> Option<String> {
        let words = &self.frame.text.roster;
        self.problem.as_ref().map(|problem| match problem {
            RosterProblem::NoFile => words.no_file.to_owned(),
            RosterProblem::File(wrong) => match wrong {
                FileError::Csv(CsvError::Encoding) => words.encoding.to_owned(),
                FileError::Csv(CsvError::TooLarge) => words.too_large.to_owned(),
                FileError::Csv(CsvError::UnclosedQuote(line)) => {
                    words.unclosed_quote(line.to_string()).to_string()
                }
                FileError::Csv(CsvError::StrayQuote(line)) => {
                    words.stray_quote(line.to_string()).to_string()
                }
                FileError::DoubleColumn(name) => words.double_column(name).to_string(),
                FileError::NoHeader => words.no_header.to_owned(),
                FileError::Nobody => words.nobody.to_owned(),
                FileError::TooManyRows => words.too_many_rows(MOST_ROWS.to_string()).to_string(),
                FileError::UnknownColumn { name } => words.unknown_column(name).to_string(),
            },
        })
    }

    /// The columns with what stands in them.
    fn columns(&self) -> [(&'static str, &'static str); 12] {
        let (words, nominate) = (&self.frame.text.roster, &self.frame.text.nominate);
        [
            ("given_name", nominate.given_name),
            ("family_name", nominate.family_name),
            ("email", nominate.email),
            ("roles", words.column_roles),
            ("verified_by", words.column_verified_by),
            ("npi", nominate.npi_hint),
            ("user_id", nominate.user_id_hint),
            ("role_details", words.column_role_details),
            ("access_level", words.column_access_level),
            ("tax_ids", words.column_tax_ids),
            ("reason", self.frame.text.rights.reason_hint),
            ("verification_note", nominate.note_hint),
        ]
    }

    /// Codes and labels of the roles.
    fn roles(&self) -> Vec<(&'static str, &'static str)> {
        let label = |code: &'static str| crate::pages::wording::role(self.frame.text, code);
        CATALOGUE.iter().map(|entry| (entry.code.code(), label(entry.code.code()))).collect()
    }
}

impl ImportView {
    /// What was done, as facts.
    fn facts(&self, frame: &Frame<'_>) -> Vec<(&'static str, usize)> {
        facts(frame, &self.summary)
    }

    /// What was taken back, as facts.
    fn undone_facts(&self, frame: &Frame<'_>) -> Vec<(&'static str, usize)> {
        let words = &frame.text.roster;
        let Some((_, sum)) = &self.undone else { return Vec::new() };
        [
            (words.withdrawn, sum.withdrawn),
            (words.offers_ended, sum.ended),
            (words.restored, sum.restored),
            (words.left, sum.left),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect()
    }
}

impl RosterPlanPage<'_> {
    fn facts(&self) -> Vec<(&'static str, usize)> {
        facts(&self.frame, &self.summary)
    }

    fn note(&self) -> Option<&'static str> {
        note(&self.frame, self.note)
    }

    /// What becomes of a row.
    fn label(&self, step: &RosterStep) -> &'static str {
        let words = &self.frame.text.roster;
        match step {
            RosterStep::Ask => words.step_ask,
            RosterStep::Change => words.step_change,
            RosterStep::Keep => words.step_keep,
            RosterStep::Nominate => words.step_nominate,
            RosterStep::Refuse(_) => "",
        }
    }

    /// What is wrong with a row: the column, which is empty where it is the whole row, and why.
    fn whys(&self, step: &RosterStep) -> Vec<(&'static str, String)> {
        let why = |(field, why): (&'static str, &str)| {
            (if field == "row" { "" } else { field }, self.frame.objection(why))
        };
        match step {
            RosterStep::Refuse(objections) => objections.iter().map(why).collect(),
            RosterStep::Ask | RosterStep::Change | RosterStep::Keep | RosterStep::Nominate => {
                Vec::new()
            }
        }
    }
}

impl RosterCodesPage<'_> {
    fn once(&self) -> String {
        let text = self.frame.text;
        text.roster.codes_once(written(text, self.until).to_string()).to_string()
    }
}

impl RosterImportPage<'_> {
    /// What taking it back would do, while that is possible.
    fn undo_lead(&self) -> Option<String> {
        let text = self.frame.text;
        let until = self.import.undo_until?;
        Some(text.roster.undo_lead(written(text, until).to_string()).to_string())
    }

    fn note(&self) -> Option<&'static str> {
        note(&self.frame, self.note)
    }
}

/// How much of each kind, where there is any.
fn facts(frame: &Frame<'_>, sum: &Summary) -> Vec<(&'static str, usize)> {
    let words = &frame.text.roster;
    [
        (words.refused, sum.refused),
        (words.nominated, sum.nominated),
        (words.asked, sum.asked),
        (words.changed, sum.changed),
        (words.kept, sum.kept),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .collect()
}

fn note(frame: &Frame<'_>, note: Option<RosterNote>) -> Option<&'static str> {
    let words = &frame.text.roster;
    note.map(|note| match note {
        RosterNote::Changed => words.note_changed,
        RosterNote::NoCodes => words.note_no_codes,
        RosterNote::Over => words.note_over,
        RosterNote::TooMany => frame.text.nominate.too_many_letters,
    })
}
