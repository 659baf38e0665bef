//! `hilum serve`.

use std::sync::Arc;

use actix_web::{http::StatusCode, web};
use askama::Template as _;

use super::{ConfigFile, Failure};
use crate::{
    app::{App, OpenError},
    config::{self, Config, DatabaseUrl},
    follow, http,
    http::server::{ServeError, Surroundings},
    jobs,
    pages::{ErrorPage, Frame, Messages, Problem, Support},
    store::migrations::{self, Schema},
    telemetry,
};

/// Opens everything, serves until told to stop, and finishes what is in flight.
pub(super) fn run(file: &ConfigFile) -> Result<(), Failure> {
    let config = file.load()?;
    telemetry::start(&config.log).map_err(|error| {
        Failure::new(
            format!("the log cannot be started: {error}"),
            "Mend the section [log] of the configuration.",
        )
    })?;
    prepare(&config)?;
    actix_web::rt::System::new().block_on(serve(config))
}

/// That the database has today's tables. A demo brings them up to date itself.
fn prepare(config: &Config) -> Result<(), Failure> {
    let url = &config.database.url;
    let unreachable = |error: migrations::MigrationError| {
        Failure::new(
            format!("the database cannot be used: {error}"),
            "Start it, or mend database.url; `hilum check` tells more.",
        )
    };
    match migrations::examine(url).map_err(unreachable)? {
        Schema::Current => Ok(()),
        Schema::Behind(_) if config.demo => migrations::migrate(url).map(drop).map_err(unreachable),
        Schema::Behind(_) => Err(Failure::new(
            "the database does not have the tables of this version",
            "Run `hilum migrate` with the same configuration, then start again.",
        )),
        Schema::Ahead => Err(Failure::new(
            "the database was prepared by a newer version of Hilum",
            "Start that version, or restore a backup from before it.",
        )),
    }
}

async fn serve(config: Config) -> Result<(), Failure> {
    let app = App::open(&config).await.map_err(|error| opening(&config, &error))?;
    let app = Arc::new(app);
    let following = follow::start(Arc::clone(&app));
    let jobs = jobs::start(&app);
    let around = Surroundings {
        error_page: error_page(&config.support),
        metrics: Arc::clone(&app.metrics),
        readiness: Arc::clone(&app) as _,
    };
    let shared = web::Data::from(Arc::clone(&app));
    let routes = move |services: &mut web::ServiceConfig| {
        services.app_data(shared.clone()).configure(http::routes);
    };
    let served = http::server::serve(&config, around, routes).await;
    following.abort();
    jobs.stop().await;
    served.map_err(|error| serving(&error))
}

fn opening(config: &Config, error: &OpenError) -> Failure {
    let place = match &config.database.url {
        DatabaseUrl::Postgres(_) => "PostgreSQL".to_owned(),
        DatabaseUrl::Sqlite(path) => path.display().to_string(),
    };
    Failure::new(
        format!("the parts of Hilum could not be opened: {error}"),
        format!("The database is {place}; `hilum check` looks at each part by itself."),
    )
}

fn serving(error: &ServeError) -> Failure {
    let next = match error {
        ServeError::Bind { .. } => {
            "Is another Hilum running? End it, or choose another address in the configuration."
        }
        ServeError::Ended(_) | ServeError::Signals(_) => {
            "Start it again; if it happens again, ask for help with the log."
        }
        ServeError::Tls(_) => {
            "Mend the certificate or its key; public.tls_certificate and public.tls_key name them."
        }
    };
    Failure::new(error.to_string(), next)
}

/// The page for an error that no handler has worded.
fn error_page(support: &config::Support) -> http::ErrorPage {
    let support = support.clone();
    Arc::new(move |status: StatusCode, reference: &str| {
        let problem = match status {
            StatusCode::METHOD_NOT_ALLOWED => Problem::Method,
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Problem::NotAllowed,
            StatusCode::TOO_MANY_REQUESTS => Problem::Throttled,
            StatusCode::SERVICE_UNAVAILABLE => Problem::Unavailable,
            status if status.is_client_error() => Problem::NotUnderstood,
            _ => Problem::Unexpected,
        };
        let contact = Support {
            phone: &support.phone,
            email: Some(&support.email),
            address: &support.address,
        };
        let page = ErrorPage {
            frame: Frame::new(Messages::english(), contact),
            status: status.as_u16(),
            reference,
            problem,
        };
        // A page that cannot be written has no words, but still its status.
        page.render().unwrap_or_default()
    })
}
