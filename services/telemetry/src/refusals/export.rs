//! Refusals as a file, streamed page by page: to look at, to mend, and as a table to send again.

use actix_web::get;
use actix_web::web::Data;
use clients::Adoption;
use contracts::telemetry::{RefusalCode, RefusalView};
use db::Db;
use kernel::{Problem, TenantId};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use web::{Allow, Answer, Format, Query, Rows, file};
use workbook::grid;

use super::api::scope;
use super::store::{self, Filter, Place};
use crate::permissions::ValueRead;

/// Rows that are held at once.
const ROWS: i64 = 500;

/// What is exported: the filters of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExportQuery {
    /// `ndjson` (default) or `csv`.
    #[param(inline)]
    format: Option<Format>,
    /// Only those of this batch. Repeat for more.
    #[serde(default)]
    batch_id: Vec<Uuid>,
    /// Only those with this reason. Repeat for more.
    #[serde(default)]
    code: Vec<RefusalCode>,
    /// `false`: only those that still wait; `true`: only those that were replayed.
    replayed: Option<bool>,
}

/// Export refused values
///
/// In the order they came, all that the filters find, as one file. The CSV has a column for each field of a value: mend it in a
/// spreadsheet and send it to `POST /telemetry/v1/values`; by their `refusalId`, the refusals of values that are stored then
/// are marked as replayed, and those of values that are refused again say why. What was no JSON at all is under `payload`; what
/// no value has stands behind it under no heading, and is refused until that cell is emptied.
/// What a spreadsheet would take for a formula begins with an apostrophe. A transfer that breaks off is not complete: ask
/// again.
#[utoipa::path(tag = "refusals", params(ExportQuery), security(("bearer" = [ValueRead::NAME])), responses((status = 200, content((String = "application/x-ndjson"), (String = "text/csv")))))]
#[get("/refusals/export")]
pub(super) async fn export_refusals(
    who: Allow<ValueRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    Query(query): Query<ExportQuery>,
) -> Answer {
    let customers = scope(&who, &db, &adoption).await?;
    let ExportQuery { format, batch_id, code, replayed } = query;
    let filter = Filter { batch_id, code, replayed, customers };
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
    type Row = RefusalView;

    const NAME: &'static str = "refusals";

    async fn next(&mut self) -> Result<Vec<RefusalView>, Problem> {
        let (tenant, after, filter) = (self.tenant, self.after, &self.filter);
        let rows = self.db.read(tenant, async |conn| store::page(conn, tenant, filter, after, ROWS).await).await?;
        self.after = rows.last().map(|row| (row.received_at, row.index, row.id)).or(after);
        Ok(rows.into_iter().map(RefusalView::from).collect())
    }

    fn header() -> Result<Vec<u8>, Problem> {
        let columns = FATE.into_iter().chain(["value"]).chain(FIELDS).chain(["payload"]);
        grid::to_csv([columns]).map_err(Problem::internal)
    }

    fn csv(rows: Vec<RefusalView>) -> Result<Vec<u8>, Problem> {
        grid::to_csv(rows.into_iter().map(cells)).map_err(Problem::internal)
    }
}

/// Columns that say what became of a value.
const FATE: [&str; 6] = ["refusalId", "code", "detail", "batchId", "receivedAt", "replayedAt"];
/// Columns that are the value: what may be sent again.
const FIELDS: [&str; 11] = [
    "decimalSign",
    "assignmentId",
    "assignmentKey",
    "attributeId",
    "attributeName",
    "taskName",
    "customerTaskId",
    "observedAt",
    "eventId",
    "source",
    "notes",
];

fn cells(row: RefusalView) -> Vec<String> {
    let sent: Option<Map<String, Value>> = serde_json::from_str(&row.payload).ok();
    let unreadable = if sent.is_some() { String::new() } else { row.payload };
    let sent = sent.unwrap_or_default();
    let cell = |name: &str| match sent.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let value = Some(cell("text")).filter(|text| !text.is_empty()).unwrap_or_else(|| cell("value"));
    let replayed = row.replayed_at.map(|at| at.to_string()).unwrap_or_default();
    let fate = [
        row.id.to_string(),
        row.code.to_string(),
        row.detail,
        row.batch_id.to_string(),
        row.received_at.to_string(),
        replayed,
    ];
    let is_known = |name: &str| FIELDS.contains(&name) || ["value", "text", "refusalId"].contains(&name);
    let surplus = sent.keys().filter(|name| !is_known(name)).map(|name| format!("{name}: {}", cell(name)));
    let surplus = Some(surplus.collect::<Vec<_>>().join(", ")).filter(|all| !all.is_empty());
    fate.into_iter().chain([value]).chain(FIELDS.map(cell)).chain([unreadable]).chain(surplus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_no_value_has_is_exported_behind_the_columns() {
        let of = |payload: Value| {
            let id = Uuid::nil();
            let row = json!({
                "id": id, "batchId": id, "receivedAt": "2026-11-21T09:30:00Z", "index": 0, "code": "VALUE_MALFORMED",
                "detail": "", "payload": payload.to_string(), "replayedAt": null,
            });
            cells(serde_json::from_value(row).unwrap())
        };
        let columns = FATE.len() + 1 + FIELDS.len() + 1;
        let plain = of(json!({ "assignmentKey": "k", "text": "1", "refusalId": Uuid::nil() }));
        assert_eq!((plain.len(), plain[FATE.len()].as_str()), (columns, "1"));
        let more = of(json!({ "assignmentKey": "k", "value": 1, "column 5": "more", "colour": null }));
        assert_eq!((more.len(), more[columns].as_str()), (columns + 1, "colour: , column 5: more"));
    }
}
