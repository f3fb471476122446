//! What a caller may do with products and solutions whom grants narrow to some of them. Who holds the permission wholly is
//! not looked up at all.

use std::collections::{BTreeMap, BTreeSet};

use auth::{Grant, Permission, Question, decide};
use contracts::identity::GrantedType;
use db::Conn;
use diesel::PgArrayExpressionMethods;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{Problem, ProductId, SolutionId, TenantId};
use uuid::Uuid;
use web::Allow;

use super::{Owner, OwnerKind};
use crate::schema::solutions;

impl From<OwnerKind> for GrantedType {
    fn from(kind: OwnerKind) -> Self {
        match kind {
            OwnerKind::Product => Self::Product,
            OwnerKind::Solution => Self::Solution,
        }
    }
}

/// Refuses a caller who may not do `P` with an owner and what hangs on it.
///
/// # Errors
/// 404 with `noun` when they may not even see it, else 403.
pub(crate) async fn may<P: Permission>(
    who: &Allow<P>,
    conn: &Conn,
    owner: Owner,
    noun: &'static str,
) -> Result<(), Problem> {
    if who.holds_wholly() {
        return Ok(());
    }
    let granted = grants::of(conn, who).await?;
    let related: Vec<Uuid> = match owner {
        Owner::Product(id) => {
            let bundles = bundles_among(conn, who.tenant, &ids(&granted, GrantedType::Solution)).await?;
            bundles.into_iter().filter(|(_, products)| products.contains(&id)).map(|(solution, _)| solution.0).collect()
        }
        Owner::Solution(id) => {
            let bundle = bundles_among(conn, who.tenant, &[id.0]).await?;
            bundle.into_iter().flat_map(|(_, products)| products).map(Uuid::from).collect()
        }
    };
    grants::require(who, &granted, (owner.kind().into(), Some(owner.id())), &related, noun)
}

/// Refuses a caller who may not make an owner of a kind.
///
/// # Errors
/// 403.
pub(crate) async fn may_make<P: Permission>(who: &Allow<P>, conn: &Conn, kind: OwnerKind) -> Result<(), Problem> {
    if who.holds_wholly() {
        return Ok(());
    }
    grants::require(who, &grants::of(conn, who).await?, (kind.into(), None), &[], "owner")
}

/// The owners of a kind that a permission of the caller takes in.
pub(crate) async fn scope<P>(
    who: &Allow<P>,
    conn: &Conn,
    kind: OwnerKind,
    permission: &'static str,
) -> Result<Scope, Problem> {
    if who.permissions.allow(permission) {
        return Ok(Scope::All);
    }
    scope_of(who, conn, &grants::of(conn, who).await?, (kind, permission)).await
}

/// As [`scope`], for a caller whose grants were read before.
pub(crate) async fn scope_of<P>(
    who: &Allow<P>,
    conn: &Conn,
    granted: &[Grant],
    (kind, permission): (OwnerKind, &'static str),
) -> Result<Scope, Problem> {
    let on = kind.into();
    if grants::everywhere(who, granted, on, permission) {
        return Ok(Scope::All);
    }
    // Each one that a grant could lead to, with what it is related to; then the one decision about each.
    let candidates = match kind {
        OwnerKind::Product => products_in_reach(conn, who.tenant, granted).await?,
        OwnerKind::Solution => solutions_in_reach(conn, who.tenant, granted).await?,
    };
    let allowed = |(id, related): &(Uuid, Vec<Uuid>)| {
        let asked = Question { permission, resource_type: on, resource_id: Some(*id), related: Some(related) };
        decide(&who.permissions, granted, &asked).allowed
    };
    Ok(Scope::Some(candidates.into_iter().filter(allowed).map(|(id, _)| id).collect()))
}

/// The products that are granted, or bundled by a solution that is, each with those solutions.
async fn products_in_reach(
    conn: &Conn,
    tenant: TenantId,
    granted: &[Grant],
) -> Result<Vec<(Uuid, Vec<Uuid>)>, Problem> {
    let mut reach: BTreeMap<Uuid, Vec<Uuid>> =
        ids(granted, GrantedType::Product).into_iter().map(|id| (id, Vec::new())).collect();
    for (solution, products) in bundles_among(conn, tenant, &ids(granted, GrantedType::Solution)).await? {
        for product in products {
            reach.entry(product.0).or_default().push(solution.0);
        }
    }
    Ok(reach.into_iter().collect())
}

/// The solutions that are granted, or bundle nothing but products that are, each with its products.
async fn solutions_in_reach(
    mut conn: &Conn,
    tenant: TenantId,
    granted: &[Grant],
) -> Result<Vec<(Uuid, Vec<Uuid>)>, Problem> {
    let products = ids(granted, GrantedType::Product);
    let named = solutions::id.eq_any(ids(granted, GrantedType::Solution));
    let rows = solutions::table.filter(solutions::tenant_id.eq(tenant));
    let rows = rows.filter(named.or(solutions::product_ids.is_contained_by(products)));
    let rows: Vec<(SolutionId, Vec<ProductId>)> =
        rows.select((solutions::id, solutions::product_ids)).load(&mut conn).await?;
    Ok(rows.into_iter().map(|(id, products)| (id.0, products.into_iter().map(Uuid::from).collect())).collect())
}

/// Those of some ids that are solutions, each with its products. Nothing flows through one that is deleted.
async fn bundles_among(
    mut conn: &Conn,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<(SolutionId, Vec<ProductId>)>, Problem> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let live = solutions::table.filter(solutions::tenant_id.eq(tenant)).filter(solutions::deleted_at.is_null());
    let rows = live.filter(solutions::id.eq_any(ids));
    Ok(rows.select((solutions::id, solutions::product_ids)).load(&mut conn).await?)
}

/// The single things of a kind that are granted.
fn ids(granted: &[Grant], on: GrantedType) -> Vec<Uuid> {
    let of_kind = granted.iter().filter(|grant| grant.resource_type == on);
    of_kind.filter_map(|grant| grant.resource_id).collect::<BTreeSet<_>>().into_iter().collect()
}
