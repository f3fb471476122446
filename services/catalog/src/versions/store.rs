//! The statements of versions.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, Problem, TenantId, VersionId};

use super::model::{REFUSALS, Version};
use crate::owners::Owner;
use crate::refusals::refused;
use crate::schema::versions;

pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: VersionId) -> Result<Option<Version>, Problem> {
    let row = versions::table.find((tenant, id)).select(Version::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

/// What it keeps: the workbook as JSON.
pub(super) async fn workbook(mut conn: &Conn, version: &Version) -> Result<String, Problem> {
    let rows = versions::table.filter(versions::tenant_id.eq(version.tenant_id)).filter(versions::id.eq(version.id));
    Ok(rows.select(versions::workbook).first(&mut conn).await?)
}

/// One page, the last made first, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    owner: Owner,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Version>, Problem> {
    let mut rows = versions::table.filter(versions::tenant_id.eq(tenant)).into_boxed();
    rows = rows.filter(versions::owner_id.eq(owner.id()));
    if let Some(last) = after.and_then(|after| after.key::<VersionId>(0)) {
        rows = rows.filter(versions::id.lt(last));
    }
    let rows = rows.order(versions::id.desc()).select(Version::as_select());
    Ok(rows.limit(limit + 1).load(&mut conn).await?)
}

pub(super) async fn insert(tx: &mut Tx, row: &Version, workbook: &str) -> Result<(), Problem> {
    let insert = diesel::insert_into(versions::table).values((row, versions::workbook.eq(workbook)));
    insert.execute(&mut tx.conn()).await.map_err(refused(REFUSALS))?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: VersionId) -> Result<(), Problem> {
    diesel::delete(versions::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}
