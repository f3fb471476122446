//! A table of any columns, on a sheet of a workbook or as CSV: its lines as texts.

use std::fmt;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Reader, Xlsx, XlsxError};

use crate::cell::Cell;
use crate::csv::{Unwritable, no_text, opened};
use crate::formula::{harmless, meant};
use crate::intake::MOST_COLUMNS;
use crate::sheet::{Form, fold};
use crate::xlsx::{bounds, value};
use crate::{MOST_ROWS, MOST_TEXT};

/// A line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the file, counted from 1.
    pub number: u64,
    /// Its cells.
    pub cells: Result<Vec<String>, Broken>,
}

/// A line of which some cells are broken or no UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which cells these are, counted from 0.
    pub columns: Vec<usize>,
    /// How all of them look.
    pub cells: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cells.join(","))
    }
}

/// The file cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Whether it is too large, rather than something else than it says.
    pub too_large: bool,
    /// What is wrong, and what to do, in a sentence.
    pub message: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unreadable {}

/// The lines of a CSV. Commas, semicolons or tabs stand between the cells, or what a first line such as `sep=;` names, which is
/// none of them; what kept a cell from being a formula is gone.
///
/// # Errors
/// When it is no CSV in UTF-8 at all, or has more lines or text than a file may have.
pub fn csv(bytes: &[u8]) -> Result<Vec<Line>, Unreadable> {
    if let Some(message) = no_text(bytes) {
        return Err(unreadable(message.to_owned()));
    }
    let (delimiter, bytes) = opened(bytes);
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter);
    let mut lines = Lines::default();
    for record in reader.from_reader(bytes).into_byte_records() {
        let record = record.map_err(|error| unreadable(format!("The file is no CSV: {error}.")))?;
        let number = record.position().map_or(0, |position| line_of(bytes, position));
        let texts: Result<Vec<_>, _> = record.iter().map(std::str::from_utf8).collect();
        let cells = texts.map(|texts| texts.into_iter().map(|text| meant(text).to_owned()).collect());
        lines.push(number, cells.map_err(|_| Broken::of(&record)))?;
    }
    Ok(lines.taken)
}

/// The line that a record begins on. The reader says where it began to look, which is before blank lines.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let begun = usize::try_from(position.byte()).ok().and_then(|byte| bytes.get(byte..)).unwrap_or_default();
    let blank = begun.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n').count();
    position.line() + u64::try_from(blank).unwrap_or(u64::MAX)
}

impl Broken {
    /// A record that is no UTF-8, with what is not written as `\xNN`.
    fn of(record: &csv::ByteRecord) -> Self {
        let broken = record.iter().enumerate().filter(|(_, cell)| std::str::from_utf8(cell).is_err());
        let cells = record.iter().map(|cell| {
            let chunks = cell.utf8_chunks().map(|chunk| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii()));
            chunks.collect()
        });
        Self { columns: broken.map(|(at, _)| at).collect(), cells: cells.collect() }
    }
}

/// The lines of the first sheet of a workbook (`.xlsx`).
///
/// # Errors
/// When it is no workbook, or has more lines or text than a file may have.
pub fn xlsx(bytes: &[u8]) -> Result<Vec<Line>, Unreadable> {
    lines(bytes, |names| names.into_iter().next())
}

/// The lines of a sheet of a workbook by its name, whatever the case of its letters; none when it has no such sheet.
///
/// # Errors
/// As [`xlsx`].
pub fn sheet(bytes: &[u8], name: &str) -> Result<Vec<Line>, Unreadable> {
    lines(bytes, |names| names.into_iter().find(|known| fold(known) == fold(name)))
}

fn lines(bytes: &[u8], choose: impl Fn(Vec<String>) -> Option<String>) -> Result<Vec<Line>, Unreadable> {
    bounds::check(bytes)
        .map_err(|fault| Unreadable { too_large: fault.code == "WORKBOOK_TOO_LARGE", message: fault.message })?;
    // Whatever a hostile file does to the reader, the caller gets an answer.
    match catch_unwind(AssertUnwindSafe(|| lines_of(bytes, choose))) {
        Ok(Ok(lines)) => lines,
        _ => Err(unreadable(bounds::unreadable().message)),
    }
}

fn lines_of(
    bytes: &[u8],
    choose: impl Fn(Vec<String>) -> Option<String>,
) -> Result<Result<Vec<Line>, Unreadable>, XlsxError> {
    let mut file: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    let mut lines = Lines::default();
    let Some(name) = choose(file.sheet_names()) else { return Ok(Ok(Vec::new())) };
    let mut cells = file.worksheet_cells_reader(&name)?;
    let (mut number, mut row) = (0, Row::default());
    loop {
        let next = cells.next_cell_with_formula_metadata()?;
        let at = next.as_ref().map(|cell| cell.pos);
        if at.is_none_or(|(at, _)| u64::from(at) + 1 != number)
            && let Err(large) = lines.push(number, std::mem::take(&mut row).cells())
        {
            return Ok(Err(large));
        }
        let (Some(cell), Some((at, column))) = (next, at) else { return Ok(Ok(lines.taken)) };
        number = u64::from(at) + 1;
        row.put(usize::try_from(column).unwrap_or(usize::MAX), &value(&cell));
    }
}

/// The cells of one row, as they come.
#[derive(Default)]
struct Row {
    cells: Vec<String>,
    broken: Vec<usize>,
}

impl Row {
    fn put(&mut self, column: usize, cell: &Cell) {
        if column >= MOST_COLUMNS || cell.is_blank() {
            return;
        }
        self.cells.resize(self.cells.len().max(column + 1), String::new());
        if matches!(cell, Cell::Broken(_)) {
            self.broken.push(column);
        }
        if let Some(place) = self.cells.get_mut(column) {
            *place = cell.shown(Form::Text).into_owned();
        }
    }

    fn cells(self) -> Result<Vec<String>, Broken> {
        let Self { cells, broken: columns } = self;
        if columns.is_empty() { Ok(cells) } else { Err(Broken { columns, cells }) }
    }
}

/// The lines so far, and how much more text there may be.
#[derive(Default)]
struct Lines {
    taken: Vec<Line>,
    text: usize,
}

impl Lines {
    /// Takes a line, unless it is blank.
    fn push(&mut self, number: u64, cells: Result<Vec<String>, Broken>) -> Result<(), Unreadable> {
        if cells.as_ref().is_ok_and(|cells| cells.iter().all(|cell| cell.trim().is_empty())) {
            return Ok(());
        }
        let texts = cells.as_ref().unwrap_or_else(|broken| &broken.cells);
        self.text += texts.iter().map(String::len).sum::<usize>();
        if self.taken.len() >= MOST_ROWS || self.text > MOST_TEXT {
            let most = format!("more than {MOST_ROWS} lines or {} MiB of text", MOST_TEXT >> 20);
            return Err(Unreadable { too_large: true, message: format!("The file has {most}; split it.") });
        }
        self.taken.push(Line { number, cells });
        Ok(())
    }
}

fn unreadable(message: String) -> Unreadable {
    Unreadable { too_large: false, message }
}

/// Lines as CSV. What a spreadsheet would take for a formula begins with an apostrophe.
///
/// # Errors
/// Never in memory, as far as is known.
pub fn to_csv<T: AsRef<str>>(
    lines: impl IntoIterator<Item = impl IntoIterator<Item = T>>,
) -> Result<Vec<u8>, Unwritable> {
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for line in lines {
        let cells: Vec<String> = line.into_iter().map(|cell| harmless(cell.as_ref())).collect();
        out.write_record(&cells).map_err(Unwritable::from)?;
    }
    out.into_inner().map_err(|error| Unwritable::from(csv::Error::from(error.into_error())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

    fn cells(lines: Vec<Line>) -> Vec<(u64, Vec<String>)> {
        lines.into_iter().map(|line| (line.number, line.cells.unwrap())).collect()
    }

    fn line(number: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn a_csv_has_its_lines_where_they_stand() {
        let table = "\u{feff}name;value\r\n\r\n\"two\nlines\";1\r\n;\r\nlast;'=1+1;more\r\n";
        let expected = [line(1, &["name", "value"]), line(3, &["two\nlines", "1"]), line(6, &["last", "=1+1", "more"])];
        assert_eq!(cells(csv(table.as_bytes()).unwrap()), expected);
        for table in
            ["a\tb\n1\t2,5\n", "sep=;\r\na;b\r\n1;2,5\r\n", "\"sep=;\"\na;b\n1;2,5\n", "sep=;;;\r\na;b\n1;2,5\n"]
        {
            assert_eq!(cells(csv(table.as_bytes()).unwrap()), [line(1, &["a", "b"]), line(2, &["1", "2,5"])]);
        }
        let spoilt = csv(b"a,b\ncaf\xe9,1\nc,2").unwrap();
        let broken = spoilt[1].cells.clone().unwrap_err();
        assert_eq!((broken.to_string().as_str(), broken.columns.as_slice()), ("caf\\xe9,1", &[0][..]));
        assert_eq!(spoilt.len(), 3);
        assert!(csv(&b"x\n".repeat(MOST_ROWS + 1)).unwrap_err().too_large);
        for (file, what) in [(&b"\xFF\xFEa\0"[..], "UTF-16"), (b"PK\x03\x04\x14", "an Excel workbook")] {
            assert!(csv(file).unwrap_err().message.contains(what), "{what}");
        }
        assert_eq!(to_csv([["a", "=b"]]).unwrap(), b"a,'=b\n");
    }

    #[test]
    fn the_first_sheet_of_a_workbook_is_read_as_it_shows() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let moment = ExcelDateTime::from_ymd(2026, 11, 21).unwrap().and_hms(9, 30, 0).unwrap();
        let dated = Format::new().set_num_format("yyyy-mm-dd hh:mm");
        sheet.write_row(0, 0, ["text", "number", "flag", "moment"]).unwrap();
        sheet.write(2, 0, "two words").unwrap();
        sheet.write(2, 1, 12.5).unwrap();
        sheet.write(2, 2, true).unwrap();
        sheet.write_datetime_with_format(2, 3, &moment, &dated).unwrap();
        sheet.write_formula(3, 1, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
        book.add_worksheet().write(0, 0, "not this one").unwrap();
        let mut lines = xlsx(&book.save_to_buffer().unwrap()).unwrap();
        let broken = lines.pop().unwrap();
        assert_eq!((broken.number, broken.cells.unwrap_err().columns), (4, vec![1]));
        let expected = [
            line(1, &["text", "number", "flag", "moment"]),
            line(3, &["two words", "12.5", "true", "2026-11-21T09:30:00Z"]),
        ];
        assert_eq!(cells(lines), expected);
        let other = super::sheet(&book.save_to_buffer().unwrap(), " sheet2").unwrap();
        assert_eq!(cells(other), [line(1, &["not this one"])]);
        assert!(super::sheet(&book.save_to_buffer().unwrap(), "Sheet 3").unwrap().is_empty());
        let refused = [xlsx(b"a,b").unwrap_err(), xlsx(&vec![0; crate::MOST_BYTES + 1]).unwrap_err()];
        assert_eq!(refused.map(|refused| refused.too_large), [false, true]);
    }
}
