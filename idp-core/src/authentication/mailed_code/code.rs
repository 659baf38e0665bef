//! A code in the clear, and what it is found by.

use std::{borrow::Cow, fmt};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::CodePurpose;
use crate::{
    ids::{EmailChangeId, SubscriberId},
    secret::SecretDigest,
};

/// How many digits a mailed code has.
const MAILED: usize = 8;
/// How many digits a code has that is handed over.
const HANDED_OVER: usize = 12;
/// How many digits people read at a time, and how many name a code that is handed over.
const GROUP: usize = 4;

/// A code in the clear: eight digits, or twelve if it is handed over. It does not print, and is
/// wiped when dropped.
///
/// It can be serialized, because it travels to the mailbox in a mail; whoever does that seals it.
#[derive(Clone)]
pub struct MailedCode(SecretString);

impl MailedCode {
    /// A code of 64 random bits for a mail; what 10⁸ does not divide evenly is a part in 10¹¹.
    #[must_use]
    pub fn from_random(bytes: [u8; 8]) -> Self {
        let number = u64::from_be_bytes(bytes) % 100_000_000;
        Self(SecretString::from(format!("{number:0MAILED$}")))
    }

    /// A code of 64 random bits to be handed over; what 10¹² does not divide evenly is a part in
    /// 10⁷. Its first four digits name it, and the other eight are the secret.
    #[must_use]
    pub fn to_hand_over(bytes: [u8; 8]) -> Self {
        let number = u64::from_be_bytes(bytes) % 1_000_000_000_000;
        Self(SecretString::from(format!("{number:0HANDED_OVER$}")))
    }

    /// A code as somebody typed it: spaces and hyphens do not count. `None` if it can be none.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        let counts = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}');
        let digits: String = text.chars().filter(counts).take(HANDED_OVER + 1).collect();
        let is_code = matches!(digits.len(), MAILED | HANDED_OVER)
            && digits.bytes().all(|b| b.is_ascii_digit());
        is_code.then(|| Self(SecretString::from(digits)))
    }

    /// As people read it, four digits at a time: `1234 5678`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = String::with_capacity(HANDED_OVER + 2);
        for (place, digit) in self.0.expose_secret().chars().enumerate() {
            if place > 0 && place % GROUP == 0 {
                shown.push(' ');
            }
            shown.push(digit);
        }
        shown
    }

    /// What a code that was handed over is named by. Whoever has it types this as well; a stranger
    /// would have to guess it before a try could count against the code.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.expose_secret().get(..GROUP).unwrap_or_default()
    }

    /// What is stored and compared in its place. The key keeps a stolen table from being tried
    /// through; person and purpose keep a code from counting for anything else.
    #[must_use]
    pub fn digest(
        &self,
        key: &[u8; 32],
        purpose: CodePurpose,
        subscriber: &SubscriberId,
    ) -> SecretDigest {
        self.keyed(key, purpose.as_str(), subscriber.as_str())
    }

    /// The same for a code that is nobody's yet and counts together with one link: whoever is
    /// nominated has no account, and gets the one by mail and the other by hand.
    #[must_use]
    pub fn digest_behind(&self, key: &[u8; 32], link: &SecretDigest) -> SecretDigest {
        self.keyed(key, "behind-link", &link.to_text())
    }

    fn keyed(&self, key: &[u8; 32], what_for: &str, whose: &str) -> SecretDigest {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        // None of the three can hold a zero octet.
        let message = [what_for, whose, self.0.expose_secret()].join("\0");
        let tag = hmac::sign(&key, message.as_bytes());
        SecretDigest::from_bytes(tag.as_ref()).unwrap_or_else(|| SecretDigest::of(&message))
    }
}

impl fmt::Debug for MailedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[CODE]")
    }
}

impl PartialEq for MailedCode {
    fn eq(&self, other: &Self) -> bool {
        SecretDigest::of(self.0.expose_secret()) == SecretDigest::of(other.0.expose_secret())
    }
}

impl Eq for MailedCode {}

impl Serialize for MailedCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl<'de> Deserialize<'de> for MailedCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::typed(&text).ok_or_else(|| de::Error::custom("not a code of eight or twelve digits"))
    }
}

/// What the link to the page of one code carries beside what it is about. Only whoever reads the
/// mail has it, so nobody else can spend the tries of the code. It does not print.
#[derive(Clone)]
pub struct LinkKey(SecretString);

impl LinkKey {
    /// A key of 128 random bits: 22 characters of base64url.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A key that somebody sent.
    #[must_use]
    pub fn received(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    /// The text, for the link in the mail and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored and compared in its place.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.expose())
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[KEY]")
    }
}

impl PartialEq for LinkKey {
    fn eq(&self, other: &Self) -> bool {
        SecretDigest::of(self.expose()) == SecretDigest::of(other.expose())
    }
}

impl Eq for LinkKey {}

impl Serialize for LinkKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for LinkKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <Cow<'de, str>>::deserialize(deserializer).map(|text| Self::received(&text))
    }
}

/// Which code of a person is meant. A try at another one, or at none, counts nothing against it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Which {
    /// What it is good for.
    pub purpose: CodePurpose,
    /// What it is found by among those of its purpose; empty where nothing tells them apart.
    slot: Cow<'static, str>,
}

impl Which {
    /// The code that was mailed for one way to a new password, which is known by this digest.
    #[must_use]
    pub fn of_way(way: &SecretDigest) -> Self {
        Self { purpose: CodePurpose::PasswordReset, slot: Cow::Owned(way.to_text()) }
    }

    /// The code that was handed over and has this name.
    #[must_use]
    pub fn handed_over(code: &MailedCode) -> Self {
        Self { purpose: CodePurpose::ResetHandedOver, slot: Cow::Owned(code.name().to_owned()) }
    }

    /// The code that proves the new mailbox of one change, and of no other.
    #[must_use]
    pub fn of_change(purpose: CodePurpose, change: &EmailChangeId) -> Self {
        Self { purpose, slot: Cow::Owned(change.as_str().to_owned()) }
    }

    /// The code that stops a change of address, behind the link with this key.
    #[must_use]
    pub fn stop_of_change(change: &EmailChangeId, key: &LinkKey) -> Self {
        Self::behind(CodePurpose::StopEmailChange, change.as_str(), key)
    }

    /// The code that removes a first factor of this person, behind the link with this key.
    #[must_use]
    pub fn stop_of_factor(person: &SubscriberId, key: &LinkKey) -> Self {
        Self::behind(CodePurpose::StopNewFactor, person.as_str(), key)
    }

    fn behind(purpose: CodePurpose, about: &str, key: &LinkKey) -> Self {
        // No identifier holds a zero octet.
        let slot = SecretDigest::of(&[about, key.expose()].join("\0")).to_text();
        Self { purpose, slot: Cow::Owned(slot) }
    }

    /// The place in which it is stored.
    #[must_use]
    pub fn slot(&self) -> &str {
        &self.slot
    }
}

impl From<CodePurpose> for Which {
    fn from(purpose: CodePurpose) -> Self {
        Self { purpose, slot: Cow::Borrowed("") }
    }
}
