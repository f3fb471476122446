//! The statements of impact: which plans are made from a product or a solution, of customers that are not deleted.

use contracts::catalog::OwnerId;
use db::Conn;
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{AssignmentId, Cursor, PlanId, Problem, TenantId};

use crate::assignments::{self, Assignment};
use crate::plans::Plan;
use crate::schema::{customers, plans};

/// The assignments whose plans are made from it.
pub(super) async fn planned(
    mut conn: &Conn,
    tenant: TenantId,
    (owner, scope): (OwnerId, &Scope),
) -> Result<Vec<Assignment>, Problem> {
    let ids: Vec<AssignmentId> = listed(tenant, owner, scope).select(plans::assignment_id).load(&mut conn).await?;
    assignments::find_many(conn, tenant, &ids).await
}

/// One page of plans with what their customers are called, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    (owner, scope): (OwnerId, &Scope),
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<(Plan, String)>, Problem> {
    let of_plan = customers::tenant_id.eq(plans::tenant_id).and(customers::id.eq(plans::customer_id));
    let name = customers::table.filter(of_plan).select(customers::name).single_value();
    let mut rows = listed(tenant, owner, scope).select((Plan::as_select(), name.assume_not_null()));
    if let Some(last) = after.and_then(|cursor| cursor.key::<PlanId>(0)) {
        rows = rows.filter(plans::id.gt(last));
    }
    Ok(rows.order(plans::id).limit(limit + 1).load(&mut conn).await?)
}

fn listed(tenant: TenantId, owner: OwnerId, scope: &Scope) -> plans::BoxedQuery<'_, Pg> {
    let of_plan = customers::tenant_id.eq(plans::tenant_id).and(customers::id.eq(plans::customer_id));
    let present = customers::table.filter(of_plan).filter(customers::deleted_at.is_null());
    let of_owner = plans::tenant_id.eq(tenant).and(plans::owner_id.eq(owner.id()));
    let mut rows = plans::table.filter(of_owner).filter(exists(present)).into_boxed();
    if let Scope::Some(ids) = scope {
        rows = rows.filter(plans::customer_id.eq_any(ids));
    }
    rows
}
