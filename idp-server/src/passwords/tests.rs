use std::sync::atomic::{AtomicBool, Ordering};

use argon2::password_hash::PasswordVerifier as _;
use futures_util::future::join_all;

use super::*;

fn settings(permits: usize, queue_limit: usize, memory_kib: u32) -> config::Password {
    config::Password {
        policy: idp_core::authentication::password_policy::PasswordPolicy::COMMUNITY,
        cost: HashCost { memory_kib, passes: 2, lanes: 1 },
        permits,
        queue_limit,
    }
}

/// A pool that is cheap enough for tests.
fn pool(permits: usize, queue_limit: usize) -> (Passwords, PasswordMetrics) {
    let metrics = PasswordMetrics::default();
    let settings = settings(permits, queue_limit, 256);
    (Passwords::start(&settings, metrics.clone(), Random::new()).unwrap(), metrics)
}

fn typed(text: &str) -> Password {
    Password::typed(text).unwrap()
}

#[tokio::test]
async fn a_password_matches_its_own_hash_only() {
    let (pool, _) = pool(1, 8);
    let stored = pool.hash(typed("Hilum-demo-2026")).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=256,t=2,p=1$"), "{stored}");
    let yes = pool.verify(Some(&stored), typed("Hilum-demo-2026")).await.unwrap();
    assert_eq!(yes, Verified { matches: true, needs_renewal: false });
    let no = pool.verify(Some(&stored), typed("Hilum-demo-2027")).await.unwrap();
    assert_eq!(no, Verified { matches: false, needs_renewal: false });
    assert_ne!(pool.hash(typed("Hilum-demo-2026")).await.unwrap(), stored, "its own salt");
}

#[tokio::test]
async fn nothing_of_a_long_password_is_cut_off() {
    let (pool, _) = pool(1, 8);
    let common = "\u{1f511}".repeat(23);
    let stored = pool.hash(typed(&format!("{common}\u{1f512}"))).await.unwrap();
    let other = pool.verify(Some(&stored), typed(&format!("{common}\u{1f513}"))).await.unwrap();
    assert!(!other.matches);
}

#[tokio::test]
async fn another_argon2_agrees() {
    let (pool, _) = pool(1, 8);
    let stored = pool.hash(typed("Hilum-demo-2026")).await.unwrap();
    assert!(Argon2::default().verify_password(b"Hilum-demo-2026", &*stored).is_ok());
    // From the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536
    let reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                     $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert!(pool.verify(Some(reference), typed("password")).await.unwrap().matches);
}

#[tokio::test]
async fn a_hash_of_another_cost_still_matches_and_asks_to_be_renewed() {
    let (old, _) = pool(1, 8);
    let stored = old.hash(typed("Hilum-demo-2026")).await.unwrap();
    let today = settings(1, 8, 512);
    let today = Passwords::start(&today, PasswordMetrics::default(), Random::new()).unwrap();
    let yes = today.verify(Some(&stored), typed("Hilum-demo-2026")).await.unwrap();
    assert_eq!(yes, Verified { matches: true, needs_renewal: true });
    let no = today.verify(Some(&stored), typed("wrong")).await.unwrap();
    assert_eq!(no, Verified { matches: false, needs_renewal: false });
}

#[tokio::test]
async fn an_unknown_person_costs_as_much_as_a_wrong_password() {
    let (pool, metrics) = pool(1, 8);
    let stored = pool.hash(typed("Hilum-demo-2026")).await.unwrap();
    for stored in [None, Some(&*stored)] {
        let before = metrics.hashed.get();
        assert!(!pool.verify(stored, typed("wrong")).await.unwrap().matches);
        assert_eq!(metrics.hashed.get() - before, 1, "{stored:?}");
    }
}

#[tokio::test]
async fn an_unreadable_or_ruinous_hash_is_an_error_after_the_usual_work() {
    let (pool, metrics) = pool(1, 8);
    for stored in [
        "",
        "plain text",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=256,t=1000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ] {
        let before = metrics.hashed.get();
        let outcome = pool.verify(Some(stored), typed("x")).await;
        assert!(matches!(outcome, Err(PasswordError::UnreadableHash)), "{stored}: {outcome:?}");
        assert_eq!(metrics.hashed.get() - before, 1, "{stored}");
    }
}

#[tokio::test]
async fn a_burst_beyond_the_queue_is_told_busy_and_the_rest_is_served() {
    let metrics = PasswordMetrics::default();
    let slow = settings(2, 20, 8_192);
    let pool = Passwords::start(&slow, metrics.clone(), Random::new()).unwrap();

    let done = Arc::new(AtomicBool::new(false));
    let (watched, hashing) = (Arc::clone(&done), metrics.hashing.clone());
    let watch = thread::spawn(move || {
        let mut most = 0;
        while !watched.load(Ordering::Relaxed) {
            most = most.max(hashing.get());
            thread::sleep(Duration::from_micros(200));
        }
        most
    });
    let burst = (0..200).map(|_| pool.verify(None, typed("x")));
    let outcomes = join_all(burst).await;
    done.store(true, Ordering::Relaxed);

    let busy = outcomes.iter().filter(|o| matches!(o, Err(PasswordError::Busy))).count();
    let served = outcomes.iter().filter(|o| o.is_ok()).count();
    assert_eq!(busy + served, 200);
    assert!((20..=22).contains(&served), "queue and permits, not more: {served}");
    assert_eq!(metrics.turned_away.get(), u64::try_from(busy).unwrap());
    assert_eq!(metrics.waiting.get(), 0);
    let most = watch.join().unwrap();
    assert!((1..=2).contains(&most), "never more at once than permitted: {most}");
    assert!(pool.verify(None, typed("x")).await.is_ok(), "the pool lives on");
}

/// Queues a job past [`Passwords::run`], asked at this moment.
fn queue(pool: &Passwords, asked_at: Instant) -> oneshot::Receiver<Result<Vec<u8>, PasswordError>> {
    let (answer, answered) = oneshot::channel();
    let (password, params) = (typed("x"), pool.cost.params.clone());
    let job = Job { password, params, salt: vec![0; 16], length: 32, asked_at, answer };
    pool.metrics.waiting.inc();
    pool.queue.try_send(job).ok().unwrap();
    answered
}

#[tokio::test]
async fn who_has_waited_for_two_seconds_is_told_busy() {
    let (pool, metrics) = pool(1, 8);
    let long_ago = Instant::now().checked_sub(MAX_WAIT + Duration::from_millis(100)).unwrap();
    assert!(matches!(queue(&pool, long_ago).await.unwrap(), Err(PasswordError::Busy)));
    assert_eq!(metrics.hashed.get(), 0, "nothing was hashed for it");
}

#[tokio::test]
async fn who_has_gone_away_costs_nothing() {
    // While the only thread is held up by two costly hashes, two browsers go away.
    let metrics = PasswordMetrics::default();
    let pool = Passwords::start(&settings(1, 8, 32_768), metrics.clone(), Random::new()).unwrap();
    let patient = [queue(&pool, Instant::now()), queue(&pool, Instant::now())];
    drop([queue(&pool, Instant::now()), queue(&pool, Instant::now())]);
    for answered in patient {
        assert!(answered.await.unwrap().is_ok());
    }
    pool.verify(None, typed("z")).await.unwrap();
    assert_eq!(metrics.hashed.get(), 3);
    assert_eq!(metrics.waiting.get(), 0);
}
