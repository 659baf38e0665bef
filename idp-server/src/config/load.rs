//! The whole file.

use std::{
    fs::{self, File},
    path::Path,
};

use super::{
    Challenge, ClockSource, Database, Ephemeral, IdentityProof, Keys, Limits, Log, Mail, Mistake,
    Origin, Outgoing, Password, Private, Public, Saml, Secrets, Session, Support, TaxIds, Throttle,
    reader::{Place, Reader, Value},
    sign_on::read_lockout,
};

/// All settings of one node.
#[derive(Debug)]
pub struct Config {
    /// `public_origin`: scheme, host and port that people and sites use; also the issuer.
    pub public_origin: Origin,
    /// `demo`: allows the demo community with its well-known passwords. Loopback only.
    pub demo: bool,
    /// `[clock]`
    pub clock: ClockSource,
    /// `[public]`
    pub public: Public,
    /// `[private]`
    pub private: Private,
    /// `[database]`
    pub database: Database,
    /// `[ephemeral]`
    pub ephemeral: Ephemeral,
    /// `[secrets]`
    pub secrets: Secrets,
    /// `[password]`
    pub password: Password,
    /// `[session]`
    pub session: Session,
    /// `[lockout]`
    pub lockout: idp_core::authentication::lockout::Limits,
    /// `[throttle]`
    pub throttle: Throttle,
    /// `[challenge]`
    pub challenge: Challenge,
    /// `[outgoing]`
    pub outgoing: Outgoing,
    /// `[saml]`
    pub saml: Saml,
    /// `[mail]`
    pub mail: Mail,
    /// `[identity_proof]`
    pub identity_proof: IdentityProof,
    /// `[tax_ids]`
    pub tax_ids: TaxIds,
    /// `[support]`
    pub support: Support,
    /// `[keys]`
    pub keys: Keys,
    /// `[log]`
    pub log: Log,
    /// `[limits]`
    pub limits: Limits,
}

/// Reads the file at `path` and what the environment says over it.
///
/// # Errors
/// Every mistake, in the order of the file.
pub fn load(
    path: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Vec<Mistake>> {
    let content = fs::read_to_string(path).map_err(|error| {
        let message = format!("{} cannot be read: {error}", path.display());
        vec![Mistake { key: String::new(), place: Place::Nowhere, message }]
    })?;
    parse(&content, environment)
}

/// Reads a file's text.
pub(super) fn parse(
    content: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Vec<Mistake>> {
    let mut reader = Reader::new(content, environment)?;
    let config = read(&mut reader);
    let mistakes = reader.finish();
    // A setting that is needed is only ever absent for a mistake that was remembered.
    config.filter(|_| mistakes.is_empty()).ok_or(mistakes)
}

fn read(reader: &mut Reader) -> Option<Config> {
    let accepts = "an origin without a path, such as \"https://hilum.example\"";
    let public_origin = reader.required("public_origin", accepts, Value::parsed::<Origin>);
    let demo = reader.flag("demo");
    if let Some(origin) = &public_origin {
        judge_origin(reader, origin, demo);
    }

    // All sections are read before the first missing one ends this, so that each can complain.
    let public = Public::read(reader, public_origin.as_ref());
    let database = Database::read(reader);
    let secrets = Secrets::read(reader, demo);
    let support = Support::read(reader);
    let clock = ClockSource::read(reader, demo);
    let private = Private::read(reader);
    let ephemeral = Ephemeral::read(reader);
    let password = Password::read(reader);
    let session = Session::read(reader);
    let lockout = read_lockout(reader);
    let throttle = Throttle::read(reader);
    let challenge = Challenge::read(reader);
    let outgoing = Outgoing::read(reader);
    let saml = Saml::read(reader);
    let mail = Mail::read(reader, demo);
    let identity_proof = IdentityProof::read(reader, demo);
    let tax_ids = TaxIds::read(reader);
    let keys = Keys::read(reader);
    let log = Log::read(reader);
    let limits = Limits::read(reader);

    if let Some(tls) = public.as_ref().and_then(|public| public.tls.as_ref()) {
        must_open(reader, "public.tls_certificate", Some(&tls.certificate));
        must_open(reader, "public.tls_key", Some(&tls.key));
    }
    must_open(reader, "outgoing.extra_ca_file", outgoing.extra_ca_file.as_deref());
    if let Some(Mail::Smtp(smtp)) = &mail {
        must_open(reader, "mail.extra_ca_file", smtp.extra_ca_file.as_deref());
    }
    if let Ephemeral::Redis { ca_file, .. } = &ephemeral {
        must_open(reader, "ephemeral.ca_file", ca_file.as_deref());
    }

    Some(Config {
        public_origin: public_origin?,
        demo,
        clock,
        public: public?,
        private,
        database: database?,
        ephemeral,
        secrets: secrets?,
        password,
        session,
        lockout,
        throttle,
        challenge,
        outgoing,
        saml,
        mail: mail?,
        identity_proof,
        tax_ids,
        support: support?,
        keys,
        log,
        limits,
    })
}

fn judge_origin(reader: &mut Reader, origin: &Origin, demo: bool) {
    if !origin.is_https() && !origin.is_loopback() {
        reader.mistake("public_origin", "must be https, except on localhost");
    }
    if demo && !origin.is_loopback() {
        reader.mistake(
            "demo",
            "is for localhost only: the passwords of the demo community are known to everybody",
        );
    }
}

fn must_open(reader: &mut Reader, key: &'static str, path: Option<&Path>) {
    if let Some(path) = path
        && let Err(error) = File::open(path)
    {
        reader.mistake(key, format!("names {}, which cannot be opened: {error}", path.display()));
    }
}
