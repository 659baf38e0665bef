//! Solving the challenge in a form, as the script in the page does.

use aws_lc_rs::digest;

/// The solution of a challenge: sixteen numbers whose SHA-256, with the nonce before them, begins
/// with so many zero bits.
#[must_use]
pub fn solve(challenge: &str) -> String {
    let mut parts = challenge.split('.');
    let nonce = parts.next().unwrap_or_default();
    let bits: u32 = parts.nth(1).and_then(|bits| bits.parse().ok()).unwrap_or_default();
    let fits = |puzzle: u32, number: &u64| {
        let text = format!("{nonce}.{puzzle}.{number}");
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let first = hash.as_ref()[..8].try_into().map(u64::from_be_bytes).expect("eight octets");
        first.leading_zeros() >= bits
    };
    let number = |puzzle| (0..).find(|number| fits(puzzle, number)).expect("there is one");
    (0..16).map(|puzzle| number(puzzle).to_string()).collect::<Vec<_>>().join(".")
}
