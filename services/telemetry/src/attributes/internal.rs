//! Attributes for other services.

use actix_web::get;
use actix_web::web::Data;
use contracts::telemetry::{AssignmentFreshness, AttributeView};
use db::Db;
use kernel::{AssignmentId, Timestamp};
use serde::Deserialize;
use web::{Answer, Internal, Query, Reply};

use super::store;

/// The assignments that are asked about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AssignmentQuery {
    /// Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    assignment_id: Vec<AssignmentId>,
}

/// List the attributes of assignments
///
/// All that are known of their plans, with the latest value of each and whether it meets the criterion.
#[utoipa::path(tag = "internal", params(AssignmentQuery), responses((status = 200, body = Vec<AttributeView>)))]
#[get("/attributes")]
pub(super) async fn list_attributes_of(caller: Internal, db: Data<Db>, Query(query): Query<AssignmentQuery>) -> Answer {
    let tenant = caller.tenant()?;
    let ids = query.assignment_id.into_iter().map(|id| id.0).collect();
    let rows = db.read(tenant, async |conn| store::of_assignments(conn, tenant, ids).await).await?;
    let present = rows.into_iter().filter(|row| row.removed_at.is_none());
    Ok(Reply::ok(&present.map(AttributeView::from).collect::<Vec<_>>())?.into_response())
}

/// What is asked.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FreshnessQuery {
    /// A value since this moment is fresh.
    since: Timestamp,
    /// Only these assignments; without any, all. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    assignment_id: Vec<AssignmentId>,
}

/// Show how fresh the data of assignments are
///
/// Of each that has data: how many attributes ever had a value, and how many of them since a moment.
#[utoipa::path(tag = "internal", params(FreshnessQuery), responses((status = 200, body = Vec<AssignmentFreshness>)))]
#[get("/freshness")]
pub(super) async fn list_freshness_of_assignments(
    caller: Internal,
    db: Data<Db>,
    Query(query): Query<FreshnessQuery>,
) -> Answer {
    let tenant = caller.tenant()?;
    let FreshnessQuery { since, assignment_id } = query;
    let all = db.read(tenant, async |conn| store::freshness(conn, tenant, since, assignment_id).await).await?;
    Ok(Reply::ok(&all)?.into_response())
}
