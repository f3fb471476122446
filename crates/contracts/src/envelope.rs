//! The envelope of every event: CloudEvents 1.0 in JSON.
//!
//! `data` holds the aggregate's state after the change and, beside it, what changed with before and after: the audit
//! trail, change sets and webhooks need nothing more. Projections read `state`, never `changes`.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use kernel::{EventId, TenantId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A thing that has an identity, a version that every change raises, and events that tell of it.
pub trait Aggregate: Serialize {
    /// Its id: the envelope's `subject`.
    fn id(&self) -> Uuid;
    /// Its version after the change.
    fn version(&self) -> i64;
}

/// One type of event, told by a verb in the past: `catalog.product.created`, version 1.
#[derive(Debug)]
pub struct EventType<T> {
    /// The routing key: service, noun, verb.
    pub key: &'static str,
    /// Raised by a breaking change.
    pub version: u8,
    /// What it tells, in one sentence.
    pub meaning: &'static str,
    /// The permission that lets one read it: the one that reads its noun over HTTP.
    pub read: &'static str,
    state: PhantomData<fn() -> T>,
}

impl<T> EventType<T> {
    /// Declares an event type.
    #[must_use]
    pub const fn new(key: &'static str, meaning: &'static str, read: &'static str) -> Self {
        Self { key, version: 1, meaning, read, state: PhantomData }
    }

    /// The CloudEvents `type`: `cairn.catalog.product.created.v1`.
    #[must_use]
    pub fn type_name(&self) -> String {
        format!("cairn.{}.v{}", self.key, self.version)
    }
}

impl<T: utoipa::ToSchema> EventType<T> {
    /// The type as documents list it.
    #[must_use]
    pub fn spec(&self) -> EventSpec {
        EventSpec {
            key: self.key,
            type_name: self.type_name(),
            meaning: self.meaning,
            read: self.read,
            state: T::name().into_owned(),
            schemas: T::schemas,
            schema: T::schema,
        }
    }
}

/// An event type without its Rust type: what the AsyncAPI document is made of.
#[derive(Debug, Clone)]
pub struct EventSpec {
    /// The routing key.
    pub key: &'static str,
    /// The CloudEvents `type`.
    pub type_name: String,
    /// What it tells.
    pub meaning: &'static str,
    /// The permission that lets one read it.
    pub read: &'static str,
    /// The name of the state's schema.
    pub state: String,
    /// Collects the schemas the state refers to.
    pub schemas: fn(&mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>),
    /// The state's own schema.
    pub schema: fn() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>,
}

/// Before and after of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    /// The value before; null when there was none.
    pub before: Value,
    /// The value after; null when it was cleared.
    pub after: Value,
}

/// What `data` holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payload<T> {
    /// The aggregate after the change.
    pub state: T,
    /// The fields that changed.
    #[serde(default)]
    pub changes: BTreeMap<String, Change>,
}

/// One event as it travels. Attribute names are lower case, as CloudEvents asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// Always `1.0`.
    pub specversion: String,
    /// The event's id.
    pub id: EventId,
    /// `/cairn/<service>`.
    pub source: String,
    /// `cairn.<service>.<noun>.<verb>.v<version>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The aggregate's id.
    pub subject: Uuid,
    /// When the change was made.
    pub time: Timestamp,
    /// The tenant it happened in.
    pub tenantid: TenantId,
    /// Who acted: a user's id, or `service:<name>`.
    pub actorid: String,
    /// The person behind a service that acted for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onbehalfof: Option<String>,
    /// The caller's network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clientaddress: Option<String>,
    /// The aggregate's version after the change.
    pub aggregateversion: i64,
    /// The event that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<EventId>,
    /// What ties the events of one command together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<String>,
    /// W3C trace context.
    pub traceparent: String,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// State and changes.
    pub data: Payload<Value>,
}

impl Envelope {
    /// The routing key: the type without `cairn.` and version.
    #[must_use]
    pub fn key(&self) -> &str {
        let key = self.kind.strip_prefix("cairn.").unwrap_or(&self.kind);
        key.rsplit_once(".v").map_or(key, |(key, _)| key)
    }

    /// The state as a consumer's type.
    ///
    /// # Errors
    /// When the state has another shape: the producer broke its contract.
    pub fn state<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.data.state)
    }
}

/// The fields in which two states differ. `before` is null for a new aggregate.
#[must_use]
pub fn changes(before: &Value, after: &Value) -> BTreeMap<String, Change> {
    let empty = serde_json::Map::new();
    let (old, new) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let pairs = names.into_iter().map(|name| {
        let value = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
        (name.clone(), Change { before: value(old), after: value(new) })
    });
    pairs.filter(|(_, change)| change.before != change.after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_name_only_what_differs() {
        let changes = changes(&json!({"a": 1, "b": 2, "gone": 3}), &json!({"a": 1, "b": 5, "new": null}));
        assert_eq!(changes.keys().collect::<Vec<_>>(), ["b", "gone"]);
        assert_eq!(changes["b"], Change { before: json!(2), after: json!(5) });
    }
}
