//! One file for each address.

mod account;
mod account_data;
mod activity;
mod admin_api;
mod agreement;
mod api;
mod challenge;
mod console;
mod email;
mod email_bound;
mod every_route;
mod foreign;
mod forgot;
mod input;
mod oidc;
mod organization;
mod password;
mod portal;
mod promotion;
mod public;
mod register;
mod sessions;
mod sign_on;
mod sign_on_factor;
mod support;
mod tax_ids;
