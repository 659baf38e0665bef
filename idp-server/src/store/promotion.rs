//! Promotions: who is to become an Administrator, and how far they are (domain 4.8).
//!
//! An affiliation has one that is not settled, or none. What was once written down about how the
//! organization was called back, and how the identity was proved, stays when the promotion goes on.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::{
        identity_proof::{Proof, Proofing},
        notary_reference::NotaryReference,
        promotion::{CallBack, LASTS, Promotion, Stage},
    },
    ids::{OrganizationId, PromotionId, SubscriberId},
};
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    column::{Reading, json, millis},
    connection::first_for_update,
    schema::promotion,
};

/// The codes of the stages.
const ASKED: &str = "asked";
const AT_NOTARY: &str = "at-notary";
const DONE: &str = "done";
const DUTIES_DUE: &str = "duties-due";
const OVER: &str = "over";
const PROOFING: &str = "proofing";

/// What waits for somebody at the support desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// The lead's approval.
    ForApproval,
    /// A notary's form that comes by post.
    ForForm,
}

/// Takes in a new promotion.
///
/// # Errors
/// [`StoreError::Conflict`] if the affiliation has one that is not settled.
pub fn insert(conn: &mut AnyConn, new: &Promotion) -> Result<(), StoreError> {
    let details = Details::default().after(&new.stage);
    diesel::insert_into(promotion::table)
        .values((
            promotion::id.eq(new.id.as_str()),
            promotion::organization_id.eq(new.organization.as_str()),
            promotion::affiliation_id.eq(new.affiliation.as_str()),
            promotion::subscriber_id.eq(new.candidate.as_str()),
            promotion::state.eq(state(&new.stage)),
            promotion::proposed_at.eq(millis(new.moved_at)),
            promotion::moved_at.eq(millis(new.moved_at)),
            promotion::details.eq(json(&details)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes down how far a promotion is now.
///
/// # Errors
/// [`StoreError`].
pub fn save(conn: &mut AnyConn, now: &Promotion) -> Result<(), StoreError> {
    let own = promotion::table.find(now.id.as_str());
    let before: Option<String> = own.select(promotion::details).first(conn).optional()?;
    let read = Reading { table: "promotion", row: now.id.as_str() };
    let before: Details = match before {
        Some(details) => read.json("details", &details)?,
        None => return Ok(()),
    };
    let settled = matches!(now.stage, Stage::Done | Stage::Over).then(|| millis(now.moved_at));
    diesel::update(own)
        .set((
            promotion::state.eq(state(&now.stage)),
            promotion::moved_at.eq(millis(now.moved_at)),
            promotion::settled_at.eq(settled),
            promotion::details.eq(json(&before.after(&now.stage))),
        ))
        .execute(conn)?;
    if let Stage::Proofing(Proofing::AtNotary { reference, .. }) = &now.stage {
        diesel::update(own)
            .set(promotion::notary_reference.eq(reference.as_str()))
            .execute(conn)?;
    }
    Ok(())
}

/// Finds the promotion with this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &mut AnyConn, id: &PromotionId) -> Result<Option<Promotion>, StoreError> {
    let row: Option<Row> =
        promotion::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// The same; nobody else may change it until the transaction ends.
///
/// # Errors
/// [`StoreError`].
pub fn find_for_update(
    conn: &mut AnyConn,
    id: &PromotionId,
) -> Result<Option<Promotion>, StoreError> {
    let own = promotion::table.find(id.as_str());
    let row: Option<Row> = first_for_update!(conn, own.select(Row::as_select())).optional()?;
    row.map(TryInto::try_into).transpose()
}

/// The promotion of a person of this organization that is not settled.
///
/// # Errors
/// [`StoreError`].
pub fn open_in(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    person: &SubscriberId,
) -> Result<Option<Promotion>, StoreError> {
    let row: Option<Row> = promotion::table
        .filter(promotion::organization_id.eq(organization.as_str()))
        .filter(promotion::subscriber_id.eq(person.as_str()))
        .filter(promotion::settled_at.is_null())
        .order(promotion::proposed_at.desc())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(TryInto::try_into).transpose()
}

/// The promotions of a person that are not settled, the youngest first.
///
/// # Errors
/// [`StoreError`].
pub fn open_of(conn: &mut AnyConn, person: &SubscriberId) -> Result<Vec<Promotion>, StoreError> {
    let rows: Vec<Row> = promotion::table
        .filter(promotion::subscriber_id.eq(person.as_str()))
        .filter(promotion::settled_at.is_null())
        .order((promotion::proposed_at.desc(), promotion::id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The promotion whose notary's form has this number.
///
/// # Errors
/// [`StoreError`].
pub fn by_notary_reference(
    conn: &mut AnyConn,
    reference: &NotaryReference,
) -> Result<Option<Promotion>, StoreError> {
    let row: Option<Row> = promotion::table
        .filter(promotion::notary_reference.eq(reference.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(TryInto::try_into).transpose()
}

/// What waits for the support desk, the longest first: at most `most`, after what last moved at this
/// time and has this identifier.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(
    conn: &mut AnyConn,
    waits: Waits,
    after: Option<(DateTime<Utc>, &PromotionId)>,
    most: i64,
) -> Result<Vec<Promotion>, StoreError> {
    let state = match waits {
        Waits::ForApproval => ASKED,
        Waits::ForForm => AT_NOTARY,
    };
    let mut found = promotion::table
        .filter(promotion::state.eq(state))
        .filter(promotion::settled_at.is_null())
        .order((promotion::moved_at, promotion::id))
        .limit(most)
        .select(Row::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        let at = millis(at);
        found = found.filter(
            promotion::moved_at
                .gt(at)
                .or(promotion::moved_at.eq(at).and(promotion::id.gt(id.as_str()))),
        );
    }
    let rows: Vec<Row> = found.load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Those with which nobody went on in time, although nobody has noted it: some of them.
///
/// # Errors
/// [`StoreError`].
pub fn due(
    conn: &mut AnyConn,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<PromotionId>, StoreError> {
    let ids: Vec<String> = promotion::table
        .filter(promotion::settled_at.is_null())
        .filter(promotion::moved_at.le(millis(now - LASTS)))
        .order(promotion::moved_at)
        .limit(most)
        .select(promotion::id)
        .load(conn)?;
    let read = |id: String| {
        Reading { table: "promotion", row: &id.clone() }.parsed::<PromotionId>("id", id)
    };
    ids.into_iter().map(read).collect()
}

/// Those of an organization that are not over: some of them.
///
/// # Errors
/// [`StoreError`].
pub fn open_among(
    conn: &mut AnyConn,
    organization: &OrganizationId,
    most: i64,
) -> Result<Vec<Promotion>, StoreError> {
    let rows: Vec<Row> = promotion::table
        .filter(promotion::organization_id.eq(organization.as_str()))
        .filter(promotion::settled_at.is_null())
        .order((promotion::proposed_at, promotion::id))
        .limit(most)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The code of a stage, in rows, in the audit record and on pages.
#[must_use]
pub const fn state(stage: &Stage) -> &'static str {
    match stage {
        Stage::Asked { .. } => ASKED,
        Stage::Done => DONE,
        Stage::DutiesDue(_) => DUTIES_DUE,
        Stage::Over => OVER,
        Stage::Proofing(Proofing::AtNotary { .. }) => AT_NOTARY,
        Stage::Proofing(Proofing::Due { .. } | Proofing::Proved(_)) => PROOFING,
    }
}

/// How the organization was called back, and how the identity was proved.
#[derive(Default, Serialize, Deserialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<Call>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proofing: Option<Proofing>,
}

/// Who called the organization back, and what they heard.
#[derive(Serialize, Deserialize)]
struct Call {
    by: SubscriberId,
    spoke_with: String,
    said: String,
}

impl Details {
    /// What is known after this stage, with all that was known before.
    fn after(self, stage: &Stage) -> Self {
        match stage {
            Stage::Asked { by, call_back } => {
                let call = Call {
                    by: by.clone(),
                    spoke_with: call_back.spoke_with().to_owned(),
                    said: call_back.said().to_owned(),
                };
                Self { call: Some(call), ..self }
            }
            Stage::Proofing(proofing) => Self { proofing: Some(proofing.clone()), ..self },
            Stage::DutiesDue(proof) => {
                Self { proofing: Some(Proofing::Proved(proof.clone())), ..self }
            }
            Stage::Done | Stage::Over => self,
        }
    }

    fn proof(&self) -> Option<Proof> {
        match &self.proofing {
            Some(Proofing::Proved(proof)) => Some(proof.clone()),
            Some(Proofing::AtNotary { .. } | Proofing::Due { .. }) | None => None,
        }
    }
}

/// The table's shape.
#[derive(Queryable, Selectable)]
#[diesel(table_name = promotion)]
struct Row {
    id: String,
    organization_id: String,
    affiliation_id: String,
    subscriber_id: String,
    state: String,
    moved_at: i64,
    details: String,
}

impl TryFrom<Row> for Promotion {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = row.id.clone();
        let read = Reading { table: "promotion", row: &key };
        let details: Details = read.json("details", &row.details)?;
        let corrupt = || read.corrupt("details");
        let stage = match row.state.as_str() {
            ASKED => {
                let call = details.call.ok_or_else(corrupt)?;
                let call_back =
                    CallBack::noted(&call.spoke_with, &call.said).map_err(|_| corrupt())?;
                Stage::Asked { by: call.by, call_back }
            }
            DONE => Stage::Done,
            DUTIES_DUE => Stage::DutiesDue(details.proof().ok_or_else(corrupt)?),
            OVER => Stage::Over,
            AT_NOTARY | PROOFING => Stage::Proofing(details.proofing.ok_or_else(corrupt)?),
            _ => return Err(read.corrupt("state")),
        };
        Ok(Self {
            id: read.parsed("id", row.id)?,
            organization: read.parsed("organization_id", row.organization_id)?,
            affiliation: read.parsed("affiliation_id", row.affiliation_id)?,
            candidate: read.parsed("subscriber_id", row.subscriber_id)?,
            moved_at: read.at("moved_at", row.moved_at)?,
            stage,
        })
    }
}
