//! One connection type for both databases, and how a connection is set up.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use diesel::{
    Connection as _, ConnectionError, ConnectionResult, PgConnection, QueryResult,
    SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _},
};
use secrecy::ExposeSecret as _;

use crate::config::DatabaseUrl;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum AnyConn {
    /// PostgreSQL, for any number of nodes.
    Pg(PgConnection),
    /// SQLite, for one node.
    Sqlite(SqliteConnection),
}

/// Runs one expression on whichever connection it is, for what diesel cannot write for both at
/// once: `ON CONFLICT` and `FOR UPDATE`.
macro_rules! on_either {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::store::AnyConn::Pg($c) => $body,
            $crate::store::AnyConn::Sqlite($c) => $body,
        }
    };
}
pub(super) use on_either;

/// Reads the first row of a query that nobody else may change until the transaction ends. In SQLite
/// a transaction that writes has the only lock there is.
macro_rules! first_for_update {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::store::AnyConn::Pg(c) => $query.for_update().first(c),
            $crate::store::AnyConn::Sqlite(c) => $query.first(c),
        }
    };
}
pub(super) use first_for_update;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading only; SQLite then refuses to write.
    Read,
    /// Reading and writing.
    Write,
}

/// What every PostgreSQL session is told.
///
/// An acknowledged commit must survive a failover: a used code, a rotated token or a lock count
/// that came back would open a door (security 23.2). So a weaker `synchronous_commit` is raised,
/// and a stronger one (`remote_apply`) is left alone. The limits see to it that a node that hangs
/// keeps nobody else waiting.
const POSTGRES_SESSION: &str = "
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');
    SET statement_timeout = '5s';
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '10s';
";

/// What every SQLite connection is told. `busy_timeout` comes first, since the switch to WAL
/// itself takes a lock. `synchronous = FULL`: in WAL mode anything less loses commits with the
/// power.
const SQLITE_SESSION: &str = "
    PRAGMA busy_timeout = 2000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
";

/// Parameters that libpq needs to notice soon that a server is gone, unless the operator chose
/// others. Seconds, but `tcp_user_timeout` is in milliseconds.
const POSTGRES_PARAMETERS: [(&str, &str); 6] = [
    ("connect_timeout", "2"),
    ("tcp_user_timeout", "5000"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("application_name", "hilum"),
];

/// Opens a connection.
pub(super) fn open(url: &DatabaseUrl, purpose: Purpose) -> ConnectionResult<AnyConn> {
    let set_up = ConnectionError::CouldntSetupConfiguration;
    match url {
        DatabaseUrl::Postgres(url) => {
            let mut conn = PgConnection::establish(&with_parameters(url.expose_secret()))?;
            conn.batch_execute(POSTGRES_SESSION).map_err(set_up)?;
            Ok(AnyConn::Pg(conn))
        }
        DatabaseUrl::Sqlite(path) => {
            private_file(path).map_err(|error| {
                ConnectionError::BadConnection(format!("{}: {error}", path.display()))
            })?;
            let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
            conn.batch_execute(SQLITE_SESSION).map_err(set_up)?;
            if purpose == Purpose::Read {
                conn.batch_execute("PRAGMA query_only = ON").map_err(set_up)?;
            }
            Ok(AnyConn::Sqlite(conn))
        }
    }
}

fn with_parameters(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in POSTGRES_PARAMETERS {
        if !url.contains(&format!("{name}=")) {
            let separator = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{separator}{name}={value}");
        }
    }
    url
}

/// Sees to it that the file and its folder exist and that nobody else can read the file.
fn private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::metadata(path).map(|_| ()),
    }
}

/// Begins a transaction that will write. SQLite takes its write lock at once: a transaction that
/// reads first and writes later would be refused instead of waiting.
pub(super) fn begin(conn: &mut AnyConn) -> QueryResult<()> {
    match conn {
        AnyConn::Pg(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN"),
        AnyConn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
    }
}

/// Commits what [`begin`] began.
pub(super) fn commit(conn: &mut AnyConn) -> QueryResult<()> {
    on_either!(conn, c => AnsiTransactionManager::commit_transaction(c))
}

/// Takes back what [`begin`] began.
pub(super) fn roll_back(conn: &mut AnyConn) -> QueryResult<()> {
    on_either!(conn, c => AnsiTransactionManager::rollback_transaction(c))
}

/// Whether the server at the other end still answers.
pub(super) fn answers(conn: &mut AnyConn) -> bool {
    on_either!(conn, c => c.batch_execute("SELECT 1")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_own_parameters_win() {
        let url = with_parameters("postgres://u@h/d?connect_timeout=9");
        assert!(
            url.starts_with("postgres://u@h/d?connect_timeout=9&tcp_user_timeout=5000"),
            "{url}"
        );
        assert!(with_parameters("postgres://u@h/d").contains("/d?connect_timeout=2&"));
    }
}
