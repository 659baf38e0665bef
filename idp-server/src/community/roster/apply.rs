//! Doing what a list says, row by row, each by the way of the console.

use idp_core::{
    community::{
        affiliation_life::Command, letters::Counted, nomination::Nominee, rights::Rights,
        roster::Step,
    },
    ids::{OrganizationId, SubscriberId},
};

use super::Planned;
use crate::{
    community::{
        Office, affiliation as affiliations, letters,
        nomination::{self, HandOver, New},
        offer,
    },
    store::{
        AnyConn, StoreError, Taken, affiliation,
        nomination::Details,
        roster::{Done, RosterImport},
        subscriber,
    },
};

/// What was done.
#[derive(Default)]
pub(super) struct Applied {
    /// With each row.
    pub(super) done: Vec<Done>,
    /// The codes of those who were nominated.
    pub(super) hand_overs: Vec<HandOver>,
}

/// Carries out what is planned.
///
/// # Errors
/// [`StoreError::Conflict`]: somebody was faster with one of the rows, and nothing may be kept.
pub(super) fn all(
    conn: &mut AnyConn,
    office: &Office,
    import: &RosterImport,
    planned: Vec<Planned>,
) -> Result<Applied, StoreError> {
    let of = &import.organization;
    let mut applied = Applied::default();
    for Planned { row, step } in planned {
        match step {
            Step::Keep | Step::Refuse(_) => {}
            Step::Affiliate(who) => {
                let nominee = row.nominee.map_err(|_| overtaken())?;
                applied.done.push(ask(conn, office, (of, &who), &nominee)?);
            }
            Step::Change(id, rights) => {
                let record = affiliation::find(conn, &id)?.ok_or_else(overtaken)?;
                applied.done.push(change(conn, office, (of, &record.subscriber), *rights)?);
            }
            Step::Nominate(nominee) => {
                applied.nominate(conn, office, import, (*nominee, None))?;
            }
            Step::Revive(who, nominee) => {
                applied.nominate(conn, office, import, (*nominee, Some(who)))?;
            }
        }
    }
    Ok(applied)
}

impl Applied {
    fn nominate(
        &mut self,
        conn: &mut AnyConn,
        office: &Office,
        import: &RosterImport,
        (nominee, revived): (Nominee, Option<SubscriberId>),
    ) -> Result<(), StoreError> {
        let user_id = match &revived {
            Some(who) => subscriber::find(conn, who)?.map(|account| account.user_id),
            None => nomination::free_user_id(conn, &nominee)?,
        };
        let new = New {
            organization: import.organization.clone(),
            user_id: user_id.ok_or_else(overtaken)?,
            revived,
            details: Details::of(&nominee, office.language),
            email: nominee.email,
            npi: nominee.npi,
            roster: Some(import.id.to_string()),
        };
        letters::count(conn, office, Counted::Mailbox(&new.email), 1)?.map_err(|_| overtaken())?;
        let hand_over = nomination::record(conn, office, new)?.map_err(|_| overtaken())?;
        self.done.push(Done::Nominated(hand_over.nomination.clone()));
        self.hand_overs.push(hand_over);
        Ok(())
    }
}

fn ask(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    nominee: &Nominee,
) -> Result<Done, StoreError> {
    let typed = nominee.email.as_str();
    letters::count(conn, office, Counted::Person(who), 1)?.map_err(|_| overtaken())?;
    offer::propose(conn, office, (of, who), &nominee.rights, typed)?.map_err(|_| overtaken())?;
    let offered = affiliation::of_person_in(conn, of, who)?.ok_or_else(overtaken)?;
    Ok(Done::Asked(offered.id))
}

fn change(
    conn: &mut AnyConn,
    office: &Office,
    (of, who): (&OrganizationId, &SubscriberId),
    rights: Rights,
) -> Result<Done, StoreError> {
    let before = affiliation::of_person_in(conn, of, who)?.ok_or_else(overtaken)?;
    let reason = rights.reason().map(str::to_owned);
    let command = Command::Change(rights);
    affiliations::command(conn, office, (of, who), command, reason)?.map_err(|_| overtaken())?;
    let after = affiliation::of_person_in(conn, of, who)?.ok_or_else(overtaken)?;
    Ok(Done::Changed { before: Box::new(before), after: Box::new(after) })
}

/// What was planned a moment ago is not possible any more: somebody was faster.
const fn overtaken() -> StoreError {
    StoreError::Conflict(Taken::Other)
}
