//! Bookmarks over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::identity::BookmarkView;
use db::Db;
use kernel::{BookmarkId, Cursor, Page, PageQuery, Problem};
use serde::Deserialize;
use serde_json::json;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{Bookmark, BookmarkPatch, CreateBookmark, reordered};
use super::store;
use crate::permissions::{SelfRead, SelfWrite};

const COLLECTION: &str = "/identity/v1/me/bookmarks";

/// Paging of the list of bookmarks.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BookmarkQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A new order.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReorderBookmarks {
    /// All of one's bookmarks, each once.
    bookmark_ids: Vec<BookmarkId>,
}

/// Make a bookmark
///
/// Behind those one has. Bookmarks are seen by nobody else, and in no audit trail.
#[utoipa::path(tag = "me", request_body = CreateBookmark, security(("bearer" = [SelfWrite::NAME])), responses((status = 201, body = BookmarkView), (status = 409, description = "There are too many.")))]
#[post("/me/bookmarks")]
pub(super) async fn create_bookmark(
    who: Allow<SelfWrite>,
    db: Data<Db>,
    Body(command): Body<CreateBookmark>,
) -> Answer {
    let owner = (who.tenant, who.user);
    who.write(&db, async |tx| {
        let others = store::all_for_change(tx, owner).await?;
        let bookmark = Bookmark::create(command, owner, &others, tx.now())?;
        store::insert(tx, &bookmark).await?;
        Reply::created(&BookmarkView::from(bookmark), COLLECTION)
    })
    .await
}

/// List one's own bookmarks
///
/// In one's own order.
#[utoipa::path(tag = "me", params(BookmarkQuery), security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = Page<BookmarkView>)))]
#[get("/me/bookmarks")]
pub(super) async fn list_bookmarks(
    who: Allow<SelfRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<BookmarkQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "bookmarks")?);
    who.read(&db, async |conn| {
        let after = after.and_then(|cursor| Some((cursor.key::<i32>(0)?, cursor.key::<BookmarkId>(1)?)));
        let rows = store::page(conn, (who.tenant, who.user), after, limit).await?;
        let key = |row: &Bookmark| vec![json!(row.place), json!(row.id)];
        Reply::ok(&Cursor::page(rows, limit, &context.config.keys, "bookmarks", key).map(BookmarkView::from))
    })
    .await
}

/// Reorder one's own bookmarks
///
/// Names all of them, in their new order.
#[utoipa::path(tag = "me", request_body = ReorderBookmarks, security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = Page<BookmarkView>)))]
#[post("/me/bookmarks/reorder")]
pub(super) async fn reorder_bookmarks(
    who: Allow<SelfWrite>,
    db: Data<Db>,
    Body(ReorderBookmarks { bookmark_ids }): Body<ReorderBookmarks>,
) -> Answer {
    let owner = (who.tenant, who.user);
    who.write(&db, async |tx| {
        let rows = store::all_for_change(tx, owner).await?;
        for moved in reordered(rows, &bookmark_ids, tx.now())? {
            store::update(tx, &moved).await?;
        }
        let items = store::all_for_change(tx, owner).await?;
        Reply::ok(&Page { items, next_cursor: None, total: None }.map(BookmarkView::from))
    })
    .await
}

/// Show a bookmark
///
/// One of one's own.
#[utoipa::path(tag = "me", security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = BookmarkView)))]
#[get("/me/bookmarks/{bookmarkId}")]
pub(super) async fn show_bookmark(who: Allow<SelfRead>, db: Data<Db>, Path(id): Path<BookmarkId>) -> Answer {
    who.read(&db, async |conn| {
        let bookmark = store::find(conn, (who.tenant, who.user), id).await?;
        Reply::show(&BookmarkView::from(bookmark.ok_or_else(|| Problem::not_found("bookmark"))?))
    })
    .await
}

/// Change a bookmark
///
/// A JSON merge patch. `If-Match` is honoured when sent.
#[utoipa::path(tag = "me", request_body = BookmarkPatch, security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = BookmarkView), (status = 412, description = "It was changed elsewhere.")))]
#[patch("/me/bookmarks/{bookmarkId}")]
pub(super) async fn change_bookmark(
    who: Allow<SelfWrite>,
    db: Data<Db>,
    Path(id): Path<BookmarkId>,
    Body(patch): Body<BookmarkPatch>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, (who.tenant, who.user), id).await?;
        who.expect_version(before.version)?;
        let after = before.change(patch, tx.now())?;
        store::update(tx, &after).await?;
        Reply::show(&BookmarkView::from(after))
    })
    .await
}

/// Delete a bookmark
///
/// For good.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Deleted."), (status = 412, description = "It was changed elsewhere.")))]
#[delete("/me/bookmarks/{bookmarkId}")]
pub(super) async fn delete_bookmark(who: Allow<SelfWrite>, db: Data<Db>, Path(id): Path<BookmarkId>) -> Answer {
    who.write(&db, async |tx| {
        let bookmark = store::fetch_for_change(tx, (who.tenant, who.user), id).await?;
        who.expect_version(bookmark.version)?;
        store::delete(tx, id).await?;
        Ok(Reply::done())
    })
    .await
}
