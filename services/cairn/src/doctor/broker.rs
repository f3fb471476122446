//! RabbitMQ: what waits in each queue, and what no consumer could take.

use bus::topology::{QUEUES, Queue, queue};
use bus::{Broker, BusError};
use diesel::sql_types::{Bool, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use kernel::config::Config;
use kernel::{Problem, Timestamp};
use tokio::time::timeout;

use super::{Finding, PATIENCE, postgres, told};

/// More than this, and the consumer does not keep up.
const MANY: u32 = 10_000;

pub(super) async fn examine(config: &Config, now: Timestamp) -> Vec<Finding> {
    let broker = match timeout(PATIENCE, Broker::connect(&config.broker, "doctor")).await {
        Ok(Ok(broker)) => broker,
        Ok(Err(error)) => return vec![away(error.to_string())],
        Err(_) => return vec![away("does not answer".to_owned())],
    };
    let mut findings = vec![Finding::ok("rabbitmq", "reachable")];
    for queue in QUEUES {
        findings.push(match broker.depth(queue).await {
            Ok((waiting, dead)) => depth(config, queue, waiting, dead, now).await,
            Err(error) => Finding::fail(format!("queue {}", queue.name), error.to_string(), "look at RabbitMQ's log"),
        });
    }
    findings
}

/// Puts the dead letters of a queue back into it and says how many.
///
/// # Errors
/// When there is no such queue, or the broker is lost half-way.
pub async fn replay(config: &Config, name: &str) -> Result<u32, Box<dyn std::error::Error>> {
    let Some(queue) = queue(name) else {
        let names: Vec<_> = QUEUES.iter().map(|queue| queue.name).collect();
        return Err(format!("there is no queue {name}; there are {}", names.join(", ")).into());
    };
    let moved: Result<u32, BusError> =
        async { Broker::connect(&config.broker, "doctor").await?.replay(queue).await }.await;
    Ok(moved?)
}

fn away(reason: String) -> Finding {
    let advice = "start RabbitMQ, or correct CAIRN_AMQP_URL; events wait in the outboxes until then";
    Finding::fail("rabbitmq", reason, advice)
}

async fn depth(config: &Config, queue: &Queue, waiting: u32, dead: u32, now: Timestamp) -> Finding {
    let check = format!("queue {}", queue.name);
    if dead > 0 {
        let detail = format!("dead letters: {dead}, waiting: {waiting}");
        let advice = format!(
            "the log of {} says why; when that is mended, `cairn doctor replay {}`",
            queue.service(),
            queue.name
        );
        return Finding::warn(check, detail, advice);
    }
    if waiting == 0 {
        return Finding::ok(check, "empty");
    }
    let detail = format!("waiting: {waiting}");
    match taken_lately(config, queue, now).await {
        Err(problem) => {
            Finding::warn(check, format!("{detail}; its inbox cannot be read: {}", told(&problem)), "see above")
        }
        Ok(false) => Finding::warn(
            check,
            format!("{detail}; nothing was taken for a minute"),
            format!("look at the log of {}; is it running?", queue.service()),
        ),
        Ok(true) if waiting > MANY => Finding::warn(
            check,
            detail,
            format!("{} is behind; if this number grows, give it more CPU", queue.service()),
        ),
        Ok(true) => Finding::ok(check, detail),
    }
}

/// Whether the consumer of a queue has noted anything in its inbox lately.
async fn taken_lately(config: &Config, queue: &Queue, now: Timestamp) -> Result<bool, Problem> {
    #[derive(diesel::QueryableByName)]
    struct Taken {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }
    let role = format!("{}_relay", queue.service());
    let url = config.role_url(&role).ok_or_else(|| Problem::internal(format!("{role} has no address")))?;
    let mut conn = postgres::connect(&url).await?;
    let query =
        "select exists (select 1 from inbox where consumer = $1 and received_at > $2 - interval '1 minute') as taken";
    let row: Taken =
        diesel::sql_query(query).bind::<Text, _>(queue.name).bind::<Timestamptz, _>(now).get_result(&mut conn).await?;
    Ok(row.taken)
}
