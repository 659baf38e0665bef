use proptest::{prelude::*, sample::select};

use super::*;
use crate::community::{
    actor::testing::{JOB, administrator, agent, lead, person},
    affiliation::{AffiliationStatus, testing::affiliation},
    notary_reference::NotaryReference,
    organization::OrganizationStatus,
};

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

fn called_back() -> CallBack {
    CallBack::noted("Olga at the front desk", "Ana runs the office now").unwrap()
}

fn proposed(actor: &Actor) -> Result<Outcome<Promotion>, Refusal> {
    let call_back = matches!(actor, Actor::Support { .. }).then(called_back);
    propose("pro_1".parse().unwrap(), &affiliation("a", &[]), call_back, actor, at(0))
}

fn passed() -> Command {
    let result = TestResult::Passed { reference: "t-1".to_owned() };
    Command::Prove(identity_proof::Command::Take(result))
}

fn acknowledged() -> Command {
    Command::Acknowledge(SecondFactor::Enrolled)
}

type Step = (i64, Actor, Command);

fn walk(by: &Actor, steps: Vec<Step>) -> Result<Outcome<Promotion>, Refusal> {
    steps.into_iter().try_fold(proposed(by)?, |outcome, (day, actor, command)| {
        decide(outcome.state, command, &affiliation("a", &[]), &actor, at(day))
    })
}

#[test]
fn an_administrator_is_made_step_by_step() {
    let (adam, sam) = (administrator("adam", "a"), agent("sam"));
    let ana = |day, command| (day, person("ana"), command);
    for (by, steps, expected) in [
        (&adam, vec![ana(1, passed()), ana(2, acknowledged())], Ok("done")),
        (&adam, vec![ana(1, acknowledged())], Err(Refusal::OutOfOrder)),
        (
            &adam,
            vec![ana(1, passed()), ana(2, Command::Acknowledge(SecondFactor::Missing))],
            Err(Refusal::SecondFactorDue),
        ),
        (&adam, vec![ana(1, Command::Decline)], Ok("over")),
        (&adam, vec![(1, adam.clone(), Command::Withdraw)], Ok("over")),
        (
            &adam,
            vec![(1, administrator("eve", "b"), Command::Withdraw)],
            Err(Refusal::Denied(Denied::NotFound)),
        ),
        // nobody does it for them
        (&adam, vec![(1, adam.clone(), passed())], Err(Refusal::Denied(Denied::Forbidden))),
        (
            &adam,
            vec![ana(1, passed()), (1, adam.clone(), acknowledged())],
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        // what nobody goes on with is over by date
        (&adam, vec![ana(29, passed()), ana(58, acknowledged())], Ok("done")),
        (&adam, vec![ana(30, passed())], Err(Refusal::OutOfOrder)),
        (&adam, vec![(29, JOB, Command::Expire)], Err(Refusal::OutOfOrder)),
        (&adam, vec![(30, JOB, Command::Expire)], Ok("over")),
        // nor does anything come of it in an organization that is closed
        (&adam, vec![(1, JOB, Command::Dissolve)], Ok("over")),
        (&adam, vec![(30, JOB, Command::Dissolve)], Ok("over")),
        (
            &adam,
            vec![(1, adam.clone(), Command::Dissolve)],
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        // Support takes two persons
        (&sam, vec![ana(1, passed())], Err(Refusal::OutOfOrder)),
        (&sam, vec![(1, agent("sue"), Command::Approve)], Err(Refusal::Denied(Denied::Forbidden))),
        (&lead("lea"), vec![(1, lead("lea"), Command::Approve)], Err(Refusal::SamePerson)),
        (&sam, vec![(1, lead("ana"), Command::Approve)], Err(Refusal::Denied(Denied::Forbidden))),
        (
            &sam,
            vec![(1, lead("lea"), Command::Approve), ana(1, passed()), ana(1, acknowledged())],
            Ok("done"),
        ),
    ] {
        let found = walk(by, steps.clone()).map(|outcome| match outcome.state.stage {
            Stage::Done => "done",
            Stage::Over => "over",
            Stage::Asked { .. } | Stage::DutiesDue(_) | Stage::Proofing(_) => "between",
        });
        assert_eq!(found, expected, "{by:?} {steps:?}");
    }
}

#[test]
fn only_a_colleague_who_acts_now_is_proposed_by_somebody_who_may() {
    let plain = affiliation("a", &[]);
    let suspended = Affiliation { status: AffiliationStatus::Suspended, ..plain.clone() };
    let boss = Affiliation { administrator: true, ..plain.clone() };
    let adam = administrator("adam", "a");
    for (affiliation, actor, call_back, expected) in [
        (&suspended, &adam, None, Refusal::NotActive),
        (&boss, &adam, None, Refusal::AlreadyAdministrator),
        (&plain, &administrator("eve", "b"), None, Refusal::Denied(Denied::NotFound)),
        (&plain, &administrator("ana", "a"), None, Refusal::Denied(Denied::Forbidden)),
        (&plain, &person("ana"), None, Refusal::Denied(Denied::Forbidden)),
        // Support proposes nothing that was not called back about
        (&plain, &agent("sam"), None, Refusal::OutOfOrder),
        (&plain, &agent("ana"), Some(called_back()), Refusal::Denied(Denied::Forbidden)),
    ] {
        let id = "pro_1".parse().unwrap();
        let found = propose(id, affiliation, call_back, actor, at(0));
        assert_eq!(found, Err(expected), "{actor:?}");
    }
}

#[test]
fn an_organization_that_is_stopped_for_want_of_an_administrator_gets_one() {
    let mut stopped = affiliation("a", &[]);
    stopped.organization.status = OrganizationStatus::Suspended;
    let propose = |affiliation| {
        propose("pro_1".parse().unwrap(), affiliation, Some(called_back()), &agent("sam"), at(0))
    };
    let asked = propose(&stopped).unwrap().state;
    let approved = decide(asked.clone(), Command::Approve, &stopped, &lead("lea"), at(1));
    assert_eq!(approved.map(|outcome| outcome.state.stage), Ok(Stage::Proofing(Proofing::DUE)));
    let mut closed = stopped.clone();
    closed.organization.status = OrganizationStatus::Closed;
    assert_eq!(propose(&closed), Err(Refusal::NotActive));
    let approved = decide(asked, Command::Approve, &closed, &lead("lea"), at(1));
    assert_eq!(approved, Err(Refusal::NotActive));
}

#[test]
fn who_no_longer_acts_for_the_organization_becomes_nothing_there() {
    let promotion = proposed(&administrator("adam", "a")).unwrap().state;
    let ended = Affiliation { status: AffiliationStatus::Ended, ..affiliation("a", &[]) };
    let found = decide(promotion.clone(), passed(), &ended, &person("ana"), at(1));
    assert_eq!(found, Err(Refusal::NotActive));
    let declined = decide(promotion, Command::Decline, &ended, &person("ana"), at(1));
    assert_eq!(declined.map(|outcome| outcome.state.stage), Ok(Stage::Over));
}

#[test]
fn a_lonely_administrator_is_reminded_every_month() {
    let ids = |who: &[&str]| who.iter().map(|who| format!("sub_{who}").parse().unwrap()).collect();
    for (who, told, today, expected) in [
        (&["ana"][..], None, 29, false),
        (&["ana"], None, 30, true),
        (&["ana"], Some(30), 59, false),
        (&["ana"], Some(30), 60, true),
        (&["ana", "ben"], None, 90, false),
    ] {
        let organization = "org_a".parse().unwrap();
        let found = reminder(&ids(who), organization, at(0), told.map(at), at(today));
        assert_eq!(found.is_some(), expected, "{who:?} {told:?} {today}");
    }
}

#[test]
fn the_form_has_these_fields_and_says_what_is_wrong_with_them() {
    let empty = AdministratorLeftForm::default().read().unwrap_err();
    let fields: Vec<_> = empty.iter().map(|(field, _)| field).collect();
    let expected = [
        "organization_address",
        "organization_name",
        "person_name",
        "user_id",
        "work_email",
        "work_phone",
    ];
    assert_eq!(fields, expected);
}

proptest! {
    /// Whoever does what in whatever order.
    #[test]
    fn nobody_becomes_an_administrator_unproved_or_by_one_person_of_support(
        by_support: bool,
        steps in prop::collection::vec((0_usize..5, select(vec![
            Command::Approve,
            Command::Decline,
            Command::Expire,
            Command::Withdraw,
            passed(),
            acknowledged(),
            Command::Acknowledge(SecondFactor::Missing),
            Command::Prove(identity_proof::Command::GoToNotary(NotaryReference::from_random([1; 7]))),
            Command::Prove(identity_proof::Command::Judge(Judgement::Accepted)),
        ])), 0..25),
    ) {
        let by = if by_support { lead("lea") } else { administrator("adam", "a") };
        let actors = [person("ana"), administrator("adam", "a"), agent("sam"), lead("lea"), lead("liz")];
        let mut promotion = proposed(&by).unwrap().state;
        let (mut approved, mut proved) = (false, false);
        for (who, command) in steps {
            let found = decide(promotion.clone(), command, &affiliation("a", &[]), &actors[who], at(1));
            let Ok(outcome) = found else { continue };
            prop_assert!(!outcome.audit.is_empty());
            approved |= outcome.audit.contains(&Kind::AdminApproved) && who == 4;
            proved |= outcome.audit.contains(&Kind::AdminProofed);
            promotion = outcome.state;
            if promotion.stage == Stage::Done {
                prop_assert!(proved && who == 0 && (approved || !by_support));
            }
        }
    }
}
