//! What is kept of the set-up.

use std::{fs, io, path::Path};

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use url::Url;

/// The file.
const FILE: &str = "system.json";

/// A system that was set up, as Hilum told it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct System {
    /// Its name at Hilum.
    pub client_id: String,
    /// Hilum.
    pub issuer: Url,
    /// What it may ask for.
    pub scope: String,
    /// When it ends, in seconds since 1970.
    expires_at: i64,
}

impl System {
    /// The system of an earlier set-up.
    ///
    /// # Errors
    /// With what to do, if there is none.
    pub(crate) fn load(folder: &Path) -> Result<Self, String> {
        let file = folder.join(FILE);
        let text = fs::read_to_string(&file).map_err(|error| {
            format!("{}: {error}\nRun `hie-client set-up` first.", file.display())
        })?;
        serde_json::from_str(&text)
            .map_err(|error| format!("{}: {error}\nSet the system up again.", file.display()))
    }

    /// Keeps it for the next calls.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        fs::write(folder.join(FILE), serde_json::to_string_pretty(self)?)
    }

    /// The day on which it ends.
    pub(crate) fn ends_on(&self) -> String {
        let at = DateTime::from_timestamp(self.expires_at, 0).unwrap_or_default();
        at.format("%-d %B %Y").to_string()
    }
}
