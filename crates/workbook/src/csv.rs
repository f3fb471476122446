//! One sheet as CSV: a line of headings, then a line for each row.
//!
//! What a spreadsheet would take for a formula begins with an apostrophe, which is taken away again.

use std::fmt;

use crate::book::{OwnerKind, Visitor, Workbook};
use crate::cell::Cell;
use crate::fault::Fault;
use crate::formula::{harmless, meant};
use crate::intake::{Headings, Intake};
use crate::sheet::{Column, Form, Sheet, fold};
use crate::table::{Kind, Table};
use crate::{MOST_BYTES, Read};

/// The sheet could not be written.
#[derive(Debug)]
pub struct Unwritable(csv::Error);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sheet could not be written: {}", self.0)
    }
}

impl From<csv::Error> for Unwritable {
    fn from(error: csv::Error) -> Self {
        Self(error)
    }
}

impl std::error::Error for Unwritable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// One sheet of the workbook; only the headings when it has none of its rows.
///
/// # Errors
/// Never in memory, as far as is known.
pub fn write(workbook: &Workbook, sheet: Sheet) -> Result<Vec<u8>, Unwritable> {
    // Who asks for a sheet that is in no other file gets it whole.
    let columns = if sheet.edited().is_empty() { sheet.columns() } else { sheet.edited() };
    let mut writer = Writer { sheet, columns, out: csv::Writer::from_writer(Vec::new()) };
    writer.out.write_record(columns.iter().map(|column| column.key)).map_err(Unwritable)?;
    workbook.visit(&mut writer).map_err(Unwritable)?;
    writer.out.into_inner().map_err(|error| Unwritable(error.into_error().into()))
}

struct Writer {
    sheet: Sheet,
    columns: &'static [Column],
    out: csv::Writer<Vec<u8>>,
}

impl Visitor for Writer {
    type Error = csv::Error;

    fn table<T: Kind>(&mut self, table: Option<&Table<T>>) -> Result<(), csv::Error> {
        if T::SHEET != self.sheet {
            return Ok(());
        }
        for item in table.into_iter().flat_map(Table::items) {
            let cells = item.cells();
            let texts = cells.iter().zip(self.columns).map(|(cell, column)| match cell {
                Cell::Number(_) => cell.shown(column.form).into_owned(),
                _ => harmless(&cell.shown(column.form)),
            });
            self.out.write_record(texts)?;
        }
        Ok(())
    }
}

/// What one sheet says, and what is wrong with it. Commas, semicolons or tabs stand between the cells, or what a first line such
/// as `sep=;` names; where it is no comma, a number may have one before its decimal places.
#[must_use]
pub fn read(bytes: &[u8], sheet: Sheet, kind: OwnerKind) -> Read {
    let mut intake = Intake::new(kind);
    if bytes.len() > MOST_BYTES {
        let message = format!("The file has more than {} MiB; split it.", MOST_BYTES >> 20);
        intake.faults.push(Fault::error("WORKBOOK_TOO_LARGE", message));
    } else {
        rows(bytes, sheet, &mut intake);
    }
    intake.finish()
}

/// Whether a number of this CSV may have a comma before its decimal places: something else stands between the cells, as
/// spreadsheets of many languages write them.
#[must_use]
pub fn has_decimal_commas(bytes: &[u8]) -> bool {
    opened(bytes).0 != b','
}

/// What is no text in UTF-8 as a whole, and what to do.
pub(crate) fn no_text(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("The file is in UTF-16; save it as CSV in UTF-8."),
        [b'P', b'K', 3, 4, ..] => Some(
            "The file is an Excel workbook and no CSV; send it as application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.",
        ),
        _ => None,
    }
}

/// What stands between the cells, as the first line has it, and the lines of the table. Before them a spreadsheet may have
/// written what it is: `sep=;`, as a cell of its own maybe and with others that are empty. It does not show that line, and so
/// nobody counts it.
pub(crate) fn opened(bytes: &[u8]) -> (u8, &[u8]) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let said: Vec<u8> = first.iter().copied().filter(|byte| !b"\"\r".contains(byte)).collect();
    if let Some((sep, [delimiter, empty @ ..])) = said.split_at_checked(b"sep=".len())
        && sep.eq_ignore_ascii_case(b"sep=")
        && empty.iter().all(|byte| byte == delimiter)
    {
        return (*delimiter, bytes.get(first.len() + 1..).unwrap_or_default());
    }
    // What stands between quotation marks is every other part.
    let bare = || first.split(|byte| *byte == b'"').step_by(2).flatten();
    let delimiters = [b'\t', b';', b','];
    let most = delimiters.into_iter().max_by_key(|delimiter| bare().filter(|byte| *byte == delimiter).count());
    (most.unwrap_or(b','), bytes)
}

/// Has a point stand before the decimal places of a row's numbers, where a comma does.
fn point(sheet: Sheet, cells: &mut [Cell]) {
    let columns = sheet.columns();
    let says_number =
        |cell: &Cell| matches!(cell, Cell::Text(word) if ["number", "percentage"].contains(&fold(word).as_str()));
    let is_typed = columns.iter().zip(&*cells).any(|(column, cell)| column.key == "dataType" && says_number(cell));
    for (cell, column) in cells.iter_mut().zip(columns) {
        let by_type = is_typed && ["value", "expectedValue"].contains(&column.key);
        if let (Cell::Text(text), true) = (cell, by_type || matches!(column.form, Form::Number(..))) {
            let pointed = text.replacen(',', ".", 1);
            if pointed.trim().parse::<f64>().is_ok() {
                *text = pointed;
            }
        }
    }
}

/// Without these columns a CSV of tasks is taken for something else.
fn needed(sheet: Sheet) -> &'static [&'static str] {
    if sheet == Sheet::Tasks { &["name", "estMinutes", "weight"] } else { &[] }
}

fn rows(bytes: &[u8], sheet: Sheet, intake: &mut Intake) {
    if let Some(message) = no_text(bytes) {
        intake.faults.push(Fault::error("WORKBOOK_UNREADABLE", message.to_owned()));
        return;
    }
    let (delimiter, bytes) = opened(bytes);
    let mut lines = csv::ReaderBuilder::new();
    let mut lines = lines.has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let Some(mut rows) = intake.open(sheet) else { return };
    let mut headings: Option<Headings> = None;
    for (number, line) in (1..).zip(lines.records()) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                let message = format!("cannot be read; save the file as CSV in UTF-8 ({error})");
                intake.faults.push(Fault::error("ROW_UNREADABLE", message).on(sheet).at(number));
                continue;
            }
        };
        let Some(headings) = &headings else {
            let names: Vec<String> = line.iter().map(|name| meant(name).to_owned()).collect();
            match Headings::read(sheet, &names, needed(sheet), &mut intake.faults) {
                Some(read) => headings = Some(read),
                None => return,
            }
            continue;
        };
        if line.iter().skip(headings.width()).any(|cell| !cell.trim().is_empty()) {
            let message = "has more cells than there are headings; put a text with a separator between quotation marks";
            intake.faults.push(Fault::warning("CELLS_LEFT_OVER", message).on(sheet).at(number));
        }
        let mut cells = headings.sort(line.iter().map(|cell| Cell::text(meant(cell))).enumerate());
        if delimiter != b',' {
            point(sheet, &mut cells);
        }
        if !intake.row(rows.as_mut(), number, cells, headings.given()) {
            break;
        }
    }
    if headings.is_some() {
        intake.close(rows);
    }
}
