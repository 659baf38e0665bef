//! How the node is run: its clock, help desk, keys, log and outgoing calls.

use std::path::PathBuf;

use chrono::TimeDelta;
use tracing_subscriber::EnvFilter;

use super::reader::{Reader, Value};
use crate::keys::private_key::RsaSize;

/// `[clock]`.
#[derive(Clone, Debug)]
pub enum ClockSource {
    /// The machine's clock plus the seconds in the file of `offset_file`. Demo mode only.
    Offset(PathBuf),
    /// The machine's clock.
    System,
}

impl ClockSource {
    pub(super) fn read(reader: &mut Reader, demo: bool) -> Self {
        match reader.path("clock.offset_file") {
            Some(file) if demo => Self::Offset(file),
            Some(_) => {
                reader.mistake("clock.offset_file", "is for demo mode only: take it out");
                Self::System
            }
            None => Self::System,
        }
    }
}

/// `[support]`: the help desk, named on nearly every page (R2).
#[derive(Clone, Debug)]
pub struct Support {
    /// `phone`, as people write it.
    pub phone: String,
    /// `email`.
    pub email: String,
    /// `address`: where notaries' forms are sent, in one line (R36).
    pub address: String,
}

impl Support {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let is_phone = |c: char| c.is_ascii_digit() || "+-() .".contains(c);
        let phone = reader.required("support.phone", "a telephone number", |value| {
            value.text().filter(|text| text.chars().all(is_phone)).map(str::to_owned)
        });
        let email = reader.required("support.email", "an e-mail address", |value| {
            let plain = |text: &&str| text.chars().all(|c| c.is_ascii_graphic());
            let has_at = |text: &&str| text.split('@').filter(|part| !part.is_empty()).count() == 2;
            value.text().filter(plain).filter(has_at).map(str::to_owned)
        });
        let address = reader.required("support.address", "a postal address in one line", |value| {
            let one_line =
                |text: &&str| !text.trim().is_empty() && !text.contains(char::is_control);
            value.text().filter(one_line).map(str::to_owned)
        });
        Some(Self { phone: phone?, email: email?, address: address? })
    }
}

/// `[keys]`: the life of a signing key.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// `rotation_days`: how long a key signs before the next one takes over.
    pub rotation: TimeDelta,
    /// `publish_lead_hours`: how long a key is published before it signs, so that every site has
    /// fetched it by then.
    pub publish_lead: TimeDelta,
    /// `rsa_bits`: how long new RSA keys are, 2048 or 3072.
    pub rsa_size: RsaSize,
}

impl Keys {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let rotation = TimeDelta::days(reader.number("keys.rotation_days", 1..=365, 90));
        let publish_lead = TimeDelta::hours(reader.number("keys.publish_lead_hours", 1..=720, 24));
        if publish_lead >= rotation {
            reader.mistake("keys.publish_lead_hours", "must be shorter than keys.rotation_days");
        }
        let rsa_size =
            reader.optional("keys.rsa_bits", "2048 or 3072", |value| match value.integer()? {
                2048 => Some(RsaSize::Bits2048),
                3072 => Some(RsaSize::Bits3072),
                _ => None,
            });
        Self { rotation, publish_lead, rsa_size: rsa_size.unwrap_or_default() }
    }
}

/// `[log]`.
#[derive(Clone, Debug)]
pub struct Log {
    /// `format`: `"text"` for people, `"json"` for machines.
    pub format: LogFormat,
    /// `filter`: how much, as in `"info"` or `"info,hilum::http=debug"`. Other people's crates
    /// never say more than `info`, since their details may hold secrets.
    pub filter: String,
}

/// How a log record looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// One line of text.
    Text,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let accepts = "a level (error, warn, info, debug), or levels by module after it";
        let filter = reader.optional("log.filter", accepts, |value: &Value| {
            value.text().filter(|text| EnvFilter::try_new(text).is_ok()).map(str::to_owned)
        });
        Self {
            format: reader.choice("log.format", &formats, LogFormat::Text),
            filter: filter.unwrap_or_else(|| "info".to_owned()),
        }
    }
}

/// `[saml]`.
#[derive(Clone, Copy, Debug)]
pub struct Saml {
    /// `metadata_refresh_hours`: how often the metadata of sites are fetched anew that say where they
    /// are published; sooner if they say so.
    pub metadata_refresh: TimeDelta,
}

impl Saml {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let hours = reader.number("saml.metadata_refresh_hours", 1..=168, 6);
        Self { metadata_refresh: TimeDelta::hours(hours) }
    }
}

/// `[outgoing]`: calls to addresses that sites have registered.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// `allow_hosts`: names or addresses that may lie in private ranges, on any port, and be
    /// reached by plain http. For tests and for sites inside one's own walls.
    pub allow_hosts: Vec<String>,
    /// `extra_ca_file`: certificates (PEM) to trust beside the system's.
    pub extra_ca_file: Option<PathBuf>,
}

impl Outgoing {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let accepts = "host names without scheme or port, such as \"sites.internal\"";
        Self {
            allow_hosts: reader.list("outgoing.allow_hosts", accepts, |text| {
                url::Host::parse(text).ok().map(|host| host.to_string())
            }),
            extra_ca_file: reader.path("outgoing.extra_ca_file"),
        }
    }
}
