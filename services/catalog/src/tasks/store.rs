//! The statements of tasks.

use contracts::catalog::LicenseLevel;
use db::{Conn, Tx};
use diesel::PgArrayExpressionMethods;
use diesel::dsl::{array_position, count_star, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Cursor, Hundredths, OutcomeId, Problem, ReleaseId, TaskId, TenantId};

use super::body::TaskQuery;
use super::model::{REFUSALS, Standing, Task};
use crate::owners::{Owner, Under};
use crate::refusals::refused;
use crate::schema::tasks;
use crate::statements::{bulk_statements, keyset, line_statements, row_statements};

row_statements!(tasks, Task, TaskId, refused by REFUSALS);
bulk_statements!(tasks, Task, refused by REFUSALS);

/// Takes the external keys from tasks that get others, so that keys can change places.
pub(crate) async fn pass_keys(tx: &mut Tx, changes: impl Iterator<Item = &(Task, Task)>) -> Result<(), Problem> {
    let changes = changes.filter(|(old, new)| old.external_key.is_some() && old.external_key != new.external_key);
    let ids: Vec<TaskId> = changes.map(|(old, _)| old.id).collect();
    if !ids.is_empty() {
        let rows = tasks::table.filter(tasks::tenant_id.eq(tx.tenant())).filter(tasks::id.eq_any(ids));
        diesel::update(rows).set(tasks::external_key.eq(None::<String>)).execute(&mut tx.conn()).await?;
    }
    Ok(())
}
line_statements!(tasks, TaskId, in order of sequence_number);

/// One page in the owner's order, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    owner: Owner,
    query: &TaskQuery,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Task>, Problem> {
    use tasks::{id, sequence_number};
    let rows = matching(tenant, owner, query);
    let rows = keyset!(rows after after by (sequence_number, id) ascending: (i32, TaskId));
    Ok(rows.select(Task::as_select()).limit(limit + 1).load(&mut conn).await?)
}

pub(super) async fn count(mut conn: &Conn, tenant: TenantId, owner: Owner, query: &TaskQuery) -> Result<i64, Problem> {
    Ok(matching(tenant, owner, query).count().get_result(&mut conn).await?)
}

fn matching<'a>(tenant: TenantId, owner: Owner, query: &'a TaskQuery) -> tasks::BoxedQuery<'a, Pg> {
    let mut rows = tasks::table.filter(tasks::tenant_id.eq(tenant)).into_boxed();
    rows = rows.filter(tasks::owner_id.eq(owner.id()));
    if !query.includes_deleted() {
        rows = rows.filter(tasks::deleted_at.is_null());
    }
    if let Some(key) = &query.external_key {
        rows = rows.filter(tasks::external_key.eq(key));
    }
    if let Some(most) = query.license_level {
        let included = LicenseLevel::ALL.iter().filter(move |level| **level <= most);
        rows = rows.filter(tasks::license_level.eq_any(included));
    }
    if !query.outcome_id.is_empty() {
        let all = tasks::outcome_ids.eq(Vec::<OutcomeId>::new());
        rows = rows.filter(all.or(tasks::outcome_ids.overlaps_with(&query.outcome_id)));
    }
    if !query.release_id.is_empty() {
        let all = tasks::release_ids.eq(Vec::<ReleaseId>::new());
        rows = rows.filter(all.or(tasks::release_ids.overlaps_with(&query.release_id)));
    }
    if !query.tag_id.is_empty() {
        rows = rows.filter(tasks::tag_ids.overlaps_with(&query.tag_id));
    }
    rows
}

/// All live tasks of an owner, in order.
pub(crate) async fn line(mut conn: &Conn, tenant: TenantId, owner: Owner) -> Result<Vec<Task>, Problem> {
    let rows = tasks::table.filter(tasks::tenant_id.eq(tenant)).filter(tasks::owner_id.eq(owner.id()));
    let rows = rows.filter(tasks::deleted_at.is_null()).order((tasks::sequence_number, tasks::id));
    Ok(rows.select(Task::as_select()).load(&mut conn).await?)
}

/// Those of `ids` that are tasks, deleted or not.
pub(crate) async fn named(mut conn: &Conn, tenant: TenantId, ids: &[TaskId]) -> Result<Vec<Task>, Problem> {
    let rows = tasks::table.filter(tasks::tenant_id.eq(tenant)).filter(tasks::id.eq_any(ids));
    Ok(rows.select(Task::as_select()).load(&mut conn).await?)
}

/// How the owner's live tasks stand, one left out.
pub(super) async fn standing(tx: &mut Tx, under: &Under, but: Option<TaskId>) -> Result<Standing, Problem> {
    let rows = tasks::table.filter(tasks::tenant_id.eq(under.tenant)).filter(tasks::owner_id.eq(under.owner.id()));
    let rows = rows.filter(tasks::deleted_at.is_null()).filter(tasks::id.nullable().is_distinct_from(but));
    let sums = (count_star(), sql::<Integer>("coalesce(sum(weight), 0)::integer"));
    let (count, weight): (i64, Hundredths) = rows.select(sums).get_result(&mut tx.conn()).await?;
    Ok(Standing { tasks: i32::try_from(count).unwrap_or(i32::MAX), weight })
}
