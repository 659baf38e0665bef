//! What a registrant does at the organization (R38–R42, R78): the roles and the NPI with which the
//! first Administrator begins.
//!
//! Nobody changes their own rights (security 20.3), and whoever works alone has nobody else who could.
//! So they are asked before anything is signed, Support looks at the answer together with the
//! organization, and the approval gives exactly these.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::community::{
    affiliation::AccessLevel,
    field::Objections,
    npi::Npi,
    rights::{Circumstances, HasNpi, RightsForm},
    role::Role,
};

/// How much of the community a first Administrator may use; they can ask for more later.
pub const ACCESS_LEVEL: AccessLevel = AccessLevel::CommunityStandard;

/// What a registrant does there. [`WorkForm::read`] makes one, and the document of a registration
/// keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    roles: BTreeSet<Role>,
    role_details: BTreeSet<String>,
    reason: Option<String>,
    npi: Option<Npi>,
}

impl Work {
    /// The roles: one at least.
    #[must_use]
    pub const fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// Professions or duties within the roles.
    #[must_use]
    pub const fn role_details(&self) -> &BTreeSet<String> {
        &self.role_details
    }

    /// Why; there is a reason wherever one of the roles is sensitive.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Their own NPI; there is one wherever a role needs it.
    #[must_use]
    pub const fn npi(&self) -> Option<&Npi> {
        self.npi.as_ref()
    }
}

/// The form of [`Work`].
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkForm<'a> {
    /// Codes of roles.
    pub roles: &'a [&'a str],
    /// Codes of professions or duties.
    pub role_details: &'a [&'a str],
    /// Why a sensitive role is needed.
    pub reason: &'a str,
    /// Their own NPI; empty if they have none.
    pub npi: &'a str,
}

impl WorkForm<'_> {
    /// Reads the form by the rules of everybody's rights. `on_file`: the NPI of the account with
    /// which they began.
    ///
    /// # Errors
    /// All that is wrong with it, by field: `roles`, `role_details`, `reason`, `npi`.
    pub fn read(self, on_file: Option<&Npi>) -> Result<Work, Objections> {
        let mut found = Objections::default();
        let typed = self.npi.trim();
        let npi = if typed.is_empty() {
            on_file.cloned()
        } else {
            found.take("npi", typed.parse::<Npi>())
        };
        if let (Some(npi), Some(on_file)) = (&npi, on_file)
            && npi != on_file
        {
            found.object("npi", "your account has another NPI: please call the support desk");
        }
        // What is wrong with a number that was typed is said already.
        let has_npi = if typed.is_empty() && on_file.is_none() { HasNpi::No } else { HasNpi::Yes };
        let form = RightsForm {
            roles: self.roles,
            role_details: self.role_details,
            access_level: ACCESS_LEVEL.code(),
            // All of the organization's, which has this one.
            tax_ids: None,
            reason: self.reason,
        };
        let held = BTreeSet::new();
        let rights = form.read(Circumstances { tax_ids: &[], held: &held, npi: has_npi });
        let rights = match rights {
            Ok(rights) => Some(rights),
            Err(objections) => {
                for (field, why) in objections.iter() {
                    found.object(field, why);
                }
                None
            }
        };
        found.unless_any(rights.map(|rights| Work {
            roles: rights.roles().clone(),
            role_details: rights.role_details().clone(),
            reason: rights.reason().map(str::to_owned),
            npi,
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::subsequence};

    use super::*;
    use crate::community::{rights::is_sensitive, role::CATALOGUE};

    const NPI: &str = "1234567893";

    fn wrong(form: WorkForm<'_>, on_file: Option<&str>) -> Vec<&'static str> {
        let on_file = on_file.map(|npi| npi.parse().unwrap());
        match form.read(on_file.as_ref()) {
            Ok(_) => vec![],
            Err(objections) => objections.iter().map(|(field, _)| field).collect(),
        }
    }

    #[test]
    fn a_registrant_says_what_they_do_by_the_rules_of_everybodys_rights() {
        let office = WorkForm { roles: &["office-manager"], ..WorkForm::default() };
        let physician = WorkForm { roles: &["licensed-practitioner"], npi: NPI, ..office };
        let director = WorkForm { roles: &["medical-director"], ..office };
        for (form, on_file, expected) in [
            (office, None, vec![]),
            (WorkForm { roles: &[], ..office }, None, vec!["roles"]),
            // running the organization is no role, and no right of the desk is one
            (WorkForm { roles: &["administrator"], ..office }, None, vec!["roles"]),
            (WorkForm { roles: &["support-lead"], ..office }, None, vec!["roles"]),
            (physician, None, vec![]),
            (WorkForm { role_details: &["md"], ..physician }, None, vec![]),
            (WorkForm { role_details: &["rn"], ..physician }, None, vec!["role_details"]),
            (WorkForm { npi: " ", ..physician }, None, vec!["npi"]),
            (WorkForm { npi: "1234567890", ..physician }, None, vec!["npi"]),
            // an account that has one need not be told it again, and keeps it
            (WorkForm { npi: "", ..physician }, Some(NPI), vec![]),
            (physician, Some(NPI), vec![]),
            (physician, Some("1999999984"), vec!["npi"]),
            // nobody but a practitioner has to have one
            (WorkForm { npi: "x", ..office }, None, vec!["npi"]),
            (director, None, vec!["reason"]),
            (WorkForm { reason: "I lead the quality board", ..director }, None, vec![]),
            (WorkForm { roles: &[], npi: "x", ..director }, None, vec!["npi", "roles"]),
        ] {
            assert_eq!(wrong(form, on_file), expected, "{form:?} {on_file:?}");
        }
    }

    proptest! {
        /// R34, R42, R78, security 20.3
        #[test]
        fn nobody_begins_with_more_than_they_said_nor_without_what_it_needs(
            roles in subsequence(CATALOGUE.iter().map(|entry| entry.code.code()).collect::<Vec<_>>(), 0..5),
            reason in "[ a]{0,3}",
            npi in prop::option::of(Just(NPI)),
            on_file in prop::option::of(Just(NPI)),
        ) {
            let form = WorkForm {
                roles: &roles,
                role_details: &[],
                reason: &reason,
                npi: npi.unwrap_or_default(),
            };
            let known = on_file.map(|npi| npi.parse().unwrap());
            let Ok(work) = form.read(known.as_ref()) else { return Ok(()) };
            let given: Vec<_> = work.roles().iter().map(|role| role.code()).collect();
            let mut said = roles.clone();
            said.sort_unstable();
            let mut sorted = given.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, said);
            prop_assert!(!given.is_empty());
            let needs_npi = work.roles().contains(&Role::LicensedPractitioner);
            prop_assert!(!needs_npi || work.npi().is_some());
            let needs_reason = work.roles().iter().any(|role| is_sensitive(*role));
            prop_assert!(!needs_reason || work.reason().is_some());
            let document = serde_json::to_string(&work).unwrap();
            prop_assert_eq!(serde_json::from_str::<Work>(&document).unwrap(), work);
        }
    }
}
