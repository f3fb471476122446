//! What telemetry has told about a customer task. Pure.

use contracts::adoption::{CustomerAttribute, TaskStatus, TelemetryProgress};
use contracts::telemetry::TaskFacts;
use diesel::prelude::*;
use kernel::{Hundredths, Timestamp};

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
    pub(crate) met: i32,
    pub(crate) required_met: i32,
    pub(crate) standing: TaskStatus,
    pub(crate) evaluated_at: Option<Timestamp>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            facts_version: 0,
            active: 0,
            required: 0,
            with_data: 0,
            met: 0,
            required_met: 0,
            standing: TaskStatus::NotStarted,
            evaluated_at: None,
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
            required_with_data: _,
            met,
            required_met,
            standing,
            evaluated_at,
        } = *told;
        let (facts_version, evaluated_at) = (version, Some(evaluated_at));
        Self { facts_version, active, required, with_data, met, required_met, standing, evaluated_at }
    }
}

impl Facts {
    /// How far a task's attributes are met, if it has any that count. Before telemetry tells anything, nothing is met.
    pub(super) fn progress(&self, attributes: &[CustomerAttribute]) -> Option<TelemetryProgress> {
        let active = || attributes.iter().filter(|attribute| attribute.is_active);
        let count = |attributes: usize| i32::try_from(attributes).unwrap_or(i32::MAX);
        let (active, required) = match self.facts_version {
            0 => (count(active().count()), count(active().filter(|attribute| attribute.is_required).count())),
            _ => (self.active, self.required),
        };
        (active > 0).then(|| TelemetryProgress {
            active,
            required,
            with_data: self.with_data,
            met: self.met,
            required_met: self.required_met,
            percent: Hundredths::percent(Hundredths(self.met), Hundredths(active)),
            all_required_met: required > 0 && self.required_met >= required,
            evaluated_at: self.evaluated_at,
        })
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::CustomerAttributeId;
    use rules::DataType;

    fn attribute(is_required: bool, is_active: bool) -> CustomerAttribute {
        CustomerAttribute {
            id: CustomerAttributeId::fresh(),
            original_attribute_id: kernel::AttributeId::fresh(),
            name: "users".to_owned(),
            description: None,
            data_type: DataType::Number,
            is_required,
            success_criteria: None,
            display_order: 1,
            is_active,
        }
    }

    #[test]
    fn progress_is_of_what_counts() {
        assert_eq!(Facts::default().progress(&[attribute(true, false)]), None);
        let attributes = [attribute(true, true), attribute(false, true), attribute(true, false)];
        let untold = Facts::default().progress(&attributes).unwrap();
        assert_eq!((untold.active, untold.required, untold.percent), (2, 1, Hundredths::ZERO));
        assert!(!untold.all_required_met);
        let told = Facts { facts_version: 1, active: 3, required: 1, met: 2, required_met: 1, ..Facts::default() };
        let told = told.progress(&attributes).unwrap();
        assert_eq!((told.active, told.percent.to_string(), told.all_required_met), (3, "66.67".to_owned(), true));
    }
}
