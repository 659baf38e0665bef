//! Messages in the query of an address (SAML Bindings §3.4).

use std::io::{Read as _, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use url::{Url, form_urlencoded};

use crate::keys::{HilumKeys, NotSigned, OwnKey, RSA_SHA256};

/// No message is longer, whatever it is packed into.
const LONGEST: u64 = 64 * 1024;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Somebody asks for something.
    Request,
    /// Somebody answers.
    Response,
}

impl Kind {
    /// The parameter that carries it.
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// The address that takes a signed message to Hilum; `None` if the key failed.
pub(crate) fn write(
    to: &Url,
    kind: Kind,
    message: &str,
    relay_state: Option<&str>,
    key: &OwnKey,
) -> Option<Url> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(message.as_bytes()).ok()?;
    let message = STANDARD.encode(packed.finish().ok()?);
    // The order is the standard's; the signature covers this very text.
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair(kind.parameter(), &message);
    if let Some(state) = relay_state {
        query.append_pair("RelayState", state);
    }
    let signed = query.append_pair("SigAlg", RSA_SHA256).finish();
    let signature = STANDARD.encode(key.sign(signed.as_bytes())?);
    let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
    let mut address = to.clone();
    let before = to.query().map(|query| format!("{query}&")).unwrap_or_default();
    address.set_query(Some(&format!("{before}{signed}&Signature={signature}")));
    Some(address)
}

/// A message whose signature is good.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// What it is.
    pub kind: Kind,
    /// Its XML.
    pub message: String,
    /// What goes back with the answer.
    pub relay_state: Option<String>,
}

/// Reads a query and checks its signature, over the octets as they came.
///
/// # Errors
/// [`NotSigned`].
pub(crate) fn read(query: &str, keys: &HilumKeys) -> Result<Arrived, NotSigned> {
    let raw = |name: &str| {
        let mut found = query.split('&').filter(|part| part.split('=').next() == Some(name));
        // Of two with one name the signature would cover one, and we might read the other.
        match (found.next(), found.next()) {
            (Some(part), None) => Some(part),
            _ => None,
        }
    };
    let value = |name: &str| {
        let part = raw(name)?;
        form_urlencoded::parse(part.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let (kind, message) = match (raw(Kind::Request.parameter()), raw(Kind::Response.parameter())) {
        (Some(message), None) => (Kind::Request, message),
        (None, Some(message)) => (Kind::Response, message),
        (None, None) | (Some(_), Some(_)) => return Err(NotSigned),
    };
    let (method, signature) = (value("SigAlg"), value("Signature"));
    let (Some(method), Some(signature)) = (method, signature) else { return Err(NotSigned) };
    let signature = STANDARD.decode(signature).map_err(|_| NotSigned)?;
    let parts = [Some(message), raw("RelayState"), raw("SigAlg")];
    let signed = parts.into_iter().flatten().collect::<Vec<_>>().join("&");
    keys.check(&method, signed.as_bytes(), &signature)?;
    let packed = value(kind.parameter()).and_then(|text| STANDARD.decode(text).ok());
    let mut message = String::new();
    DeflateDecoder::new(packed.ok_or(NotSigned)?.as_slice())
        .take(LONGEST)
        .read_to_string(&mut message)
        .map_err(|_| NotSigned)?;
    Ok(Arrived { kind, message, relay_state: value("RelayState") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::keys;

    #[test]
    fn what_was_written_is_read_and_nothing_else_is() {
        let (own, known) = keys();
        let to = Url::parse("https://id.example/slo?a=b").unwrap();
        let address = write(&to, Kind::Request, "<a/>", Some("x&y=z"), &own).unwrap();
        let query = address.query().unwrap().strip_prefix("a=b&").unwrap();
        let arrived = read(query, &known).unwrap();
        assert_eq!((arrived.kind, arrived.message.as_str()), (Kind::Request, "<a/>"));
        assert_eq!(arrived.relay_state.as_deref(), Some("x&y=z"));
        let (signed, signature) = query.split_once("&Signature=").unwrap();
        for wrong in [
            signed.to_owned(),
            query.replace("RelayState=x", "RelayState=y"),
            query.replace("SAMLRequest=", "SAMLResponse="),
            query.replace("rsa-sha256", "rsa-sha1"),
            format!("{query}&SAMLResponse=AA"),
            format!("RelayState=other&{query}"),
            format!("{signed}&Signature={}", signature.replace("%2", "")),
        ] {
            assert_eq!(read(&wrong, &known).unwrap_err(), NotSigned, "{wrong}");
        }
        assert!(read(query, &HilumKeys::default()).is_err());
    }
}
