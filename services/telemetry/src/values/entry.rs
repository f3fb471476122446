//! One value as it was sent. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use contracts::telemetry::RefusalCode;
use kernel::time::NotATime;
use kernel::{AssignmentId, CustomerAttributeId, CustomerTaskId, RefusalId, Timestamp};
use rules::DecimalSign;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::attributes::{Named, Wanted};

/// Longest event id, external key and source, in characters.
const ID_CHARS: usize = 200;
/// Longest note, in characters.
const NOTE_CHARS: usize = 2_000;

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

    /// There is no such assignment, or none that the sender may know of.
    pub(crate) fn no_assignment(id: AssignmentId) -> Self {
        Self::new(RefusalCode::AssignmentUnknown, format!("There is no assignment {id}."))
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
    pub(crate) assignment_id: Option<AssignmentId>,
    /// In its place, the assignment's external key.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    assignment_key: Option<Text<'a>>,
    /// The attribute, by its id in the customer's plan; or else by name. Names beside the id must be its own.
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
    /// The value: up to 4 KiB of JSON that fits the attribute's type; a number has up to 300 digits.
    #[serde(default, borrow, deserialize_with = "given")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub(crate) value: Option<&'a RawValue>,
    /// In its place, the value as a table has it: `1,250`, `45%`, `yes`, `2026-11-21`. It is read by the attribute's type.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(crate) text: Option<Text<'a>>,
    /// What stands before the decimal places of a number in `text`: with `.`, the default, `1,250` is 1250; with `,` it is 1.25.
    #[schema(inline)]
    pub(crate) decimal_sign: Option<DecimalSign>,
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
    /// The refusal that this value mends: it is marked as replayed when the value is stored. When the value is refused as well, the
    /// refusal says why, and stays as it was sent first.
    pub(crate) refusal_id: Option<RefusalId>,
    /// Remarks, up to 2,000 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(crate) notes: Option<Text<'a>>,
}

/// Text that is borrowed from the body unless it has escapes.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A value that is there, be it null.
fn given<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(reader).map(Some)
}

impl<'a> Entry<'a> {
    /// Reads one entry.
    pub(crate) fn read(text: &'a str) -> Result<Self, Reason> {
        let entry: Self = web::json(text.as_bytes()).map_err(|problem| {
            let field = problem.errors().first();
            let told = field.map(|error| format!("{} {}", error.pointer.trim_start_matches('/'), error.detail));
            let told = told.unwrap_or_else(|| unreadable(text));
            Reason::new(RefusalCode::ValueMalformed, format!("Not a value: {}.", told.trim_start()))
        })?;
        within("eventId", entry.event_id.as_ref(), 1, ID_CHARS)?;
        within("assignmentKey", entry.assignment_key.as_ref(), 1, ID_CHARS)?;
        within("source", entry.source.as_ref(), 0, ID_CHARS)?;
        within("notes", entry.notes.as_ref(), 0, NOTE_CHARS)?;
        let malformed = |detail: &str| Err(Reason::new(RefusalCode::ValueMalformed, detail));
        if entry.assignment_id.is_some() == entry.assignment_key.is_some() {
            return malformed("The assignment is missing or named twice; send assignmentId or assignmentKey.");
        }
        if entry.value.is_some() == entry.text.is_some() {
            return malformed("The value is missing or given twice; send value, or text as a table has it.");
        }
        if entry.attribute_id.is_none() && entry.attribute_name.is_none() {
            return malformed("The attribute is missing; send attributeId or attributeName.");
        }
        Ok(entry)
    }

    /// The refusal that a text says it mends, though it may be no value.
    pub(crate) fn mends(text: &str) -> Option<RefusalId> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Mends {
            refusal_id: Option<RefusalId>,
        }
        serde_json::from_str::<Mends>(text).ok()?.refusal_id
    }

    /// The external key that names the assignment, where no id does.
    pub(crate) fn assignment_key(&self) -> Option<&str> {
        self.assignment_key.as_ref().map(|Text(key)| key.as_ref())
    }

    /// The assignment, where those with an external key are known. One that is hidden from the sender is not there.
    pub(crate) fn assignment(
        &self,
        by_key: &BTreeMap<String, AssignmentId>,
        hidden: &BTreeSet<AssignmentId>,
    ) -> Result<AssignmentId, Reason> {
        if let Some(id) = self.assignment_id {
            return if hidden.contains(&id) { Err(Reason::no_assignment(id)) } else { Ok(id) };
        }
        let key = self.assignment_key().unwrap_or_default();
        by_key.get(key).copied().filter(|id| !hidden.contains(id)).ok_or_else(|| {
            Reason::new(RefusalCode::AssignmentUnknown, format!("No assignment has the external key {key:?}."))
        })
    }

    /// The value as it comes from a sender who is confined to a source.
    pub(crate) fn sent_from(self, source: &'a str) -> Result<Self, Reason> {
        match &self.source {
            Some(Text(said)) if said != source => {
                let detail = format!("The value says the source {said:?}; the key sends those of {source:?} alone.");
                Err(Reason::new(RefusalCode::SourceDenied, detail))
            }
            _ => Ok(Self { source: Some(Text(source.into())), ..self }),
        }
    }

    /// How the entry names its attribute.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        let named = Named {
            id: self.attribute_id,
            attribute: self.attribute_name.as_ref().map(|Text(name)| name.trim()),
            task: self.task_name.as_ref().map(|Text(name)| name.trim()),
            task_id: self.customer_task_id,
        };
        match named {
            Named { id: Some(id), attribute: None, task: None, task_id: None } => Wanted::Id(id),
            named => Wanted::Named(named),
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

/// What is wrong with a text that is no JSON. Where it was meant to be, the place where that shows is told; all else was a line
/// of a table.
fn unreadable(text: &str) -> String {
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) if text.trim_start().starts_with('{') => error.to_string(),
        _ => "it is no JSON object, or a line of a table of which a cell holds no text (UTF-8), number, date or flag; \
              a formula holds none when the file does not have its result"
            .to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_carries_its_senders_source_and_no_other() {
        const ENTRY: &str = r#"{"assignmentKey":"harbour","attributeName":"Users","value":1"#;
        let source = |rest: &str| {
            let text = format!("{ENTRY}{rest}}}");
            let entry = Entry::read(&text).and_then(|entry| entry.sent_from("agent"));
            entry.map(|entry| entry.source.map(|Text(source)| source.into_owned())).map_err(|reason| reason.code)
        };
        for same in ["", ",\"source\":\"agent\""] {
            assert_eq!(source(same), Ok(Some("agent".to_owned())));
        }
        assert_eq!(source(",\"source\":\"another\""), Err(RefusalCode::SourceDenied));
    }

    #[test]
    fn what_is_no_value_may_still_say_what_it_mends() {
        let id = RefusalId::fresh();
        for text in [format!(r#"{{"refusalId":"{id}","vlaue":[1]}}"#), format!(r#"{{"text":"","refusalId":"{id}"}}"#)] {
            assert!(Entry::read(&text).is_err());
            assert_eq!(Entry::mends(&text), Some(id));
        }
        for text in ["oops", "{}", r#"{"refusalId":"none"}"#, r#"{"refusalId":null}"#] {
            assert_eq!(Entry::mends(text), None, "{text}");
        }
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
