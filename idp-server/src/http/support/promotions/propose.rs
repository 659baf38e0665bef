//! Somebody is proposed because an organization's Administrator has left: on a ticket, and after a call
//! back to the organization's listed number (R46–R48).

use actix_web::{
    HttpResponse,
    web::{Bytes, Path, Query},
};
use idp_core::{
    community::{
        field::{LONGEST_NAME, LONGEST_NOTE},
        promotion::CallBack,
        subscriber::UserId,
        ticket::TicketKind,
    },
    ids::TicketId,
    oidc::params::Params,
};
use serde::Deserialize;

use super::{super::one_line, NAV, Outcome, propose_at, refusal_words};
use crate::{
    community::{
        Office,
        promotion::{self, Candidate},
    },
    http::{
        console::{self, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{CasePage, DeedView, Fact, FieldView, Section},
    store::{AnyConn, StoreError, ticket},
};

/// Who is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Wanted {
    user_id: Option<String>,
}

/// A ticket that asks for an Administrator, and who may become one.
struct Loaded {
    ticket: TicketId,
    /// The User ID that is looked at: the one on the form, or another.
    user_id: String,
    candidate: Option<Candidate>,
}

async fn load(
    visit: &Visit,
    office: &Office,
    id: &str,
    user_id: Option<&str>,
) -> Result<Loaded, PageError> {
    let id: TicketId = id.parse().map_err(|_| PageError::NotFound)?;
    let (office, user_id) = (office.clone(), user_id.map(str::to_owned));
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let kept = ticket::find(conn, &id)?;
        let Some(kept) = kept.filter(|kept| kept.ticket.kind == TicketKind::PromoteAdmin) else {
            return Ok(None);
        };
        let user_id =
            user_id.clone().or_else(|| kept.details.get("user_id").cloned()).unwrap_or_default();
        let candidate = match user_id.parse::<UserId>() {
            Ok(name) => promotion::candidate(conn, &office, &name)?,
            Err(_) => None,
        };
        Ok(Some(Loaded { ticket: id.clone(), user_id, candidate }))
    };
    visit.db.read(read).await?.ok_or(PageError::NotFound)
}

pub(in super::super) async fn show(
    visit: Visit,
    id: Path<String>,
    wanted: Option<Query<Wanted>>,
) -> HttpResponse {
    let outcome = async {
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        let loaded = load(&visit, &desk.office, &id, wanted.user_id.as_deref()).await?;
        Ok(loaded.page(&visit, Outcome::default(), &Params::default()))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

impl Loaded {
    /// The page, with what was typed.
    fn page(&self, visit: &Visit, outcome: Outcome, typed: &Params) -> HttpResponse {
        let frame = visit.frame();
        let words = &frame.text.desk;
        let (form_token, cookie) = console::form_token(visit);
        let mut facts = vec![Fact::link(
            words.ticket,
            self.ticket.as_str(),
            format!("/support/tickets/{}", self.ticket),
        )];
        facts.push(Fact::text(words.user_id, &*self.user_id));
        let mut deeds = Vec::new();
        if let Some(Candidate { person, organizations }) = &self.candidate {
            let address = format!("/support/people/{}", person.id);
            facts.push(Fact::link(words.candidate, person.name(), address));
            for of in organizations {
                let address = format!("/support/organizations/{}", of.id);
                facts.push(Fact::link(words.organization, &*of.name, address));
                let phone = of.phone.as_deref().unwrap_or(words.no_listed_phone);
                facts.push(Fact::text(words.listed_phone, phone));
            }
            let value = |name| typed.find(name).unwrap_or_default();
            let of = organizations.iter().map(|of| (of.id.as_str(), &*of.name)).collect();
            let fields = vec![
                FieldView {
                    value: value("organization"),
                    ..FieldView::choice("organization", words.organization, of)
                },
                FieldView {
                    value: value("spoke_with"),
                    ..FieldView::line("spoke_with", words.spoke_with, LONGEST_NAME)
                },
                FieldView {
                    value: value("said"),
                    ..FieldView::area("said", words.they_said, LONGEST_NOTE)
                },
            ];
            let deed = DeedView::button("propose", words.propose).with(fields);
            deeds.push(deed.with_hint(words.propose_hint).main());
        }
        let other = vec![FieldView::line("user_id", words.user_id, 64)];
        deeds.push(DeedView::button("look-up", words.look_up).with(other));
        let lead = match &self.candidate {
            Some(_) => words.call_back_lead,
            None => words.nobody_of_this_name,
        };
        let heading = words.call_back;
        let content = CasePage {
            frame,
            nav: NAV,
            form_token: &form_token,
            title: words.propose_title.to_owned(),
            action: format!("{}?user_id={}", propose_at(&self.ticket), encoded(&self.user_id)),
            problem: outcome.problem,
            done: None,
            code: None,
            sections: vec![Section { id: "call-back", heading, lead: Some(lead), facts }],
            deeds,
        };
        console::with_form(page(outcome.status, &content), cookie)
    }
}

/// A value in the query of an address.
fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

pub(in super::super) async fn propose(
    visit: Visit,
    id: Path<String>,
    wanted: Option<Query<Wanted>>,
    body: Bytes,
) -> HttpResponse {
    let outcome = async {
        let user_id = wanted.as_ref().and_then(|wanted| wanted.user_id.as_deref());
        carry_out(&visit, &id, user_id, &body).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn carry_out(
    visit: &Visit,
    id: &str,
    user_id: Option<&str>,
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let fields = ["deed", "organization", "spoke_with", "said", "user_id"];
    let posted = match console::posted(visit, &desk.office, body, &fields).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let field = |name| posted.find(name).unwrap_or_default();
    let loaded = load(visit, &desk.office, id, user_id).await?;
    match field("deed") {
        "look-up" => {
            let other = encoded(field("user_id").trim());
            let address = format!("{}?user_id={other}", propose_at(&loaded.ticket));
            return Ok(see_other(&address, []));
        }
        "propose" => {
            if let Some(way_in) = console::lately(visit, body).await? {
                return Ok(way_in);
            }
        }
        _ => return Err(PageError::NotUnderstood),
    }
    let Some(Candidate { person, organizations }) = &loaded.candidate else {
        return Err(PageError::NotUnderstood);
    };
    let of = organizations.iter().find(|of| of.id.as_str() == field("organization"));
    let of = of.ok_or(PageError::NotUnderstood)?.id.clone();
    let call_back = match CallBack::noted(field("spoke_with"), &one_line(field("said"))) {
        Ok(call_back) => call_back,
        Err(why) => return Ok(loaded.page(visit, Outcome::wrong(why.to_string()), &posted)),
    };
    let (office, ticket, who) = (desk.office.clone(), loaded.ticket.clone(), person.id.clone());
    let work = move |conn: &mut AnyConn| {
        promotion::propose_on_ticket(conn, &office, &ticket, (&of, &who), call_back.clone())
    };
    match visit.db.write(work).await? {
        Ok(promotion) => {
            visit.outbox.wake();
            Ok(see_other(&format!("/support/promotions/{}?done=1", promotion.id), []))
        }
        Err(refusal) => {
            let why = refusal_words(visit, refusal)?;
            Ok(loaded.page(visit, Outcome::refused(why.to_owned()), &posted))
        }
    }
}
