//! Proving a second factor: one transaction that counts, uses up, takes down and tells.
//!
//! Whatever is wrong, the answer is one, and the failure is counted where wrong passwords are
//! (security 18.2). What is proved goes into the session under a new cookie; the session's end stays
//! where it is.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        assurance::{Method, Proof},
        lockout::{Limits, Lockout},
        mailed_code::{CodePurpose, Redemption},
        remembered_browser::{self, REMEMBERED_FOR, RememberedBrowser},
        session::Session,
        throttle::{Attempt, Verdict},
        totp::{CodeRefused, Seed},
    },
    ids::{EventId, FactorId, SubscriberId},
    mail::Mail,
    secret::{Secret, SecretDigest},
};
use serde_json::json;

use super::{client_address::ClientAddress, error::PageError, visit::Visit};
use crate::{
    keys::sealing::{Place, Sealer},
    mail::Post,
    passkeys::GoodAnswer,
    store::{
        AnyConn, StoreError, audit,
        factor::{self, PasskeyRecord},
        lockout, mailed_code,
        person::LoadedPerson,
        recovery_code, remembered_browser as stored, session,
    },
};

/// What somebody offers as a second factor, looked at as far as that goes without the database.
#[derive(Clone, Debug)]
pub enum Offer {
    /// A code from the mailbox that is good for this, as it is compared; `None` for what can be none.
    Mailed(CodePurpose, Option<SecretDigest>),
    /// A passkey's answer; `None` if it was refused.
    Passkey(Option<(PasskeyRecord, GoodAnswer)>),
    /// A recovery code, as it is compared; `None` for what can be none.
    Recovery(Option<SecretDigest>),
    /// A code of an authenticator app.
    Totp(String),
}

/// What became of it.
#[derive(Debug)]
pub enum Proved {
    /// It is taken down in the session, which has a new cookie.
    Accepted {
        /// The new cookie.
        cookie: Secret,
        /// The session with what was proved.
        session: Session,
        /// The cookie of the browser that is remembered from now on, if it was wished.
        remembered: Option<Secret>,
    },
    /// The session is over, or another tab was faster.
    Interrupted,
    /// It is wrong, was used, or the account is locked.
    Refused,
    /// There were too many failures from this place; it was not looked at.
    Throttled {
        /// For so long.
        seconds: u64,
    },
}

/// Judges an offer and writes down what follows.
///
/// # Errors
/// [`PageError`] if the database is out of reach; then nothing has happened.
pub async fn prove(
    visit: &Visit,
    person: &LoadedPerson,
    offer: Offer,
    remember: bool,
) -> Result<Proved, PageError> {
    let user_id = person.subscriber.user_id.as_str();
    let attempt = Attempt::SignIn { address: ClientAddress::of(&visit.request).0, user_id };
    if let Verdict::Wait { seconds } = visit.throttle.judge(attempt) {
        visit.metrics.sign_in("throttled");
        return Ok(Proved::Throttled { seconds });
    }
    let Some(old) = visit.session() else { return Ok(Proved::Interrupted) };
    let cookie = visit.random.secret();
    // Always a new one: whoever used this browser before may know the old one.
    let remembered = remember.then(|| visit.random.secret());
    let facts = Facts::new(visit, person, offer, (old, cookie.digest()), remembered.as_ref());
    let outcome = visit.db.write(move |conn| facts.write(conn)).await?;
    visit.outbox.wake();
    match outcome {
        Outcome::Accepted(method, session) => {
            visit.metrics.sign_in("factor-accepted");
            let remembered = remembered.filter(|_| method.is_own_factor());
            Ok(Proved::Accepted { cookie, session, remembered })
        }
        Outcome::Interrupted => Ok(Proved::Interrupted),
        Outcome::Refused(why) => {
            tracing::info!(reason = why, "second factor refused");
            visit.metrics.sign_in("factor-refused");
            visit.throttle.failed(attempt).await;
            Ok(Proved::Refused)
        }
    }
}

/// What a retried transaction must not draw anew.
struct Facts {
    now: DateTime<Utc>,
    limits: Limits,
    name: SecretDigest,
    subscriber: SubscriberId,
    session: Session,
    old_cookie: SecretDigest,
    new_cookie: SecretDigest,
    offer: Offer,
    remember: Option<RememberedBrowser>,
    sealer: Arc<Sealer>,
    post: Post,
    address: std::net::IpAddr,
    event: EventId,
    second_event: EventId,
}

enum Outcome {
    Accepted(Method, Session),
    Interrupted,
    Refused(&'static str),
}

/// What was proved, and with which factor.
type Found = (Method, Option<FactorId>);

impl Facts {
    fn new(
        visit: &Visit,
        person: &LoadedPerson,
        offer: Offer,
        (old_cookie, new_cookie): (SecretDigest, SecretDigest),
        remembered: Option<&Secret>,
    ) -> Self {
        let (now, subscriber) = (visit.clock.now(), person.subscriber.id.clone());
        let remember = remembered.map(|cookie| RememberedBrowser {
            digest: remembered_browser::digest(cookie, &subscriber),
            since: now,
            until: now + REMEMBERED_FOR,
            user_agent: visit.user_agent(),
        });
        Self {
            now,
            limits: visit.lockout,
            name: SecretDigest::of(person.subscriber.user_id.as_str()),
            subscriber,
            session: person.session.clone(),
            old_cookie,
            new_cookie,
            offer,
            remember,
            sealer: Arc::clone(&visit.sealer),
            post: visit.post.clone(),
            address: ClientAddress::of(&visit.request).0,
            event: EventId::from_random(visit.random.bytes()),
            second_event: EventId::from_random(visit.random.bytes()),
        }
    }

    fn write(&self, conn: &mut AnyConn) -> Result<Outcome, StoreError> {
        // First of all: everybody who counts for this person waits here for the others.
        let lockout = lockout::load_for_update(conn, &self.name, self.now)?;
        // Another tab may have been faster, or the session be over: then nothing is used up or counted.
        let live = session::by_cookie(conn, &self.old_cookie)?
            .is_some_and(|own| own.is_live(self.now) && own.subscriber == self.subscriber);
        if !live {
            return Ok(Outcome::Interrupted);
        }
        if lockout.refuses(self.now) {
            return self.refuse(conn, lockout, "locked");
        }
        match self.judge(conn)? {
            Ok(found) => self.accept(conn, lockout, found),
            Err(why) => {
                let counted = lockout.after_wrong_factor(self.limits, self.now);
                lockout::save(conn, &self.name, counted, self.now)?;
                self.refuse(conn, counted, why)
            }
        }
    }

    /// What is offered is used up here if it is good.
    fn judge(&self, conn: &mut AnyConn) -> Result<Result<Found, &'static str>, StoreError> {
        match &self.offer {
            Offer::Mailed(purpose, digest) => {
                let redeemed = mailed_code::redeem(
                    conn,
                    &self.subscriber,
                    *purpose,
                    digest.as_ref(),
                    self.now,
                )?;
                Ok(match redeemed {
                    Redemption::Accepted => Ok((Method::EmailCode, None)),
                    Redemption::Refused(_) => Err("wrong-mailed-code"),
                })
            }
            Offer::Passkey(Some((record, answer))) if record.subscriber == self.subscriber => {
                let (kept, count) = (&answer.credential, answer.sign_count);
                let first = factor::use_passkey(conn, record, kept, count, self.now)?;
                let found = (answer.method, Some(record.factor.clone()));
                Ok(if first { Ok(found) } else { Err("wrong-passkey") })
            }
            Offer::Passkey(_) => Ok(Err("wrong-passkey")),
            Offer::Recovery(None) => Ok(Err("wrong-recovery-code")),
            Offer::Recovery(Some(digest)) => {
                let good = recovery_code::redeem(conn, &self.subscriber, digest, self.now)?;
                Ok(if good { Ok((Method::RecoveryCode, None)) } else { Err("wrong-recovery-code") })
            }
            Offer::Totp(code) => self.judge_totp(conn, code),
        }
    }

    /// The code may be that of any app of the person.
    fn judge_totp(
        &self,
        conn: &mut AnyConn,
        code: &str,
    ) -> Result<Result<Found, &'static str>, StoreError> {
        let mut why = "wrong-code";
        for secret in factor::totp_secrets(conn, &self.subscriber)? {
            let seed = open_seed(&self.sealer, &secret.factor, &secret.sealed_seed)?;
            match seed.judge(code, Some(secret.last_step), self.now) {
                Ok(step) if factor::use_step(conn, &secret.factor, step, self.now)? => {
                    return Ok(Ok((Method::Totp, Some(secret.factor))));
                }
                // Another node was faster with the same code.
                Ok(_) | Err(CodeRefused::Used) => why = "used-code",
                Err(CodeRefused::Wrong) => {}
            }
        }
        Ok(Err(why))
    }

    fn accept(
        &self,
        conn: &mut AnyConn,
        lockout: Lockout,
        (method, factor): Found,
    ) -> Result<Outcome, StoreError> {
        let mut session = self.session.clone();
        session.add_proof(Proof { method, at: self.now });
        if !session::renew(conn, &session, &self.old_cookie, &self.new_cookie, self.now)? {
            return Ok(Outcome::Interrupted);
        }
        // A code by mail or in place of a factor washes off no wrong guesses at the factor.
        if method.is_own_factor() && lockout != Lockout::CLEAR {
            lockout::save(conn, &self.name, Lockout::CLEAR, self.now)?;
        }
        let event = self.event(self.event.clone(), Kind::FactorAccepted);
        let mut events = vec![event.after(json!({ "method": method, "factor": factor }))];
        if method == Method::RecoveryCode {
            let left = recovery_code::left(conn, &self.subscriber)?;
            self.tell(conn, Mail::RecoveryCodeUsed { left })?;
        }
        if let Some(browser) = &self.remember
            && method.is_own_factor()
        {
            stored::remember(conn, &self.subscriber, browser)?;
            events.push(self.event(self.second_event.clone(), Kind::BrowserRemembered));
            let (name, until) = (browser.user_agent.clone(), browser.until);
            self.tell(conn, Mail::BrowserRemembered { browser: name, until })?;
        }
        audit::record(conn, &events)?;
        Ok(Outcome::Accepted(method, session))
    }

    fn refuse(
        &self,
        conn: &mut AnyConn,
        lockout: Lockout,
        why: &'static str,
    ) -> Result<Outcome, StoreError> {
        let locks = matches!(lockout, Lockout::Locked { .. }) && why != "locked";
        let kind = if locks { Kind::AccountLocked } else { Kind::FactorRefused };
        audit::record(conn, &[self.event(self.event.clone(), kind).because(why)])?;
        if locks {
            self.tell(conn, Mail::AccountLocked { minutes: self.limits.minutes() })?;
        }
        Ok(Outcome::Refused(why))
    }

    fn tell(&self, conn: &mut AnyConn, mail: Mail) -> Result<(), StoreError> {
        self.post.notify(conn, &self.subscriber, mail, self.now)
    }

    fn event(&self, id: EventId, kind: Kind) -> Event {
        // They have a session, so they have shown at least that they know the password.
        let actor = Actor::Subscriber(self.subscriber.clone());
        let event = Event::new(id, self.now, kind, actor).to(self.subscriber.clone());
        Event { address: Some(self.address), ..event.in_session(self.session.id.clone()) }
    }
}

/// Where the seed of a factor lies.
pub const fn seed_place(factor: &str) -> Place<'_> {
    Place { table: "factor", column: "sealed_seed", row: factor }
}

fn open_seed(sealer: &Sealer, factor: &FactorId, sealed: &[u8]) -> Result<Seed, StoreError> {
    let opened = sealer.open(seed_place(factor.as_str()), sealed).ok();
    opened.and_then(|octets| Seed::from_bytes(&octets)).ok_or_else(|| StoreError::CorruptRow {
        table: "factor",
        column: "sealed_seed",
        row: factor.to_string(),
    })
}
