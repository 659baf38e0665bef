//! What an Administrator or Support does for somebody who cannot help themselves: use cases over
//! one connection, for the command line, and for the consoles by [`crate::community::help`].
//!
//! Whoever calls has made sure who is asking, and says how. None of this opens an account by itself:
//! the mailbox is proved after a handed-over code (security 17.7) and before another address is in
//! use, and a lost factor waits a day.

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        email_change::NotChanged,
        factor_reset::{Candidate, FactorReset, NotRemoved, ResetState},
        lockout::Lockout,
        mailed_code::{CodePurpose, MailedCode, Which},
        recovery::Gate,
    },
    community::subscriber::{AccountRules, EmailAddress, Standing, Subscriber},
    ids::{EmailChangeId, EventId, FactorResetId},
    mail::{Helper, Mail},
    secret::SecretDigest,
};
use serde_json::json;

use crate::{
    email_change::ChangeOfAddress,
    mail::Post,
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, Taken, audit, end_access, factor, factor_reset,
        lockout, mailed_code, self_help, subscriber,
    },
};

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
    /// The address does not change.
    Address(NotChanged),
    /// Somebody else asked for the same at the same moment.
    AtOnce,
    /// There is no mailbox in which the rest could be proved.
    NoMailbox,
    /// There is nothing of the kind: no factor to remove, no removal to stop.
    Nothing,
    /// Too many codes were made in this hour.
    TooManyCodes,
    /// Nobody has this User ID.
    Unknown,
    /// A removal waits already.
    Waiting,
}

impl From<NotRemoved> for Refusal {
    fn from(why: NotRemoved) -> Self {
        match why {
            NotRemoved::Account(standing) => Self::Account(standing),
            NotRemoved::NoMailbox => Self::NoMailbox,
            NotRemoved::Nothing => Self::Nothing,
            NotRemoved::Waiting => Self::Waiting,
        }
    }
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
        let code = post.draw_code_to_hand_over();
        let digest = post.digest(&code, CodePurpose::ResetHandedOver, &person.id);
        let which = Which::handed_over(&code);
        if mailed_code::issue(conn, &person.id, which, digest, self.now)?.is_err() {
            return Ok(Err(Refusal::TooManyCodes));
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
        let candidate = Candidate {
            standing: person.standing(&self.rules, self.now),
            has_mailbox: person.email.is_some(),
            has_factor: !factor::of_subscriber(conn, &person.id)?.is_empty(),
            waits: factor_reset::waiting(conn, &person.id)?.is_some(),
        };
        if let Err(why) = candidate.judge() {
            return Ok(Err(why.into()));
        }
        // Without a way to stop it there is no removal.
        let (purpose, code) = (CodePurpose::StopFactorReset, post.draw_code());
        let digest = post.digest(&code, purpose, &person.id);
        if mailed_code::issue(conn, &person.id, purpose, digest, self.now)?.is_err() {
            return Ok(Err(Refusal::TooManyCodes));
        }
        let id = FactorResetId::from_random(random.bytes());
        let asked = (self.helper, self.checked.clone());
        let reset = FactorReset::request(id, person.id.clone(), asked, self.now);
        match factor_reset::request(conn, &reset) {
            Err(StoreError::Conflict(Taken::Other)) => return Ok(Err(Refusal::AtOnce)),
            other => other?,
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

    /// Asks for another mail address. It is in use when its mailbox was proved; the earlier one is
    /// told now and then, and can stop it (domain 4.7). Nobody is told whether the address is
    /// somebody else's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn change_email(
        &self,
        conn: &mut AnyConn,
        (post, random): (&Post, &Random),
        name: &str,
        new: &EmailAddress,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let person = match self.person(conn, name)? {
            Ok(person) => person,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let standing = person.standing(&self.rules, self.now);
        if !Gate::HandedOver.opens(standing) {
            return Ok(Err(Refusal::Account(standing)));
        }
        let asked = (self.actor.clone(), self.helper, self.checked.clone());
        let work = ChangeOfAddress::by_desk(person, asked, post, random, self.now);
        let id = EmailChangeId::from_random(random.bytes());
        let asked = work.ask(conn, CodePurpose::EmailChangeByDesk, &id, new)?;
        Ok(asked.map_err(Refusal::Address))
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
