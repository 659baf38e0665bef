//! Second factors: what a person has set up, what of it can be asked for, and what may be added.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::assurance::{Assurance, Method};
use crate::ids::FactorId;

/// How many factors of one kind a person may have: more are nobody's own.
pub const MOST_OF_A_KIND: usize = 8;

/// A second factor that a person set up, and proved when they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Its public name.
    pub id: FactorId,
    /// What it is.
    pub kind: FactorKind,
    /// What the person calls it.
    pub name: FactorName,
    /// Since when it counts.
    pub added_at: DateTime<Utc>,
    /// When it last opened something.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The kinds of factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FactorKind {
    /// A passkey or security key (`WebAuthn`).
    Passkey {
        /// Whether it checks the person itself, by PIN or biometrics.
        verifies_person: bool,
    },
    /// An authenticator app that shows time-based codes (RFC 6238).
    Totp,
}

impl FactorKind {
    /// Its code: what stands in rows, forms and audit events.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Passkey { .. } => "passkey",
            Self::Totp => "totp",
        }
    }

    /// What setting it up shows. A device that registers has signed nothing yet, so it opens no
    /// more than a touch would.
    #[must_use]
    pub const fn proved_when_set_up(self) -> Method {
        match self {
            Self::Passkey { .. } => Method::Passkey,
            Self::Totp => Method::Totp,
        }
    }

    /// The strongest thing that can be proved with it.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Passkey { verifies_person: true } => Method::PasskeyWithUserVerification,
            Self::Passkey { verifies_person: false } => Method::Passkey,
            Self::Totp => Method::Totp,
        }
    }
}

/// What a person calls a factor: 1 to 60 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FactorName(String);

/// The text is empty, too long, or holds control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a factor: 1 to 60 characters, none of them control characters")]
pub struct InvalidFactorName;

impl FactorName {
    /// The most characters.
    pub const MOST: usize = 60;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FactorName {
    type Error = InvalidFactorName;

    fn try_from(text: String) -> Result<Self, InvalidFactorName> {
        let trimmed = text.trim();
        let fits = (1..=Self::MOST).contains(&trimmed.chars().count());
        if fits && !trimmed.chars().any(char::is_control) {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(InvalidFactorName)
        }
    }
}

impl From<FactorName> for String {
    fn from(name: FactorName) -> Self {
        name.0
    }
}

impl fmt::Display for FactorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All that a person could prove beside a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// The factors that they set up.
    pub factors: Vec<Factor>,
    /// How many recovery codes are left.
    pub recovery_codes: u32,
    /// Whether there is a verified mail address to send a code to.
    pub mailbox: bool,
    /// Whether passkeys cannot be used here: Hilum is reached by an address of numbers, to which
    /// no passkey belongs (`WebAuthn` L3 §5.1.2).
    pub without_passkeys: bool,
}

impl Holdings {
    /// What can be asked for, what people are best served with first. A recovery code is asked for
    /// only in place of a factor.
    #[must_use]
    pub fn methods(&self) -> Vec<Method> {
        let usable = |kind: FactorKind| kind == FactorKind::Totp || !self.without_passkeys;
        let has = |method| {
            let mut kinds = self.factors.iter().map(|factor| factor.kind);
            kinds.any(|kind| usable(kind) && kind.method() == method)
        };
        let passkey_that_verifies = has(Method::PasskeyWithUserVerification);
        [
            (passkey_that_verifies, Method::PasskeyWithUserVerification),
            (passkey_that_verifies || has(Method::Passkey), Method::Passkey),
            (has(Method::Totp), Method::Totp),
            (self.mailbox, Method::EmailCode),
            (self.has_own_factor() && self.recovery_codes > 0, Method::RecoveryCode),
        ]
        .into_iter()
        .filter_map(|(usable, method)| usable.then_some(method))
        .collect()
    }

    /// Whether there is a factor of their own.
    #[must_use]
    pub fn has_own_factor(&self) -> bool {
        !self.factors.is_empty()
    }

    /// The highest rung that a factor can reach which they could set up; `None` if they could set up
    /// none: who they are is shown by another factor, or by their mailbox (security 18.5).
    #[must_use]
    pub fn may_enrol(&self) -> Option<Assurance> {
        let strongest = if self.without_passkeys {
            Assurance::BrowserSecondFactor
        } else {
            Assurance::PhishingResistant
        };
        (self.has_own_factor() || self.mailbox).then_some(strongest)
    }

    /// Whether they may have recovery codes. In place of nothing these would be a weaker factor than
    /// a password.
    #[must_use]
    pub fn may_have_recovery_codes(&self) -> bool {
        self.has_own_factor()
    }

    /// Whether there is room for another one of this kind.
    #[must_use]
    pub fn has_room_for(&self, kind: FactorKind) -> bool {
        let same = self.factors.iter().filter(|factor| factor.kind.code() == kind.code());
        same.count() < MOST_OF_A_KIND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(kind: FactorKind) -> Factor {
        Factor {
            id: FactorId::from_random([1; 16]),
            kind,
            name: FactorName::try_from("Phone".to_owned()).unwrap(),
            added_at: DateTime::UNIX_EPOCH,
            last_used_at: None,
        }
    }

    const KEY: FactorKind = FactorKind::Passkey { verifies_person: false };
    const PASSKEY: FactorKind = FactorKind::Passkey { verifies_person: true };

    #[test]
    fn what_can_be_asked_for_follows_from_what_is_there() {
        use Method as M;
        for (kinds, recovery_codes, mailbox, expected) in [
            (vec![], 0, false, vec![]),
            (vec![], 0, true, vec![M::EmailCode]),
            // Codes in place of nothing stand for nothing.
            (vec![], 10, true, vec![M::EmailCode]),
            (vec![FactorKind::Totp], 0, false, vec![M::Totp]),
            (vec![FactorKind::Totp], 1, true, vec![M::Totp, M::EmailCode, M::RecoveryCode]),
            (vec![KEY], 0, false, vec![M::Passkey]),
            (vec![PASSKEY], 0, false, vec![M::PasskeyWithUserVerification, M::Passkey]),
            (
                vec![FactorKind::Totp, KEY, PASSKEY],
                0,
                false,
                vec![M::PasskeyWithUserVerification, M::Passkey, M::Totp],
            ),
        ] {
            let factors = kinds.iter().copied().map(factor).collect();
            let holdings = Holdings { factors, recovery_codes, mailbox, ..Holdings::default() };
            assert_eq!(holdings.methods(), expected, "{kinds:?} {recovery_codes} {mailbox}");
            assert_eq!(holdings.may_enrol().is_some(), mailbox || !kinds.is_empty());
            assert_eq!(holdings.may_have_recovery_codes(), !kinds.is_empty());
        }
    }

    #[test]
    fn where_passkeys_cannot_be_used_they_are_neither_asked_for_nor_forgotten() {
        for (kind, expected) in
            [(KEY, vec![]), (PASSKEY, vec![]), (FactorKind::Totp, vec![Method::Totp])]
        {
            let holdings = Holdings {
                factors: vec![factor(kind)],
                without_passkeys: true,
                ..Holdings::default()
            };
            assert_eq!(holdings.methods(), expected, "{kind:?}");
            assert!(holdings.has_own_factor(), "a mailbox alone still opens nothing");
            assert_eq!(holdings.may_enrol(), Some(Assurance::BrowserSecondFactor));
        }
    }

    #[test]
    fn what_registers_has_shown_no_more_than_a_touch() {
        for (kind, shown) in
            [(KEY, Method::Passkey), (PASSKEY, Method::Passkey), (FactorKind::Totp, Method::Totp)]
        {
            assert_eq!(kind.proved_when_set_up(), shown, "{kind:?}");
        }
    }

    #[test]
    fn there_is_room_for_eight_of_a_kind() {
        let factors: Vec<Factor> = (0..MOST_OF_A_KIND).map(|_| factor(KEY)).collect();
        let holdings = Holdings { factors, ..Holdings::default() };
        assert!(!holdings.has_room_for(PASSKEY));
        assert!(holdings.has_room_for(FactorKind::Totp));
    }

    #[test]
    fn a_name_is_a_line_that_a_person_can_read() {
        for (text, expected) in [
            ("My phone", Some("My phone")),
            ("  Tel\u{e9}fono de Ana ", Some("Tel\u{e9}fono de Ana")),
            ("", None),
            ("   ", None),
            ("a\nb", None),
            ("a\u{0}", None),
        ] {
            let name = FactorName::try_from(text.to_owned());
            assert_eq!(name.ok().as_ref().map(FactorName::as_str), expected, "{text:?}");
        }
        assert!(FactorName::try_from("x".repeat(60)).is_ok());
        assert!(FactorName::try_from("x".repeat(61)).is_err());
    }
}
