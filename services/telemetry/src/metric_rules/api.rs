//! Metric rules over HTTP.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use clients::Adoption;
use contracts::telemetry::{
    METRIC_RULE_CHANGED, METRIC_RULE_CREATED, METRIC_RULE_DELETED, MetricRuleView, RefusalCode,
};
use db::Db;
use kernel::{Actor, AssignmentId, Cursor, MetricRuleId, Page, PageQuery, Problem};
use serde::Deserialize;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{CreateMetricRule, MOST_RULES, MetricRule, MetricRulePatch, SetMetricRule, TOO_MANY};
use super::store;
use crate::attributes::Directory;
use crate::permissions::{MetricRuleRead, MetricRuleWrite};

const COLLECTION: &str = "/telemetry/v1/metric-rules";
const LIST: &str = "telemetry-metric-rules";

/// Which rules are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MetricRuleQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Make a metric rule
///
/// From the next export on, points of the metric under the rule's conditions are values of the attribute it names. A tenant
/// has at most 1,000 rules, no two of which are the same. An attribute that the assignment does not have is no mistake, for it may
/// come with a sync of the plan; until then `warning` says why the values are refused.
#[utoipa::path(tag = "metric-rules", request_body = CreateMetricRule, security(("bearer" = [MetricRuleWrite::NAME])), responses((status = 201, body = SetMetricRule), (status = 409, description = "There are 1,000 rules already, or there is this one.")))]
#[post("/metric-rules")]
pub(super) async fn create_metric_rule(
    who: Allow<MetricRuleWrite>,
    db: Data<Db>,
    context: Data<Context>,
    adoption: Data<Adoption>,
    Body(command): Body<CreateMetricRule>,
) -> Answer {
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    require_assignment(&adoption, who.actor(), command.assignment_id).await?;
    let rule = MetricRule::create(command, who.tenant, context.clock.now())?;
    let warning = foresee(&rule, &db, &context, &adoption, who.actor()).await?;
    who.write(&db, async |tx| {
        if store::count(tx, tx.tenant()).await? >= MOST_RULES {
            return Err(TOO_MANY.detail(format!("A tenant has at most {MOST_RULES} metric rules; delete one first.")));
        }
        store::insert(tx, &rule).await?;
        let rule = MetricRuleView::from(rule);
        tx.announce(&METRIC_RULE_CREATED, None, &rule).await?;
        Reply::created(&SetMetricRule { rule, warning }, COLLECTION)
    })
    .await
}

/// List metric rules
///
/// In the order they were made.
#[utoipa::path(tag = "metric-rules", params(MetricRuleQuery), security(("bearer" = [MetricRuleRead::NAME])), responses((status = 200, body = Page<MetricRuleView>)))]
#[get("/metric-rules")]
pub(super) async fn list_metric_rules(
    who: Allow<MetricRuleRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<MetricRuleQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let keys = &context.config.keys;
    let (limit, after) = (paging.limit()?, paging.after(keys, LIST)?.and_then(|cursor| cursor.key(0)));
    who.read(&db, async |conn| {
        let rows = store::page(conn, who.tenant, after, limit).await?;
        let page = Cursor::page(rows, limit, keys, LIST, |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(MetricRuleView::from))
    })
    .await
}

/// Show a metric rule
///
/// With its version, for `If-Match`, and with why its values would be refused today, if they would.
#[utoipa::path(tag = "metric-rules", security(("bearer" = [MetricRuleRead::NAME])), responses((status = 200, body = SetMetricRule)))]
#[get("/metric-rules/{metricRuleId}")]
pub(super) async fn show_metric_rule(
    who: Allow<MetricRuleRead>,
    db: Data<Db>,
    context: Data<Context>,
    adoption: Data<Adoption>,
    Path(id): Path<MetricRuleId>,
) -> Answer {
    let rule = who.look(&db, async |conn| store::find(conn, who.tenant, id).await).await?;
    let rule = rule.ok_or_else(|| Problem::not_found("metric rule"))?;
    let warning = foresee(&rule, &db, &context, &adoption, who.actor()).await?;
    Ok(Reply::show(&SetMetricRule { rule: rule.into(), warning })?.in_full().into_response())
}

/// Change a metric rule
///
/// A JSON merge patch: what is left out stays, `null` clears. Values that were stored stay where they are.
#[utoipa::path(tag = "metric-rules", request_body = MetricRulePatch, security(("bearer" = [MetricRuleWrite::NAME])), responses((status = 200, body = SetMetricRule), (status = 409, description = "There is this rule already."), (status = 412, description = "Somebody else changed it."), (status = 428, description = "`If-Match` is missing.")))]
#[patch("/metric-rules/{metricRuleId}")]
pub(super) async fn change_metric_rule(
    who: Allow<MetricRuleWrite>,
    db: Data<Db>,
    context: Data<Context>,
    adoption: Data<Adoption>,
    Path(id): Path<MetricRuleId>,
    Body(patch): Body<MetricRulePatch>,
) -> Answer {
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    let rule = who.look(&db, async |conn| store::find(conn, who.tenant, id).await).await?;
    let rule = rule.ok_or_else(|| Problem::not_found("metric rule"))?;
    require_assignment(&adoption, who.actor(), patch.assignment_id.value().copied()).await?;
    let rule = rule.change(patch.clone(), context.clock.now())?;
    let warning = foresee(&rule, &db, &context, &adoption, who.actor()).await?;
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        who.require_version(before.version)?;
        let after = before.clone().change(patch, tx.now())?;
        let rule = MetricRuleView::from(after.clone());
        if after != before {
            store::update(tx, &after).await?;
            tx.announce(&METRIC_RULE_CHANGED, Some(&before.into()), &rule).await?;
        }
        Reply::show(&SetMetricRule { rule, warning })
    })
    .await
}

/// Delete a metric rule
///
/// Values that were stored by it stay.
#[utoipa::path(tag = "metric-rules", security(("bearer" = [MetricRuleWrite::NAME])), responses((status = 204, description = "Deleted."), (status = 412, description = "Somebody else changed it.")))]
#[delete("/metric-rules/{metricRuleId}")]
pub(super) async fn delete_metric_rule(
    who: Allow<MetricRuleWrite>,
    db: Data<Db>,
    Path(id): Path<MetricRuleId>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        store::delete(tx, id).await?;
        let (after, before) = (before.clone().touched(tx.now()), before);
        tx.announce(&METRIC_RULE_DELETED, Some(&before.into()), &after.into()).await?;
        Ok(Reply::done())
    })
    .await
}

/// Why the values of a rule for one assignment would be refused today, if they would. Asked before the write begins: no
/// transaction waits for another service.
async fn foresee(
    rule: &MetricRule,
    db: &Db,
    context: &Context,
    adoption: &Adoption,
    who: &Actor,
) -> Result<Option<String>, Problem> {
    let Some(wanted) = rule.wanted() else { return Ok(None) };
    let directory: Arc<Directory> = context.shared(Directory::default);
    let found = directory.find(db, adoption, who, &[wanted]).await?;
    let Some(reason) = found.into_iter().find_map(Result::err) else { return Ok(None) };
    let (assignment, _) = wanted;
    let is_planned = reason.code != RefusalCode::AttributeUnknown
        || adoption.deployment(who, assignment).await?.is_none_or(|known| known.assignment.plan_id.is_some());
    let how = format!("POST /adoption/v1/assignments/{assignment}/plan makes it.");
    Ok(Some(if is_planned { rule.told(reason) } else { format!("Assignment {assignment} has no plan. {how}") }))
}

/// Requires that the assignment of a rule is there. Asked before the write begins: no transaction waits for another service.
async fn require_assignment(adoption: &Adoption, who: &Actor, id: Option<AssignmentId>) -> Result<(), Problem> {
    let Some(id) = id else { return Ok(()) };
    if adoption.customers_of(who, &[id]).await?.contains_key(&id) {
        return Ok(());
    }
    let how = "is of no assignment; GET /adoption/v1/customers/{customerId}/assignments lists those of a customer";
    Err(Problem::field("/assignmentId", "UNKNOWN", how))
}
