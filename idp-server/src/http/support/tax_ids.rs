//! `/support/tax-ids`: numbers that somebody asks for, and their release or dispute, which takes two
//! persons (security 20.8).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        actor::{Actor, Rank},
        field::LONGEST_NOTE,
        tax_id_registry::{Claim, Evidence, Ground, Refusal, Stage},
    },
    ids::TaxIdId,
    oidc::params::Params,
};
use serde::Deserialize;

use super::{Done, Outcome, further_numbers, one_line, problem};
use crate::{
    community::tax_ids::{self, claim_before_support},
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        CasePage, DeedView, Fact, FieldView, ListPage, ListPart, ListRow, Messages, Section,
        SendBy, SupportArea, SupportNav,
    },
    store::{
        AnyConn, StoreError, organization,
        place::Place,
        tax_id_claim::{self, Asked},
    },
};

/// How many a page has at most.
const SHOWN: i64 = 50;
const NAV: SupportNav = SupportNav { area: SupportArea::TaxIds };

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/support/tax-ids").get(show))
        .service(web::resource("/support/tax-ids/{id}").get(show_one).post(act));
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    after: Option<String>,
    further_after: Option<String>,
}

async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
    let outcome = async {
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        list(&visit, &wanted).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, wanted: &Wanted) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let further = further_numbers::part(visit, &desk, wanted.further_after.as_deref()).await?;
    let after = wanted.after.as_deref().map(str::parse::<Place<TaxIdId>>).transpose();
    let after = after.map_err(|_| PageError::NotUnderstood)?.and_then(Place::into_parts);
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let after = after.as_ref().map(|(at, id)| (*at, id));
        let asked = tax_id_claim::all_asked(conn, after, SHOWN)?;
        let mut named = Vec::new();
        for one in asked {
            let owner = organization::find(conn, &one.owner)?;
            named.push((one, owner.map(|owner| owner.name).unwrap_or_default()));
        }
        Ok(named)
    };
    let found = visit.db.read(read).await?;
    let (text, now) = (visit.frame().text, desk.office.now);
    let words = &text.desk;
    let is_full = i64::try_from(found.len()) == Ok(SHOWN);
    let next = found.last().filter(|_| is_full).map(|(last, _)| {
        let place = Place::at(last.claim.answer_due_at, last.id.clone());
        format!("/support/tax-ids?after={place}")
    });
    let rows = found.into_iter().map(|(asked, owner)| ListRow {
        title: owner,
        address: Some(format!("/support/tax-ids/{}", asked.id)),
        badge: Some(how_far(text, &asked.claim, now).to_owned()),
        facts: vec![
            Fact::text(words.ground, ground(text, asked.claim.ground)),
            Fact::at(words.answer_due, asked.claim.answer_due_at),
        ],
    });
    let asked = ListPart { id: "tax-ids", heading: words.tax_ids, rows: rows.collect(), next };
    let content = ListPage {
        frame: visit.frame(),
        nav: NAV,
        lead: Some(words.tax_ids_lead),
        fields: Vec::new(),
        action: "/support/tax-ids",
        by: SendBy::Get,
        problem: None,
        parts: vec![asked, further],
    };
    Ok(page(StatusCode::OK, &content))
}

/// How far a claim is; an answer that did not come in time leaves it to Support.
fn how_far(text: &'static Messages, claim: &Claim, now: DateTime<Utc>) -> &'static str {
    if claim.is_overdue(now) { text.desk.claim_overdue } else { stage(text, &claim.stage) }
}

const fn stage(text: &'static Messages, stage: &Stage) -> &'static str {
    let words = &text.desk;
    match stage {
        Stage::Agreed { .. } => words.claim_agreed,
        Stage::Asked => words.claim_asked,
        Stage::Objected(_) => words.claim_objected,
        Stage::Proposed { .. } => words.claim_proposed,
    }
}

const fn ground(text: &'static Messages, ground: Ground) -> &'static str {
    let words = &text.desk;
    match ground {
        Ground::Disputed => words.ground_disputed,
        Ground::NobodyLeft => words.ground_nobody_left,
        Ground::WorksForUs => words.ground_works_for_us,
    }
}

/// A number that somebody asks for; `None`: nobody does any more.
type Loaded = (TaxIdId, Option<(Asked, String)>);

async fn load(visit: &Visit, id: &str) -> Result<Loaded, PageError> {
    let id: TaxIdId = id.parse().map_err(|_| PageError::NotFound)?;
    let wanted = id.clone();
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        if tax_id_claim::fingerprint_by_id(conn, &wanted)?.is_none() {
            return Ok(None);
        }
        let Some(asked) = claim_before_support(conn, &wanted)? else { return Ok(Some(None)) };
        let owner = organization::find(conn, &asked.owner)?;
        Ok(Some(Some((asked, owner.map(|owner| owner.name).unwrap_or_default()))))
    };
    let found = visit.db.read(read).await?.ok_or(PageError::NotFound)?;
    Ok((id, found))
}

async fn show_one(visit: Visit, id: Path<String>, done: Query<Done>) -> HttpResponse {
    let outcome = async {
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let loaded = match load(&visit, &id).await {
            // A number that was released is its owner's no longer, and has no place of its own.
            Err(PageError::NotFound) if done.is_some() => {
                (id.parse().map_err(|_| PageError::NotFound)?, None)
            }
            loaded => loaded?,
        };
        let words = &visit.frame().text.desk;
        let outcome = Outcome { done: done.is_some().then_some(words.done), ..Outcome::default() };
        Ok(show_case(&visit, &desk, &loaded, outcome))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn show_case(visit: &Visit, desk: &AtWork, (id, found): &Loaded, outcome: Outcome) -> HttpResponse {
    let frame = visit.frame();
    let words = &frame.text.desk;
    let (form_token, cookie) = console::form_token(visit);
    let (sections, deeds) = match found {
        Some((asked, owner)) => {
            (sections(frame.text, asked, owner), deeds(frame.text, desk, asked))
        }
        None => (
            vec![Section {
                id: "claim",
                heading: words.claim,
                lead: Some(words.nobody_asks),
                facts: Vec::new(),
            }],
            Vec::new(),
        ),
    };
    let content = CasePage {
        frame,
        nav: NAV,
        form_token: &form_token,
        title: words.claim_title.to_owned(),
        action: format!("/support/tax-ids/{id}"),
        problem: outcome.problem,
        done: outcome.done,
        code: None,
        sections,
        deeds,
    };
    console::with_form(page(outcome.status, &content), cookie)
}

fn sections(text: &'static Messages, asked: &Asked, owner: &str) -> Vec<Section<'static>> {
    let (words, claim) = (&text.desk, &asked.claim);
    let mut facts = vec![
        Fact::link(words.owner, owner, format!("/support/organizations/{}", asked.owner)),
        Fact::link(
            words.asked_by,
            words.registration,
            format!("/support/registrations/{}", claim.by),
        ),
        Fact::text(words.ground, ground(text, claim.ground)),
        Fact::text(words.stage, stage(text, &claim.stage)),
        Fact::at(words.asked_at, claim.opened_at),
        Fact::at(words.answer_due, claim.answer_due_at),
    ];
    match &claim.stage {
        Stage::Objected(why) => facts.push(Fact::text(words.owner_says, why.as_str())),
        Stage::Proposed { document, .. } => {
            facts.push(Fact::text(words.document, document.as_str()));
        }
        Stage::Agreed { .. } | Stage::Asked => {}
    }
    vec![Section { id: "claim", heading: words.claim, lead: None, facts }]
}

fn deeds(text: &'static Messages, desk: &AtWork, asked: &Asked) -> Vec<DeedView<'static>> {
    let words = &text.desk;
    let me = desk.office.actor.person();
    if asked.claim.claimant.as_ref() == me {
        return Vec::new();
    }
    let document = || vec![FieldView::area("document", words.document, LONGEST_NOTE)];
    let keep = DeedView::button("keep", words.keep).with(document()).with_hint(words.keep_hint);
    let propose = DeedView::button("propose", words.propose_release)
        .with(document())
        .with_hint(words.propose_release_hint);
    let lead = matches!(desk.office.actor, Actor::Support { rank: Rank::Lead, .. });
    match &asked.claim.stage {
        Stage::Asked | Stage::Objected(_) => vec![propose, keep],
        Stage::Proposed { by, .. } if lead && Some(by) != me => vec![
            DeedView::button("approve", words.approve_release)
                .with_hint(words.approve_release_hint)
                .main(),
            DeedView::button("reject", words.reject_release),
        ],
        Stage::Proposed { .. } | Stage::Agreed { .. } => vec![keep],
    }
}

/// What Support wants with a number.
#[derive(Clone)]
enum Deed {
    Approve,
    Keep(Evidence),
    Propose(Evidence),
    Reject,
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
    let posted = match console::posted(visit, &desk.office, body, &["deed", "document"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let loaded = load(visit, id).await?;
    let deed = match read(&posted)? {
        Ok(deed) => deed,
        Err(why) => return Ok(show_case(visit, &desk, &loaded, Outcome::wrong(why))),
    };
    let (office, number) = (desk.office.clone(), loaded.0.clone());
    let work = move |conn: &mut AnyConn| {
        let decided = match &deed {
            Deed::Approve => tax_ids::approve_release(conn, &office, &number),
            Deed::Keep(why) => tax_ids::keep(conn, &office, &number, why.clone()),
            Deed::Propose(what) => tax_ids::propose_release(conn, &office, &number, what.clone()),
            Deed::Reject => tax_ids::reject_release(conn, &office, &number),
        };
        decided.map(|decided| decided.map(drop))
    };
    let refusal = match visit.db.write(work).await? {
        Ok(()) => {
            visit.outbox.wake();
            return Ok(see_other(&format!("/support/tax-ids/{id}?done=1"), []));
        }
        Err(refusal) => refusal,
    };
    let words = &visit.frame().text.desk;
    let why = match refusal {
        Refusal::Denied(denied) => return Err(problem(denied)),
        Refusal::NotYet { .. } => words.not_yet,
        Refusal::SamePerson => words.same_person,
        Refusal::ClaimedAlready
        | Refusal::LastNumber
        | Refusal::NothingToDecide
        | Refusal::Taken => words.out_of_order,
    };
    let loaded = load(visit, id).await?;
    Ok(show_case(visit, &desk, &loaded, Outcome::refused(why.to_owned())))
}

fn read(posted: &Params) -> Result<Result<Deed, String>, PageError> {
    let document = || {
        let typed = one_line(posted.find("document").unwrap_or_default());
        Evidence::read(&typed).map_err(|why| why.to_string())
    };
    Ok(match posted.find("deed").unwrap_or_default() {
        "approve" => Ok(Deed::Approve),
        "keep" => document().map(Deed::Keep),
        "propose" => document().map(Deed::Propose),
        "reject" => Ok(Deed::Reject),
        _ => return Err(PageError::NotUnderstood),
    })
}
