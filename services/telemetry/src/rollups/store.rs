//! The statements of rollups.

use std::collections::{BTreeSet, HashMap};

use chrono::{Duration, NaiveDate};
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{CustomerAttributeId, Problem, TenantId, Timestamp};
use uuid::Uuid;

use super::model::{Daily, Sums, midnight};
use crate::attributes::Attribute;
use crate::schema::rollups;
use crate::values::span;

/// Adds sums to those that are there. In the order of attributes and days, after the attributes were locked: two writers cannot
/// wait for each other.
pub(crate) async fn add(tx: &mut Tx, daily: &Daily) -> Result<(), Problem> {
    if daily.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "insert into rollups select $1, u.* from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as u \
         on conflict (tenant_id, attribute_id, day) do update set \
             count = rollups.count + excluded.count, numbers = rollups.numbers + excluded.numbers, \
             sum = rollups.sum + excluded.sum, lowest = least(rollups.lowest, excluded.lowest), \
             highest = greatest(rollups.highest, excluded.highest), \
             (last_value, last_observed_at, last_event_id) = (select l.* from (values \
                 (rollups.last_value, rollups.last_observed_at, rollups.last_event_id), \
                 (excluded.last_value, excluded.last_observed_at, excluded.last_event_id)) as l \
                 order by 2 desc, 3 desc limit 1)",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<Array<SqlUuid>, _>(daily.keys().map(|(attribute, _)| attribute.0).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(daily.keys().map(|(_, day)| *day).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(daily.values().map(|sums| sums.count).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(daily.values().map(|sums| sums.numbers).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(daily.values().map(|sums| sums.sum).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(daily.values().map(|sums| sums.lowest).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(daily.values().map(|sums| sums.highest).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(daily.values().map(|sums| &*sums.last_value).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(daily.values().map(|sums| sums.last_observed_at).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(daily.values().map(|sums| sums.last_event_id).collect::<Vec<_>>())
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// Adds days of these attributes up anew, from the values that are there.
pub(crate) async fn recompute(
    tx: &mut Tx,
    attributes: &[Attribute],
    days: &BTreeSet<(CustomerAttributeId, NaiveDate)>,
) -> Result<(), Problem> {
    let of_attribute: HashMap<CustomerAttributeId, &Attribute> = attributes.iter().map(|row| (row.id, row)).collect();
    let touched: Vec<(&Attribute, Timestamp)> =
        days.iter().filter_map(|(id, day)| Some((*of_attribute.get(id)?, midnight(*day)))).collect();
    if touched.is_empty() {
        return Ok(());
    }
    let spans: Vec<(Uuid, Uuid)> =
        touched.iter().map(|(row, day)| span(row.id, *day, *day + Duration::days(1))).collect();
    let columns = || {
        let ids: Vec<CustomerAttributeId> = touched.iter().map(|(row, _)| row.id).collect();
        (ids, touched.iter().map(|(_, day)| *day).collect::<Vec<Timestamp>>())
    };
    let (ids, from) = columns();
    diesel::sql_query(
        "delete from rollups r using unnest($2, $3) as t(attribute_id, day) \
         where r.tenant_id = $1 and r.attribute_id = t.attribute_id and r.day = (t.day at time zone 'UTC')::date",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Timestamptz>, _>(from)
    .execute(&mut tx.conn())
    .await?;
    let (ids, from) = columns();
    diesel::sql_query(
        "insert into rollups \
         select $1, t.attribute_id, (t.day at time zone 'UTC')::date, s.* \
         from unnest($2, $3, $4, $5, $6, $7) as t(attribute_id, day, assignment_id, least, greatest, data_type) \
         cross join lateral ( \
             select count(*), count(number), coalesce(sum(number), 0), min(number), max(number), \
                 (array_agg(value order by event_id desc))[1], max(observed_at), (array_agg(event_id order by event_id desc))[1] \
             from (select observed_at, event_id, value, number_of(t.data_type, value) as number from \"values\" v \
                 where v.tenant_id = $1 and v.assignment_id = t.assignment_id \
                     and v.event_id between t.least and t.greatest and v.attribute_id = t.attribute_id \
                     and v.observed_at >= t.day and v.observed_at < t.day + interval '1 day') as read \
             having count(*) > 0) as s",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Timestamptz>, _>(from)
    .bind::<Array<SqlUuid>, _>(touched.iter().map(|(row, _)| row.assignment_id).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(spans.iter().map(|(least, _)| *least).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(spans.iter().map(|(_, greatest)| *greatest).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(touched.iter().map(|(row, _)| row.data_type).collect::<Vec<_>>())
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// A value as the one observed last: when, its id, and what it says.
pub(crate) type Latest = (Timestamp, Uuid, String);

/// The latest value of each of these attributes, as far as they have one.
pub(crate) async fn latest(
    tx: &mut Tx,
    attributes: &[CustomerAttributeId],
) -> Result<HashMap<CustomerAttributeId, Latest>, Problem> {
    let rows = rollups::table
        .filter(rollups::tenant_id.eq(tx.tenant()))
        .filter(rollups::attribute_id.eq_any(attributes))
        .distinct_on(rollups::attribute_id)
        .order((rollups::attribute_id, rollups::day.desc()))
        .select((rollups::attribute_id, (rollups::last_observed_at, rollups::last_event_id, rollups::last_value)));
    let rows: Vec<(CustomerAttributeId, Latest)> = rows.load(&mut tx.conn()).await?;
    Ok(rows.into_iter().collect())
}

/// The days of an attribute from the first of these to before the second, the first one first.
pub(super) async fn days(
    mut conn: &Conn,
    attribute: &Attribute,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<(NaiveDate, Sums)>, Problem> {
    let rows = rollups::table
        .filter(rollups::tenant_id.eq(attribute.tenant_id))
        .filter(rollups::attribute_id.eq(attribute.id))
        .filter(rollups::day.ge(from))
        .filter(rollups::day.lt(to));
    Ok(rows.order(rollups::day).select((rollups::day, Sums::as_select())).load(&mut conn).await?)
}

#[derive(QueryableByName)]
struct Hour {
    #[diesel(sql_type = Timestamptz)]
    hour: Timestamp,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    numbers: i64,
    #[diesel(sql_type = Double)]
    sum: f64,
    #[diesel(sql_type = Nullable<Double>)]
    lowest: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    highest: Option<f64>,
    #[diesel(sql_type = Text)]
    last_value: String,
    #[diesel(sql_type = Timestamptz)]
    last_observed_at: Timestamp,
    #[diesel(sql_type = SqlUuid)]
    last_event_id: Uuid,
}

/// The hours of an attribute from the first of these moments to before the second, from the values themselves: read from the
/// primary key alone, as lists of values are.
pub(super) async fn hours(
    mut conn: &Conn,
    attribute: &Attribute,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<(Timestamp, Sums)>, Problem> {
    let (least, greatest) = span(attribute.id, from, to);
    let rows: Vec<Hour> = diesel::sql_query(
        "select hour, count(*) as count, count(number) as numbers, coalesce(sum(number), 0) as sum, \
             min(number) as lowest, max(number) as highest, \
             (array_agg(value order by event_id desc))[1] as last_value, max(observed_at) as last_observed_at, \
             (array_agg(event_id order by event_id desc))[1] as last_event_id \
         from (select date_bin('1 hour', observed_at, timestamptz '2000-01-01 00:00Z') as hour, observed_at, event_id, value, \
                   number_of($8, value) as number \
               from \"values\" \
               where tenant_id = $1 and assignment_id = $2 and event_id between $3 and $4 \
                   and observed_at >= $5 and observed_at < $6 and attribute_id = $7) as read \
         group by hour order by hour",
    )
    .bind::<SqlUuid, _>(attribute.tenant_id)
    .bind::<SqlUuid, _>(attribute.assignment_id)
    .bind::<SqlUuid, _>(least)
    .bind::<SqlUuid, _>(greatest)
    .bind::<Timestamptz, _>(from)
    .bind::<Timestamptz, _>(to)
    .bind::<SqlUuid, _>(attribute.id)
    .bind::<Text, _>(attribute.data_type)
    .load(&mut conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.hour, row.into())).collect())
}

impl From<Hour> for Sums {
    fn from(hour: Hour) -> Self {
        let Hour { hour: _, count, numbers, sum, lowest, highest, last_value, last_observed_at, last_event_id } = hour;
        Self { count, numbers, sum, lowest, highest, last_value, last_observed_at, last_event_id }
    }
}

/// On how many days since this one each of these attributes had a value.
pub(super) async fn days_with_data(
    mut conn: &Conn,
    tenant: TenantId,
    attributes: Vec<CustomerAttributeId>,
    since: NaiveDate,
) -> Result<Vec<(CustomerAttributeId, i64)>, Problem> {
    let rows = rollups::table
        .filter(rollups::tenant_id.eq(tenant))
        .filter(rollups::attribute_id.eq_any(attributes))
        .filter(rollups::day.ge(since))
        .group_by(rollups::attribute_id);
    Ok(rows.select((rollups::attribute_id, diesel::dsl::count_star())).load(&mut conn).await?)
}

/// Forgets the days before this one, of all tenants.
pub(crate) async fn forget(mut conn: &Conn, before: NaiveDate) -> Result<(), Problem> {
    diesel::sql_query("select forget_rollups($1)").bind::<Date, _>(before).execute(&mut conn).await?;
    Ok(())
}
