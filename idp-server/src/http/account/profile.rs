//! `/account/profile`: my own data, and what I may change of it.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Query},
};
use idp_core::{
    authentication::gate::Demand,
    community::{
        field::Objections,
        personal_data::{Language, PersonalDataForm},
    },
};
use serde::Deserialize;

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    community::own_data,
    http::{
        console::office_of,
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, see_other, set},
    },
    pages::{Area, ProfilePage},
    store::{AnyConn, person::LoadedPerson},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/account/profile").get(show).post(change));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = async {
        let person = match gate::pass(&visit, OwnPage::Profile, Demand::SIGNED_IN).await? {
            Gate::Open(person) => person,
            Gate::Elsewhere(answer) => return Ok(answer),
        };
        let own = &person.subscriber;
        let language = Language::of_locale(own.profile.locale.as_deref()).tag();
        let shown =
            PersonalDataForm { phone: own.phone_number.as_deref().unwrap_or_default(), language };
        Ok(form(&visit, &person, shown, after.done.is_some(), Objections::default()))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn form(
    visit: &Visit,
    person: &LoadedPerson,
    shown: PersonalDataForm<'_>,
    done: bool,
    objections: Objections,
) -> HttpResponse {
    let own = &person.subscriber;
    let name = own.name();
    let (form_token, cookie) = form_token(visit);
    let status =
        if objections.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let content = ProfilePage {
        frame: visit.frame(),
        nav: nav(visit, Area::Profile),
        form_token: &form_token,
        name: &name,
        user_id: own.user_id.as_str(),
        npi: own.npi.as_ref().map(|npi| npi.as_str()),
        phone: shown.phone,
        language: shown.language,
        done,
        objections,
    };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    answer
}

/// `POST /account/profile`.
async fn change(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = keep(&visit, &body).await;
    visit.answer(outcome)
}

async fn keep(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Profile, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Profile));
    };
    let field = |name| posted.find(name).unwrap_or_default();
    let typed = PersonalDataForm { phone: field("phone"), language: field("language") };
    let new = match typed.read() {
        Ok(new) => new,
        Err(objections) => return Ok(form(visit, &person, typed, false, objections)),
    };
    let is_new = new.phone != person.subscriber.phone_number;
    if is_new
        && let Gate::Elsewhere(answer) = gate::pass(visit, OwnPage::Profile, Demand::CHANGE).await?
    {
        // Support calls back at this number (security 18.4).
        return Ok(answer);
    }
    let office = office_of(visit, Some(&person));
    let id = person.subscriber.id;
    let work = move |conn: &mut AnyConn| own_data::change(conn, &office, &id, new.clone());
    visit.db.write(work).await?.map_err(|_| PageError::NotFound)?;
    visit.outbox.wake();
    Ok(see_other("/account/profile?done=saved", []))
}
