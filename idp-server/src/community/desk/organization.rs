//! An organization, as far as the desk needs to know it. Who its Administrators are is not in it: that is
//! told to who has shown who they are.

use idp_core::{
    community::{
        nomination::{CODE_LASTS, State, TRIES},
        organization::Organization,
        organization_life::Body,
    },
    ids::OrganizationId,
};

use crate::{
    community::{Office, accounts, registrations::first_nomination},
    store::{
        AnyConn, StoreError,
        nomination::{self, NominationRecord},
        organization, search, tax_id,
    },
};

/// An organization as the desk sees it.
#[derive(Debug)]
pub struct Seen {
    /// Its data.
    pub organization: Organization,
    /// How it stands.
    pub body: Body,
    /// What it is a part of.
    pub parent: Option<Organization>,
    /// Its own parts that are not closed.
    pub parts: Vec<Organization>,
    /// Its listed telephone number and address.
    pub listed: (Option<String>, Option<String>),
    /// How many Administrators it has.
    pub administrators: usize,
    /// How many Tax IDs.
    pub numbers: usize,
    /// Its first Administrator, as long as they have not taken their User ID over.
    pub first: Option<First>,
}

/// The nomination of the first Administrator, unless it was taken up. Nobody in the organization could
/// help them, so Support does.
#[derive(Debug)]
pub struct First {
    /// The nomination, as it stands now.
    pub record: NominationRecord,
    /// Whether the code that they were given still works.
    pub code_lives: bool,
}

impl First {
    /// Whether it waits, and is neither over nor withdrawn.
    #[must_use]
    pub const fn waits(&self) -> bool {
        matches!(self.record.nomination.state, State::Nominated(_))
    }
}

/// Looks at an organization; `None`: there is none of this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn look_at(
    conn: &mut AnyConn,
    office: &Office,
    id: &OrganizationId,
) -> Result<Option<Seen>, StoreError> {
    let (Some(found), Some(body)) = (organization::find(conn, id)?, organization::body(conn, id)?)
    else {
        return Ok(None);
    };
    // A wish to leave on which nobody decided in time is none.
    let body = Body { closing: body.closing_at(office.now).cloned(), ..body };
    let parent = found.parent.as_ref().map(|id| organization::find(conn, id)).transpose()?;
    Ok(Some(Seen {
        parent: parent.flatten(),
        parts: organization::parts_of(conn, id)?,
        listed: search::listed(conn, id)?,
        administrators: accounts::administrators(conn, office, id)?.len(),
        numbers: tax_id::fingerprints(conn, id)?.len(),
        first: first(conn, office, id)?,
        organization: found,
        body,
    }))
}

fn first(
    conn: &mut AnyConn,
    office: &Office,
    of: &OrganizationId,
) -> Result<Option<First>, StoreError> {
    let Some(found) = nomination::find(conn, &first_nomination(of))? else { return Ok(None) };
    let record = NominationRecord { nomination: found.nomination.clone().at(office.now), ..found };
    let code_lives = match &record.nomination.state {
        State::Activated { .. } => return Ok(None),
        State::Expired | State::Withdrawn { .. } => false,
        State::Nominated(keys) => keys.failures < TRIES && office.now < keys.made_at + CODE_LASTS,
    };
    Ok(Some(First { record, code_lives }))
}
