//! Throttling: who keeps failing from one place has to wait, whoever they claim to be.
//!
//! The lock of an account (R29) stops many guesses at one person. This stops one guess at many
//! people, and slows down many places that guess at one person. Only failures count, so that a
//! clinic whose whole staff signs in through one address is not held up by its own size, and a
//! success forgives nothing, so that nobody can wash off their failures with an account of their
//! own. A name counts whether or not it belongs to anybody: being told to wait says nothing about it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// How many failures there may be in one window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// After this many, everything more has to wait. Zero counts as one.
    pub failures: u32,
    /// The first failure opens the window; the later ones do not prolong it.
    pub window: Duration,
}

impl Limit {
    /// What is answered after `failures` in a window that ends in `resets_in`.
    #[must_use]
    pub fn judge(self, failures: u64, resets_in: Duration) -> Verdict {
        if failures < u64::from(self.failures.max(1)) || resets_in.is_zero() {
            return Verdict::Go;
        }
        let begun_second = u64::from(resets_in.subsec_nanos() > 0);
        Verdict::Wait { seconds: resets_in.as_secs().saturating_add(begun_second) }
    }
}

/// Whether an attempt may be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It may.
    Go,
    /// Not before this many seconds are over: HTTP status 429 with `Retry-After` (RFC 6585 §4).
    Wait {
        /// At least one; the last begun second counts as a whole one.
        seconds: u64,
    },
}

impl Verdict {
    /// The verdict of two rules together: the longer wait.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

/// The limits of all rules. The defaults leave room for a clinic of some hundred people at the
/// start of a shift, one in ten of whom mistypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failed sign-ins from one [`Network`].
    pub sign_ins_from_network: Limit,
    /// Failed sign-ins with one User ID, from wherever: three locks' worth (R29) in an hour.
    pub sign_ins_with_user_id: Limit,
    /// Failed authentications of one site from one [`Network`].
    pub client_from_network: Limit,
    /// Failed authentications of any sites from one [`Network`].
    pub clients_from_network: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        let in_five_minutes = |failures| Limit { failures, window: Duration::from_secs(5 * 60) };
        Self {
            sign_ins_from_network: in_five_minutes(30),
            sign_ins_with_user_id: Limit { failures: 21, window: Duration::from_secs(60 * 60) },
            client_from_network: in_five_minutes(30),
            clients_from_network: in_five_minutes(120),
        }
    }
}

/// Somebody tries to prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<'a> {
    /// A site at the token endpoint or one like it.
    Client {
        /// The true peer, or what the configured proxy says about it.
        address: IpAddr,
        /// As it was sent, registered or not.
        client_id: &'a str,
    },
    /// A person with a password or a second factor.
    SignIn {
        /// The true peer, or what the configured proxy says about it.
        address: IpAddr,
        /// In the form in which User IDs are compared, known or not.
        user_id: &'a str,
    },
}

/// One count of failures: by which rule, of whom, up to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The name of the rule, part of the counter's name.
    pub rule: &'static str,
    /// Whom the rule counts.
    pub of: Vec<String>,
    /// How many are too many.
    pub limit: Limit,
}

/// After how many failures with one User ID a challenge comes before the next try (R94).
const CHALLENGED_AFTER: u64 = 3;

/// Which part of the failures that make a network wait brings it a challenge: that much earlier,
/// somebody who tries one password on many accounts has to work for each.
const CHALLENGED_PART: u64 = 10;

impl Attempt<'_> {
    /// Whether a challenge comes before this attempt, when its counters stand at `counted`, in the
    /// order of [`Self::counters`]. A name counts whether or not it belongs to anybody.
    #[must_use]
    pub fn is_challenged(&self, limits: &Limits, [network, user_id]: [u64; 2]) -> bool {
        let most = u64::from(limits.sign_ins_from_network.failures);
        match self {
            Self::Client { .. } => false,
            Self::SignIn { .. } => {
                user_id >= CHALLENGED_AFTER || network >= (most / CHALLENGED_PART).max(1)
            }
        }
    }

    /// What a failure of this attempt is counted under, and what the attempt is judged by.
    #[must_use]
    pub fn counters(&self, limits: &Limits) -> [Counter; 2] {
        match *self {
            Self::Client { address, client_id } => {
                let network = Network::of(address).to_string();
                [
                    Counter {
                        rule: "client",
                        of: vec![client_id.to_owned(), network.clone()],
                        limit: limits.client_from_network,
                    },
                    Counter {
                        rule: "clients",
                        of: vec![network],
                        limit: limits.clients_from_network,
                    },
                ]
            }
            Self::SignIn { address, user_id } => [
                Counter {
                    rule: "network",
                    of: vec![Network::of(address).to_string()],
                    limit: limits.sign_ins_from_network,
                },
                Counter {
                    rule: "user-id",
                    of: vec![user_id.to_owned()],
                    limit: limits.sign_ins_with_user_id,
                },
            ],
        }
    }
}

/// What counts as one place: an IPv4 address, or the /64 that a single IPv6 customer gets and may
/// draw a new address from for every attempt (RFC 6177 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// One address.
    V4(Ipv4Addr),
    /// The first 64 bits.
    V6(u64),
}

impl Network {
    /// The place that `address` belongs to. An IPv4 address in IPv6 clothes is an IPv4 address
    /// (RFC 4291 §2.5.5.2).
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d].into_iter().fold(0, |sum, s| (sum << 16) | u64::from(s)))
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(prefix) => {
                let address = std::net::Ipv6Addr::from(u128::from(*prefix) << 64);
                write!(f, "{address}/64")
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
        let site = Attempt::Client { address: ip("192.0.2.1"), client_id: "site" };
        assert!(!site.is_challenged(&limits, [100, 100]), "programs have nobody to solve it");
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
}
