//! What both implementations of short-lived state keep to.
//!
//! The embedded one is always tried. The shared one is tried when `HILUM_TEST_REDIS` holds the
//! address of a server; `make test` starts one.

use prometheus_client::metrics::counter::Counter;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use idp_core::secret::SecretDigest;
use secrecy::SecretString;

use super::embedded::Limits;
use super::{Embedded, Ephemeral, Key, Redis};

/// Long enough for the steps of a test, short enough to wait for.
const TTL: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(600);

fn code(text: &str) -> Key {
    Key::code(&SecretDigest::of(text))
}

/// A store, and how time passes for it.
struct Subject {
    store: Ephemeral,
    skipped: Option<Arc<Mutex<Duration>>>,
    commands: Counter,
}

impl Subject {
    fn embedded() -> Self {
        let (skipped, start) = (Arc::new(Mutex::new(Duration::ZERO)), Instant::now());
        let ticks = {
            let skipped = Arc::clone(&skipped);
            Arc::new(move || start + *skipped.lock().unwrap())
        };
        let limits = Limits { value: 1_000_000, losable: 1_000_000, counter: 1_000_000 };
        let store = Embedded::with_limits(limits, ticks);
        let store = Ephemeral::Embedded(Arc::new(store));
        Self { store, skipped: Some(skipped), commands: Counter::default() }
    }

    /// A prefix of its own keeps the tests out of each other's way.
    fn redis(url: String, prefix: &str) -> Self {
        let (commands, url) = (Counter::default(), SecretString::from(url));
        let prefix = format!("test:{}:{prefix}:", std::process::id());
        let store = Redis::open(&url, None, &prefix, commands.clone()).unwrap();
        Self { store: Ephemeral::Redis(store), skipped: None, commands }
    }

    fn all(test: &str) -> Vec<Self> {
        let redis = std::env::var("HILUM_TEST_REDIS").ok().map(|url| Self::redis(url, test));
        [Some(Self::embedded()), redis].into_iter().flatten().collect()
    }

    async fn wait(&self, time: Duration) {
        match &self.skipped {
            Some(skipped) => *skipped.lock().unwrap() += time,
            None => tokio::time::sleep(time).await,
        }
    }
}

#[tokio::test]
async fn a_value_is_kept_until_its_time_is_over() {
    for subject in Subject::all("kept") {
        let (store, key) = (&subject.store, Key::transaction("a"));
        assert_eq!(store.get(&key).await.unwrap(), None);
        store.put(&key, b"\0\xff one", TTL).await.unwrap();
        store.put(&key, b"\0\xff two", TTL).await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&b"\0\xff two"[..]));
        subject.wait(TTL + Duration::from_millis(50)).await;
        assert_eq!(store.get(&key).await.unwrap(), None);
        assert_eq!(store.take(&key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_empty_value_is_a_value() {
    for subject in Subject::all("empty") {
        let (store, key) = (&subject.store, Key::transaction("a"));
        store.put(&key, b"", LONG).await.unwrap();
        assert_eq!(store.take(&key).await.unwrap(), Some(Vec::new()));
        assert_eq!(store.take(&key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn putting_again_starts_the_time_anew() {
    for subject in Subject::all("time") {
        let (store, again) = (&subject.store, code("a"));
        store.put(&again, b"1", TTL).await.unwrap();
        subject.wait(TTL / 2).await;
        store.put(&again, b"2", TTL).await.unwrap();
        subject.wait(TTL * 3 / 4).await;
        assert_eq!(store.get(&again).await.unwrap().as_deref(), Some(&b"2"[..]));
    }
}

#[tokio::test]
async fn a_mark_is_set_once_until_its_time_is_over() {
    for subject in Subject::all("mark") {
        let (store, key) = (&subject.store, Key::assertion("client", "jti"));
        assert!(store.put_if_absent(&key, b"1", TTL).await.unwrap());
        assert!(!store.put_if_absent(&key, b"2", LONG).await.unwrap());
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&b"1"[..]));
        subject.wait(TTL + Duration::from_millis(50)).await;
        assert!(store.put_if_absent(&key, b"3", TTL).await.unwrap());
    }
}

#[tokio::test]
async fn a_value_is_replaced_only_where_it_is_the_expected_one() {
    for subject in Subject::all("replace") {
        let (store, key) = (&subject.store, Key::recovery("a"));
        assert!(!store.replace(&key, b"", b"1", LONG).await.unwrap(), "nothing is there");
        store.put(&key, b"\0\xff one", LONG).await.unwrap();
        assert!(!store.replace(&key, b"one", b"two", LONG).await.unwrap());
        assert!(store.replace(&key, b"\0\xff one", b"two", TTL).await.unwrap());
        assert!(!store.replace(&key, b"\0\xff one", b"three", LONG).await.unwrap());
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&b"two"[..]));
        subject.wait(TTL + Duration::from_millis(50)).await;
        assert!(!store.replace(&key, b"two", b"four", LONG).await.unwrap(), "its time is over");
        assert_eq!(store.get(&key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_is_removed_is_gone_and_removing_nothing_is_fine() {
    for subject in Subject::all("remove") {
        let (store, key) = (&subject.store, Key::transaction("a"));
        store.remove(&key).await.unwrap();
        store.put(&key, b"1", LONG).await.unwrap();
        store.remove(&key).await.unwrap();
        assert_eq!(store.get(&key).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_take_at_once_exactly_one_wins() {
    for subject in Subject::all("race") {
        for round in 0..100 {
            let key = code(&round.to_string());
            subject.store.put(&key, b"grant", LONG).await.unwrap();
            let winners = race(&subject.store, move |store| {
                let key = key.clone();
                async move { store.take(&key).await.unwrap().is_some() }
            });
            assert_eq!(winners.await, 1, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_set_a_mark_at_once_exactly_one_wins() {
    for subject in Subject::all("mark-race") {
        for round in 0..100 {
            let key = Key::assertion("client", &round.to_string());
            let winners = race(&subject.store, move |store| {
                let key = key.clone();
                async move { store.put_if_absent(&key, b"", LONG).await.unwrap() }
            });
            assert_eq!(winners.await, 1, "round {round}");
        }
    }
}

/// How many of eight tasks at once are told `true`.
async fn race<F>(store: &Ephemeral, attempt: impl Fn(Ephemeral) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(attempt(store.clone()))).collect();
    let mut winners = 0;
    for task in tasks {
        winners += usize::from(task.await.unwrap());
    }
    winners
}

#[tokio::test]
async fn a_window_is_counted_and_not_prolonged() {
    for subject in Subject::all("window") {
        let (store, key) = (&subject.store, Key::throttle("test", &["a"]));
        for hits in 1..=3 {
            let count = store.count(&key, TTL).await.unwrap();
            assert_eq!(count.hits, hits);
            assert!(Duration::ZERO < count.resets_in && count.resets_in <= TTL, "{count:?}");
        }
        subject.wait(TTL / 2).await;
        let count = store.count(&key, TTL).await.unwrap();
        assert_eq!(count.hits, 4);
        assert!(count.resets_in <= TTL / 2, "{count:?}");
        subject.wait(TTL / 2 + Duration::from_millis(50)).await;
        assert_eq!(store.count(&key, TTL).await.unwrap().hits, 1);
    }
}

#[tokio::test]
async fn a_time_to_live_of_nothing_or_of_forever_is_moved_to_a_bound() {
    for subject in Subject::all("bounds") {
        let (store, key) = (&subject.store, code("a"));
        for ttl in [Duration::ZERO, Duration::MAX] {
            store.put(&key, b"1", ttl).await.unwrap();
            store.count(&Key::throttle("test", &["a"]), ttl).await.unwrap();
        }
        assert!(store.get(&key).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn every_command_sent_is_counted() {
    for subject in Subject::all("commands") {
        let (store, key) = (&subject.store, code("a"));
        store.ping().await.unwrap();
        store.put(&key, b"1", TTL).await.unwrap();
        store.get(&key).await.unwrap();
        store.take(&key).await.unwrap();
        let expected = if matches!(store, Ephemeral::Redis(_)) { 4 } else { 0 };
        assert_eq!(subject.commands.get(), expected);
    }
}

#[tokio::test]
async fn the_store_does_not_forget_to_make_room() {
    for subject in Subject::all("forget") {
        assert!(!subject.store.may_forget().await.unwrap());
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_away_in_time() {
    // Nobody listens on the discard port; the second address is never answered (RFC 5737 §3).
    for url in ["redis://127.0.0.1:9", "redis://192.0.2.1:6379"] {
        let (store, begun) = (Subject::redis(url.to_owned(), "away").store, Instant::now());
        assert!(store.take(&code("a")).await.is_err());
        assert!(store.put_if_absent(&code("a"), b"", TTL).await.is_err());
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_said_to_be_away_in_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let (store, begun) = (Subject::redis(url, "silent").store, Instant::now());
    assert!(store.ping().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
