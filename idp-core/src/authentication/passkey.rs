//! What an answer of a passkey or security key is worth (`WebAuthn` Level 3 §7.2).
//!
//! The signature, the origin, the challenge and the flags are checked by `webauthn-rs`, in the
//! shell, which also draws the challenges. What follows from them is decided here.

use super::assurance::Method;

/// What a verified answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The device checked the person, by PIN or biometrics.
    pub verified_person: bool,
    /// The device's count of signatures, 0 if it does not count.
    pub count: u32,
}

/// Why a verified answer is refused all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefused {
    /// The count went back or stood still: two devices may hold the same key (§6.1.1).
    #[error("cloned")]
    Cloned,
    /// The person had to be checked by the device and was not.
    #[error("person-not-verified")]
    PersonNotVerified,
}

/// How strong an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Wanted {
    /// A touch will do: it comes beside a password.
    Presence,
    /// The device must check the person: it is the whole sign-in, or the site wants it so.
    Verification,
}

impl Answer {
    /// What the answer proves, `known` being the last count that was seen.
    ///
    /// # Errors
    /// [`AnswerRefused`].
    pub const fn judge(self, wanted: Wanted, known: u32) -> Result<Method, AnswerRefused> {
        if (self.count > 0 || known > 0) && self.count <= known {
            return Err(AnswerRefused::Cloned);
        }
        match (self.verified_person, wanted) {
            (true, _) => Ok(Method::PasskeyWithUserVerification),
            (false, Wanted::Presence) => Ok(Method::Passkey),
            (false, Wanted::Verification) => Err(AnswerRefused::PersonNotVerified),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Wanted::*, *};

    #[test]
    fn an_answer_is_worth_what_the_device_did() {
        let strong = Ok(Method::PasskeyWithUserVerification);
        for (verified_person, wanted, count, known, expected) in [
            (true, Presence, 0, 0, strong),
            (true, Verification, 0, 0, strong),
            (false, Presence, 0, 0, Ok(Method::Passkey)),
            (false, Verification, 0, 0, Err(AnswerRefused::PersonNotVerified)),
            (true, Verification, 5, 4, strong),
            (true, Verification, 4, 4, Err(AnswerRefused::Cloned)),
            (true, Verification, 3, 4, Err(AnswerRefused::Cloned)),
            (true, Verification, 0, 4, Err(AnswerRefused::Cloned)),
            (true, Verification, 1, 0, strong),
        ] {
            let found = Answer { verified_person, count }.judge(wanted, known);
            assert_eq!(found, expected, "{verified_person} {wanted:?} {count} after {known}");
        }
    }
}
