//! The laws of the workbook, and an example for each rule.

mod any;
mod bounds;
mod differences;
mod faults;
mod laws;

use crate::{Diff, OwnerKind, Read, Sheet, Workbook, csv};

/// A sheet as CSV, read.
fn sheet(sheet: Sheet, lines: &str) -> Read {
    csv::read(lines.as_bytes(), sheet, OwnerKind::Product)
}

/// A sheet without faults as CSV, read into a workbook.
fn sound(name: Sheet, lines: &str) -> Workbook {
    let read = sheet(name, lines);
    assert_eq!(read.faults.listed(), []);
    read.workbook
}

/// Compares two workbooks that are still wanted.
fn diff(before: &Workbook, after: &Workbook, delete_missing: bool) -> Diff {
    crate::diff(before.clone(), after.clone(), delete_missing)
}
