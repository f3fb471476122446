//! Writes a workbook that a person is glad to edit.

use std::fmt;

use rust_xlsxwriter::{Color, DataValidation, DataValidationRule, Format, FormatAlign, Worksheet, XlsxError};

use super::instructions;
use crate::MOST_ROWS;
use crate::book::{OwnerKind, Visitor, Workbook};
use crate::cell::Cell;
use crate::formula::is_formula;
use crate::sheet::{Column, Form, Sheet};
use crate::table::{Kind, Table};

/// The most UTF-16 units that a cell holds; Excel takes 32,767.
const LONGEST_CELL: usize = 32_000;

/// The workbook could not be written.
#[derive(Debug)]
pub struct Unwritable(XlsxError);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the workbook could not be written: {}", self.0)
    }
}

impl std::error::Error for Unwritable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl From<XlsxError> for Unwritable {
    fn from(error: XlsxError) -> Self {
        Self(error)
    }
}

/// The workbook as a file (`.xlsx`).
///
/// # Errors
/// When there are more rows than a sheet holds.
pub fn write(workbook: &Workbook) -> Result<Vec<u8>, Unwritable> {
    let mut writer = Writer { kind: workbook.kind, file: rust_xlsxwriter::Workbook::new(), look: Look::new() };
    workbook.visit(&mut writer)?;
    let sheet = writer.file.add_worksheet().set_name("Instructions")?;
    sheet.set_column_width(0, 120)?;
    for (row, line) in (0..).zip(instructions::LINES) {
        sheet.write_string_with_format(
            row,
            0,
            *line,
            if row == 0 { &writer.look.head } else { &writer.look.wrapped },
        )?;
    }
    Ok(writer.file.save_to_buffer()?)
}

/// How cells look.
struct Look {
    head: Format,
    /// Text, which stays text whatever is typed over it.
    text: Format,
    wrapped: Format,
    /// Text that would be a formula if it were typed.
    quoted: Format,
    plain: Format,
}

impl Look {
    fn new() -> Self {
        let text = Format::new().set_num_format("@").set_align(FormatAlign::Top);
        Self {
            head: Format::new().set_bold().set_background_color(Color::RGB(0x1F_3A5F)).set_font_color(Color::White),
            wrapped: text.clone().set_text_wrap(),
            quoted: text.clone().set_quote_prefix(),
            plain: Format::new().set_align(FormatAlign::Top),
            text,
        }
    }

    fn of(&self, form: Form) -> &Format {
        match form {
            Form::Long | Form::Lines | Form::Remark => &self.wrapped,
            Form::Number(..) | Form::Flag | Form::Json => &self.plain,
            Form::Id | Form::Text | Form::Choice(_) | Form::Color | Form::Names => &self.text,
        }
    }
}

struct Writer {
    kind: OwnerKind,
    file: rust_xlsxwriter::Workbook,
    look: Look,
}

impl Visitor for Writer {
    type Error = Unwritable;

    fn table<T: Kind>(&mut self, table: Option<&Table<T>>) -> Result<(), Unwritable> {
        let Some(table) = table.filter(|_| !T::SHEET.edited().is_empty()) else { return Ok(()) };
        let sheet = self.file.add_worksheet();
        sheet.set_name(title(T::SHEET, self.kind))?.set_freeze_panes(1, 0)?;
        let mut places = Vec::new();
        let mut at = 0;
        for (column, parts) in T::SHEET.edited().iter().zip(widest(table)) {
            places.push(at);
            for part in 1..=parts {
                head(sheet, at, column, heading(column, self.kind, part), &self.look)?;
                at += 1;
            }
        }
        for (row, item) in (1..).zip(table.items()) {
            for ((column, cell), at) in T::SHEET.edited().iter().zip(item.cells()).zip(&places) {
                body(sheet, row, *at, &cell, column.form, &self.look)?;
            }
        }
        Ok(())
    }
}

/// How many cells the longest text of each column takes.
fn widest<T: Kind>(table: &Table<T>) -> Vec<usize> {
    let columns = T::SHEET.edited();
    let mut widest = vec![1; columns.len()];
    for item in table.items() {
        for ((column, cell), widest) in columns.iter().zip(item.cells()).zip(&mut widest) {
            *widest = parts(&cell.shown(column.form)).len().max(*widest);
        }
    }
    widest
}

/// What a sheet is called in the workbook of this kind of owner.
fn title(sheet: Sheet, kind: OwnerKind) -> &'static str {
    match (sheet, kind) {
        (Sheet::Info, OwnerKind::Product) => "Product Info",
        (Sheet::Info, OwnerKind::Solution) => "Solution Info",
        _ => sheet.label(),
    }
}

fn heading(column: &Column, kind: OwnerKind, part: usize) -> String {
    match (column.also, kind, part) {
        ([product, _], OwnerKind::Product, 1) => (*product).to_owned(),
        ([_, solution], OwnerKind::Solution, 1) => (*solution).to_owned(),
        (_, _, 1) => column.label.to_owned(),
        _ => format!("{} ({part})", column.label),
    }
}

/// A heading, and what may be typed under it.
fn head(sheet: &mut Worksheet, at: u16, column: &Column, heading: String, look: &Look) -> Result<(), XlsxError> {
    sheet.set_column_format(at, look.of(column.form))?;
    sheet.write_string_with_format(0, at, heading, &look.head)?;
    let (width, rule) = match column.form {
        Form::Id => {
            sheet.set_column_hidden(at)?;
            return Ok(());
        }
        Form::Long | Form::Remark | Form::Lines => (50, None),
        Form::Text | Form::Names | Form::Json => (30, None),
        Form::Color => (12, None),
        Form::Number(least, most) => {
            let rule = DataValidation::new().allow_decimal_number(DataValidationRule::Between(least, most));
            (12, Some(rule.set_error_message(format!("Give a number from {least} to {most}."))?))
        }
        Form::Choice(words) => (16, Some(DataValidation::new().allow_list_strings(words)?)),
        Form::Flag => (12, Some(DataValidation::new().allow_list_strings(&["TRUE", "FALSE"])?)),
    };
    sheet.set_column_width(at, width)?;
    if let Some(rule) = rule {
        sheet.add_data_validation(1, at, u32::try_from(MOST_ROWS).unwrap_or(1), at, &rule)?;
    }
    Ok(())
}

/// A cell, and those beside it when it does not fit into one.
fn body(sheet: &mut Worksheet, row: u32, at: u16, cell: &Cell, form: Form, look: &Look) -> Result<(), XlsxError> {
    match cell {
        Cell::Blank => {}
        Cell::Number(number) => {
            sheet.write_number_with_format(row, at, *number, &look.plain)?;
        }
        Cell::Flag(flag) => {
            sheet.write_boolean_with_format(row, at, *flag, &look.plain)?;
        }
        Cell::Text(_) | Cell::List(_) | Cell::Broken(_) => {
            for (at, part) in (at..).zip(parts(&cell.shown(form))) {
                let format = if is_formula(part) { &look.quoted } else { look.of(form) };
                sheet.write_string_with_format(row, at, part, format)?;
            }
        }
    }
    Ok(())
}

/// A text in pieces that each fit into a cell.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut rest, mut units) = (Vec::new(), text, 0);
    if text.len() <= LONGEST_CELL {
        return vec![text];
    }
    let mut start = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > LONGEST_CELL {
            let (part, left) = rest.split_at(at - start);
            parts.push(part);
            (rest, start, units) = (left, at, c.len_utf16());
        }
    }
    parts.push(rest);
    parts
}
