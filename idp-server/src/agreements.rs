//! The agreements in force, held in memory: most sign-ons meet none that is new.
//!
//! Like the sites they follow the database by a version that every node reads twice a second, so
//! that what is published is asked for on every node within one.

use std::sync::{Arc, PoisonError, RwLock};

use idp_core::{
    community::agreement::Agreement,
    ids::{AgreementId, SubscriberId},
};

use crate::store::{AnyConn, StoreError, agreement};

/// The agreements in force: those that people must accept before any site opens, and the one that
/// organizations sign.
#[derive(Default)]
pub struct AgreementCatalogue(RwLock<Arc<InForce>>);

#[derive(Default)]
struct InForce {
    of_people: Arc<Vec<Agreement>>,
    of_organizations: Option<Agreement>,
}

impl AgreementCatalogue {
    /// Those that people must accept, by name.
    pub fn in_force(&self) -> Arc<Vec<Agreement>> {
        Arc::clone(&self.now().of_people)
    }

    /// The one that an organization signs when it joins (R20), if there is one.
    pub fn of_organizations(&self) -> Option<Agreement> {
        self.now().of_organizations.clone()
    }

    fn now(&self) -> Arc<InForce> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one with this identifier, if people must accept it.
    pub fn find(&self, id: &AgreementId) -> Option<Agreement> {
        self.in_force().iter().find(|agreement| agreement.id == *id).cloned()
    }

    /// Takes over what the database says now.
    pub fn replace(&self, in_force: Vec<Agreement>) {
        let (of_organizations, of_people): (Vec<_>, Vec<_>) =
            in_force.into_iter().partition(Agreement::is_of_organizations);
        let in_force = InForce {
            of_people: Arc::new(of_people),
            of_organizations: of_organizations.into_iter().next(),
        };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(in_force);
    }
}

/// The first of `in_force` that a person has not accepted. It costs a statement only where there is
/// something to accept.
///
/// # Errors
/// [`StoreError`].
pub fn due(
    conn: &mut AnyConn,
    subscriber: &SubscriberId,
    in_force: &[Agreement],
) -> Result<Option<AgreementId>, StoreError> {
    if in_force.is_empty() {
        return Ok(None);
    }
    let asked: Vec<AgreementId> = in_force.iter().map(|agreement| agreement.id.clone()).collect();
    let accepted = agreement::accepted_among(conn, subscriber, &asked)?;
    let due = idp_core::community::agreement::due(in_force, &accepted);
    Ok(due.map(|agreement| agreement.id.clone()))
}
