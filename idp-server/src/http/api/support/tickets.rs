//! `/api/v1/support/tickets`: the queue, and one ticket with all that can be done with it.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest,
    web::{self, Bytes, Path},
};
use idp_core::{
    community::ticket::{Message, Refusal, Requester, State, Ticket, TicketKind},
    ids::{SubscriberId, TicketId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{
        door::{self, Desk},
        error::{ApiError, ProblemBody},
    },
    at, named, next,
};
use crate::{
    app::App,
    community::{
        Office,
        tickets::{self as use_case, Deed},
    },
    http::oidc::json::NoStore,
    store::{
        AnyConn, StoreError,
        place::Place,
        ticket::{self as stored, Filter, Kept, Said},
    },
};

/// How many a page has at most.
const SHOWN: i64 = 50;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(at("/tickets")).get(list))
        .service(web::resource(at("/tickets/{ticket}")).get(show))
        .service(web::resource(at("/tickets/{ticket}/deeds")).post(act));
}

/// Which tickets, and where the list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// `new`, `assigned`, `waiting`, `resolved` or `closed`; all that are open if it is left out.
    state: Option<String>,
    /// What they are about, such as `account-help`.
    kind: Option<String>,
    /// Only those that the person works on.
    #[serde(default)]
    mine: bool,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of a list, the oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Tickets {
    tickets: Vec<Listed>,
    /// What `after` says for the next page, if there is one.
    next: Option<String>,
}

/// A ticket.
#[derive(Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(super) struct Listed {
    id: String,
    /// `account-help`, `contact`, `find-organization`, `notary`, `promote-admin`, `tax-id-dispute` or
    /// `tax-id-release`. The last four are resolved once their matter is decided.
    kind: &'static str,
    state: &'static str,
    /// The identifier of whoever works on it.
    assignee: Option<String>,
    /// Seconds since 1970.
    opened_at: i64,
    organization_id: Option<String>,
    /// The identifier of what it refers to: a person, a promotion, a registration or a Tax ID.
    regarding: Option<String>,
}

/// A ticket with all that was said.
#[derive(Serialize, ToSchema)]
#[schema(as = WholeTicket)]
pub(super) struct Shown {
    ticket: Listed,
    requester: Asker,
    /// How what it is about stands: `by-answer`, a decision such as `promotion-approved`, or what is
    /// waited for, such as `waits-for-owner`; then it cannot be resolved.
    standing: &'static str,
    /// What was filled in, by field.
    details: BTreeMap<String, String>,
    said: Vec<Word>,
}

/// How a ticket stands after what was done.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketStands {
    state: &'static str,
    /// The identifier of whoever works on it.
    assignee: Option<String>,
}

/// Who asks.
#[derive(Serialize, ToSchema)]
pub(super) struct Asker {
    /// `hilum`, `person` or `visitor`.
    kind: &'static str,
    /// The identifier of a person who was signed in.
    person_id: Option<String>,
    /// The address that a visitor left.
    email: Option<String>,
}

/// Something that was said.
#[derive(Serialize, ToSchema)]
pub(super) struct Word {
    /// The identifier of who said it at the desk; null: who asked.
    by: Option<String>,
    /// Seconds since 1970.
    at: i64,
    text: String,
}

/// What is done with a ticket.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = TicketDeed)]
pub(super) enum Wanted {
    /// Ask back; who asked is mailed.
    AskBack {
        /// One line of at most 500 characters.
        message: String,
    },
    /// Give it to a colleague.
    HandOver {
        /// Their identifier.
        to: String,
    },
    /// Say that it is done, or refused; who asked is mailed. Refused while its matter is not decided.
    Resolve {
        /// One line of at most 500 characters.
        message: String,
    },
    /// Work on it.
    Take {},
    /// Say that nobody is proposed as an Administrator, where that is all that is asked for.
    TurnDown {
        /// One line of at most 500 characters.
        message: String,
    },
}

fn assignee(ticket: &Ticket) -> Option<String> {
    match &ticket.state {
        State::Assigned(by) | State::Waiting(by) | State::Resolved { by, .. } => {
            Some(by.to_string())
        }
        State::Closed | State::New => None,
    }
}

fn listed(kept: &Kept) -> Listed {
    let ticket = &kept.ticket;
    Listed {
        id: ticket.id.to_string(),
        kind: ticket.kind.code(),
        state: ticket.state.code(),
        assignee: assignee(ticket),
        opened_at: kept.opened_at.timestamp(),
        organization_id: ticket.organization.as_ref().map(ToString::to_string),
        regarding: kept.regarding.as_ref().map(|what| what.as_str().to_owned()),
    }
}

fn asker(requester: &Requester) -> Asker {
    match requester {
        Requester::Hilum => Asker { kind: "hilum", person_id: None, email: None },
        Requester::Subscriber(id) => {
            Asker { kind: "person", person_id: Some(id.to_string()), email: None }
        }
        Requester::Visitor(address) => {
            Asker { kind: "visitor", person_id: None, email: Some(address.as_str().to_owned()) }
        }
    }
}

fn word(said: Said) -> Word {
    Word { by: said.author.map(|id| id.to_string()), at: said.at.timestamp(), text: said.text }
}

impl Asked {
    fn filter(&self, me: Option<&SubscriberId>) -> Result<Filter, ApiError> {
        if self.state.as_deref().is_some_and(|code| !State::CODES.contains(&code)) {
            return Err(ApiError::parameter("state"));
        }
        let kind = match self.kind.as_deref() {
            None => None,
            Some(code) => {
                let found = TicketKind::ALL.into_iter().find(|kind| kind.code() == code);
                Some(found.ok_or_else(|| ApiError::parameter("kind"))?)
            }
        };
        let assignee = me.filter(|_| self.mine).cloned();
        Ok(Filter { state: self.state.clone(), kind, assignee })
    }
}

/// `GET /api/v1/support/tickets`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/tickets", tag = "support",
    summary = "The queue of the support desk", params(Asked),
    responses((status = 200, body = Tickets), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<NoStore<Tickets>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let wanted: Asked = door::query(&request)?;
    let filter = wanted.filter(desk.office.actor.person())?;
    let after = door::parameter::<Place<TicketId>>("after", wanted.after.as_deref())?;
    let read =
        move |conn: &mut AnyConn, _: &Office| stored::queue(conn, &filter, after.as_ref(), SHOWN);
    let found = desk.read(read).await?;
    let next = next(&found, SHOWN, |last| Place::at(last.opened_at, last.ticket.id.clone()));
    Ok(NoStore(Tickets { tickets: found.iter().map(listed).collect(), next }))
}

/// `GET /api/v1/support/tickets/{ticket}`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(get, path = "/api/v1/support/tickets/{ticket}", tag = "support",
    summary = "One ticket, with all that was said", params(("ticket" = String, Path)),
    responses((status = 200, body = Shown), (status = 404, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<NoStore<Shown>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id = named(&id)?;
    Ok(NoStore(whole(&desk, id).await?))
}

async fn whole(desk: &Desk, id: TicketId) -> Result<Shown, ApiError> {
    let read = move |conn: &mut AnyConn, office: &Office| -> Result<_, StoreError> {
        let Some(kept) = stored::find(conn, &id)? else { return Ok(None) };
        let standing = use_case::standing(conn, office, &kept)?;
        Ok(Some((kept, standing, stored::said(conn, &id)?)))
    };
    let (kept, standing, said) = desk.read(read).await?.ok_or(ApiError::NotFound)?;
    Ok(Shown {
        ticket: listed(&kept),
        requester: asker(&kept.ticket.requester),
        standing: standing.code(),
        details: kept.details,
        said: said.into_iter().map(word).collect(),
    })
}

/// `POST /api/v1/support/tickets/{ticket}/deeds`.
///
/// # Errors
/// [`ApiError`].
#[utoipa::path(post, path = "/api/v1/support/tickets/{ticket}/deeds", tag = "support",
    summary = "Take, ask back, hand over or resolve a ticket", params(("ticket" = String, Path)),
    request_body = Wanted,
    responses((status = 200, body = TicketStands), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
    security(("oauth" = ["hilum.support"])))]
pub(super) async fn act(
    app: web::Data<App>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Result<NoStore<TicketStands>, ApiError> {
    let desk = Desk::support(app, &request).await?;
    let id: TicketId = named(&id)?;
    let message = |text: &str| Message::read(text).map_err(|why| ApiError::field("message", why));
    let deed = match door::body(&request, &body)? {
        Wanted::AskBack { message: text } => Deed::AskBack(message(&text)?),
        Wanted::HandOver { to } => {
            let to = to.parse().map_err(|_| ApiError::field("to", Refusal::NobodyThere))?;
            Deed::HandOver(to)
        }
        Wanted::Resolve { message: text } => Deed::Resolve(message(&text)?),
        Wanted::Take {} => Deed::Take,
        Wanted::TurnDown { message: text } => Deed::TurnDown(message(&text)?),
    };
    let work = move |conn: &mut AnyConn, office: &Office| use_case::act(conn, office, &id, &deed);
    let ticket = desk.write(work).await?.map_err(refused)?;
    Ok(NoStore(TicketStands { state: ticket.state.code(), assignee: assignee(&ticket) }))
}

fn refused(why: Refusal) -> ApiError {
    match why {
        Refusal::Denied(denied) => denied.into(),
        Refusal::NobodyThere => ApiError::field("to", why),
        Refusal::NotDecided | Refusal::NotYours | Refusal::OutOfOrder | Refusal::OwnTicket => {
            ApiError::Conflict(why.to_string())
        }
    }
}
