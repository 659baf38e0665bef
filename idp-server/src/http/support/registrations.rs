//! `/support/registrations`: organizations that register, those whose notary's form is waited for,
//! and what is decided about each.

use std::iter;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        field::LONGEST_NOTE,
        identity_proof::{Judgement, Proof, Proofing},
        notary_reference::NotaryReference,
        registration::{Refusal as OfRegistration, Registration, Stage},
        ticket::Message,
    },
    ids::RegistrationId,
    oidc::params::Params,
};
use serde::Deserialize;

use super::{Done, Outcome, one_line, problem};
use crate::{
    community::{
        Office,
        registrations::{
            self, Decision, Refusal, at_stage, by_notary_reference, decide_registration,
            judge_notary,
        },
    },
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        CasePage, DeedView, Fact, FieldView, ListPage, ListPart, ListRow, Messages, Section,
        SendBy, SupportArea, SupportNav, work_words,
    },
    store::{AnyConn, place::Place, promotion},
};

/// How many a page has at most.
const SHOWN: i64 = 50;
const NAV: SupportNav = SupportNav { area: SupportArea::Registrations };
/// The stages in which a registration waits for Support, or for somebody who may call.
const STAGES: [&str; 3] = ["review", "at-notary", "waiting"];

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/support/registrations").get(show))
        .service(web::resource("/support/registrations/{id}").get(show_one).post(act));
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    stage: String,
    #[serde(default)]
    reference: String,
    after: Option<String>,
}

async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
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
    let stage = match wanted.stage.as_str() {
        "" => "review",
        code => STAGES.into_iter().find(|it| *it == code).ok_or(PageError::NotUnderstood)?,
    };
    let after = wanted.after.as_deref().map(str::parse::<Place<RegistrationId>>).transpose();
    let after = after.map_err(|_| PageError::NotUnderstood)?.and_then(Place::into_parts);
    let words = &visit.frame().text.desk;
    let typed = wanted.reference.trim();
    let reference = (!typed.is_empty()).then(|| typed.parse::<NotaryReference>());
    let problem = match &reference {
        Some(Err(_)) => Some(words.no_reference),
        Some(Ok(_)) | None => None,
    };
    let reference = reference.and_then(Result::ok);
    let asked = reference.is_some();
    let office = desk.office.clone();
    let read = move |conn: &mut AnyConn| match &reference {
        Some(reference) => {
            let found = by_notary_reference(conn, &office, reference)?;
            let promotion = promotion::by_notary_reference(conn, reference)?;
            Ok((found.into_iter().collect::<Vec<_>>(), promotion))
        }
        None => Ok((at_stage(conn, &office, stage, after.as_ref(), SHOWN)?, None)),
    };
    let (found, promotion) = visit.db.read(read).await?;
    // The number says nothing of what the form is for; whoever types it off paper need not know.
    if let Some(promotion) = promotion {
        return Ok(see_other(&format!("/support/promotions/{}", promotion.id), []));
    }
    if let ([one], true) = (found.as_slice(), asked) {
        return Ok(see_other(&format!("/support/registrations/{}", one.id), []));
    }
    let is_full = i64::try_from(found.len()) == Ok(SHOWN);
    let next = found.last().filter(|_| is_full && !asked).map(|last| {
        let place = Place::at(last.moved_at, last.id.clone());
        format!("/support/registrations?stage={stage}&after={place}")
    });
    let text = visit.frame().text;
    let rows = found.iter().map(|registration| row(text, registration)).collect();
    let stages = STAGES.map(|code| (code, stage_words(text, code)));
    let content = ListPage {
        frame: visit.frame(),
        nav: NAV,
        lead: None,
        fields: vec![
            FieldView { value: stage, ..FieldView::choice("stage", words.stage, stages.to_vec()) },
            FieldView {
                value: &wanted.reference,
                ..FieldView::line("reference", words.notary_reference, 40).optional()
            },
        ],
        action: "/support/registrations",
        by: SendBy::Get,
        problem,
        parts: vec![ListPart { id: "registrations", heading: words.registrations, rows, next }],
    };
    Ok(page(StatusCode::OK, &content))
}

fn row(text: &'static Messages, registration: &Registration) -> ListRow {
    let words = &text.desk;
    let mut facts = vec![Fact::at(words.moved, registration.moved_at)];
    if let Some(applicant) = registration.stage.applicant() {
        facts.push(Fact::text(words.tax_id, applicant.number.shown()));
    }
    ListRow {
        title: name_of(text, registration),
        address: Some(format!("/support/registrations/{}", registration.id)),
        badge: Some(stage_words(text, registration.stage.code()).to_owned()),
        facts,
    }
}

fn name_of(text: &'static Messages, registration: &Registration) -> String {
    let applicant = registration.stage.applicant();
    applicant.map_or_else(|| text.desk.registration.to_owned(), |it| it.details.name.clone())
}

fn stage_words(text: &'static Messages, code: &str) -> &'static str {
    let words = &text.desk;
    match code {
        "approved" => words.stage_approved,
        "at-notary" => words.stage_at_notary,
        "rejected" => words.stage_rejected,
        "review" => words.stage_review,
        "waiting" => words.stage_waiting,
        _ => words.stage_other,
    }
}

async fn load(visit: &Visit, office: &Office, id: &str) -> Result<Registration, PageError> {
    let id: RegistrationId = id.parse().map_err(|_| PageError::NotFound)?;
    let office = office.clone();
    let found = visit.db.read(move |conn| registrations::find(conn, &office, &id)).await?;
    found.ok_or(PageError::NotFound)
}

async fn show_one(visit: Visit, id: Path<String>, done: Query<Done>) -> HttpResponse {
    let outcome = async {
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let registration = load(&visit, &desk.office, &id).await?;
        let words = &visit.frame().text.desk;
        let outcome = Outcome { done: done.is_some().then_some(words.done), ..Outcome::default() };
        Ok(show_case(&visit, &desk, &registration, outcome))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn show_case(
    visit: &Visit,
    desk: &AtWork,
    registration: &Registration,
    outcome: Outcome,
) -> HttpResponse {
    let frame = visit.frame();
    let (form_token, cookie) = console::form_token(visit);
    let own = registration.registrant.as_ref() == desk.office.actor.person();
    let content = CasePage {
        frame,
        nav: NAV,
        form_token: &form_token,
        title: name_of(frame.text, registration),
        action: format!("/support/registrations/{}", registration.id),
        problem: outcome.problem,
        done: outcome.done,
        code: None,
        sections: sections(frame.text, registration),
        deeds: if own { Vec::new() } else { deeds(frame.text, registration) },
    };
    console::with_form(page(outcome.status, &content), cookie)
}

fn sections(text: &'static Messages, registration: &Registration) -> Vec<Section<'static>> {
    let words = &text.desk;
    let mut facts = vec![
        Fact::text(words.stage, stage_words(text, registration.stage.code())),
        Fact::at(words.moved, registration.moved_at),
    ];
    if let Some(applicant) = registration.stage.applicant() {
        let details = &applicant.details;
        facts.push(Fact::text(words.name, &*details.name));
        facts.push(Fact::text(words.address, &*details.address));
        facts.push(Fact::text(words.phone, &*details.phone));
        facts.push(Fact::text(words.tax_id, applicant.number.shown()));
        facts.extend(details.npi.as_ref().map(|npi| Fact::text(words.npi, npi.as_str())));
    }
    let contact = &registration.contact;
    let mut people = vec![
        Fact::text(words.name, [&*contact.given_name, &contact.family_name].join(" ")),
        Fact::text(words.email, contact.email.as_str()),
        Fact::text(words.phone, &*contact.phone),
    ];
    if let Stage::Identity(_, signed, _) | Stage::Review(_, signed, _) = &registration.stage {
        people.push(Fact::text(words.signed_by, &*signed.signatory.name));
        people.push(Fact::text(words.position, &*signed.signatory.title));
        people.push(Fact::at(words.signed_at, signed.at));
        let acknowledged = signed.duties_acknowledged_at;
        people.extend(acknowledged.map(|at| Fact::at(words.duties_acknowledged, at)));
    }
    match &registration.stage {
        Stage::Identity(_, _, Proofing::AtNotary { reference, since }) => {
            people.push(Fact::text(words.notary_reference, reference.to_string()));
            people.push(Fact::at(words.since, *since));
        }
        Stage::Review(_, _, Proof::KnowledgeTest { at, .. }) => {
            people.push(Fact::text(words.proved_by, words.by_test));
            people.push(Fact::at(words.proved_at, *at));
        }
        Stage::Review(_, _, Proof::Notary { at, .. }) => {
            people.push(Fact::text(words.proved_by, words.by_notary));
            people.push(Fact::at(words.proved_at, *at));
        }
        Stage::Agreement(_)
        | Stage::Approved(_)
        | Stage::ContactVerified
        | Stage::Dialogue(..)
        | Stage::Draft
        | Stage::Erased
        | Stage::Identity(..)
        | Stage::Referred(_)
        | Stage::Rejected
        | Stage::Waiting(..)
        | Stage::Withdrawn => {}
    }
    people.extend(work_facts(text, registration));
    vec![
        Section { id: "organization", heading: words.organization, lead: None, facts },
        Section { id: "registrant", heading: words.registrant, lead: None, facts: people },
    ]
}

/// What the first Administrator would begin with: it is approved with the organization.
fn work_facts(text: &'static Messages, registration: &Registration) -> Vec<Fact> {
    let words = &text.desk;
    let Some(work) = &registration.work else {
        let signed = matches!(registration.stage, Stage::Identity(..) | Stage::Review(..));
        return signed.then(|| Fact::text(words.roles, words.roles_none)).into_iter().collect();
    };
    let npi = work.npi().map(|npi| Fact::text(words.own_npi, npi.as_str()));
    let reason = work.reason().map(|reason| Fact::text(words.roles_reason, reason));
    let roles = Fact::text(words.roles, work_words(text, work));
    iter::once(roles).chain(reason).chain(npi).collect()
}

fn deeds(text: &'static Messages, registration: &Registration) -> Vec<DeedView<'static>> {
    let words = &text.desk;
    let reason = || vec![FieldView::area("reason", words.reason_told, LONGEST_NOTE)];
    match &registration.stage {
        Stage::Review(..) => vec![
            DeedView::button("approve", words.approve_registration)
                .with_hint(words.approve_registration_hint)
                .main(),
            DeedView::button("reject", words.reject).with(reason()),
        ],
        Stage::Identity(_, _, Proofing::AtNotary { .. }) => vec![
            DeedView::button("accept-form", words.accept_form)
                .with_hint(words.accept_form_hint)
                .main(),
            DeedView::button("refuse-form", words.refuse_form)
                .with(reason())
                .with_hint(words.refuse_form_hint),
            DeedView::button("reject", words.reject).with(reason()),
        ],
        Stage::Agreement(_)
        | Stage::ContactVerified
        | Stage::Dialogue(..)
        | Stage::Draft
        | Stage::Identity(..)
        | Stage::Waiting(..) => {
            vec![DeedView::button("reject", words.reject).with(reason())]
        }
        Stage::Approved(_)
        | Stage::Erased
        | Stage::Referred(_)
        | Stage::Rejected
        | Stage::Withdrawn => Vec::new(),
    }
}

/// What Support wants with a registration.
#[derive(Clone)]
enum Deed {
    Decide(Decision),
    Judge(Judgement),
}

async fn act(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = carry_out(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn carry_out(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &desk.office, body, &["deed", "reason"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let registration = load(visit, &desk.office, id).await?;
    let deed = match read(&posted)? {
        Ok(deed) => deed,
        Err(why) => {
            let outcome = Outcome::wrong(why);
            return Ok(show_case(visit, &desk, &registration, outcome));
        }
    };
    let (office, wanted) = (desk.office.clone(), registration.id.clone());
    let work = move |conn: &mut AnyConn| match &deed {
        Deed::Decide(decision) => {
            decide_registration(conn, &office, &wanted, decision.clone()).map(|it| it.map(drop))
        }
        Deed::Judge(judgement) => {
            judge_notary(conn, &office, &wanted, judgement.clone()).map(|it| it.map(drop))
        }
    };
    match visit.db.write(work).await? {
        Ok(()) => {
            visit.outbox.wake();
            Ok(see_other(&format!("/support/registrations/{id}?done=1"), []))
        }
        Err(refusal) => {
            let registration = load(visit, &desk.office, id).await?;
            let outcome = Outcome::refused(refusal_words(visit, refusal)?);
            Ok(show_case(visit, &desk, &registration, outcome))
        }
    }
}

fn refusal_words(visit: &Visit, refusal: Refusal) -> Result<String, PageError> {
    let words = &visit.frame().text.desk;
    match refusal {
        Refusal::Registration(OfRegistration::Denied(denied)) => Err(problem(denied)),
        Refusal::Registration(OfRegistration::OwnRegistration) => Ok(words.own_matter.to_owned()),
        Refusal::Registration(OfRegistration::AccountClosed) => Ok(words.first_closed.to_owned()),
        Refusal::Registration(OfRegistration::AccountSuspended) => {
            Ok(words.first_suspended.to_owned())
        }
        Refusal::Registration(OfRegistration::AddressUnclear) => Ok(words.first_unclear.to_owned()),
        Refusal::Registration(OfRegistration::AddressWaits) => Ok(words.first_waits.to_owned()),
        Refusal::Registration(OfRegistration::NpiDiffers) => Ok(words.first_npi_differs.to_owned()),
        Refusal::Registration(OfRegistration::NpiTaken) => Ok(words.first_npi_taken.to_owned()),
        Refusal::Registration(_) => Ok(words.out_of_order.to_owned()),
        Refusal::Number(_) => Ok(words.number_refused.to_owned()),
    }
}

fn read(posted: &Params) -> Result<Result<Deed, String>, PageError> {
    let reason = || {
        let typed = one_line(posted.find("reason").unwrap_or_default());
        Message::read(&typed).map_err(|why| why.to_string())
    };
    Ok(match posted.find("deed").unwrap_or_default() {
        "approve" => Ok(Deed::Decide(Decision::Approve)),
        "reject" => reason().map(|why| Deed::Decide(Decision::Reject(why))),
        "accept-form" => Ok(Deed::Judge(Judgement::Accepted)),
        "refuse-form" => reason().map(|why| Deed::Judge(Judgement::Refused(why))),
        _ => return Err(PageError::NotUnderstood),
    })
}
