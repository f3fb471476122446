//! What a change set is. Pure.

use contracts::Aggregate;
use db::Json;
use diesel::prelude::*;
use kernel::{ChangeSetId, ProductId, SolutionId, TenantId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::later::JobFailure;
use crate::owners::{Owner, OwnerKind};
use crate::schema::{change_items, change_sets};

kernel::text_enum! {
    /// What an item of a change set is.
    pub enum EntityType {
        /// A licence.
        License = "LICENSE",
        /// An outcome.
        Outcome = "OUTCOME",
        /// A release.
        Release = "RELEASE",
        /// A tag.
        Tag = "TAG",
        /// A custom attribute.
        CustomAttribute = "CUSTOM_ATTRIBUTE",
        /// A task.
        Task = "TASK",
        /// A telemetry attribute.
        TelemetryAttribute = "TELEMETRY_ATTRIBUTE",
        /// A product.
        Product = "PRODUCT",
        /// A solution.
        Solution = "SOLUTION",
        /// The one order of a solution's tasks.
        SolutionTaskOrder = "SOLUTION_TASK_ORDER",
    }
}

kernel::text_enum! {
    /// What became of it.
    pub enum ChangeAction {
        /// It was made.
        Created = "CREATED",
        /// Its fields changed.
        Changed = "CHANGED",
        /// It was deleted; there is an `after` when it can be restored.
        Deleted = "DELETED",
        /// It came back.
        Restored = "RESTORED",
        /// It got another place.
        Reordered = "REORDERED",
        /// A solution got other products.
        ProductsAssigned = "PRODUCTS_ASSIGNED",
    }
}

/// A row of `change_sets`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = change_sets, check_for_backend(diesel::pg::Pg))]
pub(super) struct ChangeSet {
    pub(super) tenant_id: TenantId,
    pub(super) id: ChangeSetId,
    pub(super) owner_kind: OwnerKind,
    pub(super) owner_id: Uuid,
    pub(super) actor_id: String,
    pub(super) on_behalf_of: Option<String>,
    pub(super) correlation_id: Option<String>,
    pub(super) items: i32,
    pub(super) reverts: Option<ChangeSetId>,
    pub(super) reverted_by: Option<ChangeSetId>,
    pub(super) made_at: Timestamp,
    pub(super) version: i64,
    pub(super) revert_asked_at: Option<Timestamp>,
    pub(super) revert_problem: Option<Json<JobFailure>>,
}

impl ChangeSet {
    pub(super) fn owner(&self) -> Owner {
        Owner::of(self.owner_kind, self.owner_id)
    }
}

/// A row of `change_items`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = change_items, check_for_backend(diesel::pg::Pg))]
pub(super) struct ChangeItem {
    pub(super) position: i64,
    pub(super) entity_type: EntityType,
    pub(super) entity_id: Uuid,
    pub(super) action: ChangeAction,
    pub(super) version: i64,
    pub(super) before: Option<Json<Fields>>,
    pub(super) after: Option<Json<Fields>>,
}

/// Fields of a thing, as its view has them.
pub(crate) type Fields = Map<String, Value>;

/// What one command did to a product or a solution and what hangs on it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeSetView {
    /// Its id.
    pub(super) id: ChangeSetId,
    /// The product that was changed; null when it was a solution.
    product_id: Option<ProductId>,
    /// The solution that was changed; null when it was a product.
    solution_id: Option<SolutionId>,
    /// Who made the change: a user's id, a program's or a service.
    actor_id: String,
    /// The person behind a service that acted for them.
    on_behalf_of: Option<String>,
    /// What ties it to its events and its lines of the audit trail.
    correlation_id: Option<String>,
    /// How many items it has.
    items: i32,
    /// The change set that this one takes back.
    reverts: Option<ChangeSetId>,
    /// The change set that took this one back.
    reverted_by: Option<ChangeSetId>,
    /// Since when it is being taken back; null when it is not, or is taken back already.
    revert_asked_at: Option<Timestamp>,
    /// Why it could not be taken back when that was last tried.
    revert_problem: Option<JobFailure>,
    /// Raised by what is said about taking it back; nothing else of it changes.
    version: i64,
    /// When the change was made.
    made_at: Timestamp,
}

/// What became of one thing.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeItemView {
    /// Its place in the order in which the items came about.
    pub(super) position: i64,
    /// What it is.
    entity_type: EntityType,
    /// Which one.
    entity_id: Uuid,
    /// What became of it.
    action: ChangeAction,
    /// Its version after the change.
    version: i64,
    /// The fields that changed, before; null when it was made, the whole of it when it was deleted for good.
    #[schema(value_type = Option<Object>)]
    before: Option<Fields>,
    /// The same fields after; the whole of it when it was made, null when it was deleted for good.
    #[schema(value_type = Option<Object>)]
    after: Option<Fields>,
}

impl From<ChangeSet> for ChangeSetView {
    fn from(row: ChangeSet) -> Self {
        let (product_id, solution_id) = row.owner().ids();
        let ChangeSet { id, actor_id, on_behalf_of, correlation_id, items, reverts, reverted_by, made_at, .. } = row;
        Self {
            revert_asked_at: row.revert_asked_at,
            revert_problem: row.revert_problem.map(|Json(problem)| problem),
            version: row.version,
            id,
            product_id,
            solution_id,
            actor_id,
            on_behalf_of,
            correlation_id,
            items,
            reverts,
            reverted_by,
            made_at,
        }
    }
}

impl Aggregate for ChangeSetView {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn version(&self) -> i64 {
        self.version
    }
}

impl From<ChangeItem> for ChangeItemView {
    fn from(row: ChangeItem) -> Self {
        let ChangeItem { position, entity_type, entity_id, action, version, before, after } = row;
        let fields = |side: Option<Json<Fields>>| side.map(|Json(fields)| fields);
        Self { position, entity_type, entity_id, action, version, before: fields(before), after: fields(after) }
    }
}
