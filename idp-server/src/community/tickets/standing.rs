//! Looking up what a ticket is about, where that is decided.

use idp_core::{
    community::{
        affiliation::AffiliationStatus,
        ticket::{Matter, Regarding, Standing, TicketKind},
    },
    ids::{OrganizationId, SubscriberId},
};

use crate::{
    community::{Office, accounts, registrations},
    store::{AnyConn, StoreError, affiliation, promotion, tax_id_claim, ticket::Kept},
};

/// How what a ticket is about stands at this moment.
///
/// # Errors
/// [`StoreError`].
pub fn standing(conn: &mut AnyConn, office: &Office, kept: &Kept) -> Result<Standing, StoreError> {
    let kind = kept.ticket.kind;
    let of = |matter: Matter<'_>| Standing::of(kind, kept.opened_at, matter, office.now);
    Ok(match (kind, &kept.regarding) {
        (TicketKind::AccountHelp | TicketKind::Contact | TicketKind::FindOrganization, _) => {
            of(Matter::Nothing)
        }
        (_, Some(Regarding::Promotion(id))) => {
            let found = promotion::find(conn, id)?;
            of(found.as_ref().map_or(Matter::Nothing, Matter::Promotion))
        }
        (TicketKind::PromoteAdmin, regarding) => {
            let without = match (&kept.ticket.organization, regarding) {
                (Some(organization), _) => without(conn, office, [organization.clone()])?,
                (None, Some(Regarding::Person(who))) => {
                    let run = run_by(conn, who)?;
                    without(conn, office, run)?
                }
                (None, _) => return Ok(of(Matter::Nothing)),
            };
            of(Matter::Organizations { without })
        }
        (_, Some(Regarding::Registration(id))) => {
            let found = registrations::find(conn, office, id)?;
            of(found.as_ref().map_or(Matter::Nothing, Matter::Registration))
        }
        (_, Some(Regarding::TaxId(id))) => {
            if tax_id_claim::fingerprint_by_id(conn, id)?.is_none() {
                return Ok(of(Matter::Nothing));
            }
            let asked = tax_id_claim::asked_by_id(conn, id)?;
            of(Matter::TaxId(asked.as_ref().map(|asked| &asked.claim)))
        }
        (_, Some(Regarding::Person(_)) | None) => of(Matter::Nothing),
    })
}

/// How many of these organizations have no Administrator who can act.
fn without(
    conn: &mut AnyConn,
    office: &Office,
    organizations: impl IntoIterator<Item = OrganizationId>,
) -> Result<usize, StoreError> {
    let mut without = 0;
    for id in organizations {
        without += usize::from(accounts::administrators(conn, office, &id)?.is_empty());
    }
    Ok(without)
}

/// The organizations of which somebody is an Administrator.
fn run_by(conn: &mut AnyConn, who: &SubscriberId) -> Result<Vec<OrganizationId>, StoreError> {
    let all = affiliation::of_subscriber(conn, who)?.into_iter();
    let runs = all.filter(|one| one.administrator && one.status == AffiliationStatus::Active);
    Ok(runs.map(|one| one.organization).collect())
}
