//! What an import shows line by line: what it would do, and what is wrong with its file.

use kernel::Problem;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use workbook::{Change, Fault};

use crate::owners::Owner;

kernel::text_enum! {
    /// What a line is.
    pub enum LineKind {
        /// Something that would be done.
        Change = "CHANGE",
        /// Something that is wrong.
        Fault = "FAULT",
    }
}

/// A row that an import makes, brings back, changes or deletes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportChange<'a> {
    /// The sheet, as JSON calls it.
    sheet: &'static str,
    /// The row in the file, the header being 1; missing when it is not there.
    row: Option<u32>,
    /// CREATE, RESTORE, UPDATE or DELETE.
    #[schema(value_type = String)]
    action: workbook::Action,
    /// The row's id; missing when it is to be made.
    id: Option<Uuid>,
    /// What it is called.
    name: &'a str,
    /// The fields that come to say something else.
    fields: Vec<ImportField<'a>>,
}

/// A field that comes to say something else.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportField<'a> {
    /// Its name in JSON.
    field: &'static str,
    /// Its heading in a spreadsheet.
    column: &'static str,
    /// What it says.
    before: Option<&'a str>,
    /// What it will say.
    after: Option<&'a str>,
}

/// Something that is wrong with a file.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImportFault<'a> {
    /// ERROR: it keeps the file from being imported. WARNING: somebody should look.
    #[schema(value_type = String)]
    severity: workbook::Severity,
    /// What kind of fault it is.
    code: &'static str,
    /// The sheet, as a person calls it; missing when the whole file is meant.
    sheet: Option<&'static str>,
    /// The row, the header being 1; missing when the whole sheet is meant.
    row: Option<u32>,
    /// The column's heading; missing when the whole row is meant.
    column: Option<&'static str>,
    /// How the cell begins.
    value: Option<&'a str>,
    /// What is wrong, and what to do.
    message: &'a str,
    /// Where it is in the JSON form.
    pointer: String,
}

/// Shows changes, each with its line, and answers with a digest of the lines: two imports with the same do the same. What is of no
/// use any more can be let go of each, for all of them and their lines are much at once.
pub(super) fn of_changes(
    owner: Option<Owner>,
    changes: &mut [Change],
    mut show: impl FnMut(&mut Change, String),
) -> Result<String, Problem> {
    let mut digest = Sha256::new();
    digest.update(owner.map_or(Uuid::nil(), Owner::id));
    for change in changes {
        let fields = change.fields.iter().map(|field| ImportField {
            field: field.key,
            column: field.column,
            before: field.before.as_deref(),
            after: field.after.as_deref(),
        });
        let line = ImportChange {
            sheet: change.sheet.key(),
            row: change.row,
            action: change.action,
            id: change.before.as_ref().and_then(workbook::Item::id),
            name: &change.name,
            fields: fields.collect(),
        };
        let line = serde_json::to_string(&line).map_err(Problem::internal)?;
        digest.update(line.as_bytes());
        digest.update(b"\n");
        show(change, line);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The lines that show changes of an owner.
pub(crate) fn change_lines(owner: Owner, mut changes: Vec<Change>) -> Result<Vec<String>, Problem> {
    let mut lines = Vec::new();
    of_changes(Some(owner), &mut changes, |_, line| lines.push(line))?;
    Ok(lines)
}

/// The lines that show faults.
pub(super) fn of_faults(faults: &[Fault]) -> Result<Vec<String>, Problem> {
    let line = |fault: &Fault| {
        let line = ImportFault {
            severity: fault.severity,
            code: fault.code,
            sheet: fault.sheet.map(workbook::Sheet::label),
            row: fault.row,
            column: fault.column,
            value: fault.value.as_deref(),
            message: &fault.message,
            pointer: fault.pointer(),
        };
        serde_json::to_string(&line).map_err(Problem::internal)
    };
    faults.iter().map(line).collect()
}
