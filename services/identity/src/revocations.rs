//! What ended tokens before their time, for verifiers that start or that were out of the broker's reach.

use actix_web::get;
use actix_web::web::Data;
use auth::{Revocation, Revoked};
use chrono::Duration;
use db::{Conn, Db};
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Problem, TenantId, Timestamp, UserId};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Answer, Context, Internal, Reply};

use crate::accounts::{sessions, tenants};
use crate::partners;

/// Longer than any token lives.
const REMEMBERED: Duration = Duration::minutes(15);

pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(list_revocations);
}

/// Lists what was revoked in the last quarter of an hour, in every tenant.
#[utoipa::path(tag = "sessions", responses((status = 200)))]
#[get("/revocations")]
async fn list_revocations(_caller: Internal, context: Data<Context>, db: Data<Db>) -> Answer {
    let since = context.clock.now() - REMEMBERED;
    let revoked = db
        .global(async |conn| {
            let mut all = sessions::revoked_since(conn, since).await?;
            all.extend(members_changed_since(conn, since).await?);
            all.extend(tenants::closed_since(conn, since).await?);
            all.extend(partners::keys_revoked_since(conn, since).await?);
            all.extend(partners::accounts_changed_since(conn, since).await?);
            Ok(all)
        })
        .await?;
    Ok(Reply::ok(&revoked)?.into_response())
}

/// Members whose rights changed: past the wall, by a function that gives nothing else away.
async fn members_changed_since(mut conn: &Conn, since: Timestamp) -> Result<Vec<Revoked>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        tenant_id: TenantId,
        #[diesel(sql_type = SqlUuid)]
        user_id: UserId,
        #[diesel(sql_type = Timestamptz)]
        changed_at: Timestamp,
    }
    let rows: Vec<Row> = diesel::sql_query("select tenant_id, user_id, changed_at from members_changed_since($1)")
        .bind::<Timestamptz, _>(since)
        .load(&mut conn)
        .await?;
    let revoked =
        |row: Row| Revoked { what: Revocation::Member(row.tenant_id, row.user_id), not_before: row.changed_at };
    Ok(rows.into_iter().map(revoked).collect())
}
