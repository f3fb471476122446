//! Keys that are confined to customers or to a source.

use serde_json::json;

use super::access::{customer_of, two};
use super::{outcome, post, post_as, post_lines};
use crate::grants::grant;
use crate::partners::{account, key, program};
use crate::support::on_stage;

const ACCOUNTS: &str = "/identity/v1/service-accounts";
const OTLP: &str = "/telemetry/v1/otlp/v1/metrics";

#[test]
fn a_key_that_is_confined_to_a_customer_sends_for_it_alone_and_so_does_the_one_after_it() {
    on_stage(async |stage| {
        let [ours, other] = two(&stage).await;
        let account = account(&stage.admin, "Agent", &["*"]).await;
        let customers = json!([customer_of(&stage.admin, &ours).await]);
        let first = key(&stage.admin, &account, json!({ "customerIds": customers })).await;
        let path = format!("{ACCOUNTS}/{}/keys/{}", account.id(), first.expect(201).id());
        let second = stage.admin.post(&format!("{path}/rotate"), &json!({})).await;
        for key in [&first, &second] {
            assert_eq!(key.expect(201).body["customerIds"], customers);
        }
        // The key itself, by the gateway; a token for it; and the key that replaced it.
        let by_gateway = stage.anonymous.with_token(first.body["key"].as_str().unwrap());
        let callers = [by_gateway, program(&stage, &first).await, program(&stage, &second).await];
        for (ago, caller) in (10..).zip(&callers) {
            let sent = post(caller, &[ours.value("users", 13, ago), other.value("users", 13, ago)]).await;
            assert_eq!(outcome(&sent), [1, 0, 1]);
            assert_eq!(sent.body["refusals"][0]["code"], "ASSIGNMENT_UNKNOWN");
            caller.post(OTLP, &json!({})).await.expect(200);
            caller.get("/catalog/v1/products").await.expect_problem(403, "KEY_CONFINED");
        }
        assert_eq!((ours.series("users").await.len(), other.series("users").await.len()), (4, 1));
        let lists = stage.admin.get(&format!("{ACCOUNTS}/{}/keys", account.id())).await;
        assert_eq!(lists.expect(200).body["items"][0]["customerIds"], customers);
        let patch = json!({ "customerIds": [] });
        stage.admin.patch(&path, None, &patch).await.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn values_of_a_key_that_is_confined_to_a_source_carry_it() {
    on_stage(async |stage| {
        let [ours, _] = two(&stage).await;
        let account = account(&stage.admin, "Agent", &["telemetry:value:write"]).await;
        let key = key(&stage.admin, &account, json!({ "source": "agent 7" })).await;
        assert_eq!(key.expect(201).body["source"], "agent 7");
        let agent = program(&stage, &key).await;
        let mut named = ours.value("users", 13, 10);
        named["source"] = json!("agent 7");
        let mut false_name = ours.value("users", 14, 9);
        false_name["source"] = json!("agent 8");
        let sent = post_lines(&agent, format!("{}\n{named}\n{false_name}", ours.value("users", 12, 11))).await;
        assert_eq!(outcome(&sent), [2, 0, 1]);
        let all = json!({ "values": [], "complete": { "assignmentIds": [ours.assignment] } });
        agent.post("/telemetry/v1/values", &all).await.expect_problem(422, "CONTENT_INVALID");
        let refused = &sent.body["refusals"][0];
        assert_eq!(refused["code"], "SOURCE_DENIED");
        assert!(refused["detail"].as_str().unwrap().contains("agent 8"), "{}", sent.text);
        let table = format!("assignmentId,attribute,value,observedAt\n{},users,15,{}", ours.assignment, ours.ago(8));
        assert_eq!(outcome(&post_as(&agent, "text/csv", "identity", table).await), [1, 0, 0]);
        let sources: Vec<_> = ours.series("users").await.iter().map(|value| value["source"].clone()).collect();
        assert_eq!(sources, [json!("agent 7"), json!("agent 7"), json!("agent 7"), json!(null)]);
    });
}

#[test]
fn a_key_is_confined_within_what_its_account_is_granted() {
    on_stage(async |stage| {
        let [ours, other] = two(&stage).await;
        let account = account(&stage.admin, "Agent", &[]).await;
        let subject = ("SERVICE_ACCOUNT", account.id());
        let (ours_id, other_id) = (customer_of(&stage.admin, &ours).await, customer_of(&stage.admin, &other).await);
        let on = ("CUSTOMER", Some(ours_id.as_str()));
        grant(&stage.admin, (subject.0, &subject.1), on, "WRITE").await.expect(201);
        let outside = key(&stage.admin, &account, json!({ "customerIds": [other_id] })).await;
        let outside = program(&stage, &outside).await;
        post(&outside, &[other.value("users", 13, 9)]).await.expect_problem(403, "PERMISSION_DENIED");
        let within = key(&stage.admin, &account, json!({ "customerIds": [ours_id, other_id] })).await;
        let agent = stage.anonymous.with_token(within.body["key"].as_str().unwrap());
        // Telemetry may hear of the grant a moment later.
        let mut sent = post(&agent, &[ours.value("users", 13, 9)]).await;
        for _ in 0..100 {
            if sent.status == 200 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            sent = post(&agent, &[ours.value("users", 13, 9)]).await;
        }
        assert_eq!(outcome(&sent), [1, 0, 0]);
        assert_eq!(outcome(&post(&agent, &[other.value("users", 13, 9)]).await), [0, 0, 1]);
    });
}
