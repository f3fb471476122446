//! How a JSON value is read as a flag, a number or a time.
//!
//! Telemetry arrives from spreadsheets, scripts and agents, so the same fact comes as `true`, `1` or `"Yes"`.
//! These readers are the only place that decides what such a value means; the types, the leaves and the
//! notations all ask here.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use serde_json::Value;

use crate::data_type::DecimalSign;

/// The resolution of time in rules: the microsecond, which is also what the database keeps. With a common
/// tick, "just after" is a moment that can be stored and compared without loss.
pub(crate) const TICK: TimeDelta = TimeDelta::microseconds(1);

/// Longest value quoted in a message, in characters.
const SHOWN_CHARS: usize = 80;

/// Whole numbers up to here are exact in both `f64` and `i64`.
const EXACT_WHOLE: f64 = 9_007_199_254_740_992.0;

/// A value that does not say what was looked for in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not {wanted}")]
pub(crate) struct Unreadable {
    shown: String,
    wanted: &'static str,
}

impl Unreadable {
    /// `value` was expected to be `wanted`, named with its article: "a number".
    pub(crate) fn new(value: &Value, wanted: &'static str) -> Self {
        Self { shown: shown(value), wanted }
    }
}

/// The value as a message quotes it: compact JSON, cut when long.
pub(crate) fn shown(value: &Value) -> String {
    let mut text = value.to_string();
    if let Some((end, _)) = text.char_indices().nth(SHOWN_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Reads a flag: a boolean, a number (all but zero is true) or one of the accepted words.
pub(crate) fn flag(value: &Value) -> Result<bool, Unreadable> {
    let read = match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => flag_word(text),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    read.ok_or_else(|| Unreadable::new(value, "a flag (true/false, yes/no, on/off, t/f, y/n or a number)"))
}

fn flag_word(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}

/// Reads a number whose text may carry a tail, as values seen in the field do: `"12 GB"` is 12.
pub(crate) fn leading_number(value: &Value) -> Result<f64, Unreadable> {
    number_of(value, |text| number_prefix(text.trim_start()))
}

/// Reads a number whose text must be numeric to its end: `"12 GB"` is refused.
pub(crate) fn strict_number(value: &Value) -> Result<f64, Unreadable> {
    number_of(value, |text| {
        let text = text.trim();
        if number_prefix(text) == text { text } else { "" }
    })
}

/// Reads a number as people write it in tables, maybe with the sign of a percentage.
pub(crate) fn table_number(text: &str, sign: DecimalSign) -> Result<f64, Unreadable> {
    let number = text.trim();
    let number = number.strip_suffix('%').unwrap_or(number).trim_end();
    let (plain, wanted) = match sign {
        DecimalSign::Point => (without_thousands(number), "a number (1250.5 or 1,250.5)"),
        DecimalSign::Comma => (number.replacen(',', ".", 1), "a number (1250,5, with nothing between its thousands)"),
    };
    strict_number(&Value::from(plain)).map_err(|_| Unreadable::new(&Value::from(text), wanted))
}

/// The number without the commas between its thousands. A zero leads no thousands: `0,500` is half of one, or five hundred.
fn without_thousands(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut groups = whole.trim_start_matches(['+', '-']).split(',');
    let leads = groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && !first.starts_with('0'));
    if leads && groups.all(|group| group.len() == 3) { whole.replace(',', "") + rest } else { number.to_owned() }
}

fn number_of(value: &Value, numeric_part: impl FnOnce(&str) -> &str) -> Result<f64, Unreadable> {
    let read = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => numeric_part(text).parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    read.filter(|number: &f64| number.is_finite()).ok_or_else(|| Unreadable::new(value, "a number"))
}

/// The part of `text` that is a decimal number: sign, digits, fraction, exponent. It may still be no number
/// at all (`"-"`), which parsing then says.
fn number_prefix(text: &str) -> &str {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let after_digits = skip_digits(unsigned);
    let after_fraction = after_digits.strip_prefix('.').map_or(after_digits, skip_digits);
    let rest = after_exponent(after_fraction).unwrap_or(after_fraction);
    text.strip_suffix(rest).unwrap_or(text)
}

/// What follows an exponent; none when no digit stands behind the `e`, so that `"5e"` is 5.
fn after_exponent(text: &str) -> Option<&str> {
    let power = text.strip_prefix(['e', 'E'])?;
    let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
    let rest = skip_digits(digits);
    (rest.len() < digits.len()).then_some(rest)
}

fn skip_digits(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_digit())
}

/// Reads a time: RFC 3339 text, a plain date (midnight UTC) or epoch milliseconds, to the [`TICK`].
///
/// Years outside 0000-9999 are refused: RFC 3339 cannot write them, and they are never a real observation.
pub(crate) fn time(value: &Value) -> Result<DateTime<Utc>, Unreadable> {
    let read = match value {
        Value::Number(number) => number.as_f64().and_then(whole).and_then(DateTime::from_timestamp_millis),
        Value::String(text) => time_text(text.trim()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    read.filter(|time| (0..=9999).contains(&time.year())).map(to_tick).ok_or_else(|| {
        Unreadable::new(value, "a time (RFC 3339 such as 2026-01-31T09:30:00Z, a date, or epoch milliseconds)")
    })
}

fn time_text(text: &str) -> Option<DateTime<Utc>> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Some(time.to_utc()),
        Err(_) => Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN).and_utc()),
    }
}

/// The moment with everything below the [`TICK`] cut off.
pub(crate) fn to_tick(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

/// The number as JSON, without a needless `.0`: an author who wrote 10 reads 10 again.
pub(crate) fn number_json(number: f64) -> Value {
    whole(number).map_or_else(|| Value::from(number), Value::from)
}

#[expect(clippy::as_conversions, reason = "exact: the number is whole and small enough, and std has no checked way")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= EXACT_WHOLE).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        let cases = [
            ("100.0", Some(100.0)),
            ("  12abc", Some(12.0)),
            ("+.5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-1e3x", Some(-1000.0)),
            ("5e", Some(5.0)),
            ("5e+", Some(5.0)),
            ("1.2.3", Some(1.2)),
            ("", None),
            ("-", None),
            (".", None),
            ("abc", None),
            ("NaN", None),
            ("Infinity", None),
            ("1e999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(leading_number(&json!(text)).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_tail_makes_numeric_text_unacceptable() {
        assert_eq!(strict_number(&json!(" 12.5 ")), Ok(12.5));
        for text in ["12abc", "1,000", "5e", "", "nan", "0x10"] {
            assert!(strict_number(&json!(text)).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_time_has_three_forms() {
        let noon = json!("2026-01-31T12:00:00Z");
        assert_eq!(time(&json!("2026-01-31T13:00:00+01:00")), time(&noon));
        assert_eq!(time(&json!(1_769_860_800_000_i64)), time(&noon));
        assert_eq!(time(&json!(1_769_860_800_000.0)), time(&noon));
        assert_eq!(time(&json!("2026-01-31")), time(&json!("2026-01-31T00:00:00Z")));
        for unreadable in [json!("soon"), json!("2026-02-30"), json!(1e300), json!(true), json!("31.01.2026")] {
            assert!(time(&unreadable).is_err(), "{unreadable}");
        }
    }

    #[test]
    fn a_long_value_is_cut_when_quoted() {
        let quoted = shown(&json!("é".repeat(500)));
        assert_eq!(quoted.chars().count(), SHOWN_CHARS + 1);
        assert!(quoted.ends_with('…'));
    }
}
