//! What many do at once has the outcome that it would have had one after the other.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use futures_util::future::join_all;
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::lockout::{Limits, Lockout},
    community::letters::{self, Counted},
    ids::{EventId, GrantId, SubscriberId},
};

use super::{TestDatabase, samples::*};
use crate::store::{
    Database, Settings, StoreError, Taken, Tally, audit, grant, lease, letter_count, lockout,
    person, subscriber,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_refreshes_with_one_token_one_wins() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database
            .write(|conn| {
                store_session(conn, "one", "ann", 0)?;
                store_grant(conn, "a", "one", "ann", "payer")
            })
            .await;
        let refresh = |_| {
            database.db.write(|conn| {
                let id: GrantId = "grt_a".parse().unwrap();
                let found = grant::find(conn, &id)?.unwrap();
                Ok((found.generation, grant::rotate(conn, &id, 0)?))
            })
        };
        let outcomes = join_all((0..50).map(refresh)).await;
        let won = outcomes.iter().filter(|outcome| outcome.as_ref().unwrap().1).count();
        assert_eq!(won, 1);
        let id = "grt_a".parse().unwrap();
        let found = database.read(move |conn| grant::find(conn, &id)).await.unwrap();
        assert_eq!(found.generation, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_redemptions_of_one_code_one_makes_a_grant() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database.write(|conn| store_session(conn, "one", "ann", 0)).await;
        let redeem = |n: u32| {
            database.db.write(move |conn| {
                let new = a_grant(&format!("n{n}"), "one", "ann", "payer");
                grant::insert(conn, &new, &digest("the code"))
            })
        };
        let outcomes = join_all((0..50).map(redeem)).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for outcome in outcomes {
            assert!(
                matches!(outcome, Ok(()) | Err(StoreError::Conflict(Taken::Code))),
                "{outcome:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failures_at_once_are_counted_exactly() {
    let limits = Limits { attempts: 1000, ..Limits::default() };
    for database in TestDatabase::each() {
        let fail = |_| database.db.write(move |conn| count_failure(conn, &digest("ann"), limits));
        for outcome in join_all((0..60).map(fail)).await {
            outcome.unwrap();
        }
        let state =
            database.write(|conn| lockout::load_for_update(conn, &digest("ann"), at(0))).await;
        assert_eq!(state, Lockout::Open { failures: 60, of_factors: 0 });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_nodes_one_gets_the_lease() {
    for database in TestDatabase::each() {
        let take = |n: u32| {
            database.db.write(move |conn| {
                lease::try_acquire(conn, "seal", &format!("node {n}"), at(0), at(1))
            })
        };
        let outcomes = join_all((0..20).map(take)).await;
        let won = outcomes.into_iter().filter(|outcome| *outcome.as_ref().unwrap()).count();
        assert_eq!(won, 1);
    }
}

#[tokio::test]
async fn work_that_fails_leaves_nothing_behind() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database.counted();
        let refused = database
            .db
            .write(|conn| {
                store_session(conn, "one", "ann", 0)?;
                store_grant(conn, "a", "one", "ann", "payer")?;
                let id = EventId::from_random([1; 16]);
                audit::record(conn, &[Event::new(id, at(0), Kind::GrantIssued, Actor::Nobody)])?;
                subscriber::insert(conn, &a_subscriber("ann"))
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(database.counted().1, 0, "no commit");
        let left = database
            .read(|conn| {
                let person = person::by_cookie(conn, &digest("one"), &open)?;
                Ok((person.is_some(), audit::waiting(conn)?))
            })
            .await;
        assert_eq!(left, (false, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_panics_leaves_nothing_behind_and_the_next_is_served() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let failed = database
            .db
            .write(|conn| -> Result<(), StoreError> {
                store_session(conn, "one", "ann", 0)?;
                panic!("as if the process had died here");
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Unavailable)));
        let found = database.write(|conn| person::by_cookie(conn, &digest("one"), &open)).await;
        assert!(found.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_replaced_and_the_work_done_once() {
    use diesel::{
        Connection as _, PgConnection, RunQueryDsl as _, connection::SimpleConnection as _,
        sql_query,
    };

    for database in TestDatabase::each().into_iter().filter(TestDatabase::is_postgres) {
        database.write(community).await;
        let runs = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&runs);
        let server = std::env::var("HILUM_TEST_POSTGRES").unwrap();
        database
            .write(move |conn| {
                store_session(conn, "one", "ann", 0)?;
                if seen.fetch_add(1, Ordering::SeqCst) == 0 {
                    // The server ends all other connections to this database.
                    let name: String = diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(
                        "current_database()",
                    ))
                    .get_result(conn)?;
                    let end =
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ";
                    let mut admin = PgConnection::establish(&server).unwrap();
                    admin.batch_execute(&format!("{end}'{name}'")).unwrap();
                    sql_query("SELECT 1").execute(conn)?;
                }
                Ok(())
            })
            .await;
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        let found = database.read(|conn| person::by_cookie(conn, &digest("one"), &open)).await;
        assert!(found.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_reached_is_told_within_two_seconds() {
    let nowhere = crate::config::DatabaseUrl::Postgres("postgres://u@127.0.0.1:9/none".into());
    let db = Database::new(nowhere, Settings::default(), Tally::default());
    let begun = std::time::Instant::now();
    let answer = db.read(|conn| person::by_cookie(conn, &digest("one"), &open)).await;
    assert!(matches!(answer, Err(StoreError::Unavailable)));
    assert!(begun.elapsed() < std::time::Duration::from_millis(2500), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_too_long_is_told_so_and_nothing_of_theirs_is_kept() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let settings = Settings { connections: 1, patience: std::time::Duration::from_millis(300) };
        let db = Database::new(database.url.clone(), settings, Tally::default());
        let slow = db.write(|conn| {
            std::thread::sleep(std::time::Duration::from_millis(900));
            store_session(conn, "slow", "ann", 0)
        });
        let waiting = async {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            db.write(|conn| store_session(conn, "waiting", "ann", 0)).await
        };
        let (slow, waiting) = tokio::join!(slow, waiting);
        assert!(matches!(
            (slow, waiting),
            (Err(StoreError::Unavailable), Err(StoreError::Unavailable))
        ));
        tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
        let found = database.read(|conn| person::by_cookie(conn, &digest("waiting"), &open)).await;
        assert!(found.is_none());
    }
}

/// 22.2
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn letters_written_at_once_are_counted_exactly() {
    for database in TestDatabase::each() {
        let write = |_| {
            database.db.write(|conn| {
                let id: SubscriberId = "sub_ann".parse().unwrap();
                let counted = Counted::Person(&id);
                let before = letter_count::load_for_update(conn, &counted.digest(), at(0))?;
                let Ok(count) = counted.count(before, 1, at(0)) else { return Ok(false) };
                letter_count::save(conn, &counted.digest(), count)?;
                Ok(true)
            })
        };
        let written = join_all((0..40).map(write)).await;
        let written = written.into_iter().filter(|one| *one.as_ref().unwrap()).count();
        assert_eq!(written, letters::TO_ONE as usize);
        let swept = database.write(|conn| letter_count::sweep(conn, at(1))).await;
        assert_eq!(swept, 1);
    }
}
