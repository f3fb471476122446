//! The keys of tenants and people at rest, wrapped by the master key.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Problem, Timestamp};
use uuid::Uuid;

use crate::schema::data_keys;

/// A row of `data_keys`.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = data_keys, check_for_backend(diesel::pg::Pg))]
pub(crate) struct DataKey {
    pub(crate) owner_id: Uuid,
    pub(crate) wrapped_key: Vec<u8>,
    pub(crate) created_at: Timestamp,
}

pub(crate) async fn find(mut conn: &Conn, owner: Uuid) -> Result<Option<DataKey>, Problem> {
    Ok(data_keys::table.find(owner).select(DataKey::as_select()).first(&mut conn).await.optional()?)
}

/// Keeps a key unless the owner has one already.
pub(crate) async fn insert(tx: &mut Tx, key: &DataKey) -> Result<(), Problem> {
    diesel::insert_into(data_keys::table).values(key).on_conflict_do_nothing().execute(&mut tx.conn()).await?;
    Ok(())
}

/// A page of all keys, by owner.
pub(crate) async fn after(mut conn: &Conn, owner: Uuid, limit: i64) -> Result<Vec<DataKey>, Problem> {
    let rows = data_keys::table.filter(data_keys::owner_id.gt(owner)).select(DataKey::as_select());
    Ok(rows.order(data_keys::owner_id).limit(limit).load(&mut conn).await?)
}

/// Replaces the wrapping of a key; the key stays.
pub(crate) async fn rewrap(mut conn: &Conn, key: &DataKey) -> Result<(), Problem> {
    let row = data_keys::table.find(key.owner_id);
    diesel::update(row).set(data_keys::wrapped_key.eq(&key.wrapped_key)).execute(&mut conn).await?;
    Ok(())
}

/// What this key sealed can never be read again.
pub(crate) async fn destroy(tx: &mut Tx, owner: Uuid) -> Result<(), Problem> {
    diesel::delete(data_keys::table.find(owner)).execute(&mut tx.conn()).await?;
    Ok(())
}
