//! The day's work: done once, by one node, and made up for when it was cut short.

use std::{collections::BTreeSet, future::pending, sync::mpsc::channel, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use idp_core::{
    audit::Kind,
    community::{
        account_life::{State, SuspendedBy},
        actor::Actor,
        affiliation::AffiliationStatus,
        identity_proof::Proofing,
        notary_reference::NotaryReference,
        promotion::{Promotion, Stage as Promoting},
        subscriber::{AccountStatus, Subscriber},
        system_client::{Stage, SystemClient, SystemKeys},
        tax_id_registry::{Claim, Ground, Held, OtherNumbers, Stage as Claimed},
    },
    ids::OrganizationId,
};
use serde_json::json;
use tokio::{sync::watch, time::timeout};

use super::Bench;
use crate::{
    jobs::daily,
    store::{
        AnyConn, StoreError,
        affiliation::{self, AffiliationRecord},
        audit, lease, meta, outbox,
        outbox::Content,
        promotion, reminder, session, subscriber, system_client, tax_id, tax_id_claim,
        tests::{
            TestDatabase,
            samples::{a_subscriber, an_affiliation, at, community, held_until, store_session},
            systems::a_system,
        },
    },
};

/// The mails that were written, by whom they are about, sorted.
fn mails(conn: &mut AnyConn) -> Result<Vec<String>, StoreError> {
    let mut mails: Vec<String> = outbox::last_mails(conn, 100)?
        .into_iter()
        .filter_map(|mail| match mail.content {
            Content::Mail { subscriber, name, .. } => {
                Some(format!("{name} {}", subscriber.map(|id| id.to_string()).unwrap_or_default()))
            }
            Content::BackchannelLogout { .. }
            | Content::FrontchannelLogout { .. }
            | Content::Inquiry { .. } => None,
        })
        .collect();
    mails.sort();
    Ok(mails)
}

/// The person signs in so many days after their account was activated.
fn used(conn: &mut AnyConn, name: &str, day: i64) -> Result<(), StoreError> {
    let id = format!("sub_{name}").parse().unwrap();
    subscriber::set_password(conn, &id, "a hash", at(-1000))?;
    let account = subscriber::for_sign_in(conn, name)?.unwrap();
    assert!(subscriber::signed_in(conn, &account, at(-1000) + TimeDelta::days(day))?);
    Ok(())
}

struct Days {
    bench: Bench,
    stop: watch::Receiver<bool>,
    _stop: watch::Sender<bool>,
}

impl Days {
    async fn on(database: TestDatabase) -> Self {
        let add = |conn: &mut AnyConn| store_session(conn, "ann", "ann", 0);
        let bench = Bench::with(database, channel().1, add).await;
        let (sender, stop) = watch::channel(false);
        Self { bench, stop, _stop: sender }
    }

    /// Does the work of the day that lies so many days after the accounts were activated.
    async fn day(&self, day: i64) -> Vec<String> {
        let wanted = at(-1000) + TimeDelta::days(day) + TimeDelta::hours(1);
        self.bench.clock.advance(wanted - self.bench.app.clock.now());
        self.round("node-1").await;
        self.bench.database.read(mails).await
    }

    async fn round(&self, node: &str) {
        daily::round(&self.bench.app, node, &self.stop).await.unwrap();
    }

    async fn status(&self, person: &'static str) -> AccountStatus {
        let find = move |conn: &mut AnyConn| subscriber::find(conn, &person.parse().unwrap());
        self.bench.database.read(find).await.unwrap().status
    }
}

fn of_ann(mails: &[String]) -> Vec<&str> {
    mails.iter().filter(|mail| mail.ends_with("sub_ann")).map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_account_is_warned_twice_and_dormant_on_its_day() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        let dormancy = |mails: &[String]| {
            let of_it = |mail: &&str| {
                mail.starts_with("dormancy-ahead") || mail.starts_with("account-dormant")
            };
            of_ann(mails).into_iter().filter(of_it).map(str::to_owned).collect::<Vec<_>>()
        };
        for (day, expected) in [
            (169, &[][..]),
            (170, &["dormancy-ahead sub_ann"]),
            (171, &["dormancy-ahead sub_ann"]),
            (193, &["dormancy-ahead sub_ann", "dormancy-ahead sub_ann"]),
            (199, &["dormancy-ahead sub_ann", "dormancy-ahead sub_ann"]),
            (200, &["account-dormant sub_ann", "dormancy-ahead sub_ann", "dormancy-ahead sub_ann"]),
            (201, &["account-dormant sub_ann", "dormancy-ahead sub_ann", "dormancy-ahead sub_ann"]),
        ] {
            assert_eq!(dormancy(&days.day(day).await), expected, "day {day}");
        }
        assert_eq!(days.status("sub_ann").await, AccountStatus::Dormant);
        let events = days.bench.database.read(|conn| audit::pending(conn, 1000)).await;
        let dormant = |kind| events.iter().filter(|event| event.kind == kind).count();
        assert_eq!(dormant(Kind::AccountDormant), 2, "Ann and Ben, once each");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signed_in_meanwhile_is_left_alone() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        days.bench.database.write(|conn| used(conn, "ann", 150)).await;
        let mails = days.day(200).await;
        let unused = |mail: &&str| mail.contains("dorman");
        assert_eq!(of_ann(&mails).into_iter().find(unused), None);
        assert_eq!(days.status("sub_ann").await, AccountStatus::Active);
        assert_eq!(days.status("sub_ben").await, AccountStatus::Dormant);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_is_done_once_and_by_one_node_and_made_up_for_when_a_node_dies() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        days.bench.clock.advance(TimeDelta::days(171));
        // Another node is at it, and dies.
        let now = days.bench.app.clock.now();
        let take = move |conn: &mut AnyConn| {
            lease::try_acquire(conn, "daily", "node-2", now, now + TimeDelta::minutes(5))
        };
        assert!(days.bench.database.write(take).await);
        days.round("node-1").await;
        assert_eq!(days.bench.database.read(mails).await, Vec::<String>::new());
        days.bench.clock.advance(TimeDelta::minutes(5));
        days.round("node-1").await;
        let done = days.bench.database.read(mails).await;
        assert!(!done.is_empty());
        // The same day again, by either node.
        days.bench.clock.advance(TimeDelta::minutes(6));
        days.round("node-1").await;
        days.round("node-2").await;
        assert_eq!(days.bench.database.read(mails).await, done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_row_is_passed_over_and_stops_nobody_elses_day() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        let profile = |text: &'static str| {
            move |conn: &mut AnyConn| {
                let set = format!("UPDATE subscriber SET profile = '{text}' WHERE id = 'sub_ann'");
                Ok(diesel::sql_query(set).execute(conn).map(drop)?)
            }
        };
        days.bench.database.write(profile("broken")).await;
        days.day(200).await;
        assert_eq!(days.status("sub_ben").await, AccountStatus::Dormant);
        let passed_over = &days.bench.app.metrics.day_passed_over;
        assert!(passed_over.get() > 0);
        // It is mended, and made up for on the next day.
        days.bench.database.write(profile("{}")).await;
        days.day(201).await;
        assert_eq!(days.status("sub_ann").await, AccountStatus::Dormant);
        assert_eq!(passed_over.get(), 0);
    }
}

/// The walk over the audit record may take longer than the lease lasts.
#[tokio::test(flavor = "multi_thread")]
async fn the_lease_is_renewed_while_one_thing_takes_its_time() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        let (app, stopped) = (&days.bench.app, &days.stop);
        let work = daily::Work::new(app, "node-1", stopped);
        let every = Duration::from_millis(1);
        // It takes until the lease was renewed.
        let long = async {
            let later = app.clock.now() + TimeDelta::minutes(4);
            let held = |conn: &mut AnyConn| held_until(conn, "daily");
            while app.db.read(held).await?.is_none_or(|until| until < later) {
                tokio::task::yield_now().await;
            }
            Ok(7)
        };
        let done = timeout(Duration::from_secs(60), work.while_held(every, long)).await;
        assert_eq!(done.expect("it is renewed").unwrap(), Some(7));
        // The lease ran out while the node slept, and another one took it.
        let later = app.clock.now() + TimeDelta::minutes(5);
        let take = move |conn: &mut AnyConn| {
            lease::try_acquire(conn, "daily", "node-2", later, later + TimeDelta::minutes(5))
        };
        assert!(days.bench.database.write(take).await);
        let endless = pending::<Result<(), StoreError>>();
        let done = timeout(Duration::from_secs(60), work.while_held(every, endless)).await;
        assert_eq!(done.expect("it is given up").unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_that_nobody_goes_on_with_is_reminded_of_and_then_over() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        let reference = NotaryReference::from_random([7; 7]);
        let since = at(-1000);
        let begun = move |conn: &mut AnyConn| {
            let ben = subscriber::find(conn, &"sub_ben".parse().unwrap())?.unwrap();
            subscriber::update(conn, &Subscriber { activated_at: since, ..ben })?;
            let theirs = an_affiliation("aff_9", "ben", "org_clinic");
            let theirs = AffiliationRecord { administrator: false, ..theirs };
            affiliation::insert(conn, &theirs)?;
            let reference = reference.clone();
            let stage = Promoting::Proofing(Proofing::AtNotary { reference, since });
            let promotion = Promotion {
                id: "pro_1".parse().unwrap(),
                organization: "org_clinic".parse().unwrap(),
                affiliation: "aff_9".parse().unwrap(),
                candidate: "sub_ben".parse().unwrap(),
                moved_at: since,
                stage,
            };
            promotion::insert(conn, &promotion)?;
            promotion::save(conn, &promotion)
        };
        days.bench.database.write(begun).await;
        let count = |mails: &[String], what: &str| {
            mails.iter().filter(|mail| mail.starts_with(what)).count()
        };
        for (day, reminders, over) in [(6, 0, 0), (7, 1, 0), (22, 2, 0), (29, 2, 0), (30, 2, 1)] {
            let mails = days.day(day).await;
            assert_eq!(count(&mails, "notary-reminder"), reminders, "day {day}");
            assert_eq!(count(&mails, "promotion-over"), over, "day {day}");
        }
        let find = |conn: &mut AnyConn| promotion::find(conn, &"pro_1".parse().unwrap());
        let found = days.bench.database.read(find).await.unwrap();
        assert_eq!(found.stage, Promoting::Over);
    }
}

/// Domain 4.9: ten working days for the owner's answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_reminded_of_its_answer_once_whichever_node_dies() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        let rules = &days.bench.app.office(Actor::Job("daily")).registry.rules;
        let opened_at = at(-1000);
        let answer_due_at = rules.working_days.after(rules.days_to_answer, opened_at);
        let reminded_at = rules.working_days.after(rules.reminded_after(), opened_at);
        let ask = move |conn: &mut AnyConn| {
            let clinic: OrganizationId = "org_clinic".parse().unwrap();
            let (of, first) =
                (clinic.clone(), tax_id::of_organization(conn, &clinic, &|_, _| None)?);
            let claim = Claim {
                by: "reg_1".parse().unwrap(),
                claimant: None,
                ground: Ground::Disputed,
                opened_at,
                answer_due_at,
                stage: Claimed::Asked,
            };
            let id = first.first().unwrap().id.clone();
            let (others, representatives) = (OtherNumbers::Some, BTreeSet::new());
            let held = Held { id: id.clone(), by: of, others, representatives, claim: Some(claim) };
            tax_id_claim::save_held(conn, &held)?;
            Ok(id)
        };
        let id = days.bench.database.write(ask).await;
        let count = |mails: &[String]| {
            mails.iter().filter(|mail| mail.starts_with("tax-id-answer-due")).count()
        };
        let day = |when: DateTime<Utc>| (when - at(-1000)).num_days() + 1;
        assert_eq!(count(&days.day(day(reminded_at) - 2).await), 0);
        assert_eq!(count(&days.day(day(reminded_at)).await), 1);
        // Killed before the day was marked as done: another node goes through all of it again.
        let undone = |conn: &mut AnyConn| meta::write(conn, meta::DAY_DONE, "never");
        days.bench.database.write(undone).await;
        days.bench.clock.advance(TimeDelta::minutes(6));
        days.round("node-2").await;
        assert_eq!(count(&days.bench.database.read(mails).await), 1);
        assert_eq!(count(&days.day(day(answer_due_at) + 1).await), 1, "it is over by now");
        let late = days.bench.database.read(move |conn| {
            tax_id_claim::overdue_among(conn, std::slice::from_ref(&id), answer_due_at)
        });
        assert_eq!(late.await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_reminded_of_a_second_administrator_and_of_its_data() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        let count = |mails: &[String], what: &str| {
            mails.iter().filter(|mail| mail.starts_with(what)).count()
        };
        days.day(1).await;
        let mails = days.day(30).await;
        assert_eq!(count(&mails, "one-administrator-only"), 0);
        // Ann is the only Administrator of both organizations.
        let mails = days.day(31).await;
        assert_eq!(count(&mails, "one-administrator-only"), 2);
        let another = |conn: &mut AnyConn| {
            let ben = Subscriber { activated_at: at(40 * 1440), ..a_subscriber("ben") };
            subscriber::update(conn, &ben)?;
            affiliation::insert(conn, &an_affiliation("aff_9", "ben", "org_clinic"))
        };
        days.bench.database.write(another).await;
        let mails = days.day(65).await;
        assert_eq!(count(&mails, "one-administrator-only"), 3, "the clinic has two now");
        let no_more = |conn: &mut AnyConn| {
            let ben = "UPDATE affiliation SET administrator = false WHERE id = 'aff_9'";
            Ok(diesel::sql_query(ben).execute(conn).map(drop)?)
        };
        days.bench.database.write(no_more).await;
        let mails = days.day(66).await;
        assert_eq!(
            count(&mails, "one-administrator-only"),
            3,
            "a month from the day that one left"
        );
        let mails = days.day(96).await;
        assert_eq!(count(&mails, "one-administrator-only"), 5);
        let seen = |conn: &mut AnyConn| {
            used(conn, "ann", 360)?;
            used(conn, "ben", 360)
        };
        days.bench.database.write(seen).await;
        let mails = days.day(366).await;
        assert_eq!(count(&mails, "please-confirm"), 2, "to the Administrator of each");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_is_told_of_before_it_ends_and_ends_on_its_day() {
    for database in TestDatabase::each() {
        let days = Days::on(database).await;
        let insert = |conn: &mut AnyConn| {
            let system = a_system("sys_ehr", "org_clinic", "Clinic EHR");
            let keys = SystemKeys::read(json!({ "keys": [{
                "kty": "EC", "crv": "P-256", "kid": "one",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            }] }))
            .unwrap();
            let until = at(-1000) + TimeDelta::days(180);
            let stage = Stage::Active { keys, until, next: None };
            system_client::insert(conn, &SystemClient { stage, ..system })?;
            used(conn, "ann", 149)
        };
        days.bench.database.write(insert).await;
        for (day, ahead, over) in
            [(149, 0, 0), (150, 1, 0), (151, 1, 0), (173, 2, 0), (180, 2, 1), (181, 2, 1)]
        {
            let mails = days.day(day).await;
            let count = |what: &str| mails.iter().filter(|mail| mail.starts_with(what)).count();
            assert_eq!(
                (count("system-ends-soon"), count("system-ended")),
                (ahead, over),
                "day {day}"
            );
        }
        let find =
            |conn: &mut AnyConn| system_client::load_for_update(conn, &"sys_ehr".parse().unwrap());
        let system = days.bench.database.write(find).await.unwrap();
        assert_eq!(system.stage, Stage::Expired);
    }
}

#[tokio::test]
async fn a_stopped_account_keeps_who_stopped_it_and_a_reminder_its_time() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let (by, free, told, swept) = database
            .write(|conn| {
                let ann = "sub_ann".parse().unwrap();
                let by = SuspendedBy::Administrator("org_clinic".parse().unwrap());
                subscriber::set_state(conn, &ann, &State::Suspended(by.clone()), at(0))?;
                assert_eq!(subscriber::suspended_by(conn, &ann)?, Some(by));
                let by = SuspendedBy::Support;
                subscriber::set_state(conn, &ann, &State::Suspended(by), at(0))?;
                let by = subscriber::suspended_by(conn, &ann)?;
                subscriber::activate(conn, &ann, at(3))?;
                let free = subscriber::suspended_by(conn, &ann)?;
                assert_eq!(subscriber::find(conn, &ann)?.unwrap().activated_at, at(3));
                reminder::told(conn, "confirm", "org_clinic", at(1))?;
                reminder::told(conn, "confirm", "org_clinic", at(2))?;
                let told = reminder::told_at(conn, "confirm", "org_clinic")?;
                assert_eq!(reminder::told_at(conn, "confirm", "org_billing")?, None);
                Ok((by, free, told, reminder::sweep(conn, at(3))?))
            })
            .await;
        assert_eq!(by, Some(SuspendedBy::Support));
        assert_eq!((free, told, swept), (None, Some(at(2)), 1));
        let used = database
            .write(|conn| {
                store_session(conn, "ann", "ann", 0)?;
                let id = "ses_ann".parse().unwrap();
                let before = session::last_seen_at(conn, &id)?;
                session::seen(conn, &id, at(9))?;
                let aff = "aff_1".parse().unwrap();
                affiliation::set_status(conn, &aff, AffiliationStatus::Suspended)?;
                affiliation::set_administrator(conn, &aff, false)?;
                let record = affiliation::find(conn, &aff)?.unwrap();
                let changed = (record.status, record.administrator);
                Ok((before, session::last_seen_at(conn, &id)?, changed))
            })
            .await;
        let changed = (AffiliationStatus::Suspended, false);
        assert_eq!(used, (Some(at(0)), Some(at(9)), changed));
    }
}
