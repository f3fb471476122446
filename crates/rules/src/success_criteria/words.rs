//! The words of the notation, with all their spellings.
//!
//! Catalogs were written by hand, by spreadsheets and by forms, each with its own spelling of the same
//! operator. All are understood, in any case; the word of a [`Word`] is the one we write.

use serde_json::Value;

use super::error::{Refusal, unknown_word};
use crate::{
    data_type::DataType,
    leaf::{Comparison, TextMode},
};

/// A meaning that the notation has a word for.
pub(super) trait Word: Copy {
    /// The word as we write it.
    fn word(self) -> &'static str;
}

/// The words that may stand in one place.
pub(super) struct Vocabulary<T: 'static> {
    noun: &'static str,
    code: &'static str,
    /// Each meaning with its further spellings.
    rows: &'static [(T, &'static [&'static str])],
}

impl<T: Word> Vocabulary<T> {
    /// What the word in `value` means.
    pub(super) fn read(&self, value: &Value) -> Result<T, Refusal> {
        let found = value.as_str().and_then(|word| self.meaning(&word.trim().to_ascii_lowercase()));
        found.ok_or_else(|| unknown_word(self.code, value, self.noun, &self.listed()))
    }

    fn meaning(&self, word: &str) -> Option<T> {
        let row = self.rows.iter().find(|(meaning, spellings)| meaning.word() == word || spellings.contains(&word));
        row.map(|(meaning, _)| *meaning)
    }

    /// All words, for a message: `equals (==, =, eq), less_than (<, lt)`.
    pub(super) fn listed(&self) -> String {
        let listed = self.rows.iter().map(|(meaning, spellings)| match spellings {
            [] => meaning.word().to_owned(),
            _ => format!("{} ({})", meaning.word(), spellings.join(", ")),
        });
        listed.collect::<Vec<_>>().join(", ")
    }
}

/// What a typed criterion says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Leaf(LeafKind),
    All,
    Any,
}

/// The kinds of leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeafKind {
    Flag,
    Number,
    Text,
    NotEmpty,
    Time,
    IsTime,
}

impl LeafKind {
    /// The type the kind is made for; none when it fits every type. JSON attributes take all kinds.
    pub(super) fn home(self) -> Option<DataType> {
        match self {
            Self::Flag => Some(DataType::Boolean),
            Self::Number => Some(DataType::Number),
            Self::Text => Some(DataType::String),
            Self::Time | Self::IsTime => Some(DataType::Timestamp),
            Self::NotEmpty => None,
        }
    }
}

/// How a time stands to its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeMode {
    Before,
    After,
    WithinDays,
}

impl Word for Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Leaf(kind) => kind.word(),
            Self::All => "composite_and",
            Self::Any => "composite_or",
        }
    }
}

impl Word for LeafKind {
    fn word(self) -> &'static str {
        match self {
            Self::Flag => "boolean_flag",
            Self::Number => "number_threshold",
            Self::Text => "string_match",
            Self::NotEmpty => "string_not_null",
            Self::Time => "timestamp_comparison",
            Self::IsTime => "timestamp_not_null",
        }
    }
}

impl Word for Comparison {
    fn word(self) -> &'static str {
        match self {
            Self::Greater => "greater_than",
            Self::GreaterOrEqual => "greater_than_or_equal",
            Self::Equal => "equals",
            Self::LessOrEqual => "less_than_or_equal",
            Self::Less => "less_than",
        }
    }
}

impl Word for TextMode {
    fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Contains => "contains",
            Self::Regex => "regex",
        }
    }
}

impl Word for TimeMode {
    fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::WithinDays => "within_days",
        }
    }
}

const UNKNOWN_OPERATOR: &str = "CRITERION_UNKNOWN_OPERATOR";
const UNKNOWN_MODE: &str = "CRITERION_UNKNOWN_MODE";

const EQUALS: (Comparison, &[&str]) = (Comparison::Equal, &["==", "=", "eq"]);

const TEXT_ROWS: &[(TextMode, &[&str])] =
    &[(TextMode::Exact, &["equals", "==", "=", "eq"]), (TextMode::Contains, &[]), (TextMode::Regex, &[])];

const TIME_ROWS: &[(TimeMode, &[&str])] =
    &[(TimeMode::Before, &[]), (TimeMode::After, &[]), (TimeMode::WithinDays, &[])];

/// `type` of every typed criterion.
pub(super) const KINDS: Vocabulary<Kind> = Vocabulary {
    noun: "type",
    code: "CRITERION_UNKNOWN_TYPE",
    rows: &[
        (Kind::Leaf(LeafKind::Flag), &[]),
        (Kind::Leaf(LeafKind::Number), &[]),
        (Kind::Leaf(LeafKind::Text), &[]),
        (Kind::Leaf(LeafKind::NotEmpty), &[]),
        (Kind::Leaf(LeafKind::Time), &[]),
        (Kind::Leaf(LeafKind::IsTime), &[]),
        (Kind::All, &[]),
        (Kind::Any, &[]),
    ],
};

/// `operator` of a number, in both forms.
pub(super) const COMPARISONS: Vocabulary<Comparison> = Vocabulary {
    noun: "operator",
    code: UNKNOWN_OPERATOR,
    rows: &[
        (Comparison::Greater, &[">", "gt"]),
        (Comparison::GreaterOrEqual, &[">=", "gte"]),
        EQUALS,
        (Comparison::LessOrEqual, &["<=", "lte"]),
        (Comparison::Less, &["<", "lt"]),
    ],
};

/// `operator` of a flag in the short form.
pub(super) const EQUALITY: Vocabulary<Comparison> =
    Vocabulary { noun: "operator", code: UNKNOWN_OPERATOR, rows: &[EQUALS] };

/// `mode` of a typed text criterion.
pub(super) const TEXT_MODES: Vocabulary<TextMode> = Vocabulary { noun: "mode", code: UNKNOWN_MODE, rows: TEXT_ROWS };

/// `operator` of a text in the short form.
pub(super) const TEXT_OPERATORS: Vocabulary<TextMode> =
    Vocabulary { noun: "operator", code: UNKNOWN_OPERATOR, rows: TEXT_ROWS };

/// `mode` of a typed time criterion.
pub(super) const TIME_MODES: Vocabulary<TimeMode> = Vocabulary { noun: "mode", code: UNKNOWN_MODE, rows: TIME_ROWS };

/// `operator` of a time in the short form.
pub(super) const TIME_OPERATORS: Vocabulary<TimeMode> =
    Vocabulary { noun: "operator", code: UNKNOWN_OPERATOR, rows: TIME_ROWS };
