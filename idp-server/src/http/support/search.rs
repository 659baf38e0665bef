//! `/support/search`: organizations by name or Tax ID, people by User ID, mail address or name, and
//! registrations at every stage by the same (R23).
//!
//! What is found is a name and where it works: no mail address, no User ID. Those are told to who has
//! shown who they are.
//!
//! What is typed is posted: nine digits may be somebody's Social Security number, and an address stands
//! in histories and logs (security 20.10). Only the search for a name has an address of its own, so that
//! its list can be paged.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Query},
};
use idp_core::{
    community::{
        field::folded,
        organization::Organization,
        registration::Registration,
        subscriber::{EmailAddress, Subscriber},
        tax_id::{Ein, Prefixes, Ssn, TaxIdNumber},
    },
    ids::{OrganizationId, RegistrationId, SubscriberId},
};
use serde::Deserialize;

use super::registrations::row;
use crate::{
    community::{Office, registrations},
    http::{
        console::{self, AtWork, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{FieldView, ListPage, ListPart, ListRow, SendBy, SupportArea, SupportNav},
    store::{
        AnyConn, StoreError, organization,
        place::Place,
        registration::{After, Sought},
        search, subscriber,
        tax_id::{self, Fingerprint},
    },
};

/// How many of each kind a page has at most.
const SHOWN: i64 = 25;
/// A search is no longer than a name.
const LONGEST: usize = 100;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/search").get(show).post(ask));
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    q: String,
    organizations_after: Option<OrganizationId>,
    people_after: Option<SubscriberId>,
    registrations_after: Option<String>,
}

async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
    let outcome = async {
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        let desk = match console::support(&visit, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        if !Meant::of(wanted.q.trim()).may_stand_in_an_address() {
            return Err(PageError::NotUnderstood);
        }
        find(&visit, &desk, &wanted).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

async fn ask(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = asked(&visit, &body).await;
    visit.answer(outcome)
}

async fn asked(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, Some(body)).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let posted = match console::posted(visit, &desk.office, body, &["q"]).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let q = posted.find("q").unwrap_or_default().trim().to_owned();
    if Meant::of(&q).may_stand_in_an_address() {
        return Ok(see_other(&format!("/support/search?q={}", in_address(&q)), []));
    }
    find(visit, &desk, &Wanted { q, ..Wanted::default() }).await
}

fn in_address(typed: &str) -> String {
    url::form_urlencoded::byte_serialize(typed.as_bytes()).collect()
}

/// What somebody at the desk looks for.
enum Meant {
    Address(EmailAddress),
    /// Nine digits, however they are set apart.
    Number(String),
    /// A name, or a User ID.
    Name,
}

impl Meant {
    fn of(typed: &str) -> Self {
        if let Ok(address) = typed.parse() {
            return Self::Address(address);
        }
        nine_digits(&folded(typed)).map_or(Self::Name, Self::Number)
    }

    const fn may_stand_in_an_address(&self) -> bool {
        matches!(self, Self::Name)
    }
}

/// What was found.
#[derive(Default)]
struct Found {
    organizations: Vec<Organization>,
    people: Vec<Subscriber>,
    registrations: Vec<Registration>,
}

async fn find(visit: &Visit, desk: &AtWork, wanted: &Wanted) -> Result<HttpResponse, PageError> {
    let typed = wanted.q.trim();
    if typed.chars().count() > LONGEST || typed.chars().any(char::is_control) {
        return Err(PageError::NotUnderstood);
    }
    let after = wanted.registrations_after.as_deref().map(str::parse::<Place<_>>).transpose();
    let after = after.map_err(|_| PageError::NotUnderstood)?.and_then(Place::into_parts);
    let Found { organizations, people, registrations } = if typed.is_empty() {
        Found::default()
    } else {
        let (office, wanted) = (desk.office.clone(), wanted.clone());
        visit.db.read(move |conn| look(conn, &office, &wanted, after.as_ref())).await?
    };
    let words = &visit.frame().text.desk;
    let text = visit.frame().text;
    let next = |full: bool, name: &str, id: Option<&str>| {
        id.filter(|_| full).map(|id| format!("/support/search?q={}&{name}={id}", in_address(typed)))
    };
    let is_full = |found: usize| i64::try_from(found) == Ok(SHOWN);
    let parts = vec![
        ListPart {
            id: "organizations",
            heading: words.organizations,
            next: next(
                is_full(organizations.len()),
                "organizations_after",
                organizations.last().map(|last| last.id.as_str()),
            ),
            rows: organizations.into_iter().map(organization_row).collect(),
        },
        ListPart {
            id: "people",
            heading: words.people,
            next: next(
                is_full(people.len()),
                "people_after",
                people.last().map(|last| last.id.as_str()),
            ),
            rows: people.iter().map(person_row).collect(),
        },
        ListPart {
            id: "registrations",
            heading: words.registrations,
            next: next(
                is_full(registrations.len()),
                "registrations_after",
                registrations.last().map(|last| place_of(last).to_string()).as_deref(),
            ),
            rows: registrations.iter().map(|found| row(text, found)).collect(),
        },
    ];
    let (form_token, cookie) = console::form_token(visit);
    let content = ListPage {
        frame: visit.frame(),
        nav: SupportNav { area: SupportArea::Search },
        lead: None,
        fields: vec![FieldView {
            value: typed,
            ..FieldView::line("q", words.search, LONGEST).with_hint(words.search_hint)
        }],
        action: "/support/search",
        by: SendBy::Post(&form_token),
        problem: None,
        parts: if typed.is_empty() { Vec::new() } else { parts },
    };
    Ok(console::with_form(page(StatusCode::OK, &content), cookie))
}

fn organization_row(found: Organization) -> ListRow {
    let address = Some(format!("/support/organizations/{}", found.id));
    ListRow { title: found.name, address, badge: None, facts: Vec::new() }
}

fn person_row(found: &Subscriber) -> ListRow {
    let address = Some(format!("/support/people/{}", found.id));
    ListRow { title: found.name(), address, badge: None, facts: Vec::new() }
}

fn place_of(found: &Registration) -> Place<RegistrationId> {
    Place::at(found.moved_at, found.id.clone())
}

fn look(
    conn: &mut AnyConn,
    office: &Office,
    wanted: &Wanted,
    registrations_after: Option<&After>,
) -> Result<Found, StoreError> {
    let begun = |conn: &mut AnyConn, sought: &Sought| {
        registrations::list(conn, office, sought, registrations_after, SHOWN)
    };
    let typed = wanted.q.trim();
    match Meant::of(typed) {
        Meant::Address(address) => {
            let people = subscriber::by_email(conn, &address)?.into_iter().collect();
            let registrations = begun(conn, &Sought::Email(address))?;
            return Ok(Found { people, registrations, ..Found::default() });
        }
        Meant::Number(digits) => {
            let numbers = fingerprints(office, &digits);
            let organizations = with_numbers(conn, &numbers)?;
            let registrations = begun(conn, &Sought::Numbers(numbers))?;
            return Ok(Found { organizations, registrations, ..Found::default() });
        }
        Meant::Name => {}
    }
    let prefix = folded(typed);
    let organizations =
        search::organizations(conn, &prefix, wanted.organizations_after.as_ref(), SHOWN)?;
    let after = wanted.people_after.as_ref();
    let mut people = search::people(conn, &prefix, after, SHOWN)?;
    if after.is_none() {
        // The User ID, and the name as it is spoken: the given name first.
        let spoken = prefix.rsplit_once(' ').map(|(given, family)| format!("{family} {given}"));
        let by_id = subscriber::for_sign_in(conn, &typed.to_ascii_lowercase())?;
        let mut more: Vec<_> = by_id.into_iter().map(|account| account.subscriber).collect();
        if let Some(spoken) = spoken {
            more.extend(search::people(conn, &spoken, None, SHOWN)?);
        }
        more.retain(|one| people.iter().all(|other| other.id != one.id));
        people.splice(0..0, more);
    }
    let registrations = begun(conn, &Sought::Name(prefix))?;
    Ok(Found { organizations, people, registrations })
}

/// What nine digits can be; also a number with a prefix that Support accepted.
fn fingerprints(office: &Office, digits: &str) -> Vec<Fingerprint> {
    let ein = Ein::read(digits, &Prefixes::any()).map(TaxIdNumber::Ein);
    let ssn = digits.parse::<Ssn>().map(TaxIdNumber::Ssn);
    let numbers = ein.into_iter().chain(ssn);
    numbers.map(|number| office.registry.numbers.fingerprint(&number)).collect()
}

fn with_numbers(
    conn: &mut AnyConn,
    numbers: &[Fingerprint],
) -> Result<Vec<Organization>, StoreError> {
    let mut found = Vec::new();
    for fingerprint in numbers {
        if let Some(number) = tax_id::registered(conn, fingerprint)? {
            found.extend(organization::find(conn, &number.organization)?);
        }
    }
    Ok(found)
}

/// The digits of a Tax ID, however they are set apart.
fn nine_digits(typed: &str) -> Option<String> {
    let apart =
        |c: char| c.is_whitespace() || matches!(c, '-' | '.' | '/' | '\u{2010}'..='\u{2015}');
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let only_digits = typed.chars().all(|c| c.is_ascii_digit() || apart(c));
    (only_digits && digits.len() == 9).then_some(digits)
}
