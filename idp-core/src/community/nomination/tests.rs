use proptest::{prelude::*, sample::select};

use super::*;
use crate::community::{
    actor::testing::{JOB, administrator, agent, person},
    rights::RightsForm,
};

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

fn digest(text: &str) -> SecretDigest {
    SecretDigest::of(text)
}

fn adam() -> Actor {
    administrator("adam", "a")
}

fn nominated() -> Nomination {
    Nomination {
        id: "nom_1".parse().unwrap(),
        organization: "org_a".parse().unwrap(),
        affiliation: "aff_1".parse().unwrap(),
        subscriber: "sub_ana".parse().unwrap(),
        user_id: "ana.rivera".parse().unwrap(),
        nominated_by: Some("sub_adam".parse().unwrap()),
        nominated_at: at(0),
        state: State::Nominated(Keys::new(digest("link"), digest("code"), at(0))),
    }
}

fn with(link: &str, code: &str) -> Presented {
    Presented { link: digest(link), code: Some(digest(code)) }
}

fn activate(link: &str, code: &str) -> Command {
    Command::Activate { presented: with(link, code), missing: vec![] }
}

fn resend() -> Command {
    Command::Resend { link: digest("link2"), code: digest("code2") }
}

fn decided(
    nomination: Nomination,
    command: Command,
    actor: &Actor,
    day: i64,
) -> Result<State, Refusal> {
    decide(nomination, command, actor, at(day)).map(|outcome| outcome.state.state)
}

/// After so many wrong codes.
fn tried(times: u32, day: i64) -> Nomination {
    (0..times).fold(nominated(), |nomination, _| {
        nomination.try_keys(with("link", "wrong"), at(day)).0.state
    })
}

#[test]
fn link_and_code_together_open_it_for_seven_days_and_five_tries() {
    let nobody = Actor::Nobody;
    let yes = |day| Ok(State::Activated { at: at(day) });
    for (nomination, link, code, day, expected) in [
        (nominated(), "link", "code", 6, yes(6)),
        (nominated(), "link", "code", 7, Err(Refusal::Invalid)),
        // security 17.8: neither does anything alone
        (nominated(), "link", "wrong", 0, Err(Refusal::Invalid)),
        (nominated(), "wrong", "code", 0, Err(Refusal::Invalid)),
        (nominated(), "code", "link", 0, Err(Refusal::Invalid)),
        (tried(4, 0), "link", "code", 0, yes(0)),
        (tried(5, 0), "link", "code", 0, Err(Refusal::Invalid)),
    ] {
        let found = decided(nomination, activate(link, code), &nobody, day);
        assert_eq!(found, expected, "{link} {code} on day {day}");
    }
}

#[test]
fn a_new_code_kills_the_old_one_and_forgives_wrong_tries() {
    let again = decide(tried(5, 1), resend(), &adam(), at(8)).unwrap();
    assert_eq!(again.audit, [Kind::NominationCodeIssued]);
    let nobody = Actor::Nobody;
    let old = decided(again.state.clone(), activate("link", "code"), &nobody, 8);
    assert_eq!(old, Err(Refusal::Invalid));
    let mixed = decided(again.state.clone(), activate("link", "code2"), &nobody, 8);
    assert_eq!(mixed, Err(Refusal::Invalid));
    let new = decided(again.state, activate("link2", "code2"), &nobody, 14);
    assert_eq!(new, Ok(State::Activated { at: at(14) }));
}

#[test]
fn thirty_days_are_thirty_days_however_many_codes_there_were() {
    let late = decide(nominated(), resend(), &adam(), at(29)).unwrap().state;
    assert_eq!(
        decided(late.clone(), activate("link2", "code2"), &Actor::Nobody, 29),
        Ok(State::Activated { at: at(29) })
    );
    assert_eq!(
        decided(late.clone(), activate("link2", "code2"), &Actor::Nobody, 30),
        Err(Refusal::Invalid)
    );
    assert_eq!(decided(late.clone(), resend(), &adam(), 30), Err(Refusal::OutOfOrder));
    // the job only notes what the date has decided
    assert_eq!(decided(late.clone(), Command::Expire, &JOB, 29), Err(Refusal::OutOfOrder));
    assert_eq!(decided(late, Command::Expire, &JOB, 30), Ok(State::Expired));
}

#[test]
fn what_is_over_stays_over() {
    let used = decide(nominated(), activate("link", "code"), &Actor::Nobody, at(1)).unwrap().state;
    let withdrawn = decide(nominated(), Command::Withdraw, &adam(), at(1)).unwrap().state;
    for over in [used, withdrawn] {
        let again = decided(over.clone(), activate("link", "code"), &Actor::Nobody, 1);
        assert_eq!(again, Err(Refusal::Invalid));
        assert_eq!(over.clone().try_keys(with("link", "code"), at(1)).1, Tried::Wrong);
        for command in [resend(), Command::Withdraw] {
            assert_eq!(decided(over.clone(), command, &adam(), 1), Err(Refusal::OutOfOrder));
        }
        assert_eq!(decided(over, Command::Expire, &JOB, 40), Err(Refusal::OutOfOrder));
    }
}

#[test]
fn nobody_but_the_organizations_administrators_manages_it() {
    for (actor, expected) in [
        (administrator("eve", "b"), Denied::NotFound),
        (agent("sam"), Denied::Forbidden),
        (person("ana"), Denied::NotFound),
        (Actor::Nobody, Denied::NotFound),
    ] {
        for command in [resend(), Command::Withdraw] {
            let found = decided(nominated(), command, &actor, 1);
            assert_eq!(found, Err(Refusal::Denied(expected)), "{actor:?}");
        }
        assert_eq!(nominate(nominated(), &actor, at(0)), Err(expected), "{actor:?}");
    }
}

#[test]
fn a_nomination_of_a_closed_organization_ends_by_the_rules_alone() {
    for nomination in [nominated(), Nomination { nominated_by: None, ..nominated() }] {
        let done = decide(nomination.clone(), Command::Dissolve, &JOB, at(1)).unwrap();
        assert!(matches!(done.state.state, State::Withdrawn { .. }));
        assert_eq!((done.letters.len(), done.effects.len()), (1, 0));
        for actor in [adam(), agent("sam")] {
            let found = decided(nomination.clone(), Command::Dissolve, &actor, 1);
            assert_eq!(found, Err(Refusal::Denied(Denied::Forbidden)), "{actor:?}");
        }
        let again = decided(done.state, Command::Dissolve, &JOB, 1);
        assert_eq!(again, Err(Refusal::OutOfOrder));
    }
}

#[test]
fn support_helps_the_first_administrator_of_an_organization_and_nobody_else() {
    let first = || Nomination { nominated_by: None, ..nominated() };
    let again = decided(first(), resend(), &agent("sam"), 1);
    assert!(matches!(again, Ok(State::Nominated(_))));
    let forbidden = Err(Refusal::Denied(Denied::Forbidden));
    assert_eq!(decided(nominated(), resend(), &agent("sam"), 1), forbidden);
    assert_eq!(decided(first(), resend(), &adam(), 1), forbidden);
    let done = decide(first(), activate("link", "code"), &Actor::Nobody, at(1)).unwrap();
    assert_eq!(done.letters.len(), 1, "there is no Administrator to tell");
}

/// R4: nobody in the organization hears of it, so Support does, and the organization stops.
#[test]
fn what_becomes_of_a_first_nomination_is_heard_by_support_and_stops_the_organization() {
    let first = || Nomination { nominated_by: None, ..nominated() };
    let ticket = || Effect::OpenTicket(TicketKind::PromoteAdmin);
    let stop = || Effect::SuspendOrganization {
        organization: "org_a".parse().unwrap(),
        why: Suspension::NoAdministrator,
    };
    let mut tried = first();
    let mut tickets = Vec::new();
    for _ in 0..9 {
        let (outcome, _) = tried.try_keys(with("link", "wrong"), at(0));
        assert_eq!(outcome.letters, [], "there is no Administrator to tell");
        tickets.extend(outcome.effects);
        tried = outcome.state;
    }
    assert_eq!(tickets, [ticket()], "once");
    let expired = decide(first(), Command::Expire, &JOB, at(30)).unwrap();
    assert_eq!(expired.effects, [ticket(), stop()]);
    let nominee = Recipient::Nominee("nom_1".parse().unwrap());
    assert!(expired.letters.iter().all(|letter| letter.to == nominee));
    let withdrawn = decide(first(), Command::Withdraw, &agent("sam"), at(1)).unwrap();
    assert_eq!(withdrawn.effects, [stop()]);
    // An organization with Administrators goes on.
    for (command, actor, day) in [(Command::Expire, JOB, 30), (Command::Withdraw, adam(), 1)] {
        assert_eq!(decide(nominated(), command, &actor, at(day)).unwrap().effects, []);
    }
}

#[test]
fn support_begins_a_first_nomination_anew_until_it_is_taken_up() {
    let first = || Nomination { nominated_by: None, ..nominated() };
    let expired = decide(first(), Command::Expire, &JOB, at(30)).unwrap().state;
    let withdrawn = decide(first(), Command::Withdraw, &agent("sam"), at(1)).unwrap().state;
    for over in [first(), expired, withdrawn] {
        let again = decide(over.clone(), resend(), &agent("sam"), at(40)).unwrap();
        assert!(
            matches!(again.letters[0].news, News::FirstCodeMade { until, .. } if until == at(70))
        );
        let taken = decided(again.state.clone(), activate("link2", "code2"), &Actor::Nobody, 46);
        assert_eq!(taken, Ok(State::Activated { at: at(46) }));
        let late = decided(again.state, activate("link2", "code2"), &Actor::Nobody, 47);
        assert_eq!(late, Err(Refusal::Invalid), "seven days, as ever");
        let other = decided(over, resend(), &adam(), 40);
        assert_eq!(other, Err(Refusal::Denied(Denied::Forbidden)));
    }
    let used = decide(first(), activate("link", "code"), &Actor::Nobody, at(1)).unwrap().state;
    assert_eq!(decided(used, resend(), &agent("sam"), 2), Err(Refusal::OutOfOrder));
}

#[test]
fn an_activation_is_whole_or_does_not_happen() {
    let missing = vec![Missing::Agreement, Missing::Password];
    let command = Command::Activate { presented: with("link", "code"), missing: missing.clone() };
    let found = decided(nominated(), command, &Actor::Nobody, 1);
    assert_eq!(found, Err(Refusal::Incomplete(missing)));
    let done = decide(nominated(), activate("link", "code"), &Actor::Nobody, at(1)).unwrap();
    let person = "sub_ana".parse().unwrap();
    let affiliation = "aff_1".parse().unwrap();
    assert_eq!(
        done.effects,
        [Effect::ActivateAccount(person), Effect::ActivateAffiliation(affiliation)]
    );
    assert_eq!(done.letters.len(), 2, "the Subscriber and the Administrator are told");
}

#[test]
fn who_guesses_at_codes_without_the_link_kills_none() {
    let guessed = (0..20).fold(nominated(), |nomination, _| {
        nomination.try_keys(with("guess", "wrong"), at(0)).0.state
    });
    let found = decided(guessed, activate("link", "code"), &Actor::Nobody, 1);
    assert_eq!(found, Ok(State::Activated { at: at(1) }));
}

#[test]
fn the_administrators_hear_once_that_a_code_died() {
    let mut nomination = nominated();
    let mut told = 0;
    for _ in 0..9 {
        let (outcome, _) = nomination.try_keys(with("link", "wrong"), at(0));
        told += outcome.letters.len();
        nomination = outcome.state;
    }
    assert_eq!(told, 1);
}

#[test]
fn there_is_an_end_to_new_codes() {
    let many = (0..9).fold(nominated(), |nomination, _| {
        decide(nomination, resend(), &adam(), at(0)).unwrap().state
    });
    assert_eq!(decided(many, resend(), &adam(), 0), Err(Refusal::TooManyCodes));
}

#[test]
fn the_form_says_all_that_is_wrong_with_it() {
    let administrator = "sub_adam".parse().unwrap();
    let good = NomineeForm {
        given_name: "Ana",
        family_name: "Rivera",
        email: "ana@clinic.example",
        rights: RightsForm {
            roles: &["office-worker"],
            access_level: "community-standard",
            ..RightsForm::default()
        },
        verified_by: "photo-id",
        ..NomineeForm::default()
    };
    let nominee = good.read(&[], &administrator, at(0)).unwrap();
    assert_eq!(nominee.identity.checked_by, administrator);
    assert_eq!((nominee.user_id, nominee.npi), (None, None));
    let wrong = NomineeForm {
        given_name: "Ana\n",
        email: "ana",
        npi: "123",
        user_id: "a",
        verified_by: "hearsay",
        rights: RightsForm { roles: &["boss"], ..good.rights },
        ..good
    };
    let found = wrong.read(&[], &administrator, at(0)).unwrap_err();
    let fields: Vec<_> = found.iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["email", "npi", "roles", "user_id", "verified_by"]);
}

proptest! {
    /// Security 17.3: one success at most, whoever does what in whatever order.
    #[test]
    fn a_nomination_is_taken_up_once_with_living_keys(
        steps in prop::collection::vec((0_i64..35, 0_usize..7), 1..30),
    ) {
        let mut nomination = nominated();
        let mut days: Vec<i64> = steps.iter().map(|(day, _)| *day).collect();
        days.sort_unstable();
        let (mut successes, mut made_on) = (0, 0);
        for (day, (_, step)) in days.into_iter().zip(steps) {
            let (command, actor) = match step {
                0 => (activate("link", "code"), Actor::Nobody),
                1 => (activate("link2", "code2"), Actor::Nobody),
                2 => (activate("link", "wrong"), Actor::Nobody),
                3 => (resend(), adam()),
                4 => (Command::Expire, JOB),
                5 => (Command::Withdraw, adam()),
                _ => {
                    let (outcome, tried) = nomination.try_keys(with("link", "wrong"), at(day));
                    prop_assert_eq!(tried, Tried::Wrong);
                    nomination = outcome.state;
                    continue;
                }
            };
            let resends = matches!(command, Command::Resend { .. });
            if let Ok(outcome) = decide(nomination.clone(), command, &actor, at(day)) {
                if resends {
                    made_on = day;
                }
                if outcome.audit.contains(&Kind::NominationActivated) {
                    successes += 1;
                    prop_assert!(day < made_on + 7 && day < 30);
                }
                nomination = outcome.state;
            }
        }
        prop_assert!(successes <= 1);
    }

    #[test]
    fn a_wrong_link_or_code_never_opens(
        link in "[a-z]{1,6}", code in "[a-z]{1,6}", day in 0_i64..40,
        missing in select(vec![vec![], vec![Missing::Password]]),
    ) {
        prop_assume!((link.as_str(), code.as_str()) != ("link", "code"));
        let command = Command::Activate { presented: with(&link, &code), missing };
        prop_assert_eq!(decided(nominated(), command, &Actor::Nobody, day), Err(Refusal::Invalid));
    }
}
