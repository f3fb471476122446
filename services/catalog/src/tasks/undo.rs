//! Taking back what a change set did with tasks.

use std::collections::{BTreeMap, BTreeSet};

use contracts::catalog::{TASK_CHANGED, TASK_DELETED, TASK_RESTORED};
use db::Tx;
use kernel::{Field, Hundredths, Problem, TaskId};
use serde_json::Value;
use uuid::Uuid;

use super::body::TaskPatch;
use super::model::{Standing, Task};
use super::{links, steps, store};
use crate::change_sets::{Fields, Undo, command};
use crate::imports::announce;
use crate::order;
use crate::owners::Under;

/// What is to become of the tasks of an owner.
#[derive(Default)]
struct Wanted {
    gone: BTreeSet<TaskId>,
    back: BTreeSet<TaskId>,
    places: Vec<(i32, TaskId)>,
    patches: BTreeMap<TaskId, TaskPatch>,
}

/// Makes tasks what they were. The weights are held against 100 as they are in the end, and the places of all are settled
/// together.
pub(crate) async fn undo(tx: &mut Tx, under: &Under, undos: Vec<(Uuid, Undo)>) -> Result<(), Problem> {
    if undos.is_empty() {
        return Ok(());
    }
    let Wanted { gone, back, places, mut patches } = Wanted::of(undos)?;
    let (leaving, mut staying): (Vec<Task>, Vec<Task>) =
        store::line(tx, under.tenant, under.owner).await?.into_iter().partition(|task| gone.contains(&task.id));
    staying.extend(store::named(tx, under.tenant, &back.iter().copied().collect::<Vec<_>>()).await?);

    let asked: BTreeSet<TaskId> = places.iter().map(|(_, id)| *id).collect();
    let others: Vec<TaskId> = staying.iter().map(|task| task.id).filter(|id| !asked.contains(id)).collect();
    let order = order::placed(&others, places.into_iter().filter(|(_, id)| !gone.contains(id)).collect());
    let at: BTreeMap<TaskId, i32> = order.iter().copied().zip(1..).collect();
    let weight = |task: &Task, patch: Option<&TaskPatch>| {
        patch.and_then(|patch| patch.weight.value().copied()).unwrap_or(task.weight)
    };
    let all: Hundredths = staying.iter().map(|task| weight(task, patches.get(&task.id))).sum();

    let (mut restored, mut changed, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    let count = i32::try_from(staying.len()).unwrap_or(i32::MAX).saturating_sub(1);
    for task in staying {
        let (patch, is_back) = (patches.remove(&task.id), back.contains(&task.id));
        if patch.is_none() && !is_back {
            moved.push(task);
            continue;
        }
        let rest = Standing { tasks: count, weight: all - weight(&task, patch.as_ref()) };
        let place = at.get(&task.id).copied().map_or(Field::Absent, Field::Value);
        let patch = TaskPatch { sequence_number: place, ..patch.unwrap_or_default() };
        let after = Task { deleted_at: None, ..task.clone() }.change(patch, under, rest)?;
        let became = if is_back { &mut restored } else { &mut changed };
        became.push((task, after));
    }
    links::check(tx, under, restored.iter().chain(&changed).map(|(_, after)| after)).await?;
    let deleted: Vec<(Task, Task)> = leaving.into_iter().map(|task| (task.clone(), task.delete(under))).collect();
    store::pass_keys(tx, restored.iter().chain(&changed)).await?;
    store::update_all(tx, deleted.iter().chain(&restored).chain(&changed).map(|(_, after)| after)).await?;
    steps::settle(tx, under, &moved, &order).await?;
    announce(tx, &TASK_DELETED, deleted.into_iter().map(|(old, new)| (Some(old), new))).await?;
    announce(tx, &TASK_RESTORED, restored.into_iter().map(|(old, new)| (Some(old), new))).await?;
    announce(tx, &TASK_CHANGED, changed.into_iter().map(|(old, new)| (Some(old), new))).await
}

impl Wanted {
    fn of(undos: Vec<(Uuid, Undo)>) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (id, undo) in undos {
            let id = TaskId(id);
            match undo {
                Undo::Remove(_) => {
                    wanted.gone.insert(id);
                }
                Undo::PutBack(before, _) => wanted.put_back(id, before)?,
                Undo::BringBack(_) => return Err(Problem::internal("a task was deleted for good")),
            }
        }
        Ok(wanted)
    }

    fn put_back(&mut self, id: TaskId, mut before: Fields) -> Result<(), Problem> {
        match before.remove("deletedAt") {
            Some(Value::Null) => self.back.insert(id),
            Some(_) => self.gone.insert(id),
            None => false,
        };
        let place = before.remove("sequenceNumber").and_then(|place| i32::try_from(place.as_i64()?).ok());
        // A deleted one has none.
        self.places.extend(place.filter(|place| *place > 0).map(|place| (place, id)));
        if !before.is_empty() {
            self.patches.insert(id, command(before, &[])?);
        }
        Ok(())
    }
}
