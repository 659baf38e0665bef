//! How a person proves who they are, how strongly, and for how long that counts.

pub mod assurance;
pub mod factor;
pub mod gate;
pub mod lockout;
pub mod passkey;
pub mod password_policy;
pub mod recovery_code;
pub mod remembered_browser;
pub mod session;
pub mod sign_in;
pub mod throttle;
pub mod totp;
