//! `/api/v1/support/people/{person}`: a person, the check of who calls, and what the desk does for them.
//! Nothing beside the name and for whom they act is told before a caller has shown who they are, and then
//! only what they want (R56).

pub(super) mod deeds;

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        caller_check::{Answer, Purpose, Question},
        subscriber::Standing,
    },
    ids::SubscriberId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{
        door::{self, Desk},
        error::{ApiError, ProblemBody},
    },
    at, named,
};
use crate::{
    app::App,
    community::{
        Office,
        desk::{
            self,
            person::{Disclosed, Seen, look_at},
        },
        looking::Look,
    },
    http::oidc::json::{self, NoStore},
    store::AnyConn,
};

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(at("/people/{person}")).get(show))
        .service(web::resource(at("/people/{person}/caller-checks")).post(check))
        .service(web::resource(at("/people/{person}/help")).post(deeds::help))
        .service(web::resource(at("/people/{person}/account")).post(deeds::change))
        .service(
            web::resource(at("/people/{person}/end-affiliation")).post(deeds::end_affiliation),
        );
}

/// What the caller wants.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The purpose of a check, such as `code`: the questions for it are told, with what is on file.
    purpose: Option<String>,
}

/// A person, as far as the desk may see them.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonBeforeSupport)]
pub(super) struct Shown {
    id: String,
    name: String,
    /// `active`, `dormant`, `suspended`, `terminated` or `closed`.
    account: &'static str,
    acts_for: Vec<WhereTheyAct>,
    /// What a caller is asked, with what is on file, if a purpose was named.
    questions: Vec<CallersQuestion>,
    /// What may be said, while a check counts.
    disclosed: Option<MayBeSaid>,
}

/// Where somebody acts.
#[derive(Serialize, ToSchema)]
pub(super) struct WhereTheyAct {
    organization_id: String,
    name: String,
    administrator: bool,
}

/// A question to a caller.
#[derive(Serialize, ToSchema)]
pub(super) struct CallersQuestion {
    /// `called-back`, `colleague`, `email`, `last-sign-in`, `organization` or `user-id`.
    question: &'static str,
    /// To compare with what the caller says; null: nothing is on file.
    on_file: Option<String>,
}

/// What may be said to a caller who has shown who they are, for what they want.
#[derive(Serialize, ToSchema)]
pub(super) struct MayBeSaid {
    purpose: &'static str,
    /// Until when the check counts, in seconds since 1970.
    until: i64,
    administrators: Vec<NamedAdministrator>,
    user_id: Option<String>,
    email: Option<String>,
    /// How many second factors they have.
    second_factors: Option<usize>,
}

/// An Administrator of an organization for which the person acts.
#[derive(Serialize, ToSchema)]
pub(super) struct NamedAdministrator {
    name: String,
    organization: String,
}

/// What a caller answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallerCheck {
    /// `administrators`, `user-id`, `unlock`, `stop-removal`, `code`, `end-affiliation`, `email` or
    /// `lost-factor`.
    purpose: String,
    /// `right` or `wrong`, by question; what was not asked is left out.
    answers: BTreeMap<String, String>,
}

/// A check that counts: for this purpose, and for whoever made it.
#[derive(Serialize, ToSchema)]
pub(super) struct CallerChecked {
    purpose: &'static str,
    /// Until when, in seconds since 1970.
    until: i64,
}

const fn account(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Closed => "closed",
        Standing::Dormant => "dormant",
        Standing::Suspended => "suspended",
        Standing::Terminated => "terminated",
    }
}

fn shown(seen: &Seen, purpose: Option<Purpose>) -> Shown {
    let questions = purpose.map(|purpose| seen.questions(purpose)).unwrap_or_default();
    let acts_for = seen.organizations.iter();
    Shown {
        id: seen.id().to_string(),
        name: seen.name(),
        account: account(seen.standing),
        acts_for: acts_for
            .map(|of| WhereTheyAct {
                organization_id: of.id.to_string(),
                name: of.name.clone(),
                administrator: of.administrator,
            })
            .collect(),
        questions: questions
            .into_iter()
            .map(|(question, on_file)| CallersQuestion { question: question.code(), on_file })
            .collect(),
        disclosed: seen.disclosed().map(|disclosed| may_be_said(&disclosed)),
    }
}

fn may_be_said(disclosed: &Disclosed<'_>) -> MayBeSaid {
    let administrators = disclosed.administrators.iter();
    MayBeSaid {
        purpose: disclosed.verified.purpose().code(),
        until: disclosed.verified.until().timestamp(),
        administrators: administrators
            .map(|(name, of)| NamedAdministrator {
                name: (*name).to_owned(),
                organization: (*of).to_owned(),
            })
            .collect(),
        user_id: disclosed.user_id.map(ToString::to_string),
        email: disclosed.email.map(|email| email.as_str().to_owned()),
        second_factors: disclosed.factors,
    }
}

fn purpose(code: &str) -> Option<Purpose> {
    Purpose::ALL.into_iter().find(|purpose| purpose.code() == code)
}

/// `GET /api/v1/support/people/{person}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/people/{person}", tag = "support",
    summary = "One person, and what a caller is asked", params(("person" = String, Path), Wanted),
    responses((status = 200, body = Shown), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<NoStore<Shown>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: SubscriberId = named(&id)?;
    let wanted: Wanted = door::query(&request)?;
    let wanted = match wanted.purpose.as_deref() {
        None => None,
        Some(code) => Some(purpose(code).ok_or_else(|| ApiError::parameter("purpose"))?),
    };
    let look = move |conn: &mut AnyConn, office: &Office| look_at(conn, office, &id);
    let seen = desk.read(look).await?.ok_or(ApiError::NotFound)?;
    desk.note(Look::Person(seen.id().clone(), wanted)).await?;
    Ok(NoStore(shown(&seen, wanted)))
}

/// `POST /api/v1/support/people/{person}/caller-checks`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/people/{person}/caller-checks", tag = "support",
    summary = "Note what a caller answered", params(("person" = String, Path)),
    request_body = CallerCheck,
    responses((status = 201, body = CallerChecked), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "The caller has not shown who they are"),
        (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn check(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let who = somebody(&desk, &id).await?;
    let CallerCheck { purpose: code, answers } = door::body(&request, &body)?;
    let purpose =
        purpose(&code).ok_or_else(|| ApiError::field("purpose", "there is no such purpose"))?;
    let answers = read(&answers)?;
    let judge = move |conn: &mut AnyConn, office: &Office| {
        desk::check_caller(conn, office, &who, purpose, &answers)
    };
    let Some(verified) = desk.write(judge).await?? else {
        let why = "the caller has not shown who they are; the person is told of it";
        return Err(ApiError::Conflict(why.to_owned()));
    };
    let checked =
        CallerChecked { purpose: verified.purpose().code(), until: verified.until().timestamp() };
    Ok(json::private(StatusCode::CREATED).json(checked))
}

fn read(answers: &BTreeMap<String, String>) -> Result<BTreeMap<Question, Answer>, ApiError> {
    let one = |(question, answer): (&String, &String)| {
        let question = Question::ALL.into_iter().find(|it| it.code() == question);
        let answer = Answer::ALL.into_iter().find(|it| it.code() == answer);
        let known = "right or wrong, for each question of the list that was asked";
        question.zip(answer).ok_or_else(|| ApiError::field("answers", known))
    };
    answers.iter().map(one).collect()
}

/// That there is somebody, before the rest of a request is judged.
async fn somebody(desk: &Desk, id: &str) -> Result<SubscriberId, ApiError> {
    let who: SubscriberId = named(id)?;
    let id = who.clone();
    let look = move |conn: &mut AnyConn, office: &Office| look_at(conn, office, &id);
    desk.read(look).await?.map(|_| who).ok_or(ApiError::NotFound)
}
