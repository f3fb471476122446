//! How long a tenant keeps its trail.

use actix_web::web::Data;
use actix_web::{get, patch};
use contracts::identity::{AUDIT_POLICY_CHANGED, AuditPolicyView};
use db::{Conn, Db, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Check, Field, Problem, TenantId, Timestamp};
use serde::Deserialize;
use web::{Allow, Answer, Body, Reply};

use crate::permissions::{AuditRead, AuditWrite};
use crate::schema::audit_policies;

/// Days that a trail is kept where nothing was decided.
const DEFAULT_DAYS: i32 = 400;

/// A change of the policy.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "retentionDays": 730 }))]
pub(super) struct AuditPolicyPatch {
    /// 30 to 3,650 days.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    retention_days: Field<i32>,
}

/// A row of `audit_policies`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = audit_policies, check_for_backend(diesel::pg::Pg))]
struct Policy {
    tenant_id: TenantId,
    version: i64,
    retention_days: i32,
    updated_at: Timestamp,
}

/// Show how long the audit trail is kept
///
/// And the sign-in activity with it; 400 days where nothing was decided.
#[utoipa::path(tag = "audit", security(("bearer" = [AuditRead::NAME])), responses((status = 200, body = AuditPolicyView)))]
#[get("/audit-policy")]
pub(super) async fn show_audit_policy(who: Allow<AuditRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| Reply::show(&find(conn, who.tenant).await?)).await
}

/// Decide how long the audit trail is kept
///
/// 30 to 3,650 days. What is older is removed once a day, for good. `If-Match` is honoured when sent.
#[utoipa::path(tag = "audit", request_body = AuditPolicyPatch, security(("bearer" = [AuditWrite::NAME])), responses((status = 200, body = AuditPolicyView), (status = 412, description = "Somebody else changed it.")))]
#[patch("/audit-policy")]
pub(super) async fn change_audit_policy(
    who: Allow<AuditWrite>,
    db: Data<Db>,
    Body(patch): Body<AuditPolicyPatch>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = find(tx, tx.tenant()).await?;
        who.expect_version(before.version)?;
        let mut days = before.retention_days;
        let mut check = Check::new();
        check.not_null("/retentionDays", patch.retention_days.set(&mut days));
        check.that((30..=3_650).contains(&days), "/retentionDays", "OUT_OF_RANGE", || {
            "give 30 to 3,650 days".to_owned()
        });
        check.finish()?;
        let after = set(tx, days).await?;
        // Somebody else may have been quicker between the look and the change.
        who.expect_version(after.version - 1)?;
        tx.announce(&AUDIT_POLICY_CHANGED, Some(&before), &after).await?;
        Reply::show(&after)
    })
    .await
}

/// The tenant's policy, or what holds without one.
pub(super) async fn find(mut conn: &Conn, tenant: TenantId) -> Result<AuditPolicyView, Problem> {
    let found = audit_policies::table.find(tenant).select(Policy::as_select()).first(&mut conn).await.optional()?;
    Ok(found.map_or(
        AuditPolicyView { id: tenant, version: 0, retention_days: DEFAULT_DAYS, updated_at: None },
        AuditPolicyView::from,
    ))
}

async fn set(tx: &mut Tx, retention_days: i32) -> Result<AuditPolicyView, Problem> {
    let first = Policy { tenant_id: tx.tenant(), version: 1, retention_days, updated_at: tx.now() };
    let set = diesel::insert_into(audit_policies::table)
        .values(&first)
        .on_conflict(audit_policies::tenant_id)
        .do_update()
        .set((
            audit_policies::version.eq(audit_policies::version + 1),
            audit_policies::retention_days.eq(retention_days),
            audit_policies::updated_at.eq(tx.now()),
        ))
        .returning(Policy::as_returning());
    Ok(set.get_result(&mut tx.conn()).await?.into())
}

impl From<Policy> for AuditPolicyView {
    fn from(Policy { tenant_id, version, retention_days, updated_at }: Policy) -> Self {
        Self { id: tenant_id, version, retention_days, updated_at: Some(updated_at) }
    }
}
