//! Telemetry attributes as rows of a workbook, and back again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::catalog::{TELEMETRY_ATTRIBUTE_CHANGED, TELEMETRY_ATTRIBUTE_CREATED, TELEMETRY_ATTRIBUTE_DELETED};
use db::{Conn, Json, Tx};
use kernel::{AttributeId, Field, Problem, TaskId, TenantId};
use workbook::{Sheet, TelemetryAttribute};

use super::model::{Attribute, AttributePatch, CreateAttribute};
use super::store;
use crate::imports::{Changes, Commands, Imported, New, Said, announce};
use crate::owners::{Owner, Under};
use crate::tasks::sheets::{Settled, touch_all};

/// The telemetry attributes of an owner's tasks, in the order of the tasks.
pub(crate) async fn read(
    conn: &Conn,
    tenant: TenantId,
    owner: Owner,
    tasks: &[workbook::Task],
) -> Result<Vec<TelemetryAttribute>, Problem> {
    Ok(under_tasks(store::of_owner(conn, tenant, owner).await?, tasks))
}

/// The telemetry attributes of deleted tasks.
pub(crate) async fn read_deleted(
    conn: &Conn,
    tenant: TenantId,
    tasks: &[workbook::Task],
) -> Result<Vec<TelemetryAttribute>, Problem> {
    let ids: Vec<TaskId> = tasks.iter().filter_map(|task| task.id).collect();
    Ok(under_tasks(store::of_tasks(conn, tenant, &ids).await?, tasks))
}

fn under_tasks(attributes: Vec<Attribute>, tasks: &[workbook::Task]) -> Vec<TelemetryAttribute> {
    let mut rows: BTreeMap<TaskId, Vec<Attribute>> = BTreeMap::new();
    for row in attributes {
        rows.entry(row.task_id).or_default().push(row);
    }
    let of_task = |task: &workbook::Task| {
        let rows = task.id.and_then(|id| rows.remove(&id)).unwrap_or_default();
        let name = task.name.clone();
        rows.into_iter().map(move |row| shown(row, name.clone()))
    };
    tasks.iter().flat_map(of_task).collect()
}

fn shown(row: Attribute, task: String) -> TelemetryAttribute {
    TelemetryAttribute {
        id: Some(row.id),
        task_id: Some(row.task_id),
        task,
        name: row.name,
        data_type: row.data_type,
        criterion: row.success_criteria.map(|Json(criterion)| criterion),
        is_required: row.is_required,
        description: row.description,
        is_active: row.is_active,
        display_order: Some(row.display_order),
        external_key: row.external_key,
    }
}

/// Does what an import says of the telemetry attributes; each task of theirs gets one new version, unless it has one already.
pub(crate) async fn import(
    tx: &mut Tx,
    under: &Under,
    changes: &mut Changes,
    settled: &Settled,
) -> Result<(), Problem> {
    let commands = Commands::of::<TelemetryAttribute>(changes, Sheet::Telemetry)?;
    if commands.is_empty() {
        return Ok(());
    }
    let rows = store::of_owner(tx, under.tenant, under.owner).await?;
    let mut last: HashMap<TaskId, i32> = HashMap::new();
    for row in &rows {
        let last = last.entry(row.task_id).or_default();
        *last = row.display_order.max(*last);
    }
    let rows: BTreeMap<AttributeId, Attribute> = rows.into_iter().map(|row| (row.id, row)).collect();
    let find = |id: &AttributeId| rows.get(id).cloned().ok_or_else(|| Problem::not_found("telemetry attribute"));
    let mut touched = BTreeSet::new();

    let deleted = commands.deleted.iter().map(find).collect::<Result<Vec<Attribute>, Problem>>()?;
    touched.extend(deleted.iter().map(|row| row.task_id));
    store::delete_all(tx, &commands.deleted).await?;
    let deleted = deleted.into_iter().map(|row| (Some(row.clone()), row.touched(under.now)));
    announce(tx, &TELEMETRY_ATTRIBUTE_DELETED, deleted).await?;

    let mut changed = Vec::new();
    for (id, patch) in commands.changed {
        let before = find(&id)?;
        touched.insert(before.task_id);
        changed.push((before.clone(), before.change(patch, under.now)?));
    }
    let is_renamed = |old: &Attribute, new: &Attribute| old.name != new.name || old.external_key != new.external_key;
    let renamed = changed.iter().filter(|(old, new)| is_renamed(old, new)).map(|(old, _)| old.id);
    store::pass_names(tx, &renamed.collect::<Vec<AttributeId>>()).await?;
    store::update_all(tx, changed.iter().map(|(_, new)| new)).await?;
    let changed = changed.into_iter().map(|(old, new)| (Some(old), new));
    announce(tx, &TELEMETRY_ATTRIBUTE_CHANGED, changed).await?;

    let mut created = Vec::new();
    for New { command: (of, command), was } in commands.created {
        let task =
            of.id.or_else(|| settled.created.get(&of.name).copied()).ok_or_else(|| Problem::not_found("task"))?;
        let place = last.entry(task).or_default();
        *place = place.saturating_add(1);
        touched.insert(task);
        let made = Attribute::create(command, under.tenant, task, *place, under.now)?;
        let (id, version) = was.unwrap_or((made.id, made.version));
        created.push(Attribute { id, version, ..made });
    }
    store::insert_all(tx, &created).await?;
    announce(tx, &TELEMETRY_ATTRIBUTE_CREATED, created.into_iter().map(|row| (None, row))).await?;
    touch_all(tx, under, &touched.difference(&settled.touched).copied().collect()).await
}

/// The task of a new attribute: by its id, or by its name when it is new too.
pub(crate) struct OfTask {
    id: Option<TaskId>,
    name: String,
}

impl Imported for TelemetryAttribute {
    type Id = AttributeId;
    type Create = (OfTask, CreateAttribute);
    type Patch = AttributePatch;

    fn id(&self) -> Option<AttributeId> {
        self.id
    }

    fn create(self) -> Result<(OfTask, CreateAttribute), Problem> {
        let Self { id: _, task_id, task, name, data_type, criterion, is_required, description, .. } = self;
        let (is_active, display_order, external_key) = (self.is_active, self.display_order, self.external_key);
        let command = CreateAttribute {
            name,
            description,
            data_type,
            is_required,
            success_criteria: criterion,
            display_order,
            is_active: Some(is_active),
            external_key,
        };
        Ok((OfTask { id: task_id, name: task }, command))
    }

    fn patch(self, said: &Said<'_>) -> Result<AttributePatch, Problem> {
        let criterion = ["expectedValue", "operator", "criterion"].iter().any(|key| said.has(key));
        Ok(AttributePatch {
            name: said.value("name", self.name),
            description: said.option("description", self.description),
            data_type: said.value("dataType", self.data_type),
            is_required: said.value("isRequired", self.is_required),
            success_criteria: if criterion { said.cleared(self.criterion) } else { Field::Absent },
            display_order: said.place(self.display_order),
            is_active: said.value("isActive", self.is_active),
            external_key: said.option("externalKey", self.external_key),
        })
    }
}
