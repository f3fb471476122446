//! Many invitations from a table, as other directories export it.

use std::collections::{BTreeMap, HashSet};

use actix_web::post;
use actix_web::web::Data;
use auth::Patterns;
use contracts::identity::settings::TenantSettings;
use db::{Db, Tx};
use kernel::problem::{BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED, REQUEST_MALFORMED};
use kernel::{Check, FieldError, InvitationId, Problem};
use serde::{Deserialize, Serialize};
use web::{Allow, Answer, Query, RawBody, Reply};

use super::{Invitation, api, store};
use crate::grants::may_give_roles;
use crate::members::may_grant;
use crate::permissions::MemberWrite;
use crate::{roles, settings};

const COLUMNS: [&str; 4] = ["email", "name", "jobTitle", "roles"];
const MOST_ROWS: usize = 2_000;
/// Beyond this a report helps nobody.
const MOST_FAULTS: usize = 100;

/// How the table is to be taken.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ImportQuery {
    /// Say what would be done, and do nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A line of the table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    email: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    job_title: Option<String>,
    #[serde(default)]
    roles: String,
}

/// What was done, or would be.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct ImportReport {
    /// Nothing was done.
    dry_run: bool,
    /// How many are invited.
    invited: usize,
    /// How many are members or invited already, and were left alone.
    skipped: usize,
    /// Line by line.
    rows: Vec<ImportedRow>,
}

/// What becomes of a line.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct ImportedRow {
    /// Its number in the table; the heading is 1.
    line: usize,
    /// Its address.
    email: String,
    /// INVITE, or SKIP of somebody who is known.
    action: &'static str,
    /// The invitation, when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation_id: Option<InvitationId>,
}

/// Invite many
///
/// A CSV table in UTF-8 with a heading: `email`, and optionally `name`, `jobTitle` and `roles`, these separated by `;`. At
/// most 2,000 lines. Everything or nothing: the first faults are named by line. Members, and who is invited already, are
/// left alone, so the same table can be sent again. `dryRun=true` answers with what would be done. Needs a sign-in not
/// older than 15 minutes.
#[utoipa::path(tag = "invitations", params(ImportQuery), request_body(content_type = "text/csv", content = String, example = "email,name,jobTitle,roles\nlee@example.com,Lee Chan,Engineer,CSS;AGENT\n"), security(("bearer" = [MemberWrite::NAME])), responses((status = 200, body = ImportReport), (status = 413, description = "More than 2,000 lines.")))]
#[post("/invitations/import")]
pub(crate) async fn import_invitations(
    who: Allow<MemberWrite>,
    db: Data<Db>,
    Query(query): Query<ImportQuery>,
    body: RawBody,
) -> Answer {
    who.has_just_signed_in()?;
    if body.content_type != "text/csv" {
        return Err(MEDIA_TYPE_UNSUPPORTED.detail("Send Content-Type: text/csv.").into());
    }
    let lines = read(&body.bytes)?;
    who.write(&db, async |tx| {
        let settings = settings::of(tx, who.tenant).await?;
        let drafts = draft(tx, &settings, &who.permissions, lines).await?;
        let folded: Vec<String> = drafts.iter().map(|(_, draft)| draft.email.to_lowercase()).collect();
        let known: HashSet<String> = store::known(tx, &folded).await?.into_iter().collect();
        if !query.dry_run {
            let unknown: Vec<String> = folded.iter().filter(|email| !known.contains(*email)).cloned().collect();
            api::withdraw_expired(tx, &unknown).await?;
        }
        let mut rows = Vec::with_capacity(drafts.len());
        for ((line, draft), folded) in drafts.iter().zip(&folded) {
            let skip = known.contains(folded);
            if !skip && !query.dry_run {
                api::send(tx, draft).await?;
            }
            rows.push(ImportedRow {
                line: *line,
                email: draft.email.clone(),
                action: if skip { "SKIP" } else { "INVITE" },
                invitation_id: (!skip && !query.dry_run).then_some(draft.id),
            });
        }
        let skipped = rows.iter().filter(|row| row.action == "SKIP").count();
        Reply::ok(&ImportReport { dry_run: query.dry_run, invited: rows.len() - skipped, skipped, rows })
    })
    .await
}

/// The lines of a table with their numbers.
fn read(bytes: &[u8]) -> Result<Vec<(usize, Line)>, Problem> {
    // A byte order mark is how spreadsheets say UTF-8.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let heading = reader.headers().map_err(|error| Problem::invalid(vec![unreadable(1, &error)]))?.clone();
    check_heading(&heading)?;
    let mut lines = Vec::new();
    let mut faults = Vec::new();
    for (index, record) in reader.into_records().enumerate() {
        if index == MOST_ROWS {
            return Err(BODY_TOO_LARGE.detail(format!("The table has more than {MOST_ROWS} lines. Send it in parts.")));
        }
        let line =
            record.and_then(|record| Ok((number(bytes, record.position()), record.deserialize(Some(&heading))?)));
        match line {
            Ok(line) => lines.push(line),
            Err(error) if faults.len() < MOST_FAULTS => {
                faults.push(unreadable(number(bytes, error.position()), &error))
            }
            Err(_) => {}
        }
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    if lines.is_empty() {
        return Err(REQUEST_MALFORMED.detail("The table has no lines below its heading `email,name,jobTitle,roles`."));
    }
    Ok(lines)
}

/// The line of a record, as an editor numbers it: breaks within quotes count, and blank lines, which belong to the record after
/// them.
fn number(bytes: &[u8], position: Option<&csv::Position>) -> usize {
    let Some(position) = position else { return 1 };
    let of = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let blank = bytes.iter().skip(of(position.byte())).take_while(|byte| matches!(byte, b'\n' | b'\r'));
    of(position.line()) + blank.filter(|byte| **byte == b'\n').count()
}

fn check_heading(heading: &csv::StringRecord) -> Result<(), Problem> {
    let fault = |detail: String| FieldError::new("/1", "HEADING", detail);
    let mut faults: Vec<_> = (heading.iter().filter(|column| !COLUMNS.contains(column)))
        .map(|column| fault(format!("has a column `{column}`; there are {}", COLUMNS.join(", "))))
        .collect();
    let times = |wanted: &str| heading.iter().filter(|column| *column == wanted).count();
    if times("email") == 0 {
        faults.push(fault("has no column `email`".to_owned()));
    }
    faults
        .extend(COLUMNS.iter().filter(|column| times(column) > 1).map(|column| fault(format!("has `{column}` twice"))));
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

fn unreadable(line: usize, error: &csv::Error) -> FieldError {
    let detail = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} columns, the heading has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        _ => "cannot be read".to_owned(),
    };
    FieldError::new(format!("/{line}"), "LINE", detail)
}

/// The invitations that a table asks for; every fault with its line.
async fn draft(
    tx: &Tx,
    settings: &TenantSettings,
    own: &Patterns,
    lines: Vec<(usize, Line)>,
) -> Result<Vec<(usize, Invitation)>, Problem> {
    let mut faults: Vec<FieldError> = Vec::new();
    let mut seen = BTreeMap::new();
    let mut refusals = BTreeMap::<Vec<String>, Option<String>>::new();
    let mut drafts = Vec::with_capacity(lines.len());
    for (number, line) in lines {
        let blank = |text: Option<String>| text.filter(|text| !text.is_empty());
        let roles: Vec<String> =
            line.roles.split(';').map(str::trim).filter(|role| !role.is_empty()).map(str::to_owned).collect();
        let draft = api::drafted(tx, settings, line.email, blank(line.name), blank(line.job_title), roles);
        let mut check = Check::new();
        draft.check(&mut check);
        if let Some(first) = seen.insert(draft.email.to_lowercase(), number) {
            check.that(false, "/email", "DUPLICATE", || format!("is in line {first} as well"));
        }
        if !refusals.contains_key(&draft.roles) {
            refusals.insert(draft.roles.clone(), refusal(tx, own, &draft.roles).await?);
        }
        if let Some(Some(why)) = refusals.get(&draft.roles) {
            check.that(false, "/roles", "ROLES", || why.clone());
        }
        if let Err(problem) = check.finish() {
            let of_line =
                |error: &FieldError| FieldError { pointer: format!("/{number}{}", error.pointer), ..error.clone() };
            faults.extend(problem.errors().iter().map(of_line));
        }
        if faults.len() >= MOST_FAULTS {
            break;
        }
        drafts.push((number, draft));
    }
    if faults.is_empty() { Ok(drafts) } else { Err(Problem::invalid(faults)) }
}

/// Why the caller cannot give some roles; `None` when they can.
async fn refusal(tx: &Tx, own: &Patterns, roles: &[String]) -> Result<Option<String>, Problem> {
    let is_refusal = |problem: &Problem| problem.kind().status < 500;
    let patterns = match roles::patterns_of(tx, roles).await {
        Ok(patterns) => patterns,
        Err(problem) if is_refusal(&problem) => {
            return Ok(Some("names a role that this tenant does not have".to_owned()));
        }
        Err(problem) => return Err(problem),
    };
    let given = match may_grant(own, &patterns) {
        Ok(()) => may_give_roles(tx, own, roles).await,
        refused => refused,
    };
    match given {
        Ok(()) => Ok(None),
        Err(problem) if is_refusal(&problem) => Ok(Some(format!("cannot be given: {}", problem.text()))),
        Err(problem) => Err(problem),
    }
}
