//! What an affiliation carries: roles, Tax IDs and the access level (R7, R8, R38–R42, R78, R89).
//!
//! [`RightsForm::read`] is the one place where rights are judged, for a nomination, for a change
//! and for a list that is imported. Nobody is given what the organization does not have, a role
//! that is not in the catalogue, or a sensitive role without a reason (security 20.3).

use std::collections::BTreeSet;

use super::{
    affiliation::AccessLevel,
    field::{LONGEST_NOTE, Objections, optional_line},
    npi::Npi,
    role::{CATALOGUE, Role},
    tax_id::TaxId,
};
use crate::ids::TaxIdId;

const NPI_KEPT: &str = "another NPI is on file: please ask the support desk";
const NPI_UNNEEDED: &str =
    "only a licensed practitioner is asked for it: choose that role, or leave this empty";

/// What is said of an NPI that somebody else has. It is not said that somebody has it (security 20.2).
pub const NPI_UNUSABLE: &str =
    "this NPI cannot be used here: compare it digit by digit, or ask the support desk";

/// What an affiliation carries. Only [`RightsForm::read`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    roles: BTreeSet<Role>,
    role_details: BTreeSet<String>,
    access_level: AccessLevel,
    tax_ids: TaxIdSubset,
    reason: Option<String>,
}

/// Which of the organization's Tax IDs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaxIdSubset {
    /// All, those that are yet to come included.
    All,
    /// Only these.
    Only(BTreeSet<TaxIdId>),
}

impl TaxIdSubset {
    /// Those of the organization's numbers that are meant.
    #[must_use]
    pub fn of(&self, all: &[TaxId]) -> Vec<TaxId> {
        let meant = |tax_id: &&TaxId| match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(&tax_id.id),
        };
        all.iter().filter(meant).cloned().collect()
    }
}

impl Rights {
    /// What the person does there.
    #[must_use]
    pub const fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// Professions or duties within the roles.
    #[must_use]
    pub const fn role_details(&self) -> &BTreeSet<String> {
        &self.role_details
    }

    /// How much of the community they may use.
    #[must_use]
    pub const fn access_level(&self) -> AccessLevel {
        self.access_level
    }

    /// Which of the organization's numbers they may use.
    #[must_use]
    pub const fn tax_ids(&self) -> &TaxIdSubset {
        &self.tax_ids
    }

    /// Why; there is a reason wherever a sensitive role is given.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether it is worth a second look: most sites ask for one role only (R39).
    #[must_use]
    pub fn has_several_roles(&self) -> bool {
        self.roles.len() > 1
    }
}

/// The form in which rights are given.
#[derive(Clone, Copy, Debug, Default)]
pub struct RightsForm<'a> {
    /// Codes of roles.
    pub roles: &'a [&'a str],
    /// Codes of professions or duties.
    pub role_details: &'a [&'a str],
    /// The code of the access level.
    pub access_level: &'a str,
    /// Public names of the numbers; `None`: all of them.
    pub tax_ids: Option<&'a [&'a str]>,
    /// Why.
    pub reason: &'a str,
}

/// What the form is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The organization's numbers, and those under which it acts for others.
    pub tax_ids: &'a [TaxId],
    /// The roles that the person has there already.
    pub held: &'a BTreeSet<Role>,
    /// Whether the person has an NPI.
    pub npi: HasNpi,
}

/// Whether a person has an NPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HasNpi {
    /// None is on file or in the form.
    No,
    /// It may be on file, with somebody who has an account already: asked when they accept.
    NotKnown,
    /// There is one.
    Yes,
}

impl RightsForm<'_> {
    /// Reads the form.
    ///
    /// # Errors
    /// All that is wrong with it, by field: `roles`, `role_details`, `access_level`, `tax_ids`,
    /// `reason`, `npi`.
    pub fn read(self, circumstances: Circumstances<'_>) -> Result<Rights, Objections> {
        let mut found = Objections::default();
        let roles = self.read_roles(circumstances, &mut found);
        let role_details = self.read_details(&roles, &mut found);
        let level = AccessLevel::ALL.into_iter().find(|level| level.code() == self.access_level);
        if level.is_none() {
            let levels = AccessLevel::ALL.map(AccessLevel::code).join(", ");
            found.object("access_level", format_args!("please choose one of: {levels}"));
        }
        let tax_ids = self.read_tax_ids(circumstances.tax_ids, &mut found);
        let reason = found.take("reason", optional_line(self.reason, LONGEST_NOTE)).flatten();
        let needs_reason =
            |role: &&Role| is_sensitive(**role) && !circumstances.held.contains(role);
        if let Some(role) = roles.iter().find(needs_reason).filter(|_| reason.is_none()) {
            let label = role.label();
            let why = format_args!("“{label}” opens sensitive data: please say why it is needed");
            found.object("reason", why);
        }
        let rights =
            level.map(|access_level| Rights { roles, role_details, access_level, tax_ids, reason });
        found.unless_any(rights)
    }

    /// Reads the form together with the NPI that somebody gets with it: a colleague becomes a licensed
    /// practitioner, and none is on file (R78). One that is on file is not changed this way.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_with_npi(
        self,
        typed: &str,
        on_file: Option<&Npi>,
        circumstances: Circumstances<'_>,
    ) -> Result<(Rights, Option<Npi>), Objections> {
        let typed = typed.trim();
        let read = (!typed.is_empty()).then(|| typed.parse::<Npi>()).transpose();
        let npi = match (on_file, &read) {
            (None, Ok(None)) => HasNpi::No,
            (Some(_), _) | (None, Ok(Some(_)) | Err(_)) => HasNpi::Yes,
        };
        let mut found = Objections::default();
        let given = found.take("npi", read).flatten();
        if on_file.is_some_and(|kept| given.as_ref().is_some_and(|given| given != kept)) {
            found.object("npi", NPI_KEPT);
        }
        let practises = self.roles.contains(&Role::LicensedPractitioner.code());
        if given.is_some() && on_file.is_none() && !practises {
            found.object("npi", NPI_UNNEEDED);
        }
        match self.read(Circumstances { npi, ..circumstances }) {
            Ok(rights) => found.unless_any(Some((rights, given.filter(|_| on_file.is_none())))),
            Err(mut objections) => {
                found.iter().for_each(|(field, why)| objections.object(field, why));
                Err(objections)
            }
        }
    }

    fn read_roles(&self, by: Circumstances<'_>, found: &mut Objections) -> BTreeSet<Role> {
        let read = self.roles.iter().map(|code| code.parse::<Role>());
        let roles: BTreeSet<Role> = read.filter_map(|role| found.take("roles", role)).collect();
        if self.roles.is_empty() {
            found.object("roles", "please choose a role: most people need exactly one");
        }
        let practises = roles.iter().any(|role| role.needs_npi());
        if practises && by.npi == HasNpi::No {
            found.object("npi", "a licensed practitioner needs a National Provider Identifier");
        }
        roles
    }

    fn read_details(&self, roles: &BTreeSet<Role>, found: &mut Objections) -> BTreeSet<String> {
        let offered: BTreeSet<&str> = CATALOGUE
            .iter()
            .filter(|entry| roles.contains(&entry.code))
            .flat_map(|entry| entry.details.iter().copied())
            .collect();
        let known = |detail: &&&str| offered.contains(**detail);
        let details: BTreeSet<String> =
            self.role_details.iter().filter(known).map(|detail| (*detail).to_owned()).collect();
        if self.role_details.iter().any(|detail| !offered.contains(detail)) {
            let offered = offered.into_iter().collect::<Vec<_>>().join(", ");
            let why = if offered.is_empty() {
                "none of the chosen roles has any".to_owned()
            } else {
                format!("the chosen roles have: {offered}")
            };
            found.object("role_details", why);
        }
        details
    }

    fn read_tax_ids(&self, all: &[TaxId], found: &mut Objections) -> TaxIdSubset {
        let Some(chosen) = self.tax_ids else { return TaxIdSubset::All };
        let theirs = |text: &str| all.iter().find(|tax_id| tax_id.id.as_str() == text);
        let ids: BTreeSet<TaxIdId> =
            chosen.iter().filter_map(|text| theirs(text)).map(|tax_id| tax_id.id.clone()).collect();
        if chosen.iter().any(|text| theirs(text).is_none()) {
            found.object("tax_ids", "please choose from your organization's Tax IDs");
        }
        TaxIdSubset::Only(ids)
    }
}

/// Whether a grant of the role needs a reason (R42).
#[must_use]
pub fn is_sensitive(role: Role) -> bool {
    CATALOGUE.iter().any(|entry| entry.code == role && entry.sensitive)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Rights with these roles, all numbers and a reason.
    pub(crate) fn rights(roles: &[&str]) -> Rights {
        let form = RightsForm {
            roles,
            access_level: "community-standard",
            reason: "asked for by the medical board",
            ..RightsForm::default()
        };
        let held = BTreeSet::new();
        form.read(Circumstances { tax_ids: &[], held: &held, npi: HasNpi::Yes }).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::subsequence};

    use super::*;
    use crate::community::tax_id::TaxIdNumber;

    fn tax_id(id: &str) -> TaxId {
        let number = TaxIdNumber::Ein("91-1234567".parse().unwrap());
        TaxId { id: id.parse().unwrap(), number, primary: true }
    }

    fn judged(form: RightsForm<'_>, npi: HasNpi, held: &[Role]) -> Vec<&'static str> {
        let held = held.iter().copied().collect();
        let circumstances = Circumstances { tax_ids: &[tax_id("tin_1")], held: &held, npi };
        match form.read(circumstances) {
            Ok(_) => vec![],
            Err(objections) => objections.iter().map(|(field, _)| field).collect(),
        }
    }

    #[test]
    fn each_field_is_judged_by_what_the_organization_has() {
        let good = RightsForm {
            roles: &["billing-specialist"],
            access_level: "community-standard",
            ..RightsForm::default()
        };
        let practitioner = RightsForm { roles: &["licensed-practitioner"], ..good };
        let quality = RightsForm { roles: &["medical-director"], ..good };
        let (no, yes) = (HasNpi::No, HasNpi::Yes);
        for (form, npi, held, expected) in [
            (good, no, vec![], vec![]),
            (RightsForm { roles: &[], ..good }, no, vec![], vec!["roles"]),
            (RightsForm { roles: &["administrator"], ..good }, no, vec![], vec!["roles"]),
            (RightsForm { roles: &["support-agent"], ..good }, no, vec![], vec!["roles"]),
            (practitioner, yes, vec![], vec![]),
            (practitioner, HasNpi::NotKnown, vec![], vec![]),
            (practitioner, no, vec![], vec!["npi"]),
            (RightsForm { role_details: &["arnp"], ..practitioner }, yes, vec![], vec![]),
            (
                RightsForm { role_details: &["rn"], ..practitioner },
                yes,
                vec![],
                vec!["role_details"],
            ),
            (RightsForm { role_details: &["arnp"], ..good }, no, vec![], vec!["role_details"]),
            (RightsForm { access_level: "all", ..good }, no, vec![], vec!["access_level"]),
            (RightsForm { tax_ids: Some(&["tin_1"]), ..good }, no, vec![], vec![]),
            (RightsForm { tax_ids: Some(&["tin_2"]), ..good }, no, vec![], vec!["tax_ids"]),
            (quality, no, vec![], vec!["reason"]),
            (RightsForm { reason: "asked for by the board", ..quality }, no, vec![], vec![]),
            // what somebody has is not asked about again
            (quality, no, vec![Role::MedicalDirector], vec![]),
            (
                RightsForm { roles: &["x"], access_level: "", tax_ids: Some(&["y"]), ..good },
                no,
                vec![],
                vec!["access_level", "roles", "tax_ids"],
            ),
        ] {
            assert_eq!(judged(form, npi, &held), expected, "{form:?}");
        }
    }

    #[test]
    fn a_number_comes_with_the_role_that_needs_it_and_replaces_none() {
        let (given, other): (Npi, Npi) =
            ("1234567893".parse().unwrap(), "1987654328".parse().unwrap());
        let (practitioner, worker) = (["licensed-practitioner"], ["office-worker"]);
        let (kept, new) = (Some(&given), Some(given.clone()));
        for (roles, typed, on_file, expected) in [
            (&practitioner, "", None, Err(vec!["npi"])),
            (&practitioner, " 1234567893 ", None, Ok(new)),
            (&practitioner, "1234567890", None, Err(vec!["npi"])),
            (&practitioner, "", kept, Ok(None)),
            (&practitioner, "1234567893", kept, Ok(None)),
            (&practitioner, other.as_str(), kept, Err(vec!["npi"])),
            (&worker, "", None, Ok(None)),
            (&worker, "1234567893", None, Err(vec!["npi"])),
            (&worker, other.as_str(), kept, Err(vec!["npi"])),
        ] {
            let form =
                RightsForm { roles, access_level: "community-full", ..RightsForm::default() };
            let held = BTreeSet::new();
            let by = Circumstances { tax_ids: &[], held: &held, npi: HasNpi::No };
            let read = form.read_with_npi(typed, on_file, by);
            let read = read.map(|(_, npi)| npi);
            let read = read.map_err(|why| why.iter().map(|(field, _)| field).collect::<Vec<_>>());
            assert_eq!(read, expected, "{roles:?} {typed} {on_file:?}");
        }
    }

    #[test]
    fn a_subset_holds_nothing_that_the_organization_lost() {
        let all = [tax_id("tin_1"), tax_id("tin_2")];
        assert_eq!(TaxIdSubset::All.of(&all), all);
        let only = TaxIdSubset::Only(["tin_2", "tin_3"].map(|id| id.parse().unwrap()).into());
        assert_eq!(only.of(&all), [tax_id("tin_2")]);
    }

    proptest! {
        #[test]
        fn no_rights_hold_more_than_the_organization_has_and_a_reason_for_what_is_sensitive(
            roles in subsequence(CATALOGUE.iter().map(|entry| entry.code.code()).collect::<Vec<_>>(), 0..5),
            chosen in prop::option::of(subsequence(vec!["tin_1", "tin_2", "tin_x", "nonsense"], 0..4)),
            reason in "[ a]{0,3}",
        ) {
            let form = RightsForm {
                roles: &roles,
                role_details: &[],
                access_level: "community-full",
                tax_ids: chosen.as_deref(),
                reason: &reason,
            };
            let all = [tax_id("tin_1"), tax_id("tin_2")];
            let held = BTreeSet::new();
            let circumstances = Circumstances { tax_ids: &all, held: &held, npi: HasNpi::Yes };
            if let Ok(rights) = form.read(circumstances) {
                prop_assert!(!rights.roles().is_empty());
                prop_assert!(!rights.roles().iter().any(|role| is_sensitive(*role)) || rights.reason().is_some());
                if let TaxIdSubset::Only(ids) = rights.tax_ids() {
                    prop_assert!(ids.iter().all(|id| all.iter().any(|tax_id| tax_id.id == *id)));
                }
            }
        }
    }
}
