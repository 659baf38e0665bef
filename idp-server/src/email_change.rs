//! Changing a person's mail address (domain 4.7): use cases over one connection, for the person's
//! own page, for the link in a mail, and for the help desk.
//!
//! Whoever asks for it, the new mailbox has to be proved, and the old one is told at once and can
//! take it back for three days.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        email_change::{ChangeState, EmailChange, NotChanged},
        mailed_code::{CodePurpose, LinkKey, MailedCode, Redemption, Which},
    },
    community::subscriber::{EmailAddress, Subscriber},
    ids::{EmailChangeId, EventId, SessionId},
    mail::{Helper, Mail, shortened},
};
use serde_json::json;

use crate::{
    mail::{NewMail, Post, Recipient},
    random::Random,
    store::{AnyConn, StoreError, Taken, audit, email_change, mailed_code, subscriber},
};

/// What codes prove a new mailbox, by who asked for the change.
const ASKED_BY: [CodePurpose; 2] = [CodePurpose::EmailChange, CodePurpose::EmailChangeByDesk];

/// A change of one person's address. It holds what a transaction that is done again must not draw
/// anew.
pub struct ChangeOfAddress {
    person: Subscriber,
    by: By,
    event: EventId,
    post: Post,
    now: DateTime<Utc>,
}

/// Who changes it.
enum By {
    /// Somebody at the help desk, who has made sure who is asking.
    Desk { actor: Actor, helper: Helper, checked: String },
    /// Whoever reads the new mailbox, after the help desk asked for the change.
    NewMailbox { address: IpAddr },
    /// The person, signed in.
    Person { session: SessionId, address: IpAddr },
}

impl ChangeOfAddress {
    /// By the person, in a session.
    pub fn by_person(
        (person, session): (&Subscriber, &SessionId),
        address: IpAddr,
        post: &Post,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Self {
        let by = By::Person { session: session.clone(), address };
        Self::new(person.clone(), by, post, random, now)
    }

    /// From the new mailbox, where the help desk had the code sent.
    pub fn from_new_mailbox(
        person: Subscriber,
        address: IpAddr,
        post: &Post,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Self {
        Self::new(person, By::NewMailbox { address }, post, random, now)
    }

    /// By the help desk; `checked` is how they made sure who is asking.
    pub fn by_desk(
        person: Subscriber,
        (actor, helper, checked): (Actor, Helper, String),
        post: &Post,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Self {
        Self::new(person, By::Desk { actor, helper, checked }, post, random, now)
    }

    fn new(person: Subscriber, by: By, post: &Post, random: &Random, now: DateTime<Utc>) -> Self {
        let event = EventId::from_random(random.bytes());
        Self { person, by, event, post: post.clone(), now }
    }

    /// Takes the wish down, mails the code to the new mailbox, and tells the old one. An address
    /// that is somebody else's gets a mail of its own and no code, and the person is told nothing of
    /// it (R24).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ask(
        &self,
        conn: &mut AnyConn,
        purpose: CodePurpose,
        id: &EmailChangeId,
        new: &EmailAddress,
    ) -> Result<Result<(), NotChanged>, StoreError> {
        let person = &self.person.id;
        let last = email_change::last_changed(conn, person)?;
        if let Err(why) = EmailChange::may_follow(last.as_ref(), &self.person, new, self.now) {
            return Ok(Err(why));
        }
        let code = self.post.draw_code();
        let digest = self.post.digest(&code, purpose, person);
        let which = Which::of_change(purpose, id);
        if mailed_code::issue(conn, person, which, digest, self.now)?.is_err() {
            return Ok(Err(NotChanged::TooMany));
        }
        // The change before this one is over, whoever asked for it.
        for other in ASKED_BY.into_iter().filter(|other| *other != purpose) {
            mailed_code::withdraw(conn, person, other)?;
        }
        let change = EmailChange::request(id.clone(), &self.person, new.clone(), purpose, self.now);
        email_change::request(conn, &change)?;
        let is_free = email_change::is_free(conn, new, person, self.now)?;
        let mail = match (is_free, &self.by) {
            (false, _) => Mail::EmailTaken,
            (true, By::Desk { helper, .. }) => {
                Mail::EmailChangeByDesk { by: *helper, change: change.id.clone(), code }
            }
            (true, By::NewMailbox { .. } | By::Person { .. }) => Mail::Code { purpose, code },
        };
        self.mail(conn, new, mail)?;
        if let Some(old) = &change.old {
            let (id, new) = (change.id.clone(), shortened(new));
            let stop = |key, code| Mail::EmailChangeRequested { change: id, key, code, new };
            self.mail_stop(conn, old, &change.id, stop)?;
        }
        self.record(conn, Kind::EmailRequested, &change)?;
        Ok(Ok(()))
    }

    /// Puts the new address of this change, and of no other, in the place of the old one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn confirm(
        &self,
        conn: &mut AnyConn,
        (purpose, id): (CodePurpose, &EmailChangeId),
        typed: Option<&MailedCode>,
    ) -> Result<Result<(), NotChanged>, StoreError> {
        let person = &self.person.id;
        let presented = typed.map(|code| self.post.digest(code, purpose, person));
        let which = Which::of_change(purpose, id);
        let answer = mailed_code::redeem(conn, person, which, presented.as_ref(), self.now)?;
        let before = email_change::find(conn, id)?.filter(|change| change.subscriber == *person);
        let next = before.as_ref().and_then(|change| change.confirmed(self.now));
        let (Redemption::Accepted, Some(before), Some(change)) = (answer, before, next) else {
            return Ok(Err(NotChanged::WrongCode));
        };
        if !email_change::is_free(conn, &change.new, person, self.now)? {
            let over = EmailChange { state: ChangeState::Superseded, ..before.clone() };
            if email_change::settle(conn, &before, &over, self.now)? {
                self.record(conn, Kind::EmailGivenUp, &over)?;
            }
            return Ok(Err(NotChanged::Taken));
        }
        if !email_change::settle(conn, &before, &change, self.now)? {
            return Ok(Err(NotChanged::WrongCode));
        }
        let Some(mut changed) = subscriber::load_for_update(conn, person)? else {
            return Ok(Err(NotChanged::WrongCode));
        };
        changed.email = Some(change.new.clone());
        changed.email_verified = true;
        changed.updated_at = self.now;
        subscriber::update(conn, &changed)?;
        // Those that lie in the old mailbox.
        mailed_code::withdraw_all(conn, person)?;
        if let (Some(old), Some(until)) = (&change.old, change.undo_until) {
            let (id, new) = (change.id.clone(), shortened(&change.new));
            let stop = |key, code| Mail::EmailChanged { change: id, key, code, new, until };
            self.mail_stop(conn, old, &change.id, stop)?;
        }
        self.record(conn, Kind::EmailChanged, &change)?;
        Ok(Ok(()))
    }

    /// Gives up the change that waits, if one does.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn give_up(&self, conn: &mut AnyConn) -> Result<(), StoreError> {
        let person = &self.person.id;
        for purpose in ASKED_BY {
            mailed_code::withdraw(conn, person, purpose)?;
        }
        let Some(change) = email_change::waiting(conn, person)? else { return Ok(()) };
        email_change::give_up(conn, person)?;
        let change = EmailChange { state: ChangeState::Superseded, ..change };
        self.record(conn, Kind::EmailGivenUp, &change)
    }

    /// Mails to the old mailbox what it can stop the change with. Each of these mails has a link and
    /// a code of its own, and without it nothing changes.
    fn mail_stop(
        &self,
        conn: &mut AnyConn,
        old: &EmailAddress,
        change: &EmailChangeId,
        mail: impl FnOnce(LinkKey, MailedCode) -> Mail,
    ) -> Result<(), StoreError> {
        let (key, code) = (self.post.draw_link_key(), self.post.draw_code());
        let which = Which::stop_of_change(change, &key);
        let digest = self.post.digest(&code, which.purpose, &self.person.id);
        let issued = mailed_code::issue(conn, &self.person.id, which, digest, self.now)?;
        issued.map_err(|_| StoreError::Conflict(Taken::Other))?;
        self.mail(conn, old, mail(key, code))
    }

    fn mail(&self, conn: &mut AnyConn, to: &EmailAddress, mail: Mail) -> Result<(), StoreError> {
        let subscriber = Some(self.person.id.clone());
        let to = Recipient::Address { address: to.clone(), subscriber };
        let new = NewMail { id: self.post.message_id(), to, mail };
        self.post.queue(conn, &new, self.now).map(|_| ())
    }

    fn record(
        &self,
        conn: &mut AnyConn,
        kind: Kind,
        change: &EmailChange,
    ) -> Result<(), StoreError> {
        let person = &self.person.id;
        let event = |actor| Event::new(self.event.clone(), self.now, kind, actor);
        let helper = if let By::Desk { helper, .. } = &self.by { Some(helper) } else { None };
        let event = match &self.by {
            By::Desk { actor, checked, .. } => event(actor.clone()).because(checked.clone()),
            // Who reads a mailbox has not shown more than that.
            By::NewMailbox { address } => {
                event(Actor::Nobody).from_address(*address).because("from-mailbox")
            }
            By::Person { session, address } => event(Actor::Subscriber(person.clone()))
                .in_session(session.clone())
                .from_address(*address),
        };
        let event = event
            .to(person.clone())
            .before(json!({ "email": change.old.as_ref().map(shortened) }))
            .after(json!({
                "email": shortened(&change.new), "change": change.id, "as": helper,
            }));
        audit::record(conn, &[event])
    }
}
