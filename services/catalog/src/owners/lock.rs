//! The lock that everything under an owner is written beneath.

use auth::Permission;
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Problem, TenantId, Timestamp};
use web::Allow;

use super::{Owner, Under, may};
use crate::schema::{products, solutions};

/// Locks an owner that is not deleted and raises its revision, for a caller who may do `P` with it. `noun` is what they asked
/// for: the owner, or what hangs on it.
///
/// # Errors
/// 404 when there is none or they may not see it, 403 when they may see it only, 409 when it is deleted, 423 when somebody
/// else is editing it.
pub(crate) async fn enter<P: Permission>(
    tx: &mut Tx,
    who: &Allow<P>,
    owner: Owner,
    noun: &'static str,
) -> Result<Under, Problem> {
    may(who, tx, owner, noun).await?;
    raise(tx, owner, noun).await
}

/// As [`enter`], for a caller of whom it is known that they may.
///
/// # Errors
/// 404 when there is none, 409 when it is deleted, 423 when somebody else is editing it.
pub(crate) async fn raise(tx: &mut Tx, owner: Owner, noun: &'static str) -> Result<Under, Problem> {
    let raised = match owner {
        Owner::Product(id) => {
            let raise = diesel::update(products::table.find((tx.tenant(), id)));
            let raise = raise.set(products::revision.eq(products::revision + 1));
            raise.returning((products::revision, products::deleted_at)).get_result(&mut tx.conn()).await.optional()?
        }
        Owner::Solution(id) => {
            let raise = diesel::update(solutions::table.find((tx.tenant(), id)));
            let raise = raise.set(solutions::revision.eq(solutions::revision + 1));
            raise.returning((solutions::revision, solutions::deleted_at)).get_result(&mut tx.conn()).await.optional()?
        }
    };
    let (revision, deleted_at): (i64, Option<Timestamp>) = raised.ok_or_else(|| Problem::not_found(noun))?;
    locks::refuse_others(tx, owner.kind().into(), owner.id()).await?;
    match deleted_at {
        None => Ok(Under { tenant: tx.tenant(), owner, revision, now: tx.now() }),
        Some(_) => Err(owner.deleted()),
    }
}

/// Locks an owner and raises nothing: what becomes of it is decided under the lock.
///
/// # Errors
/// 423 when somebody else is editing it.
pub(crate) async fn hold(tx: &mut Tx, owner: Owner) -> Result<(), Problem> {
    let _held: Option<i64> = match owner {
        Owner::Product(id) => {
            let row = products::table.find((tx.tenant(), id)).select(products::revision).for_update();
            row.first(&mut tx.conn()).await.optional()?
        }
        Owner::Solution(id) => {
            let row = solutions::table.find((tx.tenant(), id)).select(solutions::revision).for_update();
            row.first(&mut tx.conn()).await.optional()?
        }
    };
    locks::refuse_others(tx, owner.kind().into(), owner.id()).await
}

/// Tells an owner without rows from no owner: asked only when a list came out empty.
pub(crate) async fn must_exist(conn: &Conn, tenant: TenantId, owner: Owner) -> Result<(), Problem> {
    revision(conn, tenant, owner).await.map(|_| ())
}

/// The revision of an owner, deleted or not.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn revision(mut conn: &Conn, tenant: TenantId, owner: Owner) -> Result<i64, Problem> {
    let found = match owner {
        Owner::Product(id) => products::table.find((tenant, id)).select(products::revision).first(&mut conn).await,
        Owner::Solution(id) => solutions::table.find((tenant, id)).select(solutions::revision).first(&mut conn).await,
    };
    found.optional()?.ok_or_else(|| Problem::not_found(owner.noun()))
}
