//! Attributes over HTTP.

use actix_web::get;
use actix_web::web::Data;
use clients::Adoption;
use contracts::telemetry::AttributeView;
use db::Db;
use kernel::{AssignmentId, Cursor, CustomerTaskId, Page, PageQuery};
use serde::Deserialize;
use web::{Allow, Answer, Context, Query, Reply};

use super::store;
use crate::access::{self, Thing};
use crate::permissions::ValueRead;

const LIST: &str = "telemetry-attributes";
const SILENT: &str = "silent-attributes";

/// How silent attributes are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SilentQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Which attributes are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AttributeQuery {
    /// The assignment whose plan has them.
    pub(crate) assignment_id: AssignmentId,
    /// Only those of this task of the plan.
    pub(crate) customer_task_id: Option<CustomerTaskId>,
    /// Rows per page, 1 to 200 (default 50).
    pub(crate) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// List the attributes of an assignment
///
/// With the latest value of each, and whether it meets the criterion.
#[utoipa::path(tag = "attributes", params(AttributeQuery), security(("bearer" = [ValueRead::NAME])), responses((status = 200, body = Page<AttributeView>), (status = 404, description = "There is no such assignment, or you may not see it.")))]
#[get("/attributes")]
pub(super) async fn list_attributes(
    who: Allow<ValueRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    context: Data<Context>,
    Query(query): Query<AttributeQuery>,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Assignment(query.assignment_id)).await?;
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let keys = &context.config.keys;
    let (limit, after) = (paging.limit()?, paging.after(keys, LIST)?.and_then(|cursor| cursor.key(0)));
    who.read(&db, async |conn| {
        let rows = store::page(conn, who.tenant, &query, after, limit).await?;
        let page = Cursor::page(rows, limit, keys, LIST, |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(AttributeView::from))
    })
    .await
}

/// List attributes that never had a value
///
/// Of all plans, those that are active, in the order they were made.
#[utoipa::path(tag = "attributes", params(SilentQuery), security(("bearer" = [ValueRead::NAME])), responses((status = 200, body = Page<AttributeView>)))]
#[get("/silent-attributes")]
pub(super) async fn list_silent_attributes(
    who: Allow<ValueRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<SilentQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let keys = &context.config.keys;
    let (limit, after) = (paging.limit()?, paging.after(keys, SILENT)?.and_then(|cursor| cursor.key(0)));
    who.read(&db, async |conn| {
        let scope = access::scope(&who, conn).await?;
        let rows = store::silent(conn, who.tenant, &scope, after, limit).await?;
        let page = Cursor::page(rows, limit, keys, SILENT, |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(AttributeView::from))
    })
    .await
}
