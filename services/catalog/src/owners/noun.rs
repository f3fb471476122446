//! What products and solutions do alike, written once for both tables: the model, the statements and the commands.

/// Declares how a kind of owner is made and changed, its `store` and its `commands`. The row with its view, the
/// refusals and the handlers stand where this is called.
macro_rules! owner_noun {
    (
        $Row:ident, $noun:literal, in $table:ident, by $Id:ident, shown as $View:ident, at $collection:literal;
        made with { $($field:ident: $value:expr),* };
        told by $created:ident, $changed:ident, $deleted:ident, $restored:ident;
    ) => {
        impl $Row {
            /// A new one at version 1.
            fn create(command: CreateOwner, tenant_id: TenantId, now: Timestamp) -> Result<Self, Problem> {
                let CreateOwner { name, description, external_key, resources } = command.checked(Check::new())?;
                Ok(Self {
                    tenant_id,
                    id: $Id::fresh(),
                    version: 1,
                    revision: 1,
                    external_key,
                    name,
                    description,
                    resources: Json(resources),
                    $($field: $value,)*
                    created_at: now,
                    updated_at: now,
                    deleted_at: None,
                })
            }

            fn change(self, patch: OwnerPatch, now: Timestamp) -> Result<Self, Problem> {
                let Self { name, description, external_key, resources: Json(resources), .. } = self.clone();
                let said = CreateOwner { name, description, external_key, resources }.change(patch)?;
                let CreateOwner { name, description, external_key, resources } = said;
                Ok(Self { name, description, external_key, resources: Json(resources), ..self }.touched(now))
            }

            /// A deleted one is not changed.
            fn live(self) -> Result<Self, Problem> {
                if self.deleted_at.is_none() { Ok(self) } else { Err(Owner::from(self.id).deleted()) }
            }

            fn delete(self, now: Timestamp) -> Self {
                Self { deleted_at: Some(now), ..self.touched(now) }
            }

            fn restore(self, now: Timestamp) -> Self {
                Self { deleted_at: None, ..self.touched(now) }
            }

            fn touched(self, now: Timestamp) -> Self {
                Self { version: self.version + 1, revision: self.revision + 1, updated_at: now, ..self }
            }
        }

        /// The statements of this noun.
        pub(crate) mod store {
            use auth::Permission;
            use db::{Conn, Tx};
            use diesel::pg::Pg;
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            use grants::Scope;
            use kernel::{Cursor, Problem, TenantId, Timestamp};
            use serde_json::{Value, json};
            use web::Allow;

            use super::{$Id, $Row, $table, REFUSALS};
            use crate::owners::{Owner, OwnerQuery, Sort, may};
            use crate::refusals::refused;
            use crate::statements::{keyset, row_statements};

            row_statements!($table, $Row, $Id, refused by REFUSALS);

            /// The row, locked until the transaction ends, for a caller who may do `P` with it; 423 when somebody else is
            /// editing it.
            pub(crate) async fn fetch_for_change<P: Permission>(
                tx: &mut Tx,
                who: &Allow<P>,
                id: $Id,
            ) -> Result<$Row, Problem> {
                may(who, tx, id.into(), $noun).await?;
                let row = $table::table.find((tx.tenant(), id)).select($Row::as_select()).for_update();
                let row = row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found($noun))?;
                let owner = Owner::from(id);
                locks::refuse_others(tx, owner.kind().into(), owner.id()).await?;
                Ok(row)
            }

            /// One page in the asked order, with one row more to tell whether there is another page.
            pub(super) async fn page(
                mut conn: &Conn,
                tenant: TenantId,
                (query, scope): (&OwnerQuery, &Scope),
                after: Option<Cursor>,
                limit: i64,
            ) -> Result<Vec<$Row>, Problem> {
                use $table::{id, name, updated_at};
                let rows = matching(tenant, query, scope);
                let rows = match query.sort() {
                    Sort::CreatedAt => keyset!(rows after after by id ascending: $Id),
                    Sort::CreatedAtDown => keyset!(rows after after by id descending: $Id),
                    Sort::Name => keyset!(rows after after by (name, id) ascending: (String, $Id)),
                    Sort::NameDown => keyset!(rows after after by (name, id) descending: (String, $Id)),
                    Sort::UpdatedAt => keyset!(rows after after by (updated_at, id) ascending: (Timestamp, $Id)),
                    Sort::UpdatedAtDown => keyset!(rows after after by (updated_at, id) descending: (Timestamp, $Id)),
                };
                Ok(rows.select($Row::as_select()).limit(limit + 1).load(&mut conn).await?)
            }

            /// What a cursor keeps of the last row.
            pub(super) fn cursor_key(sort: Sort, row: &$Row) -> Vec<Value> {
                match sort {
                    Sort::CreatedAt | Sort::CreatedAtDown => vec![json!(row.id)],
                    Sort::Name | Sort::NameDown => vec![json!(row.name), json!(row.id)],
                    Sort::UpdatedAt | Sort::UpdatedAtDown => vec![json!(row.updated_at), json!(row.id)],
                }
            }

            /// How many there are, deleted ones left out unless asked for.
            pub(super) async fn count(
                mut conn: &Conn,
                tenant: TenantId,
                (query, scope): (&OwnerQuery, &Scope),
            ) -> Result<i64, Problem> {
                Ok(matching(tenant, query, scope).count().get_result(&mut conn).await?)
            }

            fn matching<'a>(
                tenant: TenantId,
                query: &'a OwnerQuery,
                scope: &'a Scope,
            ) -> $table::BoxedQuery<'a, Pg> {
                let mut rows = $table::table.filter($table::tenant_id.eq(tenant)).into_boxed();
                if let Scope::Some(ids) = scope {
                    rows = rows.filter($table::id.eq_any(ids));
                }
                if !query.includes_deleted() {
                    rows = rows.filter($table::deleted_at.is_null());
                }
                if let Some(key) = &query.external_key {
                    rows = rows.filter($table::external_key.eq(key));
                }
                rows
            }
        }

        /// Makes one, as an import wants it.
        pub(crate) async fn import_new(tx: &mut db::Tx, command: CreateOwner) -> Result<$Row, Problem> {
            let row = $Row::create(command, tx.tenant(), tx.now())?;
            store::insert(tx, &row).await?;
            tx.announce(&$created, None, &row.clone().into()).await?;
            Ok(row)
        }

        /// Changes one that is locked, as an import wants it.
        pub(crate) async fn import(tx: &mut db::Tx, before: $Row, patch: OwnerPatch) -> Result<$Row, Problem> {
            let after = before.clone().change(patch, tx.now())?;
            store::update(tx, &after).await?;
            tx.announce(&$changed, Some(&before.into()), &after.clone().into()).await?;
            Ok(after)
        }

        /// Deletes one that is locked, or brings it back.
        pub(crate) async fn set_deleted(tx: &mut db::Tx, id: $Id, deleted: bool) -> Result<(), Problem> {
            let before = store::find(tx, tx.tenant(), id).await?.ok_or_else(|| Problem::not_found($noun))?;
            let (event, after) = if deleted {
                (&$deleted, before.clone().delete(tx.now()))
            } else {
                (&$restored, before.clone().restore(tx.now()))
            };
            store::update(tx, &after).await?;
            tx.announce(event, Some(&before.into()), &after.into()).await
        }

        mod commands {
            use db::Db;
            use kernel::{Cursor, Problem};
            use web::{Allow, Answer, Context, Reply};

            use super::{$Id, $Row, $View, $created, $changed, $deleted, $restored, store};
            use crate::owners::{CreateOwner, OwnerKind, OwnerPatch, OwnerQuery, may, may_make, scope};
            use crate::permissions::{CatalogAdmin, CatalogRead, CatalogWrite};

            pub(super) async fn create(who: &Allow<CatalogWrite>, db: &Db, command: CreateOwner) -> Answer {
                who.write(db, async |tx| {
                    may_make(who, tx, OwnerKind::$Row).await?;
                    let row = $Row::create(command, tx.tenant(), tx.now())?;
                    store::insert(tx, &row).await?;
                    let view = $View::from(row);
                    tx.announce(&$created, None, &view).await?;
                    Reply::created(&view, $collection)
                })
                .await
            }

            pub(super) async fn list(who: &Allow<CatalogRead>, db: &Db, context: &Context, query: &OwnerQuery) -> Answer {
                let (sort, of) = (query.sort(), query.list($collection));
                let (limit, after) = query.window(context, &of)?;
                who.read(db, async |conn| {
                    let scope = scope(who, conn, OwnerKind::$Row, CatalogRead::NAME).await?;
                    let rows = store::page(conn, who.tenant, (query, &scope), after, limit).await?;
                    let key = |row: &$Row| store::cursor_key(sort, row);
                    let mut page = Cursor::page(rows, limit, &context.config.keys, &of, key);
                    if query.counts() {
                        page.total = Some(store::count(conn, who.tenant, (query, &scope)).await?);
                    }
                    Reply::ok(&page.map($View::from))
                })
                .await
            }

            pub(super) async fn show(who: &Allow<CatalogRead>, db: &Db, id: $Id) -> Answer {
                who.read(db, async |conn| {
                    may(who, conn, id.into(), $noun).await?;
                    let row = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found($noun))?;
                    Reply::show(&$View::from(row))
                })
                .await
            }

            pub(super) async fn change(who: &Allow<CatalogWrite>, db: &Db, id: $Id, patch: OwnerPatch) -> Answer {
                who.write(db, async |tx| {
                    let before = store::fetch_for_change(tx, who, id).await?.live()?;
                    who.expect_version(before.version)?;
                    let after = before.clone().change(patch, tx.now())?;
                    store::update(tx, &after).await?;
                    let view = $View::from(after);
                    tx.announce(&$changed, Some(&before.into()), &view).await?;
                    Reply::show(&view)
                })
                .await
            }

            pub(super) async fn delete(who: &Allow<CatalogAdmin>, db: &Db, id: $Id) -> Answer {
                who.write(db, async |tx| {
                    let before = store::fetch_for_change(tx, who, id).await?;
                    who.expect_version(before.version)?;
                    if before.deleted_at.is_none() {
                        let after = before.clone().delete(tx.now());
                        store::update(tx, &after).await?;
                        tx.announce(&$deleted, Some(&before.into()), &after.into()).await?;
                    }
                    Ok(Reply::done())
                })
                .await
            }

            pub(super) async fn restore(who: &Allow<CatalogAdmin>, db: &Db, id: $Id) -> Answer {
                who.write(db, async |tx| {
                    let before = store::fetch_for_change(tx, who, id).await?;
                    who.expect_version(before.version)?;
                    if before.deleted_at.is_none() {
                        return Reply::show(&$View::from(before));
                    }
                    let after = before.clone().restore(tx.now());
                    store::update(tx, &after).await?;
                    let view = $View::from(after);
                    tx.announce(&$restored, Some(&before.into()), &view).await?;
                    Reply::show(&view)
                })
                .await
            }
        }
    };
}
pub(crate) use owner_noun;
