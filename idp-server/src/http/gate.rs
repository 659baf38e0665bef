//! The gate before Hilum's own pages: "this needs such a sign-in, and not older than that".
//!
//! One function decides for every page, by asking the engine. Whoever does not stand there yet is
//! led through the pages of an ordinary sign-on and back to the page that they wanted. That page is
//! one of [`OwnPage`], never an address out of a request (security 15.8).

use std::sync::Arc;

use actix_web::HttpResponse;
use idp_core::{
    authentication::{factor::Holdings, gate::Demand},
    sign_on::{Progress, SignOnRequest, Step, may_ask_for_factors, next_step},
};
use serde::{Deserialize, Serialize};

use super::{
    error::PageError,
    sign_on::policy_of_own_page,
    transaction::{Purpose, Transaction},
    visit::{Visit, see_other},
};
use crate::{
    pages::Area,
    store::{factor, person},
};

/// The pages to which a sign-on for Hilum itself may lead back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnPage {
    /// The overview.
    Account,
    /// What sites learned, and what happened.
    Activity,
    /// The agreements.
    Agreements,
    /// The mail address.
    Email,
    /// The password.
    Password,
    /// The sites.
    Portal,
    /// The secret questions.
    Questions,
    /// Second factors, recovery codes and remembered browsers.
    Security,
    /// Setting up an authenticator app.
    SecurityApp,
    /// Setting up a passkey.
    SecurityPasskey,
    /// Where the person is signed in.
    Sessions,
}

impl OwnPage {
    /// Its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Account => Area::Overview.path(),
            Self::Activity => Area::Activity.path(),
            Self::Agreements => Area::Agreements.path(),
            Self::Email => Area::Email.path(),
            Self::Password => Area::Password.path(),
            Self::Portal => "/portal",
            Self::Questions => Area::Questions.path(),
            Self::Security => Area::Security.path(),
            Self::SecurityApp => "/account/security/app",
            Self::SecurityPasskey => "/account/security/passkey",
            Self::Sessions => Area::Sessions.path(),
        }
    }
}

/// What the gate says.
pub enum Gate {
    /// The person may go on.
    Open(Box<person::LoadedPerson>),
    /// Send this: the way to the page.
    Elsewhere(HttpResponse),
}

/// Lets the person through to `page`, or begins the sign-on that leads there.
///
/// ```ignore
/// let person = match gate::pass(visit, OwnPage::Password, Demand::CHANGE).await? {
///     Gate::Open(person) => person,
///     Gate::Elsewhere(answer) => return Ok(answer),
/// };
/// ```
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn pass(visit: &Visit, page: OwnPage, demand: Demand) -> Result<Gate, PageError> {
    match open(visit, demand).await? {
        Some(person) => Ok(Gate::Open(Box::new(person))),
        None => begin(visit, page, demand).await.map(Gate::Elsewhere),
    }
}

/// The person behind the session cookie, if they meet `demand` now.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
pub async fn open(
    visit: &Visit,
    demand: Demand,
) -> Result<Option<person::LoadedPerson>, PageError> {
    let Some(digest) = visit.session() else { return Ok(None) };
    let now = visit.clock.now();
    let (request, policy) =
        (SignOnRequest::own_page(demand, now), policy_of_own_page(demand.level));
    let without_passkeys = !visit.passkeys.are_available();
    let (open_ssn, asks) = (Arc::clone(&visit.open_ssn), may_ask_for_factors(&request, policy));
    let known = visit.db.read(move |conn| {
        let Some(loaded) = person::by_cookie(conn, &digest, &*open_ssn)? else { return Ok(None) };
        let holdings = if asks {
            let held =
                factor::holdings(conn, &loaded.subscriber.id, loaded.subscriber.has_mailbox())?;
            Holdings { without_passkeys, ..held }
        } else {
            Holdings::default()
        };
        Ok(Some((loaded, holdings)))
    });
    let Some((loaded, holdings)) = known.await? else { return Ok(None) };
    let person = visit.person(&loaded, &holdings, Vec::new(), now);
    let progress = Progress { person: Some(person), ..Progress::default() };
    let step = next_step(&request, &progress, policy, now);
    Ok(matches!(step, Step::Complete(_)).then_some(loaded))
}

/// Begins a sign-on that leads back to `page`.
async fn begin(visit: &Visit, page: OwnPage, demand: Demand) -> Result<HttpResponse, PageError> {
    let (browser, cookie) = visit.browser();
    let handle = visit.random.secret();
    let purpose = Purpose::Own { page, demand, asked_at: visit.clock.now() };
    Transaction::new(&browser, purpose).keep(visit, handle.expose()).await?;
    Ok(see_other(&format!("/sign-on/{}", handle.expose()), cookie))
}
