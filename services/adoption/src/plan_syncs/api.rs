//! Syncs of one plan over HTTP.

use actix_web::web::Data;
use actix_web::{get, post};
use auth::Permission;
use clients::Catalog;
use contracts::adoption::{PlanSyncView, PlanSyncedView};
use contracts::catalog::Blueprint;
use db::{Conn, Db};
use kernel::{Cursor, Page, PageQuery, PlanId, Problem};
use serde_json::json;
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::due::Due;
use super::model::{PlanSync, SyncPreview, SyncQuery, SyncedView};
use super::{steps, store};
use crate::access::{self, Thing};
use crate::permissions::{PlanRead, PlanWrite};
use crate::{assignments, plans, revisions};

/// Show what a sync would change
///
/// A dry run: the plan, row by row, against the catalog as it is now. Nothing is written. A value that was edited in the plan
/// is kept, and its row says so. With the `productName` of the plan goes that of its assignment, the names of assignments that
/// were made from it, unless somebody has given another since, and, with a solution's own, the `solutionName` of its plan.
#[utoipa::path(tag = "plan syncs", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = SyncPreview), (status = 409, description = "The product or the solution is no longer in the catalog.")))]
#[get("/plans/{planId}/sync")]
pub(super) async fn show_sync(
    who: Allow<PlanRead>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path(id): Path<PlanId>,
) -> Answer {
    let blueprint = look(&who, &db, &catalog, id).await?;
    who.read(&db, async |conn| {
        let (plan, missing) = (plans::find(conn, who.tenant, id).await?, || Problem::not_found("plan"));
        let plan = plan.ok_or_else(missing)?;
        let assignment = assignments::find(conn, who.tenant, plan.assignment_id).await?.ok_or_else(missing)?;
        let synced = store::synced(conn, plan).await?;
        Reply::ok(&Due::of(synced, &assignment, &blueprint, db.clock().now())?.preview(&blueprint))
    })
    .await
}

/// Sync a plan with the catalog
///
/// Tasks that the catalog has for this customer enter the plan, those it has no more are retired and keep their history, and
/// retired ones come back as they were. Statuses, notes, selections, telemetry and whatever was edited in the plan stay. A
/// plan that is equal to the catalog is left as it is. `If-Match` with the plan's version is honoured when sent.
#[utoipa::path(tag = "plan syncs", security(("bearer" = [PlanWrite::NAME])), responses((status = 200, body = SyncedView), (status = 409, description = "The product or the solution is no longer in the catalog, the customer is deleted, or somebody has synced the plan meanwhile."), (status = 412, description = "Somebody else changed it.")))]
#[post("/plans/{planId}/sync")]
pub(super) async fn sync_plan(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path(id): Path<PlanId>,
) -> Answer {
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    // Asked before the write begins: no transaction waits for another service.
    let blueprint = look(&who, &db, &catalog, id).await?;
    who.write(&db, async |tx| {
        let entered = steps::enter(tx, id).await?;
        who.expect_version(entered.plan.version)?;
        revisions::learn(tx, entered.plan.owner(), blueprint.revision()).await?;
        let due = steps::due(tx, entered, &blueprint).await?;
        if due.is_nothing() {
            return Reply::show(&SyncedView { plan: due.plan.plan.into(), sync: None, rows: Vec::new() });
        }
        let (rows, by) = (due.rows(), tx.actor().person());
        let synced = steps::apply(tx, vec![due], (by, None)).await?.pop().ok_or_else(|| Problem::not_found("plan"))?;
        Reply::show(&SyncedView::of(synced, rows))
    })
    .await
}

/// Undo the last sync of a plan
///
/// The last one that is not undone yet; what people and telemetry did since stays: a task that came with the sync leaves
/// again if nobody has touched it and is retired if somebody has, and a value that was edited since is kept. Names that came with
/// the sync go back, the assignment's too. What the sync had followed, the catalog or the customer's entitlement, is not taken
/// back: the plan needs a sync from then on.
#[utoipa::path(tag = "plan syncs", security(("bearer" = [PlanWrite::NAME])), responses((status = 200, body = PlanSyncedView), (status = 409, description = "There is no sync to undo, or the customer is deleted."), (status = 412, description = "Somebody else changed it.")))]
#[post("/plans/{planId}/sync/undo")]
pub(super) async fn undo_sync(who: Allow<PlanWrite>, db: Data<Db>, Path(id): Path<PlanId>) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Plan(id)).await?;
        let entered = steps::enter(tx, id).await?;
        who.expect_version(entered.plan.version)?;
        Reply::show(&steps::undo(tx, entered).await?)
    })
    .await
}

/// List the syncs of a plan
///
/// The last one first.
#[utoipa::path(tag = "plan syncs", params(SyncQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<PlanSyncView>)))]
#[get("/plans/{planId}/syncs")]
pub(super) async fn list_syncs(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<PlanId>,
    Query(query): Query<SyncQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "plan_syncs")?);
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Plan(id)).await?;
        plans::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))?;
        let rows = store::page(conn, (who.tenant, id), after, limit).await?;
        let key = |row: &PlanSync| vec![json!(row.plan_version)];
        let mut page = Cursor::page(rows, limit, &context.config.keys, "plan_syncs", key);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, (who.tenant, id)).await?);
        }
        Reply::ok(&page.map(PlanSyncView::from))
    })
    .await
}

/// The product or the solution of a plan that the caller may do `P` with, as the catalog shows it now.
async fn look<P: Permission>(who: &Allow<P>, db: &Db, catalog: &Catalog, id: PlanId) -> Result<Blueprint, Problem> {
    let find = async |conn: &Conn| {
        access::may(who, conn, Thing::Plan(id)).await?;
        let plan = plans::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))?;
        let assignment = assignments::find(conn, who.tenant, plan.assignment_id).await?;
        Ok((plan, assignment.ok_or_else(|| Problem::not_found("plan"))?))
    };
    let (plan, assignment) = who.look(db, find).await?;
    let blueprint = catalog.blueprint(who.actor(), plan.owner()).await?;
    blueprint.ok_or_else(|| assignment.gone())
}
