//! `/support/tickets`: the queue, and one ticket with all that can be done with it.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        field::LONGEST_NOTE,
        permission::Denied,
        ticket::{Message, Refusal, Regarding, Requester, Standing, State, TicketKind},
    },
    ids::{SubscriberId, TaxIdId, TicketId},
    oidc::params::Params,
};
use serde::Deserialize;

use super::promotions;
use crate::{
    community::tickets::{self, Deed},
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        Deeds, FieldView, RequesterView, SaidView, SupportArea, SupportNav, TicketLine, TicketPage,
        TicketProblem, TicketsPage,
    },
    store::{
        AnyConn, StoreError, organization,
        place::Place,
        staff::{self, Member},
        subscriber, tax_id_claim,
        ticket::{self, Filter, Kept, Said},
    },
};

/// How many tickets a page has at most.
const SHOWN: i64 = 50;
const NAV: SupportNav = SupportNav { area: SupportArea::Tickets };

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/support/tickets").get(show))
        .service(web::resource("/support/tickets/{id}").get(show_one).post(act));
}

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    state: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    whose: String,
    after: Option<String>,
}

async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
    let outcome = async {
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        list(&visit, &wanted).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

impl Wanted {
    fn filter(&self, me: &SubscriberId) -> Result<Filter, PageError> {
        let state = match self.state.as_str() {
            "" => None,
            code if State::CODES.contains(&code) => Some(code.to_owned()),
            _ => return Err(PageError::NotUnderstood),
        };
        let kind = TicketKind::ALL.into_iter().find(|kind| kind.code() == self.kind);
        let whose = match self.whose.as_str() {
            "" => None,
            "mine" => Some(me.clone()),
            _ => return Err(PageError::NotUnderstood),
        };
        if kind.is_none() && !self.kind.is_empty() {
            return Err(PageError::NotUnderstood);
        }
        Ok(Filter { state, kind, assignee: whose })
    }

    /// The address of the page behind `last`.
    fn next(&self, last: &Kept) -> String {
        let place = Place::at(last.opened_at, last.ticket.id.clone());
        format!(
            "/support/tickets?state={}&kind={}&whose={}&after={place}",
            self.state, self.kind, self.whose
        )
    }
}

async fn list(visit: &Visit, wanted: &Wanted) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let filter = wanted.filter(&desk.person.subscriber.id)?;
    let after = wanted.after.as_deref().map(str::parse::<Place<TicketId>>).transpose();
    let after = after.map_err(|_| PageError::NotUnderstood)?;
    let now = desk.office.now;
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let found = ticket::queue(conn, &filter, after.as_ref(), SHOWN)?;
        let numbers: Vec<_> = found.iter().filter_map(number).collect();
        let overdue = tax_id_claim::overdue_among(conn, &numbers, now)?;
        Ok((found, staff::all(conn)?, overdue))
    };
    let (found, colleagues, overdue) = visit.db.read(read).await?;
    let frame = visit.frame();
    let is_full = i64::try_from(found.len()) == Ok(SHOWN);
    let next = found.last().filter(|_| is_full).map(|last| wanted.next(last));
    let content = TicketsPage {
        frame,
        nav: NAV,
        fields: filters(frame.text, wanted),
        tickets: found
            .iter()
            .map(|kept| TicketLine {
                overdue: is_open(kept) && number(kept).is_some_and(|id| overdue.contains(&id)),
                ..line(kept, &colleagues)
            })
            .collect(),
        next,
    };
    Ok(page(StatusCode::OK, &content))
}

fn filters<'a>(text: &'static crate::pages::Messages, wanted: &'a Wanted) -> Vec<FieldView<'a>> {
    let words = &text.ticket;
    let mut states = vec![("", words.state_open)];
    states.extend(State::CODES.map(|code| (code, text.ticket_state(code))));
    let mut kinds = vec![("", words.any_kind)];
    kinds.extend(TicketKind::ALL.map(|kind| (kind.code(), text.ticket_kind(kind))));
    let whose = vec![("", words.anybodys), ("mine", words.mine)];
    vec![
        FieldView { value: &wanted.state, ..FieldView::choice("state", words.state, states) },
        FieldView { value: &wanted.kind, ..FieldView::choice("kind", words.kind, kinds) },
        FieldView { value: &wanted.whose, ..FieldView::choice("whose", words.assignee, whose) },
    ]
}

/// The number that a ticket is about.
fn number(kept: &Kept) -> Option<TaxIdId> {
    match &kept.regarding {
        Some(Regarding::TaxId(id)) => Some(id.clone()),
        Some(Regarding::Person(_) | Regarding::Promotion(_) | Regarding::Registration(_))
        | None => None,
    }
}

const fn is_open(kept: &Kept) -> bool {
    match kept.ticket.state {
        State::Assigned(_) | State::New | State::Waiting(_) => true,
        State::Closed | State::Resolved { .. } => false,
    }
}

/// A ticket in a list.
pub(super) fn line<'a>(kept: &'a Kept, colleagues: &'a [Member]) -> TicketLine<'a> {
    let by = match &kept.ticket.state {
        State::Assigned(by) | State::Waiting(by) | State::Resolved { by, .. } => Some(by),
        State::Closed | State::New => None,
    };
    TicketLine {
        id: kept.ticket.id.as_str(),
        kind: kept.ticket.kind,
        state: kept.ticket.state.code(),
        opened_at: kept.opened_at,
        assignee: by.and_then(|by| name_of(colleagues, by)),
        overdue: false,
    }
}

fn name_of<'a>(colleagues: &'a [Member], id: &SubscriberId) -> Option<&'a str> {
    colleagues.iter().find(|member| member.subscriber == *id).map(|member| member.name.as_str())
}

/// A ticket with all that its page says of it.
struct Loaded {
    kept: Kept,
    said: Vec<Said>,
    colleagues: Vec<Member>,
    requester: Option<String>,
    organization: Option<String>,
    standing: Standing,
}

async fn load(visit: &Visit, desk: &AtWork, id: &str) -> Result<Loaded, PageError> {
    let id: TicketId = id.parse().map_err(|_| PageError::NotFound)?;
    let office = desk.office.clone();
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let Some(kept) = ticket::find(conn, &id)? else { return Ok(None) };
        let requester = match &kept.ticket.requester {
            Requester::Subscriber(id) => subscriber::find(conn, id)?.map(|person| person.name()),
            Requester::Hilum | Requester::Visitor(_) => None,
        };
        let organization = kept.ticket.organization.as_ref();
        let organization = organization.map(|id| organization::find(conn, id)).transpose()?;
        let organization = organization.flatten().map(|found| found.name);
        let (said, colleagues) = (ticket::said(conn, &id)?, staff::all(conn)?);
        let standing = tickets::standing(conn, &office, &kept)?;
        Ok(Some(Loaded { kept, said, colleagues, requester, organization, standing }))
    };
    visit.db.read(read).await?.ok_or(PageError::NotFound)
}

async fn show_one(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = async {
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let loaded = load(&visit, &desk, &id).await?;
        Ok(loaded.page(&visit, &desk, StatusCode::OK, ("", None)))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

impl Loaded {
    fn page(
        &self,
        visit: &Visit,
        desk: &AtWork,
        status: StatusCode,
        (typed, problem): (&str, Option<TicketProblem<'_>>),
    ) -> HttpResponse {
        let (frame, ticket) = (visit.frame(), &self.kept.ticket);
        let (form_token, cookie) = console::form_token(visit);
        let requester = match (&ticket.requester, &self.requester) {
            (Requester::Subscriber(id), name) => RequesterView::Person(
                name.as_deref().unwrap_or_default(),
                format!("/support/people/{id}"),
            ),
            (Requester::Visitor(address), _) => RequesterView::Visitor(address.as_str()),
            (Requester::Hilum, _) => RequesterView::Hilum,
        };
        let organization = self.organization.as_deref().zip(ticket.organization.as_ref());
        let content = TicketPage {
            frame,
            nav: NAV,
            form_token: &form_token,
            line: line(&self.kept, &self.colleagues),
            requester,
            organization: organization
                .map(|(name, id)| (name, format!("/support/organizations/{id}"))),
            regarding: self.kept.regarding.as_ref().map(address_of),
            standing: frame.text.ticket_standing(self.standing),
            propose: self.asks_for_an_administrator().then(|| promotions::propose_at(&ticket.id)),
            details: self.kept.details.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
            said: self.said.iter().map(|said| self.view(said)).collect(),
            deeds: self.deeds(&desk.person.subscriber.id),
            fields: vec![FieldView {
                value: typed,
                ..FieldView::area("message", frame.text.ticket.message, LONGEST_NOTE)
            }],
            problem,
        };
        console::with_form(page(status, &content), cookie)
    }

    /// Whether somebody can be proposed as an Administrator from here.
    fn asks_for_an_administrator(&self) -> bool {
        let open = is_open(&self.kept);
        let refers = matches!(self.kept.regarding, Some(Regarding::Promotion(_)));
        self.kept.ticket.kind == TicketKind::PromoteAdmin && open && !refers
    }

    fn view<'a>(&'a self, said: &'a Said) -> SaidView<'a> {
        let author = said.author.as_ref();
        SaidView {
            asker: author.is_none(),
            author: author.and_then(|id| name_of(&self.colleagues, id)),
            at: said.at,
            text: &said.text,
        }
    }

    /// What the core would allow, so that the page leaves out what would be refused.
    fn deeds(&self, me: &SubscriberId) -> Deeds<'_> {
        let ticket = &self.kept.ticket;
        if ticket.requester == Requester::Subscriber(me.clone()) {
            return Deeds { own: true, ..Deeds::default() };
        }
        let mine = |by: &SubscriberId| by == me;
        let (take, ask_back, own) = match &ticket.state {
            State::New => (true, false, false),
            State::Assigned(by) => (!mine(by), mine(by), mine(by)),
            State::Waiting(by) => (!mine(by), false, mine(by)),
            State::Closed | State::Resolved { .. } => (false, false, false),
        };
        let others = self.colleagues.iter().filter(|member| {
            let id = &member.subscriber;
            id != me && ticket.requester != Requester::Subscriber(id.clone())
        });
        let hand_over = others.map(|member| (member.subscriber.as_str(), member.name.as_str()));
        Deeds {
            own: false,
            take,
            ask_back,
            mine: own,
            resolve: own && self.standing.is_settled(),
            turn_down: own && self.standing.can_be_turned_down(),
            hand_over: if own { hand_over.collect() } else { Vec::new() },
        }
    }
}

/// The page of what a ticket refers to.
pub(super) fn address_of(what: &Regarding) -> String {
    match what {
        Regarding::Person(id) => format!("/support/people/{id}"),
        Regarding::Promotion(id) => format!("/support/promotions/{id}"),
        Regarding::Registration(id) => format!("/support/registrations/{id}"),
        Regarding::TaxId(id) => format!("/support/tax-ids/{id}"),
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
    let fields = ["deed", "message", "to"];
    let posted = match console::posted(visit, &desk.office, body, &fields).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let loaded = load(visit, &desk, id).await?;
    let typed = posted.find("message").unwrap_or_default();
    let deed = match read(&posted)? {
        Ok(deed) => deed,
        Err(why) => {
            let problem = Some(TicketProblem::Typed(&why));
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(loaded.page(visit, &desk, status, (typed, problem)));
        }
    };
    let (office, ticket) = (desk.office.clone(), loaded.kept.ticket.id.clone());
    let work = move |conn: &mut AnyConn| tickets::act(conn, &office, &ticket, &deed);
    let refusal = match visit.db.write(work).await? {
        Ok(_) => {
            visit.outbox.wake();
            return Ok(see_other(&format!("/support/tickets/{id}"), []));
        }
        Err(Refusal::Denied(Denied::NotFound)) => return Err(PageError::NotFound),
        Err(Refusal::Denied(Denied::Forbidden)) => return Err(PageError::Forbidden),
        // No colleague that the page offers.
        Err(Refusal::NobodyThere) => return Err(PageError::NotUnderstood),
        Err(refusal) => refusal,
    };
    // How it stands now: somebody may have been faster.
    let loaded = load(visit, &desk, id).await?;
    let words = &visit.frame().text.ticket;
    let why = match refusal {
        Refusal::NotDecided => words.not_decided,
        Refusal::NotYours => words.not_yours,
        Refusal::OwnTicket => words.own,
        Refusal::Denied(_) | Refusal::NobodyThere | Refusal::OutOfOrder => words.out_of_order,
    };
    let problem = Some(TicketProblem::Refused(why));
    Ok(loaded.page(visit, &desk, StatusCode::CONFLICT, (typed, problem)))
}

/// What somebody wants; the inner error says what is wrong with what they typed.
fn read(posted: &Params) -> Result<Result<Deed, String>, PageError> {
    let message = || {
        let typed = posted.find("message").unwrap_or_default();
        let line = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        Message::read(&line).map_err(|why| why.to_string())
    };
    Ok(match posted.find("deed").unwrap_or_default() {
        "take" => Ok(Deed::Take),
        "ask-back" => message().map(Deed::AskBack),
        "resolve" => message().map(Deed::Resolve),
        "turn-down" => message().map(Deed::TurnDown),
        "hand-over" => {
            let to = posted.find("to").unwrap_or_default().parse::<SubscriberId>();
            Ok(Deed::HandOver(to.map_err(|_| PageError::NotUnderstood)?))
        }
        _ => return Err(PageError::NotUnderstood),
    })
}
