//! Hilum on one kind of store, with the demo community and a site for the benchmark.

use std::{
    collections::BTreeMap,
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::{
    Outcome,
    crowd::Crowd,
    process::{Process, free_address, until_it_works},
    site::Site,
    wire::Wire,
};

/// On what Hilum keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// SQLite, and short-lived state in the process.
    Embedded,
    /// PostgreSQL and Redis.
    Servers,
}

/// Hilum, prepared and perhaps running.
pub struct Hilum {
    /// On what it keeps its state.
    pub store: Store,
    /// The public listener.
    pub public: SocketAddr,
    private: SocketAddr,
    /// What belongs to it.
    pub folder: PathBuf,
    /// The process.
    pub process: Option<Process>,
}

/// What Hilum counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// SQL statements.
    pub statements: f64,
    /// Commits.
    pub commits: f64,
    /// Redis commands.
    pub redis: f64,
}

impl Counts {
    /// Combines two, number by number.
    pub fn with(self, other: Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            statements: combine(self.statements, other.statements),
            commits: combine(self.commits, other.commits),
            redis: combine(self.redis, other.redis),
        }
    }
}

impl Hilum {
    /// Makes its database, with the people of the demo and the site of the benchmark.
    pub fn prepare(store: Store, folder: &Path) -> Outcome<Self> {
        let folder = folder.join(format!("{store:?}").to_lowercase());
        fs::create_dir(&folder)?;
        let (public, private) = (free_address()?, free_address()?);
        let hilum = Self { store, public, private, folder, process: None };
        fs::write(hilum.path("hilum.toml"), hilum.config()?)?;
        fs::write(hilum.path("site.json"), hilum.site().registration().to_string())?;
        hilum.run(&["migrate"])?;
        let community = fs::read_to_string("config/demo-community.toml")? + &Crowd::entries()?;
        fs::write(hilum.path("community.toml"), community)?;
        let community = hilum.path("community.toml");
        hilum.run(&["community", "import", community.to_str().ok_or("a path")?])?;
        let site = hilum.path("site.json");
        hilum.run(&["site", "add", site.to_str().ok_or("a path")?])?;
        Ok(hilum)
    }

    fn config(&self) -> Outcome<String> {
        let (database, ephemeral) = match self.store {
            Store::Embedded => {
                let file = self.path("hilum.sqlite");
                (format!("sqlite:{}", file.display()), "embedded".to_owned())
            }
            Store::Servers => (env::var("HILUM_TEST_POSTGRES")?, env::var("HILUM_TEST_REDIS")?),
        };
        let text = |text: &str| json!(text).to_string();
        Ok(format!(
            "public_origin = {}\ndemo = true\n[public]\nlisten = {}\n[private]\nlisten = {}\n\
             [database]\nurl = {}\n[ephemeral]\nstore = {}\n[secrets]\nmaster_key_file = {}\n\
             [outgoing]\nallow_hosts = [\"localhost\"]\n[support]\nphone = \"1-800-555-0100\"\nemail = \"support@hilum.example\"\n\
             address = \"1 Capitol Way, Olympia WA 98501\"\n",
            text(&self.site().issuer()),
            text(&self.public.to_string()),
            text(&self.private.to_string()),
            text(&database),
            text(&ephemeral),
            text(&self.path("master.key").display().to_string()),
        ))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The site of the benchmark.
    pub fn site(&self) -> Site {
        Site { host: format!("localhost:{}", self.public.port()) }
    }

    fn command(&self, arguments: &[&str]) -> Outcome<Command> {
        let folder = PathBuf::from(env::var("HILUM_TEST_BIN_DIR")?);
        let mut command = Command::new(folder.join("hilum"));
        command.args(arguments).arg("--config").arg(self.path("hilum.toml"));
        Ok(command)
    }

    /// Runs a command of `hilum` with its configuration.
    pub fn run(&self, arguments: &[&str]) -> Outcome<()> {
        let output = self.command(arguments)?.output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("hilum {arguments:?}: {said}").into())
    }

    /// Starts it and waits until it is ready.
    pub fn start(&mut self) -> Outcome<()> {
        self.process = None;
        let mut process = Process::start(&self.command(&["serve"])?, &self.path("hilum.log"))?;
        let ready = until_it_works(|| {
            if !process.is_running() {
                return Ok(false);
            }
            self.private()?.expect(200, ("GET", "/readyz", "", ""))?;
            Ok(true)
        })?;
        self.process = Some(process);
        if ready {
            return Ok(());
        }
        Err(format!("hilum ended: {}", fs::read_to_string(self.path("hilum.log"))?).into())
    }

    /// Starts it and does not wait.
    pub fn launch(&mut self) -> Outcome<()> {
        self.process = None;
        let process = Process::start(&self.command(&["serve"])?, &self.path("hilum.log"))?;
        self.process = Some(process);
        Ok(())
    }

    /// The process.
    pub fn running(&self) -> Outcome<&Process> {
        Ok(self.process.as_ref().ok_or("hilum does not run")?)
    }

    /// A connection to the public listener.
    pub fn connect(&self) -> Outcome<Wire> {
        Wire::connect(self.public, &self.site().host)
    }

    fn private(&self) -> Outcome<Wire> {
        Wire::connect(self.private, &self.private.to_string())
    }

    /// What it has counted so far.
    pub fn counts(&self) -> Outcome<Counts> {
        let answer = self.private()?.expect(200, ("GET", "/metrics", "", ""))?;
        let text = String::from_utf8(answer.body)?;
        let numbers: BTreeMap<&str, &str> =
            text.lines().filter_map(|line| line.rsplit_once(' ')).collect();
        let number = |name| -> Outcome<f64> { Ok(numbers.get(name).ok_or(name)?.parse()?) };
        Ok(Counts {
            statements: number("hilum_sql_statements_total{work=\"request\"}")?,
            commits: number("hilum_sql_commits_total{work=\"request\"}")?,
            redis: number("hilum_redis_commands_total")?,
        })
    }
}
