//! The door of the consoles: who comes in, as what, and what becomes of a form that came too late.
//!
//! A console opens to a session with a second factor (security 20.4) that was used within the last
//! half hour. A form that comes after that is kept while its person signs in again, and is offered
//! to them to be sent; it is sent by nobody else.

mod kept;

use actix_web::{
    HttpResponse,
    http::{Method, StatusCode},
    web::{self, Bytes},
};
use chrono::TimeDelta;
use idp_core::{
    authentication::{gate::Demand, session::Session},
    community::{
        actor::{Actor, Rank},
        affiliation::Affiliation,
        organization::OrganizationStatus,
        permission::{Action, Denied},
    },
    ids::{OrganizationId, SubscriberId},
    oidc::params::Params,
};

use super::{
    browser,
    client_address::ClientAddress,
    error::PageError,
    gate::{self, ConsolePath, OwnPage},
    visit::{Visit, page, see_other, set},
};
use crate::{
    community::Office,
    pages::{ConsolesPage, FormExpiredPage, StartAgain},
    store::{Database, StoreError, organization, person::LoadedPerson, session, staff},
};

/// What forms of the consoles are for.
const PURPOSE: &str = "console";
/// How exact the time of the last use is: writing it down at each click would be a commit each.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/console").get(choose))
        .service(web::resource("/organization").get(choose))
        .service(web::resource("/console/kept/{handle}").get(kept::show));
}

async fn choose(visit: Visit) -> HttpResponse {
    let outcome = consoles(&visit).await;
    visit.answer(outcome)
}

/// The consoles of whoever asks; straight into the only one.
async fn consoles(visit: &Visit) -> Result<HttpResponse, PageError> {
    let entry = match anybody(visit).await? {
        Entry::Open(entry) => entry,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let (person, rank) = *entry;
    let mut own: Vec<(&str, String)> = person
        .affiliations
        .iter()
        .filter(|affiliation| is_office(affiliation))
        .map(|affiliation| &affiliation.organization)
        .map(|of| (of.name.as_str(), format!("/organization/{}", of.id)))
        .collect();
    own.sort_unstable();
    if let ([(_, address)], None) = (own.as_slice(), rank) {
        return Ok(see_other(address, []));
    }
    let content =
        ConsolesPage { frame: visit.frame(), organizations: own, support: rank.is_some() };
    Ok(page(StatusCode::OK, &content))
}

/// Somebody at work in a console.
pub struct AtWork {
    /// Who, with their session and all that they act for.
    pub person: LoadedPerson,
    /// As what.
    pub office: Office,
}

/// An Administrator at work.
pub struct OfOrganization {
    /// Who.
    pub at_work: AtWork,
    /// The affiliation that makes them an Administrator, with its organization.
    pub affiliation: Affiliation,
}

/// Whether somebody comes in.
pub enum Entry<T> {
    /// They do.
    Open(Box<T>),
    /// Send this: the way in.
    Elsewhere(HttpResponse),
}

/// Lets an Administrator of `organization` in. To everybody else the organization is not there, and
/// that they asked is written down (security 20.1). `body`: the form, if one was posted.
///
/// # Errors
/// [`PageError::NotFound`], or another one if something that we need is out of reach.
pub async fn organization(
    visit: &Visit,
    organization: &str,
    body: Option<&Bytes>,
) -> Result<Entry<OfOrganization>, PageError> {
    let person = match signed_in(visit, body).await? {
        Entry::Open(person) => *person,
        Entry::Elsewhere(answer) => return Ok(Entry::Elsewhere(answer)),
    };
    let id: Option<OrganizationId> = organization.parse().ok();
    let mut own = person.affiliations.iter().filter(|affiliation| is_office(affiliation));
    let found = own.find(|affiliation| Some(&affiliation.organization.id) == id.as_ref()).cloned();
    let who = person.subscriber.id.clone();
    let Some(affiliation) = found else {
        let office = office(visit, &person, Actor::Subscriber(who));
        let refuse =
            move |conn: &mut _| office.refused(conn, Action::ReadOrganization, Denied::NotFound);
        visit.db.write(refuse).await?;
        return Err(PageError::NotFound);
    };
    let of = affiliation.organization.id.clone();
    let home = format!("/organization/{of}");
    if visit.request.path() != home && is_barred(visit, &affiliation).await? {
        return Ok(Entry::Elsewhere(see_other(&home, [])));
    }
    let office = office(visit, &person, Actor::Administrator { who, of });
    Ok(Entry::Open(Box::new(OfOrganization { at_work: AtWork { person, office }, affiliation })))
}

/// Lets somebody of the support desk in. To everybody else there is no such place.
///
/// # Errors
/// [`PageError::NotFound`], or another one if something that we need is out of reach.
pub async fn support(visit: &Visit, body: Option<&Bytes>) -> Result<Entry<AtWork>, PageError> {
    let person = match signed_in(visit, body).await? {
        Entry::Open(person) => *person,
        Entry::Elsewhere(answer) => return Ok(Entry::Elsewhere(answer)),
    };
    let who = person.subscriber.id.clone();
    let office = office(visit, &person, Actor::Subscriber(who.clone()));
    match at_the_desk(&visit.db, office, who).await? {
        Some(office) => Ok(Entry::Open(Box::new(AtWork { person, office }))),
        None => Err(PageError::NotFound),
    }
}

/// The office of somebody of the support desk, as their rank is at this moment. `None`: they do not work
/// there, or no longer, and that they asked is written down.
///
/// # Errors
/// [`StoreError`].
pub async fn at_the_desk(
    db: &Database,
    office: Office,
    who: SubscriberId,
) -> Result<Option<Office>, StoreError> {
    let id = who.clone();
    if let Some(rank) = db.read(move |conn| staff::rank(conn, &id)).await? {
        return Ok(Some(Office { actor: Actor::Support { who, rank }, ..office }));
    }
    let refuse = move |conn: &mut _| office.refused(conn, Action::UseDesk, Denied::NotFound);
    db.write(refuse).await?;
    Ok(None)
}

/// Lets anybody in who has a second factor, to be shown which consoles are theirs.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn anybody(visit: &Visit) -> Result<Entry<(LoadedPerson, Option<Rank>)>, PageError> {
    let person = match signed_in(visit, None).await? {
        Entry::Open(person) => *person,
        Entry::Elsewhere(answer) => return Ok(Entry::Elsewhere(answer)),
    };
    let id = person.subscriber.id.clone();
    let rank = visit.db.read(move |conn| staff::rank(conn, &id)).await?;
    Ok(Entry::Open(Box::new((person, rank))))
}

/// Whether somebody is an Administrator by this affiliation. A stopped organization's Administrator
/// still works there, for that may be what lets it go on: a number to register, somebody to help.
pub fn is_office(affiliation: &Affiliation) -> bool {
    affiliation.administrator && affiliation.is_of_a_member()
}

/// Whether all but the first page of an organization's console is shut: it is stopped because it broke
/// the agreement, and that is not for its own Administrators to put right.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
async fn is_barred(visit: &Visit, affiliation: &Affiliation) -> Result<bool, PageError> {
    if affiliation.organization.status == OrganizationStatus::Active {
        return Ok(false);
    }
    let of = affiliation.organization.id.clone();
    let body = visit.db.read(move |conn| organization::body(conn, &of)).await?;
    Ok(body.is_none_or(|body| body.state.bars_its_administrators()))
}

/// Somebody who acts as `actor` in this visit.
pub fn office(visit: &Visit, person: &LoadedPerson, actor: Actor) -> Office {
    Office { actor, session: Some(person.session.id.clone()), ..office_of(visit, None) }
}

/// Somebody who acts in this visit without a console: a visitor of a public page, or a person in
/// their own matters.
pub fn office_of(visit: &Visit, person: Option<&LoadedPerson>) -> Office {
    let (actor, session) = match person {
        Some(person) => {
            (Actor::Subscriber(person.subscriber.id.clone()), Some(person.session.id.clone()))
        }
        None => (Actor::Nobody, None),
    };
    let address = Some(ClientAddress::of(&visit.request).0);
    let language = Some(visit.frame().text.tag);
    Office { session, address, language, ..visit.office(actor) }
}

async fn signed_in(visit: &Visit, body: Option<&Bytes>) -> Result<Entry<LoadedPerson>, PageError> {
    let Some(person) = gate::open(visit, Demand::CONSOLE).await? else {
        return way_in(visit, body, Demand::CONSOLE).await;
    };
    let (id, now) = (person.session.id.clone(), visit.clock.now());
    let seen = visit.db.read(move |conn| session::last_seen_at(conn, &id)).await?;
    let seen = seen.unwrap_or(person.session.started_at);
    if Session::console_is_idle(seen, &visit.session_rules, now) {
        let idle = visit.session_rules.console_idle.num_seconds();
        let max_age_seconds = Some(u32::try_from(idle).unwrap_or(u32::MAX));
        return way_in(visit, body, Demand { max_age_seconds, ..Demand::CONSOLE }).await;
    }
    if now - seen >= SEEN_EVERY {
        let id = person.session.id.clone();
        visit.db.write(move |conn| session::seen(conn, &id, now)).await?;
    }
    Ok(Entry::Open(Box::new(person)))
}

/// Before something is done that leads into somebody's account, whoever does it has signed in within
/// the last quarter of an hour (security 19.5). If they have not, the answer is their way in, and the
/// form waits meanwhile.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn lately(visit: &Visit, body: &Bytes) -> Result<Option<HttpResponse>, PageError> {
    if gate::open(visit, Demand::HELP).await?.is_some() {
        return Ok(None);
    }
    match way_in::<()>(visit, Some(body), Demand::HELP).await? {
        Entry::Elsewhere(answer) => Ok(Some(answer)),
        Entry::Open(_) => Ok(None),
    }
}

/// The way through a sign-on and back to this page; a form that was posted waits meanwhile.
async fn way_in<T>(
    visit: &Visit,
    body: Option<&Bytes>,
    demand: Demand,
) -> Result<Entry<T>, PageError> {
    let to = match body {
        Some(body) if visit.request.method() == Method::POST => kept::keep(visit, body).await?,
        Some(_) | None => ConsolePath::of(&visit.request),
    };
    gate::begin(visit, OwnPage::Console(to), demand).await.map(Entry::Elsewhere)
}

/// The token for the forms of a page, and the cookie to set if the browser had no name yet.
pub fn form_token(visit: &Visit) -> (String, Option<actix_web::cookie::Cookie<'static>>) {
    let (browser, cookie) = visit.browser();
    (visit.form_token(&browser, PURPOSE), cookie)
}

/// A form of a console, with what it may hold.
pub enum Posted {
    /// It is ours, and has no other field than those.
    Form(Params),
    /// It is not from our page in this browser, or has a field that the page has not (security
    /// 20.3). Send this.
    Refused(HttpResponse),
}

/// Reads a form that was posted from a page of a console. What is in it and not in `fields` is
/// refused and written down: a page of ours does not send it. A field that ends in a dot stands for
/// all whose names begin so: one for each box that can be ticked.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
pub async fn posted(
    visit: &Visit,
    office: &Office,
    body: &Bytes,
    fields: &[&str],
) -> Result<Posted, PageError> {
    let Some(form) = visit.own_form(body, PURPOSE) else {
        return Ok(Posted::Refused(expired(visit)));
    };
    let known = |name: &str| {
        name == "form_token"
            || fields
                .iter()
                .any(|field| *field == name || (field.ends_with('.') && name.starts_with(field)))
    };
    let foreign = form.pairs().any(|(name, _)| !known(name));
    if !foreign {
        return Ok(Posted::Form(form));
    }
    Err(foreign_field(visit, office).await?)
}

/// Whether this form token is that of our own pages in this browser.
pub fn is_ours(visit: &Visit, token: Option<&str>) -> bool {
    browser::form_is_ours(visit, &visit.request, token, PURPOSE)
}

/// What is said to a form that is not from our page in this browser.
pub fn expired(visit: &Visit) -> HttpResponse {
    let here = ConsolePath::of(&visit.request);
    let start_again = StartAgain::Console(here.as_str());
    let content = FormExpiredPage { frame: visit.frame(), start_again };
    page(StatusCode::FORBIDDEN, &content)
}

/// Writes down that a form had a field that our page has not, and gives the answer to it.
///
/// # Errors
/// [`PageError`] if the database is out of reach.
pub async fn foreign_field(visit: &Visit, office: &Office) -> Result<PageError, PageError> {
    let office = office.clone();
    let refuse = move |conn: &mut _| office.refused(conn, Action::SendForm, Denied::Forbidden);
    visit.db.write(refuse).await?;
    Ok(PageError::NotUnderstood)
}

/// A page of a console with a form in it.
pub fn with_form(
    mut answer: HttpResponse,
    cookie: Option<actix_web::cookie::Cookie<'static>>,
) -> HttpResponse {
    set(&mut answer, cookie);
    answer
}
