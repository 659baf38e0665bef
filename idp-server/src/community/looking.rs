//! What the support desk looks at is written down before it is shown (R23, R56; security 24.4): who
//! leafed through whom can be asked later.

use std::collections::BTreeSet;

use idp_core::{
    audit::{Event, Kind},
    community::{
        caller_check::Purpose,
        permission::{Action, Denied, Target, may},
    },
    ids::{OrganizationId, RegistrationId, SubscriberId},
};
use serde_json::json;

use super::Office;
use crate::store::{AnyConn, StoreError, audit};

/// What somebody at the desk looks at.
#[derive(Clone, Debug)]
pub enum Look {
    /// The audit record: that of an organization or a person, or all of it.
    Record {
        /// Which organization's.
        organization: Option<OrganizationId>,
        /// Which person's.
        subject: Option<SubscriberId>,
    },
    /// A person, and what is on file to ask a caller who wants this.
    Person(SubscriberId, Option<Purpose>),
    /// A registration.
    Registration(RegistrationId),
    /// What a search found. What was typed is not kept: it may be a number that is nobody's business.
    Search(Sought),
}

/// By what something was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// A mail address.
    Address,
    /// A name, or a User ID.
    Name,
    /// Nine digits.
    Number,
}

impl Sought {
    const fn code(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Name => "name",
            Self::Number => "number",
        }
    }
}

/// Writes down that somebody looks, if they may.
///
/// # Errors
/// [`StoreError`]. The inner error: they may not, and that is written down.
pub fn note(
    conn: &mut AnyConn,
    office: &Office,
    look: &Look,
) -> Result<Result<(), Denied>, StoreError> {
    let nowhere = BTreeSet::new();
    let (action, target) = match look {
        Look::Record { .. } => (Action::ReadAudit, Target::Community),
        Look::Person(id, _) => (Action::ReadPerson, Target::Person { id, acts_for: &nowhere }),
        Look::Registration(_) | Look::Search(_) => (Action::SearchCommunity, Target::Community),
    };
    if let Err(denied) = may(&office.actor, action, target) {
        office.refused(conn, action, denied)?;
        return Ok(Err(denied));
    }
    audit::record(conn, &[event(office, look)])?;
    Ok(Ok(()))
}

fn event(office: &Office, look: &Look) -> Event {
    match look {
        Look::Record { organization, subject } => Event {
            organization: organization.clone(),
            subject: subject.clone(),
            ..office.event(Kind::AuditRead)
        },
        Look::Person(id, purpose) => {
            let event = office.event(Kind::PersonRead).to(id.clone());
            match purpose {
                Some(purpose) => event.after(json!({ "purpose": purpose.code() })),
                None => event,
            }
        }
        Look::Registration(id) => {
            office.event(Kind::RegistrationRead).after(json!({ "registration": id }))
        }
        Look::Search(by) => office.event(Kind::DeskSearched).after(json!({ "by": by.code() })),
    }
}
