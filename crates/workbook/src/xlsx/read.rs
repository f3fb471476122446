//! Reads a workbook cell by cell: what a sheet claims to hold takes no memory, only what it holds.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, XlsxCellFormulaMetadataRecord, XlsxError};

use super::bounds;
use crate::Read;
use crate::book::OwnerKind;
use crate::cell::Cell;
use crate::fault::Fault;
use crate::intake::{Headings, Intake, MOST_COLUMNS, Rows};
use crate::sheet::{Form, Sheet, fold};

/// What a file (`.xlsx`) says, and what is wrong with it.
#[must_use]
pub fn read(bytes: &[u8]) -> Read {
    let mut intake = Intake::new(OwnerKind::Product);
    if let Err(fault) = bounds::check(bytes) {
        intake.faults.push(fault);
        return intake.finish();
    }
    // Whatever a hostile file does to the reader, the caller gets an answer.
    let done = catch_unwind(AssertUnwindSafe(|| sheets(bytes, &mut intake)));
    if !matches!(done, Ok(Ok(()))) {
        intake.faults.push(bounds::unreadable());
    }
    intake.finish()
}

type File<'a> = Xlsx<Cursor<&'a [u8]>>;

fn sheets(bytes: &[u8], intake: &mut Intake) -> Result<(), XlsxError> {
    let mut file: File<'_> = Xlsx::new(Cursor::new(bytes))?;
    let names = file.sheet_names();
    if names.iter().any(|name| fold(name).contains("solution")) {
        intake.of_kind(OwnerKind::Solution);
    }
    for name in names {
        let Some(sheet) = Sheet::named(&name) else {
            if fold(&name) != "instructions" {
                let message = "The file has a sheet that is not known; it is passed over.";
                intake.faults.push(Fault::warning("SHEET_UNKNOWN", message).quoting(&name));
            }
            continue;
        };
        if let Some(mut rows) = intake.open(sheet)
            && fill(&mut file, &name, sheet, rows.as_mut(), intake)?
        {
            intake.close(rows);
        }
    }
    Ok(())
}

/// The rows of one sheet. False when it cannot be read.
fn fill(
    file: &mut File<'_>,
    name: &str,
    sheet: Sheet,
    rows: &mut dyn Rows,
    intake: &mut Intake,
) -> Result<bool, XlsxError> {
    let mut cells = file.worksheet_cells_reader(name)?;
    let mut headings: Option<Headings> = None;
    let mut row: Vec<(usize, Cell)> = Vec::new();
    let mut number = 0;
    loop {
        let next = cells.next_cell_with_formula_metadata()?;
        let place = next.as_ref().map(|cell| cell.pos);
        if place.is_none_or(|(row, _)| row.saturating_add(1) != number) {
            let ended = std::mem::take(&mut row);
            if let Some(headings) = &headings {
                if !intake.row(rows, number, headings.sort(ended), headings.given()) {
                    return Ok(true);
                }
            } else if ended.iter().any(|(_, cell)| !cell.is_blank()) {
                headings = Headings::read(sheet, &in_places(&ended), &[], &mut intake.faults);
                if headings.is_none() {
                    return Ok(false);
                }
            }
        }
        let (Some(cell), Some((index, column))) = (next, place) else { break };
        number = index.saturating_add(1);
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let wanted = headings.as_ref().map_or(column < MOST_COLUMNS, |headings| headings.has(column));
        if wanted {
            row.push((column, value(&cell)));
        }
    }
    if headings.is_none() {
        let message = "has no headings; export a workbook to see them, or delete the sheet to leave its rows alone";
        intake.faults.push(Fault::error("SHEET_EMPTY", message).on(sheet));
    }
    Ok(headings.is_some())
}

/// The headings, each at its place.
fn in_places(cells: &[(usize, Cell)]) -> Vec<String> {
    let mut headings = Vec::new();
    for (at, cell) in cells.iter().filter(|(at, _)| *at < MOST_COLUMNS) {
        headings.resize(headings.len().max(at + 1), String::new());
        if let Some(heading) = headings.get_mut(*at) {
            *heading = cell.shown(Form::Text).into_owned();
        }
    }
    headings
}

/// What a cell holds. A formula of which nobody has kept the result is no value, and not nothing either.
pub(crate) fn value(cell: &XlsxCellFormulaMetadataRecord<'_>) -> Cell {
    match &cell.value {
        DataRef::Empty if cell.formula.is_some() => {
            Cell::Broken("a formula whose result the file does not have".to_owned())
        }
        DataRef::Empty => Cell::Blank,
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::text(text.as_str()),
        DataRef::SharedString(text) => Cell::text(*text),
        DataRef::Int(number) => number.to_string().parse().map_or(Cell::Blank, Cell::Number),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(flag) => Cell::Flag(*flag),
        DataRef::DateTime(moment) => Cell::Text(date(moment)),
        DataRef::Error(error) => Cell::Broken(error.to_string()),
    }
}

/// A date as ISO 8601 has it, with its time unless that is midnight.
fn date(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date}T{hour:02}:{minute:02}:{second:02}Z") }
}
