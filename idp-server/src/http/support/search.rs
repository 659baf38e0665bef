//! `/support/search`: organizations by name or Tax ID, people by User ID, mail address or name (R23).
//!
//! What is found is a name and where it works: no mail address, no User ID. Those are told to who has
//! shown who they are.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use idp_core::{
    community::{
        field::folded,
        organization::Organization,
        subscriber::{EmailAddress, Subscriber},
        tax_id::{Ein, Ssn, TaxIdNumber},
    },
    ids::{OrganizationId, SubscriberId},
};
use serde::Deserialize;

use crate::{
    community::Office,
    http::{
        console::{self, Entry},
        error::PageError,
        visit::{Visit, page},
    },
    pages::{FieldView, ListPage, ListPart, ListRow, SupportArea, SupportNav},
    store::{AnyConn, StoreError, organization, search, subscriber, tax_id},
};

/// How many of each kind a page has at most.
const SHOWN: i64 = 25;
/// A search is no longer than a name.
const LONGEST: usize = 100;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/support/search").get(show));
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    q: String,
    organizations_after: Option<OrganizationId>,
    people_after: Option<SubscriberId>,
}

async fn show(visit: Visit, wanted: Option<Query<Wanted>>) -> HttpResponse {
    let outcome = async {
        let wanted = wanted.ok_or(PageError::NotUnderstood)?;
        find(&visit, &wanted).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// What was found.
type Found = (Vec<Organization>, Vec<Subscriber>);

async fn find(visit: &Visit, wanted: &Wanted) -> Result<HttpResponse, PageError> {
    let desk = match console::support(visit, None).await? {
        Entry::Open(desk) => desk,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let typed = wanted.q.trim();
    if typed.chars().count() > LONGEST || typed.chars().any(char::is_control) {
        return Err(PageError::NotUnderstood);
    }
    let (organizations, people) = if typed.is_empty() {
        Found::default()
    } else {
        let (office, wanted) = (desk.office.clone(), wanted.clone());
        visit.db.read(move |conn| look(conn, &office, &wanted)).await?
    };
    let words = &visit.frame().text.desk;
    let next = |full: bool, name: &str, id: Option<&str>| {
        id.filter(|_| full).map(|id| {
            let q: String = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect();
            format!("/support/search?q={q}&{name}={id}")
        })
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
    ];
    let content = ListPage {
        frame: visit.frame(),
        nav: SupportNav { area: SupportArea::Search },
        lead: None,
        fields: vec![FieldView {
            value: typed,
            ..FieldView::line("q", words.search, LONGEST).with_hint(words.search_hint)
        }],
        action: "/support/search",
        problem: None,
        parts: if typed.is_empty() { Vec::new() } else { parts },
    };
    Ok(page(StatusCode::OK, &content))
}

fn organization_row(found: Organization) -> ListRow {
    let address = Some(format!("/support/organizations/{}", found.id));
    ListRow { title: found.name, address, badge: None, facts: Vec::new() }
}

fn person_row(found: &Subscriber) -> ListRow {
    let address = Some(format!("/support/people/{}", found.id));
    ListRow { title: found.name(), address, badge: None, facts: Vec::new() }
}

fn look(conn: &mut AnyConn, office: &Office, wanted: &Wanted) -> Result<Found, StoreError> {
    let typed = wanted.q.trim();
    if let Ok(address) = typed.parse::<EmailAddress>() {
        let found = subscriber::by_email(conn, &address)?;
        return Ok((Vec::new(), found.into_iter().collect()));
    }
    let prefix = folded(typed);
    if let Some(digits) = nine_digits(&prefix) {
        let ein = digits.parse::<Ein>().map(TaxIdNumber::Ein);
        let ssn = digits.parse::<Ssn>().map(TaxIdNumber::Ssn);
        let mut found = Vec::new();
        for number in ein.into_iter().chain(ssn) {
            let fingerprint = office.registry.numbers.fingerprint(&number);
            if let Some(number) = tax_id::registered(conn, &fingerprint)? {
                found.extend(organization::find(conn, &number.organization)?);
            }
        }
        return Ok((found, Vec::new()));
    }
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
    Ok((organizations, people))
}

/// The digits of a Tax ID, however they are set apart.
fn nine_digits(typed: &str) -> Option<String> {
    let apart =
        |c: char| c.is_whitespace() || matches!(c, '-' | '.' | '/' | '\u{2010}'..='\u{2015}');
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let only_digits = typed.chars().all(|c| c.is_ascii_digit() || apart(c));
    (only_digits && digits.len() == 9).then_some(digits)
}
