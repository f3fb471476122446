//! What an import is: its row, how it stands, and how it is shown. Pure.

use chrono::Duration;
use contracts::Aggregate;
use db::Json;
use diesel::prelude::*;
use kernel::problem::{MEDIA_TYPE_UNSUPPORTED, ProblemKind};
use kernel::{Actor, ImportId, Problem, ProductId, SessionId, SolutionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workbook::{Read, Sheet, csv, json, xlsx};

use crate::later::{Asker, JobFailure};
use crate::owners::{Authority, Owner, OwnerKind};
use crate::schema::imports;

/// How long an import is kept.
pub(super) const LIVES: Duration = Duration::days(1);

/// The most rows that are compared while the caller waits.
pub(super) const FEW_ROWS: usize = 5_000;

static FAULTY: ProblemKind = ProblemKind::new("IMPORT_FAULTY", 409, "The file has errors");
static BUSY: ProblemKind = ProblemKind::new("IMPORT_BUSY", 409, "The import is under way");
static UNREADABLE: ProblemKind = ProblemKind::new("IMPORT_FAILED", 409, "The file could not be read");
static OUTDATED: ProblemKind = ProblemKind::new("IMPORT_OUTDATED", 409, "The catalog has changed since the dry run");

kernel::text_enum! {
    /// How an import stands.
    pub enum ImportStatus {
        /// Its file is being read.
        Reading = "READING",
        /// Its file has errors: mend it and upload it again.
        Faulty = "FAULTY",
        /// It shows what it would do, and waits.
        Ready = "READY",
        /// It is being done.
        Applying = "APPLYING",
        /// All of it is done.
        Done = "DONE",
        /// Its file could not be read; `problem` says why.
        Failed = "FAILED",
    }
}

kernel::text_enum! {
    /// The kinds of files that a workbook can be.
    pub enum Format {
        /// An Excel workbook.
        Xlsx = "xlsx",
        /// An object with a list for each sheet.
        Json = "json",
        /// One sheet.
        Csv = "csv",
        /// JSON with all that a version keeps: external keys, places, product licences and the order of tasks as well.
        Version = "version",
    }
}

impl Format {
    /// Those that people upload.
    const UPLOADED: [Self; 3] = [Self::Xlsx, Self::Json, Self::Csv];

    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json | Self::Version => "application/json",
            Self::Csv => "text/csv",
        }
    }

    /// The format that a media type names.
    pub(crate) fn named(media_type: &str) -> Option<Self> {
        Self::UPLOADED.into_iter().find(|format| format.media_type() == media_type)
    }

    /// The format of a body.
    pub(super) fn of(media_type: &str) -> Result<Self, Problem> {
        Self::named(media_type).ok_or_else(|| {
            let known = Self::UPLOADED.map(Self::media_type).join(", ");
            MEDIA_TYPE_UNSUPPORTED.detail(format!("Send the file with one of these as its Content-Type: {known}."))
        })
    }

    /// What a file says. Takes a while: not on a thread that others wait for.
    pub(super) fn read(self, bytes: &[u8], sheet: Option<Sheet>, kind: OwnerKind) -> Read {
        match self {
            Self::Xlsx => xlsx::read(bytes),
            Self::Json => json::read(bytes),
            Self::Version => json::read_version(bytes),
            Self::Csv => csv::read(bytes, sheet.unwrap_or(Sheet::Tasks), kind.into()),
        }
    }
}

/// A row of `imports`, without its file.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = imports, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(super) struct Import {
    pub(super) tenant_id: TenantId,
    pub(super) id: ImportId,
    pub(super) version: i64,
    pub(super) user_id: UserId,
    pub(super) session_id: SessionId,
    pub(super) is_client: bool,
    pub(super) client_address: Option<String>,
    pub(super) authority: Json<Authority>,
    pub(super) status: ImportStatus,
    pub(super) format: Format,
    pub(super) sheet: Option<String>,
    pub(super) delete_missing: bool,
    pub(super) owner_named: bool,
    pub(super) owner_kind: Option<OwnerKind>,
    pub(super) owner_id: Option<Uuid>,
    pub(super) owner_name: Option<String>,
    pub(super) counts: Json<Vec<SheetCounts>>,
    pub(super) unchanged: i32,
    pub(super) errors: i32,
    pub(super) warnings: i32,
    pub(super) digest: Option<String>,
    pub(super) done: i32,
    pub(super) problem: Option<Json<JobFailure>>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// How many rows of a sheet would be made, brought back, changed and deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SheetCounts {
    /// The sheet, as JSON calls it.
    pub(super) sheet: String,
    /// Made.
    pub(super) created: usize,
    /// Brought back under the ids that they had.
    #[serde(default)]
    pub(super) restored: usize,
    /// Changed.
    pub(super) updated: usize,
    /// Deleted.
    pub(super) deleted: usize,
}

/// What is to be imported, and for whom.
pub(super) struct Draft {
    pub(super) authority: Authority,
    pub(super) format: Format,
    pub(super) sheet: Option<Sheet>,
    pub(super) owner: Option<Owner>,
    pub(super) delete_missing: bool,
}

impl Import {
    /// A new one, whose file is still to be read.
    pub(super) fn new(draft: Draft, actor: &Actor, now: Timestamp) -> Self {
        let Draft { authority, format, sheet, owner, delete_missing } = draft;
        let Asker { user_id, session_id, is_client, client_address } = Asker::of(actor);
        Self {
            tenant_id: actor.tenant,
            id: ImportId::fresh(),
            version: 1,
            user_id,
            session_id,
            is_client,
            client_address,
            authority: Json(authority),
            status: ImportStatus::Reading,
            format,
            sheet: sheet.map(|sheet| sheet.key().to_owned()),
            delete_missing,
            owner_named: owner.is_some(),
            owner_kind: owner.map(Owner::kind),
            owner_id: owner.map(Owner::id),
            owner_name: None,
            counts: Json(Vec::new()),
            unchanged: 0,
            errors: 0,
            warnings: 0,
            digest: None,
            done: 0,
            problem: None,
            created_at: now,
            updated_at: now,
            expires_at: now + LIVES,
        }
    }

    /// Whoever uploaded it: what a job does for them is theirs.
    pub(super) fn actor(&self) -> Actor {
        let Self { user_id, session_id, is_client, .. } = *self;
        Asker { user_id, session_id, is_client, client_address: self.client_address.clone() }.actor(self.tenant_id)
    }

    /// What it is for, if that is there already.
    pub(super) fn owner(&self) -> Option<Owner> {
        Some(Owner::of(self.owner_kind?, self.owner_id?))
    }

    /// What the caller said it is for.
    pub(super) fn target(&self) -> Option<Owner> {
        self.owner().filter(|_| self.owner_named)
    }

    pub(super) fn sheet(&self) -> Option<Sheet> {
        self.sheet.as_deref().and_then(Sheet::named)
    }

    /// How many rows it makes, changes or deletes.
    pub(super) fn changes(&self) -> usize {
        let Json(counts) = &self.counts;
        counts.iter().map(|count| count.created + count.restored + count.updated + count.deleted).sum()
    }

    /// How many rows were compared.
    pub(super) fn rows(&self) -> usize {
        self.changes() + usize::try_from(self.unchanged).unwrap_or(0)
    }

    /// Refuses to do what cannot be done, or not yet.
    pub(super) fn ready(&self) -> Result<(), Problem> {
        match self.status {
            ImportStatus::Ready => Ok(()),
            ImportStatus::Reading => {
                Err(BUSY.detail("Its file is still being read. Ask again shortly.").retry_after(1))
            }
            ImportStatus::Faulty => {
                let errors = if self.errors == 1 { "an error".to_owned() } else { format!("{} errors", self.errors) };
                Err(FAULTY.detail(format!("It has {errors}; mend the file and upload it again.")))
            }
            ImportStatus::Failed => Err(UNREADABLE.detail("`problem` says why. Upload it again.")),
            ImportStatus::Applying | ImportStatus::Done => Err(self.under_way()),
        }
    }

    /// What is under way cannot be taken back.
    pub(super) fn under_way(&self) -> Problem {
        BUSY.detail("It is being done, wholly or not at all, and cannot be stopped. Ask again shortly.").retry_after(1)
    }

    /// The catalog is another than the one that was compared.
    pub(super) fn outdated() -> Problem {
        OUTDATED.detail("It would do something else now than it has shown. Nothing was done; upload the file again.")
    }

    pub(super) fn done(self, owner: Owner, now: Timestamp) -> Self {
        let done = i32::try_from(self.changes()).unwrap_or(i32::MAX);
        let (owner_kind, owner_id) = (Some(owner.kind()), Some(owner.id()));
        Self { owner_kind, owner_id, done, problem: None, ..self.at(ImportStatus::Done, now) }
    }

    /// It did not go. What was ready is ready again; a file that was not read never will be.
    pub(super) fn failed(self, problem: &Problem, now: Timestamp) -> Self {
        let back = if self.status == ImportStatus::Applying { ImportStatus::Ready } else { ImportStatus::Failed };
        Self { problem: Some(Json(problem.into())), done: 0, ..self.at(back, now) }
    }

    pub(super) fn at(self, status: ImportStatus, now: Timestamp) -> Self {
        Self { status, version: self.version + 1, updated_at: now, ..self }
    }
}

/// An import as its caller sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportView {
    /// Its id.
    id: ImportId,
    /// Raised by every change of it.
    version: i64,
    /// How it stands.
    #[schema(inline)]
    status: ImportStatus,
    /// What kind of file it is.
    #[schema(inline)]
    format: Format,
    /// Whether what is there and not in the file is deleted.
    delete_missing: bool,
    /// The product it changes; missing until it is found, and until it is made.
    product_id: Option<ProductId>,
    /// The solution it changes; missing until it is found, and until it is made.
    solution_id: Option<SolutionId>,
    /// What the file calls it.
    name: Option<String>,
    /// How many rows of each sheet it makes, brings back, changes and deletes.
    counts: Vec<SheetCounts>,
    /// How many rows say what is there already.
    unchanged: i32,
    /// How many faults keep it from being done.
    errors: i32,
    /// How many faults only ask somebody to look.
    warnings: i32,
    /// How many changes are made, while it is being done; another may see none of them before all are.
    done: i32,
    /// How many changes there are.
    total: usize,
    /// Why the last try did not go.
    problem: Option<JobFailure>,
    /// When it was uploaded.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// When it is forgotten.
    expires_at: Timestamp,
}

impl Aggregate for ImportView {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn version(&self) -> i64 {
        self.version
    }
}

impl From<Import> for ImportView {
    fn from(row: Import) -> Self {
        let (product_id, solution_id) = row.owner().map_or((None, None), Owner::ids);
        Self {
            total: row.changes(),
            product_id,
            solution_id,
            id: row.id,
            version: row.version,
            status: row.status,
            format: row.format,
            delete_missing: row.delete_missing,
            name: row.owner_name,
            counts: row.counts.0,
            unchanged: row.unchanged,
            errors: row.errors,
            warnings: row.warnings,
            done: row.done,
            problem: row.problem.map(|Json(problem)| problem),
            created_at: row.created_at,
            updated_at: row.updated_at,
            expires_at: row.expires_at,
        }
    }
}
