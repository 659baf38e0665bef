//! What holds for every request and every person.

use proptest::prelude::*;

use super::*;

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
        let person = Person { session: session(&proofs), agreement_due, ..person(affiliations) };
        let person = holding(person, &factors, may_enrol.then_some(Assurance::PhishingResistant));
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
