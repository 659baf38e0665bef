//! What the tests from outside are made of.
//!
//! A test starts the built programs and speaks to them as the world does: [`TestIdp`] is Hilum with
//! a database, a clock and sites of its own, [`Browser`] a person's browser without scripts,
//! [`Site`] a participating site. Nothing here knows the server's code, so what holds here holds
//! for everybody outside.
//!
//! A thing that goes wrong here stops the test with a panic: that is how a test fails.
#![forbid(unsafe_code)]

pub mod apache;
pub mod backend;
pub mod browser;
pub mod challenge;
pub mod chromium;
pub mod claims;
pub mod community;
pub mod database;
pub mod dice;
pub mod factor;
pub mod gateway;
pub mod html;
pub mod http;
pub mod idp;
pub mod keys;
pub mod listener;
pub mod mailbox;
pub mod metrics;
pub mod passage;
pub mod process;
pub mod proxy;
pub mod raw;
mod record;
pub mod runtime;
pub mod service_provider;
pub mod settings;
pub mod site;
pub mod smtp;
pub mod standing;
pub mod template;

pub use backend::{Backend, Fresh, Shared, Stand, hold};
pub use browser::{Answer, Browser, PASSWORD, Page, Person};
pub use chromium::Chromium;
pub use claims::{claims_of, header_of, now};
pub use dice::Dice;
pub use factor::{App, SecurityKey, first_app, recovery_codes};
pub use gateway::{Gateway, SystemOf};
pub use html::Form;
pub use http::{Json, Outgoing, client};
pub use idp::{Output, TestIdp};
pub use keys::TestKey;
pub use listener::{Listener, Received};
pub use mailbox::Mail;
pub use metrics::Metrics;
pub use passage::Passage;
pub use process::{Folder, Process, binary, free_port};
pub use proxy::Proxy;
pub use raw::exchange;
pub use runtime::{eventually, run};
pub use service_provider::ServiceProvider;
pub use settings::Settings;
pub use site::{Authentication, AuthorizeRequest, Site, Tokens};
pub use smtp::{MailServer, MailTls};
