//! A storm of passwords: what it does to somebody who only wants a token.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Outcome,
    hilum::Hilum,
    site::{Browser, Site},
};

/// How many sign on at once.
const LOOPS: usize = 16;

/// What was seen.
pub struct Storm {
    /// The token endpoint's 99th percentile without a storm.
    pub quiet: Duration,
    /// The same in the storm.
    pub stormy: Duration,
    /// Sign-ons per second in the storm.
    pub sign_ons: f64,
    /// The most memory that was ever in use, in KiB.
    pub peak_kib: u64,
}

/// Signs on in parallel loops for as long as `lasts`.
pub fn rage(hilum: &Hilum, lasts: Duration) -> Outcome<Storm> {
    let quiet = p99(hilum, lasts / 2)?;
    let (over, done) = (AtomicBool::new(false), AtomicU32::new(0));
    let stormy = thread::scope(|scope| {
        let sign_on_again_and_again = || -> Outcome<()> {
            let (site, mut wire) = (hilum.site(), hilum.connect()?);
            while !over.load(Ordering::Relaxed) {
                let code = site.sign_on(&mut wire, &mut Browser::default())?;
                site.redeem(&mut wire, &code)?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let loops: Vec<_> = (0..LOOPS).map(|_| scope.spawn(sign_on_again_and_again)).collect();
        let stormy = p99(hilum, lasts);
        over.store(true, Ordering::Relaxed);
        for one in loops {
            one.join().map_err(|_| "a loop stopped")??;
        }
        stormy
    })?;
    let sign_ons = f64::from(done.into_inner()) / lasts.as_secs_f64();
    let peak_kib = hilum.running()?.memory_kib("VmHWM")?;
    Ok(Storm { quiet, stormy, sign_ons, peak_kib })
}

/// Asks for a token every few milliseconds, one after the other.
fn p99(hilum: &Hilum, lasts: Duration) -> Outcome<Duration> {
    let (mut wire, headers) = (hilum.connect()?, Site::credentials());
    let (began, mut took) = (Instant::now(), Vec::new());
    while began.elapsed() < lasts {
        let asked = Instant::now();
        wire.expect(200, ("POST", "/token", &headers, "grant_type=client_credentials"))?;
        took.push(asked.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    took.sort();
    Ok(*took.get(took.len() * 99 / 100).ok_or("nothing was asked")?)
}
