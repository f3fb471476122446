//! What could not be taken: kept, found again, tried again.

use serde_json::{Value, json};

use super::{Deployment, at_least_ten, outcome, post, post_lines};
use crate::support::on_stage;

const REFUSALS: &str = "/telemetry/v1/refusals";
const REPLAY: &str = "/telemetry/v1/refusals/replay";

fn codes(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect()
}

#[test]
fn refused_values_are_listed_as_they_were_sent_by_reason_batch_and_fate() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let first =
            post_lines(&stage.admin, format!("{}\noops\n{}", it.value("users", 12, 1), it.named("gates", 1, 1))).await;
        assert_eq!(outcome(&first), [1, 0, 2]);
        assert_eq!(first.body["refusals"][0]["index"], 1);
        assert!(first.body["refusals"][0]["detail"].as_str().unwrap().starts_with("Line 2: "), "{}", first.text);
        let second = post(&stage.admin, &[it.named("doors", 2, 1), it.value("users", "many", 1)]).await;
        assert_eq!(outcome(&second), [0, 0, 2]);
        let list =
            async |filter: String| stage.admin.get(&format!("{REFUSALS}{filter}")).await.expect(200).body.clone();
        let all = list(String::new()).await;
        assert_eq!(
            codes(&all),
            ["VALUE_MALFORMED", "ATTRIBUTE_UNKNOWN", "ATTRIBUTE_UNKNOWN", "VALUE_TYPE_WRONG"],
            "in the order they came"
        );
        assert_eq!((&all["items"][0]["payload"], &all["items"][0]["replayedAt"]), (&json!("oops"), &json!(null)));
        let payload: Value = serde_json::from_str(all["items"][1]["payload"].as_str().unwrap()).unwrap();
        assert_eq!(payload, it.named("gates", 1, 1));
        assert_eq!(codes(&list("?code=ATTRIBUTE_UNKNOWN".to_owned()).await).len(), 2);
        let batch = second.body["batchId"].as_str().unwrap();
        assert_eq!(codes(&list(format!("?batchId={batch}")).await), ["ATTRIBUTE_UNKNOWN", "VALUE_TYPE_WRONG"]);
        assert_eq!(codes(&list(format!("?batchId={batch}&code=ATTRIBUTE_UNKNOWN&replayed=false")).await).len(), 1);
        assert_eq!(codes(&list("?replayed=true".to_owned()).await).len(), 0);
        let page = list("?limit=3".to_owned()).await;
        let next = list(format!("?limit=3&cursor={}", page["nextCursor"].as_str().unwrap())).await;
        assert_eq!((codes(&page).len(), codes(&next)), (3, vec!["VALUE_TYPE_WRONG"]));
        stage.admin.get(&format!("{REFUSALS}?code=BOREDOM")).await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn a_refused_value_that_is_sent_again_is_refused_again_and_kept_once() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let bad = [it.named("gates", 1, 1), it.value("users", "many", 1), it.named("gates", 1, 1)];
        for _ in 0..2 {
            assert_eq!(outcome(&post(&stage.admin, &bad).await), [0, 0, 3]);
        }
        let list = stage.admin.get(REFUSALS).await;
        assert_eq!(list.expect(200).body["items"].as_array().unwrap().len(), 2, "{}", list.text);
    });
}

#[test]
fn a_replay_takes_what_can_be_taken_now_and_may_be_repeated() {
    on_stage(async |stage| {
        let tasks = [("Roll out", vec![at_least_ten("users")])];
        let it = Deployment::unplanned(&stage, &stage.admin, &tasks).await;
        let values: Vec<_> =
            (0..5).map(|n| it.named("users", 10 + n, 5 - n)).chain([it.named("gates", 1, 1)]).collect();
        assert_eq!(outcome(&post(&stage.admin, &values).await), [0, 0, 6]);
        let again = stage.admin.post(REPLAY, &json!({ "code": "ATTRIBUTE_UNKNOWN" })).await;
        assert_eq!(outcome(&again), [0, 0, 6], "there is no plan yet");
        let it = it.planned().await;
        let replay = json!({ "code": "ATTRIBUTE_UNKNOWN" });
        let first = stage.admin.get(&format!("{REFUSALS}?limit=1")).await.body["items"][0]["id"].clone();
        let named = json!({ "refusalIds": [first, kernel::RefusalId::fresh()] });
        let unknown = stage.admin.post(REPLAY, &named).await;
        unknown.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(unknown.body["errors"][0]["pointer"], "/refusalIds/1", "{}", unknown.text);
        let (one, other) = tokio::join!(stage.admin.post(REPLAY, &replay), stage.admin.post(REPLAY, &replay));
        assert_eq!(outcome(&one)[0] + outcome(&other)[0], 5, "{} {}", one.text, other.text);
        it.becomes("Roll out", "DONE").await;
        assert_eq!(it.series("users").await.len(), 5);
        assert_eq!(outcome(&stage.admin.post(REPLAY, &replay).await), [0, 0, 1], "what was stored is not tried again");
        let done = stage.admin.get(&format!("{REFUSALS}?replayed=true")).await;
        assert_eq!(done.body["items"].as_array().unwrap().len(), 5);
        let open = stage.admin.get(&format!("{REFUSALS}?replayed=false")).await;
        assert_eq!(codes(&open.body), ["ATTRIBUTE_UNKNOWN"]);
        assert_eq!(outcome(&post(&stage.admin, &values[..5]).await), [0, 5, 0]);
    });
}

#[test]
fn one_refused_value_is_replayed_corrected() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let refused = post(&stage.admin, &[it.value("users", "many", 3)]).await;
        let id = refused.body["refusals"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("{REFUSALS}/{id}/replay");
        let raw = |body: &'static str| {
            testkit::send(
                stage.admin.request(reqwest::Method::POST, &path).header("content-type", "application/json").body(body),
            )
        };
        assert_eq!(outcome(&raw("").await), [0, 0, 1]);
        raw("{").await.expect_problem(400, "REQUEST_MALFORMED");
        assert_eq!(outcome(&stage.admin.post(&path, &it.named("nobody", 3, 3)).await), [0, 0, 1]);
        let shown = stage.admin.get(REFUSALS).await;
        assert_eq!(codes(&shown.body), ["ATTRIBUTE_UNKNOWN"], "it shows its last try");
        let kept: Value = serde_json::from_str(shown.body["items"][0]["payload"].as_str().unwrap()).unwrap();
        assert_eq!(kept, it.value("users", "many", 3), "and what was sent first");
        assert_eq!(outcome(&stage.admin.post(&path, &it.value("users", 30, 3)).await), [1, 0, 0]);
        stage.admin.post(&path, &it.value("users", 31, 3)).await.expect_problem(409, "REFUSAL_ALREADY_REPLAYED");
        assert_eq!(it.state("users").await["latestValue"], 30);
        // The same mistake again is open again.
        assert_eq!(outcome(&post(&stage.admin, &[it.value("users", "many", 3)]).await), [0, 0, 1]);
        let open = stage.admin.get(&format!("{REFUSALS}?replayed=false")).await;
        assert_eq!(codes(&open.body), ["VALUE_TYPE_WRONG"]);
        assert_eq!(outcome(&stage.admin.post(&path, &it.value("users", 30, 3)).await), [0, 1, 0]);
        stage.another_tenant().await.post(&path, &it.value("users", 31, 3)).await.expect_problem(404, "NOT_FOUND");
        stage.admin.post(REPLAY, &json!({})).await.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn refused_values_are_exported_mended_in_a_table_and_sent_again() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let sent = [it.value("users", "=many", 3), it.named("user", 12, 2), it.named("gates", 1, 1)];
        assert_eq!(outcome(&post(&stage.admin, &sent).await), [0, 0, 3]);
        post_lines(&stage.admin, "oops").await.expect(200);
        let reasons = stage.admin.get(&format!("{REFUSALS}/reasons")).await;
        let counts: Vec<_> =
            reasons.expect(200).body.as_array().unwrap().iter().map(|row| (&row["code"], &row["count"])).collect();
        let (unknown, malformed, misfit) =
            (json!("ATTRIBUTE_UNKNOWN"), json!("VALUE_MALFORMED"), json!("VALUE_TYPE_WRONG"));
        assert_eq!(counts, [(&unknown, &json!(2)), (&malformed, &json!(1)), (&misfit, &json!(1))]);
        let lines = stage.admin.get(&format!("{REFUSALS}/export")).await;
        assert_eq!(lines.expect(200).text.lines().count(), 4);
        let table = stage
            .admin
            .get(&format!("{REFUSALS}/export?format=csv&code=ATTRIBUTE_UNKNOWN&code=VALUE_TYPE_WRONG"))
            .await;
        assert_eq!(table.expect(200).header("content-type"), "text/csv; charset=utf-8");
        assert!(table.text.contains("'=many"), "no spreadsheet takes it for a formula: {}", table.text);
        let mended = table.text.replace("'=many", "30").replace(",user,", ",users,");
        assert_eq!(outcome(&super::post_as(&stage.admin, "text/csv", "identity", mended).await), [2, 0, 1]);
        assert_eq!(it.state("users").await["latestValue"], 12);
        let open = stage.admin.get(&format!("{REFUSALS}?replayed=false")).await;
        assert_eq!(codes(&open.body), ["VALUE_MALFORMED", "ATTRIBUTE_UNKNOWN"], "what is refused again comes last");
        let done = stage.admin.get(&format!("{REFUSALS}?replayed=true")).await;
        assert_eq!(done.body["items"].as_array().unwrap().len(), 2);
        let foreign = stage.another_tenant().await.get(&format!("{REFUSALS}/export")).await;
        assert_eq!(foreign.expect(200).text, "");
    });
}

#[test]
fn an_export_that_nobody_mended_is_sent_again_and_nothing_multiplies() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let first = post(&stage.admin, &[it.value("users", "many", 3), it.named("gates", 1, 1)]).await;
        assert_eq!(outcome(&first), [0, 0, 2]);
        post_lines(&stage.admin, "oops\n{\"vlaue\": 1}").await.expect(200);
        let list = async |filter: &str| stage.admin.get(&format!("{REFUSALS}{filter}")).await.expect(200).body.clone();
        let sent = |list: &Value| {
            let rows = list["items"].as_array().unwrap();
            rows.iter().map(|row| (row["id"].clone(), row["payload"].clone(), row["code"].clone())).collect::<Vec<_>>()
        };
        let before = sent(&list("").await);
        for _ in 0..2 {
            let table = stage.admin.get(&format!("{REFUSALS}/export?format=csv")).await;
            let again = super::post_as(&stage.admin, "text/csv", "identity", table.expect(200).text.clone()).await;
            assert_eq!(outcome(&again), [0, 0, 4]);
            let all = list("").await;
            assert_eq!(sent(&all), before, "as it was sent first, with the reason of the last try");
            assert_eq!(all["items"][0]["batchId"], again.body["batchId"]);
        }
        // Nobody makes a refusal by naming one, and each mends one: what else names it is a refusal of its own.
        let mut twins = [it.named("doors", 1, 1), it.named("doors", 2, 1), it.named("doors", 3, 1)];
        twins[0]["refusalId"] = before[0].0.clone();
        twins[1]["refusalId"] = before[0].0.clone();
        twins[2]["refusalId"] = json!(kernel::RefusalId::fresh());
        let ids = post(&stage.admin, &twins).await.expect(200).body["refusals"].clone();
        assert_eq!(ids[0]["id"], before[0].0);
        assert!(ids[1]["id"] != before[0].0 && ids[2]["id"] != twins[2]["refusalId"], "{ids}");
        assert_eq!(codes(&list("?replayed=false").await).len(), 6);
    });
}
