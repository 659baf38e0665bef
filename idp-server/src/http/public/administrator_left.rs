//! `/administrator-left`: a colleague is to take the place of an Administrator who left (R46–R48).
//!
//! It becomes a ticket, and nothing else: whether there is such an organization or person is looked
//! up by Support, who calls back at the number on file.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse,
    web::{self, Bytes},
};
use idp_core::{
    community::{
        field::{LONGEST_NAME, LONGEST_NOTE, Objections},
        promotion::{AdministratorLeft, AdministratorLeftForm},
        ticket::{Requester, TicketKind},
    },
    oidc::params::Params,
};

use super::form::{PublicForm, ask, one_line};
use crate::{
    community::tickets::NewTicket,
    http::{error::PageError, visit::Visit},
    pages::{Asked, FieldView, Messages},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/administrator-left").get(show).post(send));
}

/// Exactly these (R48).
fn fields(text: &'static Messages) -> Vec<FieldView<'static>> {
    let words = &text.ask;
    vec![
        FieldView::line("organization_name", words.organization_name, LONGEST_NAME)
            .filled_by("organization"),
        FieldView::line("organization_address", words.organization_address, LONGEST_NOTE),
        FieldView::line("person_name", words.person_name, LONGEST_NAME),
        FieldView::line("user_id", words.user_id, 64).with_hint(words.user_id_hint),
        FieldView::phone("work_phone", words.work_phone),
        FieldView::email("work_email", words.work_email),
    ]
}

async fn show(visit: Visit) -> HttpResponse {
    PublicForm::of(&visit, Asked::AdministratorLeft, fields).page()
}

async fn send(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = open(&visit, &body).await;
    visit.answer(outcome)
}

async fn open(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let form = PublicForm::of(visit, Asked::AdministratorLeft, fields);
    let language = visit.frame().text.tag;
    match form.passed(body, |posted| read(posted, language)).await? {
        Ok(new) => ask(visit, Asked::AdministratorLeft, new).await,
        Err(page) => Ok(page),
    }
}

fn read(posted: &Params, language: &str) -> Result<(NewTicket, String), Objections> {
    let field = |name| posted.find(name).unwrap_or_default();
    let address = one_line(field("organization_address"));
    let left = AdministratorLeftForm {
        organization_name: field("organization_name"),
        organization_address: &address,
        person_name: field("person_name"),
        user_id: field("user_id"),
        work_phone: field("work_phone"),
        work_email: field("work_email"),
    };
    let left = left.read()?;
    let about = left.work_email.normalized();
    let new = NewTicket {
        kind: TicketKind::PromoteAdmin,
        requester: Requester::Visitor(left.work_email.clone()),
        organization: None,
        regarding: None,
        details: details(left),
        message: None,
        language: Some(language.to_owned()),
    };
    Ok((new, about))
}

fn details(left: AdministratorLeft) -> BTreeMap<String, String> {
    let AdministratorLeft {
        organization_name,
        organization_address,
        person_name,
        user_id,
        work_phone,
        work_email,
    } = left;
    [
        ("organization_name", organization_name),
        ("organization_address", organization_address),
        ("person_name", person_name),
        ("user_id", user_id.to_string()),
        ("work_phone", work_phone),
        ("work_email", work_email.as_str().to_owned()),
    ]
    .map(|(field, value)| (field.to_owned(), value))
    .into()
}
