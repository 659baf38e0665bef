//! Judging Hilum's answer (SAML Profiles §4.1.4.3). This is the door of the site: whatever is not
//! checked here, nobody checks.
//!
//! Nothing is believed but what stands in the assertion, which is signed as a whole. The response
//! around it can only be a reason to refuse.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    hilum::Hilum,
    keys::OwnKey,
    messages::NameId,
    xml::{Node, Xml, ns},
};

/// How far the clocks of Hilum and this site may be apart.
pub(crate) const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// What this site expects of every answer.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// Our `entityID`: whom an assertion is for.
    pub entity_id: &'a str,
    /// Where it was posted to.
    pub acs: &'a str,
    /// Who says it.
    pub hilum: &'a Hilum,
    /// What opens it.
    pub key: &'a OwnKey,
    /// When it came.
    pub now: DateTime<Utc>,
}

/// What a good assertion says.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// The identifier of the assertion, which counts once.
    pub assertion: String,
    /// Until when the assertion could come again.
    pub assertion_ends_at: DateTime<Utc>,
    /// By which name Hilum knows the person here.
    pub name: NameId,
    /// Hilum's name for its session.
    pub session_index: String,
    /// When Hilum's session ends, if it says so.
    pub ends_at: Option<DateTime<Utc>>,
    /// When the person signed in.
    pub signed_in_at: DateTime<Utc>,
    /// How strongly.
    pub context: String,
    /// What else it says.
    pub attributes: Vec<Attribute>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// Its name, a URI.
    pub name: String,
    /// What people call it.
    pub friendly: String,
    /// Its values.
    pub values: Vec<String>,
}

/// Why an answer signs nobody in. The text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Hilum, or the person there, said no.
    #[error("Hilum said no: {code} {message}")]
    Denied {
        /// The inner status code.
        code: String,
        /// The reason, if one was given.
        message: String,
    },
    /// It is for another site.
    #[error("for another audience")]
    Audience,
    /// It was sent to another address.
    #[error("for another address")]
    Destination,
    /// The assertion is not encrypted for this site, or in a way that is not accepted.
    #[error("not encrypted for this site")]
    Encryption,
    /// Somebody else says it.
    #[error("from another issuer")]
    Issuer,
    /// It lacks something.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The assertion came before.
    #[error("the assertion came before")]
    Replayed,
    /// It is not signed.
    #[error(transparent)]
    Signature(#[from] crate::keys::NotSigned),
    /// It is too old, or not yet good.
    #[error("outside its time")]
    Time,
    /// This browser did not ask for it.
    #[error("nobody here asked for it")]
    Unsolicited,
}

/// The request that a response says it answers, to find who asked. Nothing is believed yet.
pub(crate) fn in_response_to(text: &str) -> Result<String, Refused> {
    let xml = Xml::parse(text).map_err(|_| Refused::Malformed("no XML"))?;
    let id = xml.root().attribute("InResponseTo").ok_or(Refused::Unsolicited)?;
    Ok(id.to_owned())
}

/// Judges the answer to the request `asked`.
///
/// # Errors
/// [`Refused`]. Whether the assertion came before is the caller's to see: that takes a memory.
pub(crate) fn judge(text: &str, asked: &str, expected: Expected<'_>) -> Result<SignedIn, Refused> {
    let xml = Xml::parse(text).map_err(|_| Refused::Malformed("no XML"))?;
    let response = xml.root();
    if !response.is(ns::PROTOCOL, "Response") || response.attribute("Version") != Some("2.0") {
        return Err(Refused::Malformed("no Response of SAML 2.0"));
    }
    if response.attribute("Destination") != Some(expected.acs) {
        return Err(Refused::Destination);
    }
    if response.attribute("InResponseTo") != Some(asked) {
        return Err(Refused::Unsolicited);
    }
    is_by_hilum(response, expected)?;
    succeeded(response)?;
    // An assertion in the clear has passed through the browser, where anybody may have read it.
    if response.all(ns::ASSERTION, "Assertion").is_empty()
        && response.only(ns::ASSERTION, "EncryptedAssertion").is_some()
    {
        let opened = expected.key.decrypt(&xml).ok_or(Refused::Encryption)?;
        let opened = Xml::parse(&opened).map_err(|_| Refused::Encryption)?;
        return assertion(&opened, asked, expected);
    }
    Err(Refused::Encryption)
}

fn is_by_hilum(element: Node<'_>, expected: Expected<'_>) -> Result<(), Refused> {
    let issuer = element.only(ns::ASSERTION, "Issuer").ok_or(Refused::Issuer)?;
    if issuer.text() == expected.hilum.entity_id { Ok(()) } else { Err(Refused::Issuer) }
}

/// SAML Core §3.2.2.2: the outer code says whose fault it is, the inner one what happened.
fn succeeded(response: Node<'_>) -> Result<(), Refused> {
    let status = response.only(ns::PROTOCOL, "Status").ok_or(Refused::Malformed("no Status"))?;
    let code = status.only(ns::PROTOCOL, "StatusCode").ok_or(Refused::Malformed("StatusCode"))?;
    if code.attribute("Value") == Some(SUCCESS) {
        return Ok(());
    }
    let inner = code.only(ns::PROTOCOL, "StatusCode").unwrap_or(code);
    let last = |uri: &str| uri.rsplit(':').next().unwrap_or_default().to_owned();
    let message = status.only(ns::PROTOCOL, "StatusMessage").map(Node::text);
    Err(Refused::Denied {
        code: inner.attribute("Value").map(last).unwrap_or_default(),
        message: message.unwrap_or_default(),
    })
}

fn assertion(xml: &Xml<'_>, asked: &str, expected: Expected<'_>) -> Result<SignedIn, Refused> {
    let Some(found) = xml.root().only(ns::ASSERTION, "EncryptedAssertion") else {
        return Err(Refused::Encryption);
    };
    let assertion = found.only(ns::ASSERTION, "Assertion").ok_or(Refused::Encryption)?;
    // There is no other, so nobody can be led to another one than was signed.
    if xml.root().all(ns::ASSERTION, "Assertion").len() != 1 {
        return Err(Refused::Malformed("more than one assertion"));
    }
    expected.hilum.keys.check_element(xml, assertion)?;
    // From here on, Hilum has said all of it.
    is_by_hilum(assertion, expected)?;
    let child =
        |name: &'static str| assertion.only(ns::ASSERTION, name).ok_or(Refused::Malformed(name));
    conditions(child("Conditions")?, expected)?;
    let subject = child("Subject")?;
    let assertion_ends_at = confirmed(subject, asked, expected)?;
    let statement = child("AuthnStatement")?;
    let context = statement
        .only(ns::ASSERTION, "AuthnContext")
        .and_then(|context| context.only(ns::ASSERTION, "AuthnContextClassRef"))
        .ok_or(Refused::Malformed("AuthnContextClassRef"))?;
    let attributes = assertion.only(ns::ASSERTION, "AttributeStatement");
    Ok(SignedIn {
        assertion: text_of(assertion, "ID")?,
        assertion_ends_at,
        name: name_id(subject)?,
        session_index: text_of(statement, "SessionIndex")?,
        ends_at: time(statement, "SessionNotOnOrAfter")?,
        signed_in_at: time(statement, "AuthnInstant")?.ok_or(Refused::Malformed("AuthnInstant"))?,
        context: context.text(),
        attributes: attributes.map(read_attributes).unwrap_or_default(),
    })
}

/// It is for us, and now (SAML Core §2.5.1).
fn conditions(conditions: Node<'_>, expected: Expected<'_>) -> Result<(), Refused> {
    let mut restrictions = conditions.children(ns::ASSERTION, "AudienceRestriction").peekable();
    let names_us = |restriction: Node<'_>| {
        let mut audiences = restriction.children(ns::ASSERTION, "Audience");
        audiences.any(|audience| audience.text() == expected.entity_id)
    };
    if restrictions.peek().is_none() || !restrictions.all(names_us) {
        return Err(Refused::Audience);
    }
    let begins = time(conditions, "NotBefore")?;
    let ends = time(conditions, "NotOnOrAfter")?;
    let early = begins.is_some_and(|begins| expected.now + CLOCK_SKEW < begins);
    let late = ends.is_none_or(|ends| ends <= expected.now - CLOCK_SKEW);
    if early || late { Err(Refused::Time) } else { Ok(()) }
}

/// Whoever brings it may use it: here, now, and for this request (SAML Profiles §4.1.4.2). Returns
/// until when.
fn confirmed(
    subject: Node<'_>,
    asked: &str,
    expected: Expected<'_>,
) -> Result<DateTime<Utc>, Refused> {
    let mut why = Refused::Malformed("SubjectConfirmation");
    for confirmation in subject.children(ns::ASSERTION, "SubjectConfirmation") {
        let data = confirmation.only(ns::ASSERTION, "SubjectConfirmationData");
        let (Some(BEARER), Some(data)) = (confirmation.attribute("Method"), data) else { continue };
        let ends = time(data, "NotOnOrAfter")?;
        match ends {
            _ if data.attribute("Recipient") != Some(expected.acs) => why = Refused::Destination,
            _ if data.attribute("InResponseTo") != Some(asked) => why = Refused::Unsolicited,
            Some(ends)
                if expected.now - CLOCK_SKEW < ends && data.attribute("NotBefore").is_none() =>
            {
                return Ok(ends + CLOCK_SKEW);
            }
            Some(_) | None => why = Refused::Time,
        }
    }
    Err(why)
}

fn name_id(subject: Node<'_>) -> Result<NameId, Refused> {
    let name = subject.only(ns::ASSERTION, "NameID").ok_or(Refused::Malformed("NameID"))?;
    Ok(read_name(name))
}

/// Reads a `NameID` (SAML Core §2.2.3).
pub(crate) fn read_name(name: Node<'_>) -> NameId {
    let attribute = |which: &str| name.attribute(which).map(str::to_owned);
    NameId {
        value: name.text(),
        format: attribute("Format"),
        qualifier: attribute("NameQualifier"),
        sp_qualifier: attribute("SPNameQualifier"),
    }
}

fn read_attributes(statement: Node<'_>) -> Vec<Attribute> {
    let read = |attribute: Node<'_>| {
        let text = |name: &str| attribute.attribute(name).unwrap_or_default().to_owned();
        let values = attribute.children(ns::ASSERTION, "AttributeValue").map(Node::text);
        Attribute { name: text("Name"), friendly: text("FriendlyName"), values: values.collect() }
    };
    statement.children(ns::ASSERTION, "Attribute").map(read).collect()
}

fn text_of(node: Node<'_>, attribute: &'static str) -> Result<String, Refused> {
    let text = node.attribute(attribute).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or(Refused::Malformed(attribute))
}

/// A time in an attribute, if there is one.
pub(crate) fn time(
    node: Node<'_>,
    attribute: &'static str,
) -> Result<Option<DateTime<Utc>>, Refused> {
    let read = |text: &str| {
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| Refused::Malformed(attribute))?;
        Ok(at.with_timezone(&Utc))
    };
    node.attribute(attribute).map(read).transpose()
}

#[cfg(test)]
pub(crate) mod tests;
