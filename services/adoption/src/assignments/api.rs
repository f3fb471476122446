//! Assignments over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use auth::Permission;
use clients::Catalog;
use contracts::adoption::{AssignmentView, PlanView};
use contracts::catalog::OwnerId;
use db::{Conn, Db, Tx};
use futures_util::try_join;
use kernel::{AssignmentId, Cursor, CustomerId, Page, PageQuery, Problem};
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::body::{AssignmentPatch, AssignmentQuery, CreateAssignment};
use super::model::{Assignment, unknown};
use super::{steps, store};
use crate::access::{self, Thing};
use crate::bundles::Bundle;
use crate::permissions::{PlanRead, PlanWrite};
use crate::{customers, plan_syncs, plans, solution_plans};

const ASSIGNMENTS: &str = "/adoption/v1/assignments";
const PLANS: &str = "/adoption/v1/plans";

/// Assign a product or a solution to a customer
///
/// Chosen outcomes and releases must be its own; choosing none means all of them. Unless `createPlan` is false, the plan is
/// made in the same moment, from the catalog as it is: either both exist afterwards or neither. A solution comes with all of
/// its products: each that the customer has already and that stands alone becomes a part of the solution plan, and follows
/// its licence level and its choice from then on, but never falls below the level that the customer had; the others are
/// assigned and planned with it. GET /adoption/v1/solution-plans/{solutionPlanId} shows the whole, and at what level each is.
#[utoipa::path(tag = "assignments", request_body = CreateAssignment, security(("bearer" = [PlanWrite::NAME])), responses((status = 201, body = AssignmentView), (status = 409, description = "The customer is deleted, the external key is taken, or the customer has the solution under this name.")))]
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
    let owner = command.owner()?;
    access::may_see(&who, &db, &catalog, owner).await?;
    // Asked before the write begins: no transaction waits for another service.
    let bundle = Bundle::ask(&catalog, who.actor(), owner).await?.ok_or_else(|| unknown(owner))?;
    who.write(&db, async |tx| {
        customers::hold(tx, customer).await?.require_present()?;
        let plan_too = command.create_plan;
        let assignment = Assignment::create(command, tx.tenant(), customer, &bundle, tx.now())?;
        let made = match owner {
            OwnerId::Product(_) => steps::begin(tx, assignment, plan_too.then_some(&bundle.owner)).await?,
            OwnerId::Solution(_) => solution_plans::begin(tx, assignment, &bundle).await?,
        };
        Reply::created(&AssignmentView::from(made), ASSIGNMENTS)
    })
    .await
}

/// Change an assignment
///
/// A JSON merge patch: what is left out stays, `null` clears. When the licence level or the chosen outcomes or releases are
/// given, its plan is synced in the same moment: tasks enter, or are retired and keep their history, and no status is lost.
/// Those of a solution hold for its products, whose plans are synced as well, unless the customer had a product at a higher
/// level before; those of its parts that are named after it take its new name. A part of a solution plan follows the solution:
/// what it entitles to is changed there, but for `ownLicenseLevel`: the part has the higher of that and what the solution
/// gives, and its plan is synced as well. `If-Match` is honoured when sent.
#[utoipa::path(tag = "assignments", request_body = AssignmentPatch, security(("bearer" = [PlanWrite::NAME])), responses((status = 200, body = AssignmentView), (status = 409, description = "It is a part of a solution plan, the customer is deleted, the product or the solution is no longer in the catalog, or the external key or the name is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/assignments/{assignmentId}")]
pub(super) async fn change_assignment(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path(id): Path<AssignmentId>,
    Body(patch): Body<AssignmentPatch>,
) -> Answer {
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    let known = look(&who, &db, id).await?;
    known.require_changeable(&patch)?;
    // Asked before the write begins: no transaction waits for another service.
    let bundle = if patch.is_of_own_level() {
        Some(ask_of_part(&who, &db, &catalog, &known).await?)
    } else if patch.is_of_entitlement() {
        Some(Bundle::ask(&catalog, who.actor(), known.owner()).await?.ok_or_else(|| known.gone())?)
    } else {
        None
    };
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        customers::hold(tx, before.customer_id).await?.require_present()?;
        let after = steps::change(tx, &before, patch, bundle.as_ref()).await?;
        steps::settle(tx, before, &after).await?;
        if let Some(bundle) = &bundle {
            follow(tx, &after, bundle).await?;
        }
        Reply::show(&AssignmentView::from(after))
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
        customers::find_present(conn, who.tenant, customer).await?;
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
/// Its plan goes with it, with the tasks and their history; this cannot be undone. With a solution go its plan and the products
/// that were assigned with it; those that the customer had before stay, with their plans, and so do those that left the
/// solution, were changed, and came back. A part of a solution plan goes with the solution only.
#[utoipa::path(tag = "assignments", security(("bearer" = [PlanWrite::NAME])), responses((status = 204, description = "Taken back."), (status = 409, description = "It is a part of a solution plan."), (status = 412, description = "Somebody else changed it.")))]
#[delete("/assignments/{assignmentId}")]
pub(super) async fn delete_assignment(who: Allow<PlanWrite>, db: Data<Db>, Path(id): Path<AssignmentId>) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Assignment(id)).await?;
        let assignment = store::fetch_for_change(tx, id).await?;
        who.expect_version(assignment.version)?;
        assignment.require_alone()?;
        customers::hold(tx, assignment.customer_id).await?;
        if let Some(whole) = assignment.solution_plan_id {
            solution_plans::take_apart(tx, whole).await?;
        }
        if let Some(plan) = assignment.plan_id {
            plans::fetch_for_change(tx, plan).await?;
        }
        steps::remove(tx, assignment).await?;
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
    let known = look(&who, &db, id).await?;
    known.require_unplanned()?;
    let blueprint = catalog.blueprint(who.actor(), known.owner()).await?.ok_or_else(|| known.gone())?;
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        before.require_unplanned()?;
        customers::hold(tx, before.customer_id).await?.require_present()?;
        let plan = steps::plan(tx, before.clone(), before, &blueprint).await?;
        Reply::created(&plan, PLANS)
    })
    .await
}

/// An assignment that the caller may do `P` with.
async fn look<P: Permission>(who: &Allow<P>, db: &Db, id: AssignmentId) -> Result<Assignment, Problem> {
    let find = async |conn: &Conn| {
        access::may(who, conn, Thing::Assignment(id)).await?;
        store::find(conn, who.tenant, id).await
    };
    db.read(who.tenant, find).await?.ok_or_else(|| Problem::not_found("assignment"))
}

/// A part's solution with the part's product, as the catalog shows them now.
async fn ask_of_part(who: &Allow<PlanWrite>, db: &Db, catalog: &Catalog, part: &Assignment) -> Result<Bundle, Problem> {
    let find = async |conn: &Conn| match part.solution_plan_id {
        Some(plan) => Ok(store::find_wholes(conn, who.tenant, &[plan]).await?.pop()),
        None => Ok(None),
    };
    let whole = db.read(who.tenant, find).await?.ok_or_else(|| Problem::not_found("assignment"))?;
    let ask = |of: OwnerId| catalog.blueprint(who.actor(), of);
    let (owner, product) = try_join!(ask(whole.owner()), ask(part.owner()))?;
    let (owner, product) = (owner.ok_or_else(|| whole.gone())?, product.ok_or_else(|| part.gone())?);
    Ok(Bundle { owner, products: vec![product] })
}

/// Has the plans of an assignment follow what the customer is entitled to now.
async fn follow(tx: &mut Tx, assignment: &Assignment, bundle: &Bundle) -> Result<(), Problem> {
    let of = match assignment.solution_plan_id {
        Some(whole) if !assignment.is_part() => {
            solution_plans::follow(tx, assignment, whole, bundle).await?;
            return Ok(());
        }
        Some(_) => bundle.products.first(),
        None => Some(&bundle.owner),
    };
    if let (Some(plan), Some(of)) = (assignment.plan_id, of) {
        let plan = plans::fetch_for_change(tx, plan).await?;
        plan_syncs::sync(tx, plan, of).await?;
    }
    solution_plans::roll_up(tx, assignment.solution_plan_id).await
}
