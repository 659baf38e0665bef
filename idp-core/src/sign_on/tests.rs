mod needs;
mod properties;
mod strength;

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
        has_own_factor: false,
        may_enrol: None,
        agreement_due: None,
    }
}

/// The same with what they could prove, and the rung that they could set a factor up for.
fn holding(person: Person, factors: &[Method], may_enrol: Option<Assurance>) -> Person {
    let has_own_factor = factors.iter().any(|method| method.is_own_factor());
    Person { factors: factors.to_vec(), has_own_factor, may_enrol, ..person }
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
fn whoever_could_open_a_site_if_they_did_what_its_pages_ask_may_open_it() {
    let none = mode(AffiliationMode::None);
    let strict = ReleasePolicy { min_acr: Assurance::PhishingResistant, ..none.clone() };
    let one = mode(AffiliationMode::One);
    let due = Person { agreement_due: Some("agr_1".parse().unwrap()), ..person(vec![]) };
    let able = holding(person(vec![]), &[Method::EmailCode], Some(Assurance::PhishingResistant));
    for (name, person, release, expected) in [
        ("open to all", person(vec![]), &none, Ok(())),
        ("an agreement comes first", due.clone(), &none, Ok(())),
        ("and then nobody to act for", due, &one, Err(Refusal::AffiliationRequired)),
        ("a factor comes first", able, &strict, Ok(())),
        ("no factor can", person(vec![]), &strict, Err(Refusal::AssuranceUnmet)),
        ("nobody to act for", person(vec![]), &one, Err(Refusal::AffiliationRequired)),
    ] {
        let policy =
            Policy { release: Some(release), naming: &Naming::Public, level: Level::SignedIn };
        assert_eq!(may_open(&person, policy, at(1)), expected, "{name}");
    }
}

#[test]
fn a_rehearsal_answers_each_page_and_ends_as_the_sign_on_would() {
    use rehearsal::{End, Page, rehearse};

    let one = mode(AffiliationMode::One);
    let strict =
        ReleasePolicy { min_acr: Assurance::BrowserSecondFactor, ..mode(AffiliationMode::None) };
    let run = |person: Person, release: &ReleasePolicy, chosen: Option<&AffiliationId>| {
        let policy =
            Policy { release: Some(release), naming: &Naming::Public, level: Level::SignedIn };
        rehearse(person, chosen, policy, at(1))
    };
    let due = Person { agreement_due: Some("agr_1".parse().unwrap()), ..person(vec![]) };
    let due = holding(due, &[Method::Totp], None);
    let found = run(due, &strict, None);
    let pages = [Page::Factor(Method::Totp), Page::Agreement("agr_1".parse().unwrap())];
    assert_eq!(found.pages, pages);
    assert!(matches!(found.end, End::Complete(_)), "{found:?}");
    let able = holding(person(vec![]), &[Method::EmailCode], Some(Assurance::PhishingResistant));
    let found = run(able, &strict, None);
    let enrolment = Page::Enrolment(Assurance::BrowserSecondFactor);
    assert_eq!(found.pages, [Page::Factor(Method::EmailCode), enrolment]);
    assert!(matches!(found.end, End::Complete(_)), "{found:?}");
    let found = run(person(vec![]), &one, None);
    assert_eq!(found.end, End::Refused(Refusal::AffiliationRequired));
    let stopped = Person { standing: Standing::Suspended, ..person(vec![]) };
    assert_eq!(run(stopped, &one, None).end, End::NoSignIn);
}
