//! The demo's mailbox, read as a person reads it.

use std::future::Future;

use crate::{idp::TestIdp, runtime::eventually};

/// A mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

impl Mail {
    /// The code in it: eight digits in two halves.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let is_code = |line: &&str| {
            let half = |half: &str| half.len() == 4 && half.bytes().all(|b| b.is_ascii_digit());
            line.split_once(' ').is_some_and(|(left, right)| half(left) && half(right))
        };
        self.text.lines().map(str::trim).find(is_code).map(str::to_owned)
    }

    /// The path of the link that begins like this.
    #[must_use]
    pub fn link(&self, origin: &str, path: &str) -> Option<String> {
        let begins = format!("{origin}{path}");
        let line = self.text.lines().map(str::trim).find(|line| line.starts_with(&begins))?;
        line.strip_prefix(origin).map(str::to_owned)
    }

    /// Reads all mails of the page, newest first.
    #[must_use]
    pub fn all(html: &str) -> Vec<Self> {
        let list = html.split("id=\"mails\"").nth(1).unwrap_or_default();
        let list = list.split("</main>").next().unwrap_or_default();
        list.split("<li>")
            .skip(1)
            .map(|item| {
                let part = |begin: &str, end: &str| {
                    let rest = item.split(begin).nth(1).unwrap_or_default();
                    plain(rest.split(end).next().unwrap_or_default())
                };
                Self { subject: part("<bdi>", "</bdi>"), text: part("class=\"letter\">", "</p>") }
            })
            .collect()
    }
}

/// What a browser shows of some HTML.
fn plain(html: &str) -> String {
    let mut text = String::new();
    for (number, piece) in html.split('<').enumerate() {
        let shown = if number == 0 { piece } else { piece.split_once('>').map_or("", |it| it.1) };
        text.push_str(shown);
    }
    text.replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
}

impl TestIdp {
    /// The mails to an address so far, newest first.
    pub async fn mails(&self, to: &str) -> Vec<Mail> {
        let page = self.browser().visit(&format!("/demo/mailbox?to={to}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        Mail::all(&page.body)
    }

    /// The code in the last mail to an address that has one.
    pub async fn mailed_code(&self, to: &str) -> String {
        let mails = self.mails(to).await;
        let code = mails.iter().find_map(Mail::code);
        code.unwrap_or_else(|| panic!("no code was mailed to {to}: {mails:#?}"))
    }

    /// Waits until the address has a mail that begins with this subject, beyond the `known` first
    /// ones.
    pub async fn mail(&self, to: &str, subject: &str, known: usize) -> Mail {
        eventually(&format!("{subject}, to {to}"), || async {
            let mails = self.mails(to).await;
            let mut fitting: Vec<_> =
                mails.into_iter().filter(|mail| mail.subject.starts_with(subject)).collect();
            (fitting.len() > known).then(|| fitting.swap_remove(0))
        })
        .await
    }

    /// Does something that leads to a mail, and waits for that mail.
    pub async fn mail_after<T>(
        &self,
        to: &str,
        subject: &str,
        deed: impl Future<Output = T>,
    ) -> (T, Mail) {
        let fitting = |mails: Vec<Mail>| {
            mails.into_iter().filter(|mail| mail.subject.starts_with(subject)).count()
        };
        let known = fitting(self.mails(to).await);
        let done = deed.await;
        (done, self.mail(to, subject, known).await)
    }
}
