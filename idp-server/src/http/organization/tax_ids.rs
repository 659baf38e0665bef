//! `/organization/{id}/tax-ids`: the owner's side of the registry of Tax IDs (R43, R44, R49; domain
//! 3.6, 4.9).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::{
        field::Objections,
        further_number,
        tax_id_entry::{self, Entry},
        tax_id_registry::{Evidence, Refusal},
    },
    ids::{OrganizationId, TaxIdId},
    oidc::params::Params,
};

use super::nav;
use crate::{
    community::{
        Office, further_numbers, registrations,
        tax_ids::{self, OwnersAnswer},
    },
    http::{
        console::{self, Entry as Door, OfOrganization, Posted},
        error::PageError,
        register::typed_number,
        visit::{Visit, page, see_other},
    },
    pages::{
        AskedForView, ClaimView, NumberQuestion, OrganizationArea, OrganizationTaxIdsPage,
        RegisterTyped, RepresentedView, TaxIdOutcome, TaxIdView,
    },
    store::{AnyConn, StoreError, further_number as further_store, tax_id, tax_id_claim},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let below = |deed: &str| format!("/organization/{{id}}/tax-ids/{{tax_id}}/{deed}");
    config.service(web::resource("/organization/{id}/tax-ids").get(show).post(add));
    for (place, deed) in [
        ("answer", Deed::Answer),
        ("appoint", Deed::Appoint),
        ("dismiss", Deed::Dismiss),
        ("give-up", Deed::GiveUp),
    ] {
        let done = move |visit: Visit, at: Path<(String, String)>, body: Bytes| async move {
            let (id, number) = at.into_inner();
            let outcome = carry_out(&visit, (&id, &number), deed, &body).await;
            visit.answer(outcome)
        };
        config.service(web::resource(below(place)).route(web::post().to(done)));
    }
    let withdraw = |visit: Visit, at: Path<(String, String)>, body: Bytes| async move {
        let outcome = take_back(&visit, &at.0, &at.1, &body).await;
        visit.answer(outcome)
    };
    let place = web::resource("/organization/{id}/tax-ids/further/{further}/withdraw");
    config.service(place.route(web::post().to(withdraw)));
}

/// What is done to one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Answer,
    Appoint,
    Dismiss,
    GiveUp,
}

/// What a page shows.
struct Shelf {
    own: Vec<TaxIdView>,
    asked_for: Vec<AskedForView>,
    represented: Vec<RepresentedView>,
}

/// All that there is to show, by statements that name the organization (security 20.1).
fn shelf(conn: &mut AnyConn, office: &Office, id: &OrganizationId) -> Result<Shelf, StoreError> {
    let representatives = tax_id_claim::representatives_of(conn, id)?;
    let asked = tax_id_claim::asked_of(conn, id)?;
    let mut own = Vec::new();
    for number in tax_id::of_organization(conn, id, office.open_ssn.as_ref())? {
        let asked = asked.iter().find(|asked| asked.id == number.id);
        let claim = asked.map(|asked| claim_view(conn, office, asked)).transpose()?;
        let under = representatives.iter().filter(|(of, ..)| *of == number.id);
        own.push(TaxIdView {
            shown: number.number.shown(),
            primary: number.primary,
            representatives: under.map(|(_, id, name)| (id.to_string(), name.clone())).collect(),
            claim,
            id: number.id.to_string(),
        });
    }
    let asked_for = further_store::of_organization(conn, id, office.open_ssn.as_ref())?;
    let asked_for = asked_for
        .into_iter()
        .map(|waiting| AskedForView {
            id: waiting.further.id.to_string(),
            shown: waiting.number.shown(),
            asked_at: waiting.further.asked_at,
        })
        .collect();
    let represented = tax_id_claim::represented_by(conn, id)?;
    let represented = represented
        .into_iter()
        .map(|(id, _, owner)| RepresentedView { id: id.to_string(), owner })
        .collect();
    Ok(Shelf { own, asked_for, represented })
}

fn claim_view(
    conn: &mut AnyConn,
    office: &Office,
    asked: &tax_id_claim::Asked,
) -> Result<ClaimView, StoreError> {
    let claim = &asked.claim;
    let registration = registrations::find(conn, office, &claim.by)?;
    let applicant = registration.as_ref().and_then(|found| found.stage.applicant());
    Ok(ClaimView {
        by: applicant.map(|applicant| applicant.details.name.clone()).unwrap_or_default(),
        ground: claim.ground,
        stage: claim.stage.clone(),
        answer_due_at: claim.answer_due_at,
    })
}

async fn show(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = list(&visit, &id).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, id: &str) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Door::Open(desk) => desk,
        Door::Elsewhere(answer) => return Ok(answer),
    };
    let outcome = match visit.request.query_string() {
        "asked" => Some(TaxIdOutcome::Asked),
        "done" => Some(TaxIdOutcome::Done),
        _ => None,
    };
    let view = View { outcome, ..View::default() };
    view.show(visit, &desk, StatusCode::OK).await
}

/// How the page looks beside what it lists.
#[derive(Default)]
struct View {
    typed: RegisterTyped,
    question: Option<NumberQuestion>,
    outcome: Option<TaxIdOutcome>,
}

impl View {
    fn of(outcome: TaxIdOutcome) -> Self {
        Self { outcome: Some(outcome), ..Self::default() }
    }

    async fn show(
        self,
        visit: &Visit,
        desk: &OfOrganization,
        status: StatusCode,
    ) -> Result<HttpResponse, PageError> {
        let (office, id) = (desk.at_work.office.clone(), organization(desk));
        let Shelf { own, asked_for, represented } =
            visit.db.read(move |conn| shelf(conn, &office, &id)).await?;
        let (form_token, cookie) = console::form_token(visit);
        let content = OrganizationTaxIdsPage {
            frame: visit.frame(),
            nav: nav(desk, OrganizationArea::TaxIds),
            form_token: &form_token,
            own,
            asked_for,
            represented,
            typed: &self.typed,
            question: self.question.unwrap_or(NumberQuestion::None),
            outcome: self.outcome,
        };
        Ok(console::with_form(page(status, &content), cookie))
    }
}

fn organization(desk: &OfOrganization) -> OrganizationId {
    desk.affiliation.organization.id.clone()
}

async fn add(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = register(&visit, &id, &body).await;
    visit.answer(outcome)
}

/// `POST …/tax-ids`: asks for another number, past the stop page of a personal one.
async fn register(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Door::Open(desk) => desk,
        Door::Elsewhere(answer) => return Ok(answer),
    };
    let fields = ["number", "meaning", "insists"];
    let form = match console::posted(visit, &desk.at_work.office, body, &fields).await? {
        Posted::Form(form) => form,
        Posted::Refused(answer) => return Ok(answer),
    };
    let typed = || RegisterTyped::of(&form, &["number", "meaning"]);
    let judged = tax_id_entry::judge(typed_number(&form), &visit.registry.prefixes);
    let number = match judged {
        Ok(Entry::Accepted { number, .. }) => number,
        Ok(Entry::Ask) => {
            let question = Some(NumberQuestion::Which);
            let view = View { typed: typed(), question, outcome: None };
            return view.show(visit, &desk, StatusCode::OK).await;
        }
        Ok(Entry::Stop(_)) => {
            // A personal number is not written back into a page.
            let view = View { question: Some(NumberQuestion::Personal), ..View::default() };
            return view.show(visit, &desk, StatusCode::OK).await;
        }
        Err(why) => {
            let mut wrong = Objections::default();
            wrong.object("number", why);
            let personal = form.find("meaning") == Some("personal");
            let typed = if personal { RegisterTyped::default() } else { typed() };
            let question = personal.then_some(NumberQuestion::Personal);
            let view = View { typed: typed.with(&wrong), question, outcome: None };
            return view.show(visit, &desk, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let (office, of) = (desk.at_work.office.clone(), organization(&desk));
    let ask = move |conn: &mut AnyConn| further_numbers::ask(conn, &office, &of, &number);
    let said = visit.db.write(ask).await?;
    further(visit, &desk, said, "asked").await
}

/// `POST …/tax-ids/further/{further}/withdraw`: takes back that a number was asked for.
async fn take_back(
    visit: &Visit,
    id: &str,
    wanted: &str,
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Door::Open(desk) => desk,
        Door::Elsewhere(answer) => return Ok(answer),
    };
    match console::posted(visit, &desk.at_work.office, body, &[]).await? {
        Posted::Form(_) => {}
        Posted::Refused(answer) => return Ok(answer),
    }
    let (office, of) = (desk.at_work.office.clone(), organization(&desk));
    let wanted: Option<TaxIdId> = wanted.parse().ok();
    let work = move |conn: &mut AnyConn| match &wanted {
        Some(wanted) => further_numbers::withdraw(conn, &office, &of, wanted),
        None => further_numbers::not_there(conn, &office),
    };
    let said = visit.db.write(work).await?;
    further(visit, &desk, said, "done").await
}

/// What asking for a number, or taking that back, came to.
async fn further(
    visit: &Visit,
    desk: &OfOrganization,
    said: Result<(), further_number::Refusal>,
    done: &str,
) -> Result<HttpResponse, PageError> {
    visit.outbox.wake();
    let outcome = match said {
        Ok(()) => {
            let id = organization(desk);
            return Ok(see_other(&format!("/organization/{id}/tax-ids?{done}"), []));
        }
        Err(further_number::Refusal::AskedAlready) => TaxIdOutcome::AskedAlready,
        Err(further_number::Refusal::TooMany) => TaxIdOutcome::TooMany,
        // Neither is for an Administrator to meet; and another's is not there.
        Err(further_number::Refusal::Denied(_) | further_number::Refusal::OwnOrganization) => {
            return Err(PageError::NotFound);
        }
    };
    View::of(outcome).show(visit, desk, StatusCode::CONFLICT).await
}

/// What a deed came to, as the page that says so.
async fn answer(
    visit: &Visit,
    desk: &OfOrganization,
    said: Result<(), Refusal>,
) -> Result<HttpResponse, PageError> {
    visit.outbox.wake();
    let outcome = match said {
        Ok(()) => {
            let here = format!("/organization/{}/tax-ids?done", desk.affiliation.organization.id);
            return Ok(see_other(&here, []));
        }
        Err(Refusal::Denied(_)) => return Err(PageError::NotFound),
        Err(Refusal::ClaimedAlready) => TaxIdOutcome::ClaimedAlready,
        Err(Refusal::LastNumber) => TaxIdOutcome::LastNumber,
        Err(Refusal::NothingToDecide | Refusal::NotYet { .. } | Refusal::Taken) => {
            TaxIdOutcome::Nothing
        }
        Err(Refusal::SamePerson) => TaxIdOutcome::SamePerson,
    };
    View::of(outcome).show(visit, desk, StatusCode::CONFLICT).await
}

async fn carry_out(
    visit: &Visit,
    (id, number): (&str, &str),
    deed: Deed,
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Door::Open(desk) => desk,
        Door::Elsewhere(answer) => return Ok(answer),
    };
    let fields: &[&str] = match deed {
        Deed::Answer => &["answer", "evidence"],
        Deed::Appoint => &["representative"],
        Deed::Dismiss => &["representative", "sure"],
        Deed::GiveUp => &["sure"],
    };
    let form = match console::posted(visit, &desk.at_work.office, body, fields).await? {
        Posted::Form(form) => form,
        Posted::Refused(answer) => return Ok(answer),
    };
    let (office, of) = (desk.at_work.office.clone(), organization(&desk));
    let wanted: Option<TaxIdId> = number.parse().ok();
    let (seen_by, number) = (office.clone(), wanted.clone());
    let find = move |conn: &mut AnyConn| tax_ids::in_reach(conn, &seen_by, &of, number.as_ref());
    if !visit.db.write(find).await? {
        return Err(PageError::NotFound);
    }
    let (Some(number), of) = (wanted, organization(&desk)) else {
        return Err(PageError::NotFound);
    };
    let wish = match Wish::read(deed, &form, &of) {
        Ok(wish) => wish,
        Err(outcome) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return View::of(outcome).show(visit, &desk, status).await;
        }
    };
    let said = visit.db.write(move |conn| wish.carry_out(conn, &office, &of, &number)).await?;
    answer(visit, &desk, said).await
}

/// What an Administrator wants of a number.
enum Wish {
    Answer(OwnersAnswer),
    Appoint(OrganizationId),
    Dismiss(OrganizationId),
    GiveUp,
}

impl Wish {
    /// What cannot be taken back asks whether one is sure.
    fn read(deed: Deed, form: &Params, of: &OrganizationId) -> Result<Self, TaxIdOutcome> {
        let sure = form.find("sure") == Some("yes");
        let representative = || {
            let typed = form.find("representative").unwrap_or_default().trim();
            typed.parse::<OrganizationId>().map_err(|_| TaxIdOutcome::NoOrganization)
        };
        match (deed, form.find("answer")) {
            (Deed::Appoint, _) => representative().map(Self::Appoint),
            (Deed::Dismiss, _) => match representative()? {
                // The owner can appoint them again; whoever leaves cannot come back alone.
                own if own == *of && !sure => Err(TaxIdOutcome::NotSure),
                other => Ok(Self::Dismiss(other)),
            },
            (Deed::GiveUp, _) if sure => Ok(Self::GiveUp),
            (Deed::GiveUp, _) => Err(TaxIdOutcome::NotSure),
            (Deed::Answer, Some("hand-over")) => Ok(Self::Answer(OwnersAnswer::HandOver)),
            (Deed::Answer, Some("release")) => Ok(Self::Answer(OwnersAnswer::Release)),
            (Deed::Answer, Some("object")) => {
                let evidence = Evidence::read(form.find("evidence").unwrap_or_default());
                let evidence = evidence.map_err(|_| TaxIdOutcome::Choose)?;
                Ok(Self::Answer(OwnersAnswer::Object(evidence)))
            }
            (Deed::Answer, Some(_) | None) => Err(TaxIdOutcome::Choose),
        }
    }

    fn carry_out(
        &self,
        conn: &mut AnyConn,
        office: &Office,
        of: &OrganizationId,
        id: &TaxIdId,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let done = match self {
            Self::Answer(answer) => tax_ids::answer_claim(conn, office, of, id, answer.clone()),
            Self::Appoint(other) => tax_ids::appoint(conn, office, of, id, other),
            Self::Dismiss(other) => tax_ids::dismiss(conn, office, of, id, other),
            Self::GiveUp => tax_ids::give_up(conn, office, of, id),
        };
        Ok(done?.map(drop))
    }
}
