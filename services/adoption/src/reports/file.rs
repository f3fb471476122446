//! A report as a page of JSON, or whole as a table.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use kernel::keys::Keyring;
use kernel::{Cursor, PageQuery, Problem, ProblemKind};
use serde::Serialize;
use serde_json::Value;
use web::{Answer, Reply};
use workbook::grid;

/// The most rows of a table.
const MOST: i64 = 50_000;

/// A table holds all of a report, so it is not cut off.
static TOO_LONG: ProblemKind = ProblemKind::new("REPORT_TOO_LONG", 422, "The report is too long for a table");

kernel::text_enum! {
    /// What a report comes as.
    pub enum Format {
        /// A page of JSON.
        Json = "json",
        /// All of it as comma-separated values with a header; a report of more than 50,000 rows is refused.
        Csv = "csv",
    }
}

/// A row of a report.
pub(super) trait Row: Serialize {
    /// The report's name: of its file, and of its cursors.
    const NAME: &'static str;
    /// The fields of a row, in the order of the table's columns.
    const COLUMNS: &'static [&'static str];

    /// What the list is sorted by.
    fn key(&self) -> Vec<Value>;
}

/// Which part of a report is asked for, and as what.
pub(super) struct Part {
    format: Format,
    pub(super) limit: i64,
    pub(super) after: Option<Cursor>,
}

impl Part {
    /// A page, or everything.
    ///
    /// # Errors
    /// 400 when the limit or the cursor cannot be.
    pub(super) fn of<T: Row>(format: Option<Format>, paging: PageQuery<'_>, keys: &Keyring) -> Result<Self, Problem> {
        let (limit, after) = (paging.limit()?, paging.after(keys, T::NAME)?);
        Ok(match format.unwrap_or(Format::Json) {
            Format::Json => Self { format: Format::Json, limit, after },
            Format::Csv => Self { format: Format::Csv, limit: MOST, after: None },
        })
    }

    /// The answer, from the rows of this part and one more where there is more.
    pub(super) fn answer<T: Row>(&self, rows: Vec<T>, keys: &Keyring) -> Answer {
        let page = Cursor::page(rows, self.limit, keys, T::NAME, T::key);
        match self.format {
            Format::Json => Ok(Reply::ok(&page)?.into_response()),
            Format::Csv if page.next_cursor.is_some() => {
                let how = "It has more than 50,000 rows. Ask for fewer, where it has a limit of age or percent, or read it page by page as JSON.";
                Err(TOO_LONG.detail(how).into())
            }
            Format::Csv => table(&page.items),
        }
    }
}

/// All rows of a report that has few.
pub(super) fn whole<T: Row>(format: Option<Format>, rows: Vec<T>) -> Answer {
    match format.unwrap_or(Format::Json) {
        Format::Json => Ok(Reply::ok(&kernel::Page { items: rows, next_cursor: None, total: None })?.into_response()),
        Format::Csv => table(&rows),
    }
}

fn table<T: Row>(rows: &[T]) -> Answer {
    let mut lines = vec![T::COLUMNS.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    for row in rows {
        let row = serde_json::to_value(row).map_err(Problem::internal)?;
        lines.push(T::COLUMNS.iter().map(|name| row.get(name).map(cell).unwrap_or_default()).collect());
    }
    let text = grid::to_csv(lines).map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}.csv\"", T::NAME)))
        .body(text))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;
    use kernel::keys::MasterKey;

    use super::*;

    #[derive(Serialize)]
    struct Line(i32);

    impl Row for Line {
        const NAME: &'static str = "lines";
        const COLUMNS: &'static [&'static str] = &[];
        fn key(&self) -> Vec<Value> {
            vec![self.0.into()]
        }
    }

    #[test]
    fn a_table_is_whole_or_refused() {
        let keys = Keyring { current: MasterKey::random().unwrap(), previous: None };
        let part = Part { format: Format::Csv, limit: 2, after: None };
        assert!(part.answer(vec![Line(1), Line(2)], &keys).is_ok());
        let refused = part.answer(vec![Line(1), Line(2), Line(3)], &keys).unwrap_err();
        assert_eq!(refused.status_code(), TOO_LONG.status);
    }
}
