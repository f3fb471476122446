//! What an import does, sorted by kind of row and turned into the commands that the API has for it. Pure.

use std::collections::{BTreeMap, HashMap};

use kernel::{Field, Problem};
use uuid::Uuid;
use workbook::{Action, Change, FieldChange, Item, OtherKind, Sheet};

/// The changes of an import by the sheets they stand in.
pub(crate) struct Changes {
    sheets: BTreeMap<Sheet, Vec<Change>>,
    /// Things that were deleted for good, each with its next version. What is made with the id of one of them is that thing
    /// again: plans that chose it know it by its id.
    returning: HashMap<Uuid, i64>,
}

impl Changes {
    pub(crate) fn new(changes: Vec<Change>, returning: HashMap<Uuid, i64>) -> Self {
        let mut sheets: BTreeMap<Sheet, Vec<Change>> = BTreeMap::new();
        for change in changes {
            sheets.entry(change.sheet).or_default().push(change);
        }
        Self { sheets, returning }
    }

    /// Those of a sheet, in the order in which they are to be made.
    pub(crate) fn take(&mut self, sheet: Sheet) -> Vec<Change> {
        self.sheets.remove(&sheet).unwrap_or_default()
    }

    /// Those of a sheet, which are still to be made.
    pub(crate) fn those(&self, sheet: Sheet) -> &[Change] {
        self.sheets.get(&sheet).map_or(&[], Vec::as_slice)
    }
}

/// A kind of row that the API has commands for.
pub(crate) trait Imported: TryFrom<Item, Error = OtherKind> {
    /// Its id.
    type Id;
    /// What makes one.
    type Create;
    /// What changes one.
    type Patch;

    fn id(&self) -> Option<Self::Id>;
    fn create(self) -> Result<Self::Create, Problem>;
    /// Changes the fields that the file says something new about, and no others.
    fn patch(self, said: &Said<'_>) -> Result<Self::Patch, Problem>;
}

/// The fields that a row says something new about.
pub(crate) struct Said<'a>(&'a [FieldChange]);

impl<'a> Said<'a> {
    pub(crate) fn of(fields: &'a [FieldChange]) -> Self {
        Self(fields)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|field| field.key == key)
    }

    /// The field of a patch, for one that is never empty.
    pub(crate) fn value<T>(&self, key: &str, value: T) -> Field<T> {
        self.if_so(self.has(key), value)
    }

    /// The field of a patch, for one that may be cleared.
    pub(crate) fn option<T>(&self, key: &str, value: Option<T>) -> Field<T> {
        if self.has(key) { self.cleared(value) } else { Field::Absent }
    }

    /// The field of a patch for a place among others; a file that gives none leaves it.
    pub(crate) fn place(&self, place: Option<i32>) -> Field<i32> {
        place.map_or(Field::Absent, |place| self.value("displayOrder", place))
    }

    /// A new value, or none any more.
    pub(crate) fn cleared<T>(&self, value: Option<T>) -> Field<T> {
        value.map_or(Field::Null, Field::Value)
    }

    pub(crate) fn if_so<T>(&self, so: bool, value: T) -> Field<T> {
        if so { Field::Value(value) } else { Field::Absent }
    }
}

/// What an import does with one kind of row.
pub(crate) struct Commands<Id, Create, Patch> {
    pub(crate) deleted: Vec<Id>,
    pub(crate) changed: Vec<(Id, Patch)>,
    pub(crate) created: Vec<New<Id, Create>>,
}

/// Something to be made.
pub(crate) struct New<Id, Create> {
    pub(crate) command: Create,
    /// The id and the next version of what was deleted for good and comes back with it.
    pub(crate) was: Option<(Id, i64)>,
}

impl<Id: Copy + Into<Uuid>, Create, Patch> Commands<Id, Create, Patch> {
    /// Turns changes into commands.
    pub(crate) fn of<T: Imported<Id = Id, Create = Create, Patch = Patch>>(
        changes: &mut Changes,
        sheet: Sheet,
    ) -> Result<Self, Problem> {
        let mut commands = Self { deleted: Vec::new(), changed: Vec::new(), created: Vec::new() };
        for Change { action, before, after, fields, .. } in changes.take(sheet) {
            let id = before.map(T::try_from).transpose().map_err(Problem::internal)?.and_then(|row| row.id());
            let after = after.map(T::try_from).transpose().map_err(Problem::internal)?;
            match (action, id, after) {
                (Action::Create, None, Some(row)) => {
                    let was = row.id().and_then(|id| Some((id, changes.returning.remove(&id.into())?)));
                    commands.created.push(New { command: row.create()?, was });
                }
                (Action::Update, Some(id), Some(row)) => commands.changed.push((id, row.patch(&Said(&fields))?)),
                (Action::Delete, Some(id), None) => commands.deleted.push(id),
                _ => return Err(Problem::internal("a change of an import lacks what it changes")),
            }
        }
        Ok(commands)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.deleted.is_empty() && self.changed.is_empty() && self.created.is_empty()
    }
}
