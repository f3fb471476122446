//! The one error type that reaches a caller: RFC 9457 problem details, made from a registered kind.
//!
//! A [`ProblemKind`] is a code with its status and title; a [`Problem`] is one occurrence, with a detail that says what
//! to do. What the operator needs to know beyond that (the `source`) is logged at the boundary and never sent.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A registered kind of problem. `code` is stable: callers may switch on it.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// NOUN_VARIANT, such as `TASK_WEIGHT_EXCEEDED`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it is, in a few words, the same for every occurrence.
    pub title: &'static str,
}

impl ProblemKind {
    /// Registers a kind.
    #[must_use]
    pub const fn new(code: &'static str, status: u16, title: &'static str) -> Self {
        Self { code, status, title }
    }

    /// An occurrence of this kind.
    pub fn detail(&'static self, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem(Box::new(Inner {
            kind: self,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            source: None,
        }))
    }
}

macro_rules! kinds {
    ($($name:ident $status:literal $title:literal;)+) => {
        $(
            #[doc = concat!("`", stringify!($name), "`, HTTP ", stringify!($status), ": ", $title, ".")]
            pub static $name: ProblemKind = ProblemKind::new(stringify!($name), $status, $title);
        )+
        /// The kinds that every service may answer with.
        pub static COMMON: &[&ProblemKind] = &[$(&$name),+];
    };
}

kinds! {
    REQUEST_MALFORMED 400 "The request cannot be read";
    TOKEN_MISSING 401 "Sign in first";
    TOKEN_INVALID 401 "The token is not valid";
    PERMISSION_DENIED 403 "Permission denied";
    PASSWORD_CHANGE_REQUIRED 403 "The password must be changed first";
    SECOND_FACTOR_REQUIRED 403 "A second factor must be set up first";
    STEP_UP_REQUIRED 403 "Prove again who you are";
    PERSON_REQUIRED 403 "Only a person may do this";
    KEY_CONFINED 403 "The key is for sending telemetry alone";
    NOT_FOUND 404 "Not found";
    METHOD_NOT_ALLOWED 405 "Method not allowed";
    REQUEST_TIMEOUT 408 "The request took too long to arrive";
    STATE_CONFLICT 409 "Conflict with the present state";
    VERSION_MISMATCH 412 "Somebody else changed it";
    BODY_TOO_LARGE 413 "The body is too large";
    MEDIA_TYPE_UNSUPPORTED 415 "Media type not supported";
    CONTENT_INVALID 422 "The content is not valid";
    IDEMPOTENCY_KEY_REUSED 422 "The idempotency key belongs to another request";
    PRECONDITION_REQUIRED 428 "If-Match is required";
    RATE_LIMITED 429 "Too many requests";
    HEADERS_TOO_LARGE 431 "The request headers are too large";
    INTERNAL 500 "Something went wrong";
    UPSTREAM_FAILED 502 "The service behind the gateway failed";
    UNAVAILABLE 503 "Temporarily unavailable";
    PROJECTION_BEHIND 503 "The read side has not caught up yet";
    UPSTREAM_TIMEOUT 504 "The service behind the gateway did not answer in time";
}

/// What is wrong with one field, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON pointer to the field, such as `/weight`; a query parameter or header is named as it is.
    pub pointer: String,
    /// UPPER_SNAKE, such as `OUT_OF_RANGE`.
    pub code: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl FieldError {
    /// One field's error.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// One thing that went wrong, ready to be answered.
pub struct Problem(Box<Inner>);

struct Inner {
    kind: &'static ProblemKind,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after: Option<u32>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Errors of one problem: who has more has one mistake many times.
const MOST_ERRORS: usize = 100;

impl Problem {
    /// The content is readable but not acceptable; each error names its field. The first hundred are told.
    #[must_use]
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let mut problem = CONTENT_INVALID.detail(match errors.as_slice() {
            [only] if only.pointer.is_empty() => Cow::Owned(only.detail.clone()),
            [only] => Cow::Owned(format!("{}: {}", only.pointer, only.detail)),
            several => Cow::Owned(format!("{} fields need a change; see errors.", several.len())),
        });
        errors.truncate(MOST_ERRORS);
        problem.0.errors = errors;
        problem
    }

    /// One field is not acceptable.
    pub fn field(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// There is no such thing, or it belongs to another tenant: the answer is the same.
    #[must_use]
    pub fn not_found(noun: &'static str) -> Self {
        NOT_FOUND.detail(format!("There is no such {noun}, or you may not see it."))
    }

    /// A fault of ours. The caller sees a trace id only; the source goes to the log.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        INTERNAL.detail("Report this with the traceId if it happens again.").because(source)
    }

    /// Something we need is away; the caller should come back.
    pub fn unavailable(what: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        UNAVAILABLE
            .detail(format!("{what} cannot be reached at the moment. Try again shortly."))
            .retry_after(2)
            .because(source)
    }

    /// Adds a field's error.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldError::new(pointer, code, detail));
        self
    }

    /// Tells the caller how many seconds to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The registered kind.
    #[must_use]
    pub fn kind(&self) -> &'static ProblemKind {
        self.0.kind
    }

    /// Seconds to wait, when waiting helps.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// What happened and what to do.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.detail
    }

    /// The fields that need a change.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The cause, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// The body that is sent.
    #[must_use]
    pub fn body(&self, instance: &str, trace_id: &str) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:cairn:problem:{}", self.0.kind.code.to_ascii_lowercase().replace('_', "-")),
            title: self.0.kind.title.to_owned(),
            status: self.0.kind.status,
            detail: self.0.detail.clone().into_owned(),
            instance: instance.to_owned(),
            code: self.0.kind.code.to_owned(),
            errors: self.0.errors.clone(),
            trace_id: trace_id.to_owned(),
        }
    }
}

/// `application/problem+json`, RFC 9457.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// A stable URI of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// What happened here and what to do.
    pub detail: String,
    /// The path of the request.
    pub instance: String,
    /// NOUN_VARIANT: stable, to switch on.
    pub code: String,
    /// The fields that need a change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Names this request in logs, events and traces.
    pub trace_id: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.0.kind.code, self.0.kind.status, self.0.detail)?;
        let mut cause: Option<&dyn StdError> = self.cause().map(|source| -> &dyn StdError { source });
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        self.0.errors.iter().try_for_each(|error| write!(f, " [{} {}: {}]", error.pointer, error.code, error.detail))
    }
}

impl StdError for Problem {}

impl From<diesel::result::Error> for Problem {
    /// What Postgres refused for a reason no statement foresaw. Never a 404: absence is an `Option` where it is meant.
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        match &error {
            Error::DatabaseError(
                Kind::ClosedConnection
                | Kind::UnableToSendCommand
                | Kind::SerializationFailure
                | Kind::ReadOnlyTransaction,
                _,
            ) => Self::unavailable("The database", error),
            Error::DatabaseError(_, info) if info.message() == "canceling statement due to lock timeout" => UNAVAILABLE
                .detail("Something large is being done to the same things at the moment. Try again later.")
                .retry_after(10)
                .because(error),
            // JSON and URLs can say U+0000; Postgres keeps it in no text.
            Error::DatabaseError(_, info)
                if ["invalid byte sequence for encoding", "unsupported Unicode escape sequence"]
                    .iter()
                    .any(|words| info.message().contains(words)) =>
            {
                CONTENT_INVALID.detail("A text holds the character U+0000. Remove it.")
            }
            // Postgres reports its own shutdown and start-up as ordinary errors, known only by their words.
            Error::DatabaseError(_, info)
                if ["terminating connection", "connection closed", "the database system is", "deadlock detected"]
                    .iter()
                    .any(|words| info.message().contains(words)) =>
            {
                Self::unavailable("The database", error)
            }
            _ => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_for_the_log_and_never_for_the_caller() {
        let problem = Problem::internal("password=hunter2");
        let body = serde_json::to_string(&problem.body("/x", "t")).unwrap();
        assert!(!body.contains("hunter2"));
        assert!(problem.to_string().contains("hunter2"));
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = COMMON.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), COMMON.len());
    }
}
