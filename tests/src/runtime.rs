//! One runtime for all tests, and waiting without sleeping blindly.

use std::{
    future::Future,
    sync::LazyLock,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};

/// Shared by all tests, so that they can share connections and servers.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime starts")
});

/// Runs a test.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}

/// Asks again until the answer is there. `what` says what was awaited when it never comes.
///
/// # Panics
/// After half a minute: far longer than anything here takes on a busy machine.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
