//! Putting a new password in place of the old one, by the person who knows the old one.

use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        lockout::Lockout,
        password_policy::Password,
        session::Session,
        sign_in::{Attempt, Reason, Verdict},
    },
    ids::EventId,
    mail::Mail,
    secret::{Secret, SecretDigest},
};

use super::{client_address::ClientAddress, error::PageError, session::ending, visit::Visit};
use crate::{
    passwords::PasswordError,
    store::{
        AnyConn, Cause, Scope, StoreError, audit, end_access, lockout, person::LoadedPerson,
        session, subscriber,
    },
};

/// What the person typed. The new password keeps the policy already.
pub struct NewPassword {
    pub current: Password,
    pub new: Password,
}

/// What became of it.
pub enum Changed {
    /// Too many passwords are being hashed.
    Busy,
    /// There is a new password, and a new cookie for the session of this browser.
    Done(Secret),
    /// The current password is wrong, or the name is locked.
    Refused,
}

/// Compares the current password and stores the new one. All other access of the person ends with
/// the old one; the session of this browser goes on under a new cookie.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach; then nothing has happened.
pub async fn change(
    visit: &Visit,
    person: &LoadedPerson,
    typed: NewPassword,
) -> Result<Changed, PageError> {
    let user_id = person.subscriber.user_id.clone();
    let found = visit.db.read(move |conn| subscriber::for_sign_in(conn, user_id.as_str())).await?;
    let Some(account) = found else { return Err(PageError::Interrupted) };
    let verified = visit.passwords.verify(account.password_hash.as_deref(), typed.current).await;
    let new_hash = match verified {
        Ok(verified) if verified.matches => Some(visit.passwords.hash(typed.new).await),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    let new_hash = match new_hash.transpose() {
        Ok(new_hash) => new_hash,
        Err(PasswordError::Busy) => return Ok(Changed::Busy),
        Err(error) => return Err(PageError::unexpected(&error)),
    };
    let Some(old_cookie) = visit.session() else { return Err(PageError::Interrupted) };
    let cookie = visit.random.secret();
    let now = visit.clock.now();
    let replacement = Replacement {
        account,
        new_hash,
        session: person.session.clone(),
        cookies: (old_cookie, cookie.digest()),
        ending: ending(visit, person.subscriber.id.clone(), Cause::PasswordChanged),
        event: EventId::from_random(visit.random.bytes()),
        address: ClientAddress::of(&visit.request).0,
        app: visit.shared(),
        now,
    };
    let done = visit.db.write(move |conn| replacement.write(conn)).await?;
    visit.outbox.wake();
    Ok(if done { Changed::Done(cookie) } else { Changed::Refused })
}

/// What one change needs that a retried transaction must not draw anew.
struct Replacement {
    account: subscriber::Account,
    /// None: the current password was wrong.
    new_hash: Option<String>,
    session: Session,
    /// The old one and the new one.
    cookies: (SecretDigest, SecretDigest),
    ending: crate::store::Ending,
    event: EventId,
    address: std::net::IpAddr,
    app: std::sync::Arc<crate::app::App>,
    now: chrono::DateTime<chrono::Utc>,
}

impl Replacement {
    /// `false`: refused.
    fn write(&self, conn: &mut AnyConn) -> Result<bool, StoreError> {
        let person = &self.account.subscriber;
        let name = SecretDigest::of(person.user_id.as_str());
        let lockout = lockout::load_for_update(conn, &name, self.now)?;
        let standing = Some(person.standing(&self.app.account_rules, self.now));
        let attempt = Attempt { lockout, standing, matches: self.new_hash.is_some() };
        let (lockout, reason) = match (attempt.judge(self.app.lockout, self.now), &self.new_hash) {
            (Verdict::Accepted, Some(new_hash)) => {
                if self.replace(conn, new_hash)? {
                    let kept = lockout.after_password();
                    if kept != lockout {
                        lockout::save(conn, &name, kept, self.now)?;
                    }
                    return Ok(true);
                }
                // Somebody else was faster: what was compared is no longer the password.
                (lockout, Reason::WrongPassword)
            }
            (Verdict::Accepted, None) => (lockout, Reason::WrongPassword),
            (Verdict::Refused { lockout, reason }, _) => (lockout, reason),
        };
        lockout::save(conn, &name, lockout, self.now)?;
        let locks = matches!(lockout, Lockout::Locked { .. }) && reason != Reason::Locked;
        let kind = if locks { Kind::AccountLocked } else { Kind::PasswordChangeRefused };
        audit::record(conn, &[self.event(kind).because(reason.as_str())])?;
        if locks {
            let mail = Mail::AccountLocked { minutes: self.app.lockout.minutes() };
            self.app.post.notify(conn, &person.id, mail, self.now)?;
        }
        Ok(false)
    }

    /// `false` if the password or the session is another one meanwhile.
    fn replace(&self, conn: &mut AnyConn, new_hash: &str) -> Result<bool, StoreError> {
        let person = &self.account.subscriber;
        if !subscriber::change_password(conn, &self.account, new_hash, self.now)? {
            return Ok(false);
        }
        let (old, new) = &self.cookies;
        if !session::renew(conn, &self.session, old, new, self.now)? {
            return Err(StoreError::Unavailable); // takes the new password back
        }
        let elsewhere = Scope::SessionsOfSubscriber {
            subscriber: person.id.clone(),
            except: Some(self.session.id.clone()),
        };
        // A refresh token of this session may be what somebody stole; its site signs on anew.
        for scope in [elsewhere, Scope::GrantsOfSession(self.session.id.clone())] {
            end_access(conn, &scope, &self.ending, &self.app.random)?;
        }
        audit::record(conn, &[self.event(Kind::PasswordChanged)])?;
        self.app.post.notify(conn, &person.id, Mail::PasswordChanged { at: self.now }, self.now)?;
        Ok(true)
    }

    fn event(&self, kind: Kind) -> Event {
        let person = &self.account.subscriber.id;
        Event::new(self.event.clone(), self.now, kind, Actor::Subscriber(person.clone()))
            .to(person.clone())
            .in_session(self.session.id.clone())
            .from_address(self.address)
    }
}
