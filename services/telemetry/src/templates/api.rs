//! Templates over HTTP.

use std::collections::HashMap;

use actix_web::web::{Bytes, Data, block};
use actix_web::{get, post};
use clients::Adoption;
use contracts::adoption::Deployment;
use db::{Conn, Db};
use kernel::problem::{BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED};
use kernel::{Actor, AssignmentId, CustomerAttributeId, Problem, TenantId, Timestamp};
use serde::Deserialize;
use web::{Allow, Answer, Path, Query, RawBody, Reply, attachment};
use workbook::MOST_BYTES;
use workbook::form;

use super::filled::{Filled, Ground, Outcome, refuse_twins};
use super::receipt::{TemplateReceipt, settle};
use super::sheet::{self, ATTRIBUTE, DATA_TYPE, DATE, NAME, TASK, VALUE};
use crate::access::{self, Thing};
use crate::attributes::{self, Attribute};
use crate::permissions::{ValueRead, ValueWrite};
use crate::values::{Complete, Intake, Origin, Part, Parts, WORKBOOK, unreadable};

/// How a filled template is taken.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ImportQuery {
    /// `true`: the sheet says everything there is. Attributes of the plan without a current value in it have no data any more,
    /// and a task that telemetry had seen done may come to be NO_LONGER_USING (default false).
    complete: Option<bool>,
}

/// Export the telemetry template of a plan
///
/// An Excel workbook to fill in, for the plan of an assignment; of a solution's assignment, for the solution's own tasks. It has
/// a row for each active attribute with a criterion, in the order of the plan, with the latest value and when that was observed.
#[utoipa::path(tag = "templates", security(("bearer" = [ValueRead::NAME])), responses((status = 200, content((String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[get("/assignments/{assignmentId}/template")]
pub(super) async fn export_template(
    who: Allow<ValueRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    Path(id): Path<AssignmentId>,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Assignment(id)).await?;
    let deployment = deployment(&adoption, who.actor(), id).await?;
    let known = who.look(&db, async |conn| known(conn, who.tenant, id).await).await?;
    let now = db.clock().now();
    let name = sheet::file_name(&deployment, now);
    let bytes = block(move || sheet::write(&deployment, &known, now)).await.map_err(Problem::internal)??;
    Ok(attachment::file(WORKBOOK, &name, bytes))
}

/// Import a filled telemetry template
///
/// Rows find their attribute by the names of task and attribute. One without a current value is passed over, and so is one that
/// says what is known already; the others become values, observed when the row's date says, and go the way of POST
/// /telemetry/v1/values: stored once, evaluated, and refused with a reason. A plain date is its midnight in UTC. One from before
/// the attribute's latest value is stored, changes nothing, and is counted as older. A row that cannot be taken is named with its
/// column, and the others still count.
#[utoipa::path(tag = "templates", params(ImportQuery), request_body(content((String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), security(("bearer" = [ValueWrite::NAME])), responses((status = 200, body = TemplateReceipt), (status = 400, description = "It is no such workbook, or a column is missing; nothing was stored."), (status = 413, description = "More than 10 MiB, or more than 10,000 values; nothing was stored."), (status = 415, description = "Not a workbook.")))]
#[post("/assignments/{assignmentId}/template")]
pub(super) async fn import_template(
    who: Allow<ValueWrite>,
    db: Data<Db>,
    (intake, adoption): (Data<Intake>, Data<Adoption>),
    Path(id): Path<AssignmentId>,
    Query(query): Query<ImportQuery>,
    body: RawBody,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Assignment(id)).await?;
    let sender = access::may_send(&who, &db).await?;
    let says_all = query.complete == Some(true);
    let deployment = deployment(&adoption, who.actor(), id).await?;
    let sheet = read(&body).await?;
    let before = who.look(&db, async |conn| known(conn, who.tenant, id).await).await?;
    let ground = Ground::new((id, &deployment.tasks), &before, says_all);
    let mut rows: Vec<_> = sheet.iter().filter_map(|row| ground.read(row)).collect();
    refuse_twins(&mut rows);
    let parts = parts(&rows, says_all.then_some((id, db.clock().now()))).checked()?;
    let taken = if parts.says_nothing() { None } else { Some(intake.take(&db, &sender, &parts).await?) };
    settle(&mut rows, taken.as_ref().map(|taken| taken.refused.as_slice()).unwrap_or_default());
    let after = db.read(who.tenant, async |conn| known(conn, who.tenant, id).await).await?;
    let receipt = taken.as_ref().map(|taken| &taken.receipt);
    let receipt = TemplateReceipt::of(&rows, receipt, &deployment.tasks, &after);
    Ok(who.answer(Reply::ok(&receipt)?, taken.and_then(|taken| taken.announced).as_ref()))
}

/// The assignment with its customer and its tasks, as adoption has them now.
async fn deployment(adoption: &Adoption, who: &Actor, id: AssignmentId) -> Result<Deployment, Problem> {
    adoption.deployment(who, id).await?.ok_or_else(|| Problem::not_found("assignment"))
}

/// What is known of the attributes of an assignment.
async fn known(
    conn: &Conn,
    tenant: TenantId,
    id: AssignmentId,
) -> Result<HashMap<CustomerAttributeId, Attribute>, Problem> {
    Ok(attributes::store::by_id(attributes::store::of_assignments(conn, tenant, vec![id.0]).await?))
}

/// The rows of a filled template.
async fn read(body: &RawBody) -> Result<Vec<form::Row>, Problem> {
    if body.content_type != WORKBOOK {
        return Err(MEDIA_TYPE_UNSUPPORTED.detail(format!("Send {WORKBOOK}.")));
    }
    if body.bytes.len() > MOST_BYTES {
        return Err(BODY_TOO_LARGE.detail(format!("A template may have {} MiB at most.", MOST_BYTES >> 20)));
    }
    let bytes = Bytes::clone(&body.bytes);
    let needed = [TASK, ATTRIBUTE, DATA_TYPE, VALUE, DATE];
    let rows = block(move || form::read(&bytes, NAME, &needed)).await.map_err(Problem::internal)?;
    rows.map_err(|why| unreadable(&why))
}

/// The rows that are values, as a batch. It says that it is all there is only when no row was refused.
fn parts(rows: &[Filled], all_of: Option<(AssignmentId, Timestamp)>) -> Parts<'static> {
    let values = rows.iter().filter_map(Filled::new_value);
    // The receipt says the row.
    let entries = values.map(|new| Part { text: new.entry.to_string().into(), origin: Origin::List }).collect();
    let is_sound = !rows.iter().any(|row| matches!(row.outcome, Outcome::Refused(_)));
    let complete = all_of
        .filter(|_| is_sound)
        .map_or_else(Complete::default, |(id, at)| Complete { assignment_ids: vec![id], observed_at: Some(at) });
    Parts { entries, complete }
}
