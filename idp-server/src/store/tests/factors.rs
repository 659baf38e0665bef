//! Second factors and what stands in for them: each proof counts once, and for its owner.

use futures_util::future::join_all;
use idp_core::{
    authentication::{
        factor::{Factor, FactorKind},
        remembered_browser::RememberedBrowser,
        totp::Step,
    },
    ids::{FactorId, SubscriberId},
};

use super::{TestDatabase, samples::*};
use crate::store::{
    AnyConn, StoreError, Taken,
    factor::{self, Material},
    recovery_code, remembered_browser,
};

fn person(name: &str) -> SubscriberId {
    format!("sub_{name}").parse().unwrap()
}

fn id(name: &str) -> FactorId {
    format!("fac_{name}").parse().unwrap()
}

fn app(conn: &mut AnyConn, owner: &str, name: &str, minute: i64) -> Result<(), StoreError> {
    let new = Factor {
        id: id(name),
        kind: FactorKind::Totp,
        name: name.to_owned().try_into().unwrap(),
        added_at: at(minute),
        last_used_at: None,
    };
    let material = Material::Totp { sealed_seed: vec![7; 40], last_step: Step::from_number(100) };
    factor::insert(conn, &person(owner), &new, &material)
}

fn passkey(conn: &mut AnyConn, owner: &str, name: &str, credential: u8) -> Result<(), StoreError> {
    let new = Factor {
        id: id(name),
        kind: FactorKind::Passkey { verifies_person: true },
        name: name.to_owned().try_into().unwrap(),
        added_at: at(0),
        last_used_at: None,
    };
    let material = Material::Passkey {
        credential_id: vec![credential; 32],
        credential: "{}".to_owned(),
        sign_count: 5,
        verifies_person: true,
    };
    factor::insert(conn, &person(owner), &new, &material)
}

/// 18.1
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_come_with_one_code_one_uses_its_step() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database.write(|conn| app(conn, "ann", "phone", 0)).await;
        let attempt = |_| {
            let step = Step::from_number(101);
            database.db.write(move |conn| factor::use_step(conn, &id("phone"), step, at(1)))
        };
        let outcomes = join_all((0..50).map(attempt)).await;
        assert_eq!(outcomes.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
        let earlier = |conn: &mut AnyConn| {
            factor::use_step(conn, &id("phone"), Step::from_number(100), at(1))
        };
        assert!(!database.write(earlier).await, "an earlier step is worth nothing any more");
        let secrets = database.read(|conn| factor::totp_secrets(conn, &person("ann"))).await;
        assert_eq!(secrets[0].last_step, Step::from_number(101));
        assert!(database.read(|conn| factor::totp_secrets(conn, &person("ben"))).await.is_empty());
    }
}

/// 18.6
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_uses_of_a_passkey_that_read_one_count_one_is_taken_down() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database.write(|conn| passkey(conn, "ann", "key", 1)).await;
        let read = database.read(|conn| factor::passkey(conn, &[1; 32])).await.unwrap();
        assert_eq!((&read.subscriber, read.sign_count), (&person("ann"), 5));
        let attempt = |_| {
            let read = read.clone();
            database.db.write(move |conn| factor::use_passkey(conn, &read, "{}", 6, at(1)))
        };
        let outcomes = join_all((0..50).map(attempt)).await;
        assert_eq!(outcomes.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
    }
}

#[tokio::test]
async fn a_passkey_belongs_to_one_person() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database.write(|conn| passkey(conn, "ann", "key", 1)).await;
        let again = database.db.write(|conn| passkey(conn, "ben", "other", 1)).await;
        assert!(matches!(again, Err(StoreError::Conflict(Taken::Passkey))), "{again:?}");
        assert!(database.read(|conn| factor::passkeys(conn, &person("ben"))).await.is_empty());
        let foreign = |conn: &mut AnyConn| factor::remove(conn, &person("ben"), &id("key"));
        assert_eq!(database.write(foreign).await, None, "nobody removes another's factor");
        let name = || "mine".to_owned().try_into().unwrap();
        let rename =
            move |conn: &mut AnyConn| factor::rename(conn, &person("ben"), &id("key"), &name());
        assert!(!database.write(rename).await, "nor renames it");
    }
}

/// 18.8
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_come_with_one_recovery_code_one_uses_it_and_only_its_owner() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let codes = [digest("first"), digest("second")];
        database
            .write(move |conn| recovery_code::replace(conn, &person("ann"), &codes, at(0)))
            .await;
        let redeem = |name: &'static str| {
            move |conn: &mut AnyConn| {
                recovery_code::redeem(conn, &person(name), &digest("first"), at(1))
            }
        };
        assert!(!database.write(redeem("ben")).await, "it is not his");
        let outcomes = join_all((0..50).map(|_| database.db.write(redeem("ann")))).await;
        assert_eq!(outcomes.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
        assert_eq!(database.read(|conn| recovery_code::left(conn, &person("ann"))).await, 1);
        let set = [digest("third")];
        database.write(move |conn| recovery_code::replace(conn, &person("ann"), &set, at(2))).await;
        let old = |conn: &mut AnyConn| {
            recovery_code::redeem(conn, &person("ann"), &digest("second"), at(3))
        };
        assert!(!database.write(old).await, "a new set takes the place of the old one");
    }
}

#[tokio::test]
async fn with_the_last_factor_go_the_recovery_codes_and_not_before() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database
            .write(|conn| {
                app(conn, "ann", "phone", 0)?;
                app(conn, "ann", "tablet", 10)?;
                recovery_code::replace(conn, &person("ann"), &[digest("code")], at(0))
            })
            .await;
        let remove = |name: &'static str| {
            move |conn: &mut AnyConn| factor::remove(conn, &person("ann"), &id(name))
        };
        let left = |conn: &mut AnyConn| recovery_code::left(conn, &person("ann"));
        assert_eq!(database.write(remove("phone")).await.map(|it| it.id), Some(id("phone")));
        assert_eq!(database.read(left).await, 1);
        assert_eq!(database.write(remove("phone")).await, None, "once");
        assert!(database.write(remove("tablet")).await.is_some());
        assert_eq!(database.read(left).await, 0);
    }
}

/// 4.7: what an intruder set up goes with the change of address that let them in.
#[tokio::test]
async fn what_was_set_up_since_a_moment_goes_and_what_is_older_stays() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database
            .write(|conn| {
                app(conn, "ann", "phone", 0)?;
                app(conn, "ann", "intruder", 10)?;
                app(conn, "ben", "other", 10)?;
                recovery_code::replace(conn, &person("ann"), &[digest("old")], at(0))
            })
            .await;
        let remove = |conn: &mut AnyConn| factor::remove_since(conn, &person("ann"), at(5));
        assert_eq!(database.write(remove).await, 1);
        let names = |name: &'static str| {
            move |conn: &mut AnyConn| {
                let own = factor::of_subscriber(conn, &person(name))?;
                Ok(own.into_iter().map(|it| it.id).collect::<Vec<_>>())
            }
        };
        assert_eq!(database.read(names("ann")).await, [id("phone")]);
        assert_eq!(database.read(names("ben")).await, [id("other")], "nobody else's");
        assert_eq!(database.read(|conn| recovery_code::left(conn, &person("ann"))).await, 1);
    }
}

/// 18.7
#[tokio::test]
async fn a_remembered_browser_stands_in_for_its_person_until_its_time_or_till_it_is_forgotten() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let browser = |name: &str, until| RememberedBrowser {
            digest: digest(name),
            since: at(0),
            until: at(until),
            user_agent: "Mozilla/5.0".to_owned(),
        };
        let (one, other) = (browser("one", 60), browser("other", 120));
        database
            .write(move |conn| {
                remembered_browser::remember(conn, &person("ann"), &one)?;
                remembered_browser::remember(conn, &person("ben"), &other)
            })
            .await;
        let stands_in = |name: &'static str, cookie: &'static str, minute| {
            move |conn: &mut AnyConn| {
                remembered_browser::stands_in(conn, &person(name), &digest(cookie), at(minute))
            }
        };
        assert!(database.read(stands_in("ann", "one", 59)).await);
        assert!(!database.read(stands_in("ann", "one", 60)).await, "its time is over");
        assert!(!database.read(stands_in("ben", "one", 1)).await, "it is another person's");
        assert_eq!(database.write(|conn| remembered_browser::sweep(conn, at(60))).await, 1);
        let forget = |conn: &mut AnyConn| remembered_browser::forget_all(conn, &person("ben"));
        assert_eq!(database.write(forget).await, 1);
        assert!(!database.read(stands_in("ben", "other", 1)).await, "it is forgotten");
    }
}
