//! Signing keys at rest.

use db::Db;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Problem, Timestamp};

use crate::schema::signing_keys;

/// A row of `signing_keys`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, check_for_backend(diesel::pg::Pg))]
pub(crate) struct StoredKey {
    pub(crate) id: String,
    pub(crate) wrapped_seed: Vec<u8>,
    pub(crate) created_at: Timestamp,
    pub(crate) retired_at: Option<Timestamp>,
}

/// The keys that verify, oldest first.
pub(crate) async fn published(db: &Db, retired_after: Timestamp) -> Result<Vec<StoredKey>, Problem> {
    let counts = signing_keys::retired_at.is_null().or(signing_keys::retired_at.gt(retired_after));
    let rows = signing_keys::table
        .select(StoredKey::as_select())
        .filter(counts)
        .order((signing_keys::created_at, signing_keys::id));
    db.global(async |mut conn| Ok(rows.load(&mut conn).await?)).await
}

/// Adds the first key, unless another process was quicker.
pub(crate) async fn insert_first(db: &Db, key: StoredKey) -> Result<(), Problem> {
    db.global(async |mut conn| {
        diesel::sql_query("select pg_advisory_lock(hashtext('cairn first signing key'))").execute(&mut conn).await?;
        let outcome = async {
            let live: i64 =
                signing_keys::table.filter(signing_keys::retired_at.is_null()).count().get_result(&mut conn).await?;
            if live == 0 {
                diesel::insert_into(signing_keys::table).values(&key).execute(&mut conn).await?;
            }
            Ok(())
        }
        .await;
        // Also when that failed: the connection goes back to the pool, and the lock is its own.
        diesel::sql_query("select pg_advisory_unlock(hashtext('cairn first signing key'))").execute(&mut conn).await?;
        outcome
    })
    .await
}

/// Adds a key and retires the others as of `takes_over`.
pub(crate) async fn replace(db: &Db, key: StoredKey, takes_over: Timestamp) -> Result<(), Problem> {
    db.global(async |mut conn| {
        // The new key first: between the two statements there are two keys, never none.
        diesel::insert_into(signing_keys::table).values(&key).execute(&mut conn).await?;
        let others =
            signing_keys::table.filter(signing_keys::id.ne(&key.id)).filter(signing_keys::retired_at.is_null());
        diesel::update(others).set(signing_keys::retired_at.eq(takes_over)).execute(&mut conn).await?;
        Ok(())
    })
    .await
}
