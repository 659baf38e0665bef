//! Credentia: how a site signs people on with Hilum, as a program that you can run and read.
//!
//! Read in this order:
//!
//! 1. `oidc` of the library: the conversation with Hilum, from the first redirect to checked claims, and
//!    `provider`: discovery;
//! 2. `site`: the pages that begin and end it, and the one that needs a sign-in and a role;
//! 3. `attest`: asking for a second factor before somebody puts their name to something;
//! 4. `logout`: signing out, started here or at Hilum;
//! 5. `wish`, `session`, `pages`, `config`, and `claims`, `errors`, `jwt` of the library: what those need;
//! 6. `playground`: a page to look at tokens.
//!
//! One program is several sites: which one, the configuration file says.
#![forbid(unsafe_code)]

mod attest;
mod config;
mod logout;
mod pages;
mod playground;
mod session;
#[cfg(test)]
mod signing;
mod site;
mod wish;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use actix_web::{App, HttpServer, web};
use clap::Parser;
use relying_party_example::{oidc::Oidc, page, program, shelf::Shelf};

use crate::config::Config;
use crate::playground::Table;
use crate::site::Site;

/// An example site that signs people on with Hilum.
#[derive(Parser)]
struct Arguments {
    /// The site's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("credentia", serve(&arguments)).await
}

/// Serves the site until it is told to stop; requests in flight are finished.
async fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&arguments.config)?;
    let listen = config.listen;
    let hilum = config.registration.issuer.url().origin().ascii_serialization();
    let table = match config.playground.clone() {
        Some(registration) => Some(web::Data::new(Table {
            oidc: Oidc::new(registration)?,
            visits: Shelf::new(1_000),
        })),
        None => None,
    };
    let site = web::Data::new(Site::new(config)?);
    tracing::info!("{} on {}", site.config.look.name, site.config.origin);

    HttpServer::new(move || {
        App::new()
            .app_data(site.clone())
            .wrap(program::headers(&hilum))
            .configure(routes)
            .configure(|routes| {
                if let Some(table) = &table {
                    playground_routes(routes.app_data(table.clone()));
                }
            })
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
        .route("/switch-affiliation", web::get().to(site::switch_affiliation))
        .route("/callback", web::get().to(site::callback))
        .route("/me", web::get().to(site::me))
        .route("/attest", web::post().to(attest::attest))
        .route("/receipt", web::get().to(attest::show))
        .route("/sign-out", web::post().to(logout::sign_out))
        .route("/signed-out", web::get().to(logout::signed_out))
        .route("/backchannel-logout", web::post().to(logout::back_channel))
        .route("/style.css", web::get().to(page::style));
}

fn playground_routes(routes: &mut web::ServiceConfig) {
    routes
        .route("/playground", web::get().to(playground::show))
        .route("/playground/login", web::get().to(playground::login))
        .route("/playground/callback", web::get().to(playground::callback))
        .route("/playground/refresh", web::post().to(playground::refresh));
}
