//! HIE gateway and its client, the example of an API: as `make run` starts them, on a port of their own.

use std::net::SocketAddr;

use serde_json::Value;

use crate::{
    community::{demo, shipped},
    http::{Json, client},
    idp::{Output, TestIdp},
    process::{Folder, Process, binary, command, free_port},
    runtime::eventually,
    site::Site,
};

/// The gateway, registered at one Hilum.
pub struct Gateway {
    /// Its origin, without a slash at the end.
    pub origin: String,
    process: Process,
    _folder: Folder,
}

/// An installed system, as its files lie on a machine.
pub struct SystemOf {
    /// Its name at Hilum.
    pub id: String,
    folder: Folder,
}

impl Gateway {
    /// Starts `config/hie-gateway.toml`; tells Hilum where it is.
    pub async fn start(idp: &TestIdp) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let here = |text: String| text.replace("8093", &port.to_string());
        let community = folder.write("community.toml", here(demo()));
        idp.must(&["community", "import", community.to_str().expect("a path")]);
        let config = here(shipped("config/hie-gateway.toml"));
        let config = config.replace("http://localhost:8080", &idp.origin);
        let file = folder.write("hie-gateway.toml", config);
        let mut gateway = command(&binary("hie-gateway"));
        gateway.arg("--config").arg(file);
        let process = Process::start(gateway, &folder.path("hie-gateway.log"));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        eventually("the gateway listens", || async {
            tokio::net::TcpStream::connect(address).await.ok()
        })
        .await;
        let this = Self { origin: format!("http://localhost:{port}"), process, _folder: folder };
        let site = this.site(idp);
        idp.wait_for_site(&site, site.address, true).await;
        this
    }

    /// The site that it is at Hilum.
    #[must_use]
    pub fn site(&self, idp: &TestIdp) -> Site {
        let redirect_uri = format!("{}/callback", self.origin);
        Site { redirect_uri, ..idp.site("hie-gateway") }
    }

    /// Calls it with a token.
    pub async fn call(&self, path: &str, token: &str) -> Json {
        let request = client().get(format!("{}{path}", self.origin)).bearer_auth(token);
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        Json::of((status, headers, answer.bytes().await.expect("a body").to_vec()))
    }

    /// All that it said.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

impl SystemOf {
    /// Makes a system of Cedar Falls for an Administrator and installs it, as its installer would.
    #[must_use]
    pub fn install(idp: &TestIdp, scopes: &[&str]) -> Self {
        let (id, code) = Self::create(idp, scopes);
        let this = Self::elsewhere(&id);
        let said = this.set_up(idp, &code);
        assert_eq!(said.code, 0, "{said:?}");
        this
    }

    /// A machine on which the system is still to be set up.
    #[must_use]
    pub fn elsewhere(id: &str) -> Self {
        Self { id: id.to_owned(), folder: Folder::new() }
    }

    /// Runs `hilum system create`; the system's name and its code.
    #[must_use]
    pub fn create(idp: &TestIdp, scopes: &[&str]) -> (String, String) {
        let mut arguments = vec![
            "system",
            "create",
            "--organization",
            "org_cedar-falls",
            "--asked-by",
            "administrator",
            "--name",
            "Cedar Falls EHR",
            "--purpose",
            "TREAT",
        ];
        for scope in scopes {
            arguments.extend(["--scope", scope]);
        }
        let said = idp.must(&arguments).stdout;
        let (id, code) = said.trim().split_once(' ').expect("a name and a code");
        (id.to_owned(), code.to_owned())
    }

    /// Brings the key of this machine.
    #[must_use]
    pub fn set_up(&self, idp: &TestIdp, code: &str) -> Output {
        // Typed, as people do it: an argument would stand in the list of processes.
        let typed = self.folder.write("code", code);
        let mut client = self.command(&["set-up", "--issuer", &idp.origin, "--id", &self.id]);
        client.stdin(std::fs::File::open(typed).expect("what is typed"));
        Output::of(&mut client)
    }

    /// Runs `hie-client`.
    #[must_use]
    pub fn client(&self, arguments: &[&str]) -> Output {
        Output::of(&mut self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut client = std::process::Command::new(binary("hie-client"));
        client.arg("--folder").arg(self.folder.path("system")).args(arguments);
        client
    }

    /// Gets a token; every scope that the system has if `scope` names none.
    #[must_use]
    pub fn token(&self, scope: Option<&str>) -> Output {
        match scope {
            Some(scope) => self.client(&["token", "--scope", scope]),
            None => self.client(&["token"]),
        }
    }

    /// The same, which must succeed.
    #[must_use]
    pub fn must_token(&self) -> String {
        let said = self.token(None);
        assert_eq!(said.code, 0, "{said:?}");
        said.stdout.trim().to_owned()
    }

    /// Runs a command of `hilum system` about this system for its Administrator.
    #[must_use]
    pub fn ask(&self, idp: &TestIdp, what: &str) -> Output {
        let organization = ["--organization", "org_cedar-falls", "--asked-by", "administrator"];
        idp.must(&[&["system", what, &self.id], &organization[..]].concat())
    }
}

/// A document that a program wrote to its standard output.
#[must_use]
pub fn document(said: &Output) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}
