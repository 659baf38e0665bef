//! The way to the mail server.

use std::{fs, io, time::Duration};

use chrono::{DateTime, Utc};
use idp_core::{community::subscriber::EmailAddress, ids::MessageId};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::{
    config::{Mail, MailTls, Origin, Smtp},
    pages::Letter,
};

/// How long one mail may take, connection and all: less than the outbox waits for its outcome.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long the server may take for one answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Hands mails over.
pub enum Transport {
    /// Nobody carries them: the demo shows them on a page.
    Mailbox,
    /// A mail server does.
    Smtp(Box<Carrier>),
}

/// A mail server and what every mail to it says about us.
pub struct Carrier {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// The right half of every `Message-ID`.
    domain: String,
}

/// Why there is no way to the mail server.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("mail.extra_ca_file cannot be read: {0}")]
    CaFile(#[from] io::Error),
    #[error("mail: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
}

/// Why a mail was not handed over. Without what the server said: that may name the mailbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The server or the way to it failed: the next time may be better.
    #[error("{0}")]
    ForNow(String),
    /// There is no such mailbox, or the server will never take this.
    #[error("{0}")]
    ForGood(String),
}

impl Transport {
    /// The way that the configuration names. Nothing is connected yet.
    ///
    /// # Errors
    /// [`TransportError`] if the certificates cannot be used.
    pub fn open(config: &Mail, origin: &Origin) -> Result<Self, TransportError> {
        let Mail::Smtp(smtp) = config else { return Ok(Self::Mailbox) };
        // The origin's host without its port; that of an address stands in brackets already.
        let authority = origin.authority();
        let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
            if port.bytes().all(|octet| octet.is_ascii_digit()) { host } else { authority }
        });
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
            .port(smtp.port)
            .tls(tls(smtp)?)
            .hello_name(ClientId::Domain(host.to_owned()))
            .timeout(Some(ANSWER));
        if let Some((username, password)) = &smtp.credentials {
            let password = password.expose_secret().to_owned();
            server = server.credentials(Credentials::new(username.clone(), password));
        }
        let (from, domain) = (smtp.from.clone(), host.to_owned());
        Ok(Self::Smtp(Box::new(Carrier { server: server.build(), from, domain })))
    }

    /// Whether the server answers as the configuration expects it to.
    ///
    /// # Errors
    /// [`NotSent`] says what it met.
    pub async fn ping(&self) -> Result<(), NotSent> {
        match self {
            Self::Mailbox => Ok(()),
            Self::Smtp(carrier) => {
                match timeout(PATIENCE, carrier.server.test_connection()).await {
                    Ok(Ok(true)) => Ok(()),
                    Ok(Ok(false)) => Err(NotSent::ForNow("the server does not answer".to_owned())),
                    Ok(Err(error)) => Err(NotSent::ForNow(error.to_string())),
                    Err(_) => Err(NotSent::ForNow("the server takes too long".to_owned())),
                }
            }
        }
    }
}

/// [`Tls::Required`] means `STARTTLS` or nothing, [`Tls::Wrapper`] means TLS at once.
fn tls(smtp: &Smtp) -> Result<Tls, TransportError> {
    if smtp.tls == MailTls::None {
        return Ok(Tls::None);
    }
    let name = smtp.host.trim_start_matches('[').trim_end_matches(']');
    let mut parameters = TlsParameters::builder(name.to_owned());
    if let Some(file) = &smtp.extra_ca_file {
        parameters = parameters.add_root_certificate(Certificate::from_pem(&fs::read(file)?)?);
    }
    let parameters = parameters.build_rustls()?;
    Ok(match smtp.tls {
        MailTls::StartTls => Tls::Required(parameters),
        MailTls::None | MailTls::Required => Tls::Wrapper(parameters),
    })
}

impl Carrier {
    /// Hands one mail over to one mailbox. Says what the server answered, in a few words.
    ///
    /// # Errors
    /// [`NotSent`]. A mail whose answer was lost is sent again: it may arrive twice, with one
    /// `Message-ID`.
    pub async fn send(
        &self,
        id: &MessageId,
        to: &EmailAddress,
        letter: &Letter,
        now: DateTime<Utc>,
    ) -> Result<String, NotSent> {
        let message = self.message(id, to, letter, now)?;
        match timeout(PATIENCE, self.server.send(message)).await {
            Err(_) => Err(NotSent::ForNow("the server takes too long".to_owned())),
            Ok(Ok(answer)) => Ok(format!("status {}", answer.code())),
            Ok(Err(error)) => Err(judge(&error)),
        }
    }

    fn message(
        &self,
        id: &MessageId,
        to: &EmailAddress,
        letter: &Letter,
        now: DateTime<Utc>,
    ) -> Result<Message, NotSent> {
        let unfit = |_| NotSent::ForGood("the address is none that mail can go to".to_owned());
        let address: Address = to.as_str().parse().map_err(unfit)?;
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .message_id(Some(format!("<{}@{}>", id.as_str(), self.domain)))
            .date(now.into())
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(letter.subject.clone())
            // RFC 3834 §5: no "out of office" comes back.
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|error| NotSent::ForGood(error.to_string()))
    }
}

/// A mailbox that does not exist, is closed or refuses the mail (RFC 5321 §4.2.2) will do so
/// tomorrow; a wrong password or a full disk are mended by somebody.
fn judge(error: &lettre::transport::smtp::Error) -> NotSent {
    match error.status() {
        Some(code) if error.is_permanent() => {
            let status = format!("status {code}");
            match u16::from(code) {
                550 | 551 | 553 | 554 => NotSent::ForGood(status),
                _ => NotSent::ForNow(status),
            }
        }
        Some(code) => NotSent::ForNow(format!("status {code}")),
        None if error.is_timeout() => NotSent::ForNow("the server takes too long".to_owned()),
        None if error.is_tls() => NotSent::ForNow("TLS failed".to_owned()),
        None => NotSent::ForNow("the server cannot be reached".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carrier() -> Carrier {
        Carrier {
            server: AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost").build(),
            from: "Hilum <no-reply@hilum.example>".parse().unwrap(),
            domain: "hilum.example".to_owned(),
        }
    }

    fn letter(subject: &str) -> Letter {
        Letter { subject: subject.to_owned(), text: "text".to_owned(), html: "<p>".to_owned() }
    }

    /// 21.3
    #[tokio::test]
    async fn a_mail_has_one_recipient_and_no_header_but_ours() {
        let hostile = "A\r\nBcc: victim@elsewhere.example\r\n\r\nbody";
        let to = "\"a\"@clinic.example".parse().unwrap();
        let now = DateTime::UNIX_EPOCH;
        for address in
            [to, "a;b@clinic.example".parse().unwrap(), "a@clinic.example".parse().unwrap()]
        {
            let id: MessageId = "msg_one".parse().unwrap();
            let Ok(message) = carrier().message(&id, &address, &letter(hostile), now) else {
                continue; // an address that mail cannot go to gets none
            };
            assert_eq!(message.envelope().to().len(), 1);
            let written = String::from_utf8(message.formatted()).unwrap();
            let head = written.split("\r\n\r\n").next().unwrap();
            let names: Vec<_> = head
                .lines()
                .filter(|line| !line.starts_with(' '))
                .map(|line| line.split(':').next().unwrap().to_ascii_lowercase())
                .collect();
            let expected = [
                "message-id",
                "date",
                "from",
                "to",
                "subject",
                "auto-submitted",
                "mime-version",
                "content-type",
            ];
            assert_eq!(names, expected, "{head}");
        }
        let plain = "a@clinic.example".parse().unwrap();
        let id = "msg_one".parse().unwrap();
        let message = carrier().message(&id, &plain, &letter("Hello"), now).unwrap();
        let written = String::from_utf8(message.formatted()).unwrap();
        assert!(written.contains("To: a@clinic.example\r\n"), "{written}");
        assert!(written.contains("Message-ID: <msg_one@hilum.example>\r\n"), "{written}");
    }
}
