//! Statements that read the same for every noun, written once: they differ in their table and nothing else.

/// The most rows of one statement of many, or statements on their way at once.
pub(crate) const AT_ONCE: usize = 500;

/// Declares `find`, `insert` and `update` of a table keyed by tenant and id.
macro_rules! row_statements {
    ($table:ident, $Row:ty, $Id:ty, refused by $refusals:expr) => {
        /// The row, deleted or not.
        pub(crate) async fn find(mut conn: &Conn, tenant: TenantId, id: $Id) -> Result<Option<$Row>, Problem> {
            Ok($table::table.find((tenant, id)).select(<$Row>::as_select()).first(&mut conn).await.optional()?)
        }

        pub(crate) async fn insert(tx: &mut Tx, row: &$Row) -> Result<(), Problem> {
            let insert = diesel::insert_into($table::table).values(row);
            insert.execute(&mut tx.conn()).await.map_err(refused($refusals))?;
            Ok(())
        }

        pub(crate) async fn update(tx: &mut Tx, row: &$Row) -> Result<(), Problem> {
            let update = diesel::update($table::table.find((row.tenant_id, row.id))).set(row);
            update.execute(&mut tx.conn()).await.map_err(refused($refusals))?;
            Ok(())
        }
    };
}

/// Declares `insert_all` and `update_all` of such a table, for an import.
macro_rules! bulk_statements {
    ($table:ident, $Row:ty, refused by $refusals:expr) => {
        pub(crate) async fn insert_all(tx: &mut Tx, rows: &[$Row]) -> Result<(), Problem> {
            for rows in rows.chunks(crate::statements::AT_ONCE) {
                let insert = diesel::insert_into($table::table).values(rows);
                insert.execute(&mut tx.conn()).await.map_err(refused($refusals))?;
            }
            Ok(())
        }

        /// The statements travel together: none waits for the answer to the one before it.
        pub(crate) async fn update_all<'a>(
            tx: &mut Tx,
            rows: impl IntoIterator<Item = &'a $Row>,
        ) -> Result<(), Problem> {
            let rows: Vec<&$Row> = rows.into_iter().collect();
            for rows in rows.chunks(crate::statements::AT_ONCE) {
                let updates = rows.iter().map(async |row| {
                    let update = diesel::update($table::table.find((row.tenant_id, row.id))).set(*row);
                    update.execute(&mut tx.conn()).await
                });
                futures_util::future::try_join_all(updates).await.map_err(refused($refusals))?;
            }
            Ok(())
        }
    };
}

/// Declares `delete_all` and `pass_names` of a table whose rows are deleted for good and share no name.
macro_rules! name_statements {
    ($table:ident, $Id:ty, called $name:ident) => {
        pub(crate) async fn delete_all(tx: &mut Tx, ids: &[$Id]) -> Result<(), Problem> {
            if !ids.is_empty() {
                let rows = $table::table.filter($table::tenant_id.eq(tx.tenant())).filter($table::id.eq_any(ids));
                diesel::delete(rows).execute(&mut tx.conn()).await?;
            }
            Ok(())
        }

        /// Gives rows a name in passing and no external key, so that both can change places.
        pub(crate) async fn pass_names(tx: &mut Tx, ids: &[$Id]) -> Result<(), Problem> {
            if !ids.is_empty() {
                let rows = $table::table.filter($table::tenant_id.eq(tx.tenant())).filter($table::id.eq_any(ids));
                let passing = diesel::dsl::sql::<diesel::sql_types::Text>("id::text");
                diesel::update(rows)
                    .set(($table::$name.eq(passing), $table::external_key.eq(None::<String>)))
                    .execute(&mut tx.conn())
                    .await?;
            }
            Ok(())
        }
    };
}

/// Declares `owner_of` and `renumber` of a table whose rows stand under an owner, in the order of a column.
macro_rules! line_statements {
    ($table:ident, $Id:ty, in order of $place:ident) => {
        /// Whose row it is. That never changes, so it may be asked before the owner is entered.
        pub(crate) async fn owner_of(mut conn: &Conn, tenant: TenantId, id: $Id) -> Result<Option<Owner>, Problem> {
            let owner = $table::table.find((tenant, id)).select(($table::owner_kind, $table::owner_id));
            Ok(owner.first(&mut conn).await.optional()?.map(|(kind, id)| Owner::of(kind, id)))
        }

        /// Gives `moved` the places they have in `order`.
        pub(crate) async fn renumber(tx: &mut Tx, under: &Under, moved: &[$Id], order: &[$Id]) -> Result<(), Problem> {
            if moved.is_empty() {
                return Ok(());
            }
            let rows = $table::table.filter($table::tenant_id.eq(under.tenant)).filter($table::id.eq_any(moved));
            let place = array_position::<Array<SqlUuid>, SqlUuid, _, _>(order, $table::id).assume_not_null();
            let change = (
                $table::$place.eq(place),
                $table::version.eq($table::version + 1),
                $table::revision.eq(under.revision),
                $table::updated_at.eq(under.now),
            );
            diesel::update(rows).set(change).execute(&mut tx.conn()).await?;
            Ok(())
        }
    };
}

/// Continues a boxed query after a cursor, in the order of one or two columns. Two columns are compared as
/// `a >= x and (a > x or b > y)`: the first comparison is the range of an index.
macro_rules! keyset {
    ($rows:ident after $cursor:ident by ($first:expr, $last:expr) ascending: ($First:ty, $Last:ty)) => {
        match $cursor.and_then(|cursor| Some((cursor.key::<$First>(0)?, cursor.key::<$Last>(1)?))) {
            Some((first, last)) => $rows.filter($first.ge(first.clone()).and($first.gt(first).or($last.gt(last)))),
            None => $rows,
        }
        .order(($first.asc(), $last.asc()))
    };
    ($rows:ident after $cursor:ident by ($first:expr, $last:expr) descending: ($First:ty, $Last:ty)) => {
        match $cursor.and_then(|cursor| Some((cursor.key::<$First>(0)?, cursor.key::<$Last>(1)?))) {
            Some((first, last)) => $rows.filter($first.le(first.clone()).and($first.lt(first).or($last.lt(last)))),
            None => $rows,
        }
        .order(($first.desc(), $last.desc()))
    };
    ($rows:ident after $cursor:ident by $only:ident ascending: $Only:ty) => {
        match $cursor.and_then(|cursor| cursor.key::<$Only>(0)) {
            Some(only) => $rows.filter($only.gt(only)),
            None => $rows,
        }
        .order($only.asc())
    };
    ($rows:ident after $cursor:ident by $only:ident descending: $Only:ty) => {
        match $cursor.and_then(|cursor| cursor.key::<$Only>(0)) {
            Some(only) => $rows.filter($only.lt(only)),
            None => $rows,
        }
        .order($only.desc())
    };
}

pub(crate) use {bulk_statements, keyset, line_statements, name_statements, row_statements};
