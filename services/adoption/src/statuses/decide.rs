//! What telemetry may make of a status. Pure, and the only place that knows.

use contracts::adoption::{StatusSource, TaskStatus};

use crate::customer_tasks::Facts;

/// Whether telemetry keeps its hands off: somebody has set the status (`NOT_STARTED` hands it back), or the task is not
/// applicable, which is a matter of entitlement and not of use.
fn is_held(status: TaskStatus, source: StatusSource) -> bool {
    let set_by_somebody = matches!(source, StatusSource::Manual | StatusSource::Import);
    (set_by_somebody && status != TaskStatus::NotStarted) || status == TaskStatus::NotApplicable
}

/// The status that the facts ask for and whose word it is, when it is another than the present one and telemetry may set it.
/// Where nothing is left of what telemetry said, the task is as the platform made it.
///
/// How the task stands by its values alone is telemetry's to say: it follows from what was observed, in the order of its
/// moments and not of its arrival. So does the status here: it is a function of the latest facts and of what people have said,
/// never of a status that earlier facts have led to. What telemetry never saw done does not end with its data.
pub(crate) fn decide(status: TaskStatus, source: StatusSource, facts: &Facts) -> Option<(TaskStatus, StatusSource)> {
    let done_by_others = status == TaskStatus::Done && source != StatusSource::Telemetry && facts.with_data == 0;
    if facts.active == 0 || is_held(status, source) || done_by_others {
        return None;
    }
    let by = if facts.standing == TaskStatus::NotStarted { StatusSource::System } else { StatusSource::Telemetry };
    (facts.standing != status).then_some((facts.standing, by))
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatusSource::{Import, Manual, System, Telemetry};
    use TaskStatus::{Done, InProgress, NoLongerUsing, NotApplicable, NotStarted};
    use proptest::prelude::*;

    /// Facts of two active attributes, some with data, and what telemetry makes of them.
    fn facts(with_data: i32, standing: TaskStatus) -> Facts {
        Facts { facts_version: 1, active: 2, required: 2, with_data, standing, ..Facts::default() }
    }

    /// The status and its source after the facts.
    fn follow((status, source): (TaskStatus, StatusSource), facts: &Facts) -> (TaskStatus, StatusSource) {
        decide(status, source, facts).unwrap_or((status, source))
    }

    #[test]
    fn the_status_follows_the_facts_unless_somebody_holds_it() {
        let (met, begun, gone) = (facts(2, Done), facts(1, InProgress), facts(0, NoLongerUsing));
        for (case, status, source, facts, expected) in [
            ("both met", NotStarted, System, met, Done),
            ("one met", NotStarted, System, begun, InProgress),
            ("done by telemetry, data vanished", Done, Telemetry, gone, NoLongerUsing),
            ("done by a person, data vanished", Done, Manual, gone, Done),
            ("done by the platform, data vanished", Done, System, gone, Done),
            ("done by the platform, failing", Done, System, begun, InProgress),
            ("done by telemetry, failing", Done, Telemetry, begun, InProgress),
            ("done by an import is held", Done, Import, begun, Done),
            ("used again", NoLongerUsing, Telemetry, met, Done),
            ("what proved it was taken back", Done, Telemetry, facts(0, NotStarted), NotStarted),
            ("a person's IN_PROGRESS", InProgress, Manual, met, InProgress),
            ("a person's NOT_STARTED", NotStarted, Manual, met, Done),
            ("not applicable", NotApplicable, System, met, NotApplicable),
            ("nothing active", Done, Telemetry, Facts::default(), Done),
        ] {
            assert_eq!(follow((status, source), &facts).0, expected, "{case}");
        }
    }

    #[test]
    fn a_task_of_which_all_is_taken_back_is_as_the_platform_made_it() {
        for emptied in [facts(0, NotStarted), facts(1, NotStarted)] {
            assert_eq!(follow((Done, Telemetry), &emptied), (NotStarted, System));
        }
    }

    fn any_facts() -> impl Strategy<Value = Facts> {
        let standing = proptest::sample::select(vec![NotStarted, InProgress, Done, NoLongerUsing]);
        (0..3_i32, standing).prop_map(|(with_data, standing)| facts(with_data, standing))
    }

    fn any_status() -> impl Strategy<Value = (TaskStatus, StatusSource)> {
        (proptest::sample::select(TaskStatus::ALL), proptest::sample::select(StatusSource::ALL))
    }

    proptest! {
        #[test]
        fn what_somebody_set_is_never_changed((status, _) in any_status(), imported in any::<bool>(), facts in any_facts()) {
            let source = if imported { Import } else { Manual };
            if status != NotStarted {
                prop_assert_eq!(decide(status, source, &facts), None);
            }
        }

        #[test]
        fn the_same_facts_twice_are_the_same_as_once(status in any_status(), facts in any_facts()) {
            let once = follow(status, &facts);
            prop_assert_eq!(follow(once, &facts), once);
        }

        /// Of a task that telemetry decides, only the latest facts matter.
        #[test]
        fn earlier_facts_leave_no_trace(handed_back in any::<bool>(), earlier in any_facts(), latest in any_facts()) {
            let start = (NotStarted, if handed_back { Manual } else { System });
            let through = follow(follow(start, &earlier), &latest);
            prop_assert_eq!(through.0, follow(start, &latest).0);
        }
    }
}
