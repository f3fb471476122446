//! What a plan is. Pure.

use contracts::Aggregate;
use contracts::adoption::{PlanView, StatusSource, TaskStatus};
use contracts::catalog::{LicenseLevel, OwnerId, OwnerKind};
use diesel::prelude::*;
use kernel::{
    AssignmentId, CustomerId, OutcomeId, PlanId, ProductId, ReleaseId, SolutionId, SolutionPlanId, TagId, TenantId,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::progress::Progress;
use crate::customer_tasks::TaskFilter;
use crate::schema::plans;

/// A row of `plans`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = plans, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Plan {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: PlanId,
    pub(crate) version: i64,
    pub(crate) assignment_id: AssignmentId,
    pub(crate) customer_id: CustomerId,
    pub(crate) owner_kind: OwnerKind,
    pub(crate) owner_id: Uuid,
    pub(crate) owner_name: String,
    pub(crate) catalog_revision: i64,
    pub(crate) license_level: LicenseLevel,
    pub(crate) outcome_ids: Vec<OutcomeId>,
    pub(crate) release_ids: Vec<ReleaseId>,
    #[diesel(embed)]
    pub(crate) progress: Progress,
    pub(crate) solution_plan_id: Option<SolutionPlanId>,
    pub(crate) last_synced_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// Filters of the list of plans.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PlanQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(crate) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// Also return the exact `total`.
    pub(crate) count: Option<bool>,
    /// Only plans of this customer. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) customer_id: Vec<CustomerId>,
    /// Only plans of this product. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) product_id: Vec<ProductId>,
    /// Only plans of this solution's own tasks. Repeat for more; with products, those of either.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) solution_id: Vec<SolutionId>,
    /// Only plans for this licence level. Repeat for more.
    #[serde(default)]
    pub(crate) license_level: Vec<LicenseLevel>,
    /// Only plans whose progress is below so many percent.
    pub(crate) progress_below: Option<u16>,
    /// Only plans whose progress is so many percent or more.
    pub(crate) progress_from: Option<u16>,
    /// Only plans that are parts of this solution plan, the one of the solution's own tasks too. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) solution_plan_id: Vec<SolutionPlanId>,
    /// `true`: only plans that need a sync; `false`: only those that do not.
    pub(crate) needs_sync: Option<bool>,
}

/// A plan with what its row does not say.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShownPlan {
    #[serde(flatten)]
    plan: PlanView,
    /// Whether the catalog has moved since the plan was made equal to it, or its last sync was undone: GET
    /// /adoption/v1/plans/{planId}/sync shows what a sync would change. It follows the catalog within moments.
    needs_sync: bool,
}

impl Aggregate for ShownPlan {
    fn id(&self) -> Uuid {
        self.plan.id.0
    }
    fn version(&self) -> i64 {
        self.plan.version
    }
}

impl From<(Plan, bool)> for ShownPlan {
    fn from((plan, needs_sync): (Plan, bool)) -> Self {
        Self { plan: plan.into(), needs_sync }
    }
}

/// Filters of the tasks of a plan.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PlanTaskQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(crate) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// Also return the exact `total`.
    pub(crate) count: Option<bool>,
    /// Only tasks with this status; repeat it for several.
    #[serde(default)]
    status: Vec<TaskStatus>,
    /// Only tasks whose status this has set; repeat it for several.
    #[serde(default)]
    source: Vec<StatusSource>,
    /// Only tasks that serve this outcome, and those that serve all. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    outcome_id: Vec<OutcomeId>,
    /// Only tasks that belong to this release, and those that belong to all. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    release_id: Vec<ReleaseId>,
    /// Only tasks with this tag. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    tag_id: Vec<TagId>,
    /// Only tasks that this licence level includes.
    #[param(inline)]
    license_level: Option<LicenseLevel>,
    /// `true`: only tasks that telemetry proves, whatever their status says; `false`: only the others.
    is_met: Option<bool>,
    /// `true`: the caller's own filter of the plan counts as well (PUT /adoption/v1/plans/{planId}/filter keeps it).
    pub(crate) saved: Option<bool>,
}

impl PlanTaskQuery {
    /// What the query itself asks for.
    pub(crate) fn filter(&self) -> TaskFilter {
        TaskFilter {
            statuses: self.status.clone(),
            sources: self.source.clone(),
            outcome_ids: self.outcome_id.clone(),
            release_ids: self.release_id.clone(),
            tag_ids: self.tag_id.clone(),
            license_level: self.license_level,
            is_met: self.is_met,
        }
    }
}

impl Plan {
    /// Whose tasks it has in the catalog.
    pub(crate) fn owner(&self) -> OwnerId {
        OwnerId::of(self.owner_kind, self.owner_id)
    }

    /// The plan with new sums; `None` when they are what they were.
    pub(crate) fn progressed(&self, progress: Progress, now: Timestamp) -> Option<Self> {
        (progress != self.progress).then(|| Self {
            version: self.version + 1,
            progress,
            updated_at: now,
            ..self.clone()
        })
    }
}

impl From<Plan> for PlanView {
    fn from(plan: Plan) -> Self {
        let Plan {
            tenant_id: _,
            id,
            version,
            assignment_id,
            customer_id,
            owner_kind,
            owner_id,
            owner_name: product_name,
            catalog_revision,
            license_level,
            outcome_ids,
            release_ids,
            solution_plan_id,
            progress: Progress { total_tasks, completed_tasks, total_weight, completed_weight, progress_percentage },
            last_synced_at,
            created_at,
            updated_at,
        } = plan;
        let owner = OwnerId::of(owner_kind, owner_id);
        Self {
            id,
            version,
            assignment_id,
            customer_id,
            product_id: owner.product(),
            solution_id: owner.solution(),
            solution_plan_id,
            product_name,
            catalog_revision,
            license_level,
            outcome_ids,
            release_ids,
            total_tasks,
            completed_tasks,
            total_weight,
            completed_weight,
            progress_percentage,
            last_synced_at,
            created_at,
            updated_at,
        }
    }
}
