//! Exports: a product or a solution with all that hangs on it, as a file that a person edits and imports again.

use actix_web::http::header::{
    ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, Charset, ContentDisposition, DispositionParam, DispositionType,
    ExtendedValue,
};
use actix_web::web::{Data, block};
use actix_web::{HttpRequest, HttpResponse, get};
use db::{Conn, Db};
use kernel::{Problem, Timestamp};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Query};
use workbook::{OwnerKind, Sheet, Workbook, csv, json, xlsx};

use crate::imports::{Format, sheet};
use crate::owners::{Owner, may};
use crate::permissions::CatalogRead;
use crate::workbooks;

/// The longest file name, without its date.
const LONGEST_NAME: usize = 80;

/// The routes that lead through an owner.
pub(crate) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(export_workbook);
}

/// Which file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExportQuery {
    /// `xlsx`, `json` or `csv` (default: what `Accept` names, else `xlsx`).
    #[param(inline)]
    format: Option<Format>,
    /// The sheet that a CSV is, such as `tasks` (default) or `customAttributes`.
    sheet: Option<String>,
}

/// Export a workbook
///
/// All that hangs on it, at one moment: an Excel workbook with a sheet for each kind of row, the same as JSON, or one sheet
/// as CSV. No cell is a formula. Edit it and import it again; unedited, it changes nothing.
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
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CONTENT_DISPOSITION, attachment(&name)))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .body(bytes))
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
        Format::Csv => csv::write(workbook, sheet).map_err(Problem::internal),
    }
}

/// What the file is called: after what it holds, and without anything that means something to a file system.
fn file_name(workbook: &Workbook, format: Format, sheet: Sheet, now: Timestamp) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = workbook.name().unwrap_or_default().chars().map(safe).take(LONGEST_NAME).collect();
    let name = name.trim_matches(['.', '_']);
    let name = if name.is_empty() { "export" } else { name };
    let kind = if workbook.kind == OwnerKind::Solution { "_solution" } else { "" };
    let sheet = if format == Format::Csv { format!("_{}", sheet.key()) } else { String::new() };
    let date = now.to_string();
    let date = date.split('T').next().unwrap_or_default();
    format!("{name}{kind}_v2{sheet}_{date}.{}", format.as_str())
}

/// The name for programs that know ASCII only, and the real one for the others.
fn attachment(name: &str) -> ContentDisposition {
    let ascii = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let real = ExtendedValue { charset: Charset::Ext("UTF-8".into()), language_tag: None, value: name.into() };
    let parameters = vec![DispositionParam::Filename(ascii), DispositionParam::FilenameExt(real)];
    ContentDisposition { disposition: DispositionType::Attachment, parameters }
}

#[cfg(test)]
mod tests {
    use workbook::Info;

    use super::*;

    #[test]
    fn a_file_name_is_harmless_whatever_the_product_is_called() {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let named = |name: &str| {
            let info = Info { id: None, name: name.into(), description: None };
            let workbook = Workbook { info: Some([info].into_iter().collect()), ..Workbook::default() };
            file_name(&workbook, Format::Xlsx, Sheet::Tasks, now)
        };
        assert_eq!(named("Harbour Gate"), "Harbour_Gate_v2_2027-01-15.xlsx");
        assert_eq!(named("../../etc/passwd"), "etc_passwd_v2_2027-01-15.xlsx");
        assert_eq!(named("\"\r\n;/\\"), "export_v2_2027-01-15.xlsx");
        assert_eq!(named("Hafenöffnung 港"), "Hafenöffnung_港_v2_2027-01-15.xlsx");
        assert!(named(&"x".repeat(255)).len() < 120);
        let header = attachment(&named("港")).to_string();
        assert_eq!(
            header,
            "attachment; filename=\"__v2_2027-01-15.xlsx\"; filename*=UTF-8''%E6%B8%AF_v2_2027%2D01%2D15.xlsx"
        );
    }
}
