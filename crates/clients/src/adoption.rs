//! Asking adoption.

use std::collections::BTreeMap;

use contracts::adoption::{CustomerTaskView, Deployment, StatusOf};
use contracts::identity::Scope;
use kernel::{Actor, AssignmentId, CustomerId, CustomerTaskId, PlanId, Problem};

use crate::caller::{Caller, Line, PATIENCE};

/// Things of one question: an address is not endless.
const ASKED_AT_ONCE: usize = 50;

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

    /// An assignment with its customer and its plan's tasks; `None` when the tenant has no such assignment.
    ///
    /// # Errors
    /// 503 when adoption is away.
    pub async fn deployment(&self, who: &Actor, assignment: AssignmentId) -> Result<Option<Deployment>, Problem> {
        self.0.get(who, &format!("assignments/{assignment}/deployment")).await
    }

    /// The assignments that have these external keys, by key.
    ///
    /// # Errors
    /// 503 when adoption is away.
    pub async fn assignments_by_key(
        &self,
        who: &Actor,
        keys: &[&str],
    ) -> Result<BTreeMap<String, AssignmentId>, Problem> {
        let mut found = BTreeMap::new();
        for keys in keys.chunks(ASKED_AT_ONCE) {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(keys.iter().map(|key| ("externalKey", key)));
            let answer: Option<BTreeMap<_, _>> = self.0.get(who, &format!("assignments?{}", query.finish())).await?;
            found.extend(answer.unwrap_or_default());
        }
        Ok(found)
    }

    /// Whose these assignments are; one that the tenant does not have is left out.
    ///
    /// # Errors
    /// 503 when adoption is away.
    pub async fn customers_of(
        &self,
        who: &Actor,
        assignments: &[AssignmentId],
    ) -> Result<BTreeMap<AssignmentId, CustomerId>, Problem> {
        let mut found = BTreeMap::new();
        for ids in assignments.chunks(ASKED_AT_ONCE) {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(ids.iter().map(|id| ("assignmentId", id.to_string())));
            let path = format!("assignments/customers?{}", query.finish());
            let answer: Option<BTreeMap<AssignmentId, CustomerId>> = self.0.get(who, &path).await?;
            found.extend(answer.unwrap_or_default());
        }
        Ok(found)
    }

    /// Whose a plan is; `None` when the tenant has no such plan.
    ///
    /// # Errors
    /// 503 when adoption is away.
    pub async fn customer_of_plan(&self, who: &Actor, plan: PlanId) -> Result<Option<CustomerId>, Problem> {
        self.0.get(who, &format!("plans/{plan}/customer")).await
    }

    /// Where these customer tasks stand, as far as there are such.
    ///
    /// # Errors
    /// 503 when adoption is away.
    pub async fn statuses(&self, who: &Actor, tasks: &[CustomerTaskId]) -> Result<Vec<StatusOf>, Problem> {
        let mut found = Vec::new();
        for tasks in tasks.chunks(ASKED_AT_ONCE) {
            let ids: Vec<String> = tasks.iter().map(|task| format!("id={task}")).collect();
            let answer: Option<Vec<_>> = self.0.get(who, &format!("customer-tasks?{}", ids.join("&"))).await?;
            found.extend(answer.unwrap_or_default());
        }
        Ok(found)
    }

    /// The customers that the caller with this token sees; `None` when that is none.
    ///
    /// # Errors
    /// 503 when adoption is away.
    pub async fn reach(&self, token: &str) -> Result<Option<Scope>, Problem> {
        self.0.get_as(token, "reach", PATIENCE).await
    }
}
