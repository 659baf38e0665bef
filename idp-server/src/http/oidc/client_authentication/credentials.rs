//! How a request says who sends it (RFC 6749 §2.3, RFC 7523 §2.2): read, not yet believed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use idp_core::{
    oidc::{
        client_assertion::{CLIENT_ASSERTION_TYPE, claimed_client_id},
        params::Params,
    },
    secret::Secret,
};

/// What a request offers as proof.
#[derive(Debug)]
pub struct Credentials {
    /// Who it says it is. Not the name of any site before it was looked up.
    pub client_id: String,
    /// How it proves that.
    pub proof: Proof,
}

/// One way to prove who one is.
#[derive(Debug)]
pub enum Proof {
    /// `private_key_jwt`: an assertion whose signature nobody has checked yet.
    Assertion(String),
    /// `client_secret_basic`.
    Basic(Secret),
    /// `none`: nothing is proved.
    Nothing,
    /// `client_secret_post`.
    Post(Secret),
}

/// Why nobody can be said to have sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nobody is named.
    #[error("the request names no client")]
    Anonymous,
    /// Two places name two clients.
    #[error("the request names two different clients")]
    Contradictory,
    /// What stands there cannot be read.
    #[error("{0}")]
    Malformed(&'static str),
    /// Two methods at once.
    #[error("the request authenticates by more than one method")]
    Several,
}

impl Credentials {
    /// Reads the `Authorization` header and the form of a request. Two methods at once are
    /// refused, whatever either of them would have proved (RFC 6749 §2.3).
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(authorization: Option<&str>, form: &Params) -> Result<Self, Unreadable> {
        let secret = form.find("client_secret");
        let assertion = form.find("client_assertion");
        let assertion_type = form.find("client_assertion_type");
        let methods = [authorization.is_some(), secret.is_some(), assertion.is_some()];
        if methods.into_iter().filter(|present| *present).count() > 1 {
            return Err(Unreadable::Several);
        }
        if assertion.is_some() != assertion_type.is_some() {
            return Err(Unreadable::Malformed(
                "client_assertion and client_assertion_type go together",
            ));
        }
        let named = form.find("client_id");
        let (client_id, proof) = if let Some(header) = authorization {
            let (client_id, secret) = basic(header)?;
            (client_id, Proof::Basic(secret))
        } else if let Some(assertion) = assertion {
            if assertion_type != Some(CLIENT_ASSERTION_TYPE) {
                return Err(Unreadable::Malformed("unknown client_assertion_type"));
            }
            let client_id = claimed_client_id(assertion)
                .map_err(|_| Unreadable::Malformed("client_assertion names no client"))?;
            (client_id, Proof::Assertion(assertion.to_owned()))
        } else {
            let client_id = named.ok_or(Unreadable::Anonymous)?.to_owned();
            let proof = secret.map_or(Proof::Nothing, |text| Proof::Post(Secret::received(text)));
            (client_id, proof)
        };
        if named.is_some_and(|named| named != client_id) {
            return Err(Unreadable::Contradictory);
        }
        Ok(Self { client_id, proof })
    }
}

/// `Basic`, base64, and inside it two form-encoded texts (RFC 6749 §2.3.1, RFC 7617 §2).
fn basic(header: &str) -> Result<(String, Secret), Unreadable> {
    const MALFORMED: Unreadable = Unreadable::Malformed("the Authorization header is malformed");
    let (scheme, encoded) = header.split_once(' ').ok_or(MALFORMED)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Unreadable::Malformed("the Authorization header is not of the scheme Basic"));
    }
    let octets = STANDARD.decode(encoded.trim()).map_err(|_| MALFORMED)?;
    let text = str::from_utf8(&octets).map_err(|_| MALFORMED)?;
    let (client_id, secret) = text.split_once(':').ok_or(MALFORMED)?;
    let (client_id, secret) = (form_decoded(client_id), form_decoded(secret));
    Ok((client_id.ok_or(MALFORMED)?, Secret::received(&secret.ok_or(MALFORMED)?)))
}

/// Decodes one `application/x-www-form-urlencoded` text. A `%` that begins no octet stands for
/// itself: it comes from clients that do not encode, and cannot be mistaken for anything else.
fn form_decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (octet, tail) = match (first, tail) {
            (b'+', tail) => (b' ', tail),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                (Some(_) | None, Some(_) | None) => (b'%', tail),
            },
            (octet, tail) => (*octet, tail),
        };
        octets.push(octet);
        rest = tail;
    }
    String::from_utf8(octets).ok()
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// The client and the method that are read, or why none is.
    fn read(authorization: Option<&str>, form: &str) -> Result<(String, &'static str), Unreadable> {
        let credentials = Credentials::read(authorization, &Params::parse(form.as_bytes()))?;
        let method = match credentials.proof {
            Proof::Assertion(_) => "assertion",
            Proof::Basic(_) => "basic",
            Proof::Nothing => "nothing",
            Proof::Post(_) => "post",
        };
        Ok((credentials.client_id, method))
    }

    fn basic_header(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn assertion(sub: &str) -> String {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let claims = format!("{{\"sub\":\"{sub}\"}}");
        format!("{}.{}.AAAA", part("{\"alg\":\"ES256\"}"), part(&claims))
    }

    #[test]
    fn exactly_one_method_is_read() {
        use Unreadable::{Anonymous, Contradictory, Several};
        let header = basic_header("a:s");
        let header = Some(header.as_str());
        let assertion = |client_id: &str| {
            let kind = CLIENT_ASSERTION_TYPE;
            format!("client_assertion_type={kind}&client_assertion={}", assertion(client_id))
        };
        let found = |method| Ok(("a".to_owned(), method));
        for (authorization, form, expected) in [
            (header, "x=1".to_owned(), found("basic")),
            (header, "client_id=a".to_owned(), found("basic")),
            (header, "client_id=b".to_owned(), Err(Contradictory)),
            (header, "client_id=a&client_secret=s".to_owned(), Err(Several)),
            (header, assertion("a"), Err(Several)),
            (None, "client_id=a&client_secret=s".to_owned(), found("post")),
            (None, "client_id=a".to_owned(), found("nothing")),
            (None, "client_id=a&client_secret=".to_owned(), found("nothing")),
            (None, "client_secret=s".to_owned(), Err(Anonymous)),
            (None, String::new(), Err(Anonymous)),
            (None, assertion("a"), found("assertion")),
            (None, format!("client_id=a&{}", assertion("a")), found("assertion")),
            (None, format!("client_id=b&{}", assertion("a")), Err(Contradictory)),
            (None, format!("client_secret=s&{}", assertion("a")), Err(Several)),
        ] {
            assert_eq!(read(authorization, &form), expected, "{authorization:?} {form}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_malformed() {
        for (authorization, form) in [
            (Some("Bearer abc".to_owned()), String::new()),
            (Some("Basic".to_owned()), String::new()),
            (Some("Basic !!!".to_owned()), String::new()),
            (Some(basic_header("nocolon")), String::new()),
            (Some(format!("Basic {}", STANDARD.encode([0xff, b':']))), String::new()),
            (Some(basic_header("a:%ff")), String::new()),
            (None, "client_assertion=a.b.c".to_owned()),
            (None, format!("client_assertion_type={CLIENT_ASSERTION_TYPE}&client_id=a")),
            (None, format!("client_assertion=x&client_assertion_type={CLIENT_ASSERTION_TYPE}")),
            (None, format!("client_assertion_type=saml&client_assertion={}", assertion("a"))),
        ] {
            let found = read(authorization.as_deref(), &form);
            assert!(
                matches!(found, Err(Unreadable::Malformed(_))),
                "{authorization:?} {form}: {found:?}"
            );
        }
    }

    #[test]
    fn name_and_secret_of_the_header_are_form_decoded() {
        for (text, secret) in [
            ("a:plain", "plain"),
            ("a:with%3Acolon", "with:colon"),
            ("a:a:b", "a:b"),
            ("a:a+b%20c", "a b c"),
            ("a:50%", "50%"),
            ("a:50%zz", "50%zz"),
            ("a:%E2%82%AC", "\u{20ac}"),
            ("a:", ""),
        ] {
            let (client_id, found) = basic(&basic_header(text)).unwrap();
            assert_eq!((client_id.as_str(), found.expose()), ("a", secret), "{text}");
        }
        assert_eq!(basic(&basic_header("%61:s")).unwrap().0, "a");
        assert_eq!(basic("bAsIc YTpz").unwrap().0, "a");
    }
}
