//! The typed form: every leaf says its `type` and has fields of its own.

use super::{
    error as codes,
    fields::Fields,
    readers,
    words::{COMPARISONS, LeafKind, TEXT_MODES, TIME_MODES, TimeMode, Word},
};
use crate::{
    data_type::DataType,
    leaf::{Leaf, Reference, Relation, TextMatch, TextMode, Threshold, TimeTest},
};

/// Reads a leaf of the given kind. Its fields are read even where the kind does not fit the attribute, so
/// that an author sees all mistakes at once.
pub(super) fn leaf(fields: &mut Fields<'_>, kind: LeafKind, data_type: DataType) -> Option<Leaf> {
    if let Some(home) = kind.home().filter(|home| ![*home, DataType::Json].contains(&data_type)) {
        fields.refuse("type", codes::type_mismatch(kind.word(), home, data_type));
    }
    match kind {
        LeafKind::Flag => flag(fields),
        LeafKind::Number => number(fields),
        LeafKind::Text => text(fields),
        LeafKind::NotEmpty => bare(fields, Leaf::NotEmpty),
        LeafKind::Time => time(fields),
        LeafKind::IsTime => bare(fields, Leaf::IsTime),
    }
}

fn bare(fields: &mut Fields<'_>, leaf: Leaf) -> Option<Leaf> {
    fields.only(&[]);
    Some(leaf)
}

fn flag(fields: &mut Fields<'_>) -> Option<Leaf> {
    fields.only(&["expectedValue"]);
    fields.required("expectedValue", "true or false", readers::flag).map(Leaf::Flag)
}

fn number(fields: &mut Fields<'_>) -> Option<Leaf> {
    fields.only(&["operator", "threshold"]);
    let comparison = fields.required("operator", "an operator such as >=", |value| COMPARISONS.read(value));
    let number = fields.required("threshold", "the number to compare with", readers::number);
    Some(Leaf::Number(Threshold { comparison: comparison?, number: number? }))
}

fn text(fields: &mut Fields<'_>) -> Option<Leaf> {
    fields.only(&["mode", "pattern", "caseSensitive"]);
    let mode = fields.required("mode", "exact, contains or regex", |value| TEXT_MODES.read(value));
    let pattern = fields.required("pattern", "the text to look for", readers::pattern);
    let case_sensitive = fields.or("caseSensitive", false, readers::switch);
    text_match(fields, "pattern", mode?, pattern?, case_sensitive?)
}

/// Prepares a pattern that was read from the field `name`.
pub(super) fn text_match(
    fields: &mut Fields<'_>,
    name: &str,
    mode: TextMode,
    pattern: String,
    case_sensitive: bool,
) -> Option<Leaf> {
    match TextMatch::new(mode, pattern, case_sensitive) {
        Ok(text) => Some(Leaf::Text(text)),
        Err(error) => {
            fields.refuse(name, codes::invalid_regex(&error));
            None
        }
    }
}

/// Spreadsheet imports left `withinDays` without a mode; what they meant is plain, so it is understood. Beside
/// another mode `withinDays` must still be a window, and says nothing.
fn time(fields: &mut Fields<'_>) -> Option<Leaf> {
    fields.only(&["mode", "referenceTime", "withinDays"]);
    let mode = if fields.has("withinDays") {
        fields.or("mode", TimeMode::WithinDays, |value| TIME_MODES.read(value))
    } else {
        fields.required("mode", "before, after or within_days", |value| TIME_MODES.read(value))
    };
    let reference = fields.or("referenceTime", Reference::Now, readers::reference);
    let window = match mode {
        Some(TimeMode::WithinDays) => fields.required("withinDays", "the number of days", readers::window).map(Some),
        _ => fields.or("withinDays", None, |value| readers::window(value).map(Some)),
    };
    let relation = match mode? {
        TimeMode::Before => Relation::Before,
        TimeMode::After => Relation::After,
        TimeMode::WithinDays => Relation::Within(window??),
    };
    Some(Leaf::Time(TimeTest { relation, reference: reference? }))
}
