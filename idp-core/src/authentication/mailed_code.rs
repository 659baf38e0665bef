//! Codes that are sent to somebody's mailbox, or handed over by an Administrator or Support: used
//! once, for one purpose, by one person (domain 4.6; security 17.3, 17.4).
//!
//! Eight digits are few, so they are kept as a keyed digest, five wrong tries end them, and neither
//! a new code nor a new session gives new tries within the hour.
//!
//! A try counts against the code that it names, and against nothing else: whoever only knows a User
//! ID must not be able to end the code that lies in its owner's mailbox or hand. A code for a new
//! password belongs to the way that asked for it, and a way to the browser that began it: on
//! another way it is not there. A code that was handed over is asked for on every way, so it names
//! itself: by its first four digits, which a stranger would have to guess before the first of five
//! tries could count. What all ways of a person together may cost is bounded by the hour.

mod code;
mod issued;
mod purpose;
#[cfg(test)]
mod tests;

pub use code::{LinkKey, MailedCode, Which};
pub use issued::{CodeState, Hour, IssuedCode, NotIssued, Redemption, WhyRefused};
pub use purpose::{CodePurpose, Limits};

/// How many wrong tries end a code (security 17.4). More would make eight digits worth guessing.
pub const TRIES: u32 = 5;

/// How many codes for one purpose are mailed to a person within an hour.
pub const MAILS_PER_HOUR: u32 = 5;

/// How many codes for a new password are mailed to a person within an hour, for all ways together:
/// as many as three places may ask for (see [`super::inquiry`]).
const WAYS_MAILS_PER_HOUR: u32 = 3 * MAILS_PER_HOUR;

/// How many wrong tries there may be within an hour at the codes of all ways together: what two
/// places may spend. At fifty an hour, eight digits hold out two million hours.
const WAYS_TRIES_PER_HOUR: u32 = 2 * MAILS_PER_HOUR * TRIES;
