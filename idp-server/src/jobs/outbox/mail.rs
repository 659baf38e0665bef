//! Sending a mail: it is opened, worded and handed to the mail server, and erased when it is settled.

use super::{Attempt, Note};
use crate::{
    app::App,
    mail::{Addressed, NotSent, Transport},
    pages::{Letter, Letterhead, Support},
    store::outbox::{Claimed, Content},
};

/// What a mail in the demo's mailbox is noted as.
const IN_MAILBOX: &str = "in the demo's mailbox";

/// One attempt.
pub(super) async fn send(app: &App, message: &Claimed, sealed: &str) -> Attempt {
    let addressed: Addressed = match app.post.open(&message.id, sealed) {
        Ok(addressed) => addressed,
        // Another node may have the key.
        Err(error) => return Attempt::Failed(error.to_string()),
    };
    let now = app.clock.now();
    if addressed.mail.pointless_from(message.created_at).is_some_and(|dead| dead <= now) {
        return Attempt::Pointless("its code is dead");
    }
    let Transport::Smtp(carrier) = &app.transport else {
        return Attempt::Delivered(IN_MAILBOX.to_owned());
    };
    let head = Letterhead { origin: &app.issuer, support: support(app) };
    let letter = match Letter::of(&addressed, head) {
        Ok(letter) => letter,
        Err(error) => return Attempt::Hopeless(error.to_string()),
    };
    match carrier.send(&message.id, &addressed.to, &letter, now).await {
        Ok(status) => Attempt::Delivered(status),
        Err(NotSent::ForNow(status)) => Attempt::Failed(status),
        Err(NotSent::ForGood(status)) => Attempt::Hopeless(status),
    }
}

/// What stays of a message that is settled: neither address nor code. In the demo's mailbox it can
/// still be read, as in any mailbox.
pub(super) fn erased(app: &App, content: &Content, note: &Note) -> Option<Content> {
    let is_read_on_our_page = matches!(app.transport, Transport::Mailbox);
    match (content, note) {
        (_, Note::TryAgain { .. })
        | (Content::BackchannelLogout { .. } | Content::FrontchannelLogout { .. }, _) => None,
        (Content::Mail { .. }, Note::Delivered(_)) if is_read_on_our_page => None,
        (Content::Inquiry { .. }, _) => Some(Content::Inquiry { sealed: None }),
        (Content::Mail { subscriber, name, .. }, _) => {
            Some(Content::Mail { subscriber: subscriber.clone(), name: name.clone(), sealed: None })
        }
    }
}

/// The help desk, as mails name it.
fn support(app: &App) -> Support<'_> {
    let email = Some(app.support.email.as_str()).filter(|email| !email.is_empty());
    Support { phone: &app.support.phone, email, address: &app.support.address }
}
