//! Beginning and ending a browser's session.

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        assurance::{Method, Proof},
        lockout::{Limits, Lockout},
        session::Session,
        sign_in::{Attempt, Reason, Verdict},
    },
    ids::{EventId, SessionId, SubscriberId},
    secret::SecretDigest,
};

use super::{client_address::ClientAddress, error::PageError, visit::Visit};
use crate::{
    passwords::Verified,
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, audit, end_access, lockout, session, subscriber,
    },
};

/// A password that has been compared.
pub struct NewSignIn {
    /// The typed name, normalized.
    pub user_id: String,
    /// The account of that name, as it was read before the comparison.
    pub candidate: Option<subscriber::Account>,
    /// What the comparison said.
    pub verified: Verified,
    /// What the new cookie is kept as.
    pub cookie: SecretDigest,
}

/// What became of a sign-in.
#[derive(Clone, Copy, Debug)]
pub enum SignedIn {
    Accepted,
    Refused(Reason),
}

/// What one attempt needs that a retried transaction must not draw anew.
struct Facts {
    now: DateTime<Utc>,
    limits: Limits,
    attempt: NewSignIn,
    standing: Option<idp_core::community::subscriber::Standing>,
    earlier: Option<SecretDigest>,
    session: Session,
    event: EventId,
    random: Random,
    address: std::net::IpAddr,
    user_agent: String,
}

/// Judges the attempt and writes down what follows, in one transaction: two requests at once are
/// judged one after the other, on every node.
///
/// # Errors
/// [`PageError`] if the database is out of reach; then nothing has happened.
pub async fn sign_in(visit: &Visit, attempt: NewSignIn) -> Result<SignedIn, PageError> {
    let now = visit.clock.now();
    let subscriber = attempt.candidate.as_ref().map(|candidate| &candidate.subscriber);
    let proof = Proof { method: Method::Password, at: now };
    let nobody = || SubscriberId::from_random([0; 16]);
    let session = Session::begin(
        SessionId::from_random(visit.random.bytes()),
        subscriber.map_or_else(nobody, |subscriber| subscriber.id.clone()),
        proof,
        &visit.session_rules,
    );
    let facts = Facts {
        now,
        limits: visit.lockout,
        standing: subscriber.map(|subscriber| subscriber.standing(&visit.account_rules, now)),
        attempt,
        earlier: visit.session(),
        session,
        event: EventId::from_random(visit.random.bytes()),
        random: visit.random.clone(),
        address: ClientAddress::of(&visit.request).0,
        user_agent: visit.user_agent(),
    };
    Ok(visit.db.write(move |conn| facts.write(conn)).await?)
}

impl Facts {
    fn write(&self, conn: &mut AnyConn) -> Result<SignedIn, StoreError> {
        let name = SecretDigest::of(&self.attempt.user_id);
        let lockout = lockout::load_for_update(conn, &name, self.now)?;
        let attempt =
            Attempt { lockout, standing: self.standing, matches: self.attempt.verified.matches };
        match attempt.judge(self.limits, self.now) {
            Verdict::Refused { lockout, reason } => self.refuse(conn, &name, lockout, reason),
            Verdict::Accepted => self.accept(conn, &name, lockout),
        }
    }

    fn refuse(
        &self,
        conn: &mut AnyConn,
        name: &SecretDigest,
        lockout: Lockout,
        reason: Reason,
    ) -> Result<SignedIn, StoreError> {
        // During a lock this changes nothing; it is the same work for whatever is wrong.
        lockout::save(conn, name, lockout, self.now)?;
        let locks = matches!(lockout, Lockout::Locked { .. }) && reason != Reason::Locked;
        let kind = if locks { Kind::AccountLocked } else { Kind::LoginFailed };
        let mut event = self.event(kind);
        event.reason = Some(reason.as_str().to_owned());
        audit::record(conn, &[event])?;
        Ok(SignedIn::Refused(reason))
    }

    fn accept(
        &self,
        conn: &mut AnyConn,
        name: &SecretDigest,
        lockout: Lockout,
    ) -> Result<SignedIn, StoreError> {
        let Some(candidate) = &self.attempt.candidate else {
            return Ok(SignedIn::Refused(Reason::Unknown));
        };
        // The hash that was compared must still be the account's: a password changed meanwhile
        // ends every session, and this one would begin after that.
        if !subscriber::signed_in(conn, candidate, self.now)? {
            return self.refuse(conn, name, lockout, Reason::WrongPassword);
        }
        // With a remembered lock that is over, this is what it leaves behind: nothing.
        let forgiven = lockout.after_password();
        if lockout != forgiven {
            lockout::save(conn, name, forgiven, self.now)?;
        }
        let earlier = match &self.earlier {
            Some(digest) => session::by_cookie(conn, digest)?.map(|session| (session, *digest)),
            None => None,
        };
        let earlier = earlier.filter(|(session, _)| session.is_live(self.now));
        let renewed = match &earlier {
            Some((session, old)) if session.subscriber == candidate.subscriber.id => {
                self.renew(conn, session.clone(), old)?
            }
            Some(_) | None => None,
        };
        let mut event = self.event(Kind::LoginSucceeded);
        event.session = Some(match renewed {
            Some(session) => session,
            None => self.begin(conn, candidate, earlier.map(|(session, _)| session))?,
        });
        audit::record(conn, &[event])?;
        Ok(SignedIn::Accepted)
    }

    /// The same person, asked anew: the session goes on under a new cookie, to its old end. `None`
    /// if another tab was faster with the old cookie.
    fn renew(
        &self,
        conn: &mut AnyConn,
        mut session: Session,
        old: &SecretDigest,
    ) -> Result<Option<SessionId>, StoreError> {
        for proof in &self.session.proofs {
            session.add_proof(*proof);
        }
        let renewed = session::renew(conn, &session, old, &self.attempt.cookie, self.now)?;
        Ok(renewed.then_some(session.id))
    }

    /// A new session, in place of the one that somebody else left behind in this browser.
    fn begin(
        &self,
        conn: &mut AnyConn,
        candidate: &subscriber::Account,
        left: Option<Session>,
    ) -> Result<SessionId, StoreError> {
        if let Some(session) = left.filter(|session| session.subscriber != candidate.subscriber.id)
        {
            let ending = Ending {
                actor: Actor::Subscriber(candidate.subscriber.id.clone()),
                address: Some(self.address),
                cause: Cause::Replaced,
                now: self.now,
            };
            end_access(conn, &Scope::Session(session.id), &ending, &self.random)?;
        }
        let new = session::NewSession {
            session: &self.session,
            cookie: &self.attempt.cookie,
            previous_sign_in_at: candidate.subscriber.last_sign_in_at,
            address: &self.address.to_string(),
            user_agent: &self.user_agent,
        };
        session::insert(conn, &new)?;
        Ok(self.session.id.clone())
    }

    fn event(&self, kind: Kind) -> Event {
        let subscriber =
            self.attempt.candidate.as_ref().map(|candidate| candidate.subscriber.id.clone());
        // Who failed to sign in has not shown who they are, whatever name they typed.
        let proven = subscriber.clone().filter(|_| kind == Kind::LoginSucceeded);
        let actor = proven.map_or(Actor::Nobody, Actor::Subscriber);
        let mut event = Event::new(self.event.clone(), self.now, kind, actor);
        event.subject = subscriber;
        event.address = Some(self.address);
        event
    }
}

/// An ending by the person in this browser.
pub fn ending(visit: &Visit, who: SubscriberId, cause: Cause) -> Ending {
    Ending {
        actor: Actor::Subscriber(who),
        address: Some(ClientAddress::of(&visit.request).0),
        cause,
        now: visit.clock.now(),
    }
}

/// What was ended with a session.
#[derive(Default)]
pub struct Ended {
    /// Whether there was a session to end.
    pub session: Option<SessionId>,
}

/// Ends the session of this browser: its grants with it, and every site of it is told.
///
/// # Errors
/// [`PageError`] if the database is out of reach; then nothing has ended.
pub async fn end_current(visit: &Visit, cause: Cause) -> Result<Ended, PageError> {
    match visit.session() {
        Some(digest) => end(visit, digest, cause).await,
        None => Ok(Ended::default()),
    }
}

/// Ends the session behind a cookie.
///
/// # Errors
/// As [`end_current`].
pub async fn end(visit: &Visit, cookie: SecretDigest, cause: Cause) -> Result<Ended, PageError> {
    let now = visit.clock.now();
    let (address, random) = (ClientAddress::of(&visit.request).0, visit.random.clone());
    let ended = visit.db.write(move |conn| {
        let Some(session) =
            session::by_cookie(conn, &cookie)?.filter(|session| session.is_live(now))
        else {
            return Ok(Ended::default());
        };
        let ending = Ending {
            actor: Actor::Subscriber(session.subscriber),
            address: Some(address),
            cause,
            now,
        };
        end_access(conn, &Scope::Session(session.id.clone()), &ending, &random)?;
        Ok(Ended { session: Some(session.id) })
    });
    let ended = ended.await?;
    visit.outbox.wake();
    Ok(ended)
}
