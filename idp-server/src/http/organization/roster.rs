//! `/organization/{id}/roster`: a list of people as a file. It is uploaded, looked at row by row,
//! confirmed by somebody who has signed in lately, and taken back within a week.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Payload, Query},
};
use idp_core::{
    community::{
        permission::Denied,
        roster::{FileError, Step, csv},
    },
    ids::RosterImportId,
};
use serde::Deserialize;

use super::{nav, roster_files};
use crate::{
    community::{
        nomination::HandOver,
        roster::{self as use_case, Planned, Refusal},
    },
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        upload::{self, Uploaded},
        visit::{Visit, page, see_other},
    },
    pages::{
        HandOverView, ImportView, OrganizationArea, RosterCodesPage, RosterImportPage, RosterNote,
        RosterPage, RosterPlanPage, RosterProblem, RosterRow, RosterStep,
    },
    store::{
        AnyConn, StoreError,
        roster::{self as stored, RosterImport, Stage},
    },
};

/// How long a list may take: five thousand rows with their mails. A page takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many rows a page shows of each kind; the rest is counted.
const SHOWN: usize = 500;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let of = |rest: &str| format!("/organization/{{id}}/roster{rest}");
    config
        .service(web::resource(of("")).get(show).post(take))
        .service(web::resource(of("/{import}")).get(look))
        .service(web::resource(of("/{import}/confirm")).post(confirm))
        .service(web::resource(of("/{import}/undo")).post(undo));
}

async fn show(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = async {
        match console::organization(&visit, &id, None).await? {
            Entry::Open(desk) => form(&visit, &desk, None).await,
            Entry::Elsewhere(answer) => Ok(answer),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// The form, what stands in such a file, and what was imported lately.
async fn form(
    visit: &Visit,
    desk: &OfOrganization,
    problem: Option<RosterProblem>,
) -> Result<HttpResponse, PageError> {
    let of = desk.affiliation.organization.id.clone();
    let imports = visit.db.read(move |conn| stored::imported_by(conn, &of)).await?;
    let (form_token, cookie) = console::form_token(visit);
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let content = RosterPage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::People),
        form_token: &form_token,
        problem,
        imports: imports.iter().filter_map(|import| view(visit, import)).collect(),
    };
    Ok(console::with_form(page(status, &content), cookie))
}

fn view(visit: &Visit, import: &RosterImport) -> Option<ImportView> {
    let Stage::Imported { at, summary, undone, .. } = &import.stage else { return None };
    let until = use_case::undo_until(*at);
    Some(ImportView {
        id: import.id.to_string(),
        at: *at,
        summary: *summary,
        undone: *undone,
        undo_until: (undone.is_none() && visit.clock.now() < until).then_some(until),
    })
}

async fn take(visit: Visit, id: Path<String>, payload: Payload) -> HttpResponse {
    let outcome = upload(&visit, &id, payload).await;
    visit.answer(outcome)
}

async fn upload(visit: &Visit, id: &str, payload: Payload) -> Result<HttpResponse, PageError> {
    // A file is not kept while its person signs in again: they choose it once more.
    let desk = match console::organization(visit, id, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let office = desk.at_work.office.clone();
    let file = match upload::read(visit, &office, payload, ("file", csv::MOST_BYTES)).await? {
        Uploaded::File(file) if file.is_empty() => {
            return form(visit, &desk, Some(RosterProblem::NoFile)).await;
        }
        Uploaded::File(file) => file,
        Uploaded::Refused(answer) => return Ok(answer),
        Uploaded::TooLarge => {
            let problem = RosterProblem::File(FileError::Csv(csv::CsvError::TooLarge));
            return form(visit, &desk, Some(problem)).await;
        }
    };
    let write = move |conn: &mut AnyConn| use_case::upload(conn, &office, &file);
    match visit.db.with_patience(PATIENCE).write(write).await? {
        Ok(import) => Ok(see_other(&path(&desk, &import), [])),
        Err(Refusal::File(wrong)) => form(visit, &desk, Some(RosterProblem::File(wrong))).await,
        Err(refusal) => Err(denied(&refusal)),
    }
}

#[derive(Deserialize)]
struct After {
    note: Option<String>,
}

async fn look(visit: Visit, of: Path<(String, String)>, after: Query<After>) -> HttpResponse {
    let outcome = async {
        let note = match after.note.as_deref() {
            None => None,
            Some("changed") => Some(RosterNote::Changed),
            Some("no-codes") => Some(RosterNote::NoCodes),
            Some("over") => Some(RosterNote::Over),
            Some("too-many") => Some(RosterNote::TooMany),
            Some(_) => return Err(PageError::NotUnderstood),
        };
        match enter(&visit, &of, None).await? {
            Entry::Open(entered) => shown(&visit, &entered.0, &entered.1, note).await,
            Entry::Elsewhere(answer) => Ok(answer),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// Who works on which list. What can be no identifier, or is another organization's, is not there.
pub(super) async fn enter(
    visit: &Visit,
    (organization, import): &(String, String),
    body: Option<&Bytes>,
) -> Result<Entry<(OfOrganization, RosterImport)>, PageError> {
    let desk = match console::organization(visit, organization, body).await? {
        Entry::Open(desk) => *desk,
        Entry::Elsewhere(answer) => return Ok(Entry::Elsewhere(answer)),
    };
    let office = desk.at_work.office.clone();
    if let Some(body) = body
        && let Posted::Refused(answer) = console::posted(visit, &office, body, &[]).await?
    {
        return Ok(Entry::Elsewhere(answer));
    }
    let id: Option<RosterImportId> = import.parse().ok();
    let find = move |conn: &mut AnyConn| use_case::find(conn, &office, id.as_ref());
    let found = visit.db.write(find).await?.ok_or(PageError::NotFound)?;
    Ok(Entry::Open(Box::new((desk, found))))
}

/// What a list would do, or what it did.
async fn shown(
    visit: &Visit,
    desk: &OfOrganization,
    import: &RosterImport,
    note: Option<RosterNote>,
) -> Result<HttpResponse, PageError> {
    let (form_token, cookie) = console::form_token(visit);
    let (frame, nav) = (visit.frame(), nav(desk, OrganizationArea::People));
    if let Some(view) = view(visit, import) {
        let has_codes = roster_files::has_codes(visit, &import.id).await;
        let form_token = &form_token;
        let content = RosterImportPage { frame, nav, form_token, import: view, has_codes, note };
        return Ok(console::with_form(page(StatusCode::OK, &content), cookie));
    }
    let (office, list) = (desk.at_work.office.clone(), import.clone());
    let read = move |conn: &mut AnyConn| use_case::plan(conn, &office, &list);
    let planned = match visit.db.with_patience(PATIENCE).read(read).await? {
        Ok(planned) => planned,
        Err(refusal) => return Err(denied(&refusal)),
    };
    let refused = |planned: &&Planned| matches!(planned.step, Step::Refuse(_));
    let (wrong, good): (Vec<&Planned>, Vec<&Planned>) = planned.iter().partition(refused);
    let rows = |all: &[&Planned]| all.iter().take(SHOWN).map(|one| row(one)).collect();
    let content = RosterPlanPage {
        frame,
        nav,
        form_token: &form_token,
        id: import.id.to_string(),
        summary: use_case::summary(&planned),
        wrong: rows(&wrong),
        wrong_more: wrong.len().saturating_sub(SHOWN),
        good: rows(&good),
        good_more: good.len().saturating_sub(SHOWN),
        note,
    };
    Ok(console::with_form(page(StatusCode::OK, &content), cookie))
}

fn row(planned: &Planned) -> RosterRow {
    let (name, email) = match &planned.row.nominee {
        Ok(nominee) => {
            let name = format!("{} {}", nominee.given_name, nominee.family_name);
            (name, nominee.email.as_str().to_owned())
        }
        Err(_) => (String::new(), String::new()),
    };
    let step = match &planned.step {
        Step::Affiliate(_) => RosterStep::Ask,
        Step::Change(..) => RosterStep::Change,
        Step::Keep => RosterStep::Keep,
        // That somebody comes back is theirs to tell.
        Step::Nominate(_) | Step::Revive(..) => RosterStep::Nominate,
        Step::Refuse(objections) => RosterStep::Refuse(objections.clone()),
    };
    RosterRow { line: planned.row.line, name, email, step }
}

async fn confirm(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = async {
        let (desk, import) = match enter(&visit, &of, Some(&body)).await? {
            Entry::Open(entered) => *entered,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        // A thousand codes at once are worth a sign-in of their own (security 19.5).
        if let Some(answer) = console::lately(&visit, &body).await? {
            return Ok(answer);
        }
        let (office, id) = (desk.at_work.office.clone(), import.id.clone());
        let write = move |conn: &mut AnyConn| use_case::import(conn, &office, &id);
        let done = visit.db.with_patience(PATIENCE).write(write).await;
        visit.outbox.wake();
        let path = path(&desk, &import.id);
        match done {
            Ok(Ok(hand_overs)) if hand_overs.is_empty() => Ok(see_other(&path, [])),
            Ok(Ok(hand_overs)) => codes(&visit, &desk, &import.id, &hand_overs).await,
            Ok(Err(Refusal::Over)) => Ok(see_other(&format!("{path}?note=over"), [])),
            Ok(Err(Refusal::TooMany(_))) => Ok(see_other(&format!("{path}?note=too-many"), [])),
            Ok(Err(Refusal::Rows)) | Err(StoreError::Conflict(_)) => {
                Ok(see_other(&format!("{path}?note=changed"), []))
            }
            Ok(Err(refusal @ (Refusal::Denied(_) | Refusal::File(_)))) => Err(denied(&refusal)),
            Err(error) => Err(error.into()),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// The codes, once.
async fn codes(
    visit: &Visit,
    desk: &OfOrganization,
    import: &RosterImportId,
    hand_overs: &[HandOver],
) -> Result<HttpResponse, PageError> {
    let kept = roster_files::keep_codes(visit, desk, import, hand_overs).await;
    let (form_token, cookie) = console::form_token(visit);
    let view = |one: &HandOver| HandOverView {
        name: one.name.clone(),
        user_id: one.user_id.to_string(),
        code: one.code.shown(),
    };
    let content = RosterCodesPage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::People),
        form_token: &form_token,
        id: import.to_string(),
        codes: hand_overs.iter().map(view).collect(),
        until: hand_overs.iter().map(|one| one.until).min().unwrap_or_else(|| visit.clock.now()),
        can_be_taken: kept,
    };
    Ok(console::with_form(page(StatusCode::OK, &content), cookie))
}

async fn undo(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = async {
        let (desk, import) = match enter(&visit, &of, Some(&body)).await? {
            Entry::Open(entered) => *entered,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let (office, id) = (desk.at_work.office.clone(), import.id.clone());
        let write = move |conn: &mut AnyConn| use_case::take_back(conn, &office, &id);
        let done = visit.db.with_patience(PATIENCE).write(write).await?;
        visit.outbox.wake();
        let path = path(&desk, &import.id);
        match done {
            Ok(_) => {
                roster_files::forget_codes(&visit, &import.id).await;
                Ok(see_other(&path, []))
            }
            Err(Refusal::Over) => Ok(see_other(&format!("{path}?note=over"), [])),
            Err(refusal) => Err(denied(&refusal)),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// The address of a list's page.
pub(super) fn path(desk: &OfOrganization, import: &RosterImportId) -> String {
    format!("/organization/{}/roster/{import}", desk.affiliation.organization.id)
}

/// What is said to a refusal that no page of ours leads to.
fn denied(refusal: &Refusal) -> PageError {
    match refusal {
        Refusal::Denied(Denied::NotFound) => PageError::NotFound,
        Refusal::Denied(Denied::Forbidden) => PageError::Forbidden,
        Refusal::File(_) | Refusal::Over | Refusal::Rows | Refusal::TooMany(_) => {
            PageError::NotUnderstood
        }
    }
}
