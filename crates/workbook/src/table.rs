//! Rows of one kind, with what the file said of them.

use uuid::Uuid;

use crate::book::{Item, Workbook};
use crate::cell::Cell;
use crate::fields::Fields;
use crate::sheet::{Column, Sheet, fold};

/// A kind of row: how it becomes cells, in the order of its columns, and is made of them again.
pub(crate) trait Kind: Clone + Into<Item> {
    /// The sheet it stands in.
    const SHEET: Sheet;
    /// Whether a row that the sheet does not have may be deleted.
    const DELETES: bool = true;

    /// What a person calls the row.
    fn name(&self) -> &str;

    /// The row's id, if it has one.
    fn id(&self) -> Option<Uuid> {
        None
    }

    /// What finds the row when it has no id.
    fn key(&self) -> String {
        fold(self.name())
    }

    /// What no two rows of an owner share; none when they may share everything.
    fn unique(&self) -> Option<String> {
        Some(self.key())
    }

    /// Whether it is deleted: only its id brings it back.
    fn is_deleted(&self) -> bool {
        false
    }

    /// Whether it is another thing than this one, though the id is the same.
    fn is_elsewhere(&self, _than: &Self) -> bool {
        false
    }

    /// A cell for each column.
    fn cells(&self) -> Vec<Cell>;

    /// Reads a field for each column; what is wrong is noted there.
    fn read(fields: &mut Fields<'_>) -> Self;

    /// Where that table goes.
    fn slot(workbook: &mut Workbook) -> &mut Option<Table<Self>>;
}

/// Which columns a row says something about; the others are left as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given(u32);

impl Given {
    /// What a row with these cells says: a blank one may leave what is there.
    pub(crate) fn by(columns: &[Column], cells: &[Cell]) -> Self {
        let says = |(index, (column, cell)): (usize, (&Column, &Cell))| {
            if column.keeps && cell.is_blank() { 0 } else { 1_u32 << index }
        };
        Self(columns.iter().zip(cells).enumerate().map(says).sum())
    }

    /// Only what is in both.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Columns by their indexes.
    pub(crate) fn of(indexes: impl Iterator<Item = usize>) -> Self {
        Self(indexes.fold(0, |all, index| all | (1 << index)))
    }

    /// Whether the column is among them.
    pub(crate) const fn has(self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }
}

/// A row of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<T> {
    /// Its number as a spreadsheet has it; the header is row 1.
    pub number: u32,
    /// The columns it says something about.
    pub given: Given,
    /// What it says; what it does not say is filled with defaults.
    pub item: T,
    /// It means what has its id, and nothing that only has its name.
    pub by_id_alone: bool,
}

/// The rows of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Table<T> {
    /// In the order of the sheet.
    pub rows: Vec<Row<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<T> Table<T> {
    /// The items alone.
    pub fn items(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|row| &row.item)
    }
}

/// A table that says everything of these, as they would be written.
pub(crate) fn full<T: Kind>(items: impl IntoIterator<Item = T>) -> Table<T> {
    let row = |(number, item): (u32, T)| {
        let given = Given::by(T::SHEET.columns(), &item.cells());
        Row { number, given, item, by_id_alone: false }
    };
    Table { rows: (2..).zip(items).map(row).collect() }
}
