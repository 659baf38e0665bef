//! Telling people what happened in the community: a letter of core becomes mails in the outbox.

use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        news::{News, Recipient},
        outcome::Letter,
        subscriber::{AccountStatus, EmailAddress, Subscriber, UserId},
        told::{Details, Link, Told},
    },
    ids::{OrganizationId, SubscriberId},
    mail::Mail,
};

use super::{Addressed, Post};
use crate::store::{AnyConn, StoreError, organization, outbox, subscriber};

/// What a letter is worded with and only whoever sends it knows.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// Who reads a letter to an asker, a nominee, a registrant or a requester, as their own row
    /// has it. Without one such a letter is not written.
    pub reader: Option<Reader>,
    /// The organization that turns to the reader, where neither news nor recipient names it.
    pub organization: Option<OrganizationId>,
    /// What the nominee, the asker or the system is called that the news is about.
    pub about: Option<String>,
    /// The reader’s User ID, where it is told and the news does not name it.
    pub user_id: Option<UserId>,
    /// What the support desk writes to the reader.
    pub message: Option<String>,
    /// The way that only the reader has; its key is kept as a digest and cannot be looked up.
    pub link: Option<Link>,
}

/// Who reads a letter that is not addressed to a person by their identifier.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Somebody who gave this address.
    Mailbox {
        /// The address.
        address: EmailAddress,
        /// How to greet them.
        name: Option<String>,
        /// The language of the page on which they gave it (BCP 47).
        language: Option<String>,
    },
    /// Somebody who has an account.
    Person(SubscriberId),
}

impl Post {
    /// Puts a letter into the outbox, in the caller’s transaction, and says in how many mails:
    /// none for whoever has no address. Ring [`crate::app::App::outbox`] after the commit.
    ///
    /// Names are those of this moment. An organization’s Administrators are those whom it has at
    /// this moment too: tell them before their affiliations end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tell(
        &self,
        conn: &mut AnyConn,
        letter: &Letter,
        extras: &Extras,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let readers = readers(conn, &letter.to, extras.reader.as_ref())?;
        if readers.is_empty() {
            return Ok(0);
        }
        let details = details(conn, letter, extras)?;
        let mail_to = |reader: Mailbox| {
            let details = reader.told(&letter.news, details.clone());
            let told = Told { letter: letter.clone(), details, link: extras.link.clone() };
            let Mailbox { address: to, name, language, person } = reader;
            let mail = Mail::Community(Box::new(told));
            let addressed = Addressed { to, name, language, mail };
            self.message(self.message_id(), person.map(|person| person.id), &addressed)
        };
        let mails = readers.into_iter().map(mail_to).collect::<Result<Vec<_>, _>>()?;
        outbox::enqueue(conn, &mails, now)?;
        Ok(mails.len())
    }
}

/// A mailbox, and whose it is.
struct Mailbox {
    address: EmailAddress,
    name: Option<String>,
    language: Option<String>,
    person: Option<Subscriber>,
}

impl Mailbox {
    /// The address on file, if there is one.
    fn of(person: Subscriber) -> Option<Self> {
        let (name, language) = (Some(person.name()), person.profile.locale.clone());
        let address = person.email.clone()?;
        Some(Self { address, name, language, person: Some(person) })
    }

    /// Nobody is told who they are themselves, and whoever is new learns their User ID.
    fn told(&self, news: &News, details: Details) -> Details {
        let Some(person) = &self.person else { return details };
        let about = details.about.filter(|_| news.person() != Some(&person.id));
        let new = matches!(news, News::Welcome).then(|| person.user_id.clone());
        Details { about, user_id: details.user_id.or(new), ..details }
    }
}

/// Who reads what is sent to this recipient.
fn readers(
    conn: &mut AnyConn,
    to: &Recipient,
    known: Option<&Reader>,
) -> Result<Vec<Mailbox>, StoreError> {
    let mut person =
        |id| Ok(subscriber::find(conn, id)?.into_iter().filter_map(Mailbox::of).collect());
    match (to, known) {
        (Recipient::Subscriber(id), _) | (_, Some(Reader::Person(id))) => person(id),
        (Recipient::AdministratorsOf(organization), _) => {
            let all = subscriber::administrators_of(conn, organization)?;
            let usable = all.into_iter().filter(|person| person.status == AccountStatus::Active);
            Ok(usable.filter_map(Mailbox::of).collect())
        }
        (
            Recipient::Asker(_)
            | Recipient::Nominee(_)
            | Recipient::Registrant(_)
            | Recipient::Requester(_),
            Some(Reader::Mailbox { address, name, language }),
        ) => {
            let (address, name, language) = (address.clone(), name.clone(), language.clone());
            Ok(vec![Mailbox { address, name, language, person: None }])
        }
        (
            Recipient::Asker(_)
            | Recipient::Nominee(_)
            | Recipient::Registrant(_)
            | Recipient::Requester(_),
            None,
        ) => Ok(Vec::new()),
    }
}

/// What the identifiers of a letter stand for at this moment.
fn details(conn: &mut AnyConn, letter: &Letter, extras: &Extras) -> Result<Details, StoreError> {
    let own = letter.to.organization().or(letter.news.organization());
    let mut name = |id: Option<&OrganizationId>| {
        let found = id.map(|id| organization::find(conn, id)).transpose()?;
        Ok::<_, StoreError>(found.flatten().map(|found| found.name))
    };
    let organization = name(own.or(extras.organization.as_ref()))?;
    // An owner who is told of their own number needs no name for it.
    let owner = name(letter.news.owner().filter(|owner| Some(*owner) != own))?;
    let about = match (&extras.about, letter.news.person()) {
        (None, Some(person)) => subscriber::find(conn, person)?.map(|person| person.name()),
        (about, _) => about.clone(),
    };
    let (user_id, message) = (extras.user_id.clone(), extras.message.clone());
    Ok(Details { organization, owner, about, user_id, message })
}
