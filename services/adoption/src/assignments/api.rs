//! Assignments over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use clients::Catalog;
use contracts::adoption::{ASSIGNMENT_CHANGED, ASSIGNMENT_CREATED, ASSIGNMENT_REMOVED, AssignmentView, PlanView};
use db::{Conn, Db};
use kernel::{AssignmentId, Cursor, CustomerId, Page, PageQuery, Problem};
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{Assignment, AssignmentQuery, CreateAssignment, unknown_product};
use super::store;
use crate::access::{self, Thing};
use crate::permissions::{PlanRead, PlanWrite};
use crate::plans::Snapshot;
use crate::{customers, plans};

const ASSIGNMENTS: &str = "/adoption/v1/assignments";
const PLANS: &str = "/adoption/v1/plans";

/// Assign a product to a customer
///
/// Chosen outcomes and releases must be the product's own; choosing none means all of them. Unless `createPlan` is false,
/// the plan is made in the same moment, from the product as the catalog shows it: either both exist afterwards or neither.
#[utoipa::path(tag = "assignments", request_body = CreateAssignment, security(("bearer" = [PlanWrite::NAME])), responses((status = 201, body = AssignmentView), (status = 409, description = "The customer is deleted, or the external key is taken.")))]
#[post("/customers/{customerId}/assignments")]
pub(super) async fn create_assignment(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path(customer): Path<CustomerId>,
    Body(command): Body<CreateAssignment>,
) -> Answer {
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    let find = async |conn: &Conn| {
        access::may(&who, conn, Thing::Customer(customer)).await?;
        customers::find(conn, who.tenant, customer).await
    };
    let known = db.read(who.tenant, find).await?;
    known.ok_or_else(|| Problem::not_found("customer"))?.require_present()?;
    let product = command.product()?;
    access::may_see_product(&who, &db, &catalog, product).await?;
    // Asked before the write begins: no transaction waits for another service.
    let blueprint = catalog.product_blueprint(who.actor(), product).await?.ok_or_else(unknown_product)?;
    who.write(&db, async |tx| {
        customers::hold(tx, customer).await?.require_present()?;
        let plan_too = command.create_plan;
        let mut assignment = Assignment::create(command, tx.tenant(), customer, &blueprint, tx.now())?;
        let plan = plan_too.then(|| Snapshot::of(&assignment, &blueprint, tx.now()));
        assignment.plan_id = plan.as_ref().map(|snapshot| snapshot.plan.id);
        store::insert(tx, &assignment).await?;
        let view = AssignmentView::from(assignment);
        tx.announce(&ASSIGNMENT_CREATED, None, &view).await?;
        if let Some(plan) = plan {
            plans::begin(tx, plan).await?;
        }
        Reply::created(&view, ASSIGNMENTS)
    })
    .await
}

/// List a customer's assignments
///
/// In the order they were made.
#[utoipa::path(tag = "assignments", params(AssignmentQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<AssignmentView>)))]
#[get("/customers/{customerId}/assignments")]
pub(super) async fn list_assignments(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(customer): Path<CustomerId>,
    Query(query): Query<AssignmentQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "assignments")?);
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Customer(customer)).await?;
        let owner = (who.tenant, customer);
        customers::find(conn, who.tenant, customer).await?.ok_or_else(|| Problem::not_found("customer"))?;
        let rows = store::page(conn, owner, &query, after, limit).await?;
        let mut page =
            Cursor::page(rows, limit, &context.config.keys, "assignments", |row| vec![row.id.to_string().into()]);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, owner, &query).await?);
        }
        Reply::ok(&page.map(AssignmentView::from))
    })
    .await
}

/// Show an assignment
///
/// With its licence level, its selections and its plan.
#[utoipa::path(tag = "assignments", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = AssignmentView)))]
#[get("/assignments/{assignmentId}")]
pub(super) async fn show_assignment(who: Allow<PlanRead>, db: Data<Db>, Path(id): Path<AssignmentId>) -> Answer {
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Assignment(id)).await?;
        let assignment = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("assignment"))?;
        Reply::show(&AssignmentView::from(assignment))
    })
    .await
}

/// Take an assignment back
///
/// Its plan goes with it, with the tasks and their history; this cannot be undone.
#[utoipa::path(tag = "assignments", security(("bearer" = [PlanWrite::NAME])), responses((status = 204, description = "Taken back."), (status = 412, description = "Somebody else changed it.")))]
#[delete("/assignments/{assignmentId}")]
pub(super) async fn delete_assignment(who: Allow<PlanWrite>, db: Data<Db>, Path(id): Path<AssignmentId>) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Assignment(id)).await?;
        let assignment = store::fetch_for_change(tx, id).await?;
        who.expect_version(assignment.version)?;
        customers::hold(tx, assignment.customer_id).await?;
        if let Some(plan) = assignment.plan_id {
            plans::fetch_for_change(tx, plan).await?;
        }
        let before = AssignmentView::from(assignment);
        let last = AssignmentView { version: before.version + 1, updated_at: tx.now(), ..before.clone() };
        store::remove(tx, id).await?;
        tx.announce(&ASSIGNMENT_REMOVED, Some(&before), &last).await?;
        Ok(Reply::done())
    })
    .await
}

/// Make the plan of an assignment
///
/// From the eligible tasks of the product as the catalog shows it now: those of the licence level or below, for the chosen
/// outcomes and releases.
#[utoipa::path(tag = "assignments", security(("bearer" = [PlanWrite::NAME])), responses((status = 201, body = PlanView), (status = 409, description = "It has a plan already, the customer is deleted, or the product is no longer in the catalog.")))]
#[post("/assignments/{assignmentId}/plan")]
pub(super) async fn create_plan(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path(id): Path<AssignmentId>,
) -> Answer {
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    let find = async |conn: &Conn| {
        access::may(&who, conn, Thing::Assignment(id)).await?;
        store::find(conn, who.tenant, id).await
    };
    let known = db.read(who.tenant, find).await?;
    let known = known.ok_or_else(|| Problem::not_found("assignment"))?;
    known.require_unplanned()?;
    let blueprint = catalog.product_blueprint(who.actor(), known.product_id).await?;
    let blueprint = blueprint.ok_or_else(|| known.product_gone())?;
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        before.require_unplanned()?;
        customers::hold(tx, before.customer_id).await?.require_present()?;
        let snapshot = Snapshot::of(&before, &blueprint, tx.now());
        let after = before.clone().planned(snapshot.plan.id, tx.now());
        store::update(tx, &after).await?;
        tx.announce(&ASSIGNMENT_CHANGED, Some(&before.into()), &after.into()).await?;
        let plan = plans::begin(tx, snapshot).await?;
        Reply::created(&plan, PLANS)
    })
    .await
}
