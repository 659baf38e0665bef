//! The names that SAML 2.0 gives to things.

/// Namespaces of elements.
pub mod ns {
    /// Assertions (SAML Core §1.1).
    pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    /// Signatures (XML Signature §1.3).
    pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
    /// Metadata (SAML Metadata §1.1).
    pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
    /// Messages (SAML Core §1.1).
    pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    /// What Shibboleth was the first to say in metadata, and many products read.
    pub const SHIBBOLETH: &str = "urn:mace:shibboleth:metadata:1.0";
    /// SOAP 1.1 envelopes.
    pub const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
    /// What a site says for people (SAML Metadata UI §2.1).
    pub const UI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
    /// Inclusion of other documents, which is refused.
    pub const XINCLUDE: &str = "http://www.w3.org/2001/XInclude";
    /// Encryption (XML Encryption §1.3).
    pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
}

/// How messages travel (SAML Bindings).
pub mod binding {
    /// By reference (§3.6).
    pub const ARTIFACT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
    /// In a form (§3.5).
    pub const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
    /// In the query of an address (§3.4).
    pub const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    /// From server to server (§3.2).
    pub const SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
}

/// By what kind of name a person is known (SAML Core §8.3).
pub mod name_id_format {
    /// A mail address (§8.3.2).
    pub const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    /// The identifier of a party (§8.3.6).
    pub const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
    /// One for this site only, for good (§8.3.7).
    pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    /// A new one each time (§8.3.8).
    pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    /// Whatever was agreed on (§8.3.1).
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
}

/// How a person was authenticated (SAML Authentication Context §3.4, and REFEDS).
pub mod context {
    /// A password.
    pub const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    /// A password over TLS: what Hilum's first rung is.
    pub const PASSWORD_PROTECTED: &str =
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    /// REFEDS single factor: a good password.
    pub const REFEDS_SFA: &str = "https://refeds.org/profile/sfa";
    /// Any at all.
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
}

/// The value of `Version` (SAML Core §3.2.1).
pub const VERSION: &str = "2.0";
/// `protocolSupportEnumeration` of a party that speaks SAML 2.0 (SAML Metadata §2.4.1).
pub const PROTOCOL_SUPPORT: &str = ns::PROTOCOL;
/// The bearer method of subject confirmation (SAML Profiles §3.3).
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Attribute names are URIs (SAML Core §8.2.2).
pub const URI_NAMES: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
