//! Values that come late, repeated, out of order and are taken back, through a platform that is killed meanwhile: the end is that
//! of one clean run in order.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::config::Config;
use kernel::{Clock, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response};

use super::{Deployment, VALUES, at_least_ten};
use crate::kill::{Process, free_ports};
use crate::support::owner;

/// The attributes, those of one task after the other's.
const ATTRIBUTES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

/// Everything a feed says of one moment.
#[derive(Debug, Clone)]
struct Feed {
    /// Attributes and whether their values meet what is wanted.
    values: Vec<(usize, bool)>,
    complete: bool,
    /// Whether it should never have been sent.
    mistaken: bool,
    again: bool,
}

fn feed() -> impl Strategy<Value = Feed> {
    let values = proptest::collection::vec((0..ATTRIBUTES.len(), any::<bool>()), 0..8);
    let (complete, mistaken, again) = (prop::bool::weighted(0.5), prop::bool::weighted(0.2), prop::bool::weighted(0.3));
    (values, complete, mistaken, again).prop_map(|(values, complete, mistaken, again)| {
        // A batch of nothing says at least that it is all there is.
        let complete = complete || values.is_empty();
        Feed { values, complete, mistaken, again }
    })
}

impl Feed {
    /// The batch, observed so many seconds ago.
    fn batch(&self, it: &Deployment, ago: i64) -> Value {
        let mut said = BTreeMap::new();
        for (attribute, met) in &self.values {
            said.entry(*attribute).or_insert(if *met { 12 } else { 3 });
        }
        let values: Vec<_> =
            said.into_iter().map(|(attribute, value)| it.value(ATTRIBUTES[attribute], value, ago)).collect();
        let assignments = if self.complete { vec![it.assignment.as_str()] } else { Vec::new() };
        json!({ "values": values, "complete": { "assignmentIds": assignments, "observedAt": it.ago(ago) } })
    }
}

/// Asks until the platform can answer, as a careful caller does: of what is answered 503, nothing was done.
async fn insist(mut ask: impl AsyncFnMut() -> Response) -> Response {
    loop {
        match ask().await {
            away if away.status == 503 => tokio::time::sleep(Duration::from_millis(50)).await,
            answer => return answer,
        }
    }
}

/// Sends a batch; returns where it is remembered.
async fn send(it: &Deployment, batch: &Value) -> String {
    let receipt = insist(async || it.owner.post(VALUES, batch).await).await;
    assert_eq!(receipt.expect(200).body["refused"], 0, "{}", receipt.text);
    format!("/telemetry/v1/batches/{}", receipt.body["batchId"].as_str().unwrap())
}

/// Tasks with required attributes, with optional ones and with both; the last two are people's matter as well.
async fn deployment(owner: Client, now: Timestamp) -> Deployment {
    let optional = |name: &str| {
        let mut attribute = at_least_ten(name);
        attribute["isRequired"] = json!(false);
        attribute
    };
    let tasks = [
        ("Required", vec![at_least_ten("a"), at_least_ten("b")]),
        ("Both", vec![at_least_ten("c"), optional("d")]),
        ("More", vec![at_least_ten("e"), optional("f"), optional("g")]),
        ("Optional", vec![optional("h"), optional("i")]),
        ("One", vec![at_least_ten("j")]),
        ("Handed back", vec![at_least_ten("k")]),
        ("Held", vec![at_least_ten("l")]),
    ];
    Deployment::made_at(now, &owner, &tasks).await.planned().await
}

async fn set(it: &Deployment, task: &str, status: &str) {
    let path = format!("/adoption/v1/customer-tasks/{}", it.task(task));
    let command = json!({ "status": status });
    let ask = async || testkit::send(it.owner.request(Method::PATCH, &path).json(&command)).await;
    insist(ask).await.expect(200);
}

/// Where everything stands once all that telemetry tells has been heard.
async fn end_of(it: &Deployment) -> Vec<Value> {
    let mut end = Vec::new();
    for task in &it.tasks {
        let name = task["name"].as_str().unwrap();
        let facts = it.explanation(name).await["facts"].clone();
        let path = format!("/adoption/v1/customer-tasks/{}", it.task(name));
        let followed = it.owner.get_until(&path, |answer| name == "Held" || answer.body["status"] == facts["standing"]);
        let status = followed.await.expect(200).body["status"].clone();
        let counts = ["active", "required", "withData", "requiredWithData", "met", "requiredMet", "standing"];
        end.push(json!([name, status, counts.map(|count| facts[count].clone())]));
    }
    for attribute in ATTRIBUTES {
        let state = it.state(attribute).await;
        let series = format!("/telemetry/v1/attributes/{}/series?resolution=DAY", it.attribute(attribute));
        let points = it.owner.get(&series).await.expect(200).body["points"].clone();
        let known = ["hasData", "isMet", "latestValue", "latestObservedAt"].map(|name| state[name].clone());
        end.push(json!([attribute, known, points]));
    }
    end
}

#[test]
fn any_order_ends_as_a_clean_run_in_order() {
    actix_web::rt::System::new().block_on(async {
        let world = testkit::world(&cairn::migrations());
        let mut environment = world.environment.clone();
        environment.retain(|(name, _)| name != "CAIRN_PORT_BASE");
        environment.push(("CAIRN_PORT_BASE".to_owned(), free_ports().to_string()));
        let config = Config::from_pairs(environment.clone()).unwrap();
        let mut process = Process::start(&environment);
        let anonymous = Client::anonymous(&format!("http://127.0.0.1:{}", config.network.port_base));
        let up = async || {
            while !matches!(anonymous.request(Method::GET, "/readyz").send().await, Ok(ready) if ready.status() == 200)
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        up().await;
        let now = Clock::system().now();
        let clean = deployment(owner(&config, &anonymous).await, now).await;
        let mixed = deployment(owner(&config, &anonymous).await, now).await;

        let mut runner = TestRunner::deterministic();
        let feeds = proptest::collection::vec(feed(), 60).new_tree(&mut runner).unwrap().current();
        let feeds: Vec<(i64, Feed)> = (0..).step_by(3_600).zip(feeds).collect();
        for it in [&clean, &mixed] {
            set(it, "Held", "IN_PROGRESS").await;
            set(it, "Handed back", "DONE").await;
        }
        set(&clean, "Handed back", "NOT_STARTED").await;
        for (ago, feed) in feeds.iter().rev().filter(|(_, feed)| !feed.mistaken) {
            send(&clean, &feed.batch(&clean, *ago)).await;
        }

        let sent = feeds.iter().chain(feeds.iter().filter(|(_, feed)| feed.again)).cloned().collect::<Vec<_>>();
        let sent = Just(sent).prop_shuffle().new_tree(&mut runner).unwrap().current();
        let mut mistakes = Vec::new();
        for (place, (ago, feed)) in sent.iter().enumerate() {
            let batch = send(&mixed, &feed.batch(&mixed, *ago)).await;
            mistakes.extend(feed.mistaken.then_some(batch));
            if place % 9 == 8
                && let Some(mistake) = mistakes.pop()
            {
                insist(async || mixed.owner.delete(&mistake).await).await.expect(200);
            }
            if place == 40 {
                set(&mixed, "Handed back", "NOT_STARTED").await;
            }
            if [20, 50].contains(&place) {
                process.kill();
                process = Process::start(&environment);
                up().await;
            }
        }
        for mistake in mistakes {
            insist(async || mixed.owner.delete(&mistake).await).await.expect(200);
        }

        let expected = end_of(&clean).await;
        assert_eq!(end_of(&mixed).await, expected);
        let standings = expected.iter().map(Value::to_string).collect::<String>();
        for status in ["NOT_STARTED", "IN_PROGRESS", "DONE", "NO_LONGER_USING"] {
            assert!(standings.contains(status), "the history leads to {status} somewhere: {standings}");
        }
        drop(process);
        world.end().await;
    });
}
