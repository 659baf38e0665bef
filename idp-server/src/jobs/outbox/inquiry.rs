//! Strangers' questions that are answered by mail: worked behind the page, so that nobody can tell
//! by the page or its time whether there was anything to answer (security 17.1).

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{mailed_code::Which, recovery::Gate},
    community::{
        self,
        access_request::Wish,
        subscriber::{AccountRules, EmailAddress, Subscriber},
    },
    ids::{EventId, MessageId},
    mail::Mail,
    secret::SecretDigest,
};
use serde::{Deserialize, Serialize};

use super::Attempt;
use crate::{
    app::App,
    community::{Office, access},
    keys::sealing::SealError,
    mail::{NewMail, Post, Recipient},
    store::{
        AnyConn, StoreError, audit,
        outbox::{Claimed, Content},
        subscriber,
    },
};

/// What a stranger wants to know, or to have done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "inquiry", rename_all = "kebab-case")]
pub enum Inquiry {
    /// Please give me access, of an organization that may or may not be there. Looked for here, so
    /// that no clock says which (R18).
    AccessAsked {
        /// How it was named.
        organization: String,
        /// Who asks, and for what.
        wish: Box<Wish>,
        /// From where.
        from: IpAddr,
    },
    /// Sign-in with this name is locked for a while.
    AccountLocked {
        /// The User ID as it was typed, normalized.
        name: String,
        /// How long the lock lasts.
        minutes: u32,
    },
    /// Which User ID belongs to this address?
    ForgottenUserId {
        /// The address, and the one mailbox that is answered.
        address: EmailAddress,
    },
    /// A code for a new password.
    PasswordReset {
        /// The User ID as it was typed, normalized.
        name: String,
        /// The way that the code is for.
        way: SecretDigest,
        /// What opened the mailbox step of that way.
        gate: Gate,
    },
    /// Three wrong answers to the questions of this name.
    SelfHelpClosed {
        /// The User ID as it was typed, normalized.
        name: String,
    },
}

impl Inquiry {
    /// Whom it is about, for counting.
    #[must_use]
    pub fn about(&self) -> String {
        match self {
            Self::AccessAsked { wish, .. } => wish.email.normalized(),
            Self::ForgottenUserId { address } => address.normalized(),
            Self::AccountLocked { name, .. }
            | Self::PasswordReset { name, .. }
            | Self::SelfHelpClosed { name } => name.clone(),
        }
    }

    /// As it waits in the outbox under `id`.
    ///
    /// # Errors
    /// [`SealError`]; the cipher has no reason to fail.
    pub fn seal(&self, post: &Post, id: &MessageId) -> Result<Content, SealError> {
        Ok(Content::Inquiry { sealed: Some(post.seal(id, self)?) })
    }
}

/// One attempt.
pub(super) async fn answer(app: &App, message: &Claimed, sealed: &str) -> Attempt {
    let inquiry: Inquiry = match app.post.open(&message.id, sealed) {
        Ok(inquiry) => inquiry,
        Err(error) => return Attempt::Failed(error.to_string()),
    };
    let work = Work {
        inquiry,
        post: app.post.clone(),
        rules: app.account_rules,
        office: app.office(community::actor::Actor::Nobody),
        event: EventId::from_random(app.random.bytes()),
        now: app.clock.now(),
    };
    match app.db.write(move |conn| work.answer(conn)).await {
        Ok(()) => {
            app.outbox.wake();
            Attempt::Delivered("answered".to_owned())
        }
        Err(error) => Attempt::Failed(error.to_string()),
    }
}

struct Work {
    inquiry: Inquiry,
    post: Post,
    rules: AccountRules,
    office: Office,
    event: EventId,
    now: DateTime<Utc>,
}

impl Work {
    fn answer(&self, conn: &mut AnyConn) -> Result<(), StoreError> {
        match &self.inquiry {
            Inquiry::AccessAsked { organization, wish, from } => {
                let office = Office { address: Some(*from), ..self.office.clone() };
                match access::organization_meant(conn, &office, organization)? {
                    Some(of) => access::ask(conn, &office, &of, wish).map(drop),
                    None => Ok(()),
                }
            }
            Inquiry::ForgottenUserId { address } => self.user_id(conn, address),
            Inquiry::PasswordReset { name, way, gate } => {
                self.reset(conn, name, &Which::of_way(way), *gate)
            }
            Inquiry::AccountLocked { name, minutes } => {
                self.tell(conn, name, Mail::AccountLocked { minutes: *minutes })
            }
            Inquiry::SelfHelpClosed { name } => self.tell(conn, name, Mail::SelfHelpClosed),
        }
    }

    /// A notice to whoever has this name, if anybody has.
    fn tell(&self, conn: &mut AnyConn, name: &str, mail: Mail) -> Result<(), StoreError> {
        let Some(account) = subscriber::for_sign_in(conn, name)? else { return Ok(()) };
        self.post.notify(conn, &account.subscriber.id, mail, self.now)
    }

    fn reset(
        &self,
        conn: &mut AnyConn,
        name: &str,
        which: &Which,
        gate: Gate,
    ) -> Result<(), StoreError> {
        let account = subscriber::for_sign_in(conn, name)?;
        let person = account.map(|account| account.subscriber);
        let may = |person: &Subscriber| gate.opens(person.standing(&self.rules, self.now));
        let Some(person) = person.filter(may) else {
            return self.post.pretend_code(conn, name, which.clone(), self.now);
        };
        let mailed = self.post.mail_code(conn, &person.id, which.clone(), self.now)?;
        let reason = if mailed.is_ok() { "asked-for" } else { "too-many-mails" };
        let job = Actor::Job("outbox".to_owned());
        let event = Event::new(self.event.clone(), self.now, Kind::ResetCodeMailed, job);
        audit::record(conn, &[event.to(person.id).because(reason)])
    }

    fn user_id(&self, conn: &mut AnyConn, address: &EmailAddress) -> Result<(), StoreError> {
        let found = subscriber::by_email(conn, address)?;
        // The answer goes to the address on file, spelt as it is there.
        let to = match &found {
            Some(person) => Recipient::Subscriber(person.id.clone()),
            None => Recipient::Address { address: address.clone(), subscriber: None },
        };
        let mail = Mail::ForgottenUserId { user_id: found.map(|person| person.user_id) };
        self.post.queue(conn, &NewMail { id: self.post.message_id(), to, mail }, self.now)?;
        Ok(())
    }
}
