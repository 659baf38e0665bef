//! What stands behind the ways back into an account: counters, changes of address, removals.

use futures_util::future::join_all;
use idp_core::{
    authentication::{
        email_change::{ChangeState, EmailChange},
        factor_reset::{FactorReset, ResetState},
    },
    ids::{EmailChangeId, FactorResetId, SubscriberId},
    mail::Helper,
};

use super::{TestDatabase, samples::*};
use crate::store::{AnyConn, StoreError, email_change, factor_reset, known_browser, self_help};

fn person(name: &str) -> SubscriberId {
    format!("sub_{name}").parse().unwrap()
}

fn change(name: &str, owner: &str, new: &str) -> EmailChange {
    EmailChange {
        id: format!("chg_{name}").parse::<EmailChangeId>().unwrap(),
        subscriber: person(owner),
        old: Some(format!("{owner}@clinic.example").parse().unwrap()),
        new: new.parse().unwrap(),
        state: ChangeState::Pending,
        requested_at: at(0),
        expires_at: at(60),
        undo_until: None,
    }
}

/// It has happened, and may be taken back until the ninetieth minute.
fn changed(change: &EmailChange) -> EmailChange {
    EmailChange { state: ChangeState::Changed, undo_until: Some(at(90)), ..change.clone() }
}

/// 17.1
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_answers_at_once_are_counted_exactly_for_whoever_is_named() {
    for database in TestDatabase::each() {
        let count = |_| {
            database.db.write(|conn| {
                let wrong = self_help::load_for_update(conn, &digest("nobody"), at(0))?;
                self_help::save(conn, &digest("nobody"), wrong + 1, at(0))
            })
        };
        for outcome in join_all((0..40).map(count)).await {
            outcome.unwrap();
        }
        let wrong = |conn: &mut AnyConn| self_help::wrong_answers(conn, &digest("nobody"));
        assert_eq!(database.read(wrong).await, 40);
        database.write(|conn| self_help::reopen(conn, &digest("nobody"))).await;
        assert_eq!(database.read(wrong).await, 0);
    }
}

#[tokio::test]
async fn a_browser_is_new_to_a_person_once() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let seen = |name: &'static str, minute| {
            move |conn: &mut AnyConn| {
                known_browser::seen(conn, &person(name), &digest("browser"), at(minute))
            }
        };
        assert!(database.write(seen("ann", 0)).await);
        assert!(!database.write(seen("ann", 5)).await);
        assert!(database.write(seen("ben", 5)).await, "each person has their own");
        assert_eq!(database.write(|conn| known_browser::sweep(conn, at(5))).await, 0);
        assert_eq!(database.write(|conn| known_browser::sweep(conn, at(6))).await, 2);
    }
}

/// Domain 4.7
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_of_address_moves_on_once_and_a_newer_one_takes_its_place() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let (first, second) =
            (change("a", "ann", "a@new.example"), change("b", "ann", "b@new.example"));
        let (one, two) = (first.clone(), second.clone());
        database
            .write(move |conn| {
                email_change::request(conn, &one)?;
                email_change::request(conn, &two)
            })
            .await;
        let settle = |change: &EmailChange| {
            let change = change.clone();
            move |conn: &mut AnyConn| email_change::settle(conn, &change, &changed(&change), at(1))
        };
        assert!(!database.write(settle(&first)).await, "another one took its place");
        let outcomes = join_all((0..30).map(|_| database.db.write(settle(&second)))).await;
        assert_eq!(outcomes.into_iter().filter(|moved| *moved.as_ref().unwrap()).count(), 1);
    }
}

/// Domain 4.7: the old address stays the person's until it can no longer be taken back.
#[tokio::test]
async fn an_address_that_may_be_taken_back_is_nobody_elses() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let new = change("a", "ann", "a@new.example");
        database
            .write(move |conn| {
                email_change::request(conn, &new)?;
                email_change::settle(conn, &new, &changed(&new), at(1))
            })
            .await;
        let free = |owner: &'static str, address: &'static str, minute| {
            move |conn: &mut AnyConn| {
                let address = address.parse().unwrap();
                email_change::is_free(conn, &address, &person(owner), at(minute))
            }
        };
        assert!(!database.read(free("ben", "ANN@clinic.example", 89)).await);
        assert!(database.read(free("ann", "ann@clinic.example", 89)).await, "her own");
        assert!(!database.read(free("ann", "ben@clinic.example", 1)).await, "he has it");
        assert!(database.read(free("ben", "free@clinic.example", 1)).await);
    }
}

/// Domain 4.6
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_removal_of_factors_waits_for_a_person_and_ends_once() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let removal = |name: &str| FactorReset {
            id: format!("frs_{name}").parse::<FactorResetId>().unwrap(),
            subscriber: person("ann"),
            helper: Helper::Support,
            checked: "called back".to_owned(),
            state: ResetState::Waiting,
            requested_at: at(0),
            due_at: at(60),
        };
        let (first, second) = (removal("a"), removal("b"));
        database.write(move |conn| factor_reset::request(conn, &first)).await;
        let again = database.db.write(move |conn| factor_reset::request(conn, &second)).await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
        let due = |minute| move |conn: &mut AnyConn| factor_reset::due(conn, 10, at(minute));
        assert!(database.read(due(59)).await.is_empty());
        assert_eq!(database.read(due(60)).await.len(), 1);
        let settle = |_| {
            database.db.write(|conn| {
                let id = "frs_a".parse().unwrap();
                factor_reset::settle(conn, &id, ResetState::Done, at(61))
            })
        };
        let outcomes = join_all((0..30).map(settle)).await;
        assert_eq!(outcomes.into_iter().filter(|done| *done.as_ref().unwrap()).count(), 1);
        assert!(database.read(due(60)).await.is_empty());
        let waiting = |conn: &mut AnyConn| factor_reset::waiting(conn, &person("ann"));
        assert_eq!(database.read(waiting).await, None);
    }
}
