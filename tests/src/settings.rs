//! What a test wants to be different from the usual configuration.

use std::net::SocketAddr;

/// Environment variables over the configuration file, and wires to the servers behind Hilum.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) database_via: Option<SocketAddr>,
    pub(crate) redis_via: Option<SocketAddr>,
}

impl Settings {
    /// The usual.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one setting changed: `with("throttle.client_failures", "3")`.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        let variable = format!("HILUM__{}", key.to_uppercase().replace('.', "__"));
        self.variables.push((variable, value.to_owned()));
        self
    }

    /// The same with PostgreSQL behind a wire.
    #[must_use]
    pub fn database_via(self, wire: SocketAddr) -> Self {
        Self { database_via: Some(wire), ..self }
    }

    /// The same with Redis behind a wire.
    #[must_use]
    pub fn redis_via(self, wire: SocketAddr) -> Self {
        Self { redis_via: Some(wire), ..self }
    }
}
