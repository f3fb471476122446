//! What taking a change set back means. Pure.

use std::collections::BTreeMap;

use contracts::Aggregate;
use db::Json;
use kernel::problem::ProblemKind;
use kernel::{FieldError, Problem};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::model::{ChangeItem, EntityType, Fields};
use crate::owners::Owner;

pub(super) static OVERLAPPED: ProblemKind =
    ProblemKind::new("CHANGE_SET_OVERLAPPED", 409, "What the change set changed has changed since");
pub(super) static REVERTED: ProblemKind = ProblemKind::new("CHANGE_SET_REVERTED", 409, "The change set is taken back");
pub(super) static TOO_LARGE: ProblemKind =
    ProblemKind::new("CHANGE_SET_TOO_LARGE", 409, "The change set is too large to be taken back");

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
        let mut undos = BTreeMap::new();
        for ChangeItem { entity_type, entity_id, before, after, .. } in items {
            let key = (entity_type, entity_id);
            let sides = (before.map(|Json(fields)| fields), after.map(|Json(fields)| fields));
            if let Some(undo) = followed(undos.remove(&key), sides) {
                undos.insert(key, undo);
            }
        }
        let mut undos = Self(undos);
        // Where tasks came or went, the others moved because of it, and do so again.
        if undos.0.iter().any(|((kind, _), undo)| *kind == EntityType::Task && undo.moves_others()) {
            let tasks = undos.0.iter_mut().filter(|((kind, _), _)| *kind == EntityType::Task);
            for (_, undo) in tasks.filter(|(_, undo)| !undo.moves_others()) {
                if let Undo::PutBack(before, after) = undo {
                    before.remove(PLACE);
                    after.remove(PLACE);
                }
            }
        }
        undos
    }

    /// Leaves what is to be done, as things stand now; nothing that somebody has changed since is undone.
    ///
    /// # Errors
    /// 409 naming each field that has changed since; 409 when nothing is left to be done.
    pub(super) fn against(&mut self, States(now): &States) -> Result<(), Problem> {
        let mut faults = Vec::new();
        self.0.retain(|key, undo| undo.against(*key, now.get(key), &mut faults));
        if !faults.is_empty() {
            let how = "Take the later changes back first, or change what is left by hand; see errors.";
            return Err(faults.into_iter().take(100).fold(OVERLAPPED.detail(how), |problem, fault: FieldError| {
                problem.at(fault.pointer, "CHANGED_SINCE", fault.detail)
            }));
        }
        if self.0.is_empty() { Err(REVERTED.detail("Nothing of it is left to be taken back.")) } else { Ok(()) }
    }

    /// Takes out what concerns one kind of thing.
    pub(crate) fn take(&mut self, kind: EntityType) -> Vec<(Uuid, Undo)> {
        let (mine, rest) = std::mem::take(&mut self.0).into_iter().partition(|((of, _), _)| *of == kind);
        self.0 = rest;
        let mine: BTreeMap<(EntityType, Uuid), Undo> = mine;
        mine.into_iter().map(|((_, id), undo)| (id, undo)).collect()
    }

    /// The things of a kind.
    pub(super) fn ids<Id: From<Uuid>>(&self, kind: EntityType) -> Vec<Id> {
        self.0.keys().filter(|(of, _)| *of == kind).map(|(_, id)| Id::from(*id)).collect()
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

/// Things as they are now, as far as a change set is about them.
#[derive(Debug, Default)]
pub(crate) struct States(BTreeMap<(EntityType, Uuid), Fields>);

impl States {
    pub(crate) fn add<View: Aggregate>(
        &mut self,
        kind: EntityType,
        views: impl IntoIterator<Item = View>,
    ) -> Result<(), Problem> {
        for view in views {
            if let Value::Object(fields) = serde_json::to_value(&view).map_err(Problem::internal)? {
                self.0.insert((kind, view.id()), fields);
            }
        }
        Ok(())
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

    /// Whether something is left to be done, as the thing is now; what has changed since is a fault.
    fn against(&mut self, (kind, id): (EntityType, Uuid), now: Option<&Fields>, faults: &mut Vec<FieldError>) -> bool {
        let mut fault = |field: &str, how: String| {
            faults.push(FieldError::new(format!("/{kind}/{id}/{field}"), "CHANGED_SINCE", how));
        };
        match (self, now) {
            (Self::Remove(_), None) => false,
            (Self::BringBack(_), None) => true,
            (Self::BringBack(_), Some(_)) => {
                fault("", "is there again".to_owned());
                true
            }
            (Self::PutBack(..), None) => {
                fault("", "is deleted since".to_owned());
                true
            }
            (Self::Remove(after), Some(now)) => {
                for (field, value) in
                    after.iter().filter(|(field, _)| !BESIDE.contains(&field.as_str()) && *field != PLACE)
                {
                    if now.get(field) != Some(value) {
                        fault(field, format!("is {} now", now.get(field).unwrap_or(&Value::Null)));
                    }
                }
                true
            }
            (Self::PutBack(before, after), Some(now)) => {
                for (field, value) in after.iter() {
                    let is = now.get(field);
                    if is != Some(value) && is != before.get(field) {
                        fault(field, format!("is {} now", is.unwrap_or(&Value::Null)));
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
            let mut undos = Undos::of(vec![change]);
            let now = States(BTreeMap::from([(key, fields(now))]));
            undos.against(&now).map(|()| undos.take(EntityType::Tag))
        };
        let left = undo(json!({ "a": 2, "b": 1, "c": 9 })).unwrap();
        assert_eq!(left[0].1, Undo::PutBack(fields(json!({ "a": 1 })), fields(json!({ "a": 2, "b": 2 }))));
        assert_eq!(undo(json!({ "a": 3, "b": 2 })).unwrap_err().errors().len(), 1);
        assert_eq!(undo(json!({ "a": 1, "b": 1 })).unwrap_err().kind().code, "CHANGE_SET_REVERTED");
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
