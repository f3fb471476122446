//! Telemetry attributes: what is measured of a task, and what proves the step.
//!
//! A criterion stands in two cells that a person can fill, Operator and Expected Value. What those cannot say (groups,
//! patterns, fixed times) stands as JSON in a third, so that nothing is lost on the way.

use kernel::{AttributeId, TaskId};
use rules::DataType;
use serde_json::Value;
use uuid::Uuid;

use super::criterion::{self, Meant};
use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, KEY, LONG};
use crate::sheet::{Column, Form, fold};
use crate::table::Kind;

/// A telemetry attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryAttribute {
    /// Its id; none when it is new.
    pub id: Option<AttributeId>,
    /// The task it belongs to, where its id is known.
    pub task_id: Option<TaskId>,
    /// That task's name.
    pub task: String,
    /// Unique in the task.
    pub name: String,
    /// The type of its values.
    pub data_type: DataType,
    /// What proves the step, in the canonical form of the rule language; none: values are only recorded.
    pub criterion: Option<Value>,
    /// Whether the task needs it to be met.
    pub is_required: bool,
    /// What it measures.
    pub description: Option<String>,
    /// Inactive attributes are not evaluated.
    pub is_active: bool,
    /// Its place in the list, from 1; none leaves it or puts it last.
    pub display_order: Option<i32>,
    /// The caller's own key.
    pub external_key: Option<String>,
}

/// Types by the words of the sheet, the usual one of each first.
const TYPES: [(&str, DataType); 7] = [
    ("string", DataType::String),
    ("number", DataType::Number),
    ("boolean", DataType::Boolean),
    ("json", DataType::Json),
    ("timestamp", DataType::Timestamp),
    ("percentage", DataType::Number),
    ("date", DataType::Timestamp),
];

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Task ID", "taskId", Form::Id),
    Column::new("Task Name", "task", Form::Remark).needed(),
    Column::new("Attribute Name", "name", Form::Text).needed(),
    Column::new("Type", "dataType", Form::Choice(&["string", "number", "boolean", "json", "timestamp"])).needed(),
    Column::new("Expected Value", "expectedValue", Form::Text),
    Column::new("Operator", "operator", Form::Choice(criterion::OPERATORS)),
    Column::new("Required", "isRequired", Form::Flag).keeps(),
    Column::new("Criterion", "criterion", Form::Json),
    Column::new("Description", "description", Form::Long),
    Column::new("Active", "isActive", Form::Flag).keeps(),
    Column::PLACE.only_in_versions(),
    Column::EXTERNAL_KEY,
];

impl Kind for TelemetryAttribute {
    in_sheet!(Telemetry as telemetry);

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    /// The attribute of a task; the task by its id where that is known.
    fn key(&self) -> String {
        let task = self.task_id.map_or_else(|| fold(&self.task), |id| id.to_string());
        format!("{task}:{}", fold(&self.name))
    }

    fn unique(&self) -> Option<String> {
        Some(format!("{}:{}", self.task_id.map_or_else(|| fold(&self.task), |id| id.to_string()), self.name))
    }

    fn is_elsewhere(&self, than: &Self) -> bool {
        self.task_id != than.task_id
    }

    fn cells(&self) -> Vec<Cell> {
        let data_type = TYPES.iter().find(|(_, data_type)| *data_type == self.data_type).map(|(word, _)| *word);
        let criterion = self.criterion.as_ref().map(|criterion| criterion::settled(criterion, self.data_type));
        let words = criterion.as_ref().and_then(|criterion| criterion::words(criterion, self.data_type));
        let (operator, expected, json) = match words {
            Some((operator, expected)) => (Cell::text(operator), Cell::text(expected), Cell::Blank),
            None => (Cell::Blank, Cell::Blank, criterion.map_or(Cell::Blank, |json| Cell::Text(json.to_string()))),
        };
        vec![
            Cell::id(self.id),
            Cell::id(self.task_id),
            Cell::text(&self.task),
            Cell::text(&self.name),
            Cell::optional(data_type),
            expected,
            operator,
            Cell::Flag(self.is_required),
            json,
            Cell::optional(self.description.as_deref()),
            Cell::Flag(self.is_active),
            Cell::whole(self.display_order),
            Cell::optional(self.external_key.as_deref()),
        ]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        let (id, task_id, task, name) = (fields.id(), fields.id(), fields.name(), fields.name());
        let data_type = fields.required(|fields| fields.choice(&TYPES)).unwrap_or(DataType::String);
        let (column, form, expected) = fields.cell();
        let expected = expected.shown(form).into_owned();
        let operator = fields.raw().unwrap_or_default();
        let is_required = fields.flag().unwrap_or(true);
        let criterion = match fields.raw() {
            Some(json) => {
                if !operator.is_empty() || !expected.trim().is_empty() {
                    let message = "is passed over, for the column Criterion says it too; clear one of them";
                    fields.warn(column, "CRITERION_TWICE", &expected, message);
                }
                criterion::parse(&json, data_type).unwrap_or_else(|why| {
                    fields.refuse("criterion", "CRITERION_INVALID", &json, why);
                    None
                })
            }
            None => match criterion::meant(&operator, &expected, data_type) {
                Ok(Meant::Exactly(criterion)) => criterion,
                Ok(Meant::Nearly(criterion, why)) => {
                    fields.warn("operator", "CRITERION_READ_AS", &operator, why);
                    criterion
                }
                Err(why) => {
                    fields.refuse(column, "CRITERION_INVALID", &expected, why);
                    None
                }
            },
        };
        let (description, is_active) = (fields.text(LONG), fields.flag().unwrap_or(true));
        let (display_order, external_key) = (fields.whole(), fields.text(KEY));
        Self {
            id,
            task_id,
            task,
            name,
            data_type,
            criterion,
            is_required,
            description,
            is_active,
            display_order,
            external_key,
        }
    }
}
