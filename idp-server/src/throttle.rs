//! Counting failures where all nodes see them, and judging attempts without asking anybody.
//!
//! A failure is counted in short-lived state, which all nodes share, and in this process, which
//! remembers the higher of the two. An attempt is judged by that memory alone: a sign-on that goes
//! well costs no round trip, and the price is that each node may look at one attempt more before it
//! learns that others have reached the limit. When the shared state is away, the count of this
//! process goes on by itself; there is no state of things in which nothing is counted. So long as
//! many nodes admit as many times as much, and no more: what they had counted together before is
//! remembered by each that saw it.
//!
//! The challenge before an attempt goes by this memory, too: each node may look at one more without
//! it. What is capped (see [`Throttle::admits`]) waits for the common count.

use std::time::Instant;

use idp_core::authentication::{
    inquiry::Cap,
    throttle::{Attempt, Counter, Limit, Limits, Verdict},
};

use crate::config;
use crate::ephemeral::{Count, Counters, Ephemeral, Key};

/// Memory for the counters of this process: some thirty thousand of them.
const COUNTER_BYTES: usize = 8 * 1024 * 1024;

/// How many sites may be broken at one address before their neighbours have to wait too.
const SITES_AT_ONE_ADDRESS: u32 = 4;

/// Makes whoever keeps failing wait.
///
/// Its caller asks [`Self::judge`] before an attempt is looked at, tells [`Self::failed`] of every
/// attempt that is refused for whatever reason (an unknown name, a lock, a wrong password: if only
/// some counted, the count would tell which), and asks [`Self::judge`] again before a success is
/// granted. The second question is for a burst: of a thousand attempts sent at once, all pass the
/// first before any has failed, and those that come out right after the limit must not be told so.
pub struct Throttle {
    common: Ephemeral,
    here: Counters,
    limits: Limits,
}

impl Throttle {
    /// A throttle that shares its counts through `common`.
    pub fn new(common: Ephemeral, limits: Limits) -> Self {
        Self { common, here: Counters::with_capacity(COUNTER_BYTES), limits }
    }

    /// Whether `attempt` may be looked at, or its success granted.
    pub fn judge(&self, attempt: Attempt<'_>) -> Verdict {
        let now = Instant::now();
        attempt.counters(&self.limits).iter().fold(Verdict::Go, |verdict, counter| {
            let count = self.here.peek(&key(counter), now);
            verdict.and(counter.limit.judge(count.hits, count.resets_in))
        })
    }

    /// Whether there have been so many failures that a challenge comes before `attempt`.
    pub fn challenges(&self, attempt: Attempt<'_>) -> bool {
        let now = Instant::now();
        let counted =
            attempt.counters(&self.limits).map(|one| self.here.peek(&key(&one), now).hits);
        attempt.is_challenged(&self.limits, counted)
    }

    /// Counts a refused attempt, and says whether the next one will have to wait.
    pub async fn failed(&self, attempt: Attempt<'_>) -> Verdict {
        let [one, other] = attempt.counters(&self.limits);
        // At once, so that the wait for an absent Redis is not paid twice.
        let (one, other) = tokio::join!(self.count(&one), self.count(&other));
        one.and(other)
    }

    /// Counts something under each of its caps, in their order, until one of them is reached; says
    /// whether none was. What one cap refuses is not counted by the next.
    pub async fn admits(&self, caps: &[Cap]) -> bool {
        for cap in caps {
            let count = self.hit(cap.rule, &cap.of, cap.limit).await;
            if !cap.admits(count.hits) {
                return false;
            }
        }
        true
    }

    async fn count(&self, counter: &Counter) -> Verdict {
        let count = self.hit(counter.rule, &counter.of, counter.limit).await;
        counter.limit.judge(count.hits, count.resets_in)
    }

    /// Counts over all nodes; while what they share is away, on this one.
    async fn hit(&self, rule: &'static str, of: &[String], limit: Limit) -> Count {
        let key = Key::throttle(rule, of);
        let count = self.here.count(&key, limit.window, Instant::now());
        match self.common.count(&key, limit.window).await {
            Ok(common) if common.hits > count.hits => {
                self.here.raise(&key, common, Instant::now());
                common
            }
            Ok(_) => count,
            Err(error) => {
                tracing::warn!(%error, rule, "counted on this node only");
                count
            }
        }
    }
}

/// The limits that the operator has set, and our own for what is not set.
pub fn limits(config: &config::Throttle) -> Limits {
    let usual = Limits::default();
    let window = config.window.to_std().unwrap_or(usual.client_from_network.window);
    let limit = |failures| Limit { failures, window };
    Limits {
        sign_ins_from_network: limit(config.sign_in_failures),
        client_from_network: limit(config.client_failures),
        clients_from_network: limit(config.client_failures.saturating_mul(SITES_AT_ONE_ADDRESS)),
        ..usual
    }
}

fn key(counter: &Counter) -> Key {
    Key::throttle(counter.rule, &counter.of)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use idp_core::authentication::{inquiry::caps, throttle::Verdict::*};
    use prometheus_client::metrics::counter::Counter;
    use secrecy::SecretString;

    use super::*;
    use crate::ephemeral::{Embedded, Redis};

    fn all(failures: u32, window: Duration) -> Limits {
        let limit = Limit { failures, window };
        Limits {
            sign_ins_from_network: limit,
            sign_ins_with_user_id: limit,
            client_from_network: limit,
            clients_from_network: limit,
        }
    }

    fn embedded() -> Ephemeral {
        Ephemeral::Embedded(Arc::new(Embedded::new()))
    }

    fn away() -> Ephemeral {
        let url = SecretString::from("redis://127.0.0.1:9");
        Ephemeral::Redis(Redis::open(&url, None, "", Counter::default()).unwrap())
    }

    fn sign_in(user_id: &str) -> Attempt<'_> {
        Attempt::SignIn { address: IpAddr::from([192, 0, 2, 1]), user_id }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn the_third_failure_makes_the_fourth_attempt_wait() {
        let throttle = Throttle::new(embedded(), all(3, MINUTE));
        for (user_id, waits) in [("a", false), ("b", false), ("c", true)] {
            assert_eq!(throttle.judge(sign_in(user_id)), Go);
            assert_eq!(throttle.failed(sign_in(user_id)).await != Go, waits);
        }
        assert!(matches!(throttle.judge(sign_in("d")), Wait { seconds: 1..=60 }));
    }

    #[test]
    fn the_operator_sets_the_limits() {
        let window = chrono::TimeDelta::minutes(10);
        let config = config::Throttle { window, sign_in_failures: 100, client_failures: 20 };
        let (limits, window) = (limits(&config), Duration::from_secs(600));
        assert_eq!(limits.sign_ins_from_network, Limit { failures: 100, window });
        assert_eq!(limits.client_from_network, Limit { failures: 20, window });
        assert_eq!(limits.clients_from_network, Limit { failures: 80, window });
    }

    #[tokio::test]
    async fn judging_counts_nothing() {
        let throttle = Throttle::new(embedded(), all(1, MINUTE));
        for _ in 0..100 {
            assert_eq!(throttle.judge(sign_in("a")), Go);
        }
    }

    #[tokio::test]
    async fn the_wait_ends_with_the_window() {
        let throttle = Throttle::new(embedded(), all(1, Duration::from_millis(200)));
        assert_eq!(throttle.failed(sign_in("a")).await, Wait { seconds: 1 });
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert_eq!(throttle.judge(sign_in("a")), Go);
    }

    #[tokio::test]
    async fn nodes_share_their_counts_and_overshoot_by_one_attempt_each() {
        let common = embedded();
        let nodes = [0, 1].map(|_| Throttle::new(common.clone(), all(3, MINUTE)));
        let [here, there] = &nodes;
        for _ in 0..3 {
            here.failed(sign_in("a")).await;
        }
        assert_ne!(here.judge(sign_in("a")), Go);
        assert_eq!(there.judge(sign_in("a")), Go, "it has not heard yet");
        assert_ne!(there.failed(sign_in("a")).await, Go);
        assert_ne!(there.judge(sign_in("a")), Go);
    }

    /// 22.2
    #[tokio::test]
    async fn caps_are_common_to_all_nodes_and_count_only_what_the_one_before_let_pass() {
        let address = IpAddr::from([192, 0, 2, 1]);
        let common = embedded();
        let nodes = [0, 1].map(|_| Throttle::new(common.clone(), all(3, MINUTE)));
        let mut admitted = 0;
        for turn in 0..20 {
            admitted += u32::from(nodes[turn % 2].admits(&caps(address, "ana", 7)).await);
        }
        assert_eq!(admitted, 5, "five from one place, over both");
        for (name, expected) in [("marcus", true), ("grace", true), ("noor", false)] {
            assert_eq!(nodes[0].admits(&caps(address, name, 7)).await, expected, "{name}");
        }
    }

    #[tokio::test]
    async fn without_redis_caps_hold_on_each_node() {
        let address = IpAddr::from([192, 0, 2, 1]);
        let throttle = Throttle::new(away(), all(3, MINUTE));
        let mut admitted = 0;
        for _ in 0..8 {
            admitted += u32::from(throttle.admits(&caps(address, "ana", 100)).await);
        }
        assert_eq!(admitted, 5);
    }

    #[tokio::test]
    async fn without_redis_this_node_counts_alone() {
        let throttle = Throttle::new(away(), all(3, MINUTE));
        for waits in [false, false, true] {
            assert_eq!(throttle.failed(sign_in("a")).await != Go, waits);
        }
        assert_ne!(throttle.judge(sign_in("a")), Go);
    }
}
