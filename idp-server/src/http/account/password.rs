//! `/account/password`: a new password in place of the old one (security 16.4).
//!
//! It takes a fresh sign-in and the old password; what is wrong with the old one counts like a
//! wrong sign-in. Afterwards nothing is open but this browser: other sessions, what sites were
//! given, and browsers that stood in for the second factor have ended.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, RETRY_AFTER},
    },
    web::{self, Bytes, Query},
};
use idp_core::{
    authentication::{
        gate::Demand,
        password_policy::{Objection, Password, own_words},
    },
    oidc::params::Params,
};
use serde::{Deserialize, Serialize};

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    http::{
        browser,
        error::PageError,
        gate::{self, Gate, OwnPage},
        headers::ContentPolicy,
        password_change::{self, Changed, NewPassword},
        visit::{Visit, page_for, see_other, set},
    },
    pages::{Area, PasswordPage, PasswordProblem, password_hints},
    passwords::RETRY_AFTER_SECONDS,
    store::person::LoadedPerson,
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account/password").get(show).post(change))
        .service(web::resource("/account/password/hints").post(hints));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = async {
        // Whoever has just changed it is not asked to sign in again to read that.
        let done = after.done.is_some();
        let demand = if done { Demand::SIGNED_IN } else { Demand::CHANGE };
        match gate::pass(&visit, OwnPage::Password, demand).await? {
            Gate::Open(person) => Ok(form(&visit, &person, StatusCode::OK, None, done)),
            Gate::Elsewhere(answer) => Ok(answer),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn form(
    visit: &Visit,
    person: &LoadedPerson,
    status: StatusCode,
    problem: Option<PasswordProblem>,
    done: bool,
) -> HttpResponse {
    let (form_token, cookie) = form_token(visit);
    let content = PasswordPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Password),
        form_token: &form_token,
        user_id: person.subscriber.user_id.as_str(),
        policy: visit.password_policy,
        problem,
        done,
    };
    let mut answer = page_for(status, &content, &ContentPolicy::new().calls_home());
    set(&mut answer, cookie);
    answer
}

/// `POST /account/password`.
async fn change(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = changed(&visit, &body).await;
    visit.answer(outcome)
}

async fn changed(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Password, Demand::CHANGE).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Password));
    };
    let again = |status, problem| Ok(form(visit, &person, status, Some(problem), false));
    let typed = match Typed::read(&posted) {
        Ok(typed) => typed,
        Err(problem) => return again(StatusCode::BAD_REQUEST, problem),
    };
    let objections = judge(visit, &person, &typed.new);
    if !objections.is_empty() {
        return again(StatusCode::BAD_REQUEST, PasswordProblem::New(objections));
    }
    let wanted = NewPassword { current: typed.current, new: typed.new };
    match password_change::change(visit, &person, wanted).await? {
        Changed::Busy => {
            let mut answer = form(
                visit,
                &person,
                StatusCode::SERVICE_UNAVAILABLE,
                Some(PasswordProblem::Busy),
                false,
            );
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            Ok(answer)
        }
        Changed::Done(cookie) => {
            let cookie = browser::session_cookie(&cookie);
            Ok(see_other("/account/password?done=changed", [cookie]))
        }
        Changed::Refused => again(
            StatusCode::FORBIDDEN,
            PasswordProblem::Current { lock_minutes: visit.lockout.minutes() },
        ),
    }
}

/// What a person typed.
struct Typed {
    current: Password,
    new: Password,
}

impl Typed {
    fn read(form: &Params) -> Result<Self, PasswordProblem> {
        let field = |name| form.find(name).filter(|text| !text.is_empty());
        let fields =
            (field("current_password"), field("new_password"), field("new_password_again"));
        let (Some(current), Some(new), Some(again)) = fields else {
            return Err(PasswordProblem::Missing {
                current: fields.0.is_none(),
                new: fields.1.is_none(),
                again: fields.2.is_none(),
            });
        };
        if new != again {
            return Err(PasswordProblem::Different);
        }
        if new == current {
            return Err(PasswordProblem::Same);
        }
        // Longer than anybody's: compared like any other wrong one.
        let current = Password::typed(current).or_else(|| Password::typed(""));
        let (Some(current), Some(new)) = (current, Password::typed(new)) else {
            return Err(PasswordProblem::New(Vec::new()));
        };
        Ok(Self { current, new })
    }
}

/// What the policy has against a new password of this person.
fn judge(visit: &Visit, person: &LoadedPerson, password: &Password) -> Vec<Objection> {
    let words = own_words(&person.subscriber, &person.affiliations);
    visit.password_policy.judge(password, &words)
}

/// What the script on the page is told.
#[derive(Serialize)]
struct Hints {
    good: bool,
    sentences: Vec<String>,
}

/// `POST /account/password/hints`: what the policy has against what is typed so far. Nothing is
/// hashed, written or remembered.
async fn hints(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = hinted(&visit, &body).await;
    visit.answer(outcome)
}

async fn hinted(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = gate::open(visit, Demand::SIGNED_IN).await?;
    let form = visit.own_form(body, PURPOSE);
    let (Some(person), Some(form)) = (person, form) else {
        return Ok(HttpResponse::Forbidden().finish());
    };
    let text = visit.frame().text;
    let password = Password::typed(form.find("new_password").unwrap_or_default());
    let objections = match &password {
        Some(password) => judge(visit, &person, password),
        None => vec![Objection::TooLong { max: visit.password_policy.max }],
    };
    let sentences = password_hints(text, &objections);
    Ok(HttpResponse::Ok().json(Hints { good: objections.is_empty(), sentences }))
}
