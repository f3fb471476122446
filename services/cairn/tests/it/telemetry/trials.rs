//! What a criterion would have done.

use reqwest::Method;
use serde_json::json;
use testkit::send;

use super::{Deployment, at_least_ten, post};
use crate::support::on_stage;

const DAY: i64 = 86_400;

#[test]
fn a_criterion_is_tried_on_what_was_reported() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let it = Deployment::of(&stage, admin, &[("Roll out", vec![at_least_ten("users")])]).await;
        let task = &it.tasks[0];
        let original = task["attributes"][0]["originalAttributeId"].clone();
        let plan = admin
            .get(&format!("/adoption/v1/plans/{}", task["planId"].as_str().unwrap()))
            .await
            .expect(200)
            .body
            .clone();
        let product = plan["productId"].clone();
        let customer =
            admin.post("/adoption/v1/customers", &json!({ "name": "Port of Bergen" })).await.expect(201).id();
        let mut deployments = vec![it];
        for name in ["Head office", "Depot"] {
            let command = json!({ "productId": product, "name": name, "licenseLevel": "SIGNATURE" });
            let made = admin.post(&format!("/adoption/v1/customers/{customer}/assignments"), &command).await;
            let path = format!("/adoption/v1/plans/{}/tasks", made.expect(201).body["planId"].as_str().unwrap());
            let tasks = admin.get(&path).await.expect(200).body["items"].as_array().unwrap().clone();
            let (owner, now) = (admin.clone(), stage.clock.now());
            deployments.push(Deployment { owner, now, assignment: made.id(), tasks });
        }
        let [one, two, three] = &deployments[..] else { panic!() };
        let values = [one.value("users", 9, 5 * DAY), one.value("users", 2, DAY), two.value("users", 8, 3 * DAY)];
        post(admin, &values).await.expect(200);
        two.becomes("Roll out", "IN_PROGRESS").await;
        let path = format!("/adoption/v1/customer-tasks/{}", two.task("Roll out"));
        send(admin.request(Method::PATCH, &path).json(&json!({ "status": "NOT_APPLICABLE" }))).await.expect(200);

        let test = async |least: i64, days: i64| {
            let criteria = json!({ "operator": ">=", "value": least });
            let command = json!({ "originalAttributeId": original, "successCriteria": criteria, "days": days });
            admin.post("/telemetry/v1/criteria/test", &command).await
        };
        let eight = test(8, 30).await.expect(200).body.clone();
        let counts = ["tasks", "withData", "wouldClose", "wouldBeDone", "againstPerson"]
            .map(|name| eight[name].as_i64().unwrap());
        assert_eq!(counts, [3, 2, 2, 0, 1], "what would be done now is against a person's word: {eight}");
        assert_eq!(eight["complete"], true);
        assert_eq!(eight["examples"][0]["customerTaskId"], two.task("Roll out"), "a person's word first");
        assert_eq!(eight["examples"][0]["status"], "NOT_APPLICABLE");
        assert_eq!(eight["examples"][1]["closedOn"], (*one.ago(5 * DAY)).date_naive().to_string());
        let today = one.now.date_naive().to_string();
        let last = test(9, 1).await.expect(200).body.clone();
        assert_eq!([&last["from"], &last["to"], &last["wouldClose"]], [&json!(today), &json!(today), &json!(0)]);
        let nine = test(9, 3).await.expect(200).body.clone();
        assert_eq!(
            (&nine["wouldClose"], &nine["wouldBeDone"]),
            (&json!(1), &json!(0)),
            "it stood until the day before"
        );
        assert_eq!(nine["examples"][0]["closedOn"], nine["from"]);
        assert_eq!(
            one.explanation("Roll out").await["because"],
            "0 of 1 required attributes are met and 1 have data: IN_PROGRESS."
        );
        three.becomes("Roll out", "NOT_STARTED").await;

        test(9, 401).await.expect_problem(422, "CONTENT_INVALID");
        let nonsense = json!({ "originalAttributeId": original, "successCriteria": { "operator": "~" } });
        let nonsense = admin.post("/telemetry/v1/criteria/test", &nonsense).await;
        nonsense.expect_problem(422, "CONTENT_INVALID");
        let copies = json!(one.attribute("users"));
        let stranger = stage.another_tenant().await;
        for (who, attribute) in [(admin, &copies), (&stranger, &original)] {
            let command =
                json!({ "originalAttributeId": attribute, "successCriteria": { "operator": ">=", "value": 1 } });
            who.post("/telemetry/v1/criteria/test", &command).await.expect_problem(404, "NOT_FOUND");
        }
    });
}

#[test]
fn a_trial_looks_no_further_back_than_values_are_kept() {
    on_stage(async |stage| {
        let (admin, it) = (&stage.admin, Deployment::simple(&stage).await);
        post(admin, &[it.value("users", 9, 60 * DAY)]).await.expect(200);
        let keep = admin.request(Method::PUT, "/telemetry/v1/settings").header("if-match", "\"0\"");
        send(keep.json(&json!({ "retentionDays": 30 }))).await.expect(200);
        let days = format!(
            "/telemetry/v1/attributes/{}/series?resolution=DAY&from={}",
            it.attribute("users"),
            it.ago(80 * DAY)
        );
        admin.get_until(&days, |series| series.body["points"] == json!([])).await.expect(200);
        let original = &it.tasks[0]["attributes"][0]["originalAttributeId"];
        let command = json!({ "originalAttributeId": original, "successCriteria": { "operator": ">=", "value": 8 } });
        let trial = admin.post("/telemetry/v1/criteria/test", &command).await.expect(200).body.clone();
        assert_eq!(
            ["withData", "wouldClose", "wouldBeDone"].map(|name| trial[name].clone()),
            [1, 1, 1].map(|n| json!(n))
        );
        let first = (*it.ago(30 * DAY)).date_naive().to_string();
        assert_eq!((&trial["from"], &trial["examples"][0]["closedOn"]), (&json!(first), &json!(first)), "{trial}");
    });
}
