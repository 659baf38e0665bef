//! Hashing of passwords: Argon2id on threads of its own, and no more at once than permitted.
//!
//! A hash takes tens of milliseconds and tens of megabytes on purpose. So a fixed number of
//! threads (`password.permits`) each keep one piece of memory and hash one password at a time; a
//! bounded queue waits before them, and whoever finds it full, or waits in it for two seconds, is
//! told [`PasswordError::Busy`]. A storm of sign-ins thus takes neither the memory nor the threads
//! of anything else: all hashing together needs `permits` × `memory_kib`, and no more. And the threads
//! stand back: a token that is asked for meanwhile is made first.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread,
    time::{Duration, Instant},
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use aws_lc_rs::constant_time;
use idp_core::authentication::password_policy::Password;
use tokio::sync::oneshot;

use crate::{
    config::{self, HashCost},
    metrics::PasswordMetrics,
    random::Random,
};

/// The longest that a password waits for its turn (security.md 22.1).
pub const MAX_WAIT: Duration = Duration::from_secs(2);

/// What a `Retry-After` should say after [`PasswordError::Busy`], in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 5;

/// How far a thread that hashes stands back behind all others, from 0 (not at all) to 19.
const NICENESS: i32 = 10;

/// A stored hash may have been made at another cost, but at none beyond these: a row that somebody
/// tampered with must not be able to take the machine's memory.
const MOST: HashCost = HashCost { memory_kib: 262_144, passes: 16, lanes: 16 };

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    #[error("Argon2 refused: {0}")]
    Argon2(#[from] argon2::Error),
    #[error("the thread that hashed is gone")]
    Gone,
    #[error("a stored password hash cannot be read")]
    UnreadableHash,
}

/// The outcome of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whether it is the password.
    pub matches: bool,
    /// Whether it is, and its hash was made at another cost than today's: store a new one.
    pub needs_renewal: bool,
}

/// The pool. Cheap to clone; the threads end with its last clone.
#[derive(Clone)]
pub struct Passwords {
    queue: SyncSender<Job>,
    cost: Argon2Cost,
    metrics: PasswordMetrics,
    random: Random,
}

/// Today's cost, in the form that Argon2 takes.
#[derive(Clone)]
struct Argon2Cost {
    params: Params,
}

/// One hash to be computed.
struct Job {
    password: Password,
    params: Params,
    salt: Vec<u8>,
    length: usize,
    asked_at: Instant,
    answer: oneshot::Sender<Result<Vec<u8>, PasswordError>>,
}

/// A stored hash, taken apart.
struct Stored {
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Passwords {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`StartError`] if the cost is none that Argon2 knows, or a thread cannot be started.
    pub fn start(
        settings: &config::Password,
        metrics: PasswordMetrics,
        random: Random,
    ) -> Result<Self, StartError> {
        let cost = Argon2Cost::new(settings.cost)?;
        let (queue, jobs) = mpsc::sync_channel(settings.queue_limit);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..settings.permits {
            let (jobs, metrics) = (Arc::clone(&jobs), metrics.clone());
            let blocks = cost.params.block_count();
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&jobs, blocks, &metrics))?;
        }
        Ok(Self { queue, cost, metrics, random })
    }

    /// Hashes a new password, with a salt of its own, into a PHC string.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] if too many are waiting.
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        let salt = self.random.bytes::<16>().to_vec();
        let length = Params::DEFAULT_OUTPUT_LEN;
        let hash = self.run(password, self.cost.params.clone(), salt.clone(), length).await?;
        phc(&self.cost.params, &salt, &hash).ok_or(PasswordError::UnreadableHash)
    }

    /// Compares a password with a stored hash, in constant time.
    ///
    /// Without a hash (an unknown person, or one who has no password yet) it does the same work
    /// at today's cost and says no, so that nobody can tell by the time who exists.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] if too many are waiting; [`PasswordError::UnreadableHash`], after
    /// the same work, if `stored` is no Argon2id hash.
    pub async fn verify(
        &self,
        stored: Option<&str>,
        password: Password,
    ) -> Result<Verified, PasswordError> {
        let no = Verified { matches: false, needs_renewal: false };
        let readable = stored.map(Stored::read);
        let Some(Some(stored)) = readable else {
            let (params, salt) = (self.cost.params.clone(), self.random.bytes::<16>().to_vec());
            self.run(password, params, salt, Params::DEFAULT_OUTPUT_LEN).await?;
            return if readable.is_none() { Ok(no) } else { Err(PasswordError::UnreadableHash) };
        };
        let needs_renewal = !self.cost.is_of(&stored);
        let length = stored.hash.len();
        let hash = self.run(password, stored.params, stored.salt, length).await?;
        let matches = constant_time::verify_slices_are_equal(&hash, &stored.hash).is_ok();
        Ok(Verified { matches, needs_renewal: matches && needs_renewal })
    }

    /// Queues a job and waits for its answer, without holding a thread.
    async fn run(
        &self,
        password: Password,
        params: Params,
        salt: Vec<u8>,
        length: usize,
    ) -> Result<Vec<u8>, PasswordError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { password, params, salt, length, asked_at: Instant::now(), answer };
        self.metrics.waiting.inc();
        let outcome = match self.queue.try_send(job) {
            Ok(()) => answered.await.unwrap_or(Err(PasswordError::Gone)),
            Err(error) => {
                self.metrics.waiting.dec();
                Err(match error {
                    TrySendError::Full(_) => PasswordError::Busy,
                    TrySendError::Disconnected(_) => PasswordError::Gone,
                })
            }
        };
        if matches!(outcome, Err(PasswordError::Busy)) {
            self.metrics.turned_away.inc();
        }
        outcome
    }
}

/// Why the pool could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the cost in [password] is none that Argon2 knows: {0}")]
    Cost(#[from] argon2::Error),
    #[error("a thread for hashing passwords cannot be started: {0}")]
    Thread(#[from] io::Error),
}

/// The life of one thread: it ends when nobody can send a job any more. Its memory is taken with
/// the first job and kept for the next ones, at `usual` blocks.
fn work(jobs: &Mutex<Receiver<Job>>, usual: usize, metrics: &PasswordMetrics) {
    stand_back();
    let mut memory = Vec::new();
    loop {
        // One thread waits for a job, the others for the lock: a job goes to one of them.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        metrics.waiting.dec();
        if job.answer.is_closed() {
            continue; // the browser has gone away meanwhile
        }
        if job.asked_at.elapsed() > MAX_WAIT {
            let _ = job.answer.send(Err(PasswordError::Busy));
            continue;
        }
        metrics.hashing.inc();
        let began = Instant::now();
        let hash = job.compute(&mut memory);
        metrics.seconds.inc_by(began.elapsed().as_secs_f64());
        metrics.hashing.dec();
        metrics.hashed.inc();
        // Whoever asked may have gone away: there is nobody to tell, then.
        let _ = job.answer.send(hash);
        if memory.len() > usual {
            memory.truncate(usual);
            memory.shrink_to_fit();
        }
    }
}

/// Lets every other thread go first. Where the system does not allow it, hashing is as good as ever.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS)
    {
        tracing::debug!(%error, "a thread that hashes passwords keeps its priority");
    }
}

impl Job {
    fn compute(&self, memory: &mut Vec<Block>) -> Result<Vec<u8>, PasswordError> {
        let blocks = self.params.block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::default()); // the first job, or a hash of costlier days
        }
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let mut hash = vec![0; self.length];
        let (password, memory) = (self.password.as_bytes(), memory.as_mut_slice());
        argon2.hash_password_into_with_memory(password, &self.salt, &mut hash, memory)?;
        Ok(hash)
    }
}

impl Argon2Cost {
    fn new(cost: HashCost) -> Result<Self, argon2::Error> {
        Ok(Self { params: Params::new(cost.memory_kib, cost.passes, cost.lanes, None)? })
    }

    /// Whether a stored hash was made at this cost.
    fn is_of(&self, stored: &Stored) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        cost(&self.params) == cost(&stored.params)
            && stored.hash.len() == Params::DEFAULT_OUTPUT_LEN
    }
}

impl Stored {
    /// Reads a PHC string; `None` unless it is an Argon2id hash of the current version and of a
    /// cost that we are willing to pay.
    fn read(text: &str) -> Option<Self> {
        let parsed = PasswordHash::new(text).ok()?;
        let is_ours = parsed.algorithm == Algorithm::Argon2id.ident()
            && parsed.version == Some(Version::V0x13.into());
        let params = Params::try_from(&parsed).ok().filter(|params| {
            params.m_cost() <= MOST.memory_kib
                && params.t_cost() <= MOST.passes
                && params.p_cost() <= MOST.lanes
        });
        is_ours.then_some(Self {
            params: params?,
            salt: parsed.salt?.to_vec(),
            hash: parsed.hash?.as_bytes().to_vec(),
        })
    }
}

fn phc(params: &Params, salt: &[u8], hash: &[u8]) -> Option<String> {
    let parts = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(hash).ok()?),
    };
    Some(parts.to_string())
}

#[cfg(test)]
mod tests;
