//! Outcomes of plans over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, post, put};
use clients::Catalog;
use contracts::adoption::{
    OUTCOME_GOAL_REMOVED, OUTCOME_GOAL_SET, OUTCOME_MEASURED, OUTCOME_MEASUREMENT_RETRACTED, OutcomeGoalView,
    OutcomeMeasurementView,
};
use db::{Conn, Db};
use kernel::problem::VERSION_MISMATCH;
use kernel::{Cursor, OutcomeId, OutcomeMeasurementId, Page, PageQuery, PlanId, Problem};
use serde_json::json;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{Goal, Measurement, MeasurementQuery, PlanOutcome, RecordMeasurement, SetGoal, goal_missing};
use super::store;
use crate::access::{self, Thing};
use crate::permissions::{PlanRead, PlanWrite};
use crate::{customer_tasks, customers, plans};

const MEASUREMENTS: &str = "outcome_measurements";

/// List the outcomes of a plan
///
/// Those that are chosen, which is all that the catalog has where none is, those that a task serves and those with a goal, in
/// the order they were made in the catalog, all at once: how far the customer has come with each, and how far the tasks that
/// serve it.
#[utoipa::path(tag = "plan outcomes", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<PlanOutcome>)))]
#[get("/plans/{planId}/outcomes")]
pub(super) async fn list_plan_outcomes(
    who: Allow<PlanRead>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path(id): Path<PlanId>,
) -> Answer {
    let find = async |conn: &Conn| {
        access::may(&who, conn, Thing::Plan(id)).await?;
        plans::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))
    };
    let plan = who.look(&db, find).await?;
    let chosen = if plan.outcome_ids.is_empty() {
        catalog.outcomes_of(who.actor(), plan.owner()).await?.unwrap_or_default()
    } else {
        plan.outcome_ids
    };
    who.read(&db, async |conn| {
        let goals = store::goals(conn, who.tenant, id).await?;
        let latest = store::latest(conn, who.tenant, &goals).await?;
        let tasks = customer_tasks::served(conn, who.tenant, id).await?;
        let items = PlanOutcome::all(&chosen, goals, latest, &tasks).collect();
        Reply::ok(&Page { items, next_cursor: None, total: None })
    })
    .await
}

/// Set the goal of a plan for an outcome
///
/// Its baseline and its target; whether more or less is better follows from them. What was measured stays when they change, and
/// counts again when the goal was taken back before. `If-Match` with the goal's version must be sent; where no goal is set, it is
/// left out.
#[utoipa::path(tag = "plan outcomes", request_body = SetGoal, security(("bearer" = [PlanWrite::NAME])), responses((status = 200, body = OutcomeGoalView), (status = 412, description = "Somebody else changed it."), (status = 428, description = "`If-Match` is missing.")))]
#[put("/plans/{planId}/outcomes/{outcomeId}")]
pub(super) async fn set_outcome_goal(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Path((id, outcome)): Path<(PlanId, OutcomeId)>,
    Body(command): Body<SetGoal>,
) -> Answer {
    let command = command.checked()?;
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    let find = async |conn: &Conn| {
        access::may(&who, conn, Thing::Plan(id)).await?;
        let plan = plans::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))?;
        Ok((plan, store::find(conn, who.tenant, (id, outcome)).await?))
    };
    let (plan, known) = who.look(&db, find).await?;
    if !known.is_some_and(|goal| goal.is_set()) {
        // Asked before the write begins: no transaction waits for another service.
        let known = catalog.outcomes_of(who.actor(), plan.owner()).await?;
        known
            .is_some_and(|known| known.contains(&outcome))
            .then_some(())
            .ok_or_else(|| Problem::not_found("outcome"))?;
    }
    who.write(&db, async |tx| {
        let plan = plans::fetch_for_change(tx, id).await?;
        customers::require_present(tx, tx.tenant(), plan.customer_id).await?;
        let before = store::find(tx, tx.tenant(), (id, outcome)).await?;
        match before.as_ref().filter(|goal| goal.is_set()) {
            Some(goal) => who.require_version(goal.version)?,
            None => {
                who.expect_version(0).map_err(|_| VERSION_MISMATCH.detail("No goal is set; leave If-Match out."))?
            }
        }
        let Some(after) = Goal::set(before.as_ref(), (&plan, outcome), command, tx.now()) else {
            return Reply::show(&before.map(OutcomeGoalView::from).ok_or_else(goal_missing)?);
        };
        store::keep(tx, &after).await?;
        let (before, view) = (before.filter(Goal::is_set).map(OutcomeGoalView::from), OutcomeGoalView::from(after));
        tx.announce(&OUTCOME_GOAL_SET, before.as_ref(), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Take back the goal of a plan for an outcome
///
/// What was measured stays in the history, and counts again when the goal is set again. `If-Match` with the goal's version must be
/// sent, unless there is no goal: then there is nothing to take back.
#[utoipa::path(tag = "plan outcomes", security(("bearer" = [PlanWrite::NAME])), responses((status = 204, description = "Taken back."), (status = 412, description = "Somebody else changed it."), (status = 428, description = "`If-Match` is missing.")))]
#[delete("/plans/{planId}/outcomes/{outcomeId}")]
pub(super) async fn delete_outcome_goal(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    Path((id, outcome)): Path<(PlanId, OutcomeId)>,
) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Plan(id)).await?;
        plans::fetch_for_change(tx, id).await?;
        if let Some(goal) = store::find(tx, tx.tenant(), (id, outcome)).await?.filter(Goal::is_set) {
            who.require_version(goal.version)?;
            let last = goal.clone().removed(tx.now());
            store::keep(tx, &last).await?;
            tx.announce(&OUTCOME_GOAL_REMOVED, Some(&goal.into()), &last.into()).await?;
        }
        Ok(Reply::done())
    })
    .await
}

/// Record a measured value of an outcome
///
/// It is added to what was measured before. The value measured last counts, whenever it was recorded, until it is taken back.
#[utoipa::path(tag = "plan outcomes", request_body = RecordMeasurement, security(("bearer" = [PlanWrite::NAME])), responses((status = 201, body = OutcomeMeasurementView), (status = 409, description = "The outcome has no goal in this plan.")))]
#[post("/plans/{planId}/outcomes/{outcomeId}/measurements")]
pub(super) async fn record_measurement(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    Path((id, outcome)): Path<(PlanId, OutcomeId)>,
    Body(command): Body<RecordMeasurement>,
) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Plan(id)).await?;
        let plan = plans::fetch_for_change(tx, id).await?;
        customers::require_present(tx, tx.tenant(), plan.customer_id).await?;
        let goal = store::find(tx, tx.tenant(), (id, outcome)).await?.filter(Goal::is_set).ok_or_else(goal_missing)?;
        let measurement = command.of(&goal, tx.actor().person(), tx.now())?;
        store::insert(tx, &measurement).await?;
        let view = measurement.view(&goal);
        tx.announce(&OUTCOME_MEASURED, None, &view).await?;
        Ok(Reply::ok(&view)?.with_status(201))
    })
    .await
}

/// Take back a measured value of an outcome
///
/// It stays in the history, which tells who has taken it back and when, and no longer counts: what was measured before it does.
#[utoipa::path(tag = "plan outcomes", security(("bearer" = [PlanWrite::NAME])), responses((status = 204, description = "Taken back."), (status = 409, description = "The customer is deleted.")))]
#[delete("/plans/{planId}/outcomes/{outcomeId}/measurements/{measurementId}")]
pub(super) async fn retract_measurement(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    Path((id, outcome, measurement)): Path<(PlanId, OutcomeId, OutcomeMeasurementId)>,
) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Plan(id)).await?;
        let plan = plans::fetch_for_change(tx, id).await?;
        customers::require_present(tx, tx.tenant(), plan.customer_id).await?;
        let missing = || Problem::not_found("outcome measurement");
        let goal = store::find(tx, tx.tenant(), (id, outcome)).await?.ok_or_else(missing)?;
        let before = store::measurement(tx, &goal, measurement).await?.ok_or_else(missing)?;
        if before.retracted_at.is_none() {
            let after = before.clone().retracted(tx.actor().person(), tx.now());
            store::retract(tx, &after).await?;
            tx.announce(&OUTCOME_MEASUREMENT_RETRACTED, Some(&before.view(&goal)), &after.view(&goal)).await?;
        }
        Ok(Reply::done())
    })
    .await
}

/// List what was measured of an outcome
///
/// The value measured last comes first. What was taken back is shown too, with `retractedAt`, and so is what was measured of a
/// goal that was taken back.
#[utoipa::path(tag = "plan outcomes", params(MeasurementQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<OutcomeMeasurementView>)))]
#[get("/plans/{planId}/outcomes/{outcomeId}/measurements")]
pub(super) async fn list_measurements(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path((id, outcome)): Path<(PlanId, OutcomeId)>,
    Query(query): Query<MeasurementQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, MEASUREMENTS)?);
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Plan(id)).await?;
        let goal = store::find(conn, who.tenant, (id, outcome)).await?;
        let goal = goal.ok_or_else(|| Problem::not_found("outcome goal"))?;
        let rows = store::page(conn, &goal, after, limit).await?;
        let key = |row: &Measurement| vec![json!(row.measured_at), json!(row.id)];
        let mut page = Cursor::page(rows, limit, &context.config.keys, MEASUREMENTS, key);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, &goal).await?);
        }
        Reply::ok(&page.map(|row| row.view(&goal)))
    })
    .await
}
