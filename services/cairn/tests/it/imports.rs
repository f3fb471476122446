//! Workbooks through the gateway: exported, edited, imported.

mod changes;
mod faults;
mod rights;
mod round_trip;
mod work;

use kernel::Hundredths;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, send};
use workbook::Workbook;

const IMPORTS: &str = "/catalog/v1/imports";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A product with every kind of row; answers with its path.
async fn full_product(who: &Client, name: &str) -> String {
    let own = json!({
        "name": name, "description": "Network access\nfor branch offices",
        "resources": [{ "label": "Manual", "url": "https://example.com/manual" }, { "label": "Shop", "url": "https://example.com/shop" }],
    });
    let product = format!("/catalog/v1/products/{}", who.post("/catalog/v1/products", &own).await.expect(201).id());
    fill(who, &product).await;
    product
}

/// Makes every kind of row under an owner.
async fn fill(who: &Client, owner: &str) {
    let make = async |path: &str, body: Value| who.post(&format!("{owner}/{path}"), &body).await.expect(201).id();
    make("licenses", json!({ "name": "Essential", "level": 1 })).await;
    make("licenses", json!({ "name": "Advantage", "level": 2, "isActive": false, "description": "More" })).await;
    let faster = make("outcomes", json!({ "name": "Faster, \"cheaper\"" })).await;
    let formula = make("outcomes", json!({ "name": "=HYPERLINK(\"https://example.com\")", "description": "+1" })).await;
    let first = make("releases", json!({ "name": "Spring", "level": 1.1 })).await;
    make("releases", json!({ "name": "Autumn", "level": 2.25, "description": "Later" })).await;
    let red = make("tags", json!({ "name": "Red", "color": "#ff0000" })).await;
    make("tags", json!({ "name": "Grün", "description": "海" })).await;
    for (key, value, kind) in [
        ("tier", json!("gold"), "TEXT"),
        ("seats", json!(12.5), "NUMBER"),
        ("live", json!(true), "BOOLEAN"),
        ("since", json!("2026-01-31"), "DATE"),
        ("shape", json!({ "a": [1, null, "x"] }), "JSON"),
        ("unknown", Value::Null, "NUMBER"),
        ("formula", json!("=1+1"), "TEXT"),
    ] {
        let required = key == "tier";
        make("custom-attributes", json!({ "key": key, "value": value, "dataType": kind, "isRequired": required }))
            .await;
    }
    let connect = json!({
        "name": "Connect", "weight": 40.25, "estMinutes": 30, "licenseLevel": "ADVANTAGE", "notes": "'quoted'",
        "howToDoc": ["https://example.com/a", "https://example.com/b"], "howToVideo": ["https://example.com/v"],
        "outcomeIds": [faster, formula], "releaseIds": [first], "tagIds": [red],
    });
    let connect = make("tasks", connect).await;
    make("tasks", json!({ "name": "Invite", "weight": 20, "description": "=cmd|' /C calc'!A0" })).await;
    make("tasks", json!({ "name": "Invite", "weight": 0 })).await;
    let composite = json!({ "type": "composite_or", "criteria": [
        { "type": "number_threshold", "operator": "greater_than", "threshold": 5 },
        { "type": "number_threshold", "operator": "equals", "threshold": -1 },
    ] });
    for attribute in [
        json!({ "name": "users", "dataType": "NUMBER", "isRequired": true, "successCriteria": { "operator": ">=", "value": 10.5 } }),
        json!({ "name": "either", "dataType": "NUMBER", "successCriteria": composite }),
        json!({ "name": "word", "dataType": "STRING", "successCriteria": { "type": "string_match", "mode": "contains", "pattern": "=x" } }),
        json!({ "name": "recorded", "dataType": "JSON", "isActive": false, "description": "Only recorded" }),
        json!({ "name": "seen", "dataType": "TIMESTAMP", "successCriteria": { "type": "timestamp_comparison", "mode": "within_days", "withinDays": 7 } }),
    ] {
        let path = format!("/catalog/v1/tasks/{connect}/telemetry-attributes");
        who.post(&path, &attribute).await.expect(201);
    }
}

/// Everything that hangs on an owner, as HTTP shows it.
async fn content(who: &Client, owner: &str) -> Vec<Value> {
    let mut all = vec![who.get(owner).await.expect(200).body.clone()];
    for part in ["licenses", "outcomes", "releases", "tags", "custom-attributes", "tasks"] {
        all.push(who.get(&format!("{owner}/{part}?limit=200")).await.expect(200).body["items"].clone());
    }
    let tasks = all.last().unwrap().as_array().unwrap().clone();
    for task in tasks {
        let path = format!("/catalog/v1/tasks/{}/telemetry-attributes?limit=200", task["id"].as_str().unwrap());
        all.push(who.get(&path).await.expect(200).body["items"].clone());
    }
    all
}

/// An export as JSON.
async fn exported(who: &Client, owner: &str) -> Value {
    who.get(&format!("{owner}/export?format=json")).await.expect(200).body.clone()
}

/// A file of any kind, as it comes.
async fn file(who: &Client, owner: &str, query: &str) -> Vec<u8> {
    let answer = who.request(Method::GET, &format!("{owner}/export?{query}")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

/// Uploads a file.
async fn upload(who: &Client, query: &str, kind: &str, bytes: impl Into<Vec<u8>>) -> Response {
    let request = who.request(Method::POST, &format!("{IMPORTS}{query}")).header("content-type", kind);
    send(request.body(bytes.into())).await
}

/// Uploads a file as JSON.
async fn upload_json(who: &Client, query: &str, file: &Value) -> Response {
    who.post(&format!("{IMPORTS}{query}"), file).await
}

/// Uploads a workbook.
async fn upload_xlsx(who: &Client, query: &str, workbook: &Workbook) -> Response {
    upload(who, query, XLSX, workbook::xlsx::write(workbook).unwrap()).await
}

async fn commit(who: &Client, upload: &Response) -> Response {
    who.post(&format!("{IMPORTS}/{}/commit", upload.id()), &json!({})).await
}

/// What an import would do, as `ACTION sheet/name field: before > after`.
async fn changes(who: &Client, upload: &Response) -> Vec<String> {
    let list = who.get(&format!("{IMPORTS}/{}/changes?limit=200", upload.id())).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |change: &Value| {
        let fields =
            change["fields"].as_array().unwrap().iter().map(|field| {
                format!(" {}: {} > {}", text(&field["field"]), text(&field["before"]), text(&field["after"]))
            });
        let said: String = if change["action"] == "UPDATE" { fields.collect() } else { String::new() };
        format!("{} {}/{}{said}", text(&change["action"]), text(&change["sheet"]), text(&change["name"]))
    };
    list.expect(200).body["items"].as_array().unwrap().iter().map(line).collect()
}

/// What is wrong with a file, as `Sheet row column CODE`.
async fn faults(who: &Client, upload: &Response) -> Vec<String> {
    let list = who.get(&format!("{IMPORTS}/{}/faults?limit=200", upload.id())).await;
    let line = |fault: &Value| {
        let text = |name: &str| fault[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("sheet"), fault["row"], text("column"), text("code"))
    };
    list.expect(200).body["items"].as_array().unwrap().iter().map(line).collect()
}

/// A workbook of one new product with so many tasks.
fn large(name: &str, tasks: usize) -> Workbook {
    let info = workbook::Info { id: None, name: name.to_owned(), description: None, external_key: None };
    let task = |number: usize| workbook::Task {
        id: None,
        name: format!("Step {number}"),
        description: Some(format!("What is to be done in step {number}, and why it is worth it")),
        weight: Hundredths::ZERO,
        sequence: None,
        est_minutes: 10,
        license_level: contracts::catalog::LicenseLevel::Essential,
        notes: None,
        how_to_doc: Vec::new(),
        how_to_video: Vec::new(),
        external_key: None,
        is_deleted: false,
        outcomes: Vec::new(),
        releases: Vec::new(),
        tags: Vec::new(),
    };
    Workbook {
        info: Some([info].into_iter().collect()),
        tasks: Some((1..=tasks).map(task).collect()),
        ..Workbook::default()
    }
}
