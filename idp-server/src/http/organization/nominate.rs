//! `/organization/{id}/nominate`: the form, a look at what was typed, the nomination.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        field::Objections,
        nomination::{self, NomineeForm},
        permission::Denied,
        personal_data::Language,
        rights::RightsForm,
        subscriber::UserId,
        tax_id::TaxId,
    },
    ids::AccessRequestId,
};
use serde::Deserialize;

use super::nav;
use crate::{
    community::{
        access,
        nomination::{self as use_case, HandOver, Nominated, Prospect, Refusal, Similar},
    },
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{
        NominatePage, NominateProblem, NominateReviewPage, NominatedPage, OrganizationArea,
        OrganizationOutcome, OrganizationOutcomePage, RightsFields, Typed,
    },
    store::{AnyConn, StoreError, tax_id},
};

/// What the form has.
const FIELDS: &[&str] = &[
    "access_level",
    "detail.",
    "email",
    "family_name",
    "given_name",
    "npi",
    "reason",
    "request",
    "role.",
    "similar",
    "step",
    "tax.",
    "tax_ids",
    "user_id",
    "verification_note",
    "verified_by",
];
/// What is chosen when the form is opened: most people need one role and this level (R39).
pub(super) const CHOSEN: [(&str, &str); 2] =
    [("role.office-worker", "yes"), ("access_level", "community-standard")];

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/organization/{id}/nominate").get(show).post(take));
}

#[derive(Deserialize)]
struct Asked {
    /// Whose request is answered.
    request: Option<String>,
}

async fn show(visit: Visit, id: Path<String>, asked: Query<Asked>) -> HttpResponse {
    let outcome = open(&visit, &id, asked.request.as_deref()).await;
    visit.answer(outcome)
}

async fn open(visit: &Visit, id: &str, request: Option<&str>) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let wish = match request.map(str::parse::<AccessRequestId>) {
        None => None,
        Some(Err(_)) => return Err(PageError::NotFound),
        Some(Ok(request)) => {
            let office = desk.at_work.office.clone();
            let read = move |conn: &mut AnyConn| access::wish(conn, &office, &request);
            Some(visit.db.write(read).await?.ok_or(PageError::NotFound)?)
        }
    };
    let wished = wish.as_ref().map(|wish| {
        [
            ("given_name", wish.given_name.as_str()),
            ("family_name", wish.family_name.as_str()),
            ("email", wish.email.as_str()),
            ("user_id", wish.user_id.as_ref().map_or("", UserId::as_str)),
            ("access_level", wish.access_level.code()),
            ("request", request.unwrap_or_default()),
        ]
    });
    let fields = wished.into_iter().flatten().chain(CHOSEN);
    let typed = Typed::new(fields, Objections::default());
    form(visit, &desk, StatusCode::OK, (&typed, None)).await
}

async fn take(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = nominate(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn nominate(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &desk.at_work.office, body, FIELDS).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    if posted.find("step") == Some("confirm")
        && let Some(way_in) = console::lately(visit, body).await?
    {
        return Ok(way_in);
    }
    let typed = Typed::new(posted.pairs(), Objections::default());
    match posted.find("step").unwrap_or_default() {
        "edit" => form(visit, &desk, StatusCode::OK, (&typed, None)).await,
        "confirm" => confirm(visit, &desk, typed).await,
        _ => look(visit, &desk, typed).await,
    }
}

/// Judges what was typed, and shows what it would come to.
async fn look(
    visit: &Visit,
    desk: &OfOrganization,
    typed: Typed,
) -> Result<HttpResponse, PageError> {
    let (office, form) = (desk.at_work.office.clone(), typed.clone());
    let read =
        move |conn: &mut AnyConn| with_form(&form, |form| use_case::look(conn, &office, form));
    match visit.db.read(read).await? {
        Err(refusal) => refused(visit, desk, typed, refusal).await,
        Ok(Prospect::Ask(..)) => review(visit, desk, &typed, (None, &[]), StatusCode::OK).await,
        Ok(Prospect::Nominate { user_id, similar, .. }) => {
            let proposed = Some(user_id.as_str());
            review(visit, desk, &typed, (proposed, &similar), StatusCode::OK).await
        }
    }
}

/// Nominates.
async fn confirm(
    visit: &Visit,
    desk: &OfOrganization,
    typed: Typed,
) -> Result<HttpResponse, PageError> {
    let similar = match typed.value("similar") {
        "none" => Similar::NobodyOfThem,
        _ => Similar::NotAsked,
    };
    let (office, form) = (desk.at_work.office.clone(), typed.clone());
    let answers: Option<AccessRequestId> = typed.value("request").parse().ok();
    let write = move |conn: &mut AnyConn| {
        let mut office = office.clone();
        if let Some(request) = &answers
            && let Some(wish) = access::wish(conn, &office, request)?
        {
            // Whoever asked has said in which language they read.
            office.language = Some(Language::of_locale(wish.language.as_deref()).tag());
        }
        let made = with_form(&form, |form| use_case::nominate(conn, &office, form, similar))?;
        if let (Ok(made), Some(request)) = (&made, &answers) {
            // A request that somebody else answered meanwhile is no reason to hold this up.
            let _ = access::nominated(conn, &office, request, made.nomination())?;
        }
        Ok(made)
    };
    let nominated = match visit.db.write(write).await {
        Err(StoreError::Conflict(taken)) => Err(Refusal::of_conflict(taken)),
        other => other?,
    };
    visit.outbox.wake();
    match nominated {
        Ok(Nominated::Waiting(hand_over)) => Ok(handed_over(visit, desk, &hand_over)),
        Ok(Nominated::Asked) => Ok(asked(visit, desk)),
        Err(refusal) => refused(visit, desk, typed, refusal).await,
    }
}

/// Hands the form over as core reads it.
fn with_form<T>(typed: &Typed, work: impl FnOnce(NomineeForm<'_>) -> T) -> T {
    let (roles, details, numbers) =
        (typed.codes("role"), typed.codes("detail"), typed.codes("tax"));
    let some = typed.value("tax_ids") == "some";
    work(NomineeForm {
        given_name: typed.value("given_name"),
        family_name: typed.value("family_name"),
        email: typed.value("email"),
        npi: typed.value("npi"),
        user_id: typed.value("user_id"),
        rights: RightsForm {
            roles: &roles,
            role_details: &details,
            access_level: typed.value("access_level"),
            tax_ids: some.then_some(numbers.as_slice()),
            reason: typed.value("reason"),
        },
        verified_by: typed.value("verified_by"),
        verification_note: typed.value("verification_note"),
    })
}

async fn refused(
    visit: &Visit,
    desk: &OfOrganization,
    typed: Typed,
    refusal: Refusal,
) -> Result<HttpResponse, PageError> {
    let problem = match refusal {
        Refusal::Objections(objections) => {
            let typed = Typed::new(
                typed.fields().iter().map(|(n, v)| (n.as_str(), v.as_str())),
                objections,
            );
            return form(visit, desk, StatusCode::UNPROCESSABLE_ENTITY, (&typed, None)).await;
        }
        Refusal::SimilarHere(similar) => {
            // The proposal is made anew when it is confirmed.
            return look_again(visit, desk, typed, similar).await;
        }
        Refusal::AlreadyAsked => NominateProblem::AlreadyAsked,
        Refusal::AlreadyHere(person) => {
            let address =
                format!("/organization/{}/people/{person}", desk.affiliation.organization.id);
            let problem = Some(NominateProblem::AlreadyHere(&address));
            return form(visit, desk, StatusCode::CONFLICT, (&typed, problem)).await;
        }
        Refusal::AlreadyNominated(_) => NominateProblem::AlreadyNominated,
        Refusal::SeeSupport => NominateProblem::SeeSupport,
        Refusal::Nomination(nomination::Refusal::TooMany(why)) => NominateProblem::TooMany(why),
        Refusal::Nomination(refusal) => return Err(denied(&refusal)),
    };
    form(visit, desk, StatusCode::CONFLICT, (&typed, Some(problem))).await
}

/// What an Administrator's page says to a refusal that no page of ours leads to.
pub(super) fn denied(refusal: &nomination::Refusal) -> PageError {
    match refusal {
        nomination::Refusal::Denied(Denied::NotFound) => PageError::NotFound,
        nomination::Refusal::Denied(Denied::Forbidden) => PageError::Forbidden,
        nomination::Refusal::Incomplete(_)
        | nomination::Refusal::Invalid
        | nomination::Refusal::OutOfOrder
        | nomination::Refusal::TooMany(_)
        | nomination::Refusal::TooManyCodes => PageError::NotUnderstood,
    }
}

async fn look_again(
    visit: &Visit,
    desk: &OfOrganization,
    typed: Typed,
    similar: Vec<use_case::Colleague>,
) -> Result<HttpResponse, PageError> {
    let (office, form) = (desk.at_work.office.clone(), typed.clone());
    let read =
        move |conn: &mut AnyConn| with_form(&form, |form| use_case::look(conn, &office, form));
    let found = visit.db.read(read).await?;
    let proposed = match &found {
        Ok(Prospect::Nominate { user_id, .. }) => Some(user_id.as_str()),
        Ok(Prospect::Ask(..)) | Err(_) => None,
    };
    review(visit, desk, &typed, (proposed, &similar), StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn review(
    visit: &Visit,
    desk: &OfOrganization,
    typed: &Typed,
    (user_id, similar): (Option<&str>, &[use_case::Colleague]),
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let (form_token, cookie) = console::form_token(visit);
    let nav = nav(desk, OrganizationArea::Nominations);
    let colleague = |one: &use_case::Colleague| {
        let address = format!("/organization/{}/people/{}", nav.id, one.id);
        (one.name.clone(), one.user_id.to_string(), address)
    };
    let similar: Vec<_> = similar.iter().map(colleague).collect();
    let content = NominateReviewPage {
        frame: visit.frame(),
        nav,
        form_token: &form_token,
        typed,
        rights: rights(visit, desk).await?,
        user_id,
        similar: &similar,
        similar_due: status != StatusCode::OK,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

async fn form(
    visit: &Visit,
    desk: &OfOrganization,
    status: StatusCode,
    (typed, problem): (&Typed, Option<NominateProblem<'_>>),
) -> Result<HttpResponse, PageError> {
    let (form_token, cookie) = console::form_token(visit);
    let content = NominatePage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::Nominations),
        form_token: &form_token,
        typed,
        rights: rights(visit, desk).await?,
        problem,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

/// What of the organization's can be given.
pub(super) async fn rights(
    visit: &Visit,
    desk: &OfOrganization,
) -> Result<RightsFields, PageError> {
    let of = desk.affiliation.organization.id.clone();
    let open = visit.open_ssn.clone();
    let read = move |conn: &mut AnyConn| tax_id::acted_under(conn, &of, &*open);
    let shown = |tax_id: &TaxId| (tax_id.id.to_string(), tax_id.number.shown());
    Ok(RightsFields { tax_ids: visit.db.read(read).await?.iter().map(shown).collect() })
}

/// The code, once.
pub(super) fn handed_over(
    visit: &Visit,
    desk: &OfOrganization,
    hand_over: &HandOver,
) -> HttpResponse {
    let content = NominatedPage {
        frame: visit.frame(),
        nav: nav(desk, OrganizationArea::Nominations),
        name: &hand_over.name,
        user_id: hand_over.user_id.as_str(),
        code: &hand_over.code.shown(),
        until: hand_over.until,
    };
    page(StatusCode::OK, &content)
}

/// Whether there is such a person is not told.
fn asked(visit: &Visit, desk: &OfOrganization) -> HttpResponse {
    let nav = nav(desk, OrganizationArea::Nominations);
    let back = format!("/organization/{}/nominations", nav.id);
    let (frame, outcome) = (visit.frame(), OrganizationOutcome::Asked);
    page(StatusCode::OK, &OrganizationOutcomePage { frame, nav, outcome, back })
}
