//! The public key set (RFC 7517 §5), as octets that are ready to be sent.

use actix_web::web::Bytes;
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, JwkSet};

/// How long a site may keep the set, in seconds. No key signs before it was published for longer:
/// the shortest `keys.publish_lead_hours` is an hour.
pub const JWKS_MAX_AGE: u32 = 900;

/// The set's answer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Jwks {
    /// The JSON document.
    pub body: Bytes,
    /// Its `ETag`, with the quotes.
    pub etag: String,
}

impl Jwks {
    pub(super) fn of(keys: Vec<Jwk>) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_vec(&JwkSet { keys })?;
        let hash = digest::digest(&digest::SHA256, &body);
        let (short, _) = hash.as_ref().split_at(12);
        Ok(Self { etag: format!("\"{}\"", URL_SAFE_NO_PAD.encode(short)), body: body.into() })
    }
}
