//! The workbook as Excel, LibreOffice and their like read and write it.

pub(crate) mod bounds;
mod instructions;
mod read;
mod write;

pub use read::read;
pub(crate) use read::value;
pub use write::{Unwritable, write};
