//! What adoption tells of customers' plans: by event, or when it is asked.

use std::collections::BTreeMap;

use bus::Consumer;
use contracts::Envelope;
use contracts::adoption::{
    ASSIGNMENT_CHANGED, ASSIGNMENT_CREATED, ASSIGNMENT_REMOVED, AssignmentView, CUSTOMER_TASK_ADDED,
    CUSTOMER_TASK_CHANGED, CUSTOMER_TASK_REMOVED, CUSTOMER_TASK_RETIRED, CustomerTaskView,
};
use db::Tx;
use kernel::Problem;

use super::model::Attribute;
use super::store;
use crate::{assignments, facts};

/// The consumer of adoption's events.
pub(crate) fn consumer() -> Consumer {
    Consumer::new("telemetry.plans", |tx, event| Box::pin(hear(tx, event)))
}

async fn hear(tx: &mut Tx, event: &Envelope) -> Result<(), Problem> {
    let key = event.key();
    if [CUSTOMER_TASK_ADDED.key, CUSTOMER_TASK_CHANGED.key, CUSTOMER_TASK_RETIRED.key].contains(&key) {
        learn(tx, &event.state::<CustomerTaskView>().map_err(Problem::internal)?).await
    } else if key == CUSTOMER_TASK_REMOVED.key {
        store::remove_task(tx, event.state::<CustomerTaskView>().map_err(Problem::internal)?.id).await
    } else if [ASSIGNMENT_CREATED.key, ASSIGNMENT_CHANGED.key, ASSIGNMENT_REMOVED.key].contains(&key) {
        let assignment: AssignmentView = event.state().map_err(Problem::internal)?;
        assignments::learn(tx, &BTreeMap::from([(assignment.id, assignment.customer_id)])).await?;
        if key == ASSIGNMENT_REMOVED.key { store::remove_assignment(tx, assignment.id).await } else { Ok(()) }
    } else {
        Ok(())
    }
}

/// Takes over the attributes of a customer task as they are at its version; what is known from a later one stays.
pub(super) async fn learn(tx: &mut Tx, task: &CustomerTaskView) -> Result<(), Problem> {
    // A twin that learned the task at the same moment may have known an older version: then ours is compared with it.
    while !take_over(tx, task).await? {}
    Ok(())
}

/// One look at the task; `false` when a twin was quicker to add an attribute.
async fn take_over(tx: &mut Tx, task: &CustomerTaskView) -> Result<bool, Problem> {
    let mut known = store::by_id(store::fetch_for_change(tx, vec![task.id], Vec::new()).await?);
    let is_known = !known.is_empty();
    let (mut new, mut redefined) = (Vec::new(), Vec::new());
    for attribute in &task.attributes {
        let told = Attribute::of(tx.tenant(), task, attribute);
        // What a retired task has keeps its values and stops counting, until the task comes back.
        let told = Attribute { is_active: told.is_active && !task.status.is_retired(task.status_source), ..told };
        match known.remove(&told.id) {
            Some(mut row) => redefined.extend(row.redefine(told).then_some(row)),
            None => new.push(told),
        }
    }
    // What the task does not have any more keeps its values and stops counting.
    for mut row in known.into_values() {
        let retired = Attribute { version: task.version, is_active: false, ..row.clone() };
        redefined.extend(row.redefine(retired).then_some(row));
    }
    for row in &redefined {
        store::redefine(tx, row).await?;
    }
    let alone = store::insert(tx, &new).await?;
    if alone && is_known && !(new.is_empty() && redefined.is_empty()) {
        facts::evaluate_again(tx, task.id).await?;
    }
    Ok(alone)
}
