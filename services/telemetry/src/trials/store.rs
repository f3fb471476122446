//! The statements of trials.

use std::collections::HashMap;

use chrono::NaiveDate;
use db::Conn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{AttributeId, CustomerAttributeId, CustomerTaskId, Problem, TenantId};

use crate::attributes::Attribute;
use crate::rollups::Latest;
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

/// The last values of these attributes on each day since this one, and on the last day before it that had any.
pub(super) async fn last_values(
    mut conn: &Conn,
    tenant: TenantId,
    attributes: &[CustomerAttributeId],
    from: NaiveDate,
) -> Result<HashMap<CustomerAttributeId, Vec<Latest>>, Problem> {
    let theirs = || rollups::tenant_id.eq(tenant).and(rollups::attribute_id.eq_any(attributes));
    let columns = (rollups::attribute_id, (rollups::last_observed_at, rollups::last_event_id, rollups::last_value));
    let since = rollups::table.filter(theirs()).filter(rollups::day.ge(from)).select(columns);
    let since: Vec<(CustomerAttributeId, Latest)> = since.load(&mut conn).await?;
    let before = rollups::table.filter(theirs()).filter(rollups::day.lt(from)).select(columns);
    let before = before.distinct_on(rollups::attribute_id).order((rollups::attribute_id, rollups::day.desc()));
    let before: Vec<(CustomerAttributeId, Latest)> = before.load(&mut conn).await?;
    let mut values: HashMap<CustomerAttributeId, Vec<Latest>> = HashMap::new();
    for (attribute, value) in before.into_iter().chain(since) {
        values.entry(attribute).or_default().push(value);
    }
    Ok(values)
}
