//! Imports over HTTP, once they are uploaded.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use db::{Conn, Db, Json};
use kernel::{Cursor, ImportId, Page, PageQuery, Problem};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::lines::{ImportChange, ImportFault, LineKind};
use super::model::{FEW_ROWS, Import, ImportStatus, ImportView};
use super::store;
use super::work::{EXPIRY, WORK, finish};
use crate::later::FEW_CHANGES;
use crate::owners::{self, Authority};
use crate::permissions::CatalogWrite;

/// Which lines.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LineQuery {
    /// Lines per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Show an import
///
/// How it stands, and how much it would do. While a job reads or makes it, ask again.
#[utoipa::path(tag = "imports", security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = ImportView)))]
#[get("/imports/{importId}")]
pub(super) async fn show_import(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<ImportId>) -> Answer {
    who.read(&db, async |conn| Reply::show(&ImportView::from(seen(&who, conn, id).await?))).await
}

/// List the changes of an import
///
/// Each row that it would make, change or delete, in the order in which that is done, with each field before and after.
#[utoipa::path(tag = "imports", params(LineQuery), security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = Page<ImportChange<'static>>)))]
#[get("/imports/{importId}/changes")]
pub(super) async fn list_import_changes(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<ImportId>,
    Query(query): Query<LineQuery>,
) -> Answer {
    list(&who, &db, &context, id, LineKind::Change, &query).await
}

/// List the faults of an import
///
/// Errors and warnings with sheet, row and column, in the order they were met; the first thousand.
#[utoipa::path(tag = "imports", params(LineQuery), security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = Page<ImportFault<'static>>)))]
#[get("/imports/{importId}/faults")]
pub(super) async fn list_import_faults(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<ImportId>,
    Query(query): Query<LineQuery>,
) -> Answer {
    list(&who, &db, &context, id, LineKind::Fault, &query).await
}

/// Commit an import
///
/// Does what it has shown, in one transaction, as single commands would: all of it or nothing. Refused when the catalog has
/// changed since, so that it would do something else. Many changes are made after the answer (202): ask until the status is
/// DONE, or READY again with a `problem`. Committing what is done says so once more.
#[utoipa::path(tag = "imports", security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = ImportView), (status = 202, body = ImportView, description = "It is being done."), (status = 409, description = "The file has errors, or the catalog has changed."), (status = 423, description = "Somebody else is editing what it changes.")))]
#[post("/imports/{importId}/commit")]
pub(super) async fn commit_import(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<ImportId>) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id, who.user).await?;
        match before.status {
            ImportStatus::Done => return Reply::show(&ImportView::from(before)),
            ImportStatus::Applying => return Ok(Reply::show(&ImportView::from(before))?.with_status(202)),
            _ => before.ready()?,
        }
        // What they may do now counts, not what they might when they uploaded it.
        let authority = Json(Authority::of(&who, tx).await?);
        let import = Import { authority, ..before.clone() };
        if import.changes() <= FEW_CHANGES && import.rows() <= FEW_ROWS {
            let file = store::file(tx, tx.tenant(), id).await?.unwrap_or_default();
            let done = finish(tx, import, file).await?;
            return Reply::show(&ImportView::from(done));
        }
        if let Some(owner) = import.owner() {
            owners::may(&who, tx, owner, owner.noun()).await?;
            locks::refuse_others(tx, owner.kind().into(), owner.id()).await?;
        }
        let applying = Import { problem: None, ..import.at(ImportStatus::Applying, tx.now()) };
        store::update(tx, &before, &applying).await?;
        jobs::schedule(tx, WORK, &id.to_string(), &id, tx.now()).await?;
        Ok(Reply::show(&ImportView::from(applying))?.with_status(202))
    })
    .await
}

/// Delete an import
///
/// It is forgotten with its file; what it has done stays. Refused while it is being done.
#[utoipa::path(tag = "imports", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Forgotten."), (status = 409, description = "It is being done.")))]
#[delete("/imports/{importId}")]
pub(super) async fn delete_import(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<ImportId>) -> Answer {
    who.write(&db, async |tx| {
        let import = store::fetch_for_change(tx, id, who.user).await?;
        if import.status == ImportStatus::Applying {
            return Err(import.under_way());
        }
        store::delete(tx, id).await?;
        jobs::cancel(tx, WORK, &id.to_string()).await?;
        jobs::cancel(tx, EXPIRY, &id.to_string()).await?;
        Ok(Reply::done())
    })
    .await
}

async fn list(
    who: &Allow<CatalogWrite>,
    db: &Db,
    context: &Context,
    id: ImportId,
    kind: LineKind,
    query: &LineQuery,
) -> Answer {
    let of = format!("import {id} {kind}");
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, &of)?);
    who.read(db, async |conn| {
        let import = seen(who, conn, id).await?;
        let rows = store::lines(conn, &import, kind, after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, &of, |(position, _)| vec![json!(position)]);
        let mut items = Vec::with_capacity(page.items.len());
        for (_, line) in page.items {
            items.push(RawValue::from_string(line).map_err(Problem::internal)?);
        }
        Reply::ok(&Page { items, next_cursor: page.next_cursor, total: None })
    })
    .await
}

/// The caller's own import, as long as they may still see what it is about.
pub(super) async fn seen(who: &Allow<CatalogWrite>, conn: &Conn, id: ImportId) -> Result<Import, Problem> {
    let found = store::find(conn, who.tenant, id, who.user).await?;
    let import = found.ok_or_else(|| Problem::not_found("import"))?;
    if let Some(owner) = import.owner() {
        owners::may(who, conn, owner, "import").await?;
    }
    Ok(import)
}
