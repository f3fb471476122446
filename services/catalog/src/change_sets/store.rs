//! The statements of change sets. The database itself writes them.

use std::collections::HashMap;

use db::{Conn, Json, Tx};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{ChangeSetId, Cursor, Problem, TenantId, Timestamp};
use uuid::Uuid;

use super::model::{ChangeAction, ChangeItem, ChangeSet};
use crate::later::JobFailure;
use crate::owners::{Owner, OwnerKind};
use crate::schema::{change_items, change_sets};

/// One page, the last made first, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    (owner, entity): (Option<Owner>, Option<Uuid>),
    (products, solutions): (&Scope, &Scope),
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<ChangeSet>, Problem> {
    let mut rows = change_sets::table.filter(change_sets::tenant_id.eq(tenant)).into_boxed();
    if let Some(owner) = owner {
        rows = rows.filter(change_sets::owner_id.eq(owner.id()));
    }
    if let Some(entity) = entity {
        let of_it = change_items::table.filter(change_items::tenant_id.eq(tenant));
        let of_it = of_it.filter(change_items::entity_id.eq(entity)).select(change_items::change_set_id);
        rows = rows.filter(change_sets::id.eq_any(of_it));
    }
    for (scope, kind) in [(products, OwnerKind::Product), (solutions, OwnerKind::Solution)] {
        if let Scope::Some(ids) = scope {
            rows = rows.filter(change_sets::owner_kind.ne(kind).or(change_sets::owner_id.eq_any(ids)));
        }
    }
    if let Some(last) = after.and_then(|after| after.key::<ChangeSetId>(0)) {
        rows = rows.filter(change_sets::id.lt(last));
    }
    let rows = rows.order(change_sets::id.desc()).select(ChangeSet::as_select());
    Ok(rows.limit(limit + 1).load(&mut conn).await?)
}

pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: ChangeSetId) -> Result<Option<ChangeSet>, Problem> {
    let row = change_sets::table.find((tenant, id)).select(ChangeSet::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

/// The row, locked until the transaction ends.
pub(super) async fn fetch_for_change(tx: &mut Tx, id: ChangeSetId) -> Result<Option<ChangeSet>, Problem> {
    let row = change_sets::table.find((tx.tenant(), id)).select(ChangeSet::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// Items after a position, in the order in which they came about, with one more to tell whether there is another page.
pub(super) async fn items(
    mut conn: &Conn,
    tenant: TenantId,
    id: ChangeSetId,
    after: i64,
    limit: i64,
) -> Result<Vec<ChangeItem>, Problem> {
    let rows =
        change_items::table.filter(change_items::tenant_id.eq(tenant)).filter(change_items::change_set_id.eq(id));
    let rows = rows.filter(change_items::position.gt(after));
    let rows = rows.order(change_items::position).select(ChangeItem::as_select());
    Ok(rows.limit(limit + 1).load(&mut conn).await?)
}

/// Whether an owner, or anything that hangs on it, changed after a change set.
pub(super) async fn is_followed(tx: &mut Tx, owner: Owner, id: ChangeSetId) -> Result<bool, Problem> {
    let rows = change_sets::table.filter(change_sets::tenant_id.eq(tx.tenant()));
    let rows = rows.filter(change_sets::owner_id.eq(owner.id())).filter(change_sets::id.gt(id)).select(change_sets::id);
    Ok(rows.first::<ChangeSetId>(&mut tx.conn()).await.optional()?.is_some())
}

/// What became of one thing, in order.
pub(super) async fn items_of(mut conn: &Conn, set: &ChangeSet, entity: Uuid) -> Result<Vec<ChangeItem>, Problem> {
    let rows = change_items::table.filter(change_items::tenant_id.eq(set.tenant_id));
    let rows = rows.filter(change_items::entity_id.eq(entity)).filter(change_items::change_set_id.eq(set.id));
    Ok(rows.order(change_items::position).select(ChangeItem::as_select()).load(&mut conn).await?)
}

/// Says that the change set of this very transaction takes another one back, and answers with it.
pub(super) async fn mark(tx: &mut Tx, reverted: ChangeSetId) -> Result<ChangeSet, Problem> {
    use change_sets::{revert_asked_at, revert_problem, reverted_by, reverts, table, version};
    #[derive(QueryableByName)]
    struct This {
        #[diesel(sql_type = Nullable<SqlUuid>)]
        id: Option<ChangeSetId>,
    }
    let this = diesel::sql_query("select nullif(current_setting('app.change_set', true), '')::uuid as id");
    let This { id } = this.get_result(&mut tx.conn()).await?;
    let id = id.ok_or_else(|| Problem::internal("what was taken back has made no change set"))?;
    let is_done = (
        reverted_by.eq(id),
        revert_asked_at.eq(None::<Timestamp>),
        revert_problem.eq(None::<Json<JobFailure>>),
        version.eq(version + 1),
    );
    diesel::update(table.find((tx.tenant(), reverted))).set(is_done).execute(&mut tx.conn()).await?;
    let this = diesel::update(table.find((tx.tenant(), id))).set(reverts.eq(reverted));
    Ok(this.returning(ChangeSet::as_returning()).get_result(&mut tx.conn()).await?)
}

/// Says that somebody wants it taken back.
pub(super) async fn revert_asked(tx: &mut Tx, id: ChangeSetId) -> Result<ChangeSet, Problem> {
    use change_sets::{revert_asked_at, revert_problem, table, version};
    let no_problem = revert_problem.eq(None::<Json<JobFailure>>);
    let is_asked = (revert_asked_at.eq(tx.now()), no_problem, version.eq(version + 1));
    let asked = diesel::update(table.find((tx.tenant(), id))).set(is_asked);
    Ok(asked.returning(ChangeSet::as_returning()).get_result(&mut tx.conn()).await?)
}

/// Says why it could not be taken back.
pub(super) async fn revert_failed(tx: &mut Tx, id: ChangeSetId, problem: &Problem) -> Result<(), Problem> {
    use change_sets::{revert_asked_at, revert_problem, table, version};
    let asked = table.find((tx.tenant(), id)).filter(revert_asked_at.is_not_null());
    let why_not = revert_problem.eq(Json(JobFailure::from(problem)));
    let has_failed = (revert_asked_at.eq(None::<Timestamp>), why_not, version.eq(version + 1));
    diesel::update(asked).set(has_failed).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Those of `ids` that were deleted under an owner, each with the version that follows its end: whoever heard of that has
/// to hear of its return.
pub(crate) async fn lost(
    mut conn: &Conn,
    tenant: TenantId,
    owner: Owner,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, i64>, Problem> {
    use change_items::{change_set_id, entity_id};
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let of_owner = change_sets::table.filter(change_sets::tenant_id.eq(tenant));
    let of_owner = of_owner.filter(change_sets::owner_id.eq(owner.id())).select(change_sets::id);
    let items = change_items::table.filter(change_items::tenant_id.eq(tenant)).filter(entity_id.eq_any(ids));
    let last = items.filter(change_set_id.eq_any(of_owner)).distinct_on(entity_id);
    let last = last.order((entity_id, change_set_id.desc(), change_items::position.desc()));
    let last = last.select((entity_id, change_items::action, change_items::version));
    let last: Vec<(Uuid, ChangeAction, i64)> = last.load(&mut conn).await?;
    let deleted = last.into_iter().filter(|(_, action, _)| *action == ChangeAction::Deleted);
    Ok(deleted.map(|(id, _, version)| (id, version + 1)).collect())
}
