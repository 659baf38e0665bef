//! Calls to addresses that sites have registered: their keys, and their back-channel logout.
//!
//! A site, or whoever pretends to be one, chooses these addresses. So that Hilum cannot be sent
//! where only Hilum can reach (ASVS 1.3.6), a call goes by https to port 443 of a public address,
//! follows no redirect, takes five seconds and reads 256 KiB. The address is judged when it is
//! registered *and* when its name has been resolved for the connection, since a name can be made
//! to mean something else in between. Hosts of `outgoing.allow_hosts` are free of these rules.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Certificate, Client, ClientBuilder, RequestBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, CONTENT_TYPE},
    redirect::Policy,
};
use url::{Host, Url};

use crate::config;

/// How long a call may take, from looking up the name to the last byte.
const TIME: Duration = Duration::from_secs(5);
/// The most that is read of an answer.
const MAX_BODY: usize = 256 * 1024;

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the address lies in a range that is not public")]
    Address,
    #[error("the address carries a name or a password")]
    Credentials,
    #[error("the address has no host")]
    Host,
    #[error("the port is not 443")]
    Port,
    #[error("the address is not https")]
    Scheme,
}

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    #[error("{file} holds no certificates in PEM: {reason}")]
    ExtraCa { file: String, reason: String },
    #[error("no connection, or no answer: {0}")]
    Failed(String),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("no answer in time")]
    TimedOut,
    #[error("the answer is larger than {MAX_BODY} bytes")]
    TooLarge,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status; a redirect is an answer like any other.
    pub status: u16,
    /// `Content-Type`, as it was sent.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Makes the calls. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing {
    client: Client,
    allow: Arc<AllowedHosts>,
}

/// The hosts of `outgoing.allow_hosts`, in the spelling of [`Url::host_str`].
#[derive(Debug, Default)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Takes hosts as the configuration has checked them.
    #[must_use]
    pub const fn new(hosts: Vec<String>) -> Self {
        Self(hosts)
    }

    fn has(&self, host: &str) -> bool {
        self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

impl Outgoing {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`OutgoingError::ExtraCa`] if the extra certificates cannot be read.
    pub fn new(settings: &config::Outgoing) -> Result<Self, OutgoingError> {
        Self::with_time(settings, TIME)
    }

    fn with_time(settings: &config::Outgoing, time: Duration) -> Result<Self, OutgoingError> {
        let extra = extra_certificates(settings)?;
        let allow = Arc::new(AllowedHosts::new(settings.allow_hosts.clone()));
        let client = |resolver| {
            Client::builder()
                .dns_resolver(resolver)
                .no_proxy() // a proxy would resolve the name for us, unjudged
                .redirect(Policy::none())
                .referer(false)
                .timeout(time)
                .user_agent(concat!("Hilum/", env!("CARGO_PKG_VERSION")))
        };
        let guard = Arc::new(Guard(Arc::clone(&allow)));
        let built = client(Arc::clone(&guard)).tls_certs_merge(extra.clone()).build();
        let client = built.or_else(|error| {
            tracing::warn!(%error, "the system has no certificates to trust: sites are reached \
                only if outgoing.extra_ca_file vouches for them (install ca-certificates)");
            ClientBuilder::build(client(guard).tls_certs_only(extra))
        });
        let client = client.map_err(|error| OutgoingError::Failed(error.to_string()))?;
        Ok(Self { client, allow })
    }

    /// Judges an address before it is stored.
    ///
    /// # Errors
    /// [`Refusal`] if it would never be called.
    pub fn judge(&self, url: &Url) -> Result<(), Refusal> {
        judge_url(url, &self.allow)
    }

    /// Fetches a document.
    ///
    /// # Errors
    /// [`OutgoingError`] if the address is refused or nothing whole came back in time. A status
    /// that says no is an [`Answer`].
    pub async fn get(&self, url: &Url) -> Result<Answer, OutgoingError> {
        self.judge(url)?;
        self.send(
            self.client
                .get(url.clone())
                .header(ACCEPT, "application/json, application/samlmetadata+xml, */*;q=0.1"),
        )
        .await
    }

    /// Posts a form.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post_form(
        &self,
        url: &Url,
        form: &[(&str, &str)],
    ) -> Result<Answer, OutgoingError> {
        self.judge(url)?;
        self.send(self.client.post(url.clone()).form(form)).await
    }

    /// Posts a SOAP envelope (SAML Bindings §3.2.3.1).
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post_soap(&self, url: &Url, envelope: String) -> Result<Answer, OutgoingError> {
        self.judge(url)?;
        let action = ("SOAPAction", "\"http://www.oasis-open.org/committees/security\"");
        let request = self.client.post(url.clone()).header(CONTENT_TYPE, "text/xml; charset=utf-8");
        self.send(request.header(action.0, action.1).body(envelope)).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, OutgoingError> {
        let mut response = request.send().await.map_err(failure)?;
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(failure)? {
            if body.len() + part.len() > MAX_BODY {
                return Err(OutgoingError::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { status: response.status().as_u16(), content_type, body })
    }
}

/// Tells what went wrong without the address, whose query may be secret.
fn failure(error: reqwest::Error) -> OutgoingError {
    if error.is_timeout() {
        return OutgoingError::TimedOut;
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        if let Some(refusal) = deeper.downcast_ref::<Refusal>() {
            return OutgoingError::Refused(*refusal);
        }
        cause = deeper;
    }
    OutgoingError::Failed(cause.to_string())
}

fn extra_certificates(settings: &config::Outgoing) -> Result<Vec<Certificate>, OutgoingError> {
    let Some(path) = &settings.extra_ca_file else { return Ok(Vec::new()) };
    let wrong =
        |reason: String| OutgoingError::ExtraCa { file: path.display().to_string(), reason };
    let pem = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates =
        Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() {
        Err(wrong("there is none in it".to_owned()))
    } else {
        Ok(certificates)
    }
}

/// Judges an address by its text. A host that is a number in any notation (decimal, hexadecimal,
/// octal, shortened) has become a plain IP address when the [`Url`] was parsed.
///
/// # Errors
/// [`Refusal`] if it may not be called.
pub fn judge_url(url: &Url, allow: &AllowedHosts) -> Result<(), Refusal> {
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Refusal::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    if allow.has(url.host_str().ok_or(Refusal::Host)?) {
        return Ok(());
    }
    if url.scheme() != "https" {
        return Err(Refusal::Scheme);
    }
    if url.port_or_known_default() != Some(443) {
        return Err(Refusal::Port);
    }
    match url.host().ok_or(Refusal::Host)? {
        Host::Ipv4(address) => judge_address(IpAddr::V4(address)),
        Host::Ipv6(address) => judge_address(IpAddr::V6(address)),
        Host::Domain(name) => {
            // RFC 6761 §6.3: these never leave the machine, whatever a resolver says.
            let name = name.trim_end_matches('.');
            let is_local = name.eq_ignore_ascii_case("localhost")
                || name.to_ascii_lowercase().ends_with(".localhost");
            if is_local { Err(Refusal::Address) } else { Ok(()) }
        }
    }
}

/// What is not public of IPv4 (IANA special-purpose registry, RFC 6890), and one address of a
/// cloud's metadata service that looks public.
const NOT_PUBLIC: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only part of IPv6 that is public; loopback, unique local, link-local, multicast, and IPv4
/// in any IPv6 clothing (mapped, compatible, NAT64) lie outside it.
const GLOBAL: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not public within it: protocol assignments with Teredo, documentation, 6to4.
const NOT_PUBLIC_6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Judges an IP address.
///
/// # Errors
/// [`Refusal::Address`] unless it is public.
pub fn judge_address(address: IpAddr) -> Result<(), Refusal> {
    let is_public = match address {
        IpAddr::V4(address) => {
            let within = |(start, bits): &(Ipv4Addr, u32)| {
                (start.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
            };
            !NOT_PUBLIC.iter().any(within)
        }
        IpAddr::V6(address) => {
            let within = |(start, bits): &(Ipv6Addr, u32)| {
                (start.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
            };
            within(&GLOBAL) && !NOT_PUBLIC_6.iter().any(within)
        }
    };
    if is_public { Ok(()) } else { Err(Refusal::Address) }
}

/// Resolves names for the client, and keeps from it what it may not connect to.
struct Guard(Arc<AllowedHosts>);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let is_allowed = self.0.has(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may = |address: &SocketAddr| is_allowed || judge_address(address.ip()).is_ok();
            let mut found = found.peekable();
            if found.peek().is_none() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let public: Vec<SocketAddr> = found.filter(may).collect();
            if public.is_empty() {
                return Err(Refusal::Address.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
