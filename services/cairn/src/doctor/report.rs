//! What the doctor found, for people and for programs.

use std::fmt;

use serde::Serialize;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works; somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at: `postgres`, `catalog outbox`.
    pub check: String,
    /// How it is.
    pub health: Health,
    /// What was seen.
    pub detail: String,
    /// What to do; nothing when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { check: check.into(), health: Health::Ok, detail: detail.into(), advice: None }
    }

    pub(super) fn warn(check: impl Into<String>, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { health: Health::Warn, advice: Some(advice.into()), ..Self::ok(check, detail) }
    }

    pub(super) fn fail(check: impl Into<String>, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { health: Health::Fail, advice: Some(advice.into()), ..Self::ok(check, detail) }
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// That of the worst finding.
    pub health: Health,
    /// The findings, in the order in which things depend on each other.
    pub checks: Vec<Finding>,
}

impl Report {
    pub(super) fn new(checks: Vec<Finding>) -> Self {
        let health = checks.iter().map(|finding| finding.health).max().unwrap_or(Health::Ok);
        Self { health, checks }
    }

    /// The finding of a check.
    #[must_use]
    pub fn of(&self, check: &str) -> Option<&Finding> {
        self.checks.iter().find(|finding| finding.check == check)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<4}  {:<22}  {}", self.health, self.check, self.detail)?;
        self.advice.iter().try_for_each(|advice| write!(f, "\n{:30}to do: {advice}", ""))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checks.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        let count = |health| self.checks.iter().filter(|finding| finding.health == health).count();
        match (count(Health::Fail), count(Health::Warn)) {
            (0, 0) => writeln!(f, "\nAll is well."),
            (broken, doubtful) => writeln!(f, "\nBroken: {broken}. To look at: {doubtful}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_line_for_each_finding_and_one_for_all() {
        let well = Report::new(vec![Finding::ok("postgres", "version 15")]);
        assert_eq!(well.to_string(), "ok    postgres                version 15\n\nAll is well.\n");
        let away =
            Report::new(vec![Finding::ok("postgres", "version 15"), Finding::fail("rabbitmq", "away", "start it")]);
        assert_eq!(away.health, Health::Fail);
        let lines = "FAIL  rabbitmq                away\n                              to do: start it\n\nBroken: 1. To look at: 0.\n";
        assert!(away.to_string().ends_with(lines), "{away}");
    }
}
