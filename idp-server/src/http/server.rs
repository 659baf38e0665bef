//! The two listeners: how they are opened, what they hold a request to, and how they end.

use std::{io, net::SocketAddr, pin::pin, rc::Rc, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev::Server, middleware::from_fn, web};
use futures_util::future;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

pub use super::door::ErrorPage;
use super::{
    client_address::TrustedProxies,
    door::Door,
    health::{self, Health, Readiness, Stopping},
    tls::{self, Certificate, Change, TlsError},
};
use crate::{config::Config, metrics::Metrics, random::Random};

/// The most that is read of a form, and of any body that is not JSON.
const MAX_FORM: usize = 64 * 1024;
/// The most that is read of a JSON document.
const MAX_JSON: usize = 256 * 1024;
/// How long an idle connection stays open for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// The private listener serves a handful of machines, one at a time.
const PRIVATE_CONNECTIONS: usize = 64;

/// What the listeners need beside the settings.
pub struct Surroundings {
    /// Words the errors that no front has worded.
    pub error_page: ErrorPage,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Says whether this node can serve.
    pub readiness: Arc<dyn Readiness>,
}

/// Why the listeners could not be opened, or ended by themselves.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address} ({setting}): {error}")]
    Bind { setting: &'static str, address: SocketAddr, error: io::Error },
    #[error("a listener ended: {0}")]
    Ended(io::Error),
    #[error("signals cannot be received: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Serves until the process is told to stop (SIGINT or SIGTERM), and then until the requests in
/// flight are answered, or `limits.shutdown_seconds` have passed, or a second signal comes.
///
/// `routes` are those of the public listener; it is called once per worker.
///
/// # Errors
/// [`ServeError`] if a listener cannot be opened.
pub async fn serve<R>(config: &Config, around: Surroundings, routes: R) -> Result<(), ServeError>
where
    R: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let stop = signals().map_err(ServeError::Signals)?;
    serve_until(stop, config, around, routes).await
}

/// Serves until the first message in `stop`; a second one cuts the requests in flight off.
pub(super) async fn serve_until<R>(
    mut stop: mpsc::Receiver<()>,
    config: &Config,
    around: Surroundings,
    routes: R,
) -> Result<(), ServeError>
where
    R: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let stopping = Stopping::default();
    let health = Health {
        metrics: Arc::clone(&around.metrics),
        readiness: Arc::clone(&around.readiness),
        stopping: stopping.clone(),
    };
    let public = public(config, &around, routes)?;
    let private = private(config, &around, health)?;
    tracing::info!(
        origin = config.public_origin.as_str(),
        public = %config.public.listen,
        private = %config.private.listen,
        "serving"
    );

    let (public_handle, private_handle) = (public.handle(), private.handle());
    let mut both = pin!(future::try_join(public, private));
    tokio::select! {
        ended = &mut both => return ended.map(drop).map_err(ServeError::Ended),
        _ = stop.recv() => {}
    }
    tracing::info!("stopping: requests in flight are finished, no new ones are taken");
    stopping.begin();
    let finish = async {
        public_handle.stop(true).await;
        private_handle.stop(true).await;
    };
    tokio::select! {
        (ended, ()) = future::join(both, finish) => ended.map(drop).map_err(ServeError::Ended),
        _ = stop.recv() => {
            tracing::warn!("stopping at once: requests in flight are cut off");
            Ok(())
        }
    }
}

fn public<R>(config: &Config, around: &Surroundings, routes: R) -> Result<Server, ServeError>
where
    R: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let door = Door {
        error_page: Arc::clone(&around.error_page),
        host: Some(config.public_origin.authority().to_owned()),
        is_https: config.public_origin.is_https(),
        metrics: Arc::clone(&around.metrics),
        random: Random::new(),
        request_time: config.limits.request_time,
    };
    let proxies = TrustedProxies(config.public.behind_proxy.clone());
    let limits = &config.limits;
    let server = HttpServer::new(move || {
        let door = Rc::new(door.clone());
        App::new()
            .app_data(proxies.clone())
            .app_data(web::FormConfig::default().limit(MAX_FORM))
            .app_data(web::JsonConfig::default().limit(MAX_JSON))
            .app_data(web::PayloadConfig::new(MAX_FORM))
            .configure(routes.clone())
            .wrap(from_fn(move |request, next| Rc::clone(&door).pass(request, next)))
    })
    .workers(limits.workers)
    .max_connections(limits.connections.div_ceil(limits.workers))
    .client_request_timeout(limits.request_time)
    .tls_handshake_timeout(limits.request_time)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(limits.shutdown_time.as_secs())
    .disable_signals();

    let address = config.public.listen;
    let bound = match &config.public.tls {
        Some(files) => {
            let certificate = Arc::new(Certificate::load(files.clone())?);
            watch(Arc::clone(&certificate), Arc::clone(&around.metrics));
            server.bind_rustls_0_23(address, tls::server_config(certificate)?)
        }
        None => server.bind(address),
    };
    let bound =
        bound.map_err(|error| ServeError::Bind { setting: "public.listen", address, error })?;
    Ok(bound.run())
}

fn private(config: &Config, around: &Surroundings, health: Health) -> Result<Server, ServeError> {
    let door = Door {
        error_page: Arc::clone(&around.error_page),
        host: None,
        is_https: false,
        // What machines ask here is not what is measured.
        metrics: Arc::new(Metrics::new()),
        random: Random::new(),
        request_time: config.limits.request_time,
    };
    let address = config.private.listen;
    let bound = HttpServer::new(move || {
        let door = Rc::new(door.clone());
        App::new()
            .configure(|services| health::routes(&health, services))
            .wrap(from_fn(move |request, next| Rc::clone(&door).pass(request, next)))
    })
    .workers(1)
    .max_connections(PRIVATE_CONNECTIONS)
    .client_request_timeout(config.limits.request_time)
    .shutdown_timeout(1)
    .disable_signals()
    .bind(address)
    .map_err(|error| ServeError::Bind { setting: "private.listen", address, error })?;
    Ok(bound.run())
}

/// Looks at the certificate's files again and again.
fn watch(certificate: Arc<Certificate>, metrics: Arc<Metrics>) {
    tokio::spawn(async move {
        let mut told = String::new();
        loop {
            tokio::time::sleep(tls::LOOK_EVERY).await;
            let certificate = Arc::clone(&certificate);
            match tokio::task::spawn_blocking(move || certificate.look_again()).await {
                Ok(Ok(Change::None)) | Err(_) => {}
                Ok(Ok(Change::Loaded)) => tracing::info!("the new certificate is in use"),
                Ok(Err(error)) => {
                    metrics.tls_reload_failures.inc();
                    let error = error.to_string();
                    if error != told {
                        tracing::error!(error, "ALARM: the old certificate stays in use");
                        told = error;
                    }
                }
            }
        }
    });
}

/// A message for each signal that asks the process to stop.
fn signals() -> io::Result<mpsc::Receiver<()>> {
    let (asked, stop) = mpsc::channel(1);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if asked.send(()).await.is_err() {
                break;
            }
        }
    });
    Ok(stop)
}
