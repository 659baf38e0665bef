//! The names of everything short-lived, in one place, so that no two uses can meet by accident.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_core::{
    ids::{MessageId, RosterImportId, SubscriberId},
    secret::SecretDigest,
};

/// The name under which one short-lived thing is kept.
///
/// What a stranger may choose (a handle, a code, a `jti`, a typed User ID) enters as a digest: a key
/// has a fixed length whatever is sent, no choice of characters makes two names meet, and a copy of
/// the store holds nothing that could be presented to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A sign-on in progress, by the handle in its pages' address.
    pub fn transaction(handle: &str) -> Self {
        Self::named("txn", &[handle])
    }

    /// An authorization code that nobody has redeemed (RFC 6749 §4.1.2).
    pub fn code(code: &SecretDigest) -> Self {
        Self(format!("code:{}", code.to_text()))
    }

    /// An answer that a SAML site has not fetched yet, by the artifact (SAML Bindings §3.6).
    pub fn artifact(artifact: &SecretDigest) -> Self {
        Self(format!("artifact:{}", artifact.to_text()))
    }

    /// A challenge that has been used.
    pub fn challenge(nonce: &str) -> Self {
        Self::named("challenge", &[nonce])
    }

    /// Which pass of its network a challenge is that waits in place of being solved.
    pub fn challenge_pass(nonce: &str) -> Self {
        Self::named("challenge-pass", &[nonce])
    }

    /// A way to a new password in progress, by the handle in its pages' address.
    pub fn recovery(handle: &str) -> Self {
        Self::named("recovery", &[handle])
    }

    /// A way through a registration, by the handle in its pages' address.
    pub fn registration(handle: &str) -> Self {
        Self::named("registration", &[handle])
    }

    /// The questions of a knowledge test that wait for their answers, by the same handle.
    pub fn identity_test(handle: &str) -> Self {
        Self::named("identity-test", &[handle])
    }

    /// Until when the questions of whoever is proved have to be answered, by what their tests are
    /// counted by.
    pub fn identity_asked(counted_by: &str) -> Self {
        Self::named("identity-asked", &[counted_by])
    }

    /// A client assertion that has been used (RFC 7523 §3, `jti`).
    pub fn assertion(client_id: &str, jti: &str) -> Self {
        Self::named("jti", &[client_id, jti])
    }

    /// A SAML message that has been used, by its sender and `ID`.
    pub fn saml_message(site: &str, id: &str) -> Self {
        Self::named("saml-message", &[site, id])
    }

    /// The parameters of a cross-site POST, until the browser comes back with its cookies.
    pub fn parked(handle: &str) -> Self {
        Self::named("parked", &[handle])
    }

    /// A form of a console that waits until its person has signed in again.
    pub fn kept_form(handle: &str) -> Self {
        Self::named("kept-form", &[handle])
    }

    /// The activation codes of an import, to be taken away once as a file.
    pub fn roster_codes(import: &RosterImportId) -> Self {
        Self::named("roster-codes", &[import.as_str()])
    }

    /// A browser's way round the sites of an ended session, by the handle in its page's address.
    pub fn logout_round(handle: &str) -> Self {
        Self::named("round", &[handle])
    }

    /// The way round that a browser is on, by its name.
    pub fn logout_round_of(browser: &SecretDigest) -> Self {
        Self(format!("round-by:{}", browser.to_text()))
    }

    /// The way round on which a site was asked by this message.
    pub fn logout_request(id: &MessageId) -> Self {
        Self::named("round-of", &[id.as_str()])
    }

    /// A question to a passkey that waits for its answer.
    pub fn question(id: &str) -> Self {
        Self::named("question", &[id])
    }

    /// The seed of an authenticator app that is being set up: in which sign-on or session, by whom.
    pub fn new_seed(context: &str, person: &SubscriberId) -> Self {
        Self::named("seed", &[context, person.as_str()])
    }

    /// A count of failures: `rule` is ours, `of` is whom it slows down.
    pub fn throttle(rule: &'static str, of: &[impl AsRef<str>]) -> Self {
        Self::named(&format!("throttle:{rule}"), of)
    }

    /// Whether losing the value costs no more than a retry: a sign-on in progress, a parked
    /// request, a question to a passkey, an answer that was not fetched.
    /// A stranger can make as many of these as they like, so they never take the place of what
    /// may be used only once.
    pub(super) fn is_losable(&self) -> bool {
        [
            "artifact:",
            "challenge-pass:",
            "identity-asked:",
            "identity-test:",
            "kept-form:",
            "parked:",
            "question:",
            "recovery:",
            "registration:",
            "roster-codes:",
            "round:",
            "round-by:",
            "round-of:",
            "txn:",
        ]
        .iter()
        .any(|kind| self.0.starts_with(kind))
    }

    /// A count of SAML messages that were refused: of whom, or of all.
    pub fn refused(of: &[&str]) -> Self {
        Self::named("refused", of)
    }

    /// The key as it is stored, for instance `txn:` and 43 characters of base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each part is preceded by its length: `["a", "bc"]` and `["ab", "c"]` are two names.
    fn named(kind: &str, parts: &[impl AsRef<str>]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            let part = part.as_ref().as_bytes();
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        Self(format!("{kind}:{}", URL_SAFE_NO_PAD.encode(context.finish())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_uses_share_a_name() {
        let keys = [
            Key::transaction("a"),
            Key::code(&SecretDigest::of("a")),
            Key::assertion("a", "b:c"),
            Key::assertion("a:b", "c"),
            Key::assertion("", "ab:c"),
            Key::throttle("address", &["a"]),
            Key::throttle("name", &["a"]),
        ];
        for (i, one) in keys.iter().enumerate() {
            for other in keys.iter().skip(i + 1) {
                assert_ne!(one, other);
            }
        }
    }

    #[test]
    fn a_key_has_the_same_length_whatever_a_stranger_sends() {
        let long = "x".repeat(100_000);
        assert_eq!(Key::transaction(&long).as_str().len(), Key::transaction("").as_str().len());
        assert!(Key::transaction("a\r\nFLUSHALL").as_str().is_ascii());
    }
}
