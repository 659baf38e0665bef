//! Messages that must leave the process: written in the transaction that demands them, delivered
//! by a job with retries, so that a crash neither loses nor invents one.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::ids::{MessageId, SessionId, SiteId, SubscriberId};
use serde::{Deserialize, Serialize};

use super::{
    AnyConn, StoreError,
    column::{Reading, code, json, millis},
    connection::on_either,
    schema::outbox,
};

/// What is to be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Content {
    /// That a session is over: a logout token for an OIDC site's `backchannel_logout_uri` (OIDC
    /// Back-Channel Logout 1.0 §2.5), a `LogoutRequest` by SOAP for a SAML site (SAML Profiles
    /// §4.4). It is made at each attempt, since it lives only minutes.
    BackchannelLogout {
        /// The site to tell.
        site: SiteId,
        /// The session that is over for it.
        session: SessionId,
        /// Whose session it is.
        subscriber: SubscriberId,
    },
    /// That a session is over, for a SAML site that only the person's browser can tell (SAML
    /// Profiles §4.4.3.3). The browser delivers it; the job gives it up when that took too long.
    FrontchannelLogout {
        /// The site to tell.
        site: SiteId,
        /// The session that is over for it.
        session: SessionId,
        /// Whose session it is.
        subscriber: SubscriberId,
    },
    /// A stranger's question that is answered by mail, if at all. It names somebody, or tries to, so
    /// it waits sealed and is gone when it is settled.
    Inquiry {
        /// What [`crate::jobs::Inquiry`] sealed; nothing once it is settled.
        sealed: Option<String>,
    },
    /// A mail. It may carry a code, so address, facts and code are sealed under the master key
    /// while it waits, and gone when it is settled; that it was sent stays.
    Mail {
        /// To whom, unless it goes to an address that is nobody's.
        subscriber: Option<SubscriberId>,
        /// Which mail, as [`idp_core::mail::Mail::name`] says it.
        name: String,
        /// What [`crate::mail::Post`] sealed; nothing once the mail is settled.
        sealed: Option<String>,
    },
}

/// The kinds that this program delivers. A message of another kind was written by a newer program,
/// and waits for one.
const KINDS: [&str; 4] = ["backchannel-logout", FRONTCHANNEL, "inquiry", "mail"];
/// The kind of what a browser delivers.
pub(super) const FRONTCHANNEL: &str = "frontchannel-logout";

impl Content {
    /// The `kind` of the row.
    const fn kind(&self) -> &'static str {
        match self {
            Self::BackchannelLogout { .. } => "backchannel-logout",
            Self::FrontchannelLogout { .. } => FRONTCHANNEL,
            Self::Inquiry { .. } => "inquiry",
            Self::Mail { .. } => "mail",
        }
    }

    const fn site(&self) -> Option<&SiteId> {
        match self {
            Self::BackchannelLogout { site, .. } | Self::FrontchannelLogout { site, .. } => {
                Some(site)
            }
            Self::Inquiry { .. } | Self::Mail { .. } => None,
        }
    }

    const fn session(&self) -> Option<&SessionId> {
        match self {
            Self::BackchannelLogout { session, .. } | Self::FrontchannelLogout { session, .. } => {
                Some(session)
            }
            Self::Inquiry { .. } | Self::Mail { .. } => None,
        }
    }
}

/// A message to be stored.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its identifier.
    pub id: MessageId,
    /// What is to be delivered.
    pub content: Content,
}

/// A message that this node has taken on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its identifier.
    pub id: MessageId,
    /// What is to be delivered.
    pub content: Content,
    /// How often delivery was tried before.
    pub attempts: u32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// How a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// The site has it.
    Delivered,
    /// Given up.
    Failed,
    /// To be tried, or tried again.
    Pending,
}

/// How a site is told of a logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the person's browser.
    Browser,
    /// From our server.
    Server,
}

/// What became of a message: the receipt that people and operators are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The site that was told.
    pub site: SiteId,
    /// How it is told.
    pub way: Way,
    /// How the message stands.
    pub state: MessageState,
    /// How often delivery was tried.
    pub attempts: u32,
    /// When the site had it.
    pub delivered_at: Option<DateTime<Utc>>,
    /// What the last attempt met, in a few words.
    pub last_status: Option<String>,
}

/// Writes messages, due at once.
///
/// # Errors
/// [`StoreError`].
pub fn enqueue(
    conn: &mut AnyConn,
    messages: &[NewMessage],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    enqueue_for(conn, messages, now, now)
}

/// Writes messages at `now` that the job takes on at `due_at`.
///
/// # Errors
/// [`StoreError`].
pub(super) fn enqueue_for(
    conn: &mut AnyConn,
    messages: &[NewMessage],
    now: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let row = |message: &NewMessage| {
        (
            outbox::id.eq(message.id.to_string()),
            outbox::kind.eq(message.content.kind()),
            outbox::site_id.eq(message.content.site().map(ToString::to_string)),
            outbox::session_id.eq(message.content.session().map(ToString::to_string)),
            outbox::payload.eq(json(&message.content)),
            outbox::created_at.eq(millis(now)),
            outbox::due_at.eq(millis(due_at)),
            outbox::attempts.eq(0_i64),
            outbox::state.eq(code(&MessageState::Pending)),
        )
    };
    let rows: Vec<_> = messages.iter().map(row).collect();
    on_either!(conn, c => diesel::insert_into(outbox::table).values(rows).execute(c))?;
    Ok(())
}

/// Takes on up to `limit` messages that are due, the longest due first. Until `lease` no other node
/// gets them; should this node die, another one does after that.
///
/// # Errors
/// [`StoreError`].
pub fn claim(
    conn: &mut AnyConn,
    limit: i64,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
) -> Result<Vec<Claimed>, StoreError> {
    let free = || outbox::leased_until.is_null().or(outbox::leased_until.le(millis(now)));
    let pending = outbox::state.eq(code(&MessageState::Pending));
    let due: Vec<String> = outbox::table
        .filter(outbox::kind.eq_any(KINDS))
        .filter(pending.clone().and(outbox::due_at.le(millis(now))).and(free()))
        .order((outbox::due_at, outbox::id))
        .limit(limit)
        .select(outbox::id)
        .load(conn)?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    // Another node may have been faster since: the same condition again, now under the row locks.
    let won = outbox::table.filter(outbox::id.eq_any(due)).filter(pending.and(free()));
    let rows: Vec<(String, String, i64, i64)> = diesel::update(won)
        .set(outbox::leased_until.eq(millis(lease)))
        .returning((outbox::id, outbox::payload, outbox::attempts, outbox::created_at))
        .get_results(conn)?;
    let claimed = |(id, payload, attempts, created_at): (String, String, i64, i64)| {
        let read = Reading { table: "outbox", row: &id };
        Ok(Claimed {
            id: read.parsed("id", id.clone())?,
            content: read.json("payload", &payload)?,
            attempts: read.count("attempts", attempts)?,
            created_at: read.at("created_at", created_at)?,
        })
    };
    rows.into_iter().map(claimed).collect()
}

/// Takes down that a message was delivered.
///
/// # Errors
/// [`StoreError`].
pub fn delivered(
    conn: &mut AnyConn,
    id: &MessageId,
    status: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    settle(conn, id, MessageState::Delivered, status, Some(now))
}

/// Takes down that a message is given up.
///
/// # Errors
/// [`StoreError`].
pub fn failed(conn: &mut AnyConn, id: &MessageId, status: &str) -> Result<(), StoreError> {
    settle(conn, id, MessageState::Failed, status, None)
}

fn settle(
    conn: &mut AnyConn,
    id: &MessageId,
    state: MessageState,
    status: &str,
    delivered_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    diesel::update(pending(id))
        .set((
            outbox::state.eq(code(&state)),
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::delivered_at.eq(delivered_at.map(millis)),
            outbox::last_status.eq(status),
            outbox::leased_until.eq(None::<i64>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes down that an attempt failed and that the next one is due at `due_at`.
///
/// # Errors
/// [`StoreError`].
pub fn retry(
    conn: &mut AnyConn,
    id: &MessageId,
    status: &str,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(pending(id))
        .set((
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::due_at.eq(millis(due_at)),
            outbox::last_status.eq(status),
            outbox::leased_until.eq(None::<i64>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes the secrets out of a message that is settled. What was sent, to whom and when, stays.
///
/// # Errors
/// [`StoreError`].
pub fn erase(conn: &mut AnyConn, id: &MessageId, erased: &Content) -> Result<(), StoreError> {
    diesel::update(outbox::table.find(id.as_str()))
        .set(outbox::payload.eq(json(erased)))
        .execute(conn)?;
    Ok(())
}

/// A mail that was written, newest first: for the mailbox of the demo.
#[derive(Clone, Debug)]
pub struct WrittenMail {
    /// Its identifier.
    pub id: MessageId,
    /// The mail.
    pub content: Content,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// The last `limit` mails.
///
/// # Errors
/// [`StoreError`].
pub fn last_mails(conn: &mut AnyConn, limit: i64) -> Result<Vec<WrittenMail>, StoreError> {
    let rows: Vec<(String, String, i64)> = outbox::table
        .filter(outbox::kind.eq("mail"))
        .order((outbox::created_at.desc(), outbox::id))
        .limit(limit)
        .select((outbox::id, outbox::payload, outbox::created_at))
        .load(conn)?;
    let mail = |(id, payload, created_at): (String, String, i64)| {
        let read = Reading { table: "outbox", row: &id };
        Ok(WrittenMail {
            id: read.parsed("id", id.clone())?,
            content: read.json("payload", &payload)?,
            created_at: read.at("created_at", created_at)?,
        })
    };
    rows.into_iter().map(mail).collect()
}

/// The receipts of a session's logout, by site.
///
/// # Errors
/// [`StoreError`].
pub fn receipts(conn: &mut AnyConn, session: &SessionId) -> Result<Vec<Receipt>, StoreError> {
    type Row = (String, String, String, String, i64, Option<i64>, Option<String>);
    let rows: Vec<Row> = outbox::table
        .filter(outbox::session_id.eq(session.as_str()))
        .filter(outbox::site_id.is_not_null())
        .order((outbox::site_id, outbox::created_at))
        .select((
            outbox::id,
            outbox::kind,
            outbox::site_id.assume_not_null(),
            outbox::state,
            outbox::attempts,
            outbox::delivered_at,
            outbox::last_status,
        ))
        .load(conn)?;
    let receipt = |(id, kind, site, state, attempts, delivered_at, last_status): Row| {
        let read = Reading { table: "outbox", row: &id };
        Ok(Receipt {
            site: read.parsed("site_id", site)?,
            way: if kind == FRONTCHANNEL { Way::Browser } else { Way::Server },
            state: read.code("state", &state)?,
            attempts: read.count("attempts", attempts)?,
            delivered_at: read.maybe_at("delivered_at", delivered_at)?,
            last_status,
        })
    };
    rows.into_iter().map(receipt).collect()
}

/// Removes messages that were written before `before` and are settled; says how many.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(conn: &mut AnyConn, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let settled = outbox::table
        .filter(outbox::state.ne(code(&MessageState::Pending)))
        .filter(outbox::created_at.lt(millis(before)));
    Ok(diesel::delete(settled).execute(conn)?)
}

/// How many messages wait, for the metrics.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(conn: &mut AnyConn) -> Result<i64, StoreError> {
    let pending = outbox::state.eq(code(&MessageState::Pending));
    Ok(outbox::table.filter(outbox::kind.eq_any(KINDS)).filter(pending).count().get_result(conn)?)
}

/// The message, unless it is settled already.
#[diesel::dsl::auto_type(no_type_alias)]
fn pending(id: &MessageId) -> _ {
    let id: &str = id.as_str();
    outbox::table.find(id).filter(outbox::state.eq("pending"))
}
