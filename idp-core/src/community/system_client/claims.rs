//! What a system's token says of its organization (domain 3.5).

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::community::{
    organization::Organization,
    tax_id::{TaxId, TaxIdNumber},
};

/// Where Employer Identification Numbers are named (HL7 OID registry).
const EIN: &str = "urn:oid:2.16.840.1.113883.4.4";
/// Where National Provider Identifiers are.
const NPI: &str = "urn:oid:2.16.840.1.113883.4.6";
/// Where HL7 names reasons for an act.
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// What a system is for, of HL7's v3-ActReason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// `HOPERAT`: running a healthcare organization.
    #[serde(rename = "HOPERAT")]
    Operations,
    /// `HPAYMT`: being paid.
    #[serde(rename = "HPAYMT")]
    Payment,
    /// `PUBHLTH`: public health.
    #[serde(rename = "PUBHLTH")]
    PublicHealth,
    /// `TREAT`: treating patients.
    #[serde(rename = "TREAT")]
    Treatment,
}

impl Purpose {
    /// Every purpose there is.
    pub const ALL: [Self; 4] =
        [Self::Operations, Self::Payment, Self::PublicHealth, Self::Treatment];

    /// HL7's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Operations => "HOPERAT",
            Self::Payment => "HPAYMT",
            Self::PublicHealth => "PUBHLTH",
            Self::Treatment => "TREAT",
        }
    }
}

/// No such purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a purpose is one of HOPERAT, HPAYMT, PUBHLTH and TREAT")]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(code: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code).ok_or(UnknownPurpose)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ACT_REASON}#{}", self.code())
    }
}

/// For whom a system acts, and what for, as its token says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemClaims {
    /// `organization`: Hilum's name for it, and its NPI.
    pub organization: Map<String, Value>,
    /// `extensions`: the object `hl7-b2b` of the UDAP Security IG.
    pub extensions: Map<String, Value>,
}

/// What a token says of an organization. It is named by its main business number or, without one, by
/// its NPI or by Hilum's own name for it; never by somebody's Social Security number (security 20.10).
#[must_use]
pub fn claims(
    organization: &Organization,
    tax_ids: &[TaxId],
    purposes: &BTreeSet<Purpose>,
) -> SystemClaims {
    let ein = |tax_id: &TaxId| match &tax_id.number {
        TaxIdNumber::Ein(ein) => Some(format!("{EIN}#{ein}")),
        TaxIdNumber::Ssn(_) => None,
    };
    let main_first = tax_ids.iter().filter(|id| id.primary).chain(tax_ids.iter());
    let named = main_first.filter_map(ein).next();
    let npi = || organization.npi.as_ref().map(|npi| format!("{NPI}#{npi}"));
    let own = || format!("urn:hilum:organization:{}", organization.id);
    let mut named_claim = Map::new();
    named_claim.insert("id".to_owned(), json!(organization.id));
    if let Some(npi) = &organization.npi {
        named_claim.insert("npi".to_owned(), json!(npi));
    }
    let b2b = json!({
        "version": "1",
        "organization_id": named.or_else(npi).unwrap_or_else(own),
        "organization_name": organization.name,
        "purpose_of_use": purposes.iter().map(Purpose::to_string).collect::<Vec<_>>(),
    });
    let extensions = Map::from_iter([("hl7-b2b".to_owned(), b2b)]);
    SystemClaims { organization: named_claim, extensions }
}
