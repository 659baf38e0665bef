//! `hilum check`: looks at each part that a node needs, by itself, and changes none.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;

use super::{ConfigFile, Failure, database::block_on};
use crate::{
    config::{Config, DatabaseUrl},
    ephemeral::Ephemeral,
    keys::{master_check, register::Register, sealing::Sealer, sub_keys::SubKeys},
    mail::Transport,
    random::Random,
    store::{
        Database, Settings, Tally, meta,
        migrations::{self, MigrationError, Schema},
        signing_key::KeyUse,
    },
};

/// What was found about one part.
enum Finding {
    /// It is as it should be.
    Good(String),
    /// It is not, and what to do about it.
    Bad(String),
    /// It could not be looked at, since something that it needs is not there.
    Unknown(&'static str),
}

/// Looks at everything; fails if anything is not as it should be.
pub(super) fn run(file: &ConfigFile) -> Result<(), Failure> {
    let config = file.load()?;
    block_on(async move {
        let bad = check(&config).await;
        if bad == 0 {
            return Ok(());
        }
        let plural = if bad == 1 { " is" } else { "s are" };
        Err(Failure::new(
            format!("{bad} part{plural} not ready"),
            "Mend what is marked with ! above. Nothing was changed.",
        ))
    })
}

/// Prints a line for each part; says how many are not as they should be.
async fn check(config: &Config) -> usize {
    let tables = tables(config);
    let has_tables = matches!(tables, Finding::Good(_));
    let keys = if has_tables { keys(config).await } else { Finding::Unknown("needs the tables") };
    let parts = [
        ("configuration", Finding::Good(format!("serves {}", config.public_origin.as_str()))),
        ("database", tables),
        ("keys", keys),
        ("short-lived state", ephemeral(config).await),
        ("mail", mail(config).await),
    ];
    let mut bad = 0;
    for (part, finding) in parts {
        match finding {
            Finding::Good(what) => println!("  {part}: {what}"),
            Finding::Bad(what) => {
                bad += 1;
                println!("! {part}: {what}");
            }
            Finding::Unknown(why) => {
                bad += 1;
                println!("? {part}: {why}");
            }
        }
    }
    bad
}

fn tables(config: &Config) -> Finding {
    let url = &config.database.url;
    if let DatabaseUrl::Sqlite(path) = url
        && !path.exists()
    {
        // To look would be to make it.
        return Finding::Bad(format!("{} does not exist: run `hilum migrate`", path.display()));
    }
    let kind = match url {
        DatabaseUrl::Postgres(_) => "PostgreSQL answers".to_owned(),
        DatabaseUrl::Sqlite(path) => path.display().to_string(),
    };
    match migrations::examine(url) {
        Ok(Schema::Current) => Finding::Good(format!("{kind}, with the tables of this version")),
        Ok(Schema::Behind(pending)) => Finding::Bad(format!(
            "{kind}, but lacks {} of this version's changes: run `hilum migrate`",
            pending.len()
        )),
        Ok(Schema::Ahead) => Finding::Bad(MigrationError::Ahead.to_string()),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

/// Whether every key that signs, or is going to, opens under the master key.
async fn keys(config: &Config) -> Finding {
    let sealer = SubKeys::derive(&config.secrets.master_key)
        .map_err(|error| error.to_string())
        .and_then(|keys| Sealer::new(&keys, Random::new()).map_err(|error| error.to_string()));
    let sealer = match sealer {
        Ok(sealer) => Arc::new(sealer),
        Err(error) => return Finding::Bad(error),
    };
    let settings = Settings { connections: 1, ..Settings::default() };
    let db = Database::new(config.database.url.clone(), settings, Tally::default());
    match db.read(|conn| meta::read(conn, meta::MASTER_KEY_CHECK)).await {
        Ok(None) => return Finding::Good("none yet: the first start makes them".to_owned()),
        Ok(Some(_)) => {}
        Err(error) => return Finding::Bad(error.to_string()),
    }
    if let Err(error) = master_check::check(&db, &sealer).await {
        return Finding::Bad(error.to_string());
    }
    let register = Register::new(db, sealer, config.keys);
    let count = match register.list(KeyUse::Tokens).await {
        Ok(keys) if keys.is_empty() => {
            return Finding::Good("none yet: the first start makes them".to_owned());
        }
        Ok(keys) => keys.iter().filter(|key| key.state.is_published()).count(),
        Err(error) => return Finding::Bad(error.to_string()),
    };
    let opened = match register.load(KeyUse::Tokens).await {
        Ok(_) => register.audit_keys().await.map(|_| ()),
        Err(error) => Err(error),
    };
    match opened {
        Ok(()) => Finding::Good(format!("{count} published, and they open under the master key")),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

async fn mail(config: &Config) -> Finding {
    let transport = match Transport::open(&config.mail, &config.public_origin) {
        Ok(transport) => transport,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    match (&transport, transport.ping().await) {
        (Transport::Mailbox, _) => Finding::Good("shown at /demo/mailbox".to_owned()),
        (Transport::Smtp(_), Ok(())) => Finding::Good("the server answers".to_owned()),
        (Transport::Smtp(_), Err(error)) => Finding::Bad(error.to_string()),
    }
}

async fn ephemeral(config: &Config) -> Finding {
    let store = match Ephemeral::open(&config.ephemeral, Counter::default()) {
        Ok(store) => store,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    // A Redis that evicts may forget that a code was used.
    if store.may_forget().await.unwrap_or_default() {
        return Finding::Bad(
            "Redis evicts keys: set its maxmemory-policy to noeviction".to_owned(),
        );
    }
    match (store.ping().await, &store) {
        (Ok(()), Ephemeral::Embedded(_)) => Finding::Good("in this process".to_owned()),
        (Ok(()), Ephemeral::Redis(_)) => Finding::Good("Redis answers".to_owned()),
        (Err(error), _) => Finding::Bad(error.to_string()),
    }
}
