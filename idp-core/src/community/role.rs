//! The role catalogue (domain section 5): fourteen codes, stable, never reused.
//!
//! *Administrator* is a flag of an affiliation and no role. Hilum's own staff rights are no roles
//! either and never reach a site.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who a role is for; sites show fitting content by it (R38, R40–R42).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleGroup {
    /// Runs the practice.
    AdministrativeWorker,
    /// Treats patients.
    Clinician,
    /// Sees sensitive quality data; a grant needs a reason.
    Quality,
}

/// One line of the catalogue.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RoleEntry {
    /// The code that tokens carry.
    pub code: Role,
    /// Who it is for.
    pub group: RoleGroup,
    /// Its name for people.
    pub label: &'static str,
    /// What a holder does.
    pub description: &'static str,
    /// The professions or duties that it covers.
    pub details: &'static [&'static str],
    /// Whether a grant needs a reason and shows in the yearly review.
    pub sensitive: bool,
    /// `active`, or `retired` once it is no longer granted.
    pub status: &'static str,
}

/// Declares the codes once: the enum, its spelling and its catalogue line.
macro_rules! roles {
    ($($variant:ident, $code:literal, $group:ident, $label:literal, $description:literal, [$($detail:literal),*];)*) => {
        /// What a Subscriber does for an organization.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Role {
            $(#[doc = $description] $variant,)*
        }

        /// The catalogue, in the order in which people are shown it.
        pub const CATALOGUE: &[RoleEntry] = &[$(RoleEntry {
            code: Role::$variant,
            group: RoleGroup::$group,
            label: $label,
            description: $description,
            details: &[$($detail),*],
            sensitive: matches!(RoleGroup::$group, RoleGroup::Quality),
            status: "active",
        }),*];

        impl Role {
    /// Whether whoever has it has a National Provider Identifier: they act under an own licence.
    #[must_use]
    pub const fn needs_npi(self) -> bool {
        matches!(self, Self::LicensedPractitioner)
    }

    /// Whether it sees sensitive quality data (R42).
    #[must_use]
    pub fn is_sensitive(self) -> bool {
        CATALOGUE.iter().any(|entry| entry.code == self && entry.sensitive)
    }

            /// The code that tokens carry.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Its name for people.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// Who it is for.
            #[must_use]
            pub const fn group(self) -> RoleGroup {
                match self { $(Self::$variant => RoleGroup::$group,)* }
            }
        }

        impl std::str::FromStr for Role {
            type Err = UnknownRole;

            fn from_str(code: &str) -> Result<Self, UnknownRole> {
                match code { $($code => Ok(Self::$variant),)* _ => Err(UnknownRole) }
            }
        }
    };
}

roles! {
    LicensedPractitioner, "licensed-practitioner", Clinician, "Licensed practitioner",
        "Diagnoses and treats under an own licence",
        ["md", "do", "dds", "dmd", "pa", "arnp", "midwife", "podiatrist"];
    LicensedNurse, "licensed-nurse", Clinician, "Licensed nurse",
        "Nurses under an own licence", ["rn", "lvn", "lpn"];
    MedicalAssistant, "medical-assistant", Clinician, "Medical assistant",
        "Assists practitioners and nurses", ["nurse-assistant", "cna", "rna"];
    OtherServiceProvider, "other-service-provider", Clinician, "Other service provider",
        "Serves patients in another profession",
        ["acupuncturist", "pharmacist", "therapist", "chiropractor", "radiology-technician",
         "ultrasound-technician"];
    BillingSpecialist, "billing-specialist", AdministrativeWorker, "Billing specialist",
        "Works with claims, eligibility and payments", [];
    CredentialingManager, "credentialing-manager", AdministrativeWorker, "Credentialing manager",
        "Keeps the credentialing records of the organization's providers", [];
    EftAdministrator, "eft-administrator", AdministrativeWorker, "EFT administrator",
        "Manages electronic funds transfer", [];
    ReferralCoordinator, "referral-coordinator", AdministrativeWorker, "Referral coordinator",
        "Arranges referrals and prior authorizations", [];
    OfficeManager, "office-manager", AdministrativeWorker, "Office manager",
        "Runs the office", [];
    OfficeWorker, "office-worker", AdministrativeWorker, "Office worker",
        "Works at the front desk or in the office",
        ["receptionist", "customer-service", "admitting"];
    QualityReportManager, "quality-report-manager", Quality, "Quality report manager",
        "Manages and submits quality reports", [];
    QualityReportsViewOnly, "quality-reports-view-only", Quality, "Quality reports, view only",
        "Reads quality reports", [];
    QualityReportsDataEntry, "quality-reports-data-entry", Quality, "Quality reports, data entry",
        "Enters data for quality reports", [];
    MedicalDirector, "medical-director", Quality, "Medical director",
        "Answers for the organization's quality of care", [];
}

/// A code that is not in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such role: see /.well-known/hilum-roles for the codes")]
pub struct UnknownRole;

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The catalogue as `/.well-known/hilum-roles` serves it.
#[must_use]
pub fn catalogue_document() -> serde_json::Value {
    serde_json::json!({ "roles": CATALOGUE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_as_its_role_in_text_and_in_json() {
        assert_eq!(CATALOGUE.len(), 14);
        for entry in CATALOGUE {
            assert_eq!(entry.code.code().parse(), Ok(entry.code));
            assert_eq!(serde_json::to_value(entry.code).unwrap(), entry.code.code());
        }
        assert_eq!("administrator".parse::<Role>(), Err(UnknownRole));
        assert_eq!("support-agent".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn exactly_the_quality_roles_are_sensitive() {
        for entry in CATALOGUE {
            assert_eq!(entry.sensitive, entry.group == RoleGroup::Quality, "{}", entry.code);
        }
    }
}
