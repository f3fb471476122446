//! The events of this service.

use super::{
    AssignmentView, CustomerTaskView, CustomerView, HealthWeightsView, OutcomeGoalView, OutcomeMeasurementView,
    PlanSyncedView, PlanView, SolutionPlanView, SyncOperationView, TaskNoteView,
};
use crate::{EventSpec, EventType};

const CUSTOMER_READ: &str = "adoption:customer:read";
const PLAN_READ: &str = "adoption:plan:read";

/// A customer was made.
pub const CUSTOMER_CREATED: EventType<CustomerView> =
    EventType::new("adoption.customer.created", "A customer was made.", CUSTOMER_READ);
/// A customer's own fields changed.
pub const CUSTOMER_CHANGED: EventType<CustomerView> =
    EventType::new("adoption.customer.changed", "A customer's own fields changed.", CUSTOMER_READ);
/// A customer was deleted; it can be restored.
pub const CUSTOMER_DELETED: EventType<CustomerView> =
    EventType::new("adoption.customer.deleted", "A customer was deleted; it can be restored.", CUSTOMER_READ);
/// A deleted customer came back.
pub const CUSTOMER_RESTORED: EventType<CustomerView> =
    EventType::new("adoption.customer.restored", "A deleted customer came back.", CUSTOMER_READ);
/// A product or a solution was assigned to a customer.
pub const ASSIGNMENT_CREATED: EventType<AssignmentView> =
    EventType::new("adoption.assignment.created", "A product or a solution was assigned to a customer.", PLAN_READ);
/// An assignment's own fields changed.
pub const ASSIGNMENT_CHANGED: EventType<AssignmentView> = EventType::new(
    "adoption.assignment.changed",
    "An assignment changed: its fields, its plan, or the solution plan that it is a part of.",
    PLAN_READ,
);
/// An assignment was taken back, with its plan.
pub const ASSIGNMENT_REMOVED: EventType<AssignmentView> =
    EventType::new("adoption.assignment.removed", "An assignment was taken back, with its plan.", PLAN_READ);
/// A plan was made.
pub const PLAN_CREATED: EventType<PlanView> =
    EventType::new("adoption.plan.created", "A plan was made from the catalog.", PLAN_READ);
/// A plan's progress changed.
pub const PLAN_PROGRESSED: EventType<PlanView> =
    EventType::new("adoption.plan.progressed", "The sums of a plan changed.", PLAN_READ);
/// A plan became a part of a solution plan, or stands alone again.
pub const PLAN_CHANGED: EventType<PlanView> = EventType::new(
    "adoption.plan.changed",
    "A plan became a part of a solution plan, or stands alone again.",
    PLAN_READ,
);
/// A solution plan was made.
pub const SOLUTION_PLAN_CREATED: EventType<SolutionPlanView> = EventType::new(
    "adoption.solution-plan.created",
    "A solution plan was made, with the plans of its products.",
    PLAN_READ,
);
/// The sums of a solution plan changed.
pub const SOLUTION_PLAN_PROGRESSED: EventType<SolutionPlanView> = EventType::new(
    "adoption.solution-plan.progressed",
    "The sums of a solution plan changed, or the solution's name.",
    PLAN_READ,
);
/// A task entered a plan.
pub const CUSTOMER_TASK_ADDED: EventType<CustomerTaskView> =
    EventType::new("adoption.customer-task.added", "A task entered a plan, with its telemetry attributes.", PLAN_READ);
/// A customer task changed: its status, or what the catalog says of it.
pub const CUSTOMER_TASK_CHANGED: EventType<CustomerTaskView> = EventType::new(
    "adoption.customer-task.changed",
    "A customer task changed: its status, or what the catalog says of it.",
    PLAN_READ,
);
/// Somebody wrote a note on a customer task.
pub const TASK_NOTE_CREATED: EventType<TaskNoteView> =
    EventType::new("adoption.task-note.created", "Somebody wrote a note on a customer task.", PLAN_READ);
/// The catalog no longer has a task for the customer.
pub const CUSTOMER_TASK_RETIRED: EventType<CustomerTaskView> = EventType::new(
    "adoption.customer-task.retired",
    "The catalog no longer has a task for this customer: it counts nowhere and keeps its history.",
    PLAN_READ,
);
/// A task left a plan.
pub const CUSTOMER_TASK_REMOVED: EventType<CustomerTaskView> = EventType::new(
    "adoption.customer-task.removed",
    "A task that nobody had touched left a plan with the sync that had brought it.",
    PLAN_READ,
);
/// A plan was made equal to the catalog.
pub const PLAN_SYNCED: EventType<PlanSyncedView> =
    EventType::new("adoption.plan.synced", "A plan was made equal to the catalog.", PLAN_READ);
/// The last sync of a plan was taken back.
pub const PLAN_SYNC_UNDONE: EventType<PlanSyncedView> =
    EventType::new("adoption.plan.sync-undone", "The last sync of a plan was taken back.", PLAN_READ);
/// The baseline and the target of an outcome were set.
pub const OUTCOME_GOAL_SET: EventType<OutcomeGoalView> = EventType::new(
    "adoption.outcome-goal.set",
    "A plan's baseline and target for an outcome were set, or changed.",
    PLAN_READ,
);
/// The baseline and the target of an outcome were taken back.
pub const OUTCOME_GOAL_REMOVED: EventType<OutcomeGoalView> = EventType::new(
    "adoption.outcome-goal.removed",
    "A plan's baseline and target for an outcome were taken back, with what was measured.",
    PLAN_READ,
);
/// An outcome was measured.
pub const OUTCOME_MEASURED: EventType<OutcomeMeasurementView> =
    EventType::new("adoption.outcome-measurement.created", "A plan's outcome was measured.", PLAN_READ);
/// A measured value was taken back.
pub const OUTCOME_MEASUREMENT_RETRACTED: EventType<OutcomeMeasurementView> = EventType::new(
    "adoption.outcome-measurement.retracted",
    "A measured value of a plan's outcome was taken back: it stays in the history and no longer counts.",
    PLAN_READ,
);
/// A sync of many plans was asked for.
pub const SYNC_OPERATION_CREATED: EventType<SyncOperationView> =
    EventType::new("adoption.sync-operation.created", "A sync of many plans was asked for.", PLAN_READ);
/// A sync of many plans has come to an end.
pub const SYNC_OPERATION_FINISHED: EventType<SyncOperationView> =
    EventType::new("adoption.sync-operation.finished", "A sync of many plans has come to its end.", PLAN_READ);

/// A tenant weighs the parts of health otherwise.
pub const HEALTH_WEIGHTS_CHANGED: EventType<HealthWeightsView> = EventType::new(
    "adoption.health-weights.changed",
    "The parts of a customer's health weigh otherwise.",
    "adoption:health-weights:read",
);

/// The event types of this service.
#[must_use]
pub fn events() -> Vec<EventSpec> {
    vec![
        CUSTOMER_CREATED.spec(),
        CUSTOMER_CHANGED.spec(),
        CUSTOMER_DELETED.spec(),
        CUSTOMER_RESTORED.spec(),
        ASSIGNMENT_CREATED.spec(),
        ASSIGNMENT_CHANGED.spec(),
        ASSIGNMENT_REMOVED.spec(),
        PLAN_CREATED.spec(),
        PLAN_PROGRESSED.spec(),
        PLAN_CHANGED.spec(),
        SOLUTION_PLAN_CREATED.spec(),
        SOLUTION_PLAN_PROGRESSED.spec(),
        CUSTOMER_TASK_ADDED.spec(),
        CUSTOMER_TASK_CHANGED.spec(),
        TASK_NOTE_CREATED.spec(),
        CUSTOMER_TASK_RETIRED.spec(),
        CUSTOMER_TASK_REMOVED.spec(),
        PLAN_SYNCED.spec(),
        PLAN_SYNC_UNDONE.spec(),
        OUTCOME_GOAL_SET.spec(),
        OUTCOME_GOAL_REMOVED.spec(),
        OUTCOME_MEASURED.spec(),
        OUTCOME_MEASUREMENT_RETRACTED.spec(),
        SYNC_OPERATION_CREATED.spec(),
        SYNC_OPERATION_FINISHED.spec(),
        HEALTH_WEIGHTS_CHANGED.spec(),
    ]
}
