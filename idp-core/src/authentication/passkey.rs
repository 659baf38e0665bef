//! What an answer of a passkey or security key is worth (`WebAuthn` Level 3 §7.2).
//!
//! The signature, the origin, the challenge and the flags are checked by `webauthn-rs`, in the
//! shell, which also draws the challenges. What follows from them is decided here.

use super::assurance::Method;
use crate::ids::SubscriberId;

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

/// Whom a question was put to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutTo<'a> {
    /// Whoever is there: the sign-in page asks so.
    Anybody,
    /// A person who has signed in already.
    Person(&'a SubscriberId),
}

/// What an answer is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use<'a> {
    /// The second step of this person's sign-in.
    SecondStep(&'a SubscriberId),
    /// A whole sign-in.
    SignIn,
}

impl Use<'_> {
    /// Whether the answer of a passkey that `owner` set up, to a question that was put to somebody,
    /// may be taken for this. A sign-on can go back and forth between its steps, and change its
    /// person, while an answer waits to be sent: what it is good for was settled by its question.
    #[must_use]
    pub fn takes(self, asked: PutTo<'_>, owner: &SubscriberId) -> bool {
        match (self, asked) {
            (Self::SignIn, PutTo::Anybody) => true,
            (Self::SecondStep(person), PutTo::Person(whom)) => person == whom && person == owner,
            (Self::SecondStep(_), PutTo::Anybody) | (Self::SignIn, PutTo::Person(_)) => false,
        }
    }
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
    fn an_answer_is_taken_for_what_it_was_asked_for() {
        let (ana, eve): (SubscriberId, SubscriberId) =
            ("sub_ana".parse().unwrap(), "sub_eve".parse().unwrap());
        for (wanted, asked, owner, taken) in [
            (Use::SignIn, PutTo::Anybody, &ana, true),
            (Use::SignIn, PutTo::Person(&ana), &ana, false),
            (Use::SecondStep(&ana), PutTo::Person(&ana), &ana, true),
            (Use::SecondStep(&ana), PutTo::Person(&eve), &eve, false),
            (Use::SecondStep(&ana), PutTo::Person(&ana), &eve, false),
            (Use::SecondStep(&ana), PutTo::Anybody, &ana, false),
            (Use::SecondStep(&ana), PutTo::Anybody, &eve, false),
        ] {
            assert_eq!(wanted.takes(asked, owner), taken, "{wanted:?} {asked:?} {owner}");
        }
    }

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
