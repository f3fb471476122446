//! What is remembered of a sync. Pure.

use contracts::adoption::{PlanSyncView, PlanSyncedView, PlanView, SyncCounts};
use db::Json;
use diesel::prelude::*;
use kernel::{
    CustomerTaskId, Hundredths, PlanId, PlanSyncId, Problem, ProblemKind, SyncOperationId, TenantId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use crate::plans::sync::{Baseline, Standing, SyncChange, SyncRow, SyncedTask};
use crate::schema::{plan_syncs, synced_tasks};

/// The catalog was asked before somebody synced the plan with a later state of it.
static OUTDATED: ProblemKind = ProblemKind::new("PLAN_SYNC_OUTDATED", 409, "The plan has been synced meanwhile");
/// No sync of the plan stands.
static NOTHING_TO_UNDO: ProblemKind = ProblemKind::new("PLAN_SYNC_NOTHING_TO_UNDO", 409, "There is no sync to undo");

pub(super) fn outdated() -> Problem {
    OUTDATED.detail(
        "Somebody synced it with a later state of the catalog. Try again if you want to see whether more has changed.",
    )
}

pub(super) fn nothing_to_undo() -> Problem {
    NOTHING_TO_UNDO.detail("The plan was never synced, or each of its syncs is undone already; GET /adoption/v1/plans/{planId}/syncs lists them.")
}

/// A row of `plan_syncs`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = plan_syncs, check_for_backend(diesel::pg::Pg))]
pub(super) struct PlanSync {
    pub(super) tenant_id: TenantId,
    pub(super) id: PlanSyncId,
    pub(super) plan_id: PlanId,
    pub(super) plan_version: i64,
    pub(super) operation_id: Option<SyncOperationId>,
    pub(super) at: Timestamp,
    pub(super) synced_by: Option<UserId>,
    pub(super) catalog_revision: i64,
    #[diesel(embed)]
    pub(super) counts: Counts,
    pub(super) changes: Json<Vec<SyncChange>>,
    pub(super) synced_before: Timestamp,
    pub(super) undone_at: Option<Timestamp>,
    pub(super) undone_by: Option<UserId>,
}

/// What a sync changed, in numbers.
#[derive(Debug, Clone, Copy, Queryable, Selectable, Insertable)]
#[diesel(table_name = plan_syncs, check_for_backend(diesel::pg::Pg))]
pub(super) struct Counts {
    added: i32,
    changed: i32,
    retired: i32,
    revived: i32,
    conflicts: i32,
}

/// A row of `synced_tasks`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = synced_tasks, check_for_backend(diesel::pg::Pg))]
pub(super) struct Stance {
    pub(super) tenant_id: TenantId,
    pub(super) customer_task_id: CustomerTaskId,
    pub(super) plan_id: PlanId,
    pub(super) baseline: Option<Json<Baseline>>,
    pub(super) retired: Option<Json<Standing>>,
}

/// What a sync would change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncPreview {
    /// The plan.
    pub(super) plan_id: PlanId,
    /// The version of the plan that was looked at: send it as If-Match to apply just this.
    pub(super) plan_version: i64,
    /// The catalog revision that it would be made equal to.
    pub(super) catalog_revision: i64,
    /// The plan's progress now.
    pub(super) progress_before: Hundredths,
    /// Its progress after the sync.
    pub(super) progress_after: Hundredths,
    /// What would change, in numbers.
    pub(super) counts: SyncCounts,
    /// What would change, row by row; nothing when the plan is equal to the catalog.
    pub(super) rows: Vec<SyncRow>,
}

/// What a sync did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncedView {
    /// The plan as it is now.
    pub(super) plan: PlanView,
    /// The sync; null when the plan was equal to the catalog already.
    pub(super) sync: Option<PlanSyncView>,
    /// What it changed, row by row.
    pub(super) rows: Vec<SyncRow>,
}

impl contracts::Aggregate for SyncedView {
    fn id(&self) -> uuid::Uuid {
        self.plan.id.0
    }
    fn version(&self) -> i64 {
        self.plan.version
    }
}

/// Where the list of syncs begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SyncQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(super) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(super) cursor: Option<String>,
    /// Also return the exact `total`.
    pub(super) count: Option<bool>,
}

impl Stance {
    /// How a task stands to the catalog.
    pub(super) fn of(SyncedTask { task, baseline, retired }: &SyncedTask) -> Self {
        Self {
            tenant_id: task.tenant_id,
            customer_task_id: task.id,
            plan_id: task.plan_id,
            baseline: baseline.clone().map(Json),
            retired: retired.map(Json),
        }
    }

    /// Whether the task says just what the catalog says, so that there is nothing to remember.
    pub(super) fn is_plain(&self) -> bool {
        self.baseline.is_none() && self.retired.is_none()
    }
}

impl From<SyncCounts> for Counts {
    fn from(SyncCounts { added, changed, retired, revived, conflicts }: SyncCounts) -> Self {
        Self { added, changed, retired, revived, conflicts }
    }
}

impl From<PlanSync> for PlanSyncView {
    fn from(sync: PlanSync) -> Self {
        let PlanSync {
            tenant_id: _,
            id,
            plan_id,
            plan_version: _,
            operation_id,
            at,
            synced_by: by,
            catalog_revision,
            counts: Counts { added, changed, retired, revived, conflicts },
            changes: _,
            synced_before: _,
            undone_at,
            undone_by,
        } = sync;
        let counts = SyncCounts { added, changed, retired, revived, conflicts };
        Self { id, plan_id, operation_id, at, by, catalog_revision, counts, undone_at, undone_by }
    }
}

impl SyncedView {
    /// The answer to a sync that changed something.
    pub(super) fn of(PlanSyncedView { plan, sync }: PlanSyncedView, rows: Vec<SyncRow>) -> Self {
        Self { plan, sync: Some(sync), rows }
    }
}
