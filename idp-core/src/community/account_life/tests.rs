use chrono::TimeDelta;
use proptest::{prelude::*, sample::select};

use super::{Command::*, *};
use crate::community::actor::testing::{JOB, administrator, agent, lead, person};

const RULES: AccountRules = AccountRules { dormant_after: TimeDelta::days(200), demo: false };

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

fn account(state: State) -> Account {
    Account { subscriber: "sub_ana".parse().unwrap(), state, last_used_at: at(0) }
}

fn acts_for(organizations: &[&str]) -> Facts {
    let acts_for = organizations.iter().map(|name| format!("org_{name}").parse().unwrap());
    Facts { acts_for: acts_for.collect(), ..Facts::default() }
}

fn by_a() -> State {
    State::Suspended(SuspendedBy::Administrator("org_a".parse().unwrap()))
}

fn decided(
    state: State,
    command: Command,
    facts: &Facts,
    actor: &Actor,
    day: i64,
) -> Result<Decision, Refusal> {
    decide(account(state), command, facts, actor, &RULES, at(day))
}

fn by_b() -> State {
    State::Suspended(SuspendedBy::Administrator("org_b".parse().unwrap()))
}

/// The state that a command leads to.
fn leads_to(state: State, command: Command, actor: &Actor, day: i64) -> Result<State, Refusal> {
    match decided(state, command, &acts_for(&["a"]), actor, day)? {
        Decision::Account(outcome) => Ok(outcome.state.state),
        Decision::OwnAffiliation(command) => panic!("{command:?}"),
    }
}

#[test]
fn each_command_leads_where_it_should_and_nowhere_else() {
    use State::{Active, Closed, Dormant, Terminated};
    let (adam, sam, lea, ana) =
        (administrator("adam", "a"), agent("sam"), lead("lea"), person("ana"));
    let by_support = || State::Suspended(SuspendedBy::Support);
    let no = Err(Refusal::OutOfOrder);
    let forbidden = Err(Refusal::Denied(Denied::Forbidden));
    for (from, command, actor, day, expected) in [
        (Active, Suspend, &adam, 1, Ok(by_a())),
        (Active, Suspend, &sam, 1, Ok(by_support())),
        (by_a(), Resume, &adam, 1, Ok(Active)),
        (by_a(), Resume, &sam, 1, Ok(Active)),
        // nobody could use it meanwhile, and the days counted all the same
        (by_a(), Resume, &adam, 199, Ok(Active)),
        (by_a(), Resume, &adam, 200, Ok(Dormant)),
        (by_support(), Resume, &sam, 1, Ok(Active)),
        (by_support(), Resume, &adam, 1, Err(Refusal::StoppedByOthers)),
        (by_b(), Resume, &adam, 1, Err(Refusal::StoppedByOthers)),
        (by_b(), Resume, &sam, 1, Ok(Active)),
        (by_support(), Suspend, &adam, 1, no.clone()),
        (Active, Terminate, &adam, 1, Ok(Terminated)),
        (by_a(), Terminate, &sam, 1, Ok(Terminated)),
        (Active, Delete, &ana, 1, Ok(Terminated)),
        (Terminated, Terminate, &sam, 1, no.clone()),
        (Terminated, Resume, &sam, 1, no.clone()),
        (Terminated, Reactivate, &sam, 1, no.clone()),
        (Terminated, Return, &Actor::Nobody, 1, Ok(Active)),
        (Terminated, Close, &lea, 1, Ok(Closed)),
        (Active, Close, &lea, 1, Ok(Closed)),
        (Closed, Return, &Actor::Nobody, 1, no.clone()),
        (Closed, Close, &lea, 1, no.clone()),
        // dormancy is by date
        (Active, FallDormant, &JOB, 199, no.clone()),
        (Active, FallDormant, &JOB, 200, Ok(Dormant)),
        (Dormant, FallDormant, &JOB, 300, no.clone()),
        (Active, Reactivate, &adam, 199, no.clone()),
        (Active, Reactivate, &adam, 200, Ok(Dormant)),
        (Dormant, Return, &Actor::Nobody, 300, Ok(Active)),
        (Active, Return, &Actor::Nobody, 1, no.clone()),
        (by_a(), Return, &Actor::Nobody, 1, no),
        // people
        (Active, Close, &sam, 1, forbidden.clone()),
        (Active, Terminate, &lead("ana"), 1, forbidden.clone()),
        (Active, Suspend, &administrator("ana", "a"), 1, forbidden.clone()),
        (by_a(), Resume, &ana, 1, forbidden),
        (Active, Suspend, &administrator("eve", "b"), 1, Err(Refusal::Denied(Denied::NotFound))),
        (Active, Delete, &person("eve"), 1, Err(Refusal::Denied(Denied::NotFound))),
    ] {
        let found = leads_to(from.clone(), command, actor, day);
        assert_eq!(found, expected, "{from:?} {command:?} by {actor:?} on day {day}");
    }
}

#[test]
fn whoever_is_resumed_too_late_hears_that_they_cannot_sign_in_yet() {
    for (day, expected) in [(199, News::AccountResumed), (200, News::AccountResumedDormant)] {
        let resumed = decided(by_a(), Resume, &acts_for(&["a"]), &agent("sam"), day).unwrap();
        let Decision::Account(outcome) = resumed else { panic!("of the account") };
        let told: Vec<_> = outcome.letters.into_iter().map(|letter| letter.news).collect();
        assert_eq!(told, [expected], "day {day}");
        assert_eq!(outcome.audit.contains(&Kind::AccountDormant), day == 200);
    }
}

#[test]
fn an_administrator_stops_only_what_is_of_the_own_organization() {
    let adam = administrator("adam", "a");
    for (organizations, command, expected) in [
        (&["a", "b"][..], Suspend, Some(affiliation_life::Command::Suspend)),
        (&["a", "b"], Terminate, Some(affiliation_life::Command::End)),
        (&["a"], Terminate, None),
    ] {
        let found = decided(State::Active, command, &acts_for(organizations), &adam, 1).unwrap();
        match (found, expected) {
            (Decision::OwnAffiliation(found), Some(expected)) => assert_eq!(found, expected),
            (Decision::Account(_), None) => {}
            (found, _) => panic!("{found:?} for {organizations:?}"),
        }
    }
    // Support, and the person, decide about the account wherever they act
    for (command, actor) in [(Suspend, agent("sam")), (Delete, person("ana"))] {
        let found = decided(State::Active, command, &acts_for(&["a", "b"]), &actor, 1);
        assert!(matches!(found, Ok(Decision::Account(_))), "{command:?}");
    }
}

#[test]
fn who_keeps_an_organization_running_stays_until_somebody_else_does() {
    let keeps = Facts { keeps_running: ["org_a".parse().unwrap()].into(), ..acts_for(&["a"]) };
    for (command, actor) in [
        (Delete, person("ana")),
        (Suspend, agent("sam")),
        (Terminate, agent("sam")),
        (Close, lead("lea")),
    ] {
        let found = decided(State::Active, command, &keeps, &actor, 1);
        assert_eq!(found, Err(Refusal::LastAdministrator), "{command:?}");
    }
    // but time asks nobody, and Support hears of it
    let Ok(Decision::Account(outcome)) = decided(State::Active, FallDormant, &keeps, &JOB, 200)
    else {
        panic!("dormant by date")
    };
    assert!(outcome.effects.contains(&Effect::OpenTicket(TicketKind::PromoteAdmin)));
}

#[test]
fn a_stopped_account_loses_every_door_at_once_and_its_owner_is_told() {
    for (command, actor, day, cause, leaves) in [
        (Suspend, agent("sam"), 1, Cause::AccountSuspended, false),
        (Terminate, agent("sam"), 1, Cause::AccountTerminated, true),
        (Close, lead("lea"), 1, Cause::AccountClosed, true),
        (FallDormant, JOB, 200, Cause::AccountDormant, false),
    ] {
        let found = decided(State::Active, command, &acts_for(&["a"]), &actor, day);
        let Ok(Decision::Account(outcome)) = found else { panic!("{found:?}") };
        let whose = Whose::Subscriber("sub_ana".parse().unwrap());
        assert_eq!(outcome.effects.first(), Some(&Effect::EndAccess(Ending { whose, cause })));
        let ends = Effect::EndAffiliations("sub_ana".parse().unwrap());
        assert_eq!(outcome.effects.contains(&ends), leaves, "{command:?}");
        assert_eq!(outcome.letters.len(), 1);
    }
}

#[test]
fn there_is_a_mail_at_170_and_at_193_days() {
    for (told, today, expected) in [
        (None, 169, false),
        (None, 170, true),
        (Some(170), 171, false),
        (Some(170), 193, true),
        (Some(193), 199, false),
        (None, 200, false),
        // a mail from before the last sign-in counts for nothing
        (Some(-10), 170, true),
    ] {
        let found = account(State::Active).warning(&RULES, told.map(at), at(today));
        assert_eq!(found.is_some(), expected, "{told:?} {today}");
    }
    assert_eq!(account(by_a()).warning(&RULES, None, at(170)), None);
}

#[test]
fn an_old_password_is_pointed_out_once_and_a_new_one_after_its_own_year() {
    let ana = "sub_ana".parse().unwrap();
    for (changed, told, today, expected) in [
        (0, None, 364, false),
        (0, None, 365, true),
        (0, Some(365), 700, false),
        (400, Some(365), 764, false),
        (400, Some(365), 765, true),
    ] {
        let found = password_reminder(&ana, at(changed), told.map(at), at(today));
        assert_eq!(found.is_some(), expected, "{changed} {told:?} {today}");
    }
}

proptest! {
    #[test]
    fn nobody_uses_an_account_that_was_stopped_without_somebody_letting_them(
        steps in prop::collection::vec((0_usize..4, select(vec![
            Close, Delete, FallDormant, Reactivate, Resume, Return, Suspend, Terminate,
        ])), 0..20),
    ) {
        let actors = [administrator("adam", "a"), person("ana"), agent("sam"), JOB];
        let mut now = account(State::Active);
        for (who, command) in steps {
            let found = decide(now.clone(), command, &acts_for(&["a"]), &actors[who], &RULES, at(1));
            let Ok(Decision::Account(outcome)) = found else { continue };
            prop_assert!(!outcome.audit.is_empty() && !outcome.letters.is_empty());
            if now.state != State::Active && outcome.state.state == State::Active {
                let by_the_person = matches!(now.state, State::Dormant | State::Terminated)
                    && command == Return;
                prop_assert!(command == Resume && who != 1 || by_the_person);
            }
            prop_assert!(now.state != State::Closed, "closed is for good");
            now = outcome.state;
        }
    }

    #[test]
    fn a_daily_job_warns_twice_and_then_notes_the_dormancy(sleeps in 1_i64..6) {
        let mut told_at = None;
        let (mut warnings, mut dormant) = (0, 0);
        let mut now = account(State::Active);
        for today in (0..230).step_by(usize::try_from(sleeps).unwrap()) {
            if now.warning(&RULES, told_at, at(today)).is_some() {
                warnings += 1;
                told_at = Some(at(today));
            }
            let found = decide(now.clone(), FallDormant, &acts_for(&[]), &JOB, &RULES, at(today));
            if let Ok(Decision::Account(outcome)) = found {
                dormant += 1;
                now = outcome.state;
            }
        }
        prop_assert_eq!((warnings, dormant), (2, 1));
    }
}
