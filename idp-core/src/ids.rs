//! Typed identifiers: mixing two kinds does not compile.
//!
//! An identifier is a short prefix and 26 characters of base 32 (128 random bits), so that it
//! says what it names in a log and spreads evenly over a cluster. It is no secret.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is no identifier of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind: expected {expected}")]
pub struct InvalidId {
    expected: &'static str,
}

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// 16 bytes as 26 characters of lower-case base 32 (RFC 4648 §6, no padding).
fn base32(bytes: [u8; 16]) -> String {
    let value = u128::from_be_bytes(bytes);
    (0..26_u32)
        .map(|place| {
            // The last character carries only three bits: 26 * 5 = 128 + 2.
            let shifted = if place == 25 { value << 2 } else { value >> (123 - 5 * place) };
            let digit = usize::try_from(shifted & 31).unwrap_or_default();
            char::from(ALPHABET.get(digit).copied().unwrap_or(b'a'))
        })
        .collect()
}

/// Makes an identifier type of a prefix and its text.
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every identifier of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier from 128 random bits.
            #[must_use]
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(format!("{}{}", $prefix, base32(bytes)))
            }

            /// The identifier as it is stored and sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            /// Accepts the prefix and 1 to 64 letters, digits, `-` or `_` (imported communities
            /// bring their own short identifiers).
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let plausible = text.strip_prefix($prefix).is_some_and(is_plain);
                if plausible { Ok(Self(text.to_owned())) } else { Err(InvalidId { expected: $prefix }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

typed_id! {
    /// A request for access to an organization.
    AccessRequestId = "req_";
    /// A Subscriber's link to an organization.
    AffiliationId = "aff_";
    /// A version of an agreement.
    AgreementId = "agr_";
    /// A check of somebody who called the support desk.
    CallerCheckId = "chk_";
    /// A change of somebody's mail address.
    EmailChangeId = "chg_";
    /// Something that was ended, with what became of telling the sites.
    EndingId = "end_";
    /// An audit event.
    EventId = "evt_";
    /// A second factor that a person set up.
    FactorId = "fac_";
    /// The removal of somebody's lost second factors.
    FactorResetId = "frs_";
    /// What a site was given in a session.
    GrantId = "grt_";
    /// A message in the outbox.
    MessageId = "msg_";
    /// An Administrator's proposal of a person.
    NominationId = "nom_";
    /// A registered body.
    OrganizationId = "org_";
    /// A proposal that somebody become an Administrator.
    PromotionId = "pro_";
    /// The registration of an organization.
    RegistrationId = "reg_";
    /// The import of a list of people.
    RosterImportId = "ros_";
    /// A signed-in browser.
    SessionId = "ses_";
    /// A person.
    SubscriberId = "sub_";
    /// A system of an organization: its `client_id` too.
    SystemClientId = "sys_";
    /// A registered business Tax ID.
    TaxIdId = "tin_";
    /// Something that the support desk is asked for.
    TicketId = "tkt_";
}

/// A participating site: its OIDC `client_id` (RFC 6749 §2.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SiteId(String);

impl SiteId {
    /// A new `client_id` from 128 random bits.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("site_{}", base32(bytes)))
    }

    /// The `client_id` as it is stored and sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for SiteId {
    type Err = InvalidId;

    /// Accepts 1 to 64 letters, digits, `-` or `_`, but nothing that begins like the identifier of a
    /// system: a `client_id` is either's, never both.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if is_plain(text) && !text.starts_with(SystemClientId::PREFIX) {
            Ok(Self(text.to_owned()))
        } else {
            let expected =
                "1 to 64 letters, digits, hyphens or underscores, not beginning with sys_";
            Err(InvalidId { expected })
        }
    }
}

impl TryFrom<String> for SiteId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<SiteId> for String {
    fn from(id: SiteId) -> Self {
        id.0
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_identifier_is_its_prefix_and_26_characters() {
        let id = GrantId::from_random([0xff; 16]);
        assert_eq!(id.as_str(), "grt_77777777777777777777777774");
        assert_eq!(id.as_str().len(), 30);
    }

    #[test]
    fn an_identifier_of_another_kind_is_refused() {
        assert!("org_7Q2M".parse::<OrganizationId>().is_ok());
        for wrong in ["aff_7Q2M", "org_", "org_a b", "7Q2M", "", "org_\u{e9}"] {
            assert!(wrong.parse::<OrganizationId>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_client_id_is_a_sites_or_a_systems() {
        assert!("system".parse::<SiteId>().is_ok());
        for text in ["sys_a", "sys_"] {
            assert!(text.parse::<SiteId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn different_random_bits_make_different_identifiers(a: [u8; 16], b: [u8; 16]) {
            prop_assert_eq!(a == b, GrantId::from_random(a) == GrantId::from_random(b));
        }

        #[test]
        fn an_identifier_survives_being_stored(bytes: [u8; 16]) {
            let id = GrantId::from_random(bytes);
            prop_assert_eq!(id.as_str().parse::<GrantId>(), Ok(id.clone()));
        }
    }
}
