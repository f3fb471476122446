//! What telemetry may make of a status. Pure, and the only place that knows.

use contracts::adoption::{StatusSource, TaskStatus};

use crate::customer_tasks::Facts;

/// Whether telemetry keeps its hands off: somebody has set the status (`NOT_STARTED` hands it back), or the task is not
/// applicable, which is a matter of entitlement and not of use.
fn is_held(status: TaskStatus, source: StatusSource) -> bool {
    let set_by_somebody = matches!(source, StatusSource::Manual | StatusSource::Import);
    (set_by_somebody && status != TaskStatus::NotStarted) || status == TaskStatus::NotApplicable
}

/// The status that the facts ask for, when it is another than the present one and telemetry may set it.
///
/// With required attributes, all of them must be met; the optional ones matter only as signs of life. Without, any one
/// that is met suffices. A task that telemetry had seen done and that no attribute has data for any more is
/// `NO_LONGER_USING`, and stays so until data return.
pub(crate) fn decide(status: TaskStatus, source: StatusSource, facts: &Facts) -> Option<TaskStatus> {
    if facts.active == 0 || is_held(status, source) {
        return None;
    }
    let next = match (status, facts.with_data > 0) {
        (TaskStatus::Done, false) if source == StatusSource::Telemetry => Some(TaskStatus::NoLongerUsing),
        (TaskStatus::Done | TaskStatus::NoLongerUsing, false) => None,
        (_, false) if facts.required > 0 => Some(TaskStatus::NotStarted),
        (_, false) => None,
        (_, true) => judge(status, facts),
    };
    next.filter(|next| *next != status)
}

/// What data say.
fn judge(status: TaskStatus, facts: &Facts) -> Option<TaskStatus> {
    let proved = if facts.required > 0 { facts.required_met >= facts.required } else { facts.met > 0 };
    let concerned = facts.required == 0 || facts.required_with_data > 0 || status == TaskStatus::Done;
    match (proved, concerned) {
        (true, _) => Some(TaskStatus::Done),
        (false, true) => Some(TaskStatus::InProgress),
        // Only optional attributes of a task with required ones have data.
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatusSource::{Import, Manual, System, Telemetry};
    use TaskStatus::{Done, InProgress, NoLongerUsing, NotApplicable, NotStarted};
    use proptest::prelude::*;

    /// An attribute: required or not, with data or not, met or not.
    #[derive(Debug, Clone, Copy)]
    struct Attribute(bool, bool, bool);

    /// Facts of required attributes a, b and an optional c: `-` no data, `+` met, `x` failing.
    fn abc(marks: &str) -> Facts {
        count(marks.chars().enumerate().map(|(at, mark)| Attribute(at < 2, mark != '-', mark == '+')))
    }

    /// Facts of optional attributes c, d.
    fn cd(marks: &str) -> Facts {
        count(marks.chars().map(|mark| Attribute(false, mark != '-', mark == '+')))
    }

    fn count(attributes: impl Iterator<Item = Attribute>) -> Facts {
        attributes.fold(Facts { facts_version: 1, ..Facts::default() }, |facts, Attribute(required, data, met)| Facts {
            active: facts.active + 1,
            required: facts.required + i32::from(required),
            with_data: facts.with_data + i32::from(data),
            required_with_data: facts.required_with_data + i32::from(required && data),
            met: facts.met + i32::from(met),
            required_met: facts.required_met + i32::from(required && met),
            ..facts
        })
    }

    /// The status and its source after the facts.
    fn follow(status: TaskStatus, source: StatusSource, facts: &Facts) -> (TaskStatus, StatusSource) {
        decide(status, source, facts).map_or((status, source), |next| (next, Telemetry))
    }

    #[test]
    fn the_reference_vectors_hold() {
        let vectors = [
            ("no values", NotStarted, System, abc("---"), NotStarted),
            ("a met, b no data", NotStarted, System, abc("+--"), InProgress),
            ("a, b met", NotStarted, System, abc("++-"), Done),
            ("only c has data", NotStarted, System, abc("--+"), NotStarted),
            ("done by telemetry, data vanished", Done, Telemetry, abc("---"), NoLongerUsing),
            ("done by a person, data vanished", Done, Manual, abc("---"), Done),
            ("done by telemetry, b failing", Done, Telemetry, abc("+x-"), InProgress),
            ("done by telemetry, only c fresh", Done, Telemetry, abc("--+"), InProgress),
            ("used again", NoLongerUsing, Telemetry, abc("++-"), Done),
            ("optional only: c met, d failing", NotStarted, System, cd("+x"), Done),
            ("optional only: both failing", NotStarted, System, cd("xx"), InProgress),
            ("optional only: done, one met, one failing", Done, Telemetry, cd("+x"), Done),
            ("a person's IN_PROGRESS", InProgress, Manual, abc("++-"), InProgress),
            ("a person's NOT_STARTED", NotStarted, Manual, abc("++-"), Done),
        ];
        for (case, status, source, facts, expected) in vectors {
            assert_eq!(follow(status, source, &facts).0, expected, "{case}");
        }
    }

    #[test]
    fn every_rule_of_the_engine_holds() {
        let vectors = [
            ("nothing active", Done, Telemetry, Facts::default(), Done),
            ("all required met, in progress", InProgress, Telemetry, abc("++-"), Done),
            ("not applicable: not for telemetry to say", NotApplicable, System, abc("++-"), NotApplicable),
            ("not applicable, no data", NotApplicable, System, abc("---"), NotApplicable),
            ("done by an import is held", Done, Import, abc("x--"), Done),
            ("done by the platform, data vanished", Done, System, abc("---"), Done),
            ("done by the platform, failing", Done, System, abc("x--"), InProgress),
            ("in progress, data vanished", InProgress, Telemetry, abc("---"), NotStarted),
            ("not using, still no data", NoLongerUsing, Telemetry, abc("---"), NoLongerUsing),
            ("not using, data return but fail", NoLongerUsing, Telemetry, abc("x--"), InProgress),
            ("not using, only optional data return", NoLongerUsing, Telemetry, abc("--+"), NoLongerUsing),
            ("optional only: data vanished", Done, Telemetry, cd("--"), NoLongerUsing),
            ("optional only: done by the platform, no data", Done, System, cd("--"), Done),
            ("optional only: done, zero met", Done, Telemetry, cd("x-"), InProgress),
            ("optional only: not using, no data", NoLongerUsing, Telemetry, cd("--"), NoLongerUsing),
            ("optional only: not using, data return", NoLongerUsing, Telemetry, cd("x-"), InProgress),
            ("optional only: in progress, no data", InProgress, Telemetry, cd("--"), InProgress),
        ];
        for (case, status, source, facts, expected) in vectors {
            assert_eq!(follow(status, source, &facts).0, expected, "{case}");
        }
    }

    fn any_facts() -> impl Strategy<Value = Facts> {
        let attribute =
            (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(r, data, met)| Attribute(r, data, data && met));
        proptest::collection::vec(attribute, 0..5).prop_map(|attributes| count(attributes.into_iter()))
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
        fn the_same_facts_twice_are_the_same_as_once((status, source) in any_status(), facts in any_facts()) {
            let once = follow(status, source, &facts);
            prop_assert_eq!(follow(once.0, once.1, &facts), once);
        }

        #[test]
        fn telemetry_never_says_not_applicable_and_never_repeats_the_status((status, source) in any_status(), facts in any_facts()) {
            if let Some(next) = decide(status, source, &facts) {
                prop_assert!(next != NotApplicable && next != status);
                prop_assert_eq!(next == NoLongerUsing, status == Done && source == Telemetry && facts.with_data == 0);
            }
        }

        /// However the facts come, NO_LONGER_USING is left only for what data say.
        #[test]
        fn no_longer_using_is_kept_until_data_return(facts in any_facts()) {
            if facts.with_data == 0 {
                prop_assert_eq!(decide(NoLongerUsing, Telemetry, &facts), None);
            }
        }

        #[test]
        fn all_required_met_is_done_whatever_it_was((status, source) in any_status(), facts in any_facts()) {
            if facts.required > 0 && facts.required_met == facts.required && !is_held(status, source) {
                prop_assert_eq!(follow(status, source, &facts).0, Done);
            }
        }
    }
}
