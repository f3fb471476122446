//! The audit trail as a file, streamed page by page.

use actix_web::get;
use actix_web::web::Data;
use db::Db;
use kernel::{Problem, TenantId, Timestamp};
use serde::Deserialize;
use uuid::Uuid;
use web::{Allow, Answer, Format, Query, Rows, file};
use workbook::grid;

use super::api::Filter;
use super::model::AuditEvent;
use super::store::{self, Place};
use crate::permissions::AuditRead;

/// Rows that are held at once.
const ROWS: i64 = 200;

/// What is exported: the filters of the trail.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExportQuery {
    /// `ndjson` (default) or `csv`.
    #[param(inline)]
    format: Option<Format>,
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

/// Export the audit trail
///
/// Newest first, all that the filters find, as one file. In CSV, what a spreadsheet would take for a formula begins with an
/// apostrophe. A transfer that breaks off is not complete: ask again.
#[utoipa::path(tag = "audit", params(ExportQuery), security(("bearer" = [AuditRead::NAME])), responses((status = 200, content((String = "application/x-ndjson"), (String = "text/csv")))))]
#[get("/audit-events/export")]
pub(super) async fn export_audit_events(
    who: Allow<AuditRead>,
    db: Data<Db>,
    Query(query): Query<ExportQuery>,
) -> Answer {
    let ExportQuery { format, entity, entity_id, actor, action, from, to } = query;
    let filter = Filter { entity, entity_id, actor, action, from, to };
    file(Export { db, tenant: who.tenant, filter, after: None }, format.unwrap_or(Format::Ndjson)).await
}

/// An export under way.
struct Export {
    db: Data<Db>,
    tenant: TenantId,
    filter: Filter,
    after: Option<Place>,
}

impl Rows for Export {
    type Row = AuditEvent;

    const NAME: &'static str = "audit-events";

    async fn next(&mut self) -> Result<Vec<AuditEvent>, Problem> {
        let (tenant, after, filter) = (self.tenant, self.after, &self.filter);
        let rows = self.db.read(tenant, async |conn| store::page(conn, tenant, filter, after, ROWS).await).await?;
        self.after = rows.last().map(|row| (row.occurred_at, row.event_id)).or(after);
        Ok(rows)
    }

    fn header() -> Result<Vec<u8>, Problem> {
        grid::to_csv([COLUMNS]).map_err(Problem::internal)
    }

    fn csv(rows: Vec<AuditEvent>) -> Result<Vec<u8>, Problem> {
        grid::to_csv(rows.iter().map(cells)).map_err(Problem::internal)
    }
}

const COLUMNS: [&str; 13] = [
    "sequence",
    "eventId",
    "occurredAt",
    "service",
    "entity",
    "entityId",
    "entityVersion",
    "action",
    "actor",
    "onBehalfOf",
    "clientAddress",
    "traceId",
    "changes",
];

fn cells(row: &AuditEvent) -> [String; COLUMNS.len()] {
    [
        row.sequence.to_string(),
        row.event_id.to_string(),
        row.occurred_at.to_string(),
        row.service.clone(),
        row.entity.clone(),
        row.entity_id.to_string(),
        row.entity_version.to_string(),
        row.action.clone(),
        row.actor.clone(),
        row.on_behalf_of.clone().unwrap_or_default(),
        row.client_address.clone().unwrap_or_default(),
        row.trace_id.clone(),
        serde_json::to_string(&row.changes.0).unwrap_or_default(),
    ]
}
