//! Deployments: what a customer uses and how it is adopted, in one answer for other services.

use serde::{Deserialize, Serialize};

use super::{AssignmentView, CustomerTaskView, CustomerView};

/// An assignment with its customer and the tasks of its plan: the answer of adoption's internal deployment route.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Whose it is.
    pub customer: CustomerView,
    /// What is assigned.
    pub assignment: AssignmentView,
    /// The tasks of its plan, in order; none while it has no plan.
    pub tasks: Vec<CustomerTaskView>,
}
