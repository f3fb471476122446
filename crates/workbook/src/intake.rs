//! Takes in the rows of a file, whatever its format, and says what is wrong with them.

use std::collections::BTreeMap;

use crate::book::{OwnerKind, Work, Workbook};
use crate::cell::Cell;
use crate::fault::{Fault, Faults};
use crate::fields::Fields;
use crate::sheet::{Column, Sheet};
use crate::table::{Given, Kind, Row, Table};
use crate::{MOST_ROWS, MOST_TEXT, Read};

/// The most columns of a sheet that are looked at.
pub(crate) const MOST_COLUMNS: usize = 200;

/// What was taken in so far, and how much more may be.
pub(crate) struct Intake {
    workbook: Workbook,
    pub(crate) faults: Faults,
    rows_left: usize,
    text_left: usize,
    seen: Vec<Sheet>,
    is_full: bool,
}

impl Intake {
    pub(crate) fn new(kind: OwnerKind) -> Self {
        let workbook = Workbook { kind, ..Workbook::default() };
        Self {
            workbook,
            faults: Faults::default(),
            rows_left: MOST_ROWS,
            text_left: MOST_TEXT,
            seen: Vec::new(),
            is_full: false,
        }
    }

    /// For what comes from no file.
    pub(crate) fn unbounded(kind: OwnerKind) -> Self {
        Self { rows_left: usize::MAX, text_left: usize::MAX, ..Self::new(kind) }
    }

    /// Learns from the name of a sheet whose workbook it is.
    pub(crate) fn of_kind(&mut self, kind: OwnerKind) {
        self.workbook.kind = kind;
    }

    /// Begins a sheet; none when it was there before.
    pub(crate) fn open(&mut self, sheet: Sheet) -> Option<Box<dyn Rows>> {
        if self.seen.contains(&sheet) {
            let message = "is there twice; put its rows together";
            self.faults.push(Fault::error("SHEET_TWICE", message).on(sheet));
            return None;
        }
        self.seen.push(sheet);
        Some(sheet.with(Open))
    }

    /// Takes a row in, unless it is blank. False: the file is larger than may be, and no more is taken.
    pub(crate) fn row(&mut self, rows: &mut dyn Rows, number: u32, cells: Vec<Cell>, given: Given) -> bool {
        if cells.iter().all(Cell::is_blank) {
            return true;
        }
        let text = cells.iter().map(Cell::bytes).sum();
        let (Some(rows_left), Some(text_left)) = (self.rows_left.checked_sub(1), self.text_left.checked_sub(text))
        else {
            if std::mem::replace(&mut self.is_full, true) {
                return false;
            }
            let message = format!(
                "The file has more than {MOST_ROWS} rows or {} MiB of text; split it by its sheets.",
                MOST_TEXT >> 20
            );
            self.faults.push(Fault::error("WORKBOOK_TOO_LARGE", message));
            return false;
        };
        (self.rows_left, self.text_left) = (rows_left, text_left);
        rows.row(number, cells, given, &mut self.faults);
        true
    }

    /// Ends a sheet.
    pub(crate) fn close(&mut self, rows: Box<dyn Rows>) {
        rows.close(&mut self.workbook, &mut self.faults);
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> Read {
        if self.workbook.is_empty() && self.faults.is_sound() {
            let message = "The file has none of the sheets Product Info, Solution Info, Products, Tasks, Licenses, Outcomes, \
                           Releases, Tags, Custom Attributes, Resources, Telemetry; export one to see how they look.";
            self.faults.push(Fault::error("WORKBOOK_EMPTY", message));
        }
        Read { workbook: self.workbook, faults: self.faults }
    }
}

/// The rows of a sheet, as they come.
pub(crate) trait Rows {
    /// One more, with a cell for each column.
    fn row(&mut self, number: u32, cells: Vec<Cell>, given: Given, faults: &mut Faults);
    /// That was the last one.
    fn close(self: Box<Self>, workbook: &mut Workbook, faults: &mut Faults);
}

struct Open;

impl Work for Open {
    type Output = Box<dyn Rows>;

    fn with<T: Kind + 'static>(self) -> Box<dyn Rows> {
        Box::new(Table::<T>::default())
    }
}

impl<T: Kind> Rows for Table<T> {
    fn row(&mut self, number: u32, cells: Vec<Cell>, given: Given, faults: &mut Faults) {
        let given = given.and(Given::by(T::SHEET.columns(), &cells));
        let mut fields = Fields::new(T::SHEET, number, cells, faults);
        let item = T::read(&mut fields);
        if fields.is_sound() {
            self.rows.push(Row { number, given, item, by_id_alone: false });
        }
    }

    fn close(mut self: Box<Self>, workbook: &mut Workbook, faults: &mut Faults) {
        if T::SHEET == Sheet::Info && self.rows.len() > 1 {
            let message = "has more than one row; a workbook is of one product or solution";
            faults.push(Fault::error("SHEET_TOO_LONG", message).on(T::SHEET));
            self.rows.truncate(1);
        }
        self.rows.shrink_to_fit();
        *T::slot(workbook) = Some(*self);
    }
}

/// What the columns of a file mean.
pub(crate) struct Headings {
    sheet: Sheet,
    meant: Vec<Option<usize>>,
}

impl Headings {
    /// Reads the headings of a sheet. None when a column is missing without which it cannot be read.
    pub(crate) fn read(sheet: Sheet, headings: &[String], needed: &[&str], faults: &mut Faults) -> Option<Self> {
        let columns = sheet.columns();
        let mut seen: BTreeMap<String, ()> = BTreeMap::new();
        let mut meant = Vec::new();
        for heading in headings.iter().take(MOST_COLUMNS) {
            let index = column(columns, heading);
            if index.is_none() && !heading.trim().is_empty() {
                let message = "has a column that is not known; it is passed over";
                faults.push(Fault::warning("COLUMN_UNKNOWN", message).on(sheet).at(1).quoting(heading));
            }
            if index.is_some() && seen.insert(heading.trim().to_lowercase(), ()).is_some() {
                let message = "has this column twice; delete one";
                faults.push(Fault::error("COLUMN_TWICE", message).on(sheet).at(1).quoting(heading));
            }
            meant.push(index);
        }
        let mut complete = true;
        for (index, column) in columns.iter().enumerate() {
            if (column.needed || needed.contains(&column.key)) && !meant.contains(&Some(index)) {
                let message =
                    format!("has no column {}; add it, or delete the sheet to leave its rows alone", column.label);
                faults.push(Fault::error("COLUMN_MISSING", message).on(sheet).at(1).under(column.key));
                complete = false;
            }
        }
        complete.then_some(Self { sheet, meant })
    }

    /// How many columns have a heading.
    pub(crate) const fn width(&self) -> usize {
        self.meant.len()
    }

    /// Whether the cells of this column are read.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.meant.get(column).is_some_and(Option::is_some)
    }

    /// The columns that the file has.
    pub(crate) fn given(&self) -> Given {
        Given::of(self.meant.iter().flatten().copied())
    }

    /// The cells of a row, sorted into the columns of the sheet. A text that was too long for one cell goes on in others.
    pub(crate) fn sort(&self, cells: impl IntoIterator<Item = (usize, Cell)>) -> Vec<Cell> {
        let mut row = vec![Cell::Blank; self.sheet.columns().len()];
        for (index, cell) in cells {
            let Some(place) = self.meant.get(index).copied().flatten().and_then(|index| row.get_mut(index)) else {
                continue;
            };
            match (place, cell) {
                (_, Cell::Blank) => {}
                (Cell::Text(begun), Cell::Text(more)) => begun.push_str(&more),
                (place, cell) => *place = cell,
            }
        }
        row
    }
}

/// The column that a heading means: by its label or its key, or as the continuation `How To Doc (2)`.
pub(crate) fn column(columns: &[Column], heading: &str) -> Option<usize> {
    let by = |heading: &str| columns.iter().position(|column| column.is_named(heading));
    by(heading).or_else(|| {
        let (label, number) = heading.trim().strip_suffix(')')?.rsplit_once(" (")?;
        number.parse::<u8>().ok().filter(|number| *number >= 2).and_then(|_| by(label))
    })
}
