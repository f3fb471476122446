//! What a file is about: the product or the solution that it changes, and the products that a solution's file names.

use std::collections::{HashMap, HashSet};

use db::Conn;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{LicenseId, Problem, ProductId, SolutionId, TaskId, TenantId};
use uuid::Uuid;
use workbook::{BundledProduct, Faults, Workbook};

use crate::owners::{Authority, Owner, OwnerKind, denied};
use crate::permissions::CatalogWrite;
use crate::schema::{licenses, products, solutions, tasks};

static AMBIGUOUS: ProblemKind = ProblemKind::new("IMPORT_AMBIGUOUS", 409, "Several have the name that the file gives");

/// The owner that a file changes; none when it is to be made. The caller names it, or else the file does: by its very name.
///
/// # Errors
/// 403 or 404 when they may not change it, 409 when several have the name or it is deleted, 422 when nothing names it.
pub(super) async fn owner(
    conn: &Conn,
    tenant: TenantId,
    authority: &Authority,
    target: Option<Owner>,
    file: &Workbook,
) -> Result<Option<Owner>, Problem> {
    if let Some(owner) = target {
        live(conn, tenant, owner).await?;
        fits(file, owner.kind())?;
        return if authority.writes(owner) { Ok(target) } else { Err(denied(CatalogWrite::NAME)) };
    }
    let kind = OwnerKind::from(file.kind);
    fits(file, kind)?;
    let Some(info) = file.info.as_ref().and_then(|info| info.items().next()) else {
        let how = "is missing: the file does not say whose it is. Name it with productId or solutionId in the query";
        return Err(Problem::field("/info", "REQUIRED", how));
    };
    let found = named(conn, tenant, kind, &info.name).await?;
    let mine: Vec<Owner> = found.into_iter().filter(|owner| authority.writes(*owner)).collect();
    match mine.as_slice() {
        [] if authority.makes(kind) => Ok(None),
        [] => Err(denied(CatalogWrite::NAME)),
        [only] => Ok(Some(*only)),
        several => {
            let meant = several.iter().find(|owner| Some(owner.id()) == info.id);
            let how = "Name the one that is meant with solutionId in the query.";
            meant.map(|owner| Some(*owner)).ok_or_else(|| AMBIGUOUS.detail(how))
        }
    }
}

/// Refuses what is of another kind: a product bundles no products.
fn fits(file: &Workbook, kind: OwnerKind) -> Result<(), Problem> {
    let of_solution = file.kind == workbook::OwnerKind::Solution || file.products.is_some();
    if kind == OwnerKind::Product && of_solution {
        return Err(Problem::field("/kind", "MISMATCH", "is SOLUTION, but the file is imported into a product"));
    }
    Ok(())
}

async fn live(mut conn: &Conn, tenant: TenantId, owner: Owner) -> Result<(), Problem> {
    let deleted: Option<Option<kernel::Timestamp>> = match owner {
        Owner::Product(id) => {
            products::table.find((tenant, id)).select(products::deleted_at).first(&mut conn).await.optional()?
        }
        Owner::Solution(id) => {
            solutions::table.find((tenant, id)).select(solutions::deleted_at).first(&mut conn).await.optional()?
        }
    };
    match deleted {
        None => Err(Problem::not_found(owner.noun())),
        Some(None) => Ok(()),
        Some(Some(_)) => Err(owner.deleted()),
    }
}

/// Those of a kind that have a name and are not deleted; no two products do, whatever the case of its letters.
pub(super) async fn named(
    mut conn: &Conn,
    tenant: TenantId,
    kind: OwnerKind,
    name: &str,
) -> Result<Vec<Owner>, Problem> {
    Ok(match kind {
        OwnerKind::Product => {
            let folded = sql::<Bool>("name_folded = lower(").bind::<Text, _>(name).sql(")");
            let rows = products::table.filter(products::tenant_id.eq(tenant)).filter(folded);
            let rows = rows.filter(products::deleted_at.is_null()).select(products::id);
            rows.load::<ProductId>(&mut conn).await?.into_iter().map(Owner::Product).collect()
        }
        OwnerKind::Solution => {
            let rows = solutions::table.filter(solutions::tenant_id.eq(tenant)).filter(solutions::name.eq(name));
            let rows = rows.filter(solutions::deleted_at.is_null()).select(solutions::id);
            rows.load::<SolutionId>(&mut conn).await?.into_iter().map(Owner::Solution).collect()
        }
    })
}

/// Finds the products that a solution's file names: those it bundles already, and those that may be given to it. By the id
/// first, for a name may have changed; then by the very name, then whatever the case of its letters.
pub(super) async fn products(
    conn: &Conn,
    tenant: TenantId,
    authority: &Authority,
    before: &Workbook,
    file: &mut Workbook,
) -> Result<Faults, Problem> {
    if file.products.is_none() {
        return Ok(Faults::default());
    }
    let bundled = before.products.iter().flat_map(|products| products.items());
    let bundled = bundled.filter_map(|product| Some((product.id?, product.name.clone())));
    let mut known: Vec<(ProductId, String)> = bundled.collect();
    let there: Vec<ProductId> = known.iter().map(|(id, _)| *id).collect();
    let given = all(conn, tenant).await?;
    known.extend(given.into_iter().filter(|(id, _)| authority.administers(Owner::Product(*id)) && !there.contains(id)));
    let by_id: HashMap<Uuid, ProductId> = known.iter().map(|(id, _)| (id.0, *id)).collect();
    let (mut exact, mut folded): (HashMap<&str, ProductId>, HashMap<String, ProductId>) = Default::default();
    for (id, name) in &known {
        exact.entry(name).or_insert(*id);
        folded.entry(name.to_lowercase()).or_insert(*id);
    }
    let find = |product: &BundledProduct| {
        let found = product.id.and_then(|id| by_id.get(&id.0)).or_else(|| exact.get(product.name.as_str()));
        found.or_else(|| folded.get(&product.name.to_lowercase())).copied()
    };
    let named = file.products.iter().flat_map(|products| products.items()).filter_map(|product| product.id);
    let deleted = deleted_among(conn, tenant, &named.collect::<Vec<_>>()).await?;
    Ok(file.find_products(find, |product| product.id.is_some_and(|id| deleted.contains(&id))))
}

/// Those of some products that are deleted.
async fn deleted_among(mut conn: &Conn, tenant: TenantId, ids: &[ProductId]) -> Result<HashSet<ProductId>, Problem> {
    let rows = products::table.filter(products::tenant_id.eq(tenant)).filter(products::deleted_at.is_not_null());
    let rows: Vec<ProductId> = rows.filter(products::id.eq_any(ids)).select(products::id).load(&mut conn).await?;
    Ok(rows.into_iter().collect())
}

/// Warns when a file makes an owner and has the id of one that is there, deleted or not: it was exported from that one.
pub(super) async fn id_of_another(mut conn: &Conn, tenant: TenantId, file: &Workbook) -> Result<Faults, Problem> {
    let Some(id) = file.info.iter().flat_map(|info| info.items()).find_map(|info| info.id) else {
        return Ok(Faults::default());
    };
    let another: Option<String> = match OwnerKind::from(file.kind) {
        OwnerKind::Product => {
            let row = products::table.find((tenant, ProductId(id))).select(products::name);
            row.first(&mut conn).await.optional()?
        }
        OwnerKind::Solution => {
            let row = solutions::table.find((tenant, SolutionId(id))).select(solutions::name);
            row.first(&mut conn).await.optional()?
        }
    };
    Ok(another.map_or_else(Faults::default, |another| file.id_of_another(&another)))
}

/// Leaves of what a solution's file says of its products' licences and tasks what they have, once the solution has the
/// products that the file gives it: products lose things without asking whose version names them.
pub(super) async fn bundled(
    mut conn: &Conn,
    tenant: TenantId,
    before: &Workbook,
    file: &mut Workbook,
    delete_missing: bool,
) -> Result<Faults, Problem> {
    let included = file.licenses.iter().flat_map(|licenses| licenses.items()).flat_map(|row| &row.product_licenses);
    let included: Vec<LicenseId> = included.copied().collect();
    if included.is_empty() && file.task_order.is_none() {
        return Ok(Faults::default());
    }
    let placed = file.task_order.iter().flat_map(|order| order.items()).filter_map(|place| place.id);
    let placed: Vec<TaskId> = placed.collect();
    let stays = before.products.as_ref().filter(|_| !delete_missing || file.products.is_none());
    let bundle = stays.into_iter().chain(&file.products).flat_map(|products| products.items());
    let bundle: Vec<Uuid> = bundle.filter_map(|product| product.id).map(Uuid::from).collect();

    let rows = licenses::table.filter(licenses::tenant_id.eq(tenant)).filter(licenses::owner_id.eq_any(&bundle));
    let rows = rows.filter(licenses::id.eq_any(included)).select(licenses::id);
    let known: HashSet<LicenseId> = rows.load(&mut conn).await?.into_iter().collect();
    let mut faults = file.keep_product_licenses(|id| known.contains(&id));

    let rows = tasks::table.filter(tasks::tenant_id.eq(tenant)).filter(tasks::owner_id.eq_any(&bundle));
    let rows = rows.filter(tasks::deleted_at.is_null()).filter(tasks::id.eq_any(placed));
    let rows: Vec<(TaskId, Uuid)> = rows.select((tasks::id, tasks::owner_id)).load(&mut conn).await?;
    let theirs: HashMap<TaskId, Uuid> = rows.into_iter().collect();
    let rows = products::table.filter(products::tenant_id.eq(tenant)).filter(products::id.eq_any(&bundle));
    let rows = rows.filter(products::deleted_at.is_not_null()).select((products::id, products::name));
    for (product, name) in rows.load::<(Uuid, String)>(&mut conn).await? {
        faults.extend(file.leave_out(&name, |task| theirs.get(&task) == Some(&product)));
    }
    // Its own: those that are there, and those that come back.
    let returning: HashSet<TaskId> =
        file.tasks.iter().flat_map(|tasks| tasks.items()).filter_map(|task| task.id).collect();
    let own = before.tasks.iter().flat_map(|tasks| tasks.items());
    let own = own.filter_map(|task| task.id.filter(|id| !task.is_deleted || returning.contains(id)));
    let own: HashSet<TaskId> = own.collect();
    faults.extend(file.close_ranks(|id| own.contains(&id) || theirs.contains_key(&id)));
    Ok(faults)
}

/// All products that are not deleted, by name.
async fn all(mut conn: &Conn, tenant: TenantId) -> Result<Vec<(ProductId, String)>, Problem> {
    let rows = products::table.filter(products::tenant_id.eq(tenant)).filter(products::deleted_at.is_null());
    Ok(rows.order(products::id).select((products::id, products::name)).load(&mut conn).await?)
}
