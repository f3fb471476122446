//! The statements of the reports on solutions.

use contracts::adoption::TaskStatus;
use contracts::identity::Scope;
use db::Conn;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{PlanId, Problem, SolutionId, SolutionPlanId, TenantId, Timestamp};
use uuid::Uuid;

use super::model::Look;
use crate::schema::customer_tasks;

/// The solution plans that are looked at.
pub(super) enum Which<'a> {
    Plan(SolutionPlanId),
    Solution(SolutionId, &'a Scope),
}

/// Solution plans in numbers, the one that has come furthest first. Customers who are deleted are left out.
pub(super) async fn looks(
    mut conn: &Conn,
    tenant: TenantId,
    which: Which<'_>,
    now: Timestamp,
) -> Result<Vec<Look>, Problem> {
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
         select w.id, customer_id, customer_name, solution_name, created_at, w.completed_at, total_tasks, completed_tasks, \
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
pub(super) async fn statuses(
    mut conn: &Conn,
    tenant: TenantId,
    of: Vec<PlanId>,
) -> Result<Vec<(TaskStatus, i64)>, Problem> {
    let rows = customer_tasks::table.filter(customer_tasks::tenant_id.eq(tenant));
    let rows = rows.filter(customer_tasks::plan_id.eq_any(of)).group_by(customer_tasks::status);
    Ok(rows.select((customer_tasks::status, count_star())).load(&mut conn).await?)
}
