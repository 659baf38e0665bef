//! How strong a sign-in must be, and what is asked of whoever has not proved enough.

use super::*;

#[test]
fn only_the_missing_step_is_asked() {
    let two = Assurance::BrowserSecondFactor;
    let ask = |essential| SignOnRequest {
        assurance: AssuranceDemand {
            values: vec![AcrValue { rung: two, spelling: two.acr().into() }],
            essential,
        },
        ..request()
    };
    let with = |proofs: &[(Method, i64)], factors: &[Method], may_enrol| {
        let mut person = person(vec![]);
        person.session = session(proofs);
        known(holding(person, factors, may_enrol))
    };
    let none = mode(AffiliationMode::None);
    let strict = ReleasePolicy { min_acr: two, ..none.clone() };
    let lenient = ReleasePolicy { accept_remembered_browser: true, ..strict.clone() };
    let strongest = Assurance::PhishingResistant;
    let all = Some(strongest);
    let phishing_resistant = SignOnRequest {
        assurance: AssuranceDemand {
            values: vec![AcrValue { rung: strongest, spelling: strongest.acr().into() }],
            essential: true,
        },
        ..request()
    };
    let totp = [(Method::Totp, 1)];
    let remembered = [(Method::RememberedBrowser, 0)];
    let unknown = SignOnRequest {
        assurance: AssuranceDemand { values: vec![], essential: true },
        ..request()
    };
    for (name, request, progress, release, expected) in [
        (
            "asked, has a factor",
            ask(false),
            with(&[], &[Method::Totp], None),
            &none,
            ("factor", "complete"),
        ),
        (
            "essential, has a factor",
            ask(true),
            with(&[], &[Method::Totp], None),
            &none,
            ("factor", "interaction-due"),
        ),
        ("asked, has none", ask(false), with(&[], &[], None), &none, ("complete", "complete")),
        ("essential, has none", ask(true), with(&[], &[], None), &none, ("unmet", "unmet")),
        ("essential, none that we know", unknown, with(&totp, &[], all), &none, ("unmet", "unmet")),
        (
            "essential, may enrol, after a look into the mailbox",
            ask(true),
            with(&[], &[Method::EmailCode], all),
            &none,
            ("factor", "interaction-due"),
        ),
        (
            "essential, may enrol, has looked into the mailbox",
            ask(true),
            with(&[(Method::EmailCode, 1)], &[Method::EmailCode], all),
            &none,
            ("enrol", "interaction-due"),
        ),
        (
            "a recovery code leads to a new factor",
            ask(true),
            with(&[(Method::RecoveryCode, 1)], &[Method::Totp, Method::RecoveryCode], all),
            &none,
            ("enrol", "interaction-due"),
        ),
        (
            "a stronger factor than the own ones, which come first",
            phishing_resistant.clone(),
            with(&[], &[Method::Totp], all),
            &none,
            ("factor", "interaction-due"),
        ),
        (
            "a stronger factor than can be set up here",
            phishing_resistant.clone(),
            with(&totp, &[Method::Totp], Some(two)),
            &none,
            ("unmet", "unmet"),
        ),
        (
            "a stronger factor than the own one, which was proved",
            phishing_resistant,
            with(&totp, &[Method::Totp], all),
            &none,
            ("enrol", "interaction-due"),
        ),
        (
            "essential, a weaker factor only",
            ask(true),
            with(&[], &[Method::EmailCode], None),
            &none,
            ("unmet", "unmet"),
        ),
        (
            "proved already",
            ask(true),
            with(&totp, &[Method::Totp], None),
            &none,
            ("complete", "complete"),
        ),
        ("the site demands it", request(), with(&[], &[], None), &strict, ("unmet", "unmet")),
        (
            "remembered, not accepted",
            request(),
            with(&remembered, &[], None),
            &strict,
            ("unmet", "unmet"),
        ),
        (
            "remembered, accepted",
            request(),
            with(&remembered, &[], None),
            &lenient,
            ("complete", "complete"),
        ),
        (
            "remembered, accepted, but asked for by name",
            ask(true),
            with(&remembered, &[Method::Totp], None),
            &lenient,
            ("factor", "interaction-due"),
        ),
        (
            "remembered, accepted, but a fresh sign-in is wanted",
            SignOnRequest { max_age_seconds: Some(300), ..request() },
            with(&remembered, &[Method::Totp], None),
            &lenient,
            ("factor", "interaction-due"),
        ),
    ] {
        assert_steps(name, &request, &progress, release, expected);
    }
}

#[test]
fn the_acr_goes_back_in_the_spelling_in_which_it_was_asked() {
    let value = |rung: Assurance, spelling: &str| AcrValue { rung, spelling: spelling.into() };
    let alias = crate::authentication::assurance::REFEDS_MFA;
    let mut strong = person(vec![]);
    strong.session = session(&[(Method::Totp, 1)]);
    for (values, expected) in [
        (vec![], Assurance::BrowserSecondFactor.acr()),
        (vec![value(Assurance::Password, Assurance::Password.acr())], Assurance::Password.acr()),
        (vec![value(Assurance::BrowserSecondFactor, alias)], alias),
        (
            vec![
                value(Assurance::PhishingResistant, "x"),
                value(Assurance::BrowserSecondFactor, alias),
            ],
            alias,
        ),
        (vec![value(Assurance::PhishingResistant, "x")], Assurance::BrowserSecondFactor.acr()),
    ] {
        let request =
            SignOnRequest { assurance: AssuranceDemand { values, essential: false }, ..request() };
        let Step::Complete(sign_on) =
            step(&request, &known(strong.clone()), &mode(AffiliationMode::None))
        else {
            panic!("not complete")
        };
        assert_eq!(sign_on.acr, expected);
    }
}

#[test]
fn whoever_sets_up_a_factor_signed_in_lately() {
    let two = Assurance::BrowserSecondFactor;
    let strict = ReleasePolicy { min_acr: two, ..mode(AffiliationMode::None) };
    for (seconds, expected) in [(900, "enrol"), (901, "password-again")] {
        let mut person = person(vec![]);
        person.session = session(&[(Method::EmailCode, 1)]);
        person.may_enrol = Some(two);
        let step = next_step(
            &SignOnRequest { asked_at: at(seconds), ..request() },
            &known(person),
            Policy { release: Some(&strict), naming: &Naming::Public, level: Level::SignedIn },
            at(seconds),
        );
        assert_eq!(word(&step), expected, "after {seconds} seconds");
    }
}

#[test]
fn a_page_of_our_own_opens_at_its_level_and_no_lower() {
    use Method as M;
    let own = [M::Totp, M::EmailCode, M::RecoveryCode];
    let mailbox = [M::EmailCode];
    let rung = Level::Rung(Assurance::BrowserSecondFactor);
    for (level, factors, proofs, expected) in [
        (Level::SignedIn, &own[..], vec![], "complete"),
        (Level::OwnFactor, &[], vec![], "complete"),
        (Level::OwnFactor, &mailbox, vec![], "complete"),
        (Level::OwnFactor, &own, vec![], "factor"),
        (Level::OwnFactor, &own, vec![M::EmailCode], "factor"),
        (Level::OwnFactor, &own, vec![M::RememberedBrowser], "factor"),
        (Level::OwnFactor, &own, vec![M::RecoveryCode], "complete"),
        (Level::OwnFactor, &own, vec![M::Totp], "complete"),
        (Level::OwnFactor, &own, vec![M::PasskeyWithUserVerification], "complete"),
        (Level::Enrolment, &[], vec![], "unmet"),
        (Level::Enrolment, &mailbox, vec![], "factor"),
        (Level::Enrolment, &mailbox, vec![M::EmailCode], "complete"),
        (Level::Enrolment, &own, vec![M::EmailCode], "factor"),
        (Level::Enrolment, &own, vec![M::Totp], "complete"),
        (rung, &own, vec![], "factor"),
        (rung, &own, vec![M::RememberedBrowser], "factor"),
        (rung, &own, vec![M::RecoveryCode], "enrol"),
        (rung, &own, vec![M::Totp], "complete"),
        (rung, &mailbox, vec![M::EmailCode], "enrol"),
    ] {
        let proofs: Vec<(Method, i64)> = proofs.into_iter().map(|method| (method, 1)).collect();
        let may_enrol = (!factors.is_empty()).then_some(Assurance::PhishingResistant);
        let person = Person { session: session(&proofs), ..person(vec![]) };
        let person = holding(person, factors, may_enrol);
        let demand = Demand::lately(level);
        let step = |now| {
            let request = SignOnRequest::own_page(demand, at(now));
            let policy = Policy { release: None, naming: &Naming::Public, level };
            word(&next_step(&request, &known(person.clone()), policy, at(now)))
        };
        assert_eq!(step(60), expected, "{level:?} {factors:?} {proofs:?}");
        assert_eq!(step(902), "password-again", "{level:?} {factors:?} {proofs:?}");
    }
}

/// A page may ask for a factor only where there is a way to take the step.
#[test]
fn who_cannot_use_their_factor_here_is_refused_and_not_led_round_it() {
    use Method as M;
    // what can be used, and where a page that wants the own factor leads
    for (factors, expected) in [
        (&[M::EmailCode][..], "unmet"),
        (&[M::EmailCode, M::RecoveryCode], "factor"),
        (&[M::Totp], "factor"),
    ] {
        let person = holding(person(vec![]), factors, None);
        let person = Person { has_own_factor: true, ..person };
        for level in [Level::OwnFactor, Level::Enrolment] {
            let request = SignOnRequest::own_page(Demand::lately(level), at(60));
            let policy = Policy { release: None, naming: &Naming::Public, level };
            let step = next_step(&request, &known(person.clone()), policy, at(60));
            assert_eq!(word(&step), expected, "{level:?} {factors:?}");
        }
    }
}

#[test]
fn a_code_by_mail_is_for_what_is_going_on() {
    let mailbox = |demand: Level, rung: Option<Assurance>| {
        let values = rung.map(|rung| AcrValue { rung, spelling: rung.acr().into() });
        let assurance = AssuranceDemand { values: values.into_iter().collect(), essential: true };
        let request = SignOnRequest {
            assurance: if rung.is_some() { assurance } else { AssuranceDemand::default() },
            ..request()
        };
        let person =
            holding(person(vec![]), &[Method::EmailCode], Some(Assurance::PhishingResistant));
        let policy = Policy { release: None, naming: &Naming::Public, level: demand };
        let step = next_step(&request, &known(person), policy, at(60));
        let Step::AskSecondFactor { mailed, .. } = step else { panic!("{step:?}") };
        mailed
    };
    for (level, rung, purpose) in [
        (Level::SignedIn, Some(Assurance::EmailCode), CodePurpose::SignIn),
        (Level::SignedIn, Some(Assurance::BrowserSecondFactor), CodePurpose::ConfirmMailbox),
        (Level::Enrolment, None, CodePurpose::ConfirmMailbox),
    ] {
        assert_eq!(mailbox(level, rung), purpose, "{level:?} {rung:?}");
    }
}

#[test]
fn a_recovery_code_stands_in_where_a_factor_is_asked_for() {
    use crate::{
        authentication::factor::{Factor, FactorKind, FactorName, Holdings},
        ids::FactorId,
    };
    use Method as M;
    let holdings = |codes| Holdings {
        factors: vec![Factor {
            id: FactorId::from_random([1; 16]),
            kind: FactorKind::Totp,
            name: FactorName::try_from("Phone".to_owned()).unwrap(),
            added_at: at(0),
            last_used_at: None,
        }],
        recovery_codes: codes,
        mailbox: true,
        ..Holdings::default()
    };
    let ask = |methods: &[M]| Step::AskSecondFactor {
        methods: methods.to_vec(),
        mailed: CodePurpose::SignIn,
    };
    let enrol = Step::EnrollSecondFactor(Assurance::BrowserSecondFactor);
    for (step, codes, expected) in [
        (ask(&[M::Totp]), 1, vec![M::Totp, M::RecoveryCode]),
        (ask(&[M::Totp]), 0, vec![M::Totp]),
        (ask(&[M::Totp, M::RecoveryCode]), 1, vec![M::Totp, M::RecoveryCode]),
        (ask(&[M::EmailCode]), 1, vec![M::EmailCode]),
        (enrol.clone(), 1, vec![M::Totp, M::RecoveryCode]),
        (enrol, 0, vec![M::Totp]),
        (Step::AskPassword(SignInReason::TooOld), 1, vec![]),
    ] {
        assert_eq!(ways(&step, &holdings(codes)), expected, "{step:?} {codes}");
    }
}
