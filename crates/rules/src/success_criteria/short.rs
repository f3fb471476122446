//! The short form: `operator` and `value`, whose meaning follows from the attribute's type.

use serde_json::Value;

use super::{
    error as codes,
    fields::Fields,
    readers, typed,
    words::{COMPARISONS, EQUALITY, KINDS, TEXT_OPERATORS, TIME_OPERATORS, TimeMode},
};
use crate::{
    data_type::DataType,
    leaf::{Comparison, Leaf, Reference, Relation, TextMode, Threshold, TimeTest},
};

/// The operator that fits every type.
const NOT_NULL: &str = "not_null";

/// Reads a leaf without a type.
pub(super) fn leaf(fields: &mut Fields<'_>, data_type: DataType) -> Option<Leaf> {
    fields.only(&["operator", "value"]);
    if fields.is_word("operator", NOT_NULL) {
        return not_null(fields, data_type);
    }
    match data_type {
        DataType::Boolean => flag(fields),
        DataType::Number => number(fields),
        DataType::String => text(fields),
        DataType::Timestamp => time(fields),
        // Anything may stand in a JSON attribute; then the value says what is meant (reference 4.2, legacy objects).
        DataType::Json if fields.is("value", Value::is_boolean) => flag(fields),
        DataType::Json if fields.is("value", Value::is_number) && fields.has("operator") => number(fields),
        DataType::Json => type_missing(fields),
    }
}

/// Neither the attribute's type nor the value says what is meant.
fn type_missing(fields: &mut Fields<'_>) -> Option<Leaf> {
    fields.refuse("type", codes::type_missing(&KINDS.listed()));
    None
}

fn not_null(fields: &mut Fields<'_>, data_type: DataType) -> Option<Leaf> {
    fields.or("value", (), readers::nothing)?;
    Some(if data_type == DataType::Timestamp { Leaf::IsTime } else { Leaf::NotEmpty })
}

fn flag(fields: &mut Fields<'_>) -> Option<Leaf> {
    let operator = fields.or("operator", Comparison::Equal, |value| EQUALITY.read(value));
    let expected = fields.required("value", "true or false", readers::flag);
    operator?;
    Some(Leaf::Flag(expected?))
}

fn number(fields: &mut Fields<'_>) -> Option<Leaf> {
    let comparison = fields.or("operator", Comparison::Equal, |value| COMPARISONS.read(value));
    let number = fields.required("value", "the number to compare with", readers::number);
    Some(Leaf::Number(Threshold { comparison: comparison?, number: number? }))
}

/// Without operator and value any text will do, as catalogs that name only a description expect.
fn text(fields: &mut Fields<'_>) -> Option<Leaf> {
    if !fields.has("operator") && !fields.has("value") {
        return Some(Leaf::NotEmpty);
    }
    let mode = fields.or("operator", TextMode::Exact, |value| TEXT_OPERATORS.read(value));
    let pattern = fields.required("value", "the text to look for", readers::pattern);
    typed::text_match(fields, "value", mode?, pattern?, false)
}

/// Without operator and value any time will do.
fn time(fields: &mut Fields<'_>) -> Option<Leaf> {
    if !fields.has("operator") && !fields.has("value") {
        return Some(Leaf::IsTime);
    }
    let mode =
        fields.required("operator", "before, after, within_days or not_null", |value| TIME_OPERATORS.read(value))?;
    let (relation, reference) = match mode {
        TimeMode::Before => (Relation::Before, moment(fields)?),
        TimeMode::After => (Relation::After, moment(fields)?),
        TimeMode::WithinDays => {
            let window = fields.required("value", "the number of days", readers::window)?;
            (Relation::Within(window), Reference::Now)
        }
    };
    Some(Leaf::Time(TimeTest { relation, reference }))
}

fn moment(fields: &mut Fields<'_>) -> Option<Reference> {
    fields.or("value", Reference::Now, readers::reference)
}
