//! Laws that hold for every criterion, every value and every moment.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{collection::vec, option, prelude::*, sample::select};
use rules::{Criterion, DataType};
use serde_json::{Map, Value, json};

use crate::{criterion, noon};

fn data_types() -> impl Strategy<Value = DataType> {
    select(DataType::ALL.to_vec())
}

fn numbers() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-20..20).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
    ]
}

/// Times around noon, to the microsecond or far away.
fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        (-5..5_i64).prop_map(|micros| noon() + TimeDelta::microseconds(micros)),
        (-2_000_000_000_000..2_000_000_000_000_i64).prop_map(|micros| noon() + TimeDelta::microseconds(micros)),
        (-50_000..50_000_i64).prop_map(|days| noon() + TimeDelta::days(days)),
    ]
}

fn times() -> impl Strategy<Value = Value> {
    prop_oneof![
        (moments(), 0..1_000_i64).prop_map(|(time, nanos)| json!((time + TimeDelta::nanoseconds(nanos)).to_rfc3339())),
        moments().prop_map(|time| json!(time.timestamp_millis())),
        moments().prop_map(|time| json!(time.date_naive().to_string())),
    ]
}

fn texts() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".{0,12}",
        "[abcAB ]{0,4}",
        "[+-]?[0-9.]{0,6}[eE]?[+-]?[0-9]{0,3}[a-z]{0,2}",
        select(vec!["true", "No", " on ", "now", "", "2026-02-30", "9999-12-31", "0000-01-01T00:00:00+23:59"])
            .prop_map(str::to_owned),
    ]
    .prop_map(Value::from)
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), numbers(), texts(), times()]
}

/// The fields of the notation, and one whose name needs escaping in a pointer.
const FIELDS: &str = "type operator value threshold expectedValue mode pattern caseSensitive referenceTime \
                      withinDays criteria description a/b~c";

/// Words of the notation, with a few that are nearly one.
const WORDS: &str = "boolean_flag number_threshold string_match string_not_null timestamp_comparison \
                     timestamp_not_null composite_and composite_or >= lt => contains regex exact before \
                     within_days not_null now ( {\"value\":1}";

fn one_of(words: &'static str) -> impl Strategy<Value = String> + Clone {
    select(words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

/// Any JSON, much of it a criterion or nearly one.
fn documents() -> impl Strategy<Value = Value> {
    let short = (one_of(WORDS), scalars()).prop_map(|(word, value)| json!({ "operator": word, "value": value }));
    let typed = data_types().prop_flat_map(leaves);
    prop_oneof![scalars(), one_of(WORDS).prop_map(Value::from), short, typed].prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec(inner.clone(), 0..3).prop_map(|criteria| json!({ "type": "composite_or", "criteria": criteria })),
            vec((one_of(FIELDS), inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Leaves that are valid for the type.
fn leaves(data_type: DataType) -> BoxedStrategy<Value> {
    let flag = any::<bool>().prop_map(|expected| json!({ "type": "boolean_flag", "expectedValue": expected }));
    let operators = select(vec!["greater_than", ">=", "eq", "<=", "lt"]);
    let number = (operators, numbers()).prop_filter("finite", |(_, number)| number.is_number()).prop_map(
        |(operator, number)| json!({ "type": "number_threshold", "operator": operator, "threshold": number }),
    );
    let text = (select(vec!["exact", "contains", "regex"]), "[abAB.]{0,3}", any::<bool>()).prop_map(
        |(mode, pattern, case_sensitive)| {
            json!({ "type": "string_match", "mode": mode, "pattern": pattern, "caseSensitive": case_sensitive })
        },
    );
    let not_null = Just(json!({ "type": "string_not_null" }));
    match data_type {
        DataType::Boolean => prop_oneof![flag, not_null].boxed(),
        DataType::Number => prop_oneof![number, not_null].boxed(),
        DataType::String => prop_oneof![text, not_null].boxed(),
        DataType::Timestamp => {
            prop_oneof![4 => time_tests(), 1 => Just(json!({ "type": "timestamp_not_null" }))].boxed()
        }
        DataType::Json => prop_oneof![flag, number, text, not_null, time_tests()].boxed(),
    }
}

fn time_tests() -> impl Strategy<Value = Value> {
    let reference = prop_oneof![3 => Just(json!("now")), 1 => times()];
    let days = prop_oneof![Just(7.0), 0.000_000_001..30.0_f64, 1.0..36_525.0_f64];
    (select(vec!["before", "after", "within_days"]), reference, days).prop_map(|(mode, reference, days)| {
        json!({ "type": "timestamp_comparison", "mode": mode, "referenceTime": reference, "withinDays": days })
    })
}

/// Valid criteria of the type: leaves, and groups of them with and without a description.
fn criteria(data_type: DataType) -> impl Strategy<Value = Criterion> {
    let tree = leaves(data_type).prop_recursive(3, 20, 4, |inner| {
        (select(vec!["composite_and", "composite_or"]), vec(inner, 0..4), option::of("[a-z]{0,5}")).prop_map(
            |(word, criteria, description)| {
                let mut group =
                    Map::from_iter([("type".to_owned(), json!(word)), ("criteria".to_owned(), json!(criteria))]);
                group.extend(description.map(|text| ("description".to_owned(), json!(text))));
                Value::Object(group)
            },
        )
    });
    tree.prop_map(move |json| criterion(&json, data_type))
}

fn typed_criteria() -> impl Strategy<Value = (DataType, Criterion)> {
    data_types().prop_flat_map(|data_type| (Just(data_type), criteria(data_type)))
}

fn values() -> impl Strategy<Value = Option<Value>> {
    option::weighted(0.95, prop_oneof![4 => scalars(), 1 => documents()])
}

/// Moments of evaluation, the ends of the calendar included.
fn nows() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        8 => (moments(), 0..1_000_i64).prop_map(|(time, nanos)| time + TimeDelta::nanoseconds(nanos)),
        1 => select(vec![DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_json_is_either_a_criterion_or_told_why_not(
        json in documents(), data_type in data_types(), value in values(), now in nows(),
    ) {
        match Criterion::parse(&json, data_type) {
            Ok(criterion) => {
                criterion.evaluate(value.as_ref(), now);
                criterion.explain(value.as_ref(), now);
                criterion.witness(data_type, true, now);
            }
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }

    #[test]
    fn any_json_is_accepted_or_refused_as_a_value(json in documents(), data_type in data_types()) {
        let refusal = data_type.check(&json).err();
        prop_assert!(refusal.is_none_or(|error| !error.detail.is_empty()));
    }

    #[test]
    fn an_explanation_agrees_with_the_verdict((_, criterion) in typed_criteria(), value in values(), now in nows()) {
        let explanation = criterion.explain(value.as_ref(), now);
        prop_assert_eq!(explanation.verdict(), criterion.evaluate(value.as_ref(), now));
    }

    #[test]
    fn what_is_written_is_read_back((data_type, criterion) in typed_criteria()) {
        prop_assert_eq!(Criterion::parse(&criterion.to_json(), data_type), Ok(criterion));
    }

    #[test]
    fn a_criterion_understood_from_any_json_is_read_back(json in documents(), data_type in data_types()) {
        if let Ok(criterion) = Criterion::parse(&json, data_type) {
            prop_assert_eq!(Criterion::parse(&criterion.to_json(), data_type), Ok(criterion));
        }
    }

    #[test]
    fn a_verdict_stands_until_its_recheck(
        criterion in criteria(DataType::Timestamp), value in times(), now in nows(),
        part in 0.0..1.0_f64, later in 0..40_000_i64,
    ) {
        let verdict = criterion.evaluate(Some(&value), now);
        let moments = match verdict.recheck_at {
            Some(recheck_at) => {
                prop_assert!(recheck_at > now);
                let last = recheck_at - TimeDelta::nanoseconds(1);
                let wait = (last - now).to_std().unwrap_or_default().mul_f64(part);
                vec![(now + TimeDelta::from_std(wait).unwrap_or_default()).min(last), last]
            }
            None => {
                let sometime = now.checked_add_signed(TimeDelta::days(later));
                sometime.into_iter().chain([DateTime::<Utc>::MAX_UTC]).collect()
            }
        };
        for moment in moments {
            prop_assert_eq!(criterion.evaluate(Some(&value), moment).met, verdict.met, "at {}", moment);
        }
    }

    #[test]
    fn a_single_test_turns_over_at_its_recheck(json in time_tests(), value in times(), now in nows()) {
        let criterion = criterion(&json, DataType::Timestamp);
        let verdict = criterion.evaluate(Some(&value), now);
        if let Some(recheck_at) = verdict.recheck_at {
            prop_assert_ne!(criterion.evaluate(Some(&value), recheck_at).met, verdict.met);
        }
    }

    #[test]
    fn moving_away_from_a_threshold_loses_nothing(
        low in any::<f64>(), high in any::<f64>(), threshold in -1e9..1e9_f64,
    ) {
        let (low, high) = if low <= high { (low, high) } else { (high, low) };
        for (operator, kept) in [(">", [low, high]), (">=", [low, high]), ("<", [high, low]), ("<=", [high, low])] {
            let criterion = criterion(&json!({ "operator": operator, "value": threshold }), DataType::Number);
            let [first, second] = kept.map(|number| criterion.evaluate(Some(&json!(number)), noon()).met);
            prop_assert!(!first || second, "{} {} loses {:?}", operator, threshold, kept);
        }
    }

    #[test]
    fn a_witness_is_acceptable_and_confirmed(
        (data_type, criterion) in typed_criteria(), met in any::<bool>(), now in nows(),
    ) {
        if let Some(witness) = criterion.witness(data_type, met, now) {
            prop_assert_eq!(data_type.check(&witness), Ok(()));
            prop_assert_eq!(criterion.evaluate(Some(&witness), now).met, met);
        }
    }
}
