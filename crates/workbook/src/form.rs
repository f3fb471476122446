//! Sheets of any columns, for a person to fill in: written with hints beside what is asked, and read again by their headings.

use std::sync::Arc;

use rust_xlsxwriter::{Color, DataValidation, Format, FormatAlign, Worksheet, XlsxError};
use serde_json::Value;

use crate::MOST_ROWS;
use crate::formula::is_formula;
use crate::grid::{self, Unreadable};
use crate::sheet::fold;
use crate::xlsx::Unwritable;

/// What a column is for.
#[derive(Debug, Clone, Copy)]
pub enum Use {
    /// It finds the row again: hidden.
    Key,
    /// It tells the reader something: grey.
    Hint,
    /// It is to be filled in.
    Asked,
    /// It is to be filled in with one of these words.
    Choice(&'static [&'static str]),
}

/// A column of a sheet: its heading, what it is for, and how wide it is.
pub type Column = (&'static str, Use, u16);

/// A sheet to be filled in.
#[derive(Debug)]
pub struct Sheet {
    /// What it is called.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
    /// What its rows say already, a cell for each column; null is blank.
    pub rows: Vec<Vec<Value>>,
}

/// The sheets as a file (`.xlsx`), and one that says how to fill them in. No cell is a formula.
///
/// # Errors
/// When there are more rows than a sheet holds, or more text than a cell.
pub fn write(sheets: &[Sheet], instructions: &[&str]) -> Result<Vec<u8>, Unwritable> {
    let (mut file, look) = (rust_xlsxwriter::Workbook::new(), Look::new());
    for sheet in sheets {
        put(file.add_worksheet(), sheet, &look)?;
    }
    let sheet = file.add_worksheet().set_name("Instructions")?;
    sheet.set_column_width(0, 120)?;
    for (row, line) in (0..).zip(instructions) {
        sheet.write_string_with_format(row, 0, *line, if row == 0 { &look.head } else { &look.asked })?;
    }
    Ok(file.save_to_buffer()?)
}

/// How cells look.
struct Look {
    head: Format,
    hint: Format,
    asked: Format,
    /// Text that would be a formula if it were typed.
    quoted_hint: Format,
    quoted: Format,
}

impl Look {
    fn new() -> Self {
        // What is asked stays text as it is typed: no program makes a date of a version.
        let asked = Format::new().set_num_format("@").set_align(FormatAlign::Top).set_text_wrap();
        let hint = asked.clone().set_background_color(Color::RGB(0xE7_E9ED)).set_font_color(Color::RGB(0x55_5B66));
        Self {
            head: Format::new().set_bold().set_background_color(Color::RGB(0x1F_3A5F)).set_font_color(Color::White),
            quoted_hint: hint.clone().set_quote_prefix(),
            quoted: asked.clone().set_quote_prefix(),
            hint,
            asked,
        }
    }

    fn of(&self, of: Use, text: &str) -> &Format {
        match (of, is_formula(text)) {
            (Use::Key | Use::Hint, true) => &self.quoted_hint,
            (Use::Key | Use::Hint, false) => &self.hint,
            (Use::Asked | Use::Choice(_), true) => &self.quoted,
            (Use::Asked | Use::Choice(_), false) => &self.asked,
        }
    }
}

fn put(page: &mut Worksheet, sheet: &Sheet, look: &Look) -> Result<(), XlsxError> {
    page.set_name(sheet.name)?.set_freeze_panes(1, 0)?;
    for (at, (heading, of, width)) in (0..).zip(sheet.columns) {
        page.set_column_format(at, look.of(*of, ""))?;
        page.set_column_width(at, *width)?;
        page.write_string_with_format(0, at, *heading, &look.head)?;
        match of {
            Use::Key => {
                page.set_column_hidden(at)?;
            }
            Use::Choice(words) => {
                let rule = DataValidation::new().allow_list_strings(words)?;
                page.add_data_validation(1, at, u32::try_from(MOST_ROWS).unwrap_or(1), at, &rule)?;
            }
            Use::Hint | Use::Asked => {}
        }
    }
    for (row, cells) in (1..).zip(&sheet.rows) {
        for ((at, (_, of, _)), cell) in (0..).zip(sheet.columns).zip(cells) {
            match cell {
                Value::Null => page.write_blank(row, at, look.of(*of, ""))?,
                Value::Bool(flag) => page.write_boolean_with_format(row, at, *flag, look.of(*of, ""))?,
                Value::Number(_) => {
                    page.write_number_with_format(row, at, cell.as_f64().unwrap_or_default(), look.of(*of, ""))?
                }
                other => {
                    let text = shown(other);
                    page.write_string_with_format(row, at, &text, look.of(*of, &text))?
                }
            };
        }
    }
    Ok(())
}

/// The text that a value comes back as from its cell.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A row that somebody has filled in.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it stands in the sheet; the headings are row 1.
    pub number: u64,
    headings: Arc<Vec<String>>,
    cells: Vec<String>,
    broken: Vec<usize>,
}

impl Row {
    /// What stands under a heading, without blanks around it; nothing when there is no such column.
    #[must_use]
    pub fn cell(&self, heading: &str) -> &str {
        self.place(heading).and_then(|at| self.cells.get(at)).map_or("", |cell| cell.trim())
    }

    /// The first of these columns whose cell holds what is no value, such as a formula's error, and what to tell of it.
    #[must_use]
    pub fn broken(&self, columns: &[Column]) -> Option<(&'static str, String)> {
        let is_broken = |heading: &&str| self.place(heading).is_some_and(|at| self.broken.contains(&at));
        let heading = columns.iter().map(|(heading, ..)| *heading).find(is_broken)?;
        Some((heading, format!("The cell is {}, which is no value; type it anew.", self.cell(heading))))
    }

    fn place(&self, heading: &str) -> Option<usize> {
        self.headings.iter().position(|known| *known == fold(heading))
    }
}

/// The rows of a sheet by its name. Columns may stand in any order, and there may be more of them.
///
/// # Errors
/// When the file is no workbook or too large, or has no such sheet or not these columns.
pub fn read(bytes: &[u8], sheet: &str, needed: &[&str]) -> Result<Vec<Row>, Unreadable> {
    let unreadable = |message: String| Unreadable { too_large: false, message };
    let mut lines = grid::sheet(bytes, sheet)?.into_iter();
    let first = lines.next().ok_or_else(|| unreadable(format!("The file has no sheet {sheet} with headings.")))?;
    let headings = first.cells.map_err(|line| unreadable(format!("The headings cannot be read: {line}.")))?;
    let headings: Arc<Vec<String>> = Arc::new(headings.iter().map(|heading| fold(heading)).collect());
    if let Some(missing) = needed.iter().find(|heading| !headings.contains(&fold(heading))) {
        return Err(unreadable(format!("The sheet {sheet} has no column {missing}.")));
    }
    let row = |grid::Line { number, cells }| {
        let (cells, broken) = cells.map_or_else(|broken| (broken.cells, broken.columns), |cells| (cells, Vec::new()));
        Row { number, headings: Arc::clone(&headings), cells, broken }
    };
    Ok(lines.map(row).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: &[Column] = &[
        ("ID", Use::Key, 10),
        ("Name", Use::Hint, 30),
        ("Status", Use::Choice(&["OPEN", "DONE"]), 12),
        ("Value", Use::Asked, 12),
    ];

    #[test]
    fn what_is_written_is_read_again() {
        let rows = vec![
            vec![json!("a"), json!("=1+1"), json!("OPEN"), json!(12.5)],
            vec![json!("b"), json!("+x"), Value::Null, json!(true)],
            vec![json!("c"), json!(" plain "), json!("DONE"), json!({ "a": [1] })],
        ];
        let bytes = write(&[Sheet { name: "Things", columns: COLUMNS, rows: rows.clone() }], &["How", "So"]).unwrap();
        let read = read(&bytes, "things", &["status", "VALUE"]).unwrap();
        assert_eq!(read.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 3, 4]);
        for (row, cells) in read.iter().zip(&rows) {
            for ((heading, ..), cell) in COLUMNS.iter().zip(cells) {
                assert_eq!(row.cell(heading), shown(cell).trim(), "{heading}");
            }
            assert_eq!(row.cell("Nothing"), "");
        }
        let without = super::read(&bytes, "Things", &["Colour"]).unwrap_err();
        assert_eq!(without.message, "The sheet Things has no column Colour.");
        assert!(super::read(&bytes, "Others", &[]).is_err() && super::read(b"no file", "Things", &[]).is_err());
    }

    #[test]
    fn a_row_says_which_of_its_cells_is_broken() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let page = book.add_worksheet();
        page.set_name("Things").unwrap().write_row(0, 0, ["Theirs", "VALUE", "Status"]).unwrap();
        page.write_row(1, 0, ["x", "1", "OPEN"]).unwrap();
        for (row, at) in [(2, 0), (3, 1)] {
            let none = rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!");
            page.write_row(row, 0, ["x", "1", "DONE"]).unwrap().write_formula(row, at, none).unwrap();
        }
        let rows = read(&book.save_to_buffer().unwrap(), "Things", &[]).unwrap();
        let told = "The cell is #DIV/0!, which is no value; type it anew.".to_owned();
        assert_eq!(rows.iter().map(|row| row.broken(COLUMNS)).collect::<Vec<_>>(), [None, None, Some(("Value", told))]);
        assert_eq!(rows[1].cell("Status"), "DONE", "nobody reads the column that is broken");
    }

    #[test]
    fn a_value_comes_back_as_it_is_shown() {
        for (value, text) in [(json!(42), "42"), (json!(-0.5), "-0.5"), (json!(false), "false"), (json!("x"), "x")] {
            assert_eq!(shown(&value), text);
        }
    }
}
