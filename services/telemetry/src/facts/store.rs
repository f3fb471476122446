//! The statements of facts.

use std::collections::HashMap;

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Timestamptz, Uuid as SqlUuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{AssignmentId, CustomerAttributeId, CustomerTaskId, Problem, TenantId, Timestamp};
use uuid::Uuid;

use super::model::Facts;
use super::standing::Signs;
use crate::schema::facts;
use crate::values::span;

/// The facts of these tasks that were announced so far.
pub(super) async fn of_tasks(
    mut conn: &Conn,
    tenant: TenantId,
    tasks: Vec<CustomerTaskId>,
) -> Result<HashMap<CustomerTaskId, Facts>, Problem> {
    let rows = facts::table.filter(facts::tenant_id.eq(tenant)).filter(facts::customer_task_id.eq_any(tasks));
    let rows: Vec<Facts> = rows.select(Facts::as_select()).load(&mut conn).await?;
    Ok(rows.into_iter().map(|row| (row.customer_task_id, row)).collect())
}

/// Writes the facts as they are announced now. The attributes of their tasks are locked, so nobody else writes them.
pub(super) async fn upsert(tx: &mut Tx, changed: &[Facts]) -> Result<(), Problem> {
    for chunk in changed.chunks(500) {
        diesel::insert_into(facts::table)
            .values(chunk)
            .on_conflict((facts::tenant_id, facts::customer_task_id))
            .do_update()
            .set((
                facts::version.eq(excluded(facts::version)),
                facts::active.eq(excluded(facts::active)),
                facts::required.eq(excluded(facts::required)),
                facts::with_data.eq(excluded(facts::with_data)),
                facts::required_with_data.eq(excluded(facts::required_with_data)),
                facts::met.eq(excluded(facts::met)),
                facts::required_met.eq(excluded(facts::required_met)),
                facts::evaluated_at.eq(excluded(facts::evaluated_at)),
                facts::standing.eq(excluded(facts::standing)),
            ))
            .execute(&mut tx.conn())
            .await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Alive {
    #[diesel(sql_type = Bool)]
    at_once: bool,
    #[diesel(sql_type = Bool)]
    ever_since: bool,
}

/// Whether one of these attributes of an assignment had data at a moment, and at every one from then on. Only where a complete
/// feed was silent can there be a moment without.
pub(super) async fn signs(
    tx: &mut Tx,
    assignment: AssignmentId,
    optional: &[CustomerAttributeId],
    since: Timestamp,
) -> Result<Signs, Problem> {
    let spans = optional.iter().map(|id| span(*id, Timestamp::from_micros(0), tx.now() + chrono::Duration::days(1)));
    let (least, greatest): (Vec<Uuid>, Vec<Uuid>) = spans.unzip();
    let Alive { at_once, ever_since } = diesel::sql_query(
        "with said as ( \
             select at, attribute_ids from silences where tenant_id = $1 and assignment_id = $2 and attribute_ids && $4 \
         ), moments as ( \
             select at from said where at > $3 union select $3 \
         ), seen as ( \
             select m.at, exists ( \
                 select from unnest($4, $5, $6) as o(id, least, greatest) cross join lateral ( \
                     select coalesce(max(s.at), '-infinity') as at from said s where s.at <= m.at and o.id = any(s.attribute_ids) \
                 ) as gone \
                 where exists (select from \"values\" v where v.tenant_id = $1 and v.assignment_id = $2 \
                     and v.event_id between o.least and o.greatest and v.attribute_id = o.id \
                     and v.observed_at > gone.at and v.observed_at <= m.at) \
             ) as alive from moments m \
         ) \
         select bool_and(alive or at > $3) as at_once, bool_and(alive) as ever_since from seen",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<SqlUuid, _>(assignment)
    .bind::<Timestamptz, _>(since)
    .bind::<Array<SqlUuid>, _>(optional)
    .bind::<Array<SqlUuid>, _>(least)
    .bind::<Array<SqlUuid>, _>(greatest)
    .get_result(&mut tx.conn())
    .await?;
    Ok(Signs { at_once, ever_since })
}
