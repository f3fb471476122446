//! Every night, the health of all customers of a tenant is computed and kept.

use std::collections::HashMap;

use chrono::{Duration, NaiveTime};
use clients::Telemetry;
use contracts::telemetry::AssignmentFreshness;
use db::{Conn, Tx};
use jobs::{Job, Kind};
use kernel::{AssignmentId, CustomerId, Problem, TenantId, Timestamp};

use super::model::Health;
use super::parts::{FRESH, Freshness};
use super::store::{self, Day};
use crate::reports::{LATELY, standings};

const NAME: &str = "health.daily";
/// One job for each tenant.
const KEY: &str = "tenant";
/// When the night's work begins, in hours of the day (UTC).
const HOUR: i64 = 2;
/// After so many tries a night without telemetry is better than none.
const TRIES: i32 = 6;

/// The kind of job.
pub(crate) fn kind(telemetry: Telemetry) -> Kind {
    Kind::new(NAME, move |tx, job| Box::pin(pass_night(tx, job, telemetry.clone())))
}

/// Has the health of the tenant's customers kept from the next night on, if it is not yet.
pub(crate) async fn keep_daily(tx: &mut Tx) -> Result<(), Problem> {
    let next = next_night(tx.now());
    jobs::schedule_all(tx, NAME, [(KEY.to_owned(), ())], next).await
}

async fn pass_night(tx: &mut Tx, job: &Job, telemetry: Telemetry) -> Result<(), Problem> {
    let now = tx.now();
    // Asked before the first statement: nothing is locked meanwhile.
    let heard = match telemetry.freshness_of_all(tx.actor(), now - Duration::days(FRESH)).await {
        Ok(heard) => Some(heard),
        Err(problem) if job.attempts < TRIES => return Err(problem),
        Err(_) => None,
    };
    let tenant = tx.tenant();
    let all = compute(tx, tenant, None, heard, now).await?;
    // A tenant without customers, or one that was forgotten, begins again with the first.
    if all.is_empty() {
        return Ok(());
    }
    let days: Vec<Day> = all.into_iter().map(|(customer, health)| Day::of(tenant, customer, health)).collect();
    store::keep(tx, &days).await?;
    jobs::schedule(tx, NAME, KEY, &(), next_night(now)).await
}

/// The health of all customers, or of this one, as of now; of one who is deleted there is none.
pub(super) async fn compute(
    conn: &Conn,
    tenant: TenantId,
    of: Option<CustomerId>,
    heard: Option<Vec<AssignmentFreshness>>,
    now: Timestamp,
) -> Result<Vec<(CustomerId, Health)>, Problem> {
    let weights = store::weights(conn, tenant).await?;
    let owners = store::owners(conn, tenant, of).await?;
    let heard = heard.map(|heard| by_customer(&owners, heard));
    let all = standings(conn, tenant, of, now - Duration::days(LATELY)).await?;
    let health = |customer, counts| {
        let heard = heard.as_ref().map(|heard| heard.get(&customer).copied().unwrap_or_default());
        Health::compute(customer, counts, heard, weights, now)
    };
    Ok(all.iter().map(|standing| (standing.customer_id, health(standing.customer_id, &standing.counts))).collect())
}

/// How fresh the data of each customer's assignments are together.
fn by_customer(
    owners: &[(AssignmentId, CustomerId)],
    heard: Vec<AssignmentFreshness>,
) -> HashMap<CustomerId, Freshness> {
    let owners: HashMap<_, _> = owners.iter().copied().collect();
    let mut all = HashMap::<CustomerId, Freshness>::new();
    for AssignmentFreshness { assignment_id, attributes, fresh } in heard {
        if let Some(customer) = owners.get(&assignment_id) {
            let known = all.entry(*customer).or_default();
            known.attributes += attributes;
            known.fresh += fresh;
        }
    }
    all
}

/// The next time that the night's work begins.
fn next_night(now: Timestamp) -> Timestamp {
    let midnight = Timestamp::from(now.date_naive().and_time(NaiveTime::MIN).and_utc());
    let tonight = midnight + Duration::hours(HOUR);
    if tonight > now { tonight } else { tonight + Duration::days(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_night_is_ahead() {
        let next = |now: &str| next_night(now.parse().unwrap()).to_string();
        assert_eq!(next("2026-11-22T01:59:59Z"), "2026-11-22T02:00:00Z");
        assert_eq!(next("2026-11-22T02:00:00Z"), "2026-11-23T02:00:00Z");
    }

    #[test]
    fn what_is_heard_of_assignments_adds_up_by_customer() {
        let (one, other, customer) = (AssignmentId::fresh(), AssignmentId::fresh(), CustomerId::fresh());
        let heard = |assignment_id, fresh| AssignmentFreshness { assignment_id, attributes: 4, fresh };
        let all = vec![heard(one, 1), heard(other, 2), heard(AssignmentId::fresh(), 4)];
        let together = by_customer(&[(one, customer), (other, customer)], all);
        assert_eq!(together, HashMap::from([(customer, Freshness { attributes: 8, fresh: 3 })]));
    }
}
