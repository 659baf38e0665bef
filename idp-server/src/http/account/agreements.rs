//! `/account/agreements`: what I have agreed to, and what waits for it (R19).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use chrono::{DateTime, Utc};
use idp_core::{
    authentication::gate::Demand,
    community::agreement::Agreement,
    ids::{AgreementId, SubscriberId},
};
use serde::Deserialize;

use super::{expired, nav};
use crate::{
    http::{
        agreement::{self, Answer},
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, see_other, set},
    },
    pages::{AccountAgreementPage, AgreementView, AgreementsPage, Area, ListedAgreement},
    store::{self, AnyConn},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account/agreements").get(show))
        .service(web::resource("/account/agreements/{id}").get(read).post(accept));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = list(&visit, after.done.is_some()).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, done: bool) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Agreements, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let subscriber = loaded.subscriber.id;
    let accepted = visit.db.read(move |conn| store::agreement::accepted(conn, &subscriber)).await?;
    let in_force = visit.agreements.in_force();
    let is_due = |wanted: &&Agreement| !accepted.iter().any(|(known, _)| known.id == wanted.id);
    let content = AgreementsPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Agreements),
        due: in_force.iter().filter(is_due).map(|due| listed(due, None)).collect(),
        accepted: accepted.iter().map(|(known, at)| listed(known, Some(*at))).collect(),
        done,
    };
    Ok(page(StatusCode::OK, &content))
}

fn listed(agreement: &Agreement, accepted_at: Option<DateTime<Utc>>) -> ListedAgreement<'_> {
    ListedAgreement {
        id: agreement.id.as_str(),
        title: agreement.text.title(),
        version: agreement.version.as_str(),
        accepted_at,
        superseded: !agreement.is_in_force(),
    }
}

/// What the form below a text is for: this text, shown to this person.
fn purpose(person: &SubscriberId, agreement: &AgreementId) -> String {
    format!("account {person} {agreement}")
}

/// A version, and when the person accepted it. One that is neither in force nor accepted by them is
/// not there.
async fn found(
    visit: &Visit,
    person: &SubscriberId,
    id: &str,
) -> Result<(Agreement, Option<DateTime<Utc>>), PageError> {
    let id: AgreementId = id.parse().map_err(|_| PageError::NotFound)?;
    let person = person.clone();
    let load = move |conn: &mut AnyConn| {
        let accepted = store::agreement::accepted(conn, &person)?;
        if let Some((agreement, at)) = accepted.into_iter().find(|(known, _)| known.id == id) {
            return Ok(Some((agreement, Some(at))));
        }
        let in_force = store::agreement::find(conn, &id)?.filter(Agreement::is_in_force);
        Ok(in_force.map(|agreement| (agreement, None)))
    };
    visit.db.read(load).await?.ok_or(PageError::NotFound)
}

/// `GET /account/agreements/{id}`: the text.
async fn read(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = text(&visit, &id).await;
    visit.answer(outcome)
}

async fn text(visit: &Visit, id: &str) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Agreements, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let (agreement, accepted_at) = found(visit, &loaded.subscriber.id, id).await?;
    let (browser, cookie) = visit.browser();
    let is_due = accepted_at.is_none();
    let token =
        is_due.then(|| visit.form_token(&browser, &purpose(&loaded.subscriber.id, &agreement.id)));
    let content = AccountAgreementPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Agreements),
        id: agreement.id.as_str(),
        hash: &agreement.text.hash().to_string(),
        agreement: AgreementView::of(&agreement),
        accepted_at,
        answer_token: token.as_deref(),
    };
    let mut answer = page(StatusCode::OK, &content);
    set(&mut answer, cookie);
    Ok(answer)
}

/// `POST /account/agreements/{id}`: the person accepts it.
async fn accept(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = accepted(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn accepted(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let loaded = match gate::pass(visit, OwnPage::Agreements, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let (agreement, _) = found(visit, &loaded.subscriber.id, id).await?;
    if visit.own_form(body, &purpose(&loaded.subscriber.id, &agreement.id)).is_none() {
        return Ok(expired(visit, Area::Agreements));
    }
    agreement::record(visit, &loaded.session, &agreement.id, Answer::Accepted).await?;
    Ok(see_other("/account/agreements?done=accepted", []))
}
