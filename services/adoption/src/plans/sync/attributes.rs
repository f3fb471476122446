//! The telemetry attributes of a task in a sync. Pure.
//!
//! An attribute keeps its id in the plan through everything, for telemetry knows its values by that id.

use contracts::adoption::CustomerAttribute;
use kernel::CustomerAttributeId;
use serde::{Deserialize, Serialize};

use super::definitions::{AttributeDefinition, AttributeMerge};
use super::model::Baseline;
use crate::customer_tasks::CustomerTask;

/// What becomes of one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AttributeChange {
    /// It is new.
    Added { attribute: CustomerAttribute },
    /// The catalog says something else of it; that it is not active, when it is gone there.
    Changed { id: CustomerAttributeId, fields: Vec<AttributeMerge> },
}

/// What the catalog said of an attribute when the plan was last synced, and the plan's attribute.
type Known<'a> = (AttributeDefinition, &'a CustomerAttribute);

/// What becomes of a task's attributes, given those it would have today.
pub(super) fn diff(
    baseline: &Baseline,
    ours: &[CustomerAttribute],
    today: &[CustomerAttribute],
) -> Vec<AttributeChange> {
    let then = |ours: &CustomerAttribute| baseline.attributes.get(&ours.id).cloned();
    let known = |ours| (then(ours).unwrap_or_else(|| AttributeDefinition::of(ours)), ours);
    let mut left: Vec<Known<'_>> = ours.iter().map(known).collect();
    // By id first: a name may have gone from one attribute to another. By name then: an import makes an attribute anew.
    let by_id =
        |new: &CustomerAttribute| take(&mut left, |then| then.original_attribute_id == new.original_attribute_id);
    let by_id: Vec<_> = today.iter().map(by_id).collect();
    let of_today = today.iter().zip(by_id).filter_map(|(new, known)| {
        match known.or_else(|| take(&mut left, |then| then.name == new.name)) {
            Some(known) => changed(&known, &AttributeDefinition::of(new)),
            None => Some(AttributeChange::Added { attribute: new.clone() }),
        }
    });
    let mut changes: Vec<_> = of_today.collect();
    let gone = |known: &Known<'_>| changed(known, &AttributeDefinition { is_active: false, ..known.0.clone() });
    changes.extend(left.iter().filter_map(gone));
    changes
}

/// Takes the one that is meant out of those that are left; one that is active before those that are not.
fn take<'a>(left: &mut Vec<Known<'a>>, is_meant: impl Fn(&AttributeDefinition) -> bool) -> Option<Known<'a>> {
    let meant = left.iter().enumerate().filter(|(_, (then, _))| is_meant(then));
    let (at, _) = meant.min_by_key(|(_, (then, _))| !then.is_active)?;
    Some(left.remove(at))
}

fn changed((then, ours): &Known<'_>, now: &AttributeDefinition) -> Option<AttributeChange> {
    let fields = AttributeMerge::between(then, now, ours);
    (!fields.is_empty()).then_some(AttributeChange::Changed { id: ours.id, fields })
}

impl AttributeChange {
    pub(super) fn conflicts(&self) -> usize {
        match self {
            Self::Added { .. } => 0,
            Self::Changed { id: _, fields } => fields.iter().filter(|field| field.is_conflict()).count(),
        }
    }

    /// Makes the change.
    pub(super) fn apply(&self, baseline: &mut Baseline, task: &mut CustomerTask) {
        match self {
            Self::Added { attribute } => {
                baseline.attributes.insert(attribute.id, AttributeDefinition::of(attribute));
                task.attributes.0.push(attribute.clone());
            }
            Self::Changed { id, fields } => merge(*id, fields, AttributeMerge::apply, baseline, task),
        }
    }

    /// Takes the change back. A new attribute that may have values stays, inactive, so that none loses its name; so
    /// does one that somebody has edited.
    pub(super) fn undo(&self, baseline: &mut Baseline, task: &mut CustomerTask, may_have_values: bool) {
        match self {
            Self::Added { attribute } if !may_have_values && task.attributes.0.contains(attribute) => {
                baseline.attributes.remove(&attribute.id);
                task.attributes.0.retain(|known| known.id != attribute.id);
            }
            Self::Added { attribute } => {
                for known in task.attributes.0.iter_mut().filter(|known| known.id == attribute.id) {
                    known.is_active = false;
                }
                if let Some(then) = baseline.attributes.get_mut(&attribute.id) {
                    then.is_active = false;
                }
            }
            Self::Changed { id, fields } => merge(*id, fields, AttributeMerge::undo, baseline, task),
        }
    }
}

/// Takes the fields of one attribute there or back.
fn merge(
    id: CustomerAttributeId,
    fields: &[AttributeMerge],
    step: fn(&AttributeMerge, &mut AttributeDefinition, &mut CustomerAttribute),
    baseline: &mut Baseline,
    task: &mut CustomerTask,
) {
    let ours = task.attributes.0.iter_mut().find(|attribute| attribute.id == id);
    if let Some((then, ours)) = baseline.attributes.get_mut(&id).zip(ours) {
        fields.iter().for_each(|field| step(field, then, ours));
    }
}
