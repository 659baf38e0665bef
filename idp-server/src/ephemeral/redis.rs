//! Short-lived state in a Redis that all nodes share.
//!
//! Every operation is one command on one key, so it is atomic over all nodes and at home in a
//! cluster. The server must run with `maxmemory-policy noeviction`: any other policy may forget a
//! replay mark to make room, which is the one thing that must not happen; full, it refuses.

use prometheus_client::metrics::counter::Counter;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError, Script, TlsCertificates};
use secrecy::{ExposeSecret, SecretString};

use super::counters::Count;
use super::error::{Cause, EphemeralError};
use super::key::Key;

/// How long one operation may take, waiting for a connection included. A person waits for this.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);

/// How long to wait before the one retry of a refused connection.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// Counts, and gives the window its end: on the first hit, and should it ever have lost it.
const COUNT: &str = "local hits = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {hits, left}";

/// Keeps a value in place of the one that is expected, and says whether it was that one.
const REPLACE: &str = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1";

/// A connection to Redis that is shared by all clones and restores itself.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    count: Arc<Script>,
    replace: Arc<Script>,
    prefix: Arc<str>,
    commands: Counter,
}

impl Redis {
    /// Prepares a connection to `url` (`redis://` or `rediss://`). It is opened by the first
    /// operation, so that a node can start, and say that it is not ready, while Redis is away.
    ///
    /// `ca` is a certificate authority in PEM to trust instead of the system's; `prefix` stands
    /// before every key; `commands` is increased with every command that is sent.
    ///
    /// # Errors
    /// [`EphemeralError::Unavailable`] if the address or the certificate cannot be used.
    pub fn open(
        url: &SecretString,
        ca: Option<Vec<u8>>,
        prefix: &str,
        commands: Counter,
    ) -> Result<Self, EphemeralError> {
        let url = url.expose_secret();
        let client = match ca {
            Some(pem) => {
                let trusted = TlsCertificates { client_tls: None, root_cert: Some(pem) };
                Client::build_with_tls(url, trusted)?
            }
            None => Client::open(url)?,
        };
        // One quick retry bridges a dropped connection; past it, callers are told at once. The next
        // operation tries anew.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_min_delay(RETRY_AFTER)
            .set_number_of_retries(1);
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            count: Arc::new(Script::new(COUNT)),
            replace: Arc::new(Script::new(REPLACE)),
            prefix: Arc::from(prefix),
            commands,
        })
    }

    /// See [`super::Ephemeral::put`].
    pub(super) async fn put(
        &self,
        key: &Key,
        value: &[u8],
        ttl: Duration,
    ) -> Result<(), EphemeralError> {
        self.send(self.on("SET", key).arg(value).arg("PX").arg(millis(ttl))).await
    }

    /// See [`super::Ephemeral::put_if_absent`].
    pub(super) async fn put_if_absent(
        &self,
        key: &Key,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        // `OK`, or nothing when something lives there.
        self.send(self.on("SET", key).arg(value).arg("NX").arg("PX").arg(millis(ttl))).await
    }

    /// See [`super::Ephemeral::replace`].
    pub(super) async fn replace(
        &self,
        key: &Key,
        before: &[u8],
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        self.commands.inc();
        let mut connection = self.connection.clone();
        let mut call = self.replace.key(self.name(key));
        call.arg(before).arg(value).arg(millis(ttl));
        in_time(call.invoke_async(&mut connection)).await
    }

    /// See [`super::Ephemeral::get`].
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, EphemeralError> {
        self.send(&self.on("GET", key)).await
    }

    /// See [`super::Ephemeral::take`].
    pub(super) async fn take(&self, key: &Key) -> Result<Option<Vec<u8>>, EphemeralError> {
        self.send(&self.on("GETDEL", key)).await
    }

    /// See [`super::Ephemeral::remove`].
    pub(super) async fn remove(&self, key: &Key) -> Result<(), EphemeralError> {
        self.send(&self.on("DEL", key)).await
    }

    /// See [`super::Ephemeral::count`].
    pub(super) async fn count(&self, key: &Key, window: Duration) -> Result<Count, EphemeralError> {
        self.commands.inc();
        let mut connection = self.connection.clone();
        let mut call = self.count.key(self.name(key));
        call.arg(millis(window));
        let (hits, left): (u64, u64) = in_time(call.invoke_async(&mut connection)).await?;
        Ok(Count { hits, resets_in: Duration::from_millis(left) })
    }

    /// See [`super::Ephemeral::ping`].
    pub(super) async fn ping(&self) -> Result<(), EphemeralError> {
        self.send(&redis::cmd("PING")).await
    }

    /// See [`super::Ephemeral::may_forget`].
    pub(super) async fn may_forget(&self) -> Result<bool, EphemeralError> {
        // Hosted servers refuse `CONFIG GET`, but not this.
        let info: String = self.send(redis::cmd("INFO").arg("memory")).await?;
        Ok(evicts(&info))
    }

    fn on(&self, command: &str, key: &Key) -> Cmd {
        let mut command = redis::cmd(command);
        command.arg(self.name(key));
        command
    }

    fn name(&self, key: &Key) -> String {
        format!("{}{}", self.prefix, key.as_str())
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, EphemeralError> {
        self.commands.inc();
        let mut connection = self.connection.clone();
        in_time(command.query_async(&mut connection)).await
    }
}

/// Waits no longer than [`RESPONSE_TIMEOUT`], whatever the operation is waiting for.
async fn in_time<T>(
    answer: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, EphemeralError> {
    match tokio::time::timeout(RESPONSE_TIMEOUT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(EphemeralError::Unavailable(Cause::NoAnswer)),
    }
}

fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a server that says this about its memory drops keys before their time.
fn evicts(info: &str) -> bool {
    let value = |name| {
        info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    value("maxmemory") != Some("0") && value("maxmemory_policy") != Some("noeviction")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_makes_room_by_forgetting_is_told_from_one_that_does_not() {
        for (memory, policy, expected) in [
            ("0", "noeviction", false),
            ("0", "allkeys-lru", false),
            ("1048576", "noeviction", false),
            ("1048576", "allkeys-lru", true),
            ("1048576", "volatile-ttl", true),
        ] {
            let info = format!("# Memory\r\nmaxmemory:{memory}\r\nmaxmemory_policy:{policy}\r\n");
            assert_eq!(evicts(&info), expected, "{info}");
        }
        assert!(evicts("nothing that we understand"));
    }
}
