//! One file for each address.

mod account;
mod every_route;
mod input;
mod oidc;
mod sessions;
mod sign_on;
