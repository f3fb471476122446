//! The order of a solution's tasks: its own and those of its products, interleaved.

use kernel::TaskId;
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::Fields;
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// A task at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPlace {
    /// The task; a place of none is passed over.
    pub id: Option<TaskId>,
    /// What is to be done: a remark, for a solution does not change its products' tasks.
    pub name: String,
    /// Its place, from 1; none leaves it or puts it last.
    pub order: Option<i32>,
}

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id).needed().only_in_versions(),
    Column::new("Task Name", "name", Form::Remark).only_in_versions(),
    Column::new("Order", "order", Form::Number(1.0, 2_147_483_647.0)).keeps().only_in_versions(),
];

impl Kind for TaskPlace {
    in_sheet!(TaskOrder as task_order);

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    /// The task itself: tasks of several products may have one name.
    fn key(&self) -> String {
        self.id.map_or_else(String::new, |id| id.to_string())
    }

    fn cells(&self) -> Vec<Cell> {
        let id = Cell::id(self.id);
        vec![id, Cell::text(&self.name), Cell::whole(self.order)]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        let (id, name) = (fields.id(), fields.text(usize::MAX).unwrap_or_default());
        Self { id, name, order: fields.whole() }
    }
}
