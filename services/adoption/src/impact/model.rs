//! What an import would do to plans. Pure.

use std::collections::{BTreeMap, BTreeSet};

use contracts::adoption::SyncCounts;
use contracts::catalog::{Blueprint, LicenseLevel};
use kernel::{
    CustomerId, Hundredths, ImportId, OutcomeId, PlanId, Problem, ProblemKind, ProductId, ReleaseId, SolutionId,
    TaskId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::assignments::Assignment;
use crate::plan_syncs::Due;
use crate::plans::Snapshot;
use crate::plans::sync::{Sync, SyncRow, SyncRowKind, Synced};

/// The catalog cannot do the import as things stand.
static REFUSED: ProblemKind = ProblemKind::new("IMPACT_IMPORT_REFUSED", 409, "The import cannot be tried");

pub(super) fn refused(why: String) -> Problem {
    REFUSED.detail(why)
}

/// Where the list of plans begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ImpactQuery {
    /// Plans looked at for a page, 1 to 200 (default 50).
    pub(super) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(super) cursor: Option<String>,
}

/// What an import would do to the plans of its product, or of its solution's own tasks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImpactView {
    /// The import.
    import_id: ImportId,
    /// The product that it changes; null where `solutionId` is given, or when it makes a new one.
    product_id: Option<ProductId>,
    /// The solution that it changes.
    solution_id: Option<SolutionId>,
    /// What it would be called.
    name: String,
    /// The plans that are made from it, of customers that are not deleted.
    plans: usize,
    /// Those in which a task would change, enter or be retired.
    plans_touched: usize,
    /// The customers whose plans those are.
    customers_touched: usize,
    /// The tasks that would, in the catalog's order; new ones last.
    tasks: Vec<TaskImpactView>,
}

/// What an import would do with a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskImpactView {
    /// The catalog's task; null for one that the import makes.
    task_id: Option<TaskId>,
    /// What it would be called.
    name: String,
    /// What the catalog would say otherwise of it; `attribute: field` for what it says of a telemetry attribute.
    fields: BTreeSet<String>,
    /// Plans that it would enter.
    added_to: usize,
    /// Plans in which it would change.
    changed_in: usize,
    /// Plans in which it would be retired.
    retired_from: usize,
}

/// What would become of a plan.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanImpactView {
    /// The plan.
    plan_id: PlanId,
    /// Whose it is.
    customer_id: CustomerId,
    /// What the customer is called.
    customer_name: String,
    /// What a sync would change.
    counts: SyncCounts,
    /// The plan's progress now.
    progress_before: Hundredths,
    /// Its progress after the sync.
    progress_after: Hundredths,
}

/// What customers are entitled to and have chosen: whose plans are alike.
type Entitled = (LicenseLevel, Vec<OutcomeId>, Vec<ReleaseId>);

/// What an import would do, in numbers.
#[derive(Debug, Default)]
pub(super) struct Impact {
    plans: usize,
    touched: usize,
    customers: BTreeSet<CustomerId>,
    tasks: BTreeMap<TaskId, TaskImpactView>,
}

impl Impact {
    /// Plans of the same entitlement are made from the same tasks: one of each kind is made and synced, on paper.
    pub(super) fn of(
        before: Option<&Blueprint>,
        after: &Blueprint,
        assignments: &[Assignment],
        now: Timestamp,
    ) -> Self {
        let mut alike: BTreeMap<Entitled, Vec<&Assignment>> = BTreeMap::new();
        for one in assignments {
            let entitled = (one.license_level, one.outcome_ids.clone(), one.release_ids.clone());
            alike.entry(entitled).or_default().push(one);
        }
        let mut impact = Self { plans: assignments.len(), ..Self::default() };
        let (Some(before), alike) = (before, alike.into_values()) else { return impact };
        for group in alike {
            let Some(one) = group.first() else { continue };
            let plan = Synced::from(Snapshot::of(one, before, now));
            impact.count(Sync::of(&plan, one, after, now).rows(&plan), &group);
        }
        let known: BTreeSet<TaskId> = before.tasks.iter().map(|known| known.task.id).collect();
        for (id, task) in &mut impact.tasks {
            task.task_id = known.contains(id).then_some(*id);
        }
        impact
    }

    /// What happens in each plan of a group.
    fn count(&mut self, rows: Vec<SyncRow>, group: &[&Assignment]) {
        let mut is_touched = false;
        for row in rows {
            let Some(id) = row.original_task_id else { continue };
            is_touched = true;
            let task = self.tasks.entry(id).or_insert_with(|| TaskImpactView::new(row.name));
            match row.change {
                SyncRowKind::Added | SyncRowKind::Revived => task.added_to += group.len(),
                SyncRowKind::Changed => task.changed_in += group.len(),
                SyncRowKind::Retired => task.retired_from += group.len(),
                SyncRowKind::Plan => {}
            }
            task.fields.extend(row.fields.into_iter().map(|field| match field.attribute {
                Some(attribute) => format!("{attribute}: {}", field.field),
                None => field.field,
            }));
        }
        if is_touched {
            self.touched += group.len();
            self.customers.extend(group.iter().map(|assignment| assignment.customer_id));
        }
    }

    /// As it is shown: tasks as the catalog has them, as they would be called.
    pub(super) fn view(self, import_id: ImportId, before: Option<&Blueprint>, after: &Blueprint) -> ImpactView {
        let owner = before.map(Blueprint::owner_id);
        let place = |id: &TaskId| before.and_then(|known| known.tasks.iter().position(|known| known.task.id == *id));
        let mut tasks: Vec<_> = self.tasks.into_iter().collect();
        tasks.sort_by_key(|(id, _)| place(id).unwrap_or(usize::MAX));
        let named = tasks.into_iter().map(|(id, task)| {
            let now = after.tasks.iter().find(|now| now.task.id == id);
            let name = now.map_or(task.name, |now| now.task.name.clone());
            TaskImpactView { name, ..task }
        });
        ImpactView {
            import_id,
            product_id: owner.and_then(|owner| owner.product()),
            solution_id: owner.and_then(|owner| owner.solution()),
            name: after.name().to_owned(),
            plans: self.plans,
            plans_touched: self.touched,
            customers_touched: self.customers.len(),
            tasks: named.collect(),
        }
    }
}

impl TaskImpactView {
    fn new(name: String) -> Self {
        Self { task_id: None, name, fields: BTreeSet::new(), added_to: 0, changed_in: 0, retired_from: 0 }
    }
}

impl PlanImpactView {
    /// What is due in a plan; `None`: nothing of its tasks.
    pub(super) fn of(due: &Due, customer_name: String) -> Option<Self> {
        let counts = due.counts();
        if counts == SyncCounts::default() {
            return None;
        }
        let (progress_before, progress_after) = due.progress();
        let (plan_id, customer_id) = (due.plan.plan.id, due.plan.plan.customer_id);
        Some(Self { plan_id, customer_id, customer_name, counts, progress_before, progress_after })
    }
}
