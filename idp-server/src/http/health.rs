//! The private listener: is this node alive, can it serve, what has it counted.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::metrics::Metrics;

/// Knows whether this node can serve.
pub trait Readiness: Send + Sync {
    /// The names of what is not there (`database`, `redis`, `signing keys`); empty if all is well.
    /// It should take no longer than two seconds.
    fn missing(&self) -> Pin<Box<dyn Future<Output = Vec<&'static str>> + Send + '_>>;
}

/// Set when the node stops: it finishes what it has, and load balancers should send no more.
#[derive(Clone, Debug, Default)]
pub(super) struct Stopping(Arc<AtomicBool>);

impl Stopping {
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the private listener needs to answer.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) metrics: Arc<Metrics>,
    pub(super) readiness: Arc<dyn Readiness>,
    pub(super) stopping: Stopping,
}

/// The routes of the private listener.
pub(super) fn routes(health: &Health, services: &mut web::ServiceConfig) {
    services
        .app_data(web::Data::new(health.clone()))
        .route("/healthz", web::get().to(alive))
        .route("/readyz", web::get().to(ready))
        .route("/metrics", web::get().to(counted));
}

/// `GET /healthz`: the process answers. It stays green while the database is away, since a
/// restart would not bring that back.
async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "alive": true }))
}

/// `GET /readyz`: 200 if requests can be served, else 503 and what is missing.
async fn ready(health: web::Data<Health>) -> HttpResponse {
    let mut missing = health.readiness.missing().await;
    if health.stopping.has_begun() {
        missing.push("this node is stopping");
    }
    let ready = missing.is_empty();
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(json!({ "ready": ready, "missing": missing }))
}

/// `GET /metrics`, for Prometheus.
async fn counted(health: web::Data<Health>) -> HttpResponse {
    match health.metrics.render() {
        Ok(text) => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the counters cannot be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}
