//! Made-up catalogs, plans and people for the tests of sync.

use contracts::adoption::{StatusSource, TaskStatus};
use contracts::catalog::{
    AttributeView, Blueprint, BlueprintOwner, LicenseLevel, OwnerKind, ProductView, TaskBlueprint, TaskView,
};
use kernel::{
    AssignmentId, AttributeId, CustomerId, Hundredths, OutcomeId, ProductId, ReleaseId, TagId, TaskId, TenantId,
    Timestamp, UserId,
};
use rules::DataType;
use uuid::Uuid;

use super::model::{Standing, SyncedTask};
use crate::assignments::Assignment;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

pub(super) fn outcome(number: u128) -> OutcomeId {
    OutcomeId(Uuid::from_u128(number))
}

pub(super) fn release(number: u128) -> ReleaseId {
    ReleaseId(Uuid::from_u128(number))
}

pub(super) fn tag(number: u128) -> TagId {
    TagId(Uuid::from_u128(number))
}

pub(super) fn task_id(number: u128) -> TaskId {
    TaskId(Uuid::from_u128(number))
}

/// A product at a revision, with outcomes and releases 1 to 3.
pub(super) fn product(revision: i64, tasks: &[TaskBlueprint]) -> Blueprint {
    Blueprint {
        owner: BlueprintOwner::Product(ProductView {
            id: ProductId(Uuid::from_u128(1)),
            version: revision,
            revision,
            external_key: None,
            name: "Wireless".to_owned(),
            description: None,
            resources: Vec::new(),
            created_at: at(0),
            updated_at: at(0),
            deleted_at: None,
        }),
        tasks: tasks.to_vec(),
        outcome_ids: (1..4).map(outcome).collect(),
        release_ids: (1..4).map(release).collect(),
        licenses: Vec::new(),
    }
}

/// A task of every licence and for every outcome.
pub(super) fn task(number: u128, weight: i32) -> TaskBlueprint {
    let task = TaskView {
        id: task_id(number),
        version: 1,
        revision: 1,
        product_id: Some(ProductId(Uuid::from_u128(1))),
        solution_id: None,
        external_key: None,
        name: format!("Step {number}"),
        description: None,
        notes: None,
        weight: Hundredths(weight * 100),
        sequence_number: i32::try_from(number).unwrap(),
        license_level: LicenseLevel::Essential,
        est_minutes: 30,
        how_to_doc: Vec::new(),
        how_to_video: Vec::new(),
        outcome_ids: Vec::new(),
        release_ids: Vec::new(),
        tag_ids: Vec::new(),
        created_at: at(0),
        updated_at: at(0),
        deleted_at: None,
    };
    TaskBlueprint { task, attributes: Vec::new() }
}

/// A required telemetry attribute that counts.
pub(super) fn attribute(number: u128, name: &str) -> AttributeView {
    AttributeView {
        id: AttributeId(Uuid::from_u128(number)),
        version: 1,
        task_id: task_id(1),
        external_key: None,
        name: name.to_owned(),
        description: None,
        data_type: DataType::Number,
        is_required: true,
        success_criteria: Some(serde_json::json!({ "operator": ">=", "value": 10.5 })),
        display_order: i32::try_from(number).unwrap(),
        is_active: true,
    }
}

/// An assignment of the product, for everything it has.
pub(super) fn assignment(license_level: LicenseLevel) -> Assignment {
    Assignment {
        tenant_id: TenantId::fresh(),
        id: AssignmentId::fresh(),
        version: 1,
        external_key: None,
        customer_id: CustomerId::fresh(),
        owner_kind: OwnerKind::Product,
        owner_id: Uuid::from_u128(1),
        owner_name: "Wireless".to_owned(),
        name: "Head office".to_owned(),
        license_level,
        outcome_ids: Vec::new(),
        release_ids: Vec::new(),
        plan_id: None,
        solution_plan_id: None,
        place: None,
        came_along: false,
        own_level: None,
        purchased_at: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// Somebody sets a status.
pub(super) fn set(task: &mut SyncedTask, status: TaskStatus, source: StatusSource, second: i64) {
    let standing = Standing {
        status,
        source,
        updated_at: at(second),
        updated_by: (source == StatusSource::Manual).then(|| UserId(Uuid::from_u128(7))),
        completed_at: (status == TaskStatus::Done).then(|| at(second)),
    };
    standing.set(&mut task.task);
}
