//! Which tasks of a plan somebody looks for. Pure.

use std::collections::HashSet;

use contracts::adoption::{StatusSource, TaskStatus};
use contracts::catalog::LicenseLevel;
use kernel::{Check, OutcomeId, Problem, ReleaseId, TagId};
use serde::{Deserialize, Serialize};

/// The most entries of one kind.
const MOST: usize = 200;

/// Which tasks of a plan are shown: those that fit one entry of every kind that has any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({ "statuses": ["NOT_STARTED", "IN_PROGRESS"] }))]
pub(crate) struct TaskFilter {
    /// Tasks with one of these statuses.
    pub(crate) statuses: Vec<TaskStatus>,
    /// Tasks whose status one of these has set.
    pub(crate) sources: Vec<StatusSource>,
    /// Tasks that serve one of these outcomes; one without outcomes serves all of them.
    pub(crate) outcome_ids: Vec<OutcomeId>,
    /// Tasks that belong to one of these releases; one without releases belongs to all of them.
    pub(crate) release_ids: Vec<ReleaseId>,
    /// Tasks with one of these tags.
    pub(crate) tag_ids: Vec<TagId>,
    /// Tasks that this licence level includes.
    pub(crate) license_level: Option<LicenseLevel>,
    /// Whether telemetry proves the task, whatever its status says.
    pub(crate) is_met: Option<bool>,
}

impl TaskFilter {
    /// The filter, if it can be kept.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        let mut check = Check::new();
        check_kind(&mut check, "/statuses", &self.statuses);
        check_kind(&mut check, "/sources", &self.sources);
        check_kind(&mut check, "/outcomeIds", &self.outcome_ids);
        check_kind(&mut check, "/releaseIds", &self.release_ids);
        check_kind(&mut check, "/tagIds", &self.tag_ids);
        check.finish().map(|()| self)
    }

    /// Refuses tags that are not among those of the tasks: nothing would be shown.
    pub(crate) fn require_tags(&self, known: &HashSet<TagId>) -> Result<(), Problem> {
        let mut check = Check::new();
        for (index, tag) in self.tag_ids.iter().enumerate() {
            check.that(known.contains(tag), &format!("/tagIds/{index}"), "UNKNOWN", || {
                "is a tag that no task of the plan has".to_owned()
            });
        }
        check.finish()
    }
}

fn check_kind<T: Ord>(check: &mut Check, pointer: &str, entries: &[T]) {
    check.distinct(pointer, entries);
    check.that(entries.len() <= MOST, pointer, "TOO_MANY", || format!("has {}; give {MOST} at most", entries.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_says_nothing_twice_is_kept_as_it_is() {
        let filter: TaskFilter = serde_json::from_str(r#"{"statuses": ["COMPLETED"], "isMet": false}"#).unwrap();
        assert_eq!(filter.clone().checked().unwrap(), filter);
        assert_eq!((filter.statuses, filter.is_met), (vec![TaskStatus::Done], Some(false)));
        let tag = TagId::fresh();
        let twice = TaskFilter { tag_ids: vec![tag, tag], ..TaskFilter::default() };
        assert_eq!(twice.checked().unwrap_err().errors()[0].pointer, "/tagIds");
    }
}
