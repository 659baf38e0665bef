//! Request parameters, each at most once (RFC 6749 §3.1).

use std::collections::{BTreeMap, BTreeSet};

/// The parameters of a request. One without a value counts as absent (RFC 6749 §3.1).
#[derive(Clone, Default)]
pub struct Params {
    values: BTreeMap<String, String>,
    repeated: BTreeSet<String>,
    is_text: bool,
}

/// Why parameters are not to be acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Which of the two was meant, nobody can tell.
    #[error("a parameter was sent more than once")]
    Repeated,
    /// It has octets that are not UTF-8, or a NUL, which not every database can keep.
    #[error("a parameter is not text in UTF-8")]
    Text,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` text.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        url::form_urlencoded::parse(encoded).collect()
    }

    /// The value of `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// That no parameter came twice and all are text.
    ///
    /// # Errors
    /// [`Malformed`]: what is wrong.
    pub fn well_formed(&self) -> Result<(), Malformed> {
        if !self.repeated.is_empty() {
            Err(Malformed::Repeated)
        } else if !self.is_text {
            Err(Malformed::Text)
        } else {
            Ok(())
        }
    }

    /// Whether `name` came twice.
    #[must_use]
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    /// All of them, by name; one that came twice with its last value.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parameters, encoded again.
    #[must_use]
    pub fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.values).finish()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut params = Self { is_text: true, ..Self::default() };
        for (name, value) in pairs {
            let (name, value) = (name.into(), value.into());
            if value.is_empty() {
                continue;
            }
            // Whoever decodes them puts U+FFFD in place of what is not UTF-8.
            params.is_text &= !value.contains(['\0', char::REPLACEMENT_CHARACTER]);
            if params.values.insert(name.clone(), value).is_some() {
                params.repeated.insert(name);
            }
        }
        params
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_counts_once_and_an_empty_one_not_at_all() {
        let params = Params::parse(b"a=1&b=&c=%20x&a=2&c=3&b=");
        assert_eq!((params.find("b"), params.is_repeated("b")), (None, false));
        assert!(params.is_repeated("a") && params.is_repeated("c"));
        assert_eq!(params.well_formed(), Err(Malformed::Repeated));
    }

    #[test]
    fn what_is_not_text_is_malformed() {
        for (encoded, expected) in [
            (&b"a=1&b=2"[..], Ok(())),
            (b"", Ok(())),
            (b"a=%C3%B1&b=\xc3\xb1", Ok(())),
            (b"a=%00", Err(Malformed::Text)),
            (b"a=%FF", Err(Malformed::Text)),
            (b"a=\xff", Err(Malformed::Text)),
        ] {
            assert_eq!(Params::parse(encoded).well_formed(), expected, "{encoded:?}");
        }
    }
}
