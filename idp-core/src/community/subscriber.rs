//! Subscribers: the people, and whether their accounts may be used.

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::npi::Npi;
use crate::ids::SubscriberId;

/// The login name, for life (R59). Compared without regard to letter case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// Why a text is no User ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a User ID has 3 to 64 letters, digits, dots, hyphens or underscores, and starts with a letter or digit"
)]
pub struct InvalidUserId;

impl UserId {
    /// The User ID in lower case, as it is stored, compared and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, InvalidUserId> {
        let name = text.trim().to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let starts_well = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if (3..=64).contains(&name.len()) && starts_well && name.bytes().all(plain) {
            Ok(Self(name))
        } else {
            Err(InvalidUserId)
        }
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(text: String) -> Result<Self, InvalidUserId> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mail address, unique over all accounts by its normalized form (R24).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// Why a text is no mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address looks like name@example.org, without spaces")]
pub struct InvalidEmailAddress;

impl EmailAddress {
    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What decides whether two addresses are one: NFKC, lower case.
    #[must_use]
    pub fn normalized(&self) -> String {
        self.0.nfkc().collect::<String>().to_lowercase()
    }
}

impl std::str::FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, InvalidEmailAddress> {
        let text = text.trim();
        let clean =
            |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',');
        let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && domain.split('.').all(|label| !label.is_empty())
        });
        if text.len() <= 254 && well_formed && text.chars().all(clean) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidEmailAddress)
        }
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmailAddress;

    fn try_from(text: String) -> Result<Self, InvalidEmailAddress> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[E-MAIL]")
    }
}

/// A person of the community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The identifier that never leaves Hilum; sites know a pairwise `sub`.
    pub id: SubscriberId,
    /// The login name.
    pub user_id: UserId,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// The mail address, if one is on file.
    pub email: Option<EmailAddress>,
    /// Whether the mailbox was proved.
    pub email_verified: bool,
    /// The work number.
    pub phone_number: Option<String>,
    /// Whether the number was proved.
    pub phone_number_verified: bool,
    /// The person's own NPI.
    pub npi: Option<Npi>,
    /// The rest of the standard claims.
    pub profile: Profile,
    /// What was decided about the account.
    pub status: AccountStatus,
    /// When the account was activated.
    pub activated_at: DateTime<Utc>,
    /// The last successful sign-in, if there was one.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// When the profile last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether the account belongs to a demo and is refused outside one.
    pub demo: bool,
}

impl Subscriber {
    /// Given and family name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name).trim().to_owned()
    }

    /// Whether there is a mailbox that was shown to be theirs, to which a code can be sent.
    #[must_use]
    pub const fn has_mailbox(&self) -> bool {
        self.email.is_some() && self.email_verified
    }

    /// Whether the account may be used at `now`: dormancy holds by date, whether or not a job
    /// has noticed it (R28, security 15.9).
    #[must_use]
    pub fn standing(&self, rules: &AccountRules, now: DateTime<Utc>) -> Standing {
        match self.status {
            AccountStatus::Closed => Standing::Closed,
            AccountStatus::Suspended => Standing::Suspended,
            AccountStatus::Terminated => Standing::Terminated,
            AccountStatus::Dormant => Standing::Dormant,
            AccountStatus::Active if self.demo && !rules.demo => Standing::Closed,
            AccountStatus::Active => {
                let last_used =
                    self.last_sign_in_at.map_or(self.activated_at, |at| at.max(self.activated_at));
                if now - last_used >= rules.dormant_after {
                    Standing::Dormant
                } else {
                    Standing::Active
                }
            }
        }
    }
}

/// What account rules a deployment sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRules {
    /// How long an account may lie unused: 200 days (R28). At exactly this age it is dormant.
    pub dormant_after: Duration,
    /// Whether demo accounts are accepted.
    pub demo: bool,
}

/// What was decided about an account (domain 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountStatus {
    /// In use.
    Active,
    /// Closed for good: merged, fraud, death.
    Closed,
    /// Found unused by the daily job.
    Dormant,
    /// Stopped for now.
    Suspended,
    /// Ended; the same ID may be nominated anew.
    Terminated,
}

/// Whether an account may be used at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may be used.
    Active,
    /// Closed for good.
    Closed,
    /// Unused for too long.
    Dormant,
    /// Stopped for now.
    Suspended,
    /// Ended.
    Terminated,
}

/// The rest of OIDC Core §5.1's standard claims. Empty ones are left out of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// `middle_name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// `nickname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// `profile`, an address of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// `picture`, an address of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// `website`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// `gender`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// `birthdate`, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    /// `zoneinfo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    /// `locale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// `address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
}

/// OIDC Core §5.1.1. Empty members are left out of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostalAddress {
    /// The whole address, with line breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ZIP code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn at(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(20_000 + days)
    }

    pub(crate) fn subscriber(user_id: &str) -> Subscriber {
        Subscriber {
            id: format!("sub_{user_id}").parse().unwrap(),
            user_id: user_id.parse().unwrap(),
            given_name: "Ana".into(),
            family_name: "Rivera".into(),
            email: Some("ana@example.org".parse().unwrap()),
            email_verified: true,
            phone_number: None,
            phone_number_verified: false,
            npi: None,
            profile: Profile::default(),
            status: AccountStatus::Active,
            activated_at: at(0),
            last_sign_in_at: None,
            updated_at: at(0),
            demo: false,
        }
    }

    const RULES: AccountRules = AccountRules { dormant_after: Duration::days(200), demo: false };

    #[test]
    fn an_account_unused_for_200_days_is_dormant_by_date() {
        for (last_sign_in, today, expected) in [
            (None, 199, Standing::Active),
            (None, 200, Standing::Dormant),
            (Some(100), 299, Standing::Active),
            (Some(100), 300, Standing::Dormant),
        ] {
            let person = Subscriber { last_sign_in_at: last_sign_in.map(at), ..subscriber("ana") };
            assert_eq!(person.standing(&RULES, at(today)), expected, "{last_sign_in:?} {today}");
        }
    }

    #[test]
    fn a_demo_account_is_closed_outside_a_demo() {
        let person = Subscriber { demo: true, ..subscriber("ana") };
        assert_eq!(person.standing(&RULES, at(0)), Standing::Closed);
        assert_eq!(person.standing(&AccountRules { demo: true, ..RULES }, at(0)), Standing::Active);
    }

    #[test]
    fn a_user_id_is_read_without_regard_to_letter_case() {
        assert_eq!("  Ana.Rivera ".parse::<UserId>().unwrap().as_str(), "ana.rivera");
        for wrong in ["ab", "-abc", "a b c", "\u{e9}ric", "a@b.c", &"a".repeat(65), ""] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_mail_address_cannot_carry_a_second_header_or_recipient() {
        assert!("ana.rivera@example.org".parse::<EmailAddress>().is_ok());
        for wrong in [
            "ana",
            "@x.org",
            "a@b",
            "a@b.",
            "a@b@c.org",
            "a@b.org\r\nBcc: x@y.org",
            "a@b.org,c@d.org",
            "a <a@b.org>",
        ] {
            assert!(wrong.parse::<EmailAddress>().is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn an_account_that_is_not_active_never_becomes_usable_by_waiting(days in 0_i64..10_000) {
            for status in [AccountStatus::Closed, AccountStatus::Dormant, AccountStatus::Suspended, AccountStatus::Terminated] {
                let person = Subscriber { status, ..subscriber("ana") };
                prop_assert_ne!(person.standing(&RULES, at(days)), Standing::Active);
            }
        }
    }
}
