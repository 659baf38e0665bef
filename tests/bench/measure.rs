//! Rounds of one kind of request on several connections, and what a request costs in them.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Outcome,
    hilum::{Counts, Hilum},
    process::{Process, Spent},
    wire::Wire,
};

/// Connections at once. One alone would measure how long it takes to wake a sleeping thread.
pub const CONNECTIONS: usize = 8;

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds, of which the median counts.
    pub rounds: usize,
    /// How long the measured process works in one round.
    pub round: Duration,
}

/// One thing that is asked again and again on one connection.
pub type Step = Box<dyn FnMut(&mut Wire) -> Outcome<()> + Send>;

/// Makes the step of one connection; it will be taken so many times. What this costs is not
/// measured.
pub type Prepare<'a> = dyn Fn(&mut Wire, usize) -> Outcome<Step> + Sync + 'a;

/// What is measured.
pub struct Target<'a> {
    /// Where it listens.
    pub address: SocketAddr,
    /// The name that it goes by.
    pub host: String,
    /// The process.
    pub process: &'a Process,
    /// Hilum, to be asked for its counts.
    pub hilum: Option<&'a Hilum>,
}

/// What one request costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Microseconds of the processor, without hashing: the median round, the best and the worst.
    pub median: f64,
    /// The best round.
    pub least: f64,
    /// The worst round.
    pub most: f64,
    /// What it asks of the databases.
    pub counts: Counts,
}

/// What one round gave.
struct Round {
    requests: f64,
    spent: Spent,
    counts: Counts,
}

impl Round {
    fn micros(&self) -> f64 {
        self.spent.serving.as_secs_f64() * 1e6 / self.requests
    }
}

impl Target<'_> {
    /// Measures what one step costs, with so many in a round `at_most`.
    pub fn cost(&self, effort: Effort, at_most: usize, prepare: &Prepare<'_>) -> Outcome<Cost> {
        // The first round warms up, the second says how many requests make a full one.
        let warm_up = self.round(at_most.min(80), Counts::default(), prepare)?;
        let second = if warm_up.micros() < 500.0 { 800 } else { 80 };
        let first = self.round(at_most.min(second), Counts::default(), prepare)?;
        let requests = effort.round.as_secs_f64() * 1e6 / first.micros().max(5.0);
        let background = self.background()?;
        let mut rounds = Vec::new();
        for _ in 0..effort.rounds {
            rounds.push(self.round(whole(requests).min(at_most), background, prepare)?);
        }
        rounds.sort_by(|a, b| a.micros().total_cmp(&b.micros()));
        let all = rounds
            .iter()
            .fold(Counts::default(), |sum, round| sum.with(round.counts, |a, b| a + b));
        let requests: f64 = rounds.iter().map(|round| round.requests).sum();
        let nothing = "no round was measured";
        Ok(Cost {
            median: rounds.get(rounds.len() / 2).ok_or(nothing)?.micros(),
            least: rounds.first().ok_or(nothing)?.micros(),
            most: rounds.last().ok_or(nothing)?.micros(),
            counts: all.with(all, |sum, _| (sum / requests).max(0.0)),
        })
    }

    fn round(&self, requests: usize, background: Counts, prepare: &Prepare<'_>) -> Outcome<Round> {
        let each = requests.div_ceil(CONNECTIONS);
        let mut lines = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut wire = Wire::connect(self.address, &self.host)?;
            let step = prepare(&mut wire, each)?;
            lines.push((wire, step));
        }
        let counted = self.at_rest()?;
        let (began, threads) = (Instant::now(), self.process.threads()?);
        thread::scope(|scope| {
            let run =
                |(mut wire, mut step): (Wire, Step)| (0..each).try_for_each(|_| step(&mut wire));
            let running: Vec<_> =
                lines.into_iter().map(|line| scope.spawn(move || run(line))).collect();
            running
                .into_iter()
                .try_for_each(|line| line.join().map_err(|_| "a connection's thread stopped")?)
        })?;
        let spent = self.process.spent_since(&threads)?;
        let seconds = began.elapsed().as_secs_f64();
        let counts = self.counts()?.with(counted, |now, before| now - before);
        let counts = counts.with(background, |all, background| all - background * seconds);
        #[expect(clippy::cast_precision_loss, reason = "a few thousand requests")]
        let requests = (each * CONNECTIONS) as f64;
        Ok(Round { requests, spent, counts })
    }

    /// What is counted per second while nobody asks anything.
    fn background(&self) -> Outcome<Counts> {
        let (began, counted) = (Instant::now(), self.counts()?);
        if self.hilum.is_some() {
            thread::sleep(Duration::from_secs(2));
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(self.counts()?.with(counted, |now, before| (now - before) / seconds))
    }

    /// The counts when what the preparation left behind, mails for instance, is done.
    fn at_rest(&self) -> Outcome<Counts> {
        let mut counted = self.counts()?;
        for _ in 0..50 {
            thread::sleep(Duration::from_millis(100));
            let now = self.counts()?;
            if now.commits - counted.commits < 1.0 {
                return Ok(now);
            }
            counted = now;
        }
        Ok(counted)
    }

    fn counts(&self) -> Outcome<Counts> {
        self.hilum.map_or_else(|| Ok(Counts::default()), Hilum::counts)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of some thousands"
)]
fn whole(requests: f64) -> usize {
    requests.clamp(16.0, 200_000.0) as usize
}
