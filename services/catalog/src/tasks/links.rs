//! What tasks link to: outcomes, releases and tags of their own owner.
//!
//! The ids stand in arrays on the task, so that a task is one row. No foreign key watches an array; the owner's lock does
//! as well: ids are checked under it, and deleting what they name goes through `forget` under the same lock.

use std::collections::HashSet;

use contracts::catalog::{TASK_CHANGED, TaskView};
use db::Tx;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Check, OutcomeId, Problem, ReleaseId, TagId, TaskId};

use super::model::Task;
use crate::owners::Under;
use crate::schema;

/// Every link of tasks must name something of their owner. However many tasks they are, what they link to is looked up at once.
///
/// # Errors
/// 422 naming each link of a task that does not.
pub(super) async fn check<'a>(
    tx: &mut Tx,
    under: &Under,
    tasks: impl Iterator<Item = &'a Task> + Clone,
) -> Result<(), Problem> {
    let outcomes = outcomes::known(tx, under, tasks.clone()).await?;
    let releases = releases::known(tx, under, tasks.clone()).await?;
    let tags = tags::known(tx, under, tasks.clone()).await?;
    for task in tasks {
        let mut check = Check::new();
        outcomes::check(under, task, &outcomes, &mut check);
        releases::check(under, task, &releases, &mut check);
        tags::check(under, task, &tags, &mut check);
        check.finish()?;
    }
    Ok(())
}

macro_rules! link {
    ($table:ident, by $Id:ident, in $column:ident, called $noun:literal at $pointer:literal) => {
        #[doc = concat!("Links to ", stringify!($table), ".")]
        pub(crate) mod $table {
            use super::schema::$table;
            use super::*;

            /// Those of what tasks link to that are there.
            pub(super) async fn known<'a>(
                tx: &mut Tx,
                under: &Under,
                tasks: impl Iterator<Item = &'a Task>,
            ) -> Result<HashSet<$Id>, Problem> {
                let ids: HashSet<$Id> = tasks.flat_map(|task| task.$column.iter().copied()).collect();
                if ids.is_empty() {
                    return Ok(ids);
                }
                let own = $table::table
                    .filter($table::tenant_id.eq(under.tenant))
                    .filter($table::owner_id.eq(under.owner.id()));
                let own = own.filter($table::id.eq_any(ids)).select($table::id);
                let own: Vec<$Id> = own.load(&mut tx.conn()).await?;
                Ok(own.into_iter().collect())
            }

            pub(super) fn check(under: &Under, task: &Task, known: &HashSet<$Id>, check: &mut Check) {
                for (index, id) in task.$column.iter().enumerate() {
                    let pointer = format!("{}/{index}", $pointer);
                    let owner = under.owner.noun();
                    check.that(known.contains(id), &pointer, "NOT_FOUND", || {
                        format!(concat!("{} is not one of this {}'s ", $noun), id, owner)
                    });
                }
            }

            /// The tasks that name one of some ids and are not deleted.
            pub(crate) async fn naming(tx: &mut Tx, under: &Under, ids: &[$Id]) -> Result<Vec<TaskId>, Problem> {
                use schema::tasks::{deleted_at, id, owner_id, table, tenant_id};
                if ids.is_empty() {
                    return Ok(Vec::new());
                }
                let rows = table.filter(tenant_id.eq(under.tenant)).filter(owner_id.eq(under.owner.id()));
                let rows = rows.filter(deleted_at.is_null()).filter(names_one(ids));
                Ok(rows.select(id).load(&mut tx.conn()).await?)
            }

            /// An equality with one of many is looked up; the overlap of arrays would compare each with each.
            fn names_one(ids: &[$Id]) -> Box<dyn BoxableExpression<schema::tasks::table, Pg, SqlType = Bool> + '_> {
                let names_one = sql::<Bool>(concat!(
                    "exists (select from unnest(tasks.",
                    stringify!($column),
                    ") as link (id) where link.id = any("
                ));
                Box::new(names_one.bind::<Array<SqlUuid>, _>(ids).sql("))"))
            }

            /// Takes ids out of every task that names one of them: the task changes with it, deleted or not. However many they are,
            /// the tasks are looked through once.
            pub(crate) async fn forget(tx: &mut Tx, under: &Under, ids: &[$Id]) -> Result<(), Problem> {
                use schema::tasks::{
                    id as task_id, owner_id, revision, table, tenant_id, updated_at, version, $column,
                };
                let rows = table.filter(tenant_id.eq(under.tenant)).filter(owner_id.eq(under.owner.id()));
                let rows = rows.filter(names_one(ids)).select(Task::as_select());
                let before: Vec<Task> = rows.load(&mut tx.conn()).await?;
                if before.is_empty() {
                    return Ok(());
                }
                let named =
                    table.filter(tenant_id.eq(under.tenant)).filter(task_id.eq_any(before.iter().map(|task| task.id)));
                let others = sql::<Array<SqlUuid>>(concat!(
                    "array(select link.id from unnest(tasks.",
                    stringify!($column),
                    ") with ordinality as link (id, place) where link.id <> all("
                ));
                let others = others.bind::<Array<SqlUuid>, _>(ids).sql(") order by link.place)");
                let change = (
                    $column.eq(others),
                    version.eq(version + 1),
                    revision.eq(under.revision),
                    updated_at.eq(under.now),
                );
                diesel::update(named).set(change).execute(&mut tx.conn()).await?;
                let gone: HashSet<$Id> = ids.iter().copied().collect();
                let changed = |mut task: Task| {
                    task.$column.retain(|link| !gone.contains(link));
                    TaskView::from(task.touched(under))
                };
                let views: Vec<(TaskView, TaskView)> =
                    before.into_iter().map(|task| (task.clone().into(), changed(task))).collect();
                tx.announce_all(&TASK_CHANGED, views.iter().map(|(old, new)| (Some(old), new))).await
            }
        }
    };
}

link!(outcomes, by OutcomeId, in outcome_ids, called "outcomes" at "/outcomeIds");
link!(releases, by ReleaseId, in release_ids, called "releases" at "/releaseIds");
link!(tags, by TagId, in tag_ids, called "tags" at "/tagIds");
