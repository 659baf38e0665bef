//! `/account/promotions/{id}`: somebody is to become an Administrator, and proves who they are, sets up
//! a second factor and acknowledges what it means (R35, R46–R48; domain 4.8). Nobody but the person
//! does any of it, and only lately signed in (security 19.5).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use idp_core::{
    authentication::gate::Demand,
    community::{
        field::Objections,
        identity_proof::{Examinee, NOTARY_LASTS, Proofing, TestResult},
        permission::Denied,
        promotion::{Promotion, Refusal, Stage},
        subscriber::EmailAddress,
    },
    ids::PromotionId,
    oidc::params::Params,
};

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    community::{
        Office,
        promotion::{self, Step},
    },
    http::{
        console::office_of,
        error::PageError,
        gate::{self, Gate, OwnPage, PromotionPath},
        identity::{self, Begun, Proving},
        visit::{Visit, page, see_other, set},
    },
    pages::{
        Area, Invitation, NotaryFormPage, NotaryPurpose, PromotionPage, PromotionStep,
        RegisterProblem, RegisterTyped,
    },
    store::{AnyConn, factor, person::LoadedPerson, search},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account/promotions/{id}").get(show))
        .service(web::resource("/account/promotions/{id}/form").get(notary_form))
        .service(web::resource("/account/promotions/{id}/{step}").post(step));
}

/// A candidate, and how far they are.
struct Candidate {
    person: Box<LoadedPerson>,
    office: Office,
    promotion: Promotion,
    organization: String,
}

enum Entry {
    Open(Box<Candidate>),
    Elsewhere(HttpResponse),
}

/// Lets the candidate of this promotion in; to everybody else it is not there.
async fn enter(visit: &Visit, id: &str) -> Result<Entry, PageError> {
    let id: Option<PromotionId> = id.parse().ok();
    let here = id.as_ref().map_or(OwnPage::Offers, |id| OwnPage::Promotion(PromotionPath::of(id)));
    let person = match gate::pass(visit, here, Demand::CHANGE).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(Entry::Elsewhere(answer)),
    };
    let id = id.ok_or(PageError::NotFound)?;
    let office = office_of(visit, Some(&person));
    let (promotion, organization) = load(visit, &office, id).await?;
    Ok(Entry::Open(Box::new(Candidate { person, office, promotion, organization })))
}

async fn load(
    visit: &Visit,
    office: &Office,
    id: PromotionId,
) -> Result<(Promotion, String), PageError> {
    let office = office.clone();
    let look = move |conn: &mut AnyConn| promotion::of_candidate(conn, &office, &id);
    visit.db.write(look).await?.ok_or(PageError::NotFound)
}

async fn show(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = async {
        let candidate = match enter(&visit, &id).await? {
            Entry::Open(candidate) => candidate,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        candidate.page(&visit, StatusCode::OK, &RegisterTyped::default(), None).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

impl Candidate {
    fn path(&self) -> String {
        format!("/account/promotions/{}", self.promotion.id)
    }

    fn go_on(&self) -> HttpResponse {
        see_other(&self.path(), [])
    }

    fn proving(&self) -> Proving<'_> {
        let person = &self.person.subscriber;
        Proving {
            key: self.promotion.id.as_str(),
            counted_by: self.promotion.id.as_str(),
            proofing: match &self.promotion.stage {
                Stage::Proofing(proofing) => Some(proofing),
                Stage::Asked { .. } | Stage::Done | Stage::DutiesDue(_) | Stage::Over => None,
            },
            person: Examinee {
                given_name: &person.given_name,
                family_name: &person.family_name,
                email: person.email.as_ref().map(EmailAddress::as_str),
                phone: person.phone_number.as_deref(),
            },
        }
    }

    async fn page(
        &self,
        visit: &Visit,
        status: StatusCode,
        typed: &RegisterTyped,
        problem: Option<RegisterProblem>,
    ) -> Result<HttpResponse, PageError> {
        let reference;
        let late = self.promotion.is_late(visit.clock.now());
        let step = match &self.promotion.stage {
            Stage::Done => PromotionStep::Done,
            Stage::Asked { .. } | Stage::Over => PromotionStep::Over,
            _ if late => PromotionStep::Over,
            Stage::DutiesDue(_) | Stage::Proofing(Proofing::Proved(_)) => {
                let who = self.promotion.candidate.clone();
                let held = visit.db.read(move |conn| factor::of_subscriber(conn, &who)).await?;
                PromotionStep::Duties { has_factor: !held.is_empty() }
            }
            Stage::Proofing(Proofing::Due { failed }) => {
                PromotionStep::Identity { online: identity::online(visit, *failed) }
            }
            Stage::Proofing(Proofing::AtNotary { reference: number, since }) => {
                reference = number.to_string();
                PromotionStep::AtNotary { reference: &reference, until: *since + NOTARY_LASTS }
            }
        };
        Ok(self.send(visit, status, step, typed, problem))
    }

    fn send(
        &self,
        visit: &Visit,
        status: StatusCode,
        step: PromotionStep<'_>,
        typed: &RegisterTyped,
        problem: Option<RegisterProblem>,
    ) -> HttpResponse {
        let (form_token, cookie) = form_token(visit);
        let content = PromotionPage {
            frame: visit.frame(),
            nav: nav(visit, Area::Offers),
            form_token: &form_token,
            id: self.promotion.id.as_str(),
            organization: &self.organization,
            organization_id: self.promotion.organization.as_str(),
            step,
            typed,
            problem,
        };
        let mut answer = page(status, &content);
        set(&mut answer, cookie);
        answer
    }
}

async fn step(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = act(&visit, &of.0, &of.1, &body).await;
    visit.answer(outcome)
}

async fn act(visit: &Visit, id: &str, step: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let candidate = match enter(visit, id).await? {
        Entry::Open(candidate) => candidate,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let Some(form) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Offers));
    };
    match step {
        "acknowledge" if form.find("read") == Some("yes") => {
            take(visit, &candidate, Step::Acknowledge, None).await
        }
        "acknowledge" => Ok(candidate.go_on()),
        "decline" => take(visit, &candidate, Step::Decline, None).await,
        "notary" => take(visit, &candidate, Step::GoToNotary, None).await,
        "test" => begin(visit, &candidate, &form).await,
        "test-answers" => match candidate.proving().judge(visit, &form).await? {
            Some(result) => took(visit, &candidate, result).await,
            None => Ok(candidate.go_on()),
        },
        _ => Err(PageError::NotFound),
    }
}

async fn begin(
    visit: &Visit,
    candidate: &Candidate,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let typed = RegisterTyped::default();
    match candidate.proving().begin(visit, form).await? {
        Begun::NotDue => Ok(candidate.go_on()),
        Begun::Questions(test) => {
            let questions = identity::questions(&test);
            let simulated = identity::is_simulated(visit);
            let asked = PromotionStep::Questions { questions, simulated };
            Ok(candidate.send(visit, StatusCode::OK, asked, &typed, None))
        }
        Begun::Result(result) => took(visit, candidate, result).await,
        Begun::Throttled => {
            let problem = Some(RegisterProblem::Throttled);
            candidate.page(visit, StatusCode::TOO_MANY_REQUESTS, &typed, problem).await
        }
        Begun::Wrong(why) => {
            let mut wrong = Objections::default();
            wrong.object("last_four", why);
            let typed = typed.with(&wrong);
            candidate.page(visit, StatusCode::UNPROCESSABLE_ENTITY, &typed, None).await
        }
    }
}

async fn took(
    visit: &Visit,
    candidate: &Candidate,
    result: TestResult,
) -> Result<HttpResponse, PageError> {
    take(visit, candidate, Step::Take(result.clone()), Some(&result)).await
}

/// Takes a step, and shows where it led; `test`: what came of the questions, if it was they.
async fn take(
    visit: &Visit,
    candidate: &Candidate,
    step: Step,
    test: Option<&TestResult>,
) -> Result<HttpResponse, PageError> {
    let (office, id) = (candidate.office.clone(), candidate.promotion.id.clone());
    let take = move |conn: &mut AnyConn| promotion::take(conn, &office, &id, step.clone());
    let taken = visit.db.write(take).await?;
    visit.outbox.wake();
    let problem = |promotion: &Promotion| {
        let proofing = match &promotion.stage {
            Stage::Proofing(proofing) => Some(proofing),
            Stage::Asked { .. } | Stage::Done | Stage::DutiesDue(_) | Stage::Over => None,
        };
        test.and_then(|result| RegisterProblem::of(result, proofing))
    };
    let problem = taken.as_ref().ok().and_then(problem);
    match (taken, problem) {
        (Ok(promotion), Some(problem)) => {
            let (person, office) = (candidate.person.clone(), candidate.office.clone());
            let organization = candidate.organization.clone();
            let now = Candidate { person, office, promotion, organization };
            let typed = RegisterTyped::default();
            now.page(visit, StatusCode::FORBIDDEN, &typed, Some(problem)).await
        }
        (Err(Refusal::Denied(Denied::NotFound)), _) => Err(PageError::NotFound),
        (Err(Refusal::Denied(Denied::Forbidden)), _) => Err(PageError::Forbidden),
        // The page says how it stands: somebody else, or another window, was faster.
        (Ok(_) | Err(_), _) => Ok(candidate.go_on()),
    }
}

/// The promotions that wait for a person, for the pages that lead here.
pub(super) async fn waiting(
    visit: &Visit,
    person: &LoadedPerson,
) -> Result<Vec<Invitation>, PageError> {
    let office = office_of(visit, Some(person));
    let own = visit.db.read(move |conn: &mut AnyConn| promotion::own(conn, &office)).await?;
    let invitation = |(promotion, organization): (Promotion, String)| Invitation {
        id: promotion.id.to_string(),
        organization,
    };
    Ok(own.into_iter().map(invitation).collect())
}

async fn notary_form(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = printable(&visit, &id).await;
    visit.answer(outcome)
}

async fn printable(visit: &Visit, id: &str) -> Result<HttpResponse, PageError> {
    let candidate = match enter(visit, id).await? {
        Entry::Open(candidate) => candidate,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let Stage::Proofing(Proofing::AtNotary { reference, since }) = &candidate.promotion.stage
    else {
        return Err(PageError::NotFound);
    };
    let of = candidate.promotion.organization.clone();
    let (_, address) = visit.db.read(move |conn| search::listed(conn, &of)).await?;
    let content = NotaryFormPage {
        frame: visit.frame(),
        purpose: NotaryPurpose::Promotion,
        reference: &reference.to_string(),
        person: &candidate.person.subscriber.name(),
        organization: &candidate.organization,
        address: address.as_deref().unwrap_or_default(),
        until: *since + NOTARY_LASTS,
    };
    Ok(page(StatusCode::OK, &content))
}
