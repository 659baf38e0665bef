//! Credentia: how a site signs people on with Hilum, as a program that you can run and read.
//!
//! Read in this order:
//!
//! 1. `oidc`: the conversation with Hilum, from the first redirect to checked claims, and `provider`: discovery;
//! 2. `site`: the pages that begin and end it, and the one that needs a sign-in and a role;
//! 3. `attest`: asking for a second factor before somebody puts their name to something;
//! 4. `logout`: signing out, started here or at Hilum;
//! 5. `claims`, `session`, `errors`, `pages`, `config`, `jwt`: what those need;
//! 6. `playground`: a page to look at tokens.
//!
//! One program is several sites: which one, the configuration file says.
#![forbid(unsafe_code)]

mod attest;
mod claims;
mod config;
mod errors;
mod jwt;
mod logout;
mod oidc;
mod pages;
mod playground;
mod provider;
mod session;
mod site;

use std::error::Error;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpServer, web};
use clap::Parser;
use relying_party_example::{page, shelf::Shelf};
use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::oidc::Oidc;
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
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    // A log that goes to a file has no use for colours.
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(std::io::stderr)
        .init();
    match serve(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("credentia: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves the site until it is told to stop; requests in flight are finished.
async fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    // Calls to Hilum go through rustls with this provider. Only a second call could fail.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();

    let config = Config::load(&arguments.config)?;
    let listen = config.listen;
    let headers = headers(&config);
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
            .wrap(headers.iter().fold(DefaultHeaders::new(), |all, header| all.add(header.clone())))
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

/// The headers of every answer: no script, no frame, no copy in a cache, nothing to other sites.
fn headers(config: &Config) -> [(&'static str, String); 5] {
    // The sign-out form is answered by a redirect to Hilum, which browsers count as a form action, too.
    let hilum = config.registration.issuer.url().origin().ascii_serialization();
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {hilum}; frame-ancestors 'none'; base-uri 'none'"
    );
    [
        ("Content-Security-Policy", policy),
        ("Cache-Control", "no-store".to_owned()),
        ("Referrer-Policy", "no-referrer".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("Cross-Origin-Opener-Policy", "same-origin".to_owned()),
    ]
}
