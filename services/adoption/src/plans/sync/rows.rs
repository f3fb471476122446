//! A sync row by row, for those who decide on it. Pure.

use contracts::adoption::{SyncCounts, TaskStatus};
use kernel::{CustomerTaskId, TaskId};
use serde::Serialize;
use serde_json::{Value, json};

use super::attributes::AttributeChange;
use super::model::{Sync, SyncChange, Synced, TaskChange};
use crate::customer_tasks::CustomerTask;

kernel::text_enum! {
    /// What happens in one row of a sync.
    pub enum SyncRowKind {
        /// The plan's own fields follow.
        Plan = "PLAN",
        /// A task enters the plan.
        Added = "ADDED",
        /// The catalog says something else of a task.
        Changed = "CHANGED",
        /// The catalog no longer has a task for this customer.
        Retired = "RETIRED",
        /// A retired task comes back.
        Revived = "REVIVED",
    }
}

/// One row of a sync.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncRow {
    /// What happens.
    pub(crate) change: SyncRowKind,
    /// The plan's task; null for the plan itself and for a task that enters it.
    customer_task_id: Option<CustomerTaskId>,
    /// The catalog's task; null for the plan itself.
    pub(crate) original_task_id: Option<TaskId>,
    /// What the task is called in the plan, or the product.
    pub(crate) name: String,
    /// Why, and what follows, in a sentence.
    explanation: String,
    /// The values in which the catalog moved.
    pub(crate) fields: Vec<SyncField>,
}

/// A value in which the catalog moved.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncField {
    /// The telemetry attribute it belongs to, by its name in the plan; null for the task's own.
    pub(crate) attribute: Option<String>,
    /// The field; `attribute` when the whole attribute is new.
    pub(crate) field: String,
    /// What the catalog said when the plan was last synced.
    then: Value,
    /// What the catalog says now.
    now: Value,
    /// What the plan says.
    ours: Value,
    /// What the plan says after the sync.
    after: Value,
    /// Why the plan's value stays, when it does.
    conflict: Option<String>,
}

impl Sync {
    /// What it changes in a plan, row by row.
    pub(crate) fn rows(&self, plan: &Synced) -> Vec<SyncRow> {
        self.changes.iter().filter_map(|change| self.row(change, plan)).collect()
    }

    fn row(&self, change: &SyncChange, Synced { plan, tasks }: &Synced) -> Option<SyncRow> {
        match change {
            SyncChange::Plan { fields } => Some(SyncRow {
                change: SyncRowKind::Plan,
                customer_task_id: None,
                original_task_id: None,
                name: plan.owner_name.clone(),
                explanation: "The plan follows its product and its assignment.".to_owned(),
                fields: fields.iter().map(|field| SyncField::of(field, field.is_conflict(), None)).collect(),
            }),
            SyncChange::Added { task } => {
                let added = self.added.iter().find(|added| added.id == *task)?;
                let explanation = "The catalog has it for this customer, and the plan does not.".to_owned();
                let row = SyncRow::of(SyncRowKind::Added, added, explanation, Vec::new());
                Some(SyncRow { customer_task_id: None, ..row })
            }
            SyncChange::Task { task, what } => {
                let known = tasks.iter().find(|known| known.task.id == *task)?;
                Some(what.row(&known.task))
            }
        }
    }
}

impl TaskChange {
    fn row(&self, task: &CustomerTask) -> SyncRow {
        let (change, explanation, fields) = match self {
            Self::Redefined { fields, attributes, facts_version: _ } => {
                let own = fields.iter().map(|field| SyncField::of(field, field.is_conflict(), None));
                let fields = own.chain(attributes.iter().flat_map(|attribute| attribute.fields(task))).collect();
                (SyncRowKind::Changed, "The catalog says something else of it; its status stays.".to_owned(), fields)
            }
            Self::Retired { was, at: _ } => (SyncRowKind::Retired, retired(was.status), Vec::new()),
            Self::Revived { remembered, shown } => {
                let status = remembered.over(*shown).status;
                let explanation = format!("The catalog has it for this customer again; it comes back as {status}.");
                (SyncRowKind::Revived, explanation, Vec::new())
            }
        };
        SyncRow::of(change, task, explanation, fields)
    }
}

fn retired(status: TaskStatus) -> String {
    format!(
        "The catalog no longer has it for this customer: it counts nowhere, keeps its history, and would come back as {status}."
    )
}

impl AttributeChange {
    fn fields(&self, task: &CustomerTask) -> Vec<SyncField> {
        match self {
            Self::Added { attribute } => vec![SyncField {
                attribute: Some(attribute.name.clone()),
                field: "attribute".to_owned(),
                then: Value::Null,
                now: json!(attribute.name),
                ours: Value::Null,
                after: json!(attribute.name),
                conflict: None,
            }],
            Self::Changed { id, fields } => {
                let ours = task.attributes.0.iter().find(|known| known.id == *id);
                let name = ours.map(|known| known.name.as_str());
                fields.iter().map(|field| SyncField::of(field, field.is_conflict(), name)).collect()
            }
        }
    }
}

impl SyncRow {
    fn of(change: SyncRowKind, task: &CustomerTask, explanation: String, fields: Vec<SyncField>) -> Self {
        Self {
            change,
            customer_task_id: Some(task.id),
            original_task_id: Some(task.original_task_id),
            name: task.name.clone(),
            explanation,
            fields,
        }
    }
}

impl SyncField {
    /// One merged value, as it is kept.
    fn of(merge: &impl Serialize, is_conflict: bool, attribute: Option<&str>) -> Self {
        let mut kept = serde_json::to_value(merge).unwrap_or_default();
        let mut take = |name: &str| kept.get_mut(name).map(Value::take).unwrap_or_default();
        let field = take("field").as_str().unwrap_or_default().to_owned();
        let (then, now, ours) = (take("then"), take("now"), take("ours"));
        let why = "It was edited in the plan since the last sync, and the catalog says something else now: the plan's value stays.";
        Self {
            attribute: attribute.map(str::to_owned),
            after: if is_conflict { ours.clone() } else { now.clone() },
            conflict: is_conflict.then(|| why.to_owned()),
            field,
            then,
            now,
            ours,
        }
    }
}

/// What changes change, in numbers.
pub(crate) fn counts(changes: &[SyncChange]) -> SyncCounts {
    let mut counts = SyncCounts::default();
    for change in changes {
        counts.conflicts += i32::try_from(change.conflicts()).unwrap_or(i32::MAX);
        match change {
            SyncChange::Plan { .. } => {}
            SyncChange::Added { .. } => counts.added += 1,
            SyncChange::Task { task: _, what } => match what {
                TaskChange::Redefined { .. } => counts.changed += 1,
                TaskChange::Retired { .. } => counts.retired += 1,
                TaskChange::Revived { .. } => counts.revived += 1,
            },
        }
    }
    counts
}
