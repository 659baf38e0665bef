//! The mail server that `.ci/with-servers` starts.

use std::{env, fs, path::PathBuf};

use serde_json::Value;

use crate::{runtime::eventually, settings::Settings};

/// The mail server.
pub struct MailServer {
    folder: PathBuf,
}

/// How Hilum speaks to it.
#[derive(Clone, Copy, Debug)]
pub enum MailTls {
    /// From the first octet.
    Required,
    /// After `STARTTLS`.
    StartTls,
}

impl MailServer {
    /// The server, if there is one here.
    #[must_use]
    pub fn here() -> Option<Self> {
        env::var_os("HILUM_TEST_SMTP").map(|folder| Self { folder: folder.into() })
    }

    /// One of its files.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The settings that send mail through it.
    #[must_use]
    pub fn settings(&self, tls: MailTls) -> Settings {
        let ports = fs::read_to_string(self.folder.join("ports")).expect("its ports");
        let (mode, port) = match tls {
            MailTls::Required => ("required", ports.lines().next()),
            MailTls::StartTls => ("starttls", ports.lines().nth(1)),
        };
        Settings::new()
            .with("mail.host", "localhost")
            .with("mail.port", port.expect("a port"))
            .with("mail.tls", mode)
            .with("mail.from", "Hilum <no-reply@hilum.example>")
            .with("mail.username", "hilum")
            .with("mail.password_file", &self.path("password"))
            .with("mail.extra_ca_file", &self.path("ca.pem"))
    }

    /// What it has received for an address.
    #[must_use]
    pub fn received(&self, to: &str) -> Vec<Value> {
        let mut files: Vec<_> = fs::read_dir(self.folder.join("mail"))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        files.sort();
        files
            .iter()
            .map(|file| fs::read(file).expect("a mail"))
            .map(|mail| serde_json::from_slice::<Value>(&mail).expect("JSON"))
            .filter(|mail| mail["to"].as_array().is_some_and(|all| all.iter().any(|one| one == to)))
            .collect()
    }

    /// Waits until it has received so many for an address.
    pub async fn wait_for(&self, to: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{count} mails to {to}"), || async {
            let received = self.received(to);
            (received.len() >= count).then_some(received)
        })
        .await
    }
}
