//! The statements of goals and of what was measured. Whoever changes a goal holds its plan.

use db::{Conn, Tx};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, OutcomeId, OutcomeMeasurementId, PlanId, Problem, TenantId, Timestamp};

use super::model::{Goal, Measurement};
use crate::schema::{outcome_goals, outcome_measurements};

/// The goals of a plan that are set.
pub(super) async fn goals(mut conn: &Conn, tenant: TenantId, plan: PlanId) -> Result<Vec<Goal>, Problem> {
    let rows = outcome_goals::table.filter(outcome_goals::tenant_id.eq(tenant));
    let rows = rows.filter(outcome_goals::removed_at.is_null());
    Ok(rows.filter(outcome_goals::plan_id.eq(plan)).select(Goal::as_select()).load(&mut conn).await?)
}

/// The goal of a plan for an outcome, also one that was taken back.
pub(super) async fn find(
    mut conn: &Conn,
    tenant: TenantId,
    (plan, outcome): (PlanId, OutcomeId),
) -> Result<Option<Goal>, Problem> {
    let of_plan = outcome_goals::tenant_id.eq(tenant).and(outcome_goals::plan_id.eq(plan));
    let row = outcome_goals::table.filter(of_plan).filter(outcome_goals::outcome_id.eq(outcome));
    Ok(row.select(Goal::as_select()).first(&mut conn).await.optional()?)
}

/// What was measured last of each of these goals, and not taken back.
pub(super) async fn latest(mut conn: &Conn, tenant: TenantId, goals: &[Goal]) -> Result<Vec<Measurement>, Problem> {
    use outcome_measurements::{goal_id, id, measured_at, retracted_at, table, tenant_id};
    let rows = table.filter(tenant_id.eq(tenant)).filter(goal_id.eq_any(goals.iter().map(|goal| goal.id)));
    let rows = rows.filter(retracted_at.is_null());
    let rows = rows.distinct_on(goal_id).order((goal_id, measured_at.desc(), id.desc()));
    Ok(rows.select(Measurement::as_select()).load(&mut conn).await?)
}

/// Writes a goal, new, changed or taken back.
pub(super) async fn keep(tx: &mut Tx, goal: &Goal) -> Result<(), Problem> {
    let insert = diesel::insert_into(outcome_goals::table).values(goal);
    let insert = insert.on_conflict((outcome_goals::tenant_id, outcome_goals::id)).do_update().set(goal);
    insert.execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn insert(tx: &mut Tx, measurement: &Measurement) -> Result<(), Problem> {
    diesel::insert_into(outcome_measurements::table).values(measurement).execute(&mut tx.conn()).await?;
    Ok(())
}

/// What was measured of a goal and has this id.
pub(super) async fn measurement(
    tx: &mut Tx,
    goal: &Goal,
    id: OutcomeMeasurementId,
) -> Result<Option<Measurement>, Problem> {
    let row = of_goal(goal).filter(outcome_measurements::id.eq(id)).select(Measurement::as_select());
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// Marks a measurement as taken back.
pub(super) async fn retract(tx: &mut Tx, measurement: &Measurement) -> Result<(), Problem> {
    let columns = (
        outcome_measurements::retracted_at.eq(measurement.retracted_at),
        outcome_measurements::retracted_by.eq(measurement.retracted_by),
    );
    let row = outcome_measurements::table.find((measurement.tenant_id, measurement.id));
    diesel::update(row).set(columns).execute(&mut tx.conn()).await?;
    Ok(())
}

/// One page of what was measured of a goal, the last one first, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    goal: &Goal,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Measurement>, Problem> {
    use outcome_measurements::{id, measured_at};
    let mut rows = of_goal(goal).select(Measurement::as_select());
    let place = after.and_then(|cursor| cursor.key::<Timestamp>(0).zip(cursor.key::<OutcomeMeasurementId>(1)));
    if let Some((moment, last)) = place {
        // The first comparison is the range of the index; the others break the tie.
        rows = rows.filter(measured_at.le(moment).and(measured_at.lt(moment).or(id.lt(last))));
    }
    Ok(rows.order((measured_at.desc(), id.desc())).limit(limit + 1).load(&mut conn).await?)
}

/// How often a goal was measured.
pub(super) async fn count(mut conn: &Conn, goal: &Goal) -> Result<i64, Problem> {
    Ok(of_goal(goal).count().get_result(&mut conn).await?)
}

fn of_goal(goal: &Goal) -> outcome_measurements::BoxedQuery<'static, Pg> {
    let of_goal = outcome_measurements::tenant_id.eq(goal.tenant_id).and(outcome_measurements::goal_id.eq(goal.id));
    outcome_measurements::table.filter(of_goal).into_boxed()
}
