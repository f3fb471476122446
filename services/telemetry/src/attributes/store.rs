//! The statements of attributes.

use std::collections::HashMap;

use contracts::telemetry::AssignmentFreshness;
use db::{Conn, Tx};
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{AssignmentId, BatchId, CustomerAttributeId, CustomerTaskId, Problem, TenantId, Timestamp};
use uuid::Uuid;

use super::api::AttributeQuery;
use super::model::Attribute;
use crate::schema::{assignments, attributes};

/// The attribute.
pub(crate) async fn find(
    mut conn: &Conn,
    tenant: TenantId,
    id: CustomerAttributeId,
) -> Result<Option<Attribute>, Problem> {
    Ok(attributes::table.find((tenant, id)).select(Attribute::as_select()).first(&mut conn).await.optional()?)
}

/// Those of these ids that there are.
pub(crate) async fn by_ids(mut conn: &Conn, tenant: TenantId, ids: Vec<Uuid>) -> Result<Vec<Attribute>, Problem> {
    let rows = attributes::table.filter(attributes::tenant_id.eq(tenant)).filter(attributes::id.eq_any(ids));
    Ok(rows.select(Attribute::as_select()).load(&mut conn).await?)
}

/// Those whose latest value a batch brought. Nothing finds them but the tenant: an index would have to follow every value.
pub(crate) async fn brought_by(mut conn: &Conn, tenant: TenantId, batch: BatchId) -> Result<Vec<Attribute>, Problem> {
    let rows = attributes::table.filter(attributes::tenant_id.eq(tenant)).filter(attributes::latest_batch_id.eq(batch));
    Ok(rows.select(Attribute::as_select()).load(&mut conn).await?)
}

/// All attributes of these assignments.
pub(crate) async fn of_assignments(
    mut conn: &Conn,
    tenant: TenantId,
    assignments: Vec<Uuid>,
) -> Result<Vec<Attribute>, Problem> {
    let rows = attributes::table
        .filter(attributes::tenant_id.eq(tenant))
        .filter(attributes::assignment_id.eq_any(assignments));
    Ok(rows.select(Attribute::as_select()).load(&mut conn).await?)
}

/// The attributes of a customer task, in its order.
pub(crate) async fn of_task(
    mut conn: &Conn,
    tenant: TenantId,
    task: CustomerTaskId,
) -> Result<Vec<Attribute>, Problem> {
    let rows = attributes::table.filter(attributes::tenant_id.eq(tenant)).filter(attributes::customer_task_id.eq(task));
    Ok(rows.order((attributes::display_order, attributes::id)).select(Attribute::as_select()).load(&mut conn).await?)
}

/// One page of an assignment's attributes, with one row more to tell whether there is another page.
pub(crate) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &AttributeQuery,
    after: Option<CustomerAttributeId>,
    limit: i64,
) -> Result<Vec<Attribute>, Problem> {
    let mut rows = attributes::table
        .filter(attributes::tenant_id.eq(tenant))
        .filter(attributes::assignment_id.eq(query.assignment_id))
        .select(Attribute::as_select())
        .into_boxed();
    if let Some(task) = query.customer_task_id {
        rows = rows.filter(attributes::customer_task_id.eq(task));
    }
    if let Some(last) = after {
        rows = rows.filter(attributes::id.gt(last));
    }
    Ok(rows.order(attributes::id).limit(limit + 1).load(&mut conn).await?)
}

/// One page of the attributes that count and never had a value, of all customers or of some, with one row more to tell whether
/// there is another page.
pub(super) async fn silent(
    mut conn: &Conn,
    tenant: TenantId,
    scope: &Scope,
    after: Option<CustomerAttributeId>,
    limit: i64,
) -> Result<Vec<Attribute>, Problem> {
    let rows = attributes::table.filter(attributes::tenant_id.eq(tenant));
    // As the index has it.
    let rows = rows.filter(not(attributes::has_value)).filter(attributes::is_active);
    let mut rows = rows.filter(attributes::removed_at.is_null()).select(Attribute::as_select()).into_boxed();
    if let Scope::Some(customers) = scope {
        let theirs = assignments::table.filter(assignments::tenant_id.eq(tenant));
        let theirs = theirs.filter(assignments::customer_id.eq_any(customers)).select(assignments::id);
        rows = rows.filter(attributes::assignment_id.eq_any(theirs));
    }
    if let Some(last) = after {
        rows = rows.filter(attributes::id.gt(last));
    }
    Ok(rows.order(attributes::id).limit(limit + 1).load(&mut conn).await?)
}

/// How fresh the data of assignments are: of these, or of all that have data.
pub(super) async fn freshness(
    mut conn: &Conn,
    tenant: TenantId,
    since: Timestamp,
    of: Vec<AssignmentId>,
) -> Result<Vec<AssignmentFreshness>, Problem> {
    let rows = diesel::sql_query(
        "select assignment_id, count(*) as attributes, count(*) filter (where latest_observed_at >= $2) as fresh \
         from attributes \
         where tenant_id = $1 and has_value and is_active and removed_at is null and ($3 is null or assignment_id = any($3)) \
         group by assignment_id",
    );
    let rows = rows.bind::<SqlUuid, _>(tenant).bind::<Timestamptz, _>(since);
    let of = (!of.is_empty()).then_some(of);
    let rows: Vec<Fresh> = rows.bind::<Nullable<Array<SqlUuid>>, _>(of).load(&mut conn).await?;
    Ok(rows.into_iter().map(AssignmentFreshness::from).collect())
}

#[derive(QueryableByName)]
struct Fresh {
    #[diesel(sql_type = SqlUuid)]
    assignment_id: AssignmentId,
    #[diesel(sql_type = BigInt)]
    attributes: i64,
    #[diesel(sql_type = BigInt)]
    fresh: i64,
}

impl From<Fresh> for AssignmentFreshness {
    fn from(Fresh { assignment_id, attributes, fresh }: Fresh) -> Self {
        Self { assignment_id, attributes, fresh }
    }
}

/// The attributes of these tasks and assignments, locked until the transaction ends: in the order of their ids, so that
/// two writers cannot wait for each other.
pub(crate) async fn fetch_for_change(
    tx: &mut Tx,
    tasks: Vec<CustomerTaskId>,
    assignments: Vec<AssignmentId>,
) -> Result<Vec<Attribute>, Problem> {
    let of_tenant = attributes::table.filter(attributes::tenant_id.eq(tx.tenant()));
    let ordered = attributes::id;
    if assignments.is_empty() {
        let rows = of_tenant.filter(attributes::customer_task_id.eq_any(tasks)).order(ordered);
        return Ok(rows.select(Attribute::as_select()).for_no_key_update().load(&mut tx.conn()).await?);
    }
    let either = attributes::customer_task_id.eq_any(tasks).or(attributes::assignment_id.eq_any(assignments));
    let rows = of_tenant.filter(either).order(ordered);
    Ok(rows.select(Attribute::as_select()).for_no_key_update().load(&mut tx.conn()).await?)
}

/// Writes what is known of attributes now.
pub(crate) async fn update_states(tx: &mut Tx, changed: &[&Attribute]) -> Result<(), Problem> {
    if changed.is_empty() {
        return Ok(());
    }
    fn column<'a, T>(changed: &[&'a Attribute], of: impl FnMut(&'a Attribute) -> T) -> Vec<T> {
        changed.iter().copied().map(of).collect()
    }
    diesel::sql_query(
        "update attributes a set latest_value = u.latest_value, latest_observed_at = u.latest_observed_at, \
             latest_event_id = u.latest_event_id, emptied_at = u.emptied_at, is_met = u.is_met, \
             last_checked_at = u.last_checked_at, recheck_at = u.recheck_at, vanished_at = u.vanished_at, \
             latest_batch_id = u.latest_batch_id \
         from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as u \
             (id, latest_value, latest_observed_at, latest_event_id, emptied_at, is_met, last_checked_at, recheck_at, vanished_at, \
              latest_batch_id) \
         where a.tenant_id = $1 and a.id = u.id",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<Array<SqlUuid>, _>(column(changed, |row| row.id))
    .bind::<Array<Nullable<Text>>, _>(column(changed, |row| row.latest_value.as_deref()))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(changed, |row| row.latest_observed_at))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(changed, |row| row.latest_event_id))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(changed, |row| row.emptied_at))
    .bind::<Array<Bool>, _>(column(changed, |row| row.is_met))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(changed, |row| row.last_checked_at))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(changed, |row| row.recheck_at))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(changed, |row| row.vanished_at))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(changed, |row| row.latest_batch_id))
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// Adds attributes; says whether all of them were new. A twin that learned them at the same time may have added some.
pub(crate) async fn insert(tx: &mut Tx, new: &[Attribute]) -> Result<bool, Problem> {
    let mut added = 0;
    for chunk in new.chunks(500) {
        let insert = diesel::insert_into(attributes::table).values(chunk).on_conflict_do_nothing();
        added += insert.execute(&mut tx.conn()).await?;
    }
    Ok(added == new.len())
}

/// Writes a changed definition.
pub(crate) async fn redefine(tx: &mut Tx, attribute: &Attribute) -> Result<(), Problem> {
    diesel::update(attributes::table.find((attribute.tenant_id, attribute.id)))
        .set((
            attributes::version.eq(attribute.version),
            attributes::task_name.eq(&attribute.task_name),
            attributes::name.eq(&attribute.name),
            attributes::data_type.eq(attribute.data_type),
            attributes::is_required.eq(attribute.is_required),
            attributes::criteria.eq(&attribute.criteria),
            attributes::display_order.eq(attribute.display_order),
            attributes::is_active.eq(attribute.is_active),
            attributes::removed_at.eq(attribute.removed_at),
            attributes::original_attribute_id.eq(attribute.original_attribute_id),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Marks the attributes of an assignment as removed with it.
pub(crate) async fn remove_assignment(tx: &mut Tx, assignment: AssignmentId) -> Result<(), Problem> {
    let rows = attributes::table
        .filter(attributes::tenant_id.eq(tx.tenant()))
        .filter(attributes::assignment_id.eq(assignment))
        .filter(attributes::removed_at.is_null());
    diesel::update(rows).set(attributes::removed_at.eq(tx.now())).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Marks the attributes of a customer task as removed with it.
pub(crate) async fn remove_task(tx: &mut Tx, task: CustomerTaskId) -> Result<(), Problem> {
    let rows = attributes::table
        .filter(attributes::tenant_id.eq(tx.tenant()))
        .filter(attributes::customer_task_id.eq(task))
        .filter(attributes::removed_at.is_null());
    diesel::update(rows).set(attributes::removed_at.eq(tx.now())).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Rows by id.
pub(crate) fn by_id(rows: Vec<Attribute>) -> HashMap<CustomerAttributeId, Attribute> {
    rows.into_iter().map(|row| (row.id, row)).collect()
}
