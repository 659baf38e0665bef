//! The database as handlers see it: `read` and `write`, each one trip to the blocking pool.
//!
//! Whoever waits for a connection waits as a task and holds no thread; once it has a permit, a
//! connection is there or is opened. A connection that breaks is noticed when it is used, and the
//! work is done once more on a new one, so that a healthy connection costs no extra round trip.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use diesel::Connection as _;
use tokio::{sync::Semaphore, task, time};

use super::{
    AnyConn, StoreError,
    connection::{self, Purpose},
    counting::{Counting, Tally},
};
use crate::config::DatabaseUrl;

/// How a [`Database`] is used.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Connections of this node: all of PostgreSQL's, or SQLite's readers.
    pub connections: u32,
    /// How long a caller waits in all before it is told [`StoreError::Unavailable`].
    pub patience: Duration,
}

impl Default for Settings {
    /// 8 connections; 2 seconds (security 23.1).
    fn default() -> Self {
        Self { connections: 8, patience: Duration::from_secs(2) }
    }
}

/// How often work that met contention is done anew.
const ATTEMPTS: u32 = 8;
/// How long before a second attempt; each further one waits twice as long.
const PAUSE: Duration = Duration::from_millis(5);
/// A connection is closed when it is this old, so that a cluster can be rebalanced.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Database {
    url: Arc<DatabaseUrl>,
    tally: Tally,
    patience: Duration,
    readers: Arc<Pool>,
    writers: Arc<Pool>,
}

/// Idle connections and as many permits as there may be connections.
struct Pool {
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    conn: AnyConn,
    opened_at: Instant,
}

impl Pool {
    fn new(connections: u32) -> Arc<Self> {
        let permits = usize::try_from(connections.max(1)).unwrap_or(1);
        Arc::new(Self { permits: Arc::new(Semaphore::new(permits)), idle: Mutex::default() })
    }

    fn take(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.opened_at.elapsed() < LIFETIME);
        idle.pop()
    }

    fn give_back(&self, conn: Idle) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
    }

    /// Forgets all idle connections: where one broke, the others have as well.
    fn forget(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What an attempt led to when it led to no answer.
enum Failed {
    /// Nothing was changed; the connection is gone.
    ConnectionLost,
    /// Nothing was changed; somebody else was in the way.
    Contention,
    /// Trying again would not help, or it is not known whether the change was kept.
    For(StoreError),
}

impl Database {
    /// A handle to the database at `url`. Nothing is opened before it is needed.
    #[must_use]
    pub fn new(url: DatabaseUrl, settings: Settings, tally: Tally) -> Self {
        let readers = Pool::new(settings.connections);
        let writers = match &url {
            DatabaseUrl::Postgres(_) => Arc::clone(&readers),
            // SQLite has one writer at a time: better to queue here than to poll its lock.
            DatabaseUrl::Sqlite(_) => Pool::new(1),
        };
        Self { url: Arc::new(url), tally, patience: settings.patience, readers, writers }
    }

    /// The same database for work that takes longer than a page: an import of thousands of people.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// What was counted of requests since the handle was made.
    #[cfg(test)]
    #[must_use]
    pub const fn counters(&self) -> &super::Counters {
        &self.tally.requests
    }

    /// Runs `work`, which only reads. Each of its statements sees what was committed before it.
    ///
    /// # Errors
    /// What `work` returned; [`StoreError::Unavailable`] if there was no answer in time.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConn) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(Purpose::Read, move |conn| work(conn).map_err(|error| blame(conn, error))).await
    }

    /// Runs `work` in one transaction: all of it is kept, or on `Err` nothing. It may run more
    /// than once if others are in its way, so it must have no effect but on `conn`.
    ///
    /// # Errors
    /// What `work` returned; [`StoreError::Unavailable`] if there was no answer in time. Then it
    /// is not known whether the change was kept, as with any network.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConn) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(Purpose::Write, move |conn| in_transaction(conn, &work)).await
    }

    async fn run<T, F>(&self, purpose: Purpose, attempt: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConn) -> Result<T, Failed> + Send + 'static,
    {
        let pool = Arc::clone(match purpose {
            Purpose::Read => &self.readers,
            Purpose::Write => &self.writers,
        });
        let (url, counters) = (Arc::clone(&self.url), self.tally.here().clone());
        let deadline = Instant::now() + self.patience;
        let answer = async move {
            let permit = Arc::clone(&pool.permits).acquire_owned().await.ok();
            let done = task::spawn_blocking(move || {
                let _permit = permit; // held until the work is done, even if nobody waits for it
                let open = || connection::open(&url, purpose);
                let counted = |conn: &mut AnyConn| {
                    conn.set_instrumentation(Counting::into(counters.clone()));
                    attempt(conn)
                };
                attempts(&pool, open, counted, deadline)
            });
            done.await.unwrap_or_else(|failure| {
                tracing::error!(%failure, "work on the database stopped");
                Err(StoreError::Unavailable)
            })
        };
        time::timeout_at(deadline.into(), answer).await.unwrap_or_else(|_| {
            tracing::warn!("the database gave no answer in time");
            Err(StoreError::Unavailable)
        })
    }
}

/// Tries until there is an answer, or until trying makes no sense any more.
fn attempts<T>(
    pool: &Pool,
    open: impl Fn() -> diesel::ConnectionResult<AnyConn>,
    attempt: impl Fn(&mut AnyConn) -> Result<T, Failed>,
    deadline: Instant,
) -> Result<T, StoreError> {
    let (mut pause, mut lost_before) = (PAUSE, false);
    for _ in 0..ATTEMPTS {
        if Instant::now() >= deadline {
            break; // nobody waits for the answer any more
        }
        let mut held = match pool.take() {
            Some(idle) => idle,
            None => match open() {
                Ok(conn) => Idle { conn, opened_at: Instant::now() },
                Err(error) => {
                    tracing::warn!(%error, "no connection to the database");
                    return Err(StoreError::Unavailable);
                }
            },
        };
        match attempt(&mut held.conn) {
            Ok(answer) => {
                pool.give_back(held);
                return Ok(answer);
            }
            Err(Failed::For(error)) => {
                // An unfit connection is dropped with its transaction.
                if !matches!(error, StoreError::Unavailable) {
                    pool.give_back(held);
                }
                return Err(error);
            }
            Err(Failed::Contention) => {
                pool.give_back(held);
                thread::sleep(pause);
                pause *= 2;
            }
            Err(Failed::ConnectionLost) if lost_before => return Err(StoreError::Unavailable),
            Err(Failed::ConnectionLost) => {
                pool.forget();
                lost_before = true;
            }
        }
    }
    Err(StoreError::Unavailable)
}

/// One transaction around `work`.
fn in_transaction<T>(
    conn: &mut AnyConn,
    work: impl Fn(&mut AnyConn) -> Result<T, StoreError>,
) -> Result<T, Failed> {
    connection::begin(conn).map_err(|error| blame(conn, error.into()))?;
    match work(conn) {
        Ok(answer) => {
            commit(conn)?;
            Ok(answer)
        }
        // A server takes back by itself what a vanished connection began.
        Err(_) if connection::roll_back(conn).is_err() => Err(Failed::ConnectionLost),
        Err(error) => Err(blame(conn, error)),
    }
}

fn commit(conn: &mut AnyConn) -> Result<(), Failed> {
    let Err(error) = connection::commit(conn).map_err(StoreError::from) else { return Ok(()) };
    if error.is_contention() {
        return Err(Failed::Contention);
    }
    // The commit may have arrived although its answer did not: never do the work twice.
    tracing::warn!(%error, "a commit failed");
    Err(Failed::For(StoreError::Unavailable))
}

/// What `error` says about the next attempt. Nothing was kept.
fn blame(conn: &mut AnyConn, error: StoreError) -> Failed {
    if error.is_contention() {
        Failed::Contention
    } else if error.is_standby() || error.may_be_connection() && !connection::answers(conn) {
        tracing::warn!(%error, "a connection to the database was lost");
        Failed::ConnectionLost
    } else {
        Failed::For(error)
    }
}
