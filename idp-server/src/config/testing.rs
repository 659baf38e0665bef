//! Settings for the tests of other rooms.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use super::{Config, MasterKey, load::parse};
use crate::random::Random;

/// A folder of one test's own, removed when the test ends.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("hilum-test-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, content: &str, mode: u32) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The path of a master key.
    pub fn key(&self) -> String {
        let path = self.0.join("master.key");
        if !path.exists() {
            MasterKey::create(&path, &Random::new()).unwrap();
        }
        path.to_str().unwrap().to_owned()
    }

    /// The least that a file must say, with a key that is there.
    pub fn least(&self) -> String {
        format!(
            "public_origin = \"http://localhost:8080\"\n\
             public.listen = \"127.0.0.1:8080\"\n\
             database.url = \"sqlite:{}/hilum.sqlite\"\n\
             secrets.master_key_file = \"{}\"\n\
             support.phone = \"1-800-555-0100\"\n\
             support.email = \"a@b\"\n\
             support.address = \"1 Main Street\"\n\
             mail.host = \"smtp.example.org\"\n\
             mail.from = \"Hilum <no-reply@example.org>\"\n",
            self.0.display(),
            self.key()
        )
    }

    /// The least, and `variables` over it as the environment would give them.
    pub fn config(&self, variables: &[(&str, &str)]) -> Config {
        parse(&self.least(), environment(variables)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Variables as the process would find them.
pub fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}
