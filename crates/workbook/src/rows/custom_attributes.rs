//! Custom attributes: facts that the platform has no field for.

use chrono::NaiveDate;
use contracts::catalog::CustomDataType;
use kernel::CustomAttributeId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, KEY, LONG, flag};
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// The most bytes a value may have.
const LONGEST_VALUE: usize = 16 * 1024;

/// A custom attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomAttribute {
    /// Its id; none when it is new.
    pub id: Option<CustomAttributeId>,
    /// Unique among the custom attributes of its owner.
    pub key: String,
    /// The value as a person writes it; none is `null`.
    pub value: Option<String>,
    /// Its place in the list, from 1; none leaves it or puts it last.
    pub display_order: Option<i32>,
    /// The type of the value.
    pub data_type: CustomDataType,
    /// Whether it may not be `null`.
    pub is_required: bool,
    /// More about it.
    pub description: Option<String>,
    /// The caller's own key.
    pub external_key: Option<String>,
}

const TYPES: [(&str, CustomDataType); 5] = [
    ("Text", CustomDataType::Text),
    ("Number", CustomDataType::Number),
    ("Boolean", CustomDataType::Boolean),
    ("Date", CustomDataType::Date),
    ("JSON", CustomDataType::Json),
];

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Attribute Key", "key", Form::Text).needed(),
    Column::new("Attribute Value", "value", Form::Json).needed(),
    Column::PLACE,
    Column::new("Type", "dataType", Form::Choice(&["Text", "Number", "Boolean", "Date", "JSON"])).keeps(),
    Column::new("Required", "isRequired", Form::Flag).keeps(),
    Column::new("Description", "description", Form::Long),
    Column::EXTERNAL_KEY,
];

impl CustomAttribute {
    /// The value as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        match (&self.value, self.data_type) {
            (None, _) => "null".to_owned(),
            (Some(text), CustomDataType::Text | CustomDataType::Date) => json!(text).to_string(),
            (Some(text), _) => text.clone(),
        }
    }

    /// JSON of a type as a person writes it.
    #[must_use]
    pub fn shown(json: &str, data_type: CustomDataType) -> Option<String> {
        match (serde_json::from_str(json), data_type) {
            (Ok(Value::Null), _) => None,
            (Ok(Value::String(text)), CustomDataType::Text | CustomDataType::Date) => {
                Some(text).filter(|text| !text.is_empty())
            }
            _ => Some(json.to_owned()),
        }
    }
}

impl Kind for CustomAttribute {
    in_sheet!(CustomAttributes as custom_attributes);

    fn name(&self) -> &str {
        &self.key
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    fn key(&self) -> String {
        self.key.clone()
    }

    fn cells(&self) -> Vec<Cell> {
        let data_type = TYPES.iter().find(|(_, data_type)| *data_type == self.data_type).map(|(word, _)| *word);
        vec![
            Cell::id(self.id),
            Cell::text(&self.key),
            value_cell(self.value.as_deref(), self.data_type),
            Cell::whole(self.display_order),
            Cell::optional(data_type),
            Cell::Flag(self.is_required),
            Cell::optional(self.description.as_deref()),
            Cell::optional(self.external_key.as_deref()),
        ]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        let (id, key) = (fields.id(), fields.name());
        let (column, form, cell) = fields.cell();
        let display_order = fields.whole();
        let data_type = fields.choice(&TYPES).unwrap_or(match cell {
            Cell::Number(_) => CustomDataType::Number,
            Cell::Flag(_) => CustomDataType::Boolean,
            _ => CustomDataType::Text,
        });
        let is_required = fields.flag().unwrap_or(false);
        let value = Some(cell.shown(form).into_owned()).filter(|text| !text.is_empty());
        let value = match value.as_deref().map(|text| typed(text, data_type)) {
            Some(Ok(text)) => text,
            Some(Err(why)) => {
                fields.refuse(column, "CELL_TYPE_MISMATCH", &cell.shown(form), why);
                None
            }
            None => None,
        };
        if is_required && value.is_none() {
            fields.refuse(column, "CELL_REQUIRED", "", "is required; give a value");
        }
        let (description, external_key) = (fields.text(LONG), fields.text(KEY));
        Self { id, key, value, display_order, data_type, is_required, description, external_key }
    }
}

/// A number or a flag as a spreadsheet has it, if nothing of it is lost; anything else as text.
fn value_cell(value: Option<&str>, data_type: CustomDataType) -> Cell {
    let Some(text) = value else { return Cell::Blank };
    match data_type {
        CustomDataType::Number => match text.parse::<f64>() {
            Ok(number) if number.is_normal() && number.abs() < 1e15 && number.to_string() == text => {
                Cell::Number(number)
            }
            _ => Cell::text(text),
        },
        CustomDataType::Boolean if text == "true" => Cell::Flag(true),
        CustomDataType::Boolean if text == "false" => Cell::Flag(false),
        _ => Cell::text(text),
    }
}

/// A text as its type keeps it.
fn typed(text: &str, data_type: CustomDataType) -> Result<Option<String>, String> {
    if text.len() > LONGEST_VALUE {
        return Err(format!("has more than {LONGEST_VALUE} bytes"));
    }
    if text.contains('\0') {
        return Err("holds a NUL; remove it".to_owned());
    }
    let tidy = text.trim();
    match data_type {
        CustomDataType::Text => Ok(Some(text.to_owned())),
        CustomDataType::Boolean => match flag(tidy) {
            Some(flag) => Ok(Some(flag.to_string())),
            None => Err("is neither true nor false".to_owned()),
        },
        CustomDataType::Date => match NaiveDate::parse_from_str(tidy, "%Y-%m-%d") {
            Ok(_) => Ok(Some(tidy.to_owned())),
            Err(_) => Err("is not a date; write it like 2026-01-31".to_owned()),
        },
        CustomDataType::Number => match serde_json::from_str(tidy) {
            Ok(Value::Number(_)) => Ok(Some(tidy.to_owned())),
            _ => Err("is not a number; write it like 12.5".to_owned()),
        },
        CustomDataType::Json => match serde_json::from_str(tidy) {
            Ok(Value::Null) => Ok(None),
            Ok(_) => Ok(Some(tidy.to_owned())),
            Err(error) => Err(format!("is not JSON: {error}")),
        },
    }
}
