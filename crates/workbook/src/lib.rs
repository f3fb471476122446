//! What a product or a solution consists of, as a spreadsheet, JSON or CSV, and what an import of one would change.
//!
//! A [`Workbook`] has a table for each kind of row. It is made from the catalog's rows (`rows.into_iter().collect()`) and
//! written, or read from a file with everything that is wrong with it: a [`Fault`] says so with sheet, row and column. Nothing
//! here does I/O, reads a clock or panics, whatever bytes it is given; a file is bounded by [`MOST_BYTES`], [`MOST_ROWS`]
//! and [`MOST_TEXT`].
//!
//! How an import goes, in the service that has the rows:
//! 1. [`xlsx::read`], [`json::read`] or [`csv::read`]; with errors, answer 422 with [`Fault::field_error`] of each.
//! 2. Find the owner by [`Workbook::name`] and load its rows into a [`Workbook`] (`before`; an empty one when it is new). Fill
//!    the ids of a solution's products with [`Workbook::find_products`].
//! 3. [`diff`](diff()) says row by row what would be done. The dry run shows that, once it has asked whether what the rows come
//!    to have and only one of all may is free ([`Claims`]).
//! 4. To commit, load `before` again under the owner's lock, `diff` again, and apply the changes in their order inside one
//!    transaction: a thing comes before those that name it. An update holds the whole row as it should be, so that a name
//!    it gives for an outcome, a release, a tag or a task is found among the rows as they are then.
//!    Updates stand in the order of the file: where names change places, a unique constraint wants a passing name first.
//!
//! A table of any other columns is a [`grid`]; sheets of any columns that people fill in are a [`form`].
//!
//! What a file does not say is left alone: a sheet, a column, a place.
//!
//! A version is a workbook, too, of all there is ([`json::write_version`], [`json::read_version`]). Files that people edit lack
//! the external keys, the places of what is called by its name, which product licences a solution's licence includes, and
//! the order of a solution's tasks; what such a file has of them is read all the same.

mod book;
mod cell;
pub mod csv;
mod diff;
mod fault;
mod fields;
pub mod form;
mod formula;
pub mod grid;
mod intake;
pub mod json;
mod rows;
mod sheet;
mod table;
pub mod xlsx;

pub use book::{Item, OtherKind, OwnerKind, Workbook};
pub use diff::{Action, Change, Claim, Claims, Counts, Diff, FieldChange, diff};
pub use fault::{Fault, Faults, Severity};
pub use rows::criterion::words;
pub use rows::{
    BundledProduct, CustomAttribute, Info, License, Outcome, Release, Resource, Tag, Task, TaskPlace,
    TelemetryAttribute,
};
pub use sheet::Sheet;
pub use table::{Given, Row, Table};

/// The most bytes of a file.
pub const MOST_BYTES: usize = 10 << 20;
/// The most rows of all sheets together.
pub const MOST_ROWS: usize = 50_000;
/// The most bytes of text that all cells hold together.
pub const MOST_TEXT: usize = 48 << 20;

/// What a file says, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The rows that nothing is wrong with.
    pub workbook: Workbook,
    /// What is wrong with the others.
    pub faults: Faults,
}

#[cfg(test)]
mod tests;
