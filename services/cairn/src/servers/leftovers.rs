//! Processes of an earlier run that was killed before it could stop them.
//!
//! Lock files and process ids on disk lie after a crash; what `/proc` shows does not. The caller holds the lock of
//! the data folder, so whatever still works in it has no master any more and may be stopped.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::signal::Signal;
use super::{Error, Result};

/// After this long they are not asked any more.
const PATIENCE: Duration = Duration::from_secs(20);
/// Even a killed process needs a moment to go.
const AFTER_KILL: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

/// By what an abandoned process is known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark<'a> {
    /// It works in this folder and bears one of these names: Postgres and Erlang hide their environment, and a
    /// person's shell may stand in the folder too.
    Folder(&'a Path, &'a [&'a str]),
    /// It was given this variable, as `NAME=value`.
    Environment(&'a str),
}

/// Stops what is left and says how many processes that were.
pub(crate) async fn stop(mark: Mark<'_>, polite: Signal) -> Result<usize> {
    let found = find(mark);
    if found.is_empty() || gone(mark, &found, polite, PATIENCE).await {
        return Ok(found.len());
    }
    let stubborn = find(mark);
    if gone(mark, &stubborn, Signal::Kill, AFTER_KILL).await {
        return Ok(found.len());
    }
    Err(Error::Leftovers { pids: find(mark) })
}

async fn gone(mark: Mark<'_>, pids: &[u32], signal: Signal, limit: Duration) -> bool {
    for pid in pids {
        signal.send(*pid);
    }
    let wait = async {
        while !find(mark).is_empty() {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(limit, wait).await.is_ok()
}

/// The processes that bear the mark. Those of other users cannot be looked into and are not ours.
fn find(mark: Mark<'_>) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .filter(|(pid, process)| *pid != std::process::id() && bears(mark, process))
        .map(|(pid, _)| pid)
        .collect()
}

fn bears(mark: Mark<'_>, process: &Path) -> bool {
    match mark {
        Mark::Folder(dir, names) => {
            fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
                && fs::read_to_string(process.join("comm")).is_ok_and(|name| names.contains(&name.trim()))
        }
        Mark::Environment(variable) => fs::read(process.join("environ"))
            .is_ok_and(|all| all.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[tokio::test]
    async fn a_marked_process_is_stopped_and_another_is_not() {
        let mark = format!("CAIRN_TEST_MARK={}", std::process::id());
        let (name, value) = mark.split_once('=').unwrap();
        let mut marked = Command::new("sleep").arg("60").env(name, value).spawn().unwrap();
        let mut other = Command::new("sleep").arg("60").env(name, "another").spawn().unwrap();
        // The shell's exec is a moment behind the spawn.
        while find(Mark::Environment(&mark)).is_empty() {
            tokio::time::sleep(POLL).await;
        }
        assert_eq!(stop(Mark::Environment(&mark), Signal::Terminate).await.unwrap(), 1);
        assert!(!marked.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_folder_marks_only_the_named_programs() {
        let dir = std::env::temp_dir().canonicalize().unwrap();
        let mut child = Command::new("sleep").arg("60").current_dir(&dir).spawn().unwrap();
        assert!(find(Mark::Folder(&dir, &["sleep"])).contains(&child.id()));
        assert!(!find(Mark::Folder(&dir, &["postgres"])).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
