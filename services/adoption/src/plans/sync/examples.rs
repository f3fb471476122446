//! The reference's rules of sync (3.5, 3.6, 2.4) with its targets, one by one.

use contracts::adoption::StatusSource::{Manual, System, Telemetry};
use contracts::adoption::TaskStatus::{Done, InProgress, NotApplicable, NotStarted};
use contracts::catalog::LicenseLevel::{Advantage, Essential, Signature};
use contracts::catalog::{Blueprint, TaskBlueprint};
use kernel::Hundredths;

use super::made_up::{assignment, at, attribute, outcome, product, release, set, tag, task, task_id};
use super::model::{Standing, Sync, SyncChange, Synced, SyncedTask, TaskChange};
use crate::assignments::Assignment;
use crate::plans::snapshot::Snapshot;

fn begin(assignment: &Assignment, blueprint: &Blueprint) -> Synced {
    Synced::from(Snapshot::of(assignment, blueprint, at(1)))
}

/// The sync and the plan after it.
fn sync(plan: &Synced, assignment: &Assignment, blueprint: &Blueprint) -> (Sync, Synced) {
    let sync = Sync::of(plan, assignment, blueprint, at(9));
    let after = plan.apply(&sync);
    (sync, after)
}

fn the(plan: &Synced, number: u128) -> &SyncedTask {
    plan.tasks.iter().find(|known| known.task.original_task_id == task_id(number)).unwrap()
}

fn its(plan: &mut Synced, number: u128) -> &mut SyncedTask {
    plan.tasks.iter_mut().find(|known| known.task.original_task_id == task_id(number)).unwrap()
}

fn sums(plan: &Synced) -> (i32, i32, String) {
    let progress = plan.plan.progress;
    (progress.total_tasks, progress.completed_tasks, progress.progress_percentage.to_string())
}

/// Tasks of 50, 30 and 20 percent, of which the second needs a better licence.
fn three() -> [TaskBlueprint; 3] {
    let mut tasks = [task(1, 50), task(2, 30), task(3, 20)];
    tasks[1].task.license_level = Signature;
    tasks
}

#[test]
fn kept_tasks_are_refreshed_and_keep_their_status() {
    let (assignment, mut tasks) = (assignment(Signature), three());
    let mut plan = begin(&assignment, &product(1, &tasks));
    set(its(&mut plan, 1), Done, Manual, 2);
    let before = the(&plan, 1).clone();
    tasks[0].task.name = "Connect two sites".to_owned();
    tasks[0].task.weight = Hundredths(4_000);
    tasks[0].task.sequence_number = 3;
    tasks[0].task.tag_ids = vec![tag(7)];
    tasks[2].task.sequence_number = 1;
    let (_, after) = sync(&plan, &assignment, &product(2, &tasks));
    let task = &the(&after, 1).task;
    assert_eq!((task.name.as_str(), task.weight, task.sequence_number), ("Connect two sites", Hundredths(4_000), 3));
    assert_eq!(task.tag_ids, [tag(7)]);
    assert_eq!(the(&after, 3).task.sequence_number, 1);
    assert_eq!(Standing::of(task), Standing::of(&before.task));
    assert_eq!((task.id, after.plan.catalog_revision), (before.task.id, 2));
    assert_eq!(sums(&after), (3, 1, "44.44".to_owned()));
}

#[test]
fn a_task_that_is_gone_is_retired_and_comes_back_as_it_was() {
    let (assignment, tasks) = (assignment(Signature), three());
    let mut plan = begin(&assignment, &product(1, &tasks));
    set(its(&mut plan, 1), Done, Manual, 2);
    set(its(&mut plan, 2), InProgress, Telemetry, 3);
    let (changes, without) = sync(&plan, &assignment, &product(2, &[tasks[0].clone(), tasks[2].clone()]));
    assert_eq!(changes.changes.len(), 2, "the revision and the task");
    let gone = the(&without, 2);
    assert_eq!((gone.task.status, gone.task.status_source), (NotApplicable, System));
    assert_eq!(gone.retired, Some(Standing::of(&the(&plan, 2).task)));
    // The vector of 3.15: 50 of 70.
    assert_eq!(sums(&without), (2, 1, "71.43".to_owned()));
    let (_, again) = sync(&without, &assignment, &product(3, &tasks));
    assert_eq!(the(&again, 2), the(&plan, 2));
}

#[test]
fn not_applicable_by_a_person_is_not_revived() {
    let (assignment, tasks) = (assignment(Signature), three());
    let mut plan = begin(&assignment, &product(1, &tasks));
    set(its(&mut plan, 2), NotApplicable, Manual, 2);
    let (_, without) = sync(&plan, &assignment, &product(2, &tasks[..1]));
    let (_, again) = sync(&without, &assignment, &product(3, &tasks));
    assert_eq!((the(&again, 2).task.status, the(&again, 2).task.status_source), (NotApplicable, Manual));
    assert_eq!((the(&again, 3).task.status, the(&again, 3).task.status_source), (NotStarted, System));
}

#[test]
fn what_a_person_says_of_a_retired_task_stands() {
    let (assignment, tasks) = (assignment(Signature), three());
    let plan = begin(&assignment, &product(1, &tasks));
    let (_, mut without) = sync(&plan, &assignment, &product(2, &tasks[..1]));
    set(its(&mut without, 2), Done, Manual, 10);
    let (_, later) = sync(&without, &assignment, &product(3, &tasks[..1]));
    assert_eq!(the(&later, 2).task.status, Done);
    let (_, again) = sync(&later, &assignment, &product(4, &tasks));
    assert_eq!((the(&again, 2).task.status, the(&again, 2).retired), (Done, None));
}

#[test]
fn an_entitlement_moves_tasks_in_and_out_and_touches_no_other() {
    let (high, tasks) = (assignment(Signature), three());
    let low = Assignment { license_level: Advantage, ..high.clone() };
    let mut plan = begin(&low, &product(1, &tasks));
    set(its(&mut plan, 1), Done, Manual, 2);
    assert_eq!(plan.tasks.len(), 2);
    let (raised, more) = sync(&plan, &high, &product(1, &tasks));
    assert_eq!(raised.added.len(), 1);
    assert_eq!((the(&more, 2).task.status, the(&more, 2).task.status_source), (NotStarted, System));
    assert_eq!((the(&more, 2).task.plan_id, more.plan.license_level), (plan.plan.id, Signature));
    assert_eq!(the(&more, 1), the(&plan, 1));
    let (_, fewer) = sync(&more, &low, &product(1, &tasks));
    assert_eq!(sums(&fewer), (2, 1, "71.43".to_owned()));
    let none = Assignment { license_level: Essential, outcome_ids: vec![outcome(2)], ..low };
    let mut narrow = tasks.clone();
    narrow[0].task.outcome_ids = vec![outcome(1)];
    let (_, narrowed) = sync(&more, &none, &product(2, &narrow));
    assert_eq!((the(&narrowed, 1).retired.is_some(), the(&narrowed, 3).retired), (true, None));
}

#[test]
fn a_choice_is_kept_without_what_is_gone() {
    let chosen = Assignment {
        outcome_ids: vec![outcome(1), outcome(2)],
        release_ids: vec![release(3)],
        ..assignment(Signature)
    };
    let plan = begin(&chosen, &product(1, &three()));
    let mut later = product(2, &three());
    later.outcome_ids.retain(|id| *id != outcome(1));
    later.release_ids.retain(|id| *id != release(3));
    let (_, after) = sync(&plan, &chosen, &later);
    assert_eq!((after.plan.outcome_ids, after.plan.release_ids), (vec![outcome(2)], vec![release(3)]));
}

#[test]
fn attributes_are_known_by_id_then_by_name_and_never_lost() {
    let (assignment, mut one) = (assignment(Signature), task(1, 100));
    one.attributes = vec![attribute(1, "users"), attribute(2, "sites"), attribute(3, "errors")];
    let plan = begin(&assignment, &product(1, &[one.clone()]));
    let ids: Vec<_> = the(&plan, 1).task.attributes.0.iter().map(|attribute| attribute.id).collect();
    // The first is renamed, the second made anew under its name, the third is gone, a fourth is new.
    one.attributes = vec![attribute(1, "people"), attribute(12, "sites"), attribute(14, "alarms")];
    let (_, after) = sync(&plan, &assignment, &product(2, &[one.clone()]));
    let after_task = &the(&after, 1).task.attributes.0;
    let shown: Vec<_> = after_task.iter().map(|known| (known.name.as_str(), known.is_active)).collect();
    assert_eq!(shown, [("people", true), ("errors", false), ("sites", true), ("alarms", true)]);
    assert_eq!([after_task[0].id, after_task[2].id, after_task[1].id], ids[..]);
    assert_eq!(after_task[2].original_attribute_id, attribute(12, "sites").id);
    one.attributes.push(attribute(23, "errors"));
    let (_, again) = sync(&after, &assignment, &product(3, &[one]));
    let back = again.tasks[0].task.attributes.0.iter().find(|known| known.name == "errors").unwrap();
    assert_eq!((back.id, back.is_active), (ids[2], true));
}

#[test]
fn an_edit_is_kept_and_the_sync_says_so() {
    let (assignment, mut tasks) = (assignment(Signature), three());
    let mut plan = begin(&assignment, &product(1, &tasks));
    its(&mut plan, 1).edit(|task| task.name = "Connect the Bern office".to_owned());
    its(&mut plan, 3).edit(|task| task.notes = Some("Ask Ruth first.".to_owned()));
    tasks[0].task.name = "Connect two sites".to_owned();
    tasks[0].task.est_minutes = 90;
    let (changes, after) = sync(&plan, &assignment, &product(2, &tasks));
    assert_eq!(changes.changes.iter().map(SyncChange::conflicts).sum::<usize>(), 1);
    assert_eq!(the(&after, 1).task.name, "Connect the Bern office");
    assert_eq!((the(&after, 1).task.est_minutes, &the(&after, 3).task), (90, &the(&plan, 3).task));
    let shown = serde_json::to_value(&changes.changes[1]).unwrap();
    assert_eq!(shown["what"]["fields"][0]["field"], "name");
    assert_eq!(shown["what"]["fields"][0]["ours"], "Connect the Bern office");
    // The same again is no conflict any more, and no change.
    assert!(sync(&after, &assignment, &product(2, &tasks)).0.changes.is_empty());
}

#[test]
fn an_edit_outlives_retirement() {
    let (assignment, mut tasks) = (assignment(Signature), three());
    let mut plan = begin(&assignment, &product(1, &tasks));
    its(&mut plan, 2).edit(|task| task.name = "Ours".to_owned());
    let (_, without) = sync(&plan, &assignment, &product(2, &tasks[..1]));
    tasks[1].task.name = "Theirs".to_owned();
    let (changes, again) = sync(&without, &assignment, &product(3, &tasks));
    assert_eq!(the(&again, 2).task.name, "Ours");
    assert_eq!(changes.changes.iter().map(SyncChange::conflicts).sum::<usize>(), 1);
}

#[test]
fn a_sync_taken_back_keeps_what_was_done_since() {
    let (assignment, mut tasks) = (assignment(Signature), three());
    let plan = begin(&assignment, &product(1, &tasks[..1]));
    tasks[0].task.name = "Connect two sites".to_owned();
    tasks[0].task.est_minutes = 90;
    let (changes, mut after) = sync(&plan, &assignment, &product(2, &tasks));
    set(its(&mut after, 2), InProgress, Manual, 10);
    its(&mut after, 1).edit(|task| task.est_minutes = 45);
    let back = after.undo(&changes.changes, at(11));
    assert_eq!(back.tasks.len(), 2, "nobody had touched the third");
    assert_eq!((the(&back, 2).task.status, the(&back, 2).retired.unwrap().status), (NotApplicable, InProgress));
    assert_eq!((the(&back, 1).task.name.as_str(), the(&back, 1).task.est_minutes), ("Step 1", 45));
    assert_eq!(sums(&back), (1, 0, "0.00".to_owned()));
    let (_, again) = sync(&back, &assignment, &product(2, &tasks));
    assert_eq!((the(&again, 2).task.status, the(&again, 1).task.est_minutes), (InProgress, 45));
}

#[test]
fn a_revival_taken_back_remembers_what_the_task_had_become() {
    let (assignment, tasks) = (assignment(Signature), three());
    let mut plan = begin(&assignment, &product(1, &tasks));
    set(its(&mut plan, 2), InProgress, Manual, 2);
    let (_, without) = sync(&plan, &assignment, &product(2, &tasks[..1]));
    let (changes, mut again) = sync(&without, &assignment, &product(3, &tasks));
    assert!(matches!(changes.changes[1], SyncChange::Task { what: TaskChange::Revived { .. }, .. }));
    assert_eq!(again.undo(&changes.changes, at(10)), without);
    set(its(&mut again, 2), Done, Telemetry, 10);
    let back = again.undo(&changes.changes, at(11));
    assert_eq!((the(&back, 2).task.status, the(&back, 2).retired.unwrap().status), (NotApplicable, Done));
}
