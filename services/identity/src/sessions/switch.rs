//! Going on in another tenant without signing in again.

use actix_web::post;
use kernel::problem::PERMISSION_DENIED;
use kernel::{Problem, TenantId};
use serde::Deserialize;
use web::{Allow, Answer, Body};

use super::{Desk, Method, Proof, REFRESH_REFUSED, Tokens};
use crate::accounts::sessions;
use crate::accounts::users;
use crate::permissions::SelfWrite;

/// Where to go on.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "tenantId": "0190a3c2-7a2e-7c11-8f2a-3f0f6a4d9e10" }))]
pub(crate) struct SwitchTenant {
    /// One of the caller's tenants; GET /identity/v1/me/tenants lists them.
    #[schema(value_type = String, format = Uuid)]
    tenant_id: TenantId,
}

/// Go on in another tenant
///
/// Opens a session there and ends the present one. How and when the person proved who they are goes with them.
#[utoipa::path(tag = "sessions", request_body = SwitchTenant, security(("bearer" = [SelfWrite::NAME])), responses((status = 201, body = Tokens), (status = 403, description = "Not an active member there, or the tenant cannot be used now.")))]
#[post("/sessions/switch")]
pub(crate) async fn switch_tenant(who: Allow<SelfWrite>, desk: Desk, Body(command): Body<SwitchTenant>) -> Answer {
    let wanted = command.tenant_id;
    let (session, theirs) = desk
        .db
        .global(async |conn| Ok((sessions::find(conn, who.session).await?, users::tenants_of(conn, who.user).await?)))
        .await?;
    let live = session.filter(|session| session.revoked_at.is_none());
    let session = live.ok_or_else(|| REFRESH_REFUSED.detail("The session has ended. Sign in again."))?;
    if wanted == who.tenant {
        return Err(Problem::field("/tenantId", "UNCHANGED", "is the tenant of this session").into());
    }
    if !theirs.contains(&wanted) {
        let how = "You are not an active member of that tenant. GET /identity/v1/me/tenants lists yours.";
        return Err(PERMISSION_DENIED.detail(how).at("/tenantId", "NOT_A_MEMBER", how).into());
    }
    let methods: Vec<Method> = session.methods.iter().filter_map(|method| method.parse().ok()).collect();
    desk.go_on(Proof { user: who.user, methods, at: session.authenticated_at }, Some(wanted), Some(session.id)).await
}
