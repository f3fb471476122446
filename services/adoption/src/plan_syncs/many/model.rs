//! What an operation is. Pure.

use std::collections::BTreeSet;

use contracts::adoption::{OperationResult, OperationStatus, SyncOperationView};
use contracts::catalog::OwnerId;
use diesel::prelude::*;
use kernel::problem::PERMISSION_DENIED;
use kernel::{Check, PlanId, Problem, ProductId, SolutionId, SyncOperationId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::schema::{sync_operation_plans, sync_operations};

/// The most plans that a command names.
const MOST: usize = 1_000;

kernel::text_enum! {
    /// What became of a plan in an operation.
    pub enum OperationPlanState {
        /// Its turn has not come.
        Pending = "PENDING",
        /// It was made equal to the catalog.
        Synced = "SYNCED",
        /// It was equal to it already.
        Unchanged = "UNCHANGED",
        /// It could not be synced.
        Failed = "FAILED",
    }
}

/// What became of a plan, or why nothing did.
pub(super) type Became = (PlanId, Result<OperationPlanState, Problem>);

/// Which plans to sync: those that fit everything that is given.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "productId": "019a8b2e-7c00-7000-8000-000000000001" }))]
pub(super) struct SyncPlans {
    /// The plans of this product, of all customers that are not deleted.
    pub(super) product_id: Option<ProductId>,
    /// The plans of this solution's own tasks, of all customers that are not deleted; not those of its products, and not
    /// together with a product.
    pub(super) solution_id: Option<SolutionId>,
    /// These, 1 to 1,000.
    pub(super) plan_ids: Option<Vec<PlanId>>,
}

/// A row of `sync_operations`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = sync_operations, check_for_backend(diesel::pg::Pg))]
pub(super) struct SyncOperation {
    pub(super) tenant_id: TenantId,
    pub(super) id: SyncOperationId,
    pub(super) version: i64,
    pub(super) status: OperationStatus,
    pub(super) requested_by: UserId,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
}

/// A row of `sync_operation_plans`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sync_operation_plans, check_for_backend(diesel::pg::Pg))]
pub(super) struct OperationPlan {
    pub(super) tenant_id: TenantId,
    pub(super) operation_id: SyncOperationId,
    pub(super) plan_id: PlanId,
    pub(super) state: OperationPlanState,
    pub(super) problem: Option<String>,
    pub(super) detail: Option<String>,
}

/// A plan of an operation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperationPlanView {
    /// The plan.
    plan_id: PlanId,
    /// What became of it.
    state: OperationPlanState,
    /// The code of the problem, when it failed.
    problem: Option<String>,
    /// What to do about it.
    detail: Option<String>,
}

/// Which plans of an operation are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OperationPlanQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(super) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(super) cursor: Option<String>,
    /// Also return the exact `total`.
    pub(super) count: Option<bool>,
    /// Only those of which this became. Repeat for more.
    #[serde(default)]
    pub(super) state: Vec<OperationPlanState>,
}

impl SyncPlans {
    /// Whose plans are meant, if it says that.
    pub(super) fn owner(&self) -> Option<OwnerId> {
        self.product_id.map(OwnerId::Product).or(self.solution_id.map(OwnerId::Solution))
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        let mut check = Check::new();
        let is_any = self.owner().is_some() || self.plan_ids.is_some();
        check.that(is_any, "/", "REQUIRED", || "say which: productId, solutionId or planIds".to_owned());
        if let Some(ids) = &self.plan_ids {
            check.that((1..=MOST).contains(&ids.len()), "/planIds", "LENGTH", || format!("name 1 to {MOST} plans"));
            check.distinct("/planIds", ids);
        }
        check.finish()
    }

    /// Requires that those who were named were found, by one owner at most. A caller whom grants narrow is not told whether
    /// there are others.
    pub(super) fn require_found(&self, found: &[(PlanId, OwnerId)], is_narrowed: bool) -> Result<(), Problem> {
        let found: BTreeSet<PlanId> = found.iter().map(|(plan, _)| *plan).collect();
        let named = self.plan_ids.as_deref().unwrap_or_default();
        let is_missing = |id: &PlanId| !found.contains(id);
        if is_narrowed && (found.is_empty() || named.iter().any(is_missing)) {
            return Err(
                PERMISSION_DENIED.detail("This needs the permission adoption:plan:write for each of these plans.")
            );
        }
        let mut check = Check::new();
        let is_one = self.product_id.is_none() || self.solution_id.is_none();
        check.that(is_one, "/solutionId", "EXCLUSIVE", || "Name a product or a solution, not both.".to_owned());
        for (index, id) in named.iter().enumerate() {
            check.that(!is_missing(id), &format!("/planIds/{index}"), "UNKNOWN", || {
                "is no plan of what is named, or of a customer that is not deleted".to_owned()
            });
        }
        check.finish()
    }
}

impl SyncOperation {
    /// An operation that has not begun.
    pub(super) fn create(tenant_id: TenantId, requested_by: UserId, now: Timestamp) -> Self {
        Self {
            tenant_id,
            id: SyncOperationId::fresh(),
            version: 1,
            status: OperationStatus::Pending,
            requested_by,
            created_at: now,
            updated_at: now,
            finished_at: None,
        }
    }

    pub(super) fn begun(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, status: OperationStatus::Running, updated_at: now, ..self }
    }

    pub(super) fn ended(self, now: Timestamp) -> Self {
        Self {
            version: self.version + 1,
            status: OperationStatus::Done,
            updated_at: now,
            finished_at: Some(now),
            ..self
        }
    }

    /// A plan of it whose turn has not come.
    pub(super) fn plan(&self, plan_id: PlanId) -> OperationPlan {
        OperationPlan {
            tenant_id: self.tenant_id,
            operation_id: self.id,
            plan_id,
            state: OperationPlanState::Pending,
            problem: None,
            detail: None,
        }
    }

    /// The operation with what has become of its plans.
    pub(super) fn view(self, states: &[(OperationPlanState, i64)]) -> SyncOperationView {
        let of = |state| states.iter().filter(|(of, _)| *of == state).map(|(_, plans)| plans).sum::<i64>();
        let result = OperationResult {
            plans: states.iter().map(|(_, plans)| plans).sum(),
            synced: of(OperationPlanState::Synced),
            unchanged: of(OperationPlanState::Unchanged),
            failed: of(OperationPlanState::Failed),
        };
        let Self { tenant_id: _, id, version, status, requested_by, created_at, updated_at, finished_at } = self;
        let progress = part(result.plans - of(OperationPlanState::Pending), result.plans);
        SyncOperationView { id, version, status, progress, result, requested_by, created_at, updated_at, finished_at }
    }
}

/// What part of a whole is through; of nothing, all.
fn part(through: i64, whole: i64) -> f64 {
    let in_thousand = if whole > 0 { through * 1_000 / whole } else { 1_000 };
    f64::from(i32::try_from(in_thousand).unwrap_or(1_000)) / 1_000.0
}

impl From<OperationPlan> for OperationPlanView {
    fn from(plan: OperationPlan) -> Self {
        let OperationPlan { tenant_id: _, operation_id: _, plan_id, state, problem, detail } = plan;
        Self { plan_id, state, problem, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(problem: &Problem) -> Vec<&str> {
        problem.errors().iter().map(|error| error.pointer.as_str()).collect()
    }

    #[test]
    fn a_command_says_which_plans_it_means() {
        let (one, other) = (PlanId::fresh(), PlanId::fresh());
        let of = |plan_ids| SyncPlans { product_id: None, solution_id: None, plan_ids };
        assert_eq!(ids(&of(None).check().unwrap_err()), ["/"]);
        for plan_ids in [vec![], vec![one, one]] {
            assert_eq!(ids(&of(Some(plan_ids)).check().unwrap_err()), ["/planIds"]);
        }
        let both = of(Some(vec![one, other]));
        both.check().unwrap();
        let found = [(one, OwnerId::Product(ProductId::fresh()))];
        assert_eq!(ids(&both.require_found(&found, false).unwrap_err()), ["/planIds/1"]);
        assert_eq!(both.require_found(&found, true).unwrap_err().kind(), &PERMISSION_DENIED);
    }

    #[test]
    fn progress_is_what_is_no_longer_pending() {
        use OperationPlanState::{Failed, Pending, Synced, Unchanged};
        let operation = SyncOperation::create(TenantId::fresh(), UserId::fresh(), Timestamp::from_micros(0));
        let view = operation.clone().view(&[(Pending, 1), (Synced, 5), (Unchanged, 1), (Failed, 1)]);
        assert_eq!((view.result.plans, view.result.synced, view.result.failed), (8, 5, 1));
        assert!((view.progress - 0.875).abs() < 1e-9);
        assert!((operation.view(&[]).progress - 1.0).abs() < 1e-9);
    }
}
