use std::collections::HashMap;

use proptest::prelude::*;

use super::{Verdict::*, *};

const LIMIT: Limit = Limit { failures: 3, window: Duration::from_secs(300) };

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_challenge_comes_after_three_failures_of_a_name_or_a_tenth_of_a_networks() {
    let limits = Limits::default();
    let one = Attempt::SignIn { address: ip("192.0.2.1"), user_id: "anybody" };
    for (network, user_id, challenged) in
        [(0, 0, false), (2, 2, false), (0, 3, true), (3, 0, true), (100, 100, true)]
    {
        let found = one.is_challenged(&limits, [network, user_id]);
        assert_eq!(found, challenged, "{network} {user_id}");
    }
    let address = ip("192.0.2.1");
    let site = Attempt::Client { address, client_id: "site" };
    assert!(!site.is_challenged(&limits, [100, 100]), "programs have nobody to solve it");
    let way = Attempt::WayBack { address, about: "anybody" };
    assert!(!way.is_challenged(&limits, [100, 100]), "it began with one");
}

#[test]
fn the_third_failure_of_three_is_the_last_that_is_looked_at() {
    // failures so far, milliseconds left in the window, and what the next attempt is told
    for (failures, millis, expected) in [
        (0, 0, Go),
        (2, 300_000, Go),
        (3, 300_000, Wait { seconds: 300 }),
        (3, 299_001, Wait { seconds: 300 }),
        (3, 1, Wait { seconds: 1 }),
        (3, 0, Go), // the window is over
        (u64::MAX, 60_000, Wait { seconds: 60 }),
    ] {
        let verdict = LIMIT.judge(failures, Duration::from_millis(millis));
        assert_eq!(verdict, expected, "{failures} failures, {millis} ms");
    }
    let nothing_allowed = Limit { failures: 0, ..LIMIT };
    assert_eq!(nothing_allowed.judge(0, LIMIT.window), Go);
}

#[test]
fn the_longer_wait_wins() {
    let (short, long) = (Wait { seconds: 1 }, Wait { seconds: 60 });
    for (a, b, expected) in [(Go, Go, Go), (Go, short, short), (short, long, long)] {
        assert_eq!((a.and(b), b.and(a)), (expected, expected));
    }
}

#[test]
fn one_place_is_an_address_or_a_customers_64_bits() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("::1", "::2", true),
        ("0.0.0.1", "::1", false),
    ] {
        let same_place = Network::of(ip(one)) == Network::of(ip(other));
        assert_eq!(same_place, same, "{one} and {other}");
        let same_name = Network::of(ip(one)).to_string() == Network::of(ip(other)).to_string();
        assert_eq!(same_name, same, "{one} and {other}");
    }
    assert_eq!(Network::of(ip("2001:db8:1:2::9")).to_string(), "2001:db8:1:2::/64");
}

/// Counters as a model: failures per counter within one window.
#[derive(Default)]
struct Window(HashMap<(&'static str, Vec<String>), u64>);

impl Window {
    fn judge(&self, attempt: Attempt<'_>, limits: &Limits) -> Verdict {
        attempt.counters(limits).into_iter().fold(Go, |verdict, counter| {
            let failures = self.0.get(&(counter.rule, counter.of)).copied().unwrap_or(0);
            verdict.and(counter.limit.judge(failures, counter.limit.window))
        })
    }

    fn fail(&mut self, attempt: Attempt<'_>, limits: &Limits) {
        for counter in attempt.counters(limits) {
            *self.0.entry((counter.rule, counter.of)).or_default() += 1;
        }
    }
}

#[test]
fn one_password_over_many_accounts_is_slowed_down() {
    let (limits, mut window, address) = (Limits::default(), Window::default(), ip("192.0.2.1"));
    let looked_at = (0..1_000)
        .filter(|i| {
            let attempt = Attempt::SignIn { address, user_id: &format!("user{i}") };
            let go = window.judge(attempt, &limits) == Go;
            if go {
                window.fail(attempt, &limits);
            }
            go
        })
        .count();
    assert_eq!(looked_at, 30);
    // A colleague elsewhere is not held up.
    let elsewhere = Attempt::SignIn { address: ip("192.0.2.2"), user_id: "user1" };
    assert_eq!(window.judge(elsewhere, &limits), Go);
}

#[test]
fn many_addresses_against_one_account_are_slowed_down() {
    let (limits, mut window) = (Limits::default(), Window::default());
    let looked_at = (0..1_000_u32)
        .filter(|i| {
            let address = IpAddr::from(Ipv4Addr::from(0xc000_0200 + i));
            let attempt = Attempt::SignIn { address, user_id: "practitioner" };
            let go = window.judge(attempt, &limits) == Go;
            if go {
                window.fail(attempt, &limits);
            }
            go
        })
        .count();
    assert_eq!(looked_at, 21);
}

#[test]
fn wrong_codes_on_ways_back_hold_up_their_own_place_and_nobodys_sign_in() {
    let (mut limits, mut window) = (Limits::default(), Window::default());
    limits.sign_ins_from_network.failures = 1_000;
    let way = |host: u8| Attempt::WayBack {
        address: IpAddr::from([192, 0, 2, host]),
        about: "practitioner",
    };
    for host in 1..=20 {
        let looked_at = (0..100).filter(|_| {
            let go = window.judge(way(host), &limits) == Go;
            if go {
                window.fail(way(host), &limits);
            }
            go
        });
        assert_eq!(looked_at.count(), 21, "from one place");
    }
    assert_eq!(window.judge(way(99), &limits), Go, "from elsewhere");
    let sign_in = Attempt::SignIn { address: ip("192.0.2.99"), user_id: "practitioner" };
    assert_eq!(window.judge(sign_in, &limits), Go, "and their sign-in");
}

#[test]
fn a_broken_site_does_not_stop_its_neighbours_behind_the_same_address() {
    let (limits, mut window, address) = (Limits::default(), Window::default(), ip("192.0.2.1"));
    let broken = Attempt::Client { address, client_id: "broken" };
    while window.judge(broken, &limits) == Go {
        window.fail(broken, &limits);
    }
    assert_eq!(window.judge(Attempt::Client { address, client_id: "other" }, &limits), Go);
    assert_eq!(window.judge(Attempt::SignIn { address, user_id: "broken" }, &limits), Go);
}

proptest! {
    #[test]
    fn below_the_limit_nobody_waits_and_from_it_on_everybody(
        allowed in 1..1_000_u32, failures in 0..2_000_u64, millis in 1..10_000_000_u64,
    ) {
        let limit = Limit { failures: allowed, window: Duration::from_secs(1) };
        let resets_in = Duration::from_millis(millis);
        match limit.judge(failures, resets_in) {
            Go => prop_assert!(failures < u64::from(allowed)),
            Wait { seconds } => {
                prop_assert!(failures >= u64::from(allowed));
                // Whoever waits as told finds the window over, and waits no second longer.
                let told = Duration::from_secs(seconds);
                prop_assert!(told >= resets_in && told - resets_in < Duration::from_secs(1));
            }
        }
    }

    #[test]
    fn one_more_failure_never_shortens_the_wait(
        failures in 0..100_u64, millis in 0..1_000_000_u64,
    ) {
        let resets_in = Duration::from_millis(millis);
        prop_assert!(LIMIT.judge(failures, resets_in) <= LIMIT.judge(failures + 1, resets_in));
    }

    /// All addresses of a /64 share one count, and no other address shares it.
    #[test]
    fn a_customer_cannot_escape_within_the_own_network(a: u128, host: u64, flip in 64..128_u32) {
        let here = std::net::Ipv6Addr::from(a | (1 << 96));
        let same = std::net::Ipv6Addr::from((u128::from(here) & !u128::from(u64::MAX)) | u128::from(host));
        let other = std::net::Ipv6Addr::from(u128::from(here) ^ (1 << flip));
        prop_assert_eq!(Network::of(here.into()), Network::of(same.into()));
        prop_assert_ne!(Network::of(here.into()), Network::of(other.into()));
    }
}
