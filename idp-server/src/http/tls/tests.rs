use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ProtocolVersion, SignatureScheme,
    SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{ServerName, UnixTime},
};

use super::*;
use crate::config::testing::Folder;

/// A certificate of the tests, self-signed.
const ONE: (&str, &str) = (
    "\
     -----BEGIN CERTIFICATE-----\n\
     MIIBjzCCATagAwIBAgIUAPAyDzVjtgyuFi+4w7v3PXOhmU0wCgYIKoZIzj0EAwIw\n\
     EzERMA8GA1UEAwwIb25lLnRlc3QwIBcNMjYxMTIyMTIxNDI2WhgPMjEyNjEwMjkx\n\
     MjE0MjZaMBMxETAPBgNVBAMMCG9uZS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n\
     AQcDQgAEVEj3rgDYkOjrCdefAGZoQ/ESp9bRA71cpnIGKL+pv8Q8CB2aTZCyPJzU\n\
     6OAO2Z31MUmFWDb7C5eLlN/81CeEHaNmMGQwHQYDVR0OBBYEFOrnRlfOOIVpZlUk\n\
     x3urXFah0zo7MB8GA1UdIwQYMBaAFOrnRlfOOIVpZlUkx3urXFah0zo7MBQGA1Ud\n\
     EQQNMAuCCWxvY2FsaG9zdDAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0cAMEQC\n\
     IFnbxTNATz3oCJ36wfvDEMb3UeIA15E9mCMUTEU68DiFAiA8hXmOwExfJ2xHAx6f\n\
     h+8juBEpZC+l1kLWU5XQ4+vDCg==\n\
     -----END CERTIFICATE-----\n\
     ",
    "\
     -----BEGIN PRIVATE KEY-----\n\
     MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghwp4qVbn962ld0lj\n\
     GnF8IXX/AnI9eLfi6gx1EKacHzqhRANCAARUSPeuANiQ6OsJ158AZmhD8RKn1tED\n\
     vVymcgYov6m/xDwIHZpNkLI8nNTo4A7ZnfUxSYVYNvsLl4uU3/zUJ4Qd\n\
     -----END PRIVATE KEY-----\n\
     ",
);

/// A certificate of the tests, self-signed.
const TWO: (&str, &str) = (
    "\
     -----BEGIN CERTIFICATE-----\n\
     MIIBkTCCATagAwIBAgIUUiMglzfwwZy/nDEajC2KsdRMOO0wCgYIKoZIzj0EAwIw\n\
     EzERMA8GA1UEAwwIdHdvLnRlc3QwIBcNMjYxMTIyMTIxNDI2WhgPMjEyNjEwMjkx\n\
     MjE0MjZaMBMxETAPBgNVBAMMCHR3by50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n\
     AQcDQgAEZxsbLYiAJzU4vHXdxgFmee+5mY5G0+6oW1XwZnJ5WWWZW7MdEbfBlWqY\n\
     mYvcKyq3EVs0Mfg2EvnYFuLR/r/tVaNmMGQwHQYDVR0OBBYEFG8MRFM8PH2/8Z7M\n\
     Wm7R41fwFEIIMB8GA1UdIwQYMBaAFG8MRFM8PH2/8Z7MWm7R41fwFEIIMBQGA1Ud\n\
     EQQNMAuCCWxvY2FsaG9zdDAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0kAMEYC\n\
     IQD3OCwHLgbXehRYr6Nv7QQaMKFqlhuoCHPil/F1koOh0AIhANg6YVobWY4/4cai\n\
     Jjaz9iPZSYdYpOzp0qoEflixv/nI\n\
     -----END CERTIFICATE-----\n\
     ",
    "\
     -----BEGIN PRIVATE KEY-----\n\
     MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg65MXpRwhIFEl8I6g\n\
     gaUoT2Ml4ffv3EMd4ZZBDyjwNRShRANCAARnGxstiIAnNTi8dd3GAWZ577mZjkbT\n\
     7qhbVfBmcnlZZZlbsx0Rt8GVapiZi9wrKrcRWzQx+DYS+dgW4tH+v+1V\n\
     -----END PRIVATE KEY-----\n\
     ",
);

fn files(folder: &Folder, (certificate, key): (&str, &str)) -> TlsFiles {
    TlsFiles {
        certificate: PathBuf::from(folder.file("certificate.pem", certificate, 0o644)),
        key: PathBuf::from(folder.file("key.pem", key, 0o600)),
    }
}

fn in_use(certificate: &Certificate) -> CertificateDer<'static> {
    certificate.current.read().unwrap().key.cert[0].clone()
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[test]
fn a_renewed_certificate_is_loaded_and_a_broken_one_is_not() {
    let folder = Folder::new();
    let certificate = Certificate::load(files(&folder, ONE)).unwrap();
    assert_eq!(certificate.look_again().unwrap(), Change::None);

    for (pem, key) in [(TWO.0, ONE.1), ("", ONE.1), (TWO.0, "no key"), (&TWO.0[..200], TWO.1)] {
        files(&folder, (pem, key));
        assert!(certificate.look_again().is_err(), "{pem} {key}");
        assert_eq!(in_use(&certificate), der(ONE.0));
        assert_eq!(certificate.look_again().unwrap(), Change::None, "each is told once");
    }
    fs::remove_file(folder.0.join("key.pem")).unwrap();
    assert!(matches!(certificate.look_again(), Err(TlsError::File { .. })));
    assert_eq!(in_use(&certificate), der(ONE.0));

    files(&folder, TWO);
    assert_eq!(certificate.look_again().unwrap(), Change::Loaded);
    assert_eq!(in_use(&certificate), der(TWO.0));
}

#[test]
fn a_node_does_not_start_with_a_certificate_of_another_key() {
    let folder = Folder::new();
    let outcome = Certificate::load(files(&folder, (ONE.0, TWO.1)));
    assert!(matches!(outcome, Err(TlsError::Unusable(_))));
}

/// Takes any certificate: which one came is what the test looks at.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

fn connect(
    listener: &std::net::TcpListener,
    certificate: &Arc<Certificate>,
    version: &'static SupportedProtocolVersion,
) -> (ProtocolVersion, String, CertificateDer<'static>) {
    let server = server_config(Arc::clone(certificate)).unwrap();
    let address = listener.local_addr().unwrap();
    let listener = listener.try_clone().unwrap();
    let answering = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut session = rustls::ServerConnection::new(Arc::new(server)).unwrap();
        let mut stream = rustls::Stream::new(&mut session, &mut socket);
        let mut asked = [0; 1];
        stream.read_exact(&mut asked).unwrap();
        stream.write_all(&asked).unwrap();
    });
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    stream.write_all(b"?").unwrap();
    stream.read_exact(&mut [0; 1]).unwrap();
    answering.join().unwrap();
    let suite = session.negotiated_cipher_suite().unwrap().suite();
    let shown = session.peer_certificates().unwrap()[0].clone().into_owned();
    (session.protocol_version().unwrap(), format!("{suite:?}"), shown)
}

#[test]
fn old_and_new_tls_are_spoken_with_aead_suites_and_the_newest_certificate() {
    let folder = Folder::new();
    let certificate = Arc::new(Certificate::load(files(&folder, ONE)).unwrap());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();

    let (version, _, shown) = connect(&listener, &certificate, &TLS13);
    assert_eq!((version, shown), (ProtocolVersion::TLSv1_3, der(ONE.0)));

    files(&folder, TWO);
    certificate.look_again().unwrap();
    let (version, suite, shown) = connect(&listener, &certificate, &TLS12);
    assert_eq!((version, shown), (ProtocolVersion::TLSv1_2, der(TWO.0)));
    assert!(suite.contains("ECDHE") && (suite.contains("GCM") || suite.contains("POLY1305")));
}

#[test]
fn no_suite_of_ours_lacks_authentication_of_its_data() {
    for suite in default_provider().cipher_suites {
        let name = format!("{:?}", suite.suite());
        assert!(name.contains("GCM") || name.contains("CHACHA20_POLY1305"), "{name}");
    }
}
