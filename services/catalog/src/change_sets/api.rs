//! Change sets over HTTP.

use actix_web::web::Data;
use actix_web::{get, post};
use db::{Conn, Db};
use kernel::{ChangeSetId, Cursor, Page, PageQuery, Problem, ProductId, SolutionId};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::model::{ChangeItem, ChangeItemView, ChangeSet, ChangeSetView};
use super::undo::REVERTED;
use super::work::{self, Asked};
use super::{revert, store};
use crate::later::Asker;
use crate::owners::{Authority, Owner, OwnerKind, may, scope};
use crate::permissions::{CatalogRead, CatalogWrite};

const NOUN: &str = "change set";
const COLLECTION: &str = "/catalog/v1/change-sets";

/// Which change sets.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ChangeSetQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Only those of this product and what hangs on it.
    product_id: Option<ProductId>,
    /// Only those of this solution and what hangs on it.
    solution_id: Option<SolutionId>,
    /// Only those that changed this very thing: a task, a tag.
    entity_id: Option<Uuid>,
}

/// Which items.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ItemQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List change sets
///
/// What commands did to products, solutions and everything under them, the last one first. An import is one, and so is a
/// bulk edit.
#[utoipa::path(tag = "change-sets", params(ChangeSetQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<ChangeSetView>)))]
#[get("/change-sets")]
pub(super) async fn list_change_sets(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<ChangeSetQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, COLLECTION)?);
    let owner = query.product_id.map(Owner::Product).or(query.solution_id.map(Owner::Solution));
    who.read(&db, async |conn| {
        let products = scope(&who, conn, OwnerKind::Product, CatalogRead::NAME).await?;
        let solutions = scope(&who, conn, OwnerKind::Solution, CatalogRead::NAME).await?;
        let which = (owner, query.entity_id);
        let rows = store::page(conn, who.tenant, which, (&products, &solutions), after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, COLLECTION, |row| vec![json!(row.id)]);
        Reply::ok(&page.map(ChangeSetView::from))
    })
    .await
}

/// Show a change set
///
/// Who changed what and when, and whether it was taken back.
#[utoipa::path(tag = "change-sets", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = ChangeSetView)))]
#[get("/change-sets/{changeSetId}")]
pub(super) async fn show_change_set(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<ChangeSetId>) -> Answer {
    who.read(&db, async |conn| Reply::show(&ChangeSetView::from(seen(&who, conn, id).await?))).await
}

/// List the items of a change set
///
/// Each thing that was made, changed or deleted, with what changed of it before and after.
#[utoipa::path(tag = "change-sets", params(ItemQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<ChangeItemView>)))]
#[get("/change-sets/{changeSetId}/items")]
pub(super) async fn list_change_items(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<ChangeSetId>,
    Query(query): Query<ItemQuery>,
) -> Answer {
    let list = format!("change set {id}");
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, &list)?);
    let after = after.and_then(|after| after.key::<i64>(0)).unwrap_or(0);
    who.read(&db, async |conn| {
        seen(&who, conn, id).await?;
        let rows = store::items(conn, who.tenant, id, after, limit).await?;
        let key = |row: &ChangeItem| vec![json!(row.position)];
        Reply::ok(&Cursor::page(rows, limit, &context.config.keys, &list, key).map(ChangeItemView::from))
    })
    .await
}

/// Take a change set back
///
/// Every field that it changed becomes what it was, what it made goes, and what it deleted comes back with its id; all of it or
/// nothing. That is a change set itself, which can be taken back as well. Refused when somebody has changed one of those fields
/// since, or given something to what it made, naming it. To bring products and solutions back, or to delete them, takes ADMIN. One
/// of more than 500 items is taken back after the answer (202), unless it made or deleted the product or the solution itself:
/// ask for it until it has `revertedBy`, or `revertProblem` says why it could not be done.
#[utoipa::path(tag = "change-sets", security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = ChangeSetView, description = "What was made by taking it back."), (status = 202, body = ChangeSetView, description = "It is being taken back."), (status = 409, description = "Something has changed since, a rule stands against it, or it is taken back already."), (status = 423, description = "Somebody else is editing what it changed.")))]
#[post("/change-sets/{changeSetId}/revert")]
pub(super) async fn revert_change_set(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<ChangeSetId>) -> Answer {
    who.write(&db, async |tx| {
        let set = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found(NOUN))?;
        let owner = set.owner();
        may(&who, tx, owner, NOUN).await?;
        if let Some(by) = set.reverted_by {
            return Err(REVERTED.detail(format!("To have it again, POST {COLLECTION}/{by}/revert.")));
        }
        if set.revert_asked_at.is_some() {
            return Ok(Reply::show(&ChangeSetView::from(set))?.with_status(202));
        }
        let authority = Authority::of(&who, tx).await?;
        if revert::takes_long(tx, &set).await? {
            locks::refuse_others(tx, owner.kind().into(), owner.id()).await?;
            work::schedule(tx, &Asked { id, asker: Asker::of(who.actor()), authority }).await?;
            let asked = store::revert_asked(tx, id).await?;
            return Ok(Reply::show(&ChangeSetView::from(asked))?.with_status(202));
        }
        revert::revert(tx, &authority, &set).await?;
        let made = ChangeSetView::from(store::mark(tx, id).await?);
        Reply::created(&made, COLLECTION)
    })
    .await
}

/// The change set, for a caller who may see what it changed.
async fn seen(who: &Allow<CatalogRead>, conn: &Conn, id: ChangeSetId) -> Result<ChangeSet, Problem> {
    let set = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found(NOUN))?;
    may(who, conn, set.owner(), NOUN).await?;
    Ok(set)
}
