//! Passwords nobody has to think of: made once, kept beside the data they open.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Error, Result};

/// The secret in `path`, made on first use. Hexadecimal: it needs no quoting in a URL, a shell or a config file.
pub(super) fn keep(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(secret) if !secret.trim().is_empty() => Ok(secret.trim().to_owned()),
        Ok(_) => make(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(path),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// Writes a file that only its owner may read, replacing what was there.
pub(crate) fn write(path: &Path, content: &str) -> Result<()> {
    // A fresh file: an old one would keep its old mode, and Erlang's cookie cannot be opened for writing.
    let _ = fs::remove_file(path);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(Error::io("write", path))
}

/// Sixteen random bytes as text.
pub(super) fn random() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn make(path: &Path) -> Result<String> {
    let secret = random()?;
    write(path, &secret)?;
    Ok(secret)
}
