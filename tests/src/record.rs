//! The audit record under test: nothing that a test does may change it (security 24.4).

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::{
    backend::Backend,
    idp::{TestIdp, hilum},
    settings::Settings,
};

/// The record of one Hilum. Whatever a test did, it is what it was when the test is over.
pub(crate) struct Record {
    config: PathBuf,
    variables: Vec<(String, String)>,
    /// Somebody changed rows that nobody can change through Hilum.
    tampered_with: AtomicBool,
}

impl Record {
    pub(crate) fn new(config: PathBuf, settings: &Settings) -> Self {
        let variables = settings.variables.clone();
        Self { config, variables, tampered_with: AtomicBool::new(false) }
    }
}

impl TestIdp {
    /// Changes a row as the owner of the database could, past the triggers that keep the audit
    /// trail as it is.
    pub fn behind_the_triggers(&self, table: &str, statement: &str) {
        self.record.tampered_with.store(true, Ordering::Relaxed);
        let run = |statement: &str| self.database.execute(statement).expect(statement);
        match self.backend {
            Backend::PostgresRedis => {
                run(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"));
                run(statement);
                run(&format!("ALTER TABLE {table} ENABLE TRIGGER USER"));
            }
            Backend::Sqlite => {
                let triggers = format!(
                    "SELECT name || ';' || sql AS v FROM sqlite_master \
                     WHERE type = 'trigger' AND tbl_name = '{table}'"
                );
                let triggers = self.database.column(&triggers);
                let parts = || triggers.iter().filter_map(|trigger| trigger.split_once(';'));
                for (name, _) in parts() {
                    run(&format!("DROP TRIGGER {name}"));
                }
                run(statement);
                for (_, sql) in parts() {
                    run(sql);
                }
            }
        }
    }
}

impl Drop for Record {
    /// A database that the test has taken away, or never filled, has no record to be looked at.
    fn drop(&mut self) {
        if thread::panicking() || self.tampered_with.load(Ordering::Relaxed) {
            return;
        }
        let checked = hilum(&["audit", "verify"], &self.config, &self.variables);
        assert!(!checked.stderr.contains("is not what it was"), "{checked:?}");
    }
}
