//! A template that somebody has filled in: row by row, what it says anew or what is wrong with it. Pure.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use contracts::adoption::{CustomerAttribute, CustomerTaskView};
use kernel::{AssignmentId, CustomerAttributeId, CustomerTaskId, Timestamp};
use rules::{DataType, DecimalSign};
use serde_json::{Value, json};
use workbook::form::{Row, shown};

use super::receipt::RowError;
use super::sheet::{ATTRIBUTE, COLUMNS, DATA_TYPE, DATE, ID, NOTES, TASK, VALUE, latest};
use crate::attributes::Attribute;

/// What one row says.
#[derive(Debug)]
pub(super) struct Filled {
    /// Where it stands.
    pub(super) row: u64,
    /// The task, where the row's names are known.
    pub(super) task: Option<CustomerTaskId>,
    /// What becomes of it.
    pub(super) outcome: Outcome,
}

impl Filled {
    /// The value that it says anew, unless it was refused.
    pub(super) fn new_value(&self) -> Option<&NewValue> {
        if let Outcome::Value(new) = &self.outcome { Some(new) } else { None }
    }
}

/// What becomes of a row.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It says what is known already.
    Unchanged,
    /// It is a value.
    Value(NewValue),
    /// It cannot be taken.
    Refused(RowError),
}

/// A value that a row says anew.
#[derive(Debug)]
pub(super) struct NewValue {
    pub(super) attribute: CustomerAttributeId,
    pub(super) observed_at: Timestamp,
    /// The JSON that is sent.
    pub(super) entry: Value,
}

/// Refuses each row that says a value of an attribute and moment of which a row before it says one.
pub(super) fn refuse_twins(rows: &mut [Filled]) {
    let mut said: HashMap<(CustomerAttributeId, Timestamp), u64> = HashMap::new();
    for row in rows {
        let Outcome::Value(NewValue { attribute, observed_at, .. }) = &row.outcome else { continue };
        let first = *said.entry((*attribute, *observed_at)).or_insert(row.row);
        if first != row.row {
            let how =
                format!("Row {first} has a value of this attribute and date; keep one of them, or say another date.");
            row.outcome = Outcome::Refused(RowError::at(row.row, DATE, "DATE_TWICE", how));
        }
    }
}

/// An attribute and the task that has it.
type Found<'a> = (&'a CustomerTaskView, &'a CustomerAttribute);

/// What a template is read against.
pub(super) struct Ground<'a> {
    assignment: AssignmentId,
    known: &'a HashMap<CustomerAttributeId, Attribute>,
    /// Whether rows that nobody touched are said again: of a sheet that says everything there is, each row counts.
    says_all: bool,
    tasks: BTreeSet<&'a str>,
    by_id: HashMap<CustomerAttributeId, Found<'a>>,
    /// By the names of task and attribute.
    by_name: HashMap<(&'a str, &'a str), Vec<Found<'a>>>,
}

impl<'a> Ground<'a> {
    /// The attributes of these tasks of an assignment, and what is known of them.
    pub(super) fn new(
        (assignment, tasks): (AssignmentId, &'a [CustomerTaskView]),
        known: &'a HashMap<CustomerAttributeId, Attribute>,
        says_all: bool,
    ) -> Self {
        let mut ground = Self {
            assignment,
            known,
            says_all,
            tasks: tasks.iter().map(|task| task.name.trim()).collect(),
            by_id: HashMap::new(),
            by_name: HashMap::new(),
        };
        for (task, attribute) in tasks.iter().flat_map(|task| task.attributes.iter().map(move |one| (task, one))) {
            ground.by_id.insert(attribute.id, (task, attribute));
            let named = ground.by_name.entry((task.name.trim(), attribute.name.trim()));
            named.or_default().push((task, attribute));
        }
        ground
    }

    /// What a row says; nothing when it has no current value.
    pub(super) fn read(&self, row: &Row) -> Option<Filled> {
        let number = row.number;
        let refused = |task, (column, code, message): Fault| {
            let outcome = Outcome::Refused(RowError::at(number, column, code, message));
            Some(Filled { row: number, task, outcome })
        };
        if let Some((column, message)) = row.broken(COLUMNS) {
            let task = self.find(row).ok().map(|(task, _)| task.id);
            return refused(task, (column, "CELL_BROKEN", message));
        }
        if row.cell(VALUE).is_empty() {
            return None;
        }
        match self.find(row) {
            Err(fault) => refused(None, fault),
            Ok((task, attribute)) => match self.judge(row, attribute) {
                Err(fault) => refused(Some(task.id), fault),
                Ok(outcome) => Some(Filled { row: number, task: Some(task.id), outcome }),
            },
        }
    }

    /// The attribute that a row is about: by the names of the task and of the attribute. The hidden id tells those of one name
    /// apart; where it says something else than the names, the sheet was sorted or pasted in part.
    fn find(&self, row: &Row) -> Result<Found<'a>, Fault> {
        let (id, task, name) = (row.cell(ID), row.cell(TASK), row.cell(ATTRIBUTE));
        if !id.is_empty() {
            let found = id.parse().ok().and_then(|id: CustomerAttributeId| self.by_id.get(&id));
            let found = found.filter(|(known, one)| known.name.trim() == task && one.name.trim() == name);
            let how = "The row's hidden Attribute ID is of something else than its names; export the template again.";
            return found.copied().ok_or_else(|| (ATTRIBUTE, "ATTRIBUTE_UNKNOWN", how.to_owned()));
        }
        match self.by_name.get(&(task, name)).map(Vec::as_slice) {
            Some([found]) => Ok(*found),
            None | Some([]) if !self.tasks.contains(task) => {
                Err((TASK, "TASK_UNKNOWN", format!("The plan has no task {task:?}.")))
            }
            None | Some([]) => Err((ATTRIBUTE, "ATTRIBUTE_UNKNOWN", format!("The task has no attribute {name:?}."))),
            Some(_) => {
                let how = "Several tasks of this name have it; keep the hidden column of the template.";
                Err((TASK, "TASK_AMBIGUOUS", how.to_owned()))
            }
        }
    }

    fn judge(&self, row: &Row, attribute: &CustomerAttribute) -> Result<Outcome, Fault> {
        let text = row.cell(VALUE);
        let known = self.known.get(&attribute.id).and_then(latest);
        let is_known = known.as_ref().is_some_and(|(value, _)| shown(value).trim() == text);
        let observed_at = moment(row.cell(DATE))?;
        let is_old = known.as_ref().is_some_and(|(_, at)| *at == observed_at);
        if is_known && is_old && !self.says_all {
            return Ok(Outcome::Unchanged);
        }
        let value = match &known {
            Some((value, _)) if is_known => value.clone(),
            _ => value(text, row.cell(DATA_TYPE), attribute.data_type)?,
        };
        if is_old && known.as_ref().is_some_and(|(was, _)| *was != value) {
            let how = "The value is another one and the date is not; say when the new value was observed.";
            return Err((DATE, "DATE_UNCHANGED", how.to_owned()));
        }
        let mut entry = json!({
            "assignmentId": self.assignment, "attributeId": attribute.id, "value": value, "observedAt": observed_at,
            "source": "template",
        });
        let notes = Some(row.cell(NOTES)).filter(|notes| !notes.is_empty());
        if let (Some(entry), Some(notes)) = (entry.as_object_mut(), notes) {
            entry.insert("notes".to_owned(), json!(notes));
        }
        Ok(Outcome::Value(NewValue { attribute: attribute.id, observed_at, entry }))
    }
}

/// The column, the code, and what is wrong.
type Fault = (&'static str, &'static str, String);

/// The moment that a cell says: a plain date is its midnight in UTC.
fn moment(cell: &str) -> Result<Timestamp, Fault> {
    let midnight = cell.parse::<NaiveDate>().is_ok().then(|| format!("{cell}T00:00:00Z"));
    let text = midnight.as_deref().unwrap_or(cell);
    text.parse().map_err(|_| {
        let how = "Write the date like 2026-11-22, or with its time and offset: 2026-11-22T09:30:00Z.";
        (DATE, "DATE_INVALID", format!("{cell:?} is no date. {how}"))
    })
}

/// The value that a cell says, by the sheet's type; a blank one is the attribute's.
fn value(text: &str, sheet_type: &str, attribute: DataType) -> Result<Value, Fault> {
    let wrong = |message: String| (VALUE, "VALUE_INVALID", message);
    let read = |data_type: DataType| {
        data_type.read(text, DecimalSign::Point).map_err(|error| wrong(format!("The value is {error}.")))
    };
    match sheet_type.to_ascii_uppercase().as_str() {
        "" => read(attribute),
        "DATE" => {
            let is_date = text.parse::<NaiveDate>().is_ok();
            is_date.then(|| json!(text)).ok_or_else(|| wrong(format!("{text:?} is no date such as 2026-11-22.")))
        }
        "PERCENTAGE" => {
            let percent = read(DataType::Number)?;
            let is_within = percent.as_f64().is_some_and(|percent| (0.0..=100.0).contains(&percent));
            is_within.then_some(percent).ok_or_else(|| wrong(format!("{text:?} is not from 0 to 100.")))
        }
        "JSON" => Err(wrong("A sheet takes no JSON; send it to POST /telemetry/v1/values.".to_owned())),
        word => match word.parse() {
            Ok(data_type) => read(data_type),
            Err(message) => Err((DATA_TYPE, "DATA_TYPE_UNKNOWN", format!("{message}, PERCENTAGE, DATE."))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_read_by_the_type_that_the_sheet_says() {
        use DataType::{Boolean, Number, String, Timestamp};
        for (text, sheet_type, attribute, expected) in [
            ("Yes", "BOOLEAN", Boolean, json!(true)),
            ("1,250", "number", Number, json!(1250)),
            ("45 %", "PERCENTAGE", Number, json!(45)),
            ("12", "STRING", Number, json!("12")),
            ("12", "", Number, json!(12)),
            ("2026-11-22", "DATE", Timestamp, json!("2026-11-22")),
            ("1767225600000", "TIMESTAMP", Timestamp, json!(1_767_225_600_000_i64)),
            ("v1.2", "", String, json!("v1.2")),
        ] {
            assert_eq!(value(text, sheet_type, attribute).unwrap(), expected, "{text} {sheet_type}");
        }
        for (text, sheet_type, column) in [
            ("perhaps", "BOOLEAN", VALUE),
            ("101", "PERCENTAGE", VALUE),
            ("many", "NUMBER", VALUE),
            ("22.11.2026", "DATE", VALUE),
            ("{}", "JSON", VALUE),
            ("1", "MONEY", DATA_TYPE),
        ] {
            assert_eq!(value(text, sheet_type, Number).unwrap_err().0, column, "{text} {sheet_type}");
        }
    }

    #[test]
    fn an_attribute_has_one_value_at_a_moment() {
        let (users, gates) = (CustomerAttributeId::fresh(), CustomerAttributeId::fresh());
        let row = |(row, attribute, day): (u64, CustomerAttributeId, &str)| {
            let new = NewValue { attribute, observed_at: moment(day).unwrap(), entry: Value::Null };
            Filled { row, task: None, outcome: Outcome::Value(new) }
        };
        let day = "2026-11-22";
        let rows = [(2, users, day), (3, gates, day), (4, users, "2026-11-21"), (5, users, day), (6, users, day)];
        let mut rows = rows.map(row);
        refuse_twins(&mut rows);
        let refused = rows.iter().filter(|row| matches!(row.outcome, Outcome::Refused(_))).map(|row| row.row);
        assert!(refused.eq([5, 6]));
    }

    #[test]
    fn a_date_is_a_day_or_a_moment_with_its_offset() {
        for (cell, expected) in [
            ("2026-11-22", "2026-11-22T00:00:00Z"),
            ("2026-11-22T09:30:00+01:00", "2026-11-22T08:30:00Z"),
            ("2026-11-22T09:30:00.000001Z", "2026-11-22T09:30:00.000001Z"),
        ] {
            assert_eq!(moment(cell).unwrap().to_string(), expected);
        }
        for cell in ["", "today", "22.11.2026", "2026-02-30", "2026-11-22T09:30:00", "45000"] {
            assert_eq!(moment(cell).unwrap_err().1, "DATE_INVALID", "{cell}");
        }
    }
}
