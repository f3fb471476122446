//! What a customer task is. Pure.

use contracts::adoption::{CustomerAttribute, CustomerTaskView, StatusSource, TaskStatus};
use contracts::catalog::{AttributeView, LicenseLevel, TaskBlueprint};
use db::Json;
use diesel::prelude::*;
use kernel::{
    AssignmentId, CustomerAttributeId, CustomerTaskId, Hundredths, OutcomeId, PlanId, ReleaseId, TagId, TaskId,
    TenantId, Timestamp, UserId,
};

use super::facts::Facts;
use crate::schema::customer_tasks;

/// A row of `customer_tasks`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customer_tasks, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct CustomerTask {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: CustomerTaskId,
    pub(crate) version: i64,
    pub(crate) plan_id: PlanId,
    pub(crate) assignment_id: AssignmentId,
    pub(crate) original_task_id: TaskId,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) weight: Hundredths,
    pub(crate) sequence_number: i32,
    pub(crate) license_level: LicenseLevel,
    pub(crate) est_minutes: i32,
    pub(crate) how_to_doc: Vec<String>,
    pub(crate) how_to_video: Vec<String>,
    pub(crate) outcome_ids: Vec<OutcomeId>,
    pub(crate) release_ids: Vec<ReleaseId>,
    pub(crate) tag_ids: Vec<TagId>,
    pub(crate) status: TaskStatus,
    pub(crate) status_source: StatusSource,
    pub(crate) status_updated_at: Timestamp,
    pub(crate) status_updated_by: Option<UserId>,
    pub(crate) completed_at: Option<Timestamp>,
    pub(crate) attributes: Json<Vec<CustomerAttribute>>,
    #[diesel(embed)]
    pub(crate) facts: Facts,
}

impl CustomerTask {
    /// Whether the catalog no longer has it for this customer.
    pub(crate) fn is_retired(&self) -> bool {
        self.status.is_retired(self.status_source)
    }

    /// A plan's copy of a catalog task: not started, by the platform, with attributes of its own.
    pub(crate) fn copy(
        blueprint: &TaskBlueprint,
        tenant_id: TenantId,
        plan_id: PlanId,
        assignment_id: AssignmentId,
        now: Timestamp,
    ) -> Self {
        let TaskBlueprint { task, attributes } = blueprint;
        Self {
            tenant_id,
            id: CustomerTaskId::fresh(),
            version: 1,
            plan_id,
            assignment_id,
            original_task_id: task.id,
            name: task.name.clone(),
            description: task.description.clone(),
            notes: task.notes.clone(),
            weight: task.weight,
            sequence_number: task.sequence_number,
            license_level: task.license_level,
            est_minutes: task.est_minutes,
            how_to_doc: task.how_to_doc.clone(),
            how_to_video: task.how_to_video.clone(),
            outcome_ids: task.outcome_ids.clone(),
            release_ids: task.release_ids.clone(),
            tag_ids: task.tag_ids.clone(),
            status: TaskStatus::NotStarted,
            status_source: StatusSource::System,
            status_updated_at: now,
            status_updated_by: None,
            completed_at: None,
            attributes: Json(attributes.iter().map(copy_attribute).collect()),
            facts: Facts::default(),
        }
    }
}

fn copy_attribute(attribute: &AttributeView) -> CustomerAttribute {
    CustomerAttribute {
        id: CustomerAttributeId::fresh(),
        original_attribute_id: attribute.id,
        name: attribute.name.clone(),
        description: attribute.description.clone(),
        data_type: attribute.data_type,
        is_required: attribute.is_required,
        success_criteria: attribute.success_criteria.clone(),
        display_order: attribute.display_order,
        is_active: attribute.is_active,
    }
}

impl From<CustomerTask> for CustomerTaskView {
    fn from(task: CustomerTask) -> Self {
        let CustomerTask {
            tenant_id: _,
            id,
            version,
            plan_id,
            assignment_id,
            original_task_id,
            name,
            description,
            notes,
            weight,
            sequence_number,
            license_level,
            est_minutes,
            how_to_doc,
            how_to_video,
            outcome_ids,
            release_ids,
            tag_ids,
            status,
            status_source,
            status_updated_at,
            status_updated_by,
            completed_at,
            attributes: Json(attributes),
            facts,
        } = task;
        Self {
            id,
            version,
            plan_id,
            assignment_id,
            original_task_id,
            name,
            description,
            notes,
            weight,
            sequence_number,
            license_level,
            est_minutes,
            how_to_doc,
            how_to_video,
            outcome_ids,
            release_ids,
            tag_ids,
            status,
            status_source,
            status_updated_at,
            status_updated_by,
            completed_at,
            telemetry: facts.progress(&attributes),
            attributes,
        }
    }
}
