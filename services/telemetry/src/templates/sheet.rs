//! A template as it is handed out. Pure.

use std::collections::HashMap;

use contracts::adoption::{CustomerAttribute, CustomerTaskView, Deployment};
use kernel::{CustomerAttributeId, Problem, Timestamp};
use serde_json::{Value, json};
use web::attachment::part_of_name;
use workbook::form::{self, Column, Sheet, Use};

use crate::attributes::Attribute;

/// The sheet that is filled in.
pub(super) const NAME: &str = "Telemetry_Data";
pub(super) const TASK: &str = "Task Name";
pub(super) const ATTRIBUTE: &str = "Attribute Name";
pub(super) const DATA_TYPE: &str = "Data Type";
pub(super) const VALUE: &str = "Current Value";
pub(super) const DATE: &str = "Date";
pub(super) const NOTES: &str = "Notes";
pub(super) const ID: &str = "Attribute ID";

pub(super) const COLUMNS: &[Column] = &[
    (TASK, Use::Hint, 40),
    (ATTRIBUTE, Use::Hint, 30),
    (DATA_TYPE, Use::Hint, 14),
    ("Required", Use::Hint, 10),
    ("Operator", Use::Hint, 14),
    ("Expected Value", Use::Hint, 20),
    (VALUE, Use::Asked, 20),
    (DATE, Use::Asked, 24),
    (NOTES, Use::Asked, 40),
    // Finds the attribute where names do not.
    (ID, Use::Key, 10),
];

/// The lines of the sheet Instructions.
const INSTRUCTIONS: &[&str] = &[
    "How to fill in this template",
    "",
    "Write what you know under Current Value, and under Date when it was observed. The grey columns say what is asked; they are not read back, but for the names.",
    "A date is written like 2026-11-22, or with its time and offset: 2026-11-22T09:30:00Z. It must be later than the date of the value that it follows.",
    "BOOLEAN: true or false, yes or no, 1 or 0. NUMBER: 1250 or 1,250. PERCENTAGE: 0 to 100. DATE: 2026-11-22. TIMESTAMP: 2026-11-22T09:30:00Z. STRING: any text.",
    "A row without a current value is passed over, and so is one that says what was there when the template was made.",
    "Notes are kept with the value. Rows may be left out and put in another order.",
];

/// What a template asks for: the active attributes with a criterion, in the order of the plan.
pub(super) fn asked(tasks: &[CustomerTaskView]) -> impl Iterator<Item = (&CustomerTaskView, &CustomerAttribute)> {
    let counting = tasks.iter().filter(|task| !task.status.is_retired(task.status_source));
    counting.flat_map(|task| task.attributes.iter().filter(|one| is_asked(one)).map(move |one| (task, one)))
}

/// Whether an attribute proves something.
pub(super) fn is_asked(attribute: &CustomerAttribute) -> bool {
    attribute.is_active && attribute.success_criteria.as_ref().is_some_and(|criterion| !criterion.is_null())
}

/// The latest value of an attribute and when it was observed.
pub(super) fn latest(known: &Attribute) -> Option<(Value, Timestamp)> {
    let value = serde_json::from_str(known.latest_value.as_deref()?).ok()?;
    Some((value, known.latest_observed_at?))
}

/// The template of a deployment, with what is known of its attributes.
pub(super) fn write(
    deployment: &Deployment,
    known: &HashMap<CustomerAttributeId, Attribute>,
    now: Timestamp,
) -> Result<Vec<u8>, Problem> {
    let rows = asked(&deployment.tasks).map(|(task, attribute)| row(task, attribute, known.get(&attribute.id), now));
    let sheet = Sheet { name: NAME, columns: COLUMNS, rows: rows.collect() };
    form::write(&[sheet], INSTRUCTIONS).map_err(Problem::internal)
}

fn row(
    task: &CustomerTaskView,
    attribute: &CustomerAttribute,
    known: Option<&Attribute>,
    now: Timestamp,
) -> Vec<Value> {
    let criterion = attribute.success_criteria.clone().unwrap_or_default();
    // What two cells cannot say is shown as it is.
    let words = workbook::words(&criterion, attribute.data_type);
    let (operator, expected) = words.unwrap_or_else(|| ("", criterion.to_string()));
    let (value, date) = match known.and_then(latest) {
        Some((value, observed_at)) => (value, observed_at.to_string()),
        None => (Value::Null, now.format("%Y-%m-%d").to_string()),
    };
    let required = if attribute.is_required { "Yes" } else { "No" };
    vec![
        json!(task.name),
        json!(attribute.name),
        json!(attribute.data_type),
        json!(required),
        json!(operator),
        json!(expected),
        value,
        json!(date),
        Value::Null,
        json!(attribute.id),
    ]
}

/// What the file of a template is called.
pub(super) fn file_name(deployment: &Deployment, now: Timestamp) -> String {
    let customer = part_of_name(&deployment.customer.name, "customer");
    let product = part_of_name(&deployment.assignment.product_name, "product");
    format!("telemetry_template_{customer}_{product}_{}.xlsx", now.timestamp_millis())
}
