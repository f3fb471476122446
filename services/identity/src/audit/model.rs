//! A change as the trail keeps and shows it. Pure.

use std::collections::BTreeMap;

use contracts::{Change, Envelope};
use db::Json;
use diesel::prelude::*;
use kernel::{EventId, TenantId, Timestamp, Trace};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::schema::audit_events;

/// One change, as the trail keeps and shows it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, Serialize, utoipa::ToSchema)]
#[diesel(table_name = audit_events, check_for_backend(diesel::pg::Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEvent {
    #[serde(skip)]
    pub(super) tenant_id: TenantId,
    /// The event.
    pub(super) event_id: EventId,
    /// When it happened.
    pub(super) occurred_at: Timestamp,
    /// The service in which it happened.
    pub(super) service: String,
    /// The noun: `product`, `customer-task`.
    pub(super) entity: String,
    /// Which one.
    pub(super) entity_id: Uuid,
    /// Its version after the change.
    pub(super) entity_version: i64,
    /// The verb: `created`, `changed`.
    pub(super) action: String,
    /// Who did it: a user's id, or `service:<name>`.
    pub(super) actor: String,
    /// The person behind a service.
    pub(super) on_behalf_of: Option<String>,
    /// From where.
    pub(super) client_address: Option<String>,
    /// Names the request in logs and traces.
    pub(super) trace_id: String,
    /// Before and after of each field that changed; of what is gone, all it was.
    #[schema(value_type = BTreeMap<String, Change>)]
    #[serde(serialize_with = "plain")]
    pub(super) changes: Json<BTreeMap<String, Change>>,
    /// Its place in the tenant's trail, counted from 1 as the trail heard of it.
    pub(super) sequence: i64,
    #[serde(skip)]
    pub(super) hash: Vec<u8>,
}

fn plain<S: serde::Serializer>(changes: &Json<BTreeMap<String, Change>>, serializer: S) -> Result<S::Ok, S::Error> {
    changes.0.serialize(serializer)
}

impl AuditEvent {
    /// What the trail keeps of an event, before it has its place.
    pub(super) fn of(event: &Envelope) -> Self {
        let mut words = event.key().splitn(3, '.');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (service, entity, action) = (word(), word(), word());
        Self {
            tenant_id: event.tenantid,
            event_id: event.id,
            occurred_at: event.time,
            changes: Json(changes(event, &action)),
            service,
            entity,
            action,
            entity_id: event.subject,
            entity_version: event.aggregateversion,
            actor: event.actorid.clone(),
            on_behalf_of: event.onbehalfof.clone(),
            client_address: event.clientaddress.clone(),
            trace_id: Trace::parse(&event.traceparent).map(|trace| trace.id()).unwrap_or_default(),
            sequence: 0,
            hash: Vec::new(),
        }
    }
}

/// The changes of an event. What is gone for good can be read nowhere else, so its event shows all it was; what can be
/// restored says so with `deletedAt`, and is still there to be read.
fn changes(event: &Envelope, action: &str) -> BTreeMap<String, Change> {
    let mut changes = event.data.changes.clone();
    let state = event.data.state.as_object();
    let is_gone =
        matches!(action, "deleted" | "removed") && event.data.state.get("deletedAt").is_none_or(Value::is_null);
    for (name, value) in state.into_iter().flatten().filter(|(_, value)| is_gone && !value.is_null()) {
        changes.entry(name.clone()).or_insert_with(|| Change { before: value.clone(), after: Value::Null });
    }
    changes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_gone_is_shown_as_it_was() {
        let event = |verb: &str, state: Value| {
            let (id, time) = (EventId::fresh(), Timestamp::from_micros(0));
            let event = json!({
                "specversion": "1.0", "id": id, "source": "/cairn/identity", "type": format!("cairn.identity.role.{verb}.v1"),
                "subject": id, "time": time, "tenantid": TenantId::fresh(), "actorid": "service:identity", "aggregateversion": 2,
                "traceparent": Trace::start().to_string(), "datacontenttype": "application/json",
                "data": { "state": state, "changes": { "version": { "before": 1, "after": 2 } } },
            });
            AuditEvent::of(&serde_json::from_value(event).unwrap()).changes.0
        };
        let role = json!({ "version": 2, "name": "READER", "description": null });
        let gone = event("deleted", role.clone());
        assert_eq!(gone.keys().collect::<Vec<_>>(), ["name", "version"]);
        assert_eq!(gone["name"], Change { before: json!("READER"), after: Value::Null });
        assert_eq!(event("changed", role).len(), 1);
        assert_eq!(
            event("deleted", json!({ "version": 2, "name": "x", "deletedAt": "2026-11-21T00:00:00Z" })).len(),
            1
        );
    }
}
