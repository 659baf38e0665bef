//! Passage, the example site that speaks SAML: as `make run` starts it, on a port of its own.

use std::path::Path;

use crate::{
    community::shipped,
    http::client,
    idp::TestIdp,
    process::{Folder, Process, binary, command, free_port},
    runtime::eventually,
    service_provider::make_key,
};

/// The site, registered at one Hilum.
pub struct Passage {
    /// Its origin, without a slash at the end.
    pub origin: String,
    process: Process,
    _folder: Folder,
}

impl Passage {
    /// Starts `config/NAME.toml` and registers it with `config/NAME-decisions.json`. Waits until
    /// Hilum knows it.
    pub async fn start(idp: &TestIdp, name: &str) -> Self {
        Self::start_with(idp, name, |metadata| metadata).await
    }

    /// The same with its metadata changed before they are registered.
    pub async fn start_with(idp: &TestIdp, name: &str, change: impl Fn(String) -> String) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        make_key(&folder, "passage.key", "passage.crt");
        let place = folder.path("");
        let mut config = shipped(&format!("config/{name}.toml"))
            .replace("data/", place.to_str().expect("a path"))
            .replace("http://localhost:8080", &idp.origin);
        for demo_port in ["8092", "8095"] {
            config = config.replace(demo_port, &port.to_string());
        }
        let file = folder.write("passage.toml", config);
        let mut site = command(&binary("passage"));
        site.arg("--config").arg(file);
        let process = Process::start(site, &folder.path("passage.log"));
        let origin = format!("http://localhost:{port}");
        let address = format!("{origin}/saml/metadata");
        let metadata = eventually("Passage answers", || async {
            client().get(&address).send().await.ok()?.text().await.ok()
        })
        .await;
        let metadata = folder.write("metadata.xml", change(metadata));
        let decisions = shipped(&format!("config/{name}-decisions.json"));
        let decisions = folder.write("decisions.json", decisions);
        let path = |file: &Path| file.to_str().expect("a path").to_owned();
        idp.must(&["site", "add", &path(&metadata), "--decisions", &path(&decisions)]);
        let this = Self { origin, process, _folder: folder };
        eventually("the site is known", || async {
            let answer = client().get(this.url("/login")).send().await.ok()?;
            let asked = answer.headers().get("location")?.to_str().ok()?;
            let answer = client().get(asked).send().await.ok()?;
            (answer.status() != 400).then_some(())
        })
        .await;
        this
    }

    /// An address of the site.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// All that it said.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}
