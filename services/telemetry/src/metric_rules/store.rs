//! The statements of metric rules.

use db::{Conn, Tx, on_constraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{MetricRuleId, Problem, TenantId};

use super::model::{MetricRule, TWIN};
use crate::schema::metric_rules;

/// All rules of the tenant, in the order they were made.
pub(crate) async fn all(mut conn: &Conn, tenant: TenantId) -> Result<Vec<MetricRule>, Problem> {
    let rows = metric_rules::table.filter(metric_rules::tenant_id.eq(tenant)).order(metric_rules::id);
    Ok(rows.select(MetricRule::as_select()).load(&mut conn).await?)
}

/// How many there are.
pub(super) async fn count(mut conn: &Conn, tenant: TenantId) -> Result<i64, Problem> {
    Ok(metric_rules::table.filter(metric_rules::tenant_id.eq(tenant)).count().get_result(&mut conn).await?)
}

/// The rule.
pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: MetricRuleId) -> Result<Option<MetricRule>, Problem> {
    Ok(metric_rules::table.find((tenant, id)).select(MetricRule::as_select()).first(&mut conn).await.optional()?)
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    after: Option<MetricRuleId>,
    limit: i64,
) -> Result<Vec<MetricRule>, Problem> {
    let mut rows =
        metric_rules::table.filter(metric_rules::tenant_id.eq(tenant)).select(MetricRule::as_select()).into_boxed();
    if let Some(last) = after {
        rows = rows.filter(metric_rules::id.gt(last));
    }
    Ok(rows.order(metric_rules::id).limit(limit + 1).load(&mut conn).await?)
}

/// The rule, locked until the transaction ends.
pub(super) async fn fetch_for_change(tx: &mut Tx, id: MetricRuleId) -> Result<MetricRule, Problem> {
    let row = metric_rules::table.find((tx.tenant(), id)).select(MetricRule::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("metric rule"))
}

pub(super) async fn insert(tx: &mut Tx, rule: &MetricRule) -> Result<(), Problem> {
    diesel::insert_into(metric_rules::table).values(rule).execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, rule: &MetricRule) -> Result<(), Problem> {
    let row = metric_rules::table.find((rule.tenant_id, rule.id));
    diesel::update(row).set(rule).execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: MetricRuleId) -> Result<(), Problem> {
    diesel::delete(metric_rules::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}

fn refused(error: diesel::result::Error) -> Problem {
    on_constraint("metric_rules_twin_key", TWIN.detail("GET /telemetry/v1/metric-rules lists those there are."))(error)
}
