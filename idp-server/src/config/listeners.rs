//! Where Hilum listens, and how much it takes from whom.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    thread,
    time::Duration,
};

use super::{
    network::{Network, Origin},
    reader::{Reader, Value},
};

/// `[public]`: the listener for people and sites.
#[derive(Clone, Debug)]
pub struct Public {
    /// `listen`, for instance `0.0.0.0:443`.
    pub listen: SocketAddr,
    /// `tls_certificate` and `tls_key`: both or neither.
    pub tls: Option<TlsFiles>,
    /// `behind_proxy`: the proxies that take TLS off and whose `X-Forwarded-For` is believed.
    /// Such a proxy must hand the `Host` of the request on.
    pub behind_proxy: Vec<Network>,
}

/// The certificate that the public listener shows, as PEM files. Both are read again when they
/// change on disk.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, then the intermediate ones.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

const LISTEN: &str = "an address and a port, such as \"127.0.0.1:8080\"";
const NETWORK: &str = "addresses or networks of proxies, such as \"10.0.3.7\" or \"10.0.3.0/24\"";

impl Public {
    pub(super) fn read(reader: &mut Reader, origin: Option<&Origin>) -> Option<Self> {
        let listen = reader.required("public.listen", LISTEN, Value::parsed);
        let certificate = reader.path("public.tls_certificate");
        let key = reader.path("public.tls_key");
        let behind_proxy = reader.list("public.behind_proxy", NETWORK, |text| text.parse().ok());

        let tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (Some(_), None) => {
                reader.mistake("public.tls_key", "is missing: the certificate needs its key");
                None
            }
            (None, Some(_)) => {
                reader.mistake("public.tls_certificate", "is missing: the key needs it");
                None
            }
            (None, None) => None,
        };
        let tls_is_meant =
            reader.is_given("public.tls_certificate") || reader.is_given("public.tls_key");
        let proxy_is_meant = reader.is_given("public.behind_proxy") && !behind_proxy.is_empty();
        if let (Some(listen), Some(origin)) = (listen, origin)
            && let Some(message) = plain_http(listen, origin, tls_is_meant, proxy_is_meant)
        {
            reader.mistake("public.listen", message);
        }
        Some(Self { listen: listen?, tls, behind_proxy })
    }
}

/// Why this listener would carry passwords in the clear, if it would.
fn plain_http(listen: SocketAddr, origin: &Origin, tls: bool, proxy: bool) -> Option<&'static str> {
    if tls && !origin.is_https() {
        Some("has a certificate while public_origin says http: set public_origin to https")
    } else if tls || proxy {
        None
    } else if origin.is_https() {
        Some(
            "would speak plain HTTP for an https origin: set public.tls_certificate and \
             public.tls_key, or name the proxy that takes TLS off in public.behind_proxy",
        )
    } else if !listen.ip().is_loopback() {
        Some(
            "would speak plain HTTP to other machines: listen on 127.0.0.1, or set \
             public.tls_certificate and public.tls_key, or public.behind_proxy",
        )
    } else {
        None
    }
}

/// `[private]`: the listener for health, readiness and metrics. Keep it off the public network.
#[derive(Clone, Debug)]
pub struct Private {
    /// `listen`, 127.0.0.1:8081 when left out.
    pub listen: SocketAddr,
}

impl Private {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let listen = reader.optional("private.listen", LISTEN, Value::parsed);
        Self { listen: listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8081))) }
    }
}

/// `[limits]`: what one node takes on before it says no.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `workers`: threads that serve requests; as many as there are processors when left out.
    pub workers: usize,
    /// `connections`: open connections over all workers.
    pub connections: usize,
    /// `request_seconds`: time to send the head of a request, and again its body (408 after it).
    pub request_time: Duration,
    /// `shutdown_seconds`: time that requests in flight have to finish when Hilum stops.
    pub shutdown_time: Duration,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            workers: reader.number("limits.workers", 1..=256, cores.min(256)),
            connections: reader.number("limits.connections", 16..=1_000_000, 10_000),
            request_time: Duration::from_secs(reader.number("limits.request_seconds", 1..=60, 10)),
            shutdown_time: Duration::from_secs(reader.number(
                "limits.shutdown_seconds",
                1..=300,
                30,
            )),
        }
    }
}
