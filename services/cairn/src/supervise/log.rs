//! A program's log: everything into a file of bounded size, what matters also to the terminal.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::servers::{Error, Result, progress};

/// A full file becomes `<name>.log.1`, so a program's logs take twice this at most.
const FULL: u64 = 16 * 1024 * 1024;

/// The log of one program.
#[derive(Debug)]
pub(super) struct Log {
    name: String,
    path: PathBuf,
    file: File,
    size: u64,
}

impl Log {
    /// Continues the log `<name>.log` in the folder `dir`.
    pub(super) fn open(dir: &Path, name: &str) -> Result<Self> {
        let path = dir.join(format!("{name}.log"));
        let file = append_to(&path).map_err(Error::io("open", &path))?;
        let size = file.metadata().map_or(0, |file| file.len());
        Ok(Self { name: name.to_owned(), path, file, size })
    }

    /// Where it is.
    pub(super) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Adds a line. A full disk must not stop the service, so a failure to write is let go.
    pub(super) fn write(&mut self, line: &str) {
        if matters(line) {
            progress::say(&self.name, plain(line));
        }
        let line = format!("{line}\n");
        let _ = self.file.write_all(line.as_bytes());
        self.size = self.size.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        if self.size > FULL {
            self.turn();
        }
    }

    fn turn(&mut self) {
        let _ = fs::rename(&self.path, self.path.with_extension("log.1"));
        if let Ok(file) = append_to(&self.path) {
            self.file = file;
        }
        self.size = 0;
    }
}

fn append_to(path: &Path) -> std::io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Whether a person should see this line now: warnings and errors, in both of the formats that services log in (see
/// `CAIRN_LOG_FORMAT`), and panics, which come before any format.
fn matters(line: &str) -> bool {
    const LOUD: [&str; 5] = [r#""level":"WARN""#, r#""level":"ERROR""#, " WARN ", " ERROR ", " panicked at "];
    // The level stands near the start; further on it would be somebody's text.
    let start = line.get(..line.floor_char_boundary(120)).unwrap_or(line);
    LOUD.iter().any(|loud| start.contains(loud))
}

/// A line for people: of one in JSON the level, what happened and why. The file has the rest.
fn plain(line: &str) -> Cow<'_, str> {
    let Ok(said) = serde_json::from_str::<Value>(line) else { return line.into() };
    let word = |name: &str| said.get(name).and_then(Value::as_str);
    match (word("level"), word("message"), word("error").or(word("reason"))) {
        (Some(level), Some(message), Some(why)) => format!("{level} {message}: {why}").into(),
        (Some(level), Some(message), None) => format!("{level} {message}").into(),
        _ => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_errors_and_panics_matter() {
        assert!(matters(r#"{"timestamp":"2026-01-01T00:00:00Z","level":"ERROR","message":"no"}"#));
        assert!(matters("2026-01-01T00:00:00Z  WARN bus: broker away"));
        assert!(matters("thread 'main' panicked at src/main.rs:1:1:"));
    }

    #[test]
    fn news_and_texts_that_only_mention_a_level_do_not() {
        assert!(!matters(r#"{"timestamp":"2026-01-01T00:00:00Z","level":"INFO","message":"ready"}"#));
        assert!(!matters("2026-01-01T00:00:00Z  INFO web: listening"));
        assert!(!matters(&format!("{} ERROR ", "a".repeat(200))));
    }

    #[test]
    fn a_person_reads_what_happened_and_why() {
        let json =
            r#"{"timestamp":"2026-01-01T00:00:00Z","level":"WARN","message":"the relay waits","error":"refused"}"#;
        assert_eq!(plain(json), "WARN the relay waits: refused");
        assert_eq!(plain(r#"{"level":"ERROR","message":"no"}"#), "ERROR no");
        assert_eq!(plain("thread 'main' panicked at src/main.rs:1:1:"), "thread 'main' panicked at src/main.rs:1:1:");
    }

    #[test]
    fn a_full_log_is_set_aside_once() {
        let dir = std::env::temp_dir().join(format!("cairn-log-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let mut log = Log::open(&dir, "catalog").unwrap();
        log.size = FULL;
        log.write("first");
        log.write("second");
        assert_eq!(fs::read_to_string(dir.join("catalog.log.1")).unwrap(), "first\n");
        assert_eq!(fs::read_to_string(dir.join("catalog.log")).unwrap(), "second\n");
        fs::remove_dir_all(dir).unwrap();
    }
}
