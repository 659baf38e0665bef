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
        organization::Organization,
        organization_data::Refusal as NotChanged,
        organization_life::{Body, Command, Refusal, State, Suspension},
        registration::DetailsForm,
    },
    ids::OrganizationId,
    oidc::params::Params,
};

use super::{
    Done, Outcome,
    first_administrator::{self, FirstAdministrator},
    one_line, problem,
};
use crate::{
    community::{accounts, desk::change_organization, organization_data},
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{CasePage, DeedView, Fact, FieldView, Messages, Section, SupportArea, SupportNav},
    store::{AnyConn, StoreError, organization, search, tax_id},
};

const NAV: SupportNav = SupportNav { area: SupportArea::Search };

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/organizations/{id}").get(show).post(act));
}

struct Loaded {
    organization: Organization,
    body: Body,
    parent: Option<Organization>,
    /// Those that are not closed.
    parts: Vec<Organization>,
    listed: (Option<String>, Option<String>),
    administrators: usize,
    numbers: usize,
    first: Option<FirstAdministrator>,
}

async fn load(visit: &Visit, desk: &AtWork, id: &str) -> Result<Loaded, PageError> {
    let id: OrganizationId = id.parse().map_err(|_| PageError::NotFound)?;
    let office = desk.office.clone();
    let read = move |conn: &mut AnyConn| -> Result<_, StoreError> {
        let (Some(found), Some(body)) =
            (organization::find(conn, &id)?, organization::body(conn, &id)?)
        else {
            return Ok(None);
        };
        let parent = found.parent.as_ref().map(|id| organization::find(conn, id)).transpose()?;
        Ok(Some(Loaded {
            parent: parent.flatten(),
            parts: organization::parts_of(conn, &id)?,
            listed: search::listed(conn, &id)?,
            administrators: accounts::administrators(conn, &office, &id)?.len(),
            numbers: tax_id::fingerprints(conn, &id)?.len(),
            first: first_administrator::load(conn, &office, &id)?,
            organization: found,
            body,
        }))
    };
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
        Ok(loaded.page(&visit, &desk, outcome))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

impl Loaded {
    fn page(&self, visit: &Visit, desk: &AtWork, outcome: Outcome) -> HttpResponse {
        let frame = visit.frame();
        let words = &frame.text.desk;
        let (form_token, cookie) = console::form_token(visit);
        let id = &self.organization.id;
        let mut facts = vec![
            Fact::text(words.state, state(frame.text, self.body.state)),
            Fact::text(words.organization_id, id.as_str()),
            Fact::text(words.administrators, self.administrators.to_string()),
            Fact::text(words.tax_ids_count, self.numbers.to_string()),
            Fact::at(words.confirmed, self.body.confirmed_at),
        ];
        let (phone, address) = &self.listed;
        facts.extend(phone.as_ref().map(|phone| Fact::text(words.phone, &**phone)));
        facts.extend(address.as_ref().map(|address| Fact::text(words.address, &**address)));
        facts.extend(self.parent.as_ref().map(|parent| {
            let address = format!("/support/organizations/{}", parent.id);
            Fact::link(words.part_of, &*parent.name, address)
        }));
        facts.extend(self.parts.iter().map(|part| {
            Fact::link(words.part, &*part.name, format!("/support/organizations/{}", part.id))
        }));
        facts.push(Fact::link(
            words.record,
            words.record_of,
            format!("/support/audit?organization={id}"),
        ));
        let lead = self.body.closing.is_some().then_some(words.closing_asked);
        let heading = words.organization;
        let mut sections = vec![Section { id: "organization", heading, lead, facts }];
        sections.extend(self.first.as_ref().map(|first| first.section(frame.text)));
        let content = CasePage {
            frame,
            nav: NAV,
            form_token: &form_token,
            title: self.organization.name.clone(),
            action: format!("/support/organizations/{id}"),
            problem: outcome.problem,
            done: outcome.done,
            code: outcome.code,
            sections,
            deeds: self.deeds(frame.text, desk),
        };
        console::with_form(page(outcome.status, &content), cookie)
    }

    fn deeds<'a>(&'a self, text: &'static Messages, desk: &AtWork) -> Vec<DeedView<'a>> {
        let words = &text.desk;
        let reason = || FieldView::area("reason", words.reason, LONGEST_NOTE);
        let (phone, address) = &self.listed;
        let npi = self.organization.npi.as_ref().map(Npi::as_str).unwrap_or_default();
        let field =
            |name, label, value, most| FieldView { value, ..FieldView::line(name, label, most) };
        let data = || {
            DeedView::button("change", words.change_data)
                .with(vec![
                    field("name", words.name, &self.organization.name, LONGEST_NAME),
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
        let first = self.first.as_ref().map(|first| first.deeds(text)).unwrap_or_default();
        let lead = matches!(desk.office.actor, Actor::Support { rank: Rank::Lead, .. });
        let mut deeds = match self.body.state {
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
        if self.body.state != State::Closed {
            deeds.push(data());
        }
        let asked = self.body.closing.is_some() && self.body.state != State::Closed;
        if lead && asked {
            deeds.push(
                DeedView::button("close", words.close_organization)
                    .with(vec![reason()])
                    .with_hint(words.close_organization_hint),
            );
        }
        first.into_iter().chain(deeds).collect()
    }
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
        return Ok(load(visit, &desk, id).await?.page(visit, &desk, outcome));
    }
    let (command, reason) = match read(&posted)? {
        Ok(read) => read,
        Err(why) => return Ok(loaded.page(visit, &desk, Outcome::wrong(why))),
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
    Ok(loaded.page(visit, &desk, Outcome::refused(why.to_owned())))
}

/// What an Administrator asked for, or what turned out to be wrong.
async fn change_data(
    visit: &Visit,
    desk: &AtWork,
    loaded: &Loaded,
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
        (Err(why), _) => return Ok(loaded.page(visit, desk, Outcome::wrong(first(&why)))),
        (Ok(_), None) => return Ok(loaded.page(visit, desk, Outcome::wrong(first(&found)))),
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
    Ok(loaded.page(visit, desk, Outcome::refused(why.to_owned())))
}

/// What is wrong first, in the words of core.
fn first(objections: &Objections) -> String {
    objections.iter().next().map(|(_, why)| why.to_owned()).unwrap_or_default()
}

fn read(posted: &Params) -> Result<Result<(Command<'static>, String), String>, PageError> {
    let field = |name| posted.find(name).unwrap_or_default();
    let command = match field("deed") {
        "close" => Command::Close,
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
