//! The statements of the tail.

use db::Conn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{AssignmentId, BatchId, CustomerAttributeId, Problem, TenantId, Timestamp};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::api::TailQuery;
use crate::schema::{assignments, batches, values};

/// The batches since this one that brought values.
pub(super) async fn batches(mut conn: &Conn, tenant: TenantId, since: BatchId) -> Result<Vec<BatchId>, Problem> {
    let rows = batches::table
        .filter(batches::tenant_id.eq(tenant))
        .filter(batches::id.ge(since))
        .filter(batches::accepted.gt(0))
        .filter(batches::retracted_at.is_null());
    Ok(rows.order(batches::id).select(batches::id).load(&mut conn).await?)
}

/// A row of `values`, as it is shown.
#[derive(Debug, Queryable)]
pub(super) struct Came {
    assignment_id: AssignmentId,
    attribute_id: CustomerAttributeId,
    event_id: Uuid,
    observed_at: Timestamp,
    received_at: Timestamp,
    value: String,
    source: Option<String>,
}

/// A value that came in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    assignment_id: AssignmentId,
    attribute_id: CustomerAttributeId,
    event_id: Uuid,
    observed_at: Timestamp,
    received_at: Timestamp,
    value: Value,
    source: Option<String>,
}

impl From<Came> for Shown {
    fn from(came: Came) -> Self {
        let Came { assignment_id, attribute_id, event_id, observed_at, received_at, value, source } = came;
        let value = serde_json::from_str(&value).unwrap_or_default();
        Self { assignment_id, attribute_id, event_id, observed_at, received_at, value, source }
    }
}

/// Values of these batches that somebody may and wants to see, up to so many.
pub(super) async fn values(
    mut conn: &Conn,
    tenant: TenantId,
    of: &[BatchId],
    (wanted, scope): (&TailQuery, &Scope),
    most: i64,
) -> Result<Vec<Came>, Problem> {
    let ids = of.iter().map(|batch| batch.0);
    let mut rows = values::table
        .filter(values::tenant_id.eq(tenant))
        .filter(values::batch_id.eq_any(ids.collect::<Vec<Uuid>>()))
        .into_boxed();
    if let Scope::Some(customers) = scope {
        let theirs = assignments::table.filter(assignments::tenant_id.eq(tenant));
        let theirs = theirs.filter(assignments::customer_id.eq_any(customers)).select(assignments::id);
        rows = rows.filter(values::assignment_id.eq_any(theirs));
    }
    if let Some(assignment) = wanted.assignment_id {
        rows = rows.filter(values::assignment_id.eq(assignment));
    }
    if let Some(attribute) = wanted.attribute_id {
        rows = rows.filter(values::attribute_id.eq(attribute));
    }
    let columns = (
        values::assignment_id,
        values::attribute_id,
        values::event_id,
        values::observed_at,
        values::received_at,
        values::value,
        values::source,
    );
    Ok(rows.select(columns).limit(most).load(&mut conn).await?)
}
