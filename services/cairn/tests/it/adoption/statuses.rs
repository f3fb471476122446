//! Statuses that people set.

use serde_json::{Value, json};

use super::{column, items, planned, pointers, set, task_path, walk};
use crate::support::on_stage;

#[test]
fn a_person_sets_any_status_and_every_note_is_kept() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (_, tasks) = planned(admin, &[json!({ "name": "Connect", "weight": 100 })]).await;
        let path = task_path(&tasks[0]);
        let me = admin.get("/identity/v1/me").await.body["userId"].clone();
        let steps = [
            ("IN_PROGRESS", Some(" Monday. ")),
            ("COMPLETED", Some("Done on Tuesday.")),
            ("NO_LONGER_USING", None),
            ("NOT_APPLICABLE", Some("  ")),
            ("NOT_STARTED", Some("Begin again.")),
        ];
        for (version, (status, note)) in (2..).zip(steps) {
            let answer = admin.patch(&path, Some(version - 1), &json!({ "status": status, "note": note })).await;
            assert_eq!(answer.expect(200).version(), Some(version));
            let stored = if status == "COMPLETED" { "DONE" } else { status };
            assert_eq!(answer.body["status"], stored);
            assert_eq!(answer.body["statusSource"], "MANUAL");
            assert_eq!(answer.body["statusUpdatedBy"], me);
            assert_eq!(answer.body["completedAt"].is_string(), stored == "DONE", "{status}");
            assert_eq!(admin.get(&path).await.body, answer.body);
        }
        let history = items(&admin.get(&format!("{path}/history?count=true")).await);
        let statuses = ["IN_PROGRESS", "DONE", "NO_LONGER_USING", "NOT_APPLICABLE", "NOT_STARTED"];
        assert_eq!(column(&history, "status"), statuses);
        let notes = [json!("Monday."), json!("Done on Tuesday."), Value::Null, Value::Null, json!("Begin again.")];
        assert_eq!(column(&history, "text"), notes);
        assert!(history.iter().all(|entry| entry["source"] == "MANUAL" && entry["by"] == me));
        assert_eq!(walk(admin, &format!("{path}/history")).await, history);
    });
}

#[test]
fn setting_what_is_set_is_no_change_and_a_stale_version_is_refused() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (_, tasks) = planned(admin, &[json!({ "name": "Connect", "weight": 100 })]).await;
        let path = task_path(&tasks[0]);
        set(admin, &tasks[0], "DONE").await.expect(200);
        let same = set(admin, &tasks[0], "COMPLETED").await;
        assert_eq!(same.expect(200).version(), Some(2));
        let stale = admin.patch(&path, Some(1), &json!({ "status": "IN_PROGRESS" })).await;
        stale.expect_problem(412, "VERSION_MISMATCH");
        let noted = admin.patch(&path, Some(2), &json!({ "status": "DONE", "note": "Still is." })).await;
        assert_eq!(noted.expect(200).version(), Some(3), "a note is something new");
        assert_eq!(items(&admin.get(&format!("{path}/history")).await).len(), 2);

        let (one, other) = (json!({ "status": "IN_PROGRESS" }), json!({ "status": "NOT_APPLICABLE" }));
        let (one, other) = tokio::join!(admin.patch(&path, Some(3), &one), admin.patch(&path, Some(3), &other));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    });
}

#[test]
fn a_note_joins_the_history_and_changes_nothing_else() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, tasks) = planned(admin, &[json!({ "name": "Connect", "weight": 100 })]).await;
        let path = task_path(&tasks[0]);
        set(admin, &tasks[0], "IN_PROGRESS").await.expect(200);
        let before = admin.get(&path).await.body;
        let notes = format!("{path}/notes");
        let note = admin.post(&notes, &json!({ "text": " Waiting for the firewall team. " })).await;
        assert_eq!(note.expect(201).body["text"], "Waiting for the firewall team.");
        assert_eq!(note.body["planId"], assignment["planId"]);
        let me = admin.get("/identity/v1/me").await.body["userId"].clone();
        assert_eq!(note.body["by"], me);
        set(admin, &tasks[0], "DONE").await.expect(200);
        let history = items(&admin.get(&format!("{path}/history?count=true")).await);
        assert_eq!(column(&history, "kind"), ["STATUS", "NOTE", "STATUS"]);
        assert_eq!(column(&history, "status"), ["IN_PROGRESS", "IN_PROGRESS", "DONE"]);
        assert_eq!((&history[1]["id"], &history[1]["source"]), (&note.body["id"], &json!("MANUAL")));
        assert_eq!(history[1]["text"], note.body["text"]);
        assert_eq!(before["version"], 2, "a note is no change of the task");
        assert_eq!(admin.get(&path).await.body["version"], 3);

        for text in ["", "  ", "x".repeat(5_001).as_str()] {
            let refused = admin.post(&notes, &json!({ "text": text })).await;
            assert_eq!(pointers(refused.expect_problem(422, "CONTENT_INVALID")), ["/text"]);
        }
        let nowhere = format!("/adoption/v1/customer-tasks/{}/notes", kernel::CustomerTaskId::fresh());
        admin.post(&nowhere, &json!({ "text": "Anybody?" })).await.expect_problem(404, "NOT_FOUND");
        let trail = format!("/identity/v1/audit-events?entityId={}", note.id());
        let trail = admin.get_until(&trail, |answer| answer.body["items"][0].is_object()).await;
        assert_eq!(trail.body["items"][0]["action"], "created");
    });
}

#[test]
fn the_source_is_not_the_callers_to_say() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (_, tasks) = planned(admin, &[json!({ "name": "Connect", "weight": 100 })]).await;
        let path = task_path(&tasks[0]);
        let refused = async |body: Value, fault: &str| {
            let answer = admin.patch(&path, None, &body).await;
            assert_eq!(pointers(answer.expect_problem(422, "CONTENT_INVALID")), [fault]);
        };
        refused(json!({ "status": "DONE", "source": "TELEMETRY" }), "/source").await;
        refused(json!({ "status": "DONE", "statusUpdatedBy": "x" }), "/statusUpdatedBy").await;
        refused(json!({ "status": "BLOCKED" }), "/status").await;
        refused(json!({ "status": "DONE", "note": "x".repeat(5_001) }), "/note").await;
        refused(json!({ "note": "What for?" }), "/status").await;
        assert_eq!(admin.get(&path).await.version(), Some(1));
    });
}
