//! What is not in `idp-core`: no web, database or async crate, no clock, no randomness, no waiting.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Names, or beginnings of names, of crates that would bring in the network, a database or a
/// runtime.
const STRANGERS: &[&str] = &[
    "actix",
    "async",
    "axum",
    "diesel",
    "futures",
    "h2",
    "http",
    "hyper",
    "libsqlite3",
    "mio",
    "openidconnect",
    "postgres",
    "pq-sys",
    "r2d2",
    "redis",
    "reqwest",
    "rocket",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "tokio",
    "tower",
    "warp",
];

/// What only the shell may do.
const DEEDS: &[&str] = &[
    "async fn",
    "Instant::now",
    "rand::",
    "std::env",
    "std::fs",
    "std::process",
    "std::thread",
    "SystemRandom",
    "SystemTime::now",
    "TcpStream",
    "UdpSocket",
    "Utc::now",
];

#[test]
fn it_depends_on_no_web_database_or_async_crate() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--offline", "--edges=normal", "--prefix=none", "--format={p}"])
        .arg("--manifest-path")
        .arg(manifest)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    // The tree was read: what we know to be there is there.
    assert!(names.contains(&"idp-core") && names.contains(&"serde"), "{tree}");
    for stranger in STRANGERS {
        let found = names.iter().find(|name| name.starts_with(stranger));
        assert_eq!(found, None, "idp-core depends on it; `cargo tree -i` says through whom");
    }
}

#[test]
fn it_reads_no_clock_draws_no_randomness_and_waits_for_nothing() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // Tests stand last, or in files of their own, and may do what they like.
            let rules = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let is_test = path.ends_with("tests.rs") || path.ends_with("testing.rs");
            for deed in DEEDS.iter().filter(|_| !is_test) {
                assert!(!rules.contains(deed), "{} has {deed}", path.display());
            }
            read += 1;
        }
    }
    assert!(read > 10, "only {read} files read");
}
