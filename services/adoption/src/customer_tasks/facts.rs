//! What telemetry has told about a customer task. Pure.

use contracts::adoption::TaskStatus;
use contracts::telemetry::TaskFacts;
use diesel::prelude::*;

use crate::schema::customer_tasks;

/// What telemetry has told about a task so far: counts of its attributes, and where it stands by them. All zero before it
/// told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customer_tasks, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Facts {
    pub(crate) facts_version: i64,
    pub(crate) active: i32,
    pub(crate) required: i32,
    pub(crate) with_data: i32,
    pub(crate) required_with_data: i32,
    pub(crate) met: i32,
    pub(crate) required_met: i32,
    pub(crate) standing: TaskStatus,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            facts_version: 0,
            active: 0,
            required: 0,
            with_data: 0,
            required_with_data: 0,
            met: 0,
            required_met: 0,
            standing: TaskStatus::NotStarted,
        }
    }
}

impl From<&TaskFacts> for Facts {
    fn from(told: &TaskFacts) -> Self {
        let TaskFacts {
            customer_task_id: _,
            assignment_id: _,
            version,
            active,
            required,
            with_data,
            required_with_data,
            met,
            required_met,
            standing,
            evaluated_at: _,
        } = *told;
        Self { facts_version: version, active, required, with_data, required_with_data, met, required_met, standing }
    }
}

impl Facts {
    /// The facts in a sentence, for the history of a status that they changed.
    pub(crate) fn sentence(&self) -> String {
        let Self { active, required, with_data, met, required_met, .. } = self;
        match *required {
            0 => format!("{with_data} of {active} attributes have data, {met} met; none is required."),
            _ => {
                format!("{with_data} of {active} attributes have data, {required_met} of {required} required ones met.")
            }
        }
    }
}
