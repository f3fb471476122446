//! What was measured, as a table that people and Markdown read.

use std::fmt;
use std::time::Duration;

/// One comparison, or one figure that has nothing to be compared with.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// What was done.
    pub(super) what: String,
    /// From how many connections.
    pub(super) connections: Option<u32>,
    /// What the platform reached.
    pub(super) cairn: String,
    /// What the plain way reached.
    pub(super) baseline: String,
    /// The first divided by the second.
    pub(super) ratio: Option<f64>,
    /// What we want.
    pub(super) aim: &'static str,
    /// 99 of 100 took no longer.
    pub(super) p99: Option<Duration>,
}

impl Row {
    /// A rate beside the rate of the plain way.
    pub(super) fn rates(
        what: impl Into<String>,
        connections: u32,
        (cairn, baseline): (f64, f64),
        unit: &str,
        plain: &str,
    ) -> Self {
        Self {
            what: what.into(),
            connections: Some(connections),
            cairn: format!("{} {unit}/s", thousands(cairn)),
            baseline: format!("{} ({plain})", thousands(baseline)),
            ratio: Some(cairn / baseline),
            ..Self::default()
        }
    }

    /// A figure of its own.
    pub(super) fn figure(what: impl Into<String>, cairn: String) -> Self {
        Self { what: what.into(), cairn, ..Self::default() }
    }

    /// With what we want of it.
    pub(super) fn aim(self, aim: &'static str) -> Self {
        Self { aim, ..self }
    }

    /// With the time that 99 of 100 kept.
    pub(super) fn p99(self, p99: Duration) -> Self {
        Self { p99: Some(p99), ..self }
    }

    fn cells(&self) -> [String; 7] {
        let Self { what, connections, cairn, baseline, ratio, aim, p99 } = self;
        [
            what.clone(),
            connections.map(|number| number.to_string()).unwrap_or_default(),
            cairn.clone(),
            baseline.clone(),
            ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            (*aim).to_owned(),
            p99.map(milliseconds).unwrap_or_default(),
        ]
    }
}

/// All rows, in the order in which they were measured.
#[derive(Debug, Default)]
pub(super) struct Table(pub(super) Vec<Row>);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "connections", "cairn", "baseline", "ratio", "aim", "p99"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(head).chain(self.0.iter().map(Row::cells)).collect();
        let mut widths = [3; 7];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for (number, row) in rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                writeln!(f, "|{}", widths.map(|width| "-".repeat(width + 2) + "|").concat())?;
            }
        }
        Ok(())
    }
}

/// A time as people compare it.
pub(super) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// A number with its thousands apart.
pub(super) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0.4, 999.0, 1_000.0, 1_234_567.8].map(thousands), ["0", "999", "1,000", "1,234,568"]);
    }

    #[test]
    fn a_table_is_aligned_and_has_its_rule() {
        let row = Row::rates("read", 8, (50.0, 100.0), "requests", "pgbench").aim("0.25").p99(Duration::from_millis(2));
        let text = Table(vec![row]).to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
        assert!(lines[2].contains("| 50 requests/s | 100 (pgbench) | 0.50  | 0.25 | 2.0 ms |"), "{text}");
    }
}
