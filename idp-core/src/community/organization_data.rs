//! An organization's data: who may change what of them (R14).
//!
//! The name is what sites show and what the agreement was signed under; the listed telephone number is
//! where Support calls back when somebody says that the Administrator has left; the NPI goes to sites.
//! Whoever could change those alone could pass for somebody else. So an Administrator asks for them,
//! and Support compares them with public directories. The rest is theirs.

use super::{
    actor::Actor,
    news::{News, Recipient},
    npi::Npi,
    organization::{Organization, OrganizationStatus},
    outcome::Outcome,
    permission::{Action, Denied, Target, may},
    registration::Details,
};
use crate::audit::Kind;

/// The data as they are. One that was imported may have no address or number on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Whose, with name and NPI.
    pub organization: Organization,
    /// Postal address.
    pub address: Option<String>,
    /// Telephone, as public directories list it.
    pub phone: Option<String>,
}

/// A part of the data that an Administrator does not change alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarded {
    /// The name.
    Name,
    /// The organization's own NPI.
    Npi,
    /// The listed telephone number.
    Phone,
}

impl Guarded {
    /// Its field in forms.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Npi => "npi",
            Self::Phone => "phone",
        }
    }
}

/// What comes of new data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is changed at once, if anything is.
    pub now: Option<Outcome<Current>>,
    /// What Support is asked for.
    pub asked: Vec<Guarded>,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The organization has left.
    #[error("an organization that was closed stays as it was")]
    Closed,
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It is all as it was.
    #[error("nothing was different, so nothing was changed")]
    Unchanged,
}

/// What new data come to.
///
/// # Errors
/// [`Refusal`]: nothing has happened.
pub fn change(current: Current, wanted: Details, actor: &Actor) -> Result<Decision, Refusal> {
    may(actor, Action::ChangeOrganization, Target::Organization(&current.organization.id))?;
    if current.organization.status == OrganizationStatus::Closed {
        return Err(Refusal::Closed);
    }
    let Details { name, address, phone, npi } = wanted;
    let differs: [(Guarded, bool); 3] = [
        (Guarded::Name, name != current.organization.name),
        (Guarded::Npi, npi != current.organization.npi),
        (Guarded::Phone, Some(&phone) != current.phone.as_ref()),
    ];
    let guarded: Vec<Guarded> =
        differs.into_iter().filter(|(_, differs)| *differs).map(|(guarded, _)| guarded).collect();
    let moves = Some(&address) != current.address.as_ref();
    if guarded.is_empty() && !moves {
        return Err(Refusal::Unchanged);
    }
    let to = Recipient::AdministratorsOf(current.organization.id.clone());
    let outcome = |changed: Current| {
        Outcome::new(changed, Kind::OrgChanged).telling(to, News::OrganizationChanged)
    };
    let address = Some(address);
    if matches!(actor, Actor::Support { .. }) {
        let organization = Organization { name, npi, ..current.organization };
        let now = Some(outcome(Current { organization, address, phone: Some(phone) }));
        return Ok(Decision { now, asked: Vec::new() });
    }
    let now = moves.then(|| outcome(Current { address, ..current }));
    Ok(Decision { now, asked: guarded })
}

/// The values of what Support is asked for, for its ticket.
#[must_use]
pub fn wanted(details: &Details, asked: &[Guarded]) -> Vec<(&'static str, String)> {
    let value = |guarded: &Guarded| match guarded {
        Guarded::Name => details.name.clone(),
        Guarded::Npi => details.npi.as_ref().map(Npi::as_str).unwrap_or_default().to_owned(),
        Guarded::Phone => details.phone.clone(),
    };
    asked.iter().map(|guarded| (guarded.field(), value(guarded))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::community::actor::testing::{administrator, agent, person};

    fn current() -> Current {
        Current {
            organization: Organization {
                id: "org_a".parse().unwrap(),
                name: "Cedar Falls".to_owned(),
                parent: None,
                npi: None,
                status: OrganizationStatus::Active,
            },
            address: Some("1 Main St".to_owned()),
            phone: Some("+1 360 555 0110".to_owned()),
        }
    }

    fn as_it_is() -> Details {
        Details {
            name: "Cedar Falls".to_owned(),
            address: "1 Main St".to_owned(),
            phone: "+1 360 555 0110".to_owned(),
            npi: None,
        }
    }

    #[test]
    fn an_administrator_moves_the_organization_and_asks_for_the_rest() {
        let adam = administrator("adam", "a");
        let moved = Details { address: "2 Main St".to_owned(), ..as_it_is() };
        let renamed = Details { name: "Cedar".to_owned(), ..as_it_is() };
        let both = Details { phone: "+1 360 555 0199".to_owned(), ..moved.clone() };
        for (wanted, now, asked) in [
            (moved, true, vec![]),
            (renamed, false, vec![Guarded::Name]),
            (both, true, vec![Guarded::Phone]),
        ] {
            let found = change(current(), wanted.clone(), &adam).unwrap();
            assert_eq!((found.now.is_some(), found.asked), (now, asked), "{wanted:?}");
        }
        assert_eq!(change(current(), as_it_is(), &adam), Err(Refusal::Unchanged));
        let mut closed = current();
        closed.organization.status = OrganizationStatus::Closed;
        assert_eq!(change(closed, as_it_is(), &adam), Err(Refusal::Closed));
        for (actor, why) in
            [(administrator("eve", "b"), Denied::NotFound), (person("ana"), Denied::NotFound)]
        {
            let found = change(current(), as_it_is(), &actor);
            assert_eq!(found, Err(Refusal::Denied(why)), "{actor:?}");
        }
    }

    proptest! {
        #[test]
        fn name_and_number_are_changed_by_support_alone(
            name in "[a-c]{1,2}", address in "[a-c]{1,2}", phone in "[0-2]{1,2}", by_support: bool,
        ) {
            let actor = if by_support { agent("sam") } else { administrator("adam", "a") };
            let wanted = Details { name, address, phone, npi: None };
            let Ok(found) = change(current(), wanted.clone(), &actor) else { return Ok(()) };
            let after = found.now.map_or_else(current, |outcome| outcome.state);
            let guarded = (&after.organization.name, &after.phone);
            if by_support {
                prop_assert!(found.asked.is_empty());
                prop_assert_eq!(guarded, (&wanted.name, &Some(wanted.phone)));
            } else {
                prop_assert_eq!(guarded, (&current().organization.name, &current().phone));
            }
            prop_assert_eq!(after.address, Some(wanted.address));
        }
    }
}
