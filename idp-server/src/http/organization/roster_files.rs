//! What an Administrator takes away as a file: the people that the list shows, streamed, and once
//! the activation codes of an import. No program takes a field of them for a formula (security 21.4).

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Bytes, Path, Query},
};
use futures_util::stream;
use idp_core::{
    community::roster::{COLUMNS, csv},
    ids::{OrganizationId, RosterImportId, SubscriberId},
};
use serde::{Deserialize, Serialize};

use super::{
    people::Narrowed,
    roster::{enter, path},
};
use crate::{
    community::{Office, nomination::HandOver, roster},
    ephemeral::Key,
    http::{
        console::{self, Entry, OfOrganization},
        error::PageError,
        visit::{Visit, see_other},
    },
    keys::sealing::Place,
    store::{
        AnyConn, Database, StoreError,
        people::{Filter, LastLine},
    },
};

/// How long the codes can be taken away as a file.
const KEPT_FOR: Duration = Duration::from_secs(900);
/// What tells spreadsheets that a file is UTF-8.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/organization/{id}/roster/export").get(export))
        .service(web::resource("/organization/{id}/roster/{import}/codes").post(take_codes));
}

async fn export(visit: Visit, id: Path<String>, narrowed: Query<Narrowed>) -> HttpResponse {
    let outcome = async {
        let desk = match console::organization(&visit, &id, None).await? {
            Entry::Open(desk) => desk,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let (office, filter) = (desk.at_work.office.clone(), narrowed.read()?);
        let write = move |conn: &mut AnyConn| roster::export(conn, &office);
        if visit.db.write(write).await?.is_err() {
            return Err(PageError::Forbidden);
        }
        let list = List {
            db: visit.db.clone(),
            office: desk.at_work.office.clone(),
            of: desk.affiliation.organization.id.clone(),
            filter,
            at: At::Header,
        };
        Ok(file(&visit, "people").streaming(stream::try_unfold(list, List::next)))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// An answer that browsers keep as a file.
pub(super) fn file(visit: &Visit, name: &str) -> actix_web::HttpResponseBuilder {
    let day = visit.clock.now().date_naive();
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/csv; charset=utf-8").insert_header((
        header::CONTENT_DISPOSITION,
        format!("attachment; filename=\"hilum-{name}-{day}.csv\""),
    ));
    answer
}

/// The list of people on its way out: however long it is, some hundred lines are in memory.
struct List {
    db: Database,
    office: Office,
    of: OrganizationId,
    filter: Filter,
    at: At,
}

/// How far it is.
enum At {
    Header,
    Behind(Option<LastLine>),
}

impl List {
    /// The next part. An error ends the answer before its end, which browsers say.
    async fn next(self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let last = match self.at {
            At::Header => {
                let header = COLUMNS.map(str::to_owned);
                let text = format!("{BYTE_ORDER_MARK}{}", csv::write([header.as_slice()]));
                return Ok(Some((Bytes::from(text), Self { at: At::Behind(None), ..self })));
            }
            At::Behind(last) => last,
        };
        let (office, of, filter) = (self.office.clone(), self.of.clone(), self.filter.clone());
        let read =
            move |conn: &mut AnyConn| roster::exported(conn, &office, &of, &filter, last.as_ref());
        let part = self.db.read(read).await?;
        Ok(part.map(|(text, end)| (Bytes::from(text), Self { at: At::Behind(Some(end)), ..self })))
    }
}

/// The codes of an import as they wait to be taken away, sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Who imported: nobody else takes them.
    by: SubscriberId,
    /// The file.
    file: String,
}

/// Keeps the codes for a quarter of an hour; `false` if that is not possible now. Then they are on
/// the page, and nowhere else.
pub(super) async fn keep_codes(
    visit: &Visit,
    desk: &OfOrganization,
    import: &RosterImportId,
    hand_overs: &[HandOver],
) -> bool {
    let header = ["name", "user_id", "code", "until"].map(str::to_owned);
    let line = |one: &HandOver| {
        let until = one.until.format("%Y-%m-%d %H:%M UTC").to_string();
        [one.name.clone(), one.user_id.to_string(), one.code.shown(), until]
    };
    let lines: Vec<_> = std::iter::once(header).chain(hand_overs.iter().map(line)).collect();
    let text = csv::write(lines.iter().map(<[String; 4]>::as_slice));
    let kept = Kept {
        by: desk.at_work.person.subscriber.id.clone(),
        file: format!("{BYTE_ORDER_MARK}{text}"),
    };
    let Ok(plain) = serde_json::to_vec(&kept) else { return false };
    let Ok(sealed) = visit.sealer.seal(place(import), &plain) else { return false };
    visit.ephemeral.put(&Key::roster_codes(import), &sealed, KEPT_FOR).await.is_ok()
}

/// Whether codes can still be taken away.
pub(super) async fn has_codes(visit: &Visit, import: &RosterImportId) -> bool {
    matches!(visit.ephemeral.get(&Key::roster_codes(import)).await, Ok(Some(_)))
}

/// Forgets codes that open nothing any more. If that is not possible, they are gone in minutes.
pub(super) async fn forget_codes(visit: &Visit, import: &RosterImportId) {
    let _ = visit.ephemeral.remove(&Key::roster_codes(import)).await;
}

async fn take_codes(visit: Visit, of: Path<(String, String)>, body: Bytes) -> HttpResponse {
    let outcome = async {
        let (desk, import) = match enter(&visit, &of, Some(&body)).await? {
            Entry::Open(entered) => *entered,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        let own = &desk.at_work.person.subscriber.id;
        let key = Key::roster_codes(&import.id);
        let there = visit.ephemeral.get(&key).await?;
        let theirs = there.and_then(|sealed| open(&visit, &import.id, &sealed));
        // Of two who take at once, one is told that there is nothing.
        let taken = match theirs {
            Some(kept) if kept.by == *own => visit.ephemeral.take(&key).await?.map(|_| kept.file),
            Some(_) | None => None,
        };
        Ok(match taken {
            Some(text) => file(&visit, "codes").body(text),
            None => see_other(&format!("{}?note=no-codes", path(&desk, &import.id)), []),
        })
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn open(visit: &Visit, import: &RosterImportId, sealed: &[u8]) -> Option<Kept> {
    let plain = visit.sealer.open(place(import), sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

fn place(import: &RosterImportId) -> Place<'_> {
    Place { table: "roster_import", column: "codes", row: import.as_str() }
}
