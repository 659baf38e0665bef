//! What was ended on record, and what became of telling the sites (domain, decision 8).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::{
    community::end_access::Receipt,
    ids::{EndingId, OrganizationId, SessionId, SiteId, SubscriberId},
};

use super::{
    AnyConn, Ending, StoreError,
    column::{Reading, millis},
    connection::on_either,
    outbox::{Content, MessageState, NewMessage},
    schema::{access_ending, access_ending_notice, outbox},
};

/// Under what an ending is kept, and who may see its receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its identifier.
    pub id: EndingId,
    /// The organization that ended it, or whose it was.
    pub organization: Option<OrganizationId>,
    /// Whose access it was, if one person's.
    pub subscriber: Option<SubscriberId>,
}

/// An ending, as it is looked back at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Whose access it was, if one person's.
    pub subscriber: Option<SubscriberId>,
    /// Why, as [`super::Cause`] spells it.
    pub cause: String,
    /// When.
    pub ended_at: DateTime<Utc>,
    /// What became of each site, by site, whichever of the sessions there it was told of.
    pub sites: Vec<(SiteId, Receipt)>,
}

pub(super) fn insert(
    conn: &mut AnyConn,
    record: &Record,
    ending: &Ending,
) -> Result<(), StoreError> {
    diesel::insert_into(access_ending::table)
        .values((
            access_ending::id.eq(record.id.as_str()),
            access_ending::organization_id
                .eq(record.organization.as_ref().map(OrganizationId::as_str)),
            access_ending::subscriber_id.eq(record.subscriber.as_ref().map(SubscriberId::as_str)),
            access_ending::cause.eq(ending.cause.as_str()),
            access_ending::ended_at.eq(millis(ending.now)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes which sites are concerned, and by which message each is told.
pub(super) fn note(
    conn: &mut AnyConn,
    record: &Record,
    concerned: &BTreeSet<(SiteId, SessionId)>,
    messages: &[NewMessage],
) -> Result<(), StoreError> {
    let message_for = |site: &SiteId, session: &SessionId| {
        let tells = |message: &&NewMessage| matches!(&message.content, Content::BackchannelLogout { site: s, session: t, .. } if s == site && t == session);
        messages.iter().find(tells).map(|message| message.id.to_string())
    };
    let rows: Vec<_> = concerned
        .iter()
        .map(|(site, session)| {
            (
                access_ending_notice::ending_id.eq(record.id.to_string()),
                access_ending_notice::site_id.eq(site.to_string()),
                access_ending_notice::session_id.eq(session.to_string()),
                access_ending_notice::message_id.eq(message_for(site, session)),
            )
        })
        .collect();
    for rows in rows.chunks(500) {
        let rows = rows.to_vec();
        on_either!(conn, c => diesel::insert_into(access_ending_notice::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// What was ended under `id`, if `organization` may see it: an Administrator sees the endings of the
/// own organization, and Support (`None`) all of them.
///
/// # Errors
/// [`StoreError`].
pub fn receipts(
    conn: &mut AnyConn,
    id: &EndingId,
    organization: Option<&OrganizationId>,
) -> Result<Option<Past>, StoreError> {
    type Row = (Option<String>, Option<String>, String, i64);
    let row: Option<Row> = access_ending::table
        .find(id.as_str())
        .select((
            access_ending::organization_id,
            access_ending::subscriber_id,
            access_ending::cause,
            access_ending::ended_at,
        ))
        .first(conn)
        .optional()?;
    let Some((whose, subscriber, cause, ended_at)) = row else { return Ok(None) };
    if organization.is_some_and(|own| whose.as_deref() != Some(own.as_str())) {
        return Ok(None);
    }
    let read = Reading { table: "access_ending", row: id.as_str() };
    type Notice = (String, Option<String>, Option<String>, Option<i64>);
    let notices: Vec<Notice> = access_ending_notice::table
        .left_join(outbox::table.on(access_ending_notice::message_id.eq(outbox::id.nullable())))
        .filter(access_ending_notice::ending_id.eq(id.as_str()))
        .select((
            access_ending_notice::site_id,
            access_ending_notice::message_id,
            outbox::state.nullable(),
            outbox::delivered_at.nullable(),
        ))
        .load(conn)?;
    let site = |(site, message, state, delivered_at): Notice| {
        let state = state.map(|state| read.code("state", &state)).transpose()?;
        let receipt = match (message, state) {
            (None, _) => Receipt::Silent,
            // A settled message is swept away after some weeks; by then nobody looks any more.
            (Some(_), None | Some(MessageState::Failed)) => Receipt::Failed,
            (Some(_), Some(MessageState::Pending)) => Receipt::Waiting,
            (Some(_), Some(MessageState::Delivered)) => {
                let at = read.maybe_at("delivered_at", delivered_at)?;
                Receipt::Confirmed { at: at.ok_or_else(|| read.corrupt("delivered_at"))? }
            }
        };
        Ok::<_, StoreError>((read.parsed("site_id", site)?, receipt))
    };
    let mut sites: BTreeMap<SiteId, Receipt> = BTreeMap::new();
    for notice in notices {
        let (site, receipt) = site(notice)?;
        sites.entry(site).and_modify(|known| *known = known.with(receipt)).or_insert(receipt);
    }
    Ok(Some(Past {
        subscriber: read.maybe_parsed("subscriber_id", subscriber)?,
        cause,
        ended_at: read.at("ended_at", ended_at)?,
        sites: sites.into_iter().collect(),
    }))
}

/// Removes what was ended before `before`; says how much.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = access_ending::table
        .filter(access_ending::ended_at.lt(millis(before)))
        .select(access_ending::id);
    diesel::delete(access_ending_notice::table.filter(access_ending_notice::ending_id.eq_any(old)))
        .execute(conn)?;
    let old = access_ending::table.filter(access_ending::ended_at.lt(millis(before)));
    Ok(diesel::delete(old).execute(conn)?)
}
