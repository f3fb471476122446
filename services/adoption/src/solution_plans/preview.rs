//! What a sync of a solution plan would change, part by part.

use contracts::catalog::LicenseLevel;
use db::Conn;
use kernel::{AssignmentId, Problem, ProductId, SolutionPlanId, Timestamp};
use serde::Serialize;

use crate::assignments::{self, Assignment, Part};
use crate::bundles::Bundle;
use crate::plan_syncs::{self, Due, SyncPreview};
use crate::plans::{self, Snapshot};

kernel::text_enum! {
    /// What a sync of a solution plan does with a part.
    pub enum PartStep {
        /// It is a part already, and its plan is synced.
        Follows = "FOLLOWS",
        /// The customer has the product already: the assignment becomes a part, and its plan is synced.
        Joins = "JOINS",
        /// The product is assigned and planned.
        IsMade = "IS_MADE",
        /// The solution no longer has the product, or the catalog has not: the assignment stands alone from then on, with its
        /// plan as it is.
        Leaves = "LEAVES",
    }
}

/// What a sync of a solution plan would change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SolutionSyncPreview {
    /// The solution plan.
    pub(super) solution_plan_id: SolutionPlanId,
    /// The solution's own tasks first, then its products in its order, then those that it no longer has and those that are deleted.
    pub(super) parts: Vec<PartPreview>,
}

/// What a sync of a solution plan would change in a part.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartPreview {
    /// What happens to the part.
    step: PartStep,
    /// The product; null for the solution's own tasks.
    product_id: Option<ProductId>,
    /// What the product or the solution is called.
    name: String,
    /// The assignment; null when it is yet to be made.
    assignment_id: Option<AssignmentId>,
    /// At what licence level the customer has it from then on.
    license_level: LicenseLevel,
    /// What becomes of its plan, row by row; null when the plan is yet to be made or stays as it is.
    sync: Option<SyncPreview>,
    /// How many tasks a plan would have that is yet to be made; null for the others.
    tasks: Option<usize>,
}

/// What a sync would change, with the catalog as it is now.
///
/// # Errors
/// 409 when a plan has seen a later state of the catalog.
pub(super) async fn preview(
    conn: &Conn,
    (whole, id): (&Assignment, SolutionPlanId),
    bundle: &Bundle,
    now: Timestamp,
) -> Result<SolutionSyncPreview, Problem> {
    let products: Vec<_> = bundle.products.iter().map(|product| product.owner_id().id()).collect();
    let known = assignments::candidates(conn, (whole.tenant_id, whole.customer_id), id, &products).await?;
    let (leaving, known): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.has_left(id, bundle));
    let own = Part { before: Some(whole.clone()), after: whole.clone(), of: &bundle.owner };
    let mut parts = vec![look(conn, id, own, now).await?];
    for part in assignments::parts(whole, id, bundle, &known, now) {
        parts.push(look(conn, id, part, now).await?);
    }
    parts.extend(leaving.into_iter().map(PartPreview::leaving));
    Ok(SolutionSyncPreview { solution_plan_id: id, parts })
}

impl PartPreview {
    /// A part whose product the solution no longer has.
    fn leaving(part: Assignment) -> Self {
        Self {
            step: PartStep::Leaves,
            product_id: part.owner().product(),
            assignment_id: Some(part.id),
            license_level: part.license_level,
            name: part.owner_name,
            sync: None,
            tasks: None,
        }
    }
}

async fn look(
    conn: &Conn,
    id: SolutionPlanId,
    Part { before, after, of }: Part<'_>,
    now: Timestamp,
) -> Result<PartPreview, Problem> {
    let step = match &before {
        None => PartStep::IsMade,
        Some(before) if before.solution_plan_id == Some(id) => PartStep::Follows,
        Some(_) => PartStep::Joins,
    };
    let sync = match after.plan_id {
        None => None,
        Some(plan) => {
            let plan = plans::find(conn, after.tenant_id, plan).await?.ok_or_else(|| Problem::not_found("plan"))?;
            Some(Due::of(plan_syncs::synced(conn, plan).await?, &after, of, now)?.preview(of))
        }
    };
    let tasks = sync.is_none().then(|| Snapshot::of(&after, of, now).tasks.len());
    let (product_id, name, license_level) = (of.owner_id().product(), of.name().to_owned(), after.license_level);
    let assignment_id = before.map(|before| before.id);
    Ok(PartPreview { step, product_id, name, assignment_id, license_level, sync, tasks })
}
