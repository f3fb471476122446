//! What is exported and imported again, unedited, changes nothing.

use std::io::{Cursor, Read, Write};

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use serde_json::json;
use testkit::{Client, Response, send};

use super::{IMPORTS, XLSX, changes, commit, content, exported, faults, file, fill, full_product, upload, upload_json};
use crate::demo;
use crate::support::on_stage;

/// Imports a file that says what is there already.
async fn assert_nothing_to_do(who: &Client, owner: &str, uploaded: &Response) {
    assert_eq!(faults(who, uploaded).await, [""; 0], "{owner}");
    assert_eq!(changes(who, uploaded).await, [""; 0], "{owner}");
    let told = &uploaded.expect(201).body;
    assert_eq!((&told["status"], &told["total"]), (&json!("READY"), &json!(0)), "{owner}: {told}");
    let before = content(who, owner).await;
    assert_eq!(commit(who, uploaded).await.expect(200).body["status"], "DONE");
    assert_eq!(content(who, owner).await, before, "neither a version nor a revision is raised");
}

/// Exports an owner in every format and imports each file again, also with the word to delete what it lacks.
async fn assert_round_trip(who: &Client, owner: &str) {
    for delete in ["false", "true"] {
        let book = file(who, owner, "format=xlsx").await;
        let uploaded = upload(who, &format!("?deleteMissing={delete}"), XLSX, book).await;
        assert_nothing_to_do(who, owner, &uploaded).await;
        let uploaded = upload_json(who, &format!("?deleteMissing={delete}"), &exported(who, owner).await).await;
        assert_nothing_to_do(who, owner, &uploaded).await;
    }
    let (kind, id) = owner.trim_start_matches("/catalog/v1/").split_once("s/").unwrap();
    for sheet in
        ["tasks", "licenses", "outcomes", "releases", "tags", "customAttributes", "resources", "telemetry", "info"]
    {
        let table = file(who, owner, &format!("format=csv&sheet={sheet}")).await;
        let query = format!("?{kind}Id={id}&sheet={sheet}&deleteMissing=true");
        assert_nothing_to_do(who, owner, &upload(who, &query, "text/csv", table).await).await;
    }
}

#[test]
fn a_table_of_another_language_is_read_and_a_file_may_come_packed() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let made = admin.post("/catalog/v1/products", &json!({ "name": "Harbour Gate" })).await;
        let table = "Task Name;Weight;Est. Minutes;Description\nConnect;12,5;30;Mast, then gate\n";
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(table.as_bytes()).unwrap();
        let path = format!("{IMPORTS}?productId={}&sheet=tasks", made.expect(201).id());
        let request = admin.request(Method::POST, &path).header("content-type", "text/csv");
        let uploaded = send(request.header("content-encoding", "gzip").body(packed.finish().unwrap())).await;
        assert_eq!(uploaded.expect(201).body["status"], "READY", "{}", uploaded.text);
        commit(admin, &uploaded).await.expect(200);
        let tasks = admin.get(&format!("/catalog/v1/products/{}/tasks", made.id())).await;
        let task = tasks.expect(200).body["items"][0].clone();
        assert_eq!((&task["weight"], &task["description"]), (&json!(12.5), &json!("Mast, then gate")));
        let request = admin.request(Method::POST, &path).header("content-type", "text/csv");
        let other = send(request.header("content-encoding", "br").body("name")).await;
        assert_eq!(other.status, 415, "{}", other.text);
    });
}

#[test]
fn every_kind_of_row_comes_back_as_it_was() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        assert_round_trip(admin, &product).await;
        let empty = admin.post("/catalog/v1/products", &json!({ "name": "Empty" })).await.expect(201).id();
        assert_round_trip(admin, &format!("/catalog/v1/products/{empty}")).await;

        let solution = admin.post("/catalog/v1/solutions", &json!({ "name": "Branch Office" })).await.expect(201).id();
        let solution = format!("/catalog/v1/solutions/{solution}");
        fill(admin, &solution).await;
        let bundle = json!({ "productIds": [empty, product.rsplit('/').next().unwrap()] });
        admin.put(&format!("{solution}/products"), &bundle).await.expect(200);
        assert_round_trip(admin, &solution).await;
        // Also when one of them is gone.
        admin.delete(&format!("/catalog/v1/products/{empty}")).await.expect(204);
        assert_round_trip(admin, &solution).await;
    });
}

/// Whether the caller's budget at the gateway is full again: as much is left of it as it has for a second.
fn is_full(answer: &Response) -> bool {
    let number = |header: &str, key: &str| -> Option<u32> {
        let text = answer.header(header).split(';').find_map(|part| part.strip_prefix(key).map(str::to_owned));
        text?.parse().ok()
    };
    let (left, of) = (number("ratelimit", "r="), number("ratelimit-policy", "q="));
    answer.status == 200 && left.zip(of).is_some_and(|(left, of)| left >= of)
}

#[test]
fn the_sample_catalogue_comes_back_as_it_was() {
    on_stage(async |stage| {
        demo::load(&stage, &|_| ()).await.unwrap();
        let mut tried = 0;
        for kind in ["products", "solutions"] {
            let list = stage.admin.get(&format!("/catalog/v1/{kind}")).await;
            for owner in list.expect(200).body["items"].as_array().unwrap() {
                let path = format!("/catalog/v1/{kind}/{}", owner["id"].as_str().unwrap());
                // A catalogue and its round trips are more than the gateway takes of one user at once.
                stage.admin.get_until(&path, is_full).await;
                assert_round_trip(&stage.admin, &path).await;
                tried += 1;
            }
        }
        assert!(tried >= 3, "{tried}");
    });
}

#[test]
fn a_file_has_a_harmless_name_its_type_and_no_formula() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "../Hafen\"; 港").await;
        let export = format!("{product}/export");
        for (query, accept, kind, end) in [
            ("?format=xlsx", "*/*", XLSX, "_v2_"),
            ("", "*/*", XLSX, ".xlsx"),
            ("", "application/json", "application/json", ".json"),
            ("", "text/html, text/csv;q=0.9", "text/csv", ".csv"),
            ("?format=csv&sheet=outcomes", "*/*", "text/csv", "_v2_outcomes_"),
        ] {
            let request = admin.request(Method::GET, &format!("{export}{query}")).header(ACCEPT, accept);
            let answer = request.send().await.unwrap();
            assert_eq!((answer.status().as_u16(), &answer.headers()[CONTENT_TYPE]), (200, &kind.parse().unwrap()));
            let named = answer.headers()[CONTENT_DISPOSITION].to_str().unwrap().to_owned();
            assert!(named.starts_with("attachment; filename=\"Hafen"), "{named}");
            assert!(named.contains(end) && named.contains("%E6%B8%AF") && !named.contains('/'), "{named}");
        }
        admin.get(&format!("{export}?format=pdf")).await.expect_problem(400, "REQUEST_MALFORMED");
        admin.get(&format!("{export}?sheet=prices")).await.expect_problem(400, "REQUEST_MALFORMED");

        let table = String::from_utf8(file(admin, &product, "format=csv&sheet=outcomes").await).unwrap();
        assert!(table.contains("\"'=HYPERLINK(") && table.contains("'+1"), "{table}");
        let book = file(admin, &product, "format=xlsx").await;
        let mut parts = zip::ZipArchive::new(Cursor::new(book)).unwrap();
        for index in 0..parts.len() {
            let mut part = parts.by_index(index).unwrap();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            assert!(!text.contains("<f>") && !text.contains("<hyperlink"), "a cell is a formula");
        }
    });
}
