//! One suite for both databases: each test runs on SQLite, and on PostgreSQL where
//! `HILUM_TEST_POSTGRES` holds the address of a server in which databases may be made.

mod access;
mod aggregates;
mod audit;
mod closing;
mod codes;
mod ending;
mod factors;
mod first_administrators;
mod letters;
mod migrating;
mod own_record;
mod person;
mod races;
mod registrations;
mod release_log;
mod retention;
pub(crate) mod samples;
pub(crate) mod systems;
mod ways_back;

use std::{
    env, fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};

use super::{AnyConn, Database, Settings, StoreError, Tally, migrations};
use crate::config::DatabaseUrl;

/// A database of one test, gone when the test ends.
pub(crate) struct TestDatabase {
    pub(crate) url: DatabaseUrl,
    pub(crate) db: Database,
    kind: Kind,
    statements_seen: AtomicU64,
    commits_seen: AtomicU64,
}

enum Kind {
    Postgres { server: String, name: String },
    Sqlite { folder: PathBuf },
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// An empty database of each kind that can be had, without tables.
    fn bare() -> Vec<Self> {
        let name =
            format!("hilum_test_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(&name);
        let file = DatabaseUrl::Sqlite(folder.join("hilum.sqlite"));
        let mut all = vec![Self::open(file, Kind::Sqlite { folder })];
        if let Ok(server) = env::var("HILUM_TEST_POSTGRES") {
            let mut admin = PgConnection::establish(&server).unwrap();
            admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
            let (base, _) = server.rsplit_once('/').unwrap();
            let url = DatabaseUrl::Postgres(format!("{base}/{name}").into());
            all.push(Self::open(url, Kind::Postgres { server, name }));
        }
        all
    }

    fn open(url: DatabaseUrl, kind: Kind) -> Self {
        // A busy machine is no failure of the store.
        let settings = Settings { patience: Duration::from_secs(60), ..Settings::default() };
        let db = Database::new(url.clone(), settings, Tally::default());
        let (statements_seen, commits_seen) = (AtomicU64::default(), AtomicU64::default());
        Self { url, db, kind, statements_seen, commits_seen }
    }

    /// A database of each kind that can be had, with all tables.
    pub(crate) fn each() -> Vec<Self> {
        let all = Self::bare();
        for database in &all {
            migrations::migrate(&database.url).unwrap();
        }
        all
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.kind, Kind::Postgres { .. })
    }

    /// Writes, and the write must succeed.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut AnyConn) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.db.write(work).await.unwrap()
    }

    /// Reads, and the read must succeed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut AnyConn) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.db.read(work).await.unwrap()
    }

    /// Statements and commits since the last call.
    pub(crate) fn counted(&self) -> (u64, u64) {
        let counters = self.db.counters();
        let count = |seen: &AtomicU64, now| now - seen.swap(now, Ordering::Relaxed);
        (
            count(&self.statements_seen, counters.statements.get()),
            count(&self.commits_seen, counters.commits.get()),
        )
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.kind {
            Kind::Sqlite { folder } => drop(fs::remove_dir_all(folder)),
            Kind::Postgres { server, name } => {
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                let admin = PgConnection::establish(server);
                let _ = admin.map(|mut admin| admin.batch_execute(&drop));
            }
        }
    }
}
