//! Signing out: asked for here or by a site, confirmed where it must be, told to every site.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Query},
};
use chrono::TimeDelta;
use idp_core::{
    ids::SessionId,
    oidc::{params::Params, redirect_uri::RegisteredRedirectUri},
};
use serde::Deserialize;

use super::{
    browser,
    error::PageError,
    oidc::{end_session, response::form_policy},
    round::{self, Then},
    session::{self, Via},
    visit::{Visit, page, page_for, see_other, set},
};
use crate::{
    pages::{FormExpiredPage, SignOutPage, SignedOutPage, StartAgain, ToldSite},
    sites::SiteEntry,
    store::{self, AnyConn, Cause, person},
};

/// What forms of this page are for.
const PURPOSE: &str = "sign-out";
/// For how long after the end of a session the page tells which sites were told.
const TOLD_FOR: TimeDelta = TimeDelta::minutes(10);

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sign-out").get(ask).post(confirm))
        .service(web::resource("/signed-out").get(signed_out));
}

/// A request to sign out, judged.
pub struct Request {
    /// Whether the person must confirm it.
    pub ask: bool,
    /// Where the browser goes afterwards, with the `state` that was sent.
    pub return_to: Option<(RegisteredRedirectUri, Option<String>)>,
    /// The site that asks, if it is known.
    pub site: Option<Arc<SiteEntry>>,
    /// Who is signed in.
    pub person: Option<person::LoadedPerson>,
    /// The site's parameters, to be judged again when the person has confirmed.
    pub parameters: Option<String>,
}

/// Who is signed in in this browser.
pub async fn current(visit: &Visit) -> Result<Option<person::LoadedPerson>, PageError> {
    let Some(digest) = visit.session() else { return Ok(None) };
    let open_ssn = Arc::clone(&visit.open_ssn);
    let loaded = visit.db.read(move |conn| person::by_cookie(conn, &digest, &*open_ssn)).await?;
    let now = visit.clock.now();
    Ok(loaded.filter(|loaded| loaded.session.is_live(now)))
}

/// `GET /sign-out`: asks.
async fn ask(visit: Visit) -> HttpResponse {
    let request = async {
        let person = current(&visit).await?;
        answer(
            &visit,
            Request {
                ask: person.is_some(),
                return_to: None,
                site: None,
                person,
                parameters: None,
            },
        )
        .await
    };
    let outcome = request.await;
    visit.answer(outcome)
}

/// Asks, or signs out at once.
pub async fn answer(visit: &Visit, request: Request) -> Result<HttpResponse, PageError> {
    match &request.person {
        Some(person) if request.ask => Ok(question(visit, &request, person)),
        _ => leave(visit, request).await,
    }
}

fn question(visit: &Visit, request: &Request, person: &person::LoadedPerson) -> HttpResponse {
    let (browser, cookie) = visit.browser();
    let form_token = visit.form_token(&browser, PURPOSE);
    let carried = request.parameters.as_deref().map(|parameters| ("request", parameters));
    let content = SignOutPage {
        frame: visit.frame(),
        form_token: &form_token,
        site: request.site.as_deref().map(|entry| entry.site.name.as_str()),
        person: person.subscriber.user_id.as_str(),
        carried: carried.into_iter().collect(),
    };
    let target = request.return_to.as_ref().map_or("", |(address, _)| address.as_str());
    let mut answer = page_for(StatusCode::OK, &content, &form_policy(target));
    set(&mut answer, cookie);
    answer
}

/// `POST /sign-out`: the person has confirmed.
async fn confirm(visit: Visit, body: Bytes) -> HttpResponse {
    visit.answer(confirmed(&visit, &body).await)
}

async fn confirmed(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let Some(form) = visit.own_form(body, PURPOSE) else {
        let content = FormExpiredPage { frame: visit.frame(), start_again: StartAgain::SignOut };
        return Ok(page(StatusCode::FORBIDDEN, &content));
    };
    // The site's request is judged again: nothing of the form is taken on trust.
    let request = match form.find("request") {
        Some(parameters) => {
            end_session::judge(visit, &Params::parse(parameters.as_bytes())).await?
        }
        None => Request { ask: false, return_to: None, site: None, person: None, parameters: None },
    };
    leave(visit, request).await
}

/// Ends the session, and sends the browser round the sites that only it can tell. It gets a new
/// name, so that a form of an old tab is no longer ours (security 10.3).
async fn leave(visit: &Visit, request: Request) -> Result<HttpResponse, PageError> {
    let cause = if request.site.is_some() { Cause::SignedOutAtSite } else { Cause::SignedOut };
    let ended = session::end_current(visit, cause, Via::BrowserToo).await?;
    if ended.session.is_none()
        && let Some(location) = round::unfinished(visit).await?
    {
        return Ok(see_other(&location, []));
    }
    let name = visit.random.secret();
    let cookies = vec![browser::no_session(), browser::browser_cookie(&name)];
    let then = match request.return_to {
        Some((address, Some(state))) => Then::Site(address.with_query(&[("state", &state)])),
        Some((address, None)) => Then::Site(address.as_str().to_owned()),
        None => Then::Page,
    };
    round::begin(visit, ended.session.into_iter().collect(), then, (Some(&name), cookies)).await
}

#[derive(Deserialize)]
struct Ended {
    session: Option<String>,
}

/// `GET /signed-out`: that it is done, and which sites know. The identifier of an ended session
/// opens nothing; it tells site names to whoever holds it, so only for a few minutes.
async fn signed_out(visit: Visit, ended: Query<Ended>) -> HttpResponse {
    let outcome = tell(&visit, ended.session.as_deref()).await;
    visit.answer(outcome)
}

async fn tell(visit: &Visit, session: Option<&str>) -> Result<HttpResponse, PageError> {
    let session: Option<SessionId> = session.and_then(|text| text.parse().ok());
    let known = session.clone();
    let told = match known {
        Some(id) => {
            let since = visit.clock.now() - TOLD_FOR;
            let read = move |conn: &mut AnyConn| {
                let ended = store::session::find(conn, &id)?.and_then(|session| session.ended_at);
                if ended.is_none_or(|at| at < since) {
                    return Ok(BTreeMap::new());
                }
                round::told(conn, std::slice::from_ref(&id))
            };
            visit.db.read(read).await?
        }
        None => BTreeMap::new(),
    };
    let entries: Vec<_> =
        told.iter().filter_map(|(site, state)| Some((visit.sites.find(site)?, *state))).collect();
    let sites =
        entries.iter().map(|(entry, state)| ToldSite { name: &entry.site.name, state: *state });
    let content =
        SignedOutPage { frame: visit.frame(), ended: session.is_some(), sites: sites.collect() };
    Ok(page(StatusCode::OK, &content))
}
