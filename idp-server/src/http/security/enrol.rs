//! Setting up a factor from the account. Who comes here has passed [`Demand::ENROLMENT`].

use actix_web::{HttpResponse, http::StatusCode, web::Bytes};
use idp_core::{
    authentication::{assurance::Assurance, factor::FactorName, gate::Demand, totp},
    oidc::params::Params,
};

use super::PURPOSE;
use crate::{
    http::{
        browser,
        enrolment::{Enrolled, NotEnrolled, enrol_app},
        error::PageError,
        gate::{self, Gate, OwnPage},
        headers::ContentPolicy,
        sign_on::{Drawn, What, ask_for_new, problem_of, take_new},
        visit::{Visit, page, page_for, see_other, set},
    },
    pages::{EnrolPage, EnrolPlace, EnrolProblem, RecoveryCodesPage},
    store::person::LoadedPerson,
};

/// `GET /account/security/app`.
pub async fn show_app(visit: Visit) -> HttpResponse {
    visit.answer(show(&visit, What::App).await)
}

/// `GET /account/security/passkey`.
pub async fn show_passkey(visit: Visit) -> HttpResponse {
    visit.answer(show(&visit, What::Passkey).await)
}

/// `POST /account/security/app`.
pub async fn app(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, What::App, &body).await)
}

/// `POST /account/security/passkey`.
pub async fn passkey(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(take(&visit, What::Passkey, &body).await)
}

/// `POST /account/security/passkey/options`: a question for the browser, in JSON.
pub async fn passkey_options(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(question(&visit, &body).await)
}

const fn own_page(what: What) -> OwnPage {
    match what {
        What::App => OwnPage::SecurityApp,
        What::Passkey => OwnPage::SecurityPasskey,
    }
}

/// In the course of what a seed or a question is asked: this session.
fn context(person: &LoadedPerson) -> &str {
    person.session.id.as_str()
}

async fn show(visit: &Visit, what: What) -> Result<HttpResponse, PageError> {
    match gate::pass(visit, own_page(what), Demand::ENROLMENT).await? {
        Gate::Open(person) => draw(visit, &person, what, "", None).await,
        Gate::Elsewhere(answer) => Ok(answer),
    }
}

async fn question(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    if visit.own_form(body, PURPOSE).is_none() {
        return Err(PageError::Forbidden);
    }
    let person = gate::open(visit, Demand::ENROLMENT).await?.ok_or(PageError::Forbidden)?;
    ask_for_new(visit, context(&person), &person).await
}

async fn take(visit: &Visit, what: What, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, own_page(what), Demand::ENROLMENT).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(form) = visit.own_form(body, PURPOSE) else {
        let problem = (StatusCode::FORBIDDEN, EnrolProblem::FormExpired);
        return draw(visit, &person, what, "", Some(problem)).await;
    };
    let typed = form.find("name").unwrap_or_default();
    let Ok(name) = FactorName::try_from(typed.to_owned()) else {
        let problem = (StatusCode::BAD_REQUEST, EnrolProblem::Name);
        return draw(visit, &person, what, typed, Some(problem)).await;
    };
    match enrol(visit, &person, what, &form, name).await? {
        Ok(enrolled) => Ok(show_codes(visit, &person, &enrolled)),
        Err(why) => draw(visit, &person, what, typed, Some(problem_of(why))).await,
    }
}

async fn enrol(
    visit: &Visit,
    person: &LoadedPerson,
    what: What,
    form: &Params,
    name: FactorName,
) -> Result<Result<Enrolled, NotEnrolled>, PageError> {
    match what {
        What::App => {
            let code = totp::typed(form.find("code").unwrap_or_default());
            enrol_app(visit, person, context(person), &code, name).await
        }
        What::Passkey => take_new(visit, context(person), person, form, name).await,
    }
}

/// The first recovery codes, or back to the list.
fn show_codes(visit: &Visit, person: &LoadedPerson, enrolled: &Enrolled) -> HttpResponse {
    let cookie = browser::session_cookie(&enrolled.session);
    let back = format!("{}?done=added", OwnPage::Security.path());
    let Some(codes) = &enrolled.recovery_codes else { return see_other(&back, [cookie]) };
    let content = RecoveryCodesPage {
        frame: visit.frame(),
        codes: codes.iter().map(|code| code.shown()).collect(),
        person: person.subscriber.user_id.as_str(),
        after_enrolment: true,
        next: OwnPage::Security.path(),
    };
    let mut answer = page(StatusCode::OK, &content);
    set(&mut answer, [cookie]);
    answer
}

async fn draw(
    visit: &Visit,
    person: &LoadedPerson,
    what: What,
    name: &str,
    problem: Option<(StatusCode, EnrolProblem)>,
) -> Result<HttpResponse, PageError> {
    let drawn = Drawn::new(visit, context(person), person, Some(what)).await?;
    let (browser, cookie) = visit.browser();
    let content = EnrolPage {
        frame: visit.frame(),
        base: OwnPage::Security.path(),
        form_token: &visit.form_token(&browser, PURPOSE),
        place: EnrolPlace::Account,
        person: person.subscriber.user_id.as_str(),
        choice: drawn.choice(visit, Assurance::BrowserSecondFactor),
        name: drawn.name(visit, name),
        problem: problem.map(|(_, problem)| problem),
    };
    let status = problem.map_or(StatusCode::OK, |(status, _)| status);
    let mut answer = page_for(status, &content, &ContentPolicy::new().calls_home());
    set(&mut answer, cookie);
    Ok(answer)
}
