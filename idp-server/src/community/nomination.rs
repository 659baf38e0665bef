//! Nominating people (domain 4.2): the search for whom it may be, the nomination, and what becomes
//! of one that waits.

mod user_ids;
mod waiting;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Event, Kind},
    authentication::mailed_code::{LinkKey, MailedCode},
    community::{
        actor::Actor,
        field::Objections,
        letters::{Counted, TooMany},
        nomination::{self, Keys, Nomination, Nominee, NomineeForm, State},
        npi::Npi,
        permission::Denied,
        person_match::{self, Finding, Sought},
        subscriber::{EmailAddress, UserId},
        told::Link,
    },
    ids::{AffiliationId, NominationId, OrganizationId, SubscriberId},
};
use serde_json::json;

pub(super) use self::waiting::dissolve;
pub use self::waiting::{expire, resend, withdraw};
use self::waiting::{make_way, waits_already};
pub(super) use self::{
    user_ids::{free_user_id, proposed_user_id},
    waiting::{npi_is_free, waits_for},
};
use super::{
    About, Office, letters,
    offer::{self, Asked},
};
use crate::{
    mail::{Extras, Reader},
    store::{
        AnyConn, StoreError, Taken, audit, email_change,
        meant::{self, Candidate},
        nomination::{self as stored, Details, NominationRecord},
        subscriber, tax_id,
    },
};

/// A colleague whose name is similar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colleague {
    /// Who.
    pub id: SubscriberId,
    /// First and last name.
    pub name: String,
    /// The User ID.
    pub user_id: UserId,
}

/// What a nomination would come to.
#[derive(Clone, Debug)]
pub enum Prospect {
    /// Somebody has this address or number, and is asked to act for the organization too.
    Ask(Nominee, SubscriberId),
    /// Somebody new, or somebody who comes back.
    Nominate {
        /// Who.
        nominee: Nominee,
        /// Under which User ID.
        user_id: UserId,
        /// The account that it brings back, if it does.
        revived: Option<SubscriberId>,
        /// Colleagues of a similar name: is it one of them?
        similar: Vec<Colleague>,
    },
}

/// Whether the Administrator has looked at the colleagues of a similar name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Similar {
    /// It is none of them.
    NobodyOfThem,
    /// They have not been asked yet.
    NotAsked,
}

/// What was done.
#[derive(Debug)]
pub enum Nominated {
    /// Somebody who has a User ID is asked. Nothing of theirs is told.
    Asked,
    /// The mail is on its way, and this is to be handed over.
    Waiting(HandOver),
}

impl Nominated {
    /// The nomination, if there is one: it may answer a request for access.
    #[must_use]
    pub const fn nomination(&self) -> Option<&NominationId> {
        match self {
            Self::Asked => None,
            Self::Waiting(hand_over) => Some(&hand_over.nomination),
        }
    }
}

/// What an Administrator is shown once, to be handed over.
#[derive(Debug)]
pub struct HandOver {
    /// Which nomination.
    pub nomination: NominationId,
    /// The nominee's name.
    pub name: String,
    /// The User ID.
    pub user_id: UserId,
    /// The code.
    pub code: MailedCode,
    /// Until when it can be used.
    pub until: DateTime<Utc>,
}

/// Why nothing happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person was asked already to act for the organization.
    #[error("this person has been asked already")]
    AlreadyAsked,
    /// The person acts for the organization already.
    #[error("this person acts for your organization already")]
    AlreadyHere(SubscriberId),
    /// The organization has nominated the person already.
    #[error("this person is nominated already")]
    AlreadyNominated(NominationId),
    /// By the rules of nominations.
    #[error(transparent)]
    Nomination(#[from] nomination::Refusal),
    /// The form is not good.
    #[error("the form is not complete")]
    Objections(Objections),
    /// Only the support desk can tell.
    #[error("please ask the support desk")]
    SeeSupport,
    /// Colleagues of a similar name are to be looked at first.
    #[error("is it one of these colleagues?")]
    SimilarHere(Vec<Colleague>),
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::Nomination(denied.into())
    }
}

impl From<TooMany> for Refusal {
    fn from(too_many: TooMany) -> Self {
        Self::Nomination(too_many.into())
    }
}

impl Refusal {
    /// What a conflict with somebody who was faster is told as.
    #[must_use]
    pub fn of_conflict(taken: Taken) -> Self {
        match taken {
            Taken::UserId => {
                let mut found = Objections::default();
                found.object("user_id", USER_ID_TAKEN);
                Self::Objections(found)
            }
            Taken::Affiliation => Self::AlreadyAsked,
            Taken::Code
            | Taken::EmailAddress
            | Taken::Nomination
            | Taken::Npi
            | Taken::Other
            | Taken::Passkey
            | Taken::TaxId => Self::SeeSupport,
        }
    }
}

/// What is wrong with a User ID that somebody has.
pub const USER_ID_TAKEN: &str =
    "this User ID is taken: choose another one, or leave the field empty";

/// What a nomination would come to, before it is made (R93).
///
/// # Errors
/// [`StoreError`].
pub fn look(
    conn: &mut AnyConn,
    office: &Office,
    form: NomineeForm<'_>,
) -> Result<Result<Prospect, Refusal>, StoreError> {
    let (who, of) = match administrator(office) {
        Ok(administrator) => administrator,
        Err(denied) => return Ok(Err(denied.into())),
    };
    let tax_ids = tax_id::acted_under(conn, of, &*office.open_ssn)?;
    let nominee = match form.read(&tax_ids, who, office.now) {
        Ok(nominee) => nominee,
        Err(objections) => return Ok(Err(Refusal::Objections(objections))),
    };
    if let Some(refusal) = waits_already(conn, office, of, &nominee)? {
        return Ok(Err(refusal));
    }
    let names = (nominee.given_name.as_str(), nominee.family_name.as_str());
    let known = meant::who_may_be_meant(conn, of, (&nominee.email, nominee.npi.as_ref()), names)?;
    match find(&nominee, &known) {
        Finding::Affiliate(person) => Ok(Ok(Prospect::Ask(nominee, person))),
        Finding::AlreadyHere(person) => match offer::asked(conn, office, of, &person)? {
            Some(Asked::Late) => Ok(Ok(Prospect::Ask(nominee, person))),
            Some(Asked::Waiting) => Ok(Err(Refusal::AlreadyAsked)),
            None => Ok(Err(Refusal::AlreadyHere(person))),
        },
        Finding::SeeSupport => Ok(Err(Refusal::SeeSupport)),
        Finding::Revive(person) => {
            let Some(account) = subscriber::find(conn, &person)? else {
                return Ok(Err(Refusal::SeeSupport));
            };
            let (user_id, revived) = (account.user_id, Some(person));
            Ok(Ok(Prospect::Nominate { nominee, user_id, revived, similar: Vec::new() }))
        }
        Finding::Nobody { similar_here } => {
            let nobody = SubscriberId::from_random(office.random.bytes());
            if !email_change::is_free(conn, &nominee.email, &nobody, office.now)? {
                // Somebody gave the address up and may still take it back.
                return Ok(Err(Refusal::SeeSupport));
            }
            let Some(user_id) = free_user_id(conn, &nominee)? else {
                let mut found = Objections::default();
                found.object("user_id", USER_ID_TAKEN);
                return Ok(Err(Refusal::Objections(found)));
            };
            let similar = colleagues(&known, &similar_here);
            Ok(Ok(Prospect::Nominate { nominee, user_id, revived: None, similar }))
        }
    }
}

/// Nominates somebody, or asks somebody who has a User ID to act for the organization too.
///
/// # Errors
/// [`StoreError`]; of a [`StoreError::Conflict`] tell [`Refusal::of_conflict`].
pub fn nominate(
    conn: &mut AnyConn,
    office: &Office,
    form: NomineeForm<'_>,
    similar_ones: Similar,
) -> Result<Result<Nominated, Refusal>, StoreError> {
    let of = match administrator(office) {
        Ok((_, of)) => of.clone(),
        Err(denied) => return Ok(Err(denied.into())),
    };
    let (nominee, user_id, revived) = match look(conn, office, form)? {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(Prospect::Ask(nominee, person)) => {
            if let Err(refusal) = letters::write_to(conn, office, &of, Counted::Person(&person))? {
                return Ok(Err(refusal.into()));
            }
            let typed = nominee.email.as_str();
            let asked = offer::propose(conn, office, (&of, &person), &nominee.rights, typed)?;
            return Ok(asked.map(|()| Nominated::Asked).map_err(Refusal::from));
        }
        Ok(Prospect::Nominate { similar, .. })
            if !similar.is_empty() && similar_ones == Similar::NotAsked =>
        {
            return Ok(Err(Refusal::SimilarHere(similar)));
        }
        Ok(Prospect::Nominate { nominee, user_id, revived, .. }) => (nominee, user_id, revived),
    };
    let mailbox = Counted::Mailbox(&nominee.email);
    if let Err(refusal) = letters::write_to(conn, office, &of, mailbox)? {
        return Ok(Err(refusal.into()));
    }
    let new = New {
        organization: of,
        user_id,
        revived,
        email: nominee.email.clone(),
        npi: nominee.npi.clone(),
        roster: None,
        details: Details::of(&nominee, office.language),
    };
    Ok(record(conn, office, new)?.map(Nominated::Waiting).map_err(Refusal::from))
}

/// A nomination that is to be made.
pub(super) struct New {
    pub(super) organization: OrganizationId,
    pub(super) user_id: UserId,
    pub(super) revived: Option<SubscriberId>,
    pub(super) email: EmailAddress,
    pub(super) npi: Option<Npi>,
    pub(super) roster: Option<String>,
    pub(super) details: Details,
}

/// Makes link and code, and writes the nomination down.
pub(super) fn record(
    conn: &mut AnyConn,
    office: &Office,
    new: New,
) -> Result<Result<HandOver, Denied>, StoreError> {
    make_way(conn, office, &new.email, new.npi.as_ref())?;
    let drawn = Drawn::new(office);
    let subscriber =
        new.revived.unwrap_or_else(|| SubscriberId::from_random(office.random.bytes()));
    let nomination = Nomination {
        id: NominationId::from_random(office.random.bytes()),
        organization: new.organization,
        affiliation: AffiliationId::from_random(office.random.bytes()),
        subscriber,
        user_id: new.user_id,
        nominated_by: office.actor.person().cloned(),
        nominated_at: office.now,
        state: State::Nominated(drawn.keys(office)),
    };
    let outcome = match nomination::nominate(nomination, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(denied) => return Ok(Err(denied)),
    };
    let record = NominationRecord {
        nomination: outcome.state.clone(),
        email: new.email,
        npi: new.npi,
        roster: new.roster,
        details: new.details,
    };
    stored::insert(conn, &record)?;
    let after = json!({
        "nomination": record.nomination.id,
        "roles": record.details.roles,
        "access_level": record.details.access_level,
    });
    let about = About {
        after: Some(after),
        reason: record.details.reason.clone(),
        ..about(&record, Some(&drawn))
    };
    office.carry_out(conn, outcome, &about)?;
    Ok(Ok(drawn.hand_over(&record)))
}

fn find(nominee: &Nominee, known: &[Candidate]) -> Finding {
    let known: Vec<_> = known.iter().map(Candidate::known).collect();
    let sought = Sought {
        given_name: &nominee.given_name,
        family_name: &nominee.family_name,
        email: &nominee.email,
        npi: nominee.npi.as_ref(),
    };
    person_match::find(sought, &known)
}

fn colleagues(known: &[Candidate], similar: &[SubscriberId]) -> Vec<Colleague> {
    let similar: BTreeSet<&SubscriberId> = similar.iter().collect();
    let colleague = |candidate: &Candidate| {
        let person = &candidate.person;
        Colleague { id: person.id.clone(), name: person.name(), user_id: person.user_id.clone() }
    };
    known.iter().filter(|known| similar.contains(&known.person.id)).map(colleague).collect()
}

/// Writes the nomination of an organization's first Administrator down. Their letter is that of the
/// approval, and their code is the one that they began to register with.
pub(super) fn first(
    conn: &mut AnyConn,
    office: &Office,
    nomination: Nomination,
    (email, npi): (&EmailAddress, Option<&Npi>),
    details: Details,
) -> Result<(), StoreError> {
    make_way(conn, office, email, npi)?;
    let event = Event {
        organization: Some(nomination.organization.clone()),
        subject: Some(nomination.subscriber.clone()),
        ..office.event(Kind::NominationCreated)
    };
    let (email, npi) = (email.clone(), npi.cloned());
    let record = NominationRecord { nomination, email, npi, roster: None, details };
    stored::insert(conn, &record)?;
    let NominationRecord { nomination, details, .. } = &record;
    let after = json!({ "nomination": nomination.id, "roles": details.roles });
    audit::record(conn, &[event.after(after)])
}

/// Who acts, and for which organization.
pub(super) fn administrator(office: &Office) -> Result<(&SubscriberId, &OrganizationId), Denied> {
    match &office.actor {
        Actor::Administrator { who, of } => Ok((who, of)),
        Actor::Job(_) | Actor::Nobody | Actor::Subscriber(_) | Actor::Support { .. } => {
            Err(Denied::Forbidden)
        }
    }
}

/// What the audit record and the letters need. The nominee is no Subscriber yet, so the letters are
/// told where to go.
pub(super) fn about(record: &NominationRecord, drawn: Option<&Drawn>) -> About {
    let Nomination { id, organization, subscriber, .. } = &record.nomination;
    let reader = Reader::Mailbox {
        address: record.email.clone(),
        name: Some(record.details.name()),
        language: record.details.language.clone(),
    };
    let link =
        drawn.map(|drawn| Link::Activate { nomination: id.clone(), key: drawn.link.clone() });
    About {
        organization: Some(organization.clone()),
        subject: Some(subscriber.clone()),
        mail: Extras {
            reader: Some(reader),
            about: Some(record.details.name()),
            link,
            ..Extras::default()
        },
        ..About::default()
    }
}

/// A new link and a new code, in the clear.
pub(super) struct Drawn {
    link: LinkKey,
    code: MailedCode,
    at: DateTime<Utc>,
}

impl Drawn {
    fn new(office: &Office) -> Self {
        let (link, code) = (office.post.draw_link_key(), office.post.draw_code_to_hand_over());
        Self { link, code, at: office.now }
    }

    fn keys(&self, office: &Office) -> Keys {
        let code = office.post.digest_behind(&self.code, &self.link);
        Keys::new(self.link.digest(), code, self.at)
    }

    fn hand_over(self, record: &NominationRecord) -> HandOver {
        let ends = record.nomination.expires_at();
        HandOver {
            nomination: record.nomination.id.clone(),
            name: record.details.name(),
            user_id: record.nomination.user_id.clone(),
            code: self.code,
            until: ends.min(self.at + nomination::CODE_LASTS),
        }
    }
}
