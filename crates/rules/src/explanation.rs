//! Why a criterion is met or not, for people.
//!
//! The explanation is the evaluation told step by step: the leaves are judged by the same function, the groups
//! combined by the same rule. The one difference is that a group shows all its steps, also those that
//! evaluation, already decided, would not have looked at.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::criterion::{Criterion, Node, Verdict, all, any, present};

/// One step of an evaluation, with the steps below it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether this step is met.
    pub met: bool,
    /// What was tested, in plain words: `number >= 10`.
    pub test: String,
    /// What the author said the condition is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The value that was looked at; null when there was none.
    pub actual: Value,
    /// The reason for the outcome, as one sentence: `7 is not at least 10`.
    pub because: String,
    /// When the outcome could change with the same value; see [`Verdict::recheck_at`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recheck_at: Option<DateTime<Utc>>,
    /// The steps of a group, in the author's order.
    pub steps: Vec<Explanation>,
}

impl Explanation {
    /// The outcome that this step explains.
    pub fn verdict(&self) -> Verdict {
        Verdict { met: self.met, recheck_at: self.recheck_at }
    }
}

impl Criterion {
    /// Explains the verdict of [`Criterion::evaluate`] on the same value at the same moment.
    pub fn explain(&self, value: Option<&Value>, now: DateTime<Utc>) -> Explanation {
        match present(value) {
            Some(value) => self.explain_present(value, now),
            None => self.told(&Value::Null, Verdict::NOT_MET, "there is no value".to_owned(), Vec::new()),
        }
    }

    fn explain_present(&self, value: &Value, now: DateTime<Utc>) -> Explanation {
        match &self.node {
            Node::Leaf(leaf) => match leaf.judge(value, now) {
                Ok(verdict) => self.told(value, verdict, leaf.sentence(value, verdict.met), Vec::new()),
                Err(unreadable) => self.told(value, Verdict::NOT_MET, unreadable.to_string(), Vec::new()),
            },
            Node::All(children) => {
                let steps = explain_each(children, value, now);
                let verdict = all(steps.iter().map(Explanation::verdict));
                self.told(value, verdict, format!("{}; all are needed", tally(&steps)), steps)
            }
            Node::Any(children) => {
                let steps = explain_each(children, value, now);
                let verdict = any(steps.iter().map(Explanation::verdict));
                self.told(value, verdict, format!("{}; one is enough", tally(&steps)), steps)
            }
        }
    }

    fn told(&self, value: &Value, verdict: Verdict, because: String, steps: Vec<Explanation>) -> Explanation {
        Explanation {
            met: verdict.met,
            test: self.to_string(),
            description: self.description.clone(),
            actual: value.clone(),
            because,
            recheck_at: verdict.recheck_at,
            steps,
        }
    }
}

fn explain_each(children: &[Criterion], value: &Value, now: DateTime<Utc>) -> Vec<Explanation> {
    children.iter().map(|child| child.explain_present(value, now)).collect()
}

fn tally(steps: &[Explanation]) -> String {
    let met = steps.iter().filter(|step| step.met).count();
    format!("{met} of {} conditions are met", steps.len())
}
