//! Longer stories.

mod attest;
mod browser;
mod cli;
mod counts;
mod crash;
mod demo;
mod desk;
mod forgotten;
mod hie;
mod logs;
mod mail;
mod mellon;
mod one_sign_on;
mod passage;
mod random;
mod random_factors;
mod saml;
mod second_client;
mod second_factor;
mod service_provider;
mod shibboleth;
mod start;
mod storage_faults;
mod storm;
mod two_nodes;
mod two_nodes_back;
