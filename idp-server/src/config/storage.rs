//! Where durable and short-lived state is kept.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::reader::Reader;

/// `[database]`: what must not be lost.
#[derive(Clone, Debug)]
pub struct Database {
    /// `url`.
    pub url: DatabaseUrl,
    /// `pool_size`: connections of this node, 8 when left out.
    pub pool_size: u32,
}

/// Which database, and where.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// `postgres://…`, handed to libpq as it is. It may hold a password.
    Postgres(SecretString),
    /// `sqlite:PATH`: a file, for a single node. Missing folders are made.
    Sqlite(PathBuf),
}

impl Database {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let accepts = "\"sqlite:PATH\" or \"postgres://user@host/database?sslmode=verify-full\"";
        let url = reader.required("database.url", accepts, |value| database_url(value.text()?));
        let pool_size = reader.number("database.pool_size", 1..=200, 8);
        Some(Self { url: url?, pool_size })
    }
}

fn database_url(text: &str) -> Option<DatabaseUrl> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        return (!path.is_empty()).then(|| DatabaseUrl::Sqlite(PathBuf::from(path)));
    }
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "postgres" | "postgresql")
        .then(|| DatabaseUrl::Postgres(SecretString::from(text)))
}

/// `[ephemeral]`: what expires within minutes.
#[derive(Clone, Debug)]
pub enum Ephemeral {
    /// `store = "embedded"`: in this process. For a single node.
    Embedded,
    /// `store = "redis://…"` or `"rediss://…"`: shared by all nodes.
    Redis {
        /// The address. It may hold a password.
        url: SecretString,
        /// `ca_file`: certificates (PEM) to trust in place of the system's, with `rediss://`.
        ca_file: Option<PathBuf>,
    },
}

impl Ephemeral {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let accepts = "\"embedded\", \"redis://host\" or \"rediss://host\"";
        let store = reader.optional("ephemeral.store", accepts, |value| store(value.text()?));
        let ca_file = reader.path("ephemeral.ca_file");
        let store = store.unwrap_or(Self::Embedded);
        match store {
            Self::Redis { url, .. } => Self::Redis { url, ca_file },
            Self::Embedded => {
                if ca_file.is_some() {
                    reader.mistake("ephemeral.ca_file", "has a meaning only with rediss://");
                }
                Self::Embedded
            }
        }
    }
}

fn store(text: &str) -> Option<Ephemeral> {
    if text == "embedded" {
        return Some(Ephemeral::Embedded);
    }
    let url = Url::parse(text).ok()?;
    let is_redis = matches!(url.scheme(), "redis" | "rediss") && url.has_host();
    is_redis.then(|| Ephemeral::Redis { url: SecretString::from(text), ca_file: None })
}
