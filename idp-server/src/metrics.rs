//! What is counted, for Prometheus.
//!
//! One [`Metrics`] is made at the start and shared. Rooms that only count (the store, Redis, the
//! password pool) keep a clone of their counter: clones count together.

use std::{fmt, sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::store::{Counters, Tally};

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    sign_ins: Family<OutcomeLabels, Counter>,
    tokens: Family<GrantLabels, Counter>,
    deliveries: Family<OutcomeLabels, Counter>,
    /// Rows of the audit record that are not what they were, as the last daily check found.
    pub audit_findings: Gauge,
    /// What the last day's work passed over, because it is broken in the database.
    pub day_passed_over: Gauge,
    /// Messages in the outbox that are still to be delivered.
    pub outbox_waiting: Gauge,
    /// The password pool.
    pub passwords: PasswordMetrics,
    /// Handlers that panicked.
    pub panics: Counter,
    /// Commands sent to Redis.
    pub redis_commands: Counter,
    sql_commits: Family<WorkLabels, Counter>,
    sql_statements: Family<WorkLabels, Counter>,
    /// Certificates on disk that could not be loaded.
    pub tls_reload_failures: Counter,
}

/// What the password pool counts.
#[derive(Clone, Debug, Default)]
pub struct PasswordMetrics {
    /// Passwords waiting for a thread.
    pub waiting: Gauge,
    /// Passwords being hashed at this moment.
    pub hashing: Gauge,
    /// Passwords hashed.
    pub hashed: Counter,
    /// Passwords turned away because too many were waiting, or waited too long.
    pub turned_away: Counter,
    /// Seconds that hashing took, without the waiting.
    pub seconds: Counter<f64, AtomicU64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WorkLabels {
    work: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GrantLabels {
    grant: &'static str,
}

/// From a page out of memory to a sign-in that waited for its turn.
fn request_buckets() -> Histogram {
    Histogram::new([0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Counters that stand at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("hilum"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(request_buckets),
            sign_ins: Family::default(),
            tokens: Family::default(),
            deliveries: Family::default(),
            audit_findings: Gauge::default(),
            day_passed_over: Gauge::default(),
            outbox_waiting: Gauge::default(),
            passwords: PasswordMetrics::default(),
            panics: Counter::default(),
            redis_commands: Counter::default(),
            sql_commits: Family::default(),
            sql_statements: Family::default(),
            tls_reload_failures: Counter::default(),
        };
        metrics.register();
        metrics
    }

    /// Every name of `/metrics` and what it means. Counters get the ending `_total`.
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("requests", "Requests answered", self.requests.clone());
        let seconds = self.request_seconds.clone();
        r.register("request_seconds", "Time from request to answer", seconds);
        r.register("sign_ins", "Sign-ins by how they ended", self.sign_ins.clone());
        r.register("tokens_issued", "Token answers by grant", self.tokens.clone());
        r.register("outbox_deliveries", "Deliveries tried", self.deliveries.clone());
        let findings = self.audit_findings.clone();
        r.register("audit_findings", "Rows of the audit record that were changed", findings);
        let passed_over = self.day_passed_over.clone();
        r.register("day_passed_over", "What the day's work passed over as broken", passed_over);
        r.register("outbox_waiting", "Messages to be delivered", self.outbox_waiting.clone());
        let passwords = &self.passwords;
        r.register("passwords_waiting", "Passwords in the queue", passwords.waiting.clone());
        r.register("passwords_hashing", "Passwords being hashed now", passwords.hashing.clone());
        r.register("passwords_hashed", "Passwords hashed", passwords.hashed.clone());
        let turned_away = passwords.turned_away.clone();
        r.register("passwords_turned_away", "Passwords answered with busy", turned_away);
        r.register("password_seconds", "Time spent hashing", passwords.seconds.clone());
        r.register("panics", "Handlers that panicked", self.panics.clone());
        r.register("redis_commands", "Commands sent to Redis", self.redis_commands.clone());
        r.register("sql_commits", "Transactions committed", self.sql_commits.clone());
        r.register("sql_statements", "SQL statements executed", self.sql_statements.clone());
        let failures = self.tls_reload_failures.clone();
        r.register("tls_reload_failures", "Certificates that could not be loaded", failures);
    }

    /// A request was answered. `route` is the pattern, never the address itself: an address can
    /// be secret, and there is no end to them.
    pub fn request(&self, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels { route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels { route: labels.route };
        self.request_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A sign-in ended, for instance as `succeeded`, `wrong_password` or `locked`.
    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// The token endpoint issued tokens for this grant type.
    pub fn tokens_issued(&self, grant: &'static str) {
        self.tokens.get_or_create(&GrantLabels { grant }).inc();
    }

    /// Where the database counts: what requests ask of it, and what jobs do, apart.
    pub fn sql(&self) -> Tally {
        let of = |work| {
            let labels = WorkLabels { work };
            Counters {
                statements: self.sql_statements.get_or_create(&labels).clone(),
                commits: self.sql_commits.get_or_create(&labels).clone(),
            }
        };
        Tally { requests: of("request"), jobs: of("job") }
    }

    /// A message of the outbox was delivered, will be tried again, or was given up.
    pub fn delivery(&self, outcome: &'static str) {
        self.deliveries.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// The text of `/metrics`, in the format of `OpenMetrics` 1.0.
    ///
    /// # Errors
    /// None in practice: writing to a text cannot fail.
    pub fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(4096);
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_rendered_under_its_name() {
        let metrics = Metrics::new();
        metrics.request("/token", 200, Duration::from_millis(3));
        metrics.request("/token", 200, Duration::from_millis(3));
        metrics.sign_in("succeeded");
        metrics.tokens_issued("refresh_token");
        metrics.delivery("delivered");
        metrics.sql().requests.statements.inc_by(3);
        metrics.sql().jobs.commits.inc();
        metrics.redis_commands.inc();
        metrics.passwords.waiting.set(7);
        let text = metrics.render().unwrap();
        for line in [
            "hilum_requests_total{route=\"/token\",status=\"200\"} 2",
            "hilum_request_seconds_count{route=\"/token\"} 2",
            "hilum_sign_ins_total{outcome=\"succeeded\"} 1",
            "hilum_tokens_issued_total{grant=\"refresh_token\"} 1",
            "hilum_outbox_deliveries_total{outcome=\"delivered\"} 1",
            "hilum_sql_statements_total{work=\"request\"} 3",
            "hilum_sql_commits_total{work=\"job\"} 1",
            "hilum_redis_commands_total 1",
            "hilum_passwords_waiting 7",
            "hilum_panics_total 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
    }
}
