//! Second factors at rest: they belong to the person, in every tenant.

use db::{Conn, Json, Tx, on_constraint};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{PasskeyId, Problem, Timestamp, UserId};
use serde_json::Value;
use uuid::Uuid;

use crate::schema::{authenticators, ceremonies, passkeys, recovery_codes};

kernel::text_enum! {
    /// What a person can prove themselves with, beside the password.
    pub enum Factor {
        /// An authenticator app.
        Totp = "TOTP",
        /// Codes for the day the app is lost.
        RecoveryCode = "RECOVERY_CODE",
        /// Passkeys.
        Passkey = "PASSKEY",
    }
}

/// A row of `authenticators`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = authenticators, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Authenticator {
    pub(crate) user_id: UserId,
    pub(crate) secret: Vec<u8>,
    pub(crate) confirmed_at: Option<Timestamp>,
    pub(crate) last_step: i64,
}

/// A row of `passkeys`.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = passkeys, check_for_backend(diesel::pg::Pg))]
pub(crate) struct StoredPasskey {
    pub(crate) id: PasskeyId,
    pub(crate) user_id: UserId,
    pub(crate) credential_id: Vec<u8>,
    pub(crate) name: String,
    pub(crate) credential: Json<Value>,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
}

/// What a person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inventory {
    pub(crate) authenticator: bool,
    pub(crate) passkeys: i64,
    pub(crate) recovery_codes: i64,
}

pub(crate) async fn inventory(mut conn: &Conn, user: UserId) -> Result<Inventory, Problem> {
    let confirmed = authenticators::table.find(user).filter(authenticators::confirmed_at.is_not_null());
    let keys = passkeys::table.filter(passkeys::user_id.eq(user));
    let codes = recovery_codes::table.filter(recovery_codes::user_id.eq(user));
    Ok(Inventory {
        authenticator: confirmed.count().get_result::<i64>(&mut conn).await? > 0,
        passkeys: keys.count().get_result(&mut conn).await?,
        recovery_codes: codes.count().get_result(&mut conn).await?,
    })
}

/// Whether a tenant of the person asks for one.
pub(crate) async fn are_asked_of(mut conn: &Conn, user: UserId) -> Result<bool, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        asked: bool,
    }
    let rows = diesel::sql_query("select second_factor_asked_of($1) as asked").bind::<SqlUuid, _>(user);
    Ok(rows.get_result::<Row>(&mut conn).await?.asked)
}

/// What a person must use one of; recovery codes alone are no second factor.
pub(crate) async fn of(conn: &Conn, user: UserId) -> Result<Vec<Factor>, Problem> {
    let Inventory { authenticator, passkeys, recovery_codes } = inventory(conn, user).await?;
    if !authenticator && passkeys == 0 {
        return Ok(Vec::new());
    }
    let has =
        [(authenticator, Factor::Totp), (recovery_codes > 0, Factor::RecoveryCode), (passkeys > 0, Factor::Passkey)];
    Ok(has.into_iter().filter(|(has, _)| *has).map(|(_, factor)| factor).collect())
}

/// The person's authenticator, locked: two requests with the same code must not both count.
pub(crate) async fn lock_authenticator(tx: &mut Tx, user: UserId) -> Result<Option<Authenticator>, Problem> {
    let row = authenticators::table.find(user).select(Authenticator::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

pub(crate) async fn put_authenticator(tx: &mut Tx, authenticator: &Authenticator) -> Result<(), Problem> {
    let row = diesel::insert_into(authenticators::table).values(authenticator);
    row.on_conflict(authenticators::user_id).do_update().set(authenticator).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(crate) async fn remove_authenticator(tx: &mut Tx, user: UserId) -> Result<bool, Problem> {
    Ok(diesel::delete(authenticators::table.find(user)).execute(&mut tx.conn()).await? > 0)
}

/// Replaces the recovery codes by others, given as hashes.
pub(crate) async fn set_recovery_codes(tx: &mut Tx, user: UserId, hashes: &[Vec<u8>]) -> Result<(), Problem> {
    let old = recovery_codes::table.filter(recovery_codes::user_id.eq(user));
    diesel::delete(old).execute(&mut tx.conn()).await?;
    let rows: Vec<_> =
        hashes.iter().map(|hash| (recovery_codes::user_id.eq(user), recovery_codes::code_hash.eq(hash))).collect();
    diesel::insert_into(recovery_codes::table).values(rows).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Uses a recovery code up; says whether there was one.
pub(crate) async fn spend_recovery_code(tx: &mut Tx, user: UserId, hashes: &[Vec<u8>]) -> Result<bool, Problem> {
    let code = recovery_codes::table.filter(recovery_codes::user_id.eq(user));
    let spent = diesel::delete(code.filter(recovery_codes::code_hash.eq_any(hashes)));
    Ok(spent.execute(&mut tx.conn()).await? > 0)
}

/// A person's passkeys, the oldest first.
pub(crate) async fn passkeys_of(mut conn: &Conn, user: UserId) -> Result<Vec<StoredPasskey>, Problem> {
    let rows = passkeys::table.filter(passkeys::user_id.eq(user)).select(StoredPasskey::as_select());
    Ok(rows.order(passkeys::id).load(&mut conn).await?)
}

/// The passkey that an authenticator knows by a name.
pub(crate) async fn lock_passkey(tx: &mut Tx, credential_id: &[u8]) -> Result<Option<StoredPasskey>, Problem> {
    let row = passkeys::table.filter(passkeys::credential_id.eq(credential_id)).select(StoredPasskey::as_select());
    Ok(row.for_update().first(&mut tx.conn()).await.optional()?)
}

/// `taken` says what it means that an authenticator of somebody has this key already.
pub(crate) async fn insert_passkey(tx: &mut Tx, passkey: &StoredPasskey, taken: Problem) -> Result<(), Problem> {
    let row = diesel::insert_into(passkeys::table).values(passkey);
    row.execute(&mut tx.conn()).await.map_err(on_constraint("passkeys_credential_id_key", taken))?;
    Ok(())
}

pub(crate) async fn rename_passkey(tx: &mut Tx, user: UserId, id: PasskeyId, name: &str) -> Result<bool, Problem> {
    let row = passkeys::table.filter(passkeys::id.eq(id)).filter(passkeys::user_id.eq(user));
    Ok(diesel::update(row).set(passkeys::name.eq(name)).execute(&mut tx.conn()).await? > 0)
}

pub(crate) async fn remove_passkey(tx: &mut Tx, user: UserId, id: PasskeyId) -> Result<bool, Problem> {
    let row = passkeys::table.filter(passkeys::id.eq(id)).filter(passkeys::user_id.eq(user));
    Ok(diesel::delete(row).execute(&mut tx.conn()).await? > 0)
}

/// A passkey was used: its counter as it is now.
pub(crate) async fn note_use(tx: &mut Tx, passkey: &StoredPasskey) -> Result<(), Problem> {
    diesel::update(passkeys::table.find(passkey.id))
        .set((passkeys::credential.eq(&passkey.credential), passkeys::last_used_at.eq(tx.now())))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Keeps what a browser was asked, until it answers.
pub(crate) async fn begin(
    mut conn: &Conn,
    user: Option<UserId>,
    state: Value,
    expires_at: Timestamp,
) -> Result<Uuid, Problem> {
    let id = Uuid::now_v7();
    let row = (
        ceremonies::id.eq(id),
        ceremonies::user_id.eq(user),
        ceremonies::state.eq(Json(state)),
        ceremonies::expires_at.eq(expires_at),
    );
    diesel::insert_into(ceremonies::table).values(row).execute(&mut conn).await?;
    Ok(id)
}

/// What a browser was asked; it can be answered once.
pub(crate) async fn finish(
    mut conn: &Conn,
    id: Uuid,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<Option<Value>, Problem> {
    let row = ceremonies::table.filter(ceremonies::id.eq(id)).filter(ceremonies::expires_at.gt(now));
    let row = row.filter(ceremonies::user_id.is_not_distinct_from(user));
    let state =
        diesel::delete(row).returning(ceremonies::state).get_result::<Json<Value>>(&mut conn).await.optional()?;
    Ok(state.map(|state| state.0))
}

/// Removes what nobody answered.
pub(crate) async fn forget(mut conn: &Conn, now: Timestamp) -> Result<(), Problem> {
    diesel::delete(ceremonies::table.filter(ceremonies::expires_at.le(now))).execute(&mut conn).await?;
    Ok(())
}
