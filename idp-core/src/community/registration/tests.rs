//! The way of a registration, step by step and at random.

mod kept;
mod samples;

use proptest::prelude::*;

use self::samples::*;
use super::*;
use crate::{
    audit::Kind,
    community::{
        actor::{
            Actor,
            testing::{JOB, agent, lead, person},
        },
        field::LineError,
        identity_proof::TestResult,
        news::{News, Recipient},
        nomination::{Presented, TRIES, Tried},
        notary_reference::NotaryReference,
        outcome::Effect,
        subscriber::AccountStatus,
        tax_id_registry::dialogue::{MOST_CONTACTS, Personal},
    },
    secret::SecretDigest,
};

#[test]
fn a_registration_goes_step_by_step_to_its_end() {
    let from = |start: &[Step], more: Vec<Step>| [start.to_vec(), more].concat();
    let (signed, review, taken) = (up_to_signature(), up_to_review(), taken());
    let reject = || Command::Reject(Message::read("No such clinic.").unwrap());
    for (steps, expected) in [
        (vec![], Ok("draft")),
        (signed.clone(), Ok("identity")),
        (review.clone(), Ok("review")),
        (from(&review, vec![(1, agent("sam"), approve(Availability::Open))]), Ok("approved")),
        (from(&review, vec![(1, JOB, approve(Availability::Open))]), Ok("approved")),
        (from(&review, vec![(1, agent("sam"), reject())]), Ok("rejected")),
        (from(&review, vec![me(1, Command::Withdraw)]), Ok("withdrawn")),
        (from(&signed, vec![me(1, take(TestResult::Failed))]), Ok("identity")),
        (from(&signed, vec![me(1, to_notary())]), Ok("at-notary")),
        (from(&signed, vec![me(1, to_notary()), (9, agent("sam"), judge())]), Ok("review")),
        // a forgery is refused wherever it is
        (vec![(0, agent("sam"), reject())], Ok("rejected")),
        (from(&signed[..2], vec![(1, agent("sam"), reject())]), Ok("rejected")),
        (from(&taken, vec![(1, agent("sam"), reject())]), Ok("rejected")),
        (
            from(&review, vec![me(1, Command::Withdraw), (2, agent("sam"), reject())]),
            Err(Refusal::OutOfOrder),
        ),
        // the number is taken
        (taken.clone(), Ok("dialogue")),
        (from(&taken, vec![me(0, answer(Answer::OurOwn))]), Ok("dialogue")),
        (
            from(&taken, vec![me(0, answer(Answer::OurOwn)), me(0, answer(Answer::StillThere))]),
            Ok("referred"),
        ),
        (from(&taken, vec![me(0, answer(Answer::WorksForUs))]), Ok("waiting")),
        (
            from(&taken, vec![me(0, answer(Answer::WorksForUs)), me(9, Command::NumberReserved)]),
            Ok("agreement"),
        ),
        (
            from(&taken, vec![me(0, answer(Answer::WorksForUs)), me(9, Command::NumberKept)]),
            Ok("dialogue"),
        ),
        (
            from(
                &taken,
                vec![
                    me(0, answer(Answer::WorksForUs)),
                    me(9, Command::NumberKept),
                    me(9, answer(Answer::TypedTheSame)),
                ],
            ),
            Ok("waiting"),
        ),
        (
            from(&taken, vec![me(0, answer(Answer::Unknown)), me(0, answer(Answer::TypedAnother))]),
            Ok("contact-verified"),
        ),
        // somebody else was approved with the number in the meantime
        (from(&review, vec![(1, agent("sam"), approve(Availability::Taken))]), Ok("dialogue")),
        // a later step called directly
        (vec![me(0, describe(Availability::Open))], Err(Refusal::OutOfOrder)),
        (vec![me(0, Command::VerifyContact), me(0, passed())], Err(Refusal::OutOfOrder)),
        (vec![(0, agent("sam"), approve(Availability::Open))], Err(Refusal::OutOfOrder)),
        (
            from(&signed, vec![(1, agent("sam"), approve(Availability::Open))]),
            Err(Refusal::OutOfOrder),
        ),
        (from(&review, vec![me(0, passed())]), Err(Refusal::OutOfOrder)),
        // people
        (
            from(&review, vec![me(1, approve(Availability::Open))]),
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        (
            from(&signed, vec![me(1, to_notary()), me(2, judge())]),
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        (
            from(&signed, vec![(1, person("eve"), Command::Withdraw)]),
            Err(Refusal::Denied(Denied::NotFound)),
        ),
        // another version came into force while the old one was read
        (
            vec![
                me(0, Command::VerifyContact),
                me(0, describe(Availability::Open)),
                me(0, tell_work()),
                me(0, sign("agr_0")),
            ],
            Err(Refusal::AgreementChanged),
        ),
        // nothing is signed before they said what they do there, and nothing is said after it
        (
            vec![
                me(0, Command::VerifyContact),
                me(0, describe(Availability::Open)),
                me(0, sign("agr_1")),
            ],
            Err(Refusal::WorkDue),
        ),
        (from(&signed[..3], vec![me(1, tell_work())]), Ok("agreement")),
        (from(&signed, vec![me(1, tell_work())]), Err(Refusal::OutOfOrder)),
        (from(&review, vec![me(1, tell_work())]), Err(Refusal::OutOfOrder)),
        (
            from(&signed[..2], vec![(1, agent("sam"), tell_work())]),
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
    ] {
        let found = walk(steps.clone());
        let found = found.as_ref().map(|outcome| word(&outcome.state.stage)).map_err(|e| *e);
        assert_eq!(found, expected, "{steps:?}");
    }
}

#[test]
fn an_approval_opens_the_organization_and_tells_the_registrant() {
    let steps = [up_to_review(), vec![(1, agent("sam"), approve(Availability::Open))]].concat();
    let outcome = walk(steps).unwrap();
    assert_eq!(outcome.audit, [Kind::OrgApproved, Kind::AdminPromoted]);
    let (organization, registration) = ("org_new".parse().unwrap(), "reg_1".parse().unwrap());
    let first = nobody_yet().first(Some(&work())).unwrap();
    assert_eq!(outcome.effects, [Effect::OpenOrganization { organization, first, registration }]);
    let letter = outcome.letters.first().unwrap();
    assert_eq!(letter.to, Recipient::Registrant("reg_1".parse().unwrap()));
    assert!(matches!(letter.news, News::RegistrationApproved { .. }));
}

/// Domain 3.6
#[test]
fn a_prefix_that_is_not_in_the_table_is_accepted_for_a_reason_or_not_at_all() {
    let approved =
        |actor, reason| walk([up_to_review(), vec![(1, actor, approve_unlisted(reason))]].concat());
    let outcome = approved(agent("sam"), "IRS letter of 2 May").unwrap();
    assert_eq!(word(&outcome.state.stage), "approved");
    assert!(outcome.audit.contains(&Kind::TaxidPrefixOverridden), "{:?}", outcome.audit);
    let silent = OverrideError::Reason(LineError::Empty);
    assert_eq!(approved(agent("sam"), " ").unwrap_err(), Refusal::Prefix(silent));
    assert_eq!(approved(JOB, "x").unwrap_err(), Refusal::Prefix(Denied::Forbidden.into()));
}

#[test]
fn the_stages_that_go_on_are_those_that_can_be_refused() {
    let at_notary =
        Proofing::AtNotary { reference: NotaryReference::from_random([1; 7]), since: at(0) };
    let mut open = 0;
    for stage in [
        Stage::Agreement(applicant()),
        Stage::Approved("org_a".parse().unwrap()),
        Stage::ContactVerified,
        Stage::Dialogue(applicant(), Dialogue::Whose),
        Stage::Draft,
        Stage::Erased,
        Stage::Identity(applicant(), signed(), Proofing::DUE),
        Stage::Identity(applicant(), signed(), at_notary),
        Stage::Referred(End::NominationAsked),
        Stage::Rejected,
        Stage::Review(applicant(), signed(), proof()),
        Stage::Waiting(applicant(), Ground::Disputed),
        Stage::Withdrawn,
    ] {
        let code = stage.code();
        let reject = Command::Reject(Message::read("A forgery.").unwrap());
        let refused = decide(Registration { stage, ..begun() }, reject, &agent("sam"), at(0));
        assert_eq!(refused.is_ok(), Stage::OPEN.contains(&code), "{code}");
        open += usize::from(refused.is_ok());
    }
    assert_eq!(open, Stage::OPEN.len());
}

/// R4, R72, domain 4.5: whoever cannot sign in runs no organization.
#[test]
fn an_organization_is_opened_only_for_somebody_who_can_run_it() {
    for (registrant, expected) in [
        (nobody_yet(), Ok(("sub_new", "ana.rivera", Comes::ByNomination))),
        (known(AccountStatus::Active), Ok(("sub_ana", "ana.r", Comes::WithAccount))),
        (known(AccountStatus::Dormant), Ok(("sub_ana", "ana.r", Comes::WithAccount))),
        // the User ID is theirs for life, and comes back
        (known(AccountStatus::Terminated), Ok(("sub_ana", "ana.r", Comes::ByNomination))),
        (known(AccountStatus::Suspended), Err(Refusal::AccountSuspended)),
        (known(AccountStatus::Closed), Err(Refusal::AccountClosed)),
        (Registrant::Nominated, Err(Refusal::AddressWaits)),
        (Registrant::Unclear, Err(Refusal::AddressUnclear)),
        // a person has one account and one number (R10, R70)
        (Registrant::NpiTaken, Err(Refusal::NpiTaken)),
        (with_npi("1234567893"), Ok(("sub_ana", "ana.r", Comes::WithAccount))),
        (with_npi("1999999984"), Err(Refusal::NpiDiffers)),
    ] {
        let command = approve_as(registrant.clone(), Availability::Open);
        let steps = [up_to_review(), vec![(1, agent("sam"), command)]].concat();
        let found = walk(steps).map(|outcome| match &outcome.effects[..] {
            [Effect::OpenOrganization { first, .. }] => first.clone(),
            other => panic!("{other:?}"),
        });
        let found = found.as_ref().map(|it| (it.id.as_str(), it.user_id.as_str(), it.comes));
        assert_eq!(found, expected.as_ref().map(|it| *it), "{registrant:?}");
        // Where the number is gone, nothing is opened for anybody.
        let command = approve_as(registrant, Availability::Taken);
        let steps = [up_to_review(), vec![(1, agent("sam"), command)]].concat();
        assert_eq!(word(&walk(steps).unwrap().state.stage), "dialogue");
    }
}

#[test]
fn nobody_approves_or_judges_their_own_registration() {
    let own = Registration { registrant: Some("sub_lea".parse().unwrap()), ..begun() };
    for (stage, command) in [
        (Stage::Review(applicant(), signed(), proof()), approve(Availability::Open)),
        (
            Stage::Identity(
                applicant(),
                signed(),
                Proofing::AtNotary {
                    reference: NotaryReference::from_random([1; 7]),
                    since: at(0),
                },
            ),
            judge(),
        ),
    ] {
        let own = Registration { stage, ..own.clone() };
        assert_eq!(decide(own, command, &lead("lea"), at(1)), Err(Refusal::OwnRegistration));
    }
    // They did not sign in to begin, and the address is theirs all the same.
    let theirs = approve_as(known(AccountStatus::Active), Availability::Open);
    let found = walk([up_to_review(), vec![(1, lead("ana"), theirs)]].concat());
    assert_eq!(found, Err(Refusal::OwnRegistration));
}

#[test]
fn link_and_code_together_lead_back_until_five_wrong_codes() {
    let with =
        |link, code| Presented { link: SecretDigest::of(link), code: Some(SecretDigest::of(code)) };
    let after =
        |times, link, code| (0..times).fold(begun().keys, |keys, _| keys.after(with(link, code)).0);
    for (keys, link, code, expected) in [
        (begun().keys, "link", "code", Tried::Right),
        (begun().keys, "link", "wrong", Tried::Wrong),
        (begun().keys, "wrong", "code", Tried::Wrong),
        (after(TRIES - 1, "link", "wrong"), "link", "code", Tried::Right),
        (after(TRIES, "link", "wrong"), "link", "code", Tried::Wrong),
        // guessing without the link closes nothing
        (after(20, "guess", "wrong"), "link", "code", Tried::Right),
    ] {
        assert_eq!(keys.after(with(link, code)).1, expected, "{link} {code}");
    }
}

#[test]
fn the_first_administrator_takes_the_account_over_with_the_code_of_the_wizard() {
    let first = || FirstAdministrator {
        nomination: "nom_1".parse().unwrap(),
        affiliation: "aff_1".parse().unwrap(),
        subscriber: "sub_new".parse().unwrap(),
        user_id: "ana.rivera".parse().unwrap(),
        link: SecretDigest::of("mailed with the approval"),
    };
    let approved = Registration { stage: Stage::Approved("org_new".parse().unwrap()), ..begun() };
    let nomination = approved.first_nomination(first(), at(9)).unwrap();
    let presented =
        |link| Presented { link: SecretDigest::of(link), code: Some(SecretDigest::of("code")) };
    let right = presented("mailed with the approval");
    assert_eq!(nomination.clone().try_keys(right, at(15)).1, Tried::Right);
    assert_eq!(nomination.clone().try_keys(right, at(16)).1, Tried::Wrong);
    assert_eq!(nomination.try_keys(presented("link"), at(9)).1, Tried::Wrong);
    // nobody is nominated before the approval
    assert_eq!(begun().first_nomination(first(), at(9)), None);
}

fn command() -> impl Strategy<Value = Command> {
    let commands = vec![
        Command::VerifyContact,
        Command::Withdraw,
        Command::Erase,
        Command::NumberKept,
        Command::NumberReserved,
        Command::Reject(Message::read("x").unwrap()),
        answer(Answer::OurOwn),
        answer(Answer::StillThere),
        answer(Answer::WorksForUs),
        approve(Availability::Open),
        approve(Availability::Taken),
        describe(Availability::Open),
        describe(Availability::Taken),
        judge(),
        passed(),
        sign("agr_1"),
        take(TestResult::Failed),
        tell_work(),
        to_notary(),
    ];
    prop::sample::select(commands)
}

proptest! {
    /// R20, R21, R37: whatever is called in whatever order by whomever.
    #[test]
    fn nobody_joins_without_mailbox_signature_proof_and_a_decision(
        steps in prop::collection::vec((0_usize..4, command()), 0..40),
    ) {
        let actors = [Actor::Nobody, agent("sam"), JOB, person("eve")];
        let mut registration = begun();
        let (mut mailbox, mut signature, mut proof) = (false, false, false);
        for (who, command) in steps {
            let Ok(outcome) = decide(registration.clone(), command, &actors[who], at(1)) else {
                continue;
            };
            prop_assert!(!outcome.audit.is_empty());
            let written = serde_json::to_string(&outcome.state).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Registration>(&written).unwrap(), &outcome.state);
            mailbox |= outcome.audit.contains(&Kind::OrgContactVerified);
            signature |= outcome.audit.contains(&Kind::OrgAgreed);
            proof |= outcome.audit.contains(&Kind::OrgProofed);
            registration = outcome.state;
            if matches!(registration.stage, Stage::Approved(_)) {
                prop_assert!(mailbox && signature && proof);
                prop_assert_eq!(&registration.work, &Some(work()), "exactly what was told");
                prop_assert!(who == 1 || who == 2, "decided by {:?}", actors[who]);
            }
        }
    }
}

/// Security 20.7: another number is no way to more contacts, and to no mails without end.
#[test]
fn another_number_sets_no_count_back() {
    let owner = Owner {
        id: "org_b".parse().unwrap(),
        administrators: (0..9).map(|n| format!("sub_{n}").parse().unwrap()).collect(),
        others: 9,
        personal: Personal::No,
    };
    let say = |registration: Registration, answer| {
        let command = Command::Answer { answer, owner: owner.clone(), gate: Gate::Open };
        decide(registration, command, &Actor::Nobody, at(1)).map(|outcome| outcome.state)
    };
    let type_taken = |registration: Registration| {
        decide(registration, describe(Availability::Taken), &Actor::Nobody, at(1))
            .map(|outcome| outcome.state)
    };
    let mut registration = Registration { stage: Stage::ContactVerified, ..begun() };
    for _ in 0..MOST_TAKEN_NUMBERS {
        let asked = type_taken(registration).unwrap();
        let again = say(asked, Answer::Unknown).unwrap();
        registration = say(again, Answer::TypedAnother).unwrap();
        assert_eq!(registration.stage, Stage::ContactVerified);
    }
    assert_eq!(type_taken(registration.clone()), Err(Refusal::TooManyNumbers));
    let free = decide(registration, describe(Availability::Open), &Actor::Nobody, at(1)).unwrap();
    assert_eq!(free.state.stage, Stage::Agreement(applicant()), "a free number goes on");

    let shown = Asked { contacts: MOST_CONTACTS, numbers: 1 };
    let stage = Stage::Dialogue(applicant(), Dialogue::Whose);
    let asked = Registration { stage, asked: shown, ..begun() };
    let refused = say(asked, Answer::OurOwn);
    assert_eq!(refused, Err(Refusal::Dialogue(dialogue::Refusal::TooMany)));
}
