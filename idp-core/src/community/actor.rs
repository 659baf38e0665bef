//! Who acts in the community, and as what.
//!
//! The audit record says who did something ([`audit::Actor`]). Whether they may depends on what
//! they do it *as*: the same person reads their own account as a Subscriber, manages colleagues as
//! an Administrator of one organization, and may be on duty at the support desk.

use crate::{
    audit,
    ids::{OrganizationId, SubscriberId},
};

/// Somebody who acts, in one capacity at a time.
///
/// The shell makes one of a session. An Administrator and Support only come from a session that
/// has proved a browser second factor (security 20.4), and an Administrator from an affiliation
/// that is active and carries the flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An Administrator of an organization.
    Administrator {
        /// Who.
        who: SubscriberId,
        /// For which organization they act now.
        of: OrganizationId,
    },
    /// Hilum itself, in the job of this name.
    Job(&'static str),
    /// A visitor of a public page, who has not signed in.
    Nobody,
    /// A person in their own matters.
    Subscriber(SubscriberId),
    /// Somebody on duty at the support desk.
    Support {
        /// Who.
        who: SubscriberId,
        /// What they may decide.
        rank: Rank,
    },
}

/// What somebody at the support desk may decide. Hilum's own rights: they are no roles, stand in no
/// affiliation and never reach a site (domain section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// `support-agent`.
    Agent,
    /// `support-lead`: the second pair of eyes.
    Lead,
}

impl Rank {
    /// Its code, in rows and in the audit record. No role has it, so nothing that is made of roles
    /// (a claim, an attribute, an import) can carry it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Agent => "support-agent",
            Self::Lead => "support-lead",
        }
    }
}

impl Actor {
    /// The person, where one acts.
    #[must_use]
    pub const fn person(&self) -> Option<&SubscriberId> {
        match self {
            Self::Administrator { who, .. } | Self::Subscriber(who) | Self::Support { who, .. } => {
                Some(who)
            }
            Self::Job(_) | Self::Nobody => None,
        }
    }

    /// For which organization they act.
    #[must_use]
    pub const fn organization(&self) -> Option<&OrganizationId> {
        match self {
            Self::Administrator { of, .. } => Some(of),
            Self::Job(_) | Self::Nobody | Self::Subscriber(_) | Self::Support { .. } => None,
        }
    }

    /// How the audit record names them.
    #[must_use]
    pub fn audited(&self) -> audit::Actor {
        match self {
            Self::Administrator { who, .. } | Self::Subscriber(who) | Self::Support { who, .. } => {
                audit::Actor::Subscriber(who.clone())
            }
            Self::Job(name) => audit::Actor::Job((*name).to_owned()),
            Self::Nobody => audit::Actor::Nobody,
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) fn administrator(who: &str, of: &str) -> Actor {
        let (who, of) = (format!("sub_{who}"), format!("org_{of}"));
        Actor::Administrator { who: who.parse().unwrap(), of: of.parse().unwrap() }
    }

    pub(crate) fn person(who: &str) -> Actor {
        Actor::Subscriber(format!("sub_{who}").parse().unwrap())
    }

    pub(crate) fn agent(who: &str) -> Actor {
        Actor::Support { who: format!("sub_{who}").parse().unwrap(), rank: Rank::Agent }
    }

    pub(crate) fn lead(who: &str) -> Actor {
        Actor::Support { who: format!("sub_{who}").parse().unwrap(), rank: Rank::Lead }
    }

    pub(crate) const JOB: Actor = Actor::Job("expiry");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::role::{CATALOGUE, Role};

    #[test]
    fn a_right_of_the_support_desk_is_no_role_and_so_reaches_no_site() {
        for code in [Rank::Agent.code(), Rank::Lead.code()] {
            assert!(code.parse::<Role>().is_err(), "{code}");
            assert!(CATALOGUE.iter().all(|entry| !entry.details.contains(&code)));
        }
    }

    #[test]
    fn the_audit_record_names_whoever_acts() {
        let sam = testing::agent("sam");
        assert_eq!(sam.audited().to_string(), "subscriber:sub_sam");
        assert_eq!(testing::JOB.audited().to_string(), "job:expiry");
        assert_eq!(Actor::Nobody.audited().to_string(), "nobody");
        let adam = testing::administrator("adam", "a");
        assert_eq!(adam.organization().map(OrganizationId::as_str), Some("org_a"));
        assert_eq!(sam.organization(), None);
    }
}
