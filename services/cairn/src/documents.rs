//! The contracts as files: one OpenAPI document per service, the merged one, and AsyncAPI for the events.

use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::platform::{openapi, services};

/// Every document with its file name.
///
/// # Errors
/// When a document does not serialise.
pub fn all() -> Result<Vec<(String, String)>, serde_json::Error> {
    let mut files = Vec::new();
    for service in services() {
        files.push((format!("{}.json", service.name), web::openapi::document(&service).to_pretty_json()?));
    }
    files.push(("cairn.json".to_owned(), openapi().to_pretty_json()?));
    files.push(("asyncapi.json".to_owned(), serde_json::to_string_pretty(&asyncapi())?));
    Ok(files)
}

/// Writes every document into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, text) in all()? {
        std::fs::write(folder.join(name), text + "\n")?;
    }
    Ok(())
}

/// The documents that differ from the files in a folder.
///
/// # Errors
/// When a document does not serialise.
pub fn stale(folder: &Path) -> io::Result<Vec<String>> {
    let differs = |(name, text): &(String, String)| {
        std::fs::read_to_string(folder.join(name)).map_or(true, |kept| kept != format!("{text}\n"))
    };
    Ok(all()?.into_iter().filter(differs).map(|(name, _)| name).collect())
}

/// AsyncAPI 3: a channel and an operation for each event type, the envelope, and the states' schemas.
fn asyncapi() -> Value {
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    let mut schemas = Vec::new();
    for event in contracts::events() {
        schemas.push((event.state.clone(), (event.schema)()));
        (event.schemas)(&mut schemas);
        let name = event.type_name.clone();
        let message = json!({ "$ref": format!("#/components/messages/{name}") });
        channels.insert(name.clone(), json!({
            "address": event.key,
            "x-permission": event.read,
            "messages": { "event": message },
            "bindings": { "amqp": { "is": "routingKey", "exchange": { "name": bus::topology::EXCHANGE, "type": "topic", "durable": true } } },
        }));
        operations.insert(
            format!("publish.{name}"),
            json!({
                "action": "send",
                "channel": { "$ref": format!("#/channels/{name}") },
                "summary": event.meaning,
            }),
        );
        messages.insert(name.clone(), json!({
            "name": name,
            "summary": event.meaning,
            "contentType": "application/cloudevents+json",
            "payload": { "allOf": [
                { "$ref": "#/components/schemas/Envelope" },
                { "properties": { "type": { "const": name }, "data": { "properties": { "state": { "$ref": format!("#/components/schemas/{}", event.state) } } } } },
            ] },
        }));
    }
    let mut components: Map<String, Value> = schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    components.insert("Envelope".to_owned(), envelope());
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Cairn events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every change of every service, in order per aggregate, at least once; CloudEvents 1.0 in JSON. Deduplicate by `id`.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": components },
    })
}

fn envelope() -> Value {
    let text = |meaning: &str| json!({ "type": "string", "description": meaning });
    let id = |meaning: &str| json!({ "type": "string", "format": "uuid", "description": meaning });
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "tenantid", "actorid", "aggregateversion", "traceparent", "datacontenttype", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": id("The event's id."),
            "source": text("`/cairn/<service>`."),
            "type": text("`cairn.<service>.<noun>.<verb>.v<version>`."),
            "subject": id("The aggregate's id."),
            "time": { "type": "string", "format": "date-time", "description": "When the change was made." },
            "tenantid": id("The tenant it happened in."),
            "actorid": text("Who acted: a user's id, or `service:<name>`."),
            "onbehalfof": text("The person behind a service."),
            "clientaddress": text("The caller's network address."),
            "aggregateversion": { "type": "integer", "description": "The aggregate's version after the change." },
            "causationid": id("The event that led to this one."),
            "correlationid": text("What ties the events of one command together."),
            "traceparent": text("W3C trace context."),
            "datacontenttype": { "const": "application/json" },
            "data": {
                "type": "object",
                "required": ["state", "changes"],
                "properties": {
                    "state": { "description": "The aggregate after the change." },
                    "changes": { "type": "object", "description": "Before and after of each field that changed.", "additionalProperties": {
                        "type": "object", "properties": { "before": {}, "after": {} } } },
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Every `$ref` in a document.
    fn references(value: &Value) -> Vec<&str> {
        match value {
            Value::Object(fields) => {
                let own = fields.get("$ref").and_then(Value::as_str);
                own.into_iter().chain(fields.values().flat_map(references)).collect()
            }
            Value::Array(items) => items.iter().flat_map(references).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for (name, text) in all().unwrap() {
            let document: Value = serde_json::from_str(&text).unwrap();
            for reference in references(&document) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference} in {name}");
            }
        }
    }

    #[test]
    fn a_schema_has_one_meaning_in_all_documents() {
        let mut known = BTreeMap::new();
        for (file, text) in all().unwrap() {
            let document: Value = serde_json::from_str(&text).unwrap();
            for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
                let (first, before) = known.entry(name.clone()).or_insert_with(|| (file.clone(), schema.clone()));
                assert_eq!(before, schema, "{name} in {first} and {file}");
            }
        }
    }

    #[test]
    fn enums_are_spelt_in_the_contract_as_on_the_wire() {
        let schemas = &asyncapi()["components"]["schemas"];
        assert_eq!(schemas["TaskStatus"]["enum"], json!(contracts::adoption::TaskStatus::ALL));
        assert_eq!(schemas["LicenseLevel"]["enum"], json!(contracts::catalog::LicenseLevel::ALL));
        assert_eq!(schemas["DataType"]["enum"], json!(rules::DataType::ALL));
    }

    #[test]
    fn every_event_is_read_with_a_permission_that_there_is() {
        let known: Vec<_> = services().iter().flat_map(|service| service.permissions).map(|one| one.name).collect();
        for event in contracts::events() {
            assert!(known.contains(&event.read), "{} needs {}", event.key, event.read);
        }
    }

    #[test]
    fn every_event_has_a_channel_an_operation_and_a_message_with_its_state() {
        let document = asyncapi();
        let events = contracts::events();
        assert_eq!(document["channels"].as_object().unwrap().len(), events.len());
        for event in events {
            let name = event.type_name;
            assert_eq!(document["channels"][&name]["address"], event.key);
            assert_eq!(
                document["operations"][format!("publish.{name}")]["channel"]["$ref"],
                format!("#/channels/{name}")
            );
            let payload = &document["components"]["messages"][&name]["payload"]["allOf"][1]["properties"];
            assert_eq!(payload["type"]["const"], name);
            let state = format!("#/components/schemas/{}", event.state);
            assert_eq!(payload["data"]["properties"]["state"]["$ref"], state);
        }
    }
}
