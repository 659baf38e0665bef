//! The Redirect binding: a message in the query of an address (SAML Bindings §3.4).
//!
//! The signature covers the octets of the query as the sender encoded them, so they are taken from
//! the raw query and never encoded anew: two encoders rarely agree.

use std::io::Read;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use super::signature::{CannotSign, SignatureError, Signer, VerificationKeys, method_of};

/// The longest message, unpacked: nobody needs a hundredth of it, and a bomb gets no further
/// (security 13.3).
pub const LONGEST_MESSAGE: usize = 256 * 1024;
/// The longest `RelayState` that is carried; the standard allows 80 octets, real sites send more
/// (security 14.2).
pub const LONGEST_RELAY_STATE: usize = 1024;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a transport holds no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The message is not base64, not deflated, or not UTF-8.
    #[error("the message is not encoded as the binding demands")]
    Encoding,
    /// There is no message.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// `RelayState` is longer than a kilobyte.
    #[error("RelayState is longer than 1024 octets")]
    RelayState,
    /// A parameter came twice.
    #[error("{0} came twice")]
    Repeated(&'static str),
    /// The message is too long, perhaps only unpacked.
    #[error("the message is longer than 256 KiB")]
    TooLong,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Direction {
    /// The name of the parameter.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A message that came in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirected {
    /// The message.
    pub xml: String,
    /// What is echoed.
    pub relay_state: Option<String>,
    /// Its signature, if it has one.
    pub signature: Option<Detached>,
}

/// A signature beside what it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detached {
    method: String,
    octets: String,
    value: Vec<u8>,
}

impl Detached {
    /// Checks it.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, keys: &VerificationKeys) -> Result<(), SignatureError> {
        keys.verify_detached(&self.method, self.octets.as_bytes(), &self.value)
    }
}

/// Reads a message from a raw query.
///
/// # Errors
/// [`TransportError`].
pub fn read(query: &str, direction: Direction) -> Result<Redirected, TransportError> {
    let message_name = direction.parameter();
    let message = piece(query, message_name)?.ok_or(TransportError::Missing(message_name))?;
    let relay_state = piece(query, "RelayState")?;
    let method = piece(query, "SigAlg")?;
    let value = piece(query, "Signature")?;
    if piece(query, "SAMLEncoding")?.is_some_and(|encoding| {
        decoded(encoding) != "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
    }) {
        return Err(TransportError::Encoding);
    }
    let signature = match (method, value) {
        (Some(method), Some(value)) => {
            // In this order, whatever the order of the query (§3.4.4.1).
            let mut octets = format!("{message_name}={message}");
            for (name, raw) in [("RelayState", relay_state), ("SigAlg", Some(method))] {
                if let Some(raw) = raw {
                    octets.push_str(&format!("&{name}={raw}"));
                }
            }
            Some(Detached {
                method: decoded(method),
                octets,
                value: base64(&decoded(value)).ok_or(TransportError::Encoding)?,
            })
        }
        (None, None) => None,
        (None, Some(_)) => return Err(TransportError::Missing("SigAlg")),
        (Some(_), None) => return Err(TransportError::Missing("Signature")),
    };
    let packed = base64(&decoded(message)).ok_or(TransportError::Encoding)?;
    let relay_state = relay_state.map(decoded).map(checked_relay_state).transpose()?;
    Ok(Redirected { xml: inflate(&packed)?, relay_state, signature })
}

/// Reads a message from the value of a form's field (SAML Bindings §3.5.4).
///
/// # Errors
/// [`TransportError`].
pub fn read_posted(value: &str) -> Result<String, TransportError> {
    if value.len() > LONGEST_MESSAGE * 4 / 3 + 4096 {
        return Err(TransportError::TooLong);
    }
    let octets = base64(value).ok_or(TransportError::Encoding)?;
    if octets.len() > LONGEST_MESSAGE {
        return Err(TransportError::TooLong);
    }
    String::from_utf8(octets).map_err(|_| TransportError::Encoding)
}

/// A `RelayState` that may be carried.
///
/// # Errors
/// [`TransportError::RelayState`].
pub fn checked_relay_state(text: String) -> Result<String, TransportError> {
    if text.len() <= LONGEST_RELAY_STATE { Ok(text) } else { Err(TransportError::RelayState) }
}

/// A message as the value of a form's field.
#[must_use]
pub fn posted(xml: &str) -> String {
    STANDARD.encode(xml)
}

/// The query of an address that carries a message, signed.
///
/// # Errors
/// [`CannotSign`].
pub fn write(
    xml: &str,
    direction: Direction,
    relay_state: Option<&str>,
    signer: &dyn Signer,
) -> Result<String, CannotSign> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair(direction.parameter(), &STANDARD.encode(deflate(xml)));
    if let Some(relay_state) = relay_state {
        query.append_pair("RelayState", relay_state);
    }
    query.append_pair("SigAlg", method_of(signer.algorithm()));
    let signed = query.finish();
    let signature = STANDARD.encode(signer.sign(signed.as_bytes())?);
    let mut rest = url::form_urlencoded::Serializer::new(String::new());
    rest.append_pair("Signature", &signature);
    Ok(format!("{signed}&{}", rest.finish()))
}

/// The raw value of a parameter, which comes once at most.
fn piece<'a>(query: &'a str, name: &'static str) -> Result<Option<&'a str>, TransportError> {
    let mut values = query.split('&').filter_map(|pair| {
        let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
        (found == name).then_some(value)
    });
    let first = values.next();
    if values.next().is_some() { Err(TransportError::Repeated(name)) } else { Ok(first) }
}

/// What a raw value says.
fn decoded(raw: &str) -> String {
    let pair = format!("v={raw}");
    let value = url::form_urlencoded::parse(pair.as_bytes()).next();
    value.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Base64 with or without line breaks and padding. A blank stands for the plus sign that some
/// sender forgot to encode.
fn base64(text: &str) -> Option<Vec<u8>> {
    let packed: String = text
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .map(|c| if c == ' ' { '+' } else { c })
        .collect();
    LENIENT.decode(packed).ok()
}

fn inflate(packed: &[u8]) -> Result<String, TransportError> {
    let limit = u64::try_from(LONGEST_MESSAGE).unwrap_or(u64::MAX).saturating_add(1);
    let mut octets = Vec::new();
    let read = DeflateDecoder::new(packed).take(limit).read_to_end(&mut octets);
    read.map_err(|_| TransportError::Encoding)?;
    if octets.len() > LONGEST_MESSAGE {
        return Err(TransportError::TooLong);
    }
    String::from_utf8(octets).map_err(|_| TransportError::Encoding)
}

fn deflate(xml: &str) -> Vec<u8> {
    use std::io::Write;

    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail; were it to, the receiver would find an empty message.
    let _ = encoder.write_all(xml.as_bytes());
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::saml::testing::TestKey;

    fn query(xml: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("SAMLRequest", &STANDARD.encode(deflate(xml)));
        query.finish()
    }

    #[test]
    fn a_signed_message_arrives_and_its_signature_covers_each_part() {
        for key in TestKey::each() {
            let keys = VerificationKeys::of([&key.certificate()]);
            let sent = write("<a/>", Direction::Request, Some("x&y=z"), &key).unwrap();
            let read_back = read(&sent, Direction::Request).unwrap();
            assert_eq!(read_back.xml, "<a/>");
            assert_eq!(read_back.relay_state.as_deref(), Some("x&y=z"));
            assert_eq!(read_back.signature.as_ref().unwrap().verify(&keys), Ok(()));
            for (from, to) in [
                ("RelayState=x", "RelayState=w"),
                ("SAMLRequest=", "SAMLRequest=A"),
                ("&RelayState=x%26y%3Dz", ""),
            ] {
                let forged = sent.replacen(from, to, 1);
                assert_ne!(forged, sent);
                let verdict = read(&forged, Direction::Request)
                    .map(|message| message.signature.unwrap().verify(&keys));
                assert_ne!(verdict, Ok(Ok(())), "{from}");
            }
            let other = VerificationKeys::of([&TestKey::rsa().certificate()]);
            let verdict = read_back.signature.unwrap().verify(&other);
            assert_eq!(verdict, Err(SignatureError::Invalid));
        }
    }

    #[test]
    fn the_octets_that_the_sender_encoded_are_the_ones_that_are_checked() {
        // Lower-case escapes, as .NET writes them; and the parameters in another order.
        let key = TestKey::rsa();
        let message = STANDARD.encode(deflate("<a/>"));
        let message: String = url::form_urlencoded::byte_serialize(message.as_bytes()).collect();
        let method: String =
            url::form_urlencoded::byte_serialize(method_of(key.algorithm()).as_bytes()).collect();
        let signed = format!("SAMLRequest={message}&RelayState=%c3%a9&SigAlg={method}");
        let signature = STANDARD.encode(key.sign(signed.as_bytes()).unwrap());
        let signature: String =
            url::form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        let sent = format!(
            "Signature={signature}&SigAlg={method}&SAMLRequest={message}&RelayState=%c3%a9"
        );
        let read_back = read(&sent, Direction::Request).unwrap();
        assert_eq!(read_back.relay_state.as_deref(), Some("é"));
        let keys = VerificationKeys::of([&key.certificate()]);
        assert_eq!(read_back.signature.unwrap().verify(&keys), Ok(()));
    }

    #[test]
    fn a_weak_or_strange_method_is_refused_before_anything_is_computed() {
        let keys = VerificationKeys::of([&TestKey::rsa().certificate()]);
        for method in [
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "",
            "none",
        ] {
            let found = keys.verify_detached(method, b"x", b"y");
            assert_eq!(found, Err(SignatureError::Algorithm(method.to_owned())), "{method}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        use TransportError as T;
        let bomb = query(&"a".repeat(LONGEST_MESSAGE + 1));
        assert!(bomb.len() < 2000, "{}", bomb.len());
        let long = format!("{}&RelayState={}", query("<a/>"), "x".repeat(1025));
        for (sent, expected) in [
            ("", T::Missing("SAMLRequest")),
            ("SAMLRequest=%3F", T::Encoding),
            ("SAMLRequest=AAAA", T::Encoding),
            (&bomb, T::TooLong),
            (&long, T::RelayState),
            (&format!("{0}&{0}", query("<a/>")), T::Repeated("SAMLRequest")),
            (&format!("{}&RelayState=a&RelayState=b", query("<a/>")), T::Repeated("RelayState")),
            (&format!("{}&Signature=AAAA", query("<a/>")), T::Missing("SigAlg")),
            (&format!("{}&SigAlg=x", query("<a/>")), T::Missing("Signature")),
            (&format!("{}&SAMLEncoding=x", query("<a/>")), T::Encoding),
        ] {
            assert_eq!(read(sent, Direction::Request), Err(expected), "{sent:.80}");
        }
        let just = format!("{}&RelayState={}", query("<a/>"), "x".repeat(1024));
        assert!(read(&just, Direction::Request).is_ok());
    }

    proptest! {
        #[test]
        fn every_message_and_relay_state_arrives(xml in "\\PC{0,300}", relay_state in "\\PC{0,80}") {
            let key = TestKey::ec();
            let sent = write(&xml, Direction::Response, Some(&relay_state), &key).unwrap();
            let read_back = read(&sent, Direction::Response).unwrap();
            prop_assert_eq!(&read_back.xml, &xml);
            prop_assert_eq!(read_back.relay_state.as_deref(), Some(relay_state.as_str()));
            let keys = VerificationKeys::of([&key.certificate()]);
            prop_assert_eq!(read_back.signature.unwrap().verify(&keys), Ok(()));
            prop_assert_eq!(read_posted(&posted(&xml)), Ok(xml));
        }

        #[test]
        fn no_query_can_make_reading_panic(sent in ".{0,300}") {
            let _ = read(&sent, Direction::Request);
            let _ = read(&format!("SAMLRequest={sent}"), Direction::Request);
            let _ = read_posted(&sent);
        }
    }
}
