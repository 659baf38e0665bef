//! HTTP: two listeners, and what holds for every request and every answer.
//!
//! A request passes the [`door`] before any handler sees it, and its answer passes it on the way
//! out. Handlers live in folders by audience and know nothing of either listener.

pub mod client_address;
mod door;
pub mod headers;
pub mod health;
pub mod server;
#[cfg(test)]
mod tests;
mod tls;
