//! `/contact`: anything that somebody wants of the support desk (R2). It becomes a ticket.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse,
    web::{self, Bytes},
};
use idp_core::{
    community::{
        field::{LONGEST_NAME, LONGEST_NOTE, Objections, line, phone},
        subscriber::EmailAddress,
        ticket::{Message, Requester, TicketKind},
    },
    oidc::params::Params,
};

use super::form::{PublicForm, ask, one_line};
use crate::{
    community::tickets::NewTicket,
    http::{error::PageError, visit::Visit},
    pages::{Asked, FieldView, Messages},
};

/// What a visitor may ask for by themselves; the other kinds come of what happens.
const KINDS: [TicketKind; 3] =
    [TicketKind::Contact, TicketKind::FindOrganization, TicketKind::AccountHelp];

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/contact").get(show).post(send));
}

fn fields(text: &'static Messages) -> Vec<FieldView<'static>> {
    let words = &text.ask;
    let kinds = KINDS.map(|kind| (kind.code(), text.ticket_kind(kind)));
    vec![
        FieldView::choice("kind", words.topic, kinds.to_vec()),
        FieldView::line("name", words.name, LONGEST_NAME).filled_by("name"),
        FieldView::email("email", words.email),
        FieldView::phone("phone", words.phone).optional(),
        FieldView::area("message", words.message, LONGEST_NOTE).with_hint(words.message_hint),
    ]
}

async fn show(visit: Visit) -> HttpResponse {
    PublicForm::of(&visit, Asked::Contact, fields).page()
}

async fn send(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = open(&visit, &body).await;
    visit.answer(outcome)
}

async fn open(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let form = PublicForm::of(visit, Asked::Contact, fields);
    let language = visit.frame().text.tag;
    match form.passed(body, |posted| read(posted, language)).await? {
        Ok(new) => ask(visit, Asked::Contact, new).await,
        Err(page) => Ok(page),
    }
}

/// Reads the form, and says by what it is counted.
fn read(posted: &Params, language: &str) -> Result<(NewTicket, String), Objections> {
    let mut found = Objections::default();
    let field = |name| posted.find(name).unwrap_or_default();
    let kind = KINDS.into_iter().find(|kind| kind.code() == field("kind"));
    if kind.is_none() {
        found.object("kind", "please choose one of these");
    }
    let name = found.take("name", line(field("name"), LONGEST_NAME));
    let email = found.take("email", field("email").parse::<EmailAddress>());
    let phone = match field("phone").trim() {
        "" => None,
        typed => found.take("phone", phone(typed)),
    };
    let message = found.take("message", Message::read(&one_line(field("message"))));
    let new = || {
        let email = email?;
        let mut details = BTreeMap::from([("name".to_owned(), name?)]);
        details.insert("email".to_owned(), email.as_str().to_owned());
        details.extend(phone.map(|phone| ("phone".to_owned(), phone)));
        let about = email.normalized();
        let new = NewTicket {
            kind: kind?,
            requester: Requester::Visitor(email),
            organization: None,
            regarding: None,
            details,
            message: Some(message?),
            language: Some(language.to_owned()),
        };
        Some((new, about))
    };
    found.unless_any(new())
}
