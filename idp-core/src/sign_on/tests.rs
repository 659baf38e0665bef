use proptest::prelude::*;

use super::*;
use crate::{
    authentication::{assurance::Proof, session::SessionRules},
    community::{
        affiliation::{AffiliationStatus, testing::affiliation},
        organization::OrganizationStatus,
        role::Role,
        site::{AffiliationMode, OrgEnablement},
    },
};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::seconds(second)
}

/// The request that asks for nothing special, made one minute after the sign-in.
fn request() -> SignOnRequest {
    SignOnRequest {
        asked_at: at(60),
        passive: false,
        force: false,
        max_age_seconds: None,
        assurance: AssuranceDemand::default(),
        affiliation: AffiliationDemand::default(),
        subject: None,
        show_notice: false,
    }
}

fn session(proofs: &[(Method, i64)]) -> Session {
    let mut session = Session::begin(
        "ses_a".parse().unwrap(),
        "sub_ana".parse().unwrap(),
        Proof { method: Method::Password, at: at(0) },
        &SessionRules::default(),
    );
    for (method, second) in proofs {
        session.add_proof(Proof { method: *method, at: at(*second) });
    }
    session
}

fn person(affiliations: Vec<Affiliation>) -> Person {
    Person {
        session: session(&[]),
        standing: Standing::Active,
        affiliations,
        enabled_at: vec![],
        factors: vec![],
        may_enrol: false,
        agreement_due: None,
    }
}

fn known(person: Person) -> Progress {
    Progress { person: Some(person), notice_seen: true, ..Progress::default() }
}

fn mode(affiliation_mode: AffiliationMode) -> ReleasePolicy {
    ReleasePolicy { affiliation_mode, ..ReleasePolicy::default() }
}

fn step(request: &SignOnRequest, progress: &Progress, release: &ReleasePolicy) -> Step {
    next_step(
        request,
        progress,
        Policy { release: Some(release), naming: &Naming::Public, level: Level::SignedIn },
        at(60),
    )
}

/// A step in one word, so that a table reads as a table.
fn word(step: &Step) -> &'static str {
    match step {
        Step::AcceptAgreement(_) => "agreement",
        Step::AskPassword(SignInReason::NotSignedIn) => "password",
        Step::AskPassword(SignInReason::OtherPerson) => "password-other",
        Step::AskPassword(SignInReason::TooOld) => "password-again",
        Step::AskSecondFactor { .. } => "factor",
        Step::ChooseAffiliation { .. } => "choose",
        Step::Complete(_) => "complete",
        Step::EnrollSecondFactor(_) => "enrol",
        Step::Refuse(Refusal::AffiliationRequired) => "no-affiliation",
        Step::Refuse(Refusal::AgreementRequired) => "no-agreement",
        Step::Refuse(Refusal::AssuranceUnmet) => "unmet",
        Step::Refuse(Refusal::ChoiceDue) => "choice-due",
        Step::Refuse(Refusal::InteractionDue) => "interaction-due",
        Step::Refuse(Refusal::RoleRequired) => "no-role",
        Step::Refuse(Refusal::SignInDue) => "sign-in-due",
        Step::Refuse(Refusal::SiteNotEnabled) => "not-enabled",
        Step::ShowNotice(_) => "notice",
    }
}

/// Asserts the step of an interactive and of a passive request.
fn assert_steps(
    name: &str,
    request: &SignOnRequest,
    progress: &Progress,
    release: &ReleasePolicy,
    expected: (&str, &str),
) {
    let passive = SignOnRequest { passive: true, ..request.clone() };
    let found = (word(&step(request, progress, release)), word(&step(&passive, progress, release)));
    assert_eq!(found, expected, "{name}");
}

#[test]
fn freshness_is_judged_before_the_shortcut_is_taken() {
    let release = mode(AffiliationMode::None);
    let again = |sign_in: i64| {
        let mut person = person(vec![]);
        person.session = session(&[(Method::Password, sign_in)]);
        known(person)
    };
    let force = SignOnRequest { force: true, ..request() };
    let max_age = |seconds| SignOnRequest { max_age_seconds: Some(seconds), ..request() };
    let other = SignOnRequest { subject: Some("sub_bo".into()), ..request() };
    for (name, request, progress, expected) in [
        ("nobody", request(), Progress::default(), ("password", "sign-in-due")),
        ("a session", request(), again(0), ("complete", "complete")),
        (
            "prompt=login, signed in before",
            force.clone(),
            again(59),
            ("password-again", "sign-in-due"),
        ),
        ("prompt=login, signed in for it", force, again(60), ("complete", "complete")),
        ("max_age just kept", max_age(60), again(0), ("complete", "complete")),
        ("max_age exceeded", max_age(59), again(0), ("password-again", "sign-in-due")),
        ("max_age=0, signed in for it", max_age(0), again(60), ("complete", "complete")),
        ("another person wanted", other, again(0), ("password-other", "sign-in-due")),
    ] {
        assert_steps(name, &request, &progress, &release, expected);
    }
}

#[test]
fn a_session_past_its_end_or_an_account_out_of_use_counts_as_nobody() {
    for standing in [Standing::Closed, Standing::Dormant, Standing::Suspended, Standing::Terminated]
    {
        let progress = known(Person { standing, ..person(vec![]) });
        assert_eq!(
            word(&step(&request(), &progress, &mode(AffiliationMode::None))),
            "password",
            "{standing:?}"
        );
    }
    let policy = mode(AffiliationMode::None);
    let late = next_step(
        &request(),
        &known(person(vec![])),
        Policy { release: Some(&policy), naming: &Naming::Public, level: Level::SignedIn },
        at(4 * 3600),
    );
    assert_eq!(word(&late), "password");
}

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
        known(Person { factors: factors.to_vec(), may_enrol, ..person })
    };
    let none = mode(AffiliationMode::None);
    let strict = ReleasePolicy { min_acr: two, ..none.clone() };
    let lenient = ReleasePolicy { accept_remembered_browser: true, ..strict.clone() };
    let strongest = Assurance::PhishingResistant;
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
            with(&[], &[Method::Totp], false),
            &none,
            ("factor", "complete"),
        ),
        (
            "essential, has a factor",
            ask(true),
            with(&[], &[Method::Totp], false),
            &none,
            ("factor", "interaction-due"),
        ),
        ("asked, has none", ask(false), with(&[], &[], false), &none, ("complete", "complete")),
        ("essential, has none", ask(true), with(&[], &[], false), &none, ("unmet", "unmet")),
        (
            "essential, none that we know",
            unknown,
            with(&totp, &[], true),
            &none,
            ("unmet", "unmet"),
        ),
        (
            "essential, may enrol, after a look into the mailbox",
            ask(true),
            with(&[], &[Method::EmailCode], true),
            &none,
            ("factor", "interaction-due"),
        ),
        (
            "essential, may enrol, has looked into the mailbox",
            ask(true),
            with(&[(Method::EmailCode, 1)], &[Method::EmailCode], true),
            &none,
            ("enrol", "interaction-due"),
        ),
        (
            "a recovery code leads to a new factor",
            ask(true),
            with(&[(Method::RecoveryCode, 1)], &[Method::Totp, Method::RecoveryCode], true),
            &none,
            ("enrol", "interaction-due"),
        ),
        (
            "a stronger factor than the own ones, which come first",
            phishing_resistant.clone(),
            with(&[], &[Method::Totp], true),
            &none,
            ("factor", "interaction-due"),
        ),
        (
            "a stronger factor than the own one, which was proved",
            phishing_resistant,
            with(&totp, &[Method::Totp], true),
            &none,
            ("enrol", "interaction-due"),
        ),
        (
            "essential, a weaker factor only",
            ask(true),
            with(&[], &[Method::EmailCode], false),
            &none,
            ("unmet", "unmet"),
        ),
        (
            "proved already",
            ask(true),
            with(&totp, &[Method::Totp], false),
            &none,
            ("complete", "complete"),
        ),
        ("the site demands it", request(), with(&[], &[], false), &strict, ("unmet", "unmet")),
        (
            "remembered, not accepted",
            request(),
            with(&remembered, &[], false),
            &strict,
            ("unmet", "unmet"),
        ),
        (
            "remembered, accepted",
            request(),
            with(&remembered, &[], false),
            &lenient,
            ("complete", "complete"),
        ),
        (
            "remembered, accepted, but asked for by name",
            ask(true),
            with(&remembered, &[Method::Totp], false),
            &lenient,
            ("factor", "interaction-due"),
        ),
        (
            "remembered, accepted, but a fresh sign-in is wanted",
            SignOnRequest { max_age_seconds: Some(300), ..request() },
            with(&remembered, &[Method::Totp], false),
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
fn the_chooser_opens_only_where_a_choice_is_due() {
    let a = || affiliation("a", &[Role::BillingSpecialist]);
    let b = || affiliation("b", &[Role::LicensedPractitioner]);
    let ended = Affiliation { status: AffiliationStatus::Ended, ..a() };
    let mut closed = a();
    closed.organization.status = OrganizationStatus::Suspended;
    let one = mode(AffiliationMode::One);
    let practitioners =
        ReleasePolicy { required_roles: [Role::LicensedPractitioner].into(), ..one.clone() };
    let managers = ReleasePolicy { required_administrator: true, ..one.clone() };
    let switched = ReleasePolicy { org_enablement: OrgEnablement::ByAdministrator, ..one.clone() };
    let wants = |organization: &str| SignOnRequest {
        affiliation: AffiliationDemand {
            organization: organization.parse().ok(),
            ..AffiliationDemand::default()
        },
        ..request()
    };
    let reopen = SignOnRequest {
        affiliation: AffiliationDemand { reopen: true, ..AffiliationDemand::default() },
        ..request()
    };
    let remembered =
        Progress { remembered_choice: "aff_a".parse().ok(), ..known(person(vec![a(), b()])) };
    let chosen = Progress { chosen: "aff_b".parse().ok(), ..known(person(vec![a(), b()])) };
    let foreign = Progress { chosen: "aff_x".parse().ok(), ..known(person(vec![a(), b()])) };
    for (name, request, progress, release, expected) in [
        ("none", request(), known(person(vec![])), &one, ("no-affiliation", "no-affiliation")),
        (
            "ended",
            request(),
            known(person(vec![ended])),
            &one,
            ("no-affiliation", "no-affiliation"),
        ),
        (
            "organization suspended",
            request(),
            known(person(vec![closed])),
            &one,
            ("no-affiliation", "no-affiliation"),
        ),
        ("one", request(), known(person(vec![a()])), &one, ("complete", "complete")),
        ("two", request(), known(person(vec![a(), b()])), &one, ("choose", "choice-due")),
        (
            "two, one fits",
            request(),
            known(person(vec![a(), b()])),
            &practitioners,
            ("complete", "complete"),
        ),
        ("none fits", request(), known(person(vec![a()])), &practitioners, ("no-role", "no-role")),
        (
            "no Administrator",
            request(),
            known(person(vec![a(), b()])),
            &managers,
            ("no-role", "no-role"),
        ),
        (
            "not switched on",
            request(),
            known(person(vec![a()])),
            &switched,
            ("not-enabled", "not-enabled"),
        ),
        (
            "pre-selected",
            wants("org_b"),
            known(person(vec![a(), b()])),
            &one,
            ("complete", "complete"),
        ),
        (
            "pre-selected, not theirs",
            wants("org_x"),
            known(person(vec![a()])),
            &one,
            ("choose", "choice-due"),
        ),
        ("chosen before", request(), remembered.clone(), &one, ("complete", "complete")),
        ("chosen before, asked again", reopen.clone(), remembered, &one, ("choose", "choice-due")),
        ("chosen now", reopen, chosen, &one, ("complete", "complete")),
        ("chosen what is not theirs", request(), foreign, &one, ("choose", "choice-due")),
        (
            "all",
            request(),
            known(person(vec![a(), b()])),
            &mode(AffiliationMode::All),
            ("complete", "complete"),
        ),
        (
            "all of none",
            request(),
            known(person(vec![])),
            &mode(AffiliationMode::All),
            ("no-affiliation", "no-affiliation"),
        ),
    ] {
        assert_steps(name, &request, &progress, release, expected);
    }
}

#[test]
fn a_person_learns_what_a_site_receives_before_it_receives_it() {
    let none = mode(AffiliationMode::None);
    let first = Progress { notice_seen: false, ..known(person(vec![])) };
    let confirmed = Progress { notice_confirmed: true, ..first.clone() };
    let consent = SignOnRequest { show_notice: true, ..request() };
    assert_steps("first visit", &request(), &first, &none, ("notice", "interaction-due"));
    assert_steps("confirmed", &request(), &confirmed, &none, ("complete", "complete"));
    assert_steps(
        "prompt=consent",
        &consent,
        &known(person(vec![])),
        &none,
        ("notice", "interaction-due"),
    );
    let own_page = next_step(
        &request(),
        &first,
        Policy { release: None, naming: &Naming::Public, level: Level::SignedIn },
        at(60),
    );
    assert_eq!(word(&own_page), "complete");
}

#[test]
fn an_agreement_stands_before_any_site_and_not_before_ones_own_pages() {
    let due = known(Person { agreement_due: Some("agr_1".parse().unwrap()), ..person(vec![]) });
    assert_steps(
        "due",
        &request(),
        &due,
        &mode(AffiliationMode::None),
        ("agreement", "no-agreement"),
    );
    let own_page = next_step(
        &request(),
        &due,
        Policy { release: None, naming: &Naming::Public, level: Level::SignedIn },
        at(60),
    );
    assert_eq!(word(&own_page), "complete");
}

#[test]
fn whoever_sets_up_a_factor_signed_in_lately() {
    let two = Assurance::BrowserSecondFactor;
    let strict = ReleasePolicy { min_acr: two, ..mode(AffiliationMode::None) };
    for (seconds, expected) in [(900, "enrol"), (901, "password-again")] {
        let mut person = person(vec![]);
        person.session = session(&[(Method::EmailCode, 1)]);
        person.may_enrol = true;
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
        let may_enrol = !factors.is_empty();
        let person = Person {
            session: session(&proofs),
            factors: factors.to_vec(),
            may_enrol,
            ..person(vec![])
        };
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

fn methods() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![
        Method::EmailCode,
        Method::Passkey,
        Method::PasskeyWithUserVerification,
        Method::Password,
        Method::RecoveryCode,
        Method::RememberedBrowser,
        Method::Totp,
    ])
}

prop_compose! {
    fn anything()(
        flags: [bool; 10],
        max_age in prop::option::of(0_u32..20_000),
        wanted in prop::option::of(0_usize..4),
        minimum in 0_usize..4,
        proofs in prop::collection::vec((methods(), 0_i64..20_000), 0..5),
        factors in prop::collection::vec(methods(), 0..3),
        count in 0_usize..3,
        now in 0_i64..20_000,
    ) -> (SignOnRequest, Progress, ReleasePolicy, DateTime<Utc>) {
        let [passive, force, essential, reopen, show_notice, notice_seen, notice_confirmed, may_enrol, agreement_due, signed_in] = flags;
        let values = wanted.map(|i| Assurance::ALL[i]).map(|rung| AcrValue { rung, spelling: rung.acr().into() });
        let request = SignOnRequest {
            passive, force, max_age_seconds: max_age, show_notice,
            assurance: AssuranceDemand { values: values.into_iter().collect(), essential },
            affiliation: AffiliationDemand { reopen, ..AffiliationDemand::default() },
            ..request()
        };
        let affiliations = (0..count).map(|i| affiliation(&i.to_string(), &[])).collect();
        let agreement_due = agreement_due.then(|| "agr_1".parse().unwrap());
        let person = Person { session: session(&proofs), factors, may_enrol, agreement_due, ..person(affiliations) };
        let progress = Progress { person: signed_in.then_some(person), notice_seen, notice_confirmed, ..Progress::default() };
        let release = ReleasePolicy { min_acr: Assurance::ALL[minimum], ..mode(AffiliationMode::One) };
        (request, progress, release, at(now))
    }
}

proptest! {
    #[test]
    fn nothing_completes_below_the_demanded_assurance((request, progress, release, now) in anything()) {
        if let Step::Complete(sign_on) = next_step(&request, &progress, Policy { release: Some(&release), naming: &Naming::Public, level: Level::SignedIn }, now) {
            let reached = sign_on.session.assurance(release.accept_remembered_browser);
            prop_assert!(reached >= release.min_acr);
            if request.assurance.essential {
                prop_assert!(!request.assurance.values.is_empty());
                prop_assert!(request.assurance.values.iter().all(|value| value.rung <= reached));
            }
        }
    }

    #[test]
    fn no_site_is_reached_past_an_agreement((request, progress, release, now) in anything()) {
        let due = progress.person.as_ref().is_some_and(|person| person.agreement_due.is_some());
        let step = next_step(&request, &progress, Policy { release: Some(&release), naming: &Naming::Public, level: Level::SignedIn }, now);
        let beyond = matches!(step, Step::ChooseAffiliation { .. } | Step::Complete(_) | Step::ShowNotice(_));
        prop_assert!(!(due && beyond), "{step:?}");
    }

    #[test]
    fn a_passive_request_never_yields_a_page((request, progress, release, now) in anything()) {
        let request = SignOnRequest { passive: true, ..request };
        let step = next_step(&request, &progress, Policy { release: Some(&release), naming: &Naming::Public, level: Level::SignedIn }, now);
        prop_assert!(matches!(step, Step::Complete(_) | Step::Refuse(_)), "{step:?}");
    }

    #[test]
    fn a_session_past_its_absolute_end_never_counts((request, progress, release, _) in anything(), late in 14_400_i64..100_000) {
        let step = next_step(&request, &progress, Policy { release: Some(&release), naming: &Naming::Public, level: Level::SignedIn }, at(late));
        prop_assert!(matches!(step, Step::AskPassword(_) | Step::Refuse(Refusal::SignInDue)), "{step:?}");
    }

    #[test]
    fn a_forced_sign_in_is_younger_than_the_request((request, progress, release, now) in anything()) {
        let request = SignOnRequest { force: true, ..request };
        if let Step::Complete(sign_on) = next_step(&request, &progress, Policy { release: Some(&release), naming: &Naming::Public, level: Level::SignedIn }, now) {
            prop_assert!(sign_on.session.auth_time() >= request.asked_at);
        }
    }
}

#[test]
fn whoever_could_open_a_site_if_they_did_what_its_pages_ask_may_open_it() {
    let none = mode(AffiliationMode::None);
    let strict = ReleasePolicy { min_acr: Assurance::PhishingResistant, ..none.clone() };
    let one = mode(AffiliationMode::One);
    let due = Person { agreement_due: Some("agr_1".parse().unwrap()), ..person(vec![]) };
    let able =
        Person { may_enrol: true, factors: vec![Method::EmailCode], ..person(vec![]) };
    for (name, person, release, expected) in [
        ("open to all", person(vec![]), &none, Ok(())),
        ("an agreement comes first", due, &none, Ok(())),
        ("a factor comes first", able, &strict, Ok(())),
        ("no factor can", person(vec![]), &strict, Err(Refusal::AssuranceUnmet)),
        ("nobody to act for", person(vec![]), &one, Err(Refusal::AffiliationRequired)),
    ] {
        let policy =
            Policy { release: Some(release), naming: &Naming::Public, level: Level::SignedIn };
        assert_eq!(may_open(&person, policy, at(1)), expected, "{name}");
    }
}
