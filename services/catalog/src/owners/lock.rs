//! The lock that everything under an owner is written beneath.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Problem, TenantId};

use super::{Owner, Under};
use crate::schema::{products, solutions};

/// Locks an owner that is not deleted and raises its revision.
pub(crate) async fn enter(tx: &mut Tx, owner: Owner) -> Result<Under, Problem> {
    let raised = match owner {
        Owner::Product(id) => {
            let row = products::table.find((tx.tenant(), id)).filter(products::deleted_at.is_null());
            let raise = diesel::update(row).set(products::revision.eq(products::revision + 1));
            raise.returning(products::revision).get_result(&mut tx.conn()).await.optional()?
        }
        Owner::Solution(id) => {
            let row = solutions::table.find((tx.tenant(), id)).filter(solutions::deleted_at.is_null());
            let raise = diesel::update(row).set(solutions::revision.eq(solutions::revision + 1));
            raise.returning(solutions::revision).get_result(&mut tx.conn()).await.optional()?
        }
    };
    let revision = raised.ok_or_else(|| Problem::not_found(owner.noun()))?;
    Ok(Under { tenant: tx.tenant(), owner, revision, now: tx.now() })
}

/// Tells an owner without rows from no owner: asked only when a list came out empty.
pub(crate) async fn must_exist(mut conn: &Conn, tenant: TenantId, owner: Owner) -> Result<(), Problem> {
    let found: i64 = match owner {
        Owner::Product(id) => products::table.find((tenant, id)).count().get_result(&mut conn).await?,
        Owner::Solution(id) => solutions::table.find((tenant, id)).count().get_result(&mut conn).await?,
    };
    if found == 0 { Err(Problem::not_found(owner.noun())) } else { Ok(()) }
}
