//! How a person proves who they are, how strongly, and for how long that counts.

pub mod assurance;
pub mod email_change;
pub mod factor;
pub mod factor_reset;
pub mod gate;
pub mod inquiry;
pub mod lockout;
pub mod mailed_code;
pub mod passkey;
pub mod password_policy;
pub mod proof_of_work;
pub mod recovery;
pub mod recovery_code;
pub mod remembered_browser;
pub mod secret_questions;
pub mod session;
pub mod sign_in;
pub mod throttle;
pub mod totp;
