//! Hilum under test: one node or several over one database, with a clock that can be moved.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU16, Ordering},
};

use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::{
    backend::Backend,
    browser::Browser,
    claims::{claims_of, now},
    database::Database,
    http::Outgoing,
    metrics::Metrics,
    process::{Folder, Process, binary, command, free_port},
    record::Record,
    runtime::eventually,
    settings::Settings,
    site::Site,
    standing, template,
};

/// Hilum with a database of its own.
pub struct TestIdp {
    /// On what it keeps its state.
    pub backend: Backend,
    /// The origin that people and sites know, which is also the issuer.
    pub origin: String,
    /// Looked at first when the test is over.
    pub(crate) record: Record,
    /// Its database.
    pub database: Database,
    folder: Folder,
    settings: Settings,
    nodes: Vec<Node>,
}

/// One process.
pub struct Node {
    /// The public listener.
    pub public: SocketAddr,
    /// The private listener.
    pub private: SocketAddr,
    process: Process,
}

/// What a command said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit code.
    pub code: i32,
    /// Its answer.
    pub stdout: String,
    /// What it had to say beside that.
    pub stderr: String,
}

impl TestIdp {
    /// One node with the demo community and the standing sites.
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, Settings::new()).await
    }

    /// The same with other settings.
    pub async fn start_with(backend: Backend, settings: Settings) -> Self {
        let template = template::of(backend).await;
        let folder = Folder::new();
        fs::copy(template.folder.path("master.key"), folder.path("master.key")).expect("a key");
        let database = Database::create(backend, &folder.path(""), Some(&template.database));
        let mut idp = Self::with(backend, settings, folder, database);
        idp.start_first().await;
        idp
    }

    /// Hilum with an empty database and no node yet.
    #[must_use]
    pub fn empty(backend: Backend, settings: Settings) -> Self {
        let folder = Folder::new();
        let database = Database::create(backend, &folder.path(""), None);
        Self::with(backend, settings, folder, database)
    }

    fn with(backend: Backend, settings: Settings, folder: Folder, database: Database) -> Self {
        let origin = format!("http://localhost:{}", free_port());
        let record = Record::new(folder.path("hilum.toml"), &settings);
        let idp = Self { backend, origin, record, database, folder, settings, nodes: Vec::new() };
        idp.folder.write("hilum.toml", idp.config());
        idp.folder.write("clock", "0");
        idp
    }

    fn config(&self) -> String {
        let port = self.origin.rsplit(':').next().unwrap_or_default();
        let path = |name: &str| self.folder.path(name).display().to_string();
        let via = (self.settings.database_via, self.settings.redis_via);
        let store = match self.backend {
            Backend::Sqlite => "embedded".to_owned(),
            Backend::PostgresRedis => redis_url(via.1),
        };
        format!(
            "public_origin = \"{}\"\ndemo = true\n\
             [clock]\noffset_file = \"{}\"\n\
             [public]\nlisten = \"127.0.0.1:{port}\"\n\
             [private]\nlisten = \"127.0.0.1:{}\"\n\
             [database]\nurl = \"{}\"\n\
             [ephemeral]\nstore = \"{store}\"\n\
             [secrets]\nmaster_key_file = \"{}\"\n\
             [outgoing]\nallow_hosts = [\"localhost\", \"127.0.0.1\"]\n\
             [support]\nphone = \"1-800-555-0100\"\nemail = \"support@hilum.example\"\n\
             address = \"Hilum support, 1 Harbor Street, Olympia WA 98501\"\n\
             # All tests come from one address.\n\
             [throttle]\nsign_in_failures = 100000\nclient_failures = 100000\n\
             [challenge]\nbits = 8\n\
             [log]\nfilter = \"info,hilum=debug\"\n",
            self.origin,
            path("clock"),
            free_port(),
            self.database.url(via.0),
            path("master.key"),
        )
    }

    /// The folder with configuration, key and logs.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.path("hilum.toml")
    }

    /// Starts the node that listens where the origin says.
    pub async fn start_first(&mut self) {
        let port = self.origin.rsplit(':').next().and_then(|port| port.parse().ok());
        self.start_node(port.expect("a port")).await;
    }

    /// Starts one more node over the same database.
    pub async fn add_node(&mut self) {
        self.start_node(free_port()).await;
    }

    async fn start_node(&mut self, port: u16) {
        let public = SocketAddr::from(([127, 0, 0, 1], port));
        let private = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut node = Node { public, private, process: self.serve(public, private) };
        node.wait_until_ready().await;
        self.nodes.push(node);
    }

    /// Starts `hilum serve` and does not wait for it.
    #[must_use]
    pub fn serve(&self, public: SocketAddr, private: SocketAddr) -> Process {
        let mut serve = command(&binary("hilum"));
        serve.args(["serve", "--config"]).arg(self.config_file());
        serve.envs(self.settings.variables.iter().cloned());
        serve.env("HILUM__PUBLIC__LISTEN", public.to_string());
        serve.env("HILUM__PRIVATE__LISTEN", private.to_string());
        Process::start(serve, &self.folder.path(&format!("{}.log", public.port())))
    }

    /// Changes the settings that nodes are started with from now on.
    pub fn change(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Its nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node, to be killed or stopped.
    pub fn node(&mut self, number: usize) -> &mut Process {
        &mut self.nodes[number].process
    }

    /// Starts a node that was killed or stopped again, where it was.
    pub async fn restart(&mut self, number: usize) {
        let (public, private) = (self.nodes[number].public, self.nodes[number].private);
        self.nodes[number].process = self.serve(public, private);
        self.nodes[number].wait_until_ready().await;
    }

    /// A browser without cookies.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(&self.origin, self.nodes[0].public)
    }

    /// An address of Hilum.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        Url::parse(&self.origin).and_then(|origin| origin.join(path)).expect("a path")
    }

    /// A bare request to the first node.
    #[must_use]
    pub fn call(&self, method: Method, path: &str) -> Outgoing {
        Outgoing::new(method, &self.url(path), self.nodes[0].public)
    }

    /// A site of the demo community or a standing one.
    #[must_use]
    pub fn site(&self, client_id: &str) -> Site {
        self.site_as(client_id, standing::known(client_id))
    }

    fn site_as(
        &self,
        client_id: &str,
        (redirect_uri, scope, authentication): (String, String, crate::Authentication),
    ) -> Site {
        Site {
            issuer: self.origin.clone(),
            address: self.nodes[0].public,
            client_id: client_id.to_owned(),
            redirect_uri,
            scope,
            authentication,
        }
    }

    /// Registers a site with the usual fields and `more` over them, and waits until every node
    /// knows it.
    pub async fn add_site(&self, client_id: &str, more: &Value) -> Site {
        let document = standing::registration(client_id, more);
        let added = self.register(&document);
        assert_eq!(added.code, 0, "{added:?}");
        let site = self.site_as(client_id, standing::described(&document));
        for node in &self.nodes {
            self.wait_for_site(&site, node.public, true).await;
        }
        site
    }

    /// Waits until a node knows a site, or no longer does.
    pub async fn wait_for_site(&self, site: &Site, node: SocketAddr, known: bool) {
        eventually(&format!("{} known: {known}", site.client_id), || async {
            let mut browser = self.browser().at(node);
            let page = browser.get(&site.request().with("prompt", "none").url()).await;
            ((page.status != 400) == known).then_some(())
        })
        .await;
    }

    /// Runs `hilum site add`.
    #[must_use]
    pub fn register(&self, document: &Value) -> Output {
        let name = format!("{}.json", document["client_id"].as_str().unwrap_or("site"));
        let file = self.folder.write(&name, document.to_string());
        self.cli(&["site", "add", file.to_str().expect("a path")])
    }

    /// Runs a command of `hilum` with this configuration.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> Output {
        hilum(arguments, &self.config_file(), &self.settings.variables)
    }

    /// Runs a command and expects it to succeed.
    pub fn must(&self, arguments: &[&str]) -> Output {
        let output = self.cli(arguments);
        assert_eq!(output.code, 0, "hilum {arguments:?}: {output:?}");
        output
    }

    /// Moves the clock of every node to `seconds` after the machine's, and waits until they have
    /// noticed.
    pub async fn set_clock(&self, seconds: i64) {
        self.folder.write("clock", seconds.to_string());
        for node in &self.nodes {
            let machine = self.site("machine").at(node.public);
            eventually("the clock is moved", || async {
                let token = machine.client_credentials().await;
                let issued = claims_of(token.body["access_token"].as_str()?)["iat"].as_i64()?;
                ((issued - now() - seconds).abs() <= 3).then_some(())
            })
            .await;
        }
    }

    /// Database and folder, without any node.
    #[must_use]
    pub(crate) fn take(self) -> (Database, Folder) {
        (self.database, self.folder)
    }

    /// What a node has counted.
    pub async fn metrics(&self, number: usize) -> Metrics {
        let (status, text) = self.private(number, "/metrics").await;
        assert_eq!(status, 200);
        Metrics::parse(&text)
    }

    /// Asks the private listener of a node.
    pub async fn private(&self, number: usize, path: &str) -> (u16, String) {
        let private = self.nodes[number].private;
        let url = Url::parse(&format!("http://{private}{path}")).expect("an address");
        let (status, _, body) = Outgoing::new(Method::GET, &url, private).send().await;
        (status.as_u16(), String::from_utf8_lossy(&body).into_owned())
    }

    /// Empties Redis, as if it had been lost.
    pub async fn forget_short_lived(&self) {
        let answer = self.redis("FLUSHDB").await.expect("Redis is in use");
        assert!(answer.matches("+OK").count() >= 3, "{answer}");
    }

    /// All that Redis holds; `None` where the node keeps it to itself.
    pub async fn short_lived(&self) -> Option<String> {
        let all = "local all = '' for _, key in ipairs(redis.call('KEYS', '*')) do \
                   local value = redis.pcall('GET', key) \
                   if type(value) == 'string' then all = all .. value end end return all";
        self.redis(&format!("EVAL \"{all}\" 0")).await
    }

    async fn redis(&self, command: &str) -> Option<String> {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let config = fs::read_to_string(self.config_file()).expect("a configuration");
        let url = config.lines().find_map(|line| line.strip_prefix("store = \""));
        let url = Url::parse(url.expect("a store").trim_end_matches('"')).ok()?;
        let password = url.password().unwrap_or_default();
        let number = url.path().trim_start_matches('/');
        let address = Backend::server_of(url.as_str());
        let mut redis = tokio::net::TcpStream::connect(address).await.expect("Redis");
        let commands = format!("AUTH {password}\r\nSELECT {number}\r\n{command}\r\nQUIT\r\n");
        redis.write_all(commands.as_bytes()).await.expect("Redis listens");
        let mut answer = Vec::new();
        redis.read_to_end(&mut answer).await.expect("Redis answers");
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    /// What all nodes have said so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.nodes.iter().map(|node| node.process.log()).collect()
    }
}

impl Node {
    async fn wait_until_ready(&mut self) {
        let url = Url::parse(&format!("http://{}/readyz", self.private)).expect("an address");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let answer = Outgoing::new(Method::GET, &url, self.private).try_send().await;
            if answer.is_ok_and(|(status, ..)| status == 200) {
                return;
            }
            assert!(self.process.is_running(), "a node ended:\n{}", self.process.log());
            assert!(std::time::Instant::now() < deadline, "not ready:\n{}", self.process.log());
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

impl Output {
    /// Runs a command to its end.
    #[must_use]
    pub fn of(command: &mut std::process::Command) -> Self {
        let output = command.output().expect("the program starts");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command of `hilum` with this configuration.
pub(crate) fn hilum(arguments: &[&str], config: &Path, variables: &[(String, String)]) -> Output {
    let mut command = std::process::Command::new(binary("hilum"));
    command.args(arguments).arg("--config").arg(config);
    command.envs(variables.iter().cloned()).current_dir(repository());
    Output::of(&mut command)
}

/// The root of the repository.
#[must_use]
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One of Redis' databases, for one Hilum alone: two in one database would count each other's
/// failures.
fn redis_url(via: Option<SocketAddr>) -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let mut url = Url::parse(&Backend::redis().expect("HILUM_TEST_REDIS is set")).expect("a URL");
    if let Some(via) = via {
        url.set_port(Some(via.port())).expect("a port");
    }
    url.set_path(&NEXT.fetch_add(1, Ordering::Relaxed).to_string());
    url.into()
}
