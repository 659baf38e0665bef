//! HIE gateway: an API that takes Hilum's access tokens, as a program that you can run and read.
//!
//! Read in this order:
//!
//! 1. `token`: everything that is checked of an access token before it opens anything (RFC 9068), and
//!    `standing`: asking Hilum whether it still counts (RFC 7662);
//! 2. `api`: the three calls, two for systems and one for a person who has proved a second factor;
//! 3. `refusal`: how the API says no, so that a program can do something about it (RFC 6750, RFC 9470);
//! 4. `front`: a small web page that signs a person on, calls the API for them and does what it asks for;
//! 5. `data`, `pages`, `config`: what those need.
//!
//! The records are invented. What guards them is not.
#![forbid(unsafe_code)]

mod api;
mod config;
mod data;
mod front;
mod pages;
mod refusal;
#[cfg(test)]
#[path = "../signing.rs"]
mod signing;
mod standing;
mod token;

use std::{error::Error, path::PathBuf, process::ExitCode};

use actix_web::{App, HttpServer, web};
use clap::Parser;
use relying_party_example::{page, program};

use crate::{config::Config, front::Gateway};

/// An example of an API that takes Hilum's access tokens.
#[derive(Parser)]
struct Arguments {
    /// The gateway's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("hie-gateway", serve(&arguments)).await
}

/// Serves the gateway until it is told to stop; requests in flight are finished.
async fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&arguments.config)?;
    let listen = config.listen;
    let hilum = config.registration.issuer.url().origin().ascii_serialization();
    let gateway = web::Data::new(Gateway::new(config)?);
    tracing::info!("{} on {}", gateway.config.look.name, gateway.config.origin);

    HttpServer::new(move || {
        App::new()
            .app_data(gateway.clone())
            .wrap(program::headers(&hilum))
            .configure(routes)
            .default_service(web::to(front::not_found))
    })
    .workers(2)
    .bind(listen)?
    .run()
    .await?;
    Ok(())
}

fn routes(routes: &mut web::ServiceConfig) {
    routes
        .route("/pmp/query", web::get().to(api::query))
        .route("/pmp/report", web::get().to(api::report))
        .route("/adt/feed", web::get().to(api::feed))
        .route("/", web::get().to(front::home))
        .route("/login", web::get().to(front::login))
        .route("/callback", web::get().to(front::callback))
        .route("/report", web::get().to(front::report))
        .route("/step-up", web::get().to(front::step_up))
        .route("/sign-out", web::post().to(front::sign_out))
        .route("/signed-out", web::get().to(front::signed_out))
        .route("/style.css", web::get().to(page::style));
}
