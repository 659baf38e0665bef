//! How a person proves who they are, how strongly, and for how long that counts.

pub mod assurance;
pub mod lockout;
pub mod password_policy;
pub mod session;
pub mod sign_in;
pub mod throttle;
