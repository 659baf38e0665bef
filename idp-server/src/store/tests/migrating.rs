//! Migrating: again, at once, half way, and by the wrong program.

use std::thread;

use diesel::connection::SimpleConnection as _;

use super::TestDatabase;
use crate::store::{
    connection::on_either,
    migrations::{MigrationError, Schema, examine, migrate},
};

#[test]
fn migrating_twice_changes_nothing_the_second_time() {
    for database in TestDatabase::bare() {
        let Schema::Behind(pending) = examine(&database.url).unwrap() else {
            panic!("a new database has everything to come");
        };
        assert_eq!(migrate(&database.url).unwrap(), pending);
        assert_eq!(examine(&database.url).unwrap(), Schema::Current);
        assert_eq!(migrate(&database.url).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn nodes_that_migrate_at_once_wait_for_each_other() {
    for database in TestDatabase::bare() {
        let done: Vec<usize> = thread::scope(|scope| {
            let nodes: Vec<_> =
                (0..4).map(|_| scope.spawn(|| migrate(&database.url).unwrap().len())).collect();
            nodes.into_iter().map(|node| node.join().unwrap()).collect()
        });
        assert_eq!(done.iter().filter(|migrated| **migrated > 0).count(), 1, "{done:?}");
        assert_eq!(examine(&database.url).unwrap(), Schema::Current);
    }
}

#[tokio::test]
async fn an_older_program_refuses_a_newer_schema() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                let newer =
                    "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')";
                Ok(on_either!(conn, c => c.batch_execute(newer))?)
            })
            .await;
        assert_eq!(examine(&database.url).unwrap(), Schema::Ahead);
        assert!(matches!(migrate(&database.url), Err(MigrationError::Ahead)));
    }
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    for database in TestDatabase::bare() {
        // Something in the way of the last migration.
        database
            .write(|conn| {
                Ok(on_either!(conn, c => c.batch_execute("CREATE TABLE meta (key INTEGER)"))?)
            })
            .await;
        let before = examine(&database.url).unwrap();
        assert!(matches!(migrate(&database.url), Err(MigrationError::Failed(_))));
        assert_eq!(examine(&database.url).unwrap(), before);
        let tables = database
            .db
            .read(|conn| {
                Ok(on_either!(conn, c => c.batch_execute("SELECT count(*) FROM organization"))?)
            })
            .await;
        assert!(tables.is_err(), "the first migration was taken back as well");
    }
}
