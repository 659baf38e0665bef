//! The database of one Hilum, as its operator could look into it.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query,
    sql_types::{Nullable, Text},
};
use url::Url;

use crate::backend::Backend;

/// A database of one test's own.
pub struct Database {
    place: Place,
}

enum Place {
    /// The name of a database of the test server, dropped in the end.
    Postgres(String),
    /// A file.
    Sqlite(PathBuf),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

impl Database {
    /// A new one below `folder`, a copy of `template` if there is one.
    #[must_use]
    pub fn create(backend: Backend, folder: &Path, template: Option<&Self>) -> Self {
        match backend {
            Backend::Sqlite => {
                let file = folder.join("hilum.sqlite");
                if let Some(Self { place: Place::Sqlite(from) }) = template {
                    fs::copy(from, &file).expect("a database can be copied");
                }
                Self { place: Place::Sqlite(file) }
            }
            Backend::PostgresRedis => {
                static NEXT: AtomicU32 = AtomicU32::new(0);
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                let name = format!("hilum_suite_{}_{number}", std::process::id());
                let from = match template {
                    Some(Self { place: Place::Postgres(from) }) => format!(" TEMPLATE {from}"),
                    _ => String::new(),
                };
                administer(&format!("CREATE DATABASE {name}{from}"));
                Self { place: Place::Postgres(name) }
            }
        }
    }

    /// What `database.url` has to say; `via` stands in for the server's own address.
    #[must_use]
    pub fn url(&self, via: Option<SocketAddr>) -> String {
        match &self.place {
            Place::Sqlite(file) => format!("sqlite:{}", file.display()),
            Place::Postgres(name) => {
                let mut url = Url::parse(&server()).expect("an address");
                url.set_path(name);
                if let Some(via) = via {
                    url.set_port(Some(via.port())).expect("a port");
                }
                url.into()
            }
        }
    }

    /// The file of an SQLite database.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite(file) => Some(file),
            Place::Postgres(_) => None,
        }
    }

    /// The one column of a query, each value as text.
    #[must_use]
    pub fn column(&self, query: &str) -> Vec<String> {
        let query = sql_query(format!("SELECT CAST(q.v AS TEXT) AS value FROM ({query}) AS q"));
        let rows: Vec<Row> = match &self.place {
            Place::Sqlite(_) => query.load(&mut self.sqlite()),
            Place::Postgres(_) => query.load(&mut self.postgres()),
        }
        .expect("a query");
        rows.into_iter().map(|row| row.value.unwrap_or_default()).collect()
    }

    /// A number that a query counts, for instance `SELECT COUNT(*) AS v FROM session`.
    #[must_use]
    pub fn number(&self, query: &str) -> i64 {
        self.column(query).first().and_then(|text| text.parse().ok()).expect("a number")
    }

    /// Changes something behind Hilum's back.
    ///
    /// # Errors
    /// What the database has against it.
    pub fn execute(&self, statement: &str) -> Result<usize, diesel::result::Error> {
        match &self.place {
            Place::Sqlite(_) => sql_query(statement).execute(&mut self.sqlite()),
            Place::Postgres(_) => sql_query(statement).execute(&mut self.postgres()),
        }
    }

    /// Every word that stands in it.
    #[must_use]
    pub fn everything(&self) -> String {
        let tables = match &self.place {
            Place::Sqlite(_) => "SELECT name AS v FROM sqlite_master WHERE type = 'table'",
            Place::Postgres(_) => {
                "SELECT tablename AS v FROM pg_tables WHERE schemaname = 'public'"
            }
        };
        let mut all = String::new();
        for table in self.column(tables) {
            let rows = match &self.place {
                Place::Sqlite(_) => {
                    let columns = self.column(&format!(
                        "SELECT 'quote(\"' || name || '\")' AS v FROM pragma_table_info('{table}')"
                    ));
                    format!("SELECT {} AS v FROM \"{table}\"", columns.join(" || ' ' || "))
                }
                Place::Postgres(_) => format!("SELECT row_to_json(t) AS v FROM \"{table}\" t"),
            };
            for row in self.column(&rows) {
                all.push_str(&format!("{table}: {row}\n"));
            }
        }
        all
    }

    fn sqlite(&self) -> SqliteConnection {
        let Place::Sqlite(file) = &self.place else { panic!("not SQLite") };
        let mut connection =
            SqliteConnection::establish(file.to_str().expect("a path")).expect("a connection");
        sql_query("PRAGMA busy_timeout = 10000").execute(&mut connection).expect("a setting");
        connection
    }

    fn postgres(&self) -> PgConnection {
        PgConnection::establish(&self.url(None)).expect("a connection")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Place::Postgres(name) = &self.place {
            administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn server() -> String {
    Backend::postgres().expect("HILUM_TEST_POSTGRES is set")
}

fn administer(statement: &str) {
    let mut connection = PgConnection::establish(&server()).expect("a connection");
    sql_query(statement).execute(&mut connection).expect(statement);
}
