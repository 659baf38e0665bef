//! Who is really at the other end.
//!
//! Throttles, the audit and address rules use this address. `X-Forwarded-For` is a header like any
//! other: whatever a visitor wrote into it stands at its left end. Only what a proxy that the
//! operator named has added at its right end is believed; `Forwarded` and `X-Real-IP` never are.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::X_FORWARDED_FOR};

use crate::config::Network;

/// The address of the browser or site that sent the request. A handler asks for it by naming it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The proxies of `public.behind_proxy`.
#[derive(Clone, Debug)]
pub(super) struct TrustedProxies(pub(super) Vec<Network>);

impl FromRequest for ClientAddress {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

impl ClientAddress {
    /// The address behind `request`.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        // Both listeners are TCP, so that only a test's request comes from nowhere.
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let trusted = request.app_data::<TrustedProxies>().map_or(&[][..], |proxies| &proxies.0);
        let lines: Vec<&str> = request
            .headers()
            .get_all(X_FORWARDED_FOR)
            .map(|line| line.to_str().unwrap_or(""))
            .collect();
        let hops: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
        Self(client(peer, &hops, trusted))
    }
}

/// Walks from the peer towards the client for as long as the hop that speaks is trusted.
fn client(peer: IpAddr, forwarded: &[&str], trusted: &[Network]) -> IpAddr {
    let mut client = peer.to_canonical();
    for hop in forwarded.iter().rev() {
        if !trusted.iter().any(|network| network.contains(client)) {
            break;
        }
        let Some(address) = address(hop.trim()) else { break };
        client = address.to_canonical();
    }
    client
}

/// Proxies write an address, and some add the port.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hops_of_named_proxies_count() {
        let trusted: Vec<Network> = ["10.0.0.0/8", "::1"].map(|text| text.parse().unwrap()).into();
        for (peer, forwarded, expected) in [
            // Nobody vouches for the header of an unknown peer.
            ("192.0.2.9", "", "192.0.2.9"),
            ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
            // The proxy adds at the right; what stands further left came with the request.
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "203.0.113.5, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "10.9.9.9,198.51.100.1", "198.51.100.1"),
            // Two proxies of ours, one behind the other.
            ("10.0.0.1", "203.0.113.5,198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
            // What is no address ends the walk at the last one known.
            ("10.0.0.1", "unknown", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1, _hidden", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            // Ports, IPv6, and IPv4 in IPv6 clothing.
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            ("::1", "[2001:db8::7]:4711", "2001:db8::7"),
            ("::1", "2001:db8::7", "2001:db8::7"),
            ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ] {
            let hops: Vec<&str> = forwarded.split(',').collect();
            let found = client(peer.parse().unwrap(), &hops, &trusted);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn without_a_named_proxy_the_header_is_nothing() {
        let peer = "127.0.0.1".parse().unwrap();
        assert_eq!(client(peer, &["198.51.100.1"], &[]), peer);
    }
}
