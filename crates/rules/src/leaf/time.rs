//! A time placed relative to another: a fixed one, or now.
//!
//! Tests against *now* are the only ones whose outcome changes while the value does not. Each has a few
//! turning points that depend on the value alone; the first of them still to come is when to look again.

use std::{fmt, time::Duration};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    criterion::Verdict,
    reading::{TICK, number_json, to_tick},
};

const SECONDS_PER_DAY: f64 = 86_400.0;

/// A century: wider windows say nothing about use, and within it the sums below cannot leave the calendar,
/// because times have years of four digits.
const MAX_DAYS: f64 = 36_525.0;

/// A test of where a time stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TimeTest {
    pub(crate) relation: Relation,
    pub(crate) reference: Reference,
}

/// How the time stands to the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Relation {
    /// Strictly earlier.
    Before,
    /// Strictly later.
    After,
    /// No further away than the window, on either side.
    Within(Window),
}

/// What the time is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    /// The moment of evaluation.
    Now,
    /// A fixed moment.
    At(DateTime<Utc>),
}

/// A number of days, whole or not, above zero and at most a century.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    days: f64,
    span: TimeDelta,
}

impl Window {
    /// The window of that many days; none when it is not above zero, or wider than a century.
    pub(crate) fn of_days(days: f64) -> Option<Self> {
        if days <= 0.0 || days > MAX_DAYS {
            return None;
        }
        let length = Duration::try_from_secs_f64(days * SECONDS_PER_DAY).ok()?;
        let span = TimeDelta::microseconds(i64::try_from(length.as_micros()).ok()?);
        Some(Self { days, span })
    }

    /// The width as its author wrote it.
    pub(crate) fn days(self) -> f64 {
        self.days
    }
}

impl TimeTest {
    /// Judges `time` as it stands at `now`.
    pub(crate) fn judge(self, time: DateTime<Utc>, now: DateTime<Utc>) -> Verdict {
        match self.reference {
            Reference::At(reference) => Verdict::lasting(self.holds(time, reference)),
            Reference::Now => Verdict {
                met: self.holds(time, to_tick(now)),
                recheck_at: self.turning_points(time).into_iter().find(|moment| *moment > now),
            },
        }
    }

    fn holds(self, time: DateTime<Utc>, reference: DateTime<Utc>) -> bool {
        match self.relation {
            Relation::Before => time < reference,
            Relation::After => time > reference,
            Relation::Within(Window { span, .. }) => (time - span..=time + span).contains(&reference),
        }
    }

    /// The moments at which a test of `time` against now turns over, in order.
    fn turning_points(self, time: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        match self.relation {
            Relation::Before => vec![time + TICK],
            Relation::After => vec![time],
            Relation::Within(Window { span, .. }) => vec![time - span, time + span + TICK],
        }
    }

    /// The reference itself, and a day beyond the edge on either side.
    pub(crate) fn candidates(self, now: DateTime<Utc>) -> Vec<Value> {
        let reference = match self.reference {
            Reference::Now => to_tick(now),
            Reference::At(time) => time,
        };
        let day = TimeDelta::days(1);
        let beyond = match self.relation {
            Relation::Before | Relation::After => day,
            Relation::Within(Window { span, .. }) => span + day,
        };
        [TimeDelta::zero(), -beyond, beyond]
            .into_iter()
            .filter_map(|step| reference.checked_add_signed(step))
            .map(|time| json!(time_text(time)))
            .collect()
    }
}

/// The time as RFC 3339 text in UTC, as short as it can be written.
pub(crate) fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The test as it ends a sentence: `within 7 days of now`.
impl fmt::Display for TimeTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.relation {
            Relation::Before => write!(f, "before {}", self.reference),
            Relation::After => write!(f, "after {}", self.reference),
            Relation::Within(window) => write!(f, "within {} days of {}", number_json(window.days), self.reference),
        }
    }
}

/// The word `now`, or the fixed moment; also how the notation writes it.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::At(time) => f.write_str(&time_text(*time)),
        }
    }
}
