//! The statements of facts.

use std::collections::HashMap;

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{CustomerTaskId, Problem, TenantId};

use super::model::Facts;
use crate::schema::facts;

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
            ))
            .execute(&mut tx.conn())
            .await?;
    }
    Ok(())
}
