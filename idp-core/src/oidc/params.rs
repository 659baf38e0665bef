//! Request parameters, each at most once (RFC 6749 §3.1).

use std::collections::BTreeMap;

/// The parameters of a request. One without a value counts as absent (RFC 6749 §3.1).
#[derive(Clone, Default)]
pub struct Params {
    values: BTreeMap<String, String>,
    repeated: Option<String>,
}

/// A parameter that was sent twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter sent more than once: {0}")]
pub struct Repeated(pub String);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        let mut params = Self::default();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            if value.is_empty() {
                continue;
            }
            if params.values.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                params.repeated.get_or_insert_with(|| name.into_owned());
            }
        }
        params
    }

    /// The value of `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// That no parameter came twice.
    ///
    /// # Errors
    /// [`Repeated`] names the first that did.
    pub fn once_each(&self) -> Result<(), Repeated> {
        self.repeated.clone().map_or(Ok(()), |name| Err(Repeated(name)))
    }

    /// Whether `name` came twice.
    #[must_use]
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.as_deref() == Some(name)
    }

    /// The parameters, encoded again.
    #[must_use]
    pub fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.values).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_counts_once_and_an_empty_one_not_at_all() {
        let params = Params::parse(b"a=1&b=&c=%20x&a=2");
        assert_eq!((params.find("b"), params.find("c")), (None, Some(" x")));
        assert_eq!(params.once_each(), Err(Repeated("a".into())));
        assert_eq!(Params::parse(b"a=1&b=2").once_each(), Ok(()));
    }
}
