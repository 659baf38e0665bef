//! How much waits for the support desk, in each of its queues.

use diesel::prelude::*;

use super::{
    AnyConn, StoreError, organization,
    promotion::{self as promotions, Waits},
    schema::{further_number, registration, tax_id_claim, ticket},
};

/// How far a count goes that a page shows.
const COUNTED: i64 = 100;

/// What waits: a hundred stands for more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Tickets that nobody works on.
    pub new_tickets: usize,
    /// Tickets that are not settled, those included.
    pub tickets: usize,
    /// Registrations to be decided on.
    pub registrations: usize,
    /// Notaries' forms of registrations and of promotions that have not come, or are to be judged.
    pub notary: usize,
    /// Numbers that somebody asks for: another's, or a further one.
    pub tax_ids: usize,
    /// Organizations that are to be closed.
    pub closings: usize,
    /// Promotions to be approved.
    pub promotions: usize,
}

/// Counts, with a few short reads of the queues' own indexes.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(conn: &mut AnyConn) -> Result<Waiting, StoreError> {
    let open = ticket::table.filter(ticket::settled_at.is_null());
    let tickets: Vec<String> = open.limit(COUNTED).select(ticket::id).load(conn)?;
    let new = open.filter(ticket::state.eq("new"));
    let new_tickets: Vec<String> = new.limit(COUNTED).select(ticket::id).load(conn)?;
    let mut at_stage = |stage: &'static str| -> Result<usize, StoreError> {
        let found: Vec<String> = registration::table
            .filter(registration::stage.eq(stage))
            .limit(COUNTED)
            .select(registration::id)
            .load(conn)?;
        Ok(found.len())
    };
    let (registrations, at_notary) = (at_stage("review")?, at_stage("at-notary")?);
    let tax_ids: Vec<String> =
        tax_id_claim::table.limit(COUNTED).select(tax_id_claim::tax_id_id).load(conn)?;
    let further: Vec<String> =
        further_number::table.limit(COUNTED).select(further_number::id).load(conn)?;
    let candidates = promotions::waiting(conn, Waits::ForForm, None, COUNTED)?.len();
    Ok(Waiting {
        new_tickets: new_tickets.len(),
        tickets: tickets.len(),
        registrations,
        notary: at_notary + candidates,
        tax_ids: tax_ids.len() + further.len(),
        closings: organization::to_be_closed(conn, None, COUNTED)?.len(),
        promotions: promotions::waiting(conn, Waits::ForApproval, None, COUNTED)?.len(),
    })
}
