use proptest::{prelude::*, sample::select};

use super::{
    Command::{
        Appoint, Approve, Dismiss, Dissolve, GiveUp, HandOver, Keep, Object, Propose, Register,
        Reject, Release, Withdraw,
    },
    *,
};
use crate::{
    audit::Kind,
    community::{
        actor::{
            Actor,
            testing::{JOB, administrator, agent, lead, person},
        },
        end_access::{Cause, Ending, Whose},
        news::Recipient,
        organization_life::Suspension,
        outcome::{Effect, Outcome},
    },
};

fn at(day: i64) -> DateTime<Utc> {
    // Monday, 2 March 2026
    "2026-03-02T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(day)
}

fn org(name: &str) -> OrganizationId {
    format!("org_{name}").parse().unwrap()
}

fn reg(name: &str) -> RegistrationId {
    format!("reg_{name}").parse().unwrap()
}

fn evidence() -> Evidence {
    Evidence::read("IRS letter of 2 May 2019").unwrap()
}

fn held() -> Holding {
    Holding::Held(Held {
        id: "tin_1".parse().unwrap(),
        by: org("holder"),
        others: OtherNumbers::Some,
        representatives: [].into(),
        claim: None,
    })
}

fn claim(ground: Ground) -> Command {
    Command::Claim { by: reg("new"), claimant: Some("sub_ana".parse().unwrap()), ground }
}

fn registered_by(name: &str) -> Command {
    Register {
        id: "tin_1".parse().unwrap(),
        organization: org(name),
        registration: Some(reg(name)),
        others: OtherNumbers::None,
    }
}

type Step = (i64, Actor, Command);

fn walk(start: Holding, steps: Vec<Step>) -> Result<Outcome<Holding>, Refusal> {
    let begin = Outcome { state: start, audit: vec![], letters: vec![], effects: vec![] };
    steps.into_iter().try_fold(begin, |outcome, (day, actor, command)| {
        decide(outcome.state, command, &actor, &Rules::default(), at(day))
    })
}

/// How it stands, in a word.
fn word(holding: &Holding) -> &'static str {
    match holding {
        Holding::Free => "free",
        Holding::Reserved { .. } => "reserved",
        Holding::Held(Held { claim: None, by, .. }) if *by == org("holder") => "held",
        Holding::Held(Held { claim: None, .. }) => "moved",
        Holding::Held(Held { claim: Some(claim), .. }) => match claim.stage {
            Stage::Agreed { .. } => "agreed",
            Stage::Asked => "asked",
            Stage::Objected(_) => "objected",
            Stage::Proposed { .. } => "proposed",
        },
    }
}

#[test]
fn a_number_moves_by_consent_or_by_two_persons_after_ten_working_days() {
    let (asks, owner) = (|| person("ana"), || administrator("hal", "holder"));
    let due = at(15) + TimeDelta::hours(3); // Tuesday, 17 March, at noon UTC
    let asked = |ground| (0, asks(), claim(ground));
    for (name, steps, expected) in [
        ("asked", vec![asked(Ground::NobodyLeft)], Ok("asked")),
        ("released", vec![asked(Ground::NobodyLeft), (1, owner(), Release)], Ok("reserved")),
        ("handed over", vec![asked(Ground::WorksForUs), (1, owner(), HandOver)], Ok("agreed")),
        (
            "only who works for somebody goes on under their number",
            vec![asked(Ground::NobodyLeft), (1, owner(), HandOver)],
            Err(Refusal::NothingToDecide),
        ),
        (
            "an objection keeps it",
            vec![asked(Ground::WorksForUs), (1, owner(), Object(evidence()))],
            Ok("held"),
        ),
        (
            "in a dispute it is evidence",
            vec![asked(Ground::Disputed), (1, owner(), Object(evidence()))],
            Ok("objected"),
        ),
        (
            "the owner's days are waited for",
            vec![asked(Ground::NobodyLeft), (15, agent("sam"), Propose(evidence()))],
            Err(Refusal::NotYet { until: due }),
        ),
        (
            "then Support proposes",
            vec![asked(Ground::NobodyLeft), (16, agent("sam"), Propose(evidence()))],
            Ok("proposed"),
        ),
        (
            "who has answered is not waited for",
            vec![
                asked(Ground::Disputed),
                (1, owner(), Object(evidence())),
                (2, agent("sam"), Propose(evidence())),
            ],
            Ok("proposed"),
        ),
        (
            "another one approves",
            vec![
                asked(Ground::NobodyLeft),
                (16, agent("sam"), Propose(evidence())),
                (16, lead("lea"), Approve),
            ],
            Ok("reserved"),
        ),
        (
            "nobody approves what they propose",
            vec![
                asked(Ground::NobodyLeft),
                (16, lead("lea"), Propose(evidence())),
                (16, lead("lea"), Approve),
            ],
            Err(Refusal::SamePerson),
        ),
        (
            "an agent approves nothing",
            vec![
                asked(Ground::NobodyLeft),
                (16, agent("sam"), Propose(evidence())),
                (16, agent("sue"), Approve),
            ],
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        (
            "who asks for it neither proposes",
            vec![asked(Ground::NobodyLeft), (16, agent("ana"), Propose(evidence()))],
            Err(Refusal::SamePerson),
        ),
        (
            "nor approves",
            vec![
                asked(Ground::NobodyLeft),
                (16, agent("sam"), Propose(evidence())),
                (16, lead("ana"), Approve),
            ],
            Err(Refusal::SamePerson),
        ),
        (
            "a proposal is sent back",
            vec![
                asked(Ground::Disputed),
                (1, owner(), Object(evidence())),
                (2, agent("sam"), Propose(evidence())),
                (2, lead("lea"), Reject),
            ],
            Ok("objected"),
        ),
        (
            "Support leaves it",
            vec![asked(Ground::Disputed), (1, agent("sam"), Keep(evidence()))],
            Ok("held"),
        ),
        (
            "nobody asks any more",
            vec![asked(Ground::Disputed), (1, asks(), Withdraw(reg("new")))],
            Ok("held"),
        ),
        (
            "nobody withdraws for another",
            vec![asked(Ground::Disputed), (1, asks(), Withdraw(reg("other")))],
            Err(Refusal::NothingToDecide),
        ),
        (
            "one claim at a time",
            vec![asked(Ground::Disputed), asked(Ground::NobodyLeft)],
            Err(Refusal::ClaimedAlready),
        ),
        (
            "another organization's Administrator finds nothing",
            vec![asked(Ground::NobodyLeft), (1, administrator("eve", "other"), Release)],
            Err(Refusal::Denied(Denied::NotFound)),
        ),
        (
            "nobody takes a number by themselves as its owner's Administrator",
            vec![asked(Ground::NobodyLeft), (1, administrator("ana", "holder"), Release)],
            Err(Refusal::SamePerson),
        ),
        (
            "nor by handing it over to themselves",
            vec![asked(Ground::WorksForUs), (1, administrator("ana", "holder"), HandOver)],
            Err(Refusal::SamePerson),
        ),
        ("the owner opens it to another", vec![(0, owner(), Appoint(org("billing")))], Ok("held")),
        (
            "and nobody else does",
            vec![(0, lead("lea"), Appoint(org("billing")))],
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        ("nothing was asked", vec![(0, owner(), Release)], Err(Refusal::NothingToDecide)),
        ("given up", vec![(0, owner(), GiveUp)], Ok("free")),
        (
            "Support gives nothing up",
            vec![(0, lead("lea"), GiveUp)],
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        (
            "what is asked for is not given up",
            vec![asked(Ground::Disputed), (1, owner(), GiveUp)],
            Err(Refusal::ClaimedAlready),
        ),
    ] {
        let found = walk(held(), steps);
        assert_eq!(found.as_ref().map(|o| word(&o.state)).map_err(|e| *e), expected, "{name}");
    }
}

#[test]
fn a_released_number_is_kept_for_who_asked_and_for_thirty_days() {
    let released = vec![
        (0, person("ana"), claim(Ground::NobodyLeft)),
        (1, administrator("hal", "holder"), Release),
    ];
    for (day, who, expected) in [
        (30, "new", Ok("moved")),
        (30, "other", Err(Refusal::Taken)),
        (31, "other", Ok("moved")),
        (31, "new", Ok("moved")),
    ] {
        let steps = [released.clone(), vec![(day, JOB, registered_by(who))]].concat();
        let found = walk(held(), steps).map(|o| word(&o.state));
        assert_eq!(found, expected, "{who} on day {day}");
    }
}

#[test]
fn a_release_stops_at_once_what_the_number_opened() {
    let Holding::Held(number) = held() else { panic!("held") };
    let number =
        Held { representatives: [org("billing")].into(), others: OtherNumbers::None, ..number };
    let claimed = walk(Holding::Held(number), vec![(0, person("ana"), claim(Ground::NobodyLeft))]);
    let outcome = decide(
        claimed.unwrap().state,
        Release,
        &administrator("hal", "holder"),
        &Rules::default(),
        at(1),
    )
    .unwrap();
    let ending = |name: &str| {
        let whose = Whose::TaxId(org(name), "tin_1".parse().unwrap());
        Effect::EndAccess(Ending { whose, cause: Cause::TaxIdReleased })
    };
    assert_eq!(
        outcome.effects,
        [
            ending("holder"),
            ending("billing"),
            Effect::SuspendOrganization { organization: org("holder"), why: Suspension::NoTaxId },
            Effect::NumberReserved(reg("new")),
        ]
    );
    let told: Vec<_> = outcome.letters.into_iter().map(|letter| letter.to).collect();
    assert_eq!(
        told,
        [
            Recipient::AdministratorsOf(org("holder")),
            Recipient::AdministratorsOf(org("billing")),
            Recipient::Registrant(reg("new")),
        ]
    );
}

#[test]
fn the_number_of_a_closed_organization_goes_to_whoever_asked_for_it_or_is_free() {
    let Holding::Held(number) = held() else { panic!("held") };
    let billing = Recipient::AdministratorsOf(org("billing"));
    let number = Holding::Held(Held { representatives: [org("billing")].into(), ..number });
    let asks = (0, person("ana"), claim(Ground::Disputed));
    for (before, expected, told) in [
        (vec![], "free", vec![billing.clone()]),
        (vec![asks], "reserved", vec![billing, Recipient::Registrant(reg("new"))]),
    ] {
        let steps = [before.clone(), vec![(1, JOB, Dissolve)]].concat();
        let outcome = walk(number.clone(), steps).unwrap();
        assert_eq!(word(&outcome.state), expected);
        let who: Vec<_> = outcome.letters.into_iter().map(|letter| letter.to).collect();
        assert_eq!(who, told);
        for actor in [administrator("hal", "holder"), lead("lea")] {
            let steps = [before.clone(), vec![(1, actor, Dissolve)]].concat();
            let found = walk(number.clone(), steps);
            assert_eq!(found, Err(Refusal::Denied(Denied::Forbidden)));
        }
    }
    assert_eq!(walk(Holding::Free, vec![(1, JOB, Dissolve)]), Err(Refusal::NothingToDecide));
    // and it no longer acts under the numbers of others
    let left = walk(number, vec![(1, JOB, Dismiss(org("billing")))]).unwrap();
    assert_eq!(left.audit, [Kind::TaxidRepresentationEnded]);
}

#[test]
fn who_hands_a_number_over_goes_on_under_it() {
    let steps = vec![
        (0, person("ana"), claim(Ground::WorksForUs)),
        (1, administrator("hal", "holder"), HandOver),
        (20, JOB, registered_by("new")),
    ];
    let outcome = walk(held(), steps).unwrap();
    let Holding::Held(number) = outcome.state.clone() else { panic!("{:?}", outcome.state) };
    assert_eq!((number.by, number.representatives), (org("new"), [org("holder")].into()));
    assert!(outcome.effects.is_empty(), "nothing of theirs ends");
    // and either end lets go
    for actor in [administrator("hal", "holder"), administrator("ana", "new"), agent("sam")] {
        let step = (40, actor, Dismiss(org("holder")));
        let left = walk(outcome.state.clone(), vec![step]).unwrap();
        assert_eq!(left.audit, [Kind::TaxidRepresentationEnded]);
        assert_eq!(left.effects.len(), 1);
    }
    let eve = (40, administrator("eve", "other"), Dismiss(org("holder")));
    assert_eq!(walk(outcome.state, vec![eve]), Err(Refusal::Denied(Denied::NotFound)));
}

#[test]
fn an_offer_that_nobody_took_up_is_gone_after_thirty_days() {
    let offered = vec![
        (0, person("ana"), claim(Ground::WorksForUs)),
        (1, administrator("hal", "holder"), HandOver),
    ];
    let late = [offered.clone(), vec![(31, JOB, registered_by("new"))]].concat();
    assert_eq!(walk(held(), late), Err(Refusal::Taken));
    let offered = walk(held(), offered).unwrap().state;
    assert_eq!(offered.at(at(31)), held());
}

#[test]
fn a_number_becomes_an_organizations_by_the_support_desk_alone() {
    let added_to = |name: &str| Register {
        id: "tin_1".parse().unwrap(),
        organization: org(name),
        registration: None,
        others: OtherNumbers::Some,
    };
    for (command, actor, expected) in [
        (added_to("a"), agent("sam"), Ok("moved")),
        (added_to("a"), administrator("adam", "a"), Err(Refusal::Denied(Denied::Forbidden))),
        (added_to("a"), person("ana"), Err(Refusal::Denied(Denied::Forbidden))),
        (registered_by("a"), agent("sam"), Ok("moved")),
        (registered_by("a"), administrator("adam", "a"), Err(Refusal::Denied(Denied::Forbidden))),
    ] {
        let found = walk(Holding::Free, vec![(0, actor.clone(), command)]).map(|o| word(&o.state));
        assert_eq!(found, expected, "{actor:?}");
    }
}

#[test]
fn the_registration_that_waits_for_a_number_hears_of_its_end() {
    let asked = |ground| (0, person("ana"), claim(ground));
    let owner = || administrator("hal", "holder");
    let (kept, reserved) = (Effect::NumberKept(reg("new")), Effect::NumberReserved(reg("new")));
    for (ground, actor, command, expected) in [
        (Ground::WorksForUs, owner(), Release, Some(&reserved)),
        (Ground::WorksForUs, owner(), HandOver, Some(&reserved)),
        (Ground::WorksForUs, owner(), Object(evidence()), Some(&kept)),
        (Ground::Disputed, agent("sam"), Keep(evidence()), Some(&kept)),
        // it is still open, or the registration itself was withdrawn or refused
        (Ground::Disputed, owner(), Object(evidence()), None),
        (Ground::Disputed, person("ana"), Withdraw(reg("new")), None),
        (Ground::Disputed, agent("sam"), Withdraw(reg("new")), None),
    ] {
        let outcome = walk(held(), vec![asked(ground), (1, actor, command.clone())]).unwrap();
        assert_eq!(outcome.effects.last(), expected, "{command:?}");
    }
}

#[test]
fn nobody_is_left_without_a_number_by_their_own_mistake() {
    let Holding::Held(number) = held() else { panic!("held") };
    let only = Holding::Held(Held { others: OtherNumbers::None, ..number });
    let step = (0, administrator("hal", "holder"), GiveUp);
    assert_eq!(walk(only, vec![step]), Err(Refusal::LastNumber));
}

#[test]
fn an_owner_is_reminded_once_at_seven_of_ten_working_days_and_never_when_they_answered() {
    let rules = Rules::default();
    let asked = |stage| {
        let opened_at = at(0);
        let answer_due_at = rules.working_days.after(rules.days_to_answer, opened_at);
        let (by, ground) = (reg("new"), Ground::Disputed);
        Claim { by, claimant: None, ground, opened_at, answer_due_at, stage }
    };
    let objected = || Stage::Objected(evidence());
    // Seven working days after that Monday are over at noon of the 12th, ten at noon of the 17th.
    for (stage, told, day, expected) in [
        (Stage::Asked, None, 9, false),
        (Stage::Asked, None, 10, true),
        (Stage::Asked, Some(11), 12, false),
        // about an earlier claim
        (Stage::Asked, Some(-40), 12, true),
        (Stage::Asked, None, 14, true),
        (Stage::Asked, None, 15, false),
        (objected(), None, 12, false),
    ] {
        let claim = asked(stage.clone());
        let now = at(day) + TimeDelta::hours(4);
        let told = told.map(at);
        let due = claim.reminder(&org("holder"), &rules, told, now).is_some();
        assert_eq!(due, expected, "{stage:?}, told {told:?}, on {now}");
    }
    let due = asked(Stage::Asked).answer_due_at;
    assert!(asked(Stage::Asked).is_overdue(due) && !asked(objected()).is_overdue(due));
    assert!(!asked(Stage::Asked).is_overdue(due - TimeDelta::milliseconds(1)));
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        select(vec![Ground::Disputed, Ground::NobodyLeft, Ground::WorksForUs]).prop_map(claim),
        select(vec![
            Approve,
            GiveUp,
            HandOver,
            Keep(evidence()),
            Object(evidence()),
            Propose(evidence()),
            Reject,
            Release,
            Withdraw(reg("new")),
            registered_by("new"),
            registered_by("other"),
            Appoint(org("billing")),
            Dismiss(org("billing")),
            Dismiss(org("holder")),
            Dissolve,
        ]),
    ]
}

fn anybody() -> impl Strategy<Value = Actor> {
    select(vec![
        JOB,
        Actor::Nobody,
        administrator("ana", "holder"),
        administrator("ana", "new"),
        administrator("hal", "holder"),
        agent("sam"),
        lead("lea"),
        person("ana"),
    ])
}

proptest! {
    /// Security 20.8, for whatever anybody does in whatever order.
    #[test]
    fn no_number_leaves_its_owner_without_consent_or_two_persons(
        steps in prop::collection::vec((0_i64..40, anybody(), command()), 1..25),
    ) {
        let mut holding = held();
        let mut days: Vec<i64> = steps.iter().map(|(day, ..)| *day).collect();
        days.sort_unstable();
        let mut proposer = None;
        for (day, (_, actor, command)) in days.into_iter().zip(steps) {
            let before = holding.clone().at(at(day));
            let Ok(outcome) =
                decide(holding.clone(), command.clone(), &actor, &Rules::default(), at(day))
            else {
                continue;
            };
            prop_assert!(!outcome.audit.is_empty(), "{command:?} is not audited");
            if matches!(command, Propose(_)) {
                proposer = actor.person().cloned();
            }
            let owner = |holding: &Holding| match holding {
                Holding::Held(held) => Some(held.by.clone()),
                Holding::Free | Holding::Reserved { .. } => None,
            };
            if let Some(old) = owner(&before) && owner(&outcome.state) != Some(old.clone()) {
                let ana = "sub_ana".parse().unwrap();
                // who gives a number up takes it for nobody
                let consent = actor.organization() == Some(&old)
                    && (actor.person() != Some(&ana) || command == GiveUp);
                let two_persons = command == Approve
                    && proposer.is_some()
                    && proposer.as_ref() != actor.person()
                    && actor.person() != Some(&ana);
                // the rules do, and nobody else, for an owner that is closed
                let closed = command == Dissolve && actor == JOB;
                let handed_over = matches!(command, Register { .. }) && word(&before) == "agreed";
                prop_assert!(consent || two_persons || closed || handed_over, "{command:?} by {actor:?}");
            }
            holding = outcome.state;
        }
    }

    /// Security 20.6: of two organizations that register one number, one has it.
    #[test]
    fn a_number_is_registered_once(names in prop::collection::vec("[a-d]", 2..8)) {
        let mut holding = Holding::Free;
        let mut registered = 0;
        for name in names {
            if let Ok(outcome) = walk(holding.clone(), vec![(0, JOB, registered_by(&name))]) {
                holding = outcome.state;
                registered += 1;
            }
        }
        prop_assert_eq!(registered, 1);
    }
}
