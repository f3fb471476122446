//! Change sets: every command is one, and can be taken back.

use serde_json::{Value, json};
use testkit::{Client, Response};

use super::{column, id, made, product, solution, task};
use crate::support::on_stage;

const SETS: &str = "/catalog/v1/change-sets";

/// The path of the last change set of a product or a solution.
async fn last(who: &Client, owner: &str) -> String {
    let kind = if owner.contains("/products/") { "productId" } else { "solutionId" };
    let sets = who.get(&format!("{SETS}?{kind}={}&limit=1", id(owner))).await;
    format!("{SETS}/{}", sets.expect(200).body["items"][0]["id"].as_str().unwrap())
}

async fn revert(who: &Client, set: &str) -> Response {
    who.post(&format!("{set}/revert"), &json!({})).await
}

/// Takes the last command back, and that again, and answers with what the first one made.
async fn there_and_back(who: &Client, owner: &str) -> String {
    let set = last(who, owner).await;
    revert(who, &set).await.expect(201).header("location").to_owned()
}

/// What has been changed by a change set, as `TYPE ACTION`.
async fn items(who: &Client, set: &str) -> Vec<String> {
    let list = who.get(&format!("{set}/items")).await;
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let rows = list.expect(200).body["items"].as_array().unwrap();
    rows.iter().map(|row| format!("{} {}", text(row, "entityType"), text(row, "action"))).collect()
}

#[test]
fn every_command_is_a_change_set_with_what_was_before_and_after() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        let first = task(admin, &gate, "First", 10.0).await;
        let before = json!({ "name": "Before", "sequenceNumber": 1 });
        made(admin, &format!("{gate}/tasks"), &before).await;
        let set = last(admin, &gate).await;
        assert_eq!(items(admin, &set).await, ["TASK REORDERED", "TASK CREATED"]);
        let rows = admin.get(&format!("{set}/items")).await;
        let [moved, added] = [&rows.body["items"][0], &rows.body["items"][1]];
        assert_eq!(
            (&moved["before"], &moved["after"]),
            (&json!({ "sequenceNumber": 1 }), &json!({ "sequenceNumber": 2 }))
        );
        assert_eq!((&added["before"], &added["after"]["name"]), (&Value::Null, &json!("Before")));
        let shown = admin.get(&set).await;
        let me = admin.get("/identity/v1/me").await.expect(200).body["userId"].clone();
        assert_eq!((&shown.body["actorId"], &shown.body["items"]), (&me, &json!(2)));
        assert_eq!(shown.body["productId"], json!(id(&gate)));

        let attribute = json!({ "name": "users", "dataType": "NUMBER" });
        made(admin, &format!("{first}/telemetry-attributes"), &attribute).await;
        let set = last(admin, &gate).await;
        assert_eq!(items(admin, &set).await, ["TELEMETRY_ATTRIBUTE CREATED"], "a version alone is no item");
        let of_task = admin.get(&format!("{SETS}?entityId={}", id(&first))).await;
        assert_eq!(column(&of_task, "items"), [2, 1]);
        let all = admin.get(SETS).await;
        assert_eq!(column(&all, "items"), [1, 2, 1, 1]);
        let page = admin.get(&format!("{SETS}?limit=3")).await;
        let rest = admin.get(&format!("{SETS}?cursor={}", page.body["nextCursor"].as_str().unwrap())).await;
        assert_eq!(column(&rest, "items"), [1]);
        stage.another_tenant().await.get(&set).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn what_a_command_changed_made_or_deleted_is_what_it_was_once_it_is_taken_back() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        let outcome = made(admin, &format!("{gate}/outcomes"), &json!({ "name": "Safe" })).await;
        let linked = json!({ "name": "Connect", "weight": 60, "outcomeIds": [id(&outcome)] });
        let connect = made(admin, &format!("{gate}/tasks"), &linked).await;
        let open = task(admin, &gate, "Open", 40.0).await;
        let attribute =
            json!({ "name": "users", "dataType": "NUMBER", "successCriteria": { "operator": ">=", "value": 10 } });
        let attribute = made(admin, &format!("{connect}/telemetry-attributes"), &attribute).await;

        // A change.
        let heavy = json!({ "weight": 12.5, "notes": "Ask first" });
        let version = admin.get(&connect).await.version();
        admin.patch(&connect, version, &heavy).await.expect(200);
        let again = there_and_back(admin, &gate).await;
        let now = admin.get(&connect).await;
        assert_eq!((&now.body["weight"], &now.body["notes"]), (&linked["weight"], &Value::Null));
        // It can be taken back as well.
        revert(admin, &again).await.expect(201);
        assert_eq!(admin.get(&connect).await.body["notes"], "Ask first");
        there_and_back(admin, &gate).await;

        // Something deleted for good comes back with its id, and whatever named it names it again.
        admin.delete(&outcome).await.expect(204);
        assert_eq!(admin.get(&connect).await.body["outcomeIds"], json!([]));
        there_and_back(admin, &gate).await;
        assert_eq!(admin.get(&outcome).await.expect(200).body["name"], "Safe");
        assert_eq!(admin.get(&connect).await.body["outcomeIds"], json!([id(&outcome)]));
        let criterion = admin.get(&attribute).await.body["successCriteria"].clone();
        admin.delete(&attribute).await.expect(204);
        there_and_back(admin, &gate).await;
        assert_eq!(admin.get(&attribute).await.expect(200).body["successCriteria"], criterion);

        // Tasks come, go and move.
        let names = async || column(&admin.get(&format!("{gate}/tasks")).await, "name");
        made(admin, &format!("{gate}/tasks"), &json!({ "name": "New", "sequenceNumber": 1 })).await;
        assert_eq!(names().await, ["New", "Connect", "Open"]);
        there_and_back(admin, &gate).await;
        assert_eq!(names().await, ["Connect", "Open"]);
        admin.delete(&connect).await.expect(204);
        there_and_back(admin, &gate).await;
        assert_eq!(names().await, ["Connect", "Open"]);
        let order = json!({ "taskIds": [id(&open), id(&connect)] });
        admin.post(&format!("{gate}/tasks/reorder"), &order).await.expect(200);
        there_and_back(admin, &gate).await;
        assert_eq!(names().await, ["Connect", "Open"]);

        // The product itself.
        admin.patch(&gate, None, &json!({ "name": "Sea Gate" })).await.expect(200);
        there_and_back(admin, &gate).await;
        admin.delete(&gate).await.expect(204);
        there_and_back(admin, &gate).await;
        let now = admin.get(&gate).await;
        assert_eq!((&now.body["name"], &now.body["deletedAt"]), (&json!("Harbour Gate"), &Value::Null));
    });
}

#[test]
fn an_import_is_one_change_set_and_goes_as_it_came() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        for name in ["Old", "Kept"] {
            made(admin, &format!("{gate}/tags"), &json!({ "name": name })).await;
        }
        task(admin, &gate, "Connect", 60.0).await;
        let state = async || {
            let file = admin.get(&format!("{gate}/export?format=json")).await;
            file.expect(200).body.clone()
        };
        let before = state().await;
        let mut file = before.clone();
        file["tags"][0]["name"] = json!("New");
        file["tags"].as_array_mut().unwrap().push(json!({ "name": "Old" }));
        file["tasks"][0]["weight"] = json!(20);
        file["tasks"].as_array_mut().unwrap().push(json!({ "name": "Open", "weight": 80, "tags": ["New"] }));
        let import = admin.post(&format!("/catalog/v1/imports?productId={}", id(&gate)), &file).await;
        let commit = format!("/catalog/v1/imports/{}/commit", import.expect(201).id());
        admin.post(&commit, &json!({})).await.expect(200);
        assert_ne!(state().await, before);
        let set = last(admin, &gate).await;
        assert_eq!(admin.get(&set).await.body["items"], 4);
        let back = revert(admin, &set).await;
        assert_eq!(state().await, before);
        assert_eq!(admin.get(&set).await.body["revertedBy"], back.expect(201).body["id"]);
        let twice = revert(admin, &set).await;
        assert!(twice.expect_problem(409, "CHANGE_SET_REVERTED").body["detail"].as_str().unwrap().contains("/revert"));
    });
}

#[test]
fn what_has_changed_since_is_not_lost() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let office = solution(admin, "Branch Office").await;
        let tag = made(admin, &format!("{office}/tags"), &json!({ "name": "One", "color": "#000000" })).await;
        let made_by = last(admin, &office).await;
        admin.patch(&tag, None, &json!({ "name": "Two", "color": "#111111" })).await.expect(200);
        let set = last(admin, &office).await;
        // Another field is no overlap.
        admin.patch(&tag, None, &json!({ "description": "Said later" })).await.expect(200);
        admin.patch(&tag, None, &json!({ "color": "#222222" })).await.expect(200);
        let later = last(admin, &office).await;
        let refused = revert(admin, &set).await;
        let faults = &refused.expect_problem(409, "CHANGE_SET_OVERLAPPED").body["errors"];
        assert_eq!(faults[0]["pointer"], format!("/TAG/{}/color", id(&tag)));
        assert_eq!(faults.as_array().unwrap().len(), 1);
        revert(admin, &made_by).await.expect_problem(409, "CHANGE_SET_OVERLAPPED");
        assert_eq!(admin.get(&tag).await.body["name"], "Two", "nothing was taken back");
        revert(admin, &later).await.expect(201);
        revert(admin, &set).await.expect(201);
        let now = admin.get(&tag).await;
        assert_eq!((&now.body["name"], &now.body["description"]), (&json!("One"), &json!("Said later")));

        // What was made goes; not when something has come to it since.
        let (whole, kept) = (solution(admin, "Another").await, solution(admin, "Kept").await);
        let (of_whole, of_kept) = (last(admin, &whole).await, last(admin, &kept).await);
        made(admin, &format!("{kept}/tags"), &json!({ "name": "Later" })).await;
        revert(admin, &of_whole).await.expect(201);
        assert!(admin.get(&whole).await.body["deletedAt"].is_string());
        revert(admin, &of_kept).await.expect_problem(409, "CHANGE_SET_OVERLAPPED");
    });
}

#[test]
fn what_was_made_does_not_go_with_what_came_to_it_later() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        let named = json!({ "name": "New" });
        let release = json!({ "name": "New", "level": 1 });
        let kinds =
            [("outcomes", "outcomeIds", &named), ("releases", "releaseIds", &release), ("tags", "tagIds", &named)];
        for (kind, field, body) in kinds {
            let part = made(admin, &format!("{gate}/{kind}"), body).await;
            let set = last(admin, &gate).await;
            let naming = json!({ "name": kind, "weight": 0, field: [id(&part)] });
            let naming = made(admin, &format!("{gate}/tasks"), &naming).await;
            let of_task = last(admin, &gate).await;
            let refused = revert(admin, &set).await;
            let faults = &refused.expect_problem(409, "CHANGE_SET_OVERLAPPED").body["errors"];
            assert_eq!(faults[0]["pointer"], format!("/TASK/{}/{field}", id(&naming)));
            assert_eq!(admin.get(&naming).await.body[field], json!([id(&part)]));
            revert(admin, &of_task).await.expect(201);
            revert(admin, &set).await.expect(201);
            admin.get(&part).await.expect_problem(404, "NOT_FOUND");
        }
        let connect = task(admin, &gate, "Connect", 60.0).await;
        let set = last(admin, &gate).await;
        let uptime = json!({ "name": "uptime", "dataType": "NUMBER" });
        let uptime = made(admin, &format!("{connect}/telemetry-attributes"), &uptime).await;
        let refused = revert(admin, &set).await;
        let faults = &refused.expect_problem(409, "CHANGE_SET_OVERLAPPED").body["errors"];
        assert_eq!(faults[0]["pointer"], format!("/TELEMETRY_ATTRIBUTE/{}/", id(&uptime)));
        admin.delete(&uptime).await.expect(204);
        revert(admin, &set).await.expect(201);

        // A rule that stands against it: nobody has sent a field that could be mended.
        admin.post(&format!("{connect}/restore"), &json!({})).await.expect(200);
        admin.delete(&connect).await.expect(204);
        let gone = last(admin, &gate).await;
        task(admin, &gate, "Heavy", 90.0).await;
        let refused = revert(admin, &gone).await;
        assert_eq!(refused.expect_problem(409, "CHANGE_SET_REFUSED").body["errors"][0]["pointer"], "/weight");
    });
}

/// The change set once it is not being taken back any more.
async fn settled(who: &Client, set: &str) -> Response {
    who.get_until(set, |answer| answer.body["revertAskedAt"].is_null()).await
}

#[test]
fn a_large_change_set_is_taken_back_after_the_answer() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        let red = made(admin, &format!("{gate}/tags"), &json!({ "name": "Red" })).await;
        let state = async || admin.get(&format!("{gate}/export?format=version")).await.expect(200).body.clone();
        let of_import = async |query: &str, file: &Value| {
            let import = admin.post(&format!("/catalog/v1/imports?productId={}{query}", id(&gate)), file).await;
            let import = format!("/catalog/v1/imports/{}", import.expect(201).id());
            admin.post(&format!("{import}/commit"), &json!({})).await;
            admin.get_until(&import, |answer| answer.body["status"] == "DONE").await.expect(200);
            last(admin, &gate).await
        };
        let empty = state().await;
        let tasks = (0..700).map(|n| json!({ "name": format!("Task {n}"), "weight": 0, "tags": ["Red"] }));
        let made_by = of_import("", &json!({ "tasks": tasks.collect::<Vec<_>>() })).await;
        let full = state().await;

        // What was made goes.
        let asked = revert(admin, &made_by).await;
        assert!(asked.expect(202).body["revertAskedAt"].is_string(), "{}", asked.text);
        let again = revert(admin, &made_by).await;
        assert!(again.status == 202 || again.status == 409, "said twice, done once: {}", again.text);
        let done = settled(admin, &made_by).await;
        assert_eq!(done.body["revertProblem"], Value::Null, "{}", done.text);
        assert_eq!(state().await, empty);
        revert(admin, &made_by).await.expect_problem(409, "CHANGE_SET_REVERTED");
        let by = format!("{SETS}/{}", done.body["revertedBy"].as_str().unwrap());
        let taken = admin.get(&by).await;
        let me = admin.get("/identity/v1/me").await.body["userId"].clone();
        assert_eq!((&taken.body["reverts"], &taken.body["actorId"]), (&json!(id(&made_by)), &me));

        // What was deleted comes back, with its ids, places and links.
        revert(admin, &by).await.expect(202);
        assert_eq!(settled(admin, &by).await.body["revertProblem"], Value::Null);
        assert_eq!(state().await, full);

        // What is refused is told, and nothing is done; mended, it can be asked for again.
        let mut light = full.clone();
        light["tasks"].as_array_mut().unwrap().iter_mut().for_each(|task| task["estMinutes"] = json!(7));
        let set = of_import("", &light).await;
        let first = light["tasks"][0]["id"].as_str().unwrap();
        let first = format!("/catalog/v1/tasks/{first}");
        let version = admin.get(&first).await.version();
        admin.patch(&first, version, &json!({ "estMinutes": 9 })).await.expect(200);
        let later = last(admin, &gate).await;
        let before = admin.get(&set).await;
        revert(admin, &set).await.expect(202);
        let refused = settled(admin, &set).await;
        let why_not = &refused.body["revertProblem"];
        assert_eq!((&why_not["code"], &refused.body["revertedBy"]), (&json!("CHANGE_SET_OVERLAPPED"), &Value::Null));
        assert_eq!(why_not["errors"][0]["pointer"], format!("/TASK/{}/estMinutes", id(&first)));
        assert_ne!(refused.header("etag"), before.header("etag"));
        revert(admin, &later).await.expect(201);
        revert(admin, &set).await.expect(202);
        let done = settled(admin, &set).await;
        assert!(done.body["revertedBy"].is_string(), "{}", done.text);
        assert_eq!((&done.body["revertProblem"], state().await), (&Value::Null, full));

        // To make a product is one thing, however much came with it: that is taken back at once.
        admin.get(&red).await.expect(200);
        let mut other = state().await;
        other["info"][0] = json!({ "name": "Sea Gate" });
        other["tasks"].as_array_mut().unwrap().iter_mut().for_each(|task| task["id"] = Value::Null);
        let import = admin.post("/catalog/v1/imports", &other).await;
        let import = format!("/catalog/v1/imports/{}", import.expect(201).id());
        admin.post(&format!("{import}/commit"), &json!({})).await;
        let made = admin.get_until(&import, |answer| answer.body["status"] == "DONE").await;
        let sea = format!("/catalog/v1/products/{}", made.body["productId"].as_str().unwrap());
        revert(admin, &last(admin, &sea).await).await.expect(201);
        assert!(admin.get(&sea).await.body["deletedAt"].is_string());
    });
}
