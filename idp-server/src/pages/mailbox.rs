//! The demo's mailbox: what would have gone to a mail server.

use askama::Template;
use chrono::{DateTime, Utc};

use super::{frame::Frame, letter::Letter};

/// The mails of the demo, newest first.
#[derive(Debug, Template)]
#[template(path = "mailbox.html")]
pub struct MailboxPage<'a> {
    pub frame: Frame<'a>,
    pub mails: Vec<MailView<'a>>,
}

/// A mail as the mailbox shows it: the text that the person would have read.
#[derive(Clone, Debug)]
pub struct MailView<'a> {
    pub to: &'a str,
    pub at: DateTime<Utc>,
    pub letter: Letter,
}

impl MailView<'_> {
    /// The text in lines; a line that is a link becomes one.
    fn lines(&self) -> impl Iterator<Item = (&str, bool)> {
        let is_link = |line: &str| line.starts_with("http://") || line.starts_with("https://");
        self.letter.text.lines().map(move |line| (line, is_link(line)))
    }
}
