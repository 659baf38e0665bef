//! The master key: the one secret that is in no database.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretBox};
use zeroize::Zeroizing;

use super::reader::{Reader, Value};
use crate::random::Random;

/// `[secrets]`.
#[derive(Debug)]
pub struct Secrets {
    /// What the file of `master_key_file` holds.
    pub master_key: MasterKey,
}

/// 32 random bytes that everything secret in the database is encrypted under. Whoever has a copy
/// of the database but not this key can sign nobody in.
#[derive(Debug)]
pub struct MasterKey(SecretBox<[u8; 32]>);

/// Why a file holds no usable master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("holds an example, not a random key: make one with `hilum secret new FILE`")]
    Example,
    #[error("exists already, and whatever is encrypted under its key would be lost")]
    Exists,
    #[error("must hold 32 bytes in base64: make such a file with `hilum secret new FILE`")]
    Malformed,
    #[error("does not exist: make it with `hilum secret new FILE`")]
    Missing,
    #[error("can be read by other users of this machine: run `chmod 600 FILE`")]
    TooOpen,
    #[error("cannot be used: {0}")]
    Unreadable(#[source] io::Error),
}

impl From<io::Error> for MasterKeyError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::AlreadyExists {
            Self::Exists
        } else if error.kind() == io::ErrorKind::NotFound {
            Self::Missing
        } else {
            Self::Unreadable(error)
        }
    }
}

impl MasterKey {
    /// The key, for the cipher that uses it.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    /// Reads the key of a file.
    ///
    /// # Errors
    /// [`MasterKeyError`], unless the file is ours alone and holds 32 bytes that somebody drew.
    pub fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let file = File::open(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Err(MasterKeyError::TooOpen);
        }
        let mut text = Zeroizing::new(String::new());
        // A key is 44 characters; a longer file is something else, whatever its length.
        file.take(256).read_to_string(&mut text)?;
        let decoded = STANDARD.decode(text.trim()).map_err(|_| MasterKeyError::Malformed)?;
        let decoded = Zeroizing::new(decoded);
        let bytes: [u8; 32] =
            decoded.as_slice().try_into().map_err(|_| MasterKeyError::Malformed)?;
        if is_example(&bytes) {
            return Err(MasterKeyError::Example);
        }
        Ok(Self(SecretBox::new(Box::new(bytes))))
    }

    /// Draws a key and writes it to a new file that only we can read.
    ///
    /// # Errors
    /// [`MasterKeyError::Exists`] if there is such a file already: it is never overwritten.
    pub fn create(path: &Path, random: &Random) -> Result<(), MasterKeyError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        // Whoever finds the file must find a whole key, so it gets its name last. A link, unlike a
        // rename, replaces nothing.
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{}", random.reference()));
        let draft = PathBuf::from(draft);
        let linked = write_key(&draft, random).and_then(|()| fs::hard_link(&draft, path));
        let removed = fs::remove_file(&draft);
        linked?;
        Ok(removed?)
    }
}

/// Writes a drawn key to a new file that only we can read.
fn write_key(path: &Path, random: &Random) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let bytes = Zeroizing::new(random.bytes::<32>());
    let text = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
    writeln!(file, "{}", text.as_str())?;
    file.sync_all()
}

/// Whether every byte differs from the one before it by the same amount: all zeros, all the same,
/// counted up or down. A drawn key is one of these with a chance of 2 to the power of -240.
fn is_example(bytes: &[u8; 32]) -> bool {
    let mut steps = bytes.iter().zip(bytes.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a));
    let first = steps.next();
    steps.all(|step| Some(step) == first)
}

impl Secrets {
    /// Reads the key; in demo mode it is made at the first start.
    pub(super) fn read(reader: &mut Reader, demo: bool) -> Option<Self> {
        const KEY: &str = "secrets.master_key_file";
        let accepts = "the path of a file made with `hilum secret new FILE`";
        let path =
            reader.required(KEY, accepts, |value: &Value| value.text().map(PathBuf::from))?;
        match master_key(&path, demo) {
            Ok(master_key) => Some(Self { master_key }),
            Err(error) => {
                reader.mistake(KEY, format!("names {}, which {error}", path.display()));
                None
            }
        }
    }
}

fn master_key(path: &Path, demo: bool) -> Result<MasterKey, MasterKeyError> {
    match MasterKey::read(path) {
        Err(MasterKeyError::Missing) if demo => {
            match MasterKey::create(path, &Random::new()) {
                // Another process was faster.
                Ok(()) | Err(MasterKeyError::Exists) => MasterKey::read(path),
                Err(error) => Err(error),
            }
        }
        outcome => outcome,
    }
}
