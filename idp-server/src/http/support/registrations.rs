//! `/support/registrations`: organizations that register, and what is decided about each.

mod list;

pub(super) use list::row;

use std::iter;

use actix_web::{
    HttpResponse,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        field::LONGEST_NOTE,
        identity_proof::{Judgement, Proof, Proofing},
        registration::{Contact, Refusal as OfRegistration, Registration, Stage},
        tax_id_entry::{OverrideError, Prefix},
        ticket::Message,
    },
    ids::RegistrationId,
    oidc::params::Params,
};

use super::{Done, Outcome, note, one_line, problem};
use crate::{
    community::{
        Office,
        looking::Look,
        registrations::{self, Decision, Refusal, decide_registration, judge_notary},
    },
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        CasePage, DeedView, Fact, FieldView, Messages, Section, SupportArea, SupportNav, work_words,
    },
    store::AnyConn,
};

const NAV: SupportNav = SupportNav { area: SupportArea::Registrations };

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/support/registrations").get(list::show))
        .service(web::resource("/support/registrations/{id}").get(show_one).post(act));
}

/// The organization's name, once it was told; who registers it until then.
fn name_of(registration: &Registration) -> String {
    let Registration { told, contact, .. } = registration;
    told.as_ref().map_or_else(|| person_of(contact), |told| told.name.clone())
}

fn person_of(contact: &Contact) -> String {
    [&*contact.given_name, &contact.family_name].join(" ")
}

fn stage_words(text: &'static Messages, code: &str) -> &'static str {
    let words = &text.desk;
    match code {
        "agreement" => words.stage_agreement,
        "approved" => words.stage_approved,
        "at-notary" => words.stage_at_notary,
        "contact-verified" => words.stage_contact_verified,
        "dialogue" => words.stage_dialogue,
        "draft" => words.stage_draft,
        "identity" => words.stage_identity,
        "referred" => words.stage_referred,
        "rejected" => words.stage_rejected,
        "review" => words.stage_review,
        "waiting" => words.stage_waiting,
        "withdrawn" => words.stage_withdrawn,
        _ => words.stage_over,
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
        note(&visit, &desk.office, Look::Registration(registration.id.clone())).await?;
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
    let number = registration.stage.applicant().map(|applicant| &applicant.number);
    let prefix = number.map(|number| Prefix::of(number, &visit.registry.prefixes, ""));
    let prefix = prefix.unwrap_or(Prefix::Listed);
    let content = CasePage {
        frame,
        nav: NAV,
        form_token: &form_token,
        title: name_of(registration),
        action: format!("/support/registrations/{}", registration.id),
        problem: outcome.problem,
        done: outcome.done,
        code: None,
        sections: sections(frame.text, registration, &prefix),
        deeds: if own { Vec::new() } else { deeds(frame.text, registration, &prefix) },
    };
    console::with_form(page(outcome.status, &content), cookie)
}

fn sections(
    text: &'static Messages,
    registration: &Registration,
    prefix: &Prefix,
) -> Vec<Section<'static>> {
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
        if *prefix != Prefix::Listed {
            facts.push(Fact::text(words.unlisted_prefix, words.unlisted_prefix_lead));
        }
        facts.extend(details.npi.as_ref().map(|npi| Fact::text(words.npi, npi.as_str())));
    }
    let contact = &registration.contact;
    let mut people = vec![
        Fact::text(words.name, person_of(contact)),
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

/// The approval, with a reason for a number whose first two digits are not in the table.
fn approve(text: &'static Messages, prefix: &Prefix) -> DeedView<'static> {
    let words = &text.desk;
    let deed = DeedView::button("approve", words.approve_registration)
        .with_hint(words.approve_registration_hint)
        .main();
    match prefix {
        Prefix::Listed => deed,
        Prefix::Unlisted { .. } => {
            deed.with(vec![FieldView::area("prefix_reason", words.prefix_reason, LONGEST_NOTE)])
        }
    }
}

fn deeds(
    text: &'static Messages,
    registration: &Registration,
    prefix: &Prefix,
) -> Vec<DeedView<'static>> {
    let words = &text.desk;
    let reason = || vec![FieldView::area("reason", words.reason_told, LONGEST_NOTE)];
    match &registration.stage {
        Stage::Review(..) => {
            vec![approve(text, prefix), DeedView::button("reject", words.reject).with(reason())]
        }
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
    let posted =
        match console::posted(visit, &desk.office, body, &["deed", "prefix_reason", "reason"])
            .await?
        {
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
            let why = refusal_words(visit, refusal)?;
            let outcome = match refusal {
                Refusal::Registration(OfRegistration::Prefix(_)) => Outcome::wrong(why),
                Refusal::Number(_) | Refusal::Registration(_) => Outcome::refused(why),
            };
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
        Refusal::Registration(OfRegistration::Prefix(OverrideError::Denied(denied))) => {
            Err(problem(denied))
        }
        Refusal::Registration(OfRegistration::Prefix(OverrideError::Reason(_))) => {
            Ok(words.prefix_reason_due.to_owned())
        }
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
        "approve" => Ok(Deed::Decide(match posted.find("prefix_reason") {
            Some(reason) => Decision::ApprovePrefix(one_line(reason)),
            None => Decision::Approve,
        })),
        "reject" => reason().map(|why| Deed::Decide(Decision::Reject(why))),
        "accept-form" => Ok(Deed::Judge(Judgement::Accepted)),
        "refuse-form" => reason().map(|why| Deed::Judge(Judgement::Refused(why))),
        _ => return Err(PageError::NotUnderstood),
    })
}
