//! TLS of the public listener: 1.3, and 1.2 with AEAD suites only (rustls has no others).
//!
//! The certificate is read again when its files change, so that a renewal needs no restart. New
//! files that cannot be used are told in the log and counted, and the old certificate stays.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aws_lc_rs::digest::{self, SHA256};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};

use crate::config::TlsFiles;

/// How often the files are looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{file} cannot be read: {error}")]
    File { file: String, error: io::Error },
    #[error("{file} holds no PEM of the right kind: {error}")]
    Pem { file: String, error: pem::Error },
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The certificate in use and the files it came from.
#[derive(Debug)]
pub(super) struct Certificate {
    files: TlsFiles,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    /// SHA-256 of the files as they were last looked at, usable or not: each version of them is
    /// tried, and complained of, once.
    seen: [u8; 32],
}

/// The bytes of both files.
struct Pem {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
}

impl Certificate {
    /// Reads the certificate for the first time.
    pub(super) fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let pem = Pem::read(&files)?;
        let current = Current { key: Arc::new(pem.certified_key(&files)?), seen: pem.digest() };
        Ok(Self { files, current: RwLock::new(current) })
    }

    /// Reads the files again if they have changed. It blocks for as long as reading takes.
    ///
    /// # Errors
    /// [`TlsError`] if they have changed into something that cannot be used.
    pub(super) fn look_again(&self) -> Result<Change, TlsError> {
        let pem = Pem::read(&self.files)?;
        let seen = pem.digest();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.seen == seen {
            return Ok(Change::None);
        }
        current.seen = seen;
        current.key = Arc::new(pem.certified_key(&self.files)?);
        Ok(Change::Loaded)
    }
}

/// What a look at the files has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A new certificate is in use.
    Loaded,
    /// They are as they were.
    None,
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = |path: &std::path::Path| {
            std::fs::read(path)
                .map_err(|error| TlsError::File { file: path.display().to_string(), error })
        };
        Ok(Self { certificate: read(&files.certificate)?, key: read(&files.key)?.into() })
    }

    fn digest(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&SHA256);
        context.update(&self.certificate);
        context.update(&self.key);
        let mut seen = [0; 32];
        seen.copy_from_slice(context.finish().as_ref());
        seen
    }

    /// The certificate with its key, which must belong together.
    fn certified_key(&self, files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
        let of = |file: &std::path::Path| {
            let file = file.display().to_string();
            move |error| TlsError::Pem { file, error }
        };
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(of(&files.certificate))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(of(&files.key))?;
        Ok(CertifiedKey::from_der(chain, key, &default_provider())?)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.key))
    }
}

/// The settings of the TLS listener.
pub(super) fn server_config(certificate: Arc<Certificate>) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(default_provider());
    Ok(ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificate))
}

#[cfg(test)]
mod tests;
