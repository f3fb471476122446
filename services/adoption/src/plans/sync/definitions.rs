//! What the catalog says of a plan, of its tasks and of their telemetry attributes. Pure.
//!
//! All else in those rows is the customer's: ids, statuses, what telemetry has told.

use contracts::adoption::CustomerAttribute;
use contracts::catalog::LicenseLevel;
use kernel::{AttributeId, Hundredths, OutcomeId, ReleaseId, TagId};
use rules::DataType;
use serde_json::Value;

use super::merge::definition;
use crate::customer_tasks::CustomerTask;
use crate::plans::model::Plan;

definition! {
    /// What a plan has of its owner in the catalog and of its assignment. Nobody edits it in the plan.
    PlanDefinition of Plan;
    /// One field of a plan that moves.
    PlanMerge {
        ProductName = owner_name: String,
        CatalogRevision = catalog_revision: i64,
        LicenseLevel = license_level: LicenseLevel,
        OutcomeIds = outcome_ids: Vec<OutcomeId>,
        ReleaseIds = release_ids: Vec<ReleaseId>,
    }
}

definition! {
    /// What the catalog says of a task.
    TaskDefinition of CustomerTask;
    /// One field of a task in which the catalog moved.
    TaskMerge {
        Name = name: String,
        Description = description: Option<String>,
        Notes = notes: Option<String>,
        Weight = weight: Hundredths,
        SequenceNumber = sequence_number: i32,
        LicenseLevel = license_level: LicenseLevel,
        EstMinutes = est_minutes: i32,
        HowToDoc = how_to_doc: Vec<String>,
        HowToVideo = how_to_video: Vec<String>,
        OutcomeIds = outcome_ids: Vec<OutcomeId>,
        ReleaseIds = release_ids: Vec<ReleaseId>,
        // A baseline that was remembered before plans had tags has none.
        #[serde(default)]
        TagIds = tag_ids: Vec<TagId>,
    }
}

definition! {
    /// What the catalog says of a telemetry attribute. One that it no longer has is one that is not active.
    AttributeDefinition of CustomerAttribute;
    /// One field of a telemetry attribute in which the catalog moved.
    AttributeMerge {
        OriginalAttributeId = original_attribute_id: AttributeId,
        Name = name: String,
        Description = description: Option<String>,
        DataType = data_type: DataType,
        IsRequired = is_required: bool,
        SuccessCriteria = success_criteria: Option<Value>,
        DisplayOrder = display_order: i32,
        IsActive = is_active: bool,
    }
}
