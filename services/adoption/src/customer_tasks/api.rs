//! Customer tasks over HTTP.

use actix_web::get;
use actix_web::web::Data;
use contracts::adoption::CustomerTaskView;
use db::Db;
use kernel::{CustomerTaskId, Problem};
use web::{Allow, Answer, Path, Reply};

use super::store;
use crate::access::{self, Thing};
use crate::permissions::PlanRead;

/// Show a customer task
///
/// With its status, where the status comes from, its telemetry attributes and how far they are met. Telemetry's own list of
/// attributes tells the latest value of each, whether it is met, and when it was looked at.
#[utoipa::path(tag = "customer tasks", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = CustomerTaskView)))]
#[get("/customer-tasks/{customerTaskId}")]
pub(super) async fn show_customer_task(who: Allow<PlanRead>, db: Data<Db>, Path(id): Path<CustomerTaskId>) -> Answer {
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Task(id)).await?;
        let task = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("customer task"))?;
        // What telemetry told may be newer than the version.
        Ok(Reply::show(&CustomerTaskView::from(task))?.in_full())
    })
    .await
}
