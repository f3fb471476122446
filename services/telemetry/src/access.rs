//! What a caller may do with the telemetry of a customer, when grants narrow them to some customers. Who holds the permission
//! wholly is not looked up at all.
//!
//! A handler asks [`may`] about the one thing that it shows, [`scope`] for a list, and [`may_send`] before it takes values:
//! those for an assignment that is not the sender's are refused as if there were no such assignment.

use std::collections::BTreeSet;

use auth::{Confined, Permission};
use clients::Adoption;
use contracts::identity::GrantedType;
use db::{Conn, Db};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::problem::PERMISSION_DENIED;
use kernel::{Actor, AssignmentId, CustomerAttributeId, CustomerTaskId, Problem, RefusalId, TenantId};
use web::Allow;

use crate::assignments;
use crate::permissions::ValueWrite;
use crate::refusals;
use crate::schema;

pub(crate) use grants::customers as scope;

/// Something that belongs to an assignment, and so to a customer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Thing {
    Assignment(AssignmentId),
    Attribute(CustomerAttributeId),
    Task(CustomerTaskId),
    Refusal(RefusalId),
}

impl Thing {
    /// What people call it.
    fn noun(self) -> &'static str {
        match self {
            Self::Assignment(_) => "assignment",
            Self::Attribute(_) => "attribute",
            Self::Task(_) => "customer task with telemetry attributes",
            Self::Refusal(_) => "refusal",
        }
    }

    /// The assignment that it belongs to.
    async fn assignment(self, mut conn: &Conn, tenant: TenantId) -> Result<Option<AssignmentId>, Problem> {
        use schema::{attributes, refusals};
        let found = match self {
            Self::Assignment(id) => return Ok(Some(id)),
            Self::Attribute(id) => {
                let row = attributes::table.find((tenant, id));
                row.select(attributes::assignment_id.nullable()).first(&mut conn).await
            }
            Self::Task(id) => {
                let of_task = attributes::tenant_id.eq(tenant).and(attributes::customer_task_id.eq(id));
                let rows = attributes::table.filter(of_task);
                rows.select(attributes::assignment_id.nullable()).first(&mut conn).await
            }
            Self::Refusal(id) => {
                refusals::table.find((tenant, id)).select(refusals::assignment_id).first(&mut conn).await
            }
        };
        Ok(found.optional()?.flatten())
    }
}

/// Refuses a caller who may not do `P` with something of a customer, and an assignment that is not there: of everything else who
/// holds the permission wholly finds out with the read or write itself. Comes before that: adoption may have to be asked whose
/// it is.
///
/// # Errors
/// 404 when it is not there or they may not even see it, else 403; 503 when adoption must be asked and is away.
pub(crate) async fn may<P: Permission>(
    who: &Allow<P>,
    db: &Db,
    adoption: &Adoption,
    thing: Thing,
) -> Result<(), Problem> {
    let (granted, assignment) = match thing {
        Thing::Assignment(id) if who.holds_wholly() => (Vec::new(), Some(id)),
        _ if who.holds_wholly() => return Ok(()),
        _ => {
            let found =
                async |conn: &Conn| Ok((grants::of(conn, who).await?, thing.assignment(conn, who.tenant).await?));
            who.look(db, found).await?
        }
    };
    let owners = assignments::customers_of(db, adoption, who.actor(), &assignment.into_iter().collect()).await?;
    let customer = owners.into_values().next().ok_or_else(|| Problem::not_found(thing.noun()))?;
    grants::require(who, &granted, (GrantedType::Customer, Some(customer.0)), &[], thing.noun())
}

/// Somebody who sends values, the customers whom they may send them for, and the source that the values carry.
pub(crate) struct Sender {
    pub(crate) actor: Actor,
    customers: Scope,
    pub(crate) source: Option<String>,
}

/// Whom a caller may send values for: what their permission or grants say, within what their key is confined to.
///
/// # Errors
/// 403 when that is nobody.
pub(crate) async fn may_send(who: &Allow<ValueWrite>, db: &Db) -> Result<Sender, Problem> {
    let allowed =
        if who.holds_wholly() { Scope::All } else { who.look(db, async |conn| scope(who, conn).await).await? };
    let Confined { customers, source } = who.confined.clone().unwrap_or_default();
    let customers = if customers.is_empty() {
        allowed
    } else {
        Scope::Some(customers.into_iter().map(|id| id.0).filter(|id| allowed.includes(*id)).collect())
    };
    if customers == Scope::Some(Vec::new()) {
        return Err(PERMISSION_DENIED.detail(format!("This needs the permission {} here.", ValueWrite::NAME)));
    }
    Ok(Sender { actor: who.actor().clone(), customers, source })
}

impl Sender {
    /// Those of the assignments that a batch names which the sender may not touch: to them, they are not there.
    ///
    /// # Errors
    /// 503 when the database is away, or adoption must be asked and is.
    pub(crate) async fn out_of_reach(
        &self,
        db: &Db,
        adoption: &Adoption,
        named: impl FnOnce() -> BTreeSet<AssignmentId>,
    ) -> Result<BTreeSet<AssignmentId>, Problem> {
        let Scope::Some(customers) = &self.customers else { return Ok(BTreeSet::new()) };
        let mut named = named();
        let owners = assignments::customers_of(db, adoption, &self.actor, &named).await?;
        named.retain(|id| !owners.get(id).is_some_and(|customer| customers.contains(&customer.0)));
        Ok(named)
    }

    /// Those of the refusals that a batch names which are there, and which the sender may touch.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn mendable(&self, db: &Db, named: BTreeSet<RefusalId>) -> Result<BTreeSet<RefusalId>, Problem> {
        if named.is_empty() {
            return Ok(named);
        }
        let (tenant, scope) = (self.actor.tenant, &self.customers);
        db.read(tenant, async |conn| refusals::store::among(conn, tenant, &named, scope).await).await
    }
}
