//! The community's use cases: what a page, a call of the API, an import and a job do alike.
//!
//! Each is a function over one connection, so that it is one transaction: it loads, lets
//! `idp_core::community` decide, saves the new state and has [`carry_out`](Office::carry_out) do the
//! rest. It takes an [`Office`], which says who acts and as what; so there is one set of rules,
//! whatever the way in.

pub mod access;
pub mod accounts;
pub mod activation;
pub mod affiliation;
pub mod by_user_id;
mod carry_out;
pub mod closing;
pub mod desk;
pub mod further_numbers;
pub mod help;
mod letters;
pub mod looking;
pub mod lookup;
pub mod nomination;
pub mod offer;
mod office;
pub mod organization_data;
pub mod own_data;
pub mod own_organization;
pub mod own_record;
pub mod parts;
pub mod people_review;
pub mod promotion;
pub mod registrations;
mod registry;
pub mod roster;
pub mod standing;
pub mod systems;
pub mod tax_ids;
pub mod tickets;

pub use carry_out::{About, Done};
pub use office::Office;
pub use registry::Registry;
