//! The dry run: a file held against what is there.

use std::collections::HashMap;

use actix_web::web::block;
use db::{Conn, Json};
use kernel::{Problem, Timestamp};
use uuid::Uuid;
use workbook::{Action, Change, Diff, Faults, Read, Workbook, diff};

use super::model::{Import, ImportStatus, SheetCounts};
use super::{finding, lines, taken};
use crate::owners::{Owner, OwnerKind};
use crate::{change_sets, workbooks};

/// What an import would do, and what is wrong with it.
pub(super) struct DryRun {
    /// What it changes; none when that is to be made, of this kind.
    pub(super) owner: Option<Owner>,
    pub(super) kind: OwnerKind,
    name: Option<String>,
    /// In the order in which they are to be made, when they are; none when there are errors.
    pub(super) changes: Vec<Change>,
    unchanged: usize,
    counts: Vec<SheetCounts>,
    pub(super) faults: Faults,
    /// What the file has and was deleted for good, each with its next version.
    pub(super) returning: HashMap<Uuid, i64>,
    /// The changes as they are shown, when they are.
    pub(super) lines: Vec<String>,
    pub(super) digest: String,
}

/// What a comparison is for. There is no need for both, and memory for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// To be shown.
    Showing,
    /// To be done.
    Doing,
}

/// Reads a file on a thread of its own.
pub(super) async fn read(import: &Import, file: Vec<u8>) -> Result<Read, Problem> {
    let (format, sheet, kind) = (import.format, import.sheet(), import.owner_kind.unwrap_or(OwnerKind::Product));
    block(move || format.read(&file, sheet, kind)).await.map_err(Problem::internal)
}

/// Holds a file against what is there.
pub(super) async fn compare(conn: &Conn, import: &Import, read: Read, what_for: For) -> Result<DryRun, Problem> {
    let tenant = import.tenant_id;
    let Read { workbook: mut file, mut faults } = read;
    let (kind, name) = (OwnerKind::from(file.kind), file.name().map(str::to_owned));
    if !faults.is_sound() {
        // What could not be read would look as if it were not there.
        return Ok(DryRun::without_changes(import.target(), kind, name, faults));
    }
    let Json(authority) = &import.authority;
    let owner = finding::owner(conn, tenant, authority, import.target(), &file).await?;
    let mut before = match owner {
        Some(owner) => workbooks::read(conn, tenant, owner).await?,
        None => Workbook { kind: file.kind, ..Workbook::default() },
    };
    let mut returning = HashMap::new();
    if let Some(owner) = owner {
        let others: Vec<Uuid> = file.ids().difference(&before.ids()).copied().collect();
        returning = change_sets::lost(conn, tenant, owner, &others).await?;
        let deleted = workbooks::recall(conn, tenant, owner, &mut before, &others).await?;
        if import.delete_missing {
            // What only has the name of something that comes back is missing in the file.
            file.hold_to(&returning.keys().copied().chain(deleted).collect());
        }
    }
    if owner.is_none() {
        faults.extend(finding::id_of_another(conn, tenant, &file).await?);
    }
    faults.extend(finding::products(conn, tenant, authority, &before, &mut file).await?);
    if !faults.is_sound() {
        return Ok(DryRun::without_changes(owner, kind, name, faults));
    }
    faults.extend(finding::bundled(conn, tenant, &before, &mut file, import.delete_missing).await?);
    let name = name.or_else(|| before.name().map(str::to_owned));
    let delete_missing = import.delete_missing;
    let mut diff = block(move || diff(before, file, delete_missing)).await.map_err(Problem::internal)?;
    if owner.is_some() {
        diff.warn_of_strangers(|id| returning.contains_key(&id));
    }
    faults.extend(std::mem::take(&mut diff.faults));
    // What is done is held against all that is there by the database.
    if faults.is_sound() && what_for == For::Showing {
        let kind = owner.map_or(kind, Owner::kind);
        faults.extend(taken::taken(conn, tenant, kind, &diff.claims).await?);
    }
    let run = DryRun { returning, ..DryRun::without_changes(owner, kind, name, faults) };
    if !run.faults.is_sound() {
        return Ok(run);
    }
    block(move || run.of_changes(diff, what_for)).await.map_err(Problem::internal)?
}

impl DryRun {
    /// With nothing to do: what cannot be read wholly is compared with nothing.
    fn without_changes(owner: Option<Owner>, kind: OwnerKind, name: Option<String>, faults: Faults) -> Self {
        let (changes, counts, lines, returning) = (Vec::new(), Vec::new(), Vec::new(), HashMap::new());
        Self { owner, kind, name, changes, unchanged: 0, counts, faults, returning, lines, digest: String::new() }
    }

    /// With what it would do.
    fn of_changes(self, mut diff: Diff, what_for: For) -> Result<Self, Problem> {
        let counts = diff.counts().into_iter().map(|(sheet, counts)| SheetCounts {
            sheet: sheet.key().to_owned(),
            created: counts.created,
            restored: counts.restored,
            updated: counts.updated,
            deleted: counts.deleted,
        });
        let (counts, unchanged) = (counts.collect(), diff.unchanged);
        let mut lines = Vec::new();
        let digest = lines::of_changes(self.owner, &mut diff.changes, |change, line| match what_for {
            For::Showing => {
                lines.push(line);
                (change.before, change.after, change.fields) = (None, None, Vec::new());
            }
            // What is made is made whole.
            For::Doing if change.action == Action::Create => change.fields = Vec::new(),
            For::Doing => {}
        })?;
        let changes = if what_for == For::Doing { diff.changes } else { Vec::new() };
        Ok(Self { changes, unchanged, counts, lines, digest, ..self })
    }

    /// The import with what it would do.
    pub(super) fn of(&self, import: &Import, now: Timestamp) -> Import {
        let whole = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let all = self.faults.listed().len() + self.faults.left_out();
        let is_sound = self.faults.is_sound();
        let status = if is_sound { ImportStatus::Ready } else { ImportStatus::Faulty };
        Import {
            owner_kind: self.owner.map(Owner::kind).or(import.owner_kind),
            owner_id: self.owner.map(Owner::id).or(import.owner_id),
            owner_name: self.name.clone(),
            counts: Json(self.counts.clone()),
            unchanged: whole(self.unchanged),
            errors: whole(self.faults.errors()),
            warnings: whole(all - self.faults.errors()),
            digest: is_sound.then(|| self.digest.clone()),
            ..import.clone().at(status, now)
        }
    }
}
