//! Customer tasks for other services.

use actix_web::get;
use actix_web::web::Data;
use contracts::adoption::StatusOf;
use db::Db;
use kernel::CustomerTaskId;
use serde::Deserialize;
use web::{Answer, Internal, Query, Reply};

use super::store;

/// The tasks that are asked about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusQuery {
    /// Repeat for more.
    #[serde(default)]
    id: Vec<CustomerTaskId>,
}

/// List where tasks stand
///
/// Those that there are, and who says so.
#[utoipa::path(tag = "internal", params(StatusQuery), responses((status = 200, body = Vec<StatusOf>)))]
#[get("/customer-tasks")]
pub(super) async fn list_statuses(caller: Internal, db: Data<Db>, Query(query): Query<StatusQuery>) -> Answer {
    let tenant = caller.tenant()?;
    let rows = db.read(tenant, async |conn| store::statuses(conn, tenant, &query.id).await).await?;
    let statuses = rows.into_iter().map(|(id, status, status_source)| StatusOf { id, status, status_source });
    Ok(Reply::ok(&statuses.collect::<Vec<_>>())?.into_response())
}
