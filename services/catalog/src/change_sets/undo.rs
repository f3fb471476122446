//! What taking a change set back means. Pure.

use std::collections::{BTreeMap, HashMap};

use contracts::Aggregate;
use db::Json;
use kernel::problem::ProblemKind;
use kernel::{AttributeId, FieldError, Problem, TaskId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::model::{ChangeItem, EntityType, Fields};
use crate::owners::Owner;

pub(super) static OVERLAPPED: ProblemKind =
    ProblemKind::new("CHANGE_SET_OVERLAPPED", 409, "What the change set changed has changed since");
pub(super) static REFUSED: ProblemKind =
    ProblemKind::new("CHANGE_SET_REFUSED", 409, "What the change set changed cannot be again what it was");
pub(super) static REVERTED: ProblemKind = ProblemKind::new("CHANGE_SET_REVERTED", 409, "The change set is taken back");

/// How to take back what became of one thing, however many items tell of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Undo {
    /// It was made, and looked like this: it goes.
    Remove(Fields),
    /// It was deleted for good, and looked like this: it comes back.
    BringBack(Fields),
    /// Fields of it changed, from these to those: they become what they were.
    PutBack(Fields, Fields),
}

/// What belongs to the change itself, and not to the thing.
const BESIDE: [&str; 3] = ["version", "revision", "updatedAt"];
/// Places follow from what else is there.
const PLACE: &str = "sequenceNumber";

/// What taking a change set back does to each thing.
#[derive(Debug, Default)]
pub(crate) struct Undos(pub(super) BTreeMap<(EntityType, Uuid), Undo>);

impl Undos {
    pub(super) fn of(items: Vec<ChangeItem>) -> Self {
        let mut undos = Self::default();
        undos.add(items);
        undos.leave_what_moves();
        undos
    }

    /// Adds the items that come next.
    pub(super) fn add(&mut self, items: Vec<ChangeItem>) {
        for ChangeItem { entity_type, entity_id, before, after, .. } in items {
            let key = (entity_type, entity_id);
            let sides = (before.map(|Json(fields)| fields), after.map(|Json(fields)| fields));
            if let Some(undo) = followed(self.0.remove(&key), sides) {
                self.0.insert(key, undo);
            }
        }
    }

    /// Where tasks came or went, the others moved because of it, and do so again.
    pub(super) fn leave_what_moves(&mut self) {
        if !self.0.iter().any(|((kind, _), undo)| *kind == EntityType::Task && undo.moves_others()) {
            return;
        }
        let tasks = self.0.iter_mut().filter(|((kind, _), _)| *kind == EntityType::Task);
        for (_, undo) in tasks.filter(|(_, undo)| !undo.moves_others()) {
            if let Undo::PutBack(before, after) = undo {
                before.remove(PLACE);
                after.remove(PLACE);
            }
        }
    }

    /// Leaves of some things what is to be done, as they are now; nothing that somebody has changed since is undone.
    ///
    /// # Errors
    /// When a thing cannot be shown.
    pub(crate) fn against<View: Aggregate>(
        &mut self,
        kind: EntityType,
        ids: &[Uuid],
        now: impl IntoIterator<Item = View>,
        overlaps: &mut Overlaps,
    ) -> Result<(), Problem> {
        let mut fields_now = HashMap::new();
        for view in now {
            if let Value::Object(fields) = serde_json::to_value(&view).map_err(Problem::internal)? {
                fields_now.insert(view.id(), fields);
            }
        }
        for id in ids {
            let key = (kind, *id);
            let Some(mut undo) = self.0.remove(&key) else { continue };
            if undo.against(key, fields_now.get(id), overlaps) {
                self.0.insert(key, undo);
            }
        }
        Ok(())
    }

    /// Whether nothing is to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out what concerns one kind of thing.
    pub(crate) fn take(&mut self, kind: EntityType) -> Vec<(Uuid, Undo)> {
        let (mine, rest) = std::mem::take(&mut self.0).into_iter().partition(|((of, _), _)| *of == kind);
        self.0 = rest;
        let mine: BTreeMap<(EntityType, Uuid), Undo> = mine;
        mine.into_iter().map(|((_, id), undo)| (id, undo)).collect()
    }

    /// The things of a kind.
    pub(crate) fn ids(&self, kind: EntityType) -> Vec<Uuid> {
        self.0.keys().filter(|(of, _)| *of == kind).map(|(_, id)| *id).collect()
    }

    /// The things of a kind that were made, and go.
    pub(super) fn made<Id: From<Uuid>>(&self, kind: EntityType) -> Vec<Id> {
        let made = self.0.iter().filter(|((of, _), undo)| *of == kind && matches!(undo, Undo::Remove(_)));
        made.map(|((_, id), _)| Id::from(*id)).collect()
    }

    /// Notes those of some tasks that came to name what goes by a later change.
    pub(super) fn let_go(&self, naming: Vec<TaskId>, field: &str, overlaps: &mut Overlaps) {
        for task in naming {
            let key = (EntityType::Task, task.0);
            let lets_go = match self.0.get(&key) {
                Some(Undo::Remove(_)) => true,
                Some(Undo::PutBack(before, _)) => before.contains_key(field),
                Some(Undo::BringBack(_)) | None => false,
            };
            if !lets_go {
                overlaps.add(key, field, "names what was made");
            }
        }
    }

    /// Notes those of some telemetry attributes, which go with their tasks, that were made by a later change.
    pub(super) fn go_with_tasks(&self, attributes: impl Iterator<Item = AttributeId>, overlaps: &mut Overlaps) {
        for attribute in attributes {
            let key = (EntityType::TelemetryAttribute, attribute.0);
            if !matches!(self.0.get(&key), Some(Undo::Remove(_))) {
                overlaps.add(key, "", "has come to a task that was made");
            }
        }
    }

    /// Whether it deletes an owner, or brings it back; none when it does neither.
    pub(super) fn deletes(&self, owner: Owner) -> Option<bool> {
        let kind = match owner {
            Owner::Product(_) => EntityType::Product,
            Owner::Solution(_) => EntityType::Solution,
        };
        match self.0.get(&(kind, owner.id()))? {
            Undo::Remove(_) => Some(true),
            Undo::PutBack(before, _) => before.get("deletedAt").map(|deleted_at| !deleted_at.is_null()),
            Undo::BringBack(_) => None,
        }
    }
}

/// The first hundred fields that have changed since: each stands against taking the change set back.
#[derive(Debug, Default)]
pub(crate) struct Overlaps(Vec<FieldError>);

const CHANGED_SINCE: &str = "CHANGED_SINCE";

impl Overlaps {
    const MOST: usize = 100;

    fn add(&mut self, (kind, id): (EntityType, Uuid), field: &str, how: &str) {
        if self.0.len() < Self::MOST {
            self.0.push(FieldError::new(format!("/{kind}/{id}/{field}"), CHANGED_SINCE, how));
        }
    }

    /// # Errors
    /// 409 naming each of them.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        let how = "Take the later changes back first, or change what is left by hand.";
        Err(self.0.into_iter().fold(OVERLAPPED.detail(how), |problem, overlap| {
            problem.at(overlap.pointer, CHANGED_SINCE, overlap.detail)
        }))
    }
}

/// What is to be undone after one more item.
fn followed(undo: Option<Undo>, sides: (Option<Fields>, Option<Fields>)) -> Option<Undo> {
    match (undo, sides) {
        (None, (None, Some(after))) => Some(Undo::Remove(after)),
        (None, (Some(before), None)) => Some(Undo::BringBack(before)),
        (None, (Some(before), Some(after))) => Some(Undo::PutBack(before, after)),
        (Some(Undo::Remove(mut all)), (_, Some(after))) => {
            all.extend(after);
            Some(Undo::Remove(all))
        }
        // Made and deleted by the same command.
        (Some(Undo::Remove(_)), (_, None)) => None,
        (Some(Undo::PutBack(first, mut last)), (Some(before), Some(after))) => {
            last.extend(after);
            Some(Undo::PutBack(before.into_iter().chain(first).collect(), last))
        }
        (Some(Undo::PutBack(first, _)), (Some(before), None)) => {
            Some(Undo::BringBack(before.into_iter().chain(first).collect()))
        }
        (undo, _) => undo,
    }
}

impl Undo {
    /// Whether others move when it happens.
    fn moves_others(&self) -> bool {
        match self {
            Self::PutBack(before, _) => before.contains_key("deletedAt"),
            Self::Remove(_) | Self::BringBack(_) => true,
        }
    }

    /// Whether something is left to be done, as the thing is now; what has changed since overlaps. What the thing has come to is
    /// of no use after that, and let go.
    fn against(&mut self, key: (EntityType, Uuid), now: Option<&Fields>, overlaps: &mut Overlaps) -> bool {
        let is_now = |value: Option<&Value>| format!("is {} now", value.unwrap_or(&Value::Null));
        match (self, now) {
            (Self::Remove(_), None) => false,
            (Self::BringBack(_), None) => true,
            (Self::BringBack(_), Some(_)) => {
                overlaps.add(key, "", "is there again");
                true
            }
            (Self::PutBack(..), None) => {
                overlaps.add(key, "", "is deleted since");
                true
            }
            (Self::Remove(after), Some(now)) => {
                let own = std::mem::take(after).into_iter().filter(|(field, _)| !BESIDE.contains(&field.as_str()));
                for (field, value) in own.filter(|(field, _)| *field != PLACE) {
                    if now.get(&field) != Some(&value) {
                        overlaps.add(key, &field, &is_now(now.get(&field)));
                    }
                }
                true
            }
            (Self::PutBack(before, after), Some(now)) => {
                for (field, value) in std::mem::take(after) {
                    let is = now.get(&field);
                    if is != Some(&value) && is != before.get(&field) {
                        overlaps.add(key, &field, &is_now(is));
                    }
                }
                before.retain(|field, value| now.get(field) != Some(value));
                !before.is_empty()
            }
        }
    }
}

/// What a view knows and no command takes.
const NOT_TAKEN: [&str; 9] =
    ["id", "version", "revision", "productId", "solutionId", "taskId", "createdAt", "updatedAt", "deletedAt"];

/// Fields of a view as the command that takes them, but for those in `but`.
///
/// # Errors
/// When the command has other fields.
pub(crate) fn command<T: DeserializeOwned>(mut fields: Fields, but: &[&str]) -> Result<T, Problem> {
    fields.retain(|field, _| !NOT_TAKEN.contains(&field.as_str()) && !but.contains(&field.as_str()));
    // By way of text: JSON that is kept as it was sent is read from nothing else.
    serde_json::from_str(&Value::Object(fields).to_string()).map_err(Problem::internal)
}

/// The version of a thing that comes back: whoever heard of its end hears of this too.
pub(crate) fn next_version(before: &Fields) -> i64 {
    before.get("version").and_then(Value::as_i64).unwrap_or(0) + 2
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::model::ChangeAction;
    use super::*;

    fn fields(value: Value) -> Fields {
        value.as_object().cloned().unwrap_or_default()
    }

    fn item(kind: EntityType, id: u128, before: Value, after: Value) -> ChangeItem {
        let side = |side: Value| side.as_object().cloned().map(Json);
        ChangeItem {
            position: 1,
            entity_type: kind,
            entity_id: Uuid::from_u128(id),
            action: ChangeAction::Changed,
            version: 1,
            before: side(before),
            after: side(after),
        }
    }

    #[test]
    fn several_items_of_one_thing_are_undone_at_once() {
        let tag = |before, after| item(EntityType::Tag, 1, before, after);
        let one = |items: Vec<ChangeItem>| Undos::of(items).take(EntityType::Tag).pop().map(|(_, undo)| undo);
        let changed =
            vec![tag(json!({ "a": 1 }), json!({ "a": 2 })), tag(json!({ "a": 2, "b": 1 }), json!({ "a": 3, "b": 2 }))];
        assert_eq!(
            one(changed),
            Some(Undo::PutBack(fields(json!({ "a": 1, "b": 1 })), fields(json!({ "a": 3, "b": 2 }))))
        );
        assert_eq!(one(vec![tag(Value::Null, json!({ "a": 1 })), tag(json!({ "a": 1 }), Value::Null)]), None);
        let gone = vec![tag(json!({ "a": 1 }), json!({ "a": 2 })), tag(json!({ "a": 2, "b": 1 }), Value::Null)];
        assert_eq!(one(gone), Some(Undo::BringBack(fields(json!({ "a": 1, "b": 1 })))));
    }

    #[test]
    fn only_what_nobody_has_changed_since_is_undone() {
        let key = (EntityType::Tag, Uuid::from_u128(1));
        let undo = |now: Value| {
            let change = item(EntityType::Tag, 1, json!({ "a": 1, "b": 1 }), json!({ "a": 2, "b": 2 }));
            let (mut undo, mut overlaps) = (Undos::of(vec![change]).0.remove(&key).unwrap(), Overlaps::default());
            let is_left = undo.against(key, Some(&fields(now)), &mut overlaps);
            overlaps.finish().map(|()| is_left.then_some(undo))
        };
        let left = undo(json!({ "a": 2, "b": 1, "c": 9 })).unwrap();
        assert_eq!(left, Some(Undo::PutBack(fields(json!({ "a": 1 })), Fields::new())));
        assert_eq!(undo(json!({ "a": 3, "b": 2 })).unwrap_err().errors().len(), 1);
        assert_eq!(undo(json!({ "a": 1, "b": 1 })).unwrap(), None);
    }

    #[test]
    fn tasks_that_moved_because_others_came_or_went_are_left_to_move_by_themselves() {
        let moved = || item(EntityType::Task, 1, json!({ "sequenceNumber": 1 }), json!({ "sequenceNumber": 2 }));
        let made = item(EntityType::Task, 2, Value::Null, json!({ "sequenceNumber": 1, "name": "New" }));
        let undo = |items| Undos::of(items).0.remove(&(EntityType::Task, Uuid::from_u128(1)));
        assert_eq!(undo(vec![moved(), made]), Some(Undo::PutBack(Fields::new(), Fields::new())));
        assert!(matches!(undo(vec![moved()]), Some(Undo::PutBack(before, _)) if before.contains_key(PLACE)));
    }
}
