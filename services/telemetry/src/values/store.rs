//! The statements of values.

use std::collections::{BTreeSet, HashSet};

use chrono::NaiveDate;
use db::{Conn, Db, Tx};
use diesel::prelude::*;
use diesel::sql_types::{Array, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Problem, Timestamp};
use uuid::Uuid;

use super::identity::span;
use super::model::{Batch, Reading, Stored};
use crate::attributes::Attribute;
use crate::schema::values;
use crate::{batches, rollups};

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
}

/// A reading and the batch that sent it.
type Sent<'a> = (&'a Batch, &'a Reading);

/// Stores the readings of these batches in one statement; returns the ids of those that were not there before. That a batch
/// repeats a value is remembered.
///
/// They are inserted in the order of their identity: pages of the index are met once, and two writers with the same values
/// wait for each other, never both ways. Of two with one identity the first stays.
pub(crate) async fn insert(tx: &mut Tx, batches: &[&Batch]) -> Result<HashSet<Uuid>, Problem> {
    let mut rows: Vec<Sent<'_>> =
        batches.iter().flat_map(|batch| batch.readings.iter().map(move |reading| (*batch, reading))).collect();
    rows.sort_by_key(|(_, reading)| (reading.assignment, reading.event_id));
    let new = insert_into(
        tx,
        "insert into \"values\" (tenant_id, assignment_id, event_id, observed_at, attribute_id, value, source, notes, batch_id, received_at) \
         select $1, u.*, $2 from unnest($3, $4, $5, $6, $7, $8, $9, $10) as u \
         on conflict do nothing returning event_id",
        &rows,
    )
    .await?;
    if new.len() < rows.len() {
        let mut first = new.clone();
        rows.retain(|(_, reading)| !first.remove(&reading.event_id));
        insert_into(
            tx,
            "insert into repeats (tenant_id, assignment_id, event_id, observed_at, attribute_id, value, source, notes, batch_id, received_at) \
             select $1, u.*, $2 from unnest($3, $4, $5, $6, $7, $8, $9, $10) as u \
             on conflict do nothing returning event_id",
            &rows,
        )
        .await?;
    }
    Ok(new)
}

/// Inserts readings by a statement that takes their columns; returns the ids of those that it inserted.
async fn insert_into(tx: &mut Tx, statement: &'static str, rows: &[Sent<'_>]) -> Result<HashSet<Uuid>, Problem> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let mut columns = Columns::with_capacity(rows.len());
    for (batch, reading) in rows {
        columns.assignments.push(reading.assignment.0);
        columns.event_ids.push(reading.event_id);
        columns.moments.push(reading.observed_at);
        columns.attributes.push(reading.attribute.0);
        columns.values.push(&reading.value);
        columns.sources.push(reading.source.as_deref());
        columns.notes.push(reading.notes.as_deref());
        columns.batches.push(batch.id);
    }
    let inserted: Vec<Inserted> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(tx.tenant())
        .bind::<Timestamptz, _>(tx.now())
        .bind::<Array<SqlUuid>, _>(columns.assignments)
        .bind::<Array<SqlUuid>, _>(columns.event_ids)
        .bind::<Array<Timestamptz>, _>(columns.moments)
        .bind::<Array<SqlUuid>, _>(columns.attributes)
        .bind::<Array<Text>, _>(columns.values)
        .bind::<Array<Nullable<Text>>, _>(columns.sources)
        .bind::<Array<Nullable<Text>>, _>(columns.notes)
        .bind::<Array<SqlUuid>, _>(columns.batches)
        .load(&mut tx.conn())
        .await?;
    Ok(inserted.into_iter().map(|row| row.event_id).collect())
}

#[derive(Default)]
struct Columns<'a> {
    assignments: Vec<Uuid>,
    event_ids: Vec<Uuid>,
    moments: Vec<Timestamp>,
    attributes: Vec<Uuid>,
    values: Vec<&'a str>,
    sources: Vec<Option<&'a str>>,
    notes: Vec<Option<&'a str>>,
    batches: Vec<Uuid>,
}

impl Columns<'_> {
    fn with_capacity(rows: usize) -> Self {
        Self {
            assignments: Vec::with_capacity(rows),
            event_ids: Vec::with_capacity(rows),
            moments: Vec::with_capacity(rows),
            attributes: Vec::with_capacity(rows),
            values: Vec::with_capacity(rows),
            sources: Vec::with_capacity(rows),
            notes: Vec::with_capacity(rows),
            batches: Vec::with_capacity(rows),
        }
    }
}

/// One page of an attribute's values, the latest first, with one row more to tell whether there is another page. Read
/// from the primary key alone: identities sort by attribute and time.
pub(super) async fn page(
    mut conn: &Conn,
    attribute: &Attribute,
    (from, to): (Timestamp, Timestamp),
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Stored>, Problem> {
    let (until, before) = after.unwrap_or_else(|| (to, Uuid::max()));
    let (least, greatest) = span(attribute.id, from, until);
    let rows = values::table
        .filter(values::tenant_id.eq(attribute.tenant_id))
        .filter(values::assignment_id.eq(attribute.assignment_id))
        .filter(values::event_id.ge(least))
        .filter(values::event_id.le(greatest))
        .filter(values::event_id.lt(before))
        .filter(values::observed_at.ge(from))
        .filter(values::observed_at.le(until))
        .filter(values::attribute_id.eq(attribute.id));
    Ok(rows.order(values::event_id.desc()).limit(limit + 1).select(Stored::as_select()).load(&mut conn).await?)
}

/// Makes the partitions of these days. In transactions of their own: nobody who stores values waits for them.
pub(super) async fn ensure_partitions(db: &Db, days: &BTreeSet<NaiveDate>) -> Result<(), Problem> {
    db.global(async |mut conn| {
        for day in days {
            let make = diesel::sql_query("select ensure_value_partitions($1, $1)").bind::<Date, _>(*day);
            make.execute(&mut conn).await?;
        }
        Ok(())
    })
    .await
}

/// Drops the partitions of the days before this moment's, and forgets their rollups and batches and what was refused before it.
pub(super) async fn forget(db: &Db, before: Timestamp) -> Result<(), Problem> {
    db.global(async |mut conn| {
        let day = before.date_naive();
        diesel::sql_query("select drop_value_partitions($1)").bind::<Date, _>(day).execute(&mut conn).await?;
        diesel::sql_query("select forget_refusals($1)").bind::<Timestamptz, _>(before).execute(&mut conn).await?;
        rollups::forget(conn, day).await?;
        batches::forget(conn, before).await?;
        Ok(())
    })
    .await
}
