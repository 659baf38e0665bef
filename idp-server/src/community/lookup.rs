//! Whom and what the support desk finds: organizations by name or Tax ID, people by User ID, mail
//! address or name, and registrations at every stage by the same (R23).
//!
//! What is typed may be somebody's Social Security number or address, and such a thing stands in no
//! history and no log (security 20.10): [`Words::may_stand_in_an_address`] says which do.

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

use super::{Office, looking, registrations};
use crate::store::{
    AnyConn, StoreError, organization,
    place::Place,
    registration::Sought,
    search, subscriber,
    tax_id::{self, Fingerprint},
};

/// How many of each kind a page has at most.
pub const SHOWN: i64 = 25;
/// A search is no longer than a name, in characters.
pub const LONGEST: usize = 100;

/// What somebody typed, in one line.
#[derive(Clone, Debug, Default)]
pub struct Words(String);

/// Nobody looks for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write what you look for in one line of at most {LONGEST} characters")]
pub struct NotSought;

impl Words {
    /// Reads what somebody typed; it may be nothing.
    ///
    /// # Errors
    /// [`NotSought`].
    pub fn read(typed: &str) -> Result<Self, NotSought> {
        let typed = typed.trim();
        if typed.chars().count() > LONGEST || typed.chars().any(char::is_control) {
            return Err(NotSought);
        }
        Ok(Self(typed.to_owned()))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// By what is looked for; `None`: nothing was typed.
    #[must_use]
    pub fn sought(&self) -> Option<looking::Sought> {
        let meant = (!self.0.is_empty()).then(|| Meant::of(&self.0))?;
        Some(match meant {
            Meant::Address(_) => looking::Sought::Address,
            Meant::Name => looking::Sought::Name,
            Meant::Number(_) => looking::Sought::Number,
        })
    }

    /// Whether they are a name or a User ID, and neither an address nor a number.
    #[must_use]
    pub fn may_stand_in_an_address(&self) -> bool {
        matches!(Meant::of(&self.0), Meant::Name)
    }
}

/// What is looked for, and behind which of each kind.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What was typed.
    pub words: Words,
    /// Where the organizations go on.
    pub organizations_after: Option<OrganizationId>,
    /// Where the people go on.
    pub people_after: Option<SubscriberId>,
    /// Where the registrations go on.
    pub registrations_after: Option<Place<RegistrationId>>,
}

/// What was found, with where each list goes on if it does.
#[derive(Debug, Default)]
pub struct Found {
    /// By name, or by number.
    pub organizations: Vec<Organization>,
    /// Where they go on.
    pub more_organizations: Option<OrganizationId>,
    /// Whoever has this User ID or address first, then by name.
    pub people: Vec<Subscriber>,
    /// Where they go on.
    pub more_people: Option<SubscriberId>,
    /// What has waited the longest first.
    pub registrations: Vec<Registration>,
    /// Where they go on.
    pub more_registrations: Option<Place<RegistrationId>>,
}

/// What somebody at the desk means.
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
}

/// Looks for what was typed; finds nothing where nothing was.
///
/// # Errors
/// [`StoreError`].
pub fn look(conn: &mut AnyConn, office: &Office, wanted: &Wanted) -> Result<Found, StoreError> {
    let typed = wanted.words.as_str();
    if typed.is_empty() {
        return Ok(Found::default());
    }
    let after = wanted.registrations_after.clone().and_then(Place::into_parts);
    let begun = |conn: &mut AnyConn, sought: &Sought| {
        registrations::list(conn, office, sought, after.as_ref(), SHOWN)
    };
    let mut found = Found::default();
    match Meant::of(typed) {
        Meant::Address(address) => {
            found.people = subscriber::by_email(conn, &address)?.into_iter().collect();
            found.registrations = begun(conn, &Sought::Email(address))?;
        }
        Meant::Number(digits) => {
            let numbers = fingerprints(office, &digits);
            found.organizations = with_numbers(conn, &numbers)?;
            found.registrations = begun(conn, &Sought::Numbers(numbers))?;
        }
        Meant::Name => {
            let prefix = folded(typed);
            let after = wanted.organizations_after.as_ref();
            found.organizations = search::organizations(conn, &prefix, after, SHOWN)?;
            found.more_organizations = last_of(&found.organizations, |last| last.id.clone());
            (found.people, found.more_people) = named(conn, wanted, &prefix)?;
            found.registrations = begun(conn, &Sought::Name(prefix))?;
        }
    }
    let place = |last: &Registration| Place::at(last.moved_at, last.id.clone());
    found.more_registrations = last_of(&found.registrations, place);
    Ok(found)
}

/// The last one of a page that is full.
fn last_of<T, P>(found: &[T], place: impl Fn(&T) -> P) -> Option<P> {
    found.last().filter(|_| i64::try_from(found.len()) == Ok(SHOWN)).map(place)
}

/// People of this name, and before them on the first page who has it for a User ID, and whose name it
/// is as it is spoken: the given name first.
fn named(
    conn: &mut AnyConn,
    wanted: &Wanted,
    prefix: &str,
) -> Result<(Vec<Subscriber>, Option<SubscriberId>), StoreError> {
    let after = wanted.people_after.as_ref();
    let mut people = search::people(conn, prefix, after, SHOWN)?;
    let more = last_of(&people, |last| last.id.clone());
    if after.is_none() {
        let spoken = prefix.rsplit_once(' ').map(|(given, family)| format!("{family} {given}"));
        let by_id = subscriber::for_sign_in(conn, &wanted.words.as_str().to_ascii_lowercase())?;
        let mut first: Vec<_> = by_id.into_iter().map(|account| account.subscriber).collect();
        if let Some(spoken) = spoken {
            first.extend(search::people(conn, &spoken, None, SHOWN)?);
        }
        first.retain(|one| people.iter().all(|other| other.id != one.id));
        people.splice(0..0, first);
    }
    Ok((people, more))
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
