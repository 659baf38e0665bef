//! `/support/promotions`: people who are to become Administrators, as far as the support desk has a
//! part in it (R36, R46–R48; domain 4.8): a second person's approval, and the notary's form.

mod propose;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        actor::{Actor, Rank},
        field::LONGEST_NOTE,
        identity_proof::{Judgement, Proof, Proofing},
        permission::Denied,
        promotion::{LASTS, Promotion, Refusal, Stage},
        ticket::Message,
    },
    ids::{PromotionId, TicketId},
    oidc::params::Params,
};

use super::{Done, Outcome, one_line, problem};
use crate::{
    community::promotion::{self, Deed},
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        CasePage, DeedView, Fact, FieldView, ListPage, ListPart, ListRow, Messages, Section,
        SendBy, SupportArea, SupportNav, promotion_stage,
    },
    store::{
        AnyConn, StoreError, organization,
        promotion::{self as store, Waits, state},
        search, subscriber,
    },
};

/// How many a list has at most: what waited longest.
const SHOWN: i64 = 100;
const NAV: SupportNav = SupportNav { area: SupportArea::Promotions };

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/support/promotions").get(show))
        .service(web::resource("/support/promotions/{id}").get(show_one).post(act))
        .service(
            web::resource("/support/tickets/{id}/promotion")
                .get(propose::show)
                .post(propose::propose),
        );
}

/// Where somebody is proposed on this ticket.
pub(super) fn propose_at(ticket: &TicketId) -> String {
    format!("/support/tickets/{ticket}/promotion")
}

/// A promotion with the names of whom it is about.
#[derive(Clone)]
struct Named {
    promotion: Promotion,
    candidate: String,
    organization: String,
    /// The number on file: the only one to call back at.
    phone: Option<String>,
    proposed_by: Option<String>,
}

fn named(conn: &mut AnyConn, promotion: Promotion) -> Result<Named, StoreError> {
    let candidate = subscriber::find(conn, &promotion.candidate)?;
    let organization = organization::find(conn, &promotion.organization)?;
    let (phone, _) = search::listed(conn, &promotion.organization)?;
    let proposed_by = match &promotion.stage {
        Stage::Asked { by, .. } => subscriber::find(conn, by)?.map(|person| person.name()),
        Stage::Done | Stage::DutiesDue(_) | Stage::Over | Stage::Proofing(_) => None,
    };
    Ok(Named {
        candidate: candidate.map(|person| person.name()).unwrap_or_default(),
        organization: organization.map(|found| found.name).unwrap_or_default(),
        promotion,
        phone,
        proposed_by,
    })
}

async fn show(visit: Visit) -> HttpResponse {
    let outcome = list(&visit).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit) -> Result<HttpResponse, PageError> {
    if let Entry::Elsewhere(answer) = console::support(visit, None).await? {
        return Ok(answer);
    }
    let read = |conn: &mut AnyConn| -> Result<_, StoreError> {
        let mut all = |waits| -> Result<Vec<Named>, StoreError> {
            let found = store::waiting(conn, waits, None, SHOWN)?;
            found.into_iter().map(|promotion| named(conn, promotion)).collect()
        };
        Ok((all(Waits::ForApproval)?, all(Waits::ForForm)?))
    };
    let (asked, at_notary) = visit.db.read(read).await?;
    let words = &visit.frame().text.desk;
    let part = |id, heading, of: &[Named]| ListPart {
        id,
        heading,
        rows: of.iter().map(|named| row(visit.frame().text, named)).collect(),
        next: None,
    };
    let content = ListPage {
        frame: visit.frame(),
        nav: NAV,
        lead: Some(words.promotions_lead),
        fields: Vec::new(),
        action: "/support/promotions",
        by: SendBy::Get,
        problem: None,
        parts: vec![
            part("to-approve", words.promotions_to_approve, &asked),
            part("at-notary", words.promotions_at_notary, &at_notary),
        ],
    };
    Ok(page(StatusCode::OK, &content))
}

fn row(text: &'static Messages, named: &Named) -> ListRow {
    let words = &text.desk;
    ListRow {
        title: named.candidate.clone(),
        address: Some(format!("/support/promotions/{}", named.promotion.id)),
        badge: None,
        facts: vec![
            Fact::text(words.organization, &*named.organization),
            Fact::at(words.moved, named.promotion.moved_at),
        ],
    }
}

async fn load(visit: &Visit, id: &str) -> Result<Named, PageError> {
    let id: PromotionId = id.parse().map_err(|_| PageError::NotFound)?;
    let read = move |conn: &mut AnyConn| {
        store::find(conn, &id)?.map(|promotion| named(conn, promotion)).transpose()
    };
    visit.db.read(read).await?.ok_or(PageError::NotFound)
}

async fn show_one(visit: Visit, id: Path<String>, done: Query<Done>) -> HttpResponse {
    let outcome = async {
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let named = load(&visit, &id).await?;
        let words = &visit.frame().text.desk;
        let outcome = Outcome { done: done.is_some().then_some(words.done), ..Outcome::default() };
        Ok(named.page(&visit, &desk, outcome))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

impl Named {
    fn page(&self, visit: &Visit, desk: &AtWork, outcome: Outcome) -> HttpResponse {
        let frame = visit.frame();
        let (form_token, cookie) = console::form_token(visit);
        let late = self.promotion.is_late(visit.clock.now());
        let content = CasePage {
            frame,
            nav: NAV,
            form_token: &form_token,
            title: self.candidate.clone(),
            action: format!("/support/promotions/{}", self.promotion.id),
            problem: outcome.problem,
            done: outcome.done,
            code: None,
            sections: self.sections(frame.text, late),
            deeds: if late { Vec::new() } else { self.deeds(frame.text, desk) },
        };
        console::with_form(page(outcome.status, &content), cookie)
    }

    fn sections(&self, text: &'static Messages, late: bool) -> Vec<Section<'static>> {
        let words = &text.desk;
        let promotion = &self.promotion;
        let stage = if late { "over" } else { state(&promotion.stage) };
        let mut facts = vec![
            Fact::text(words.stage, promotion_stage(text, stage)),
            Fact::at(words.moved, promotion.moved_at),
            Fact::link(
                words.candidate,
                &*self.candidate,
                format!("/support/people/{}", promotion.candidate),
            ),
            Fact::link(
                words.organization,
                &*self.organization,
                format!("/support/organizations/{}", promotion.organization),
            ),
        ];
        let open = !matches!(promotion.stage, Stage::Done | Stage::Over) && !late;
        if open {
            facts.push(Fact::at(text.promotion.waits_until, promotion.moved_at + LASTS));
        }
        match &promotion.stage {
            Stage::Proofing(Proofing::AtNotary { reference, since }) => {
                facts.push(Fact::text(words.notary_reference, reference.to_string()));
                facts.push(Fact::at(words.since, *since));
            }
            Stage::DutiesDue(Proof::KnowledgeTest { at, .. }) => {
                facts.push(Fact::text(words.proved_by, words.by_test));
                facts.push(Fact::at(words.proved_at, *at));
            }
            Stage::DutiesDue(Proof::Notary { at, .. }) => {
                facts.push(Fact::text(words.proved_by, words.by_notary));
                facts.push(Fact::at(words.proved_at, *at));
            }
            Stage::Asked { .. } | Stage::Done | Stage::Over | Stage::Proofing(_) => {}
        }
        let about = Section { id: "promotion", heading: words.promotions, lead: None, facts };
        let Stage::Asked { call_back, .. } = &promotion.stage else { return vec![about] };
        let phone = self.phone.as_deref().unwrap_or(words.no_listed_phone);
        let by = self.proposed_by.as_deref().unwrap_or_default();
        let call = vec![
            Fact::text(words.proposed_by, by),
            Fact::text(words.listed_phone, phone),
            Fact::text(words.spoke_with, call_back.spoke_with()),
            Fact::text(words.they_said, call_back.said()),
        ];
        let call = Section { id: "call-back", heading: words.call_back, lead: None, facts: call };
        vec![about, call]
    }

    /// What the core would allow, so that the page leaves out what would be refused.
    fn deeds(&self, text: &'static Messages, desk: &AtWork) -> Vec<DeedView<'static>> {
        let words = &text.desk;
        let actor = &desk.office.actor;
        if actor.person() == Some(&self.promotion.candidate) {
            return Vec::new();
        }
        let withdraw = DeedView::button("withdraw", words.withdraw_promotion)
            .with_hint(words.withdraw_promotion_hint);
        match &self.promotion.stage {
            Stage::Asked { by, .. } => {
                let lead = matches!(actor, Actor::Support { rank: Rank::Lead, .. });
                let second = lead && actor.person() != Some(by);
                let approve = DeedView::button("approve", words.approve_promotion)
                    .with_hint(words.approve_promotion_hint)
                    .main();
                second.then_some(approve).into_iter().chain([withdraw]).collect()
            }
            Stage::Proofing(Proofing::AtNotary { .. }) => vec![
                DeedView::button("accept-form", words.accept_form)
                    .with_hint(words.accept_form_hint)
                    .main(),
                DeedView::button("refuse-form", words.refuse_form)
                    .with(vec![FieldView::area("reason", words.reason_told, LONGEST_NOTE)])
                    .with_hint(words.refuse_form_hint),
                withdraw,
            ],
            Stage::DutiesDue(_) | Stage::Proofing(_) => vec![withdraw],
            Stage::Done | Stage::Over => Vec::new(),
        }
    }
}

async fn act(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = carry_out(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn carry_out(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &desk.office, body, &["deed", "reason"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    if let Some(way_in) = console::lately(visit, body).await? {
        return Ok(way_in);
    }
    let named = load(visit, id).await?;
    let deed = match read(&posted)? {
        Ok(deed) => deed,
        Err(why) => return Ok(named.page(visit, &desk, Outcome::wrong(why))),
    };
    let (office, wanted) = (desk.office.clone(), named.promotion.id.clone());
    let work =
        move |conn: &mut AnyConn| promotion::at_the_desk(conn, &office, &wanted, deed.clone());
    match visit.db.write(work).await? {
        Ok(_) => {
            visit.outbox.wake();
            Ok(see_other(&format!("/support/promotions/{id}?done=1"), []))
        }
        Err(refusal) => {
            let why = refusal_words(visit, refusal)?;
            let named = load(visit, id).await?;
            Ok(named.page(visit, &desk, Outcome::refused(why.to_owned())))
        }
    }
}

/// What somebody wants; the inner error says what is wrong with what they typed.
fn read(posted: &Params) -> Result<Result<Deed, String>, PageError> {
    Ok(match posted.find("deed").unwrap_or_default() {
        "accept-form" => Ok(Deed::Judge(Judgement::Accepted)),
        "approve" => Ok(Deed::Approve),
        "refuse-form" => {
            let reason = Message::read(&one_line(posted.find("reason").unwrap_or_default()));
            reason.map(|why| Deed::Judge(Judgement::Refused(why))).map_err(|why| why.to_string())
        }
        "withdraw" => Ok(Deed::Withdraw),
        _ => return Err(PageError::NotUnderstood),
    })
}

fn refusal_words(visit: &Visit, refusal: Refusal) -> Result<&'static str, PageError> {
    let words = &visit.frame().text.desk;
    match refusal {
        // Nobody uses the office on themselves; the page says so instead of shutting the door.
        Refusal::Denied(Denied::Forbidden) => Ok(words.own_matter),
        Refusal::Denied(Denied::NotFound) => Err(problem(Denied::NotFound)),
        Refusal::AlreadyAdministrator => Ok(words.already_administrator),
        Refusal::NotActive => Ok(words.promotion_not_active),
        Refusal::SamePerson => Ok(words.same_person),
        Refusal::OutOfOrder | Refusal::Proof(_) | Refusal::SecondFactorDue => {
            Ok(words.out_of_order)
        }
    }
}
