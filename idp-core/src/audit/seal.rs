//! The chain: each event's place in it, and the signed end of it.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::event::Event;
use crate::{ids::EventId, keys::KeyId};

/// A SHA-256 hash (FIPS 180-4 §6.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Where the chain begins: the hash before the first.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(hash)
    }

    /// Reads a stored hash; `None` unless it is 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let octet = |at: usize| {
            text.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())
        };
        let octets: Option<Vec<u8>> = (0..text.len().div_ceil(2)).map(octet).collect();
        let hash = octets.and_then(|octets| Self::from_bytes(&octets));
        hash.ok_or_else(|| D::Error::custom("not a SHA-256 hash"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// An event's place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// 1 for the first, and no number is left out.
    pub position: u64,
    /// Which event.
    pub event_id: EventId,
    /// What the event was when it was sealed.
    pub event_hash: Sha256,
    /// This seal and all before it.
    pub chain_hash: Sha256,
}

impl Seal {
    /// What the chain must be after an event took this place.
    pub(super) fn link(
        previous: &Sha256,
        position: u64,
        event_id: &EventId,
        event_hash: &Sha256,
    ) -> Sha256 {
        // The id comes last: it alone has no fixed length.
        let mut bytes = b"hilum-audit-seal-1".to_vec();
        bytes.extend_from_slice(previous.as_bytes());
        bytes.extend_from_slice(&position.to_be_bytes());
        bytes.extend_from_slice(event_hash.as_bytes());
        bytes.extend_from_slice(event_id.as_str().as_bytes());
        Sha256::of(&bytes)
    }
}

/// Seals `events`, in this order, behind `previous`: the last seal, `None` if there is none.
#[must_use]
pub fn seal(previous: Option<&Seal>, events: &[Event]) -> Vec<Seal> {
    let mut position = previous.map_or(0, |seal| seal.position);
    let mut chain_hash = previous.map_or(Sha256::ZERO, |seal| seal.chain_hash);
    let seal = |event: &Event| {
        position += 1;
        let event_hash = event.hash();
        chain_hash = Seal::link(&chain_hash, position, &event.id, &event_hash);
        Seal { position, event_id: event.id.clone(), event_hash, chain_hash }
    };
    events.iter().map(seal).collect()
}

/// The end of the chain at some time: what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The position of the last seal.
    pub position: u64,
    /// The chain up to there.
    pub chain_hash: Sha256,
    /// When it was signed; whole milliseconds count.
    pub sealed_at: DateTime<Utc>,
}

impl Tip {
    /// The chain as it ends with `last`.
    #[must_use]
    pub const fn of(last: &Seal, sealed_at: DateTime<Utc>) -> Self {
        Self { position: last.position, chain_hash: last.chain_hash, sealed_at }
    }

    /// The bytes to sign.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut bytes = b"hilum-audit-head-1".to_vec();
        bytes.extend_from_slice(&self.position.to_be_bytes());
        bytes.extend_from_slice(self.chain_hash.as_bytes());
        bytes.extend_from_slice(&self.sealed_at.timestamp_millis().to_be_bytes());
        bytes
    }
}

/// A signed end of the chain: up to here nothing can be changed unnoticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What is signed.
    pub tip: Tip,
    /// With which key.
    pub kid: KeyId,
    /// The signature over [`Tip::message`].
    pub signature: Vec<u8>,
}
