//! An organization's systems (R83; domain 4.10): made, set up, renewed and stopped.

use idp_core::{
    community::{
        outcome::Outcome,
        permission::{Action, Denied},
        system_client::{
            self, Command, Refusal, SetUp, SystemClient, SystemKeys, SystemRequest, decide,
        },
    },
    ids::{OrganizationId, SystemClientId},
    secret::Secret,
};
use serde_json::json;

use super::{About, Office};
use crate::{
    mail::Extras,
    store::{
        AnyConn, StoreError,
        system_client::{self as store, After},
    },
};

/// How many systems of an organization are looked at together.
const PAGE: i64 = 100;

/// A system and the code that sets it up, which is shown once and is kept nowhere.
#[derive(Debug)]
pub struct WithCode {
    /// The system.
    pub system: SystemClient,
    /// The code.
    pub code: Secret,
}

/// What came of a wish. A refusal is a value, so that what it left in the record is kept.
pub type Decided<T> = Result<T, Refusal>;

/// The systems of one organization, as an Administrator deals with them.
#[derive(Clone)]
pub struct OwnSystems {
    /// The Administrator at work.
    pub office: Office,
    /// Whose systems: those of another organization are not there (security 20.1).
    pub organization: OrganizationId,
    /// Why, for the record, where there is more to tell than who did it.
    pub reason: Option<String>,
}

impl OwnSystems {
    /// Makes a system.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn create(
        &self,
        conn: &mut AnyConn,
        request: SystemRequest,
    ) -> Result<Decided<WithCode>, StoreError> {
        let Office { actor, random, now, .. } = &self.office;
        let (id, code) = (SystemClientId::from_random(random.bytes()), random.secret());
        let made =
            system_client::create(id, request, code.digest(), actor, &self.organization, *now);
        let outcome = match made {
            Ok(outcome) => outcome,
            Err(denied) => return self.refuse(conn, denied.into()),
        };
        store::insert(conn, &outcome.state)?;
        let system = self.carry_out(conn, outcome)?;
        Ok(Ok(WithCode { system, code }))
    }

    /// Makes another code for a system, for other keys or after it has ended; the older one is dead.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn issue_code(
        &self,
        conn: &mut AnyConn,
        id: &SystemClientId,
    ) -> Result<Decided<WithCode>, StoreError> {
        let code = self.office.random.secret();
        let done = self.transition(conn, id, Command::IssueCode { code: code.digest() })?;
        Ok(done.map(|system| WithCode { system, code }))
    }

    /// Lets a system go on for another 180 days.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn renew(
        &self,
        conn: &mut AnyConn,
        id: &SystemClientId,
    ) -> Result<Decided<SystemClient>, StoreError> {
        self.transition(conn, id, Command::Renew)
    }

    /// Stops a system for good. From then on it gets no token, and one that it has is not active.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revoke(
        &self,
        conn: &mut AnyConn,
        id: &SystemClientId,
    ) -> Result<Decided<SystemClient>, StoreError> {
        self.transition(conn, id, Command::Revoke)
    }

    fn transition(
        &self,
        conn: &mut AnyConn,
        id: &SystemClientId,
        command: Command,
    ) -> Result<Decided<SystemClient>, StoreError> {
        let Some(system) = store::load_for_update_of(conn, &self.organization, id)? else {
            return self.refuse(conn, Denied::NotFound.into());
        };
        let outcome = match decide(system, command, &self.office.actor, self.office.now) {
            Ok(outcome) => outcome,
            Err(why) => return self.refuse(conn, why),
        };
        store::save(conn, &outcome.state)?;
        self.carry_out(conn, outcome).map(Ok)
    }

    fn carry_out(
        &self,
        conn: &mut AnyConn,
        outcome: Outcome<SystemClient>,
    ) -> Result<SystemClient, StoreError> {
        let about = About { reason: self.reason.clone(), ..about(&outcome.state) };
        Ok(self.office.carry_out(conn, outcome, &about)?.state)
    }

    fn refuse<T>(&self, conn: &mut AnyConn, why: Refusal) -> Result<Decided<T>, StoreError> {
        if let Refusal::Denied(denied) = why {
            self.office.refused(conn, Action::ManageSystemClient, denied)?;
        }
        Ok(Err(why))
    }
}

/// Sets a system up with its code and the public keys that it brings. `None`: refused, for whatever
/// reason; a wrong code has counted.
///
/// # Errors
/// [`StoreError`].
pub fn set_up(
    conn: &mut AnyConn,
    office: &Office,
    id: &SystemClientId,
    code: &Secret,
    keys: SystemKeys,
) -> Result<Option<SystemClient>, StoreError> {
    let Some(system) = store::load_for_update(conn, id)? else { return Ok(None) };
    let about = about(&system);
    let (outcome, set_up) = system.set_up(&code.digest(), keys, office.now);
    store::save(conn, &outcome.state)?;
    let system = office.carry_out(conn, outcome, &about)?.state;
    Ok((set_up == SetUp::Done).then_some(system))
}

/// What is due for a system by date: it is over, or its Administrators are told that it soon is.
///
/// # Errors
/// [`StoreError`].
pub fn fall_due(
    conn: &mut AnyConn,
    office: &Office,
    id: &SystemClientId,
) -> Result<(), StoreError> {
    let Some(system) = store::load_for_update(conn, id)? else { return Ok(()) };
    let about = about(&system);
    if let Ok(outcome) = decide(system.clone(), Command::Expire, &office.actor, office.now) {
        store::save(conn, &outcome.state)?;
        return office.carry_out(conn, outcome, &about).map(drop);
    }
    office.remind(conn, ("system-ends", id.as_str()), &about, |told_at| {
        system.warning(told_at, office.now)
    })
}

/// Stops all systems of an organization that is closed.
///
/// # Errors
/// [`StoreError`].
pub(super) fn dissolve(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
) -> Result<(), StoreError> {
    let organization = of.clone();
    let own = OwnSystems { office: office.clone(), organization, reason: None };
    let mut after: Option<After> = None;
    loop {
        let found = store::of_organization(conn, of, after.as_ref(), PAGE)?;
        let Some(last) = found.last() else { return Ok(()) };
        after = Some(After { name: last.name.clone(), id: last.id.clone() });
        for system in found {
            // One that was stopped before is refused.
            let _ = own.transition(conn, &system.id, Command::Dissolve)?;
        }
    }
}

/// Which system, for the record and the mails.
fn about(system: &SystemClient) -> About {
    About {
        organization: Some(system.organization.clone()),
        after: Some(json!({
            "system": system.id, "name": system.name, "scopes": system.scopes,
            "purposes": system.purposes,
        })),
        mail: Extras { about: Some(system.name.clone()), ..Extras::default() },
        ..About::default()
    }
}
