//! `/organization/{id}/review`: the yearly look at the organization's people (R14). What is ticked on a
//! page is kept at once, so that a sitting can be broken off anywhere.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path, Query},
};
use idp_core::{
    community::{
        people_review::{Refusal, Review, Stage, UNUSED},
        permission::Denied,
        role::Role,
    },
    ids::{AffiliationId, SubscriberId},
    oidc::params::Params,
};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::nav;
use crate::{
    community::people_review,
    http::{
        console::{self, Entry, OfOrganization, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{OrganizationArea, ReviewDone, ReviewLine, ReviewPage, ReviewSought},
    store::{
        AnyConn, StoreError, attention, organization,
        people::{self, Filter, Page, PersonLine, Place, ToReview},
        subscriber,
    },
};

/// How long a search may be: no name and no address is longer.
const LONGEST_SEARCH: usize = 254;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/organization/{id}/review").get(show).post(keep))
        .service(web::resource("/organization/{id}/review/finish").post(finish));
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    shown: String,
    after: Option<String>,
    done: Option<String>,
}

/// What one page is made of.
struct Found {
    review: Review,
    waiting: Vec<SubscriberId>,
    page: Page,
    /// Who looked at somebody, by name.
    names: BTreeMap<SubscriberId, String>,
}

impl Asked {
    /// What is asked for. A page of ours asks for nothing else (security 21.5).
    fn read(&self, review: Review, visit: &Visit) -> Result<(Filter, Place), PageError> {
        let not_understood = || PageError::NotUnderstood;
        if self.q.chars().count() > LONGEST_SEARCH || self.q.chars().any(char::is_control) {
            return Err(not_understood());
        }
        let role = match self.role.as_str() {
            "" => None,
            code => Some(code.parse::<Role>().map_err(|_| not_understood())?),
        };
        let unused = || visit.clock.now() - UNUSED;
        // Before it opens nobody waits: the list is of everybody, to be looked at.
        let waiting = Some(review).filter(|it| it.stage(visit.clock.now()) != Stage::Resting);
        let review = match self.shown.as_str() {
            "" => ToReview { waiting, unused_since: None },
            "unused" => ToReview { waiting, unused_since: Some(unused()) },
            "all" => ToReview::default(),
            _ => return Err(not_understood()),
        };
        let after = self.after.as_deref().map(str::parse::<AffiliationId>).transpose();
        let place = after.map_err(|_| not_understood())?.map_or(Place::Start, Place::After);
        Ok((Filter { search: self.q.clone(), role, review, ..Filter::default() }, place))
    }

    /// The address of this list, or of its page after somebody.
    fn address(&self, of: &str, more: Option<(&str, &str)>) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in [("q", &self.q), ("role", &self.role), ("shown", &self.shown)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.extend_pairs(more);
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/organization/{of}/review{mark}{query}")
    }
}

async fn show(visit: Visit, id: Path<String>, asked: Query<Asked>) -> HttpResponse {
    let outcome = async {
        let desk = match console::organization(&visit, &id, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let done = match asked.done.as_deref() {
            None => None,
            Some("finished") => Some(ReviewDone::Finished),
            Some(many) => many.parse().ok().map(ReviewDone::Kept),
        };
        list(&visit, &desk, StatusCode::OK, &asked, done).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn list(
    visit: &Visit,
    desk: &OfOrganization,
    status: StatusCode,
    asked: &Asked,
    done: Option<ReviewDone>,
) -> Result<HttpResponse, PageError> {
    let of = desk.affiliation.organization.id.clone();
    let review = visit.db.read(move |conn| organization::review(conn, &of)).await?;
    let review = review.ok_or(PageError::NotFound)?;
    let (filter, place) = asked.read(review, visit)?;
    let of = desk.affiliation.organization.id.clone();
    let read = move |conn: &mut AnyConn| find(conn, &of, review, (&filter, &place));
    let found = visit.db.read(read).await?.ok_or(PageError::NotUnderstood)?;
    let me = &desk.at_work.person.subscriber.id;
    let stage = found.review.stage(visit.clock.now());
    let rests = stage == Stage::Resting;
    let alone = found.waiting.iter().all(|who| who == me);
    let nav = nav(desk, OrganizationArea::People);
    let next = found.page.after.as_ref();
    let next = next.map(|beside| asked.address(nav.id, Some(("after", beside.as_str()))));
    let (form_token, cookie) = console::form_token(visit);
    let content = ReviewPage {
        frame: visit.frame(),
        nav,
        form_token: &form_token,
        action: asked.address(nav.id, None),
        sought: ReviewSought { q: &asked.q, role: &asked.role, shown: &asked.shown },
        stage,
        finished_at: found.review.finished_at,
        opens_at: found.review.opens_at(),
        due_at: found.review.due_at(),
        waiting: found.waiting.len(),
        can_finish: !rests && alone,
        people: found.page.people.iter().map(|line| view(line, &found, (me, rests))).collect(),
        next,
        done,
    };
    Ok(console::with_form(page(status, &content), cookie))
}

fn find(
    conn: &mut AnyConn,
    of: &idp_core::ids::OrganizationId,
    review: Review,
    (filter, place): (&Filter, &Place),
) -> Result<Option<Found>, StoreError> {
    let Some(page) = people::page(conn, of, filter, place)? else { return Ok(None) };
    let who: BTreeSet<&SubscriberId> =
        page.people.iter().filter_map(|line| line.reviewed_by.as_ref()).collect();
    let mut names = BTreeMap::new();
    for id in who {
        if let Some(person) = subscriber::find(conn, id)? {
            names.insert(id.clone(), person.name());
        }
    }
    let waiting = attention::waiting_in_review(conn, of, review)?;
    Ok(Some(Found { review, waiting, page, names }))
}

fn view(line: &PersonLine, found: &Found, (me, rests): (&SubscriberId, bool)) -> ReviewLine {
    let by = line.reviewed_by.as_ref().and_then(|who| found.names.get(who)).cloned();
    ReviewLine {
        id: line.subscriber.to_string(),
        affiliation: line.affiliation.to_string(),
        name: format!("{}, {}", line.family_name, line.given_name),
        user_id: line.user_id.to_string(),
        administrator: line.administrator,
        roles: line.roles.iter().map(|role| role.code()).collect(),
        access_level: line.access_level.code(),
        tax_ids: line.tax_ids,
        last_sign_in_at: line.last_sign_in_at,
        since: line.looked_at.since,
        reviewed_at: line.looked_at.reviewed_at,
        reviewed_by: by,
        waits: !rests && found.review.waits(line.looked_at),
        is_me: line.subscriber == *me,
    }
}

/// Whoever is ticked, as the form has it: `keep.` and the affiliation.
fn ticked(posted: &Params) -> Result<Vec<AffiliationId>, PageError> {
    let ids = posted.pairs().filter_map(|(name, _)| name.strip_prefix("keep."));
    let ids: Result<Vec<AffiliationId>, _> = ids.map(str::parse).collect();
    let ids = ids.map_err(|_| PageError::NotFound)?;
    if ids.len() > people::PAGE { Err(PageError::NotUnderstood) } else { Ok(ids) }
}

async fn keep(visit: Visit, id: Path<String>, asked: Query<Asked>, body: Bytes) -> HttpResponse {
    let outcome = async {
        let (desk, posted) = match enter(&visit, &id, &body, &["keep."]).await? {
            Entry::Open(entered) => *entered,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let ids = ticked(&posted)?;
        if ids.is_empty() {
            let (status, done) =
                (StatusCode::UNPROCESSABLE_ENTITY, Some(ReviewDone::NothingTicked));
            return list(&visit, &desk, status, &asked, done).await;
        }
        let office = desk.at_work.office.clone();
        let write = move |conn: &mut AnyConn| people_review::keep(conn, &office, &ids);
        match visit.db.write(write).await? {
            Ok(kept) => {
                let of = desk.affiliation.organization.id.as_str();
                let kept = kept.to_string();
                Ok(see_other(&asked.address(of, Some(("done", &kept))), []))
            }
            Err(Denied::NotFound) => Err(PageError::NotFound),
            Err(Denied::Forbidden) => Err(PageError::Forbidden),
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn finish(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = async {
        let (desk, _) = match enter(&visit, &id, &body, &[]).await? {
            Entry::Open(entered) => *entered,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let office = desk.at_work.office.clone();
        let write = move |conn: &mut AnyConn| people_review::finish(conn, &office);
        match visit.db.write(write).await? {
            Ok(_) => {
                let of = &desk.affiliation.organization.id;
                Ok(see_other(&format!("/organization/{of}/review?done=finished"), []))
            }
            Err(Refusal::Denied(Denied::NotFound)) => Err(PageError::NotFound),
            Err(Refusal::Denied(Denied::Forbidden)) => Err(PageError::Forbidden),
            Err(Refusal::OutOfOrder | Refusal::PeopleLeft) => {
                let (status, asked) = (StatusCode::CONFLICT, Asked::default());
                list(&visit, &desk, status, &asked, Some(ReviewDone::PeopleLeft)).await
            }
        }
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// Who posts what.
async fn enter(
    visit: &Visit,
    id: &str,
    body: &Bytes,
    fields: &[&str],
) -> Result<Entry<(OfOrganization, Params)>, PageError> {
    let desk = match console::organization(visit, id, Some(body)).await? {
        Entry::Open(desk) => *desk,
        Entry::Elsewhere(answer) => return Ok(Entry::Elsewhere(answer)),
    };
    match console::posted(visit, &desk.at_work.office, body, fields).await? {
        Posted::Form(posted) => Ok(Entry::Open(Box::new((desk, posted)))),
        Posted::Refused(answer) => Ok(Entry::Elsewhere(answer)),
    }
}
