//! Service providers that nobody here wrote: Debian's Shibboleth SP and `mod_auth_mellon`, with the
//! configuration that `docs/saml` shows to operators.

use std::{fs, path::Path, process::Command};

use reqwest::Method;

use crate::{
    apache,
    community::shipped,
    http::client,
    idp::{Output, TestIdp},
    process::{Folder, Process, command, free_port},
    runtime::eventually,
};

/// A site behind a SAML module, on a port of its own: `/secure/` is for people who are signed in,
/// `/open/` for everybody, and both show what the site was told.
pub struct ServiceProvider {
    /// Its origin, without a slash at the end.
    pub origin: String,
    /// The address of its metadata.
    metadata: &'static str,
    /// Where a sign-in begins, up to the address to come back to.
    login: &'static str,
    /// Where a sign-out begins, up to the address to come back to.
    logout: &'static str,
    folder: Folder,
    apache: Process,
    daemon: Option<Process>,
}

impl ServiceProvider {
    /// Shibboleth, configured for this Hilum and not yet registered there.
    pub async fn shibboleth(idp: &TestIdp) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let origin = format!("http://localhost:{port}");
        // Each of its programs looks in a folder of this name.
        let place = folder.path("shibboleth");
        fs::create_dir(&place).expect("a folder");
        for entry in fs::read_dir("/etc/shibboleth").expect("make setup-test installs it") {
            let from = entry.expect("an entry").path();
            // Keys that an administrator made are not ours to read.
            if from.is_file() && from.extension().is_none_or(|kind| kind != "pem") {
                let name = from.file_name().expect("a name");
                fs::copy(&from, place.join(name)).expect("a file can be copied");
            }
        }
        let configuration = shown(idp, &origin, "shibboleth2.xml")
            .replace("handlerSSL=\"true\"", "handlerSSL=\"false\"");
        folder.write("shibboleth/shibboleth2.xml", configuration);
        folder.write("shibboleth/attribute-map.xml", shown(idp, &origin, "attribute-map.xml"));
        for name in ["shibboleth/sp-signing", "shibboleth/sp-encrypt"] {
            make_key(&folder, &format!("{name}-key.pem"), &format!("{name}-cert.pem"));
        }
        // The module in the server would write into the system's log.
        fs::copy(place.join("console.logger"), place.join("native.logger")).expect("a copy");
        let logger = fs::read_to_string(place.join("shibd.logger")).expect("a file of Debian's");
        let logger = logger.replace("/var/log/shibboleth", place.to_str().expect("a path"));
        folder.write("shibboleth/shibd.logger", logger);
        let mut daemon = command(Path::new("/usr/sbin/shibd"));
        daemon.args(["-F", "-f", "-p"]).arg(place.join("shibd.pid"));
        daemon.envs(apache::shibboleth_in(&folder));
        let mut daemon = Process::start(daemon, &folder.path("shibd.out"));
        eventually("shibd listens", || async { place.join("shibd.sock").exists().then_some(()) })
            .await;
        assert!(daemon.is_running(), "shibd ended:\n{}", daemon.log());
        let configuration = shown(idp, &origin, "shibboleth.conf");
        let apache = apache::start(&folder, port, "shib", &configuration).await;
        Self {
            origin,
            metadata: "/Shibboleth.sso/Metadata",
            login: "/Shibboleth.sso/Login?target=",
            logout: "/Shibboleth.sso/Logout?return=",
            folder,
            apache,
            daemon: Some(daemon),
        }
    }

    /// `mod_auth_mellon`, configured for this Hilum and not yet registered there.
    pub async fn mellon(idp: &TestIdp) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let origin = format!("http://localhost:{port}");
        make_key(&folder, "sp.key", "sp.cert");
        let (status, _, ours) = idp.call(Method::GET, "/saml/metadata").send().await;
        assert_eq!(status, 200);
        folder.write("hilum.xml", ours);
        let place = folder.path("");
        let configuration = shown(idp, &origin, "mellon.conf")
            .replace("/etc/apache2/mellon/", place.to_str().expect("a path"))
            + &format!("MellonLockFile \"{}mellon.lock\"\n", place.display());
        let apache = apache::start(&folder, port, "auth_mellon", &configuration).await;
        Self {
            origin,
            metadata: "/mellon/metadata",
            login: "/mellon/login?ReturnTo=",
            logout: "/mellon/logout?ReturnTo=",
            folder,
            apache,
            daemon: None,
        }
    }

    /// An address of the site.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Where a sign-in begins that comes back to `/open/`, with another parameter.
    #[must_use]
    pub fn login(&self, parameter: &str) -> String {
        format!("{0}{1}{0}/open/&{parameter}", self.origin, self.login)
    }

    /// Where a sign-out begins that comes back to `/open/`.
    #[must_use]
    pub fn logout(&self) -> String {
        format!("{0}{1}{0}/open/", self.origin, self.logout)
    }

    /// What the site says about itself.
    pub async fn metadata(&self) -> String {
        let answer = client().get(self.url(self.metadata)).send().await.expect("the site answers");
        assert_eq!(answer.status(), 200, "{}", self.log());
        answer.text().await.expect("a text")
    }

    /// Registers the site with these metadata and decisions, and waits until Hilum knows it. The
    /// decisions let a sign-on begin at Hilum.
    pub async fn register(&self, idp: &TestIdp, metadata: &str, decisions: &str) {
        let metadata = self.folder.write("sp.xml", metadata);
        let decisions = self.folder.write("decisions.json", decisions);
        let path = |file: &Path| file.to_str().expect("a path").to_owned();
        idp.must(&["site", "add", &path(&metadata), "--decisions", &path(&decisions)]);
        eventually("the site is known", || async {
            let page = idp.browser().visit("/saml/start/clinic").await;
            (page.status != 404).then_some(())
        })
        .await;
    }

    /// What all of its programs have said.
    #[must_use]
    pub fn log(&self) -> String {
        let logs = ["apache-error.log", "shibboleth/shibd.log", "shibboleth/transaction.log"];
        let read = |name: &&str| fs::read_to_string(self.folder.path(name)).unwrap_or_default();
        let daemon = self.daemon.as_ref().map(Process::log).unwrap_or_default();
        format!("{}{daemon}{}", self.apache.log(), logs.iter().map(read).collect::<String>())
    }
}

/// A file of `docs/saml` with the addresses of a test.
fn shown(idp: &TestIdp, origin: &str, name: &str) -> String {
    shipped(&format!("docs/saml/{name}"))
        .replace("https://id.example", &idp.origin)
        .replace("https://site.example", origin)
}

/// A key and its certificate, as `shib-keygen` and `mellon_create_metadata` make them.
pub(crate) fn make_key(folder: &Folder, key: &str, certificate: &str) {
    let mut make = Command::new("openssl");
    make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]);
    make.args(["-subj", "/CN=localhost", "-keyout"]).arg(folder.path(key));
    make.arg("-out").arg(folder.path(certificate));
    let made = Output::of(&mut make);
    assert_eq!(made.code, 0, "{made:?}");
}
