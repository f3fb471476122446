//! Taking back what a change set did with telemetry attributes.

use std::collections::{BTreeMap, BTreeSet};

use contracts::catalog::{TELEMETRY_ATTRIBUTE_CHANGED, TELEMETRY_ATTRIBUTE_CREATED, TELEMETRY_ATTRIBUTE_DELETED};
use db::Tx;
use kernel::{AttributeId, Problem, TaskId};
use uuid::Uuid;

use super::model::Attribute;
use super::store;
use crate::change_sets::{Undo, command, next_version};
use crate::imports::announce;
use crate::owners::Under;
use crate::tasks::sheets::touch_all;

/// Makes telemetry attributes what they were; their tasks get a new version with it.
pub(crate) async fn undo(tx: &mut Tx, under: &Under, undos: Vec<(Uuid, Undo)>) -> Result<(), Problem> {
    let ids: Vec<AttributeId> = undos.iter().map(|(id, _)| AttributeId(*id)).collect();
    let rows = store::named(tx, under.tenant, &ids).await?;
    let rows: BTreeMap<Uuid, Attribute> = rows.into_iter().map(|row| (row.id.0, row)).collect();
    let find = |id: Uuid| rows.get(&id).cloned().ok_or_else(|| Problem::not_found("telemetry attribute"));
    let (mut deleted, mut changed, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for (id, undo) in undos {
        match undo {
            Undo::Remove(_) => deleted.push((find(id)?, find(id)?.touched(under.now))),
            Undo::PutBack(before, _) => changed.push((find(id)?, find(id)?.change(command(before, &[])?, under.now)?)),
            Undo::BringBack(before) => {
                let task = before.get("taskId").and_then(|task| task.as_str()?.parse::<TaskId>().ok());
                let task = task.ok_or_else(|| Problem::internal("a telemetry attribute without a task"))?;
                let version = next_version(&before);
                let made = Attribute::create(command(before, &[])?, under.tenant, task, 1, under.now)?;
                back.push(Attribute { id: AttributeId(id), version, ..made });
            }
        }
    }
    let touched = deleted.iter().chain(&changed).map(|(row, _)| row.task_id).chain(back.iter().map(|row| row.task_id));
    let touched: BTreeSet<TaskId> = touched.collect();
    store::delete_all(tx, &deleted.iter().map(|(row, _)| row.id).collect::<Vec<_>>()).await?;
    store::pass_names(tx, &changed.iter().map(|(row, _)| row.id).collect::<Vec<_>>()).await?;
    store::update_all(tx, changed.iter().map(|(_, after)| after)).await?;
    store::insert_all(tx, &back).await?;
    announce(tx, &TELEMETRY_ATTRIBUTE_DELETED, deleted.into_iter().map(|(old, new)| (Some(old), new))).await?;
    announce(tx, &TELEMETRY_ATTRIBUTE_CHANGED, changed.into_iter().map(|(old, new)| (Some(old), new))).await?;
    announce(tx, &TELEMETRY_ATTRIBUTE_CREATED, back.into_iter().map(|row| (None, row))).await?;
    touch_all(tx, under, &touched).await
}
