//! Values survive what happens to processes and servers.

use std::process::{Child, Command};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response};

use super::{Deployment, VALUES, at_least_ten, outcome, post};
use crate::support::{Stage, on_prepared_stage, on_stage};

/// Another telemetry process of the same platform.
struct Twin {
    process: Child,
    /// Its address, spoken to past the gateway.
    sender: Client,
}

impl Twin {
    async fn start(stage: &Stage) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let config = &stage.platform.config;
        let process = Command::new(env!("CARGO_BIN_EXE_cairn"))
            .args(["serve", "telemetry"])
            .envs(stage.world.environment.iter().cloned())
            .env("CAIRN_PORT_BASE", (port - 4).to_string())
            .env("CAIRN_UPSTREAMS_IDENTITY", config.upstreams("identity").join(","))
            .env("CAIRN_UPSTREAMS_ADOPTION", config.upstreams("adoption").join(","))
            .spawn()
            .unwrap();
        let address = Client::anonymous(&format!("http://127.0.0.1:{port}"));
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        address.get_until("/readyz", |answer| answer.status == 200).await.expect(200);
        Self { process, sender: address.with_token(stage.admin.token.as_deref().unwrap()) }
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        // SIGKILL: no goodbye.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn batches(it: &Deployment, count: i64, size: i64) -> Vec<Vec<Value>> {
    let attributes = ["users", "gates"];
    let value = |n: i64| it.value(attributes[usize::try_from(n % 2).unwrap()], n, n);
    (0..count).map(|batch| (batch * size..(batch + 1) * size).map(value).collect()).collect()
}

/// Sends batches, four at a time; does `then` when ten have been answered. The answers come in the order of the batches.
async fn send_all(sender: &Client, batches: &[Vec<Value>], then: impl FnOnce()) -> Vec<Option<Response>> {
    let sends = stream::iter(batches).map(async |batch| {
        let request = sender.request(Method::POST, VALUES).json(&json!({ "values": batch }));
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.ok()?;
        Some(Response { status, headers, body: serde_json::from_str(&text).ok()?, text })
    });
    let mut sends = std::pin::pin!(sends.buffered(4));
    let (mut answers, mut then) = (Vec::new(), Some(then));
    while let Some(answer) = sends.next().await {
        answers.push(answer);
        if answers.len() == 10 {
            then.take().unwrap()();
        }
    }
    answers
}

/// Sends every batch again until it is taken: its values are there now, and those of an answered batch were there before.
async fn send_again(sender: &Client, batches: &[Vec<Value>], answers: &[Option<Response>]) {
    for (batch, answer) in batches.iter().zip(answers) {
        let mut receipt = post(sender, batch).await;
        while receipt.status == 503 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            receipt = post(sender, batch).await;
        }
        let sent = u64::try_from(batch.len()).unwrap();
        let [accepted, duplicate, refused] = outcome(&receipt);
        assert_eq!((accepted + duplicate, refused), (sent, 0));
        let answered = answer.as_ref().is_some_and(|answer| answer.status == 200);
        assert!(!answered || accepted == 0, "what was answered was durable");
        assert_eq!(outcome(&post(sender, batch).await), [0, sent, 0]);
    }
}

fn both() -> Vec<Value> {
    vec![at_least_ten("users"), at_least_ten("gates")]
}

#[test]
fn a_batch_cut_short_by_a_kill_is_sent_again_and_every_value_is_there_once() {
    on_stage(async |stage| {
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", both())]).await;
        let batches = batches(&it, 40, 500);
        let mut twin = Twin::start(&stage).await;
        let sender = twin.sender.clone();
        let answers = send_all(&sender, &batches, || twin.process.kill().unwrap()).await;
        assert!(answers.iter().filter(|answer| answer.is_none()).count() > 20, "the kill came in the middle");
        send_again(&stage.admin, &batches, &answers).await;
        assert_eq!(it.state("users").await["latestValue"], 0, "the one observed last");
        it.becomes("Roll out", "IN_PROGRESS").await;
    });
}

#[test]
fn without_the_database_a_batch_is_503_and_nothing_of_it_is_lost_or_doubled_afterwards() {
    on_prepared_stage(
        |world| world.put_proxy(true),
        async |stage, postgres| {
            let it = Deployment::of(&stage, &stage.admin, &[("Roll out", both())]).await;
            let batches = batches(&it, 20, 500);
            let answers = send_all(&stage.admin, &batches, || postgres.cut()).await;
            for answer in answers.iter().flatten().filter(|answer| answer.status != 200) {
                answer.expect_problem(503, "UNAVAILABLE");
                assert!(!answer.header("retry-after").is_empty());
            }
            assert!(answers.iter().flatten().filter(|answer| answer.status == 503).count() > 5);
            postgres.mend();
            send_again(&stage.admin, &batches, &answers).await;
            it.becomes("Roll out", "IN_PROGRESS").await;
        },
    );
}

#[test]
fn two_processes_that_take_the_same_values_store_each_once_and_agree() {
    on_stage(async |stage| {
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", both())]).await;
        let twin = Twin::start(&stage).await;
        let batches = batches(&it, 20, 200);
        let (here, there) =
            tokio::join!(send_all(&stage.admin, &batches, || ()), send_all(&twin.sender, &batches, || ()));
        let stored: u64 = here.iter().chain(&there).flatten().map(|receipt| outcome(receipt)[0]).sum();
        assert_eq!(stored, 20 * 200);
        let mut versions: Vec<_> =
            it.told("Roll out", 1).await.iter().map(|event| event["entityVersion"].as_u64().unwrap()).collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..).take(versions.len()).collect::<Vec<_>>(), "each version is told once");
        // Both remember the attribute; then its assignment goes, and both know.
        stage.admin.delete(&format!("/adoption/v1/assignments/{}", it.assignment)).await.expect(204);
        let list = format!("/telemetry/v1/attributes?assignmentId={}", it.assignment);
        stage.admin.get_until(&list, |answer| answer.body["items"][0]["isActive"] == false).await;
        for sender in [&stage.admin, &twin.sender] {
            assert_eq!(outcome(&post(sender, &[it.value("users", 1, 9_999)]).await), [0, 0, 1]);
        }
    });
}
