//! Workbooks of any kind: names in any script, formulas, quotes, line breaks, empty and largest values.

use std::collections::BTreeSet;

use contracts::catalog::{CustomDataType, LicenseLevel};
use kernel::Hundredths;
use proptest::prelude::*;
use proptest::sample::select;
use rules::{Criterion, DataType};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::*;

/// Text of at least one character that a person or a machine may have put there.
fn words() -> impl Strategy<Value = String> {
    let odd = [
        "=1+1",
        "+49 30",
        "-5",
        "@sum",
        "'quoted'",
        "''",
        "\"double\"",
        "a, b",
        "_x000D_",
        "_x005F_",
        "&amp; <b>",
        "]]>",
        "日本語",
        "مرحبا",
        "ไทย",
        "👩‍👩‍👧‍👦",
        "e\u{301}",
        "\u{feff}bom",
        "\u{a0}nbsp",
        "\u{2028}",
        "\u{fffe}",
        "\u{ffff}",
        "true",
        "1.50",
        "2026-01-31",
        "1e5",
        "NULL",
        "#REF!",
        "x;y",
    ];
    prop_oneof![
        3 => select(odd.to_vec()).prop_map(str::to_owned),
        3 => "[a-zA-Z ]{1,12}",
        2 => "\\PC{1,20}",
        1 => (select(odd.to_vec()), "\\PC{0,8}").prop_map(|(odd, more)| format!("{odd}{more}")),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        12 => words(),
        1 => Just("ß".repeat(255)),
        1 => Just("👍".repeat(255)),
    ];
    let unseen = |c: char| matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
    name.prop_map(move |name| name.replace(unseen, "").trim().to_owned())
        .prop_filter("a name is not blank", |name| !name.is_empty())
}

fn names(most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(name(), 0..=most).prop_map(|names| {
        let mut seen = BTreeSet::new();
        names.into_iter().filter(|name| seen.insert(name.to_lowercase())).collect()
    })
}

fn long() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        14 => Just(None),
        16 => words().prop_map(Some),
        5 => (words(), words()).prop_map(|(first, second)| Some(format!("{first}\r\n\t{second}\r{second} \n"))),
        1 => Just(Some("👍".repeat(5_000))),
        1 => Just(Some(" ".to_owned())),
    ]
}

fn key() -> impl Strategy<Value = Option<String>> {
    prop::option::of(words())
}

fn id<Id: From<Uuid> + std::fmt::Debug>() -> impl Strategy<Value = Id> {
    any::<u128>().prop_map(|id| Id::from(Uuid::from_u128(id)))
}

fn urls() -> impl Strategy<Value = Vec<String>> {
    let url = "[a-z]{1,8}".prop_map(|word| format!("https://example.com/{word}?a=1,2&b=\"q\""));
    prop_oneof![
        40 => prop::collection::vec(url, 0..4),
        1 => Just((0..100).map(|n| format!("https://example.com/{n:04}{}", "x".repeat(1_976))).collect()),
    ]
}

fn some_of(names: Vec<String>) -> impl Strategy<Value = Vec<String>> {
    let most = names.len();
    prop::sample::subsequence(names, 0..=most)
}

fn criterion() -> impl Strategy<Value = (DataType, Option<Value>)> {
    let parsed = |(data_type, json): (DataType, Value)| {
        (data_type, Criterion::parse(&json, data_type).ok().map(|it| it.to_json()))
    };
    let operator = select(vec!["gt", "gte", "lt", "lte", "=="]);
    let mode = select(vec!["exact", "contains", "regex"]);
    prop_oneof![
        Just((DataType::Json, None)),
        Just((DataType::String, json!({ "type": "string_not_null", "description": "any" }))).prop_map(parsed),
        Just((DataType::Timestamp, json!({ "type": "timestamp_not_null" }))).prop_map(parsed),
        any::<bool>().prop_map(|flag| (DataType::Boolean, json!({ "type": "boolean_flag", "expectedValue": flag }))).prop_map(parsed),
        (operator, -1e9..1e9).prop_map(|(op, to)| (DataType::Number, json!({ "operator": op, "value": to }))).prop_map(parsed),
        (mode, words(), any::<bool>())
            .prop_map(|(mode, pattern, case)| {
                let json = json!({ "type": "string_match", "mode": mode, "pattern": pattern, "caseSensitive": case });
                (DataType::String, json)
            })
            .prop_map(parsed),
        (1..400).prop_map(|days| (DataType::Timestamp, json!({ "type": "timestamp_comparison", "mode": "within_days", "withinDays": days }))).prop_map(parsed),
        Just((
            DataType::Number,
            json!({ "type": "composite_or", "criteria": [{ "operator": ">", "value": 5 }, { "operator": "<", "value": -5 }] }),
        ))
        .prop_map(parsed),
    ]
}

fn custom() -> impl Strategy<Value = (CustomDataType, Option<String>)> {
    prop_oneof![
        Just((CustomDataType::Text, None)),
        words().prop_map(|text| (CustomDataType::Text, Some(text))),
        select(vec!["0", "-0", "1.10", "12345678901234567890", "1e300", "0.1", "-7"])
            .prop_map(|number| (CustomDataType::Number, Some(number.to_owned()))),
        any::<bool>().prop_map(|flag| (CustomDataType::Boolean, Some(flag.to_string()))),
        Just((CustomDataType::Date, Some("2026-02-28".to_owned()))),
        select(vec!["{\"a\": [1, 2.50]}", "\"text\"", "[]", "7", "true"])
            .prop_map(|json| (CustomDataType::Json, Some(json.to_owned()))),
    ]
}

prop_compose! {
    fn task(links: [Vec<String>; 3])(
        (id, name, description, notes) in (id(), name(), long(), long()),
        (weight, est_minutes, level) in (0..=100, 0..=1_000_000, select(LicenseLevel::ALL.to_vec())),
        (how_to_doc, how_to_video) in (urls(), urls()),
        outcomes in some_of(links[0].clone()),
        releases in some_of(links[1].clone()),
        tags in some_of(links[2].clone()),
        external_key in key(),
    ) -> Task {
        Task {
            id: Some(id), name, description, weight: Hundredths(weight), sequence: Some(1), est_minutes, license_level: level,
            notes, how_to_doc, how_to_video, outcomes, releases, tags, external_key, is_deleted: false,
        }
    }
}

prop_compose! {
    fn attribute()(id in id(), name in name(), (data_type, criterion) in criterion(), is_required in any::<bool>(),
        description in long(), is_active in any::<bool>(), external_key in key()) -> TelemetryAttribute {
        let (task_id, task) = (None, String::new());
        TelemetryAttribute {
            id: Some(id), task_id, task, name, data_type, criterion, is_required, description, is_active,
            display_order: Some(3), external_key,
        }
    }
}

prop_compose! {
    fn parts(outcomes: Vec<String>, releases: Vec<String>, tags: Vec<String>)(
        ids in prop::collection::vec(any::<u128>(), outcomes.len() + releases.len() + tags.len()),
        description in long(), level in 0..=i32::MAX, is_active in any::<bool>(),
        color in prop::option::of("#[0-9a-fA-F]{6}"), key in key(),
        (outcomes, releases, tags) in Just((outcomes, releases, tags)),
    ) -> (Table<Outcome>, Table<Release>, Table<Tag>) {
        let mut ids = ids.into_iter().map(Uuid::from_u128);
        let mut id = || ids.next().unwrap();
        let outcomes = outcomes.into_iter().map(|name| {
            Outcome {
                id: Some(id().into()), name, description: description.clone(), display_order: Some(level.max(1)),
                external_key: key.clone(),
            }
        }).collect();
        let releases = releases.into_iter().map(|name| Release {
            id: Some(id().into()), name, level: Hundredths(level), description: description.clone(), is_active,
            display_order: Some(1), external_key: key.clone(),
        }).collect();
        let tags = tags.into_iter().map(|name| {
            Tag {
                id: Some(id().into()), name, color: color.clone(), description: description.clone(), display_order: Some(2),
                external_key: key.clone(),
            }
        }).collect();
        (outcomes, releases, tags)
    }
}

prop_compose! {
    fn licenses()(rows in prop::collection::vec((id(), name(), 1..=10, long(), any::<bool>(), key()), 0..3),
        included in prop::collection::btree_set(id(), 0..3)) -> Table<License> {
        rows.into_iter().map(|(id, name, level, description, is_active, external_key)| License {
            id: Some(id), name, level, description, is_active, display_order: Some(level), external_key,
            product_licenses: included.iter().copied().collect(),
        }).collect()
    }
}

prop_compose! {
    fn custom_attributes()(names in names(3), rows in prop::collection::vec((id(), custom(), long(), 1..100, key()), 3))
        -> Table<CustomAttribute> {
        names.into_iter().zip(rows).map(|(key, (id, (data_type, value), description, place, external_key))| CustomAttribute {
            id: Some(id), key, is_required: value.is_some(), value, display_order: Some(place), data_type, description, external_key,
        }).collect()
    }
}

prop_compose! {
    fn owner()(kind in select(vec![OwnerKind::Product, OwnerKind::Solution]), id in id(), name in name(), description in long(),
        external_key in key(), order in prop::collection::vec((id(), name()), 0..3),
        resources in prop::collection::vec((name(), "[a-z]{1,9}"), 0..3),
        products in prop::collection::vec((id(), name(), 0..100, long()), 0..3)) -> Workbook {
        let resources = resources.into_iter().map(|(label, word)| Resource { label, url: format!("http://{word}") });
        let products = products.into_iter().map(|(id, name, order, description)| {
            BundledProduct { id: Some(id), name, order: Some(order), description }
        });
        let place = |(order, (id, name))| TaskPlace { id: Some(id), name, order: Some(order) };
        Workbook {
            kind,
            info: Some(Table::from_iter([Info { id: Some(id), name, description, external_key }])),
            resources: Some(resources.collect()),
            products: (kind == OwnerKind::Solution).then(|| products.collect()),
            task_order: (kind == OwnerKind::Solution).then(|| (1..).zip(order).map(place).collect()),
            ..Workbook::default()
        }
    }
}

/// A workbook such as the catalog's rows make.
pub(super) fn workbook() -> impl Strategy<Value = Workbook> {
    (names(3), names(3), names(3)).prop_flat_map(|(outcomes, releases, tags)| {
        let task = task([outcomes.clone(), releases.clone(), tags.clone()]);
        let tasks = prop::collection::vec((task, prop::collection::vec(attribute(), 0..2)), 0..4);
        let parts = parts(outcomes, releases, tags);
        (owner(), tasks, parts, licenses(), prop::option::of(custom_attributes())).prop_map(
            |(owner, tasks, (outcomes, releases, tags), licenses, custom_attributes)| {
                let mut telemetry = Vec::new();
                for (task, attributes) in &tasks {
                    let of =
                        |it: TelemetryAttribute| TelemetryAttribute { task_id: task.id, task: task.name.clone(), ..it };
                    telemetry.extend(attributes.iter().cloned().map(of));
                }
                let place = |(place, (task, _))| Task { sequence: Some(place), ..task };
                let tasks = (1..).zip(tasks).map(place).collect();
                let (tasks, telemetry) = (Some(tasks), Some(telemetry.into_iter().collect()));
                let (outcomes, releases, tags) = (Some(outcomes), Some(releases), Some(tags));
                Workbook {
                    tasks,
                    telemetry,
                    outcomes,
                    releases,
                    tags,
                    licenses: Some(licenses),
                    custom_attributes,
                    ..owner
                }
            },
        )
    })
}
