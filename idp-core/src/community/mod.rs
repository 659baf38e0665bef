//! The trusted community: who belongs to it, for whom they act, and which sites they may reach.
//!
//! Organizations register with their business Tax IDs; Subscribers act for them through
//! affiliations that carry roles; sites are told of both as far as their release policy allows.
//!
//! A life cycle is a module: the states with what each of them knows, the commands, and one
//! function `decide` that says where a command leads or why it is refused. What follows from a
//! transition beside the new state is an [`outcome::Outcome`]; who may command what is in
//! [`permission`].

pub mod access_request;
pub mod account_life;
pub mod actor;
pub mod affiliation;
pub mod affiliation_life;
pub mod agreement;
pub mod assistance;
pub mod caller_check;
pub mod end_access;
pub mod field;
pub mod further_number;
pub mod identity_proof;
pub mod import;
pub mod letters;
pub mod news;
pub mod nomination;
pub mod notary_reference;
pub mod npi;
pub mod opening;
pub mod organization;
pub mod organization_data;
pub mod organization_life;
pub mod outcome;
pub mod own_record;
pub mod people_review;
pub mod permission;
pub mod person_match;
pub mod personal_data;
pub mod promotion;
pub mod registration;
pub mod reminder;
pub mod resource_server;
pub mod rights;
pub mod role;
pub mod roster;
pub mod site;
pub mod site_registration;
pub mod subscriber;
pub mod system_client;
pub mod tax_id;
pub mod tax_id_entry;
pub mod tax_id_registry;
pub mod ticket;
pub mod told;
pub mod user_id_proposal;
pub mod working_days;
