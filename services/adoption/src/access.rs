//! What a caller may do with a customer, and with the assignments, plans and tasks of it, when grants narrow them to some
//! customers. Who holds the permission wholly is not looked up at all.

use auth::{Permission, Question, decide};
use clients::Catalog;
use contracts::identity::GrantedType;
use db::{Conn, Db};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{AssignmentId, CustomerId, CustomerTaskId, PlanId, Problem, ProductId, TenantId};
use web::Allow;

use crate::assignments::unknown_product;
use crate::schema::{assignments, customer_tasks, plans};

/// A customer, or something of one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Thing {
    Customer(CustomerId),
    Assignment(AssignmentId),
    Plan(PlanId),
    Task(CustomerTaskId),
}

impl Thing {
    /// What people call it.
    fn noun(self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Assignment(_) => "assignment",
            Self::Plan(_) => "plan",
            Self::Task(_) => "customer task",
        }
    }

    /// Whose it is.
    async fn customer(self, mut conn: &Conn, tenant: TenantId) -> Result<Option<CustomerId>, Problem> {
        let found = match self {
            Self::Customer(id) => return Ok(Some(id)),
            Self::Assignment(id) => {
                assignments::table.find((tenant, id)).select(assignments::customer_id).first(&mut conn).await
            }
            Self::Plan(id) => plans::table.find((tenant, id)).select(plans::customer_id).first(&mut conn).await,
            Self::Task(id) => {
                let of_plan = plans::tenant_id.eq(customer_tasks::tenant_id).and(plans::id.eq(customer_tasks::plan_id));
                let row = customer_tasks::table.find((tenant, id)).inner_join(plans::table.on(of_plan));
                row.select(plans::customer_id).first(&mut conn).await
            }
        };
        Ok(found.optional()?)
    }
}

/// Refuses a caller who may not do `P` with something of a customer.
///
/// # Errors
/// 404 when it is not there or they may not even see it, else 403.
pub(crate) async fn may<P: Permission>(who: &Allow<P>, conn: &Conn, thing: Thing) -> Result<(), Problem> {
    if who.holds_wholly() {
        return Ok(());
    }
    let customer = thing.customer(conn, who.tenant).await?.ok_or_else(|| Problem::not_found(thing.noun()))?;
    let granted = grants::of(conn, who).await?;
    grants::require(who, &granted, (GrantedType::Customer, Some(customer.0)), &[], thing.noun())
}

/// Refuses a caller whom grants narrow a product that they may not see in the catalog: a plan would show it to them.
///
/// # Errors
/// 422 as for a product that is not there, or 503 when the catalog is away.
pub(crate) async fn may_see_product<P: Permission>(
    who: &Allow<P>,
    db: &Db,
    catalog: &Catalog,
    product: ProductId,
) -> Result<(), Problem> {
    let permission = "catalog:product:read";
    if who.holds_wholly() || who.permissions.allow(permission) {
        return Ok(());
    }
    let granted = db.read(who.tenant, async |conn| grants::of(conn, who).await).await?;
    let solutions = catalog.solutions_of(who.actor(), product).await?.ok_or_else(unknown_product)?;
    let related: Vec<_> = solutions.into_iter().map(|solution| solution.0).collect();
    let (resource_type, resource_id) = (GrantedType::Product, Some(product.0));
    let asked = Question { permission, resource_type, resource_id, related: Some(&related) };
    if decide(&who.permissions, &granted, &asked).allowed { Ok(()) } else { Err(unknown_product()) }
}

/// Refuses a caller who may not make customers.
///
/// # Errors
/// 403.
pub(crate) async fn may_make<P: Permission>(who: &Allow<P>, conn: &Conn) -> Result<(), Problem> {
    if who.holds_wholly() {
        return Ok(());
    }
    grants::require(who, &grants::of(conn, who).await?, (GrantedType::Customer, None), &[], "customer")
}

/// The customers with whom, and with all of whom, a caller may do `P`.
pub(crate) async fn scope<P: Permission>(who: &Allow<P>, conn: &Conn) -> Result<Scope, Problem> {
    if who.holds_wholly() {
        return Ok(Scope::All);
    }
    let granted = grants::of(conn, who).await?;
    let on = GrantedType::Customer;
    if grants::everywhere(who, &granted, on, P::NAME) {
        return Ok(Scope::All);
    }
    let customers = granted.iter().filter(|grant| grant.resource_type == on).filter_map(|grant| grant.resource_id);
    let allowed = |id| grants::require(who, &granted, (on, Some(id)), &[], "customer").is_ok();
    Ok(Scope::Some(customers.filter(|id| allowed(*id)).collect()))
}
