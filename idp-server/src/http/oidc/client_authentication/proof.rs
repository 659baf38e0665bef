//! Whether a site or a system is who it says it is.

use std::{net::IpAddr, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use idp_core::{
    authentication::throttle::{Attempt, Verdict},
    community::site::ClientAuthentication,
    ids::SystemClientId,
    oidc::{
        client_assertion::{Expected, VerifiedAssertion, verify},
        jose::SigningAlgorithm,
        key_set::KeySet,
    },
    secret::{Secret, SecretDigest},
};

use super::{
    credentials::{Credentials, Proof},
    extractor::ClientError,
};
use crate::{
    app::App,
    ephemeral::Key,
    keys::site_keys::SiteKeyError,
    sites::ClientEntry,
    store::system_client::{self, LoadedSystem},
};

/// Who has proved who they are.
pub(super) enum Proven {
    /// A site (a public client: has said who it is).
    Site(Arc<ClientEntry>),
    /// A system that acts now.
    System(Box<LoadedSystem>),
}

/// Why nobody has proved who they are. For our log; the client learns `invalid_client`.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The assertion is not good, or the site's keys cannot be had.
    #[error("assertion: {0}")]
    Assertion(#[from] SiteKeyError),
    /// Another method than the one the site has registered.
    #[error("not by the registered method")]
    Method,
    /// The assertion has been used before.
    #[error("assertion: its jti was used before")]
    Replayed,
    /// A wrong secret.
    #[error("wrong secret")]
    Secret,
    /// The system waits for its keys, has ended or was revoked, or its organization takes no part now.
    #[error("the system does not act now")]
    Stopped,
    /// Systems have no business here.
    #[error("a system, where only sites may call")]
    System,
    /// There is no such site or system, or the site may not be used.
    #[error("no such site")]
    Unknown,
}

/// What is compared with a secret when there is nothing to compare it with.
const DECOY: [u8; 32] = [0; 32];

/// Who is behind `credentials`, if they prove it.
pub(super) async fn authenticate(
    app: &App,
    address: IpAddr,
    credentials: Credentials,
) -> Result<Proven, ClientError> {
    let attempt = Attempt::Client { address, client_id: &credentials.client_id };
    may_go_on(app, attempt)?;
    match prove(app, &credentials, app.clock.now()).await {
        Ok(proven) => {
            // Asked again for those who sent a thousand guesses at once.
            may_go_on(app, attempt)?;
            Ok(proven)
        }
        Err(ClientError::Unproven(why)) => {
            app.throttle.failed(attempt).await;
            Err(ClientError::Unproven(why))
        }
        Err(other) => Err(other),
    }
}

fn may_go_on(app: &App, attempt: Attempt<'_>) -> Result<(), ClientError> {
    match app.throttle.judge(attempt) {
        Verdict::Go => Ok(()),
        Verdict::Wait { seconds } => Err(ClientError::Throttled { seconds }),
    }
}

async fn prove(
    app: &App,
    credentials: &Credentials,
    now: DateTime<Utc>,
) -> Result<Proven, ClientError> {
    if let Ok(id) = credentials.client_id.parse() {
        return prove_system(app, id, &credentials.proof, now).await;
    }
    let id = credentials.client_id.parse().ok();
    let site = id.and_then(|id| app.sites.client(&id));
    let registered = site.as_ref().map(|entry| &entry.client.authentication);
    match &credentials.proof {
        Proof::Assertion(assertion) => {
            let entry = site.as_ref().ok_or(Unproven::Unknown)?;
            prove_by_assertion(app, entry, assertion, now).await?;
        }
        Proof::Basic(secret) | Proof::Post(secret) => {
            prove_by_secret(registered, &credentials.proof, secret)?;
        }
        Proof::Nothing => match registered {
            Some(ClientAuthentication::None) => {}
            Some(
                ClientAuthentication::ClientSecretBasic { .. }
                | ClientAuthentication::ClientSecretPost { .. }
                | ClientAuthentication::PrivateKeyJwt { .. },
            ) => return Err(Unproven::Method.into()),
            None => return Err(Unproven::Unknown.into()),
        },
    }
    site.map(Proven::Site).ok_or_else(|| Unproven::Unknown.into())
}

/// A system proves itself by an assertion and in no other way. What it is worth is read anew each
/// time, so that a revoked one gets nothing from that moment on.
async fn prove_system(
    app: &App,
    id: SystemClientId,
    proof: &Proof,
    now: DateTime<Utc>,
) -> Result<Proven, ClientError> {
    let Proof::Assertion(assertion) = proof else { return Err(Unproven::Method.into()) };
    let client_id = id.to_string();
    let load = move |conn: &mut _| system_client::with_organization(conn, &id);
    let loaded = app.db.read(load).await?.ok_or(Unproven::Unknown)?;
    if !loaded.system.acts_for(&loaded.organization, now) {
        return Err(Unproven::Stopped.into());
    }
    let keys = loaded.system.keys().ok_or(Unproven::Stopped)?;
    let keys = KeySet::from_document(keys.document()).map_err(SiteKeyError::from);
    let expected =
        Expected { issuer: &app.issuer, client_id: &client_id, algorithms: &SigningAlgorithm::ALL };
    let judge = |keys: KeySet| verify(assertion, &keys, expected, now).map_err(SiteKeyError::from);
    let verified = keys.and_then(judge).map_err(Unproven::from)?;
    claim(app, &client_id, &verified, now).await?;
    Ok(Proven::System(Box::new(loaded)))
}

/// Compares a secret, always with something: that there is no such site, or that it has another
/// method, takes as long to find out as that the secret is wrong.
fn prove_by_secret(
    registered: Option<&ClientAuthentication>,
    proof: &Proof,
    secret: &Secret,
) -> Result<(), Unproven> {
    let decoy = SecretDigest::from_bytes(&DECOY).into_iter().collect::<Vec<_>>();
    let (accepted, otherwise) = match (registered, proof) {
        (Some(ClientAuthentication::ClientSecretBasic { secrets }), Proof::Basic(_))
        | (Some(ClientAuthentication::ClientSecretPost { secrets }), Proof::Post(_)) => {
            (secrets, Unproven::Secret)
        }
        (Some(_), _) => (&decoy, Unproven::Method),
        (None, _) => (&decoy, Unproven::Unknown),
    };
    let presented = secret.digest();
    let is_one = accepted.iter().fold(false, |found, secret| found | (*secret == presented));
    if is_one { Ok(()) } else { Err(otherwise) }
}

async fn prove_by_assertion(
    app: &App,
    entry: &ClientEntry,
    assertion: &str,
    now: DateTime<Utc>,
) -> Result<(), ClientError> {
    let ClientAuthentication::PrivateKeyJwt { keys, algorithm } = &entry.client.authentication
    else {
        return Err(Unproven::Method.into());
    };
    let client_id = entry.site.id.as_str();
    let algorithms = algorithm.map_or(SigningAlgorithm::ALL.to_vec(), |one| vec![one]);
    let expected = Expected { issuer: &app.issuer, client_id, algorithms: &algorithms };
    let verified = match &entry.keys {
        // Those in its record are parsed already.
        Some(keys) => verify(assertion, keys, expected, now).map_err(SiteKeyError::from),
        None => app.site_keys.verify(assertion, keys, expected, now).await,
    };
    let verified = verified.map_err(Unproven::from)?;
    claim(app, client_id, &verified, now).await
}

/// Claims the assertion's `jti` until it would be refused anyway. Without an answer it counts as
/// used: nobody is let in by an assertion that may have been seen (security 23.3).
async fn claim(
    app: &App,
    client_id: &str,
    verified: &VerifiedAssertion,
    now: DateTime<Utc>,
) -> Result<(), ClientError> {
    let left = (verified.expires_at - now).to_std().unwrap_or(Duration::ZERO);
    // A second more, since the store's clock is another one.
    let ttl = left + Duration::from_secs(1);
    let key = Key::assertion(client_id, &verified.jti);
    if app.ephemeral.put_if_absent(&key, b"", ttl).await? {
        Ok(())
    } else {
        Err(Unproven::Replayed.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str]) -> Vec<SecretDigest> {
        texts.iter().map(|text| SecretDigest::of(text)).collect()
    }

    #[test]
    fn a_secret_counts_only_by_the_registered_method() {
        let basic = ClientAuthentication::ClientSecretBasic { secrets: secrets(&["new", "old"]) };
        let post = ClientAuthentication::ClientSecretPost { secrets: secrets(&["new"]) };
        let by_basic = |secret| Proof::Basic(Secret::received(secret));
        let by_post = |secret| Proof::Post(Secret::received(secret));
        for (registered, proof, expected) in [
            (Some(&basic), by_basic("new"), None),
            (Some(&basic), by_basic("old"), None),
            (Some(&basic), by_basic("older"), Some("wrong secret")),
            (Some(&basic), by_basic(""), Some("wrong secret")),
            (Some(&basic), by_post("new"), Some("not by the registered method")),
            (Some(&post), by_post("new"), None),
            (Some(&post), by_basic("new"), Some("not by the registered method")),
            (Some(&ClientAuthentication::None), by_post("x"), Some("not by the registered method")),
            (None, by_basic("new"), Some("no such site")),
        ] {
            let (Proof::Basic(secret) | Proof::Post(secret)) = &proof else { unreachable!() };
            let found = prove_by_secret(registered, &proof, secret);
            let found = found.err().map(|why| why.to_string());
            assert_eq!(found.as_deref(), expected, "{registered:?} {proof:?}");
        }
    }
}
