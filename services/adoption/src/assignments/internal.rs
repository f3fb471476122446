//! Assignments for other services.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::Data;
use contracts::adoption::{CustomerTaskView, Deployment};
use db::{Conn, Db};
use kernel::{AssignmentId, CustomerId, Problem, TenantId};
use serde::Deserialize;
use web::{Answer, Internal, Path, Query, Reply};

use super::model::Assignment;
use super::store;
use crate::{customer_tasks, customers};

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
            Reply::ok(&tasks(conn, tenant, &assignment).await?)
        })
        .await?;
    Ok(reply.into_response())
}

/// Show an assignment with its customer and its tasks
///
/// As they are at one moment; no tasks while it has no plan.
#[utoipa::path(tag = "internal", responses((status = 200, description = "The deployment.")))]
#[get("/assignments/{assignmentId}/deployment")]
pub(super) async fn show_deployment(caller: Internal, db: Data<Db>, Path(id): Path<AssignmentId>) -> Answer {
    let tenant = caller.tenant()?;
    let reply = db
        .read(tenant, async |conn| {
            let missing = || Problem::not_found("assignment");
            let assignment = store::find(conn, tenant, id).await?.ok_or_else(missing)?;
            let customer = customers::find(conn, tenant, assignment.customer_id).await?.ok_or_else(missing)?;
            let tasks = tasks(conn, tenant, &assignment).await?;
            Reply::ok(&Deployment { customer: customer.into(), assignment: assignment.into(), tasks })
        })
        .await?;
    Ok(reply.into_response())
}

/// The tasks of an assignment's plan, if it has one.
async fn tasks(conn: &Conn, tenant: TenantId, assignment: &Assignment) -> Result<Vec<CustomerTaskView>, Problem> {
    let Some(plan) = assignment.plan_id else { return Ok(Vec::new()) };
    let tasks = customer_tasks::of_plan(conn, tenant, plan).await?;
    Ok(tasks.into_iter().map(CustomerTaskView::from).collect())
}

/// The external keys that are asked about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeyQuery {
    /// Repeat for more.
    #[serde(default)]
    external_key: Vec<String>,
}

/// Find assignments by their external keys
///
/// The id of each that there is, by its key.
#[utoipa::path(tag = "internal", params(KeyQuery), responses((status = 200, body = BTreeMap<String, AssignmentId>)))]
#[get("/assignments")]
pub(super) async fn list_assignments_by_key(caller: Internal, db: Data<Db>, Query(query): Query<KeyQuery>) -> Answer {
    let tenant = caller.tenant()?;
    let found = db.read(tenant, async |conn| store::by_keys(conn, tenant, &query.external_key).await).await?;
    Ok(Reply::ok(&found.into_iter().collect::<BTreeMap<_, _>>())?.into_response())
}

/// The assignments that are asked about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct IdQuery {
    /// Repeat for more.
    #[serde(default)]
    assignment_id: Vec<AssignmentId>,
}

/// Find the customers of assignments
///
/// Whose each is that there is.
#[utoipa::path(tag = "internal", params(IdQuery), responses((status = 200, body = BTreeMap<AssignmentId, CustomerId>)))]
#[get("/assignments/customers")]
pub(super) async fn list_assignment_customers(caller: Internal, db: Data<Db>, Query(query): Query<IdQuery>) -> Answer {
    let tenant = caller.tenant()?;
    let found = db.read(tenant, async |conn| store::find_many(conn, tenant, &query.assignment_id).await).await?;
    let owners: BTreeMap<_, _> = found.into_iter().map(|assignment| (assignment.id, assignment.customer_id)).collect();
    Ok(Reply::ok(&owners)?.into_response())
}
