//! The statements of imports.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, ImportId, Problem, TenantId, UserId};

use super::lines::LineKind;
use super::model::{Import, ImportStatus};
use crate::schema::{import_lines, imports};
use crate::statements::AT_ONCE;

/// The import of whoever uploaded it.
pub(super) async fn find(
    mut conn: &Conn,
    tenant: TenantId,
    id: ImportId,
    user: UserId,
) -> Result<Option<Import>, Problem> {
    let row = imports::table.find((tenant, id)).filter(imports::user_id.eq(user));
    Ok(row.select(Import::as_select()).first(&mut conn).await.optional()?)
}

/// The import, whosever it is: for a job.
pub(super) async fn find_any(mut conn: &Conn, tenant: TenantId, id: ImportId) -> Result<Option<Import>, Problem> {
    let row = imports::table.find((tenant, id)).select(Import::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

/// The import of whoever uploaded it, locked until the transaction ends.
pub(super) async fn fetch_for_change(tx: &mut Tx, id: ImportId, user: UserId) -> Result<Import, Problem> {
    let row = imports::table.find((tx.tenant(), id)).filter(imports::user_id.eq(user));
    let row = row.select(Import::as_select()).for_update().first(&mut tx.conn()).await.optional()?;
    row.ok_or_else(|| Problem::not_found("import"))
}

/// Its file; none when nothing more is to be done with it.
pub(super) async fn file(mut conn: &Conn, tenant: TenantId, id: ImportId) -> Result<Option<Vec<u8>>, Problem> {
    let file = imports::table.find((tenant, id)).select(imports::file);
    Ok(file.first::<Option<Vec<u8>>>(&mut conn).await.optional()?.flatten())
}

pub(super) async fn insert(tx: &mut Tx, row: &Import, file: &[u8]) -> Result<(), Problem> {
    let row = (row, imports::file.eq(file));
    diesel::insert_into(imports::table).values(row).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Writes a row that is still as it was read, and drops its file when nothing more is to be done with it. False when it was
/// deleted or changed meanwhile.
pub(super) async fn update(tx: &mut Tx, before: &Import, after: &Import) -> Result<bool, Problem> {
    let same = imports::table.find((after.tenant_id, after.id)).filter(imports::version.eq(before.version));
    let written = if matches!(after.status, ImportStatus::Reading | ImportStatus::Ready | ImportStatus::Applying) {
        diesel::update(same).set(after).execute(&mut tx.conn()).await?
    } else {
        diesel::update(same).set((after, imports::file.eq(None::<Vec<u8>>))).execute(&mut tx.conn()).await?
    };
    Ok(written == 1)
}

/// Says how far it is.
pub(super) async fn progress(tx: &mut Tx, id: ImportId, done: usize) -> Result<(), Problem> {
    let done = i32::try_from(done).unwrap_or(i32::MAX);
    let row = imports::table.find((tx.tenant(), id));
    diesel::update(row).set(imports::done.eq(done)).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Deletes it with its lines.
pub(super) async fn delete(tx: &mut Tx, id: ImportId) -> Result<(), Problem> {
    diesel::delete(imports::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn insert_lines(tx: &mut Tx, id: ImportId, kind: LineKind, lines: &[String]) -> Result<(), Problem> {
    use import_lines::{body, import_id, kind as kinds, position, table, tenant_id};
    let tenant = tx.tenant();
    let numbered = (1_i32..).zip(lines).map(|(number, line)| {
        (tenant_id.eq(tenant), import_id.eq(id), kinds.eq(kind), position.eq(number), body.eq(line))
    });
    let rows: Vec<_> = numbered.collect();
    for rows in rows.chunks(AT_ONCE) {
        diesel::insert_into(table).values(rows).execute(&mut tx.conn()).await?;
    }
    Ok(())
}

/// One page of lines with their positions, with one more to tell whether there is another page.
pub(super) async fn lines(
    mut conn: &Conn,
    import: &Import,
    kind: LineKind,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<(i32, String)>, Problem> {
    use import_lines::{body, import_id, kind as kinds, position, table, tenant_id};
    let after = after.and_then(|cursor| cursor.key::<i32>(0)).unwrap_or(0);
    let rows = table.filter(tenant_id.eq(import.tenant_id)).filter(import_id.eq(import.id)).filter(kinds.eq(kind));
    let rows = rows.filter(position.gt(after)).order(position).select((position, body));
    Ok(rows.limit(limit + 1).load(&mut conn).await?)
}
