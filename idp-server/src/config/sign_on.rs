//! How people sign on: passwords, sessions, locks and throttles.

use std::{num::NonZero, thread};

use chrono::TimeDelta;
use idp_core::authentication::{
    lockout::Limits, password_policy::PasswordPolicy, session::SessionRules,
};

use super::reader::Reader;

/// `[password]`.
#[derive(Clone, Debug)]
pub struct Password {
    /// `policy`: which rules a new password must keep, `"community"` or `"nist-63b-4"`.
    pub policy: PasswordPolicy,
    /// `memory_kib`, `passes`, `lanes`.
    pub cost: HashCost,
    /// `permits`: how many passwords are hashed at once; one per processor when left out. Each
    /// keeps `memory_kib` of memory for good.
    pub permits: usize,
    /// `queue_limit`: how many more may wait; who comes after that is answered 503.
    pub queue_limit: usize,
}

/// What one Argon2id hash costs. The floor is 19 MiB, two passes, one lane (OWASP): below it, a
/// stolen table of hashes could be tried through at a profit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Independent parts of it.
    pub lanes: u32,
}

impl Password {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let policies = [PasswordPolicy::COMMUNITY, PasswordPolicy::NIST_63B_4];
        let policies = policies.map(|policy| (policy.name, policy));
        Self {
            policy: reader.choice("password.policy", &policies, PasswordPolicy::COMMUNITY),
            cost: HashCost {
                memory_kib: reader.number("password.memory_kib", 19_456..=262_144, 19_456),
                passes: reader.number("password.passes", 2..=16, 2),
                lanes: reader.number("password.lanes", 1..=16, 1),
            },
            permits: reader.number("password.permits", 1..=256, cores.min(256)),
            queue_limit: reader.number("password.queue_limit", 1..=10_000, 100),
        }
    }
}

/// `[session]`.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// `hours`: a session ends this long after the sign-in, however busy it was (R30).
    /// `console_idle_minutes`: an Administrator's console asks again after this long without use.
    pub rules: SessionRules,
    /// `dormant_days`: an account unused for this long is disabled (R28).
    pub dormant_after: TimeDelta,
}

impl Session {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let hours = reader.number("session.hours", 1..=4, 4);
        let idle_minutes = reader.number("session.console_idle_minutes", 5..=30, 30);
        Self {
            rules: SessionRules {
                lasts: TimeDelta::hours(hours),
                console_idle: TimeDelta::minutes(idle_minutes),
            },
            dormant_after: TimeDelta::days(reader.number("session.dormant_days", 1..=200, 200)),
        }
    }
}

/// `[lockout]` (R29): `attempts` and `minutes`. It can be made stricter than the community's rule,
/// never looser.
pub(super) fn read_lockout(reader: &mut Reader) -> Limits {
    Limits {
        attempts: reader.number("lockout.attempts", 3..=7, 7),
        lasts: TimeDelta::minutes(reader.number("lockout.minutes", 10..=1_440, 10)),
    }
}

/// `[challenge]`: the work that a browser does before a public form is read, and after failures.
#[derive(Clone, Copy, Debug)]
pub struct Challenge {
    /// `bits`: how hard it is; each one more doubles the work. 14 is a second on a telephone.
    pub bits: u8,
    /// `wait_seconds`: how long a browser without scripts waits instead.
    pub wait: TimeDelta,
    /// `inquiries_per_hour`: how many forms of people who are not signed in lead to a mail within an
    /// hour, all together.
    pub inquiries_per_hour: u32,
}

impl Challenge {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            bits: reader.number("challenge.bits", 8..=20, 14),
            wait: TimeDelta::seconds(reader.number("challenge.wait_seconds", 5..=120, 20)),
            inquiries_per_hour: reader.number(
                "challenge.inquiries_per_hour",
                10..=1_000_000,
                1_000,
            ),
        }
    }
}

/// `[throttle]`: what one address may get wrong before it has to wait. A clinic shares one
/// address, so the limits are wider than those of one account.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    /// `window_minutes`: the time over which is counted.
    pub window: TimeDelta,
    /// `sign_in_failures`: wrong passwords from one address.
    pub sign_in_failures: u32,
    /// `client_failures`: wrong client authentications of one site from one address.
    pub client_failures: u32,
}

impl Throttle {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            window: TimeDelta::minutes(reader.number("throttle.window_minutes", 1..=1_440, 10)),
            sign_in_failures: reader.number("throttle.sign_in_failures", 10..=100_000, 100),
            client_failures: reader.number("throttle.client_failures", 3..=100_000, 20),
        }
    }
}
