//! A batch as a table: the first line names the fields of a value, every other line is one. Pure.

use std::collections::BTreeSet;

use kernel::Problem;
use kernel::problem::{BODY_TOO_LARGE, REQUEST_MALFORMED};
use rules::DecimalSign;
use serde_json::{Map, Value};
use workbook::grid::{Line, Unreadable};

use super::parts::{Origin, Part};

/// A field of a value, and what else its column may be called.
type Column = (&'static str, &'static [&'static str]);

/// The columns a table may have. A value is the text of its cell: the attribute's type says how it is read.
const COLUMNS: [Column; 14] = [
    ("assignmentId", &["assignment"]),
    ("assignmentKey", &[]),
    ("attributeId", &[]),
    ("attributeName", &["attribute"]),
    ("taskName", &["task"]),
    ("customerTaskId", &[]),
    (VALUE, &["value", "currentvalue"]),
    (DECIMAL_SIGN, &[]),
    (OBSERVED_AT, &["date"]),
    ("eventId", &[]),
    ("source", &[]),
    ("refusalId", &[]),
    ("notes", &[]),
    // What an export of refusals says besides is no part of a value.
    (NOTHING, &["code", "detail", "batchid", "receivedat", "replayedat", "payload"]),
];
/// A column that is passed over.
const NOTHING: &str = "";
const VALUE: &str = "text";
const DECIMAL_SIGN: &str = "decimalSign";
const OBSERVED_AT: &str = "observedAt";

/// A table that cannot be read at all.
pub(crate) fn unreadable(why: &Unreadable) -> Problem {
    if why.too_large { &BODY_TOO_LARGE } else { &REQUEST_MALFORMED }.detail(why.to_string())
}

/// The entries of a table whose numbers have this sign, as the JSON form has them.
pub(super) fn entries<'a>(lines: Vec<Line>, sign: DecimalSign) -> Result<Vec<Part<'a>>, Problem> {
    let mut lines = lines.into_iter();
    let Some(first) = lines.next() else { return Ok(Vec::new()) };
    let fields = headings(&first.cells.map_err(|line| malformed(format!("The headings cannot be read: {line}.")))?)?;
    let part = |line: Line| Part {
        // What is no JSON is refused with its line, now and when it is replayed.
        text: line.cells.map_or_else(|line| line.to_string(), |cells| entry(&fields, cells, sign)).into(),
        origin: Origin::Line(usize::try_from(line.number).unwrap_or(usize::MAX)),
    };
    Ok(lines.map(part).collect())
}

/// The field of each column; none of one without a heading.
fn headings(cells: &[String]) -> Result<Vec<Option<&'static str>>, Problem> {
    let mut seen = BTreeSet::new();
    let mut fields = Vec::with_capacity(cells.len());
    for heading in cells {
        if heading.trim().is_empty() {
            fields.push(None);
            continue;
        }
        let field = field(heading).ok_or_else(|| malformed(format!("There is no column {heading:?}.")))?;
        if field != NOTHING && !seen.insert(field) {
            return Err(malformed(format!("The column {heading:?} is there twice.")));
        }
        fields.push(Some(field));
    }
    match [(VALUE, "value"), (OBSERVED_AT, OBSERVED_AT)].into_iter().find(|(field, _)| !seen.contains(field)) {
        Some((_, column)) => Err(malformed(format!("The column {column} is missing."))),
        None => Ok(fields),
    }
}

fn malformed(what: String) -> Problem {
    let others =
        COLUMNS.map(|(field, _)| field).into_iter().filter(|field| ![VALUE, OBSERVED_AT, NOTHING].contains(field));
    let others = others.collect::<Vec<_>>().join(", ");
    let columns = format!("value (or {VALUE}) and {OBSERVED_AT}, and any of {others}");
    REQUEST_MALFORMED.detail(format!("{what} The first line names the columns: {columns}."))
}

/// The field that a heading means, however it is written: `Attribute Name` is `attributeName`.
fn field(heading: &str) -> Option<&'static str> {
    let folded = fold(heading);
    let named = |(field, others): &&Column| fold(field) == folded || others.contains(&folded.as_str());
    COLUMNS.iter().find(named).map(|(field, _)| *field)
}

fn fold(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A line as JSON. A cell under no heading becomes a field that no value has. A value comes with what a comma means in its table,
/// unless the line says so itself: elsewhere, such as in an export of refusals, it may mean something else.
fn entry(fields: &[Option<&'static str>], cells: Vec<String>, sign: DecimalSign) -> String {
    let mut entry = Map::new();
    for (at, cell) in cells.into_iter().enumerate() {
        if cell.trim().is_empty() {
            continue;
        }
        let (name, cell) = match fields.get(at).copied().flatten() {
            Some(NOTHING) => continue,
            Some(VALUE) => (VALUE.to_owned(), cell),
            Some(OBSERVED_AT) => (OBSERVED_AT.to_owned(), moment(cell.trim())),
            Some(field) => (field.to_owned(), cell.trim().to_owned()),
            None => (format!("column {}", at + 1), cell),
        };
        entry.insert(name, Value::String(cell));
    }
    if entry.contains_key(VALUE) {
        entry.entry(DECIMAL_SIGN).or_insert_with(|| sign.as_str().into());
    }
    Value::Object(entry).to_string()
}

/// A plain date is its midnight in UTC.
fn moment(cell: &str) -> String {
    let is_date = cell.len() == "2026-11-21".len() && cell.parse::<chrono::NaiveDate>().is_ok();
    if is_date { format!("{cell}T00:00:00Z") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::entry::Entry;
    use contracts::telemetry::RefusalCode;
    use serde_json::json;
    use workbook::grid;

    const ID: &str = "01938a5e-7c4b-7e3a-9f00-000000000001";

    fn read(table: &str) -> Result<Vec<Part<'static>>, Problem> {
        entries(grid::csv(table.as_bytes()).unwrap(), DecimalSign::Point)
    }

    #[test]
    fn a_line_is_a_value() {
        let table = format!(
            "Assignment ID,Attribute Name,Task Name,Value,Date,,Notes\n{ID}, Users ,Roll out,\"1,250\",2026-11-21,,\n\n{ID},Gates,,yes,2026-11-21T09:30:00Z,,\"a \"\"note\"\"\"\n"
        );
        let parts = read(&table).unwrap();
        let texts: Vec<Value> = parts.iter().map(|part| serde_json::from_str(&part.text).unwrap()).collect();
        assert_eq!(
            texts,
            [
                json!({ "assignmentId": ID, "attributeName": "Users", "taskName": "Roll out", "text": "1,250", "decimalSign": ".", "observedAt": "2026-11-21T00:00:00Z" }),
                json!({ "assignmentId": ID, "attributeName": "Gates", "text": "yes", "decimalSign": ".", "observedAt": "2026-11-21T09:30:00Z", "notes": "a \"note\"" }),
            ]
        );
        assert!(matches!(parts[1].origin, Origin::Line(4)));
        assert!(parts.iter().all(|part| Entry::read(&part.text).is_ok()));
        assert!(read("").unwrap().is_empty() && read("assignmentId,value,observedAt\n").unwrap().is_empty());
    }

    #[test]
    fn a_comma_means_what_its_line_says_or_else_its_table() {
        let table = format!(
            "assignmentId;attribute;value;observedAt;decimalSign\n{ID};Users;0,500;2026-11-21\n{ID};Users;1,250;2026-11-21;.\n{ID};Users;7;2026-11-21\n"
        );
        let parts = entries(grid::csv(table.as_bytes()).unwrap(), DecimalSign::Comma).unwrap();
        let signs = parts.iter().map(|part| Entry::read(&part.text).unwrap().decimal_sign);
        assert!(signs.eq([DecimalSign::Comma, DecimalSign::Point, DecimalSign::Comma].map(Some)));
    }

    #[test]
    fn a_line_that_is_no_value_is_refused_alone() {
        let table = format!(
            "assignmentId,attribute,value,observedAt\n{ID},Users,1,x,more\n{ID},Users,,2026-11-21\nnobody,Users,1,2026-11-21\n{ID},Users,1,2026-11-21\n"
        );
        let codes: Vec<_> = read(&table)
            .unwrap()
            .iter()
            .map(|part| Entry::read(&part.text).map(drop).map_err(|reason| reason.code))
            .collect();
        let malformed = Err(RefusalCode::ValueMalformed);
        assert_eq!(codes, [malformed, malformed, malformed, Ok(())]);
        let spoilt = entries(grid::csv(b"assignmentId,value,observedAt\ncaf\xe9,1,2").unwrap(), DecimalSign::Point);
        let spoilt = spoilt.unwrap();
        assert!(Entry::read(&spoilt[0].text).is_err());
    }

    #[test]
    fn a_table_without_the_columns_of_a_value_is_none() {
        for table in [
            "assignmentId,value\n",
            "assignmentId,value,observedAt,colour\n",
            "assignmentId,value,Value,date\n",
            "{}\n",
        ] {
            assert_eq!(read(table).unwrap_err().kind().status, 400, "{table}");
        }
        let told = read("assignmentId,value,observedAt,colour\n").unwrap_err();
        let told = told.to_string();
        for (column, _) in COLUMNS {
            assert!(told.contains(column), "{column}: {told}");
        }
    }
}
