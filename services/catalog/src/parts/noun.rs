//! What the five parts do alike, written once: their statements and their commands.

/// Declares a part's `store` and `commands`. The row with its `create` and `change`, the view, the refusals and the
/// handlers stand where this is called.
macro_rules! part {
    (
        $Row:ident, $noun:literal, in $table:ident, by $Id:ident, shown as $View:ident, at $collection:literal;
        called $name:ident, made by $Create:ident, changed by $Patch:ident;
        told by $created:ident, $changed:ident, $deleted:ident, $reordered:ident;
    ) => {
        impl $Row {
            fn touched(self, under: &Under) -> Self {
                Self { version: self.version + 1, revision: under.revision, updated_at: under.now, ..self }
            }
        }

        impl crate::order::Placed for $Row {
            type Id = $Id;

            fn id(&self) -> $Id {
                self.id
            }

            fn place(&self) -> i32 {
                self.display_order
            }

            fn moved(self, place: i32, under: &Under) -> Self {
                Self { display_order: place, ..self.touched(under) }
            }
        }

        mod store {
            use db::{Conn, Tx};
            use diesel::dsl::{array_position, max};
            use diesel::pg::Pg;
            use diesel::prelude::*;
            use diesel::sql_types::{Array, Uuid as SqlUuid};
            use diesel_async::RunQueryDsl;
            use kernel::{Cursor, Problem, TenantId};

            use super::{$Id, $Row, REFUSALS};
            use crate::lists::ListQuery;
            use crate::owners::{Owner, Under};
            use crate::refusals::refused;
            use crate::schema::$table;
            use crate::statements::{bulk_statements, keyset, line_statements, name_statements, row_statements};

            row_statements!($table, $Row, $Id, refused by REFUSALS);
            bulk_statements!($table, $Row, refused by REFUSALS);
            name_statements!($table, $Id, called $name);
            line_statements!($table, $Id, in order of display_order);

            /// One page in the owner's order, with one row more to tell whether there is another page.
            pub(super) async fn page(
                mut conn: &Conn,
                tenant: TenantId,
                owner: Owner,
                query: &ListQuery,
                after: Option<Cursor>,
                limit: i64,
            ) -> Result<Vec<$Row>, Problem> {
                use $table::{display_order, id};
                let rows = matching(tenant, owner, query);
                let rows = keyset!(rows after after by (display_order, id) ascending: (i32, $Id));
                Ok(rows.select($Row::as_select()).limit(limit + 1).load(&mut conn).await?)
            }

            pub(super) async fn count(mut conn: &Conn, tenant: TenantId, owner: Owner, query: &ListQuery) -> Result<i64, Problem> {
                Ok(matching(tenant, owner, query).count().get_result(&mut conn).await?)
            }

            fn matching<'a>(tenant: TenantId, owner: Owner, query: &'a ListQuery) -> $table::BoxedQuery<'a, Pg> {
                let mut rows = $table::table.filter($table::tenant_id.eq(tenant)).into_boxed();
                rows = rows.filter($table::owner_id.eq(owner.id()));
                if let Some(key) = &query.external_key {
                    rows = rows.filter($table::external_key.eq(key));
                }
                rows
            }

            /// All of an owner's rows, in order.
            pub(super) async fn line(mut conn: &Conn, tenant: TenantId, owner: Owner) -> Result<Vec<$Row>, Problem> {
                let rows = $table::table.filter($table::tenant_id.eq(tenant)).filter($table::owner_id.eq(owner.id()));
                let rows = rows.order(($table::display_order, $table::id)).select($Row::as_select());
                Ok(rows.load(&mut conn).await?)
            }

            /// The place after the last one.
            pub(super) async fn next_place(tx: &mut Tx, under: &Under) -> Result<i32, Problem> {
                let rows = $table::table.filter($table::tenant_id.eq(under.tenant)).filter($table::owner_id.eq(under.owner.id()));
                let last: Option<i32> = rows.select(max($table::display_order)).get_result(&mut tx.conn()).await?;
                Ok(last.unwrap_or(0).saturating_add(1))
            }

            pub(super) async fn delete(tx: &mut Tx, row: &$Row) -> Result<(), Problem> {
                diesel::delete($table::table.find((row.tenant_id, row.id))).execute(&mut tx.conn()).await?;
                Ok(())
            }
        }

        /// All of an owner's rows, in order.
        pub(super) async fn line(
            conn: &db::Conn,
            tenant: kernel::TenantId,
            owner: crate::owners::Owner,
        ) -> Result<Vec<$Row>, kernel::Problem> {
            store::line(conn, tenant, owner).await
        }

        /// What an import does with an owner's rows, by the rules of single commands. What is deleted goes first, for its name
        /// may be wanted again; `unlink` takes the ids from wherever they were named. Answers with the ids of what is made.
        pub(super) async fn import(
            tx: &mut db::Tx,
            under: &Under,
            commands: crate::imports::Commands<$Id, $Create, $Patch>,
            unlink: impl AsyncFn(&mut db::Tx, &Under, &[$Id]) -> Result<(), kernel::Problem>,
        ) -> Result<Vec<$Id>, kernel::Problem> {
            if commands.is_empty() {
                return Ok(Vec::new());
            }
            let rows = store::line(tx, under.tenant, under.owner).await?;
            let last = rows.iter().map(|row| row.display_order).max().unwrap_or(0);
            let rows: std::collections::BTreeMap<$Id, $Row> = rows.into_iter().map(|row| (row.id, row)).collect();
            let find = |id: &$Id| rows.get(id).cloned().ok_or_else(|| kernel::Problem::not_found($noun));
            let mut deleted = Vec::new();
            if !commands.deleted.is_empty() {
                unlink(tx, under, &commands.deleted).await?;
            }
            for id in &commands.deleted {
                let row = find(id)?;
                deleted.push((Some(row.clone()), row.touched(under)));
            }
            store::delete_all(tx, &commands.deleted).await?;
            crate::imports::announce(tx, &$deleted, deleted).await?;

            let mut changed = Vec::new();
            for (id, patch) in commands.changed {
                let before = find(&id)?;
                changed.push((before.clone(), before.change(patch, under)?));
            }
            let is_renamed = |old: &$Row, new: &$Row| old.$name != new.$name || old.external_key != new.external_key;
            let renamed = changed.iter().filter(|(old, new)| is_renamed(old, new)).map(|(old, _)| old.id);
            store::pass_names(tx, &renamed.collect::<Vec<$Id>>()).await?;
            store::update_all(tx, changed.iter().map(|(_, new)| new)).await?;
            crate::imports::announce(tx, &$changed, changed.into_iter().map(|(old, new)| (Some(old), new))).await?;

            let places = (1..).map(|step| last.saturating_add(step));
            let created = commands.created.into_iter().zip(places);
            let created = created.map(|(crate::imports::New { command, was }, place)| {
                let made = $Row::create(command, under, place)?;
                let (id, version) = was.unwrap_or((made.id, made.version));
                Ok($Row { id, version, ..made })
            });
            let created = created.collect::<Result<Vec<$Row>, kernel::Problem>>()?;
            store::insert_all(tx, &created).await?;
            let made = created.iter().map(|row| row.id).collect();
            crate::imports::announce(tx, &$created, created.into_iter().map(|row| (None, row))).await?;
            Ok(made)
        }

        /// Takes back what a change set did with an owner's rows; `but` are the fields that no command takes.
        pub(super) async fn undo(
            tx: &mut db::Tx,
            under: &Under,
            undos: Vec<(uuid::Uuid, crate::change_sets::Undo)>,
            but: &[&str],
            unlink: impl AsyncFn(&mut db::Tx, &Under, &[$Id]) -> Result<(), kernel::Problem>,
        ) -> Result<(), kernel::Problem> {
            use crate::change_sets::{Undo, command, next_version};
            use crate::imports::{Commands, New};

            let mut commands = Commands { deleted: Vec::new(), changed: Vec::new(), created: Vec::new() };
            for (id, undo) in undos {
                match undo {
                    Undo::Remove(_) => commands.deleted.push($Id(id)),
                    Undo::PutBack(before, _) => commands.changed.push(($Id(id), command(before, but)?)),
                    Undo::BringBack(before) => {
                        let was = Some(($Id(id), next_version(&before)));
                        commands.created.push(New { command: command(before, but)?, was });
                    }
                }
            }
            import(tx, under, commands, unlink).await.map(drop)
        }

        mod commands {
            use db::{Db, Tx};
            use kernel::{Cursor, Page, Problem};
            use serde_json::json;
            use web::{Allow, Answer, Context, Reply};

            use super::{$Create, $Id, $Patch, $Row, $View, $created, $changed, $deleted, $reordered, store};
            use crate::lists::ListQuery;
            use crate::order;
            use crate::owners::{Owner, Under, enter, may, must_exist};
            use crate::permissions::{CatalogRead, CatalogWrite};

            pub(super) async fn create(who: &Allow<CatalogWrite>, db: &Db, owner: Owner, command: $Create) -> Answer {
                who.write(db, async |tx| {
                    let under = enter(tx, who, owner, owner.noun()).await?;
                    let place = store::next_place(tx, &under).await?;
                    let row = $Row::create(command, &under, place)?;
                    store::insert(tx, &row).await?;
                    let view = $View::from(row);
                    tx.announce(&$created, None, &view).await?;
                    Reply::created(&view, $collection)
                })
                .await
            }

            pub(super) async fn list(
                who: &Allow<CatalogRead>,
                db: &Db,
                context: &Context,
                owner: Owner,
                query: &ListQuery,
            ) -> Answer {
                let (limit, after) = query.window(context, $collection)?;
                who.read(db, async |conn| {
                    may(who, conn, owner, owner.noun()).await?;
                    let rows = store::page(conn, who.tenant, owner, query, after, limit).await?;
                    if rows.is_empty() {
                        must_exist(conn, who.tenant, owner).await?;
                    }
                    let key = |row: &$Row| vec![json!(row.display_order), json!(row.id)];
                    let mut page = Cursor::page(rows, limit, &context.config.keys, $collection, key);
                    if query.counts() {
                        page.total = Some(store::count(conn, who.tenant, owner, query).await?);
                    }
                    Reply::ok(&page.map($View::from))
                })
                .await
            }

            pub(super) async fn show(who: &Allow<CatalogRead>, db: &Db, id: $Id) -> Answer {
                who.read(db, async |conn| {
                    let row = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found($noun))?;
                    may(who, conn, Owner::of(row.owner_kind, row.owner_id), $noun).await?;
                    Reply::show(&$View::from(row))
                })
                .await
            }

            pub(super) async fn change(who: &Allow<CatalogWrite>, db: &Db, id: $Id, patch: $Patch) -> Answer {
                who.write(db, async |tx| {
                    let (under, before) = enter_by(tx, who, id).await?;
                    who.expect_version(before.version)?;
                    let after = before.clone().change(patch, &under)?;
                    store::update(tx, &after).await?;
                    let view = $View::from(after);
                    tx.announce(&$changed, Some(&before.into()), &view).await?;
                    Reply::show(&view)
                })
                .await
            }

            /// Deletes for good, after `unlink` has taken the id from wherever it was named.
            pub(super) async fn delete(
                who: &Allow<CatalogWrite>,
                db: &Db,
                id: $Id,
                unlink: impl AsyncFnOnce(&mut Tx, &Under) -> Result<(), Problem>,
            ) -> Answer {
                who.write(db, async |tx| {
                    let (under, before) = enter_by(tx, who, id).await?;
                    who.expect_version(before.version)?;
                    unlink(tx, &under).await?;
                    store::delete(tx, &before).await?;
                    let last = before.clone().touched(&under);
                    tx.announce(&$deleted, Some(&before.into()), &last.into()).await?;
                    Ok(Reply::done())
                })
                .await
            }

            /// Gives all of an owner's rows the places they have in `order`, and answers with them.
            pub(super) async fn reorder(
                who: &Allow<CatalogWrite>,
                db: &Db,
                owner: Owner,
                pointer: &'static str,
                order: Vec<$Id>,
            ) -> Answer {
                who.write(db, async |tx| {
                    let under = enter(tx, who, owner, owner.noun()).await?;
                    let rows = store::line(tx, under.tenant, owner).await?;
                    order::check(pointer, &order::ids(&rows), &order)?;
                    let moves = order::moves(&rows, &order, &under);
                    let moved: Vec<$Id> = moves.iter().map(|(_, after)| after.id).collect();
                    store::renumber(tx, &under, &moved, &order).await?;
                    let views: Vec<($View, $View)> = moves.into_iter().map(|(old, new)| (old.into(), new.into())).collect();
                    tx.announce_all(&$reordered, views.iter().map(|(old, new)| (Some(old), new))).await?;
                    let items = store::line(tx, under.tenant, owner).await?;
                    Reply::ok(&Page { items, next_cursor: None, total: None }.map($View::from))
                })
                .await
            }

            /// The row, under the lock of its owner.
            pub(super) async fn enter_by(tx: &mut Tx, who: &Allow<CatalogWrite>, id: $Id) -> Result<(Under, $Row), Problem> {
                let missing = || Problem::not_found($noun);
                let owner = store::owner_of(tx.conn(), tx.tenant(), id).await?.ok_or_else(missing)?;
                let under = enter(tx, who, owner, $noun).await?;
                let row = store::find(tx.conn(), tx.tenant(), id).await?.ok_or_else(missing)?;
                Ok((under, row))
            }
        }
    };
}
pub(super) use part;
