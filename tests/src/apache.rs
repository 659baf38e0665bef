//! Apache with one module of Debian's, alone in a folder and on a port of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    http::client,
    process::{Folder, Process, command},
    runtime::eventually,
};

/// Where Debian has the server and its modules.
const SERVER: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";

/// What every configuration needs, beside what is built into the server.
const ALWAYS: [&str; 7] =
    ["mpm_event", "authn_core", "authz_core", "authz_user", "dir", "mime", "include"];

/// The only page: what the module tells a program behind it.
const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><title>Site</title>\
    <main><pre id=\"told\"><!--#printenv --></pre></main></html>\n";

/// Starts it with `configuration` on `port`, and shows one page at `/`, `/open` and `/secure`.
///
/// # Panics
/// If it is not installed or does not start.
pub async fn start(folder: &Folder, port: u16, module: &str, configuration: &str) -> Process {
    assert!(Path::new(SERVER).exists(), "{SERVER} is not installed: make setup-test");
    let root = folder.path("");
    let root = root.display();
    for place in ["", "open/", "secure/"] {
        std::fs::create_dir_all(folder.path(&format!("pages/{place}"))).expect("a folder");
        folder.write(&format!("pages/{place}index.shtml"), PAGE);
    }
    let modules: String = ALWAYS
        .iter()
        .chain([&module])
        .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
        .collect();
    // The file of mod_shib declares another name than its own.
    let modules = modules.replace("shib_module", "mod_shib");
    let user = if is_root() { "User www-data\nGroup www-data\n" } else { "" };
    let main = format!(
        "{modules}{user}ServerName http://localhost:{port}\nListen 127.0.0.1:{port}\n\
         UseCanonicalName On\nDefaultRuntimeDir \"{root}\"\nPidFile \"{root}/apache.pid\"\n\
         ErrorLog \"{root}/apache-error.log\"\nLogLevel info\nDocumentRoot \"{root}/pages\"\n\
         TypesConfig /dev/null\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\nDirectoryIndex index.shtml\n\
         <Directory \"{root}/pages\">\nOptions +Includes\nRequire all granted\n</Directory>\n\
         {configuration}"
    );
    let file = folder.write("apache.conf", main);
    let mut server = command(Path::new(SERVER));
    // One process, which ends when it is killed and leaves no workers behind.
    server.args(["-X", "-d"]).arg(folder.path("")).arg("-f").arg(file);
    server.envs(shibboleth_in(folder));
    let mut process = Process::start(server, &folder.path("apache.log"));
    let page = format!("http://127.0.0.1:{port}/");
    eventually("Apache answers", || async {
        let answer = client().get(&page).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    assert!(process.is_running(), "Apache ended:\n{}", process.log());
    process
}

/// Where Shibboleth's programs are to look and to write, instead of in the system's folders.
pub(crate) fn shibboleth_in(folder: &Folder) -> impl Iterator<Item = (&'static str, PathBuf)> {
    let places = ["SHIBSP_CFGDIR", "SHIBSP_RUNDIR", "SHIBSP_LOGDIR", "SHIBSP_CACHEDIR"];
    places.into_iter().map(|variable| (variable, folder.path("")))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout == b"0\n"
}
