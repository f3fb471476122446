//! A batch as it was sent: taken apart into entries, one of which may be unreadable without harm to the others. Pure.

use std::borrow::Cow;

use contracts::telemetry::RefusalCode;
use kernel::problem::{MEDIA_TYPE_UNSUPPORTED, Problem, ProblemKind};
use kernel::time::NotATime;
use kernel::{AssignmentId, CustomerAttributeId, CustomerTaskId, RefusalId, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::attributes::Wanted;
use crate::refusals::Refusal;

/// Most values of one batch.
pub(crate) const MAX_BATCH: usize = 10_000;
/// Most assignments that one batch declares complete.
const MAX_COMPLETE: usize = 1_000;
/// Longest event id and source, in characters.
const ID_CHARS: usize = 200;
/// Longest note, in characters.
const NOTE_CHARS: usize = 2_000;

/// A batch has more values than one may have.
pub(crate) static BATCH_TOO_LARGE: ProblemKind =
    ProblemKind::new("BATCH_TOO_LARGE", 413, "The batch has too many values");

/// Why one value cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: RefusalCode,
    pub(crate) detail: String,
}

impl Reason {
    pub(crate) fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// One value as it was sent.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SendValue, example = json!({
    "assignmentId": "01938a5e-7c4b-7e3a-9f00-000000000001", "taskName": "Enable single sign-on", "attributeName": "Users signed in",
    "value": 42, "observedAt": "2026-11-21T09:30:00Z", "eventId": "agent-7-000123"
}))]
pub(crate) struct Entry<'a> {
    /// The assignment the value is about.
    pub(crate) assignment_id: AssignmentId,
    /// The attribute, by its id in the customer's plan; or else by name.
    pub(crate) attribute_id: Option<CustomerAttributeId>,
    /// The attribute's name.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(crate) attribute_name: Option<Text<'a>>,
    /// The task that has it, where several tasks have an attribute of that name.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(crate) task_name: Option<Text<'a>>,
    /// That task, by its id.
    pub(crate) customer_task_id: Option<CustomerTaskId>,
    /// The value: up to 4 KiB of JSON that fits the attribute's type.
    #[serde(borrow)]
    #[schema(value_type = serde_json::Value)]
    pub(crate) value: &'a RawValue,
    /// When it was observed, RFC 3339. Required: a time of ours would make a new value of every retry.
    #[serde(borrow)]
    #[schema(value_type = Timestamp)]
    observed_at: Option<Text<'a>>,
    /// The sender's id of the event, up to 200 characters; without it, the value's content identifies it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(crate) event_id: Option<Text<'a>>,
    /// Where it came from, up to 200 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(crate) source: Option<Text<'a>>,
    /// Remarks, up to 2,000 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(crate) notes: Option<Text<'a>>,
}

/// Text that is borrowed from the body unless it has escapes.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl<'a> Entry<'a> {
    /// Reads one entry.
    pub(crate) fn read(text: &'a str) -> Result<Self, Reason> {
        let entry: Self = web::json(text.as_bytes()).map_err(|problem| {
            let field = problem.errors().first();
            let told = field.map(|error| format!("{} {}", error.pointer.trim_start_matches('/'), error.detail));
            // Of what is no JSON at all, where that shows.
            let told = told.or_else(|| Some(serde_json::from_str::<IgnoredAny>(text).err()?.to_string()));
            let told = told.unwrap_or_default();
            Reason::new(RefusalCode::ValueMalformed, format!("Not a value: {}.", told.trim_start()))
        })?;
        within("eventId", entry.event_id.as_ref(), 1, ID_CHARS)?;
        within("source", entry.source.as_ref(), 0, ID_CHARS)?;
        within("notes", entry.notes.as_ref(), 0, NOTE_CHARS)?;
        if entry.attribute_id.is_none() && entry.attribute_name.is_none() {
            return Err(Reason::new(
                RefusalCode::ValueMalformed,
                "The attribute is missing; send attributeId or attributeName.",
            ));
        }
        Ok(entry)
    }

    /// How the entry names its attribute: an id says more than a name.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        match self.attribute_id {
            Some(id) => Wanted::Id(id),
            None => Wanted::Name {
                attribute: self.attribute_name.as_ref().map_or("", |Text(name)| name),
                task: self.task_name.as_ref().map(|Text(name)| name.as_ref()),
                task_id: self.customer_task_id,
            },
        }
    }

    /// The moment it was observed.
    pub(crate) fn observed_at(&self) -> Result<Timestamp, Reason> {
        let Some(Text(text)) = &self.observed_at else {
            return Err(Reason::new(
                RefusalCode::ObservedAtInvalid,
                "observedAt is missing; say when the value was observed.",
            ));
        };
        text.parse().map_err(|error: NotATime| {
            Reason::new(RefusalCode::ObservedAtInvalid, format!("observedAt {text:?} {error}."))
        })
    }
}

/// Refuses text that is too long, or that the database cannot keep.
fn within(name: &str, text: Option<&Text<'_>>, least: usize, most: usize) -> Result<(), Reason> {
    let Some(Text(text)) = text else { return Ok(()) };
    // Bytes are never fewer than characters, and counting those is for the rare long text.
    let fits = text.len() >= least && (text.len() <= most || text.chars().count() <= most);
    let clean = !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if fits && clean {
        return Ok(());
    }
    Err(Reason::new(
        RefusalCode::TextInvalid,
        format!("{name} has {least} to {most} characters, none of them a control character."),
    ))
}

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
#[schema(as = SendValues)]
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
    /// This line of NDJSON.
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
    pub(crate) fn of(content_type: &str, body: &'a [u8]) -> Result<Self, Problem> {
        let parts = match content_type {
            "application/json" => Self::of_json(body)?,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::of_lines(body),
            _ => return Err(MEDIA_TYPE_UNSUPPORTED.detail("Send application/json or application/x-ndjson.")),
        };
        let sent = parts.entries.len();
        if sent > MAX_BATCH {
            return Err(BATCH_TOO_LARGE
                .detail(format!("The batch has {sent} values; send at most {MAX_BATCH} at once. None was stored.")));
        }
        Ok(parts)
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
    fn of_lines(body: &'a [u8]) -> Self {
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
        let parts = Parts::of("application/x-ndjson", body.as_bytes()).unwrap();
        let place = |part: &Part<'_>| if let Origin::Line(number) = part.origin { number } else { 0 };
        parts.entries.into_iter().map(|part| (place(&part), part.text.into_owned())).collect()
    }

    #[test]
    fn ndjson_is_one_entry_a_line() {
        let table: [(&str, &[(usize, &str)]); 7] = [
            ("", &[]),
            ("\n\r\n  \n", &[]),
            ("{}", &[(1, "{}")]),
            ("{}\n", &[(1, "{}")]),
            ("{\"a\":1}\r\n{\"b\":2}\r\n", &[(1, "{\"a\":1}"), (2, "{\"b\":2}")]),
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
        let parts = Parts::of("application/x-ndjson", b"{}\n{\"a\": \"caf\xe9\"}\n{}").unwrap();
        assert_eq!(parts.entries.len(), 3);
        assert_eq!(parts.entries[1].text, "{\"a\": \"caf\\xe9\"}");
        assert!(serde_json::from_str::<serde_json::Value>(&parts.entries[1].text).is_err());
    }

    #[test]
    fn a_body_that_is_no_batch_is_a_problem() {
        let table = [
            ("application/json", "{\"values\": [", 400),
            ("application/json", "[]", 422),
            ("application/json", "{\"values\": [], \"valeus\": []}", 422),
            ("application/json", "{\"values\": [], \"complete\": {\"all\": true}}", 422),
            ("text/csv", "", 415),
        ];
        for (kind, body, status) in table {
            assert_eq!(Parts::of(kind, body.as_bytes()).unwrap_err().kind().status, status, "{body}");
        }
        assert_eq!(
            Parts::of("application/x-ndjson", "{}\n".repeat(MAX_BATCH + 1).as_bytes()).unwrap_err().kind(),
            &BATCH_TOO_LARGE
        );
        assert!(Parts::of("application/x-ndjson", "{}\n".repeat(MAX_BATCH).as_bytes()).is_ok());
    }

    #[test]
    fn an_entry_that_cannot_be_read_says_why() {
        const ID: &str = "01938a5e-7c4b-7e3a-9f00-000000000001";
        let of = |rest: &str| format!("{{\"assignmentId\":\"{ID}\",\"attributeName\":\"Users\",\"value\":1{rest}}}");
        let code = |text: &str| Entry::read(text).and_then(|entry| entry.observed_at()).map_err(|reason| reason.code);
        assert!(code(&of(",\"observedAt\":\"2026-11-21T09:30:00+01:00\",\"notes\":\"a\\tb\"")).is_ok());
        for (text, expected) in [
            ("oops".to_owned(), RefusalCode::ValueMalformed),
            ("[]".to_owned(), RefusalCode::ValueMalformed),
            ("{}".to_owned(), RefusalCode::ValueMalformed),
            (of(",\"vlaue\":2"), RefusalCode::ValueMalformed),
            (of(",\"attributeId\":\"nobody\""), RefusalCode::ValueMalformed),
            (of(""), RefusalCode::ObservedAtInvalid),
            (of(",\"observedAt\":\"yesterday\""), RefusalCode::ObservedAtInvalid),
            (of(",\"observedAt\":\"2026-11-21T09:30:00\""), RefusalCode::ObservedAtInvalid),
            (of(",\"eventId\":\"\""), RefusalCode::TextInvalid),
            (of(",\"source\":\"a\\u0000b\""), RefusalCode::TextInvalid),
            (of(&format!(",\"eventId\":\"{}\"", "é".repeat(201))), RefusalCode::TextInvalid),
        ] {
            assert_eq!(code(&text), Err(expected), "{text}");
        }
        assert!(Entry::read(&of(&format!(",\"eventId\":\"{}\"", "é".repeat(200)))).is_ok());
    }
}
