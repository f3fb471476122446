//! The statements of the lists. Customers who are deleted are in none of them.

use chrono::NaiveDate;
use contracts::identity::Scope;
use db::Conn;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Hundredths, Problem, TenantId, Timestamp};
use uuid::Uuid;

use super::file::Part;
use super::lists::{CompletionTime, LevelAdoption, LowAdoption, SkippedTask, StalledTask, TrendMonth, UnsyncedPlan};
use crate::revisions::NEEDS_SYNC;

/// Whose customers are meant.
pub(super) struct Among {
    pub(super) tenant: TenantId,
    customers: Option<Vec<Uuid>>,
}

impl Among {
    /// Those of a tenant that a caller sees.
    pub(super) fn new(tenant: TenantId, scope: Scope) -> Self {
        let customers = match scope {
            Scope::All => None,
            Scope::Some(ids) => Some(ids),
        };
        Self { tenant, customers }
    }
}

/// Tasks in progress since before a moment, the longest first; with one row more to tell whether there is another page.
pub(super) async fn stalled(
    mut conn: &Conn,
    among: &Among,
    (before, now): (Timestamp, Timestamp),
    part: &Part,
) -> Result<Vec<StalledTask>, Problem> {
    let after = part.after.as_ref();
    let rows = diesel::sql_query(
        "select t.id as customer_task_id, t.name, plan_id, owner_name as product_name, customer_id, c.name as customer_name, \
             status_source, status_updated_at as since, \
             floor(extract(epoch from $4 - status_updated_at) / 86400)::integer as days \
         from customer_tasks t join plans p on p.tenant_id = t.tenant_id and p.id = plan_id \
             join customers c on c.tenant_id = p.tenant_id and c.id = customer_id \
         where t.tenant_id = $1 and ($2 is null or customer_id = any($2)) and c.deleted_at is null \
             and status = 'IN_PROGRESS' and status_updated_at < $3 \
             and ($5 is null or (status_updated_at, t.id) > ($5, $6)) \
         order by status_updated_at, t.id limit $7",
    );
    rows.bind::<SqlUuid, _>(among.tenant)
        .bind::<Nullable<Array<SqlUuid>>, _>(among.customers.as_ref())
        .bind::<Timestamptz, _>(before)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Timestamptz>, _>(after.and_then(|cursor| cursor.key::<Timestamp>(0)))
        .bind::<Nullable<SqlUuid>, _>(after.and_then(|cursor| cursor.key::<Uuid>(1)))
        .bind::<BigInt, _>(part.limit + 1)
        .load(&mut conn)
        .await
        .map_err(Problem::from)
}

/// Customers whose products have come less far than this on average, the least first.
pub(super) async fn low_adoption(
    mut conn: &Conn,
    among: &Among,
    below: Hundredths,
    part: &Part,
) -> Result<Vec<LowAdoption>, Problem> {
    let after = part.after.as_ref();
    let rows = diesel::sql_query(
        "select customer_id, name as customer_name, products, adoption, total_tasks, completed_tasks from ( \
             select a.customer_id, count(*) as products, \
                 round(coalesce(sum(progress_percentage), 0)::numeric / count(*))::integer as adoption, \
                 coalesce(sum(total_tasks), 0) as total_tasks, coalesce(sum(completed_tasks), 0) as completed_tasks \
             from assignments a left join plans p on p.tenant_id = a.tenant_id and p.id = plan_id \
             where a.tenant_id = $1 and ($2 is null or a.customer_id = any($2)) and a.owner_kind = 'PRODUCT' \
             group by a.customer_id) as each \
             join customers c on c.tenant_id = $1 and c.id = customer_id \
         where deleted_at is null and adoption < $3 and ($4 is null or (adoption, customer_id) > ($4, $5)) \
         order by adoption, customer_id limit $6",
    );
    rows.bind::<SqlUuid, _>(among.tenant)
        .bind::<Nullable<Array<SqlUuid>>, _>(among.customers.as_ref())
        .bind::<Integer, _>(below)
        .bind::<Nullable<Integer>, _>(after.and_then(|cursor| cursor.key::<i32>(0)))
        .bind::<Nullable<SqlUuid>, _>(after.and_then(|cursor| cursor.key::<Uuid>(1)))
        .bind::<BigInt, _>(part.limit + 1)
        .load(&mut conn)
        .await
        .map_err(Problem::from)
}

/// The catalog's tasks that were skipped, the one skipped most first, each called as in the latest of these plans.
pub(super) async fn skipped(mut conn: &Conn, among: &Among, part: &Part) -> Result<Vec<SkippedTask>, Problem> {
    let after = part.after.as_ref();
    let rows = diesel::sql_query(
        "with seen as materialized ( \
             select p.id, owner_id from plans p join customers c on c.tenant_id = p.tenant_id and c.id = customer_id \
             where p.tenant_id = $1 and ($2 is null or customer_id = any($2)) and deleted_at is null \
         ), sizes as materialized ( \
             select owner_id, count(*) as plans from seen group by owner_id \
         ), most as ( \
             select original_task_id as task_id, count(*) as skipped, (array_agg(plan_id order by plan_id desc))[1] as latest \
             from customer_tasks join seen on seen.id = plan_id \
             where tenant_id = $1 and status = 'NOT_APPLICABLE' and status_source <> 'SYSTEM' \
             group by original_task_id \
             having $3 is null or (-count(*), original_task_id) > (-$3, $4) \
             order by skipped desc, task_id limit $5 \
         ) \
         select task_id, t.name, skipped, case owner_kind when 'PRODUCT' then owner_id end as product_id, \
             case owner_kind when 'SOLUTION' then owner_id end as solution_id, owner_name as product_name, plans \
         from most join plans p on p.tenant_id = $1 and p.id = latest \
             join customer_tasks t on t.tenant_id = $1 and t.plan_id = latest and original_task_id = task_id \
                 and status = 'NOT_APPLICABLE' and status_source <> 'SYSTEM' \
             join sizes using (owner_id) \
         order by skipped desc, task_id",
    );
    rows.bind::<SqlUuid, _>(among.tenant)
        .bind::<Nullable<Array<SqlUuid>>, _>(among.customers.as_ref())
        .bind::<Nullable<BigInt>, _>(after.and_then(|cursor| cursor.key::<i64>(0)))
        .bind::<Nullable<SqlUuid>, _>(after.and_then(|cursor| cursor.key::<Uuid>(1)))
        .bind::<BigInt, _>(part.limit + 1)
        .load(&mut conn)
        .await
        .map_err(Problem::from)
}

/// Plans that were last made equal to the catalog before a moment, the longest ago first.
pub(super) async fn unsynced(
    mut conn: &Conn,
    among: &Among,
    (before, now): (Timestamp, Timestamp),
    part: &Part,
) -> Result<Vec<UnsyncedPlan>, Problem> {
    let after = part.after.as_ref();
    let rows = diesel::sql_query(format!(
        "select plans.id as plan_id, owner_name as product_name, customer_id, c.name as customer_name, progress_percentage, \
             last_synced_at, floor(extract(epoch from $4 - last_synced_at) / 86400)::integer as days, \
             {NEEDS_SYNC} as needs_sync \
         from plans join customers c on c.tenant_id = plans.tenant_id and c.id = customer_id \
         where plans.tenant_id = $1 and ($2 is null or customer_id = any($2)) and deleted_at is null \
             and last_synced_at < $3 and ($5 is null or (last_synced_at, plans.id) > ($5, $6)) \
         order by last_synced_at, plans.id limit $7"
    ));
    rows.bind::<SqlUuid, _>(among.tenant)
        .bind::<Nullable<Array<SqlUuid>>, _>(among.customers.as_ref())
        .bind::<Timestamptz, _>(before)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Timestamptz>, _>(after.and_then(|cursor| cursor.key::<Timestamp>(0)))
        .bind::<Nullable<SqlUuid>, _>(after.and_then(|cursor| cursor.key::<Uuid>(1)))
        .bind::<BigInt, _>(part.limit + 1)
        .load(&mut conn)
        .await
        .map_err(Problem::from)
}

/// How long the tasks of each product take, the slowest first; those of which nothing is done last.
pub(super) async fn completion_times(mut conn: &Conn, among: &Among) -> Result<Vec<CompletionTime>, Problem> {
    let rows = diesel::sql_query(
        "select case owner_kind when 'PRODUCT' then owner_id end as product_id, \
             case owner_kind when 'SOLUTION' then owner_id end as solution_id, max(owner_name) as product_name, \
             count(*) as plans, sum(completed_tasks) as completed_tasks, \
             round(sum(completed_seconds) / 864.0 / nullif(sum(completed_tasks), 0))::integer as mean_days \
         from plans p join customers c on c.tenant_id = p.tenant_id and c.id = customer_id \
             left join plan_totals t on t.tenant_id = p.tenant_id and t.plan_id = p.id \
         where p.tenant_id = $1 and ($2 is null or customer_id = any($2)) and deleted_at is null \
         group by owner_kind, owner_id order by mean_days desc nulls last, product_name, owner_id",
    );
    let rows = rows.bind::<SqlUuid, _>(among.tenant);
    Ok(rows.bind::<Nullable<Array<SqlUuid>>, _>(among.customers.as_ref()).load(&mut conn).await?)
}

/// How far the plans of each licence level have come, the lowest level first.
pub(super) async fn levels(mut conn: &Conn, among: &Among) -> Result<Vec<LevelAdoption>, Problem> {
    let rows = diesel::sql_query(
        "select license_level, count(distinct customer_id) as customers, count(*) as plans, sum(total_tasks) as total_tasks, \
             sum(completed_tasks) as completed_tasks, round(avg(progress_percentage))::integer as mean_progress, \
             round(sum(completed_seconds) / 864.0 / nullif(sum(completed_tasks), 0))::integer as mean_days \
         from plans p join customers c on c.tenant_id = p.tenant_id and c.id = customer_id \
             left join plan_totals t on t.tenant_id = p.tenant_id and t.plan_id = p.id \
         where p.tenant_id = $1 and ($2 is null or customer_id = any($2)) and deleted_at is null \
         group by license_level order by array_position('{ESSENTIAL,ADVANTAGE,SIGNATURE}', license_level)",
    );
    let rows = rows.bind::<SqlUuid, _>(among.tenant);
    Ok(rows.bind::<Nullable<Array<SqlUuid>>, _>(among.customers.as_ref()).load(&mut conn).await?)
}

/// What happened in each month between these two, the first one first.
pub(super) async fn months(
    mut conn: &Conn,
    among: &Among,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<TrendMonth>, Problem> {
    let rows = diesel::sql_query(
        "with deleted as ( \
             select array_agg(id) as customers from customers where tenant_id = $1 and deleted_at is not null \
         ), done as ( \
             select month, sum(completed_tasks) as tasks from plan_months \
             where tenant_id = $1 and ($2 is null or customer_id = any($2)) and month between $3 and $4 \
                 and (customer_id = any((select customers from deleted)::uuid[])) is not true \
             group by month \
         ), made as ( \
             select date_trunc('month', created_at at time zone 'UTC')::date as month, count(*) as plans from plans \
             where tenant_id = $1 and ($2 is null or customer_id = any($2)) and created_at >= $3::timestamp at time zone 'UTC' \
                 and (customer_id = any((select customers from deleted)::uuid[])) is not true \
             group by 1 \
         ) \
         select each::date as month, coalesce(tasks, 0) as completed_tasks, coalesce(plans, 0) as plans_made \
         from generate_series($3::timestamp, $4::timestamp, interval '1 month') as each \
             left join done on done.month = each::date left join made on made.month = each::date \
         order by each",
    );
    rows.bind::<SqlUuid, _>(among.tenant)
        .bind::<Nullable<Array<SqlUuid>>, _>(among.customers.as_ref())
        .bind::<Date, _>(first)
        .bind::<Date, _>(last)
        .load(&mut conn)
        .await
        .map_err(Problem::from)
}
