//! Why a task stands where it stands, over HTTP.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use clients::Adoption;
use contracts::adoption::TaskStatus;
use contracts::telemetry::{AttributeView, TaskFacts};
use db::Db;
use kernel::{AssignmentId, CustomerTaskId, Problem};
use rules::Explanation;
use serde::Serialize;
use web::{Allow, Answer, Context, Path, Reply};

use super::evaluate::{Settled, settle};
use super::model::{Counts, Facts, Telling};
use super::store;
use crate::access::{self, Thing};
use crate::attributes;
use crate::permissions::{ValueRead, ValueWrite};

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

/// What an evaluation has looked at.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evaluation {
    /// Attributes that were held against their criteria.
    attributes: usize,
    /// The tasks that have them.
    tasks: usize,
    /// Attributes that are met now and were not, or the other way round.
    changed: usize,
    /// Tasks whose facts were told again.
    told: usize,
}

/// Evaluate an assignment again
///
/// Every attribute of its plan is held against its criterion as of now, and the facts of each task are told again, whether they
/// are new or not; adoption follows. Nothing of it is needed where everything works: values, changed definitions and
/// time are followed by themselves.
#[utoipa::path(tag = "attributes", security(("bearer" = [ValueWrite::NAME])), responses((status = 200, body = Evaluation)))]
#[post("/assignments/{assignmentId}/evaluations")]
pub(super) async fn evaluate_assignment(
    who: Allow<ValueWrite>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    Path(assignment): Path<AssignmentId>,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Assignment(assignment)).await?;
    who.write(&db, async |tx| {
        let rows = attributes::store::fetch_for_change(tx, Vec::new(), vec![assignment]).await?;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.removed_at.is_none()).collect();
        if rows.is_empty() {
            return Err(Problem::not_found("assignment with telemetry attributes"));
        }
        let tasks: BTreeSet<CustomerTaskId> = rows.iter().map(|row| row.customer_task_id).collect();
        let (attributes, of_tasks) = (rows.len(), tasks.len());
        let Settled { changed, told } = settle(tx, rows, tasks, Telling::Everything).await?;
        Reply::ok(&Evaluation { attributes, tasks: of_tasks, changed, told })
    })
    .await
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
