//! The audit trail as a file, streamed page by page.

use std::io::Write;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use db::Db;
use futures_util::{StreamExt, stream};
use kernel::{Problem, TenantId, Timestamp};
use serde::Deserialize;
use uuid::Uuid;
use web::{Allow, Answer, Query};

use super::api::Filter;
use super::model::AuditEvent;
use super::store::{self, Place};
use crate::permissions::AuditRead;

/// Rows that are held at once.
const ROWS: i64 = 200;

kernel::text_enum! {
    /// What the file is made of.
    pub enum Format {
        /// A JSON document on each line.
        Ndjson = "ndjson",
        /// Comma-separated values with a header; the changes are JSON.
        Csv = "csv",
    }
}

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
    let format = format.unwrap_or(Format::Ndjson);
    let mut export = Export { db, tenant: who.tenant, filter, format, after: None, is_done: false };
    // A fault before the first byte is still a problem; later ones can only break the transfer off.
    let first = Bytes::from([export.format.header()?, export.next().await?].concat());
    let rest = stream::try_unfold(export, async |mut export: Export| {
        if export.is_done {
            return Ok(None);
        }
        let page = export.next().await?;
        Ok::<_, Problem>(Some((Bytes::from(page), export)))
    });
    let (kind, name) = format.kind();
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(stream::iter([Ok(first)]).chain(rest)))
}

/// An export under way.
struct Export {
    db: Data<Db>,
    tenant: TenantId,
    filter: Filter,
    format: Format,
    after: Option<Place>,
    is_done: bool,
}

impl Export {
    /// The next rows, written out.
    async fn next(&mut self) -> Result<Vec<u8>, Problem> {
        let (tenant, after) = (self.tenant, self.after);
        let filter = &self.filter;
        let rows = self.db.read(tenant, async |conn| store::page(conn, tenant, filter, after, ROWS).await).await?;
        self.is_done = i64::try_from(rows.len()).unwrap_or(ROWS) < ROWS;
        self.after = rows.last().map(|row| (row.occurred_at, row.event_id));
        self.format.write(&rows)
    }
}

impl Format {
    fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Ndjson => ("application/x-ndjson", "audit-events.ndjson"),
            Self::Csv => ("text/csv; charset=utf-8", "audit-events.csv"),
        }
    }

    fn header(self) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Ndjson => Ok(Vec::new()),
            Self::Csv => csv_of([COLUMNS.map(str::to_owned)]),
        }
    }

    fn write(self, rows: &[AuditEvent]) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Ndjson => {
                let mut out = Vec::new();
                for row in rows {
                    serde_json::to_writer(&mut out, row).map_err(Problem::internal)?;
                    out.write_all(b"\n").map_err(Problem::internal)?;
                }
                Ok(out)
            }
            Self::Csv => csv_of(rows.iter().map(cells)),
        }
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
    .map(harmless)
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

fn csv_of<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> Result<Vec<u8>, Problem> {
    let mut out = csv::Writer::from_writer(Vec::new());
    for row in rows {
        out.write_record(row).map_err(Problem::internal)?;
    }
    out.into_inner().map_err(|error| Problem::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let cells = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "x=1", ""].map(str::to_owned).map(harmless);
        assert_eq!(cells, ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "x=1", ""]);
        assert_eq!(csv_of([["a,\"b\"".to_owned(), "c\n".to_owned()]]).unwrap(), b"\"a,\"\"b\"\"\",\"c\n\"\n");
    }
}
