//! The list of registrations by their stage, and the one whose form has a number. What else a caller can
//! name is looked for at `/support/search` (R23).

use actix_web::{HttpResponse, http::StatusCode, web::Query};
use idp_core::{
    community::{
        notary_reference::NotaryReference,
        registration::{Registration, Stage},
    },
    ids::RegistrationId,
};
use serde::Deserialize;

use super::{super::tickets::address_of, NAV, name_of, person_of, stage_words};
use crate::{
    community::{
        Office,
        registrations::{self, OPEN, of_notarys_form, stages},
    },
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{Fact, FieldView, ListPage, ListPart, ListRow, Messages, SendBy},
    store::{AnyConn, place::Place, registration::Sought},
};

/// How many a page has at most.
const SHOWN: i64 = 50;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    stage: String,
    /// The number on a notary's form.
    #[serde(default)]
    reference: String,
    after: Option<String>,
}

pub(super) async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
    let outcome = async {
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        list(&visit, &wanted).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, wanted: &Wanted) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let sought = stages(&wanted.stage).ok_or(PageError::NotUnderstood)?;
    let stage = match sought.as_slice() {
        [one] => *one,
        _ => OPEN,
    };
    let after = wanted.after.as_deref().map(str::parse::<Place<RegistrationId>>).transpose();
    let after = after.map_err(|_| PageError::NotUnderstood)?.and_then(Place::into_parts);
    let typed = wanted.reference.trim();
    if let Some(address) = of_form(visit, &desk.office, typed).await? {
        return Ok(see_other(&address, []));
    }
    let (office, sought) = (desk.office.clone(), Sought::Stages(sought));
    let read = move |conn: &mut AnyConn| {
        registrations::list(conn, &office, &sought, after.as_ref(), SHOWN)
    };
    let found = visit.db.read(read).await?;
    let next = found.last().filter(|_| i64::try_from(found.len()) == Ok(SHOWN)).map(|last| {
        let place = Place::at(last.moved_at, last.id.clone());
        format!("/support/registrations?stage={stage}&after={place}")
    });
    let text = visit.frame().text;
    let words = &text.desk;
    let open = [(OPEN, words.stage_open)];
    let stages = open.into_iter().chain(Stage::OPEN.map(|code| (code, stage_words(text, code))));
    let rows = found.iter().map(|registration| row(text, registration)).collect();
    let content = ListPage {
        frame: visit.frame(),
        nav: NAV,
        lead: None,
        fields: vec![
            FieldView { value: stage, ..FieldView::choice("stage", words.stage, stages.collect()) },
            FieldView {
                value: typed,
                ..FieldView::line("reference", words.notary_reference, 40).optional()
            },
        ],
        action: "/support/registrations",
        by: SendBy::Get,
        problem: (!typed.is_empty()).then_some(words.no_reference),
        parts: vec![ListPart { id: "registrations", heading: words.registrations, rows, next }],
    };
    Ok(page(StatusCode::OK, &content))
}

/// The page where the form of this number is judged.
async fn of_form(visit: &Visit, office: &Office, typed: &str) -> Result<Option<String>, PageError> {
    let Ok(reference) = typed.parse::<NotaryReference>() else { return Ok(None) };
    let office = office.clone();
    let read = move |conn: &mut AnyConn| of_notarys_form(conn, &office, &reference);
    Ok(visit.db.read(read).await?.as_ref().map(address_of))
}

/// A registration in a list.
pub(in crate::http::support) fn row(
    text: &'static Messages,
    registration: &Registration,
) -> ListRow {
    let words = &text.desk;
    let mut facts = vec![
        Fact::text(words.registrant, person_of(&registration.contact)),
        Fact::at(words.moved, registration.moved_at),
    ];
    if let Some(applicant) = registration.stage.applicant() {
        facts.push(Fact::text(words.tax_id, applicant.number.shown()));
    }
    ListRow {
        title: name_of(registration),
        address: Some(format!("/support/registrations/{}", registration.id)),
        badge: Some(stage_words(text, registration.stage.code()).to_owned()),
        facts,
    }
}
