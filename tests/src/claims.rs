//! Looking into tokens without believing them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// The claims of a token.
#[must_use]
pub fn claims_of(token: &str) -> Value {
    part(token, 1)
}

/// The header of a token.
#[must_use]
pub fn header_of(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap_or_default();
    let octets = URL_SAFE_NO_PAD.decode(part).unwrap_or_else(|_| panic!("no token: {token}"));
    serde_json::from_slice(&octets).unwrap_or_else(|_| panic!("no token: {token}"))
}

/// The seconds since 1970 by this machine's clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "an outsider has the machine's clock and no other")]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the end of time")
}
