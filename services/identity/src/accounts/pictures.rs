//! Logos and avatars at rest.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Problem;
use uuid::Uuid;

use crate::schema::pictures;

/// A row of `pictures`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = pictures, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Picture {
    pub(crate) owner_id: Uuid,
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) async fn find(mut conn: &Conn, owner: Uuid) -> Result<Option<Picture>, Problem> {
    Ok(pictures::table.find(owner).select(Picture::as_select()).first(&mut conn).await.optional()?)
}

pub(crate) async fn put(tx: &mut Tx, picture: &Picture) -> Result<(), Problem> {
    let row = diesel::insert_into(pictures::table).values(picture);
    row.on_conflict(pictures::owner_id).do_update().set(picture).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, owner: Uuid) -> Result<(), Problem> {
    diesel::delete(pictures::table.find(owner)).execute(&mut tx.conn()).await?;
    Ok(())
}
