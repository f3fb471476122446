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

/// A batch that brought values, and when the first and the last of them was observed.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = batches, check_for_backend(diesel::pg::Pg))]
pub(super) struct Brought {
    pub(super) id: BatchId,
    observed_from: Timestamp,
    observed_to: Timestamp,
}

/// The batches since this one that brought values.
pub(super) async fn batches(mut conn: &Conn, tenant: TenantId, since: BatchId) -> Result<Vec<Brought>, Problem> {
    let rows = batches::table
        .filter(batches::tenant_id.eq(tenant))
        .filter(batches::id.ge(since))
        .filter(batches::accepted.gt(0))
        .filter(batches::retracted_at.is_null());
    Ok(rows.order(batches::id).select(Brought::as_select()).load(&mut conn).await?)
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

/// Values of these batches that somebody may and wants to see, up to so many, in the order in which they came; from the partitions
/// that can have them.
pub(super) async fn values(
    mut conn: &Conn,
    tenant: TenantId,
    of: &[Brought],
    (wanted, scope): (&TailQuery, &Scope),
    most: i64,
) -> Result<Vec<Came>, Problem> {
    let (Some(from), Some(to)) =
        (of.iter().map(|batch| batch.observed_from).min(), of.iter().map(|batch| batch.observed_to).max())
    else {
        return Ok(Vec::new());
    };
    let ids = of.iter().map(|batch| batch.id.0);
    let mut rows = values::table
        .filter(values::tenant_id.eq(tenant))
        .filter(values::batch_id.eq_any(ids.collect::<Vec<Uuid>>()))
        .filter(values::observed_at.between(from, to))
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
    let arrival = (values::batch_id, values::observed_at, values::event_id);
    Ok(rows.order(arrival).select(columns).limit(most).load(&mut conn).await?)
}
