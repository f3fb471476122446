//! Bookmarks: one's own, and nobody else's.

use serde_json::{Value, json};
use testkit::{Client, Response};

use crate::company::colleague;
use crate::support::on_stage;

const OWN: &str = "/identity/v1/me/bookmarks";

#[test]
fn bookmarks_keep_the_order_one_gives_them() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let mut all = Vec::new();
        for title in ["One", "Two", "Three"] {
            all.push(bookmark(admin, title).await);
        }
        let shown = admin.get(OWN).await;
        assert_eq!(ids(&shown), all);
        let first = admin.get(&format!("{OWN}?limit=2")).await;
        let next = format!("{OWN}?limit=2&cursor={}", first.body["nextCursor"].as_str().unwrap());
        assert_eq!([ids(&first), ids(&admin.get(&next).await)].concat(), all);
        all.rotate_left(1);
        let order = json!({ "bookmarkIds": all });
        assert_eq!(ids(&admin.post(&format!("{OWN}/reorder"), &order).await), all);
        assert_eq!(ids(&admin.get(OWN).await), all);
        let some = json!({ "bookmarkIds": all[1..] });
        admin.post(&format!("{OWN}/reorder"), &some).await.expect_problem(422, "CONTENT_INVALID");

        let path = format!("{OWN}/{}", all[0]);
        let changed = admin.patch(&path, Some(2), &json!({ "title": "Second", "url": "/docs" })).await;
        assert_eq!((&changed.expect(200).body["url"], changed.version()), (&json!("/docs"), Some(3)));
        admin.patch(&path, Some(2), &json!({ "title": "x" })).await.expect_problem(412, "VERSION_MISMATCH");
        admin.patch(&path, None, &json!({ "url": "javascript:alert(1)" })).await.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(admin.get(&path).await.expect(200).body, changed.body);
        admin.delete(&path).await.expect(204);
        admin.get(&path).await.expect_problem(404, "NOT_FOUND");
        assert_eq!(ids(&admin.get(OWN).await), all[1..]);
    });
}

#[test]
fn nobody_else_sees_them_and_no_trail_tells_of_them() {
    on_stage(async |stage| {
        let kim = colleague(&stage.admin, "kim", "VIEWER").await;
        let own = bookmark(&kim, "My secret").await;
        let path = format!("{OWN}/{own}");
        for other in [stage.admin.clone(), stage.another_tenant().await] {
            assert_eq!(ids(&other.get(OWN).await), [""; 0]);
            other.get(&path).await.expect_problem(404, "NOT_FOUND");
            other.patch(&path, None, &json!({ "title": "x" })).await.expect_problem(404, "NOT_FOUND");
            other.delete(&path).await.expect_problem(404, "NOT_FOUND");
            let order = json!({ "bookmarkIds": [own] });
            other.post(&format!("{OWN}/reorder"), &order).await.expect_problem(422, "CONTENT_INVALID");
        }
        kim.get(&path).await.expect(200);
        // What came after it is in the trail; it is not.
        let marker = json!({ "name": "Afterwards" });
        let marker = stage.admin.post("/identity/v1/departments", &marker).await.expect(201).id();
        let after = format!("/identity/v1/audit-events?entityId={marker}");
        stage.admin.get_until(&after, |answer| answer.body["items"][0].is_object()).await;
        let trail = stage.admin.get("/identity/v1/audit-events?limit=200").await;
        assert!(!trail.expect(200).text.contains("My secret") && !trail.text.contains(&own));
    });
}

async fn bookmark(who: &Client, title: &str) -> String {
    let bookmark = json!({ "title": title, "url": "https://example.com/releases" });
    who.post(OWN, &bookmark).await.expect(201).id()
}

fn ids(page: &Response) -> Vec<String> {
    let items = page.expect(200).body["items"].as_array().unwrap();
    items.iter().map(|item: &Value| item["id"].as_str().unwrap().to_owned()).collect()
}
