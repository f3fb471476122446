//! What a caller may do with a customer, and with the assignments, plans and tasks of it, when grants narrow them to some
//! customers. Who holds the permission wholly is not looked up at all.

use auth::{Permission, Question, decide};
use clients::Catalog;
use contracts::catalog::OwnerId;
use contracts::identity::GrantedType;
use db::{Conn, Db};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Actor, AssignmentId, CustomerId, CustomerTaskId, PlanId, Problem, SolutionPlanId, TenantId};
use uuid::Uuid;
use web::Allow;

use crate::assignments::unknown;
use crate::schema::{assignments, customer_tasks, plans, solution_plans};

pub(crate) use grants::customers as scope;

/// A customer, or something of one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Thing {
    Customer(CustomerId),
    Assignment(AssignmentId),
    Plan(PlanId),
    Task(CustomerTaskId),
    SolutionPlan(SolutionPlanId),
}

impl Thing {
    /// What people call it.
    fn noun(self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Assignment(_) => "assignment",
            Self::Plan(_) => "plan",
            Self::Task(_) => "customer task",
            Self::SolutionPlan(_) => "solution plan",
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
            Self::SolutionPlan(id) => {
                solution_plans::table.find((tenant, id)).select(solution_plans::customer_id).first(&mut conn).await
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

/// Refuses a caller whom grants narrow a product or a solution that they may not see in the catalog: a plan would show it to
/// them.
///
/// # Errors
/// 422 as for one that is not there, or 503 when the catalog is away.
pub(crate) async fn may_see<P: Permission>(
    who: &Allow<P>,
    db: &Db,
    catalog: &Catalog,
    owner: OwnerId,
) -> Result<(), Problem> {
    let permission = "catalog:product:read";
    if who.holds_wholly() || who.permissions.allow(permission) {
        return Ok(());
    }
    let granted = db.read(who.tenant, async |conn| grants::of(conn, who).await).await?;
    let (resource_type, related) = related(catalog, who.actor(), owner).await?.ok_or_else(|| unknown(owner))?;
    let asked = Question { permission, resource_type, resource_id: Some(owner.id()), related: Some(&related) };
    if decide(&who.permissions, &granted, &asked).allowed { Ok(()) } else { Err(unknown(owner)) }
}

/// What rights flow to an owner from: the solutions that bundle a product, or the products of a solution.
async fn related(catalog: &Catalog, who: &Actor, owner: OwnerId) -> Result<Option<(GrantedType, Vec<Uuid>)>, Problem> {
    Ok(match owner {
        OwnerId::Product(product) => {
            let solutions = catalog.solutions_of(who, product).await?;
            solutions.map(|ids| (GrantedType::Product, ids.into_iter().map(|id| id.0).collect()))
        }
        OwnerId::Solution(solution) => {
            let products = catalog.products_of(who, solution).await?;
            products.map(|ids| (GrantedType::Solution, ids.into_iter().map(|id| id.0).collect()))
        }
    })
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
