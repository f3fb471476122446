//! Trials over HTTP.

use actix_web::post;
use actix_web::web::Data;
use chrono::NaiveDate;
use clients::Adoption;
use db::{Conn, Db};
use kernel::{AttributeId, Check, CustomerAttributeId, Problem, TenantId, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use web::{Allow, Answer, Body, Context, Reply};

use super::model::{Closed, Proposal, Trial, ends};
use super::store;
use crate::permissions::CriterionTest;
use crate::settings::{Windows, kept_from};

/// Days looked at when the caller does not say how many.
const DAYS: i64 = 90;
/// Most days of a trial.
const MOST_DAYS: i64 = 400;
/// Most tasks of a trial.
const MOST_TASKS: usize = 5_000;
/// Tasks whose days are read at once.
const PIECE: usize = 250;

/// A criterion on trial.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "originalAttributeId": "019a8b2e-7c00-7000-8000-000000000001", "successCriteria": { "operator": ">=", "value": 25 } }))]
pub(super) struct TestCriterion {
    /// The catalog's attribute whose copies in the customers' plans are held against it.
    original_attribute_id: AttributeId,
    /// The criterion, as the catalog takes it.
    success_criteria: Value,
    /// How many days (UTC) to look at, the last of them today: 1 to 400 (default 90), as far as values are kept.
    days: Option<i64>,
}

/// Try a criterion on what was reported
///
/// How many tasks it would have closed that would not be done without it, and how many of those against what a person says: by
/// the last value of each day, of the attribute and of the task's others, whatever a complete feed was silent about; and by where
/// everything stands now. An optional attribute closes nothing where others are required. Nothing is changed. Up to 5,000
/// tasks are looked at. 404 when no plan has the attribute.
#[utoipa::path(tag = "attributes", request_body = TestCriterion, security(("bearer" = [CriterionTest::NAME])), responses((status = 200, body = Trial), (status = 404, description = "No plan has the attribute.")))]
#[post("/criteria/test")]
pub(super) async fn test_criterion(
    who: Allow<CriterionTest>,
    db: Data<Db>,
    context: Data<Context>,
    (adoption, windows): (Data<Adoption>, Data<Windows>),
    Body(command): Body<TestCriterion>,
) -> Answer {
    let now = context.clock.now();
    let TestCriterion { original_attribute_id: original, success_criteria, days } = command;
    let days = days.unwrap_or(DAYS);
    let mut check = Check::new();
    check.that((1..=MOST_DAYS).contains(&days), "/days", "OUT_OF_RANGE", || format!("give 1 to {MOST_DAYS}"));
    check.finish()?;
    let proposal = Proposal { original, criteria: &success_criteria };
    let kept = windows.days(&db, who.tenant).await?;
    // Today is one of them.
    let from = kept_from(now, days - 1).max(kept_from(now, kept)).date_naive();
    let (mut trial, closed) =
        db.read(who.tenant, async |conn| judge(conn, who.tenant, &proposal, (from, now)).await).await?;
    let ids: Vec<_> = closed.iter().map(|task| task.customer_task_id).collect();
    trial.close(closed, &adoption.statuses(who.actor(), &ids).await?);
    Ok(Reply::ok(&trial)?.into_response())
}

/// Goes through the tasks, a piece at a time; returns those that would have been closed.
async fn judge(
    conn: &Conn,
    tenant: TenantId,
    proposal: &Proposal<'_>,
    (from, now): (NaiveDate, Timestamp),
) -> Result<(Trial, Vec<Closed>), Problem> {
    let mut trial = Trial::new(from, now.date_naive());
    let most = i64::try_from(MOST_TASKS + 1).unwrap_or(i64::MAX);
    let mut tasks = store::tasks(conn, tenant, proposal.original, most).await?;
    if tasks.is_empty() {
        return Err(Problem::not_found("attribute in any plan"));
    }
    trial.complete = tasks.len() <= MOST_TASKS;
    tasks.truncate(MOST_TASKS);
    trial.tasks = tasks.len();
    let mut closed = Vec::new();
    for piece in tasks.chunks(PIECE) {
        let rows = store::of_tasks(conn, tenant, piece).await?;
        let ids: Vec<CustomerAttributeId> = rows.iter().map(|row| row.id).collect();
        let days = store::last_values(conn, tenant, &ids, from).await?;
        for of_task in rows.chunk_by(|one, other| one.customer_task_id == other.customer_task_id) {
            let Some(copy) = of_task.iter().find(|row| proposal.is_about(row)) else { continue };
            proposal.criterion(copy.data_type)?;
            trial.with_data += usize::from(copy.latest_observed_at.is_some());
            let on = proposal.closes_on(of_task, now, &ends(of_task, from, &days));
            closed.extend(on.map(|(closed_on, is_now)| Closed {
                customer_task_id: copy.customer_task_id,
                assignment_id: copy.assignment_id,
                task_name: copy.task_name.clone(),
                closed_on,
                status: None,
                status_source: None,
                is_now,
            }));
        }
    }
    Ok((trial, closed))
}
