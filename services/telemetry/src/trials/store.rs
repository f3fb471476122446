//! The statements of trials.

use chrono::NaiveDate;
use db::Conn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{AttributeId, CustomerAttributeId, CustomerTaskId, Problem, TenantId, Timestamp};
use uuid::Uuid;

use crate::attributes::Attribute;
use crate::schema::{attributes, rollups};

/// The tasks with active copies of a catalog attribute, up to so many.
pub(super) async fn tasks(
    mut conn: &Conn,
    tenant: TenantId,
    original: AttributeId,
    most: i64,
) -> Result<Vec<CustomerTaskId>, Problem> {
    let rows = attributes::table
        .filter(attributes::tenant_id.eq(tenant))
        .filter(attributes::original_attribute_id.eq(original))
        .filter(attributes::is_active)
        .filter(attributes::removed_at.is_null());
    Ok(rows.order(attributes::id).select(attributes::customer_task_id).limit(most).load(&mut conn).await?)
}

/// All attributes of these tasks, task by task.
pub(super) async fn of_tasks(
    mut conn: &Conn,
    tenant: TenantId,
    tasks: &[CustomerTaskId],
) -> Result<Vec<Attribute>, Problem> {
    let rows = attributes::table
        .filter(attributes::tenant_id.eq(tenant))
        .filter(attributes::customer_task_id.eq_any(tasks))
        .filter(attributes::removed_at.is_null());
    let rows = rows.order((attributes::customer_task_id, attributes::id)).select(Attribute::as_select());
    Ok(rows.load(&mut conn).await?)
}

/// The last value of a day of an attribute.
pub(super) type Row = (CustomerAttributeId, NaiveDate, Timestamp, Uuid, String);

/// The last values of these attributes on each day since this one, day by day.
pub(super) async fn days(
    mut conn: &Conn,
    tenant: TenantId,
    attributes: &[CustomerAttributeId],
    from: NaiveDate,
) -> Result<Vec<Row>, Problem> {
    let rows = rollups::table
        .filter(rollups::tenant_id.eq(tenant))
        .filter(rollups::attribute_id.eq_any(attributes))
        .filter(rollups::day.ge(from));
    let columns =
        (rollups::attribute_id, rollups::day, rollups::last_observed_at, rollups::last_event_id, rollups::last_value);
    Ok(rows.order((rollups::day, rollups::attribute_id)).select(columns).load(&mut conn).await?)
}
