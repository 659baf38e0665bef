//! What this site says in SAML. The templates escape whatever is put into them.

use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};
use relying_party_example::shelf::random;

/// A new identifier of a message: an XML name with 256 random bits.
pub(crate) fn new_id() -> String {
    format!("_{}", random())
}

/// A time as SAML writes it (SAML Core §1.3.3).
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The name by which Hilum knows a person here. It goes back as it came, with every qualifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameId {
    /// The name itself.
    pub value: String,
    /// Its kind.
    pub format: Option<String>,
    /// Who gave it.
    pub qualifier: Option<String>,
    /// For whom.
    pub sp_qualifier: Option<String>,
}

/// Asks for a sign-on (SAML Core §3.4.1). The signature stands beside it.
#[derive(Template)]
#[template(path = "passage/authn_request.xml")]
pub(crate) struct AuthnRequest<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// When it was made.
    pub at: String,
    /// Hilum's address for it.
    pub destination: &'a str,
    /// Where the answer goes.
    pub acs: &'a str,
    /// Our `entityID`.
    pub issuer: &'a str,
}

/// Says that a person wants to leave (SAML Core §3.7.1). The signature stands beside it.
#[derive(Template)]
#[template(path = "passage/logout_request.xml")]
pub(crate) struct LogoutRequest<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// When it was made.
    pub at: String,
    /// Hilum's address for it.
    pub destination: &'a str,
    /// Our `entityID`.
    pub issuer: &'a str,
    /// Who leaves.
    pub name: &'a NameId,
    /// Which session ends.
    pub session_index: &'a str,
}

/// Says that a session has ended here (SAML Core §3.7.2).
#[derive(Template)]
#[template(path = "passage/logout_response.xml")]
pub(crate) struct LogoutResponse<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// When it was made.
    pub at: String,
    /// Whom it is for.
    pub destination: &'a str,
    /// The request that it answers.
    pub in_response_to: &'a str,
    /// Our `entityID`.
    pub issuer: &'a str,
    /// The certificate of the signature in it, which is still to be filled in; none where the
    /// signature stands beside it.
    pub signed_with: Option<&'a str>,
}

/// Our own metadata (SAML Metadata §2.4.4): what an operator of Hilum registers.
#[derive(Template)]
#[template(path = "passage/metadata.xml")]
pub(crate) struct Metadata<'a> {
    /// Our `entityID`.
    pub entity_id: &'a str,
    /// Where this site is.
    pub origin: &'a str,
    /// The certificate, in base64.
    pub certificate: &'a str,
}
