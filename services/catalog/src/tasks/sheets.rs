//! Tasks as rows of a workbook, and back again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::catalog::{TASK_CHANGED, TASK_CREATED, TASK_DELETED, TASK_RESTORED};
use db::{Conn, Tx};
use kernel::{Field, Hundredths, Problem, TaskId, TenantId};
use workbook::{Action, Change, FieldChange, Item};

use super::body::{CreateTask, TaskPatch};
use super::model::{Standing, Task};
use super::{steps, store};
use crate::imports::{Said, announce};
use crate::order;
use crate::owners::{Owner, Under};
use crate::parts::sheets::{ById, ByName, Names};

/// The tasks of an owner, each naming its outcomes, releases and tags.
pub(crate) async fn read(
    conn: &Conn,
    tenant: TenantId,
    owner: Owner,
    names: &Names,
) -> Result<Vec<workbook::Task>, Problem> {
    let names = names.by_id();
    Ok(store::line(conn, tenant, owner).await?.into_iter().map(|task| shown(task, &names)).collect())
}

/// Those of `ids` that are deleted tasks of an owner.
pub(crate) async fn read_deleted(
    conn: &Conn,
    tenant: TenantId,
    owner: Owner,
    ids: &[TaskId],
    names: &Names,
) -> Result<Vec<workbook::Task>, Problem> {
    let (rows, names) = (store::named(conn, tenant, ids).await?, names.by_id());
    let deleted = rows.into_iter().filter(|task| task.owner_id == owner.id() && task.deleted_at.is_some());
    Ok(deleted.map(|task| shown(task, &names)).collect())
}

fn shown(task: Task, names: &ById<'_>) -> workbook::Task {
    let is_deleted = task.deleted_at.is_some();
    workbook::Task {
        id: Some(task.id),
        outcomes: named(&task.outcome_ids, &names.outcomes),
        releases: named(&task.release_ids, &names.releases),
        tags: named(&task.tag_ids, &names.tags),
        name: task.name,
        description: task.description,
        weight: task.weight,
        sequence: Some(task.sequence_number).filter(|_| !is_deleted),
        est_minutes: task.est_minutes,
        license_level: task.license_level,
        notes: task.notes,
        how_to_doc: task.how_to_doc,
        how_to_video: task.how_to_video,
        external_key: task.external_key,
        is_deleted,
    }
}

fn named<Id: std::hash::Hash + Eq>(ids: &[Id], names: &HashMap<Id, &str>) -> Vec<String> {
    ids.iter().filter_map(|id| names.get(id).map(|name| (*name).to_owned())).collect()
}

/// What became of the tasks that an import says something about.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Those that were made, by name.
    pub(crate) created: HashMap<String, TaskId>,
    /// Those that have a new version already.
    pub(crate) touched: BTreeSet<TaskId>,
}

/// Does what an import says of the tasks: what is deleted leaves the line, what asks for a place gets it, and the weights
/// are held against 100 as they are in the end.
pub(crate) async fn import(
    tx: &mut Tx,
    under: &Under,
    changes: Vec<Change>,
    names: &ByName<'_>,
) -> Result<Settled, Problem> {
    if changes.is_empty() {
        return Ok(Settled::default());
    }
    let mut line = store::line(tx, under.tenant, under.owner).await?;
    line.extend(store::named(tx, under.tenant, &returning(&changes)).await?);
    let mut commands = Commands::of(changes, &line, names)?;
    let all = commands.standing(&line);
    // Each asks for the place that the file gives it; the places of all are settled together.
    let mut created: Vec<(Task, Option<i32>)> = Vec::new();
    for (command, place) in std::mem::take(&mut commands.created) {
        let others = Standing { tasks: all.tasks, weight: all.weight - command.weight };
        created.push((Task::create(command, under, others)?, place));
    }
    let order = commands.order(&line, &created);
    let places: BTreeMap<TaskId, i32> = order.iter().copied().zip(1..).collect();
    let placed = |task: Task| Task { sequence_number: places.get(&task.id).copied().unwrap_or(i32::MAX), ..task };
    let created: Vec<Task> = created.into_iter().map(|(task, _)| placed(task)).collect();

    let (mut deleted, mut restored, mut changed, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for task in line {
        if commands.deleted.contains(&task.id) {
            deleted.push((task.clone(), task.delete(under)));
        } else if let Some(patch) = commands.changed.get(&task.id) {
            let weight = patch.weight.value().copied().unwrap_or(task.weight);
            let rest = Standing { tasks: all.tasks, weight: all.weight - weight };
            let sequence_number = places.get(&task.id).map_or(Field::Absent, |place| Field::Value(*place));
            let patch = TaskPatch { sequence_number, ..patch.clone() };
            let became = if task.deleted_at.is_some() { &mut restored } else { &mut changed };
            became.push((task.clone(), Task { deleted_at: None, ..task }.change(patch, under, rest)?));
        } else {
            others.push(task);
        }
    }
    store::pass_keys(tx, restored.iter().chain(&changed)).await?;
    store::update_all(tx, deleted.iter().chain(&restored).chain(&changed).map(|(_, after)| after)).await?;
    store::insert_all(tx, &created).await?;
    steps::settle(tx, under, &others, &order).await?;
    let settled = Settled {
        created: created.iter().map(|task| (task.name.clone(), task.id)).collect(),
        touched: restored.iter().chain(&changed).map(|(_, after)| after).chain(&created).map(|task| task.id).collect(),
    };
    announce(tx, &TASK_DELETED, deleted.into_iter().map(|(old, new)| (Some(old), new))).await?;
    announce(tx, &TASK_RESTORED, restored.into_iter().map(|(old, new)| (Some(old), new))).await?;
    announce(tx, &TASK_CHANGED, changed.into_iter().map(|(old, new)| (Some(old), new))).await?;
    announce(tx, &TASK_CREATED, created.into_iter().map(|task| (None, task))).await?;
    Ok(settled)
}

/// Raises the versions of tasks because something that belongs to them changed.
pub(crate) async fn touch_all(tx: &mut Tx, under: &Under, ids: &BTreeSet<TaskId>) -> Result<(), Problem> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut tasks = store::line(tx, under.tenant, under.owner).await?;
    tasks.retain(|task| ids.contains(&task.id));
    let after: Vec<Task> = tasks.iter().map(|task| task.clone().touched(under)).collect();
    store::update_all(tx, &after).await?;
    announce(tx, &TASK_CHANGED, tasks.into_iter().map(Some).zip(after)).await
}

/// The deleted tasks that an import brings back.
fn returning(changes: &[Change]) -> Vec<TaskId> {
    let before = changes.iter().filter(|change| change.action == Action::Restore).map(|change| &change.before);
    before.filter_map(|before| if let Some(Item::Task(task)) = before { task.id } else { None }).collect()
}

/// What an import does with tasks.
struct Commands {
    deleted: BTreeSet<TaskId>,
    changed: BTreeMap<TaskId, TaskPatch>,
    /// Each with the place it asks for.
    created: Vec<(CreateTask, Option<i32>)>,
}

impl Commands {
    fn of(changes: Vec<Change>, line: &[Task], names: &ByName<'_>) -> Result<Self, Problem> {
        let mut commands = Self { deleted: BTreeSet::new(), changed: BTreeMap::new(), created: Vec::new() };
        let there: BTreeSet<TaskId> = line.iter().map(|task| task.id).collect();
        for Change { action, before, after, fields, .. } in changes {
            let id = if let Some(Item::Task(task)) = before { task.id } else { None };
            let id = id.filter(|id| there.contains(id));
            match (action, id, after) {
                (Action::Create, None, Some(Item::Task(task))) => {
                    let sequence = task.sequence;
                    commands.created.push((create(task, names), sequence));
                }
                (Action::Update | Action::Restore, Some(id), Some(Item::Task(task))) => {
                    commands.changed.insert(id, patch(task, &fields, names));
                }
                (Action::Delete, Some(id), None) => {
                    commands.deleted.insert(id);
                }
                _ => return Err(Problem::internal("a change of a task lacks the task")),
            }
        }
        Ok(commands)
    }

    /// How all tasks will stand in the end.
    fn standing(&self, line: &[Task]) -> Standing {
        let staying = line.iter().filter(|task| !self.deleted.contains(&task.id));
        let staying = staying.map(|task| {
            let patched = self.changed.get(&task.id).and_then(|patch| patch.weight.value());
            patched.copied().unwrap_or(task.weight)
        });
        let weights: Vec<Hundredths> = staying.chain(self.created.iter().map(|(command, _)| command.weight)).collect();
        Standing {
            tasks: i32::try_from(weights.len()).unwrap_or(i32::MAX).saturating_sub(1),
            weight: weights.into_iter().sum(),
        }
    }

    /// The line as it will be.
    fn order(&self, line: &[Task], created: &[(Task, Option<i32>)]) -> Vec<TaskId> {
        let (mut others, mut wanted) = (Vec::new(), Vec::new());
        for task in line.iter().filter(|task| !self.deleted.contains(&task.id)) {
            let place = self.changed.get(&task.id).and_then(|patch| patch.sequence_number.value());
            match place {
                Some(place) => wanted.push((*place, task.id)),
                None => others.push(task.id),
            }
        }
        for (task, place) in created {
            match place {
                Some(place) => wanted.push((*place, task.id)),
                None => others.push(task.id),
            }
        }
        order::placed(&others, wanted)
    }
}

fn create(task: workbook::Task, names: &ByName<'_>) -> CreateTask {
    CreateTask {
        outcome_ids: ids(&task.outcomes, &names.outcomes),
        release_ids: ids(&task.releases, &names.releases),
        tag_ids: ids(&task.tags, &names.tags),
        name: task.name,
        description: task.description,
        notes: task.notes,
        weight: task.weight,
        sequence_number: None,
        license_level: Some(task.license_level),
        est_minutes: task.est_minutes,
        how_to_doc: task.how_to_doc,
        how_to_video: task.how_to_video,
        external_key: task.external_key,
    }
}

fn patch(task: workbook::Task, fields: &[FieldChange], names: &ByName<'_>) -> TaskPatch {
    let said = Said::of(fields);
    TaskPatch {
        outcome_ids: said.value("outcomes", ids(&task.outcomes, &names.outcomes)),
        release_ids: said.value("releases", ids(&task.releases, &names.releases)),
        tag_ids: said.value("tags", ids(&task.tags, &names.tags)),
        name: said.value("name", task.name),
        description: said.option("description", task.description),
        notes: said.option("notes", task.notes),
        weight: said.value("weight", task.weight),
        sequence_number: said.option("sequenceNumber", task.sequence),
        license_level: said.value("licenseLevel", task.license_level),
        est_minutes: said.value("estMinutes", task.est_minutes),
        how_to_doc: said.value("howToDoc", task.how_to_doc),
        how_to_video: said.value("howToVideo", task.how_to_video),
        external_key: said.option("externalKey", task.external_key),
    }
}

/// The ids of what a list names; the comparison has dropped names that nothing has.
fn ids<Id: Copy>(list: &[String], names: &HashMap<&str, Id>) -> Vec<Id> {
    list.iter().filter_map(|name| names.get(name.as_str()).copied()).collect()
}
