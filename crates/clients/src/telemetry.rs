//! Asking telemetry.

use contracts::telemetry::{AssignmentFreshness, AttributeView};
use kernel::{Actor, AssignmentId, Problem, Timestamp};

use crate::caller::{Caller, Line};

/// Assignments of one question: an address is not endless.
const ASSIGNMENTS: usize = 50;

/// A line to telemetry.
#[derive(Debug, Clone)]
pub struct Telemetry(Line);

impl Telemetry {
    /// A line to telemetry at these addresses.
    #[must_use]
    pub fn new(caller: Caller, upstreams: Vec<String>) -> Self {
        Self(Line::new(caller, "telemetry", "Telemetry", upstreams))
    }

    /// The attributes of these assignments' plans, with what the values say of each. Those that telemetry has not heard of yet are
    /// missing.
    ///
    /// # Errors
    /// 503 when telemetry is away.
    pub async fn attributes(&self, who: &Actor, of: &[AssignmentId]) -> Result<Vec<AttributeView>, Problem> {
        let mut found = Vec::new();
        for ids in of.chunks(ASSIGNMENTS) {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(ids.iter().map(|id| ("assignmentId", id.to_string())));
            let answer: Option<Vec<_>> = self.0.get(who, &format!("attributes?{}", query.finish())).await?;
            found.extend(answer.unwrap_or_default());
        }
        Ok(found)
    }

    /// How fresh the data of these assignments are: which of their attributes had a value since a moment. One without data is
    /// left out.
    ///
    /// # Errors
    /// 503 when telemetry is away.
    pub async fn freshness(
        &self,
        who: &Actor,
        since: Timestamp,
        of: &[AssignmentId],
    ) -> Result<Vec<AssignmentFreshness>, Problem> {
        let mut all = Vec::new();
        for some in of.chunks(ASSIGNMENTS) {
            all.extend(self.ask(who, since, some).await?);
        }
        Ok(all)
    }

    /// The same of all assignments of the tenant.
    ///
    /// # Errors
    /// 503 when telemetry is away.
    pub async fn freshness_of_all(&self, who: &Actor, since: Timestamp) -> Result<Vec<AssignmentFreshness>, Problem> {
        self.ask(who, since, &[]).await
    }

    async fn ask(
        &self,
        who: &Actor,
        since: Timestamp,
        of: &[AssignmentId],
    ) -> Result<Vec<AssignmentFreshness>, Problem> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("since", &since.to_string());
        query.extend_pairs(of.iter().map(|id| ("assignmentId", id.to_string())));
        Ok(self.0.get(who, &format!("freshness?{}", query.finish())).await?.unwrap_or_default())
    }
}
