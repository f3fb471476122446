//! The statements of owners: the lock of both kinds, and what each kind's table is asked.

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
    let found = match owner {
        Owner::Product(id) => products::table.find((tenant, id)).count().get_result::<i64>(&mut conn).await?,
        Owner::Solution(id) => solutions::table.find((tenant, id)).count().get_result::<i64>(&mut conn).await?,
    };
    if found == 0 { Err(Problem::not_found(owner.noun())) } else { Ok(()) }
}

/// Declares what the table of one kind of owner is asked: `page`, `count`, `cursor_key` and `fetch_for_change`.
macro_rules! owner_statements {
    ($table:ident, $Row:ty, $Id:ty) => {
        /// One page in the asked order, with one row more to tell whether there is another page.
        pub(crate) async fn page(
            mut conn: &Conn,
            tenant: TenantId,
            query: &OwnerQuery,
            after: Option<Cursor>,
            limit: i64,
        ) -> Result<Vec<$Row>, Problem> {
            use $table::{id, name, updated_at};
            let rows = matching(tenant, query).select(<$Row>::as_select());
            let rows = match query.sort() {
                Sort::CreatedAt => keyset!(rows after after by id ascending: $Id),
                Sort::CreatedAtDown => keyset!(rows after after by id descending: $Id),
                Sort::Name => keyset!(rows after after by (name, id) ascending: (String, $Id)),
                Sort::NameDown => keyset!(rows after after by (name, id) descending: (String, $Id)),
                Sort::UpdatedAt => keyset!(rows after after by (updated_at, id) ascending: (Timestamp, $Id)),
                Sort::UpdatedAtDown => keyset!(rows after after by (updated_at, id) descending: (Timestamp, $Id)),
            };
            Ok(rows.limit(limit + 1).load(&mut conn).await?)
        }

        /// What a cursor keeps of the last row.
        pub(crate) fn cursor_key(sort: Sort, row: &$Row) -> Vec<Value> {
            let id = json!(row.id);
            match sort {
                Sort::CreatedAt | Sort::CreatedAtDown => vec![id],
                Sort::Name | Sort::NameDown => vec![json!(row.name), id],
                Sort::UpdatedAt | Sort::UpdatedAtDown => vec![json!(row.updated_at), id],
            }
        }

        /// How many there are, deleted ones left out unless asked for.
        pub(crate) async fn count(mut conn: &Conn, tenant: TenantId, query: &OwnerQuery) -> Result<i64, Problem> {
            Ok(matching(tenant, query).count().get_result(&mut conn).await?)
        }

        fn matching<'a>(tenant: TenantId, query: &'a OwnerQuery) -> $table::BoxedQuery<'a, Pg> {
            let mut rows = $table::table.filter($table::tenant_id.eq(tenant)).into_boxed();
            if !query.includes_deleted() {
                rows = rows.filter($table::deleted_at.is_null());
            }
            if let Some(key) = &query.external_key {
                rows = rows.filter($table::external_key.eq(key));
            }
            rows
        }

        /// The row, locked until the transaction ends.
        pub(crate) async fn fetch_for_change(tx: &mut Tx, id: $Id) -> Result<Option<$Row>, Problem> {
            let row = $table::table.find((tx.tenant(), id)).select(<$Row>::as_select()).for_update();
            Ok(row.first(&mut tx.conn()).await.optional()?)
        }
    };
}
pub(crate) use owner_statements;
