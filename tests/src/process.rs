//! The programs under test: started, watched, stopped; and the folders they work in.

use std::{
    env, fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU16, AtomicU32, Ordering},
        mpsc::{Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// A built program, for instance `hilum`.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let built = env::var_os("HILUM_TEST_BIN_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug"),
        PathBuf::from,
    );
    let path = built.join(name);
    assert!(path.exists(), "{} is not built: run cargo build --workspace", path.display());
    path
}

/// A command that ends when we do, even if we are killed.
#[must_use]
pub fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig=KILL", "--"]).arg(program).stdin(Stdio::null());
    command
}

/// A running program. It is killed when this is dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
}

type Order = (Command, SyncSender<io::Result<Child>>);

/// Starts every program: a child ends with the *thread* that started it, and threads of tests are
/// short-lived.
static STARTER: LazyLock<Sender<Order>> = LazyLock::new(|| {
    let (sender, orders) = channel::<Order>();
    thread::spawn(move || {
        for (mut command, answer) in orders {
            // Nobody waits for the answer any more only if the test has failed already.
            let _ = answer.send(command.spawn());
        }
    });
    sender
});

impl Process {
    /// Starts a program whose every word goes to the file `log`.
    #[must_use]
    pub fn start(mut command: Command, log: &Path) -> Self {
        let file = fs::File::options().create(true).append(true).open(log).expect("a log opens");
        command.stdout(file.try_clone().expect("a file can be shared")).stderr(file);
        let (answer, started) = sync_channel(1);
        STARTER.send((command, answer)).expect("the starter runs");
        let child = started.recv().expect("the starter answers").expect("the program starts");
        Self { child, log: log.to_owned() }
    }

    /// Its process number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// All that it said.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Ends it at once, as a power cut would (`SIGKILL`).
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal by name, for instance `TERM`.
    pub fn signal(&self, name: &str) {
        let arguments = [format!("-{name}"), self.id().to_string()];
        let sent = Command::new("kill").args(arguments).status().expect("kill runs");
        assert!(sent.success(), "the signal {name} was not sent");
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "the program did not stop:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder of one test's own, removed when the test ends.
pub struct Folder(PathBuf);

/// Where this run of the suite keeps its folders. What earlier runs left behind is removed.
static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let temporary = env::temp_dir();
    for entry in fs::read_dir(&temporary).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let run = name.to_str().and_then(|name| name.strip_prefix("hilum-suite-"));
        if run.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            // Another run may be removing it, too.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let root = temporary.join(format!("hilum-suite-{}", std::process::id()));
    fs::create_dir_all(&root).expect("a temporary folder can be made");
    root
});

impl Folder {
    /// A new, empty one.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = ROOT.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir(&path).expect("a folder can be made");
        Self(path)
    }

    /// The path of a file in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file can be written");
        path
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A killed program may still be letting go of its files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port on 127.0.0.1 that nobody listens on, below those that the kernel hands out by itself.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 97).expect("below 97") * 113;
    loop {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 12_000 + (start + offset) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
