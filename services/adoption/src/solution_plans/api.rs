//! Solution plans over HTTP.

use actix_web::web::Data;
use actix_web::{get, post};
use auth::Permission;
use clients::Catalog;
use contracts::adoption::SolutionPlanView;
use db::{Conn, Db};
use kernel::{Cursor, Page, PageQuery, Problem, SolutionPlanId};
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::model::{ShownSolutionPlan, SolutionPlan, SolutionPlanQuery, SolutionSyncedView};
use super::preview::{SolutionSyncPreview, preview};
use super::{steps, store};
use crate::access::{self, Thing};
use crate::assignments::{self, Assignment};
use crate::bundles::Bundle;
use crate::permissions::{PlanRead, PlanWrite};
use crate::{customers, plans};

/// List solution plans
///
/// In the order they were made, with their sums.
#[utoipa::path(tag = "solution plans", params(SolutionPlanQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<SolutionPlanView>)))]
#[get("/solution-plans")]
pub(super) async fn list_solution_plans(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<SolutionPlanQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "solution_plans")?);
    who.read(&db, async |conn| {
        let scope = access::scope(&who, conn).await?;
        let rows = store::page(conn, who.tenant, (&query, &scope), after, limit).await?;
        let key = |row: &SolutionPlan| vec![row.id.to_string().into()];
        let mut page = Cursor::page(rows, limit, &context.config.keys, "solution_plans", key);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, who.tenant, (&query, &scope)).await?);
        }
        Reply::ok(&page.map(SolutionPlanView::from))
    })
    .await
}

/// Show a solution plan
///
/// Its sums and its parts: the plan of the solution's own tasks, then those of its products in the solution's order. GET
/// /plans/{planId}/tasks has the tasks of each.
#[utoipa::path(tag = "solution plans", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = ShownSolutionPlan)))]
#[get("/solution-plans/{solutionPlanId}")]
pub(super) async fn show_solution_plan(who: Allow<PlanRead>, db: Data<Db>, Path(id): Path<SolutionPlanId>) -> Answer {
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::SolutionPlan(id)).await?;
        let plan = store::find_with_standing(conn, who.tenant, id).await?;
        let plan = plan.ok_or_else(|| Problem::not_found("solution plan"))?;
        let parts = plans::parts(conn, who.tenant, id).await?;
        Ok(Reply::show(&ShownSolutionPlan::of(plan, parts))?.in_full())
    })
    .await
}

/// Show what a sync of a solution plan would change
///
/// A dry run: part by part, which products would come in or leave, at what licence level each would be, and what would become
/// of its plan. Nothing is written.
#[utoipa::path(tag = "solution plans", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = SolutionSyncPreview), (status = 409, description = "The solution is no longer in the catalog.")))]
#[get("/solution-plans/{solutionPlanId}/sync")]
pub(super) async fn show_solution_sync(
    who: Allow<PlanRead>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path(id): Path<SolutionPlanId>,
) -> Answer {
    let (_, bundle) = look(&who, &db, &catalog, id).await?;
    who.read(&db, async |conn| {
        let whole = whole(conn, &who, id).await?;
        Reply::ok(&preview(conn, (&whole, id), &bundle, db.clock().now()).await?)
    })
    .await
}

/// Sync a solution plan with the catalog
///
/// Products that the solution has now come in: an assignment that the customer has and that stands alone becomes a part, else
/// one is made. All parts take the solution's choice and its licence level, or keep a higher one that the customer had before,
/// and each plan is synced as POST /plans/{planId}/sync does it, and can be undone by itself. Products that the solution no
/// longer has, or that are deleted, leave: their assignments stand alone from then on, with their plans as they are. All of it
/// happens or nothing. `If-Match` with the solution plan's version is honoured when sent.
#[utoipa::path(tag = "solution plans", security(("bearer" = [PlanWrite::NAME])), responses((status = 200, body = SolutionSyncedView), (status = 409, description = "The solution is no longer in the catalog, the customer is deleted, or somebody has synced a plan meanwhile."), (status = 412, description = "Somebody else changed it.")))]
#[post("/solution-plans/{solutionPlanId}/sync")]
pub(super) async fn sync_solution_plan(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path(id): Path<SolutionPlanId>,
) -> Answer {
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    // Asked before the write begins: no transaction waits for another service.
    let (known, bundle) = look(&who, &db, &catalog, id).await?;
    who.write(&db, async |tx| {
        let whole = assignments::fetch_for_change(tx, known.id).await?;
        customers::hold(tx, whole.customer_id).await?.require_present()?;
        let ((before, after), plans) = steps::follow(tx, &whole, id, &bundle).await?;
        // Its row is locked after its plans, so only now nobody can change it any more. A refusal takes all of it back.
        who.expect_version(before.version)?;
        Reply::ok(&SolutionSyncedView { solution_plan: after.into(), plans })
    })
    .await
}

/// The assignment of a solution plan that the caller may do `P` with, and its solution as the catalog shows it now.
async fn look<P: Permission>(
    who: &Allow<P>,
    db: &Db,
    catalog: &Catalog,
    id: SolutionPlanId,
) -> Result<(Assignment, Bundle), Problem> {
    let find = async |conn: &Conn| {
        access::may(who, conn, Thing::SolutionPlan(id)).await?;
        whole(conn, who, id).await
    };
    let whole = who.look(db, find).await?;
    let bundle = Bundle::ask(catalog, who.actor(), whole.owner()).await?;
    let bundle = bundle.ok_or_else(|| whole.gone())?;
    Ok((whole, bundle))
}

/// The assignment of a solution plan.
async fn whole<P: Permission>(conn: &Conn, who: &Allow<P>, id: SolutionPlanId) -> Result<Assignment, Problem> {
    let missing = || Problem::not_found("solution plan");
    let plan = store::find(conn, who.tenant, id).await?.ok_or_else(missing)?;
    assignments::find(conn, who.tenant, plan.assignment_id).await?.ok_or_else(missing)
}
