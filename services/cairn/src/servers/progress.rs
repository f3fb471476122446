//! The lines a person at the terminal reads while things start and stop.
//!
//! They go to standard error, so that `cairn servers start` can print shell code to standard output.

use std::fmt::Display;
use std::io::Write;

/// Prints one line: who, and what is going on. A terminal that has gone away is no reason to fail.
pub(crate) fn say(who: &str, what: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "  {who:<10} {what}");
}
