//! `/account/offers`: organizations that ask the person to act for them (domain 4.3; R70, R71;
//! security 20.9). Nobody but the person answers.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    authentication::{gate::Demand, mailed_code::MailedCode},
    community::{
        affiliation_life::{Command, Refusal},
        npi::Npi,
        permission::Denied,
    },
    ids::AffiliationId,
};
use serde::Deserialize;

use super::{PURPOSE, expired, form_token, nav, promotions};
use crate::{
    community::offer::{self, Proofs},
    http::{
        console::office_of,
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, see_other, set},
    },
    pages::{Area, DueProof, OfferDone, OfferDue, OffersPage, ReceivedOffer},
    store::{AnyConn, StoreError, Taken, person::LoadedPerson},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account/offers").get(show))
        .service(web::resource("/account/offers/{id}/accept").post(accept))
        .service(web::resource("/account/offers/{id}/decline").post(decline));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = async {
        let person = match gate::pass(&visit, OwnPage::Offers, Demand::SIGNED_IN).await? {
            Gate::Open(person) => person,
            Gate::Elsewhere(answer) => return Ok(answer),
        };
        let done = match after.done.as_deref() {
            Some("accepted") => Some(OfferDone::Accepted),
            Some("declined") => Some(OfferDone::Declined),
            Some("over") => Some(OfferDone::Over),
            Some(_) | None => None,
        };
        list(&visit, &person, StatusCode::OK, (done, None)).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(
    visit: &Visit,
    person: &LoadedPerson,
    status: StatusCode,
    (done, due): (Option<OfferDone>, Option<OfferDue>),
) -> Result<HttpResponse, PageError> {
    let waiting = promotions::waiting(visit, person).await?;
    let (form_token, cookie) = form_token(visit);
    let (who, now) = (person.subscriber.id.clone(), visit.clock.now());
    let open = visit.db.read(move |conn| offer::open_to(conn, &who, now)).await?;
    let open = person.affiliations.iter().filter(|offered| open.contains(&offered.id));
    let content = OffersPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Offers),
        form_token: &form_token,
        offers: open
            .map(|affiliation| ReceivedOffer {
                id: affiliation.id.as_str(),
                organization: &affiliation.organization.name,
                roles: affiliation.roles.iter().map(|role| role.code()).collect(),
                access_level: affiliation.access_level.code(),
            })
            .collect(),
        promotions: waiting,
        done,
        due,
    };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    Ok(answer)
}

async fn accept(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = answer(&visit, &id, &body, Command::Accept).await;
    visit.answer(outcome)
}

async fn decline(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = answer(&visit, &id, &body, Command::Decline).await;
    visit.answer(outcome)
}

async fn answer(
    visit: &Visit,
    id: &str,
    body: &Bytes,
    command: Command,
) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Offers, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(form) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Offers));
    };
    let id: AffiliationId = id.parse().map_err(|_| PageError::NotFound)?;
    let typed = |name| form.find(name).map(str::trim).filter(|text| !text.is_empty());
    let again = async |due| {
        let due = Some(OfferDue { offer: id.to_string(), what: due });
        list(visit, &person, StatusCode::UNPROCESSABLE_ENTITY, (None, due)).await
    };
    let Ok(npi) = typed("npi").map(str::parse::<Npi>).transpose() else {
        return again(DueProof::Npi { wrong: true }).await;
    };
    let code = typed("code").map(MailedCode::typed);
    if code == Some(None) {
        // It cannot be one that was mailed: no reason to mail another.
        return again(DueProof::Mailbox { wrong: true }).await;
    }
    let tried_code = code.is_some();
    let proofs = Proofs { code: code.flatten(), npi };
    let done = if command == Command::Accept { "accepted" } else { "declined" };
    let (office, offered) = (office_of(visit, Some(&person)), id.clone());
    let write =
        move |conn: &mut AnyConn| offer::answer(conn, &office, &offered, command.clone(), &proofs);
    let answered = match visit.db.write(write).await {
        Err(StoreError::Conflict(Taken::Npi)) => {
            return again(DueProof::Npi { wrong: true }).await;
        }
        other => other?,
    };
    visit.outbox.wake();
    match answered {
        Ok(_) => Ok(see_other(&format!("/account/offers?done={done}"), [])),
        Err(Refusal::MailboxDue) => again(DueProof::Mailbox { wrong: tried_code }).await,
        Err(Refusal::NpiDue) => again(DueProof::Npi { wrong: false }).await,
        Err(Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
        Err(Refusal::Denied(Denied::Forbidden)) => Err(PageError::Forbidden),
        Err(Refusal::LastAdministrator | Refusal::OutOfOrder | Refusal::Unchanged) => {
            Ok(see_other("/account/offers?done=over", []))
        }
    }
}
