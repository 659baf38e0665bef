//! Affiliations: a Subscriber's link to an organization, with roles and Tax IDs.
//!
//! Roles and Tax IDs sit in one value because they belong together: a role of one organization
//! never stands beside a Tax ID of another (security 20.10).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    organization::{Organization, OrganizationStatus},
    role::Role,
    tax_id::TaxId,
};
use crate::ids::{AffiliationId, SubscriberId};

/// A Subscriber's link to an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affiliation {
    /// Its identifier.
    pub id: AffiliationId,
    /// The person.
    pub subscriber: SubscriberId,
    /// The organization for which the person acts.
    pub organization: Organization,
    /// Whether it may be used.
    pub status: AffiliationStatus,
    /// What the person does there.
    pub roles: BTreeSet<Role>,
    /// Professions or duties within the roles.
    pub role_details: BTreeSet<String>,
    /// Whether the person is an Administrator of the organization.
    pub administrator: bool,
    /// How much of the community the person may use.
    pub access_level: AccessLevel,
    /// The organization's Tax IDs that this person may use: all of them or a subset (R7).
    pub tax_ids: Vec<TaxId>,
    /// Since when.
    pub since: NaiveDate,
}

impl Affiliation {
    /// Whether the person may act by it: it and its organization are active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == AffiliationStatus::Active
            && self.organization.status == OrganizationStatus::Active
    }

    /// Whether the person belongs to the organization: the affiliation is in use, and the organization
    /// has not left. While it is stopped nobody acts for it, but its people can still put right what
    /// stopped it.
    #[must_use]
    pub fn is_of_a_member(&self) -> bool {
        self.status == AffiliationStatus::Active
            && self.organization.status != OrganizationStatus::Closed
    }
}

/// Whether an affiliation may be used (domain 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AffiliationStatus {
    /// In use.
    Active,
    /// Over.
    Ended,
    /// Offered; the person has not accepted it.
    Proposed,
    /// Stopped for now.
    Suspended,
}

impl AffiliationStatus {
    /// Whether the person has accepted it and it has not ended: they are one of the organization's.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }
}

/// How much of the community a person may use (R89).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessLevel {
    /// Everything.
    CommunityFull,
    /// What most people need.
    CommunityStandard,
    /// Looking, not submitting.
    CommunityViewOnly,
}

impl AccessLevel {
    /// Every level there is, the widest first.
    pub const ALL: [Self; 3] =
        [Self::CommunityFull, Self::CommunityStandard, Self::CommunityViewOnly];

    /// How wide it is: a wider level holds all that a narrower one does.
    #[must_use]
    pub const fn width(self) -> u8 {
        match self {
            Self::CommunityFull => 3,
            Self::CommunityStandard => 2,
            Self::CommunityViewOnly => 1,
        }
    }

    /// The code that tokens carry.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CommunityFull => "community-full",
            Self::CommunityStandard => "community-standard",
            Self::CommunityViewOnly => "community-view-only",
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Ana's affiliation `aff_<id>` with the active "Clinic <id>", without a Tax ID.
    pub(crate) fn affiliation(id: &str, roles: &[Role]) -> Affiliation {
        Affiliation {
            id: format!("aff_{id}").parse().unwrap(),
            subscriber: "sub_ana".parse().unwrap(),
            organization: Organization {
                id: format!("org_{id}").parse().unwrap(),
                name: format!("Clinic {id}"),
                parent: None,
                npi: None,
                status: OrganizationStatus::Active,
            },
            status: AffiliationStatus::Active,
            roles: roles.iter().copied().collect(),
            role_details: [].into(),
            administrator: false,
            access_level: AccessLevel::CommunityStandard,
            tax_ids: vec![],
            since: NaiveDate::from_ymd_opt(2024, 3, 11).unwrap(),
        }
    }
}
