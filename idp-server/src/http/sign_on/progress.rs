//! Gathering what is known, asking the engine, and turning its last word into an answer.

use std::sync::Arc;

use actix_web::{HttpResponse, cookie::Cookie};
use chrono::{DateTime, Utc};
use idp_core::{
    authentication::{factor::Holdings, gate::Level, session::Session},
    community::site::AffiliationMode,
    ids::{AffiliationId, AgreementId, OrganizationId},
    release::Naming,
    secret::SecretDigest,
    sign_on::{
        Person, Policy, Progress, Refusal, SignOnRequest, Step, may_ask_for_factors, next_step,
    },
};

use crate::{
    agreements,
    app::App,
    http::{
        error::PageError,
        front::{Complete, Outcome, SiteRequest},
        transaction::{Purpose, Transaction},
        visit::{Visit, see_other},
    },
    sites::SiteEntry,
    store::{
        factor, grant, organization,
        person::{self, LoadedPerson},
        site_visit,
    },
};

/// Where a transaction stands.
pub struct Advance {
    /// What was loaded.
    pub known: Known,
    /// The site, if the sign-on is for one.
    pub site: Option<Arc<SiteEntry>>,
    /// What happens next.
    pub step: Step,
}

/// What is known of the browser's person.
#[derive(Default)]
pub struct Known {
    /// Who it is.
    pub person: Option<LoadedPerson>,
    /// What they could prove beside a password; nothing where no factor can matter.
    pub holdings: Holdings,
    /// Whether the person has seen what the site receives before.
    pub notice_seen: bool,
    remembered_choice: Option<AffiliationId>,
    enabled_at: Vec<OrganizationId>,
    agreement_due: Option<AgreementId>,
}

impl Advance {
    /// Asks the engine.
    fn judged(
        app: &App,
        transaction: &Transaction,
        site: Option<Arc<SiteEntry>>,
        known: Known,
    ) -> Self {
        let now = app.clock.now();
        let engine_view = |loaded| Person {
            agreement_due: known.agreement_due.clone(),
            ..app.person(loaded, &known.holdings, known.enabled_at.clone(), now)
        };
        let progress = Progress {
            person: known.person.as_ref().map(engine_view),
            chosen: transaction.chosen.clone(),
            remembered_choice: known.remembered_choice.clone(),
            notice_seen: known.notice_seen,
            notice_confirmed: transaction.notice_confirmed,
        };
        let policy = policy_of(site.as_deref(), transaction.level());
        let step = next_step(&transaction.request(), &progress, policy, now);
        Self { known, site, step }
    }

    /// Where it stands when something was proved in the session just now. Nothing is loaded again:
    /// what the person may do was read in this same request.
    pub fn in_session(self, app: &App, transaction: &Transaction, session: Session) -> Self {
        let person = self.known.person.map(|person| LoadedPerson { session, ..person });
        Self::judged(app, transaction, self.site, Known { person, ..self.known })
    }
}

impl Transaction {
    /// What the sign-on asks for.
    pub fn request(&self) -> SignOnRequest {
        match &self.purpose {
            Purpose::Site(request) => request.sign_on().clone(),
            Purpose::Own { demand, asked_at, .. } => SignOnRequest::own_page(*demand, *asked_at),
        }
    }

    /// What a page of our own demands of the sign-in.
    fn level(&self) -> Level {
        match &self.purpose {
            Purpose::Site(_) => Level::SignedIn,
            Purpose::Own { demand, .. } => demand.level,
        }
    }
}

/// What one of Hilum's own pages demands.
pub const fn policy_of_own_page(level: Level) -> Policy<'static> {
    Policy { release: None, naming: &Naming::Public, level }
}

/// What a site's record demands, or the page.
fn policy_of(site: Option<&SiteEntry>, level: Level) -> Policy<'_> {
    match site {
        Some(entry) => Policy { release: Some(&entry.site.release), naming: &entry.naming, level },
        None => policy_of_own_page(level),
    }
}

/// Loads what is known and asks the engine: one trip to the database.
///
/// # Errors
/// [`PageError`] if the database is out of reach, or the site is gone.
pub async fn advance(
    app: &App,
    transaction: &Transaction,
    session: Option<SecretDigest>,
) -> Result<Advance, PageError> {
    let site = match &transaction.purpose {
        Purpose::Own { .. } => None,
        Purpose::Site(request) => {
            let found = app.sites.find(request.site());
            Some(found.ok_or_else(|| request.site_is_gone())?)
        }
    };
    let known = match session {
        None => Known::default(),
        Some(digest) => {
            let policy = policy_of(site.as_deref(), transaction.level());
            let asks_for_factors = may_ask_for_factors(&transaction.request(), policy);
            load(app, digest, site.clone(), asks_for_factors).await?
        }
    };
    Ok(Advance::judged(app, transaction, site, known))
}

async fn load(
    app: &App,
    session: SecretDigest,
    site: Option<Arc<SiteEntry>>,
    asks_for_factors: bool,
) -> Result<Known, PageError> {
    let (open_ssn, in_force) = (Arc::clone(&app.open_ssn), app.agreements.in_force());
    let without_passkeys = !app.passkeys.are_available();
    let known = app.db.read(move |conn| {
        let Some(loaded) = person::by_cookie(conn, &session, &*open_ssn)? else {
            return Ok(Known::default());
        };
        let holdings = if asks_for_factors {
            let held =
                factor::holdings(conn, &loaded.subscriber.id, loaded.subscriber.has_mailbox())?;
            Holdings { without_passkeys, ..held }
        } else {
            Holdings::default()
        };
        let Some(site) = &site else {
            return Ok(Known { person: Some(loaded), holdings, ..Known::default() });
        };
        let (person, id, release) = (&loaded.session, &site.site.id, &site.site.release);
        let notice_seen = site_visit::has_visited(conn, &person.subscriber, id)?;
        let remembered_choice = match release.affiliation_mode {
            AffiliationMode::One => grant::last_affiliation(conn, &person.id, id)?,
            AffiliationMode::All | AffiliationMode::None => None,
        };
        let enabled_at = organization::enabled_among(conn, &site.site, &loaded.affiliations)?;
        let agreement_due = agreements::due(conn, &person.subscriber, &in_force)?;
        Ok(Known {
            remembered_choice,
            notice_seen,
            enabled_at,
            holdings,
            agreement_due,
            person: Some(loaded),
        })
    });
    Ok(known.await?)
}

impl App {
    /// The engine's view of a loaded person; `enabled_at` are those of their organizations that
    /// switched the site on.
    pub fn person(
        &self,
        loaded: &LoadedPerson,
        holdings: &Holdings,
        enabled_at: Vec<OrganizationId>,
        now: DateTime<Utc>,
    ) -> Person {
        Person {
            session: loaded.session.clone(),
            standing: loaded.subscriber.standing(&self.account_rules, now),
            affiliations: loaded.affiliations.clone(),
            enabled_at,
            factors: holdings.methods(),
            has_own_factor: holdings.has_own_factor(),
            may_enrol: holdings.may_enrol(),
            agreement_due: None,
        }
    }
}

/// Begins a sign-on for a site: its first page, or the answer where no page is due.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn begin(visit: &Visit, request: SiteRequest) -> Result<HttpResponse, PageError> {
    let (browser, cookie) = visit.browser();
    let transaction = Transaction::new(&browser, Purpose::Site(Box::new(request)));
    let handle = visit.random.secret();
    let advance = advance(visit, &transaction, visit.session()).await?;
    let cookies: Vec<_> = cookie.into_iter().collect();
    if let Some(answer) = conclude(visit, &transaction, &advance, &cookies).await? {
        return Ok(answer);
    }
    transaction.keep(visit, handle.expose()).await?;
    Ok(see_other(&format!("/sign-on/{}", handle.expose()), cookies))
}

/// The last word on a sign-on: to the site with its answer, or to the account. `None` while a page
/// of ours comes first.
///
/// # Errors
/// [`PageError`] if the answer cannot be made.
pub async fn conclude(
    visit: &Visit,
    transaction: &Transaction,
    advance: &Advance,
    cookies: &[Cookie<'static>],
) -> Result<Option<HttpResponse>, PageError> {
    let request = match (&transaction.purpose, &advance.step) {
        (Purpose::Own { page, .. }, Step::Complete(_)) => {
            return Ok(Some(see_other(page.path(), cookies.to_vec())));
        }
        (Purpose::Own { .. }, _) => return Ok(None),
        (Purpose::Site(request), _) => request,
    };
    let outcome = match &advance.step {
        Step::Complete(sign_on) => {
            let first_visit = transaction.notice_confirmed;
            Outcome::Complete(Complete { sign_on, first_visit })
        }
        // The person is told first what to do about it; the site is told when they go back.
        Step::Refuse(refusal) if !request.sign_on().passive && is_for_people(*refusal) => {
            return Ok(None);
        }
        Step::Refuse(refusal) => Outcome::Refused(*refusal),
        Step::AcceptAgreement(_)
        | Step::AskPassword(_)
        | Step::AskSecondFactor { .. }
        | Step::ChooseAffiliation { .. }
        | Step::EnrollSecondFactor(_)
        | Step::ShowNotice(_) => return Ok(None),
    };
    request.answer(visit, outcome, cookies.to_vec()).await.map(Some)
}

/// Goes on with a transaction that is kept under `handle`: its last word, or its next page.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn go_on(
    visit: &Visit,
    handle: &str,
    transaction: &Transaction,
    session: Option<SecretDigest>,
    cookies: &[Cookie<'static>],
) -> Result<HttpResponse, PageError> {
    let advance = advance(visit, transaction, session).await?;
    go_on_to(visit, handle, transaction, &advance, cookies).await
}

/// The same from where it is known to stand.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn go_on_to(
    visit: &Visit,
    handle: &str,
    transaction: &Transaction,
    advance: &Advance,
    cookies: &[Cookie<'static>],
) -> Result<HttpResponse, PageError> {
    if let Some(answer) = conclude(visit, transaction, advance, cookies).await? {
        Transaction::finish(visit, handle).await;
        return Ok(answer);
    }
    transaction.keep(visit, handle).await?;
    Ok(see_other(&format!("/sign-on/{handle}"), cookies.to_vec()))
}

/// Whether a person can do something about a refusal.
pub const fn is_for_people(refusal: Refusal) -> bool {
    match refusal {
        Refusal::AffiliationRequired | Refusal::RoleRequired | Refusal::SiteNotEnabled => true,
        Refusal::AgreementRequired
        | Refusal::AssuranceUnmet
        | Refusal::ChoiceDue
        | Refusal::InteractionDue
        | Refusal::SignInDue => false,
    }
}
