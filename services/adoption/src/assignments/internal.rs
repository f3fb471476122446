//! Assignments for other services.

use actix_web::get;
use actix_web::web::Data;
use contracts::adoption::CustomerTaskView;
use db::Db;
use kernel::{AssignmentId, Problem};
use web::{Answer, Internal, Path, Reply};

use super::store;
use crate::customer_tasks;

/// List the customer tasks of an assignment
///
/// With their telemetry attributes, in the order of its plan; none while it has no plan.
#[utoipa::path(tag = "internal", responses((status = 200, body = Vec<CustomerTaskView>)))]
#[get("/assignments/{assignmentId}/tasks")]
pub(super) async fn list_assignment_tasks(caller: Internal, db: Data<Db>, Path(id): Path<AssignmentId>) -> Answer {
    let tenant = caller.tenant()?;
    let reply = db
        .read(tenant, async |conn| {
            let assignment = store::find(conn, tenant, id).await?.ok_or_else(|| Problem::not_found("assignment"))?;
            let tasks = match assignment.plan_id {
                Some(plan) => customer_tasks::of_plan(conn, tenant, plan).await?,
                None => Vec::new(),
            };
            Reply::ok(&tasks.into_iter().map(CustomerTaskView::from).collect::<Vec<_>>())
        })
        .await?;
    Ok(reply.into_response())
}
