//! The statements of bookmarks: none reaches another person's.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{BookmarkId, Problem};

use super::model::{Bookmark, Owner};
use crate::schema::bookmarks;

pub(super) async fn find(mut conn: &Conn, (tenant, user): Owner, id: BookmarkId) -> Result<Option<Bookmark>, Problem> {
    let row = bookmarks::table.find((tenant, id)).filter(bookmarks::user_id.eq(user)).select(Bookmark::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

/// One page in the person's order, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    (tenant, user): Owner,
    after: Option<(i32, BookmarkId)>,
    limit: i64,
) -> Result<Vec<Bookmark>, Problem> {
    let mut rows = bookmarks::table
        .filter(bookmarks::tenant_id.eq(tenant))
        .filter(bookmarks::user_id.eq(user))
        .select(Bookmark::as_select())
        .into_boxed();
    if let Some((place, id)) = after {
        // The range first, for the index; then the tie-break.
        rows = rows.filter(bookmarks::place.ge(place)).filter(bookmarks::place.gt(place).or(bookmarks::id.gt(id)));
    }
    Ok(rows.order((bookmarks::place, bookmarks::id)).limit(limit + 1).load(&mut conn).await?)
}

/// All of a person's, in their order, locked until the transaction ends.
pub(super) async fn all_for_change(tx: &mut Tx, (tenant, user): Owner) -> Result<Vec<Bookmark>, Problem> {
    let rows = bookmarks::table
        .filter(bookmarks::tenant_id.eq(tenant))
        .filter(bookmarks::user_id.eq(user))
        .order((bookmarks::place, bookmarks::id))
        .select(Bookmark::as_select());
    Ok(rows.for_update().load(&mut tx.conn()).await?)
}

pub(super) async fn fetch_for_change(tx: &mut Tx, (tenant, user): Owner, id: BookmarkId) -> Result<Bookmark, Problem> {
    let row = bookmarks::table.find((tenant, id)).filter(bookmarks::user_id.eq(user)).select(Bookmark::as_select());
    row.for_update().first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("bookmark"))
}

pub(super) async fn insert(tx: &mut Tx, bookmark: &Bookmark) -> Result<(), Problem> {
    diesel::insert_into(bookmarks::table).values(bookmark).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, bookmark: &Bookmark) -> Result<(), Problem> {
    let row = bookmarks::table.find((bookmark.tenant_id, bookmark.id));
    diesel::update(row).set(bookmark).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: BookmarkId) -> Result<(), Problem> {
    diesel::delete(bookmarks::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}
