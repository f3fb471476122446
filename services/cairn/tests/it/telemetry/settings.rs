//! How long a tenant keeps its values.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

use super::{Deployment, outcome, post};
use crate::support::on_stage;

const SETTINGS: &str = "/telemetry/v1/settings";
const DAY: i64 = 86_400;

#[test]
fn what_a_tenant_does_not_keep_is_deleted_and_not_taken_any_more() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let before = stage.admin.get(SETTINGS).await;
        assert_eq!((&before.expect(200).body["version"], &before.body["retentionDays"]), (&json!(0), &Value::Null));
        let values = [it.value("users", 5, 60 * DAY), it.value("users", 6, 41 * DAY), it.value("users", 12, 10 * DAY)];
        assert_eq!(outcome(&post(&stage.admin, &values).await), [3, 0, 0]);
        it.becomes("Roll out", "DONE").await;

        let set = |version: i64, days: Option<i64>| {
            let put = stage.admin.request(Method::PUT, SETTINGS).header("if-match", format!("\"{version}\""));
            send(put.json(&json!({ "retentionDays": days })))
        };
        set(0, Some(0)).await.expect_problem(422, "CONTENT_INVALID");
        set(0, Some(401)).await.expect_problem(422, "CONTENT_INVALID");
        let first = set(0, Some(40)).await;
        assert_eq!((&first.expect(200).body["version"], &first.body["retentionDays"]), (&json!(1), &json!(40)));
        set(0, Some(30)).await.expect_problem(412, "VERSION_MISMATCH");
        let blind = stage.admin.put(SETTINGS, &json!({ "retentionDays": 30 })).await;
        blind.expect_problem(428, "PRECONDITION_REQUIRED");

        let attribute = format!("/telemetry/v1/attributes/{}", it.attribute("users"));
        let kept = format!("{attribute}/values?from={}", it.ago(80 * DAY));
        let one = |items: &Value| items.as_array().is_some_and(|items| items.len() == 1);
        let left = stage.admin.get_until(&kept, |answer| one(&answer.body["items"])).await;
        assert!(one(&left.body["items"]), "{}", left.text);
        let series = format!("{attribute}/series?from={}&resolution=DAY", it.ago(80 * DAY));
        let left = stage.admin.get_until(&series, |answer| one(&answer.body["points"])).await;
        assert!(one(&left.body["points"]), "{}", left.text);
        let late = post(&stage.admin, &[it.value("users", 3, 50 * DAY), it.value("users", 3, 39 * DAY)]).await;
        assert_eq!(outcome(&late), [1, 0, 1]);
        assert_eq!(late.body["refusals"][0]["code"], "OBSERVED_AT_TOO_EARLY");
        it.becomes("Roll out", "DONE").await;

        let other = stage.another_tenant().await;
        assert_eq!(other.get(SETTINGS).await.expect(200).body["version"], 0);
        assert_eq!(set(1, None).await.expect(200).body["version"], 2);
        assert_eq!(outcome(&post(&stage.admin, &[it.value("users", 3, 50 * DAY)]).await), [1, 0, 0]);
    });
}
