//! The trusted community: who belongs to it, for whom they act, and which sites they may reach.
//!
//! Organizations register with their business Tax IDs; Subscribers act for them through
//! affiliations that carry roles; sites are told of both as far as their release policy allows.

pub mod affiliation;
pub mod agreement;
pub mod import;
pub mod npi;
pub mod organization;
pub mod role;
pub mod site;
pub mod site_registration;
pub mod subscriber;
pub mod tax_id;
