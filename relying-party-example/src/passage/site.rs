//! The site itself: its state, and the pages that begin, end and need a sign-in.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header::LOCATION, web};
use askama::Template as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use relying_party_example::{
    cookies::{CookieJar, CookieKind},
    page::{Page as _, now},
    shelf::{Shelf, random},
};
use serde::Deserialize;

use crate::{
    attributes::{Affiliation, affiliations},
    config::Config,
    hilum::Source,
    keys::OwnKey,
    messages::{AuthnRequest, Metadata, instant, new_id},
    pages::{AttributesPage, Home, Notice, PayersPage},
    payers,
    redirect::{self, Kind},
    response::{self, Expected, Refused, SignedIn},
};

/// How long a person may take at Hilum.
const ATTEMPT_LASTS: TimeDelta = TimeDelta::minutes(15);
/// How long the browser may take from one page to the next.
const HANDOVER_LASTS: TimeDelta = TimeDelta::minutes(1);
/// No session outlives this, whatever else is said.
const LONGEST_SESSION: TimeDelta = TimeDelta::hours(4);

/// Everything that the handlers share.
pub(crate) struct Site {
    /// How the site was set up.
    pub config: Config,
    /// The site's `entityID`, which is also where its metadata are.
    pub entity_id: String,
    /// Where assertions go.
    pub acs: String,
    /// The site's key.
    pub key: OwnKey,
    /// What is known of Hilum.
    pub source: Source,
    /// The names and flags of its cookies.
    pub cookies: CookieJar,
    /// Who is signed in.
    pub sessions: Shelf<Arc<Session>>,
    /// The messages of Hilum that came, by identifier: each counts once.
    pub heard: Shelf<()>,
    /// Sign-outs that are on their way, by the identifier of their request.
    pub sign_outs: Shelf<()>,
    /// Sign-ins that are on their way, by the identifier of their request: the browser of each.
    attempts: Shelf<String>,
    /// Good answers, between the POST that brought them and the GET that picks them up.
    handovers: Shelf<(String, SignedIn)>,
}

/// One person signed in in one browser.
#[derive(Debug)]
pub(crate) struct Session {
    /// What Hilum said.
    pub said: SignedIn,
    /// The organizations that the person acts for here.
    pub affiliations: Vec<Affiliation>,
    /// When this session ends.
    pub ends_at: DateTime<Utc>,
    /// Stands in every form of the session, so that no other site can post one.
    pub form_token: String,
}

impl Session {
    fn new(said: SignedIn, now: DateTime<Utc>) -> Self {
        let latest = now + LONGEST_SESSION;
        Self {
            affiliations: affiliations(&said.attributes),
            ends_at: said.ends_at.map_or(latest, |at| at.min(latest)),
            form_token: random(),
            said,
        }
    }
}

impl Site {
    /// A site with this configuration and nobody signed in.
    ///
    /// # Errors
    /// No HTTP client.
    pub(crate) fn new(config: Config, key: OwnKey) -> Result<Self, reqwest::Error> {
        let origin = config.origin();
        Ok(Self {
            entity_id: format!("{origin}/saml/metadata"),
            acs: format!("{origin}/saml/acs"),
            source: Source::new(config.hilum.metadata.clone(), config.hilum.entity_id.clone())?,
            cookies: CookieJar::new(&config.cookies, origin),
            sessions: Shelf::new(100_000),
            heard: Shelf::new(100_000),
            sign_outs: Shelf::new(10_000),
            attempts: Shelf::new(10_000),
            handovers: Shelf::new(1_000),
            key,
            config,
        })
    }

    /// Who is signed in in the browser that sent this request.
    pub(crate) fn session(&self, request: &HttpRequest) -> Option<Arc<Session>> {
        self.sessions.find(&self.cookies.read(request, CookieKind::Session)?, now())
    }
}

/// `GET /`.
pub(crate) async fn home(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let session = site.session(&request);
    Home { look: &site.config.look, session: session.as_deref() }.answer()
}

/// `GET /saml/metadata`: what an operator of Hilum registers.
pub(crate) async fn metadata(site: web::Data<Site>) -> HttpResponse {
    let (origin, certificate) = (site.config.origin(), site.key.certificate.as_str());
    match (Metadata { entity_id: &site.entity_id, origin, certificate }).render() {
        Ok(text) => HttpResponse::Ok().content_type("application/samlmetadata+xml").body(text),
        Err(error) => {
            tracing::error!(%error, "metadata");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// `GET /login`: sends the browser to Hilum with a signed request.
pub(crate) async fn login(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let now = now();
    let hilum = match site.source.hilum(now).await {
        Ok(hilum) => hilum,
        Err(error) => {
            let notice = Notice::unavailable(&site.config);
            tracing::warn!(%error, reference = notice.reference(), "no sign-in can begin");
            return notice.answer();
        }
    };
    let id = new_id();
    let message = AuthnRequest {
        id: &id,
        at: instant(now),
        destination: hilum.sign_on.as_str(),
        acs: &site.acs,
        issuer: &site.entity_id,
    };
    let message = message.render().ok();
    let address = message.and_then(|message| {
        redirect::write(&hilum.sign_on, Kind::Request, &message, None, &site.key)
    });
    let Some(address) = address else { return Notice::our_fault(&site.config).answer() };
    // One value for all tabs of a browser, so that two sign-ins at once do not disturb each other.
    let browser = site.cookies.read(&request, CookieKind::Browser).unwrap_or_else(random);
    site.attempts.put(id, browser.clone(), now + ATTEMPT_LASTS, now);
    HttpResponse::SeeOther()
        .cookie(site.cookies.write(CookieKind::Browser, browser))
        .insert_header((LOCATION, address.as_str()))
        .finish()
}

/// The form with which Hilum's answer comes.
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(rename = "SAMLResponse")]
    response: String,
}

/// `POST /saml/acs`: the browser brings Hilum's answer.
///
/// It comes from another site, so the browser sends no cookie with it (`SameSite=Lax`). Whether it is
/// the browser that asked is seen in the next step, a GET.
pub(crate) async fn acs(site: web::Data<Site>, form: web::Form<Answer>) -> HttpResponse {
    match judged(&site, &form.response, now()).await {
        Ok((browser, said)) => {
            let (ticket, now) = (random(), now());
            site.handovers.put(ticket.clone(), (browser, said), now + HANDOVER_LASTS, now);
            see_other(&format!("/signed-in?ticket={ticket}"))
        }
        Err(why) => refused(&site, &why),
    }
}

async fn judged(
    site: &Site,
    message: &str,
    now: DateTime<Utc>,
) -> Result<(String, SignedIn), Refused> {
    let message = STANDARD.decode(message).map_err(|_| Refused::Malformed("base64"))?;
    let text = String::from_utf8(message).map_err(|_| Refused::Malformed("no UTF-8"))?;
    let asked = response::in_response_to(&text)?;
    // An answer to nobody's question is refused; and a question is answered once.
    let browser = site.attempts.take(&asked, now).ok_or(Refused::Unsolicited)?;
    let hilum = site.source.hilum(now).await.map_err(|error| {
        tracing::warn!(%error, "an answer cannot be judged");
        Refused::Malformed("Hilum's keys are not known")
    })?;
    let expected =
        Expected { entity_id: &site.entity_id, acs: &site.acs, hilum: &hilum, key: &site.key, now };
    let said = response::judge(&text, &asked, expected)?;
    if site.heard.put(said.assertion.clone(), (), said.assertion_ends_at, now) {
        Ok((browser, said))
    } else {
        Err(Refused::Replayed)
    }
}

/// The query of the way from the POST to the session.
#[derive(Deserialize)]
pub(crate) struct Ticket {
    ticket: String,
}

/// `GET /signed-in`: now the browser sends its cookies, and must be the one that asked.
pub(crate) async fn signed_in(
    site: web::Data<Site>,
    request: HttpRequest,
    query: web::Query<Ticket>,
) -> HttpResponse {
    let now = now();
    let Some((browser, said)) = site.handovers.take(&query.ticket, now) else {
        return refused(&site, &Refused::Unsolicited);
    };
    if site.cookies.read(&request, CookieKind::Browser) != Some(browser) {
        return refused(&site, &Refused::Unsolicited);
    }
    // A new value at every sign-in: one that somebody planted or saw before is worth nothing.
    if let Some(old) = site.cookies.read(&request, CookieKind::Session) {
        site.sessions.take(&old, now);
    }
    let session = Session::new(said, now);
    let (key, ends_at) = (random(), session.ends_at);
    site.sessions.put(key.clone(), Arc::new(session), ends_at, now);
    let mut answer = see_other("/payers");
    if let Err(error) = answer.add_cookie(&site.cookies.write(CookieKind::Session, key)) {
        tracing::warn!(%error, "cookie");
    }
    answer
}

/// Tells the log why, and the person what to do; the reference leads from one to the other.
fn refused(site: &Site, why: &Refused) -> HttpResponse {
    let notice = Notice::refused(&site.config, why);
    tracing::warn!(%why, reference = notice.reference(), "nobody signed in");
    notice.answer()
}

/// `GET /payers`: the page that needs a sign-in.
pub(crate) async fn payers(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    match site.session(&request) {
        Some(session) => PayersPage::new(&site.config.look, &session).answer(),
        None => see_other("/login"),
    }
}

/// `GET /attributes`: all that Hilum said.
pub(crate) async fn attributes(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    match site.session(&request) {
        Some(session) => AttributesPage { look: &site.config.look, session: &session }.answer(),
        None => see_other("/login"),
    }
}

/// The form of a submission.
#[derive(Deserialize)]
pub(crate) struct Submission {
    form_token: String,
    organization: String,
    payer: String,
}

/// `POST /submit`: only for an organization where the person may, and only to a payer with which one
/// of *its* Tax IDs is enrolled. That the page offers no button to others is no protection.
pub(crate) async fn submit(
    site: web::Data<Site>,
    request: HttpRequest,
    form: web::Form<Submission>,
) -> HttpResponse {
    let Some(session) = site.session(&request) else { return see_other("/login") };
    if form.form_token != session.form_token {
        return Notice::stale_form(&site.config).answer();
    }
    let found = session.affiliations.iter().find(|one| one.org == form.organization);
    let payer = found.filter(|one| one.may_submit()).and_then(|one| {
        let mut enrolled = payers::of(&one.tax_ids).into_iter();
        let found = enrolled.find(|enrolled| enrolled.payer.id == form.payer);
        found.map(|enrolled| (one, enrolled.payer))
    });
    match payer {
        Some((one, payer)) => {
            tracing::info!(organization = one.org, payer = payer.id, "an inquiry was submitted");
            Notice::submitted(&site.config, &one.name, payer.name).answer()
        }
        None => Notice::may_not_submit(&site.config).answer(),
    }
}

/// Any other address.
pub(crate) async fn not_found(site: web::Data<Site>) -> HttpResponse {
    Notice::not_found(&site.config).answer()
}

/// Sends the browser on, by GET.
pub(crate) fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}
