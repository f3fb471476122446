//! Asking adoption.

use contracts::adoption::CustomerTaskView;
use contracts::identity::Scope;
use kernel::{Actor, AssignmentId, Problem};

use crate::caller::{Caller, Line};

/// A line to adoption.
#[derive(Debug, Clone)]
pub struct Adoption(Line);

impl Adoption {
    /// A line to adoption at these addresses.
    #[must_use]
    pub fn new(caller: Caller, upstreams: Vec<String>) -> Self {
        Self(Line::new(caller, "adoption", "Adoption", upstreams))
    }

    /// The customer tasks of an assignment's plan, none while it has no plan; `None` when the tenant has no such
    /// assignment.
    ///
    /// # Errors
    /// 503 when adoption is away.
    pub async fn assignment_tasks(
        &self,
        who: &Actor,
        assignment: AssignmentId,
    ) -> Result<Option<Vec<CustomerTaskView>>, Problem> {
        self.0.get(who, &format!("assignments/{assignment}/tasks")).await
    }

    /// The customers that the caller with this token sees; `None` when that is none.
    ///
    /// # Errors
    /// 503 when adoption is away.
    pub async fn reach(&self, token: &str) -> Result<Option<Scope>, Problem> {
        self.0.get_as(token, "reach").await
    }
}
