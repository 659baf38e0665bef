//! A further Tax ID of an organization that takes part (R22; domain 3.6, 4.1; security 20.7).
//!
//! Whoever acts under a number sees, at a payer, what belongs to it, and anybody can look up the
//! number of a hospital. So a further number is like the first: it belongs to nobody before Support
//! has looked. Until then it reaches no site, it stands in nobody else's way, and who asked learns
//! nothing about whether another organization has it.

use chrono::{DateTime, Utc};

use super::{
    actor::Actor,
    news::{News, Recipient},
    outcome::Outcome,
    permission::{Action, Denied, Target, may},
    ticket::Message,
};
use crate::{
    audit::Kind,
    ids::{OrganizationId, SubscriberId, TaxIdId},
};

/// How many numbers of an organization Support is asked to look at, at one time.
pub const MOST_WAITING: usize = 5;
/// How many numbers an organization has at most, those that wait included. Each of them can stand in
/// every token of its people.
pub const MOST_NUMBERS: usize = 50;

/// A number that an organization asks to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FurtherNumber {
    /// The identifier that the Tax ID will have.
    pub id: TaxIdId,
    /// Which organization asks.
    pub organization: OrganizationId,
    /// Who of it.
    pub asked_by: SubscriberId,
    /// When.
    pub asked_at: DateTime<Utc>,
}

/// What an organization has when it asks for another number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many are registered.
    pub registered: usize,
    /// How many wait for Support.
    pub waiting: usize,
    /// Whether this one is among them, in either state.
    pub this_one: bool,
}

/// What is done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// It is theirs: register it.
    Accept,
    /// Note that the organization is closed.
    Dissolve,
    /// It is not, and this is why.
    Refuse(Message),
    /// They do not want it any more.
    Withdraw,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The organization has the number, or has asked for it.
    #[error("your organization has this number, or has asked for it already")]
    AskedAlready,
    /// Whoever acts for the organization does not decide for the desk (security 20.8).
    #[error("you act for this organization, so somebody else has to decide")]
    OwnOrganization,
    /// More than [`MOST_WAITING`] would wait, or there would be more than [`MOST_NUMBERS`].
    #[error("there are too many numbers; please wait for Support, or give one up")]
    TooMany,
}

/// An Administrator asks for another number.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn ask(
    id: TaxIdId,
    organization: OrganizationId,
    numbers: Numbers,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<FurtherNumber>, Refusal> {
    may(actor, Action::AskForNumber, Target::Organization(&organization))?;
    let asked_by = actor.person().cloned().ok_or(Denied::Forbidden)?;
    if numbers.this_one {
        return Err(Refusal::AskedAlready);
    }
    if numbers.waiting >= MOST_WAITING || numbers.registered + numbers.waiting >= MOST_NUMBERS {
        return Err(Refusal::TooMany);
    }
    let administrators = Recipient::AdministratorsOf(organization.clone());
    let further = FurtherNumber { id, organization, asked_by, asked_at: now };
    Ok(Outcome::new(further, Kind::TaxidAskedFor).telling(administrators, News::TaxIdAskedFor))
}

/// Where a command leads; `acts_for_it`: whether the actor, as a person, acts for the organization or
/// did so when it asked. Whatever it is, the request is over and what was typed is forgotten; that
/// the number is registered with [`Command::Accept`] is the registry's transition, which may still
/// find that another organization has it.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn decide(
    further: FurtherNumber,
    command: Command,
    actor: &Actor,
    acts_for_it: bool,
) -> Result<Outcome<FurtherNumber>, Refusal> {
    let target = Target::Organization(&further.organization);
    let administrators = Recipient::AdministratorsOf(further.organization.clone());
    let news = match command {
        Command::Dissolve | Command::Withdraw => {
            let is_theirs = command == Command::Withdraw;
            may(actor, if is_theirs { Action::AskForNumber } else { Action::Dissolve }, target)?;
            return Ok(Outcome::new(further, Kind::TaxidAnswered));
        }
        Command::Accept => News::TaxIdAccepted,
        Command::Refuse(why) => News::TaxIdRefused { reason: why.as_str().to_owned() },
    };
    may(actor, Action::DecideFurtherNumber, Target::Community)?;
    if acts_for_it || actor.person() == Some(&further.asked_by) {
        return Err(Refusal::OwnOrganization);
    }
    Ok(Outcome::new(further, Kind::TaxidAnswered).telling(administrators, news))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::community::actor::testing::{JOB, administrator, agent, lead, person};

    fn ask_as(actor: &Actor, numbers: Numbers) -> Result<Outcome<FurtherNumber>, Refusal> {
        let (id, of) = ("tin_1".parse().unwrap(), "org_a".parse().unwrap());
        ask(id, of, numbers, actor, DateTime::UNIX_EPOCH)
    }

    fn asked() -> FurtherNumber {
        ask_as(&administrator("adam", "a"), Numbers::default()).unwrap().state
    }

    fn refuse() -> Command {
        Command::Refuse(Message::read("It is a hospital's.").unwrap())
    }

    #[test]
    fn an_administrator_asks_for_few_numbers_at_a_time_and_each_once() {
        let adam = administrator("adam", "a");
        let numbers = |registered, waiting, this_one| Numbers { registered, waiting, this_one };
        for (actor, numbers, expected) in [
            (&adam, numbers(1, 0, false), Ok(())),
            (&adam, numbers(45, 4, false), Ok(())),
            (&adam, numbers(1, 5, false), Err(Refusal::TooMany)),
            (&adam, numbers(46, 4, false), Err(Refusal::TooMany)),
            (&adam, numbers(50, 0, false), Err(Refusal::TooMany)),
            (&adam, numbers(1, 0, true), Err(Refusal::AskedAlready)),
            (&administrator("eve", "b"), numbers(0, 0, false), Err(Denied::NotFound.into())),
            (&person("ana"), numbers(0, 0, false), Err(Denied::NotFound.into())),
            (&agent("sam"), numbers(0, 0, false), Err(Denied::Forbidden.into())),
        ] {
            assert_eq!(ask_as(actor, numbers).map(drop), expected, "{actor:?} with {numbers:?}");
        }
    }

    #[test]
    fn support_decides_and_who_asked_may_take_it_back() {
        let told = |command, actor: &Actor| {
            decide(asked(), command, actor, false).map(|outcome| {
                outcome.letters.into_iter().map(|letter| letter.news).collect::<Vec<_>>()
            })
        };
        let reason = "It is a hospital's.".to_owned();
        assert_eq!(told(Command::Accept, &agent("sam")), Ok(vec![News::TaxIdAccepted]));
        assert_eq!(told(refuse(), &lead("lea")), Ok(vec![News::TaxIdRefused { reason }]));
        assert_eq!(told(Command::Withdraw, &administrator("adam", "a")), Ok(vec![]));
        assert_eq!(told(Command::Dissolve, &JOB), Ok(vec![]));
        let early = told(Command::Dissolve, &administrator("adam", "a"));
        assert_eq!(early, Err(Denied::Forbidden.into()));
        let eve = administrator("eve", "b");
        assert_eq!(told(Command::Withdraw, &eve), Err(Denied::NotFound.into()));
        // Who asked as an Administrator, and sits at the desk today.
        assert_eq!(told(Command::Accept, &agent("adam")), Err(Refusal::OwnOrganization));
        assert_eq!(told(refuse(), &lead("adam")), Err(Refusal::OwnOrganization));
        let colleague = decide(asked(), Command::Accept, &agent("sam"), true);
        assert_eq!(colleague, Err(Refusal::OwnOrganization));
    }

    proptest! {
        #[test]
        fn nobody_but_the_support_desk_makes_a_number_somebodys(
            actor in select(vec![
                administrator("adam", "a"), administrator("eve", "b"), administrator("sam", "a"),
                agent("sam"), agent("adam"), lead("lea"), person("adam"), Actor::Nobody, JOB,
            ]),
            acts_for_it: bool,
        ) {
            let accepted = decide(asked(), Command::Accept, &actor, acts_for_it).is_ok();
            let is_somebody_else = !acts_for_it && actor.person() != Some(&asked().asked_by);
            let is_support = matches!(actor, Actor::Support { .. });
            prop_assert_eq!(accepted, is_support && is_somebody_else);
        }
    }
}
