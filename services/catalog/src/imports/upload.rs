//! A file comes in.

use actix_web::post;
use actix_web::web::Data;
use db::{Db, Tx};
use kernel::problem::{BODY_TOO_LARGE, REQUEST_MALFORMED};
use kernel::{Problem, ProductId, SolutionId};
use serde::Deserialize;
use web::{Allow, Answer, PackedBody, Query, Reply};
use workbook::{Fault, MOST_BYTES, Read, Severity, Sheet};

use super::model::{Draft, FEW_ROWS, Format, Import, ImportView};
use super::work::{EXPIRY, WORK, examine};
use super::{dry_run, store};
use crate::owners::{Authority, Owner, may};
use crate::permissions::CatalogWrite;

pub(super) const COLLECTION: &str = "/catalog/v1/imports";
/// Larger files are read by a job, and so are those with many rows.
const SMALL: usize = 256 * 1024;

/// What a file is for, and how it is to be taken.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UploadQuery {
    /// The product it changes, whatever the file calls it.
    product_id: Option<ProductId>,
    /// The solution it changes, whatever the file calls it.
    solution_id: Option<SolutionId>,
    /// Delete what is there and not in the file: rows of the sheets that it has, but never links that help (default false).
    delete_missing: Option<bool>,
    /// The sheet that a CSV is, such as `tasks` (default) or `customAttributes`.
    sheet: Option<String>,
}

impl UploadQuery {
    fn owner(&self) -> Result<Option<Owner>, Problem> {
        match (self.product_id, self.solution_id) {
            (Some(_), Some(_)) => Err(REQUEST_MALFORMED.detail("Give productId or solutionId, not both.")),
            (Some(id), None) => Ok(Some(Owner::Product(id))),
            (None, id) => Ok(id.map(Owner::Solution)),
        }
    }
}

/// The sheet that somebody names.
pub(crate) fn sheet(named: Option<&str>) -> Result<Option<Sheet>, Problem> {
    let Some(name) = named else { return Ok(None) };
    Sheet::named(name).map(Some).ok_or_else(|| {
        let known = Sheet::ALL.iter().map(|sheet| sheet.key()).collect::<Vec<_>>().join(", ");
        REQUEST_MALFORMED.detail(format!("sheet is `{name}`; give one of {known}."))
    })
}

/// Upload a file for import
///
/// A workbook as the export writes it: Excel, JSON, or one sheet as CSV, up to 10 MiB and 50,000 rows. Nothing is changed: the
/// answer says what the import would do. It may come packed, with gzip or zstd, as `Content-Encoding` says; unpacked, it has
/// the same bounds. In a CSV commas, semicolons or tabs stand between the cells, or what its first line names (`sep=;`); where
/// it is no comma, a number may have one before its decimal places; a table of tasks has a name, a weight and estimated minutes
/// at least. Unless the query names a product or a solution, the name in the file finds it; when there is none, it is to be
/// made. A sheet, a column or a row that is missing leaves what is there, unless `deleteMissing` says otherwise of rows. What
/// was deleted comes back when the file has its id. A large file is read after the answer (202): ask until its status is READY
/// or FAULTY. Only who uploaded an import sees it; it is forgotten after a day.
#[utoipa::path(tag = "imports", params(UploadQuery), request_body(content((String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (Object = "application/json"), (String = "text/csv"))), security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = ImportView), (status = 202, body = ImportView, description = "It is being read."), (status = 404, description = "There is no product or solution with the id that the query names, or you may not see it."), (status = 409, description = "Several solutions have the name, or it is deleted."), (status = 413, description = "More than 10 MiB."), (status = 415, description = "Not one of the three."), (status = 422, description = "It is no such file, or does not say whose it is.")))]
#[post("/imports")]
pub(super) async fn upload_import(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Query(query): Query<UploadQuery>,
    PackedBody(body): PackedBody,
) -> Answer {
    let owner = query.owner()?;
    let authority = db
        .read(who.tenant, async |conn| {
            if let Some(owner) = owner {
                may(&who, conn, owner, owner.noun()).await?;
            }
            let authority = Authority::of(&who, conn).await?;
            authority.writes_something().map(|()| authority)
        })
        .await?;
    let (format, sheet) = (Format::of(&body.content_type)?, sheet(query.sheet.as_deref())?);
    if body.bytes.len() > MOST_BYTES {
        let how = format!("A file may have {} MiB at most; split it by its sheets.", MOST_BYTES >> 20);
        return Err(BODY_TOO_LARGE.detail(how).into());
    }
    if let Some(kept) = who.replayed(&db).await? {
        return Ok(kept);
    }
    let delete_missing = query.delete_missing.unwrap_or(false);
    let draft = Draft { authority, format, sheet, owner, delete_missing };
    let import = Import::new(draft, who.actor(), db.clock().now());
    let read = if body.bytes.len() <= SMALL { read_at_once(&import, &body.bytes).await? } else { None };
    who.write(&db, async |tx| take_in(tx, import, &body.bytes, read).await).await
}

/// Makes an import of what an export has written: the owner as it was. What came since is to be deleted.
///
/// # Errors
/// What an upload answers.
pub(crate) async fn propose(
    tx: &mut Tx,
    who: &Allow<CatalogWrite>,
    owner: Owner,
    file: Vec<u8>,
) -> Result<Reply, Problem> {
    let authority = Authority::of(who, tx).await?;
    let draft = Draft { authority, format: Format::Version, sheet: None, owner: Some(owner), delete_missing: true };
    let import = Import::new(draft, who.actor(), tx.now());
    let read = if file.len() <= SMALL { read_at_once(&import, &file).await? } else { None };
    take_in(tx, import, &file, read).await
}

/// Keeps an import with its file, and says what it would do: now, or when a job has read it.
async fn take_in(tx: &mut Tx, import: Import, file: &[u8], read: Option<Read>) -> Result<Reply, Problem> {
    store::insert(tx, &import, file).await?;
    jobs::schedule(tx, EXPIRY, &import.id.to_string(), &import.id, import.expires_at).await?;
    match read {
        Some(read) => Reply::created(&ImportView::from(examine(tx, &import, read).await?), COLLECTION),
        None => {
            jobs::schedule(tx, WORK, &import.id.to_string(), &import.id, tx.now()).await?;
            Ok(Reply::created(&ImportView::from(import), COLLECTION)?.with_status(202))
        }
    }
}

/// Reads a small file, and refuses what is no such file at all. One with many rows is left to a job.
async fn read_at_once(import: &Import, bytes: &[u8]) -> Result<Option<Read>, Problem> {
    let read = dry_run::read(import, bytes.to_vec()).await?;
    let of_file = read.faults.listed().iter().filter(|fault| fault.sheet.is_none());
    let refused: Vec<_> = of_file.filter(|fault| fault.severity == Severity::Error).map(Fault::field_error).collect();
    if refused.is_empty() {
        Ok(Some(read).filter(|read| read.workbook.rows() <= FEW_ROWS))
    } else {
        Err(Problem::invalid(refused))
    }
}
