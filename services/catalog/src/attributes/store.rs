//! The statements of telemetry attributes.

use db::{Conn, Tx};
use diesel::dsl::max;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{AttributeId, Cursor, Problem, TaskId, TenantId};

use super::model::{Attribute, REFUSALS};
use crate::lists::ListQuery;
use crate::owners::Owner;
use crate::refusals::refused;
use crate::schema::{tasks, telemetry_attributes};
use crate::statements::{bulk_statements, keyset, name_statements, row_statements};

row_statements!(telemetry_attributes, Attribute, AttributeId, refused by REFUSALS);
bulk_statements!(telemetry_attributes, Attribute, refused by REFUSALS);
name_statements!(telemetry_attributes, AttributeId, called name);

/// One page in the task's order, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    task: TaskId,
    query: &ListQuery,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Attribute>, Problem> {
    use telemetry_attributes::{display_order, id};
    let rows = matching(tenant, task, query);
    let rows = keyset!(rows after after by (display_order, id) ascending: (i32, AttributeId));
    Ok(rows.select(Attribute::as_select()).limit(limit + 1).load(&mut conn).await?)
}

pub(super) async fn count(mut conn: &Conn, tenant: TenantId, task: TaskId, query: &ListQuery) -> Result<i64, Problem> {
    Ok(matching(tenant, task, query).count().get_result(&mut conn).await?)
}

fn matching<'a>(tenant: TenantId, task: TaskId, query: &'a ListQuery) -> telemetry_attributes::BoxedQuery<'a, Pg> {
    use telemetry_attributes::{external_key, table, task_id, tenant_id};
    let rows = table.filter(tenant_id.eq(tenant)).filter(task_id.eq(task)).into_boxed();
    match &query.external_key {
        Some(key) => rows.filter(external_key.eq(key)),
        None => rows,
    }
}

/// The attributes of all live tasks of an owner, each task's in order.
pub(crate) async fn of_owner(mut conn: &Conn, tenant: TenantId, owner: Owner) -> Result<Vec<Attribute>, Problem> {
    use telemetry_attributes::{display_order, id, table, task_id, tenant_id};
    let rows = table.inner_join(tasks::table.on(tasks::tenant_id.eq(tenant_id).and(tasks::id.eq(task_id))));
    let rows = rows.filter(tasks::tenant_id.eq(tenant)).filter(tasks::owner_id.eq(owner.id()));
    let rows = rows.filter(tasks::deleted_at.is_null()).order((display_order, id));
    Ok(rows.select(Attribute::as_select()).load(&mut conn).await?)
}

/// The attributes of tasks, each task's in order.
pub(crate) async fn of_tasks(mut conn: &Conn, tenant: TenantId, tasks: &[TaskId]) -> Result<Vec<Attribute>, Problem> {
    use telemetry_attributes::{display_order, id, table, task_id, tenant_id};
    let rows = table.filter(tenant_id.eq(tenant)).filter(task_id.eq_any(tasks)).order((display_order, id));
    Ok(rows.select(Attribute::as_select()).load(&mut conn).await?)
}

/// Those of `ids` that are attributes.
pub(crate) async fn named(mut conn: &Conn, tenant: TenantId, ids: &[AttributeId]) -> Result<Vec<Attribute>, Problem> {
    use telemetry_attributes::{id, table, tenant_id};
    let rows = table.filter(tenant_id.eq(tenant)).filter(id.eq_any(ids));
    Ok(rows.select(Attribute::as_select()).load(&mut conn).await?)
}

/// The place after the last one.
pub(super) async fn next_place(tx: &mut Tx, task: TaskId) -> Result<i32, Problem> {
    use telemetry_attributes::{display_order, table, task_id, tenant_id};
    let rows = table.filter(tenant_id.eq(tx.tenant())).filter(task_id.eq(task));
    let last: Option<i32> = rows.select(max(display_order)).get_result(&mut tx.conn()).await?;
    Ok(last.unwrap_or(0).saturating_add(1))
}

pub(super) async fn delete(tx: &mut Tx, row: &Attribute) -> Result<(), Problem> {
    diesel::delete(telemetry_attributes::table.find((row.tenant_id, row.id))).execute(&mut tx.conn()).await?;
    Ok(())
}
