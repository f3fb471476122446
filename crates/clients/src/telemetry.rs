//! Asking telemetry.

use contracts::telemetry::AttributeView;
use kernel::{Actor, AssignmentId, Problem};

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
}
