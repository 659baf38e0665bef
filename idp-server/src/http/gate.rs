//! The gate before Hilum's own pages: "this needs such a sign-in, and not older than that".
//!
//! One function decides for every page, by asking the engine. Whoever does not stand there yet is
//! led through the pages of an ordinary sign-on and back to the page that they wanted. That page is
//! one of [`OwnPage`], never an address that somebody else chose (security 15.8).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use idp_core::{
    authentication::{factor::Holdings, gate::Demand},
    ids::PromotionId,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnPage {
    /// The overview.
    Account,
    /// What sites learned, and what happened.
    Activity,
    /// The agreements.
    Agreements,
    /// A page of a console.
    Console(ConsolePath),
    /// The mail address.
    Email,
    /// Organizations that ask the person to act for them.
    Offers,
    /// The password.
    Password,
    /// The sites.
    Portal,
    /// The person's own data.
    Profile,
    /// A promotion of the person's.
    Promotion(PromotionPath),
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
    /// What was shared, when.
    Shared,
}

impl OwnPage {
    /// Its path.
    pub fn path(&self) -> &str {
        match self {
            Self::Console(path) => path.as_str(),
            Self::Account => Area::Overview.path(),
            Self::Activity => Area::Activity.path(),
            Self::Agreements => Area::Agreements.path(),
            Self::Email => Area::Email.path(),
            Self::Offers => Area::Offers.path(),
            Self::Password => Area::Password.path(),
            Self::Portal => "/portal",
            Self::Profile => Area::Profile.path(),
            Self::Promotion(path) => &path.0,
            Self::Questions => Area::Questions.path(),
            Self::Security => Area::Security.path(),
            Self::SecurityApp => "/account/security/app",
            Self::SecurityPasskey => "/account/security/passkey",
            Self::Sessions => Area::Sessions.path(),
            Self::Shared => Area::Shared.path(),
        }
    }
}

/// The page on which somebody becomes an Administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionPath(String);

impl PromotionPath {
    /// The page of this promotion.
    pub fn of(id: &PromotionId) -> Self {
        Self(format!("/account/promotions/{id}"))
    }
}

/// The address of a page of a console, as the router knew it: below one of [`CONSOLES`], and
/// therefore of our own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsolePath(String);

/// Where the consoles are.
const CONSOLES: [&str; 3] = ["/organization", "/support", "/console"];
/// An address of a console is no longer than this; a longer one leads to its first page.
const LONGEST_PATH: usize = 1000;

impl ConsolePath {
    /// The page that a request asked for, with what it searched for; the consoles' first page where
    /// the request is for none of them.
    pub fn of(request: &HttpRequest) -> Self {
        let query = Some(request.query_string()).filter(|query| !query.is_empty());
        let path = match query {
            Some(query) => format!("{}?{query}", request.path()),
            None => request.path().to_owned(),
        };
        Self::read(path).unwrap_or_else(|| Self("/organization".to_owned()))
    }

    /// A page of ours by its address.
    pub fn read(path: String) -> Option<Self> {
        let below = |console: &str| {
            path.strip_prefix(console)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        };
        let plain = path.len() <= LONGEST_PATH && path.bytes().all(|byte| byte.is_ascii_graphic());
        (plain && CONSOLES.iter().any(|console| below(console))).then_some(Self(path))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
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
pub async fn begin(
    visit: &Visit,
    page: OwnPage,
    demand: Demand,
) -> Result<HttpResponse, PageError> {
    let (browser, cookie) = visit.browser();
    let handle = visit.random.secret();
    let purpose = Purpose::Own { page, demand, asked_at: visit.clock.now() };
    Transaction::new(&browser, purpose).keep(visit, handle.expose()).await?;
    Ok(see_other(&format!("/sign-on/{}", handle.expose()), cookie))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_on_leads_back_to_a_page_of_a_console_and_to_nowhere_else() {
        let read = |path: &str| ConsolePath::read(path.to_owned()).map(|path| path.0);
        for good in ["/organization", "/organization/org_a/people?find=ana", "/support/tickets"] {
            assert_eq!(read(good).as_deref(), Some(good));
        }
        let long = format!("/support/{}", "a".repeat(LONGEST_PATH));
        for bad in [
            "//evil.example/organization",
            "/organizations",
            "/organization\r\nX: y",
            "/x",
            "",
            &long,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
