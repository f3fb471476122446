//! A batch as it was sent: taken apart into entries, one of which may be unreadable without harm to the others. Pure.

use std::borrow::Cow;

use actix_web::web::{Bytes, block};
use kernel::problem::{MEDIA_TYPE_UNSUPPORTED, Problem, ProblemKind};
use kernel::{AssignmentId, RefusalId, Timestamp};
use rules::DecimalSign;
use serde::Deserialize;
use serde_json::value::RawValue;
use web::RawBody;
use workbook::csv::has_decimal_commas;
use workbook::grid::{self, Line, Unreadable};

use super::entry::Entry;
use super::table;
use crate::refusals::Refusal;

/// Most values of one batch.
pub(crate) const MAX_BATCH: usize = 10_000;
/// What a workbook calls itself.
pub(crate) const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Most assignments that one batch declares complete.
const MAX_COMPLETE: usize = 1_000;

/// A batch has more values than one may have.
pub(crate) static BATCH_TOO_LARGE: ProblemKind =
    ProblemKind::new("BATCH_TOO_LARGE", 413, "The batch has too many values");

/// A feed's word that it reports everything there is to say of some assignments.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Complete {
    /// Attributes of these assignments, up to 1,000, that have no value in this batch have no data any more.
    #[schema(max_items = 1_000)]
    pub(crate) assignment_ids: Vec<AssignmentId>,
    /// The moment this holds for; by default that of the batch's latest value.
    pub(crate) observed_at: Option<Timestamp>,
}

/// The JSON form of a batch.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SendValues, example = json!({ "values": [{
    "assignmentId": "01938a5e-7c4b-7e3a-9f00-000000000001", "attributeName": "Users signed in", "value": 42,
    "observedAt": "2026-11-21T09:30:00Z",
}] }))]
pub(crate) struct Document<'a> {
    /// Up to 10,000 values.
    #[serde(borrow)]
    #[schema(value_type = Vec<Entry>, max_items = 10_000)]
    values: Vec<&'a RawValue>,
    /// Says that the batch is all there is: it counts only when no value of the batch is refused.
    #[serde(default)]
    complete: Complete,
}

/// A batch taken apart: the text of each entry, in order.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) entries: Vec<Part<'a>>,
    pub(crate) complete: Complete,
}

/// The text of one entry, and where it comes from.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) origin: Origin<'a>,
}

/// Where an entry comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// A list: its place says enough.
    List,
    /// This line of a file.
    Line(usize),
    /// An earlier refusal, tried again.
    Refusal(&'a Refusal),
}

impl Origin<'_> {
    /// The refusal that is tried again.
    pub(crate) fn replays(self) -> Option<RefusalId> {
        match self {
            Self::Refusal(refusal) => Some(refusal.id),
            Self::List | Self::Line(_) => None,
        }
    }
}

impl<'a> Parts<'a> {
    /// Takes a body apart by its content type. Only a body that is no batch at all is a problem.
    pub(crate) async fn of(body: &'a RawBody) -> Result<Self, Problem> {
        let parts = if body.content_type == WORKBOOK {
            let bytes = Bytes::clone(&body.bytes);
            let lines = block(move || grid::xlsx(&bytes)).await.map_err(Problem::internal)?;
            Self::of_lines(lines, DecimalSign::Point)?.checked()?
        } else {
            Self::of_text(&body.content_type, &body.bytes)?
        };
        if parts.says_nothing() {
            return Err(Problem::field("/values", "EMPTY", "has no value; send at least one, or what is complete"));
        }
        Ok(parts)
    }

    /// Whether there is neither a value nor an assignment that is complete without one.
    pub(crate) fn says_nothing(&self) -> bool {
        self.entries.is_empty() && self.complete.assignment_ids.is_empty()
    }

    fn of_text(content_type: &str, body: &'a [u8]) -> Result<Self, Problem> {
        // Spreadsheets and some editors begin a text with a byte order mark.
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        match content_type {
            "application/json" => Self::of_json(body)?,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::of_ndjson(body),
            "text/csv" => {
                let sign = if has_decimal_commas(body) { DecimalSign::Comma } else { DecimalSign::Point };
                Self::of_lines(grid::csv(body), sign)?
            }
            _ => {
                let how = format!("Send application/json, application/x-ndjson, text/csv or {WORKBOOK}.");
                return Err(MEDIA_TYPE_UNSUPPORTED.detail(how));
            }
        }
        .checked()
    }

    /// Refuses a batch of more values than one may have.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        let sent = self.entries.len();
        if sent > MAX_BATCH {
            return Err(BATCH_TOO_LARGE
                .detail(format!("The batch has {sent} values; send at most {MAX_BATCH} at once. None was stored.")));
        }
        Ok(self)
    }

    fn of_lines(lines: Result<Vec<Line>, Unreadable>, sign: DecimalSign) -> Result<Self, Problem> {
        let lines = lines.map_err(|mut why| {
            if why.too_large {
                why.message = format!("{} Send at most {MAX_BATCH} values at once.", why.message);
            }
            table::unreadable(&why)
        })?;
        Ok(Self { entries: table::entries(lines, sign)?, complete: Complete::default() })
    }

    fn of_json(body: &'a [u8]) -> Result<Self, Problem> {
        let Document { values, complete } = web::json(body)?;
        let declared = complete.assignment_ids.len();
        if declared > MAX_COMPLETE {
            let how = format!("names {declared} assignments; send at most {MAX_COMPLETE} at once");
            return Err(Problem::field("/complete/assignmentIds", "TOO_MANY", how));
        }
        let entries = values.into_iter().map(|value| Part { text: value.get().into(), origin: Origin::List }).collect();
        Ok(Self { entries, complete })
    }

    /// One entry a line; blank lines are none. Bytes that are not UTF-8 become `\xNN`, which no JSON has: the line is refused,
    /// now and when it is replayed, and can be read by who looks for it.
    fn of_ndjson(body: &'a [u8]) -> Self {
        let lines = body.split(|byte| *byte == b'\n').zip(1..);
        let entries = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
        let entries =
            entries.map(|(line, number)| Part { text: readable(line.trim_ascii()), origin: Origin::Line(number) });
        Self { entries: entries.collect(), complete: Complete::default() }
    }
}

fn readable(line: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(line) {
        return text.into();
    }
    line.utf8_chunks().map(|chunk| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &str) -> Vec<(usize, String)> {
        let parts = Parts::of_text("application/x-ndjson", body.as_bytes()).unwrap();
        let place = |part: &Part<'_>| if let Origin::Line(number) = part.origin { number } else { 0 };
        parts.entries.into_iter().map(|part| (place(&part), part.text.into_owned())).collect()
    }

    #[test]
    fn ndjson_is_one_entry_a_line() {
        let table: [(&str, &[(usize, &str)]); 8] = [
            ("", &[]),
            ("\n\r\n  \n", &[]),
            ("{}", &[(1, "{}")]),
            ("{}\n", &[(1, "{}")]),
            ("{\"a\":1}\r\n{\"b\":2}\r\n", &[(1, "{\"a\":1}"), (2, "{\"b\":2}")]),
            ("\u{feff}{}\n", &[(1, "{}")]),
            ("\n{}\n\n oops \n", &[(2, "{}"), (4, "oops")]),
            ("{\n}", &[(1, "{"), (2, "}")]),
        ];
        for (body, expected) in table {
            let expected: Vec<_> = expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
            assert_eq!(lines(body), expected, "{body:?}");
        }
    }

    #[test]
    fn a_line_that_is_not_utf8_spoils_only_itself() {
        let parts = Parts::of_text("application/x-ndjson", b"{}\n{\"a\": \"caf\xe9\"}\n{}").unwrap();
        assert_eq!(parts.entries.len(), 3);
        assert_eq!(parts.entries[1].text, "{\"a\": \"caf\\xe9\"}");
        assert!(serde_json::from_str::<serde_json::Value>(&parts.entries[1].text).is_err());
    }

    #[test]
    fn a_body_that_is_no_batch_is_a_problem() {
        let table = [
            ("application/json", "{\"values\": [", 400),
            ("application/json", "[]", 422),
            ("application/json", "\u{feff}[]", 422),
            ("application/json", "{\"values\": [], \"valeus\": []}", 422),
            ("application/json", "{\"values\": [], \"complete\": {\"all\": true}}", 422),
            ("text/csv", "a,b", 400),
            ("text/plain", "", 415),
        ];
        for (kind, body, status) in table {
            assert_eq!(Parts::of_text(kind, body.as_bytes()).unwrap_err().kind().status, status, "{body}");
        }
        assert_eq!(
            Parts::of_text("application/x-ndjson", "{}\n".repeat(MAX_BATCH + 1).as_bytes()).unwrap_err().kind(),
            &BATCH_TOO_LARGE
        );
        assert!(Parts::of_text("application/x-ndjson", "{}\n".repeat(MAX_BATCH).as_bytes()).is_ok());
    }
}
