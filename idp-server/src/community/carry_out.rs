//! What follows from a transition, done in its transaction.

use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Event, Kind},
    authentication::mailed_code::{CodePurpose, MailedCode, Which},
    community::{
        actor::Actor,
        affiliation::AffiliationStatus,
        end_access::{Ending, Whose},
        news::{News, Recipient},
        organization_life::{Command, Facts, HasNumber, Suspension, decide},
        outcome::{Effect, Letter, Outcome, Switch},
        ticket::Regarding,
    },
    ids::{EndingId, OrganizationId, SiteId, SubscriberId},
};
use serde_json::Value;

use super::{Office, affiliation as affiliations, closing, registrations, tickets};
use crate::{
    mail::Extras,
    store::{
        self, AnyConn, Carrier, Cause, Scope, StoreError, affiliation, audit, end_access_on_record,
        ending::Record, mailed_code, organization, reminder, staff, subscriber,
    },
};

/// What a transition is about, for the audit record and the mails.
#[derive(Debug, Default)]
pub struct About {
    /// The organization. Left out, it is the one that the actor acts for.
    pub organization: Option<OrganizationId>,
    /// The person.
    pub subject: Option<SubscriberId>,
    /// The site.
    pub site: Option<SiteId>,
    /// What a ticket refers to that the transition opens; left out, it is the person.
    pub regarding: Option<Regarding>,
    /// How it was before, without secrets and personal data.
    pub before: Option<Value>,
    /// How it is now, likewise.
    pub after: Option<Value>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// What only the letters of this transition have: who reads them, the key of a link.
    pub mail: Extras,
}

/// What was done.
#[derive(Debug)]
pub struct Done<S> {
    /// The new state.
    pub state: S,
    /// A code that is shown once, to be handed over.
    pub code: Option<MailedCode>,
    /// Under what the end of access is kept, for its receipts.
    pub ending: Option<EndingId>,
}

impl Office {
    /// Does what follows from a transition whose new state the caller has saved: writes the audit
    /// events, queues the letters, then does the effects in their order. Ring
    /// [`crate::app::App::outbox`] after the commit.
    ///
    /// # Errors
    /// [`StoreError`]; then the transaction must not be kept.
    pub fn carry_out<S>(
        &self,
        conn: &mut AnyConn,
        outcome: Outcome<S>,
        about: &About,
    ) -> Result<Done<S>, StoreError> {
        let Outcome { state, audit: kinds, letters, effects } = outcome;
        let events: Vec<Event> = kinds.into_iter().map(|kind| self.told(kind, about)).collect();
        audit::record(conn, &events)?;
        // Before anything ends, for an organization's Administrators are told as those whom it has.
        for letter in &letters {
            self.tell(conn, letter, about)?;
        }
        let mut done = Done { state, code: None, ending: None };
        for effect in effects {
            match effect {
                Effect::EndAccess(ending) => {
                    done.ending = Some(self.end_access(conn, &ending, about)?);
                }
                Effect::IssueHandedOverCode(person) => {
                    done.code = self.issue_code(conn, &person)?
                }
                other @ (Effect::ActivateAccount(_)
                | Effect::ActivateAffiliation(_)
                | Effect::ClaimNumber { .. }
                | Effect::DismissFromDesk(_)
                | Effect::Dissolve(_)
                | Effect::EndAffiliations(_)
                | Effect::MakeAdministrator(_)
                | Effect::NumberKept(_)
                | Effect::NumberReserved(_)
                | Effect::OpenOrganization { .. }
                | Effect::OpenTicket(_)
                | Effect::SuspendAffiliation(_)
                | Effect::SuspendOrganization { .. }
                | Effect::SwitchSite { .. }
                | Effect::WithdrawClaim(_)) => self.effect(conn, other, about)?,
            }
        }
        Ok(done)
    }

    /// Puts a letter into the outbox.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tell(
        &self,
        conn: &mut AnyConn,
        letter: &Letter,
        about: &About,
    ) -> Result<(), StoreError> {
        let organization = about.organization.as_ref().or_else(|| self.actor.organization());
        let own = about.mail.organization.clone().or_else(|| organization.cloned());
        let extras = Extras { organization: own, ..about.mail.clone() };
        self.post.tell(conn, letter, &extras, self.now).map(drop)
    }

    /// Sends a reminder if one is due, and writes down that it was sent. `due` is asked with the time
    /// of the last one of this topic about this thing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remind(
        &self,
        conn: &mut AnyConn,
        (topic, of): (&'static str, &str),
        about: &About,
        due: impl FnOnce(Option<DateTime<Utc>>) -> Option<(Recipient, News)>,
    ) -> Result<(), StoreError> {
        let told_at = reminder::told_at(conn, topic, of)?;
        let Some((to, news)) = due(told_at) else { return Ok(()) };
        self.tell(conn, &Letter { to, news }, about)?;
        reminder::told(conn, topic, of, self.now)
    }

    fn told(&self, kind: Kind, about: &About) -> Event {
        let event = self.event(kind);
        Event {
            organization: about.organization.clone().or(event.organization),
            subject: about.subject.clone(),
            site: about.site.clone(),
            before: about.before.clone(),
            after: about.after.clone(),
            reason: about.reason.clone(),
            ..event
        }
    }

    fn effect(&self, conn: &mut AnyConn, effect: Effect, about: &About) -> Result<(), StoreError> {
        match effect {
            Effect::ActivateAccount(id) => subscriber::activate(conn, &id, self.now),
            Effect::ActivateAffiliation(id) => {
                affiliation::set_status(conn, &id, AffiliationStatus::Active)
            }
            Effect::SuspendAffiliation(id) => {
                affiliation::set_status(conn, &id, AffiliationStatus::Suspended)
            }
            Effect::MakeAdministrator(id) => affiliation::set_administrator(conn, &id, true),
            Effect::DismissFromDesk(person) => staff::dismiss(conn, &person).map(drop),
            Effect::Dissolve(id) => closing::dissolve(conn, self, &id),
            Effect::EndAffiliations(person) => {
                // The rules end them, whoever it was that ended the account.
                let rules = Self { actor: Actor::Job("account-rules"), ..self.clone() };
                affiliations::depart(conn, &rules, &person)
            }
            Effect::SuspendOrganization { organization, why } => {
                self.suspend_organization(conn, &organization, why)
            }
            Effect::SwitchSite { organization, site, on: Switch::On } => {
                organization::enable_site(conn, &organization, &site)
            }
            Effect::SwitchSite { organization, site, on: Switch::Off } => {
                organization::disable_site(conn, &organization, &site)
            }
            Effect::OpenTicket(kind) => tickets::open_for(conn, self, kind, about),
            // Done by the caller, who has what they give back.
            Effect::EndAccess(_) | Effect::IssueHandedOverCode(_) => Ok(()),
            Effect::ClaimNumber { registration, ground } => {
                registrations::claim_number(conn, self, &registration, ground)
            }
            Effect::NumberKept(id) => registrations::number_kept(conn, self, &id),
            Effect::NumberReserved(id) => registrations::number_reserved(conn, self, &id),
            Effect::OpenOrganization { organization, first, registration } => {
                registrations::open_organization(conn, self, (&organization, &first), &registration)
            }
            Effect::WithdrawClaim(id) => registrations::withdraw_claim(conn, self, &id),
        }
    }

    /// The one way in which access ends, on record so that its receipts can be looked at.
    fn end_access(
        &self,
        conn: &mut AnyConn,
        ending: &Ending,
        about: &About,
    ) -> Result<EndingId, StoreError> {
        let scope = match &ending.whose {
            Whose::Affiliation(id) => Scope::By(Carrier::Affiliation(id.clone())),
            Whose::Organization(id) => Scope::By(Carrier::Organization(id.clone())),
            Whose::OrganizationAtSite(id, site) => {
                Scope::By(Carrier::OrganizationAtSite(id.clone(), site.clone()))
            }
            Whose::Subscriber(id) => {
                Scope::Account { subscriber: id.clone(), access: ending.cause.ends() }
            }
            Whose::TaxId(id, number) => Scope::By(Carrier::TaxId(id.clone(), number.clone())),
            // Its tokens are refused where they are checked; there is nothing else of it.
            Whose::SystemClient(_) => Scope::By(Carrier::None),
        };
        let record = Record {
            id: EndingId::from_random(self.random.bytes()),
            organization: about.organization.clone().or_else(|| self.actor.organization().cloned()),
            subscriber: about.subject.clone(),
        };
        let work = self.ending(Cause::Community(ending.cause));
        end_access_on_record(conn, &scope, &work, &record, &self.random)?;
        Ok(record.id)
    }

    fn ending(&self, cause: Cause) -> store::Ending {
        let actor = self.audited();
        store::Ending { actor, address: self.address, cause, now: self.now }
    }

    fn suspend_organization(
        &self,
        conn: &mut AnyConn,
        id: &OrganizationId,
        why: Suspension,
    ) -> Result<(), StoreError> {
        let Some(body) = organization::body(conn, id)? else { return Ok(()) };
        // The rules stop it, whoever it was that took away what it needs.
        let rules = match why {
            Suspension::NoTaxId => "tax-id-registry",
            Suspension::Breach | Suspension::NoAdministrator => "organization-rules",
        };
        let rules = Self { actor: Actor::Job(rules), ..self.clone() };
        let facts = Facts { administrators: 0, number: HasNumber::No, parts: 0 };
        // One that is stopped already, or has left, stays as it is.
        let stop = Command::Suspend(why);
        let Ok(outcome) = decide(body, stop, facts, &rules.actor, self.now) else {
            return Ok(());
        };
        organization::set_body(conn, &outcome.state, self.now)?;
        let about = About {
            organization: Some(id.clone()),
            reason: Some(why.code().to_owned()),
            ..About::default()
        };
        rules.carry_out(conn, outcome, &about).map(drop)
    }

    /// `None` where too many codes were made in this hour: the caller says so.
    fn issue_code(
        &self,
        conn: &mut AnyConn,
        person: &SubscriberId,
    ) -> Result<Option<MailedCode>, StoreError> {
        let code = self.post.draw_code_to_hand_over();
        let digest = self.post.digest(&code, CodePurpose::ResetHandedOver, person);
        let issued = mailed_code::issue(conn, person, Which::handed_over(&code), digest, self.now)?;
        Ok(issued.is_ok().then_some(code))
    }
}
