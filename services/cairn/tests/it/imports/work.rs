//! What happens to imports while the world goes on: other changes, other imports, jobs, kills, days.

use kernel::config::Config;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, TestWorld, send};

use super::{IMPORTS, XLSX, changes, commit, content, faults, full_product, large, upload, upload_json, upload_xlsx};
use crate::kill::{Process, free_ports};
use crate::support::{on_stage, owner};

/// The import, once it is neither read nor done any more.
async fn settled(who: &Client, uploaded: &Response) -> Response {
    let path = format!("{IMPORTS}/{}", uploaded.id());
    for _ in 0..1_200 {
        let answer = who.get(&path).await;
        if !matches!(answer.expect(200).body["status"].as_str(), Some("READING" | "APPLYING")) {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the import never came to rest");
}

#[test]
fn a_commit_is_refused_when_the_catalog_is_another_and_only_then() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let id = product.rsplit('/').next().unwrap();
        let query = format!("?productId={id}");
        let red = admin.get(&format!("{product}/tags")).await.body["items"][0].clone();
        let red_path = format!("/catalog/v1/tags/{}", red["id"].as_str().unwrap());
        let file = json!({ "tags": [{ "id": red["id"], "name": "Red", "color": "#00ff00" }] });
        let (first, second) = (upload_json(admin, &query, &file).await, upload_json(admin, &query, &file).await);

        // Something else: the import does not care, and leaves it.
        admin.patch(&red_path, None, &json!({ "description": "By hand" })).await.expect(200);
        admin.post(&format!("{product}/licenses"), &json!({ "name": "New" })).await.expect(201);
        commit(admin, &first).await.expect(200);
        let tag = admin.get(&red_path).await.body.clone();
        assert_eq!((&tag["color"], &tag["description"]), (&json!("#00ff00"), &json!("By hand")));
        // The very thing: it would do nothing now, and says so.
        let before = content(admin, &product).await;
        commit(admin, &second).await.expect_problem(409, "IMPORT_OUTDATED");
        assert_eq!(admin.get(&format!("{IMPORTS}/{}", second.id())).await.body["status"], "READY");
        // What it would change has another value.
        let file = json!({ "tags": [{ "id": red["id"], "name": "Red", "color": "#0000ff" }] });
        let third = upload_json(admin, &query, &file).await;
        assert_eq!(content(admin, &product).await, before);
        admin.patch(&red_path, None, &json!({ "color": "#123456" })).await.expect(200);
        commit(admin, &third).await.expect_problem(409, "IMPORT_OUTDATED");
        // It is there no more.
        let fourth = upload_json(admin, &query, &file).await;
        admin.delete(&red_path).await.expect(204);
        commit(admin, &fourth).await.expect_problem(409, "IMPORT_OUTDATED");
        admin.delete(&product).await.expect(204);
        commit(admin, &fourth).await.expect_problem(409, "PRODUCT_DELETED");
    });
}

#[test]
fn of_two_imports_at_once_one_is_done_and_one_is_told() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let id = product.rsplit('/').next().unwrap();
        for (query, file) in [
            (
                format!("?productId={id}"),
                json!({ "tags": [{ "name": "Blue" }], "tasks": [{ "name": "Go", "weight": 30 }] }),
            ),
            (String::new(), json!({ "info": [{ "name": "Sea Gate" }], "tags": [{ "name": "Blue" }] })),
            (
                String::new(),
                json!({ "kind": "SOLUTION", "info": [{ "name": "Office" }], "tags": [{ "name": "Blue" }] }),
            ),
        ] {
            let (first, second) = (upload_json(admin, &query, &file).await, upload_json(admin, &query, &file).await);
            let (a, b) = tokio::join!(commit(admin, &first), commit(admin, &second));
            let mut statuses = [a.status, b.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", a.text, b.text);
        }
        assert_eq!(admin.get("/catalog/v1/solutions?count=true").await.body["total"], 1);
    });
}

#[test]
fn an_upload_is_answered_once_for_a_key_and_an_import_is_forgotten() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let query = format!("?productId={}", product.rsplit('/').next().unwrap());
        let keyed = async |body: &Value| {
            let request = admin.request(Method::POST, &format!("{IMPORTS}{query}")).header("idempotency-key", "one");
            send(request.json(body)).await
        };
        let file = json!({ "tags": [{ "name": "x" }] });
        let (first, again) = (keyed(&file).await, keyed(&file).await);
        assert_eq!((first.expect(201).id(), again.header("idempotent-replayed")), (again.id(), "true"));
        keyed(&json!({ "tags": [] })).await.expect_problem(422, "IDEMPOTENCY_KEY_REUSED");

        let path = format!("{IMPORTS}/{}", first.id());
        assert_eq!(admin.get(&path).await.expect(200).header("etag"), "\"2\"");
        admin.delete(&path).await.expect(204);
        admin.get(&path).await.expect_problem(404, "NOT_FOUND");
        commit(admin, &first).await.expect_problem(404, "NOT_FOUND");

        // A day later, done or not.
        let (open, done) =
            (upload_json(admin, &query, &file).await, upload_json(admin, &query, &json!({ "tags": [] })).await);
        commit(admin, &done).await.expect(200);
        stage.clock.advance(chrono::Duration::hours(25));
        let admin = stage.another_session().await;
        for import in [open, done] {
            let path = format!("{IMPORTS}/{}", import.id());
            admin.get_until(&path, |answer| answer.status == 404).await.expect_problem(404, "NOT_FOUND");
        }
    });
}

#[test]
fn a_large_file_is_read_and_done_in_the_background() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let mut book = large("Harbour Gate", 6_000);
        let uploaded = upload_xlsx(admin, "", &book).await;
        assert_eq!(uploaded.expect(202).body["status"], "READING");
        let soon = commit(admin, &uploaded).await;
        assert!(soon.status == 409 || soon.status == 202, "{}", soon.text);
        let read = settled(admin, &uploaded).await;
        assert_eq!((&read.body["status"], &read.body["total"]), (&json!("READY"), &json!(6_001)), "{}", read.text);
        let mut page = format!("{IMPORTS}/{}/changes?limit=200", uploaded.id());
        let mut seen = 0;
        loop {
            let lines = admin.get(&page).await;
            seen += lines.expect(200).body["items"].as_array().unwrap().len();
            let Some(next) = lines.body["nextCursor"].as_str() else { break };
            page = format!("{IMPORTS}/{}/changes?limit=200&cursor={next}", uploaded.id());
        }
        assert_eq!(seen, 6_001);

        let accepted = commit(admin, &uploaded).await;
        assert_eq!(accepted.expect(202).body["status"], "APPLYING");
        assert_eq!(commit(admin, &uploaded).await.status, 202, "said twice, done once");
        admin.delete(&format!("{IMPORTS}/{}", uploaded.id())).await.expect_problem(409, "IMPORT_BUSY");
        let done = settled(admin, &uploaded).await;
        assert_eq!((&done.body["status"], &done.body["done"]), (&json!("DONE"), &json!(6_001)), "{}", done.text);
        let product = format!("/catalog/v1/products/{}", done.body["productId"].as_str().unwrap());
        assert_eq!(admin.get(&format!("{product}/tasks?count=true")).await.body["total"], 6_000);
        // By whom it was asked for.
        let trail = format!("/identity/v1/audit-events?entityId={}", product.rsplit('/').next().unwrap());
        let told = admin.get_until(&trail, |answer| answer.body["items"][0].is_object()).await;
        let me = admin.get("/identity/v1/me").await.body["userId"].clone();
        assert_eq!(told.body["items"][0]["actor"], me, "{}", told.text);

        // What single commands refuse is told by the import, and nothing is done.
        book.tasks.as_mut().unwrap().rows[0].item.est_minutes = 11;
        for row in &mut book.tasks.as_mut().unwrap().rows[1..1_000] {
            row.item.est_minutes = 12;
        }
        let uploaded = upload_xlsx(admin, "", &book).await;
        assert_eq!(settled(admin, &uploaded).await.body["total"], 1_000);
        let first = admin.get(&format!("{product}/tasks?limit=1")).await.body["items"][0].clone();
        let task = format!("/catalog/v1/tasks/{}", first["id"].as_str().unwrap());
        admin.patch(&task, Some(1), &json!({ "estMinutes": 99 })).await.expect(200);
        commit(admin, &uploaded).await.expect(202);
        let told = settled(admin, &uploaded).await;
        assert_eq!((&told.body["status"], &told.body["problem"]["code"]), (&json!("READY"), &json!("IMPORT_OUTDATED")));

        // A large file that is none.
        let noise = upload(admin, "", XLSX, vec![b'x'; 300 * 1024]).await;
        noise.expect(202);
        assert_eq!(settled(admin, &noise).await.body["status"], "FAULTY");
        assert_eq!(faults(admin, &noise).await, ["- null - WORKBOOK_UNREADABLE"]);
    });
}

#[test]
fn a_killed_platform_has_done_all_of_an_import_or_nothing_and_says_which() {
    actix_web::rt::System::new().block_on(async {
        let world: TestWorld = testkit::world(&cairn::migrations());
        let mut environment = world.environment.clone();
        environment.retain(|(name, _)| name != "CAIRN_PORT_BASE");
        environment.push(("CAIRN_PORT_BASE".to_owned(), free_ports().to_string()));
        let config = Config::from_pairs(environment.clone()).unwrap();
        let mut process = Process::start(&environment);
        let anonymous = Client::anonymous(&format!("http://127.0.0.1:{}", config.network.port_base));
        let up = async || {
            while !matches!(anonymous.request(Method::GET, "/readyz").send().await, Ok(ready) if ready.status() == 200)
            {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        up().await;
        let admin = owner(&config, &anonymous).await;
        let product = full_product(&admin, "Harbour Gate").await;
        let query = format!("?productId={}", product.rsplit('/').next().unwrap());
        let small = upload_json(&admin, &query, &json!({ "tags": [{ "name": "Blue" }] })).await;
        small.expect(201);

        // Between the dry run and the commit.
        process.kill();
        process = Process::start(&environment);
        up().await;
        assert_eq!(changes(&admin, &small).await, ["CREATE tags/Blue"]);
        assert_eq!(commit(&admin, &small).await.expect(200).body["status"], "DONE");

        // While a file is read, and while it is done.
        let uploaded = upload_xlsx(&admin, "", &large("Sea Gate", 6_000)).await;
        uploaded.expect(202);
        process.kill();
        process = Process::start(&environment);
        up().await;
        assert_eq!(settled(&admin, &uploaded).await.body["status"], "READY");
        commit(&admin, &uploaded).await.expect(202);
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        process.kill();
        process = Process::start(&environment);
        up().await;
        let told = admin.get(&format!("{IMPORTS}/{}", uploaded.id())).await.expect(200).body.clone();
        let there = admin.get("/catalog/v1/products?count=true").await.body["total"].clone();
        let expected = if told["status"] == "DONE" { 2 } else { 1 };
        assert_eq!(there, expected, "{told}");
        let done = settled(&admin, &uploaded).await;
        assert_eq!(done.body["status"], "DONE", "{}", done.text);
        let made = format!("/catalog/v1/products/{}/tasks?count=true", done.body["productId"].as_str().unwrap());
        assert_eq!(admin.get(&made).await.body["total"], 6_000);
        assert_eq!(admin.get("/catalog/v1/products?count=true").await.body["total"], 2, "once");
        drop(process);
        world.end().await;
    });
}
