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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::community::{
        affiliation::{AccessLevel, AffiliationStatus},
        organization::{Organization, OrganizationStatus},
    };

    fn judge(policy: &PasswordPolicy, text: &str) -> Vec<Objection> {
        policy.judge(&Password::typed(text).unwrap(), &["ana.rivera", "Rivera", "Hilum"])
    }

    #[test]
    fn the_community_policy_counts_code_points_and_classes() {
        for (text, expected) in [
            ("Abcde1!", vec![Objection::TooShort { min: 8 }]),
            ("Abcdef1!", vec![]),
            ("Abcdefghijklmnopqrstuv1!", vec![]),
            ("Abcdefghijklmnopqrstuvw1!", vec![Objection::TooLong { max: 24 }]),
            ("\u{1f600}A1bcdefgh", vec![]),
            ("copperkettle", vec![Objection::TooFewClasses { needed: 3, found: 1 }]),
            ("abcdefgh1", vec![Objection::TooFewClasses { needed: 3, found: 2 }]),
            ("\u{d1}andu-llama", vec![]), // Ñ is upper case
            ("Password123", vec![Objection::Common]),
            ("xRIVERA-77x", vec![Objection::OwnWord]),
            ("Ab1Ab1Ab1Ab1", vec![Objection::Common]),
            ("PASSWORD2026!!", vec![Objection::Common]),
            ("Sunshine-99", vec![Objection::Common]),
            ("Rainy-sunshine-99", vec![]),
            ("my-hILuM-77", vec![Objection::OwnWord]),
        ] {
            assert_eq!(judge(&PasswordPolicy::COMMUNITY, text), expected, "{text}");
        }
    }

    #[test]
    fn the_nist_policy_asks_for_length_only() {
        for (text, expected) in [
            ("acegikmoqsuwya", vec![Objection::TooShort { min: 15 }]),
            ("acegikmoqsuwyac", vec![]),
            ("thequickbrownfox", vec![Objection::Common]),
            ("abcdefghijklmnopq", vec![Objection::Common]),
            ("1234567890123456789", vec![Objection::Common]),
            ("9876543210987654", vec![Objection::Common]),
            ("passwordpassword!", vec![Objection::Common]),
        ] {
            assert_eq!(judge(&PasswordPolicy::NIST_63B_4, text), expected, "{text}");
        }
        assert_eq!(judge(&PasswordPolicy::NIST_63B_4, &"ab c".repeat(32)), vec![]);
        assert_eq!(
            judge(&PasswordPolicy::NIST_63B_4, &"ab cd".repeat(26)),
            vec![Objection::TooLong { max: 128 }]
        );
    }

    /// Upper case, lower case, digit, other: by Unicode's properties, after NFKC.
    #[test]
    fn the_classes_are_those_of_unicode() {
        for (text, expected) in [
            ("a", 1),
            ("aA", 2),
            ("\u{d1}\u{f1}", 2),             // Ñ, ñ
            ("n\u{303}N\u{303}", 2),         // the same, typed in two strokes
            ("\u{430}\u{410}", 2),           // Cyrillic а, А
            ("\u{ff21}\u{ff41}\u{ff11}", 3), // full-width A, a, 1
            ("\u{661}", 1),                  // Arabic-Indic one is a digit
            ("1\u{2167}", 2),                // Roman numeral eight becomes VIII: upper case
            ("\u{5d0}\u{4e2d}", 1),          // letters without case are "other"
            (" ~\u{20ac}\u{1f600}", 1),      // so are spaces, signs and emoji
            ("aA1 ", 4),
        ] {
            let password = Password::typed(text).unwrap();
            assert_eq!(classes_in(password.0.expose_secret()), expected, "{text:?}");
        }
    }

    fn acting_for(organization: &str) -> Affiliation {
        Affiliation {
            id: "aff_1".parse().unwrap(),
            subscriber: "sub_1".parse().unwrap(),
            organization: Organization {
                id: "org_1".parse().unwrap(),
                name: organization.to_owned(),
                parent: None,
                npi: None,
                status: OrganizationStatus::Active,
            },
            status: AffiliationStatus::Active,
            roles: [].into(),
            role_details: [].into(),
            administrator: false,
            access_level: AccessLevel::CommunityStandard,
            tax_ids: vec![],
            since: chrono::NaiveDate::default(),
        }
    }

    #[test]
    fn ones_own_words_are_those_that_somebody_who_knows_one_would_try() {
        let person = crate::community::subscriber::tests::subscriber("ana-rivera");
        let words = own_words(&person, &[acting_for("Cedar Falls ENT Clinic")]);
        for (password, refused) in [
            ("x-HILUM-x1", true),
            ("x-cedar-x1", true),
            ("CedarFallsENTClinic1!", true),
            ("x-clinic-x1", true),
            ("Student-99!", false), // "ent" alone is no reason
            ("Copper-kettle-7", false),
        ] {
            let found =
                PasswordPolicy::COMMUNITY.judge(&Password::typed(password).unwrap(), &words);
            assert_eq!(found.contains(&Objection::OwnWord), refused, "{password}");
        }
        for own in [person.user_id.as_str(), &person.given_name, &person.family_name] {
            let password = Password::typed(&format!("9!{}!9", own.to_uppercase())).unwrap();
            let found = PasswordPolicy::COMMUNITY.judge(&password, &words);
            assert!(found.contains(&Objection::OwnWord), "{own}");
        }
    }

    #[test]
    fn one_password_typed_on_two_keyboards_is_one() {
        let composed = Password::typed("caf\u{e9}").unwrap();
        assert_eq!(composed.as_bytes(), Password::typed("cafe\u{301}").unwrap().as_bytes());
    }

    proptest! {
        #[test]
        fn nothing_that_was_typed_is_cut_off(a in "\\PC{1,24}", b in "\\PC{1,24}") {
            let normal = |text: &str| text.nfkc().collect::<String>();
            let same = Password::typed(&a).unwrap().as_bytes() == Password::typed(&b).unwrap().as_bytes();
            prop_assert_eq!(same, normal(&a) == normal(&b));
        }
    }
}
