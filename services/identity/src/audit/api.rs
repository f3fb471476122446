//! The audit trail over HTTP.

use actix_web::get;
use actix_web::web::Data;
use db::Db;
use kernel::{Cursor, EventId, Page, PageQuery, Timestamp};
use serde::Deserialize;
use uuid::Uuid;
use web::{Allow, Answer, Context, Query, Reply};

use super::model::AuditEvent;
use super::store;
use crate::permissions::AuditRead;

/// What is looked for.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) entity: Vec<String>,
    pub(super) entity_id: Vec<Uuid>,
    pub(super) actor: Vec<String>,
    pub(super) action: Vec<String>,
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

/// Filters of the trail.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// The noun, such as `product`. Repeat for more.
    #[serde(default)]
    entity: Vec<String>,
    /// One thing. Repeat for more.
    #[serde(default)]
    entity_id: Vec<Uuid>,
    /// Who did it, or for whom a service did: a user's id, or `service:<name>`. Repeat for more.
    #[serde(default)]
    actor: Vec<String>,
    /// The verb, such as `created`. Repeat for more.
    #[serde(default)]
    action: Vec<String>,
    /// Not before this moment (RFC 3339).
    from: Option<Timestamp>,
    /// Before this moment (RFC 3339).
    to: Option<Timestamp>,
}

/// Read the audit trail
///
/// Newest first.
#[utoipa::path(tag = "audit", params(AuditQuery), security(("bearer" = [AuditRead::NAME])), responses((status = 200, body = Page<AuditEvent>)))]
#[get("/audit-events")]
pub(super) async fn list_audit_events(
    who: Allow<AuditRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<AuditQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "audit-events")?);
    let AuditQuery { limit: _, cursor: _, entity, entity_id, actor, action, from, to } = query;
    let filter = Filter { entity, entity_id, actor, action, from, to };
    who.read(&db, async |conn| {
        let after = after.and_then(|cursor| Some((cursor.key::<Timestamp>(0)?, cursor.key::<EventId>(1)?)));
        let rows = store::page(conn, who.tenant, &filter, after, limit + 1).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, "audit-events", |row| {
            vec![row.occurred_at.to_string().into(), row.event_id.to_string().into()]
        });
        Reply::ok(&page)
    })
    .await
}
