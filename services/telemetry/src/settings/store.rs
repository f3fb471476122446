//! The statements of settings, and of what they make an end of.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Problem, TenantId, Timestamp};

use super::model::Settings;
use crate::schema::{batches, refusals, repeats, rollups, settings};

/// The settings, unless nobody has ever set them.
pub(super) async fn find(mut conn: &Conn, tenant: TenantId) -> Result<Option<Settings>, Problem> {
    Ok(settings::table.find(tenant).select(Settings::as_select()).first(&mut conn).await.optional()?)
}

/// The settings, locked until the transaction ends.
pub(super) async fn fetch_for_change(tx: &mut Tx) -> Result<Option<Settings>, Problem> {
    let row = settings::table.find(tx.tenant()).select(Settings::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// Writes the settings.
pub(super) async fn put(tx: &mut Tx, settings: &Settings) -> Result<(), Problem> {
    let insert = diesel::insert_into(settings::table).values(settings).on_conflict(settings::tenant_id);
    insert.do_update().set(settings).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Deletes up to so many values from before this moment; says how many there were.
pub(super) async fn delete_values(tx: &mut Tx, before: Timestamp, most: i64) -> Result<usize, Problem> {
    let delete = diesel::sql_query(
        "delete from \"values\" where tenant_id = $1 and observed_at < $2 \
             and (assignment_id, event_id, observed_at) in (select assignment_id, event_id, observed_at from \"values\" \
                 where tenant_id = $1 and observed_at < $2 limit $3)",
    );
    let delete = delete.bind::<SqlUuid, _>(tx.tenant()).bind::<Timestamptz, _>(before).bind::<BigInt, _>(most);
    Ok(delete.execute(&mut tx.conn()).await?)
}

/// Deletes what else is left of the days before this moment's.
pub(super) async fn delete_rest(tx: &mut Tx, before: Timestamp) -> Result<(), Problem> {
    let (tenant, day) = (tx.tenant(), before.date_naive());
    let days = rollups::table.filter(rollups::tenant_id.eq(tenant)).filter(rollups::day.lt(day));
    diesel::delete(days).execute(&mut tx.conn()).await?;
    let refused = refusals::table.filter(refusals::tenant_id.eq(tenant)).filter(refusals::received_at.lt(before));
    diesel::delete(refused).execute(&mut tx.conn()).await?;
    let came = batches::table.filter(batches::tenant_id.eq(tenant)).filter(batches::received_at.lt(before));
    diesel::delete(came).execute(&mut tx.conn()).await?;
    let repeated = repeats::table.filter(repeats::tenant_id.eq(tenant)).filter(repeats::observed_at.lt(before));
    diesel::delete(repeated).execute(&mut tx.conn()).await?;
    Ok(())
}
