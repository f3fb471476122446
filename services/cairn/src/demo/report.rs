//! The end of a demo: each plan's progress as the platform shows it, beside the hand calculation.

use std::fmt;
use std::time::{Duration, Instant};

use contracts::adoption::PlanView;
use kernel::{AssignmentId, Clock};
use tokio::time::sleep;

use super::Result;
use super::api::Api;
use super::expected::{Sums, expected};
use super::load::Plan;

/// Facts travel over the bus; a restarted service has a backlog to work off.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// Every plan of a demo, in the order of the file.
#[derive(Debug)]
pub struct Report(pub Vec<Row>);

/// A plan.
#[derive(Debug)]
pub struct Row {
    /// Whose it is.
    pub customer: String,
    /// The name of its assignment.
    pub name: String,
    /// That assignment.
    pub assignment: AssignmentId,
    /// What the platform shows.
    pub shown: Sums,
    /// What the file and the feed come to.
    pub by_hand: Sums,
}

impl Report {
    /// Whether the platform came to the same sums everywhere.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.0.iter().all(Row::agrees)
    }
}

impl Row {
    fn agrees(&self) -> bool {
        self.shown == self.by_hand
    }
}

/// Waits until every plan has followed its feed; after a minute, reports what there is.
pub(super) async fn when_settled(api: &mut Api<'_>, plans: &[Plan<'_>], clock: &Clock) -> Result<Report> {
    let began = Instant::now();
    loop {
        let report = report(api, plans, clock).await?;
        if report.agrees() || began.elapsed() > SETTLE_LIMIT {
            return Ok(report);
        }
        sleep(PAUSE).await;
    }
}

async fn report(api: &mut Api<'_>, plans: &[Plan<'_>], clock: &Clock) -> Result<Report> {
    let mut rows = Vec::with_capacity(plans.len());
    for Plan { id, assignment, customer, name, tasks, feed } in plans {
        let view: PlanView = api.get(&format!("/adoption/v1/plans/{id}"), &[]).await?;
        rows.push(Row {
            customer: (*customer).to_owned(),
            name: (*name).to_owned(),
            assignment: *assignment,
            shown: Sums::from(&view),
            by_hand: expected(tasks, feed, clock.now()),
        });
    }
    Ok(Report(rows))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |cell: fn(&Row) -> &str, head: &str| {
            self.0.iter().map(|row| cell(row).chars().count()).chain([head.len()]).max().unwrap_or_default()
        };
        let (customers, names) = (width(|row| &row.customer, "customer"), width(|row| &row.name, "plan"));
        writeln!(
            f,
            "{:customers$}  {:names$}  {:>11}  {:>8}  {:>11}  {:>8}",
            "customer", "plan", "done", "progress", "by hand", "progress"
        )?;
        for row in &self.0 {
            let Row { customer, name, assignment: _, shown, by_hand } = row;
            let done = |sums: &Sums| format!("{} of {}", sums.done, sums.tasks);
            let (progress, calculated) = (shown.progress.to_string(), by_hand.progress.to_string());
            write!(f, "{customer:customers$}  {name:names$}  {:>11}  {progress:>8}  ", done(shown))?;
            write!(f, "{:>11}  {calculated:>8}", done(by_hand))?;
            writeln!(f, "{}", if row.agrees() { "" } else { "  differs" })?;
        }
        Ok(())
    }
}
