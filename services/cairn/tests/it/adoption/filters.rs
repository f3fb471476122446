//! What people look for: among a plan's tasks, among plans, among customers.

use serde_json::{Value, json};
use testkit::Client;

use super::{
    CUSTOMERS, assign, attribute, column, customer, id, items, make, plan_path, planned, pointers, product, set, tasks,
    walk,
};
use crate::identity::{add_member, with_new_password};
use crate::support::on_stage;

/// A plan of seven tasks, two outcomes, releases and tags; returns its path and what can be looked for.
async fn sorted(admin: &Client) -> (Value, [Vec<Value>; 3]) {
    let (gate, _) = product(admin, "Harbour Gate", &[]).await;
    let under = format!("/catalog/v1/products/{}", id(&gate));
    let two = async |part: &str| {
        let mut made = Vec::new();
        for name in ["One", "Two"] {
            made.push(make(admin, &format!("{under}/{part}"), &json!({ "name": name })).await["id"].clone());
        }
        made
    };
    let (outcomes, releases, tags) = (two("outcomes").await, two("releases").await, two("tags").await);
    let of = json!([
        { "name": "plain", "weight": 1 },
        { "name": "first outcome", "weight": 1, "outcomeIds": [outcomes[0]], "tagIds": [tags[0]] },
        { "name": "second outcome", "weight": 1, "outcomeIds": [outcomes[1]], "tagIds": tags },
        { "name": "first release", "weight": 1, "releaseIds": [releases[0]] },
        { "name": "both", "weight": 1, "outcomeIds": outcomes, "releaseIds": releases, "tagIds": [tags[1]] },
        { "name": "advantage", "weight": 1, "licenseLevel": "ADVANTAGE" },
        { "name": "signature", "weight": 1, "licenseLevel": "SIGNATURE", "outcomeIds": [outcomes[0]] },
    ]);
    for task in of.as_array().unwrap() {
        make(admin, &format!("{under}/tasks"), task).await;
    }
    let northwind = customer(admin, "Northwind").await;
    (assign(admin, &northwind, &gate, json!({})).await, [outcomes, releases, tags])
}

#[test]
fn the_tasks_of_a_plan_are_found_by_what_they_are_for() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, [outcomes, releases, tags]) = sorted(admin).await;
        let path = format!("{}/tasks", plan_path(&assignment));
        let found = async |filter: String| column(&walk(admin, &format!("{path}?{filter}")).await, "name");
        let with = |kind: &str, id: &Value| format!("{kind}={}", id.as_str().unwrap());

        let first = found(with("outcomeId", &outcomes[0])).await;
        let for_all = ["plain", "first outcome", "first release", "both", "advantage", "signature"];
        assert_eq!(first, for_all, "a task without outcomes serves all of them");
        let second = found(with("releaseId", &releases[1])).await;
        assert_eq!(second, ["plain", "first outcome", "second outcome", "both", "advantage", "signature"]);
        let tagged = found(with("tagId", &tags[0])).await;
        assert_eq!(tagged, ["first outcome", "second outcome"], "a task without tags is not shown");
        let either = found(format!("{}&{}", with("tagId", &tags[0]), with("tagId", &tags[1]))).await;
        assert_eq!(either, ["first outcome", "second outcome", "both"], "one of a kind suffices");
        let of_both = found(format!("{}&{}", with("tagId", &tags[1]), with("outcomeId", &outcomes[0]))).await;
        assert_eq!(of_both, ["both"], "every kind counts");
        assert_eq!(found("licenseLevel=ADVANTAGE".to_owned()).await.len(), 6, "a level includes those before it");

        let all = tasks(admin, &assignment).await;
        assert_eq!(all[1]["tagIds"], json!([tags[0]]));
        set(admin, &all[0], "DONE").await.expect(200);
        assert_eq!(found("source=MANUAL".to_owned()).await, ["plain"]);
        assert_eq!(found("source=SYSTEM&status=NOT_STARTED".to_owned()).await.len(), 6);
        let counted = admin.get(&format!("{path}?{}&count=true", with("tagId", &tags[1]))).await;
        assert_eq!(counted.body["total"], 2);
        admin.get(&format!("{path}?tagId=red")).await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn a_task_gets_new_tags_by_a_sync() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, [_, _, tags]) = sorted(admin).await;
        let plain = tasks(admin, &assignment).await.remove(0);
        let of_catalog = format!("/catalog/v1/tasks/{}", plain["originalTaskId"].as_str().unwrap());
        let version = admin.get(&of_catalog).await.version();
        admin.patch(&of_catalog, version, &json!({ "tagIds": [tags[1]] })).await.expect(200);
        let sync = format!("{}/sync", plan_path(&assignment));
        let shown = admin.get(&sync).await;
        let row = shown.expect(200).body["rows"].as_array().unwrap().iter().find(|row| row["change"] == "CHANGED");
        assert_eq!(row.unwrap()["fields"][0]["field"], "tagIds", "{}", shown.text);
        admin.post(&sync, &json!({})).await.expect(200);
        assert_eq!(tasks(admin, &assignment).await[0]["tagIds"], json!([tags[1]]));
        admin.post(&format!("{sync}/undo"), &json!({})).await.expect(200);
        assert_eq!(tasks(admin, &assignment).await[0]["tagIds"], json!([]));
    });
}

#[test]
fn tasks_are_found_by_whether_telemetry_proves_them() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let of = [json!({ "name": "measured", "weight": 1 }), json!({ "name": "not measured", "weight": 1 })];
        let (gate, of_catalog) = product(admin, "Harbour Gate", &of).await;
        attribute(admin, &of_catalog[0], "sites", "NUMBER", json!({ "operator": ">=", "value": 3 })).await;
        let northwind = customer(admin, "Northwind").await;
        let assignment = assign(admin, &northwind, &gate, json!({})).await;
        let path = format!("{}/tasks?isMet=", plan_path(&assignment));
        assert_eq!(items(&admin.get(&format!("{path}false")).await).len(), 2);
        let value = json!({
            "assignmentId": assignment["id"], "attributeName": "sites", "value": 3, "observedAt": stage.clock.now(),
        });
        admin.post("/telemetry/v1/values", &json!({ "values": [value] })).await.expect(200);
        let met = admin.get_until(&format!("{path}true"), |answer| answer.body["items"][0].is_object()).await;
        assert_eq!(column(&items(&met), "name"), ["measured"]);
        assert_eq!(column(&items(&admin.get(&format!("{path}false")).await), "name"), ["not measured"]);
    });
}

#[test]
fn everybody_keeps_a_filter_of_a_plan_for_themselves() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, [_, _, tags]) = sorted(admin).await;
        let filter = format!("{}/filter", plan_path(&assignment));
        let tasks = format!("{}/tasks?saved=true", plan_path(&assignment));
        let nothing = json!({
            "statuses": [], "sources": [], "outcomeIds": [], "releaseIds": [], "tagIds": [], "licenseLevel": null, "isMet": null,
        });
        assert_eq!(admin.get(&filter).await.expect(200).body, nothing);
        assert_eq!(items(&admin.get(&tasks).await).len(), 7);

        let kept = admin.put(&filter, &json!({ "tagIds": tags, "statuses": ["NOT_STARTED"] })).await;
        assert_eq!(kept.expect(200).body, admin.get(&filter).await.body);
        assert_eq!(column(&items(&admin.get(&tasks).await), "name"), ["first outcome", "second outcome", "both"]);
        let narrower = format!("{tasks}&tagId={}&count=true", tags[0].as_str().unwrap());
        assert_eq!(admin.get(&narrower).await.body["total"], 2, "the query counts as well");

        add_member(admin, "kim", &["VIEWER"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        assert_eq!(kim.get(&filter).await.expect(200).body, nothing, "another's is not one's own");
        kim.put(&filter, &json!({ "licenseLevel": "ADVANTAGE" })).await.expect(200);
        assert_eq!(items(&kim.get(&tasks).await).len(), 6);
        assert_eq!(admin.get(&filter).await.body["tagIds"], json!(tags));

        let unknown = admin.put(&filter, &json!({ "tagIds": [tags[0], kernel::TagId::fresh()] })).await;
        assert_eq!(pointers(unknown.expect_problem(422, "CONTENT_INVALID")), ["/tagIds/1"]);
        let twice = admin.put(&filter, &json!({ "tagIds": [tags[0], tags[0]] })).await;
        assert_eq!(pointers(twice.expect_problem(422, "CONTENT_INVALID")), ["/tagIds"]);
        let unknown = admin.put(&filter, &json!({ "colour": "red" })).await;
        assert_eq!(pointers(unknown.expect_problem(422, "CONTENT_INVALID")), ["/colour"]);
        let nowhere = format!("/adoption/v1/plans/{}/filter", kernel::PlanId::fresh());
        admin.put(&nowhere, &json!({})).await.expect_problem(404, "NOT_FOUND");
        admin.get(&nowhere).await.expect_problem(404, "NOT_FOUND");

        admin.delete(&filter).await.expect(204);
        admin.delete(&filter).await.expect(204);
        assert_eq!(items(&admin.get(&tasks).await).len(), 7);
        let customer = format!("{CUSTOMERS}/{}", assignment["customerId"].as_str().unwrap());
        admin.delete(&customer).await.expect(204);
        admin.put(&filter, &json!({})).await.expect_problem(409, "CUSTOMER_DELETED");
    });
}

#[test]
fn plans_and_customers_are_found_by_what_people_ask() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, all) =
            planned(admin, &[json!({ "name": "a", "weight": 25 }), json!({ "name": "b", "weight": 75 })]).await;
        set(admin, &all[0], "DONE").await.expect(200);
        let plans = async |filter: &str| items(&admin.get(&format!("/adoption/v1/plans?{filter}")).await).len();
        assert_eq!((plans("progressFrom=25").await, plans("progressBelow=25").await), (1, 0));
        assert_eq!((plans("progressFrom=26").await, plans("progressBelow=26").await), (0, 1));
        assert_eq!((plans("licenseLevel=SIGNATURE").await, plans("licenseLevel=ESSENTIAL").await), (1, 0));
        let other = kernel::SolutionId::fresh();
        assert_eq!(plans(&format!("solutionId={other}")).await, 0);
        let of_product = format!("solutionId={other}&productId={}", assignment["productId"].as_str().unwrap());
        assert_eq!(plans(&of_product).await, 1);

        for (name, key) in [("100% Organic", "o_1"), ("Südwind", "o-2")] {
            make(admin, CUSTOMERS, &json!({ "name": name, "externalKey": key, "description": "Ships" })).await;
        }
        let found = async |words: &str| {
            let request = admin.request(reqwest::Method::GET, CUSTOMERS).query(&[("q", words)]);
            column(&items(&testkit::send(request).await), "name")
        };
        assert_eq!(found("NORTH").await, ["Northwind Ferries"]);
        assert_eq!(found("% org").await, ["100% Organic"]);
        assert_eq!(found("o_").await, ["100% Organic"], "what is a pattern elsewhere is text here");
        assert_eq!(found("ships").await, ["100% Organic", "Südwind"]);
        assert_eq!(found("südwIND").await, ["Südwind"]);
        assert_eq!(found("\\").await, Vec::<Value>::new());
        assert_eq!(found(" ").await.len(), 3);
    });
}
