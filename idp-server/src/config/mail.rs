//! `[mail]`: the server that carries mail to people.

use std::{
    fs,
    net::IpAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use lettre::message::Mailbox;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::reader::{Reader, Value};

/// Where mail goes.
#[derive(Clone, Debug)]
pub enum Mail {
    /// Nowhere: the demo shows it on a page (`/demo/mailbox`).
    Mailbox,
    /// To this server.
    Smtp(Box<Smtp>),
}

/// A mail server (RFC 5321; for submission, RFC 6409).
#[derive(Clone, Debug)]
pub struct Smtp {
    /// `host`.
    pub host: String,
    /// `port`: 465 or 587 when left out, as `tls` says.
    pub port: u16,
    /// `tls`.
    pub tls: MailTls,
    /// `from`: the sender that people see.
    pub from: Mailbox,
    /// `username`, and what the file of `password_file` holds.
    pub credentials: Option<(String, SecretString)>,
    /// `extra_ca_file`: certificates (PEM) to trust beside the system's.
    pub extra_ca_file: Option<PathBuf>,
}

/// How the way to the mail server is protected. A server that then does not speak TLS, or shows a
/// certificate that is not for `host`, gets no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all: to a relay on this machine only, since mails carry codes.
    None,
    /// TLS from the first octet (RFC 8314 §3.3).
    Required,
    /// TLS after `STARTTLS`, and nothing before it (RFC 3207).
    StartTls,
}

/// The longest password that is read.
const MAX_PASSWORD: u64 = 4096;

impl Mail {
    /// Reads the section. Outside a demo there must be a server: nobody could set a new password.
    pub(super) fn read(reader: &mut Reader, demo: bool) -> Option<Self> {
        let is_host = |text: &&str| url::Host::parse(text).is_ok();
        let parse = |value: &Value| value.text().filter(is_host).map(str::to_owned);
        let accepts = "the name or address of your mail server, such as \"smtp.example.org\"";
        let host = if demo {
            reader.optional("mail.host", accepts, parse)
        } else {
            reader.required("mail.host", accepts, parse)
        };
        let modes = [
            ("required", MailTls::Required),
            ("starttls", MailTls::StartTls),
            ("none", MailTls::None),
        ];
        let tls = reader.choice("mail.tls", &modes, MailTls::Required);
        let usual = if tls == MailTls::Required { 465 } else { 587 };
        let port = reader.number("mail.port", 1..=u16::MAX, usual);
        let accepts = "a sender, such as \"Hilum <no-reply@example.org>\"";
        let from = reader.optional("mail.from", accepts, Value::parsed::<Mailbox>);
        let credentials = credentials(reader);
        let extra_ca_file = reader.path("mail.extra_ca_file");
        let Some(host) = host else {
            return demo.then_some(Self::Mailbox);
        };
        if tls == MailTls::None && !is_loopback(&host) {
            let message = "cannot be \"none\" unless mail.host is this machine: mails carry codes";
            reader.mistake("mail.tls", message);
        }
        if from.is_none() && !reader.is_given("mail.from") {
            reader.mistake("mail.from", format!("is missing: {accepts}"));
        }
        let from = from?;
        Some(Self::Smtp(Box::new(Smtp { host, port, tls, from, credentials, extra_ca_file })))
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn credentials(reader: &mut Reader) -> Option<(String, SecretString)> {
    let username =
        reader.optional("mail.username", "a user name", |value| value.text().map(str::to_owned));
    let file = reader.path("mail.password_file");
    match (username, file) {
        (Some(username), Some(file)) => match password(&file) {
            Ok(password) => Some((username, password)),
            Err(why) => {
                let message = format!("names {}, which {why}", file.display());
                reader.mistake("mail.password_file", message);
                None
            }
        },
        (Some(_), None) => {
            reader.mistake("mail.password_file", "is missing: the user name needs its password");
            None
        }
        (None, Some(_)) => {
            reader.mistake("mail.username", "is missing: the password needs its user name");
            None
        }
        (None, None) => None,
    }
}

/// The first line of a file that is ours alone.
fn password(path: &Path) -> Result<SecretString, String> {
    let about = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err("can be read by other users of this machine: run `chmod 600 FILE`".to_owned());
    }
    if about.len() > MAX_PASSWORD {
        return Err("is too long for a password".to_owned());
    }
    let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    let text = Zeroizing::new(text);
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(SecretString::from(line)),
        None => Err("is empty".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::Folder;

    use super::*;

    fn smtp(variables: &[(&str, &str)]) -> Smtp {
        let folder = Folder::new();
        match folder.config(variables).mail {
            Mail::Smtp(smtp) => *smtp,
            Mail::Mailbox => panic!("a server is set"),
        }
    }

    #[test]
    fn the_port_follows_from_how_the_way_is_protected() {
        for (tls, host, port) in [
            ("required", "smtp.example.org", 465),
            ("starttls", "smtp.example.org", 587),
            ("none", "127.0.0.1", 587),
            ("none", "localhost", 587),
            ("none", "[::1]", 587),
        ] {
            let smtp = smtp(&[("HILUM__MAIL__TLS", tls), ("HILUM__MAIL__HOST", host)]);
            assert_eq!(smtp.port, port, "{tls}");
        }
    }

    #[test]
    fn the_demo_needs_no_server() {
        let folder = Folder::new();
        let config = folder.config(&[("HILUM__DEMO", "true"), ("HILUM__MAIL__HOST", "m.example")]);
        assert!(matches!(config.mail, Mail::Smtp(_)));
        let bare = folder.least().replace("mail.host", "#").replace("mail.from", "#");
        let demo = crate::config::testing::environment(&[("HILUM__DEMO", "true")]);
        let config = crate::config::load::parse(&bare, demo).unwrap();
        assert!(matches!(config.mail, Mail::Mailbox));
    }

    #[test]
    fn what_would_carry_codes_in_the_clear_or_cannot_work_is_refused() {
        let folder = Folder::new();
        let open = folder.file("open", "secret\n", 0o644);
        let empty = folder.file("empty", "\n", 0o600);
        let mistake = |variables: &[(&str, &str)]| {
            let environment = crate::config::testing::environment(variables);
            crate::config::load::parse(&folder.least(), environment).unwrap_err()[0].to_string()
        };
        let none = ("HILUM__MAIL__TLS", "none");
        assert!(mistake(&[none]).contains("mails carry codes"));
        let user = ("HILUM__MAIL__USERNAME", "hilum");
        assert!(mistake(&[user]).contains("password_file is missing"));
        let with = |file: &str| mistake(&[user, ("HILUM__MAIL__PASSWORD_FILE", file)]);
        assert!(with(&open).contains("chmod 600"));
        assert!(with(&empty).contains("is empty"));
        assert!(with("/nowhere").contains("cannot be read"));
        let from = ("HILUM__MAIL__FROM", "Hilum <a@b>\r\nBcc: c@d.example");
        assert!(mistake(&[from]).contains("a sender"));
    }

    #[test]
    fn a_password_is_read_and_never_printed() {
        let folder = Folder::new();
        let file = folder.file("password", "open sesame\n", 0o600);
        let smtp =
            smtp(&[("HILUM__MAIL__USERNAME", "hilum"), ("HILUM__MAIL__PASSWORD_FILE", &file)]);
        assert!(smtp.credentials.is_some());
        assert!(!format!("{smtp:?}").contains("sesame"));
    }
}
