//! `/demo/mailbox`: in a demo without a mail server, what Hilum has written to people. Anywhere
//! else there is no such page: whoever could read it could set anybody's password.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use serde::Deserialize;

use super::{
    error::PageError,
    visit::{Visit, page},
};
use crate::{
    mail::{Addressed, Transport},
    pages::{Letter, Letterhead, MailView, MailboxPage},
    store::outbox::{self, Content},
};

/// How many mails are shown.
const SHOWN: i64 = 50;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/demo/mailbox").get(show));
}

#[derive(Deserialize)]
struct Filter {
    /// Only mails to this address.
    to: Option<String>,
}

async fn show(visit: Visit, filter: Query<Filter>) -> HttpResponse {
    let outcome = mailbox(&visit, filter.to.as_deref()).await;
    visit.answer(outcome)
}

async fn mailbox(visit: &Visit, to: Option<&str>) -> Result<HttpResponse, PageError> {
    if !visit.demo || !matches!(visit.transport, Transport::Mailbox) {
        return Err(PageError::NotFound);
    }
    let written = visit.db.read(|conn| outbox::last_mails(conn, SHOWN)).await?;
    let opened: Vec<_> = written
        .iter()
        .filter_map(|mail| match &mail.content {
            Content::Mail { sealed: Some(sealed), .. } => {
                let addressed: Addressed = visit.post.open(&mail.id, sealed).ok()?;
                Some((mail, addressed))
            }
            Content::Mail { sealed: None, .. }
            | Content::BackchannelLogout { .. }
            | Content::FrontchannelLogout { .. }
            | Content::Inquiry { .. } => None,
        })
        .filter(|(_, addressed)| to.is_none_or(|to| addressed.to.as_str() == to))
        .collect();
    let frame = visit.frame();
    let head = Letterhead { origin: &visit.issuer, support: frame.support };
    let mut mails = Vec::with_capacity(opened.len());
    for (mail, addressed) in &opened {
        let letter = Letter::of(addressed, head).map_err(|error| PageError::unexpected(&error))?;
        let to = addressed.to.as_str();
        mails.push(MailView { to, at: mail.created_at, letter });
    }
    Ok(page(StatusCode::OK, &MailboxPage { frame, mails }))
}
