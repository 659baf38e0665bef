//! `Response` and the assertion in it (SAML Core §2.3, §3.3.3; SAML Profiles §4.1.4.2).

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    attributes::{self, Attribute},
    encryption::{self, CannotEncrypt, Randomness},
    instant::written,
    name_id::{self, NameId},
    names::{BEARER, VERSION, ns},
    service_provider::{EncryptionKey, EntityId},
    signature::{CannotSign, Signer, sign_enveloped},
    status::Status,
    writer::Writer,
};

/// How long an assertion may be on its way. Longer, and one from a browser's history becomes worth
/// stealing (security 14.1).
pub const ASSERTION_LIFE: TimeDelta = TimeDelta::minutes(5);
/// How far a site's clock may be behind ours.
const EARLY: TimeDelta = TimeDelta::minutes(1);

/// Why there is no answer. A fault of ours; the person sees our own page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// The site's key is of no use.
    #[error(transparent)]
    Encrypt(#[from] CannotEncrypt),
    /// Our key failed.
    #[error(transparent)]
    Sign(#[from] CannotSign),
}

/// What every answer says.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// A new identifier (128 random bits) for the answer.
    pub id: &'a str,
    /// Who we are.
    pub issuer: &'a str,
    /// Where it goes.
    pub destination: &'a str,
    /// The request's `ID`, if there was one.
    pub in_response_to: Option<&'a str>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What an assertion says of a sign-on.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// A new identifier (128 random bits) for the assertion.
    pub id: &'a str,
    /// For whom it is.
    pub audience: &'a EntityId,
    /// By what name the site knows the person.
    pub name_id: &'a NameId,
    /// When the person signed in.
    pub authenticated_at: DateTime<Utc>,
    /// What the site calls the session.
    pub session_index: &'a str,
    /// When the session ends by itself.
    pub session_ends_at: DateTime<Utc>,
    /// How the person signed in.
    pub context_class: &'a str,
    /// What the site learns.
    pub attributes: &'a [Attribute],
}

/// The assertion, signed.
///
/// # Errors
/// [`CannotSign`].
pub fn assertion(
    envelope: Envelope<'_>,
    statement: Statement<'_>,
    signer: &dyn Signer,
) -> Result<String, CannotSign> {
    let now = written(envelope.now);
    let ends_at = written(envelope.now + ASSERTION_LIFE);
    let mut to = Writer::new();
    to.open(
        "saml:Assertion",
        &[
            ("xmlns:saml", ns::ASSERTION),
            ("ID", statement.id),
            ("IssueInstant", &now),
            ("Version", VERSION),
        ],
    );
    to.leaf("saml:Issuer", &[], envelope.issuer);
    let at = to.position();
    subject(&mut to, envelope, statement, &ends_at);
    let begins_at = written(envelope.now - EARLY);
    to.open("saml:Conditions", &[("NotBefore", &begins_at), ("NotOnOrAfter", &ends_at)]);
    to.open("saml:AudienceRestriction", &[]);
    to.leaf("saml:Audience", &[], statement.audience.as_str()).close().close();
    to.open(
        "saml:AuthnStatement",
        &[
            ("AuthnInstant", &written(statement.authenticated_at)),
            ("SessionIndex", statement.session_index),
            ("SessionNotOnOrAfter", &written(statement.session_ends_at)),
        ],
    );
    to.open("saml:AuthnContext", &[]);
    to.leaf("saml:AuthnContextClassRef", &[], statement.context_class).close().close();
    attributes::write(statement.attributes, &mut to);
    sign_enveloped(&to.finish(), at, statement.id, signer)
}

fn subject(to: &mut Writer, envelope: Envelope<'_>, statement: Statement<'_>, ends_at: &str) {
    to.open("saml:Subject", &[]);
    let name = statement.name_id;
    let about = name_id::attributes(name, envelope.issuer, statement.audience);
    to.leaf("saml:NameID", &about, &name.value);
    to.open("saml:SubjectConfirmation", &[("Method", BEARER)]);
    let mut data = vec![("NotOnOrAfter", ends_at), ("Recipient", envelope.destination)];
    data.extend(envelope.in_response_to.map(|id| ("InResponseTo", id)));
    to.leaf("saml:SubjectConfirmationData", &data, "").close().close();
}

/// How the assertion travels.
#[derive(Clone, Copy)]
pub enum Protection<'a> {
    /// Under the site's key.
    Encrypted(&'a EncryptionKey, &'a Randomness),
    /// Readable for the browser that carries it.
    Plain,
}

/// A response with a signed assertion.
///
/// # Errors
/// [`ResponseError`].
pub fn success(
    envelope: Envelope<'_>,
    assertion: &str,
    protection: Protection<'_>,
    signer: Option<&dyn Signer>,
) -> Result<String, ResponseError> {
    let body = match protection {
        Protection::Encrypted(key, randomness) => encryption::encrypt(assertion, key, randomness)?,
        Protection::Plain => assertion.to_owned(),
    };
    Ok(response(envelope, Status::SUCCESS, &body, signer)?)
}

/// A response that says why there is no assertion.
///
/// # Errors
/// [`CannotSign`].
pub fn failure(
    envelope: Envelope<'_>,
    status: Status,
    signer: Option<&dyn Signer>,
) -> Result<String, CannotSign> {
    response(envelope, status, "", signer)
}

fn response(
    envelope: Envelope<'_>,
    status: Status,
    body: &str,
    signer: Option<&dyn Signer>,
) -> Result<String, CannotSign> {
    let mut to = Writer::new();
    let at = open_response(&mut to, "samlp:Response", envelope);
    status.write(&mut to);
    to.part(body);
    let whole = to.finish();
    match signer {
        Some(signer) => sign_enveloped(&whole, at, envelope.id, signer),
        None => Ok(whole),
    }
}

/// Begins an answer of any kind, up to where its signature goes: the place is given back.
pub(super) fn open_response(to: &mut Writer, name: &'static str, envelope: Envelope<'_>) -> usize {
    let now = written(envelope.now);
    let mut attributes = vec![
        ("xmlns:samlp", ns::PROTOCOL),
        ("Destination", envelope.destination),
        ("ID", envelope.id),
        ("IssueInstant", now.as_str()),
        ("Version", VERSION),
    ];
    attributes.extend(envelope.in_response_to.map(|id| ("InResponseTo", id)));
    to.open(name, &attributes);
    to.leaf("saml:Issuer", &[("xmlns:saml", ns::ASSERTION)], envelope.issuer);
    to.position()
}

#[cfg(test)]
mod tests;
