//! `make bench`: what a request costs Hilum, beside a floor. See `docs/performance.md`.
//!
//! Hilum runs on one core, this program and the databases on another one (`.ci/bench`).
#![forbid(unsafe_code)]
#![expect(unreachable_pub, reason = "in a program, `pub` says what a room offers the other rooms")]

mod cases;
mod crowd;
mod floor;
mod generator;
mod hilum;
mod measure;
mod people;
mod process;
mod saml;
mod site;
mod storm;
mod table;
mod wire;

use std::{
    env, fs,
    net::SocketAddr,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    crowd::Crowd,
    hilum::{Hilum, Store},
    measure::{Effort, Target},
    process::{Process, free_address, until_it_works},
    saml::Providers,
    site::Site,
    wire::Wire,
};

/// What every part of the benchmark returns.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["floor", address, folder] => floor::serve(address, Path::new(folder)),
        options => Options::read(options)?.run(),
    }
}

/// What to measure.
struct Options {
    effort: Effort,
    stores: Vec<Store>,
    only: Option<String>,
}

impl Options {
    fn read(arguments: &[&str]) -> Outcome<Self> {
        let mut options = Self {
            effort: Effort { rounds: 5, round: Duration::from_millis(500) },
            stores: vec![Store::Embedded, Store::Servers],
            only: None,
        };
        for argument in arguments {
            match *argument {
                "--quick" => {
                    options.effort = Effort { rounds: 3, round: Duration::from_millis(150) };
                }
                "--sqlite" => options.stores = vec![Store::Embedded],
                "--postgres" => options.stores = vec![Store::Servers],
                name if !name.starts_with('-') => options.only = Some(name.to_owned()),
                _ => return Err("usage: bench [--quick] [--sqlite | --postgres] [NAME]".into()),
            }
        }
        Ok(options)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    fn run(&self) -> Outcome<()> {
        let folder = env::temp_dir().join(format!("hilum-bench-{}", std::process::id()));
        fs::create_dir(&folder)?;
        let outcome = self.measure(&folder);
        fs::remove_dir_all(&folder)?;
        outcome
    }

    fn measure(&self, folder: &Path) -> Outcome<()> {
        for store in &self.stores {
            let mut hilum = Hilum::prepare(*store, folder)?;
            hilum.start()?;
            let floor = Floor::start(&hilum, folder)?;
            let (site, crowd) = (hilum.site(), Crowd::new());
            let providers = Providers::register(&hilum, &hilum.folder)?;
            table::heading(*store);
            for case in cases::all(&site, &crowd, &providers) {
                if !self.wants(case.name) {
                    continue;
                }
                let cost = target(&hilum)?.cost(self.effort, case.at_most, &*case.hilum)?;
                let beneath = match &case.floor {
                    Some(prepare) => {
                        Some(floor.target().cost(self.effort, usize::MAX, &**prepare)?)
                    }
                    None => None,
                };
                table::line(&case, &cost, beneath.as_ref());
            }
            if self.wants("xmlsec1") {
                table::xmlsec1(saml::xmlsec1(&hilum.folder)?);
            }
            if self.wants("start") {
                table::start(&starting(&mut hilum)?);
            }
            // It takes minutes, and afterwards the database is another one.
            if self.only.as_deref() == Some("people") && *store == Store::Servers {
                people::measure(&hilum)?;
                continue;
            }
            if self.wants("storm") {
                table::storm(&storm::rage(&hilum, self.effort.round * 20)?);
            }
        }
        Ok(())
    }
}

fn target(hilum: &Hilum) -> Outcome<Target<'_>> {
    Ok(Target {
        address: hilum.public,
        host: hilum.site().host,
        process: hilum.running()?,
        hilum: Some(hilum),
    })
}

/// The floor, running.
struct Floor {
    address: SocketAddr,
    process: Process,
}

impl Floor {
    /// Starts it with the documents that `hilum` hands out.
    fn start(hilum: &Hilum, folder: &Path) -> Outcome<Self> {
        let mut wire = hilum.connect()?;
        let targets = [("discovery", "/.well-known/openid-configuration"), ("jwks", "/jwks")];
        for (name, target) in targets {
            fs::write(folder.join(name), wire.expect(200, ("GET", target, "", ""))?.body)?;
        }
        let address = free_address()?;
        let mut command = Command::new(env::current_exe()?);
        command.arg("floor").arg(address.to_string()).arg(folder);
        let process = Process::start(&command, &folder.join("floor.log"))?;
        until_it_works(|| Wire::connect(address, "localhost"))?;
        Ok(Self { address, process })
    }

    fn target(&self) -> Target<'_> {
        let host = self.address.to_string();
        Target { address: self.address, host, process: &self.process, hilum: None }
    }
}

/// What starting takes.
struct Starting {
    first_token: Duration,
    idle_kib: u64,
}

/// Starts Hilum five times on the database that it has, and takes the median.
fn starting(hilum: &mut Hilum) -> Outcome<Starting> {
    let body = "grant_type=client_credentials";
    let mut waits = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        hilum.launch()?;
        let headers = Site::credentials();
        until_it_works(|| {
            hilum.connect()?.expect(200, ("POST", "/token", &headers, body)).map(drop)
        })?;
        waits.push(began.elapsed());
    }
    waits.sort();
    thread::sleep(Duration::from_secs(3));
    let idle_kib = hilum.running()?.memory_kib("VmRSS")?;
    let first_token = *waits.get(2).ok_or("it was not started")?;
    Ok(Starting { first_token, idle_kib })
}
