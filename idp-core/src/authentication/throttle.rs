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
    /// Failed sign-ins and wrong codes on ways back from one [`Network`].
    pub sign_ins_from_network: Limit,
    /// Failed sign-ins with one User ID, from wherever: three locks' worth (R29) in an hour. As many
    /// wrong codes on ways back to it, from one [`Network`].
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
    /// Somebody who types a code or answers on a way back into an account, or stops a change from
    /// a mailbox.
    WayBack {
        /// The true peer, or what the configured proxy says about it.
        address: IpAddr,
        /// Whose account it is about, or which change: as it was typed, known or not.
        about: &'a str,
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
            // Programs have nobody to solve it; a way back begins with one.
            Self::Client { .. } | Self::WayBack { .. } => false,
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
            // Not by the name alone: a stranger who guesses on ways of their own must hold up
            // neither the person's sign-in nor the person's own way, from elsewhere.
            Self::WayBack { address, about } => {
                let network = Network::of(address).to_string();
                [
                    from_network(limits, network.clone()),
                    Counter {
                        rule: "way-back",
                        of: vec![about.to_owned(), network],
                        limit: limits.sign_ins_with_user_id,
                    },
                ]
            }
            Self::SignIn { address, user_id } => [
                from_network(limits, Network::of(address).to_string()),
                Counter {
                    rule: "user-id",
                    of: vec![user_id.to_owned()],
                    limit: limits.sign_ins_with_user_id,
                },
            ],
        }
    }
}

/// Whatever somebody claims to be, they fail from one place.
fn from_network(limits: &Limits, network: String) -> Counter {
    Counter { rule: "network", of: vec![network], limit: limits.sign_ins_from_network }
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
mod tests;
