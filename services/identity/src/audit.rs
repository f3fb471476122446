//! The audit trail: every change event of every service, kept where nobody can alter it, and searchable.

use actix_web::get;
use actix_web::web::Data;
use bus::Consumer;
use contracts::{Change, Envelope};
use db::{Conn, Db, Json, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, EventId, Page, PageQuery, Problem, TenantId, Timestamp, Trace};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::{Allow, Answer, Context, Query, Reply};

use crate::permissions::AuditRead;
use crate::schema::audit_events;

/// One change, as the trail keeps and shows it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, Serialize, utoipa::ToSchema)]
#[diesel(table_name = audit_events, check_for_backend(diesel::pg::Pg))]
#[serde(rename_all = "camelCase")]
struct AuditEvent {
    #[serde(skip)]
    tenant_id: TenantId,
    /// The event.
    event_id: EventId,
    /// When it happened.
    occurred_at: Timestamp,
    /// The service in which it happened.
    service: String,
    /// The noun: `product`, `customer-task`.
    entity: String,
    /// Which one.
    entity_id: Uuid,
    /// Its version after the change.
    entity_version: i64,
    /// The verb: `created`, `changed`.
    action: String,
    /// Who did it: a user's id, or `service:<name>`.
    actor: String,
    /// The person behind a service.
    on_behalf_of: Option<String>,
    /// From where.
    client_address: Option<String>,
    /// Names the request in logs and traces.
    trace_id: String,
    /// Before and after of each field that changed.
    #[schema(value_type = BTreeMap<String, Change>)]
    #[serde(serialize_with = "plain")]
    changes: Json<BTreeMap<String, Change>>,
}

fn plain<S: serde::Serializer>(changes: &Json<BTreeMap<String, Change>>, serializer: S) -> Result<S::Ok, S::Error> {
    changes.0.serialize(serializer)
}

/// Filters of the trail.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AuditQuery {
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
    /// Who did it: a user's id, or `service:<name>`. Repeat for more.
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

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_audit_events);
}

/// Takes every event.
pub(crate) fn consumer() -> Consumer {
    Consumer::together("identity.audit", |tx, events| Box::pin(keep(tx, events)))
}

/// Read the audit trail
///
/// Newest first.
#[utoipa::path(tag = "audit", params(AuditQuery), security(("bearer" = [AuditRead::NAME])), responses((status = 200, body = Page<AuditEvent>)))]
#[get("/audit-events")]
async fn list_audit_events(
    who: Allow<AuditRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<AuditQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "audit-events")?);
    who.read(&db, async |conn| {
        let rows = page(conn, who.tenant, &query, after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, "audit-events", |row| {
            vec![row.occurred_at.to_string().into(), row.event_id.to_string().into()]
        });
        Reply::ok(&page)
    })
    .await
}

async fn keep(tx: &mut Tx, events: &[&Envelope]) -> Result<(), Problem> {
    let rows: Vec<_> = events.iter().map(|event| AuditEvent::of(event)).collect();
    diesel::insert_into(audit_events::table).values(&rows).on_conflict_do_nothing().execute(&mut tx.conn()).await?;
    Ok(())
}

impl AuditEvent {
    fn of(event: &Envelope) -> Self {
        let mut words = event.key().splitn(3, '.');
        let mut word = || words.next().unwrap_or_default().to_owned();
        Self {
            tenant_id: event.tenantid,
            event_id: event.id,
            occurred_at: event.time,
            service: word(),
            entity: word(),
            action: word(),
            entity_id: event.subject,
            entity_version: event.aggregateversion,
            actor: event.actorid.clone(),
            on_behalf_of: event.onbehalfof.clone(),
            client_address: event.clientaddress.clone(),
            trace_id: Trace::parse(&event.traceparent).map(|trace| trace.id()).unwrap_or_default(),
            changes: Json(event.data.changes.clone()),
        }
    }
}

async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &AuditQuery,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<AuditEvent>, Problem> {
    let mut rows =
        audit_events::table.filter(audit_events::tenant_id.eq(tenant)).select(AuditEvent::as_select()).into_boxed();
    if !query.entity.is_empty() {
        rows = rows.filter(audit_events::entity.eq_any(&query.entity));
    }
    if !query.entity_id.is_empty() {
        rows = rows.filter(audit_events::entity_id.eq_any(&query.entity_id));
    }
    if !query.actor.is_empty() {
        rows = rows.filter(audit_events::actor.eq_any(&query.actor));
    }
    if !query.action.is_empty() {
        rows = rows.filter(audit_events::action.eq_any(&query.action));
    }
    if let Some(from) = query.from {
        rows = rows.filter(audit_events::occurred_at.ge(from));
    }
    if let Some(to) = query.to {
        rows = rows.filter(audit_events::occurred_at.lt(to));
    }
    let key = after.and_then(|cursor| Some((cursor.key::<Timestamp>(0)?, cursor.key::<EventId>(1)?)));
    if let Some((at, id)) = key {
        // The range first, for the index; then the tie-break.
        rows = rows
            .filter(audit_events::occurred_at.le(at))
            .filter(audit_events::occurred_at.lt(at).or(audit_events::event_id.lt(id)));
    }
    let newest_first = (audit_events::occurred_at.desc(), audit_events::event_id.desc());
    Ok(rows.order(newest_first).limit(limit + 1).load(&mut conn).await?)
}
