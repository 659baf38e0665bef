//! Addresses that settings speak of: our own origin, and the networks of trusted proxies.

use std::{net::IpAddr, str::FromStr};

use url::{Host, Url};

/// Scheme, host and port under which people and sites reach Hilum. The issuer is its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    authority: String,
    is_https: bool,
    is_loopback: bool,
}

/// A text that is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidOrigin;

impl Origin {
    /// The origin without a trailing slash: `https://hilum.example`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What a browser sends as `Host`: the name, and the port unless it is the scheme's own.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether it is reached by https.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether only this machine can reach it.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    /// Accepts `https://name`, `https://name:port` and the same with http, in the spelling in
    /// which a browser would send it, since sites compare the issuer octet by octet.
    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let url = Url::parse(text).map_err(|_| InvalidOrigin)?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(InvalidOrigin),
        };
        let is_loopback = match url.host().ok_or(InvalidOrigin)? {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let spelt = url.origin().ascii_serialization();
        let authority = spelt.split_once("://").map(|(_, rest)| rest.to_owned());
        match authority {
            Some(authority) if spelt == text => {
                Ok(Self { text: spelt, authority, is_https, is_loopback })
            }
            Some(_) | None => Err(InvalidOrigin),
        }
    }
}

/// An address, or all addresses that share its first bits: `10.0.3.7`, `10.0.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no network, or one that is everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidNetwork;

impl Network {
    /// Whether `address` belongs to it. An IPv4 address in IPv6 clothing counts as the former.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let differs = ours.to_bits() ^ other.to_bits();
                differs.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let differs = ours.to_bits() ^ other.to_bits();
                differs.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    /// A network of zero bits is refused: who trusts every address trusts every forged header.
    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| InvalidNetwork)?;
        if (1..=most).contains(&bits) { Ok(Self { address, bits }) } else { Err(InvalidNetwork) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_spelt_as_a_browser_sends_it() {
        for (text, authority) in [
            ("https://hilum.example", Some("hilum.example")),
            ("https://hilum.example:8443", Some("hilum.example:8443")),
            ("http://localhost:8080", Some("localhost:8080")),
            ("http://[::1]:8080", Some("[::1]:8080")),
            ("https://hilum.example/", None),
            ("https://Hilum.example", None),
            ("https://hilum.example:443", None),
            ("https://hilum.example/sub", None),
            ("https://someone@hilum.example", None),
            ("ftp://hilum.example", None),
            ("hilum.example", None),
        ] {
            let origin = text.parse::<Origin>().ok();
            assert_eq!(origin.as_ref().map(Origin::authority), authority, "{text}");
        }
    }

    #[test]
    fn a_network_holds_the_addresses_that_share_its_first_bits() {
        for (network, address, inside) in [
            ("10.0.0.0/16", "10.0.255.255", true),
            ("10.0.0.0/16", "10.1.0.0", false),
            ("10.0.0.0/16", "::ffff:10.0.0.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::/32", "192.0.2.7", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network:?} {address}");
        }
    }

    #[test]
    fn a_network_of_everybody_is_refused() {
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/", "proxy.example", ""] {
            assert_eq!(text.parse::<Network>(), Err(InvalidNetwork), "{text:?}");
        }
    }
}
