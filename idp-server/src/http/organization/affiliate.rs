//! `/organization/{id}/affiliate`: somebody who has a User ID, and told it, is asked to act for the
//! organization (R71). Whether there is such a User ID is not told.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::community::{field::Objections, permission::Denied, rights::RightsForm};

use super::{
    nav,
    nominate::{CHOSEN, rights},
};
use crate::{
    community::by_user_id::{self as use_case, Refusal},
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{
        AffiliatePage, AffiliateProblem, OrganizationArea, OrganizationOutcome,
        OrganizationOutcomePage, Typed,
    },
    store::{AnyConn, StoreError},
};

/// What the form has.
const FIELDS: &[&str] =
    &["access_level", "detail.", "reason", "role.", "tax.", "tax_ids", "user_id"];

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/organization/{id}/affiliate").get(show).post(take));
}

async fn show(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = async {
        match console::organization(&visit, &id, None).await? {
            Entry::Open(desk) => {
                let typed = Typed::new(CHOSEN, Objections::default());
                form(&visit, &desk, StatusCode::OK, (&typed, None)).await
            }
            Entry::Elsewhere(answer) => Ok(answer),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn take(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = ask(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn ask(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &desk.at_work.office, body, FIELDS).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    if let Some(way_in) = console::lately(visit, body).await? {
        return Ok(way_in);
    }
    let typed = Typed::new(posted.pairs(), Objections::default());
    let (office, form_of) = (desk.at_work.office.clone(), typed.clone());
    let write = move |conn: &mut AnyConn| {
        let (roles, details) = (form_of.codes("role"), form_of.codes("detail"));
        let numbers = form_of.codes("tax");
        let some = form_of.value("tax_ids") == "some";
        let rights = RightsForm {
            roles: &roles,
            role_details: &details,
            access_level: form_of.value("access_level"),
            tax_ids: some.then_some(numbers.as_slice()),
            reason: form_of.value("reason"),
        };
        use_case::ask(conn, &office, form_of.value("user_id"), rights)
    };
    let asked = match visit.db.write(write).await {
        Err(StoreError::Conflict(_)) => Err(Refusal::AlreadyAsked),
        other => other?,
    };
    visit.outbox.wake();
    let problem = match asked {
        Ok(()) => return Ok(done(visit, &desk)),
        Err(Refusal::Denied(Denied::NotFound)) => return Err(PageError::NotFound),
        Err(Refusal::Denied(Denied::Forbidden)) => return Err(PageError::Forbidden),
        Err(Refusal::Objections(objections)) => {
            let fields = typed.fields().iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let typed = Typed::new(fields, objections);
            return form(visit, &desk, StatusCode::UNPROCESSABLE_ENTITY, (&typed, None)).await;
        }
        Err(Refusal::AlreadyAsked) => AffiliateProblem::AlreadyAsked,
        Err(Refusal::TooMany(why)) => AffiliateProblem::TooMany(why),
        Err(Refusal::AlreadyHere(person)) => {
            let of = &desk.affiliation.organization.id;
            AffiliateProblem::AlreadyHere(format!("/organization/{of}/people/{person}"))
        }
    };
    form(visit, &desk, StatusCode::CONFLICT, (&typed, Some(problem))).await
}

async fn form(
    visit: &Visit,
    desk: &OfOrganization,
    status: StatusCode,
    (typed, problem): (&Typed, Option<AffiliateProblem>),
) -> Result<HttpResponse, PageError> {
    let (form_token, cookie) = console::form_token(visit);
    let content = AffiliatePage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::Nominations),
        form_token: &form_token,
        typed,
        rights: rights(visit, desk).await?,
        problem,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

fn done(visit: &Visit, desk: &OfOrganization) -> HttpResponse {
    let nav = nav(desk, OrganizationArea::Nominations);
    let back = format!("/organization/{}/nominations", nav.id);
    let (frame, outcome) = (visit.frame(), OrganizationOutcome::Asked);
    page(StatusCode::OK, &OrganizationOutcomePage { frame, nav, outcome, back })
}
