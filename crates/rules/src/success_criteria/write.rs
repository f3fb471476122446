//! The tree written back in the typed form.

use serde_json::{Value, json};

use super::words::{Kind, LeafKind, TimeMode, Word};
use crate::{
    criterion::{Criterion, Node},
    leaf::{Leaf, Relation, TimeTest},
    reading::number_json,
};

/// Writes a criterion, with its description where it has one.
pub(super) fn criterion(criterion: &Criterion) -> Value {
    let mut json = match &criterion.node {
        Node::Leaf(leaf) => self::leaf(leaf),
        Node::All(children) => group(Kind::All, children),
        Node::Any(children) => group(Kind::Any, children),
    };
    if let (Some(description), Some(object)) = (&criterion.description, json.as_object_mut()) {
        object.insert("description".to_owned(), json!(description));
    }
    json
}

fn group(kind: Kind, children: &[Criterion]) -> Value {
    let children: Vec<Value> = children.iter().map(criterion).collect();
    json!({ "type": kind.word(), "criteria": children })
}

fn leaf(leaf: &Leaf) -> Value {
    match leaf {
        Leaf::Flag(expected) => json!({ "type": LeafKind::Flag.word(), "expectedValue": expected }),
        Leaf::Number(threshold) => json!({
            "type": LeafKind::Number.word(),
            "operator": threshold.comparison.word(),
            "threshold": number_json(threshold.number),
        }),
        Leaf::Text(text) => json!({
            "type": LeafKind::Text.word(),
            "mode": text.mode().word(),
            "pattern": text.pattern(),
            "caseSensitive": text.case_sensitive(),
        }),
        Leaf::NotEmpty => json!({ "type": LeafKind::NotEmpty.word() }),
        Leaf::Time(test) => time(*test),
        Leaf::IsTime => json!({ "type": LeafKind::IsTime.word() }),
    }
}

fn time(TimeTest { relation, reference }: TimeTest) -> Value {
    let word = LeafKind::Time.word();
    let reference = reference.to_string();
    match relation {
        Relation::Before => json!({ "type": word, "mode": TimeMode::Before.word(), "referenceTime": reference }),
        Relation::After => json!({ "type": word, "mode": TimeMode::After.word(), "referenceTime": reference }),
        Relation::Within(window) => json!({
            "type": word,
            "mode": TimeMode::WithinDays.word(),
            "referenceTime": reference,
            "withinDays": number_json(window.days()),
        }),
    }
}
