//! Versions over HTTP.

use actix_web::web::{Data, block};
use actix_web::{delete, get, post};
use contracts::catalog::{VERSION_CREATED, VERSION_DELETED, VersionView};
use db::{Conn, Db};
use kernel::{Cursor, Page, PageQuery, Problem, VersionId};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};
use workbook::{Workbook, diff};

use super::model::{CreateVersion, Version};
use super::store;
use crate::imports::{self, ImportChange, ImportView};
use crate::owners::{Owner, Under, hold, may, revision};
use crate::permissions::{CatalogRead, CatalogWrite};
use crate::workbooks;

const NOUN: &str = "version";
const COLLECTION: &str = "/catalog/v1/versions";

/// Which versions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VersionQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// What a version is compared with.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CompareQuery {
    /// Another version of the same owner (default: the owner as it is now).
    to: Option<VersionId>,
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Make a version
///
/// Keeps the product or the solution, with all that hangs on it, as it is now: what an export has, and the external keys, the
/// places in lists, the product licences that a solution's licences include, and the order of a solution's tasks.
#[utoipa::path(tag = "versions", request_body = CreateVersion, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = VersionView), (status = 409, description = "The name is taken.")))]
#[post("/versions")]
pub(super) async fn create_version(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(command): Body<CreateVersion>,
) -> Answer {
    who.write(&db, async |tx| {
        may(&who, tx, owner, owner.noun()).await?;
        hold(tx, owner).await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let kept = workbooks::read(tx, tenant, owner).await?;
        let under = Under { tenant, owner, revision: revision(tx, tenant, owner).await?, now };
        let version = Version::create(command, &under)?;
        store::insert(tx, &version, &workbook::json::write_version(&kept).to_string()).await?;
        let view = VersionView::from(version);
        tx.announce(&VERSION_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List versions
///
/// Those of one product or solution, the last made first.
#[utoipa::path(tag = "versions", params(VersionQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<VersionView>)))]
#[get("/versions")]
pub(super) async fn list_versions(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    owner: Owner,
    Query(query): Query<VersionQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, COLLECTION)?);
    who.read(&db, async |conn| {
        may(&who, conn, owner, owner.noun()).await?;
        revision(conn, who.tenant, owner).await?;
        let rows = store::page(conn, who.tenant, owner, after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, COLLECTION, |row| vec![json!(row.id)]);
        Reply::ok(&page.map(VersionView::from))
    })
    .await
}

/// Show a version
///
/// Its name, and the revision that it keeps.
#[utoipa::path(tag = "versions", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = VersionView)))]
#[get("/versions/{versionId}")]
pub(super) async fn show_version(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<VersionId>) -> Answer {
    who.read(&db, async |conn| {
        let version = find(conn, &who, id).await?;
        may(&who, conn, version.owner(), NOUN).await?;
        Reply::show(&VersionView::from(version))
    })
    .await
}

/// Compare a version
///
/// Each row that was made, changed or deleted between it and another version, or it and now, with each field before and after.
#[utoipa::path(tag = "versions", params(CompareQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<ImportChange<'static>>)))]
#[get("/versions/{versionId}/changes")]
pub(super) async fn list_version_changes(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<VersionId>,
    Query(query): Query<CompareQuery>,
) -> Answer {
    let list = format!("version {id} to {:?}", query.to);
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, &list)?);
    let after = after.and_then(|after| after.key::<usize>(0)).unwrap_or(0);
    who.read(&db, async |conn| {
        let version = find(conn, &who, id).await?;
        let owner = version.owner();
        may(&who, conn, owner, NOUN).await?;
        let before = kept(store::workbook(conn, &version).await?).await?;
        let mut now = match query.to {
            None => workbooks::read(conn, who.tenant, owner).await?,
            Some(to) => {
                let other = find(conn, &who, to).await?;
                if other.owner() != owner {
                    return Err(Problem::not_found(NOUN));
                }
                kept(store::workbook(conn, &other).await?).await?
            }
        };
        // Each has its own ids: what has another one is another thing, whatever it is called.
        now.hold_to(&now.ids());
        let lines = block(move || imports::change_lines(owner, diff(before, now, true).changes));
        let lines = (1_usize..).zip(lines.await.map_err(Problem::internal)??);
        let page = lines.skip(after).take(usize::try_from(limit + 1).unwrap_or(1)).collect();
        let page = Cursor::page(page, limit, &context.config.keys, &list, |(position, _)| vec![json!(position)]);
        let items = page.items.into_iter().map(|(_, line)| RawValue::from_string(line).map_err(Problem::internal));
        let items = items.collect::<Result<Vec<_>, Problem>>()?;
        Reply::ok(&Page { items, next_cursor: page.next_cursor, total: None })
    })
    .await
}

/// Restore a version
///
/// As an import of it: the answer says what that would do, and nothing happens until it is committed. What came since is
/// deleted then, but for links that help; what was deleted since comes back under its id, and plans know it again.
/// Committed, it is one change set.
#[utoipa::path(tag = "versions", security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = ImportView), (status = 202, body = ImportView, description = "It is being read."), (status = 409, description = "The owner is deleted.")))]
#[post("/versions/{versionId}/restore")]
pub(super) async fn restore_version(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<VersionId>) -> Answer {
    who.write(&db, async |tx| {
        let version = find(tx, &who, id).await?;
        may(&who, tx, version.owner(), NOUN).await?;
        let file = store::workbook(tx, &version).await?;
        imports::propose(tx, &who, version.owner(), file.into_bytes()).await
    })
    .await
}

/// Delete a version
///
/// For good. What it keeps of the product or the solution is forgotten; they themselves stay as they are.
#[utoipa::path(tag = "versions", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/versions/{versionId}")]
pub(super) async fn delete_version(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<VersionId>) -> Answer {
    who.write(&db, async |tx| {
        let before = find(tx, &who, id).await?;
        may(&who, tx, before.owner(), NOUN).await?;
        who.expect_version(before.version)?;
        store::delete(tx, id).await?;
        let last = before.clone().touched();
        tx.announce(&VERSION_DELETED, Some(&before.into()), &last.into()).await?;
        Ok(Reply::done())
    })
    .await
}

async fn find<P>(conn: &Conn, who: &Allow<P>, id: VersionId) -> Result<Version, Problem> {
    store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found(NOUN))
}

/// The workbook that a version keeps.
async fn kept(text: String) -> Result<Workbook, Problem> {
    let read = block(move || workbook::json::read_version(text.as_bytes())).await.map_err(Problem::internal)?;
    Ok(read.workbook)
}
