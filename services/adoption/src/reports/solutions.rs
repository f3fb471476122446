//! How customers adopt a solution: one solution plan looked into, and those of all customers beside each other.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::Data;
use chrono::{Duration, NaiveDate};
use contracts::adoption::{PartStatus, TaskStatus};
use contracts::catalog::OwnerKind;
use contracts::identity::Scope;
use db::{Conn, Db};
use diesel::QueryableByName;
use diesel::dsl::count_star;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{CustomerId, Hundredths, PlanId, Problem, ProductId, SolutionId, SolutionPlanId, TenantId, Timestamp};
use serde::Serialize;
use uuid::Uuid;
use web::{Allow, Answer, Context, Path, Reply};

use super::verdict::{Bottleneck, BottleneckKind, Facts, Verdict, percent};
use crate::access::{self, Thing};
use crate::permissions::PlanRead;
use crate::plans;
use crate::schema::customer_tasks;

/// How many of the best and of the last are shown.
const SHOWN: usize = 5;

/// A solution plan in numbers.
#[derive(Debug, QueryableByName)]
#[diesel(check_for_backend(Pg))]
struct Look {
    #[diesel(sql_type = SqlUuid)]
    id: SolutionPlanId,
    #[diesel(sql_type = SqlUuid)]
    customer_id: CustomerId,
    #[diesel(sql_type = Text)]
    customer_name: String,
    #[diesel(sql_type = Text)]
    solution_name: String,
    #[diesel(sql_type = Text)]
    status: PartStatus,
    #[diesel(sql_type = Timestamptz)]
    created_at: Timestamp,
    #[diesel(sql_type = Timestamptz)]
    updated_at: Timestamp,
    #[diesel(sql_type = Integer)]
    total_tasks: i32,
    #[diesel(sql_type = Integer)]
    completed_tasks: i32,
    #[diesel(sql_type = Integer)]
    progress_percentage: Hundredths,
    #[diesel(sql_type = BigInt)]
    no_longer_using: i64,
    #[diesel(sql_type = BigInt)]
    stuck: i64,
    #[diesel(sql_type = BigInt)]
    unproved: i64,
    #[diesel(sql_type = BigInt)]
    active: i64,
    #[diesel(sql_type = BigInt)]
    met: i64,
    #[diesel(sql_type = Array<Text>)]
    lagging: Vec<String>,
}

/// A solution plan, looked into.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct SolutionReport {
    /// The solution plan.
    solution_plan_id: SolutionPlanId,
    /// Whose it is.
    customer_id: CustomerId,
    /// What the customer is called.
    customer_name: String,
    /// What the solution is called.
    solution_name: String,
    /// How far the whole has come, in percent of its weight.
    overall_progress: Hundredths,
    /// Tasks that are done, in percent of those that count.
    task_completion_percentage: Hundredths,
    /// How many tasks have each status.
    #[schema(value_type = BTreeMap<String, i64>)]
    tasks_by_status: BTreeMap<&'static str, i64>,
    /// Whole days since the plan was made.
    days_in_progress: i64,
    /// The solution's own tasks, then its products in its order.
    product_progress: Vec<PartProgress>,
    #[serde(flatten)]
    verdict: Verdict,
    /// The day on which it ends at this pace.
    estimated_completion_date: NaiveDate,
    /// What to do, the most pressing first.
    recommendations: Vec<String>,
}

/// How far a part of a solution plan has come.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct PartProgress {
    /// Its plan.
    plan_id: PlanId,
    /// The product; null for the solution's own tasks.
    product_id: Option<ProductId>,
    /// What the product is called, or the solution.
    product_name: String,
    /// Percent of its weight.
    progress_percentage: Hundredths,
    /// Tasks that count.
    total_tasks: i32,
    /// Those that are done.
    completed_tasks: i32,
}

/// How the customers of a solution compare.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct SolutionComparison {
    /// The solution.
    solution_id: SolutionId,
    /// What it is called.
    solution_name: String,
    /// Customers who have it.
    total_customers: usize,
    /// Their plans of it.
    total_plans: usize,
    /// The mean of their progress, in percent.
    average_progress: Hundredths,
    /// Days that the plans took which are completed: their mean. Null when none is.
    average_days_to_complete: Option<Hundredths>,
    /// Plans that are completed, in percent.
    success_rate: Hundredths,
    /// The five that have come furthest.
    best: Vec<Compared>,
    /// The five that have come least far.
    struggling: Vec<Compared>,
    /// What holds plans up, the most common first.
    common_bottlenecks: Vec<CommonBottleneck>,
}

/// One customer's plan among others.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Compared {
    /// The solution plan.
    solution_plan_id: SolutionPlanId,
    /// Whose it is.
    customer_id: CustomerId,
    /// What the customer is called.
    customer_name: String,
    /// How far it has come, in percent.
    progress_percentage: Hundredths,
    /// Whole days since it was made.
    days_in_progress: i64,
    /// Its health: 0 to 100.
    health_score: Hundredths,
}

/// What holds several plans up.
#[derive(Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct CommonBottleneck {
    /// What it is.
    kind: BottleneckKind,
    /// The product that is behind; null for the other kinds.
    product_name: Option<String>,
    /// How many plans it holds up.
    plans: i64,
    /// In percent of all plans.
    share: Hundredths,
    /// How many tasks it is about, in all of them.
    tasks: i64,
}

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
        let look = looks(conn, who.tenant, Which::Plan(id), now).await?.pop();
        let look = look.ok_or_else(|| Problem::not_found("solution plan"))?;
        let parts = plans::parts(conn, who.tenant, id).await?;
        let statuses = statuses(conn, who.tenant, parts.iter().map(|(plan, _)| plan.id).collect()).await?;
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
        let looks = looks(conn, who.tenant, Which::Solution(id, &scope), now).await?;
        let comparison = SolutionComparison::of(id, &looks, now);
        Reply::ok(&comparison.ok_or_else(|| Problem::not_found("solution that a customer has"))?)
    })
    .await
}

/// The solution plans that are looked at.
enum Which<'a> {
    Plan(SolutionPlanId),
    Solution(SolutionId, &'a Scope),
}

/// Solution plans in numbers, the one that has come furthest first. Customers who are deleted are left out.
async fn looks(mut conn: &Conn, tenant: TenantId, which: Which<'_>, now: Timestamp) -> Result<Vec<Look>, Problem> {
    let (plan, solution, customers): (Option<Uuid>, Option<Uuid>, Option<&Vec<Uuid>>) = match which {
        Which::Plan(id) => (Some(id.0), None, None),
        Which::Solution(id, Scope::All) => (None, Some(id.0), None),
        Which::Solution(id, Scope::Some(customers)) => (None, Some(id.0), Some(customers)),
    };
    let rows = diesel::sql_query(
        "with whole as materialized ( \
             select s.*, c.name as customer_name \
             from solution_plans s join customers c on c.tenant_id = s.tenant_id and c.id = customer_id \
             where s.tenant_id = $1 and ($2 is null or s.id = $2) and ($3 is null or solution_id = $3) \
                 and ($4 is null or customer_id = any($4)) and deleted_at is null \
         ), part as materialized ( \
             select p.id, solution_plan_id, p.owner_kind = 'PRODUCT' and p.total_tasks > 3 \
                 and 2 * p.progress_percentage < w.progress_percentage as is_lagging, owner_name \
             from whole w join plans p on p.tenant_id = $1 and p.solution_plan_id = w.id \
         ), stuck as ( \
             select plan_id, count(*) as tasks from customer_tasks \
             where tenant_id = $1 and status = 'IN_PROGRESS' and plan_id in (select id from part) \
                 and status_updated_at + case est_minutes when 0 then interval '14 days' \
                     else est_minutes * interval '6 minutes' end < $5 \
             group by plan_id \
         ), total as ( \
             select solution_plan_id, sum(no_longer_using) as no_longer_using, sum(unproved) as unproved, \
                 sum(active) as active, sum(met) as met, sum(stuck.tasks)::bigint as stuck, \
                 array_agg(owner_name) filter (where is_lagging) as lagging \
             from part left join plan_totals k on k.tenant_id = $1 and k.plan_id = part.id \
                 left join stuck on stuck.plan_id = part.id \
             group by solution_plan_id \
         ) \
         select w.id, customer_id, customer_name, solution_name, status, created_at, updated_at, total_tasks, completed_tasks, \
             progress_percentage, coalesce(stuck, 0) as stuck, coalesce(no_longer_using, 0) as no_longer_using, \
             coalesce(unproved, 0) as unproved, coalesce(active, 0) as active, coalesce(met, 0) as met, \
             coalesce(lagging, '{}') as lagging \
         from whole w left join total on total.solution_plan_id = w.id \
         order by progress_percentage desc, w.id",
    );
    rows.bind::<SqlUuid, _>(tenant)
        .bind::<Nullable<SqlUuid>, _>(plan)
        .bind::<Nullable<SqlUuid>, _>(solution)
        .bind::<Nullable<Array<SqlUuid>>, _>(customers)
        .bind::<Timestamptz, _>(now)
        .load(&mut conn)
        .await
        .map_err(Problem::from)
}

/// How many tasks of some plans have each status.
async fn statuses(mut conn: &Conn, tenant: TenantId, of: Vec<PlanId>) -> Result<Vec<(TaskStatus, i64)>, Problem> {
    let rows = customer_tasks::table.filter(customer_tasks::tenant_id.eq(tenant));
    let rows = rows.filter(customer_tasks::plan_id.eq_any(of)).group_by(customer_tasks::status);
    Ok(rows.select((customer_tasks::status, count_star())).load(&mut conn).await?)
}

impl Look {
    fn days(&self, now: Timestamp) -> i64 {
        (now - self.created_at).num_days().max(0)
    }

    fn judge(&self, now: Timestamp) -> Verdict {
        let facts = Facts {
            days: self.days(now),
            total: self.total_tasks.into(),
            completed: self.completed_tasks.into(),
            progress: self.progress_percentage,
            no_longer_using: self.no_longer_using,
            stuck: self.stuck,
            unproved: self.unproved,
            active: self.active,
            met: self.met,
            lagging: self.lagging.clone(),
        };
        facts.judge()
    }
}

impl From<plans::Plan> for PartProgress {
    fn from(plan: plans::Plan) -> Self {
        Self {
            plan_id: plan.id,
            product_id: (plan.owner_kind == OwnerKind::Product).then_some(ProductId(plan.owner_id)),
            product_name: plan.owner_name,
            progress_percentage: plan.progress.progress_percentage,
            total_tasks: plan.progress.total_tasks,
            completed_tasks: plan.progress.completed_tasks,
        }
    }
}

impl SolutionReport {
    fn of(look: Look, parts: Vec<PartProgress>, statuses: Vec<(TaskStatus, i64)>, now: Timestamp) -> Self {
        let (verdict, days) = (look.judge(now), look.days(now));
        let mut tasks_by_status: BTreeMap<_, _> = TaskStatus::ALL.iter().map(|status| (status.as_str(), 0)).collect();
        tasks_by_status.extend(statuses.into_iter().map(|(status, count)| (status.as_str(), count)));
        Self {
            solution_plan_id: look.id,
            customer_id: look.customer_id,
            customer_name: look.customer_name,
            solution_name: look.solution_name,
            overall_progress: look.progress_percentage,
            task_completion_percentage: percent(look.completed_tasks.into(), look.total_tasks.into())
                .unwrap_or_default(),
            tasks_by_status,
            days_in_progress: days,
            product_progress: parts,
            estimated_completion_date: (now + Duration::days(verdict.estimated_days_remaining)).date_naive(),
            recommendations: verdict.bottlenecks.iter().map(Bottleneck::advice).collect(),
            verdict,
        }
    }
}

impl SolutionComparison {
    /// The comparison of plans that are sorted by how far they have come; `None` when there are none.
    fn of(solution_id: SolutionId, looks: &[Look], now: Timestamp) -> Option<Self> {
        let judged: Vec<(&Look, Verdict)> = looks.iter().map(|look| (look, look.judge(now))).collect();
        let compared = |(look, verdict): &(&Look, Verdict)| Compared {
            solution_plan_id: look.id,
            customer_id: look.customer_id,
            customer_name: look.customer_name.clone(),
            progress_percentage: look.progress_percentage,
            days_in_progress: look.days(now),
            health_score: verdict.health_score,
        };
        let plans = i64::try_from(looks.len()).ok()?;
        let mut customers: Vec<_> = looks.iter().map(|look| look.customer_id).collect();
        customers.sort();
        customers.dedup();
        let completed: Vec<_> = looks.iter().filter(|look| look.status == PartStatus::Completed).collect();
        let took = completed.iter().map(|look| (look.updated_at - look.created_at).num_minutes());
        Some(Self {
            solution_id,
            solution_name: looks.first()?.solution_name.clone(),
            total_customers: customers.len(),
            total_plans: looks.len(),
            average_progress: mean(looks.iter().map(|look| look.progress_percentage.0.into())).unwrap_or_default(),
            average_days_to_complete: mean(took.map(|minutes| minutes * 100 / 1_440)),
            success_rate: percent(i64::try_from(completed.len()).ok()?, plans).unwrap_or_default(),
            best: judged.iter().take(SHOWN).map(compared).collect(),
            struggling: judged.iter().rev().take(SHOWN).map(compared).collect(),
            common_bottlenecks: common(judged.iter().flat_map(|(_, verdict)| &verdict.bottlenecks), plans),
        })
    }
}

/// What holds plans up, the most common first.
fn common<'a>(found: impl Iterator<Item = &'a Bottleneck>, of: i64) -> Vec<CommonBottleneck> {
    let mut counted: BTreeMap<(BottleneckKind, Option<&str>), (i64, i64)> = BTreeMap::new();
    for bottleneck in found {
        let (plans, tasks) = counted.entry((bottleneck.kind, bottleneck.product_name.as_deref())).or_default();
        *plans += 1;
        *tasks += bottleneck.tasks;
    }
    let of_kind = |((kind, name), (plans, tasks)): ((BottleneckKind, Option<&str>), (i64, i64))| CommonBottleneck {
        kind,
        product_name: name.map(str::to_owned),
        plans,
        share: percent(plans, of).unwrap_or_default(),
        tasks,
    };
    let mut all: Vec<_> = counted.into_iter().map(of_kind).collect();
    all.sort_by_key(|common| std::cmp::Reverse(common.plans));
    all
}

/// The mean of hundredths, rounded down; of none there is none.
fn mean(of: impl Iterator<Item = i64>) -> Option<Hundredths> {
    let (sum, count) = of.fold((0_i64, 0_i64), |(sum, count), one| (sum + one, count + 1));
    i32::try_from(sum.checked_div(count)?).ok().map(Hundredths)
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Severity;
    use super::*;

    #[test]
    fn what_holds_plans_up_is_counted_by_kind_and_product() {
        let found = |kind, name: Option<&str>, tasks| Bottleneck {
            kind,
            severity: Severity::Medium,
            product_name: name.map(str::to_owned),
            tasks,
            impact_days: 0,
        };
        use BottleneckKind::{LaggingProduct, Stuck};
        let all = [
            found(LaggingProduct, Some("Gate"), 0),
            found(Stuck, None, 2),
            found(LaggingProduct, Some("Crane"), 0),
            found(Stuck, None, 3),
        ];
        let common = common(all.iter(), 4);
        assert_eq!((common.len(), common[0].kind, common[0].plans, common[0].tasks), (3, Stuck, 2, 5));
        assert_eq!((common[0].share, common[1].share), (Hundredths(5_000), Hundredths(2_500)));
    }
}
