//! The table, as it stands in `docs/performance.md`.

use std::time::Duration;

use crate::{Starting, cases::Case, hilum::Store, measure::Cost, storm::Storm};

/// Begins the table of a store.
pub fn heading(store: Store) {
    let name = match store {
        Store::Embedded => "SQLite",
        Store::Servers => "PostgreSQL + Redis",
    };
    println!("\n### {name}\n");
    println!(
        "| Request | CPU µs | best–worst | floor µs | × floor | statements | commits | Redis | aim |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---|");
}

/// One kind of request.
pub fn line(case: &Case<'_>, cost: &Cost, floor: Option<&Cost>) {
    let (beneath, ratio) = floor.map_or_else(
        || ("–".to_owned(), "–".to_owned()),
        |floor| (format!("{:.1}", floor.median), format!("{:.2}", cost.median / floor.median)),
    );
    println!(
        "| {} | {:.1} | {:.1}–{:.1} | {beneath} | {ratio} | {:.2} | {:.2} | {:.2} | {} |",
        case.name,
        cost.median,
        cost.least,
        cost.most,
        cost.counts.statements,
        cost.counts.commits,
        cost.counts.redis,
        case.aim,
    );
}

/// What somebody else's program takes for one signature.
pub fn xmlsec1(micros: f64) {
    println!("\n- xmlsec1 signs one assertion by RSA in {micros:.0} µs");
}

/// What starting takes.
pub fn start(start: &Starting) {
    println!("\n- first token after start: {} (aim ≤ 250 ms)", millis(start.first_token));
    println!("- idle memory: {} (aim ≤ 30 MB)", megabytes(start.idle_kib));
}

/// What a storm does.
pub fn storm(storm: &Storm) {
    println!(
        "- 16 sign-in loops: {:.0} sign-ons/s; client_credentials p99 {} quiet, {} in the storm; \
         peak memory {}",
        storm.sign_ons,
        millis(storm.quiet),
        millis(storm.stormy),
        megabytes(storm.peak_kib),
    );
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn megabytes(kib: u64) -> String {
    let tenths = kib * 1024 / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
