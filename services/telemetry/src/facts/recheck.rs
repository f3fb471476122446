//! Looking again when time alone may have changed an outcome: one job per customer task, at the earliest such moment.

use std::collections::BTreeSet;

use db::Tx;
use jobs::Kind;
use kernel::{CustomerTaskId, Problem};

use super::evaluate::evaluate_again;
use crate::attributes::Attribute;

const NAME: &str = "facts.recheck";

/// The kind of job.
pub(crate) fn kind() -> Kind {
    Kind::new(NAME, |tx, job| Box::pin(async move { evaluate_again(tx, job.payload::<CustomerTaskId>()?).await }))
}

/// Schedules the next look at these tasks, whose attributes are among `rows`. A task whose outcomes no longer depend on
/// time may keep a job of before: it looks, finds nothing new and ends.
pub(super) async fn schedule(tx: &mut Tx, rows: &[Attribute], tasks: BTreeSet<CustomerTaskId>) -> Result<(), Problem> {
    for task in tasks {
        let of_task = rows.iter().filter(|row| row.customer_task_id == task && row.counts());
        if let Some(at) = of_task.filter_map(|row| row.recheck_at).min() {
            jobs::schedule(tx, NAME, &task.to_string(), &task, at).await?;
        }
    }
    Ok(())
}
