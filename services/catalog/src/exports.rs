//! Exports: a product or a solution with all that hangs on it, as a file that a person edits and imports again.

use actix_web::http::header::ACCEPT;
use actix_web::web::{Data, block};
use actix_web::{HttpRequest, get};
use db::{Conn, Db};
use kernel::{Problem, Timestamp};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Query, attachment};
use workbook::{OwnerKind, Sheet, Workbook, csv, json, xlsx};

use crate::imports::{Format, sheet};
use crate::owners::{Owner, may};
use crate::permissions::CatalogRead;
use crate::workbooks;

/// The routes that lead through an owner.
pub(crate) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(export_workbook);
}

/// Which file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExportQuery {
    /// `xlsx`, `json`, `csv` or `version` (default: what `Accept` names, else `xlsx`).
    #[param(inline)]
    format: Option<Format>,
    /// The sheet that a CSV is, such as `tasks` (default) or `customAttributes`.
    sheet: Option<String>,
}

/// Export a workbook
///
/// All that hangs on it, at one moment: an Excel workbook with a sheet for each kind of row, the same as JSON, or one sheet
/// as CSV. No cell is a formula. Edit it and import it again; unedited, it changes nothing. A file may become a copy, under
/// another name; so it lacks what no two can have, the external keys, and what only a version keeps.
#[utoipa::path(tag = "imports", params(ExportQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, content((String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "application/json"), (String = "text/csv")))))]
#[get("/export")]
async fn export_workbook(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    owner: Owner,
    request: HttpRequest,
    Query(query): Query<ExportQuery>,
) -> Answer {
    let sheet = sheet(query.sheet.as_deref())?.unwrap_or(Sheet::Tasks);
    let format = query.format.unwrap_or_else(|| accepted(&request));
    let read = async |conn: &Conn| {
        may(&who, conn, owner, owner.noun()).await?;
        workbooks::read(conn, who.tenant, owner).await
    };
    let workbook = who.look(&db, read).await?;
    let name = file_name(&workbook, format, sheet, db.clock().now());
    let bytes = block(move || written(&workbook, format, sheet)).await.map_err(Problem::internal)??;
    Ok(attachment::file(format.media_type(), &name, bytes))
}

/// The format that the caller would rather have; a browser takes anything.
fn accepted(request: &HttpRequest) -> Format {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = accept.split(',').map(|one| one.split(';').next().unwrap_or_default().trim());
    named.filter_map(Format::named).next().unwrap_or(Format::Xlsx)
}

fn written(workbook: &Workbook, format: Format, sheet: Sheet) -> Result<Vec<u8>, Problem> {
    match format {
        Format::Xlsx => xlsx::write(workbook).map_err(Problem::internal),
        Format::Json => serde_json::to_vec(&json::write(workbook)).map_err(Problem::internal),
        Format::Version => serde_json::to_vec(&json::write_version(workbook)).map_err(Problem::internal),
        Format::Csv => csv::write(workbook, sheet).map_err(Problem::internal),
    }
}

/// What the file is called: after what it holds.
fn file_name(workbook: &Workbook, format: Format, sheet: Sheet, now: Timestamp) -> String {
    let name = attachment::part_of_name(workbook.name().unwrap_or_default(), "export");
    let kind = if workbook.kind == OwnerKind::Solution { "_solution" } else { "" };
    let sheet = if format == Format::Csv { format!("_{}", sheet.key()) } else { String::new() };
    let date = now.to_string();
    let date = date.split('T').next().unwrap_or_default();
    let extension = if format == Format::Version { "version.json" } else { format.as_str() };
    format!("{name}{kind}_v2{sheet}_{date}.{extension}")
}

#[cfg(test)]
mod tests {
    use workbook::Info;

    use super::*;

    #[test]
    fn a_file_name_is_harmless_whatever_the_product_is_called() {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let named = |name: &str| {
            let info = Info { id: None, name: name.into(), description: None, external_key: None };
            let workbook = Workbook { info: Some([info].into_iter().collect()), ..Workbook::default() };
            file_name(&workbook, Format::Xlsx, Sheet::Tasks, now)
        };
        assert_eq!(named("Harbour Gate"), "Harbour_Gate_v2_2027-01-15.xlsx");
        assert_eq!(named("../../etc/passwd"), "etc_passwd_v2_2027-01-15.xlsx");
        assert_eq!(named(""), "export_v2_2027-01-15.xlsx");
    }
}
