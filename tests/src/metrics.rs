//! What a node has counted.

use std::collections::BTreeMap;

/// The numbers of `/metrics`, by name with labels.
#[derive(Clone, Debug)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the text of `/metrics`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let numbers = lines.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self(numbers.collect())
    }

    /// A count, zero if nothing was counted yet.
    #[must_use]
    pub fn count(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// How much a count has grown since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self, name: &str) -> f64 {
        self.count(name) - earlier.count(name)
    }
}
