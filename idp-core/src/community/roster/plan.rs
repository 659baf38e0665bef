//! What an import would do, what it did, and how that is taken back.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Row;
use crate::{
    community::{
        affiliation::{Affiliation, AffiliationStatus},
        field::Objections,
        letters::TooMany,
        nomination::{self, Nomination, Nominee},
        person_match::Finding,
        rights::Rights,
        tax_id::TaxId,
    },
    ids::{AffiliationId, NominationId, SubscriberId},
};

/// How long an import can be taken back.
pub const UNDO_WITHIN: TimeDelta = TimeDelta::days(7);

/// What an import does with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask somebody who has an account to act for the organization.
    Affiliate(SubscriberId),
    /// Give other rights to somebody who acts for it.
    Change(AffiliationId, Box<Rights>),
    /// Nothing: it is as the row says.
    Keep,
    /// Nominate somebody.
    Nominate(Box<Nominee>),
    /// Nothing: this is wrong with it.
    Refuse(Objections),
    /// Bring an account back that was terminated, by this nomination.
    Revive(SubscriberId, Box<Nominee>),
}

impl Step {
    /// Whether somebody is asked, by a letter, to act for the organization.
    #[must_use]
    pub const fn writes(&self) -> bool {
        match self {
            Self::Affiliate(_) | Self::Nominate(_) | Self::Revive(..) => true,
            Self::Change(..) | Self::Keep | Self::Refuse(_) => false,
        }
    }
}

/// What there is already of the person of a row.
#[derive(Clone, Debug)]
pub struct Current<'a> {
    /// What the search for the person found.
    pub finding: Finding,
    /// What keeps somebody from being nominated.
    pub obstacle: Option<Obstacle>,
    /// Their affiliation with the organization, if they have one.
    pub affiliation: Option<&'a Affiliation>,
    /// Who imports.
    pub administrator: &'a SubscriberId,
    /// The organization's numbers.
    pub tax_ids: &'a [TaxId],
}

/// What keeps somebody from being nominated or asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The organization has nominated them, and they have not answered.
    Nominated,
    /// Only Support can tell. The Administrator is told no more than that.
    SeeSupport,
    /// They have been written to often enough today.
    TooMany(TooMany),
    /// Somebody has the User ID that is wished for, or waits for it.
    UserIdTaken,
}

/// What an import does with a row: the answer of a dry run, and of the import itself.
#[must_use]
pub fn plan(row: &Row, current: &Current<'_>) -> Step {
    let nominee = match &row.nominee {
        Ok(nominee) => nominee,
        Err(objections) => return Step::Refuse(objections.clone()),
    };
    let refused = |field, why: &str| {
        let mut found = Objections::default();
        found.object(field, why);
        Step::Refuse(found)
    };
    let support = || refused("email", "please ask the support desk about this person");
    match (&current.finding, current.obstacle) {
        (Finding::Nobody { .. } | Finding::Revive(_), Some(Obstacle::Nominated)) => {
            return refused("row", "this person is nominated already");
        }
        (Finding::Nobody { .. } | Finding::Revive(_), Some(Obstacle::SeeSupport)) => {
            return support();
        }
        (
            Finding::Affiliate(_) | Finding::Nobody { .. } | Finding::Revive(_),
            Some(Obstacle::TooMany(why)),
        ) => return refused("email", &why.to_string()),
        // Whoever comes back keeps the User ID that they had.
        (Finding::Nobody { .. }, Some(Obstacle::UserIdTaken)) => {
            let why = "this User ID is taken: choose another one, or leave the field empty";
            return refused("user_id", why);
        }
        (
            Finding::Affiliate(_)
            | Finding::AlreadyHere(_)
            | Finding::Nobody { .. }
            | Finding::Revive(_)
            | Finding::SeeSupport,
            _,
        ) => {}
    }
    match &current.finding {
        Finding::Affiliate(id) => Step::Affiliate(id.clone()),
        Finding::AlreadyHere(id) if id == current.administrator => {
            refused("row", "nobody changes their own roles")
        }
        Finding::AlreadyHere(_) => match current.affiliation {
            Some(affiliation) => change(affiliation, nominee, current.tax_ids),
            None => refused("row", "this person was asked to act for you and has not answered"),
        },
        Finding::Nobody { similar_here } if similar_here.is_empty() => {
            Step::Nominate(nominee.clone())
        }
        // A dry run cannot ask whether it is one person; a nomination by hand does.
        Finding::Nobody { .. } => {
            refused("family_name", "somebody of this name is here already: nominate by hand")
        }
        Finding::Revive(id) => Step::Revive(id.clone(), nominee.clone()),
        Finding::SeeSupport => support(),
    }
}

fn change(affiliation: &Affiliation, nominee: &Nominee, tax_ids: &[TaxId]) -> Step {
    let mut found = Objections::default();
    match affiliation.status {
        AffiliationStatus::Proposed => {
            found.object("row", "this person was asked to act for you and has not answered");
            return Step::Refuse(found);
        }
        AffiliationStatus::Ended => return Step::Nominate(Box::new(nominee.clone())),
        AffiliationStatus::Active | AffiliationStatus::Suspended => {}
    }
    let rights = &nominee.rights;
    let same = affiliation.roles == *rights.roles()
        && affiliation.role_details == *rights.role_details()
        && affiliation.access_level == rights.access_level()
        && affiliation.tax_ids == rights.tax_ids().of(tax_ids);
    if same { Step::Keep } else { Step::Change(affiliation.id.clone(), Box::new(rights.clone())) }
}

/// What a dry run says at the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// People who would be asked to act for the organization.
    pub asked: usize,
    /// People whose rights would change.
    pub changed: usize,
    /// People who are as the file says.
    pub kept: usize,
    /// People who would be nominated, those included who come back.
    pub nominated: usize,
    /// Rows that are wrong. With any, nothing of the file is done.
    pub refused: usize,
}

/// Sums up what an import does.
#[must_use]
pub fn summary<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Summary {
    steps.into_iter().fold(Summary::default(), |sum, step| match step {
        Step::Affiliate(_) => Summary { asked: sum.asked + 1, ..sum },
        Step::Change(..) => Summary { changed: sum.changed + 1, ..sum },
        Step::Keep => Summary { kept: sum.kept + 1, ..sum },
        Step::Nominate(_) | Step::Revive(..) => Summary { nominated: sum.nominated + 1, ..sum },
        Step::Refuse(_) => Summary { refused: sum.refused + 1, ..sum },
    })
}

/// What an import did with one row, as it is kept for taking it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// An affiliation was offered.
    Asked(AffiliationId),
    /// An affiliation was changed.
    Changed {
        /// How it was.
        before: Box<Affiliation>,
        /// How the import left it.
        after: Box<Affiliation>,
    },
    /// Somebody was nominated.
    Nominated(NominationId),
}

/// How one row is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// The offer is taken back.
    EndProposal(AffiliationId),
    /// The affiliation is given what it had. Only the Administrator's own way of changing rights
    /// does it, so that sites hear of what is taken away.
    Restore(Box<Affiliation>),
    /// Somebody went on from it: nothing is done, and the Administrator is told.
    TooLate,
    /// The nomination is withdrawn.
    Withdraw(NominationId),
}

/// How much of an import was taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Nominations that were withdrawn.
    pub withdrawn: usize,
    /// Offers that were taken back.
    pub ended: usize,
    /// Affiliations that have their rights from before.
    pub restored: usize,
    /// Rows from which somebody went on: they stay.
    pub left: usize,
}

/// How a row that was imported at `imported_at` is taken back at `now`. `affiliation` and
/// `nomination` are what it concerned, as they are now.
#[must_use]
pub fn undo(
    applied: &Applied,
    affiliation: Option<&Affiliation>,
    nomination: Option<&Nomination>,
    imported_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Undo {
    if imported_at + UNDO_WITHIN <= now {
        return Undo::TooLate;
    }
    match (applied, affiliation, nomination) {
        (Applied::Asked(id), Some(affiliation), _)
            if affiliation.id == *id && affiliation.status == AffiliationStatus::Proposed =>
        {
            Undo::EndProposal(id.clone())
        }
        (Applied::Changed { before, after }, Some(now_is), _) if now_is == after.as_ref() => {
            Undo::Restore(before.clone())
        }
        (Applied::Nominated(id), _, Some(nomination))
            if nomination.id == *id
                && matches!(nomination.clone().at(now).state, nomination::State::Nominated(_)) =>
        {
            Undo::Withdraw(id.clone())
        }
        (Applied::Asked(_) | Applied::Changed { .. } | Applied::Nominated(_), _, _) => {
            Undo::TooLate
        }
    }
}
