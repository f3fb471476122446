//! The grants as a service has heard of them.

use auth::Grant;
use bus::Consumer;
use chrono::Duration;
use contracts::Envelope;
use contracts::identity::{GRANT_DELETED, GrantLevel, GrantView, GrantedType};
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{GrantId, Problem, TenantId};
use uuid::Uuid;

use crate::schema::grants;

/// Grants that were taken back are remembered this long: what was told late, from the dead letters too, must not bring an old
/// one back.
const REMEMBERED: Duration = Duration::days(400);

pub(crate) async fn of_subjects(mut conn: &Conn, tenant: TenantId, subjects: &[Uuid]) -> Result<Vec<Grant>, Problem> {
    type Row = (GrantId, GrantedType, Option<Uuid>, GrantLevel);
    let rows = grants::table
        .filter(grants::tenant_id.eq(tenant))
        .filter(grants::subject_id.eq_any(subjects))
        .filter(grants::deleted_at.is_null())
        .order(grants::id)
        .select((grants::id, grants::resource_type, grants::resource_id, grants::level));
    let rows: Vec<Row> = rows.load(&mut conn).await?;
    let grant = |(id, resource_type, resource_id, level)| Grant { id, resource_type, resource_id, level };
    Ok(rows.into_iter().map(grant).collect())
}

/// Keeps a service's grants as identity tells of them.
#[must_use]
pub fn consumer(queue: &'static str) -> Consumer {
    Consumer::new(queue, |tx, event| Box::pin(hear(tx, event)))
}

async fn hear(tx: &mut Tx, event: &Envelope) -> Result<(), Problem> {
    let grant: GrantView = event.state().map_err(Problem::internal)?;
    let deleted_at = (event.key() == GRANT_DELETED.key).then_some(event.time);
    let told = diesel::sql_query(
        "insert into grants as known (tenant_id, id, version, subject_id, resource_type, resource_id, level, deleted_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) \
         on conflict (tenant_id, id) do update set version = excluded.version, level = excluded.level, \
             deleted_at = excluded.deleted_at \
         where excluded.version > known.version",
    );
    told.bind::<SqlUuid, _>(tx.tenant())
        .bind::<SqlUuid, _>(grant.id)
        .bind::<BigInt, _>(grant.version)
        .bind::<SqlUuid, _>(grant.subject_id)
        .bind::<Text, _>(grant.resource_type)
        .bind::<Nullable<SqlUuid>, _>(grant.resource_id)
        .bind::<Text, _>(grant.level)
        .bind::<Nullable<Timestamptz>, _>(deleted_at)
        .execute(&mut tx.conn())
        .await?;
    let old =
        grants::table.filter(grants::tenant_id.eq(tx.tenant())).filter(grants::deleted_at.lt(tx.now() - REMEMBERED));
    diesel::delete(old).execute(&mut tx.conn()).await?;
    Ok(())
}
