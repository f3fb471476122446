//! What holds for every catalog, every plan and every order of events.

use std::collections::BTreeMap;

use contracts::adoption::{StatusSource, TaskStatus};
use contracts::catalog::{AttributeView, Blueprint, LicenseLevel, TaskBlueprint};
use kernel::{CustomerAttributeId, Hundredths};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::attributes::AttributeChange;
use super::definitions::{AttributeDefinition, TaskDefinition};
use super::made_up::{assignment, at, attribute, outcome, product, set, tag, task};
use super::model::{Standing, Sync, SyncChange, Synced, SyncedTask, TaskChange};
use crate::assignments::Assignment;
use crate::plans::progress::Progress;
use crate::plans::snapshot::Snapshot;

/// What people and telemetry do with one of a plan's tasks.
#[derive(Debug, Clone)]
enum Deed {
    Set(TaskStatus, StatusSource),
    Rename(u8),
    Reweigh(i32),
    RenameAttribute(u8),
    Value,
}

/// A plan's life: three states of the catalog, and what is done after the first and the second.
#[derive(Debug, Clone)]
struct Life {
    level: LicenseLevel,
    catalogs: [Vec<TaskBlueprint>; 3],
    deeds: [Vec<(usize, Deed)>; 2],
}

impl Life {
    /// The plan after the first two states of the catalog, with its assignment.
    fn lived(&self) -> (Synced, Assignment) {
        let assignment = Assignment { outcome_ids: vec![outcome(1)], ..assignment(self.level) };
        let begun = Synced::from(Snapshot::of(&assignment, &self.catalog(0), at(1)));
        let plan = done(begun, &self.deeds[0], 2);
        let sync = Sync::of(&plan, &assignment, &self.catalog(1), at(3));
        (done(plan.apply(&sync), &self.deeds[1], 4), assignment)
    }

    fn catalog(&self, state: usize) -> Blueprint {
        product(i64::try_from(state).unwrap(), &self.catalogs[state])
    }

    /// The plan after two states of the catalog, the sync to the third, and the plan after it.
    fn synced(&self) -> (Synced, Sync, Synced) {
        let (before, assignment) = self.lived();
        let sync = Sync::of(&before, &assignment, &self.catalog(2), at(5));
        let after = before.apply(&sync);
        (before, sync, after)
    }
}

fn done(mut plan: Synced, deeds: &[(usize, Deed)], second: i64) -> Synced {
    for (which, deed) in deeds {
        let count = plan.tasks.len().max(1);
        if let Some(task) = plan.tasks.get_mut(which % count) {
            do_one(task, deed, second);
        }
    }
    plan.plan.progress = sums(&plan);
    plan
}

fn do_one(task: &mut SyncedTask, deed: &Deed, second: i64) {
    match deed {
        Deed::Set(status, source) => set(task, *status, *source, second),
        Deed::Rename(name) => task.edit(|task| task.name = format!("Ours {name}")),
        Deed::Reweigh(weight) => task.edit(|task| task.weight = Hundredths(*weight)),
        Deed::RenameAttribute(name) => task.edit(|task| {
            if let Some(attribute) = task.attributes.0.first_mut() {
                attribute.name = format!("Ours {name}");
            }
        }),
        Deed::Value => {
            task.task.facts.with_data += 1;
            task.task.facts.facts_version += 1;
        }
    }
}

fn sums(plan: &Synced) -> Progress {
    Progress::of(plan.tasks.iter().map(|known| (known.task.status, known.task.weight)))
}

fn some_deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let source = select(&[StatusSource::Manual, StatusSource::Telemetry, StatusSource::Import][..]);
    let deed = prop_oneof![
        (select(TaskStatus::ALL), source).prop_map(|(status, source)| Deed::Set(status, source)),
        (0..3_u8).prop_map(Deed::Rename),
        (0..3_000_i32).prop_map(Deed::Reweigh),
        (0..3_u8).prop_map(Deed::RenameAttribute),
        Just(Deed::Value),
    ];
    vec((0..6_usize, deed), 0..6)
}

prop_compose! {
    /// A task of a small world, so that states of the catalog overlap. Attributes have ids and distinct names.
    fn some_task()(
        name in 0..3_u8,
        weight in 0..20_i32,
        place in 1..6_i32,
        level in select(LicenseLevel::ALL),
        of_another_outcome in prop::bool::weighted(0.2),
        tagged in any::<bool>(),
        attributes in btree_map(0..4_u128, (0..5_u8, any::<bool>(), prop::bool::weighted(0.8)), 0..4),
    ) -> TaskBlueprint {
        let mut blueprint = task(1, weight);
        blueprint.task.name = format!("Name {name}");
        blueprint.task.sequence_number = place;
        blueprint.task.license_level = level;
        blueprint.task.outcome_ids = of_another_outcome.then(|| outcome(2)).into_iter().collect();
        blueprint.task.tag_ids = tagged.then(|| tag(1)).into_iter().collect();
        for (id, (name, is_required, is_active)) in attributes {
            let attribute = AttributeView { is_required, is_active, ..attribute(id, &format!("a{name}")) };
            if blueprint.attributes.iter().all(|known| known.name != attribute.name) {
                blueprint.attributes.push(attribute);
            }
        }
        blueprint
    }
}

fn some_catalog() -> impl Strategy<Value = Vec<TaskBlueprint>> {
    btree_map(1..6_u128, some_task(), 0..6).prop_map(|tasks| {
        let numbered = tasks.into_iter().map(|(number, mut blueprint)| {
            blueprint.task.id = super::made_up::task_id(number);
            blueprint
        });
        numbered.collect()
    })
}

prop_compose! {
    fn a_life()(
        level in select(LicenseLevel::ALL),
        catalogs in [some_catalog(), some_catalog(), some_catalog()],
        deeds in [some_deeds(), some_deeds()],
    ) -> Life {
        Life { level, catalogs, deeds }
    }
}

/// The changes without the ids that are made anew each time.
fn without_fresh_ids(sync: &Sync) -> (Vec<SyncChange>, Vec<Uuid>) {
    let mut changes = sync.changes.clone();
    changes.retain(|change| !matches!(change, SyncChange::Added { .. }));
    for change in &mut changes {
        let SyncChange::Task { what: TaskChange::Redefined { attributes, .. }, .. } = change else { continue };
        for change in attributes {
            if let AttributeChange::Added { attribute } = change {
                attribute.id = CustomerAttributeId(Uuid::nil());
            }
        }
    }
    (changes, sync.added.iter().map(|task| task.original_task_id.0).collect())
}

proptest! {
    #[test]
    fn a_catalog_that_did_not_change_changes_nothing(life in a_life()) {
        let (plan, assignment) = life.lived();
        let sync = Sync::of(&plan, &assignment, &life.catalog(1), at(5));
        prop_assert!(sync.changes.is_empty() && sync.added.is_empty(), "{:?}", sync.changes);
        prop_assert_eq!(plan.apply(&sync), plan);
    }

    #[test]
    fn twice_is_once(life in a_life(), since in some_deeds()) {
        let (_, assignment) = life.lived();
        let (_, _, after) = life.synced();
        let after = done(after, &since, 6);
        let again = Sync::of(&after, &assignment, &life.catalog(2), at(7));
        prop_assert!(again.changes.is_empty(), "{:?}", again.changes);
    }

    #[test]
    fn there_and_back_is_where_it_was(life in a_life()) {
        let (before, sync, after) = life.synced();
        prop_assert_eq!(after.undo(&sync.changes, at(6)), before);
    }

    #[test]
    fn what_it_takes_to_go_back_can_be_kept(life in a_life()) {
        let (_, sync, _) = life.synced();
        let kept = serde_json::to_string(&sync.changes).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<SyncChange>>(&kept).unwrap(), sync.changes);
    }

    #[test]
    fn no_status_edit_or_value_is_ever_lost(life in a_life()) {
        let (before, _, after) = life.synced();
        for known in &before.tasks {
            let later = after.tasks.iter().find(|later| later.task.id == known.task.id).unwrap();
            let standing = Standing::of(&known.task);
            let is_kept = Standing::of(&later.task) == standing
                || later.retired == Some(standing)
                || known.retired == Some(Standing::of(&later.task));
            prop_assert!(is_kept, "{known:?} {later:?}");
            prop_assert_eq!(&later.task.facts, &known.task.facts);
            let then = known.baseline();
            if known.task.name != then.task.name {
                prop_assert_eq!(&later.task.name, &known.task.name);
            }
            if known.task.weight != then.task.weight {
                prop_assert_eq!(later.task.weight, known.task.weight);
            }
            for attribute in &known.task.attributes.0 {
                let there = later.task.attributes.0.iter().find(|there| there.id == attribute.id);
                let is_edited = attribute.name != then.attributes[&attribute.id].name;
                prop_assert!(there.is_some_and(|there| !is_edited || there.name == attribute.name));
            }
        }
    }

    /// Also of what is done after a sync that is taken back.
    #[test]
    fn what_was_done_since_outlives_going_back(life in a_life(), since in some_deeds()) {
        let (_, sync, after) = life.synced();
        let later = done(after.clone(), &since, 6);
        let back = later.undo(&sync.changes, at(7));
        prop_assert_eq!(back.plan.progress, sums(&back));
        for (synced, known) in after.tasks.iter().zip(&later.tasks).filter(|(synced, known)| synced != known) {
            let there = back.tasks.iter().find(|there| there.task.id == known.task.id).unwrap();
            let standing = Standing::of(&known.task);
            if standing != Standing::of(&synced.task) {
                prop_assert!(Standing::of(&there.task) == standing || there.retired == Some(standing));
            }
            prop_assert!(known.task.name == synced.task.name || known.task.name == there.task.name);
            prop_assert!(known.task.weight == synced.task.weight || known.task.weight == there.task.weight);
            let has_values = known.task.facts != synced.task.facts;
            for (before, attribute) in synced.task.attributes.0.iter().zip(&known.task.attributes.0) {
                let kept = there.task.attributes.0.iter().find(|kept| kept.id == attribute.id);
                prop_assert!(kept.is_some() || !has_values);
                prop_assert!(before.name == attribute.name || kept.is_some_and(|kept| kept.name == attribute.name));
            }
        }
    }

    #[test]
    fn the_sums_are_those_of_the_tasks(life in a_life()) {
        let (_, sync, after) = life.synced();
        prop_assert_eq!(after.plan.progress, sums(&after));
        prop_assert_eq!(after.undo(&sync.changes, at(6)).plan.progress, life.lived().0.plan.progress);
    }

    #[test]
    fn what_was_taken_back_is_offered_again(life in a_life()) {
        let (plan, assignment) = life.lived();
        let first = Sync::of(&plan, &assignment, &life.catalog(2), at(5));
        let back = plan.apply(&first).undo(&first.changes, at(6));
        let second = Sync::of(&back, &assignment, &life.catalog(2), at(5));
        prop_assert_eq!(without_fresh_ids(&second), without_fresh_ids(&first));
    }

    /// Where nobody touched anything, a synced plan says what one made today would say.
    #[test]
    fn an_untouched_plan_becomes_the_plan_of_today(life in a_life()) {
        let life = Life { deeds: [Vec::new(), Vec::new()], ..life };
        let (_, assignment) = life.lived();
        let (_, _, after) = life.synced();
        let today = Synced::from(Snapshot::of(&assignment, &life.catalog(2), at(5)));
        let said = |plan: &Synced| {
            let live = plan.tasks.iter().filter(|known| known.retired.is_none());
            let said = live.map(|known| {
                let active = known.task.attributes.0.iter().filter(|attribute| attribute.is_active);
                let active: Vec<_> = active.map(AttributeDefinition::of).collect();
                (known.task.original_task_id, (TaskDefinition::of(&known.task), active))
            });
            said.collect::<BTreeMap<_, _>>()
        };
        prop_assert_eq!(said(&after), said(&today));
        prop_assert_eq!(after.plan.progress, today.plan.progress);
    }
}
