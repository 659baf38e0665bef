//! What an Administrator or Support does for somebody who cannot help themselves: use cases over
//! one connection, for the command line now and for the consoles later.
//!
//! Whoever calls has made sure who is asking, and says how. None of this opens an account by itself:
//! the mailbox is proved after a handed-over code (security 17.7), and a lost factor waits a day.

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        lockout::Lockout,
        mailed_code::{CodePurpose, MailedCode},
        recovery::Gate,
    },
    community::subscriber::{AccountRules, Standing, Subscriber},
    ids::{EventId, FactorResetId},
    mail::{Helper, Mail},
    secret::SecretDigest,
};
use serde_json::json;

use crate::{
    mail::Post,
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, Taken, audit, end_access, factor,
        factor_reset::{self, FactorReset, ResetState},
        lockout, mailed_code, self_help, subscriber,
    },
};

/// How long the removal of a lost factor waits, so that its owner can stop it (domain 4.6).
pub const FACTOR_RESET_WAITS: TimeDelta = TimeDelta::hours(24);

/// Somebody at the help desk, and how they made sure who is asking.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Who acts, for the audit record.
    pub actor: Actor,
    /// As whom.
    pub helper: Helper,
    /// How they made sure.
    pub checked: String,
    /// When.
    pub now: DateTime<Utc>,
    /// When an account may be used.
    pub rules: AccountRules,
}

/// Why somebody cannot be helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The account is suspended, terminated or closed: that is to be decided first.
    Account(Standing),
    /// There is no mailbox in which the rest could be proved.
    NoMailbox,
    /// There is nothing of the kind: no factor to remove, no removal to stop.
    Nothing,
    /// Nobody has this User ID.
    Unknown,
    /// A removal waits already.
    Waiting,
}

impl Desk {
    /// Makes a code with which the person can go on where the secret questions do not lead. It is
    /// shown once, to be handed over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn issue_code(
        &self,
        conn: &mut AnyConn,
        post: &Post,
        random: &Random,
        name: &str,
    ) -> Result<Result<MailedCode, Refusal>, StoreError> {
        let person = match self.person(conn, name)? {
            Ok(person) => person,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let standing = person.standing(&self.rules, self.now);
        if !Gate::HandedOver.opens(standing) {
            return Ok(Err(Refusal::Account(standing)));
        }
        if person.email.is_none() {
            return Ok(Err(Refusal::NoMailbox));
        }
        let (purpose, code) = (CodePurpose::ResetHandedOver, post.draw_code());
        let digest = post.digest(&code, purpose, &person.id);
        if mailed_code::issue(conn, &person.id, purpose, digest, self.now)?.is_err() {
            return Ok(Err(Refusal::Waiting)); // people's codes are not capped
        }
        post.notify(conn, &person.id, Mail::CodeHandedOver { by: self.helper }, self.now)?;
        self.record(conn, random, Kind::ResetCodeIssued, &person)?;
        Ok(Ok(code))
    }

    /// Takes off a lock, and opens self-help again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unlock(
        &self,
        conn: &mut AnyConn,
        random: &Random,
        name: &str,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let person = match self.person(conn, name)? {
            Ok(person) => person,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let digest = SecretDigest::of(person.user_id.as_str());
        lockout::load_for_update(conn, &digest, self.now)?;
        lockout::save(conn, &digest, Lockout::CLEAR, self.now)?;
        self_help::reopen(conn, &digest)?;
        self.record(conn, random, Kind::AccountUnlocked, &person)?;
        Ok(Ok(()))
    }

    /// Begins the removal of all second factors of somebody who has lost them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn request_factor_reset(
        &self,
        conn: &mut AnyConn,
        post: &Post,
        random: &Random,
        name: &str,
    ) -> Result<Result<DateTime<Utc>, Refusal>, StoreError> {
        let person = match self.person(conn, name)? {
            Ok(person) => person,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let standing = person.standing(&self.rules, self.now);
        if standing != Standing::Active {
            return Ok(Err(Refusal::Account(standing)));
        }
        if person.email.is_none() {
            return Ok(Err(Refusal::NoMailbox));
        }
        if factor::of_subscriber(conn, &person.id)?.is_empty() {
            return Ok(Err(Refusal::Nothing));
        }
        if factor_reset::waiting(conn, &person.id)?.is_some() {
            return Ok(Err(Refusal::Waiting));
        }
        let reset = FactorReset {
            id: FactorResetId::from_random(random.bytes()),
            subscriber: person.id.clone(),
            helper: self.helper,
            checked: self.checked.clone(),
            state: ResetState::Waiting,
            requested_at: self.now,
            due_at: self.now + FACTOR_RESET_WAITS,
        };
        match factor_reset::request(conn, &reset) {
            // Somebody else asked at the same moment.
            Err(StoreError::Conflict(Taken::Other)) => return Err(StoreError::Unavailable),
            other => other?,
        }
        let (purpose, code) = (CodePurpose::StopFactorReset, post.draw_code());
        let digest = post.digest(&code, purpose, &person.id);
        if mailed_code::issue(conn, &person.id, purpose, digest, self.now)?.is_err() {
            return Err(StoreError::Unavailable); // without a way to stop it there is no removal
        }
        let mail = Mail::FactorResetStarted {
            by: self.helper,
            code,
            due_at: reset.due_at,
            reset: reset.id,
        };
        post.notify(conn, &person.id, mail, self.now)?;
        self.record(conn, random, Kind::FactorResetRequested, &person)?;
        Ok(Ok(reset.due_at))
    }

    /// Stops a removal that waits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cancel_factor_reset(
        &self,
        conn: &mut AnyConn,
        post: &Post,
        random: &Random,
        name: &str,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let person = match self.person(conn, name)? {
            Ok(person) => person,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(reset) = factor_reset::waiting(conn, &person.id)? else {
            return Ok(Err(Refusal::Nothing));
        };
        if !factor_reset::settle(conn, &reset.id, ResetState::Cancelled, self.now)? {
            return Ok(Err(Refusal::Nothing));
        }
        mailed_code::withdraw(conn, &person.id, CodePurpose::StopFactorReset)?;
        post.notify(conn, &person.id, Mail::FactorResetCancelled, self.now)?;
        self.record(conn, random, Kind::FactorResetCancelled, &person)?;
        Ok(Ok(()))
    }

    fn person(
        &self,
        conn: &mut AnyConn,
        name: &str,
    ) -> Result<Result<Subscriber, Refusal>, StoreError> {
        let name = name.trim().to_ascii_lowercase();
        let found = subscriber::for_sign_in(conn, &name)?;
        Ok(found.map(|account| account.subscriber).ok_or(Refusal::Unknown))
    }

    fn record(
        &self,
        conn: &mut AnyConn,
        random: &Random,
        kind: Kind,
        person: &Subscriber,
    ) -> Result<(), StoreError> {
        let id = EventId::from_random(random.bytes());
        let event = Event::new(id, self.now, kind, self.actor.clone())
            .to(person.id.clone())
            .after(json!({ "as": self.helper }))
            .because(self.checked.clone());
        audit::record(conn, &[event])
    }
}

/// Carries out a removal whose day has come: factors, recovery codes and sessions are gone, and the
/// person is told. `false` if it was stopped meanwhile, or another node was faster.
///
/// # Errors
/// [`StoreError`].
pub fn finish_factor_reset(
    conn: &mut AnyConn,
    post: &Post,
    random: &Random,
    reset: &FactorReset,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if !factor_reset::settle(conn, &reset.id, ResetState::Done, now)? {
        return Ok(false);
    }
    let person = &reset.subscriber;
    let removed = factor::remove_all(conn, person)?;
    mailed_code::withdraw(conn, person, CodePurpose::StopFactorReset)?;
    let actor = Actor::Job("factor-reset".to_owned());
    let ending = Ending { actor: actor.clone(), address: None, cause: Cause::FactorsReset, now };
    let everywhere = Scope::SessionsOfSubscriber { subscriber: person.clone(), except: None };
    end_access(conn, &everywhere, &ending, random)?;
    post.notify(conn, person, Mail::FactorResetDone, now)?;
    let id = EventId::from_random(random.bytes());
    let event = Event::new(id, now, Kind::FactorResetDone, actor)
        .to(person.clone())
        .after(json!({ "factors": removed, "as": reset.helper }));
    audit::record(conn, &[event])?;
    Ok(true)
}
