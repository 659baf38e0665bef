//! `/organization/{id}/people/{person}`: one person, and what an Administrator can do about them.
//! Each deed has a page that says what it does; only its form does it.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        affiliation::AffiliationStatus,
        affiliation_life,
        field::{LONGEST_NOTE, Objections, line, optional_line},
        permission::Denied,
        rights::RightsForm,
        subscriber::{EmailAddress, Standing},
    },
    ids::{EndingId, SubscriberId},
};
use serde::Deserialize;

use super::{nav, nominate::rights};
use crate::{
    community::{
        affiliation::{self, Loaded, NotChanged},
        help::{Help, Helped},
        standing::{self, Deed, Refusal},
    },
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{
        DeedPage, OrganizationArea, OrganizationOutcome, OrganizationOutcomePage, PersonDeed,
        PersonPage, PersonRightsPage, PersonStanding, ResetCodePage, Typed,
    },
    store::{AnyConn, factor},
};

/// What the form of rights has.
const RIGHTS: &[&str] = &["access_level", "detail.", "reason", "role.", "tax.", "tax_ids"];

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let of = |rest: &str| format!("/organization/{{id}}/people/{{person}}{rest}");
    config
        .service(web::resource(of("")).get(show))
        .service(web::resource(of("/rights")).get(show_rights).post(change_rights))
        .service(web::resource(of("/{deed}")).get(show_deed).post(carry_out));
}

/// An Administrator at work on somebody of the own organization.
struct AtWork {
    desk: OfOrganization,
    who: SubscriberId,
    loaded: Loaded,
}

/// Who works on whom. To whoever is no colleague the answer is that of somebody who is not there,
/// and it is written down that it was asked (security 20.1).
async fn enter(
    visit: &Visit,
    (organization, person): (&str, &str),
    body: Option<&Bytes>,
) -> Result<Entry<AtWork>, PageError> {
    let desk = match console::organization(visit, organization, body).await? {
        Entry::Open(desk) => *desk,
        Entry::Elsewhere(answer) => return Ok(Entry::Elsewhere(answer)),
    };
    let who: Option<SubscriberId> = person.parse().ok();
    let office = desk.at_work.office.clone();
    let look = move |conn: &mut AnyConn| {
        let found = match &who {
            Some(who) => affiliation::seen_by(conn, &office, who)?,
            None => None,
        };
        if found.is_none() {
            let action = idp_core::community::permission::Action::ReadPerson;
            office.refused(conn, action, Denied::NotFound)?;
        }
        Ok(found)
    };
    let Some(loaded) = visit.db.write(look).await? else { return Err(PageError::NotFound) };
    let who = loaded.record.subscriber.clone();
    Ok(Entry::Open(Box::new(AtWork { desk, who, loaded })))
}

impl AtWork {
    fn is_oneself(&self) -> bool {
        self.desk.at_work.office.actor.person() == Some(&self.who)
    }

    fn standing(&self, visit: &Visit) -> PersonStanding {
        let account = self.loaded.person.standing(&visit.account_rules, visit.clock.now());
        match (account, self.loaded.record.status) {
            (Standing::Closed | Standing::Suspended | Standing::Terminated, _)
            | (_, AffiliationStatus::Suspended) => PersonStanding::Suspended,
            (Standing::Dormant, _) => PersonStanding::Dormant,
            (Standing::Active, _) => PersonStanding::Active,
        }
    }

    /// What can be done about them now; about oneself nothing.
    fn deeds(&self, visit: &Visit) -> Vec<PersonDeed> {
        if self.is_oneself() {
            return Vec::new();
        }
        let stopped = self.standing(visit) == PersonStanding::Suspended;
        let fits = |deed: &PersonDeed| match deed {
            PersonDeed::Resume => stopped,
            PersonDeed::Suspend => !stopped,
            PersonDeed::Demote => self.loaded.record.administrator && !stopped,
            PersonDeed::Deactivate => !stopped,
            PersonDeed::Code
            | PersonDeed::Email
            | PersonDeed::LostFactor
            | PersonDeed::Remove
            | PersonDeed::Rights => true,
        };
        PersonDeed::ALL.into_iter().filter(fits).collect()
    }

    fn path(&self) -> String {
        format!("/organization/{}/people/{}", self.desk.affiliation.organization.id, self.who)
    }
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, of: Path<(String, String)>, after: Query<After>) -> HttpResponse {
    let outcome = person(&visit, &of, after.done.as_deref()).await;
    visit.answer(outcome)
}

async fn person(
    visit: &Visit,
    of: &(String, String),
    done: Option<&str>,
) -> Result<HttpResponse, PageError> {
    let work = match enter(visit, (&of.0, &of.1), None).await? {
        Entry::Open(work) => work,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let who = work.who.clone();
    let read = move |conn: &mut AnyConn| Ok(!factor::of_subscriber(conn, &who)?.is_empty());
    let has_factor = visit.db.read(read).await?;
    let Loaded { affiliation, person, .. } = &work.loaded;
    let content = PersonPage {
        frame: visit.frame(),
        nav: nav(&work.desk, OrganizationArea::People),
        id: work.who.as_str(),
        name: &person.name(),
        user_id: person.user_id.as_str(),
        email: person.email.as_ref().map(EmailAddress::as_str),
        npi: person.npi.as_ref().map(idp_core::community::npi::Npi::as_str),
        standing: work.standing(visit),
        administrator: affiliation.administrator,
        roles: affiliation.roles.iter().map(|role| role.code()).collect(),
        role_details: affiliation.role_details.iter().map(String::as_str).collect(),
        access_level: affiliation.access_level.code(),
        tax_ids: affiliation.tax_ids.iter().map(|tax_id| tax_id.number.shown()).collect(),
        since: affiliation.since.to_string(),
        last_sign_in_at: person.last_sign_in_at,
        has_factor,
        deeds: work.deeds(visit),
        done: PersonDeed::ALL.into_iter().find(|deed| Some(deed.place()) == done),
    };
    Ok(page(StatusCode::OK, &content))
}

async fn show_rights(visit: Visit, of: Path<(String, String)>) -> HttpResponse {
    let outcome = async {
        let work = match enter(&visit, (&of.0, &of.1), None).await? {
            Entry::Open(work) => work,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let record = &work.loaded.record;
        let mut fields: Vec<(String, String)> = Vec::new();
        let yes = || "yes".to_owned();
        fields.extend(record.roles.iter().map(|role| (format!("role.{}", role.code()), yes())));
        fields.extend(record.role_details.iter().map(|code| (format!("detail.{code}"), yes())));
        fields.push(("access_level".to_owned(), record.access_level.code().to_owned()));
        if let Some(ids) = &record.tax_ids {
            fields.push(("tax_ids".to_owned(), "some".to_owned()));
            fields.extend(ids.iter().map(|id| (format!("tax.{id}"), yes())));
        }
        let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let typed = Typed::new(pairs, Objections::default());
        rights_form(&visit, &work, &typed, StatusCode::OK).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn rights_form(
    visit: &Visit,
    work: &AtWork,
    typed: &Typed,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let (form_token, cookie) = console::form_token(visit);
    let content = PersonRightsPage {
        frame: visit.frame(),
        nav: nav(&work.desk, OrganizationArea::People),
        form_token: &form_token,
        id: work.who.as_str(),
        name: &work.loaded.person.name(),
        typed,
        rights: rights(visit, &work.desk).await?,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

async fn change_rights(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = save_rights(&visit, &of, &body).await;
    visit.answer(outcome)
}

async fn save_rights(
    visit: &Visit,
    of: &(String, String),
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let work = match enter(visit, (&of.0, &of.1), Some(body)).await? {
        Entry::Open(work) => work,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &work.desk.at_work.office, body, RIGHTS).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let typed = Typed::new(posted.pairs(), Objections::default());
    let office = work.desk.at_work.office.clone();
    let organization = work.desk.affiliation.organization.id.clone();
    let (who, form) = (work.who.clone(), typed.clone());
    let write = move |conn: &mut AnyConn| {
        let (roles, details) = (form.codes("role"), form.codes("detail"));
        let numbers = form.codes("tax");
        let some = form.value("tax_ids") == "some";
        let form = RightsForm {
            roles: &roles,
            role_details: &details,
            access_level: form.value("access_level"),
            tax_ids: some.then_some(numbers.as_slice()),
            reason: form.value("reason"),
        };
        affiliation::change_rights(conn, &office, (&organization, &who), form)
    };
    let changed = visit.db.write(write).await?;
    visit.outbox.wake();
    match changed {
        Ok(done) => Ok(match done.ending {
            Some(ending) => see_other(&ending_path(&work, &ending, PersonDeed::Rights), []),
            None => see_other(&format!("{}?done=rights", work.path()), []),
        }),
        Err(NotChanged::Objections(objections)) => {
            let fields = typed.fields().iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let typed = Typed::new(fields, objections);
            rights_form(visit, &work, &typed, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(NotChanged::Refused(affiliation_life::Refusal::Unchanged)) => {
            Ok(told(visit, &work, OrganizationOutcome::Unchanged, StatusCode::OK))
        }
        Err(NotChanged::Refused(refusal)) => refused(visit, &work, refusal.into()),
    }
}

/// Where it is shown what the sites said to this.
fn ending_path(work: &AtWork, ending: &EndingId, deed: PersonDeed) -> String {
    let of = &work.desk.affiliation.organization.id;
    format!("/organization/{of}/endings/{ending}?done={}", deed.place())
}

/// Which deed a path names; rights have their own pages.
fn deed(place: &str) -> Result<PersonDeed, PageError> {
    let found = PersonDeed::ALL.into_iter().find(|deed| deed.place() == place);
    found.filter(|deed| *deed != PersonDeed::Rights).ok_or(PageError::NotFound)
}

async fn show_deed(visit: Visit, of: Path<(String, String, String)>) -> HttpResponse {
    let outcome = async {
        let work = match enter(&visit, (&of.0, &of.1), None).await? {
            Entry::Open(work) => work,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        Ok(confirm(&visit, &work, deed(&of.2)?, &Typed::default(), StatusCode::OK))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn confirm(
    visit: &Visit,
    work: &AtWork,
    deed: PersonDeed,
    typed: &Typed,
    status: StatusCode,
) -> HttpResponse {
    let (form_token, cookie) = console::form_token(visit);
    let content = DeedPage {
        frame: visit.frame(),
        nav: nav(&work.desk, OrganizationArea::People),
        form_token: &form_token,
        id: work.who.as_str(),
        name: &work.loaded.person.name(),
        deed,
        typed,
    };
    console::with_form(page(status, &content), cookie)
}

async fn carry_out(visit: Visit, of: Path<(String, String, String)>, body: Bytes) -> HttpResponse {
    let outcome = act(&visit, &of, &body).await;
    visit.answer(outcome)
}

async fn act(
    visit: &Visit,
    of: &(String, String, String),
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let work = match enter(visit, (&of.0, &of.1), Some(body)).await? {
        Entry::Open(work) => work,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let deed = deed(&of.2)?;
    if deed.asks_for_check()
        && let Some(way_in) = console::lately(visit, body).await?
    {
        return Ok(way_in);
    }
    let fields: &[&str] =
        if deed == PersonDeed::Email { &["email", "reason"] } else { &["reason"] };
    let posted = match console::posted(visit, &work.desk.at_work.office, body, fields).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let typed = |name| posted.find(name).unwrap_or_default();
    let mut found = Objections::default();
    let read = optional_line(typed("reason"), LONGEST_NOTE);
    let reason = found.take("reason", read).flatten();
    if deed.asks_for_check() {
        found.take("reason", line(typed("reason"), LONGEST_NOTE));
    }
    let address = (deed == PersonDeed::Email)
        .then(|| found.take("email", typed("email").parse::<EmailAddress>()))
        .flatten();
    if !found.is_empty() {
        let typed = Typed::new(posted.pairs(), found);
        return Ok(confirm(visit, &work, deed, &typed, StatusCode::UNPROCESSABLE_ENTITY));
    }
    match (deed, address) {
        (PersonDeed::Code, _) => help(visit, &work, deed, Help::Code, reason).await,
        (PersonDeed::LostFactor, _) => help(visit, &work, deed, Help::LostFactor, reason).await,
        (PersonDeed::Email, Some(new)) => help(visit, &work, deed, Help::Email(new), reason).await,
        (PersonDeed::Deactivate, _) => stand(visit, &work, deed, Deed::Deactivate, reason).await,
        (PersonDeed::Demote, _) => stand(visit, &work, deed, Deed::Demote, reason).await,
        (PersonDeed::Remove, _) => stand(visit, &work, deed, Deed::Remove, reason).await,
        (PersonDeed::Resume, _) => stand(visit, &work, deed, Deed::Resume, reason).await,
        (PersonDeed::Suspend, _) => stand(visit, &work, deed, Deed::Suspend, reason).await,
        (PersonDeed::Email, None) | (PersonDeed::Rights, _) => Err(PageError::NotFound),
    }
}

/// Changes how they stand; what ended is shown with what the sites said.
async fn stand(
    visit: &Visit,
    work: &AtWork,
    shown: PersonDeed,
    deed: Deed,
    reason: Option<String>,
) -> Result<HttpResponse, PageError> {
    let (office, who) = (work.desk.at_work.office.clone(), work.who.clone());
    let write =
        move |conn: &mut AnyConn| standing::change(conn, &office, &who, deed, reason.clone());
    let changed = visit.db.write(write).await?;
    visit.outbox.wake();
    match changed {
        Ok(Some(ending)) => Ok(see_other(&ending_path(work, &ending, shown), [])),
        Ok(None) => Ok(see_other(&format!("{}?done={}", work.path(), shown.place()), [])),
        Err(refusal) => refused(visit, work, refusal),
    }
}

async fn help(
    visit: &Visit,
    work: &AtWork,
    shown: PersonDeed,
    help: Help,
    checked: Option<String>,
) -> Result<HttpResponse, PageError> {
    let (office, who) = (work.desk.at_work.office.clone(), work.who.clone());
    let checked = checked.unwrap_or_default();
    let write =
        move |conn: &mut AnyConn| standing::help(conn, &office, &who, &help, checked.as_str());
    let helped = visit.db.write(write).await?;
    visit.outbox.wake();
    match helped {
        Ok(Helped::Code(user_id, code)) => {
            let content = ResetCodePage {
                frame: visit.frame(),
                nav: nav(&work.desk, OrganizationArea::People),
                id: work.who.as_str(),
                user_id: user_id.as_str(),
                code: &code.shown(),
            };
            Ok(page(StatusCode::OK, &content))
        }
        Ok(Helped::Email | Helped::LostFactor) => {
            Ok(see_other(&format!("{}?done={}", work.path(), shown.place()), []))
        }
        Err(refusal) => refused(visit, work, refusal),
    }
}

/// Why nothing was done.
fn refused(visit: &Visit, work: &AtWork, refusal: Refusal) -> Result<HttpResponse, PageError> {
    let (status, outcome) = match refusal {
        Refusal::Denied(Denied::NotFound) => return Err(PageError::NotFound),
        Refusal::Denied(Denied::Forbidden) => {
            (StatusCode::FORBIDDEN, OrganizationOutcome::Forbidden)
        }
        Refusal::Help(_) => (StatusCode::CONFLICT, OrganizationOutcome::CannotHelp),
        Refusal::LastAdministrator => {
            (StatusCode::CONFLICT, OrganizationOutcome::LastAdministrator)
        }
        Refusal::OutOfOrder => (StatusCode::CONFLICT, OrganizationOutcome::OutOfOrder),
        Refusal::StoppedByOthers => (StatusCode::CONFLICT, OrganizationOutcome::StoppedByOthers),
    };
    Ok(told(visit, work, outcome, status))
}

fn told(
    visit: &Visit,
    work: &AtWork,
    outcome: OrganizationOutcome,
    status: StatusCode,
) -> HttpResponse {
    let nav = nav(&work.desk, OrganizationArea::People);
    let (frame, back) = (visit.frame(), work.path());
    page(status, &OrganizationOutcomePage { frame, nav, outcome, back })
}
