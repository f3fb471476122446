//! Criteria as a person writes them in two cells: an operator and the value it expects.

use rules::{Criterion, DataType};
use serde_json::{Value, json};

use crate::fields::flag;

/// The operators that the sheet offers.
pub(crate) const OPERATORS: &[&str] = &["equals", "gt", "gte", "lt", "lte", "contains", "not_null", "within_days"];

/// What two cells say.
pub(crate) enum Meant {
    /// This criterion, or none.
    Exactly(Option<Value>),
    /// Something that the platform does not know; this is what it has always come to.
    Nearly(Option<Value>, String),
}

/// The operator and the expected value that say the same as a criterion, if any do.
#[must_use]
pub fn words(criterion: &Value, data_type: DataType) -> Option<(&'static str, String)> {
    let field = |name: &str| criterion.get(name);
    let words = match field("type")?.as_str()? {
        "boolean_flag" => ("equals", field("expectedValue")?.to_string()),
        "number_threshold" => (short(field("operator")?.as_str()?)?, field("threshold")?.to_string()),
        "string_match" => match field("mode")?.as_str()? {
            "exact" => ("equals", field("pattern")?.as_str()?.to_owned()),
            "contains" => ("contains", field("pattern")?.as_str()?.to_owned()),
            _ => return None,
        },
        "string_not_null" | "timestamp_not_null" => ("not_null", String::new()),
        "timestamp_comparison" => ("within_days", field("withinDays")?.to_string()),
        _ => return None,
    };
    match meant(words.0, &words.1, data_type) {
        Ok(Meant::Exactly(Some(meant))) if meant == *criterion => Some(words),
        _ => None,
    }
}

fn short(operator: &str) -> Option<&'static str> {
    match operator {
        "greater_than" => Some("gt"),
        "greater_than_or_equal" => Some("gte"),
        "less_than" => Some("lt"),
        "less_than_or_equal" => Some("lte"),
        "equals" => Some("equals"),
        _ => None,
    }
}

/// The criterion that an operator (`equals` when it is left out) and an expected value say.
pub(crate) fn meant(operator: &str, expected: &str, data_type: DataType) -> Result<Meant, String> {
    let (operator, tidy) = (operator.trim().to_ascii_lowercase(), expected.trim());
    if operator.is_empty() && tidy.is_empty() {
        return Ok(Meant::Exactly(None));
    }
    let operator = if operator.is_empty() { "equals" } else { operator.as_str() };
    let json = match (data_type, operator) {
        (DataType::Json, _) => {
            let why = "says nothing of JSON; values are only recorded. Use the column Criterion".to_owned();
            return Ok(Meant::Nearly(None, why));
        }
        (DataType::Timestamp, "not_null") => json!({ "type": "timestamp_not_null" }),
        (_, "not_null") => json!({ "type": "string_not_null" }),
        (DataType::Boolean, _) => match flag(tidy) {
            Some(flag) => json!({ "type": "boolean_flag", "expectedValue": flag }),
            None => return Err("is neither true nor false".to_owned()),
        },
        (DataType::Number, _) => {
            json!({ "type": "number_threshold", "operator": operator, "threshold": number(tidy)? })
        }
        (DataType::Timestamp, "within_days") => {
            json!({ "type": "timestamp_comparison", "mode": "within_days", "withinDays": number(tidy)? })
        }
        (DataType::Timestamp, _) => {
            let why =
                format!("`{operator}` says nothing of times; any time proves the step. Use within_days or not_null");
            return Ok(Meant::Nearly(canonical(&json!({ "type": "timestamp_not_null" }), data_type)?, why));
        }
        (DataType::String, "equals" | "eq" | "contains") if !tidy.is_empty() => {
            let mode = if operator == "contains" { "contains" } else { "exact" };
            json!({ "type": "string_match", "mode": mode, "pattern": expected })
        }
        (DataType::String, "equals" | "eq" | "contains") => {
            return Err("is empty; say what text is expected".to_owned());
        }
        (DataType::String, _) => {
            return Err(format!("`{operator}` says nothing of text; use equals, contains or not_null"));
        }
    };
    canonical(&json, data_type).map(Meant::Exactly)
}

/// A criterion in the JSON of the rule language.
pub(crate) fn parse(text: &str, data_type: DataType) -> Result<Option<Value>, String> {
    let json: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    canonical(&json, data_type)
}

/// A criterion as a file has it: a database may write the same number otherwise.
pub(crate) fn settled(criterion: &Value, data_type: DataType) -> Value {
    canonical(criterion, data_type).ok().flatten().unwrap_or_else(|| criterion.clone())
}

fn canonical(json: &Value, data_type: DataType) -> Result<Option<Value>, String> {
    let criterion = Criterion::parse(json, data_type);
    let sentences = |errors: Vec<rules::CriterionError>| {
        errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join("; ")
    };
    criterion.map(|criterion| Some(criterion.to_json())).map_err(sentences)
}

/// The number as it is written, to the last bit.
fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("is not a number; write it like 12.5".to_owned()),
    }
}
