//! `/support/tax-ids/further/{id}`: a number that an organization asks for beside its own (R22).
//! `/support/tax-ids` lists them.

use actix_web::{
    HttpResponse,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        field::LONGEST_NOTE,
        further_number::{Command, Refusal},
        ticket::Message,
    },
    ids::TaxIdId,
    oidc::params::Params,
};

use super::{Done, Outcome, one_line, problem};
use crate::{
    community::further_numbers::{self, BeforeSupport, NotAccepted},
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        CasePage, DeedView, Fact, FieldView, ListPart, ListRow, Messages, Section, SupportArea,
        SupportNav,
    },
    store::{AnyConn, StoreError, further_number, organization, place::Place, subscriber},
};

/// How many a page has at most.
const SHOWN: i64 = 50;
const NAV: SupportNav = SupportNav { area: SupportArea::TaxIds };

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let place = web::resource("/support/tax-ids/further/{id}");
    config.service(place.get(show).post(act));
}

/// What waits, as a part of the list of numbers.
pub(super) async fn part(
    visit: &Visit,
    desk: &AtWork,
    after: Option<&str>,
) -> Result<ListPart<'static>, PageError> {
    let after = after.map(str::parse::<Place<TaxIdId>>).transpose();
    let after = after.map_err(|_| PageError::NotUnderstood)?.and_then(Place::into_parts);
    let office = desk.office.clone();
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let after = after.as_ref().map(|(at, id)| (*at, id));
        let waiting = further_number::queue(conn, after, SHOWN, office.open_ssn.as_ref())?;
        let mut named = Vec::new();
        for one in waiting {
            let asks = organization::find(conn, &one.further.organization)?;
            named.push((one, asks.map(|asks| asks.name).unwrap_or_default()));
        }
        Ok(named)
    };
    let found = visit.db.read(read).await?;
    let words = &visit.frame().text.desk;
    let is_full = i64::try_from(found.len()) == Ok(SHOWN);
    let next = found.last().filter(|_| is_full).map(|(last, _)| {
        let place = Place::at(last.further.asked_at, last.further.id.clone());
        format!("/support/tax-ids?further_after={place}")
    });
    let rows = found.into_iter().map(|(waiting, asks)| ListRow {
        title: asks,
        address: Some(format!("/support/tax-ids/further/{}", waiting.further.id)),
        badge: None,
        facts: vec![
            Fact::text(words.further_number, waiting.number.shown()),
            Fact::at(words.asked_at, waiting.further.asked_at),
        ],
    });
    Ok(ListPart { id: "further", heading: words.further, rows: rows.collect(), next })
}

/// What the page shows: the request with the names of who asks and of who has the number.
struct Loaded {
    asked: BeforeSupport,
    asks: String,
    who: String,
    holder: Option<String>,
}

async fn load(visit: &Visit, desk: &AtWork, id: &TaxIdId) -> Result<Option<Loaded>, PageError> {
    let (office, id) = (desk.office.clone(), id.clone());
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let Some(asked) = further_numbers::before_support(conn, &office, &id)? else {
            return Ok(None);
        };
        let further = &asked.waiting.further;
        let name = |found: Option<idp_core::community::organization::Organization>| {
            found.map(|found| found.name).unwrap_or_default()
        };
        let asks = name(organization::find(conn, &further.organization)?);
        let holder = match &asked.holder {
            Some(holder) => Some(name(organization::find(conn, holder)?)),
            None => None,
        };
        let who = subscriber::find(conn, &further.asked_by)?;
        let who = who.map(|who| format!("{} {}", who.given_name, who.family_name));
        let who = who.unwrap_or_default();
        Ok(Some(Loaded { asks, who, holder, asked }))
    };
    Ok(visit.db.read(read).await?)
}

async fn show(visit: Visit, id: Path<String>, done: Query<Done>) -> HttpResponse {
    let outcome = async {
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let id: TaxIdId = id.parse().map_err(|_| PageError::NotFound)?;
        let loaded = load(&visit, &desk, &id).await?;
        // What was decided is gone: whoever decided it sees so once, anybody else a list without it.
        if loaded.is_none() && !done.is_some() {
            return Err(PageError::NotFound);
        }
        let words = &visit.frame().text.desk;
        let outcome = Outcome { done: done.is_some().then_some(words.done), ..Outcome::default() };
        Ok(show_case(&visit, &id, loaded.as_ref(), outcome))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn show_case(
    visit: &Visit,
    id: &TaxIdId,
    loaded: Option<&Loaded>,
    outcome: Outcome,
) -> HttpResponse {
    let frame = visit.frame();
    let words = &frame.text.desk;
    let (form_token, cookie) = console::form_token(visit);
    let (facts, deeds) = match loaded {
        Some(loaded) => (facts(frame.text, loaded), deeds(frame.text)),
        None => (Vec::new(), Vec::new()),
    };
    let lead = match loaded {
        Some(_) => words.further_lead,
        None => words.further_over,
    };
    let section = Section { id: "asked", heading: words.claim, lead: Some(lead), facts };
    let content = CasePage {
        frame,
        nav: NAV,
        form_token: &form_token,
        title: words.further_title.to_owned(),
        action: format!("/support/tax-ids/further/{id}"),
        problem: outcome.problem,
        done: outcome.done,
        code: None,
        sections: vec![section],
        deeds,
    };
    console::with_form(page(outcome.status, &content), cookie)
}

fn facts(text: &'static Messages, loaded: &Loaded) -> Vec<Fact> {
    let words = &text.desk;
    let waiting = &loaded.asked.waiting;
    let further = &waiting.further;
    let place = |id: &dyn std::fmt::Display| format!("/support/organizations/{id}");
    let mut facts = vec![
        Fact::text(words.further_number, waiting.number.shown()),
        Fact::link(words.further_asks, loaded.asks.clone(), place(&further.organization)),
        Fact::link(
            words.asked_by,
            loaded.who.clone(),
            format!("/support/people/{}", further.asked_by),
        ),
        Fact::at(words.asked_at, further.asked_at),
    ];
    if let (Some(id), Some(name)) = (&loaded.asked.holder, &loaded.holder) {
        facts.push(Fact::link(words.further_holder, name.clone(), place(id)));
    }
    facts
}

fn deeds(text: &'static Messages) -> Vec<DeedView<'static>> {
    let words = &text.desk;
    let why = vec![FieldView::area("reason", words.reason_told, LONGEST_NOTE)];
    vec![
        DeedView::button("accept", words.further_accept)
            .with_hint(words.further_accept_hint)
            .main(),
        DeedView::button("refuse", words.reject).with(why),
    ]
}

async fn act(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = decide(&visit, &id, &body).await;
    visit.answer(outcome)
}

async fn decide(visit: &Visit, id: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &desk.office, body, &["deed", "reason"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let id: TaxIdId = id.parse().map_err(|_| PageError::NotFound)?;
    let command = match read(&posted)? {
        Ok(command) => command,
        Err(why) => {
            let loaded = load(visit, &desk, &id).await?;
            return Ok(show_case(visit, &id, loaded.as_ref(), Outcome::wrong(why)));
        }
    };
    let (office, number) = (desk.office.clone(), id.clone());
    let work =
        move |conn: &mut AnyConn| further_numbers::decide(conn, &office, &number, command.clone());
    let refusal = match visit.db.write(work).await? {
        Ok(()) => {
            visit.outbox.wake();
            return Ok(see_other(&format!("/support/tax-ids/further/{id}?done=1"), []));
        }
        Err(refusal) => refusal,
    };
    let words = &visit.frame().text.desk;
    let why = match refusal {
        NotAccepted::Refused(Refusal::Denied(denied)) => return Err(problem(denied)),
        NotAccepted::Refused(Refusal::OwnOrganization) => words.own_matter,
        NotAccepted::Taken => words.further_taken,
        NotAccepted::Over | NotAccepted::Refused(Refusal::AskedAlready | Refusal::TooMany) => {
            words.out_of_order
        }
    };
    let loaded = load(visit, &desk, &id).await?;
    Ok(show_case(visit, &id, loaded.as_ref(), Outcome::refused(why.to_owned())))
}

fn read(posted: &Params) -> Result<Result<Command, String>, PageError> {
    Ok(match posted.find("deed").unwrap_or_default() {
        "accept" => Ok(Command::Accept),
        "refuse" => {
            let typed = one_line(posted.find("reason").unwrap_or_default());
            Message::read(&typed).map(Command::Refuse).map_err(|why| why.to_string())
        }
        _ => return Err(PageError::NotUnderstood),
    })
}
