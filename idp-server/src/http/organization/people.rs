//! `GET /organization/{id}/people`: who acts for the organization.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Path, Query},
};
use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        affiliation::AffiliationStatus,
        subscriber::{AccountRules, AccountStatus},
    },
    ids::AffiliationId,
};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::nav;
use crate::{
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{OrganizationArea, PeoplePage, PersonStanding, PersonView, Sought},
    store::people::{self, Filter, Only, PersonLine, Place},
};

/// How long a search may be: no name and no address is longer.
const LONGEST_SEARCH: usize = 254;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/organization/{id}/people").get(show));
}

/// What a list is narrowed to, as its address says it; the list as a file understands the same.
#[derive(Deserialize)]
pub(super) struct Narrowed {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    only: String,
    #[serde(default)]
    role: String,
}

impl Narrowed {
    /// What is asked for. A page of ours asks for nothing else (security 21.5).
    pub(super) fn read(&self) -> Result<Filter, PageError> {
        let not_understood = || PageError::NotUnderstood;
        if self.q.chars().count() > LONGEST_SEARCH || self.q.chars().any(char::is_control) {
            return Err(not_understood());
        }
        let status = match self.status.as_str() {
            "" => None,
            "active" => Some(AffiliationStatus::Active),
            "suspended" => Some(AffiliationStatus::Suspended),
            _ => return Err(not_understood()),
        };
        let only = match self.only.as_str() {
            "" => Only::Everybody,
            "administrators" => Only::Administrators,
            "without-factor" => Only::WithoutFactor,
            _ => return Err(not_understood()),
        };
        let role = match self.role.as_str() {
            "" => None,
            code => Some(code.parse().map_err(|_| not_understood())?),
        };
        Ok(Filter { search: self.q.clone(), status, only, role, ..Filter::default() })
    }

    /// The address of `path` for the same people, with `more` behind.
    fn address(&self, path: &str, more: Option<(&str, &AffiliationId)>) -> String {
        let own =
            [("q", &self.q), ("status", &self.status), ("only", &self.only), ("role", &self.role)];
        let own = own.into_iter().filter(|(_, value)| !value.is_empty());
        let query = Serializer::new(String::new())
            .extend_pairs(own)
            .extend_pairs(more.map(|(side, beside)| (side, beside.as_str())))
            .finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// Which page of the list.
#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
    before: Option<String>,
}

impl Asked {
    fn read(&self) -> Result<Place, PageError> {
        let beside =
            |text: &str| text.parse::<AffiliationId>().map_err(|_| PageError::NotUnderstood);
        match (&self.after, &self.before) {
            (None, None) => Ok(Place::Start),
            (Some(after), None) => Ok(Place::After(beside(after)?)),
            (None, Some(before)) => Ok(Place::Before(beside(before)?)),
            (Some(_), Some(_)) => Err(PageError::NotUnderstood),
        }
    }
}

async fn show(
    visit: Visit,
    id: Path<String>,
    narrowed: Query<Narrowed>,
    asked: Query<Asked>,
) -> HttpResponse {
    let outcome = list(&visit, &id, &narrowed, &asked).await;
    visit.answer(outcome)
}

async fn list(
    visit: &Visit,
    id: &str,
    narrowed: &Narrowed,
    asked: &Asked,
) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let (filter, place) = (narrowed.read()?, asked.read()?);
    let of = desk.affiliation.organization.id.clone();
    let read = move |conn: &mut _| people::page(conn, &of, &filter, &place);
    let Some(found) = visit.db.read(read).await? else { return Err(PageError::NotUnderstood) };
    let nav = nav(&desk, OrganizationArea::People);
    let path = format!("/organization/{}/people", nav.id);
    let export = narrowed.address(&format!("/organization/{}/roster/export", nav.id), None);
    let (rules, now) = (visit.account_rules, visit.clock.now());
    let content = PeoplePage {
        frame: visit.frame(),
        nav,
        sought: Sought {
            q: &narrowed.q,
            status: &narrowed.status,
            only: &narrowed.only,
            role: &narrowed.role,
        },
        people: found.people.into_iter().map(|line| view(&line, &rules, now)).collect(),
        before: found.before.map(|id| narrowed.address(&path, Some(("before", &id)))),
        after: found.after.map(|id| narrowed.address(&path, Some(("after", &id)))),
        export,
    };
    Ok(page(StatusCode::OK, &content))
}

fn view(line: &PersonLine, rules: &AccountRules, now: DateTime<Utc>) -> PersonView {
    let standing = standing(line, rules, now);
    PersonView {
        id: line.subscriber.to_string(),
        name: format!("{}, {}", line.family_name, line.given_name),
        user_id: line.user_id.to_string(),
        standing,
        administrator: line.administrator,
        roles: line.roles.iter().map(|role| role.code()).collect(),
        last_sign_in_at: line.last_sign_in_at,
        has_factor: line.has_factor,
    }
}

/// How somebody stands here. Whether account or affiliation is stopped makes no difference.
fn standing(line: &PersonLine, rules: &AccountRules, now: DateTime<Utc>) -> PersonStanding {
    let unused = line.last_used_at + rules.dormant_after <= now;
    match (line.account, line.status) {
        (AccountStatus::Closed | AccountStatus::Suspended | AccountStatus::Terminated, _)
        | (_, AffiliationStatus::Suspended) => PersonStanding::Suspended,
        (AccountStatus::Dormant, _) => PersonStanding::Dormant,
        (AccountStatus::Active, _) if unused => PersonStanding::Dormant,
        (AccountStatus::Active, _) => PersonStanding::Active,
    }
}
