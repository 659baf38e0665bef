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

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    only: String,
    #[serde(default)]
    role: String,
    after: Option<String>,
    before: Option<String>,
}

impl Asked {
    /// What is asked for. A page of ours asks for nothing else (security 21.5).
    fn read(&self) -> Result<(Filter, Place), PageError> {
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
        let beside = |text: &str| text.parse::<AffiliationId>().map_err(|_| not_understood());
        let place = match (&self.after, &self.before) {
            (None, None) => Place::Start,
            (Some(after), None) => Place::After(beside(after)?),
            (None, Some(before)) => Place::Before(beside(before)?),
            (Some(_), Some(_)) => return Err(not_understood()),
        };
        Ok((Filter { search: self.q.clone(), status, only, role, ..Filter::default() }, place))
    }

    /// The address of another page of the same list.
    fn page(&self, path: &str, side: &str, beside: &AffiliationId) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in
            [("q", &self.q), ("status", &self.status), ("only", &self.only), ("role", &self.role)]
        {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.append_pair(side, beside.as_str());
        format!("{path}?{}", query.finish())
    }
}

async fn show(visit: Visit, id: Path<String>, asked: Query<Asked>) -> HttpResponse {
    let outcome = list(&visit, &id, &asked).await;
    visit.answer(outcome)
}

async fn list(visit: &Visit, id: &str, asked: &Asked) -> Result<HttpResponse, PageError> {
    let desk = match console::organization(visit, id, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let (filter, place) = asked.read()?;
    let of = desk.affiliation.organization.id.clone();
    let read = move |conn: &mut _| people::page(conn, &of, &filter, &place);
    let Some(found) = visit.db.read(read).await? else { return Err(PageError::NotUnderstood) };
    let nav = nav(&desk, OrganizationArea::People);
    let path = format!("/organization/{}/people", nav.id);
    let (rules, now) = (visit.account_rules, visit.clock.now());
    let content = PeoplePage {
        frame: visit.frame(),
        nav,
        sought: Sought { q: &asked.q, status: &asked.status, only: &asked.only, role: &asked.role },
        people: found.people.into_iter().map(|line| view(&line, &rules, now)).collect(),
        before: found.before.map(|beside| asked.page(&path, "before", &beside)),
        after: found.after.map(|beside| asked.page(&path, "after", &beside)),
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
