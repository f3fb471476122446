//! The settings of a running `cairn up`, kept in `<data>/env` while it runs, so that other commands find it.
//!
//! The file is shell code, as `cairn servers start` writes it: `. .cairn/env` gives a shell the same settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kernel::config::{Config, ConfigError, SETTINGS};

use crate::servers::{Result, secret};

const FILE: &str = "env";

/// Writes the settings down, for the owner only: there are passwords among them.
pub(crate) fn note(data: &Path, settings: &[(String, String)]) -> Result<()> {
    let lines: String = settings.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    secret::write(&data.join(FILE), &lines)
}

/// Takes them away: what they name has stopped.
pub(crate) fn forget(data: &Path) {
    let _gone_already = std::fs::remove_file(data.join(FILE));
}

/// Why there is nothing to talk to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFound {
    /// Nothing has noted its settings here, and the environment names no database.
    #[error("nothing runs in {}: start it with `make up`, name another folder with --data, or set CAIRN_DATABASE_URL", .0.display())]
    Nothing(PathBuf),
    /// What was found is no configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// The configuration of what runs in this folder; our own environment is stronger, and enough by itself.
pub(crate) fn config(data: &Path) -> std::result::Result<Config, NotFound> {
    let settings = settings(data);
    if !settings.keys().any(|name| name.starts_with("CAIRN_DATABASE_URL")) {
        return Err(NotFound::Nothing(data.to_owned()));
    }
    Ok(Config::from_pairs(settings)?)
}

/// The configuration of what runs in this folder, whatever our own environment says.
pub(crate) fn noted(data: &Path) -> std::result::Result<Config, NotFound> {
    let text = std::fs::read_to_string(data.join(FILE)).map_err(|_| NotFound::Nothing(data.to_owned()))?;
    Ok(Config::from_pairs(read(&text))?)
}

/// The file with the master key, unless the key itself is among the settings.
pub(crate) fn key_file(data: &Path) -> Option<PathBuf> {
    let (key, file) = ("CAIRN_MASTER_KEY", "CAIRN_MASTER_KEY_FILE");
    let settings = settings(data);
    let given = |name| settings.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let default = || SETTINGS.iter().find(|setting| setting.name == file).map(|setting| setting.default);
    if given(key).is_some() { None } else { given(file).or_else(default).map(PathBuf::from) }
}

fn settings(data: &Path) -> BTreeMap<String, String> {
    let mut settings = read(&std::fs::read_to_string(data.join(FILE)).unwrap_or_default());
    settings.extend(std::env::vars().filter(|(name, _)| name.starts_with("CAIRN_")));
    settings
}

fn read(text: &str) -> BTreeMap<String, String> {
    let settings = text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    settings.map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

/// A value as a shell reads it back; most need no quotes.
fn quoted(value: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_-+=:/.,@%".contains(c);
    if value.chars().all(harmless) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

fn plain(value: &str) -> String {
    match value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')) {
        Some(inside) => inside.replace(r"'\''", "'"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_back_by_us_and_by_a_shell() {
        let dir = std::env::temp_dir().join(format!("cairn-running-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let values = ["postgres://u:p@127.0.0.1:7432/cairn", "a, b", "it's", "$HOME `x` \"y\"", ""];
        let settings: Vec<_> =
            values.iter().enumerate().map(|(n, value)| (format!("CAIRN_{n}"), (*value).to_owned())).collect();
        note(&dir, &settings).unwrap();
        let text = std::fs::read_to_string(dir.join(FILE)).unwrap();
        assert_eq!(read(&text).into_iter().collect::<Vec<_>>(), settings);
        for (name, value) in &settings {
            let script = format!(". ./{FILE} && printf %s \"${name}\"");
            let said = std::process::Command::new("sh").args(["-c", &script]).current_dir(&dir).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), *value);
        }
        forget(&dir);
        assert!(!dir.join(FILE).exists());
        std::fs::remove_dir(dir).unwrap();
    }
}
