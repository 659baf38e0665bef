//! `/support/organizations/{id}`: an organization, as far as the desk needs to know it, and what
//! stops it, lets it go on and closes it. Who its Administrators are is on no page of it: that is
//! told to who has shown who they are.

use actix_web::{
    HttpResponse,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        actor::{Actor, Rank},
        field::{LONGEST_NAME, LONGEST_NOTE, Objections, line},
        npi::Npi,
        organization_data::Refusal as NotChanged,
        organization_life::{CLOSING_LASTS, Command, Refusal, State, Suspension},
        registration::DetailsForm,
    },
    ids::OrganizationId,
    oidc::params::Params,
};

use super::{Done, Outcome, first_administrator, one_line, problem};
use crate::{
    community::{
        desk::{
            change_organization,
            organization::{Seen, look_at},
        },
        organization_data,
    },
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{CasePage, DeedView, Fact, FieldView, Messages, Section, SupportArea, SupportNav},
    store::AnyConn,
};

const NAV: SupportNav = SupportNav { area: SupportArea::Search };

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/organizations/{id}").get(show).post(act));
}

async fn load(visit: &Visit, desk: &AtWork, id: &str) -> Result<Seen, PageError> {
    let id: OrganizationId = id.parse().map_err(|_| PageError::NotFound)?;
    let office = desk.office.clone();
    let read = move |conn: &mut AnyConn| look_at(conn, &office, &id);
    visit.db.read(read).await?.ok_or(PageError::NotFound)
}

async fn show(visit: Visit, id: Path<String>, done: Query<Done>) -> HttpResponse {
    let outcome = async {
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let loaded = load(&visit, &desk, &id).await?;
        let words = &visit.frame().text.desk;
        let outcome = Outcome { done: done.is_some().then_some(words.done), ..Outcome::default() };
        Ok(page_of(&loaded, &visit, &desk, outcome))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn page_of(seen: &Seen, visit: &Visit, desk: &AtWork, outcome: Outcome) -> HttpResponse {
    let frame = visit.frame();
    let words = &frame.text.desk;
    let (form_token, cookie) = console::form_token(visit);
    let id = &seen.organization.id;
    let mut facts = vec![
        Fact::text(words.state, state(frame.text, seen.body.state)),
        Fact::text(words.organization_id, id.as_str()),
        Fact::text(words.administrators, seen.administrators.to_string()),
        Fact::text(words.tax_ids_count, seen.numbers.to_string()),
        Fact::at(words.confirmed, seen.body.confirmed_at),
    ];
    let (phone, address) = &seen.listed;
    facts.extend(phone.as_ref().map(|phone| Fact::text(words.phone, &**phone)));
    facts.extend(address.as_ref().map(|address| Fact::text(words.address, &**address)));
    facts.extend(seen.parent.as_ref().map(|parent| {
        let address = format!("/support/organizations/{}", parent.id);
        Fact::link(words.part_of, &*parent.name, address)
    }));
    facts.extend(seen.parts.iter().map(|part| {
        Fact::link(words.part, &*part.name, format!("/support/organizations/{}", part.id))
    }));
    facts.push(Fact::link(
        words.record,
        words.record_of,
        format!("/support/audit?organization={id}"),
    ));
    let closing = seen.body.closing_at(desk.office.now);
    let lead = closing.is_some().then_some(words.closing_asked);
    facts.extend(closing.map(|wish| Fact::at(words.closing_until, wish.at + CLOSING_LASTS)));
    let heading = words.organization;
    let mut sections = vec![Section { id: "organization", heading, lead, facts }];
    sections
        .extend(seen.first.as_ref().map(|first| first_administrator::section(first, frame.text)));
    let content = CasePage {
        frame,
        nav: NAV,
        form_token: &form_token,
        title: seen.organization.name.clone(),
        action: format!("/support/organizations/{id}"),
        problem: outcome.problem,
        done: outcome.done,
        code: outcome.code,
        sections,
        deeds: deeds(seen, frame.text, desk),
    };
    console::with_form(page(outcome.status, &content), cookie)
}

fn deeds<'a>(seen: &'a Seen, text: &'static Messages, desk: &AtWork) -> Vec<DeedView<'a>> {
    let words = &text.desk;
    let reason = || FieldView::area("reason", words.reason, LONGEST_NOTE);
    let (phone, address) = &seen.listed;
    let npi = seen.organization.npi.as_ref().map(Npi::as_str).unwrap_or_default();
    let field =
        |name, label, value, most| FieldView { value, ..FieldView::line(name, label, most) };
    let data = || {
        DeedView::button("change", words.change_data)
            .with(vec![
                field("name", words.name, &seen.organization.name, LONGEST_NAME),
                field(
                    "address",
                    words.address,
                    address.as_deref().unwrap_or_default(),
                    LONGEST_NOTE,
                ),
                field("phone", words.phone, phone.as_deref().unwrap_or_default(), 40),
                field("npi", words.npi, npi, 40).optional(),
                reason(),
            ])
            .with_hint(words.change_data_hint)
    };
    let first = seen
        .first
        .as_ref()
        .map(|first| first_administrator::deeds(first, text))
        .unwrap_or_default();
    let lead = matches!(desk.office.actor, Actor::Support { rank: Rank::Lead, .. });
    let mut deeds = match seen.body.state {
        State::Active => {
            let why = Suspension::ALL.map(|why| (why.code(), suspension(text, why)));
            let fields = vec![FieldView::choice("why", words.why, why.to_vec()), reason()];
            vec![
                DeedView::button("suspend", words.suspend)
                    .with(fields)
                    .with_hint(words.suspend_organization_hint),
            ]
        }
        State::Suspended(_) => {
            vec![DeedView::button("resume", words.resume).with(vec![reason()])]
        }
        State::Closed => Vec::new(),
    };
    if seen.body.state != State::Closed {
        deeds.push(data());
    }
    let asked = seen.body.closing_at(desk.office.now).is_some();
    if asked {
        deeds.push(
            DeedView::button("keep-open", words.keep_open)
                .with(vec![reason()])
                .with_hint(words.keep_open_hint),
        );
    }
    if lead && asked {
        deeds.push(
            DeedView::button("close", words.close_organization)
                .with(vec![reason()])
                .with_hint(words.close_organization_hint),
        );
    }
    first.into_iter().chain(deeds).collect()
}

const fn state(text: &'static Messages, state: State) -> &'static str {
    let words = &text.desk;
    match state {
        State::Active => words.organization_active,
        State::Closed => words.organization_closed,
        State::Suspended(why) => suspension(text, why),
    }
}

const fn suspension(text: &'static Messages, why: Suspension) -> &'static str {
    let words = &text.desk;
    match why {
        Suspension::Breach => words.suspended_breach,
        Suspension::NoAdministrator => words.suspended_no_administrator,
        Suspension::NoTaxId => words.suspended_no_tax_id,
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
    let fields = ["deed", "why", "reason", "name", "address", "phone", "npi"];
    let posted = match console::posted(visit, &desk.office, body, &fields).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let loaded = load(visit, &desk, id).await?;
    if posted.find("deed") == Some("change") {
        return change_data(visit, &desk, &loaded, &posted).await;
    }
    let of = &loaded.organization.id;
    if posted.find("deed") == Some("first-code")
        && let Some(way_in) = console::lately(visit, body).await?
    {
        return Ok(way_in);
    }
    if let Some(outcome) = first_administrator::act(visit, &desk.office, of, &posted).await? {
        return Ok(page_of(&load(visit, &desk, id).await?, visit, &desk, outcome));
    }
    let (command, reason) = match read(&posted)? {
        Ok(read) => read,
        Err(why) => return Ok(page_of(&loaded, visit, &desk, Outcome::wrong(why))),
    };
    let (office, of) = (desk.office.clone(), loaded.organization.id.clone());
    let work = move |conn: &mut AnyConn| {
        change_organization(conn, &office, &of, command.clone(), Some(reason.clone()))
    };
    let refusal = match visit.db.write(work).await? {
        Ok(()) => {
            visit.outbox.wake();
            return Ok(see_other(&format!("/support/organizations/{id}?done=1"), []));
        }
        Err(refusal) => refusal,
    };
    let words = &visit.frame().text.desk;
    let why = match refusal {
        Refusal::Denied(denied) => return Err(problem(denied)),
        Refusal::NotReady => words.organization_not_ready,
        Refusal::PartsLeft => words.parts_left,
        Refusal::SamePerson => words.same_person,
        Refusal::NotSwitchable | Refusal::OutOfOrder => words.out_of_order,
    };
    let loaded = load(visit, &desk, id).await?;
    Ok(page_of(&loaded, visit, &desk, Outcome::refused(why.to_owned())))
}

/// What an Administrator asked for, or what turned out to be wrong.
async fn change_data(
    visit: &Visit,
    desk: &AtWork,
    loaded: &Seen,
    posted: &Params,
) -> Result<HttpResponse, PageError> {
    let field = |name| posted.find(name).unwrap_or_default();
    let wanted = DetailsForm {
        name: field("name"),
        address: field("address"),
        phone: field("phone"),
        npi: field("npi"),
    };
    let mut found = Objections::default();
    let reason = found.take("reason", line(&one_line(field("reason")), LONGEST_NOTE));
    let wanted = match (wanted.read(), reason) {
        (Ok(wanted), Some(reason)) => (wanted, reason),
        (Err(why), _) => return Ok(page_of(loaded, visit, desk, Outcome::wrong(first(&why)))),
        (Ok(_), None) => return Ok(page_of(loaded, visit, desk, Outcome::wrong(first(&found)))),
    };
    let (office, of) = (desk.office.clone(), loaded.organization.id.clone());
    let work = move |conn: &mut AnyConn| {
        let (wanted, reason) = wanted.clone();
        organization_data::change(conn, &office, &of, &wanted, Some(reason))
    };
    let why = match visit.db.write(work).await? {
        Ok(_) => {
            visit.outbox.wake();
            let address = format!("/support/organizations/{}?done=1", loaded.organization.id);
            return Ok(see_other(&address, []));
        }
        Err(NotChanged::Denied(denied)) => return Err(problem(denied)),
        Err(NotChanged::Closed) => visit.frame().text.desk.out_of_order,
        Err(NotChanged::Unchanged) => visit.frame().text.desk.data_unchanged,
    };
    Ok(page_of(loaded, visit, desk, Outcome::refused(why.to_owned())))
}

/// What is wrong first, in the words of core.
fn first(objections: &Objections) -> String {
    objections.iter().next().map(|(_, why)| why.to_owned()).unwrap_or_default()
}

fn read(posted: &Params) -> Result<Result<(Command<'static>, String), String>, PageError> {
    let field = |name| posted.find(name).unwrap_or_default();
    let command = match field("deed") {
        "close" => Command::Close,
        "keep-open" => Command::KeepOpen,
        "resume" => Command::Resume,
        "suspend" => {
            let why = Suspension::ALL.into_iter().find(|why| why.code() == field("why"));
            Command::Suspend(why.ok_or(PageError::NotUnderstood)?)
        }
        _ => return Err(PageError::NotUnderstood),
    };
    let reason = line(&one_line(field("reason")), LONGEST_NOTE);
    Ok(reason.map(|reason| (command, reason)).map_err(|why| why.to_string()))
}
