//! What is wrong with a file, and where a person finds it.

use std::fmt;

use kernel::problem::FieldError;
use serde::Serialize;

use crate::sheet::Sheet;

/// The most faults that are listed: who sees so many looks for their common cause.
const MOST: usize = 1_000;
/// The most characters of a cell that a fault repeats.
const LONGEST_VALUE: usize = 80;

/// Whether a fault keeps the file from being imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// It does.
    Error,
    /// It does not, but somebody should look.
    Warning,
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Whether it keeps the file from being imported.
    pub severity: Severity,
    /// What kind of fault it is, for programs.
    pub code: &'static str,
    /// The sheet; none when the whole file is meant.
    pub sheet: Option<Sheet>,
    /// The row as a spreadsheet numbers it; the header is row 1. None when the whole sheet is meant.
    pub row: Option<u32>,
    /// The column by its heading; none when the whole row is meant.
    pub column: Option<&'static str>,
    /// How the cell begins.
    pub value: Option<String>,
    /// What is wrong, and what to do, in a sentence.
    pub message: String,
    #[serde(skip)]
    key: Option<&'static str>,
}

impl Fault {
    /// Keeps the file from being imported.
    pub(crate) fn error(code: &'static str, message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Error, message.into());
        Self { severity, code, sheet: None, row: None, column: None, value: None, message, key: None }
    }

    /// Only asks somebody to look.
    pub(crate) fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// In this sheet.
    pub(crate) fn on(self, sheet: Sheet) -> Self {
        Self { sheet: Some(sheet), ..self }
    }

    /// In this row.
    pub(crate) fn at(self, row: u32) -> Self {
        Self { row: Some(row), ..self }
    }

    /// In the column with this key.
    pub(crate) fn under(self, key: &'static str) -> Self {
        let column = self.sheet.and_then(|sheet| sheet.columns().iter().find(|column| column.key == key));
        Self { column: column.map(|column| column.label), key: Some(key), ..self }
    }

    /// With the beginning of what the cell holds.
    pub(crate) fn quoting(self, value: &str) -> Self {
        let value: String = value.chars().take(LONGEST_VALUE).collect();
        Self { value: Some(value).filter(|value| !value.is_empty()), ..self }
    }

    /// Where the fault is in the JSON form: `/tasks/5/weight`.
    #[must_use]
    pub fn pointer(&self) -> String {
        let Some(sheet) = self.sheet else { return String::new() };
        let row = self.row.map(|row| format!("/{}", row.saturating_sub(2))).unwrap_or_default();
        let key = self.key.map(|key| format!("/{key}")).unwrap_or_default();
        format!("/{}{row}{key}", sheet.key())
    }

    /// The same as a problem of the API lists it.
    #[must_use]
    pub fn field_error(&self) -> FieldError {
        FieldError::new(self.pointer(), self.code, self.message.clone())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sheet) = self.sheet {
            write!(f, "{}", sheet.label())?;
            if let Some(row) = self.row {
                write!(f, ", row {row}")?;
            }
            if let Some(column) = self.column {
                write!(f, ", column {column}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// The faults found, in the order they were met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    listed: Vec<Fault>,
    left_out: usize,
    errors: usize,
}

impl Faults {
    /// Whether the file may be imported.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.errors == 0
    }

    /// The first thousand of them.
    #[must_use]
    pub fn listed(&self) -> &[Fault] {
        &self.listed
    }

    /// How many there are besides.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// How many of all are errors; the others are warnings.
    #[must_use]
    pub const fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn push(&mut self, fault: Fault) {
        if fault.severity == Severity::Error {
            self.errors += 1;
        }
        if self.listed.len() < MOST {
            self.listed.push(fault);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds what was found elsewhere.
    pub fn extend(&mut self, other: Self) {
        let listed_errors = other.listed.iter().filter(|fault| fault.severity == Severity::Error).count();
        self.errors += other.errors - listed_errors;
        self.left_out += other.left_out;
        other.listed.into_iter().for_each(|fault| self.push(fault));
    }
}
