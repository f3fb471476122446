//! Points of metrics into values, by the tenant's rules. Pure.

use std::collections::{BTreeSet, HashMap};

use chrono::DateTime;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{DataPointFlags, Metric, NumberDataPoint, metric, number_data_point};
use serde_json::{Map, Value, json};

use crate::metric_rules::{MetricRule, Target};

/// Metrics that an answer names.
const NAMED: usize = 5;
/// Longest source, in characters.
const SOURCE_CHARS: usize = 200;

/// What rules make of an export.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// The values, as the JSON form has them.
    pub(super) entries: Vec<String>,
    /// Points that no rule made a value of.
    pub(super) unwanted: usize,
    /// The metrics of those.
    names: BTreeSet<String>,
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
        let before = self.unwanted;
        match &metric.data {
            Some(metric::Data::Gauge(gauge)) => self.numbers(&gauge.data_points, rules, about),
            Some(metric::Data::Sum(sum)) => self.numbers(&sum.data_points, rules, about),
            // A distribution is no single value.
            Some(metric::Data::Histogram(histogram)) => self.unwanted += histogram.data_points.len(),
            Some(metric::Data::ExponentialHistogram(histogram)) => self.unwanted += histogram.data_points.len(),
            Some(metric::Data::Summary(summary)) => self.unwanted += summary.data_points.len(),
            None => {}
        }
        if self.unwanted > before && self.names.len() < NAMED {
            self.names.insert(metric.name.chars().take(SOURCE_CHARS).collect());
        }
    }

    fn numbers(&mut self, points: &[NumberDataPoint], rules: &[&MetricRule], about: &HashMap<&str, String>) {
        for point in points {
            // It says that there is nothing to say.
            if point.flags & u32::try_from(i32::from(DataPointFlags::NoRecordedValueMask)).unwrap_or_default() != 0 {
                continue;
            }
            let own = if rules.is_empty() { HashMap::new() } else { texts(&point.attributes) };
            let said = |name: &str| own.get(name).or_else(|| about.get(name)).map(String::as_str);
            let before = self.entries.len();
            for rule in rules.iter().filter(|rule| rule.fits(said)) {
                if let Some(target) = rule.target(said) {
                    self.entries.push(entry(rule, target, point, said("service.name")));
                }
            }
            self.unwanted += usize::from(self.entries.len() == before);
        }
    }

    /// What to tell of the points that no rule wanted.
    pub(super) fn told(&self) -> Option<String> {
        if self.unwanted == 0 {
            return None;
        }
        let names = self.names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let unwanted = self.unwanted;
        Some(format!(
            "Points that are no gauge or sum, or that no metric rule wants: {unwanted} (such as {names}); see /telemetry/v1/metric-rules."
        ))
    }
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
        values.entries.iter().map(|entry| serde_json::from_str(entry).unwrap()).collect()
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
        assert_eq!((entries.len(), values.unwanted), (3, 1));
        assert!(values.told().unwrap().contains("latency"));
        assert_eq!(Values::of(&export(), &[]).unwanted, 4);
    }

    #[test]
    fn protobuf_and_json_say_the_same() {
        let export = export();
        assert_eq!(Notation::Protobuf.read(&export.encode_to_vec()).unwrap(), export);
        assert_eq!(Notation::Protobuf.read(b"no protobuf").unwrap_err().kind().status, 400);
        assert_eq!(Notation::Json.read(b"{").unwrap_err().kind().status, 400);
        assert_eq!(Notation::of("text/plain").unwrap_err().kind().status, 415);
        assert_eq!(Notation::Json.answer(0, ""), b"{}");
        assert_eq!(Notation::Protobuf.answer(0, ""), b"");
        let told: Value = serde_json::from_slice(&Notation::Json.answer(2, "why")).unwrap();
        assert_eq!(told, json!({ "partialSuccess": { "rejectedDataPoints": "2", "errorMessage": "why" } }));
    }
}
