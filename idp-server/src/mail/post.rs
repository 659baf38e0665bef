//! Putting mails into the outbox, and taking them out again.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use chrono::{DateTime, Utc};
use idp_core::{
    authentication::mailed_code::{CodePurpose, LinkKey, MailedCode, NotIssued, Which},
    community::subscriber::EmailAddress,
    ids::{MessageId, SubscriberId},
    mail::Mail,
    secret::SecretDigest,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{
    jobs::Inquiry,
    keys::{
        sealing::{Place, SealError, Sealer},
        sub_keys::{SubKey, SubKeys},
    },
    random::Random,
    store::{
        AnyConn, StoreError, mailed_code,
        outbox::{self, Content, NewMessage},
        subscriber,
    },
};

/// A mail to be written.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Its identifier, drawn by the caller: a transaction that is done again writes the same mail.
    pub id: MessageId,
    /// Who gets it: one mailbox, and no other (security 21.3).
    pub to: Recipient,
    /// What it says.
    pub mail: Mail,
}

/// Who gets a mail.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// This mailbox: the old one, the new one, one that is nobody's.
    Address {
        /// The mailbox.
        address: EmailAddress,
        /// Whose account it is about, if anybody's.
        subscriber: Option<SubscriberId>,
    },
    /// The address on file at the moment of writing. Without one there is no mail.
    Subscriber(SubscriberId),
}

/// A mail as it waits in the outbox, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressed {
    /// The one mailbox.
    pub to: EmailAddress,
    /// How to greet the person; nobody is greeted where an account is none of the reader's business.
    pub name: Option<String>,
    /// The language that the person has asked for (BCP 47).
    pub language: Option<String>,
    /// What it says.
    pub mail: Mail,
}

/// Writes mails and codes. Cheap to clone into a transaction.
#[derive(Clone)]
pub struct Post(Arc<Shared>);

struct Shared {
    sealer: Arc<Sealer>,
    random: Random,
    code_key: SubKey,
}

impl Post {
    /// A post that seals with `sealer` and makes codes under the key in `keys`.
    #[must_use]
    pub fn new(sealer: Arc<Sealer>, keys: &SubKeys, random: Random) -> Self {
        Self(Arc::new(Shared { sealer, random, code_key: keys.mailed_code.clone() }))
    }

    /// An identifier for a mail.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        MessageId::from_random(self.0.random.bytes())
    }

    /// A new code in the clear, for a mail.
    #[must_use]
    pub fn draw_code(&self) -> MailedCode {
        MailedCode::from_random(self.0.random.bytes())
    }

    /// A new key for the link in a mail.
    #[must_use]
    pub fn draw_link_key(&self) -> LinkKey {
        LinkKey::from_random(self.0.random.bytes())
    }

    /// A new code in the clear, for the one who hands it over.
    #[must_use]
    pub fn draw_code_to_hand_over(&self) -> MailedCode {
        MailedCode::to_hand_over(self.0.random.bytes())
    }

    /// What a code of this person is kept as and compared by.
    #[must_use]
    pub fn digest(
        &self,
        code: &MailedCode,
        purpose: CodePurpose,
        subscriber: &SubscriberId,
    ) -> SecretDigest {
        code.digest(self.0.code_key.expose(), purpose, subscriber)
    }

    /// What a code that counts together with one link is kept as and compared by.
    #[must_use]
    pub fn digest_behind(&self, code: &MailedCode, link: &LinkKey) -> SecretDigest {
        code.digest_behind(self.0.code_key.expose(), &link.digest())
    }

    /// Whom the codes of a name that nobody has are kept for, so that trying at them costs what it
    /// costs with any other name (security 17.1). Nobody has such an identifier, and no mail has
    /// such a code.
    #[must_use]
    pub fn nobody(&self, name: &str) -> SubscriberId {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.code_key.expose());
        let tag = hmac::sign(&key, ["nobody", name].join("\0").as_bytes());
        let octets = tag.as_ref().first_chunk().copied().unwrap_or_default();
        SubscriberId::from_random(octets)
    }

    /// Makes a code that nobody is told, for [`Self::nobody`], in the caller's transaction.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn pretend_code(
        &self,
        conn: &mut AnyConn,
        name: &str,
        which: Which,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let nobody = self.nobody(name);
        let digest = self.digest(&self.draw_code(), which.purpose, &nobody);
        mailed_code::issue(conn, &nobody, which, digest, now).map(drop)
    }

    /// Puts a mail into the outbox, in the caller's transaction. `false` if the person has no
    /// address. Ring [`crate::app::App::outbox`] after the commit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn queue(
        &self,
        conn: &mut AnyConn,
        new: &NewMail,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (addressed, subscriber) = match &new.to {
            Recipient::Address { address, subscriber } => {
                let mail = new.mail.clone();
                let to = address.clone();
                (Addressed { to, name: None, language: None, mail }, subscriber.clone())
            }
            Recipient::Subscriber(id) => {
                let Some(person) = subscriber::find(conn, id)? else { return Ok(false) };
                let Some(to) = person.email.clone() else { return Ok(false) };
                let (name, language) = (Some(person.name()), person.profile.locale.clone());
                (Addressed { to, name, language, mail: new.mail.clone() }, Some(id.clone()))
            }
        };
        outbox::enqueue(conn, &[self.message(new.id.clone(), subscriber, &addressed)?], now)?;
        Ok(true)
    }

    /// The message under `id` that a mail about this person is in the outbox.
    pub(super) fn message(
        &self,
        id: MessageId,
        subscriber: Option<SubscriberId>,
        addressed: &Addressed,
    ) -> Result<NewMessage, StoreError> {
        let sealed = Some(self.seal(&id, addressed).map_err(|_| unsealed(&id))?);
        let name = addressed.mail.name().to_owned();
        Ok(NewMessage { id, content: Content::Mail { subscriber, name, sealed } })
    }

    /// Makes a code for a person in place of the older one and mails it to the address on file, in
    /// the caller's transaction. The inner error: there were too many, and nothing was done.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mail_code(
        &self,
        conn: &mut AnyConn,
        subscriber: &SubscriberId,
        which: impl Into<Which>,
        now: DateTime<Utc>,
    ) -> Result<Result<(), NotIssued>, StoreError> {
        let (which, code) = (which.into(), self.draw_code());
        let purpose = which.purpose;
        let digest = self.digest(&code, purpose, subscriber);
        if let Err(why) = mailed_code::issue(conn, subscriber, which, digest, now)? {
            return Ok(Err(why));
        }
        let new = NewMail {
            id: self.message_id(),
            to: Recipient::Subscriber(subscriber.clone()),
            mail: Mail::Code { purpose, code },
        };
        self.queue(conn, &new, now)?;
        Ok(Ok(()))
    }

    /// Queues a notice to the address on file, in the caller's transaction.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notify(
        &self,
        conn: &mut AnyConn,
        subscriber: &SubscriberId,
        mail: Mail,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let to = Recipient::Subscriber(subscriber.clone());
        self.queue(conn, &NewMail { id: self.message_id(), to, mail }, now)?;
        Ok(())
    }

    /// Puts a question that is answered behind the page into the outbox, in the caller's
    /// transaction.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ask(
        &self,
        conn: &mut AnyConn,
        inquiry: &Inquiry,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let id = self.message_id();
        let content = inquiry.seal(self, &id).map_err(|_| unsealed(&id))?;
        outbox::enqueue(conn, &[NewMessage { id, content }], now)
    }

    /// Opens a mail, or what else waits sealed in the outbox under `id`.
    ///
    /// # Errors
    /// [`SealError`] if it was sealed under another key, moved or changed.
    pub fn open<T: DeserializeOwned>(&self, id: &MessageId, sealed: &str) -> Result<T, SealError> {
        let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|_| SealError::Malformed)?;
        let plain = self.0.sealer.open(place(id), &sealed)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Malformed)
    }

    /// Seals what waits in the outbox under `id` and must not be read there.
    ///
    /// # Errors
    /// [`SealError`]; the cipher has no reason to fail.
    pub fn seal<T: Serialize>(&self, id: &MessageId, plain: &T) -> Result<String, SealError> {
        let plain = serde_json::to_vec(plain).map_err(|_| SealError::Malformed)?;
        let plain = Zeroizing::new(plain);
        Ok(STANDARD_NO_PAD.encode(self.0.sealer.seal(place(id), &plain)?))
    }
}

/// The cipher failed, for which it has no reason. The mail must not lie in the clear.
fn unsealed(id: &MessageId) -> StoreError {
    StoreError::CorruptRow { table: "outbox", column: "payload", row: id.to_string() }
}

fn place(id: &MessageId) -> Place<'_> {
    Place { table: "outbox", column: "payload", row: id.as_str() }
}
