//! Where an answer may go: an address of the site's registered metadata and no other (SAML Profiles
//! §4.1.4.1; CVE-2023-6717).

use serde::{Deserialize, Serialize};
use url::Url;

use super::service_provider::{AssertionConsumer, ProviderMetadata, ResponseBinding};

/// An address from a site's metadata. Only [`choose`] and [`of_start`] make one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredAcsUrl {
    location: Url,
    binding: ResponseBinding,
}

impl RegisteredAcsUrl {
    /// The address.
    #[must_use]
    pub const fn location(&self) -> &Url {
        &self.location
    }

    /// How the answer travels there.
    #[must_use]
    pub const fn binding(&self) -> ResponseBinding {
        self.binding
    }

    fn of(consumer: &AssertionConsumer) -> Self {
        Self { location: consumer.location.clone(), binding: consumer.binding }
    }
}

/// Where a request wants its answer (SAML Core §3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// `AssertionConsumerServiceIndex`.
    pub index: Option<u16>,
    /// `AssertionConsumerServiceURL`, compared to the octet.
    pub url: Option<&'a str>,
    /// `ProtocolBinding`; `Some(None)`: one that answers cannot travel by.
    pub binding: Option<Option<ResponseBinding>>,
}

/// The registered address that `wanted` names. Without a name it is the default: the first that is
/// marked so, else the first (SAML Metadata §2.2.3).
#[must_use]
pub fn choose(metadata: &ProviderMetadata, wanted: Wanted<'_>) -> Option<RegisteredAcsUrl> {
    // The two exclude one another (SAML Core §3.4.1).
    if wanted.index.is_some() && (wanted.url.is_some() || wanted.binding.is_some()) {
        return None;
    }
    let fits = |consumer: &&AssertionConsumer| {
        wanted.index.is_none_or(|index| consumer.index == index)
            && wanted.url.is_none_or(|url| consumer.location.as_str() == url)
            && wanted.binding.is_none_or(|binding| binding == Some(consumer.binding))
    };
    let mut fitting = metadata.assertion_consumers.iter().filter(fits);
    let first = fitting.next()?;
    let preferred = std::iter::once(first).chain(fitting).find(|consumer| consumer.is_default);
    Some(RegisteredAcsUrl::of(preferred.unwrap_or(first)))
}

/// Where the answer to a sign-on goes that the site did not ask for.
#[must_use]
pub fn of_start(metadata: &ProviderMetadata) -> Option<RegisteredAcsUrl> {
    choose(metadata, Wanted { binding: Some(Some(ResponseBinding::Post)), ..Wanted::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consumer(index: u16, location: &str, is_default: bool) -> AssertionConsumer {
        let binding = if location.ends_with("art") {
            ResponseBinding::Artifact
        } else {
            ResponseBinding::Post
        };
        AssertionConsumer { index, is_default, binding, location: location.parse().unwrap() }
    }

    #[test]
    fn an_answer_goes_to_a_registered_address_or_nowhere() {
        let metadata = ProviderMetadata {
            assertion_consumers: vec![
                consumer(0, "https://sp.example/acs", false),
                consumer(1, "https://sp.example/art", false),
                consumer(2, "https://sp.example/second", true),
            ],
            logout: Vec::new(),
            signing: Vec::new(),
            encryption: Vec::new(),
            name_id_formats: Vec::new(),
            authn_requests_signed: false,
            valid_until: None,
        };
        let post = Some(Some(ResponseBinding::Post));
        let artifact = Some(Some(ResponseBinding::Artifact));
        for (index, url, binding, expected) in [
            (None, None, None, Some("https://sp.example/second")),
            (None, None, post, Some("https://sp.example/second")),
            (None, None, artifact, Some("https://sp.example/art")),
            (None, None, Some(None), None),
            (Some(0), None, None, Some("https://sp.example/acs")),
            (Some(7), None, None, None),
            (None, Some("https://sp.example/acs"), None, Some("https://sp.example/acs")),
            (None, Some("https://sp.example/acs"), post, Some("https://sp.example/acs")),
            (None, Some("https://sp.example/acs"), artifact, None),
            (None, Some("https://sp.example/acs/"), None, None),
            (None, Some("https://SP.example/acs"), None, None),
            (None, Some("https://sp.example/acs?x"), None, None),
            (None, Some("https://evil.example/acs"), None, None),
            (None, Some(""), None, None),
            (Some(0), Some("https://sp.example/acs"), None, None),
            (Some(0), None, post, None),
        ] {
            let found = choose(&metadata, Wanted { index, url, binding });
            let found = found.as_ref().map(|acs| acs.location().as_str());
            assert_eq!(found, expected, "{index:?} {url:?} {binding:?}");
        }
        let start = of_start(&metadata).unwrap();
        assert_eq!(start.location().as_str(), "https://sp.example/second");
    }
}
