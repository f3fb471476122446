//! Health: what it follows from, every night, and as it was then.

use chrono::Duration;
use serde_json::{Value, json};

use crate::adoption::{assign, attribute, column, customer, items, make, product, set, tasks};
use crate::support::on_stage;

fn part<'a>(health: &'a Value, name: &str) -> &'a Value {
    health["parts"].as_array().unwrap().iter().find(|part| part["part"] == name).unwrap()
}

#[test]
fn health_is_the_weighted_mean_of_what_is_known_and_is_kept_every_night_as_it_was() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let step = |weight: i32| json!({ "name": format!("Step {weight}"), "weight": weight });
        let (gate, steps) = product(admin, "Harbour Gate", &[step(60), step(40)]).await;
        attribute(admin, &steps[1], "gates", "NUMBER", json!({ "operator": ">=", "value": 10 })).await;
        let ferries = customer(admin, "Northwind Ferries").await;
        let path = format!("/adoption/v1/customers/{}/health", ferries["id"].as_str().unwrap());
        assert_eq!(admin.get(&path).await.expect(200).body["score"], Value::Null, "nothing is known yet");
        let assignment = assign(admin, &ferries, &gate, json!({})).await;
        set(admin, &tasks(admin, &assignment).await[0], "DONE").await.expect(200);

        let health = admin.get(&path).await.expect(200).body.clone();
        assert_eq!(
            (&part(&health, "ADOPTION")["score"], &part(&health, "VELOCITY")["score"]),
            (&json!(60), &json!(100))
        );
        assert_eq!(
            (&part(&health, "FRESHNESS")["score"], &part(&health, "TICKETS")["score"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(health["arithmetic"], "(40 × 60.00 + 20 × 100.00) / 60 = 73.33");
        let value = json!({
            "assignmentId": assignment["id"], "attributeName": "gates", "value": 1, "observedAt": stage.clock.now().to_string(),
        });
        admin.post("/telemetry/v1/values", &json!({ "values": [value] })).await.expect(200);
        let health = admin.get(&path).await.expect(200).body.clone();
        assert_eq!(part(&health, "FRESHNESS")["inputs"], json!({ "attributes": 1, "fresh": 1, "days": 7 }));
        assert_eq!(health["score"], json!(80));
        let explain = |day: &str| format!("{path}/explain?at={day}");
        let today = stage.clock.now().date_naive().to_string();
        assert_eq!(
            admin.get(&explain(&today)).await.expect(200).body["parts"],
            health["parts"],
            "no night is kept yet"
        );

        // The night comes.
        stage.clock.advance(Duration::days(1));
        let admin = &stage.another_session().await;
        let day = stage.clock.now().date_naive().to_string();
        let history = format!("{path}/history");
        let kept =
            admin.get_until(&history, |list| list.body["items"].as_array().is_some_and(|days| !days.is_empty())).await;
        assert_eq!(kept.expect(200).body["items"], json!([{ "day": day, "score": 80 }]));
        let then = admin.get(&explain(&day)).await.expect(200).body.clone();
        assert_eq!((&then["score"], &then["parts"]), (&json!(80), &health["parts"]));
        for (other, why) in [("2020-01-01", "was not kept"), ("2999-01-01", "is not known yet")] {
            let never = admin.get(&explain(other)).await;
            let detail = never.expect_problem(404, "NOT_FOUND").body["detail"].as_str().unwrap().to_owned();
            let said = [other, why, "/health/history"];
            assert!(said.iter().all(|said| detail.contains(said)), "{detail}");
        }
        let never = admin.get(&explain("yesterday")).await;
        let fault = &never.expect_problem(400, "REQUEST_MALFORMED").body["errors"][0];
        assert_eq!((&fault["pointer"], &fault["detail"]), (&json!("at"), &json!("is no day, such as 2026-11-21")));

        // Other weights count from now on, and not for days that were kept.
        let weights = json!({ "adoption": 100, "velocity": 0, "freshness": 0, "tickets": 0 });
        admin.put("/adoption/v1/health-weights", &weights).await.expect(200);
        assert_eq!(admin.get(&path).await.expect(200).body["score"], json!(60));
        stage.clock.advance(Duration::days(1));
        let admin = &stage.another_session().await;
        let kept =
            admin.get_until(&history, |list| list.body["items"].as_array().is_some_and(|days| days.len() > 1)).await;
        assert_eq!(column(&items(&kept), "score"), [json!(60), json!(80)], "the last one first");
        assert_eq!(admin.get(&explain(&day)).await.expect(200).body["arithmetic"], then["arithmetic"]);
        let page = admin.get(&format!("{history}?limit=1")).await;
        let next = page.expect(200).body["nextCursor"].as_str().unwrap().to_owned();
        assert_eq!(column(&items(&admin.get(&format!("{history}?cursor={next}")).await), "score"), [json!(80)]);
    });
}

#[test]
fn weights_are_a_setting_of_the_tenant_that_is_checked_and_audited() {
    on_stage(async |stage| {
        let (admin, path) = (&stage.admin, "/adoption/v1/health-weights");
        let shown = admin.get(path).await.expect(200).body.clone();
        assert_eq!((&shown["version"], &shown["adoption"], &shown["tickets"]), (&json!(0), &json!(40), &json!(20)));
        let weights = |adoption: i32| json!({ "adoption": adoption, "velocity": 20, "freshness": 20, "tickets": 10 });
        let refused = admin.put(path, &weights(60)).await;
        assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["code"], "SUM");
        let set = admin.put(path, &weights(50)).await.expect(200).body.clone();
        assert_eq!((&set["version"], &set["adoption"]), (&json!(1), &json!(50)));
        assert_eq!(admin.put(path, &weights(50)).await.expect(200).body["version"], 1, "nothing has changed");
        let audit = "/identity/v1/audit-events?entity=health-weights";
        let told =
            admin.get_until(audit, |list| list.body["items"].as_array().is_some_and(|rows| !rows.is_empty())).await;
        assert_eq!(items(&told).len(), 1);
        let stranger = stage.another_tenant().await;
        assert_eq!(stranger.get(path).await.expect(200).body["version"], 0);
    });
}

#[test]
fn what_grants_narrow_sees_the_health_of_its_own_customers() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (mine, other) = (customer(admin, "Mine").await, customer(admin, "Other").await);
        let role = json!({ "name": "ONLOOKER", "permissions": ["workflow:nothing:read"] });
        let role = admin.post("/identity/v1/roles", &role).await.expect(201).id();
        let grant = json!({ "subjectType": "ROLE", "subjectId": role, "resourceType": "CUSTOMER", "resourceId": mine["id"], "level": "READ" });
        make(admin, "/identity/v1/grants", &grant).await;
        let onlooker = crate::company::colleague(admin, "onlooker", "ONLOOKER").await;
        let path =
            |of: &Value, more: &str| format!("/adoption/v1/customers/{}/health{more}", of["id"].as_str().unwrap());
        onlooker.get_until(&path(&mine, ""), |answer| answer.status == 200).await.expect(200);
        for more in ["", "/history", "/explain", "/explain?at=2026-11-20"] {
            onlooker.get(&path(&other, more)).await.expect(404);
        }
        onlooker.get("/adoption/v1/health-weights").await.expect(403);
    });
}
