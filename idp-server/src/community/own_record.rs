//! An organization's own record: what was done, by whom, to whom, and where its people went with
//! which Tax ID (R26; security 20.1, 20.2). Who it was is told as far as they are the organization's;
//! of everybody else no more than that it was somebody else.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use idp_core::{
    audit::{self, Event, Kind},
    community::{
        own_record::{Part, part},
        permission::{Action, Denied, Target, may},
        tax_id::TaxId,
    },
    ids::{OrganizationId, SiteId, SubscriberId},
};

use super::{Office, nomination::administrator};
use crate::store::{
    self, AnyConn, StoreError,
    audit::Cursor,
    own_record::{self as stored, Name, Narrowed},
    tax_id,
};

/// Longer than any User ID.
const LONGEST: usize = 64;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Only this kind; one that [`part`] has.
    pub kind: Option<Kind>,
    /// Only what happened to whoever has this User ID.
    pub user_id: Option<String>,
    /// Only what happened at this site.
    pub site: Option<SiteId>,
    /// Only from then on.
    pub from: Option<DateTime<Utc>>,
    /// Only before then.
    pub until: Option<DateTime<Utc>>,
}

/// What is looked for, as an address has it. What is empty narrows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoughtForm<'a> {
    /// The spelling of a kind.
    pub kind: &'a str,
    /// A User ID, as people type it.
    pub person: &'a str,
    /// The identifier of a site.
    pub site: &'a str,
    /// The first day, `YYYY-MM-DD`.
    pub from: &'a str,
    /// The last day.
    pub until: &'a str,
}

/// Which field of the form holds nothing that could be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not valid")]
pub struct Invalid(pub &'static str);

impl SoughtForm<'_> {
    /// Reads the form.
    ///
    /// # Errors
    /// [`Invalid`]: the first field that is.
    pub fn read(self) -> Result<Sought, Invalid> {
        let kind = match self.kind {
            "" => None,
            code => Some(code.parse::<Kind>().map_err(|_| Invalid("kind"))?),
        };
        if kind.is_some_and(|kind| part(kind).is_none()) {
            return Err(Invalid("kind"));
        }
        let person = self.person.trim();
        if person.chars().count() > LONGEST || person.chars().any(char::is_control) {
            return Err(Invalid("person"));
        }
        let site = match self.site {
            "" => None,
            id => Some(id.parse::<SiteId>().map_err(|_| Invalid("site"))?),
        };
        Ok(Sought {
            kind,
            user_id: (!person.is_empty()).then(|| person.to_lowercase()),
            site,
            from: day(self.from, TimeDelta::zero()).ok_or(Invalid("from"))?,
            // The last day counts.
            until: day(self.until, TimeDelta::days(1)).ok_or(Invalid("until"))?,
        })
    }
}

/// The beginning of a day, or of one some days later; `None` if there is no such day.
#[expect(clippy::option_option, reason = "no day, and none that is asked for, are two things")]
fn day(text: &str, plus: TimeDelta) -> Option<Option<DateTime<Utc>>> {
    if text.is_empty() {
        return Some(None);
    }
    let begins = text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc();
    begins.checked_add_signed(plus).map(Some)
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What.
    pub kind: Kind,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub by: By,
    /// To whom.
    pub whom: Option<String>,
    /// At which site.
    pub site: Option<SiteId>,
    /// With which Tax IDs somebody went there, as they may be shown; `None`: one under which the
    /// organization no longer acts.
    pub tax_ids: Vec<Option<String>>,
    /// The roles that somebody had from then on, by their codes, where they may have changed.
    pub roles: Vec<String>,
    /// Why, where one of the organization's own people said so.
    pub reason: Option<String>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Hilum itself.
    Hilum,
    /// Somebody of the organization, by name.
    Own(String),
    /// Somebody who is none of the organization's people (security 20.2).
    SomebodyElse,
    /// A site.
    Site(SiteId),
}

/// Some of the record.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// Where it goes on, if it does.
    pub next: Option<Cursor>,
}

/// Why nothing is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Nobody of the organization has the User ID that is looked for.
    #[error("nobody of your organization has this User ID")]
    Nobody,
}

/// Reads at most `most` events of the record of the office's organization.
///
/// # Errors
/// [`StoreError`].
pub fn read(
    conn: &mut AnyConn,
    office: &Office,
    sought: &Sought,
    before: Option<&Cursor>,
    most: usize,
) -> Result<Result<Found, Refusal>, StoreError> {
    let of = match reader(office) {
        Ok(of) => of,
        Err(denied) => return Ok(Err(denied.into())),
    };
    let person = match &sought.user_id {
        None => None,
        Some(user_id) => match stored::person(conn, of, user_id)? {
            None => return Ok(Err(Refusal::Nobody)),
            found => found,
        },
    };
    let narrowed = Narrowed {
        kinds: match sought.kind {
            Some(kind) => vec![kind],
            None => Part::ALL.into_iter().flat_map(Part::kinds).collect(),
        },
        person,
        site: sought.site.clone(),
        from: sought.from,
        until: sought.until,
    };
    let mut events = stored::page(conn, of, &narrowed, before, most.saturating_add(1))?;
    let more = events.len() > most;
    events.truncate(most);
    let next = events.last().filter(|_| more).map(store::audit::behind);
    let known = Known::of(conn, office, of, &events)?;
    let entries = events.into_iter().map(|event| known.entry(event)).collect();
    Ok(Ok(Found { entries, next }))
}

/// Writes down that somebody takes the record away as a file.
///
/// # Errors
/// [`StoreError`].
pub fn export(conn: &mut AnyConn, office: &Office) -> Result<Result<(), Denied>, StoreError> {
    if let Err(denied) = reader(office) {
        office.refused(conn, Action::ReadOrganization, denied)?;
        return Ok(Err(denied));
    }
    store::audit::record(conn, &[office.event(Kind::OrgRecordExported)])?;
    Ok(Ok(()))
}

/// Whose record somebody may read.
fn reader(office: &Office) -> Result<&OrganizationId, Denied> {
    let (_, of) = administrator(office)?;
    may(&office.actor, Action::ReadOrganization, Target::Organization(of))?;
    Ok(of)
}

/// What the organization knows of those whom some events are about.
struct Known {
    names: BTreeMap<SubscriberId, Name>,
    tax_ids: Vec<TaxId>,
}

impl Known {
    fn of(
        conn: &mut AnyConn,
        office: &Office,
        of: &OrganizationId,
        events: &[Event],
    ) -> Result<Self, StoreError> {
        let people: BTreeSet<&SubscriberId> = events
            .iter()
            .flat_map(|event| event.subject.iter().chain(person(&event.actor)))
            .collect();
        Ok(Self {
            names: stored::names(conn, of, &people)?,
            tax_ids: tax_id::acted_under(conn, of, &*office.open_ssn)?,
        })
    }

    fn entry(&self, event: Event) -> Entry {
        let by = match &event.actor {
            audit::Actor::Job(_) => By::Hilum,
            audit::Actor::Nobody | audit::Actor::Operator(_) => By::SomebodyElse,
            audit::Actor::Site(site) => By::Site(site.clone()),
            audit::Actor::Subscriber(id) => match self.names.get(id) {
                Some(name) if name.is_own => By::Own(name.text.clone()),
                Some(_) | None => By::SomebodyElse,
            },
        };
        // What Support and others noted for themselves is not for the organization; and why Hilum
        // refused something is said in words of its own.
        let is_told = matches!(by, By::Own(_)) && event.kind != Kind::AccessRefused;
        let name = |id: &SubscriberId| self.names.get(id).map(|name| name.text.clone());
        Entry {
            kind: event.kind,
            at: event.at,
            whom: event.subject.as_ref().and_then(name),
            tax_ids: self.tax_ids_of(&event),
            roles: texts(&event, "roles").map(str::to_owned).collect(),
            site: event.site,
            reason: event.reason.filter(|_| is_told),
            by,
        }
    }

    /// With which numbers somebody went to a site. The record has them by their names in Hilum.
    fn tax_ids_of(&self, event: &Event) -> Vec<Option<String>> {
        if part(event.kind) != Some(Part::Visits) {
            return Vec::new();
        }
        let shown = |id: &str| {
            let own = self.tax_ids.iter().find(|own| own.id.as_str() == id);
            own.map(|own| own.number.shown())
        };
        texts(event, "tax_ids").map(shown).collect()
    }
}

/// The texts of a list that an event tells of the state after it.
fn texts<'a>(event: &'a Event, name: &str) -> impl Iterator<Item = &'a str> {
    let list = event.after.as_ref().and_then(|after| after.get(name)?.as_array());
    list.into_iter().flatten().filter_map(serde_json::Value::as_str)
}

const fn person(actor: &audit::Actor) -> Option<&SubscriberId> {
    match actor {
        audit::Actor::Subscriber(id) => Some(id),
        audit::Actor::Job(_)
        | audit::Actor::Nobody
        | audit::Actor::Operator(_)
        | audit::Actor::Site(_) => None,
    }
}
