//! What a password must be: two policies, as data (R50, R51; NIST SP 800-63B-4 §3.1.1.2).

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

use crate::community::{affiliation::Affiliation, subscriber::Subscriber};

/// The most bytes that are read of a password before anything is computed from it.
pub const MAX_BYTES: usize = 1024;

/// A password that somebody typed. It never prints and is wiped when dropped.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Takes a typed password in NFKC, so that one password typed on two keyboards is one;
    /// `None` beyond [`MAX_BYTES`], which no policy allows and no hash should be fed.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        (text.len() <= MAX_BYTES).then(|| Self(SecretString::from(text.nfkc().collect::<String>())))
    }

    /// The bytes to be hashed: all of them, never truncated.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// A password policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The fewest code points.
    pub min: usize,
    /// The most code points.
    pub max: usize,
    /// From how many of the four classes characters must come; 0: no rule.
    pub classes: usize,
    /// Whether secret questions may guard a reset.
    pub secret_questions: bool,
    /// Whether people are offered a passkey before the password.
    pub passkey_first: bool,
}

impl PasswordPolicy {
    /// The community's rules, the default.
    pub const COMMUNITY: Self = Self {
        name: "community",
        min: 8,
        max: 24,
        classes: 3,
        secret_questions: true,
        passkey_first: false,
    };
    /// NIST SP 800-63B-4.
    pub const NIST_63B_4: Self = Self {
        name: "nist-63b-4",
        min: 15,
        max: 128,
        classes: 0,
        secret_questions: false,
        passkey_first: true,
    };

    /// The policy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::COMMUNITY, Self::NIST_63B_4].into_iter().find(|policy| policy.name == name)
    }

    /// What is wrong with a new password; empty if nothing is. `own_words` are those that an
    /// attacker tries first: User ID, names, organization, product.
    #[must_use]
    pub fn judge<W: AsRef<str>>(&self, password: &Password, own_words: &[W]) -> Vec<Objection> {
        let text = password.0.expose_secret();
        let folded = text.to_lowercase();
        let length = text.chars().count();
        let classes = classes_in(text);
        let mut objections = Vec::new();
        if length < self.min {
            objections.push(Objection::TooShort { min: self.min });
        }
        if length > self.max {
            objections.push(Objection::TooLong { max: self.max });
        }
        if classes < self.classes {
            objections.push(Objection::TooFewClasses { needed: self.classes, found: classes });
        }
        if is_common(&folded) {
            objections.push(Objection::Common);
        }
        let own = |word: &&str| word.chars().count() >= 3 && folded.contains(&word.to_lowercase());
        if own_words.iter().any(|word| own(&word.as_ref())) {
            objections.push(Objection::OwnWord);
        }
        objections
    }
}

/// The words that an attacker tries first for a person: User ID, names, mailbox, the organizations
/// that they act for, and the product (NIST SP 800-63B-4 §3.1.1.2).
///
/// Names count whole and word by word, from four letters on: a shorter part stands in too many
/// innocent passwords.
#[must_use]
pub fn own_words(person: &Subscriber, affiliations: &[Affiliation]) -> Vec<String> {
    let mailbox = person.email.as_ref().and_then(|address| address.as_str().split('@').next());
    let names = [person.given_name.as_str(), person.family_name.as_str()];
    let organizations = affiliations.iter().map(|a| a.organization.name.as_str());
    let parts = [person.user_id.as_str()].into_iter().chain(mailbox).chain(names);
    let mut words = vec![PRODUCT.to_owned(), person.user_id.as_str().to_owned()];
    words.extend(names.map(str::to_owned));
    for name in parts.chain(organizations) {
        let pieces = name.split(|c: char| !c.is_alphanumeric());
        words.extend(pieces.filter(|piece| piece.chars().count() >= 4).map(str::to_owned));
        words.push(name.chars().filter(|c| c.is_alphanumeric()).collect());
    }
    words.sort_unstable();
    words.dedup();
    words
}

/// The product's own name.
const PRODUCT: &str = "Hilum";

/// Whether the password is everybody's guess: on the list, on the list with digits and signs after
/// it, one piece over and over, or a run of neighbours (`abcdefgh`, `87654321`).
fn is_common(folded: &str) -> bool {
    let trimmed = folded.trim_end_matches(|c: char| !c.is_alphabetic());
    let listed = |text: &str| COMMON.contains(&text);
    listed(folded) || listed(trimmed) || is_repetition(folded) || is_run(folded)
}

/// Whether each character is the next one, or each the one before, of the alphabet or the digits.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps = || codes.iter().zip(codes.iter().skip(1)).map(|(a, b)| b - a);
    // `9` is followed by `0` on a keyboard.
    let up = steps().all(|step| step == 1 || step == -9);
    let down = steps().all(|step| step == -1 || step == 9);
    codes.len() > 3 && (up || down)
}

/// What is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// Everybody's guess.
    Common,
    /// It contains the User ID, a name, the organization or the product.
    OwnWord,
    /// Too few of: upper case, lower case, digit, other.
    TooFewClasses {
        /// How many the policy demands.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// Too many code points.
    TooLong {
        /// The most that are accepted.
        max: usize,
    },
    /// Too few code points.
    TooShort {
        /// The fewest that are accepted.
        min: usize,
    },
}

impl fmt::Display for Objection {
    /// What is wrong, and what would be accepted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Common => f.write_str("everybody's guess: choose something less usual"),
            Self::OwnWord => f.write_str("contains the User ID or the name: choose something else"),
            Self::TooFewClasses { needed, found } => write!(
                f,
                "characters of {found} kinds: use {needed} of upper case, lower case, digits, others"
            ),
            Self::TooLong { max } => write!(f, "too long: at most {max} characters"),
            Self::TooShort { min } => write!(f, "too short: at least {min} characters"),
        }
    }
}

/// Upper case, lower case, digit, anything else, by Unicode's properties: Ñ is upper case. A
/// letter without case (Hebrew, Chinese) counts as "anything else".
fn classes_in(text: &str) -> usize {
    let class = |c: char| {
        if c.is_uppercase() {
            0_u8
        } else if c.is_lowercase() {
            1
        } else if c.is_numeric() {
            2
        } else {
            3
        }
    };
    (0..4_u8).filter(|wanted| text.chars().any(|c| class(c) == *wanted)).count()
}

/// Whether one short piece, repeated, is the whole password.
fn is_repetition(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=3).any(|piece| {
        chars.len() > piece && chars.iter().zip(chars.iter().skip(piece)).all(|(a, b)| a == b)
    })
}

/// Guesses that pass both policies' length, in lower case. Short ones fall to the length rule.
const COMMON: &[&str] = &[
    "password",
    "password1",
    "password1!",
    "password12",
    "password123",
    "password123!",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword1",
    "12345678",
    "123456789",
    "1234567890",
    "123123123",
    "87654321",
    "qwertyui",
    "qwerty123",
    "qwertyuiop",
    "qwerty123!",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "zaq12wsx",
    "abc12345",
    "abcd1234",
    "abcd1234!",
    "iloveyou",
    "iloveyou1",
    "sunshine",
    "sunshine1",
    "princess",
    "princess1",
    "football",
    "football1",
    "baseball",
    "baseball1",
    "welcome1",
    "welcome1!",
    "welcome123",
    "letmein1",
    "letmein123",
    "changeme",
    "changeme1",
    "changeme123",
    "trustno1",
    "superman",
    "superman1",
    "batman123",
    "starwars",
    "whatever",
    "computer",
    "internet",
    "michelle",
    "jennifer",
    "monkey123",
    "dragon123",
    "master123",
    "admin123",
    "admin1234",
    "administrator",
    "hospital",
    "hospital1",
    "medicine",
    "doctor123",
    "nurse123",
    "health123",
    "healthcare1",
    "medical1",
    "spring2026",
    "summer2026",
    "autumn2026",
    "winter2026",
    "spring2026!",
    "summer2026!",
    "fall2026!",
    "winter2026!",
    "passwordpassword",
    "password12345678",
    "123456789012345",
    "1234567890123456",
    "qwertyuiopasdfgh",
    "correcthorsebatterystaple",
    "thequickbrownfox",
    "iloveyouiloveyou",
];

#[cfg(test)]
mod tests;
