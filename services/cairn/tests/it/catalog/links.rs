//! Links of tasks to outcomes, releases and tags, and finding tasks by them.

use serde_json::{Value, json};

use super::{actions, column, faults, id, made, owners, product};
use crate::support::on_stage;

/// The collections that tasks link to, with the field that holds the links.
const LINKS: [(&str, &str); 3] = [("outcomes", "outcomeIds"), ("releases", "releaseIds"), ("tags", "tagIds")];

#[test]
fn a_task_links_to_what_its_own_owner_has() {
    on_stage(async |stage| {
        let [owner, other] = owners(&stage.admin).await;
        let stranger = stage.another_tenant().await;
        let foreign_owner = product(&stranger, "Foreign").await;
        let task = made(&stage.admin, &format!("{owner}/tasks"), &json!({ "name": "Connect" })).await;
        for (segment, field) in LINKS {
            let own = made(&stage.admin, &format!("{owner}/{segment}"), &json!({ "name": "Own" })).await;
            let others = made(&stage.admin, &format!("{other}/{segment}"), &json!({ "name": "Other" })).await;
            let foreign = made(&stranger, &format!("{foreign_owner}/{segment}"), &json!({ "name": "Foreign" })).await;
            let links = json!({ "name": "X", field: [id(&others), id(&own), id(&foreign)] });
            let wrong = [format!("/{field}/0 NOT_FOUND"), format!("/{field}/2 NOT_FOUND")];
            let refused = stage.admin.post(&format!("{owner}/tasks"), &links).await;
            assert_eq!(faults(&refused, "CONTENT_INVALID"), wrong);
            let refused = stage.admin.patch(&task, Some(1), &links).await;
            assert_eq!(faults(&refused, "CONTENT_INVALID"), wrong);
            let twice = json!({ "name": "X", field: [id(&own), id(&own)] });
            let refused = stage.admin.post(&format!("{owner}/tasks"), &twice).await;
            assert_eq!(faults(&refused, "CONTENT_INVALID"), [format!("/{field} DUPLICATE")]);
        }
        assert_eq!(stage.admin.get(&task).await.version(), Some(1));
    });
}

#[test]
fn what_is_deleted_is_taken_out_of_the_tasks_that_name_it() {
    on_stage(async |stage| {
        for owner in owners(&stage.admin).await {
            let tasks = format!("{owner}/tasks");
            for (segment, field) in LINKS {
                let collection = format!("{owner}/{segment}");
                let gone = made(&stage.admin, &collection, &json!({ "name": "Gone" })).await;
                let stays = made(&stage.admin, &collection, &json!({ "name": "Stays" })).await;
                let links = |ids: &[&str]| json!({ "name": segment, field: ids });
                let both = made(&stage.admin, &tasks, &links(&[id(&gone), id(&stays)])).await;
                let other = made(&stage.admin, &tasks, &links(&[id(&stays)])).await;
                let deleted = made(&stage.admin, &tasks, &links(&[id(&gone)])).await;
                stage.admin.delete(&deleted).await.expect(204);
                stage.admin.delete(&gone).await.expect(204);
                let shown = stage.admin.get(&both).await;
                assert_eq!((&shown.body[field], shown.version()), (&json!([id(&stays)]), Some(2)));
                assert_eq!(stage.admin.get(&other).await.version(), Some(1));
                assert_eq!(actions(&stage.admin, &both, 2).await, ["created", "changed"]);
                let restored = stage.admin.post(&format!("{deleted}/restore"), &json!({})).await;
                assert_eq!(restored.expect(200).body[field], json!([]), "nothing comes back that names what is gone");
            }
        }
    });
}

#[test]
fn tasks_are_found_by_level_outcome_release_and_tag() {
    on_stage(async |stage| {
        let [owner, _] = owners(&stage.admin).await;
        let part = async |segment: &str, name: &str| {
            let path = made(&stage.admin, &format!("{owner}/{segment}"), &json!({ "name": name })).await;
            id(&path).to_owned()
        };
        let (o1, o2) = (part("outcomes", "O1").await, part("outcomes", "O2").await);
        let (v1, t1, t2) = (part("releases", "V1").await, part("tags", "T1").await, part("tags", "T2").await);
        let tasks = format!("{owner}/tasks");
        for body in [
            json!({ "name": "plain" }),
            json!({ "name": "o1", "outcomeIds": [o1], "tagIds": [t1], "licenseLevel": "ADVANTAGE" }),
            json!({ "name": "o2", "outcomeIds": [o2], "tagIds": [t2], "licenseLevel": "SIGNATURE" }),
            json!({ "name": "v1", "releaseIds": [v1], "tagIds": [t1, t2], "externalKey": "v" }),
        ] {
            stage.admin.post(&tasks, &body).await.expect(201);
        }
        for (query, names) in [
            (String::new(), vec!["plain", "o1", "o2", "v1"]),
            (format!("outcomeId={o1}"), vec!["plain", "o1", "v1"]),
            (format!("outcomeId={o1}&outcomeId={o2}"), vec!["plain", "o1", "o2", "v1"]),
            (format!("releaseId={v1}"), vec!["plain", "o1", "o2", "v1"]),
            (format!("tagId={t1}"), vec!["o1", "v1"]),
            (format!("tagId={t1}&tagId={t2}"), vec!["o1", "o2", "v1"]),
            (format!("tagId={t2}&outcomeId={o1}"), vec!["v1"]),
            ("licenseLevel=ESSENTIAL".to_owned(), vec!["plain", "v1"]),
            ("licenseLevel=ADVANTAGE".to_owned(), vec!["plain", "o1", "v1"]),
            ("licenseLevel=SIGNATURE".to_owned(), vec!["plain", "o1", "o2", "v1"]),
            ("externalKey=v".to_owned(), vec!["v1"]),
        ] {
            let list = stage.admin.get(&format!("{tasks}?count=true&{query}")).await;
            assert_eq!(column(&list, "name"), names, "{query}");
            assert_eq!(list.body["total"], names.len(), "{query}");
        }
        let page = stage.admin.get(&format!("{tasks}?limit=1&tagId={t1}")).await;
        let cursor = page.body["nextCursor"].as_str().unwrap();
        let rest = stage.admin.get(&format!("{tasks}?limit=1&tagId={t1}&cursor={cursor}")).await;
        assert_eq!((column(&rest, "name"), &rest.body["nextCursor"]), (vec![json!("v1")], &Value::Null));
        for wrong in ["licenseLevel=GOLD", "tagId=security", "weight=1"] {
            stage.admin.get(&format!("{tasks}?{wrong}")).await.expect_problem(400, "REQUEST_MALFORMED");
        }
    });
}
