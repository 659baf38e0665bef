//! The one way in which short-lived state fails.

/// Why short-lived state gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum EphemeralError {
    /// Nothing is known about the key. A caller may ask the person to try again, never go on as if
    /// the answer had been the good one: after a failed `take` the value counts as taken, after a
    /// failed `put_if_absent` the mark counts as seen, because a command whose answer was lost may
    /// have run.
    #[error("short-lived state is unavailable: {0}")]
    Unavailable(#[from] Cause),
}

/// What stood in the way; for the log only, since a caller can do the same about each.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The file of trusted certificates cannot be read.
    #[error("ephemeral.ca_file: {0}")]
    CaFile(#[source] std::io::Error),
    /// The embedded store has reached its limit, and a mark is never forgotten to make room.
    #[error("the embedded store is full")]
    Full,
    /// Redis said nothing within the time limit.
    #[error("no answer from Redis in time")]
    NoAnswer,
    /// Redis, or the way to it, answered with an error.
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
}

impl From<redis::RedisError> for EphemeralError {
    fn from(error: redis::RedisError) -> Self {
        Self::Unavailable(Cause::Redis(error))
    }
}
