//! The events of this service: a noun and a verb in the past.

use super::{
    AttributeView, CustomAttributeView, LicenseView, OutcomeView, ProductView, ReleaseView, SolutionView, TagView,
    TaskOrderView, TaskView, VersionView,
};
use crate::{EventSpec, EventType};

/// Who may see products may see everything under them.
const READ: &str = "catalog:product:read";

macro_rules! events {
    ($($name:ident: $state:ty = $key:literal, $meaning:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $name: EventType<$state> = EventType::new($key, $meaning, READ);
        )+

        /// The event types of this service.
        #[must_use]
        pub fn events() -> Vec<EventSpec> {
            vec![$($name.spec()),+]
        }
    };
}

events! {
    PRODUCT_CREATED: ProductView = "catalog.product.created", "A product was made.";
    PRODUCT_CHANGED: ProductView = "catalog.product.changed", "A product's own fields changed.";
    PRODUCT_DELETED: ProductView = "catalog.product.deleted", "A product was deleted; it can be restored.";
    PRODUCT_RESTORED: ProductView = "catalog.product.restored", "A deleted product came back.";

    SOLUTION_CREATED: SolutionView = "catalog.solution.created", "A solution was made.";
    SOLUTION_CHANGED: SolutionView = "catalog.solution.changed", "A solution's own fields changed.";
    SOLUTION_DELETED: SolutionView = "catalog.solution.deleted", "A solution was deleted; it can be restored.";
    SOLUTION_RESTORED: SolutionView = "catalog.solution.restored", "A deleted solution came back.";
    SOLUTION_PRODUCTS_ASSIGNED: SolutionView = "catalog.solution.products-assigned", "A solution's list of products was replaced.";
    SOLUTION_TASKS_ORDERED: TaskOrderView = "catalog.solution-task-order.changed", "A solution's own tasks and its products' were put into one order.";

    TASK_CREATED: TaskView = "catalog.task.created", "A task was made.";
    TASK_CHANGED: TaskView = "catalog.task.changed", "A task, its links or its telemetry attributes changed.";
    TASK_DELETED: TaskView = "catalog.task.deleted", "A task was deleted; it can be restored.";
    TASK_RESTORED: TaskView = "catalog.task.restored", "A deleted task came back.";
    TASK_REORDERED: TaskView = "catalog.task.reordered", "A task has another place in the line.";

    TELEMETRY_ATTRIBUTE_CREATED: AttributeView = "catalog.telemetry-attribute.created", "A telemetry attribute was made.";
    TELEMETRY_ATTRIBUTE_CHANGED: AttributeView = "catalog.telemetry-attribute.changed", "A telemetry attribute's own fields changed.";
    TELEMETRY_ATTRIBUTE_DELETED: AttributeView = "catalog.telemetry-attribute.deleted", "A telemetry attribute was deleted for good.";

    VERSION_CREATED: VersionView = "catalog.version.created", "A product or a solution was kept as it was.";
    VERSION_DELETED: VersionView = "catalog.version.deleted", "What was kept of a product or a solution was forgotten.";

    LICENSE_CREATED: LicenseView = "catalog.license.created", "A licence was made.";
    LICENSE_CHANGED: LicenseView = "catalog.license.changed", "A licence's own fields changed.";
    LICENSE_DELETED: LicenseView = "catalog.license.deleted", "A licence was deleted for good.";
    LICENSE_REORDERED: LicenseView = "catalog.license.reordered", "A licence has another place in the list.";

    OUTCOME_CREATED: OutcomeView = "catalog.outcome.created", "An outcome was made.";
    OUTCOME_CHANGED: OutcomeView = "catalog.outcome.changed", "An outcome's own fields changed.";
    OUTCOME_DELETED: OutcomeView = "catalog.outcome.deleted", "An outcome was deleted for good.";
    OUTCOME_REORDERED: OutcomeView = "catalog.outcome.reordered", "An outcome has another place in the list.";

    RELEASE_CREATED: ReleaseView = "catalog.release.created", "A release was made.";
    RELEASE_CHANGED: ReleaseView = "catalog.release.changed", "A release's own fields changed.";
    RELEASE_DELETED: ReleaseView = "catalog.release.deleted", "A release was deleted for good.";
    RELEASE_REORDERED: ReleaseView = "catalog.release.reordered", "A release has another place in the list.";

    TAG_CREATED: TagView = "catalog.tag.created", "A tag was made.";
    TAG_CHANGED: TagView = "catalog.tag.changed", "A tag's own fields changed.";
    TAG_DELETED: TagView = "catalog.tag.deleted", "A tag was deleted for good.";
    TAG_REORDERED: TagView = "catalog.tag.reordered", "A tag has another place in the list.";

    CUSTOM_ATTRIBUTE_CREATED: CustomAttributeView = "catalog.custom-attribute.created", "A custom attribute was made.";
    CUSTOM_ATTRIBUTE_CHANGED: CustomAttributeView = "catalog.custom-attribute.changed", "A custom attribute's own fields changed.";
    CUSTOM_ATTRIBUTE_DELETED: CustomAttributeView = "catalog.custom-attribute.deleted", "A custom attribute was deleted for good.";
    CUSTOM_ATTRIBUTE_REORDERED: CustomAttributeView = "catalog.custom-attribute.reordered", "A custom attribute has another place in the list.";
}
