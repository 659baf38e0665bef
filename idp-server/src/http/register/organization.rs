//! The organization and its number: what it is asked about, and a look at it before it goes on.

use actix_web::{HttpResponse, http::StatusCode};
use idp_core::{
    community::{
        registration::{Applicant, Details, DetailsForm, Refusal, Stage},
        tax_id::{TaxIdError, TaxIdNumber},
        tax_id_entry::{self, Entry, Insists, Meaning, OnLetter, Typed},
    },
    oidc::params::Params,
};

use super::{
    show::send,
    way::{Way, go_on},
};
use crate::{
    community::registrations,
    http::{error::PageError, visit::Visit},
    pages::{NumberQuestion, RegisterProblem, RegisterStep, RegisterTyped},
};

/// What is shown again.
const FIELDS: [&str; 7] = ["name", "address", "phone", "npi", "number", "meaning", "on_letter"];
/// The same without the number: a personal one is not written into a page.
const WITHOUT_NUMBER: [&str; 4] = ["name", "address", "phone", "npi"];

/// What was typed as a number, and what was said about it.
pub fn typed(form: &Params) -> Typed<'_> {
    Typed {
        text: form.find("number").unwrap_or_default(),
        meaning: match form.find("meaning") {
            Some("business") => Meaning::Business,
            Some("personal") => Meaning::Personal,
            Some(_) | None => Meaning::Unsaid,
        },
        insists: if form.find("insists") == Some("yes") { Insists::Yes } else { Insists::No },
        on_letter: if form.find("on_letter") == Some("yes") { OnLetter::Yes } else { OnLetter::No },
    }
}

/// `POST …/organization`.
pub(super) async fn describe(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let field = |name| form.find(name).unwrap_or_default();
    let details = DetailsForm {
        name: field("name"),
        address: field("address"),
        phone: field("phone"),
        npi: field("npi"),
    };
    let again = |status, typed: &RegisterTyped, number| {
        Ok(send(visit, way, status, RegisterStep::Organization { number }, typed, None))
    };
    let judged = tax_id_entry::judge(typed(form), &visit.registry.prefixes);
    // A number that is written like a personal one, or said to be one, is not written back.
    let personal = matches!(judged, Ok(Entry::Stop(_)))
        || matches!(judged, Ok(Entry::Accepted { number: TaxIdNumber::Ssn(_), .. }))
        || (judged.is_err() && form.find("meaning") == Some("personal"));
    let shown = if personal {
        RegisterTyped::of(form, &WITHOUT_NUMBER)
    } else {
        RegisterTyped::of(form, &FIELDS)
    };
    let number_question = match judged {
        _ if personal => NumberQuestion::Personal,
        Err(TaxIdError::Prefix) => NumberQuestion::UnlistedPrefix,
        Ok(_) | Err(_) => NumberQuestion::None,
    };
    let mut wrong = idp_core::community::field::Objections::default();
    let details = match details.read() {
        Ok(details) => Some(details),
        Err(objections) => {
            for (field, why) in objections.iter() {
                wrong.object(field, why);
            }
            None
        }
    };
    let entry = wrong.take("number", judged);
    let (Some(details), Some(entry)) = (details, entry) else {
        let typed = shown.with(&wrong);
        return again(StatusCode::UNPROCESSABLE_ENTITY, &typed, number_question);
    };
    if form.find("change").is_some() {
        return again(StatusCode::OK, &shown, NumberQuestion::None);
    }
    match entry {
        Entry::Ask => again(StatusCode::OK, &shown, NumberQuestion::Which),
        Entry::Stop(_) => again(StatusCode::OK, &shown, NumberQuestion::Personal),
        Entry::Accepted { number, doubt } => {
            let checked = form.find("checked") == Some("yes");
            // Whoever insists on a personal number has been stopped and asked already.
            if checked || matches!(number, TaxIdNumber::Ssn(_)) {
                return save(visit, way, Applicant { details, number }, &shown).await;
            }
            let doubt = doubt.map(|doubt| doubt.to_string());
            Ok(check(visit, way, &shown, &details, &number, doubt))
        }
    }
}

/// The form as it was sent before, without the number: it is another one that is asked for.
pub(super) fn told(details: &Details) -> RegisterTyped {
    let npi = details.npi.as_ref().map_or("", |npi| npi.as_str());
    let fields = [("name", &*details.name), ("address", &*details.address)];
    let more = [("phone", &*details.phone), ("npi", npi)];
    RegisterTyped::filled(fields.into_iter().chain(more))
}

/// Goes on with another number: what was told of the organization is not typed again (R44).
pub(super) async fn with_another_number(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let (Stage::ContactVerified, Some(told)) = (&way.registration.stage, &way.registration.told)
    else {
        return Ok(go_on(&way.handle));
    };
    let field = |name| (name, form.find(name).unwrap_or_default());
    let npi = told.npi.as_ref().map_or("", |npi| npi.as_str());
    let all = [
        ("name", &*told.name),
        ("address", &*told.address),
        ("phone", &*told.phone),
        ("npi", npi),
        field("number"),
        field("meaning"),
    ];
    describe(visit, way, &all.into_iter().collect()).await
}

/// A look at what was typed, before it goes on (R93).
fn check(
    visit: &Visit,
    way: &Way,
    typed: &RegisterTyped,
    details: &Details,
    number: &TaxIdNumber,
    doubt: Option<String>,
) -> HttpResponse {
    let words = &visit.frame().text.register;
    let number = number.shown();
    let npi = details.npi.as_ref().map(|npi| (words.npi, npi.as_str()));
    let facts = [
        (words.name, details.name.as_str()),
        (words.address, details.address.as_str()),
        (words.organization_phone, details.phone.as_str()),
        (words.number, number.as_str()),
    ];
    let facts = facts.into_iter().chain(npi).collect();
    send(visit, way, StatusCode::OK, RegisterStep::Check { facts, doubt }, typed, None)
}

async fn save(
    visit: &Visit,
    way: &Way,
    applicant: Applicant,
    typed: &RegisterTyped,
) -> Result<HttpResponse, PageError> {
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let describe =
        move |conn: &mut _| registrations::describe(conn, &office, &id, applicant.clone());
    let described = visit.db.write(describe).await?;
    visit.outbox.wake();
    if let Err(registrations::Refusal::Registration(Refusal::TooManyNumbers)) = described {
        let step = RegisterStep::Organization { number: NumberQuestion::None };
        let problem = Some(RegisterProblem::TooManyNumbers);
        return Ok(send(visit, way, StatusCode::TOO_MANY_REQUESTS, step, typed, problem));
    }
    // A step that is over leads to the one that is due.
    Ok(go_on(&way.handle))
}

/// Whether somebody typed the number of the registration again; `None` if it is none at all.
pub(super) fn is_the_same(visit: &Visit, form: &Params, number: &TaxIdNumber) -> Option<bool> {
    let said = typed(form);
    let meaning = match number {
        TaxIdNumber::Ein(_) => Meaning::Business,
        TaxIdNumber::Ssn(_) => Meaning::Personal,
    };
    let again = Typed { meaning, insists: Insists::Yes, on_letter: OnLetter::Yes, ..said };
    match tax_id_entry::judge(again, &visit.registry.prefixes) {
        Ok(Entry::Accepted { number: typed, .. }) => Some(typed == *number),
        Ok(Entry::Ask | Entry::Stop(_)) | Err(_) => None,
    }
}
