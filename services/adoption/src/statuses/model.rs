//! How the status of a customer task changes. Pure.

use contracts::adoption::{CustomerTaskView, PlanView, StatusSource, TaskStatus};
use kernel::{Check, CustomerTaskId, Problem, ProblemKind, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::decide::decide;
use super::history::StatusChange;
use crate::customer_tasks::{CustomerTask, Facts};

/// The catalog has the task no more for the customer, so where they stand with it is nobody's to say.
static RETIRED: ProblemKind = ProblemKind::new("CUSTOMER_TASK_RETIRED", 409, "The task is retired");
const RETIRED_HOW: &str =
    "The catalog no longer has it for this customer. A sync brings it back when the catalog has it again.";
/// What the history says of syncs.
const RETIRED_NOTE: &str = "The catalog no longer has the task for this customer.";
const REVIVED_NOTE: &str = "The task counts again: the customer stands where they stood.";

/// The most tasks of one command.
const MOST: usize = 1_000;

/// A status set by a person.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "status": "IN_PROGRESS", "note": "The first site goes live on Monday." }))]
pub(crate) struct SetStatus {
    /// Where the customer stands; `COMPLETED` is read as `DONE`, and `NOT_STARTED` hands the task back to telemetry.
    pub(crate) status: TaskStatus,
    /// Why, for the history: up to 5,000 characters.
    pub(crate) note: Option<String>,
}

/// One status for several tasks of a plan.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "customerTaskIds": ["019a8b2e-7c00-7000-8000-000000000001"], "status": "NOT_APPLICABLE", "note": "No branch offices." }))]
pub(crate) struct SetStatuses {
    /// 1 to 1,000 tasks of the plan.
    pub(crate) customer_task_ids: Vec<CustomerTaskId>,
    /// Where the customer stands with each of them.
    status: TaskStatus,
    /// Why, for the history of each: up to 5,000 characters.
    note: Option<String>,
}

/// The plan and the tasks after a command for several.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusesView {
    /// The plan with its new sums.
    pub(crate) plan: PlanView,
    /// The tasks that were named, by id.
    pub(crate) tasks: Vec<CustomerTaskView>,
}

impl SetStatus {
    /// The command with a note that says something, or none.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        let note = self.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        let mut check = Check::new();
        check.optional_text("/note", note.as_deref(), 5_000);
        check.finish()?;
        Ok(Self { note, ..self })
    }
}

impl SetStatuses {
    /// The tasks that are meant and what is to become of each.
    pub(crate) fn checked(self) -> Result<(Vec<CustomerTaskId>, SetStatus), Problem> {
        let Self { customer_task_ids: ids, status, note } = self;
        let mut check = Check::new();
        check.that((1..=MOST).contains(&ids.len()), "/customerTaskIds", "LENGTH", || format!("name 1 to {MOST} tasks"));
        check.distinct("/customerTaskIds", &ids);
        check.finish()?;
        Ok((ids, SetStatus { status, note }.checked()?))
    }
}

/// Refuses a list that names tasks the plan does not have, or has no more.
pub(crate) fn require_all(asked: &[CustomerTaskId], found: &[CustomerTask]) -> Result<(), Problem> {
    let mut check = Check::new();
    for (index, id) in asked.iter().enumerate() {
        let (pointer, known) = (format!("/customerTaskIds/{index}"), found.iter().find(|task| task.id == *id));
        check.that(known.is_some(), &pointer, "UNKNOWN", || "is not a task of this plan".to_owned());
        check.that(known.is_none_or(|task| !task.is_retired()), &pointer, "RETIRED", || RETIRED_HOW.to_owned());
    }
    check.finish()
}

/// Refuses to set the status of a task that counts nowhere.
pub(crate) fn require_unretired(task: &CustomerTask) -> Result<(), Problem> {
    if task.is_retired() { Err(RETIRED.detail(RETIRED_HOW)) } else { Ok(()) }
}

/// What becomes of a task: the row before and after, and what its history gains. An empty history means that only the
/// facts are new, of which nobody else needs to hear.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) before: CustomerTask,
    pub(crate) after: CustomerTask,
    pub(crate) history: Vec<StatusChange>,
}

impl Changed {
    /// A person sets a status. `None`: it is set like that already, and there is nothing to note. Whoever sets
    /// `NOT_STARTED` hands the task back to telemetry, whose latest facts count at once.
    pub(crate) fn by_person(
        before: &CustomerTask,
        command: &SetStatus,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Option<Self> {
        Self::by_hand(before, command, (StatusSource::Manual, by), now)
    }

    /// An import sets a status. It is held as if a person had set it.
    pub(crate) fn by_import(
        before: &CustomerTask,
        command: &SetStatus,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Option<Self> {
        Self::by_hand(before, command, (StatusSource::Import, by), now)
    }

    fn by_hand(
        before: &CustomerTask,
        command: &SetStatus,
        (source, by): (StatusSource, Option<UserId>),
        now: Timestamp,
    ) -> Option<Self> {
        let SetStatus { status, note } = command;
        let is_set = before.status == *status && before.status_source == source;
        if is_set && note.is_none() {
            return None;
        }
        let mut changed = Self { before: before.clone(), after: before.clone(), history: Vec::new() };
        changed.after.version += 1;
        changed.turn(*status, source, by, note.clone(), now);
        changed.follow_facts(now);
        Some(changed)
    }

    /// Telemetry tells facts. `None`: they are not newer than what it told before.
    pub(crate) fn by_telemetry(before: &CustomerTask, facts: Facts, now: Timestamp) -> Option<Self> {
        if facts.facts_version <= before.facts.facts_version {
            return None;
        }
        let after = CustomerTask { facts, ..before.clone() };
        let mut changed = Self { before: before.clone(), after, history: Vec::new() };
        changed.follow_facts(now);
        changed.after.version += i64::from(!changed.history.is_empty());
        Some(changed)
    }

    /// A sync makes another task of it. Where that moves the status, the history says why, and for a task that comes back
    /// what telemetry told meanwhile counts at once.
    pub(crate) fn by_sync(before: &CustomerTask, after: CustomerTask, now: Timestamp) -> Self {
        let mut changed = Self { before: before.clone(), after, history: Vec::new() };
        changed.after.version = before.version + 1;
        if (before.status, before.status_source) != (changed.after.status, changed.after.status_source) {
            let note = if changed.after.is_retired() { RETIRED_NOTE } else { REVIVED_NOTE };
            let entry = StatusChange::of(&changed.after, Some(note.to_owned()));
            changed.history.push(StatusChange { at: now, source: StatusSource::System, changed_by: None, ..entry });
            changed.follow_facts(now);
        }
        changed
    }

    fn follow_facts(&mut self, now: Timestamp) {
        let CustomerTask { status, status_source, facts, .. } = self.after;
        if let Some((status, source)) = decide(status, status_source, &facts) {
            self.turn(status, source, None, Some(facts.sentence()), now);
        }
    }

    fn turn(
        &mut self,
        status: TaskStatus,
        source: StatusSource,
        by: Option<UserId>,
        note: Option<String>,
        now: Timestamp,
    ) {
        let task = &mut self.after;
        task.status = status;
        task.status_source = source;
        task.status_updated_at = now;
        task.status_updated_by = by;
        task.completed_at = (status == TaskStatus::Done).then(|| task.completed_at.unwrap_or(now));
        self.history.push(StatusChange::of(task, note));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatusSource::{Manual, Telemetry};
    use TaskStatus::{Done, InProgress, NoLongerUsing, NotStarted};
    use contracts::catalog::LicenseLevel;
    use kernel::{AssignmentId, Hundredths, PlanId, TaskId, TenantId};
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    /// A task as a plan begins with it.
    fn task() -> CustomerTask {
        CustomerTask {
            tenant_id: TenantId::fresh(),
            id: CustomerTaskId::fresh(),
            version: 1,
            plan_id: PlanId::fresh(),
            assignment_id: AssignmentId::fresh(),
            original_task_id: TaskId::fresh(),
            name: "Connect the first site".to_owned(),
            description: None,
            notes: None,
            weight: Hundredths(1_000),
            sequence_number: 1,
            license_level: LicenseLevel::Essential,
            est_minutes: 30,
            how_to_doc: Vec::new(),
            how_to_video: Vec::new(),
            outcome_ids: Vec::new(),
            release_ids: Vec::new(),
            tag_ids: Vec::new(),
            status: NotStarted,
            status_source: StatusSource::System,
            status_updated_at: at(0),
            status_updated_by: None,
            completed_at: None,
            attributes: db::Json(Vec::new()),
            facts: Facts::default(),
        }
    }

    fn set(status: TaskStatus, note: Option<&str>) -> SetStatus {
        SetStatus { status, note: note.map(str::to_owned) }
    }

    /// Two required attributes, this many with data and met.
    fn two(facts_version: i64, with_data: i32, met: i32) -> Facts {
        Facts {
            facts_version,
            active: 2,
            required: 2,
            with_data,
            met,
            required_met: met,
            standing: match (with_data, met) {
                (0, _) => NoLongerUsing,
                (_, 2) => Done,
                _ => InProgress,
            },
            evaluated_at: None,
        }
    }

    #[test]
    fn a_person_sets_a_status_and_telemetry_leaves_it_alone() {
        let by = Some(UserId::fresh());
        let set = Changed::by_person(&task(), &set(InProgress, Some("On Monday.")), by, at(1)).unwrap();
        let CustomerTask { version, status, status_source, status_updated_by, .. } = set.after;
        assert_eq!((version, status, status_source, status_updated_by), (2, InProgress, Manual, by));
        assert_eq!(set.history.len(), 1);
        assert_eq!(set.history[0].note.as_deref(), Some("On Monday."));

        let told = Changed::by_telemetry(&set.after, two(1, 2, 2), at(2)).unwrap();
        assert_eq!((told.after.status, told.after.version, told.history.len()), (InProgress, 2, 0));
        assert_eq!(told.after.facts, two(1, 2, 2));
    }

    #[test]
    fn setting_not_started_hands_the_task_back_to_the_latest_facts() {
        let held = Changed::by_person(&task(), &set(InProgress, None), None, at(1)).unwrap().after;
        let told = Changed::by_telemetry(&held, two(1, 2, 2), at(2)).unwrap().after;
        let handed = Changed::by_person(&told, &set(NotStarted, None), None, at(3)).unwrap();
        let CustomerTask { version, status, status_source, status_updated_by, completed_at, .. } = handed.after;
        assert_eq!((version, status, status_source, status_updated_by), (3, Done, Telemetry, None));
        assert_eq!(completed_at, Some(at(3)));
        let steps: Vec<_> = handed.history.iter().map(|entry| (entry.status, entry.source)).collect();
        assert_eq!(steps, [(NotStarted, Manual), (Done, Telemetry)]);
    }

    #[test]
    fn the_time_of_completion_stays_while_it_is_done_and_goes_when_it_is_not() {
        let done = Changed::by_person(&task(), &set(Done, None), None, at(1)).unwrap().after;
        let noted = Changed::by_person(&done, &set(Done, Some("Checked on site.")), None, at(2)).unwrap().after;
        assert_eq!((noted.completed_at, noted.status_updated_at), (Some(at(1)), at(2)));
        let left = Changed::by_person(&noted, &set(NoLongerUsing, None), None, at(3)).unwrap().after;
        assert_eq!(left.completed_at, None);
    }

    #[test]
    fn setting_what_is_set_changes_nothing() {
        let done = Changed::by_person(&task(), &set(Done, None), None, at(1)).unwrap().after;
        assert!(Changed::by_person(&done, &set(Done, None), None, at(2)).is_none());
    }

    #[test]
    fn old_news_changes_nothing() {
        let told = Changed::by_telemetry(&task(), two(7, 2, 2), at(1)).unwrap().after;
        assert_eq!(told.status, Done);
        for version in [6, 7] {
            assert!(Changed::by_telemetry(&told, two(version, 0, 0), at(2)).is_none());
        }
        assert_eq!(Changed::by_telemetry(&told, two(8, 0, 0), at(2)).unwrap().after.status, NoLongerUsing);
    }

    #[test]
    fn every_fault_of_a_list_is_named_by_its_place() {
        let (known, stranger) = (task(), CustomerTaskId::fresh());
        let problem = require_all(&[known.id, stranger], &[known]).unwrap_err();
        assert_eq!(problem.errors()[0].pointer, "/customerTaskIds/1");
        for ids in [Vec::new(), vec![stranger, stranger]] {
            let command = SetStatuses { customer_task_ids: ids, status: Done, note: None };
            assert_eq!(command.checked().unwrap_err().errors()[0].pointer, "/customerTaskIds");
        }
    }

    #[derive(Debug, Clone)]
    enum Move {
        Person(TaskStatus, bool),
        Telemetry(i64, i32, i32),
    }

    fn any_move() -> impl Strategy<Value = Move> {
        prop_oneof![
            (proptest::sample::select(TaskStatus::ALL), any::<bool>())
                .prop_map(|(status, note)| Move::Person(status, note)),
            (0..20_i64, 0..=2_i32, 0..=2_i32).prop_map(|(version, data, met)| Move::Telemetry(
                version,
                data,
                met.min(data)
            )),
        ]
    }

    proptest! {
        /// Whatever happens to a task, in whatever order: its columns agree with each other, and each change of its status
        /// is in its history.
        #[test]
        fn a_task_stays_whole(moves in proptest::collection::vec(any_move(), 0..40)) {
            let mut task = task();
            for (second, step) in (1..).zip(moves) {
                let changed = match &step {
                    Move::Person(status, note) => {
                        Changed::by_person(&task, &set(*status, note.then_some("because")), Some(UserId::fresh()), at(second))
                    }
                    Move::Telemetry(version, data, met) => Changed::by_telemetry(&task, two(*version, *data, *met), at(second)),
                };
                let Some(Changed { before, after, history }) = changed else { continue };
                prop_assert_eq!(after.completed_at.is_some(), after.status == Done);
                prop_assert_eq!(after.status_updated_by.is_some(), after.status_source == Manual);
                prop_assert_eq!(after.version - before.version, i64::from(!history.is_empty()));
                prop_assert!(after.facts.facts_version >= before.facts.facts_version);
                if let Some(last) = history.last() {
                    prop_assert_eq!((last.status, last.source), (after.status, after.status_source));
                } else {
                    prop_assert_eq!(before.status, after.status);
                }
                if matches!(step, Move::Telemetry(..)) && before.status_source == Manual && before.status != NotStarted {
                    prop_assert_eq!((before.status, before.status_source), (after.status, after.status_source));
                }
                task = after;
            }
        }
    }
}
