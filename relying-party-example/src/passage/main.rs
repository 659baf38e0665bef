//! Passage: how a site signs people on with Hilum by SAML 2.0, as a program that you can run and read.
//!
//! Read in this order:
//!
//! 1. `site`: the pages that begin a sign-in, end it and need one;
//! 2. `response`: everything that is checked of Hilum's answer before it is believed;
//! 3. `logout`: signing out, started here or at Hilum;
//! 4. `keys`, `redirect`, `xml`, `messages`, `hilum`: signatures and encryption, the Redirect binding,
//!    reading and writing XML, and Hilum's metadata;
//! 5. `attributes`, `payers`, `pages`, `config`: what the site makes of it.
//!
//! One program is several sites: which one, the configuration file says.
#![forbid(unsafe_code)]

mod attributes;
mod config;
mod hilum;
mod keys;
mod logout;
mod messages;
mod pages;
mod payers;
mod redirect;
mod response;
mod site;
mod xml;

use std::{error::Error, path::PathBuf, process::ExitCode};

use actix_web::{App, HttpServer, web};
use clap::Parser;
use relying_party_example::{page, program};

use crate::{config::Config, keys::OwnKey, site::Site};

/// An example site that signs people on with Hilum by SAML 2.0.
#[derive(Parser)]
struct Arguments {
    /// The site's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// The longest form that is read, in octets.
const LONGEST_FORM: usize = 256 * 1024;

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("passage", serve(&arguments)).await
}

/// Serves the site until it is told to stop; requests in flight are finished.
async fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&arguments.config)?;
    let key = OwnKey::load(&config.saml.key_file, &config.saml.certificate_file)?;
    let listen = config.listen;
    let hilum = config.hilum.metadata.origin().ascii_serialization();
    let site = web::Data::new(Site::new(config, key)?);
    tracing::info!("{} on {}", site.config.look.name, site.config.origin());

    HttpServer::new(move || {
        App::new()
            .app_data(site.clone())
            // Somebody who acts for many organizations brings a long assertion.
            .app_data(web::FormConfig::default().limit(LONGEST_FORM))
            .wrap(program::headers(&hilum))
            .configure(routes)
            .default_service(web::to(site::not_found))
    })
    .workers(2)
    .bind(listen)?
    .run()
    .await?;
    Ok(())
}

fn routes(routes: &mut web::ServiceConfig) {
    routes
        .route("/", web::get().to(site::home))
        .route("/login", web::get().to(site::login))
        .route("/saml/metadata", web::get().to(site::metadata))
        .route("/saml/acs", web::post().to(site::acs))
        .route("/saml/slo", web::get().to(logout::redirected))
        .route("/saml/soap", web::post().to(logout::soap))
        .route("/signed-in", web::get().to(site::signed_in))
        .route("/payers", web::get().to(site::payers))
        .route("/submit", web::post().to(site::submit))
        .route("/attributes", web::get().to(site::attributes))
        .route("/sign-out", web::post().to(logout::sign_out))
        .route("/style.css", web::get().to(page::style));
}
