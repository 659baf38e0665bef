//! A person as the desk may see them: the name, how the account stands and for whom they act; what is
//! needed for asking who calls; and what may be said to who has shown it, for what they want (R56).

use idp_core::{
    community::{
        caller_check::{Purpose, Question, Verified},
        subscriber::{EmailAddress, Standing, Subscriber, UserId},
    },
    ids::{OrganizationId, SubscriberId},
    mail::shortened,
};

use super::verified;
use crate::{
    community::Office,
    store::{AnyConn, StoreError, factor, person, search, subscriber},
};

/// How many colleagues are named to compare with.
const COLLEAGUES: i64 = 8;

/// A person as the desk may see them.
#[derive(Debug)]
pub struct Seen {
    person: Subscriber,
    /// Whether it is whoever looks: nobody uses the office on themselves.
    pub own: bool,
    /// How the account stands.
    pub standing: Standing,
    /// Where they act.
    pub organizations: Vec<ActsFor>,
    colleagues: Vec<String>,
    factors: usize,
    verified: Option<Verified>,
}

/// Where somebody acts.
#[derive(Debug)]
pub struct ActsFor {
    /// For which organization.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Whether they are an Administrator of it.
    pub administrator: bool,
    phone: Option<String>,
    address: Option<String>,
    administrators: Vec<String>,
}

impl ActsFor {
    /// Its Administrators, by name, each with the organization's.
    fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.administrators.iter().map(|name| (name.as_str(), self.name.as_str()))
    }
}

/// What may be said to who has shown who they are, for what they want.
#[derive(Debug)]
pub struct Disclosed<'a> {
    /// For what, and until when.
    pub verified: &'a Verified,
    /// The names of Administrators, with the organization.
    pub administrators: Vec<(&'a str, &'a str)>,
    /// The User ID.
    pub user_id: Option<&'a UserId>,
    /// The mail address on file.
    pub email: Option<&'a EmailAddress>,
    /// How many second factors there are.
    pub factors: Option<usize>,
}

/// Looks at a person; `None`: nobody has this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn look_at(
    conn: &mut AnyConn,
    office: &Office,
    id: &SubscriberId,
) -> Result<Option<Seen>, StoreError> {
    let Some(person) = subscriber::find(conn, id)? else { return Ok(None) };
    let mut organizations = Vec::new();
    for affiliation in person::affiliations_of(conn, id, &*office.open_ssn)? {
        let of = affiliation.organization;
        let (phone, address) = search::listed(conn, &of.id)?;
        let administrators = subscriber::administrators_of(conn, &of.id)?;
        organizations.push(ActsFor {
            administrators: administrators.iter().map(Subscriber::name).collect(),
            administrator: affiliation.administrator,
            id: of.id,
            name: of.name,
            phone,
            address,
        });
    }
    let ids: Vec<_> = organizations.iter().map(|it| it.id.clone()).collect();
    Ok(Some(Seen {
        own: office.actor.person() == Some(id),
        standing: person.standing(&office.rules, office.now),
        colleagues: search::colleagues(conn, &ids, id, COLLEAGUES)?,
        factors: factor::of_subscriber(conn, id)?.len(),
        verified: verified(conn, office, id)?,
        organizations,
        person,
    }))
}

impl Seen {
    /// Who.
    #[must_use]
    pub const fn id(&self) -> &SubscriberId {
        &self.person.id
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> String {
        self.person.name()
    }

    /// The check that counts now.
    #[must_use]
    pub fn verified(&self) -> Option<&Verified> {
        self.verified.as_ref().filter(|_| !self.own)
    }

    /// What may be said now.
    #[must_use]
    pub fn disclosed(&self) -> Option<Disclosed<'_>> {
        let verified = self.verified()?;
        let purpose = verified.purpose();
        let for_administrators = purpose == Purpose::Administrators;
        let asked = self.organizations.iter().filter(|_| for_administrators);
        let leads_on = matches!(purpose, Purpose::Code | Purpose::Email | Purpose::LostFactor);
        Some(Disclosed {
            verified,
            administrators: asked.flat_map(ActsFor::named).collect(),
            user_id: (!for_administrators).then_some(&self.person.user_id),
            email: self.person.email.as_ref().filter(|_| leads_on),
            factors: leads_on.then_some(self.factors),
        })
    }

    /// What a caller who wants this is asked, with what is on file, if anything is. Who wants to know
    /// something is not asked for it, nor is it shown. Nobody asks themselves.
    #[must_use]
    pub fn questions(&self, purpose: Purpose) -> Vec<(Question, Option<String>)> {
        if self.own {
            return Vec::new();
        }
        let asked = |question: &Question| purpose.asks_for() != Some(*question);
        let in_order = [
            Question::CalledBack,
            Question::Organization,
            Question::Email,
            Question::UserId,
            Question::LastSignIn,
            Question::Colleague,
        ];
        in_order
            .into_iter()
            .filter(asked)
            .map(|question| (question, self.on_file(question)))
            .collect()
    }

    fn on_file(&self, question: Question) -> Option<String> {
        let person = &self.person;
        let found = match question {
            Question::CalledBack => {
                let listed = self.organizations.iter().filter_map(|of| of.phone.clone());
                let phones = person.phone_number.clone().into_iter().chain(listed);
                phones.collect::<Vec<_>>().join(", ")
            }
            Question::Colleague => self.colleagues.join(", "),
            Question::Email => person.email.as_ref().map(shortened).unwrap_or_default(),
            // A day, as it is compared on the telephone.
            Question::LastSignIn => person
                .last_sign_in_at
                .map(|at| at.format("%Y-%m-%d").to_string())
                .unwrap_or_default(),
            Question::Organization => {
                let listed = self.organizations.iter().map(|of| match &of.address {
                    Some(address) => format!("{}, {address}", of.name),
                    None => of.name.clone(),
                });
                listed.collect::<Vec<_>>().join("; ")
            }
            Question::UserId => person.user_id.to_string(),
        };
        Some(found).filter(|found| !found.is_empty())
    }
}
