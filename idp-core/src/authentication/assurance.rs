//! How strongly someone signed in: the `acr` ladder and the `amr` values (domain 3.2).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// REFEDS MFA, an alias of [`Assurance::BrowserSecondFactor`].
pub const REFEDS_MFA: &str = "https://refeds.org/profile/mfa";

/// The ladder, from weak to strong. A higher rung satisfies a request for a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Assurance {
    /// User ID and password.
    #[serde(rename = "urn:hilum:acr:password")]
    Password,
    /// And a code sent by mail.
    #[serde(rename = "urn:hilum:acr:email-code")]
    EmailCode,
    /// And a time-based code or a passkey in this browser session.
    #[serde(rename = "urn:hilum:acr:browser-second-factor")]
    BrowserSecondFactor,
    /// A passkey with user verification.
    #[serde(rename = "urn:hilum:acr:phishing-resistant")]
    PhishingResistant,
}

impl Assurance {
    /// All rungs, weakest first.
    pub const ALL: [Self; 4] =
        [Self::Password, Self::EmailCode, Self::BrowserSecondFactor, Self::PhishingResistant];

    /// The `acr` value.
    #[must_use]
    pub const fn acr(self) -> &'static str {
        match self {
            Self::Password => "urn:hilum:acr:password",
            Self::EmailCode => "urn:hilum:acr:email-code",
            Self::BrowserSecondFactor => "urn:hilum:acr:browser-second-factor",
            Self::PhishingResistant => "urn:hilum:acr:phishing-resistant",
        }
    }

    /// The rung that an `acr` value or its alias names.
    #[must_use]
    pub fn from_acr(value: &str) -> Option<Self> {
        if value == REFEDS_MFA {
            return Some(Self::BrowserSecondFactor);
        }
        Self::ALL.into_iter().find(|rung| rung.acr() == value)
    }
}

/// One thing that a person proved in this browser session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What was proved.
    pub method: Method,
    /// When.
    pub at: DateTime<Utc>,
}

/// How something was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A code sent by mail.
    EmailCode,
    /// A passkey or security key, touched.
    Passkey,
    /// A passkey that checked the person (PIN or biometrics).
    PasskeyWithUserVerification,
    /// User ID and password.
    Password,
    /// A one-time recovery code in place of a lost factor.
    RecoveryCode,
    /// A remembered browser stood in for the second factor.
    RememberedBrowser,
    /// A time-based code.
    Totp,
}

impl Method {
    /// Whether it is something that a person has set up as their own and keeps at hand.
    #[must_use]
    pub const fn is_own_factor(self) -> bool {
        match self {
            Self::Passkey | Self::PasskeyWithUserVerification | Self::Totp => true,
            Self::EmailCode | Self::Password | Self::RecoveryCode | Self::RememberedBrowser => {
                false
            }
        }
    }

    /// Whether it begins a session by itself.
    #[must_use]
    pub const fn is_sign_in(self) -> bool {
        match self {
            Self::PasskeyWithUserVerification | Self::Password => true,
            Self::EmailCode
            | Self::Passkey
            | Self::RecoveryCode
            | Self::RememberedBrowser
            | Self::Totp => false,
        }
    }
}

/// The rung that `proofs` reach together.
///
/// A second factor counts only beside a sign-in; a remembered browser only where the site
/// accepts one.
#[must_use]
pub fn assurance_of(proofs: &[Proof], accept_remembered_browser: bool) -> Option<Assurance> {
    let has = |method| proofs.iter().any(|proof| proof.method == method);
    if has(Method::PasskeyWithUserVerification) {
        return Some(Assurance::PhishingResistant);
    }
    if !has(Method::Password) {
        return None;
    }
    let remembered = accept_remembered_browser && has(Method::RememberedBrowser);
    if has(Method::Totp) || has(Method::Passkey) || remembered {
        Some(Assurance::BrowserSecondFactor)
    } else if has(Method::EmailCode) || has(Method::RecoveryCode) {
        Some(Assurance::EmailCode)
    } else {
        Some(Assurance::Password)
    }
}

/// `amr` (RFC 8176) for `proofs`, in a fixed order. A remembered browser is always visible.
#[must_use]
pub fn amr_of(proofs: &[Proof]) -> Vec<&'static str> {
    let has = |method| proofs.iter().any(|proof| proof.method == method);
    let passkey = has(Method::Passkey) || has(Method::PasskeyWithUserVerification);
    let one_time = has(Method::Totp) || has(Method::EmailCode) || has(Method::RecoveryCode);
    let several = has(Method::PasskeyWithUserVerification)
        || (has(Method::Password) && (passkey || one_time));
    [
        (has(Method::Password), "pwd"),
        (one_time, "otp"),
        (passkey, "hwk"),
        (has(Method::PasskeyWithUserVerification), "user"),
        (several, "mfa"),
        (has(Method::RememberedBrowser), "hilum:remembered-browser"),
    ]
    .into_iter()
    .filter_map(|(present, value)| present.then_some(value))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proofs(methods: &[Method]) -> Vec<Proof> {
        methods.iter().map(|method| Proof { method: *method, at: DateTime::UNIX_EPOCH }).collect()
    }

    #[test]
    fn proofs_reach_a_rung_only_beside_a_sign_in() {
        use Assurance as A;
        use Method as M;
        for (methods, accepts, expected) in [
            (vec![], false, None),
            (vec![M::Totp], false, None),
            (vec![M::Passkey], false, None),
            (vec![M::RememberedBrowser], true, None),
            (vec![M::Password], false, Some(A::Password)),
            (vec![M::Password, M::EmailCode], false, Some(A::EmailCode)),
            (vec![M::Password, M::RecoveryCode], false, Some(A::EmailCode)),
            (vec![M::Password, M::Totp], false, Some(A::BrowserSecondFactor)),
            (vec![M::Password, M::Passkey], false, Some(A::BrowserSecondFactor)),
            (vec![M::Password, M::RememberedBrowser], false, Some(A::Password)),
            (vec![M::Password, M::RememberedBrowser], true, Some(A::BrowserSecondFactor)),
            (vec![M::PasskeyWithUserVerification], false, Some(A::PhishingResistant)),
        ] {
            assert_eq!(assurance_of(&proofs(&methods), accepts), expected, "{methods:?} {accepts}");
        }
    }

    #[test]
    fn amr_tells_every_method_and_never_hides_a_remembered_browser() {
        use Method as M;
        for (methods, expected) in [
            (vec![M::Password], vec!["pwd"]),
            (vec![M::Password, M::Totp], vec!["pwd", "otp", "mfa"]),
            (vec![M::PasskeyWithUserVerification], vec!["hwk", "user", "mfa"]),
            (vec![M::Password, M::RememberedBrowser], vec!["pwd", "hilum:remembered-browser"]),
        ] {
            assert_eq!(amr_of(&proofs(&methods)), expected, "{methods:?}");
        }
    }

    #[test]
    fn the_refeds_alias_names_the_browser_second_factor() {
        assert_eq!(Assurance::from_acr(REFEDS_MFA), Some(Assurance::BrowserSecondFactor));
        assert_eq!(Assurance::from_acr("urn:hilum:acr:none"), None);
        for rung in Assurance::ALL {
            assert_eq!(Assurance::from_acr(rung.acr()), Some(rung));
        }
    }
}
