//! A challenge that costs a browser some work and a person nothing (R94; security 15.6, 22.2).
//!
//! Whoever sends a public form, or fails to sign in again and again, has their browser look for
//! sixteen numbers, each of which gives a hash that begins with so many zero bits: a second on a
//! telephone, and a bill for somebody who wants to send a million forms. Sixteen small puzzles in
//! place of a big one make the time nearly the same each time. No third party is asked, nothing has
//! to be looked at, heard or typed, and the challenge is not kept before it comes back: it carries
//! its own seal.
//!
//! A browser without scripts waits instead. Waiting is free, so it is rationed: each of these passes
//! from one network waits longer than the one before, counted over the life of a challenge, and
//! however many are begun at once, at most three a minute come through.

use std::{fmt, str::FromStr};

use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

/// How many numbers make a solution. The script in `assets/challenge.js` has the same number.
pub const PUZZLES: usize = 16;

/// How long a challenge can be answered.
pub const LASTS: TimeDelta = TimeDelta::minutes(10);

/// A challenge as it stands in a form: nonce, time of issue in milliseconds, difficulty and seal,
/// with dots between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    nonce: String,
    issued_at: DateTime<Utc>,
    bits: u8,
    seal: String,
}

/// The text is no challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a challenge")]
pub struct NotAChallenge;

/// What became of a challenge that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Too old, forged, or made for another form or browser.
    Unfit,
    /// Ours, and solved. Whoever accepts it marks it as used.
    Solved,
    /// Ours, and without a right solution: the browser may have waited instead.
    Unsolved,
}

impl Challenge {
    /// A challenge of `bits` leading zero bits for `form` in the browser that `browser` names.
    #[must_use]
    pub fn new(
        key: &[u8; 32],
        (form, browser): (&str, &str),
        nonce: [u8; 16],
        bits: u8,
        now: DateTime<Utc>,
    ) -> Self {
        let nonce = URL_SAFE_NO_PAD.encode(nonce);
        let message = message(&nonce, now, bits, form, browser);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
        let seal = URL_SAFE_NO_PAD.encode(tag);
        Self { nonce, issued_at: now, bits, seal }
    }

    /// What is random in it; at the first use it is marked.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// How long ago it was made.
    #[must_use]
    pub fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        now - self.issued_at
    }

    /// Whether `solution` answers the challenge for this form and browser at `now`.
    #[must_use]
    pub fn judge(
        &self,
        key: &[u8; 32],
        (form, browser): (&str, &str),
        solution: &str,
        now: DateTime<Utc>,
    ) -> Verdict {
        let message = message(&self.nonce, self.issued_at, self.bits, form, browser);
        let tag = URL_SAFE_NO_PAD.decode(&self.seal).unwrap_or_default();
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let is_ours = hmac::verify(&key, message.as_bytes(), &tag).is_ok();
        let is_fresh = (TimeDelta::zero()..LASTS).contains(&self.age(now));
        if !is_ours || !is_fresh {
            Verdict::Unfit
        } else if self.is_solved_by(solution) {
            Verdict::Solved
        } else {
            Verdict::Unsolved
        }
    }

    fn is_solved_by(&self, solution: &str) -> bool {
        let numbers: Vec<&str> = solution.split('.').collect();
        let is_number = |text: &str| {
            (1..=12).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit())
        };
        numbers.len() == PUZZLES
            && numbers.iter().enumerate().all(|(puzzle, number)| {
                is_number(number) && zeros(&self.nonce, puzzle, number) >= u32::from(self.bits)
            })
    }

    /// Finds the solution, as the script does: for tests and the benchmark.
    #[must_use]
    pub fn solve(&self) -> String {
        let fits = |puzzle, number: &u64| {
            zeros(&self.nonce, puzzle, &number.to_string()) >= u32::from(self.bits)
        };
        let number = |puzzle| (0_u64..).find(|number| fits(puzzle, number)).unwrap_or_default();
        let numbers: Vec<_> = (0..PUZZLES).map(|puzzle| number(puzzle).to_string()).collect();
        numbers.join(".")
    }
}

/// How long the `pass`th pass without a script has to have waited, counting from one; `step` is
/// what the first one waits.
#[must_use]
pub fn wait(pass: u64, step: TimeDelta) -> TimeDelta {
    let pass = i32::try_from(pass.max(1)).unwrap_or(i32::MAX);
    step.checked_mul(pass).unwrap_or(TimeDelta::MAX)
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issued = self.issued_at.timestamp_millis();
        write!(f, "{}.{issued}.{}.{}", self.nonce, self.bits, self.seal)
    }
}

impl FromStr for Challenge {
    type Err = NotAChallenge;

    fn from_str(text: &str) -> Result<Self, NotAChallenge> {
        let mut parts = text.split('.');
        let mut part = || parts.next().filter(|part| part.len() <= 64).ok_or(NotAChallenge);
        let (nonce, issued, bits, seal) = (part()?, part()?, part()?, part()?);
        let issued = issued.parse().map_err(|_| NotAChallenge)?;
        let issued_at = DateTime::from_timestamp_millis(issued).ok_or(NotAChallenge)?;
        let bits = bits.parse().map_err(|_| NotAChallenge)?;
        if parts.next().is_some() {
            return Err(NotAChallenge);
        }
        Ok(Self { nonce: nonce.to_owned(), issued_at, bits, seal: seal.to_owned() })
    }
}

/// What is sealed. Only the last part may hold any character.
fn message(nonce: &str, at: DateTime<Utc>, bits: u8, form: &str, browser: &str) -> String {
    format!("{nonce}.{}.{bits}.{browser}.{form}", at.timestamp_millis())
}

/// How many zero bits the hash of one number begins with. The text is short enough for one block.
fn zeros(nonce: &str, puzzle: usize, number: &str) -> u32 {
    let hash = digest::digest(&digest::SHA256, format!("{nonce}.{puzzle}.{number}").as_bytes());
    let first = hash.as_ref().first_chunk().map_or(u64::MAX, |octets| u64::from_be_bytes(*octets));
    first.leading_zeros()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [5; 32];
    const FOR: (&str, &str) = ("forgot-password", "the-browser");

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + second)
    }

    fn challenge() -> Challenge {
        Challenge::new(&KEY, FOR, [9; 16], 6, at(0))
    }

    #[test]
    fn a_solution_counts_for_its_form_its_browser_and_its_time() {
        let solution = challenge().solve();
        for (key, form, browser, second, verdict) in [
            (KEY, FOR.0, FOR.1, 0, Verdict::Solved),
            (KEY, FOR.0, FOR.1, 599, Verdict::Solved),
            (KEY, FOR.0, FOR.1, 600, Verdict::Unfit),
            (KEY, FOR.0, FOR.1, -1, Verdict::Unfit),
            (KEY, "another-form", FOR.1, 0, Verdict::Unfit),
            (KEY, FOR.0, "another-browser", 0, Verdict::Unfit),
            ([6; 32], FOR.0, FOR.1, 0, Verdict::Unfit),
        ] {
            let judged = challenge().judge(&key, (form, browser), &solution, at(second));
            assert_eq!(judged, verdict, "{form} {browser} {second}");
        }
    }

    #[test]
    fn what_is_no_solution_solves_nothing() {
        let solution = challenge().solve();
        let short = solution.rsplit_once('.').unwrap().0;
        let plus = format!("+{solution}");
        let twice = format!("{solution}.{solution}");
        for wrong in ["", ".", short, &plus, &twice, "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", "nonsense"]
        {
            assert_eq!(challenge().judge(&KEY, FOR, wrong, at(1)), Verdict::Unsolved, "{wrong}");
        }
    }

    #[test]
    fn a_challenge_made_easier_or_younger_by_hand_is_none_of_ours() {
        let honest = challenge();
        for forged in [
            Challenge { bits: 0, ..honest.clone() },
            Challenge { issued_at: at(-100), ..honest.clone() },
            Challenge { nonce: URL_SAFE_NO_PAD.encode([8; 16]), ..honest.clone() },
        ] {
            let solution = forged.solve();
            assert_eq!(forged.judge(&KEY, FOR, &solution, at(1)), Verdict::Unfit, "{forged}");
        }
    }

    #[test]
    fn it_survives_the_form() {
        let honest = challenge();
        assert_eq!(honest.to_string().parse(), Ok(honest.clone()));
        for text in ["", "a.b.c.d", "a.1.6", "a.1.6.d.e", "a.1.300.d", "a.9223372036854775807.6.d"]
        {
            assert_eq!(text.parse::<Challenge>(), Err(NotAChallenge), "{text}");
        }
    }

    /// Why waiting is no way around the work.
    #[test]
    fn each_pass_without_a_script_waits_longer_than_the_one_before() {
        let step = TimeDelta::seconds(20);
        let waits: Vec<_> = (1..=4).map(|pass| wait(pass, step).num_seconds()).collect();
        assert_eq!(waits, [20, 40, 60, 80]);
        // However many challenges are fetched at once, no more than this many live long enough.
        let passes = (1..1000).filter(|pass| wait(*pass, step) < LASTS).count();
        assert_eq!(passes, 29);
        assert!(wait(u64::MAX, step) > LASTS);
    }

    proptest! {
        #[test]
        fn no_other_text_is_taken_for_a_challenge(text in "\\PC{0,200}") {
            if let Ok(challenge) = text.parse::<Challenge>() {
                prop_assert_eq!(challenge.judge(&KEY, FOR, "", at(0)), Verdict::Unfit);
            }
        }
    }
}
