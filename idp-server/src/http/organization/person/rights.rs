//! What somebody may do for the organization: roles, Tax IDs, access level.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::community::{affiliation_life, field::Objections, rights::RightsForm};

use super::{
    super::{nav, nominate::rights as rights_fields},
    AtWork, ending_path, enter, refused, told,
};
use crate::{
    community::affiliation::{self, NotChanged},
    http::{
        console::{self, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{OrganizationArea, OrganizationOutcome, PersonDeed, PersonRightsPage, Typed},
    store::AnyConn,
};

/// What the form of rights has.
const RIGHTS: &[&str] = &["access_level", "detail.", "npi", "reason", "role.", "tax.", "tax_ids"];

pub(super) async fn show(visit: Visit, of: Path<(String, String)>) -> HttpResponse {
    let outcome = async {
        let work = match enter(&visit, (&of.0, &of.1), None).await? {
            Entry::Open(work) => work,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let record = &work.loaded.record;
        let mut fields: Vec<(String, String)> = Vec::new();
        let yes = || "yes".to_owned();
        fields.extend(record.roles.iter().map(|role| (format!("role.{}", role.code()), yes())));
        fields.extend(record.role_details.iter().map(|code| (format!("detail.{code}"), yes())));
        fields.push(("access_level".to_owned(), record.access_level.code().to_owned()));
        if let Some(ids) = &record.tax_ids {
            fields.push(("tax_ids".to_owned(), "some".to_owned()));
            fields.extend(ids.iter().map(|id| (format!("tax.{id}"), yes())));
        }
        let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let typed = Typed::new(pairs, Objections::default());
        show_form(&visit, &work, &typed, StatusCode::OK).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn show_form(
    visit: &Visit,
    work: &AtWork,
    typed: &Typed,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let (form_token, cookie) = console::form_token(visit);
    let content = PersonRightsPage {
        frame: visit.frame(),
        nav: nav(&work.desk, OrganizationArea::People),
        form_token: &form_token,
        id: work.who.as_str(),
        name: &work.loaded.person.name(),
        typed,
        asks_npi: work.loaded.person.npi.is_none(),
        rights: rights_fields(visit, &work.desk).await?,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

pub(super) async fn change(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = save(&visit, &of, &body).await;
    visit.answer(outcome)
}

async fn save(
    visit: &Visit,
    of: &(String, String),
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let work = match enter(visit, (&of.0, &of.1), Some(body)).await? {
        Entry::Open(work) => work,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &work.desk.at_work.office, body, RIGHTS).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let typed = Typed::new(posted.pairs(), Objections::default());
    let office = work.desk.at_work.office.clone();
    let organization = work.desk.affiliation.organization.id.clone();
    let (who, form) = (work.who.clone(), typed.clone());
    let write = move |conn: &mut AnyConn| {
        let (roles, details) = (form.codes("role"), form.codes("detail"));
        let numbers = form.codes("tax");
        let some = form.value("tax_ids") == "some";
        let rights = RightsForm {
            roles: &roles,
            role_details: &details,
            access_level: form.value("access_level"),
            tax_ids: some.then_some(numbers.as_slice()),
            reason: form.value("reason"),
        };
        let with_npi = (rights, form.value("npi"));
        affiliation::change_rights(conn, &office, (&organization, &who), with_npi)
    };
    let changed = match visit.db.write(write).await {
        Ok(changed) => changed,
        Err(error) => Err(NotChanged::of_conflict(error)?),
    };
    visit.outbox.wake();
    match changed {
        Ok(done) => Ok(match done.ending {
            Some(ending) => see_other(&ending_path(&work, &ending, PersonDeed::Rights), []),
            None => see_other(&format!("{}?done=rights", work.path()), []),
        }),
        Err(NotChanged::Objections(objections)) => {
            let fields = typed.fields().iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let typed = Typed::new(fields, objections);
            show_form(visit, &work, &typed, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(NotChanged::Refused(affiliation_life::Refusal::Unchanged)) => {
            Ok(told(visit, &work, OrganizationOutcome::Unchanged, StatusCode::OK))
        }
        Err(NotChanged::Refused(refusal)) => refused(visit, &work, refusal.into()),
    }
}
