//! What a process has used, as the kernel counts it under `/proc`.

use std::fs;
use std::iter::Sum;
use std::ops::Add;
use std::path::Path;
use std::time::Duration;

use super::Outcome;

/// The kernel shows times in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// A running process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process(u32);

/// Resident memory in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// Its own pages, and its part of those that it shares with others.
    pub(super) proportional: u64,
    /// All of its pages: what is shared counts for each who shares it.
    pub(super) resident: u64,
}

impl Process {
    /// The process with this number.
    pub(super) const fn new(pid: u32) -> Self {
        Self(pid)
    }

    /// The child whose command line ends with these words.
    pub(super) fn child(self, words: &[&str]) -> Option<Self> {
        self.children().find(|process| process.command_line().ends_with(words))
    }

    /// The children.
    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Self));
        pids.filter(move |process| process.field(4) == Some(u64::from(self.0)))
    }

    /// Processor time so far, in user and kernel mode.
    pub(super) fn processor_time(self) -> Duration {
        let ticks = self.field(14).unwrap_or(0) + self.field(15).unwrap_or(0);
        TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
    }

    /// When it started, from the start of the machine.
    pub(super) fn started(self) -> Duration {
        TICK * self.field(22).and_then(|ticks| ticks.try_into().ok()).unwrap_or(u32::MAX)
    }

    /// Its memory now.
    pub(super) fn memory(self) -> Memory {
        let text = self.read("smaps_rollup");
        let bytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        Memory { proportional: bytes("Pss:"), resident: bytes("Rss:") }
    }

    fn command_line(self) -> CommandLine {
        CommandLine(self.read("cmdline").split_terminator('\0').map(str::to_owned).collect())
    }

    /// A field of `stat`, counted from 1 as in proc(5). The second is the name, which may hold anything.
    fn field(self, number: usize) -> Option<u64> {
        let text = self.read("stat");
        let (_, after_name) = text.rsplit_once(')')?;
        after_name.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
    }

    fn read(self, file: &str) -> String {
        fs::read(Path::new("/proc").join(self.0.to_string()).join(file))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

struct CommandLine(Vec<String>);

impl CommandLine {
    fn ends_with(&self, words: &[&str]) -> bool {
        let mut theirs = self.0.iter().rev();
        words.iter().rev().all(|word| theirs.next().is_some_and(|their| their == word))
    }
}

impl Add for Memory {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { proportional: self.proportional + other.proportional, resident: self.resident + other.resident }
    }
}

impl Sum for Memory {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// The time since the start of the machine.
pub(super) fn uptime() -> Outcome<Duration> {
    let text = fs::read_to_string("/proc/uptime")?;
    let seconds = text.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    Ok(Duration::from_secs_f64(seconds.ok_or("/proc/uptime cannot be read")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_process_has_used_time_and_memory_and_started_before_now() {
        let this = Process::new(std::process::id());
        let Memory { proportional, resident } = this.memory();
        assert!(0 < proportional && proportional <= resident);
        assert!(this.started() <= uptime().unwrap());
        assert!(this.processor_time() < Duration::from_secs(3_600));
    }

    #[test]
    fn a_child_is_found_by_its_last_words() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        // The kernel shows the words of a process a moment after it has begun.
        let found = (0..200).find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            Process::new(std::process::id()).child(&["sleep", "30"])
        });
        assert_eq!(found, Some(Process::new(child.id())));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
