//! The reports on solutions over HTTP.

use actix_web::get;
use actix_web::web::Data;
use db::Db;
use kernel::{Problem, SolutionId, SolutionPlanId};
use web::{Allow, Answer, Context, Path, Reply};

use super::model::{PartProgress, SolutionComparison, SolutionReport};
use super::store::{self, Which};
use crate::access::{self, Thing};
use crate::permissions::PlanRead;
use crate::plans;

/// Look into a solution plan
///
/// How far it has come, what holds it up, how likely it is to fail, and when it ends at this pace. A task is stuck that is in
/// progress for more than twice its estimated days (480 minutes are one; seven days where there is no estimate). What telemetry
/// had proved and no longer does counts as blocked.
#[utoipa::path(tag = "reports", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = SolutionReport)))]
#[get("/solution-plans/{solutionPlanId}/report")]
pub(super) async fn show_solution_report(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<SolutionPlanId>,
) -> Answer {
    let now = context.clock.now();
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::SolutionPlan(id)).await?;
        let look = store::looks(conn, who.tenant, Which::Plan(id), now).await?.pop();
        let look = look.ok_or_else(|| Problem::not_found("solution plan"))?;
        let parts = plans::parts(conn, who.tenant, id).await?;
        let statuses = store::statuses(conn, who.tenant, parts.iter().map(|(plan, _)| plan.id).collect()).await?;
        let parts = parts.into_iter().map(|(plan, _)| PartProgress::from(plan)).collect();
        Reply::ok(&SolutionReport::of(look, parts, statuses, now))
    })
    .await
}

/// Compare the customers of a solution
///
/// How far they have come, the five best and the five that struggle, and what holds most of them up.
#[utoipa::path(tag = "reports", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = SolutionComparison)))]
#[get("/reports/solutions/{solutionId}")]
pub(super) async fn compare_customers(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<SolutionId>,
) -> Answer {
    let now = context.clock.now();
    who.read(&db, async |conn| {
        let scope = access::scope(&who, conn).await?;
        let looks = store::looks(conn, who.tenant, Which::Solution(id, &scope), now).await?;
        let comparison = SolutionComparison::of(id, &looks, now);
        Reply::ok(&comparison.ok_or_else(|| Problem::not_found("solution that a customer has"))?)
    })
    .await
}
