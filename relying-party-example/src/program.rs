//! How each of these programs begins and ends, and the headers of its pages.

use std::{error::Error, io::IsTerminal as _, process::ExitCode};

use actix_web::middleware::DefaultHeaders;
use tracing_subscriber::EnvFilter;

/// Sets up the log and TLS, runs the program `name` to its end, and says why it failed if it did.
pub async fn run(name: &str, work: impl Future<Output = Result<(), Box<dyn Error>>>) -> ExitCode {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    // A log that goes to a file has no use for colours.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    // Calls to Hilum go through rustls with this provider. Only a second call could fail.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match work.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The headers of every answer: no script, no frame, no copy in a cache, nothing to other sites.
///
/// `hilum` is its origin: the sign-out form is answered by a redirect to it, which browsers count as a form action,
/// too.
#[must_use]
pub fn headers(hilum: &str) -> DefaultHeaders {
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {hilum}; frame-ancestors 'none'; \
         base-uri 'none'"
    );
    DefaultHeaders::new()
        .add(("Content-Security-Policy", policy))
        .add(("Cache-Control", "no-store"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
}
