//! The programs that are measured: started on a core of their own, and what the kernel knows of
//! their use of it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::Outcome;

/// A running program. It is killed when this is dropped.
pub struct Process {
    child: Child,
}

/// Nanoseconds on the processor of each thread, and the thread's name.
pub type Threads = BTreeMap<u32, (String, u64)>;

/// How long the processor worked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// All threads but those that hash passwords.
    pub serving: Duration,
    /// Those that hash passwords.
    pub hashing: Duration,
}

impl Process {
    /// Starts `command` on the first core. This program has been put on another one by
    /// `.ci/bench`, with the databases.
    pub fn start(command: &Command, log: &Path) -> Outcome<Self> {
        let log = File::create(log)?;
        let mut pinned = Command::new("setpriv");
        pinned.args(["--pdeathsig=KILL", "--", "taskset", "--cpu-list", "0"]);
        pinned.arg(command.get_program()).args(command.get_args());
        pinned.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(Self { child: pinned.spawn()? })
    }

    /// What its threads have used so far.
    pub fn threads(&self) -> Outcome<Threads> {
        let mut threads = Threads::new();
        for entry in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let folder = entry?.path();
            // A thread may end between being listed and being read.
            let Ok(times) = fs::read_to_string(folder.join("schedstat")) else { continue };
            let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
            let number = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let used = times.split(' ').next().unwrap_or_default().parse()?;
            threads.insert(number.parse()?, (name.trim().to_owned(), used));
        }
        Ok(threads)
    }

    /// What its threads have used since `earlier`. A thread that ended in between had been idle
    /// for longer than any measurement lasts.
    pub fn spent_since(&self, earlier: &Threads) -> Outcome<Spent> {
        let mut spent = Spent::default();
        for (number, (name, used)) in self.threads()? {
            let before = earlier.get(&number).map_or(0, |(_, used)| *used);
            let delta = Duration::from_nanos(used.saturating_sub(before));
            if name.starts_with("password-") {
                spent.hashing += delta;
            } else {
                spent.serving += delta;
            }
        }
        Ok(spent)
    }

    /// A line of `/proc/PID/status` in KiB: `VmRSS` is the memory in use, `VmHWM` its peak.
    pub fn memory_kib(&self, line: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let found = status.lines().find_map(|own| own.strip_prefix(line)?.strip_prefix(':'));
        let number = found.and_then(|value| value.split_whitespace().next());
        Ok(number.ok_or_else(|| format!("no {line}"))?.parse()?)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine that nobody listens on.
pub fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// Tries until it works, for a minute at most.
pub fn until_it_works<T>(mut attempt: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
