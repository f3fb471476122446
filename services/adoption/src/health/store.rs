//! The statements of health.

use chrono::NaiveDate;
use db::{Conn, Json, Tx};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{AssignmentId, CustomerId, Hundredths, Problem, TenantId, Timestamp};

use super::model::{Health, HealthPart, Weights};
use crate::schema::{assignments, health_days, health_weights};

/// Rows per insert, within what Postgres takes in a statement.
const ROWS: usize = 5_000;

/// A row of `health_weights`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = health_weights, check_for_backend(diesel::pg::Pg))]
pub(super) struct Weighed {
    pub(super) tenant_id: TenantId,
    pub(super) version: i64,
    #[diesel(embed)]
    pub(super) weights: Weights,
    pub(super) updated_at: Timestamp,
}

/// A row of `health_days`.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = health_days, check_for_backend(diesel::pg::Pg))]
pub(super) struct Day {
    tenant_id: TenantId,
    customer_id: CustomerId,
    pub(super) day: NaiveDate,
    computed_at: Timestamp,
    pub(super) score: Option<Hundredths>,
    parts: Json<Vec<HealthPart>>,
}

impl Day {
    /// What is kept of a customer's health.
    pub(super) fn of(tenant_id: TenantId, customer_id: CustomerId, health: Health) -> Self {
        let Health { computed_at, score, parts, .. } = health;
        Self { tenant_id, customer_id, day: computed_at.date_naive(), computed_at, score, parts: Json(parts) }
    }
}

impl From<Day> for Health {
    fn from(day: Day) -> Self {
        Self::of(day.customer_id, day.parts.0, day.computed_at)
    }
}

/// What the tenant has said of weights, if it has.
pub(super) async fn weighed(mut conn: &Conn, tenant: TenantId) -> Result<Option<Weighed>, Problem> {
    Ok(health_weights::table.find(tenant).select(Weighed::as_select()).first(&mut conn).await.optional()?)
}

/// The weights that count.
pub(super) async fn weights(conn: &Conn, tenant: TenantId) -> Result<Weights, Problem> {
    Ok(weighed(conn, tenant).await?.map(|row| row.weights).unwrap_or_default())
}

/// The same, locked until the transaction ends; made when the tenant has said nothing yet.
pub(super) async fn weighed_for_change(tx: &mut Tx) -> Result<Weighed, Problem> {
    let first = Weighed { tenant_id: tx.tenant(), version: 0, weights: Weights::default(), updated_at: tx.now() };
    diesel::insert_into(health_weights::table).values(&first).on_conflict_do_nothing().execute(&mut tx.conn()).await?;
    let row = health_weights::table.find(tx.tenant()).select(Weighed::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await?)
}

pub(super) async fn weigh(tx: &mut Tx, row: &Weighed) -> Result<(), Problem> {
    diesel::update(health_weights::table.find(row.tenant_id)).set(row).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Whose each assignment is: of all customers, or of this one.
pub(super) async fn owners(
    mut conn: &Conn,
    tenant: TenantId,
    of: Option<CustomerId>,
) -> Result<Vec<(AssignmentId, CustomerId)>, Problem> {
    let mut rows = assignments::table.filter(assignments::tenant_id.eq(tenant)).into_boxed();
    if let Some(customer) = of {
        rows = rows.filter(assignments::customer_id.eq(customer));
    }
    Ok(rows.select((assignments::id, assignments::customer_id)).load(&mut conn).await?)
}

/// Keeps the health of a day. One that is kept already is replaced.
pub(super) async fn keep(tx: &mut Tx, days: &[Day]) -> Result<(), Problem> {
    for rows in days.chunks(ROWS) {
        diesel::insert_into(health_days::table)
            .values(rows)
            .on_conflict((health_days::tenant_id, health_days::customer_id, health_days::day))
            .do_update()
            .set((
                health_days::computed_at.eq(excluded(health_days::computed_at)),
                health_days::score.eq(excluded(health_days::score)),
                health_days::parts.eq(excluded(health_days::parts)),
            ))
            .execute(&mut tx.conn())
            .await?;
    }
    Ok(())
}

/// What was kept on a day.
pub(super) async fn find(
    mut conn: &Conn,
    (tenant, customer): (TenantId, CustomerId),
    day: NaiveDate,
) -> Result<Option<Day>, Problem> {
    let row = health_days::table.find((tenant, customer, day)).select(Day::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

/// One page of the days of a customer, the last one first, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    (tenant, customer): (TenantId, CustomerId),
    after: Option<NaiveDate>,
    limit: i64,
) -> Result<Vec<(NaiveDate, Option<Hundredths>)>, Problem> {
    let of_customer = health_days::tenant_id.eq(tenant).and(health_days::customer_id.eq(customer));
    let mut rows = health_days::table.filter(of_customer).into_boxed();
    if let Some(last) = after {
        rows = rows.filter(health_days::day.lt(last));
    }
    let rows = rows.order(health_days::day.desc()).limit(limit + 1);
    Ok(rows.select((health_days::day, health_days::score)).load(&mut conn).await?)
}
