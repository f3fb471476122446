//! Points of metrics into values, by the tenant's rules. Pure.

use std::collections::{BTreeSet, HashMap};

use chrono::DateTime;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, Sum, metric, number_data_point,
};
use serde_json::{Map, Value, json};

use crate::metric_rules::{MetricRule, Target};

/// Metrics that an answer names.
const NAMED: usize = 5;
/// Longest source, in characters.
const SOURCE_CHARS: usize = 200;
/// The flag of a point that says that there is nothing to say.
const NO_RECORDED_VALUE: u32 = 1;

/// What rules make of an export.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// The values, as the JSON form has them, each with the number of its point: several rules may want one.
    pub(super) entries: Vec<(usize, String)>,
    /// Points that became values.
    wanted: usize,
    /// Points that no rule made a value of.
    unwanted: Left,
    /// Points of sums that a rule wants, which say how much came since the last export: no total follows from such points, for
    /// one of them may come twice, or never.
    deltas: Left,
}

/// Points that are not taken.
#[derive(Debug, Default)]
struct Left {
    points: usize,
    /// Some of the metrics that they are of.
    metrics: BTreeSet<String>,
}

impl Left {
    fn add(&mut self, points: usize, metric: &str) {
        self.points += points;
        if points > 0 && self.metrics.len() < NAMED {
            self.metrics.insert(metric.chars().take(SOURCE_CHARS).collect());
        }
    }

    /// What to tell of them.
    fn told(&self, what: &str, how: &str) -> Option<String> {
        let metrics = self.metrics.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        (self.points > 0).then(|| format!("{what}: {} (such as {metrics}); {how}.", self.points))
    }
}

impl Values {
    /// Holds every point against the rules.
    pub(super) fn of(export: &ExportMetricsServiceRequest, rules: &[MetricRule]) -> Self {
        let mut by_metric: HashMap<&str, Vec<&MetricRule>> = HashMap::new();
        for rule in rules {
            by_metric.entry(&rule.metric).or_default().push(rule);
        }
        let mut values = Self::default();
        for resource in &export.resource_metrics {
            let about = resource.resource.as_ref().map(|about| texts(&about.attributes)).unwrap_or_default();
            for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                let rules = by_metric.get(metric.name.as_str()).map(Vec::as_slice).unwrap_or_default();
                values.take(metric, rules, &about);
            }
        }
        values
    }

    fn take(&mut self, metric: &Metric, rules: &[&MetricRule], about: &HashMap<&str, String>) {
        let unwanted = match &metric.data {
            Some(metric::Data::Gauge(gauge)) => self.numbers(&gauge.data_points, rules, about),
            Some(metric::Data::Sum(sum)) if !rules.is_empty() && is_delta(sum) => {
                self.deltas.add(sum.data_points.len(), &metric.name);
                0
            }
            Some(metric::Data::Sum(sum)) => self.numbers(&sum.data_points, rules, about),
            // A distribution is no single value.
            Some(metric::Data::Histogram(histogram)) => histogram.data_points.len(),
            Some(metric::Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
            Some(metric::Data::Summary(summary)) => summary.data_points.len(),
            // Nothing of it could be read: its JSON may be misspelt, which says nothing else.
            None => 1,
        };
        self.unwanted.add(unwanted, &metric.name);
    }

    /// Takes points; says how many of them no rule wants.
    fn numbers(&mut self, points: &[NumberDataPoint], rules: &[&MetricRule], about: &HashMap<&str, String>) -> usize {
        let mut unwanted = 0;
        for point in points.iter().filter(|point| point.flags & NO_RECORDED_VALUE == 0) {
            let own = if rules.is_empty() { HashMap::new() } else { texts(&point.attributes) };
            let said = |name: &str| own.get(name).or_else(|| about.get(name)).map(String::as_str);
            let before = self.entries.len();
            for rule in rules.iter().filter(|rule| rule.fits(said)) {
                if let Some(target) = rule.target(said) {
                    self.entries.push((self.wanted, entry(rule, target, point, said("service.name"))));
                }
            }
            let is_wanted = self.entries.len() > before;
            self.wanted += usize::from(is_wanted);
            unwanted += usize::from(!is_wanted);
        }
        unwanted
    }

    /// Points of which nothing is stored when these values, named by their places, are refused.
    pub(super) fn left(&self, refused: impl Iterator<Item = usize>) -> usize {
        let refused: BTreeSet<usize> = refused.collect();
        let stored = self.entries.iter().enumerate().filter(|(at, _)| !refused.contains(at));
        let stored: BTreeSet<usize> = stored.map(|(_, (point, _))| *point).collect();
        self.unwanted.points + self.deltas.points + self.wanted - stored.len()
    }

    /// What to tell of them.
    pub(super) fn told(&self) -> impl Iterator<Item = String> {
        let unwanted = self.unwanted.told(
            "Points that are no gauge or sum, cannot be read, or that no metric rule wants",
            "see /telemetry/v1/metric-rules",
        );
        let deltas = self.deltas.told(
            "Points of sums with DELTA temporality, of which no total follows",
            "let the exporter send CUMULATIVE ones (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative)",
        );
        unwanted.into_iter().chain(deltas)
    }
}

fn is_delta(sum: &Sum) -> bool {
    sum.aggregation_temporality == i32::from(AggregationTemporality::Delta)
}

/// A value as the JSON form has it. The number is text, so that the attribute's type says how it is read.
fn entry(rule: &MetricRule, target: Target, point: &NumberDataPoint, service: Option<&str>) -> String {
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| drop(entry.insert(name.to_owned(), value));
    match target {
        Target::Id(id) => put("assignmentId", json!(id)),
        Target::Key(key) => put("assignmentKey", json!(key)),
    }
    put("attributeName", json!(rule.attribute_name));
    if let Some(task) = &rule.task_name {
        put("taskName", json!(task));
    }
    if let Some(number) = point.value {
        put("text", json!(number_text(number)));
    }
    if let Some(moment) = i64::try_from(point.time_unix_nano).ok().filter(|nanos| *nanos > 0) {
        put("observedAt", json!(DateTime::from_timestamp_nanos(moment).to_rfc3339()));
    }
    if let Some(service) = service.filter(|service| !service.contains(char::is_control)) {
        put("source", json!(service.chars().take(SOURCE_CHARS).collect::<String>()));
    }
    Value::Object(entry).to_string()
}

fn number_text(number: number_data_point::Value) -> String {
    match number {
        number_data_point::Value::AsInt(number) => number.to_string(),
        number_data_point::Value::AsDouble(number) => number.to_string(),
    }
}

/// Attributes that are one text, number or flag.
fn texts(attributes: &[KeyValue]) -> HashMap<&str, String> {
    let text = |attribute: &KeyValue| match attribute.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        any_value::Value::BoolValue(flag) => Some(flag.to_string()),
        any_value::Value::IntValue(number) => Some(number.to_string()),
        any_value::Value::DoubleValue(number) => Some(number.to_string()),
        _ => None,
    };
    attributes.iter().filter_map(|attribute| Some((attribute.key.as_str(), text(attribute)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::message::Notation;
    use super::*;
    use kernel::{TenantId, Timestamp};
    use prost::Message;
    use std::iter;

    fn rule(command: Value) -> MetricRule {
        MetricRule::create(serde_json::from_value(command).unwrap(), TenantId::fresh(), Timestamp::from_micros(1))
            .unwrap()
    }

    /// An export as the specification writes one, with what exporters leave out left out.
    fn export() -> ExportMetricsServiceRequest {
        let point = |customer: &str, value: Value| {
            json!({ "attributes": [{ "key": "customer.id", "value": { "stringValue": customer } }],
                "timeUnixNano": "1763719800123456789", "asInt": value })
        };
        let json = json!({ "resourceMetrics": [{
            "resource": { "attributes": [
                { "key": "service.name", "value": { "stringValue": "gate" } },
                { "key": "env", "value": { "stringValue": "prod" } },
            ] },
            "scopeMetrics": [{ "scope": { "name": "lib" }, "metrics": [
                { "name": "users", "unit": "1", "gauge": { "dataPoints": [point("harbour-7", json!("12")), point("harbour-8", json!(3))] } },
                { "name": "ratio", "sum": { "aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [
                    { "timeUnixNano": "1763719800000000000", "asDouble": 0.5 }, { "flags": 1 }] } },
                { "name": "latency", "histogram": { "aggregationTemporality": 2, "dataPoints": [
                    { "timeUnixNano": "1763719800000000000", "count": "2", "sum": 3.0, "bucketCounts": ["1", "1"], "explicitBounds": [1.0] }] } },
            ] }],
        }] });
        Notation::Json.read(json.to_string().as_bytes()).unwrap()
    }

    fn read(values: &Values) -> Vec<Value> {
        values.entries.iter().map(|(_, entry)| serde_json::from_str(entry).unwrap()).collect()
    }

    #[test]
    fn a_metric_that_cannot_be_read_is_told() {
        let misspelt = json!({ "dataPoints": [{ "asInt": "50" }, { "asInt": "1", "timeUnixNano": "-5" }] });
        let metrics = json!([{ "name": "users", "gauge": misspelt }]);
        let export = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": metrics }] }] });
        let export = Notation::Json.read(export.to_string().as_bytes()).unwrap();
        let values = Values::of(&export, &[]);
        assert_eq!(values.left(iter::empty()), 1);
        assert!(values.told().next().unwrap().contains("users"));
    }

    #[test]
    fn points_become_values_by_rules_and_the_rest_is_told() {
        let rules = [
            rule(
                json!({ "metric": "users", "attributeName": "Users", "assignmentFrom": "customer.id", "conditions": { "env": "prod" } }),
            ),
            rule(
                json!({ "metric": "users", "attributeName": "Users", "assignmentFrom": "customer.id", "conditions": { "env": "test" } }),
            ),
            rule(
                json!({ "metric": "ratio", "attributeName": "Ratio", "assignmentFrom": "service.name", "taskName": "Roll out" }),
            ),
            rule(json!({ "metric": "latency", "attributeName": "Latency", "assignmentFrom": "service.name" })),
        ];
        let values = Values::of(&export(), &rules);
        let entries = read(&values);
        assert_eq!(
            entries[0],
            json!({ "assignmentKey": "harbour-7", "attributeName": "Users", "text": "12", "source": "gate",
                "observedAt": "2025-11-21T10:10:00.123456789+00:00" })
        );
        assert_eq!((&entries[1]["assignmentKey"], &entries[1]["text"]), (&json!("harbour-8"), &json!("3")));
        assert_eq!((&entries[2]["taskName"], &entries[2]["text"]), (&json!("Roll out"), &json!("0.5")));
        assert_eq!((entries.len(), values.left(iter::empty()), values.left([1, 2].into_iter())), (3, 1, 3));
        assert!(values.told().eq(["Points that are no gauge or sum, cannot be read, or that no metric rule wants: 1 (such as latency); see /telemetry/v1/metric-rules."]));
        assert_eq!(Values::of(&export(), &[]).left(iter::empty()), 4);
    }

    #[test]
    fn a_point_that_several_rules_want_is_one_point() {
        let to = |attribute: &str| {
            rule(json!({ "metric": "users", "attributeName": attribute, "assignmentFrom": "customer.id" }))
        };
        let values = Values::of(&export(), &[to("Users"), to("Seats")]);
        assert_eq!(
            (values.entries.len(), values.left(iter::empty())),
            (4, 2),
            "a ratio and a latency that nobody wants"
        );
        for (refused, left) in [(vec![1], 2), (vec![0, 1], 3), (vec![1, 2], 2), (vec![0, 1, 2, 3], 4)] {
            assert_eq!(values.left(refused.into_iter()), left);
        }
    }

    #[test]
    fn a_sum_that_says_what_was_added_is_no_total() {
        let rules = [rule(json!({ "metric": "logins", "attributeName": "Logins", "assignmentFrom": "service.name" }))];
        let sums = |temporality: i32| {
            let points = json!([{ "timeUnixNano": "1763719800000000000", "asInt": "3" }]);
            let sum = |name: &str| json!({ "name": name, "sum": { "aggregationTemporality": temporality, "dataPoints": points } });
            let gate = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "gate" } }] });
            let metrics = json!([{ "metrics": [sum("logins"), sum("nobody wants it")] }]);
            let export = json!({ "resourceMetrics": [{ "resource": gate, "scopeMetrics": metrics }] });
            Values::of(&Notation::Json.read(export.to_string().as_bytes()).unwrap(), &rules)
        };
        let (delta, total) = (sums(1), sums(2));
        assert_eq!((delta.entries.len(), delta.left(iter::empty())), (0, 2));
        let told: Vec<_> = delta.told().collect();
        assert!(
            told[0].contains("nobody wants it") && told[1].contains("1 (such as logins); let the exporter"),
            "{told:?}"
        );
        assert_eq!((total.entries.len(), total.left(iter::empty())), (1, 1));
    }

    #[test]
    fn protobuf_and_json_say_the_same() {
        let export = export();
        assert_eq!(Notation::Protobuf.read(&export.encode_to_vec()).unwrap(), export);
        assert_eq!(Notation::Protobuf.read(b"no protobuf").unwrap_err().kind().status, 400);
        assert_eq!(Notation::Json.read(b"{").unwrap_err().kind().status, 400);
        let misfit = Notation::Json.read(br#"{"resourceMetrics": [{"scopeMetrics": 5}]}"#).unwrap_err();
        assert_eq!((misfit.kind().status, &*misfit.errors()[0].pointer), (422, "/resourceMetrics/0/scopeMetrics"));
        assert!(!misfit.errors()[0].detail.contains("struct"), "{misfit:?}");
        assert_eq!(Notation::of("text/plain").unwrap_err().kind().status, 415);
        assert_eq!(Notation::Json.answer(0, ""), b"{}");
        assert_eq!(Notation::Protobuf.answer(0, ""), b"");
        let told: Value = serde_json::from_slice(&Notation::Json.answer(2, "why")).unwrap();
        assert_eq!(told, json!({ "partialSuccess": { "rejectedDataPoints": "2", "errorMessage": "why" } }));
        let warned: Value = serde_json::from_slice(&Notation::Json.answer(0, "why")).unwrap();
        assert_eq!(warned["partialSuccess"], json!({ "rejectedDataPoints": "0", "errorMessage": "why" }));
        assert!(!Notation::Protobuf.answer(0, "why").is_empty());
    }
}
