//! Why a task stands where it stands, over HTTP.

use actix_web::get;
use actix_web::web::Data;
use clients::Adoption;
use contracts::adoption::TaskStatus;
use contracts::telemetry::{AttributeView, TaskFacts};
use db::Db;
use kernel::{CustomerTaskId, Problem};
use rules::Explanation;
use serde::Serialize;
use web::{Allow, Answer, Context, Path, Reply};

use super::model::{Counts, Facts};
use super::store;
use crate::access::{self, Thing};
use crate::attributes;
use crate::permissions::ValueRead;

/// The evaluation of a customer task, told step by step.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskExplanation {
    /// The counts that were last announced; at version 0 before the first data.
    facts: TaskFacts,
    /// What follows from the counts, in plain words. The status itself is adoption's.
    because: String,
    /// Each attribute of the task, in order.
    attributes: Vec<AttributeExplanation>,
}

/// The evaluation of one attribute.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttributeExplanation {
    /// The attribute and its latest value.
    attribute: AttributeView,
    /// Its criterion held against that value, step by step; null when it has no criterion: it is recorded, never met.
    #[schema(value_type = Option<serde_json::Value>)]
    explanation: Option<Explanation>,
}

/// Explain a task's verdict
///
/// Each attribute's criterion is held against its latest value as of now, with the reason for every step.
#[utoipa::path(tag = "attributes", security(("bearer" = [ValueRead::NAME])), responses((status = 200, body = TaskExplanation)))]
#[get("/customer-tasks/{customerTaskId}/explanation")]
pub(super) async fn explain_task(
    who: Allow<ValueRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    context: Data<Context>,
    Path(task): Path<CustomerTaskId>,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Task(task)).await?;
    who.read(&db, async |conn| {
        let mut rows = attributes::store::of_task(conn, who.tenant, task).await?;
        let known = store::of_tasks(conn, who.tenant, vec![task]).await?.remove(&task);
        let assignment =
            rows.first().ok_or_else(|| Problem::not_found("customer task with telemetry attributes"))?.assignment_id;
        let now = context.clock.now();
        let mut steps = Vec::with_capacity(rows.len());
        for row in &mut rows {
            let criterion = row.criterion();
            row.judge(criterion.as_ref(), now);
            let explanation = criterion.map(|criterion| criterion.explain(row.standing_value().as_ref(), *now));
            steps.push(AttributeExplanation { attribute: row.clone().into(), explanation });
        }
        let facts = known.unwrap_or_else(|| {
            Facts::of(who.tenant, (task, assignment), (Counts::of(&rows), TaskStatus::NotStarted), 0, now)
        });
        Reply::ok(&TaskExplanation {
            facts: TaskFacts::from(&facts),
            because: facts.counts().in_words(),
            attributes: steps,
        })
    })
    .await
}
