//! Who may do what, in one table: [`may`] answers for every screen, every call of the API and every
//! transition of a life cycle (R6, R68; security 20.1–20.4; domain, decisions 5 and 9).
//!
//! Three rules stand above the table. Who acts for one organization finds nothing of another: it is
//! as if it were not there. Nobody uses an office on themselves, neither to gain a right nor to let
//! themselves in. And what is not in the table is not allowed.

use std::collections::BTreeSet;

use super::actor::{Actor, Rank};
use crate::ids::{OrganizationId, SubscriberId};

/// What somebody may act as; [`Actor`] says who does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// An Administrator, in the own organization.
    Administrator,
    /// A job.
    Job,
    /// Only the lead of the support desk.
    Lead,
    /// Anybody on a public page, signed in or not.
    Public,
    /// A person, in their own matters.
    Subscriber,
    /// Anybody at the support desk.
    Support,
}

/// Makes the actions, their codes and the table from one list.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $code:literal: [$($capacity:ident),+];)*) => {
        /// Something that somebody wants to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// Every action there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its code, for the audit record of a refusal and for the API.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Who may do it at all.
            #[must_use]
            pub const fn open_to(self) -> &'static [Capacity] {
                match self { $(Self::$name => &[$(Capacity::$capacity),+],)* }
            }
        }
    };
}

actions! {
    /// Accept to act for an organization.
    AcceptAffiliation = "affiliation.accept": [Subscriber];
    /// Take a User ID over with its link and code.
    Activate = "nomination.activate": [Public];
    /// Answer the support desk about an own ticket.
    AnswerTicket = "ticket.answer": [Public, Subscriber, Administrator];
    /// Answer for a number that somebody else asks for, give it up, or open it to a representative.
    AnswerTaxIdClaim = "taxid.answer": [Administrator];
    /// Bring to an end what an organization or a person that has left leaves behind.
    Dissolve = "organization.dissolve": [Job];
    /// Be the second pair of eyes on a promotion.
    ApprovePromotion = "admin.approve": [Lead];
    /// Let a registered organization take part.
    ApproveRegistration = "registration.approve": [Support, Job];
    /// Be the second pair of eyes on the release of a number.
    ApproveRelease = "taxid.approve-release": [Lead];
    /// Ask for another number of the own organization, or take that back (R22).
    AskForNumber = "taxid.ask": [Administrator];
    /// Ask an organization's Administrators for access (R18, R88).
    AskForAccess = "access.ask": [Public, Subscriber];
    /// Ask that an organization be closed.
    AskToClose = "organization.ask-to-close": [Administrator];
    /// Change an organization's data.
    ChangeOrganization = "organization.change": [Administrator, Support];
    /// Change one's own data.
    ChangeOwnData = "person.change": [Subscriber];
    /// Have a person's mail go to another address, which they prove.
    ChangeEmail = "account.change-email": [Administrator, Support];
    /// Change roles, Tax IDs and access level of an affiliation.
    ChangeRights = "affiliation.change": [Administrator];
    /// Close an account for good.
    CloseAccount = "account.close": [Lead];
    /// Close an organization for good.
    CloseOrganization = "organization.close": [Lead];
    /// Confirm that an organization's data are right (R14).
    ConfirmOrganization = "organization.confirm": [Administrator];
    /// Stop that an organization acts under another one's number (R44).
    EndRepresentation = "taxid.end-representation": [Administrator, Support];
    /// Decide a dispute over a number in favour of its organization, or what a claim comes to.
    DecideClaim = "taxid.decide": [Support];
    /// Decide whether a further number is its organization's.
    DecideFurtherNumber = "taxid.accept": [Support];
    /// Decide about an abandoned or forged registration, or a notary's form.
    DecideRegistration = "registration.decide": [Support];
    /// Not accept to act for an organization.
    DeclineAffiliation = "affiliation.decline": [Subscriber];
    /// Give up one's own account.
    DeleteOwnAccount = "account.delete": [Subscriber];
    /// Take the Administrator's flag away.
    Demote = "admin.demote": [Administrator, Support];
    /// End an affiliation: the person no longer works there.
    EndAffiliation = "affiliation.end": [Administrator, Support];
    /// Take a list of the organization's people away as a file.
    ExportRoster = "roster.export": [Administrator];
    /// Do what falls due by date.
    Expire = "expire": [Job];
    /// Make a code to be handed over, after checking who asks (R9).
    IssueCode = "account.issue-code": [Administrator, Support];
    /// Import a list of people, or take the import back.
    ImportRoster = "roster.import": [Administrator];
    /// Drop the wish that an organization be closed.
    KeepOrganization = "organization.keep-open": [Administrator, Support];
    /// Stop acting for an organization.
    LeaveOrganization = "affiliation.leave": [Subscriber];
    /// Make, renew and stop the organization's systems.
    ManageSystemClient = "system.manage": [Administrator];
    /// Take the nomination of an organization's first Administrator back, or make its code anew.
    ManageFirstNomination = "nomination.manage-first": [Support];
    /// Nominate a person, new or known (R6, R32).
    Nominate = "nomination.create": [Administrator];
    /// Ask the support desk for something.
    OpenTicket = "ticket.open": [Public, Subscriber, Administrator, Support, Job];
    /// Accept a number whose prefix is not known.
    OverridePrefix = "taxid.override-prefix": [Support];
    /// Prove who one is, to become an Administrator; acknowledge the duties.
    ProveIdentity = "admin.prove": [Subscriber];
    /// Propose that somebody become an Administrator.
    ProposePromotion = "admin.propose": [Administrator, Support];
    /// Propose to take a number from its organization.
    ProposeRelease = "taxid.propose-release": [Support];
    /// Remove a person's lost second factors.
    RemoveFactors = "account.remove-factors": [Administrator, Support];
    /// Let a dormant account come back, after checking who asks.
    ReactivateAccount = "account.reactivate": [Administrator, Support];
    /// Read the whole audit record.
    ReadAudit = "audit.read-all": [Support];
    /// Read an organization's data, people and audit record.
    ReadOrganization = "organization.read": [Administrator, Support];
    /// Read a person's data.
    ReadPerson = "person.read": [Subscriber, Administrator, Support];
    /// Register an organization, step by step.
    Register = "registration.take-step": [Public, Subscriber];
    /// Add a part of an organization.
    RegisterPart = "organization.add-part": [Administrator];
    /// Lift a stop from an account.
    Resume = "resume": [Administrator, Support];
    /// Lift a stop from an organization.
    ResumeOrganization = "organization.resume": [Support];
    /// Search people, organizations and numbers (R23).
    SearchCommunity = "community.search": [Support];
    /// Send something to a page or the API: no more than what it takes (security 20.3).
    SendForm = "form.send": [Public, Subscriber, Administrator, Support];
    /// Stop the removal of a person's second factors.
    StopRemoval = "account.stop-removal": [Administrator, Support];
    /// Stop an account for now.
    SuspendAccount = "account.suspend": [Administrator, Support];
    /// Stop an affiliation for now, or lift that.
    SuspendAffiliation = "affiliation.suspend": [Administrator];
    /// Stop an organization for now.
    SuspendOrganization = "organization.suspend": [Support, Job];
    /// Confirm once a year what the organization's people may do (R14).
    ReviewPeople = "people.review": [Administrator];
    /// Switch a site on or off for an organization (R7).
    SwitchSite = "organization.switch-site": [Administrator];
    /// End an account (R31).
    TerminateAccount = "account.terminate": [Administrator, Support];
    /// Take a lock off before its time.
    Unlock = "account.unlock": [Administrator, Support];
    /// Come into the support desk's console.
    UseDesk = "desk.use": [Support];
    /// Check who calls, before anything is disclosed (R56).
    VerifyCaller = "caller.verify": [Support];
    /// Take a nomination back, or make its code anew.
    ManageNomination = "nomination.manage": [Administrator];
    /// Work on tickets: take, ask back, resolve, close.
    WorkOnTicket = "ticket.work": [Support];
}

/// What somebody wants to do it to.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Nothing of an organization or a person.
    Community,
    /// An organization or something of it: an affiliation, a nomination, a number, a system.
    Organization(&'a OrganizationId),
    /// A person.
    Person {
        /// Who.
        id: &'a SubscriberId,
        /// The organizations with which the person has an affiliation that was accepted and has not
        /// ended: before somebody accepts, there is nothing of them to be read (security 20.9).
        acts_for: &'a BTreeSet<OrganizationId>,
    },
    /// Something of one person in one organization: their affiliation.
    PersonIn(&'a SubscriberId, &'a OrganizationId),
}

/// Why somebody may not. Either is audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not for people like them, or not to be done to oneself.
    #[error("you may not do this")]
    Forbidden,
    /// It belongs to somebody else: the answer is that of something that is not there
    /// (security 20.1).
    #[error("not found")]
    NotFound,
}

/// Whether `actor` may do `action` to `target`.
///
/// # Errors
/// [`Denied`].
pub fn may(actor: &Actor, action: Action, target: Target<'_>) -> Result<(), Denied> {
    if !is_in_reach(actor, action, target) {
        return Err(Denied::NotFound);
    }
    let may = action.open_to().iter().any(|capacity| is_as(actor, *capacity));
    if may && !uses_office_on_oneself(actor, action, target) {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}

/// Whether there is such a thing at all, as far as the actor may know.
fn is_in_reach(actor: &Actor, action: Action, target: Target<'_>) -> bool {
    match (actor, target) {
        (Actor::Administrator { of, .. }, Target::Organization(organization)) => organization == of,
        (Actor::Administrator { of, .. }, Target::Person { acts_for, .. }) => acts_for.contains(of),
        (Actor::Administrator { of, .. }, Target::PersonIn(_, organization)) => organization == of,
        (Actor::Subscriber(who), Target::Person { id, .. } | Target::PersonIn(id, _)) => id == who,
        // What is public is about organizations that a visitor may know by name only.
        (Actor::Subscriber(_) | Actor::Nobody, Target::Organization(_)) => {
            action.open_to().contains(&Capacity::Public)
        }
        (Actor::Nobody, Target::Person { .. } | Target::PersonIn(..)) => {
            action.open_to().contains(&Capacity::Public)
        }
        (Actor::Job(_) | Actor::Support { .. }, _) | (_, Target::Community) => true,
    }
}

fn is_as(actor: &Actor, capacity: Capacity) -> bool {
    match (capacity, actor) {
        (Capacity::Administrator, Actor::Administrator { .. })
        | (Capacity::Job, Actor::Job(_))
        | (Capacity::Lead, Actor::Support { rank: Rank::Lead, .. })
        | (Capacity::Public, Actor::Nobody | Actor::Subscriber(_))
        | (Capacity::Subscriber, Actor::Subscriber(_))
        | (Capacity::Support, Actor::Support { .. }) => true,
        (
            Capacity::Administrator
            | Capacity::Job
            | Capacity::Lead
            | Capacity::Public
            | Capacity::Subscriber
            | Capacity::Support,
            _,
        ) => false,
    }
}

/// An Administrator or somebody at the support desk as both ends of one act. Looking at oneself is
/// no use of an office.
fn uses_office_on_oneself(actor: &Actor, action: Action, target: Target<'_>) -> bool {
    let in_office = matches!(actor, Actor::Administrator { .. } | Actor::Support { .. });
    let on_oneself = match target {
        Target::Person { id, .. } | Target::PersonIn(id, _) => actor.person() == Some(id),
        Target::Community | Target::Organization(_) => false,
    };
    in_office && on_oneself && action != Action::ReadPerson
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::community::actor::testing::{JOB, administrator, agent, lead, person};

    fn org(name: &str) -> OrganizationId {
        format!("org_{name}").parse().unwrap()
    }

    fn sub(name: &str) -> SubscriberId {
        format!("sub_{name}").parse().unwrap()
    }

    /// The whole table, as a person would read it: who may do it to somebody or something of the
    /// organization `a`, who works there. `A` its Administrator, `S` the person, `s` Support, `L`
    /// its lead, `J` a job, `-` a visitor.
    #[test]
    fn the_table_says_who_may_do_what() {
        let here = [org("a")].into();
        let actors = [
            ('A', administrator("adam", "a")),
            ('S', person("ana")),
            ('s', agent("sam")),
            ('L', lead("lea")),
            ('J', JOB),
            ('-', Actor::Nobody),
        ];
        let expected = "\
affiliation.accept S
nomination.activate S-
ticket.answer AS-
taxid.answer A
organization.dissolve J
admin.approve L
registration.approve sLJ
taxid.approve-release L
taxid.ask A
access.ask S-
organization.ask-to-close A
organization.change AsL
person.change S
account.change-email AsL
affiliation.change A
account.close L
organization.close L
organization.confirm A
taxid.end-representation AsL
taxid.decide sL
taxid.accept sL
registration.decide sL
affiliation.decline S
account.delete S
admin.demote AsL
affiliation.end AsL
roster.export A
expire J
account.issue-code AsL
roster.import A
organization.keep-open AsL
affiliation.leave S
system.manage A
nomination.manage-first sL
nomination.create A
ticket.open ASsLJ-
taxid.override-prefix sL
admin.prove S
admin.propose AsL
taxid.propose-release sL
account.remove-factors AsL
account.reactivate AsL
audit.read-all sL
organization.read AsL
person.read ASsL
registration.take-step S-
organization.add-part A
resume AsL
organization.resume sL
community.search sL
form.send ASsL-
account.stop-removal AsL
account.suspend AsL
affiliation.suspend A
organization.suspend sLJ
people.review A
organization.switch-site A
account.terminate AsL
account.unlock AsL
desk.use sL
caller.verify sL
nomination.manage A
ticket.work sL";
        let table = Action::ALL.iter().map(|action| {
            let target = Target::Person { id: &sub("ana"), acts_for: &here };
            let may = |(_, actor): &&(char, Actor)| may(actor, *action, target).is_ok();
            let who: String = actors.iter().filter(may).map(|(sign, _)| *sign).collect();
            format!("{} {who}", action.code())
        });
        assert_eq!(table.collect::<Vec<_>>().join("\n"), expected);
    }

    #[test]
    fn what_belongs_to_somebody_else_is_not_there() {
        let (theirs, both) = ([org("b")].into(), [org("a"), org("b")].into());
        let (adam, ana) = (administrator("adam", "a"), person("ana"));
        let (id, b) = (sub("ben"), org("b"));
        for (actor, target, expected) in [
            (&adam, Target::Organization(&b), Denied::NotFound),
            (&adam, Target::PersonIn(&id, &b), Denied::NotFound),
            (&adam, Target::Person { id: &id, acts_for: &theirs }, Denied::NotFound),
            (&ana, Target::Person { id: &id, acts_for: &both }, Denied::NotFound),
            (&ana, Target::Organization(&b), Denied::NotFound),
        ] {
            assert_eq!(may(actor, Action::ReadPerson, target), Err(expected), "{target:?}");
        }
        let colleague = Target::Person { id: &id, acts_for: &both };
        assert_eq!(may(&adam, Action::ReadPerson, colleague), Ok(()));
    }

    #[test]
    fn nobody_uses_an_office_on_themselves() {
        let here = [org("a")].into();
        for actor in [administrator("ana", "a"), agent("ana"), lead("ana")] {
            for action in Action::ALL {
                let found =
                    may(&actor, *action, Target::Person { id: &sub("ana"), acts_for: &here });
                let expected = *action == Action::ReadPerson;
                assert_eq!(found.is_ok(), expected, "{} {actor:?}", action.code());
            }
        }
    }

    #[test]
    fn whoever_helps_has_no_key_to_let_people_in() {
        // what opens an account or gives a right is never Support's alone
        for action in [
            Action::AcceptAffiliation,
            Action::Activate,
            Action::ChangeRights,
            Action::Nominate,
            Action::ManageSystemClient,
            Action::ProveIdentity,
        ] {
            let target = Target::PersonIn(&sub("ana"), &org("a"));
            assert!(may(&lead("lea"), action, target).is_err(), "{}", action.code());
        }
    }

    proptest! {
        /// Decision 9: an Administrator's every read and write is scoped.
        #[test]
        fn an_administrator_never_reaches_another_organization(
            action in select(Action::ALL), of in "[ab]", organization in "[cd]", who in "[xyz]",
        ) {
            let actor = administrator("adam", &of);
            let (id, foreign) = (sub(&who), org(&organization));
            let acts_for = [foreign.clone()].into();
            for target in [
                Target::Organization(&foreign),
                Target::PersonIn(&id, &foreign),
                Target::Person { id: &id, acts_for: &acts_for },
            ] {
                prop_assert_eq!(may(&actor, action, target), Err(Denied::NotFound));
            }
        }

        /// Who may do less may not do more by knowing of another organization.
        #[test]
        fn the_lead_may_do_whatever_an_agent_may(action in select(Action::ALL)) {
            for target in [Target::Community, Target::Organization(&org("a"))] {
                if may(&agent("x"), action, target).is_ok() {
                    prop_assert_eq!(may(&lead("x"), action, target), Ok(()));
                }
            }
        }
    }
}
