//! `/signed-out/{handle}`: after a sign-out the browser goes round the sites that only it can tell.
//!
//! The session here has ended before anybody is told. Then the whole window is sent to one site after
//! the other, since in a frame browsers keep a site's cookies from it (decision 0027). In between
//! stands a page of ours that shows how far it got, and goes on by a button where scripts do not run.
//! All that is known stands in the outbox and not in the browser: whoever comes back from a site that
//! does not answer goes on with the next.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{
    HttpResponse,
    cookie::Cookie,
    http::StatusCode,
    web::{self, Path},
};
use chrono::TimeDelta;
use idp_core::{
    ids::{EventId, MessageId, SessionId, SiteId},
    saml::status::Status,
    secret::{Secret, SecretDigest},
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    browser,
    error::PageError,
    headers::ContentPolicy,
    saml::{self, LogoutReply},
    visit::{Visit, page_for, see_other},
};
use crate::{
    app::App,
    ephemeral::Key,
    pages::{SigningOutPage, ToldSite, ToldState},
    sites::SiteEntry,
    store::{
        AnyConn, StoreError,
        front_logout::{self, Stop, StopState},
        grant,
        outbox::{self, MessageState, Receipt, Way},
    },
};

/// How long a browser may take.
pub const LIFE: TimeDelta = TimeDelta::minutes(10);

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/signed-out/{handle}").get(show).post(go));
}

/// A browser's way round.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Round {
    /// What the browser's cookie is compared by. The handle alone is no proof: the sites that are
    /// asked bring it to light.
    cookie: SecretDigest,
    /// The sessions that ended.
    sessions: Vec<SessionId>,
    then: Then,
}

/// Where the way round ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Then {
    /// At our own page.
    Page,
    /// At the site that asked by SAML, which is told how it went.
    Saml(LogoutReply),
    /// At an address that the site registered (OIDC RP-Initiated Logout 1.0 §3).
    Site(String),
}

/// Sends the browser, which `browser` names, round the sites of sessions that have just ended, or
/// straight to the end if there is none that it must tell.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
pub async fn begin(
    visit: &Visit,
    sessions: Vec<SessionId>,
    then: Then,
    (browser, mut cookies): (Option<&Secret>, Vec<Cookie<'static>>),
) -> Result<HttpResponse, PageError> {
    let cookie = visit.random.secret();
    let round = Round { cookie: cookie.digest(), sessions, then };
    if round.stops(visit).await?.is_empty() {
        return round.finish(visit, cookies).await;
    }
    let handle = visit.random.secret();
    match round.begin(visit, handle.expose(), browser).await {
        Ok(()) => {
            cookies.push(browser::round_cookie(&cookie));
            Ok(see_other(&address(handle.expose()), cookies))
        }
        Err(error) => {
            // The person is signed out all the same; the sites of the round stay untold, and the
            // outbox says so.
            tracing::error!(%error, "a browser cannot go round the sites of its session");
            round.finish(visit, cookies).await
        }
    }
}

/// Where a browser goes on that came back from a site that does not answer, by whatever way: with
/// scripts, the page in between stands in no history.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn unfinished(visit: &Visit) -> Result<Option<String>, PageError> {
    let Some(browser) = browser::browser_secret(&visit.request) else { return Ok(None) };
    let handle = visit.ephemeral.get(&Key::logout_round_of(&browser.digest())).await?;
    let Some(handle) = handle.and_then(|handle| String::from_utf8(handle).ok()) else {
        return Ok(None);
    };
    let Some(round) = Round::load(visit, &handle).await? else { return Ok(None) };
    let stops = round.stops(visit).await?;
    let waits = stops.iter().any(|stop| stop.state == StopState::Waiting);
    Ok(waits.then(|| address(&handle)))
}

/// Where the browser goes on that was sent to a site with this message.
///
/// # Errors
/// [`PageError`] if short-lived state is out of reach.
pub async fn of_request(visit: &Visit, message: &MessageId) -> Result<Option<String>, PageError> {
    let handle = visit.ephemeral.get(&Key::logout_request(message)).await?;
    Ok(handle.and_then(|handle| String::from_utf8(handle).ok()).map(|handle| address(&handle)))
}

/// How a SAML site is told that the sign-out went which it asked for: as a success if every other
/// site was told or is being told.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
pub async fn status(
    visit: &Visit,
    sessions: &[SessionId],
    asker: &SiteId,
) -> Result<Status, PageError> {
    let sessions = sessions.to_vec();
    let told = visit.db.read(move |conn| told(conn, &sessions)).await?;
    let mut others = told.iter().filter(|(site, _)| *site != asker);
    let good = |state: &ToldState| matches!(state, ToldState::Told | ToldState::Pending);
    Ok(if others.all(|(_, state)| good(state)) { Status::SUCCESS } else { Status::PARTIAL_LOGOUT })
}

fn address(handle: &str) -> String {
    format!("/signed-out/{handle}")
}

/// What each site of ended sessions knows. Of a site that took part in several, the worst.
///
/// # Errors
/// [`StoreError`].
pub fn told(
    conn: &mut AnyConn,
    sessions: &[SessionId],
) -> Result<BTreeMap<SiteId, ToldState>, StoreError> {
    let mut told = BTreeMap::new();
    for session in sessions {
        let receipts = outbox::receipts(conn, session)?;
        for site in grant::participants(conn, session)? {
            let receipt = receipts.iter().find(|receipt| receipt.site == site);
            let state = receipt.map_or(ToldState::Cannot, state_of);
            let worst = told.entry(site).or_insert(state);
            *worst = state.max(*worst);
        }
    }
    Ok(told)
}

const fn state_of(receipt: &Receipt) -> ToldState {
    match (receipt.way, receipt.state, receipt.attempts) {
        (_, MessageState::Delivered, _) => ToldState::Told,
        (Way::Browser, MessageState::Failed, _) => ToldState::Refused,
        (Way::Browser, MessageState::Pending, 0) => ToldState::Waiting,
        (Way::Browser, MessageState::Pending, _) => ToldState::Asked,
        (Way::Server, MessageState::Pending, 0) => ToldState::Pending,
        (Way::Server, MessageState::Failed | MessageState::Pending, _) => ToldState::Unreachable,
    }
}

/// `GET /signed-out/{handle}`: how far it got; or the end, if every site confirmed.
async fn show(visit: Visit, handle: Path<String>) -> HttpResponse {
    visit.answer(shown(&visit, &handle).await)
}

async fn shown(visit: &Visit, handle: &str) -> Result<HttpResponse, PageError> {
    let Some(round) = Round::load(visit, handle).await? else {
        return Ok(see_other("/signed-out", []));
    };
    let stops = round.stops(visit).await?;
    if stops.iter().all(|stop| stop.state == StopState::Confirmed) {
        return round.finish(visit, Vec::new()).await;
    }
    let next = stops.iter().find(|stop| stop.state == StopState::Waiting);
    // Our own page shows at its end what this one would.
    if next.is_none() && matches!(round.then, Then::Page) {
        return round.finish(visit, Vec::new()).await;
    }
    let sessions = round.sessions.clone();
    let told = visit.db.read(move |conn| told(conn, &sessions)).await?;
    let entries: Vec<(Arc<SiteEntry>, ToldState)> = told
        .iter()
        .filter(|(site, _)| Some(*site) != round.asker())
        .filter_map(|(site, state)| Some((visit.sites.find(site)?, *state)))
        .collect();
    let next = next.and_then(|stop| visit.sites.find(&stop.site));
    let leads_to = match &next {
        Some(entry) => saml::asked_at(visit, &entry.site.id),
        None => round.leads_to(visit),
    };
    let content = SigningOutPage {
        frame: visit.frame(),
        handle,
        next: next.as_deref().map(|entry| entry.site.name.as_str()),
        sites: entries
            .iter()
            .map(|(entry, state)| ToldSite { name: &entry.site.name, state: *state })
            .collect(),
    };
    let policy = leads_to.iter().fold(ContentPolicy::new(), ContentPolicy::form_leads_to);
    Ok(page_for(StatusCode::OK, &content, &policy))
}

/// `POST /signed-out/{handle}`: on to the next site, or to the end. The handle is no secret to the
/// sites, and a form of theirs brings no cookie, so this one needs no token beside it.
async fn go(visit: Visit, handle: Path<String>) -> HttpResponse {
    visit.answer(next(&visit, &handle).await)
}

async fn next(visit: &Visit, handle: &str) -> Result<HttpResponse, PageError> {
    let Some(round) = Round::load(visit, handle).await? else {
        return Ok(see_other("/signed-out", []));
    };
    round.keep(visit, handle).await?;
    let stops = round.stops(visit).await?;
    for stop in stops.iter().filter(|stop| stop.state == StopState::Waiting) {
        let key = Key::logout_request(&stop.message);
        visit.ephemeral.put(&key, handle.as_bytes(), life()).await?;
        let message = stop.message.clone();
        if !visit.db.write(move |conn| front_logout::ask(conn, &message)).await? {
            // A second click: the first one is on its way.
            return Ok(see_other(&address(handle), []));
        }
        if let Some(answer) = saml::ask(visit, stop).await? {
            return Ok(answer);
        }
        give_up(visit, stop).await?;
    }
    round.finish(visit, Vec::new()).await
}

/// Notes that a site cannot be asked any more: its record changed meanwhile.
async fn give_up(visit: &Visit, stop: &Stop) -> Result<(), PageError> {
    let (message, site) = (stop.message.clone(), stop.site.clone());
    let told = (EventId::from_random(visit.random.bytes()), visit.clock.now());
    let write = move |conn: &mut AnyConn| {
        front_logout::answered(conn, &message, &site, false, told.clone())
    };
    visit.db.write(write).await?;
    Ok(())
}

fn life() -> std::time::Duration {
    LIFE.to_std().unwrap_or_default()
}

impl Round {
    async fn begin(
        &self,
        app: &App,
        handle: &str,
        browser: Option<&Secret>,
    ) -> Result<(), PageError> {
        self.keep(app, handle).await?;
        if let Some(browser) = browser {
            let key = Key::logout_round_of(&browser.digest());
            app.ephemeral.put(&key, handle.as_bytes(), life()).await?;
        }
        Ok(())
    }

    async fn keep(&self, app: &App, handle: &str) -> Result<(), PageError> {
        let bytes = serde_json::to_vec(self).map_err(|error| PageError::unexpected(&error))?;
        Ok(app.ephemeral.put(&Key::logout_round(handle), &bytes, life()).await?)
    }

    /// The round under `handle`, for the browser that goes it.
    async fn load(visit: &Visit, handle: &str) -> Result<Option<Self>, PageError> {
        let Some(bytes) = visit.ephemeral.get(&Key::logout_round(handle)).await? else {
            return Ok(None);
        };
        let round: Self =
            serde_json::from_slice(&bytes).map_err(|error| PageError::unexpected(&error))?;
        let cookie = browser::round_secret(&visit.request).map(|secret| secret.digest());
        Ok(Some(round).filter(|round| cookie == Some(round.cookie)))
    }

    async fn stops(&self, app: &App) -> Result<Vec<Stop>, PageError> {
        let sessions = self.sessions.clone();
        Ok(app.db.read(move |conn| front_logout::stops(conn, &sessions)).await?)
    }

    /// The site that asked for the sign-out and knows of it.
    const fn asker(&self) -> Option<&SiteId> {
        match &self.then {
            Then::Saml(reply) => Some(&reply.site),
            Then::Page | Then::Site(_) => None,
        }
    }

    /// The site at the end.
    fn leads_to(&self, visit: &Visit) -> Option<Url> {
        match &self.then {
            Then::Page => None,
            Then::Saml(reply) => saml::answered_at(visit, &reply.site),
            Then::Site(address) => Url::parse(address).ok(),
        }
    }

    async fn finish(
        &self,
        visit: &Visit,
        cookies: Vec<Cookie<'static>>,
    ) -> Result<HttpResponse, PageError> {
        match &self.then {
            Then::Page => {
                let location = match self.sessions.first() {
                    Some(session) => format!("/signed-out?session={session}"),
                    None => "/signed-out".to_owned(),
                };
                Ok(see_other(&location, cookies))
            }
            Then::Saml(reply) => {
                let status = status(visit, &self.sessions, &reply.site).await?;
                reply.send(visit, status, cookies)
            }
            Then::Site(location) => Ok(see_other(location, cookies)),
        }
    }
}
