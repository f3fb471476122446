//! The workbook as JSON: an object with a list for each sheet, `{"kind": "PRODUCT", "tasks": [{"name": "Connect"}]}`.
//!
//! What a row leaves out is left alone, as is a sheet that is left out.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor as SerdeVisitor};
use serde_json::{Map, Value, json};

use crate::book::{OwnerKind, Visitor, Workbook};
use crate::cell::Cell;
use crate::fault::Fault;
use crate::intake::{Intake, Rows};
use crate::sheet::{Column, Sheet};
use crate::table::{Given, Kind, Table};
use crate::{MOST_BYTES, Read};

/// The workbook as JSON, for people to edit.
#[must_use]
pub fn write(workbook: &Workbook) -> Value {
    written(workbook, Sheet::edited)
}

/// The workbook as JSON, with all that a version keeps.
#[must_use]
pub fn write_version(workbook: &Workbook) -> Value {
    written(workbook, Sheet::columns)
}

fn written(workbook: &Workbook, columns: fn(Sheet) -> &'static [Column]) -> Value {
    let mut writer = Writer { columns, sheets: Map::from_iter([("kind".to_owned(), json!(workbook.kind))]) };
    match workbook.visit(&mut writer) {
        Ok(()) => Value::Object(writer.sheets),
        Err(never) => match never {},
    }
}

struct Writer {
    columns: fn(Sheet) -> &'static [Column],
    sheets: Map<String, Value>,
}

impl Visitor for Writer {
    type Error = std::convert::Infallible;

    fn table<T: Kind>(&mut self, table: Option<&Table<T>>) -> Result<(), Self::Error> {
        let (Some(table), columns) = (table, (self.columns)(T::SHEET)) else { return Ok(()) };
        let object = |item: &T| {
            let fields = columns.iter().zip(item.cells());
            Value::Object(fields.map(|(column, cell)| (column.key.to_owned(), cell.json())).collect())
        };
        if !columns.is_empty() {
            self.sheets.insert(T::SHEET.key().to_owned(), table.items().map(object).collect());
        }
        Ok(())
    }
}

/// What JSON says, and what is wrong with it.
#[must_use]
pub fn read(bytes: &[u8]) -> Read {
    let mut intake = Intake::new(OwnerKind::Product);
    if bytes.len() > MOST_BYTES {
        let message = format!("The file has more than {} MiB; split it by its sheets.", MOST_BYTES >> 20);
        intake.faults.push(Fault::error("WORKBOOK_TOO_LARGE", message));
        return intake.finish();
    }
    taken(bytes, intake)
}

/// What a version keeps. It was there as it is, however large, and can be there again: the bounds of a file are not its.
#[must_use]
pub fn read_version(bytes: &[u8]) -> Read {
    taken(bytes, Intake::unbounded(OwnerKind::Product))
}

fn taken(bytes: &[u8], mut intake: Intake) -> Read {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    if let Err(error) = Sheets(&mut intake).deserialize(&mut json).and_then(|()| json.end()) {
        intake.faults.push(Fault::error("WORKBOOK_UNREADABLE", format!("The JSON cannot be read: {error}.")));
    }
    intake.finish()
}

/// The whole file.
struct Sheets<'a>(&'a mut Intake);

impl<'de> DeserializeSeed<'de> for Sheets<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> SerdeVisitor<'de> for Sheets<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list for each sheet")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "kind" {
                match map.next_value::<Value>()?.as_str() {
                    Some("SOLUTION") => self.0.of_kind(OwnerKind::Solution),
                    Some("PRODUCT") => self.0.of_kind(OwnerKind::Product),
                    _ => {
                        let fault = Fault::error("WORKBOOK_KIND", "`kind` is neither PRODUCT nor SOLUTION.");
                        self.0.faults.push(fault);
                    }
                }
            } else if let Some(sheet) = Sheet::ALL.into_iter().find(|sheet| sheet.key() == name) {
                match self.0.open(sheet) {
                    Some(rows) => map.next_value_seed(List { intake: self.0, sheet, rows })?,
                    None => map.next_value::<IgnoredAny>().map(drop)?,
                }
            } else {
                let message = "The file has a sheet that is not known; it is passed over.";
                self.0.faults.push(Fault::warning("SHEET_UNKNOWN", message).quoting(&name));
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The list of one sheet.
struct List<'a> {
    intake: &'a mut Intake,
    sheet: Sheet,
    rows: Box<dyn Rows>,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> SerdeVisitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of objects in `{}`", self.sheet.key())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut number = 2;
        while let Some(row) = list.next_element::<Value>()? {
            if let Value::Object(fields) = row {
                let (cells, given) = self.sorted(number, fields);
                if !self.intake.row(self.rows.as_mut(), number, cells, given) {
                    while list.next_element::<IgnoredAny>()?.is_some() {}
                    break;
                }
            } else {
                let fault = Fault::error("ROW_UNREADABLE", "is no object with a field for each column");
                self.intake.faults.push(fault.on(self.sheet).at(number).quoting(&row.to_string()));
            }
            number += 1;
        }
        self.intake.close(self.rows);
        Ok(())
    }
}

impl List<'_> {
    fn sorted(&mut self, number: u32, fields: Map<String, Value>) -> (Vec<Cell>, Given) {
        let columns = self.sheet.columns();
        let mut cells = vec![Cell::Blank; columns.len()];
        let mut given = Vec::new();
        for (name, value) in fields {
            let found = columns.iter().enumerate().find(|(_, column)| column.key == name);
            let Some((index, column)) = found else {
                let message = "has a field that is not known; it is passed over";
                let fault = Fault::warning("COLUMN_UNKNOWN", message).on(self.sheet).at(number).quoting(&name);
                self.intake.faults.push(fault);
                continue;
            };
            if let Some(cell) = cells.get_mut(index) {
                *cell = Cell::of_json(value, column.form);
                given.push(index);
            }
        }
        (cells, Given::of(given.into_iter()))
    }
}
