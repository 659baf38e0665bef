//! Secret questions (R53, R54, R57): only ever the gate before a mailed code, never a proof by
//! themselves, and none at all under the policy `nist-63b-4`.
//!
//! A person has one to three, and all must be answered. The answers together are kept as one
//! Argon2id hash, so that checking costs the same whoever is asked, and one right answer among
//! wrong ones shows nothing.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::password_policy::Password;

/// The most questions that a person may have.
pub const MOST: usize = 3;

/// How many wrong tries close self-help (R54).
pub const TRIES: u32 = 3;

/// The fewest letters and digits of an answer.
const SHORTEST: usize = 3;

/// The most characters that are read of an answer.
const LONGEST: usize = 100;

/// A question of the catalogue. The spelling stands in rows, for good; the words are in the message
/// catalogue. People do not write their own: they would write what others know or can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// The first name of a friend of one's childhood.
    ChildhoodFriend,
    /// The street one lived in as a child.
    ChildhoodStreet,
    /// The first concert one went to.
    FirstConcert,
    /// The first employer.
    FirstEmployer,
    /// The name of the first pet.
    FirstPet,
    /// The name of the first teacher.
    FirstTeacher,
    /// The town one's grandmother lived in.
    GrandmotherTown,
    /// The first school.
    PrimarySchool,
}

impl Question {
    /// Every question there is.
    pub const ALL: [Self; 8] = [
        Self::ChildhoodFriend,
        Self::ChildhoodStreet,
        Self::FirstConcert,
        Self::FirstEmployer,
        Self::FirstPet,
        Self::FirstTeacher,
        Self::GrandmotherTown,
        Self::PrimarySchool,
    ];

    /// How it is spelt.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChildhoodFriend => "childhood-friend",
            Self::ChildhoodStreet => "childhood-street",
            Self::FirstConcert => "first-concert",
            Self::FirstEmployer => "first-employer",
            Self::FirstPet => "first-pet",
            Self::FirstTeacher => "first-teacher",
            Self::GrandmotherTown => "grandmother-town",
            Self::PrimarySchool => "primary-school",
        }
    }

    /// The question that is spelt like this.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.as_str() == text)
    }
}

/// The questions that somebody is asked who has none, or does not exist. They look like anybody's,
/// and are the same at each try (security 17.1): one to three, drawn by a keyed hash of the name
/// that was typed.
#[must_use]
pub fn pretended(key: &[u8; 32], name: &str) -> Vec<Question> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let drawn = hmac::sign(&key, name.as_bytes());
    let mut octets = drawn.as_ref().iter().map(|octet| usize::from(*octet));
    let count = 1 + octets.next().unwrap_or(0) % MOST;
    let mut left = Question::ALL.to_vec();
    let mut questions = Vec::with_capacity(count);
    for octet in octets.take(count) {
        questions.push(left.remove(octet % left.len()));
    }
    questions
}

/// What is wrong with a set of questions and answers that somebody wants to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objection {
    /// An answer is missing or too short.
    AnswerTooShort,
    /// An answer stands in its question, or two answers are one.
    Guessable,
    /// None, or more than three.
    Number,
    /// One question twice.
    Repeated,
}

/// What is wrong with `chosen`; empty if nothing is.
#[must_use]
pub fn judge(chosen: &[(Question, &str)]) -> Vec<Objection> {
    let mut objections = Vec::new();
    let answers: Vec<String> = chosen.iter().map(|(_, answer)| normalized(answer)).collect();
    if !(1..=MOST).contains(&chosen.len()) {
        objections.push(Objection::Number);
    }
    if answers.iter().any(|answer| answer.chars().count() < SHORTEST) {
        objections.push(Objection::AnswerTooShort);
    }
    let repeats =
        |i: usize, question: &Question| chosen.iter().skip(i + 1).any(|(q, _)| q == question);
    if chosen.iter().enumerate().any(|(i, (question, _))| repeats(i, question)) {
        objections.push(Objection::Repeated);
    }
    let same = |i: usize, answer: &String| answers.iter().skip(i + 1).any(|other| other == answer);
    if answers.iter().enumerate().any(|(i, answer)| same(i, answer)) {
        objections.push(Objection::Guessable);
    }
    objections.sort_unstable();
    objections
}

/// The answers, in the order of their questions, as one password to be hashed or compared.
/// Whatever was typed gives one: too much of it is cut, and then it is wrong like any other.
#[must_use]
pub fn together(answers: &[&str]) -> Option<Password> {
    let parts: Vec<String> = answers.iter().take(MOST).map(|answer| normalized(answer)).collect();
    // No normalized answer holds a line break, so no two lists of answers are one text.
    Password::typed(&parts.join("\n"))
}

/// An answer as it is compared: letters and digits in NFKC and lower case. "St. Mary's" and
/// "st marys" are one; spaces, dots and accents on capital letters are where people differ from
/// themselves a year later.
fn normalized(answer: &str) -> String {
    answer
        .chars()
        .take(LONGEST)
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{Objection::*, Question::*, *};

    #[test]
    fn an_answer_is_compared_by_its_letters_and_digits() {
        for (one, other, same) in [
            ("St. Mary's", "st marys", true),
            ("  Maple  Street ", "maple street", true),
            ("ÑANDÚ", "ñandú", true),
            ("ﬁdo", "FIDO", true),
            ("Fido", "Fida", false),
            ("12th Street", "12 th street", true),
        ] {
            assert_eq!(normalized(one) == normalized(other), same, "{one} {other}");
        }
    }

    #[test]
    fn a_set_of_questions_is_judged() {
        for (chosen, objections) in [
            (vec![(FirstPet, "Fido")], vec![]),
            (vec![(FirstPet, "Fido"), (FirstConcert, "Nirvana"), (PrimarySchool, "Oak")], vec![]),
            (vec![], vec![Number]),
            (vec![(FirstPet, "F.")], vec![AnswerTooShort]),
            (vec![(FirstPet, "Fido"), (FirstPet, "Rex")], vec![Repeated]),
            (vec![(FirstPet, "Rex"), (FirstTeacher, "REX")], vec![Guessable]),
        ] {
            assert_eq!(judge(&chosen), objections, "{chosen:?}");
        }
    }

    #[test]
    fn the_order_and_the_borders_of_answers_count() {
        let bytes = |answers: &[&str]| together(answers).unwrap().as_bytes().to_vec();
        assert_ne!(bytes(&["ab", "c"]), bytes(&["a", "bc"]));
        assert_ne!(bytes(&["a", "b"]), bytes(&["b", "a"]));
        assert_eq!(bytes(&["A.", "b "]), bytes(&["a", "B"]));
    }

    #[test]
    fn questions_are_spelt_as_they_are_stored() {
        for question in Question::ALL {
            assert_eq!(serde_json::to_value(question).unwrap(), question.as_str());
            assert_eq!(Question::named(question.as_str()), Some(question));
        }
        assert_eq!(Question::named("mothers-maiden-name"), None);
    }

    #[test]
    fn pretended_questions_look_like_anybodys() {
        let counts: HashSet<usize> =
            (0..64).map(|n| pretended(&[1; 32], &format!("name{n}")).len()).collect();
        assert_eq!(counts, HashSet::from([1, 2, 3]));
        assert_ne!(
            (0..16).map(|n| pretended(&[1; 32], &n.to_string())).collect::<Vec<_>>(),
            (0..16).map(|n| pretended(&[2; 32], &n.to_string())).collect::<Vec<_>>(),
            "nobody can work them out without the key"
        );
    }

    proptest! {
        #[test]
        fn pretended_questions_stay_and_do_not_repeat(name in "\\PC{0,80}") {
            let questions = pretended(&[3; 32], &name);
            prop_assert_eq!(&questions, &pretended(&[3; 32], &name));
            prop_assert!((1..=MOST).contains(&questions.len()));
            let distinct: HashSet<_> = questions.iter().collect();
            prop_assert_eq!(distinct.len(), questions.len());
        }

        #[test]
        fn whatever_is_typed_can_be_compared(answers in prop::collection::vec("\\PC{0,300}", 0..5)) {
            let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
            prop_assert!(together(&answers).is_some());
        }
    }
}
