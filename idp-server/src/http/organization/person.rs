//! `/organization/{id}/people/{person}`: one person, and what an Administrator can do about them.
//! Each deed has a page that says what it does; only its form does it.

mod deeds;
mod rights;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        affiliation::AffiliationStatus,
        permission::{Action, Denied},
        promotion::{LASTS, Promotion},
        subscriber::{EmailAddress, Standing},
    },
    ids::{EndingId, SubscriberId},
};
use serde::Deserialize;

use super::nav;
use crate::{
    community::{
        affiliation::{self, Loaded},
        promotion,
        standing::Refusal,
    },
    http::{
        console::{self, Entry, OfOrganization},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{
        OrganizationArea, OrganizationOutcome, OrganizationOutcomePage, PersonDeed, PersonPage,
        PersonStanding, RunningPromotion,
    },
    store::{AnyConn, factor, promotion::state},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let of = |rest: &str| format!("/organization/{{id}}/people/{{person}}{rest}");
    config
        .service(web::resource(of("")).get(show))
        .service(web::resource(of("/rights")).get(rights::show).post(rights::change))
        .service(web::resource(of("/{deed}")).get(deeds::show).post(deeds::carry_out));
}

/// An Administrator at work on somebody of the own organization.
struct AtWork {
    desk: OfOrganization,
    who: SubscriberId,
    loaded: Loaded,
    /// That they become an Administrator, while it goes on.
    promotion: Option<Promotion>,
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
        let Some(loaded) = found else {
            office.refused(conn, Action::ReadPerson, Denied::NotFound)?;
            return Ok(None);
        };
        let (of, who) = (&loaded.record.organization, &loaded.record.subscriber);
        let promotion = promotion::running_in(conn, &office, of, who)?;
        Ok(Some((loaded, promotion)))
    };
    let found = visit.db.write(look).await?;
    let Some((loaded, promotion)) = found else { return Err(PageError::NotFound) };
    let who = loaded.record.subscriber.clone();
    Ok(Entry::Open(Box::new(AtWork { desk, who, loaded, promotion })))
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
            PersonDeed::Promote => {
                let acts = self.loaded.record.status == AffiliationStatus::Active;
                acts && !stopped && !self.loaded.record.administrator && self.promotion.is_none()
            }
            PersonDeed::WithdrawPromotion => self.promotion.is_some(),
            PersonDeed::Code
            | PersonDeed::Email
            | PersonDeed::LostFactor
            | PersonDeed::Remove
            | PersonDeed::Rights
            | PersonDeed::Unlock => true,
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
        promotion: work.promotion.as_ref().map(|promotion| RunningPromotion {
            stage: state(&promotion.stage),
            until: promotion.moved_at + LASTS,
        }),
        deeds: work.deeds(visit),
        done: PersonDeed::ALL.into_iter().find(|deed| Some(deed.place()) == done),
    };
    Ok(page(StatusCode::OK, &content))
}

/// Where it is shown what the sites said to this.
fn ending_path(work: &AtWork, ending: &EndingId, deed: PersonDeed) -> String {
    let of = &work.desk.affiliation.organization.id;
    format!("/organization/{of}/endings/{ending}?done={}", deed.place())
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
