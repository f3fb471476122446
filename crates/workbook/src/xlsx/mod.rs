//! The workbook as Excel, LibreOffice and their like read and write it.

mod bounds;
mod instructions;
mod read;
mod write;

pub use read::read;
pub use write::{Unwritable, write};
