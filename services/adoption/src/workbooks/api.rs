//! Workbooks of customers over HTTP.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Data, block};
use actix_web::{get, post};
use clients::Telemetry;
use contracts::adoption::StatusSource;
use contracts::identity::LockedType;
use db::{Conn, Db, Tx};
use kernel::problem::{BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED, REQUEST_MALFORMED};
use kernel::{CustomerId, PlanId, Problem};
use locks::Held;
use serde::Deserialize;
use web::{Allow, Answer, PackedBody, Path, Query, RawBody, Reply, attachment};
use workbook::MOST_BYTES;
use workbook::form::{self, Row};

use super::edits::{self, Edit};
use super::receipt::{WorkbookReceipt, sound};
use super::sheets::{STATUS, TASK, TASKS, file_name};
use super::store;
use crate::access::{self, Thing};
use crate::customers;
use crate::permissions::{PlanRead, TaskWrite};
use crate::plans::Plan;
use crate::statuses::{self, Changed, SetStatus, StatusChange};

/// What a workbook calls itself.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Whether anything is done.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ImportQuery {
    /// `false`: what the file says is done; otherwise it is only shown.
    dry_run: Option<bool>,
}

/// Export a customer's workbook
///
/// An Excel workbook: the plans with their sums, their tasks with status and a place for a note, and what telemetry says, at one
/// moment. No cell is a formula. Edit the tasks and import it again; unedited, it changes nothing.
#[utoipa::path(tag = "customer workbooks", security(("bearer" = [PlanRead::NAME])), responses((status = 200, content((String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[get("/customers/{customerId}/workbook")]
pub(super) async fn export_customer(
    who: Allow<PlanRead>,
    db: Data<Db>,
    telemetry: Data<Telemetry>,
    Path(id): Path<CustomerId>,
) -> Answer {
    let find = async |conn: &Conn| {
        access::may(&who, conn, Thing::Customer(id)).await?;
        let customer = customers::find_present(conn, who.tenant, id).await?;
        Ok((customer, store::standing(conn, who.tenant, id).await?))
    };
    let (customer, standing) = who.look(&db, find).await?;
    let assigned: Vec<_> = standing.plans.iter().map(|plan| plan.assignment_id).collect();
    let attributes = telemetry.attributes(who.actor(), &assigned).await?;
    let name = file_name(&customer.name, db.clock().now());
    let bytes = block(move || standing.write(&attributes)).await.map_err(Problem::internal)??;
    Ok(attachment::file(XLSX, &name, bytes))
}

/// Import a customer's workbook
///
/// Shows row by row what the file would do, or, with `dryRun=false`, does it: all of it or, when a row is wrong, nothing. A status
/// that was edited is set as by hand, with the import as its source; a note joins the task's history, unless it is what somebody
/// wrote there last. What was not edited and what is missing changes nothing. Tasks are found by their hidden ids, else by the
/// names of assignment and task. It may come packed, with gzip or zstd, as `Content-Encoding` says.
#[utoipa::path(tag = "customer workbooks", params(ImportQuery), request_body(content((String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), security(("bearer" = [TaskWrite::NAME])), responses((status = 200, body = WorkbookReceipt), (status = 400, description = "It is no such workbook, or a column is missing."), (status = 409, description = "The customer is deleted."), (status = 413, description = "More than 10 MiB."), (status = 415, description = "Not a workbook."), (status = 422, description = "A row is wrong; nothing was done."), (status = 423, description = "Somebody else is editing the customer or a plan that it changes.")))]
#[post("/customers/{customerId}/workbook")]
pub(super) async fn import_customer(
    who: Allow<TaskWrite>,
    db: Data<Db>,
    Path(id): Path<CustomerId>,
    Query(query): Query<ImportQuery>,
    PackedBody(body): PackedBody,
) -> Answer {
    let find = async |conn: &Conn| {
        access::may(&who, conn, Thing::Customer(id)).await?;
        customers::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("customer"))
    };
    who.look(&db, find).await?.require_present()?;
    let rows = read(&body).await?;
    if query.dry_run != Some(false) {
        let show = async |conn: &Conn| {
            let standing = store::standing(conn, who.tenant, id).await?;
            let readings = edits::read(&rows, &standing, &store::notes(conn, who.tenant, &standing).await?);
            Reply::ok(&WorkbookReceipt::of(&readings, true))
        };
        return who.read(&db, show).await;
    }
    who.write(&db, async |tx| {
        customers::hold(tx, id).await?.require_present()?;
        let standing = store::standing_for_change(tx, id).await?;
        let readings = edits::read(&rows, &standing, &store::notes(tx, tx.tenant(), &standing).await?);
        let receipt = WorkbookReceipt::of(&readings, false);
        make(tx, standing.plans, sound(readings)?).await?;
        Reply::ok(&receipt)
    })
    .await
}

/// The rows of the sheet of tasks.
async fn read(body: &RawBody) -> Result<Vec<Row>, Problem> {
    if body.content_type != XLSX {
        return Err(MEDIA_TYPE_UNSUPPORTED.detail(format!("Send {XLSX}.")));
    }
    if body.bytes.len() > MOST_BYTES {
        return Err(BODY_TOO_LARGE.detail(format!("A workbook may have {} MiB at most.", MOST_BYTES >> 20)));
    }
    let bytes = Bytes::clone(&body.bytes);
    let rows = block(move || form::read(&bytes, TASKS, &[TASK, STATUS])).await.map_err(Problem::internal)?;
    rows.map_err(|why| if why.too_large { &BODY_TOO_LARGE } else { &REQUEST_MALFORMED }.detail(why.message))
}

/// Makes the edits of locked plans, and tells.
async fn make(tx: &mut Tx, plans: Vec<Plan>, edits: Vec<Edit>) -> Result<(), Problem> {
    let (by, now) = (tx.actor().person(), tx.now());
    let mut changed: BTreeMap<PlanId, Vec<Changed>> = BTreeMap::new();
    let mut notes = Vec::new();
    let touched: Vec<_> = edits.iter().map(|edit| edit.task.plan_id.0).collect();
    for Edit { row: _, task, status, note } in edits {
        match (status, note) {
            (Some(status), note) => {
                let of_task = Changed::by_import(&task, &SetStatus { status, note }, by, now);
                changed.entry(task.plan_id).or_default().extend(of_task);
            }
            (None, Some(note)) => {
                notes.push((StatusChange::noted(&task, (StatusSource::Import, by), note, now), task));
            }
            (None, None) => {}
        }
    }
    let edited = Held::by_others(tx, LockedType::Plan, &touched).await?;
    touched.iter().try_for_each(|plan| edited.refuse(*plan))?;
    for plan in plans {
        if let Some(changed) = changed.remove(&plan.id) {
            statuses::settle(tx, plan, changed).await?;
        }
    }
    statuses::note(tx, &notes).await
}
