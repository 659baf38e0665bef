//! Beginning and ending a browser's session.

mod end;

pub use end::{Via, end, end_current, ending};

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        assurance::{Method, Proof},
        lockout::{Limits, Lockout},
        remembered_browser,
        session::Session,
        sign_in::{Attempt, Reason, Verdict},
    },
    community::subscriber::Subscriber,
    ids::{EventId, SessionId, SubscriberId},
    mail::Mail,
    secret::SecretDigest,
};

use super::{browser, client_address::ClientAddress, error::PageError, visit::Visit};
use crate::{
    jobs::Inquiry,
    mail::Post,
    passkeys::GoodAnswer,
    passwords::Verified,
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, audit, end_access,
        factor::{self, PasskeyRecord},
        known_browser, lockout, remembered_browser as stored, session, subscriber,
    },
};

/// What somebody signs in with, looked at.
pub struct NewSignIn {
    /// The name under which failures are counted: the typed one, normalized, or that of the
    /// passkey's person.
    pub user_id: String,
    /// The account, as it was read before the comparison.
    pub candidate: Option<subscriber::Account>,
    /// What the comparison said.
    pub evidence: Evidence,
    /// What the new cookie is kept as.
    pub cookie: SecretDigest,
}

/// What begins a session.
pub enum Evidence {
    /// A passkey that checks the person.
    Passkey {
        /// The passkey, as it was read.
        record: PasskeyRecord,
        /// Its answer; `None` if it was refused.
        answer: Option<GoodAnswer>,
    },
    /// A password that was compared.
    Password(Verified),
}

impl Evidence {
    const fn holds(&self) -> bool {
        match self {
            Self::Passkey { answer: Some(answer), .. } => answer.method.is_sign_in(),
            Self::Passkey { answer: None, .. } => false,
            Self::Password(verified) => verified.matches,
        }
    }

    const fn method(&self) -> Method {
        match self {
            Self::Passkey { answer: Some(answer), .. } => answer.method,
            Self::Passkey { answer: None, .. } => Method::Passkey,
            Self::Password(_) => Method::Password,
        }
    }

    /// What it leaves of the failures before it. A passkey is a whole sign-in; a password is half of
    /// one for whoever has a second factor.
    const fn forgives(&self, lockout: Lockout) -> Lockout {
        match self {
            Self::Passkey { .. } => Lockout::CLEAR,
            Self::Password(_) => lockout.after_password(),
        }
    }
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
    remembered: Option<SecretDigest>,
    session: Session,
    event: EventId,
    random: Random,
    address: std::net::IpAddr,
    user_agent: String,
    known_browser: SecretDigest,
    post: Post,
}

/// Judges the attempt and writes down what follows, in one transaction: two requests at once are
/// judged one after the other, on every node.
///
/// # Errors
/// [`PageError`] if the database is out of reach; then nothing has happened.
pub async fn sign_in(visit: &Visit, attempt: NewSignIn) -> Result<SignedIn, PageError> {
    let now = visit.clock.now();
    let subscriber = attempt.candidate.as_ref().map(|candidate| &candidate.subscriber);
    let proof = Proof { method: attempt.evidence.method(), at: now };
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
        remembered: subscriber.and_then(|subscriber| {
            let cookie = browser::remembered_secret(&visit.request)?;
            Some(remembered_browser::digest(&cookie, &subscriber.id))
        }),
        attempt,
        earlier: visit.session(),
        session,
        event: EventId::from_random(visit.random.bytes()),
        random: visit.random.clone(),
        address: ClientAddress::of(&visit.request).0,
        user_agent: visit.user_agent(),
        known_browser: visit.known_browser(),
        post: visit.post.clone(),
    };
    Ok(visit.db.write(move |conn| facts.write(conn)).await?)
}

impl Facts {
    fn write(&self, conn: &mut AnyConn) -> Result<SignedIn, StoreError> {
        let name = SecretDigest::of(&self.attempt.user_id);
        let lockout = lockout::load_for_update(conn, &name, self.now)?;
        let attempt =
            Attempt { lockout, standing: self.standing, matches: self.attempt.evidence.holds() };
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
        let reason = match (reason, &self.attempt.evidence) {
            (Reason::WrongPassword, Evidence::Passkey { .. }) => Reason::WrongPasskey,
            (reason, _) => reason,
        };
        let locks = matches!(lockout, Lockout::Locked { .. }) && reason != Reason::Locked;
        let kind = if locks { Kind::AccountLocked } else { Kind::LoginFailed };
        let mut event = self.event(kind);
        event.reason = Some(reason.as_str().to_owned());
        audit::record(conn, &[event])?;
        if locks {
            // Whether anybody has this name is found out behind the answer (security 15.4).
            let name = self.attempt.user_id.clone();
            let locked = Inquiry::AccountLocked { name, minutes: self.limits.minutes() };
            self.post.ask(conn, &locked, self.now)?;
        }
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
        if !self.is_first(conn)? || !subscriber::signed_in(conn, candidate, self.now)? {
            let counted = lockout.after_failure(self.limits, self.now);
            return self.refuse(conn, name, counted, Reason::WrongPassword);
        }
        let forgiven = self.attempt.evidence.forgives(lockout);
        if lockout != forgiven {
            lockout::save(conn, name, forgiven, self.now)?;
        }
        let earlier = match &self.earlier {
            Some(digest) => session::by_cookie(conn, digest)?.map(|session| (session, *digest)),
            None => None,
        };
        let earlier = earlier.filter(|(session, _)| session.is_live(self.now));
        let proofs = self.proofs(conn, candidate)?;
        let renewed = match &earlier {
            Some((session, old)) if session.subscriber == candidate.subscriber.id => {
                self.renew(conn, session.clone(), old, &proofs)?
            }
            Some(_) | None => None,
        };
        let mut event = self.event(Kind::LoginSucceeded);
        event.session = Some(match renewed {
            Some(session) => session,
            None => self.begin(conn, candidate, earlier.map(|(session, _)| session), &proofs)?,
        });
        audit::record(conn, &[event])?;
        Ok(SignedIn::Accepted)
    }

    /// Whether nobody has used this answer of a passkey, or a copy of the passkey, since it was read.
    fn is_first(&self, conn: &mut AnyConn) -> Result<bool, StoreError> {
        match &self.attempt.evidence {
            Evidence::Passkey { record, answer: Some(answer) } => {
                let (kept, count) = (&answer.credential, answer.sign_count);
                factor::use_passkey(conn, record, kept, count, self.now)
            }
            Evidence::Passkey { answer: None, .. } => Ok(false),
            Evidence::Password(_) => Ok(true),
        }
    }

    /// What was proved, and whether the browser stands in for the factor that was not.
    fn proofs(
        &self,
        conn: &mut AnyConn,
        candidate: &subscriber::Account,
    ) -> Result<Vec<Proof>, StoreError> {
        let mut proofs = self.session.proofs.clone();
        if let (Evidence::Password(_), Some(digest)) = (&self.attempt.evidence, &self.remembered)
            && stored::stands_in(conn, &candidate.subscriber.id, digest, self.now)?
        {
            proofs.push(Proof { method: Method::RememberedBrowser, at: self.now });
        }
        Ok(proofs)
    }

    /// The same person, asked anew: the session goes on under a new cookie, to its old end. `None`
    /// if another tab was faster with the old cookie.
    fn renew(
        &self,
        conn: &mut AnyConn,
        mut session: Session,
        old: &SecretDigest,
        proofs: &[Proof],
    ) -> Result<Option<SessionId>, StoreError> {
        for proof in proofs {
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
        proofs: &[Proof],
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
            session: &Session { proofs: proofs.to_vec(), ..self.session.clone() },
            cookie: &self.attempt.cookie,
            previous_sign_in_at: candidate.subscriber.last_sign_in_at,
            address: &self.address.to_string(),
            user_agent: &self.user_agent,
        };
        session::insert(conn, &new)?;
        self.tell_of_new_browser(conn, &candidate.subscriber)?;
        Ok(self.session.id.clone())
    }

    /// Tells the person that somebody signed in with a browser that they have not used before. The
    /// first of all is no news.
    fn tell_of_new_browser(
        &self,
        conn: &mut AnyConn,
        person: &Subscriber,
    ) -> Result<(), StoreError> {
        let is_new = known_browser::seen(conn, &person.id, &self.known_browser, self.now)?;
        if !is_new || person.last_sign_in_at.is_none() {
            return Ok(());
        }
        let mail = Mail::NewBrowser {
            address: self.address.to_string(),
            at: self.now,
            browser: self.user_agent.clone(),
        };
        self.post.notify(conn, &person.id, mail, self.now)
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
