//! The main job, end to end, as those live it who do it (domains.md, steps 1 to 4 and 7).

use serde_json::{Value, json};
use testkit::{Client, Response};

use crate::adoption::{
    assign, attribute, column, customer, id, items, plan, product, read_after, set, task_path, tasks,
};
use crate::identity::{add_member, with_new_password};
use crate::support::on_stage;

#[test]
fn a_vendor_describes_a_product_and_telemetry_proves_that_a_customer_adopts_it() {
    on_stage(async |stage| {
        // 1. An administrator lets two people in. One describes the product: what adopting it means, and what proves it.
        for (login, role) in [("vida", "SME"), ("cleo", "CSS")] {
            add_member(&stage.admin, login, &[role]).await.expect(201);
        }
        let vendor = with_new_password(&stage.anonymous, "vida").await;
        let steps = [
            json!({ "name": "Connect three gates", "weight": 60, "howToDoc": ["https://docs.example.com/connect"] }),
            json!({ "name": "Train the guards", "weight": 15.5 }),
            json!({ "name": "Open by number plate", "weight": 24.5, "licenseLevel": "SIGNATURE" }),
        ];
        let (gate, steps) = product(&vendor, "Harbour Gate", &steps).await;
        let enough = json!({ "operator": ">=", "value": 3 });
        attribute(&vendor, &steps[0], "gates connected", "NUMBER", enough).await;
        attribute(&vendor, &steps[0], "still connected", "BOOLEAN", json!({ "value": true })).await;

        // 2. The other assigns it to a customer; the plan has the steps that the customer's licence includes.
        let guide = with_new_password(&stage.anonymous, "cleo").await;
        let northwind = customer(&guide, "Northwind Ferries").await;
        let deployment = assign(&guide, &northwind, &gate, json!({ "licenseLevel": "ADVANTAGE" })).await;
        let of_plan = tasks(&guide, &deployment).await;
        assert_eq!(column(&of_plan, "name"), ["Connect three gates", "Train the guards"]);
        assert_eq!(plan(&guide, &deployment).await["totalWeight"], 75.5);
        let [connect, train] = <[Value; 2]>::try_from(of_plan).unwrap();

        // 3. The product reports what it sees, and sends it again because nobody answered in time.
        let observed_at = stage.clock.now().to_string();
        let value = |name: &str, value: Value| {
            let of = &deployment["id"];
            json!({ "assignmentId": of, "attributeName": name, "value": value, "observedAt": observed_at })
        };
        let seen = [value("gates connected", json!(3)), value("still connected", json!(true))];
        let report = guide.post("/telemetry/v1/values", &json!({ "values": seen })).await;
        assert_eq!(report.expect(200).body["accepted"], 2, "{}", report.text);
        let again = guide.post("/telemetry/v1/values", &json!({ "values": seen })).await;
        assert_eq!((&again.body["accepted"], &again.body["duplicate"]), (&json!(0), &json!(2)), "{}", again.text);

        // 4. That proves the first step: it is done by telemetry, and the plan's progress follows.
        let proved = read_after(&guide, &report, &task_path(&connect)).await;
        assert_eq!(proved.body["status"], "DONE", "{}", proved.text);
        assert_eq!(proved.body["statusSource"], "TELEMETRY");
        assert_eq!(plan(&guide, &deployment).await["progressPercentage"], 79.47, "60 of 75.5");

        // It says why.
        let why = format!("/telemetry/v1/customer-tasks/{}/explanation", id(&connect));
        let why = guide.get(&why).await;
        assert_eq!(why.expect(200).body["because"], "All required attributes are met (2 of 2): DONE.", "{}", why.text);
        let reasons = why.body["attributes"].as_array().unwrap();
        assert_eq!(reasons[0]["attribute"]["latestValue"], 3);
        assert!(reasons.iter().all(|reason| reason["explanation"]["met"] == true), "{}", why.text);

        // The guards' training leaves no trace in telemetry: a person says that it is done.
        let trained = set(&guide, &train, "DONE").await;
        assert_eq!(trained.expect(200).body["statusSource"], "MANUAL");
        assert_eq!(plan(&guide, &deployment).await["progressPercentage"], 100);

        // 7. Every change is in the audit trail: all that one report led to under one trace, whichever service did it.
        let proof = trail(&stage.admin, &trace(&report), 3).await;
        let told = [
            "telemetry task-facts changed by service:telemetry",
            "adoption customer-task changed by service:adoption",
            "adoption plan progressed by service:adoption",
        ];
        assert_eq!(proof.iter().map(tell).collect::<Vec<_>>(), told);
        assert_eq!(proof[1]["changes"]["status"], json!({ "before": "NOT_STARTED", "after": "DONE" }));
        assert_eq!(proof[2]["changes"]["progressPercentage"], json!({ "before": 0, "after": 79.47 }));
        let me = guide.get("/identity/v1/me").await;
        let theirs = |row: &Value| row["onBehalfOf"] == me.body["userId"] && row["clientAddress"].is_string();
        assert!(proof.iter().all(theirs), "{proof:?}");
        let by_hand = trail(&stage.admin, &trace(&trained), 2).await;
        let by = me.body["userId"].as_str().unwrap();
        let told = ["customer-task changed", "plan progressed"].map(|what| format!("adoption {what} by {by}"));
        assert_eq!(by_hand.iter().map(tell).collect::<Vec<_>>(), told);
    });
}

/// The trace of a request.
fn trace(answer: &Response) -> String {
    answer.header("traceparent").split('-').nth(1).unwrap().to_owned()
}

/// What the audit trail has under a trace, as it happened; waits until there is that much.
async fn trail(who: &Client, trace: &str, expected: usize) -> Vec<Value> {
    let under = |list: &Response| {
        let mut rows: Vec<Value> = items(list).into_iter().filter(|row| row["traceId"] == trace).collect();
        rows.reverse();
        rows
    };
    let path = "/identity/v1/audit-events?limit=200";
    under(&who.get_until(path, |list| under(list).len() >= expected).await)
}

fn tell(row: &Value) -> String {
    let word = |name: &str| row[name].as_str().unwrap_or_default();
    format!("{} {} {} by {}", word("service"), word("entity"), word("action"), word("actor"))
}
