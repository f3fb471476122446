//! Lines: tasks and parts are numbered 1 to n, whatever happens to them.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

use super::{actions, column, faults, id, made, owners, product, task};
use crate::support::on_stage;

#[test]
fn a_task_takes_the_place_it_asks_for_and_the_others_make_room() {
    on_stage(async |stage| {
        for owner in owners(&stage.admin).await {
            let tasks = format!("{owner}/tasks");
            let a = task(&stage.admin, &owner, "A", 1.0).await;
            let b = task(&stage.admin, &owner, "B", 1.0).await;
            made(&stage.admin, &tasks, &json!({ "name": "C", "sequenceNumber": 99 })).await;
            made(&stage.admin, &tasks, &json!({ "name": "D", "sequenceNumber": 2 })).await;
            let line = async || {
                let list = stage.admin.get(&tasks).await;
                let places: Vec<Value> = (1..=column(&list, "id").len()).map(|place| json!(place)).collect();
                assert_eq!(column(&list, "sequenceNumber"), places);
                column(&list, "name").iter().map(|name| name.as_str().unwrap()).collect::<String>()
            };
            assert_eq!(line().await, "ADBC");
            let moved = stage.admin.patch(&a, Some(1), &json!({ "sequenceNumber": 3 })).await;
            assert_eq!(moved.expect(200).body["sequenceNumber"], 3);
            assert_eq!(line().await, "DBAC");
            stage.admin.delete(&b).await.expect(204);
            assert_eq!(line().await, "DAC");
            let restored = stage.admin.post(&format!("{b}/restore"), &json!({})).await;
            assert_eq!(restored.expect(200).body["sequenceNumber"], 4);
            assert_eq!(line().await, "DACB");
            let told = ["created", "reordered", "reordered", "deleted", "restored"];
            assert_eq!(actions(&stage.admin, &b, 5).await, told, "made room twice");
        }
    });
}

#[test]
fn a_new_order_of_tasks_is_taken_whole_or_not_at_all() {
    on_stage(async |stage| {
        let [owner, other] = owners(&stage.admin).await;
        let (a, b) = (task(&stage.admin, &owner, "A", 1.0).await, task(&stage.admin, &owner, "B", 1.0).await);
        let (c, gone) = (task(&stage.admin, &owner, "C", 1.0).await, task(&stage.admin, &owner, "Gone", 1.0).await);
        stage.admin.delete(&gone).await.expect(204);
        let foreign = task(&stage.admin, &other, "Foreign", 1.0).await;
        let reorder = format!("{owner}/tasks/reorder");
        let order = |paths: &[&String]| json!({ "taskIds": paths.iter().map(|path| id(path)).collect::<Vec<_>>() });
        for (wrong, fault) in [
            (order(&[&a, &b]), "/taskIds INCOMPLETE"),
            (order(&[&a, &b, &c, &a]), "/taskIds/3 DUPLICATE"),
            (order(&[&a, &b, &c, &gone]), "/taskIds/3 NOT_FOUND"),
            (order(&[&foreign, &a, &b, &c]), "/taskIds/0 NOT_FOUND"),
        ] {
            assert_eq!(faults(&stage.admin.post(&reorder, &wrong).await, "CONTENT_INVALID"), [fault]);
        }
        let list = format!("{owner}/tasks");
        assert_eq!(column(&stage.admin.get(&list).await, "name"), ["A", "B", "C"]);
        let answer = stage.admin.post(&reorder, &order(&[&c, &b, &a])).await;
        assert_eq!(column(&answer, "name"), ["C", "B", "A"]);
        assert_eq!(column(&answer, "sequenceNumber"), [1, 2, 3]);
        assert_eq!(column(&answer, "version"), [2, 1, 2], "who stays in place is not changed");
        assert_eq!(answer.body["items"], stage.admin.get(&list).await.body["items"]);
        assert_eq!(actions(&stage.admin, &a, 2).await, ["created", "reordered"]);
    });
}

#[test]
fn parallel_orders_leave_one_line() {
    on_stage(async |stage| {
        let owner = product(&stage.admin, "Gate").await;
        let mut tasks = Vec::new();
        for name in ["A", "B", "C", "D", "E"] {
            tasks.push(task(&stage.admin, &owner, name, 1.0).await);
        }
        let orders = (0..8).map(|turn| {
            let mut ids: Vec<&str> = tasks.iter().map(|path| id(path)).collect();
            ids.rotate_left(turn % 5);
            send(stage.admin.request(Method::POST, &format!("{owner}/tasks/reorder")).json(&json!({ "taskIds": ids })))
        });
        for answer in join_all(orders).await {
            answer.expect(200);
        }
        let list = stage.admin.get(&format!("{owner}/tasks")).await;
        assert_eq!(column(&list, "sequenceNumber"), [1, 2, 3, 4, 5]);
    });
}
