//! The tree every notation becomes, and its evaluation.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::leaf::Leaf;

/// A condition on one value: a tree of leaves joined by *all* and *any*.
///
/// It is made by [`Criterion::parse`] only, so a criterion in hand is complete, of bounded size, and fits the
/// type of its attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// What the author says the condition is for; it has no part in evaluation.
    pub(crate) description: Option<String>,
    pub(crate) node: Node,
}

/// One node of the tree. A notation with negation adds its `Not` here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// A single test of the value.
    Leaf(Leaf),
    /// Met when every child is; so met when there is none.
    All(Vec<Criterion>),
    /// Met when some child is; so not met when there is none.
    Any(Vec<Criterion>),
}

/// The outcome of an evaluation, and how long it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the criterion is met.
    pub met: bool,
    /// The first moment at which the outcome could change although the value stays the same; none when time
    /// alone never changes it.
    pub recheck_at: Option<DateTime<Utc>>,
}

impl Verdict {
    /// Not met, and no passing of time will help: the value is missing or unreadable.
    pub(crate) const NOT_MET: Self = Self::lasting(false);

    /// An outcome that time alone does not change.
    pub(crate) const fn lasting(met: bool) -> Self {
        Self { met, recheck_at: None }
    }
}

impl Criterion {
    /// Says whether the latest value of an attribute meets the criterion at `now`.
    ///
    /// No value, or null, meets nothing. A value the criterion cannot read does not meet it either; the
    /// reason is in [`Criterion::explain`].
    pub fn evaluate(&self, value: Option<&Value>, now: DateTime<Utc>) -> Verdict {
        present(value).map_or(Verdict::NOT_MET, |value| self.judge(value, now))
    }

    fn judge(&self, value: &Value, now: DateTime<Utc>) -> Verdict {
        match &self.node {
            Node::Leaf(leaf) => leaf.judge(value, now).unwrap_or(Verdict::NOT_MET),
            Node::All(children) => all(children.iter().map(|child| child.judge(value, now))),
            Node::Any(children) => any(children.iter().map(|child| child.judge(value, now))),
        }
    }

    /// The leaves of the tree, from left to right.
    pub(crate) fn leaves(&self) -> Vec<&Leaf> {
        match &self.node {
            Node::Leaf(leaf) => vec![leaf],
            Node::All(children) | Node::Any(children) => children.iter().flat_map(Self::leaves).collect(),
        }
    }
}

/// The value, unless it says nothing: a JSON null is as good as no value.
pub(crate) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// Met when every verdict is.
pub(crate) fn all(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    until_decided(verdicts, false)
}

/// Met when some verdict is.
pub(crate) fn any(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    until_decided(verdicts, true)
}

/// Looks at verdicts until one has the `deciding` outcome: a failure decides *all*, a success *any*.
///
/// A decided outcome stands at least as long as the child that decided it. An undecided one is made by all
/// children together, so the first of them to change may change it.
fn until_decided(verdicts: impl Iterator<Item = Verdict>, deciding: bool) -> Verdict {
    let mut recheck_at = None;
    for verdict in verdicts {
        if verdict.met == deciding {
            return verdict;
        }
        recheck_at = recheck_at.into_iter().chain(verdict.recheck_at).min();
    }
    Verdict { met: !deciding, recheck_at }
}

/// The condition in a few words; a group is named by its size, since its parts speak for themselves.
impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Leaf(leaf) => leaf.fmt(f),
            Node::All(children) => write!(f, "all of {} conditions", children.len()),
            Node::Any(children) => write!(f, "any of {} conditions", children.len()),
        }
    }
}
