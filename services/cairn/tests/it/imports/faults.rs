//! Files that cannot be imported: each fault is named where a person finds it, and nothing is done.

use std::io::{Cursor, Write};

use kernel::{TagId, TaskId};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{IMPORTS, XLSX, commit, content, faults, file, full_product, upload, upload_json, upload_xlsx};
use crate::support::on_stage;

#[test]
fn faults_are_named_by_sheet_row_and_column_and_keep_the_file_out() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let before = content(admin, &product).await;
        let book = workbook::xlsx::read(&file(admin, &product, "format=xlsx").await).workbook;

        let mut wrong = book.clone();
        wrong.tasks.as_mut().unwrap().rows[0].item.est_minutes = -5;
        wrong.tasks.as_mut().unwrap().rows[1].item.how_to_doc = vec!["ftp://example.com".into()];
        wrong.tags.as_mut().unwrap().rows[1].item.color = Some("reddish".into());
        wrong.telemetry.as_mut().unwrap().rows[0].item.name = String::new();
        let uploaded = upload_xlsx(admin, "", &wrong).await;
        assert_eq!(
            faults(admin, &uploaded).await,
            [
                "Tasks 2 Est. Minutes CELL_OUT_OF_RANGE",
                "Tasks 3 How To Doc CELL_URL",
                "Tags 3 Color CELL_COLOR",
                "Telemetry 2 Attribute Name CELL_REQUIRED",
            ]
        );
        let told = &uploaded.expect(201).body;
        assert_eq!((&told["status"], &told["errors"], &told["warnings"]), (&json!("FAULTY"), &json!(4), &json!(0)));
        commit(admin, &uploaded).await.expect_problem(409, "IMPORT_FAULTY");

        // What only shows when the file is held against what is there.
        let mut wrong = book.clone();
        wrong.tasks.as_mut().unwrap().rows[1].item.weight = kernel::Hundredths(6_000);
        wrong.tasks.as_mut().unwrap().rows[2].item.outcomes = vec!["Nobody's".into()];
        wrong.tags.as_mut().unwrap().rows[1].item.name = "RED".into();
        let uploaded = upload_xlsx(admin, "", &wrong).await;
        let found = faults(admin, &uploaded).await;
        let expected =
            ["Tasks 4 Outcomes REFERENCE_UNKNOWN", "Tags 3 - ROW_TWICE", "Tasks null Weight TOTAL_WEIGHT_EXCEEDED"];
        assert_eq!(found, expected);
        assert_eq!((&uploaded.body["errors"], &uploaded.body["warnings"]), (&json!(2), &json!(1)));
        commit(admin, &uploaded).await.expect_problem(409, "IMPORT_FAULTY");

        let table = "name,estMinutes,weight\nConnect,soon,1\n,1,1\n";
        let id = product.rsplit('/').next().unwrap();
        let uploaded = upload(admin, &format!("?productId={id}"), "text/csv", table).await;
        let expected = ["Tasks 2 Est. Minutes CELL_NUMBER", "Tasks 3 Task Name CELL_REQUIRED"];
        assert_eq!(faults(admin, &uploaded).await, expected);

        // Page by page.
        let first = admin.get(&format!("{IMPORTS}/{}/faults?limit=1", uploaded.id())).await;
        let next = first.expect(200).body["nextCursor"].as_str().unwrap();
        let second = admin.get(&format!("{IMPORTS}/{}/faults?limit=1&cursor={next}", uploaded.id())).await;
        assert_eq!((&second.expect(200).body["items"][0]["row"], second.body.get("nextCursor")), (&json!(3), None));
        let other = format!("{IMPORTS}/{}/changes?cursor={next}", uploaded.id());
        admin.get(&other).await.expect_problem(400, "REQUEST_MALFORMED");
        // A NUL is a fault like any other.
        let nul = json!({ "tags": [{ "name": "a\u{0}b" }] });
        let uploaded = upload_json(admin, &format!("?productId={id}"), &nul).await;
        assert_eq!(faults(admin, &uploaded).await, ["Tags 2 Tag Name CELL_CONTROL_CHARACTER"]);
        assert_eq!(content(admin, &product).await, before);
    });
}

#[test]
fn a_name_or_a_key_that_something_else_has_is_told_before_the_commit() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let make = async |path: &str, body: Value| admin.post(path, &body).await.expect(201).id();
        let product = make("/catalog/v1/products", json!({ "name": "Harbour Gate", "externalKey": "p" })).await;
        let other = make("/catalog/v1/products", json!({ "name": "Sea Gate", "externalKey": "q" })).await;
        let [product, other] = [product, other].map(|id| format!("/catalog/v1/products/{id}"));
        for (of, key) in [(&product, "mine"), (&other, "theirs")] {
            let tag = make(&format!("{of}/tags"), json!({ "name": key, "externalKey": key })).await;
            let task = json!({ "name": key, "weight": 0, "externalKey": key, "tagIds": [tag] });
            let task = make(&format!("{of}/tasks"), task).await;
            let attribute = json!({ "name": key, "dataType": "JSON", "externalKey": key });
            make(&format!("/catalog/v1/tasks/{task}/telemetry-attributes"), attribute).await;
        }
        let gone = json!({ "name": "Gone", "weight": 0, "externalKey": "gone" });
        let gone = make(&format!("{product}/tasks"), gone).await;
        admin.delete(&format!("/catalog/v1/tasks/{gone}")).await.expect(204);
        let query = format!("?productId={}", product.rsplit('/').next().unwrap());

        let file = json!({
            "info": [{ "name": "SEA GATE", "externalKey": "q" }],
            "tags": [{ "name": "New", "externalKey": "theirs" }, { "name": "Newer", "externalKey": "x" }],
            "tasks": [
                { "name": "mine", "externalKey": "theirs" },
                { "name": "New", "weight": 0, "externalKey": "mine" },
                { "name": "Newer", "weight": 0, "externalKey": "y" },
                { "name": "Newest", "weight": 0, "externalKey": "y" },
                { "name": "Key of what is deleted", "weight": 0, "externalKey": "gone" },
            ],
            "telemetry": [{ "task": "mine", "name": "new", "dataType": "json", "externalKey": "mine" }],
        });
        let uploaded = upload_json(admin, &query, &file).await;
        assert_eq!(faults(admin, &uploaded).await, ["Tasks 5 External Key EXTERNAL_KEY_TWICE"]);
        let mut file = file;
        file["tasks"][3]["externalKey"] = json!("z");
        let uploaded = upload_json(admin, &query, &file).await;
        let expected = [
            "Info 2 Name NAME_TAKEN",
            "Info 2 External Key EXTERNAL_KEY_TAKEN",
            "Tasks 2 External Key EXTERNAL_KEY_TAKEN",
            "Tags 2 External Key EXTERNAL_KEY_TAKEN",
            "Telemetry 2 External Key EXTERNAL_KEY_TAKEN",
        ];
        assert_eq!(faults(admin, &uploaded).await, expected);
        commit(admin, &uploaded).await.expect_problem(409, "IMPORT_FAULTY");

        // What the file itself lets go is free.
        let file = json!({
            "info": [{ "name": "HARBOUR GATE", "externalKey": "p" }],
            "tags": [{ "name": "New", "externalKey": "mine" }],
            "tasks": [
                { "name": "mine", "externalKey": "other" },
                { "name": "New", "weight": 0, "externalKey": "mine" },
            ],
        });
        let uploaded = upload_json(admin, &format!("{query}&deleteMissing=true"), &file).await;
        assert_eq!(faults(admin, &uploaded).await, [""; 0]);
        commit(admin, &uploaded).await.expect(200);
        // What comes back needs the key that it had.
        let back = json!({ "tasks": [{ "id": gone, "name": "Gone", "weight": 0 }] });
        let uploaded = upload_json(admin, &query, &back).await;
        assert_eq!(faults(admin, &uploaded).await, [""; 0]);
        make(&format!("{other}/tasks"), json!({ "name": "New", "weight": 0, "externalKey": "gone" })).await;
        let uploaded = upload_json(admin, &query, &back).await;
        assert_eq!(faults(admin, &uploaded).await, ["Tasks 2 External Key EXTERNAL_KEY_TAKEN"]);
        // A product is found by its name, whatever the case of its letters.
        let uploaded = upload_json(admin, "", &json!({ "info": [{ "name": "harbour gate" }] })).await;
        assert_eq!(faults(admin, &uploaded).await, [""; 0]);
        assert_eq!(uploaded.body["productId"], json!(product.rsplit('/').next().unwrap()));
        // Solutions may share a name.
        let second = make("/catalog/v1/solutions", json!({ "name": "Office" })).await;
        let renamed = json!({ "info": [{ "name": "Harbour Gate" }] });
        let uploaded = upload_json(admin, &format!("?solutionId={second}"), &renamed).await;
        assert_eq!(faults(admin, &uploaded).await, [""; 0]);
    });
}

#[test]
fn what_nothing_has_is_warned_of_and_keeps_nothing_out() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let make = async |path: &str, body: Value| admin.post(path, &body).await.expect(201).id();
        let office = make("/catalog/v1/solutions", json!({ "name": "Office" })).await;
        let solution = format!("/catalog/v1/solutions/{office}");
        let task = async |name: &str| make(&format!("{solution}/tasks"), json!({ "name": name, "weight": 0 })).await;
        let (first, second) = (task("First").await, task("Second").await);
        let red = make(&format!("{solution}/tags"), json!({ "name": "Red" })).await;
        let (stranger, gone) = (TagId::fresh(), TaskId::fresh());
        let file = json!({
            "tags": [{ "id": stranger, "name": "Blue" }, { "id": TagId::fresh(), "name": "red" }],
            "taskOrder": [
                { "id": gone, "name": "Gone", "order": 1 },
                { "id": second, "name": "Second", "order": 2 },
                { "id": first, "name": "First", "order": 3 },
            ],
        });
        let uploaded = upload_json(admin, &format!("?solutionId={office}"), &file).await;
        let expected = ["Task Order 2 - REFERENCE_UNKNOWN", "Tags 2 ID ID_UNKNOWN"];
        assert_eq!(faults(admin, &uploaded).await, expected, "the name finds what the id does not");
        assert_eq!((&uploaded.body["errors"], &uploaded.body["warnings"]), (&json!(0), &json!(2)));
        commit(admin, &uploaded).await.expect(200);
        let tags = admin.get(&format!("{solution}/tags")).await.body["items"].clone();
        assert_eq!((&tags[0]["id"], &tags[1]["name"]), (&json!(red), &json!("Blue")));
        assert_ne!(tags[1]["id"], json!(stranger), "an id is not what the file makes up");
        let order = admin.get(&format!("{solution}/task-order")).await.body["items"].clone();
        let places = [&order[0], &order[1]].map(|step| json!([step["taskId"], step["sequenceNumber"]]));
        assert_eq!(places, [json!([second, 1]), json!([first, 2])]);

        // In a file that makes its owner ids say nothing; of the owner's own that is said, for the file may be meant for that one.
        let own = json!({ "kind": "SOLUTION", "info": [{ "id": office, "name": "Campus" }] });
        let uploaded = upload_json(admin, "", &own).await;
        assert_eq!(faults(admin, &uploaded).await, ["Info 2 ID ID_OF_ANOTHER"]);
        assert_eq!(uploaded.body["status"], "READY");
        let copy =
            json!({ "kind": "SOLUTION", "info": [{ "name": "Campus" }], "tags": [{ "id": red, "name": "Red" }] });
        let uploaded = upload_json(admin, "", &copy).await;
        assert_eq!(faults(admin, &uploaded).await, [""; 0]);
    });
}

#[test]
fn what_is_no_workbook_is_refused_clearly() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let book = file(admin, &product, "format=xlsx").await;
        let packed = |name: &str, content: &[u8]| {
            let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
            archive.finish().unwrap().into_inner()
        };
        let letter = packed("word/document.xml", b"<w:document/>");
        let bomb = packed("xl/worksheets/sheet1.xml", &vec![b' '; 150 << 20]);
        assert!(bomb.len() < 256 * 1024);
        for (what, bytes, code) in [
            ("nothing", Vec::new(), "WORKBOOK_UNREADABLE"),
            ("half a file", book[..book.len() / 2].to_vec(), "WORKBOOK_UNREADABLE"),
            ("noise", (0..=u8::MAX).cycle().take(4_096).collect(), "WORKBOOK_UNREADABLE"),
            ("a letter", letter, "WORKBOOK_UNREADABLE"),
            ("a bomb", bomb, "WORKBOOK_TOO_LARGE"),
        ] {
            let refused = upload(admin, "", XLSX, bytes).await;
            refused.expect_problem(422, "CONTENT_INVALID");
            assert_eq!(refused.body["errors"][0]["code"], code, "{what}: {}", refused.text);
        }
        for (kind, body, code) in [
            ("application/json", "{\"tasks\": [", "WORKBOOK_UNREADABLE"),
            ("application/json", "{}", "WORKBOOK_EMPTY"),
            ("application/json", "{\"kind\": \"CAR\", \"tags\": []}", "WORKBOOK_KIND"),
        ] {
            let refused = upload(admin, "", kind, body).await;
            assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["code"], code, "{body}");
        }
        upload(admin, "", "application/pdf", "x").await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        upload(admin, "", XLSX, vec![b'x'; (10 << 20) + 1]).await.expect_problem(413, "BODY_TOO_LARGE");

        // Whose is it?
        let tags = json!({ "tags": [{ "name": "x" }] });
        let refused = upload_json(admin, "", &tags).await;
        assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["pointer"], "/info");
        let nobody = kernel::ProductId::fresh();
        upload_json(admin, &format!("?productId={nobody}"), &tags).await.expect_problem(404, "NOT_FOUND");
        let both = format!("?productId={nobody}&solutionId={nobody}");
        upload_json(admin, &both, &tags).await.expect_problem(400, "REQUEST_MALFORMED");
        let id = product.rsplit('/').next().unwrap();
        let bundle = json!({ "kind": "SOLUTION", "products": [{ "name": "Harbour Gate" }] });
        let refused = upload_json(admin, &format!("?productId={id}"), &bundle).await;
        assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["code"], "MISMATCH");
        for _ in 0..2 {
            admin.post("/catalog/v1/solutions", &json!({ "name": "Office" })).await.expect(201);
        }
        let office = json!({ "kind": "SOLUTION", "info": [{ "name": "Office" }] });
        upload_json(admin, "", &office).await.expect_problem(409, "IMPORT_AMBIGUOUS");
        let unknown =
            json!({ "kind": "SOLUTION", "info": [{ "name": "Campus" }], "products": [{ "name": "Nothing" }] });
        let uploaded = upload_json(admin, "", &unknown).await;
        assert_eq!(faults(admin, &uploaded).await, ["Products 2 Product Name PRODUCT_NOT_FOUND"]);
        admin.delete(&product).await.expect(204);
        upload_json(admin, &format!("?productId={id}"), &tags).await.expect_problem(409, "PRODUCT_DELETED");
    });
}
