//! A value that can be taken, and a batch of them. Pure.

use chrono::Duration;
use contracts::telemetry::{RefusalCode, ValueView};
use diesel::prelude::*;
use kernel::{AssignmentId, CustomerAttributeId, CustomerTaskId, RefusalId, TenantId, Timestamp};
use rules::{DataType, DecimalSign, ValueError};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::entry::{Entry, Reason, Text};
use super::identity::{Mark, event_id};
use super::parts::Complete;
use crate::attributes::Known;
use crate::schema::values;
use crate::settings::kept_from;

/// Largest value, in bytes of JSON.
const MAX_VALUE: usize = 4 * 1024;
/// A number is less than this, up or down, so that however many of them can be added up.
const LARGEST: f64 = 1e300;
/// How far ahead of ours a sender's clock may be.
pub(crate) const AHEAD: Duration = Duration::minutes(5);

/// The moments that values may have been observed at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    from: Timestamp,
    to: Timestamp,
}

impl Window {
    /// The days that are kept at `now`, and a little of the future: clocks differ.
    pub(crate) fn at(now: Timestamp, retention_days: i64) -> Self {
        Self { from: kept_from(now, retention_days), to: now + AHEAD }
    }

    fn check(self, moment: Timestamp) -> Result<(), Reason> {
        if moment < self.from {
            let detail = format!("observedAt is {moment}; values are kept from {} on.", self.from);
            return Err(Reason::new(RefusalCode::ObservedAtTooEarly, detail));
        }
        if moment > self.to {
            let detail =
                format!("observedAt is {moment}, more than five minutes ahead of our clock. Check the sender's.");
            return Err(Reason::new(RefusalCode::ObservedAtInFuture, detail));
        }
        Ok(())
    }
}

/// A value that can be stored.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) assignment: AssignmentId,
    pub(crate) task: CustomerTaskId,
    pub(crate) attribute: CustomerAttributeId,
    /// The version of the attribute's definition that the value was checked against.
    pub(crate) version: i64,
    pub(crate) event_id: Uuid,
    pub(crate) observed_at: Timestamp,
    /// JSON text, as it was sent.
    pub(crate) value: String,
    /// The value as a number, if it is one or a flag.
    pub(crate) number: Option<f64>,
    pub(crate) source: Option<String>,
    pub(crate) notes: Option<String>,
    /// The refusals that are mended by it: the one it is another try of, and the one it names.
    pub(crate) replays: Vec<RefusalId>,
}

impl Reading {
    /// The reading of an entry, for the attribute it names.
    pub(crate) fn of(
        entry: &Entry<'_>,
        known: Known,
        window: Window,
        replays: Option<RefusalId>,
    ) -> Result<Self, Reason> {
        let observed_at = entry.observed_at()?;
        window.check(observed_at)?;
        let (text, value) = value_of(entry, known.data_type)?;
        let number = known.data_type.number(&value);
        if number.is_some_and(|number| number.abs() >= LARGEST) {
            let detail = "The value is a number of more than 300 digits, which cannot be added up with others.";
            return Err(Reason::new(RefusalCode::ValueTypeWrong, detail));
        }
        let mark = entry.event_id.as_ref().map_or(Mark::Content(&value), |Text(id)| Mark::Event(id));
        let owned = |text: &Option<Text<'_>>| text.as_ref().map(|Text(text)| text.to_string());
        Ok(Self {
            assignment: known.assignment,
            task: known.task,
            attribute: known.id,
            version: known.version,
            event_id: event_id(known.id, observed_at, mark),
            observed_at,
            value: text,
            number,
            source: owned(&entry.source),
            notes: owned(&entry.notes),
            replays: replays.into_iter().chain(entry.refusal_id).collect(),
        })
    }
}

/// The value of an entry, as it is kept and as it is compared.
fn value_of(entry: &Entry<'_>, data_type: DataType) -> Result<(String, Value), Reason> {
    let misfit = |error: ValueError| Reason::new(RefusalCode::ValueTypeWrong, format!("The value is {error}."));
    let sent = entry.value.map(RawValue::get).or(entry.text.as_ref().map(|Text(text)| text.as_ref()));
    let text = sent.unwrap_or_default();
    if text.len() > MAX_VALUE {
        let detail = format!("The value has {} bytes; send at most {MAX_VALUE}.", text.len());
        return Err(Reason::new(RefusalCode::ValueTooLarge, detail));
    }
    if entry.value.is_none() {
        let sign = entry.decimal_sign.unwrap_or(DecimalSign::Point);
        let value = data_type.read(text, sign).map_err(|error| {
            let Reason { code, detail } = misfit(error);
            Reason::new(code, detail + hint(data_type, text, sign))
        })?;
        return Ok((value.to_string(), value));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Reason::new(RefusalCode::ValueMalformed, format!("The value cannot be read: {error}.")))?;
    data_type.check(&value).map_err(misfit)?;
    Ok((text.to_owned(), value))
}

/// What a text may have meant that is no number as it was read.
fn hint(data_type: DataType, text: &str, sign: DecimalSign) -> &'static str {
    match (data_type, sign) {
        (DataType::Number, DecimalSign::Point) if text.contains(',') => {
            " Where its comma is the decimal sign, say so with decimalSign \",\"."
        }
        _ => "",
    }
}

/// A row of `values`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = values, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Stored {
    pub(crate) event_id: Uuid,
    pub(crate) observed_at: Timestamp,
    value: String,
    source: Option<String>,
    notes: Option<String>,
    batch_id: Uuid,
    received_at: Timestamp,
}

impl From<Stored> for ValueView {
    fn from(stored: Stored) -> Self {
        let Stored { event_id, observed_at, value, source, notes, batch_id, received_at } = stored;
        let value = serde_json::from_str(&value).unwrap_or_default();
        Self { event_id, observed_at, value, source, notes, batch_id, received_at }
    }
}

/// A batch that was read and resolved: every entry is either a reading or a refusal.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) received_at: Timestamp,
    pub(crate) readings: Vec<Reading>,
    pub(crate) refusals: Vec<crate::refusals::Refusal>,
    /// Assignments of which the batch tells everything, each with the moment this holds for; none when a value was refused.
    pub(crate) complete: Vec<(AssignmentId, Timestamp)>,
}

impl Batch {
    /// Entries sent.
    pub(crate) fn sent(&self) -> usize {
        self.readings.len() + self.refusals.len()
    }

    /// Takes a feed's word that the batch is all there is. A refused value would look like one that vanished, so the word
    /// counts only when there is none.
    pub(crate) fn declare_complete(&mut self, complete: &Complete) {
        if self.refusals.is_empty() {
            let latest = self.readings.iter().map(|reading| reading.observed_at).max();
            let at = complete.observed_at.or(latest).unwrap_or(self.received_at);
            self.complete = complete.assignment_ids.iter().map(|assignment| (*assignment, at)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::sample;
    use serde_json::json;

    fn read(attribute: &crate::attributes::Attribute, value: &str, observed_at: &str) -> Result<Reading, RefusalCode> {
        let text = format!(
            r#"{{"assignmentId":"{}","attributeName":"A","value":{value},"observedAt":"{observed_at}"}}"#,
            attribute.assignment_id
        );
        let window = Window::at("2026-11-21T12:00:00Z".parse().unwrap(), 400);
        Entry::read(&text)
            .and_then(|entry| Reading::of(&entry, attribute.into(), window, None))
            .map_err(|reason| reason.code)
    }

    #[test]
    fn a_value_must_fit_its_attribute_and_its_time() {
        let attribute = sample(CustomerTaskId::fresh());
        let now = "2026-11-21T12:00:00Z";
        assert!(read(&attribute, "12.5", now).is_ok());
        for (value, observed_at, code) in [
            ("\"many\"", now, RefusalCode::ValueTypeWrong),
            ("null", now, RefusalCode::ValueTypeWrong),
            ("1e999", now, RefusalCode::ValueMalformed),
            ("-1e300", now, RefusalCode::ValueTypeWrong),
            ("12", "2026-11-21T12:05:01Z", RefusalCode::ObservedAtInFuture),
            ("12", "2025-10-16T23:59:59Z", RefusalCode::ObservedAtTooEarly),
        ] {
            assert_eq!(read(&attribute, value, observed_at).unwrap_err(), code, "{value} {observed_at}");
        }
        assert!(read(&attribute, "12", "2026-11-21T12:05:00Z").is_ok());
        let long = format!("\"{}\"", "1".repeat(MAX_VALUE));
        assert_eq!(read(&attribute, &long, now).unwrap_err(), RefusalCode::ValueTooLarge);
    }

    #[test]
    fn a_cell_is_the_value_that_the_type_makes_of_it() {
        let attribute = sample(CustomerTaskId::fresh());
        let window = Window::at("2026-11-21T12:00:00Z".parse().unwrap(), 400);
        let of = |value: &str| {
            let assignment = attribute.assignment_id;
            let text = format!(
                r#"{{"assignmentId":"{assignment}","attributeName":"A",{value},"observedAt":"2026-11-21T12:00:00Z"}}"#
            );
            let entry = Entry::read(&text).map_err(|reason| reason.code)?;
            Reading::of(&entry, (&attribute).into(), window, None).map_err(|reason| reason.code)
        };
        let (cell, plain) = (of(r#""text":"1,250""#).unwrap(), of(r#""value":1250"#).unwrap());
        assert_eq!((cell.value.as_str(), cell.event_id), ("1250", plain.event_id));
        assert_eq!(of(r#""text":"many""#).unwrap_err(), RefusalCode::ValueTypeWrong);
        let hint = |text: &str, sign: Option<DecimalSign>| {
            let entry = json!({ "assignmentKey": "k", "attributeName": "A", "text": text, "decimalSign": sign.map(DecimalSign::as_str) });
            value_of(&Entry::read(&entry.to_string()).unwrap(), DataType::Number).unwrap_err().detail
        };
        assert!(hint("1250,5", None).contains("decimalSign \",\""));
        for (text, sign) in [("many", None), ("1.250,5", Some(DecimalSign::Comma))] {
            assert!(!hint(text, sign).contains("decimalSign"), "{text}");
        }
        assert_eq!(of(r#""text":"1","value":1"#).unwrap_err(), RefusalCode::ValueMalformed);
    }

    #[test]
    fn a_value_is_kept_as_it_was_sent() {
        let reading = read(&sample(CustomerTaskId::fresh()), "1.50", "2026-11-21T13:00:00+01:00").unwrap();
        assert_eq!(
            (reading.value.as_str(), reading.observed_at.to_string().as_str()),
            ("1.50", "2026-11-21T12:00:00Z")
        );
    }
}
