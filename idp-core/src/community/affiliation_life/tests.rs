use proptest::{prelude::*, sample::select};

use super::{Command::*, *};
use crate::community::{
    actor::testing::{JOB, administrator, agent, lead, person},
    affiliation::testing,
    organization::{Organization, OrganizationStatus},
    rights::testing::rights,
    role::Role,
};

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

/// Ana's affiliation with organization `a`.
fn affiliation(status: AffiliationStatus) -> Affiliation {
    Affiliation { status, ..testing::affiliation("a", &[Role::BillingSpecialist]) }
}

fn administrators(who: &[&str]) -> Facts {
    Facts {
        proposed_at: at(0),
        administrators: who.iter().map(|who| format!("sub_{who}").parse().unwrap()).collect(),
        tax_ids: vec![],
        mailbox_proved_at: Some(at(-1)),
        npi: HasNpi::No,
    }
}

fn decided(
    affiliation: Affiliation,
    command: Command,
    facts: &Facts,
    actor: &Actor,
    day: i64,
) -> Result<AffiliationStatus, Refusal> {
    decide(affiliation, command, facts, actor, at(day)).map(|outcome| outcome.state.status)
}

#[test]
fn that_an_administrator_is_gone_the_others_hear() {
    let plain = affiliation(AffiliationStatus::Active);
    let boss = Affiliation { administrator: true, ..plain.clone() };
    let two = administrators(&["ana", "adam"]);
    let demoted = News::AdministratorRemoved { subscriber: plain.subscriber.clone() };
    for (who, expected) in [(boss, true), (plain, false)] {
        let outcome = decide(who, End, &two, &administrator("adam", "a"), at(1)).unwrap();
        assert_eq!(outcome.audit.contains(&Kind::AdminDemoted), expected);
        assert_eq!(outcome.letters.iter().any(|letter| letter.news == demoted), expected);
    }
}

#[test]
fn whoever_acts_for_an_organization_or_is_asked_to_no_longer_does_once_it_is_closed() {
    use AffiliationStatus::*;
    let last = administrators(&["ana"]);
    let with = |status, of| {
        let boss = Affiliation { administrator: status != Proposed, ..affiliation(status) };
        let organization = Organization { status: of, ..boss.organization.clone() };
        Affiliation { organization, ..boss }
    };
    for status in [Proposed, Active, Suspended] {
        for of in [OrganizationStatus::Active, OrganizationStatus::Suspended] {
            let found = decided(with(status, of), Dissolve, &last, &JOB, 1);
            assert_eq!(found, Err(Refusal::OutOfOrder), "{status:?} in one that is {of:?}");
        }
        let closed = with(status, OrganizationStatus::Closed);
        let accepts = decided(closed.clone(), Accept, &last, &person("ana"), 1);
        assert_eq!(accepts, Err(Refusal::OutOfOrder), "whether or not it is written down");
        for actor in [administrator("adam", "a"), lead("lea")] {
            let found = decided(closed.clone(), Dissolve, &last, &actor, 1);
            assert_eq!(found, Err(Refusal::Denied(Denied::Forbidden)), "{actor:?}");
        }
        let done = decide(closed, Dissolve, &last, &JOB, at(1)).unwrap();
        assert_eq!((done.state.status, done.state.administrator), (Ended, false));
        assert!(done.audit.contains(&Kind::AffiliationEnded));
        let person = Recipient::Subscriber(done.state.subscriber.clone());
        assert!(done.letters.iter().any(|letter| letter.to == person));
        let ends = done.effects.iter().any(|effect| matches!(effect, Effect::EndAccess(_)));
        assert_eq!(ends, status != Proposed);
    }
}

#[test]
fn of_somebody_whose_account_ended_nothing_stays_and_the_colleagues_hear_of_it() {
    use AffiliationStatus::*;
    let gone = |affiliation: &Affiliation| News::SubscriberGone {
        subscriber: affiliation.subscriber.clone(),
    };
    for (status, boss, audit) in [
        (Active, true, vec![Kind::AffiliationEnded, Kind::AdminDemoted]),
        (Active, false, vec![Kind::AffiliationEnded]),
        (Suspended, false, vec![Kind::AffiliationEnded]),
        // An offer looks to the organization as if it were not taken.
        (Proposed, false, vec![Kind::AffiliationDeclined]),
    ] {
        let before = Affiliation { administrator: boss, ..affiliation(status) };
        let facts = administrators(&["ana", "adam"]);
        for actor in [administrator("adam", "a"), lead("lea"), person("ana")] {
            let found = decided(before.clone(), Depart, &facts, &actor, 1);
            assert_eq!(found, Err(Refusal::Denied(Denied::Forbidden)), "{actor:?}");
        }
        let done = decide(before.clone(), Depart, &facts, &JOB, at(1)).unwrap();
        assert_eq!((done.state.status, done.state.administrator), (Ended, false));
        assert_eq!(done.audit, audit);
        let [letter] = done.letters.as_slice() else { panic!("{:?}", done.letters) };
        assert_eq!(letter.to, Recipient::AdministratorsOf(before.organization.id.clone()));
        assert_eq!(letter.news == gone(&before), status != Proposed, "{letter:?}");
    }
    let over = decided(affiliation(Ended), Depart, &administrators(&[]), &JOB, 1);
    assert_eq!(over, Err(Refusal::OutOfOrder));
}

#[test]
fn each_step_leads_where_it_should_and_nowhere_else() {
    use AffiliationStatus::*;
    let (adam, ana) = (administrator("adam", "a"), person("ana"));
    let no = Err(Refusal::OutOfOrder);
    for (from, command, actor, day, expected) in [
        (Proposed, Accept, &ana, 29, Ok(Active)),
        (Proposed, Accept, &ana, 30, no),
        (Proposed, Decline, &ana, 1, Ok(Ended)),
        (Proposed, Expire, &JOB, 29, no),
        (Proposed, Expire, &JOB, 30, Ok(Ended)),
        (Proposed, End, &adam, 1, Ok(Ended)),
        (Proposed, Suspend, &adam, 1, no),
        (Proposed, Change(rights(&["office-worker"])), &adam, 1, no),
        (Active, Suspend, &adam, 1, Ok(Suspended)),
        (Active, Resume, &adam, 1, no),
        (Active, End, &adam, 1, Ok(Ended)),
        (Active, End, &lead("lea"), 1, Ok(Ended)),
        (Active, Leave, &ana, 1, Ok(Ended)),
        (Active, Accept, &ana, 1, no),
        (Suspended, Resume, &adam, 1, Ok(Active)),
        (Suspended, End, &adam, 1, Ok(Ended)),
        (Suspended, Leave, &ana, 1, Ok(Ended)),
        (Ended, Resume, &adam, 1, no),
        (Ended, Accept, &ana, 1, no),
        (Ended, End, &adam, 1, no),
        // people
        (Proposed, Accept, &adam, 1, Err(Refusal::Denied(Denied::Forbidden))),
        (Proposed, Accept, &person("eve"), 1, Err(Refusal::Denied(Denied::NotFound))),
        (Active, Suspend, &administrator("eve", "b"), 1, Err(Refusal::Denied(Denied::NotFound))),
        (Active, End, &administrator("ana", "a"), 1, Err(Refusal::Denied(Denied::Forbidden))),
        (
            Active,
            Change(rights(&["office-worker"])),
            &administrator("ana", "a"),
            1,
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        (
            Active,
            Change(rights(&["office-worker"])),
            &agent("sam"),
            1,
            Err(Refusal::Denied(Denied::Forbidden)),
        ),
        (Suspended, Resume, &lead("lea"), 1, Err(Refusal::Denied(Denied::Forbidden))),
        (Active, Resume, &ana, 1, Err(Refusal::Denied(Denied::Forbidden))),
    ] {
        let found =
            decided(affiliation(from), command.clone(), &administrators(&["adam"]), actor, day);
        assert_eq!(found, expected, "{from:?} {command:?} by {actor:?} on day {day}");
    }
}

#[test]
fn who_moves_proves_the_mailbox_of_today_and_brings_the_number_of_the_role() {
    let ana = person("ana");
    let proposed = |roles| Affiliation {
        status: AffiliationStatus::Proposed,
        ..testing::affiliation("a", roles)
    };
    let practitioner = [Role::LicensedPractitioner];
    for (roles, proved_at, npi, expected) in [
        (&[][..], Some(at(-364)), HasNpi::No, Ok(AffiliationStatus::Active)),
        (&[], Some(at(-365)), HasNpi::No, Err(Refusal::MailboxDue)),
        (&[], None, HasNpi::No, Err(Refusal::MailboxDue)),
        (&practitioner, Some(at(-1)), HasNpi::Yes, Ok(AffiliationStatus::Active)),
        (&practitioner, Some(at(-1)), HasNpi::No, Err(Refusal::NpiDue)),
    ] {
        let facts = Facts { mailbox_proved_at: proved_at, npi, ..administrators(&["adam"]) };
        assert_eq!(decided(proposed(roles), Accept, &facts, &ana, 0), expected);
    }
}

#[test]
fn an_active_organization_keeps_its_last_administrator() {
    let ana = || Affiliation { administrator: true, ..affiliation(AffiliationStatus::Active) };
    let stopped = || {
        let mut affiliation = ana();
        affiliation.organization.status = OrganizationStatus::Suspended;
        affiliation
    };
    let (adam, lea) = (administrator("adam", "a"), lead("lea"));
    let last = Err(Refusal::LastAdministrator);
    for (affiliation, who, command, actor, expected) in [
        (ana(), &["ana"][..], Leave, &person("ana"), last),
        (ana(), &["ana"], End, &lea, last),
        (ana(), &["ana"], Demote, &lea, last),
        (ana(), &["ana"], Suspend, &adam, last),
        // nobody counts who may not act: then Ana is the last as well
        (ana(), &[], Leave, &person("ana"), last),
        (ana(), &["adam", "ana"], Leave, &person("ana"), Ok(AffiliationStatus::Ended)),
        (ana(), &["adam", "ana"], Demote, &adam, Ok(AffiliationStatus::Active)),
        // Support stops the organization first
        (stopped(), &["ana"], End, &lea, Ok(AffiliationStatus::Ended)),
        (stopped(), &["ana"], Demote, &lea, Ok(AffiliationStatus::Active)),
    ] {
        let found = decided(affiliation, command.clone(), &administrators(who), actor, 1);
        assert_eq!(found, expected, "{command:?} by {actor:?} of {who:?}");
    }
}

#[test]
fn whatever_takes_something_away_ends_what_sites_were_given_by_it() {
    let adam = administrator("adam", "a");
    let facts = administrators(&["adam", "bea"]);
    let plain = || affiliation(AffiliationStatus::Active);
    let boss = || Affiliation { administrator: true, ..plain() };
    for (affiliation, command, audit, cause) in [
        (plain(), End, vec![Kind::AffiliationEnded], Some(Cause::AffiliationEnded)),
        (plain(), Suspend, vec![Kind::AffiliationSuspended], Some(Cause::AffiliationSuspended)),
        (boss(), Demote, vec![Kind::AdminDemoted], Some(Cause::RightsReduced)),
        (
            plain(),
            Change(rights(&["office-worker"])),
            vec![Kind::RoleGranted, Kind::RoleRemoved],
            Some(Cause::RightsReduced),
        ),
        (
            plain(),
            Change(rights(&["billing-specialist", "medical-director"])),
            vec![Kind::RoleGranted],
            None,
        ),
    ] {
        let outcome = decide(affiliation, command.clone(), &facts, &adam, at(1)).unwrap();
        assert_eq!(outcome.audit, audit, "{command:?}");
        let expected = cause.map(|cause| {
            Effect::EndAccess(Ending { whose: Whose::Affiliation("aff_a".parse().unwrap()), cause })
        });
        assert_eq!(outcome.effects.first(), expected.as_ref(), "{command:?}");
        assert!(
            outcome
                .letters
                .iter()
                .any(|l| l.to == Recipient::Subscriber("sub_ana".parse().unwrap())),
            "the person hears of {command:?}"
        );
    }
    let same = decide(plain(), Change(rights(&["billing-specialist"])), &facts, &adam, at(1));
    assert_eq!(same, Err(Refusal::Unchanged));
}

#[test]
fn a_proposal_carries_no_flag_and_opens_nothing() {
    let offered = Affiliation { administrator: true, ..affiliation(AffiliationStatus::Active) };
    let outcome = propose(offered, &administrator("adam", "a")).unwrap();
    assert!(!outcome.state.is_active() && !outcome.state.administrator);
    assert_eq!(outcome.effects, []);
    let own = affiliation(AffiliationStatus::Active);
    assert_eq!(propose(own, &administrator("ana", "a")), Err(Denied::Forbidden));
}

fn command() -> impl Strategy<Value = Command> {
    select(vec![
        Accept,
        Change(rights(&["office-worker"])),
        Change(rights(&["medical-director", "office-worker"])),
        Decline,
        Demote,
        Dissolve,
        End,
        Expire,
        Leave,
        Resume,
        Suspend,
    ])
}

proptest! {
    /// R4, for two Administrators and whatever is done to them.
    #[test]
    fn an_active_organization_always_has_an_administrator(
        steps in prop::collection::vec((0_usize..2, 0_usize..6, command()), 0..30),
    ) {
        let one = |id: &str| Affiliation {
            subscriber: format!("sub_{id}").parse().unwrap(),
            administrator: true,
            ..affiliation(AffiliationStatus::Active)
        };
        let mut both = [one("ana"), one("ben")];
        for (which, who, command) in steps {
            let actors = [
                administrator("ana", "a"), administrator("ben", "a"), person("ana"), person("ben"),
                agent("sam"), JOB,
            ];
            let active = both.iter().filter(|a| a.administrator && a.is_active());
            let facts = Facts {
                administrators: active.map(|a| a.subscriber.clone()).collect(),
                ..administrators(&[])
            };
            let outcome = decide(both[which].clone(), command, &facts, &actors[who], at(1));
            if let Ok(outcome) = outcome {
                prop_assert!(!outcome.audit.is_empty() && !outcome.letters.is_empty());
                both[which] = outcome.state;
            }
            prop_assert!(both.iter().any(|a| a.administrator && a.is_active()));
        }
    }

    #[test]
    fn what_has_ended_never_comes_back(command in command(), who in 0_usize..4) {
        let actors = [administrator("adam", "a"), person("ana"), lead("lea"), JOB];
        let ended = affiliation(AffiliationStatus::Ended);
        let found = decide(ended, command, &administrators(&["adam"]), &actors[who], at(1));
        prop_assert!(found.is_err());
    }
}
