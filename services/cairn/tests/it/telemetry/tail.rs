//! Values are watched while they come in.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::Client;
use tokio::time::{sleep, timeout};

use super::access::{kim, two};
use super::{Deployment, at_least_ten, post};
use crate::support::on_stage;

const TAIL: &str = "/telemetry/v1/values/tail";

/// An open tail, and what of it was not read yet.
struct Tail(reqwest::Response, String);

impl Tail {
    /// Opens a tail; what comes from here on is shown.
    async fn open(who: &Client, query: &str) -> Self {
        let answer = who.request(Method::GET, &format!("{TAIL}{query}")).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        let mut tail = Self(answer, String::new());
        tail.frame().await;
        tail
    }

    async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some((frame, rest)) = self.1.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.1 = rest;
                return Some(frame);
            }
            let chunk =
                timeout(Duration::from_secs(20), self.0.chunk()).await.expect("something to see").ok().flatten()?;
            self.1 += std::str::from_utf8(&chunk).unwrap();
        }
    }

    /// The next value.
    async fn value(&mut self) -> Value {
        loop {
            let frame = self.frame().await.expect("the tail goes on");
            if let Some(data) = frame.strip_prefix("event: value\ndata: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

#[test]
fn values_are_seen_as_they_come_by_who_may_and_wants_to() {
    on_stage(async |stage| {
        let it =
            Deployment::of(&stage, &stage.admin, &[("Roll out", vec![at_least_ten("users"), at_least_ten("gates")])])
                .await;
        post(&stage.admin, &[it.value("users", 1, 100)]).await.expect(200);
        let (gates, stranger) = (it.attribute("gates"), stage.another_tenant().await);
        let mut all = Tail::open(&stage.admin, "").await;
        let mut some = Tail::open(&stage.admin, &format!("?attributeId={gates}")).await;
        let mut theirs = Tail::open(&stranger, "").await;
        let foreign = Deployment::of(&stage, &stranger, &[("Theirs", vec![at_least_ten("theirs")])]).await;
        post(&stage.admin, &[it.value("users", 2, 90), it.named("nobody", 2, 90)]).await.expect(200);
        post(&stage.admin, &[it.value("gates", 3, 80)]).await.expect(200);
        post(&stranger, &[foreign.value("theirs", 4, 70)]).await.expect(200);
        let seen = [all.value().await, all.value().await];
        assert_eq!(seen.each_ref().map(|value| value["value"].clone()), [json!(2), json!(3)]);
        assert_eq!((&seen[1]["attributeId"], &seen[1]["assignmentId"]), (&json!(gates), &json!(it.assignment)));
        assert_eq!(some.value().await["value"], 3);
        assert_eq!(theirs.value().await["value"], 4);

        let mut more = Vec::new();
        for _ in 0..3 {
            more.push(Tail::open(&stage.admin, "").await);
        }
        stage.admin.get(TAIL).await.expect_problem(429, "RATE_LIMITED");
        stage.anonymous.get(TAIL).await.expect_problem(401, "TOKEN_MISSING");
        stage.admin.delete("/identity/v1/sessions/current").await.expect(204);
        while all.frame().await.is_some() {}
    });
}

#[test]
fn who_has_closed_all_tails_may_open_as_many_again() {
    on_stage(async |stage| {
        let open = async || {
            let answer = stage.admin.request(Method::GET, TAIL).send().await.unwrap();
            (answer.status() == 200).then_some(answer)
        };
        for _ in 0..2 {
            let mut tails = Vec::new();
            let five = async {
                while tails.len() < 5 {
                    tails.extend(open().await);
                    sleep(Duration::from_millis(100)).await;
                }
            };
            timeout(Duration::from_secs(20), five).await.expect("the seats of closed tails");
            assert!(open().await.is_none());
        }
    });
}

#[test]
fn who_is_granted_a_customer_watches_its_values_alone() {
    on_stage(async |stage| {
        let [ours, other] = two(&stage).await;
        let (kim, _) = kim(&stage, &ours, "READ").await;
        let mut tail = Tail::open(&kim, "").await;
        post(&stage.admin, &[other.value("users", 2, 20), ours.value("users", 3, 20)]).await.expect(200);
        assert_eq!(tail.value().await["value"], 3);
        post(&stage.admin, &[other.value("users", 4, 10)]).await.expect(200);
        post(&stage.admin, &[ours.value("users", 5, 10)]).await.expect(200);
        assert_eq!(tail.value().await["value"], 5);
        for foreign in
            [format!("?assignmentId={}", other.assignment), format!("?attributeId={}", other.attribute("users"))]
        {
            kim.get(&format!("{TAIL}{foreign}")).await.expect_problem(404, "NOT_FOUND");
        }
    });
}
