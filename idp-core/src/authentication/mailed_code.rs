//! Codes that are sent to somebody's mailbox, or handed over by an Administrator or Support: used
//! once, for one purpose, by one person (domain 4.6; security 17.3, 17.4).
//!
//! A person has one code for each purpose: a newer one kills the older. Eight digits are few, so
//! they are kept as a keyed digest, five wrong tries end them, and neither a new code nor a new
//! session gives new tries within the hour.

use std::fmt;

use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{ids::SubscriberId, secret::SecretDigest};

/// How many wrong tries end a code (security 17.4). More would make eight digits worth guessing.
pub const TRIES: u32 = 5;

/// How many codes for one purpose are mailed to a person within an hour.
pub const MAILS_PER_HOUR: u32 = 5;

/// How many digits a code has.
const DIGITS: usize = 8;

/// What mails and wrong tries are counted over.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// What a code is good for. The spelling stands in rows and mails, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodePurpose {
    /// To prove the mailbox on file, before a first second factor counts (security 18.5).
    ConfirmMailbox,
    /// To prove a new mail address.
    EmailChange,
    /// To set a new password, after the secret questions or a handed-over code.
    PasswordReset,
    /// To go on where the secret questions do not lead: an Administrator or Support hands it over
    /// in person (R9, R54). The mailbox is still to be proved after it (security 17.7).
    ResetHandedOver,
    /// To sign in, as a weak second step.
    SignIn,
    /// To stop or take back a change of the mail address, from the old mailbox.
    StopEmailChange,
    /// To stop the removal of a lost second factor.
    StopFactorReset,
    /// To remove a first second factor that somebody else set up (security 18.5).
    StopNewFactor,
}

impl CodePurpose {
    /// Every purpose there is.
    pub const ALL: [Self; 8] = [
        Self::ConfirmMailbox,
        Self::EmailChange,
        Self::PasswordReset,
        Self::ResetHandedOver,
        Self::SignIn,
        Self::StopEmailChange,
        Self::StopFactorReset,
        Self::StopNewFactor,
    ];

    /// Whether it stops something instead of opening it. What withdraws codes leaves these: whoever
    /// got into an account must not be able to take them out of its owner's mailbox.
    #[must_use]
    pub const fn stops(self) -> bool {
        match self {
            Self::StopEmailChange | Self::StopFactorReset | Self::StopNewFactor => true,
            Self::ConfirmMailbox
            | Self::EmailChange
            | Self::PasswordReset
            | Self::ResetHandedOver
            | Self::SignIn => false,
        }
    }

    /// How it is spelt.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmMailbox => "confirm-mailbox",
            Self::EmailChange => "email-change",
            Self::PasswordReset => "password-reset",
            Self::ResetHandedOver => "reset-handed-over",
            Self::SignIn => "sign-in",
            Self::StopEmailChange => "stop-email-change",
            Self::StopFactorReset => "stop-factor-reset",
            Self::StopNewFactor => "stop-new-factor",
        }
    }

    /// How long such a code can be used: at this age it is dead.
    #[must_use]
    pub const fn lasts(self) -> TimeDelta {
        match self {
            Self::ConfirmMailbox | Self::EmailChange | Self::PasswordReset | Self::SignIn => {
                TimeDelta::minutes(15)
            }
            Self::ResetHandedOver | Self::StopFactorReset => TimeDelta::hours(24),
            Self::StopEmailChange | Self::StopNewFactor => TimeDelta::hours(72),
        }
    }

    /// Whether a person decides each time that such a code is made, so that nobody else can use up
    /// the hour's number of them or wash off wrong tries.
    #[must_use]
    const fn is_made_by_people(self) -> bool {
        matches!(self, Self::ResetHandedOver)
    }
}

impl fmt::Display for CodePurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A code in the clear: eight digits. It does not print, and is wiped when dropped.
///
/// It can be serialized, because it travels to the mailbox in a mail; whoever does that seals it.
#[derive(Clone)]
pub struct MailedCode(SecretString);

impl MailedCode {
    /// A code of 64 random bits; what 10⁸ does not divide evenly is a part in 10¹¹.
    #[must_use]
    pub fn from_random(bytes: [u8; 8]) -> Self {
        let number = u64::from_be_bytes(bytes) % 100_000_000;
        Self(SecretString::from(format!("{number:0DIGITS$}")))
    }

    /// A code as somebody typed it: spaces and hyphens do not count. `None` if it can be none.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        let ignored = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}');
        let digits: String = text.chars().filter(ignored).take(DIGITS + 1).collect();
        let is_code = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        is_code.then(|| Self(SecretString::from(digits)))
    }

    /// As people read it, in two halves: `1234 5678`.
    #[must_use]
    pub fn shown(&self) -> String {
        let (left, right) = self.0.expose_secret().split_at(DIGITS / 2);
        format!("{left} {right}")
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
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        // None of the three can hold a zero octet.
        let message = [purpose.as_str(), subscriber.as_str(), self.0.expose_secret()].join("\0");
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
        Self::typed(&text).ok_or_else(|| de::Error::custom("not a code of eight digits"))
    }
}

/// The code of one person for one purpose, and what was counted about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// What the code is compared by.
    pub digest: SecretDigest,
    /// The first moment at which it is dead.
    pub expires_at: DateTime<Utc>,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
    /// Wrong tries since the hour began; of all codes in that hour together.
    pub failures: u32,
    /// Codes that were made since the hour began.
    pub issued: u32,
    /// When the hour began that both are counted over.
    pub hour_began_at: DateTime<Utc>,
}

/// Why no code was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotIssued {
    /// As many as may be were mailed; the next one at this moment.
    TooMany {
        /// The first moment at which there can be another.
        until: DateTime<Utc>,
    },
    /// Too many wrong tries; the next code at this moment.
    TooManyTries {
        /// The first moment at which there can be another.
        until: DateTime<Utc>,
    },
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redemption {
    /// It was the code, and nobody can use it again.
    Accepted,
    /// It was not, or not any more. People are told one thing only: "invalid or expired".
    Refused(WhyRefused),
}

/// Why a code did not count. For the audit record, never for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyRefused {
    /// Its time is over, or there never was one.
    Expired,
    /// Five wrong tries have ended it.
    TooManyTries,
    /// It was used before.
    Used,
    /// Another one was made.
    Wrong,
}

impl WhyRefused {
    /// The word in the audit record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "code-expired",
            Self::TooManyTries => "code-dead",
            Self::Used => "code-used",
            Self::Wrong => "code-wrong",
        }
    }
}

impl IssuedCode {
    /// What stands where no code was ever made. Nothing redeems it.
    #[must_use]
    pub fn none(now: DateTime<Utc>) -> Self {
        Self {
            digest: SecretDigest::of(""),
            expires_at: DateTime::UNIX_EPOCH,
            used_at: None,
            failures: 0,
            issued: 0,
            hour_began_at: now,
        }
    }

    /// The next code, in place of this one.
    ///
    /// # Errors
    /// [`NotIssued`] if there were too many mails or wrong tries in this hour; then the code that
    /// stands is as it was.
    pub fn renew(
        self,
        purpose: CodePurpose,
        digest: SecretDigest,
        now: DateTime<Utc>,
    ) -> Result<Self, NotIssued> {
        let until = self.hour_began_at + HOUR;
        let counted = if until <= now || purpose.is_made_by_people() {
            Self { failures: 0, issued: 0, hour_began_at: now, ..self }
        } else {
            self
        };
        if counted.failures >= TRIES {
            return Err(NotIssued::TooManyTries { until });
        }
        if counted.issued >= MAILS_PER_HOUR {
            return Err(NotIssued::TooMany { until });
        }
        Ok(Self {
            digest,
            expires_at: now + purpose.lasts(),
            used_at: None,
            issued: counted.issued.saturating_add(1),
            ..counted
        })
    }

    /// What follows from `presented` at `now`: the record to be kept, and the answer. A try against
    /// a code that is dead anyway changes nothing.
    #[must_use]
    pub fn redeem(
        self,
        presented: Option<&SecretDigest>,
        now: DateTime<Utc>,
    ) -> (Self, Redemption) {
        let refused = if self.used_at.is_some() {
            WhyRefused::Used
        } else if self.expires_at <= now {
            WhyRefused::Expired
        } else if self.failures >= TRIES {
            WhyRefused::TooManyTries
        } else if presented == Some(&self.digest) {
            return (Self { used_at: Some(now), failures: 0, ..self }, Redemption::Accepted);
        } else {
            let failures = self.failures.saturating_add(1);
            return (Self { failures, ..self }, Redemption::Refused(WhyRefused::Wrong));
        };
        (self, Redemption::Refused(refused))
    }

    /// The same without the code: it was withdrawn. What was counted stays.
    #[must_use]
    pub const fn withdrawn(self) -> Self {
        Self { expires_at: DateTime::UNIX_EPOCH, ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PURPOSE: CodePurpose = CodePurpose::PasswordReset;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
    }

    fn right() -> SecretDigest {
        SecretDigest::of("right")
    }

    fn issued(minute: i64) -> IssuedCode {
        IssuedCode::none(at(minute)).renew(PURPOSE, right(), at(minute)).unwrap()
    }

    fn refused(why: WhyRefused) -> Redemption {
        Redemption::Refused(why)
    }

    #[test]
    fn a_code_is_used_once_within_its_quarter_of_an_hour_and_five_tries() {
        use WhyRefused::*;
        // the minute and rightness of each try, and what the last of them is answered
        for (tries, answer) in [
            (vec![(0, true)], Redemption::Accepted),
            (vec![(14, true)], Redemption::Accepted),
            (vec![(15, true)], refused(Expired)),
            (vec![(1, true), (1, true)], refused(Used)),
            (vec![(1, false)], refused(Wrong)),
            (vec![(1, false), (1, false), (1, false), (1, false), (1, true)], Redemption::Accepted),
            (
                vec![(1, false), (1, false), (1, false), (1, false), (1, false), (1, true)],
                refused(TooManyTries),
            ),
        ] {
            let mut code = issued(0);
            let mut last = None;
            for (minute, is_right) in &tries {
                let presented = if *is_right { right() } else { SecretDigest::of("wrong") };
                let (kept, answer) = code.redeem(Some(&presented), at(*minute));
                (code, last) = (kept, Some(answer));
            }
            assert_eq!(last, Some(answer), "{tries:?}");
        }
    }

    #[test]
    fn what_is_no_code_at_all_counts_as_a_wrong_one() {
        let (code, answer) = issued(0).redeem(None, at(1));
        assert_eq!((code.failures, answer), (1, refused(WhyRefused::Wrong)));
        let (_, answer) = IssuedCode::none(at(0)).redeem(Some(&right()), at(0));
        assert_eq!(answer, refused(WhyRefused::Expired));
        let (_, answer) = issued(0).withdrawn().redeem(Some(&right()), at(0));
        assert_eq!(answer, refused(WhyRefused::Expired));
    }

    #[test]
    fn a_newer_code_kills_the_older() {
        let newer = issued(0).renew(PURPOSE, SecretDigest::of("newer"), at(1)).unwrap();
        assert_eq!(newer.redeem(Some(&right()), at(1)).1, refused(WhyRefused::Wrong));
        assert_eq!(newer.redeem(Some(&SecretDigest::of("newer")), at(1)).1, Redemption::Accepted);
    }

    #[test]
    fn mails_are_capped_by_the_hour_and_no_new_mail_gives_new_tries() {
        let mut code = issued(0);
        for minute in 1..5 {
            code = code.renew(PURPOSE, right(), at(minute)).unwrap();
        }
        assert_eq!(code.renew(PURPOSE, right(), at(59)), Err(NotIssued::TooMany { until: at(60) }));
        assert!(code.renew(PURPOSE, right(), at(60)).is_ok());

        let mut code = issued(0);
        for _ in 0..3 {
            code = code.redeem(None, at(1)).0;
        }
        code = code.renew(PURPOSE, right(), at(2)).unwrap();
        for _ in 0..2 {
            code = code.redeem(None, at(3)).0;
        }
        assert_eq!(
            code.redeem(Some(&right()), at(3)).1,
            refused(WhyRefused::TooManyTries),
            "five, counted over both"
        );
        assert_eq!(
            code.renew(PURPOSE, right(), at(4)),
            Err(NotIssued::TooManyTries { until: at(60) })
        );
        assert_eq!(code.renew(PURPOSE, right(), at(60)).map(|code| code.failures), Ok(0));
    }

    #[test]
    fn what_people_make_is_not_capped() {
        let mut code = IssuedCode::none(at(0));
        for _ in 0..20 {
            code = code.renew(CodePurpose::ResetHandedOver, right(), at(1)).unwrap();
        }
        assert_eq!(code.expires_at, at(1) + TimeDelta::hours(24));
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = MailedCode::from_random([0, 0, 0, 0, 0, 0xbc, 0x61, 0x4e]);
        assert_eq!(code.shown(), "1234 5678");
        for typed in ["12345678", "1234 5678", " 1234-5678 ", "12 34\u{2011}56\u{a0}78"] {
            assert_eq!(MailedCode::typed(typed).as_ref(), Some(&code), "{typed}");
        }
        for typed in ["", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", "1234.5678"] {
            assert_eq!(MailedCode::typed(typed), None, "{typed}");
        }
        assert_eq!(format!("{code:?}"), "[CODE]");
    }

    #[test]
    fn a_digest_is_of_one_person_and_one_purpose() {
        let code = MailedCode::from_random([7; 8]);
        let (ann, bob) = ("sub_ann".parse().unwrap(), "sub_bob".parse().unwrap());
        let one = code.digest(&[1; 32], PURPOSE, &ann);
        assert_eq!(one, code.digest(&[1; 32], PURPOSE, &ann));
        assert_ne!(one, code.digest(&[1; 32], PURPOSE, &bob));
        assert_ne!(one, code.digest(&[2; 32], PURPOSE, &ann));
        assert_ne!(one, code.digest(&[1; 32], CodePurpose::SignIn, &ann));
    }

    #[test]
    fn purposes_are_spelt_as_they_are_stored() {
        for purpose in CodePurpose::ALL {
            let spelt = serde_json::to_value(purpose).unwrap();
            assert_eq!(spelt, purpose.as_str());
        }
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_five_wrong_tries_in_an_hour(
            steps in prop::collection::vec((0..60_i64, any::<bool>()), 0..60),
        ) {
            let mut steps = steps;
            steps.sort_by_key(|(minute, _)| *minute);
            let mut code = issued(0);
            let mut read = 0;
            for (minute, asks_for_mail) in steps {
                if asks_for_mail {
                    code = code.renew(PURPOSE, right(), at(minute)).unwrap_or(code);
                } else {
                    let (kept, answer) = code.redeem(None, at(minute));
                    read += u32::from(answer == refused(WhyRefused::Wrong));
                    code = kept;
                }
            }
            prop_assert!(read <= TRIES);
            prop_assert!(code.issued <= MAILS_PER_HOUR);
        }

        #[test]
        fn a_code_survives_being_typed(bytes: [u8; 8]) {
            let code = MailedCode::from_random(bytes);
            prop_assert_eq!(MailedCode::typed(&code.shown()), Some(code));
        }
    }
}
