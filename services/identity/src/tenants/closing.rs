//! The end of a tenant: suspended by the platform's operator, or closed by an owner. A closed tenant can be restored for
//! thirty days; then every service forgets it.

use actix_web::web::Data;
use actix_web::{delete, post};
use auth::Patterns;
use chrono::Duration;
use contracts::identity::{TENANT_CLOSED, TENANT_DELETED, TENANT_REOPENED, TenantView};
use db::{Db, Tx};
use jobs::{Job, Kind};
use kernel::Problem;
use kernel::problem::ProblemKind;
use serde::Deserialize;
use web::{Allow, Answer, Body, Reply};

use crate::accounts::tenants::{self, Tenant, TenantStatus};
use crate::accounts::{data_keys, pictures, users};
use crate::permissions::TenantDelete;

const GRACE: Duration = Duration::days(30);
const KIND: &str = "tenant-deletion";

static NOT_ACTIVE: ProblemKind = ProblemKind::new("TENANT_NOT_ACTIVE", 409, "The tenant is not active");
static NOT_CLOSING: ProblemKind = ProblemKind::new("TENANT_NOT_CLOSING", 409, "No deletion is under way");
static SUSPENDED: ProblemKind = ProblemKind::new("TENANT_SUSPENDED", 403, "The tenant is suspended");
static CLOSED: ProblemKind = ProblemKind::new("TENANT_CLOSED", 403, "The tenant is about to be deleted");

/// Says that one means it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Northwind Ltd" }))]
pub(crate) struct CloseTenant {
    /// The tenant's name, as it is now.
    name: String,
}

/// Delete the tenant
///
/// Everybody is signed out at once. For thirty days an owner may sign in and restore it; then everything it holds is
/// removed, everywhere. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "tenant", request_body = CloseTenant, security(("bearer" = [TenantDelete::NAME])), responses((status = 200, body = TenantView), (status = 409, description = "It is closing already.")))]
#[delete("/tenant")]
pub(crate) async fn close_tenant(who: Allow<TenantDelete>, db: Data<Db>, Body(command): Body<CloseTenant>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = tenants::fetch_for_change(tx).await?;
        who.expect_version(before.version)?;
        if before.status != TenantStatus::Active {
            return Err(NOT_ACTIVE.detail("Its deletion is under way already."));
        }
        if command.name != before.name {
            return Err(Problem::field("/name", "MISMATCH", "is not the name of this tenant; give it as it is now"));
        }
        let due = tx.now() + GRACE;
        let after = Tenant {
            deletion_due_at: Some(due),
            closed_at: Some(tx.now()),
            status: TenantStatus::Closing,
            ..before.clone()
        };
        jobs::schedule(tx, KIND, &tx.tenant().to_string(), &tx.tenant(), due).await?;
        stand(tx, before, after).await
    })
    .await
}

/// Restore the tenant
///
/// Takes its deletion back; everybody may sign in again. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "tenant", security(("bearer" = [TenantDelete::NAME])), responses((status = 200, body = TenantView), (status = 409, description = "No deletion is under way.")))]
#[post("/tenant/restore")]
pub(crate) async fn restore_tenant(who: Allow<TenantDelete>, db: Data<Db>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = tenants::fetch_for_change(tx).await?;
        who.expect_version(before.version)?;
        if before.status != TenantStatus::Closing {
            return Err(NOT_CLOSING.detail("There is nothing to take back."));
        }
        jobs::cancel(tx, KIND, &tx.tenant().to_string()).await?;
        stand(tx, before.clone(), Tenant { status: TenantStatus::Active, ..before }).await
    })
    .await
}

/// Writes how a tenant stands from now on, and tells everybody.
pub(super) async fn stand(tx: &mut Tx, before: Tenant, after: Tenant) -> Result<Reply, Problem> {
    let open = after.status == TenantStatus::Active;
    let closed_at = if open { None } else { Some(tx.now()) };
    let deletion_due_at = if open { None } else { after.deletion_due_at };
    let after = Tenant { version: before.version + 1, closed_at, deletion_due_at, ..after };
    tenants::update(tx, &after).await?;
    let event = if open { &TENANT_REOPENED } else { &TENANT_CLOSED };
    let view = TenantView::from(&after);
    tx.announce(event, Some(&TenantView::from(&before)), &view).await?;
    Reply::show(&view)
}

/// What a member may do in a tenant as it stands: everything; in one that is closing, an owner may restore it.
pub(crate) fn is_usable(tenant: &Tenant, held: Patterns) -> Result<Patterns, Problem> {
    match tenant.status {
        TenantStatus::Active => Ok(held),
        TenantStatus::Closing if held.allow(TenantDelete::NAME) => {
            Ok(Patterns::new(["identity:tenant:*".to_owned(), "identity:audit:read".to_owned()]))
        }
        TenantStatus::Closing => Err(CLOSED.detail("Ask an owner to restore it.")),
        TenantStatus::Suspended => Err(SUSPENDED.detail("Ask the platform's operator.")),
        TenantStatus::Deleted => Err(CLOSED.detail("It has been deleted.")),
    }
}

/// The job that ends a tenant.
pub(crate) fn deletion() -> Kind {
    Kind::new(KIND, |tx, _: &Job| Box::pin(delete(tx)))
}

async fn delete(tx: &mut Tx) -> Result<(), Problem> {
    let before = tenants::fetch_for_change(tx).await?;
    // Restored in the same moment, or postponed: the job of that decision counts.
    if before.status != TenantStatus::Closing || before.deletion_due_at.is_none_or(|due| due > tx.now()) {
        return Ok(());
    }
    let people = users::with_no_other_tenant(tx).await?;
    let after = Tenant {
        version: before.version + 1,
        name: "deleted".to_owned(),
        domain: None,
        logo_hash: None,
        status: TenantStatus::Deleted,
        ..before.clone()
    };
    tenants::update(tx, &after).await?;
    pictures::delete(tx, tx.tenant().0).await?;
    data_keys::destroy(tx, tx.tenant().0).await?;
    tx.forget_tenant().await?;
    users::delete(tx, &people).await?;
    tx.announce(&TENANT_DELETED, None, &TenantView::from(&after)).await
}
