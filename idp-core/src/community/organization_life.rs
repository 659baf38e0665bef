//! The life of an organization that takes part (R4, R7, R14; domain 4.1).
//!
//! ```text
//!   approved ─► Active ◄──resume── Suspended ──┐      without an Administrator or a number, or
//!                 ├────suspend────────►│       │      after a breach of the agreement
//!                 └──asked by an Administrator, approved by the lead──► Closed
//! ```
//!
//! The wish to leave waits for [`CLOSING_LASTS`]; any Administrator and the support desk can drop it
//! until then, and after that it counts for nothing.
//!
//! Closing is final and holds at once: nobody acts for a closed organization, and nothing of it can
//! be taken up. What it leaves behind is brought to an end with it, by the `Dissolve` command of each
//! thing's own life: its numbers are free or go to whoever asked for them, its people's affiliations
//! and its systems end, and whatever waits for its Administrators is answered. A whole is closed
//! after its parts, which act under its numbers.

#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    actor::Actor,
    end_access::{Cause, Ending, Whose},
    field::{LONGEST_NAME, Objections, line, optional_line},
    news::{News, Recipient},
    npi::Npi,
    organization::{Organization, OrganizationStatus},
    outcome::{Effect, Outcome, Switch},
    permission::{Action, Denied, Target, may},
    reminder,
    site::{OrgEnablement, Site, SiteStatus},
    ticket::TicketKind,
};
use crate::{
    audit::Kind,
    ids::{OrganizationId, SubscriberId},
};

/// After how many days an organization is asked whether its data are right, and asked again.
const CONFIRM: [u32; 3] = [365, 379, 393];

/// How long a wish to close an organization waits for the second person.
pub const CLOSING_LASTS: TimeDelta = TimeDelta::days(30);

/// The wish to close an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The Administrator who asked.
    pub by: SubscriberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// An organization, as far as its life goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Which.
    pub id: OrganizationId,
    /// How it stands.
    pub state: State,
    /// That somebody asked to close it; the lead of the support desk has not approved. Whether it still
    /// counts, [`Self::closing_at`] says.
    pub closing: Option<Closing>,
    /// When an Administrator last confirmed that its data are right.
    pub confirmed_at: DateTime<Utc>,
}

impl Body {
    /// The wish to close it that counts at `now`: one that nobody decided on in time is over by date.
    #[must_use]
    pub fn closing_at(&self, now: DateTime<Utc>) -> Option<&Closing> {
        let open = self.state != State::Closed;
        self.closing.as_ref().filter(|wish| open && now < wish.at + CLOSING_LASTS)
    }
}

/// How an organization stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It takes part.
    Active,
    /// It left for good.
    Closed,
    /// It is stopped for now.
    Suspended(Suspension),
}

/// Why an organization is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspension {
    /// It broke the agreement.
    Breach,
    /// It has no Administrator.
    NoAdministrator,
    /// It has no Tax ID.
    NoTaxId,
}

impl Suspension {
    /// Every reason there is.
    pub const ALL: [Self; 3] = [Self::Breach, Self::NoAdministrator, Self::NoTaxId];

    /// Its code, in forms and rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Breach => "breach",
            Self::NoAdministrator => "no-administrator",
            Self::NoTaxId => "no-tax-id",
        }
    }
}

impl State {
    /// What the organization's row, and a sign-on, say of it.
    #[must_use]
    pub const fn status(self) -> OrganizationStatus {
        match self {
            Self::Active => OrganizationStatus::Active,
            Self::Closed => OrganizationStatus::Closed,
            Self::Suspended(_) => OrganizationStatus::Suspended,
        }
    }

    /// Whether its own Administrators may do nothing there. One that lacks a number or an Administrator
    /// is put right by them; a breach of the agreement is between it and Support.
    #[must_use]
    pub const fn bars_its_administrators(self) -> bool {
        match self {
            Self::Active | Self::Suspended(Suspension::NoAdministrator | Suspension::NoTaxId) => {
                false
            }
            Self::Closed | Self::Suspended(Suspension::Breach) => true,
        }
    }
}

/// What a decision rests on, beside the organization itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How many active Administrators it has.
    pub administrators: usize,
    /// Whether it has a number, or acts as a part of another organization.
    pub number: HasNumber,
    /// How many parts of it have not been closed.
    pub parts: usize,
}

/// Whether an organization has a number of its own or of the whole that it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HasNumber {
    /// It has none.
    No,
    /// It has one.
    Yes,
}

/// What somebody wants.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// Ask that it be closed.
    AskToClose,
    /// Close it, as the second person.
    Close,
    /// Confirm that its data are right.
    Confirm,
    /// Drop the wish that it be closed.
    KeepOpen,
    /// Note that nobody decided in time on the wish that it be closed.
    LetClosingLapse,
    /// Let it take part again.
    Resume,
    /// Stop it for now.
    Suspend(Suspension),
    /// Switch a site on or off.
    SwitchSite {
        /// Which.
        site: &'a Site,
        /// Which way.
        to: Switch,
    },
}

impl Command<'_> {
    /// What somebody has to be allowed.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            Self::AskToClose => Action::AskToClose,
            Self::Close => Action::CloseOrganization,
            Self::Confirm => Action::ConfirmOrganization,
            Self::KeepOpen => Action::KeepOrganization,
            Self::LetClosingLapse => Action::Expire,
            Self::Resume => Action::ResumeOrganization,
            Self::Suspend(_) => Action::SuspendOrganization,
            Self::SwitchSite { .. } => Action::SwitchSite,
        }
    }
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It has no Administrator or no number: what stopped it is still so.
    #[error("the organization still has no Administrator or no Tax ID")]
    NotReady,
    /// The site is open to all organizations, or not live.
    #[error("this site cannot be switched on or off by an organization")]
    NotSwitchable,
    /// The organization does not stand so.
    #[error("this cannot be done to an organization that stands like this")]
    OutOfOrder,
    /// Parts of it take part, and act under its numbers: they are closed before it.
    #[error("this organization has parts: close these first")]
    PartsLeft,
    /// Two persons are needed.
    #[error("somebody else has to approve this")]
    SamePerson,
}

/// Where a command leads.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    body: Body,
    command: Command<'_>,
    facts: Facts,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Body>, Refusal> {
    may(actor, command.action(), Target::Organization(&body.id))?;
    let administrators = Recipient::AdministratorsOf(body.id.clone());
    let ending =
        |cause| Effect::EndAccess(Ending { whose: Whose::Organization(body.id.clone()), cause });
    match (body.state, command) {
        (State::Active, Command::Suspend(why)) => {
            let ending = ending(Cause::OrganizationSuspended);
            Ok(Outcome::new(Body { state: State::Suspended(why), ..body }, Kind::OrgSuspended)
                .telling(administrators, News::OrganizationSuspended)
                .with(ending))
        }
        (State::Suspended(_), Command::Resume) => {
            if facts.administrators == 0 || facts.number == HasNumber::No {
                return Err(Refusal::NotReady);
            }
            Ok(Outcome::new(Body { state: State::Active, ..body }, Kind::OrgResumed)
                .telling(administrators, News::OrganizationResumed))
        }
        (State::Active | State::Suspended(_), Command::AskToClose)
            if body.closing_at(now).is_none() =>
        {
            let closing = actor.person().map(|by| Closing { by: by.clone(), at: now });
            Ok(Outcome::new(Body { closing, ..body }, Kind::OrgClosingAsked)
                .telling(administrators, News::OrganizationClosing)
                .with(Effect::OpenTicket(TicketKind::Contact)))
        }
        (State::Active | State::Suspended(_), Command::KeepOpen)
            if body.closing_at(now).is_some() =>
        {
            Ok(Outcome::new(Body { closing: None, ..body }, Kind::OrgClosingDropped)
                .telling(administrators, News::OrganizationStays))
        }
        (State::Active | State::Suspended(_), Command::LetClosingLapse)
            if body.closing.is_some() && body.closing_at(now).is_none() =>
        {
            Ok(Outcome::new(Body { closing: None, ..body }, Kind::OrgClosingDropped)
                .telling(administrators, News::OrganizationStays))
        }
        (State::Active | State::Suspended(_), Command::Close) => {
            let asked = body.closing_at(now).ok_or(Refusal::OutOfOrder)?;
            if Some(&asked.by) == actor.person() {
                return Err(Refusal::SamePerson);
            }
            if facts.parts > 0 {
                return Err(Refusal::PartsLeft);
            }
            let dissolve = Effect::Dissolve(body.id.clone());
            let ending = ending(Cause::OrganizationClosed);
            Ok(Outcome::new(Body { state: State::Closed, closing: None, ..body }, Kind::OrgClosed)
                .telling(administrators, News::OrganizationClosed)
                .with(ending)
                .with(dissolve))
        }
        (State::Active, Command::Confirm) => {
            Ok(Outcome::new(Body { confirmed_at: now, ..body }, Kind::OrgConfirmed))
        }
        (State::Active, Command::SwitchSite { site, to }) => switch(body, site, to),
        (
            State::Active | State::Closed | State::Suspended(_),
            Command::AskToClose
            | Command::Close
            | Command::Confirm
            | Command::KeepOpen
            | Command::LetClosingLapse
            | Command::Resume
            | Command::Suspend(_)
            | Command::SwitchSite { .. },
        ) => Err(Refusal::OutOfOrder),
    }
}

/// Off: what the site was given by affiliations of this organization ends.
fn switch(body: Body, site: &Site, to: Switch) -> Result<Outcome<Body>, Refusal> {
    let by_administrator = site.release.org_enablement == OrgEnablement::ByAdministrator;
    if !by_administrator || site.status != SiteStatus::Live {
        return Err(Refusal::NotSwitchable);
    }
    let (kind, cause) = match to {
        Switch::Off => (Kind::OrgSiteSwitchedOff, Some(Cause::SiteSwitchedOff)),
        Switch::On => (Kind::OrgSiteSwitchedOn, None),
    };
    let (organization, site) = (body.id.clone(), site.id.clone());
    let whose = Whose::OrganizationAtSite(organization.clone(), site.clone());
    let ending = cause.map(|cause| Effect::EndAccess(Ending { whose, cause }));
    Ok(Outcome::new(body, kind)
        .with(Effect::SwitchSite { organization, site, on: to })
        .with_any(ending))
}

/// A part, as its form says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name in which it acts.
    pub name: String,
    /// Its own NPI, if it has one.
    pub npi: Option<Npi>,
}

/// The form of a [`Part`].
#[derive(Clone, Copy, Debug, Default)]
pub struct PartForm<'a> {
    /// Name.
    pub name: &'a str,
    /// NPI; empty if it has none.
    pub npi: &'a str,
}

impl PartForm<'_> {
    /// Reads the form.
    ///
    /// # Errors
    /// All that is wrong with it, by field: `name`, `npi`.
    pub fn read(self) -> Result<Part, Objections> {
        let mut found = Objections::default();
        let name = found.take("name", line(self.name, LONGEST_NAME));
        let typed = found.take("npi", optional_line(self.npi, 40)).flatten();
        let npi = typed.and_then(|text| found.take("npi", text.parse::<Npi>()));
        found.unless_any(name.map(|name| Part { name, npi }))
    }
}

/// A part of an organization: a facility that acts in its own name. It takes part at once, because
/// the whole has agreed and its Administrator is proved; whoever adds it is its first Administrator.
/// A part has no parts: sites are told of one parent (domain 3.1).
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn add_part(
    whole: &Organization,
    id: OrganizationId,
    name: String,
    npi: Option<Npi>,
    actor: &Actor,
) -> Result<Outcome<Organization>, Refusal> {
    may(actor, Action::RegisterPart, Target::Organization(&whole.id))?;
    if whole.status != OrganizationStatus::Active || whole.parent.is_some() {
        return Err(Refusal::OutOfOrder);
    }
    let parent = Some(whole.id.clone());
    let part = Organization { id, name, parent, npi, status: OrganizationStatus::Active };
    Ok(Outcome::new(part, Kind::OrgApproved)
        .noted(Kind::AdminPromoted)
        .telling(Recipient::AdministratorsOf(whole.id.clone()), News::PartAdded))
}

/// Whether the organization is to be asked at `now` if its data are right; `told_at`: the last time.
#[must_use]
pub fn confirmation_due(
    body: &Body,
    told_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<(Recipient, News)> {
    if body.state != State::Active {
        return None;
    }
    reminder::due(&CONFIRM, body.confirmed_at, told_at, now)?;
    Some((Recipient::AdministratorsOf(body.id.clone()), News::PleaseConfirm))
}
