//! A customer's workbook: exported, edited, imported.

use reqwest::Method;
use rust_xlsxwriter::{Formula, Workbook};
use serde_json::{Value, json};
use testkit::{Client, Response, send};
use workbook::form::{self, Row};

use super::{CUSTOMERS, assign, attribute, column, customer, id, items, plan, product, set, task_path, tasks};
use crate::edit_locks::until;
use crate::identity::{add_member, with_new_password};
use crate::support::on_stage;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The columns of the sheet of tasks that an import reads.
const READ: [&str; 6] = ["Assignment", "Task Name", "Status", "Note", "Task ID", "Status at Export"];

/// A customer with one product assigned twice, whose first task telemetry measures.
async fn adopting(admin: &Client) -> (Value, [Value; 2]) {
    let of = [
        json!({ "name": "Connect", "weight": 40 }),
        json!({ "name": "Invite", "weight": 35 }),
        json!({ "name": "=Check", "weight": 25 }),
    ];
    let (gate, of_catalog) = product(admin, "Harbour Gate", &of).await;
    attribute(admin, &of_catalog[0], "sites", "NUMBER", json!({ "operator": ">=", "value": 3 })).await;
    let northwind = customer(admin, "Northwind Ferries").await;
    let first = assign(admin, &northwind, &gate, json!({ "name": "Head office" })).await;
    let second = assign(admin, &northwind, &gate, json!({ "name": "Port" })).await;
    (northwind, [first, second])
}

fn path_of(customer: &Value) -> String {
    format!("{CUSTOMERS}/{}/workbook", id(customer))
}

async fn export(who: &Client, path: &str) -> Vec<u8> {
    let answer = who.request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.contains("filename=\"Northwind_Ferries_adoption_"), "{name}");
    answer.bytes().await.unwrap().to_vec()
}

async fn import(who: &Client, path: &str, query: &str, bytes: Vec<u8>) -> Response {
    send(who.request(Method::POST, &format!("{path}{query}")).header("content-type", XLSX).body(bytes)).await
}

/// The sheet of tasks with some cells replaced: the number of the row among the tasks, the column, the new text.
fn edited(bytes: &[u8], edits: &[(usize, &str, &str)]) -> Vec<u8> {
    let rows = form::read(bytes, "Tasks", &READ).unwrap();
    let cell = |(at, row): (usize, &Row), heading: &str| {
        let edit = edits.iter().find(|(row, column, _)| (*row, *column) == (at, heading));
        edit.map_or_else(|| row.cell(heading).to_owned(), |(_, _, text)| (*text).to_owned())
    };
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Tasks").unwrap();
    sheet.write_row(0, 0, READ).unwrap();
    for (number, (at, row)) in (1..).zip(rows.iter().enumerate()) {
        sheet.write_row(number, 0, READ.map(|heading| cell((at, row), heading))).unwrap();
    }
    book.save_to_buffer().unwrap()
}

/// The errors of a dry run, as `row column CODE`.
fn errors(receipt: &Response) -> Vec<String> {
    let line = |error: &Value| {
        format!("{} {} {}", error["row"], error["column"].as_str().unwrap(), error["code"].as_str().unwrap())
    };
    receipt.expect(200).body["errors"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn a_workbook_shows_how_a_customer_stands_and_unedited_changes_nothing() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (northwind, [first, _]) = adopting(admin).await;
        set(admin, &tasks(admin, &first).await[1], "IN_PROGRESS").await.expect(200);
        let at = stage.clock.now();
        let value = json!({ "assignmentId": first["id"], "attributeName": "sites", "value": 3, "observedAt": at });
        admin.post("/telemetry/v1/values", &json!({ "values": [value] })).await.expect(200);
        let task = task_path(&tasks(admin, &first).await[0]);
        admin.get_until(&task, |answer| answer.body["status"] == "DONE").await;

        let path = path_of(&northwind);
        let bytes = export(admin, &path).await;
        let of = |sheet: &str, headings: &[&str]| -> Vec<Vec<String>> {
            let rows = form::read(&bytes, sheet, headings).unwrap();
            rows.iter().map(|row| headings.iter().map(|heading| row.cell(heading).to_owned()).collect()).collect()
        };
        let plans = of("Plans", &["Assignment", "Product", "License Level", "Tasks", "Completed", "Progress %"]);
        assert_eq!(plans[0], ["Head office", "Harbour Gate", "SIGNATURE", "3", "1", "40"]);
        assert_eq!(plans[1], ["Port", "Harbour Gate", "SIGNATURE", "3", "0", "0"]);
        let listed = of("Tasks", &["Assignment", "Task Sequence", "Task Name", "Status", "Status Source"]);
        assert_eq!(listed.len(), 6);
        assert_eq!(listed[0], ["Head office", "1", "Connect", "DONE", "TELEMETRY"]);
        assert_eq!(listed[1], ["Head office", "2", "Invite", "IN_PROGRESS", "MANUAL"]);
        assert_eq!(listed[5], ["Port", "3", "=Check", "NOT_STARTED", "SYSTEM"], "text, and no formula");
        let telemetry =
            of("Telemetry", &["Assignment", "Telemetry Attribute", "Current Value", "Observed At", "Criteria Met"]);
        assert_eq!(telemetry[0], ["Head office", "sites", "3", at.to_string().as_str(), "Yes"]);

        let before = [tasks(admin, &first).await, items(&admin.get(&format!("{task}/history")).await)];
        let unedited = import(admin, &path, "?dryRun=false", bytes).await;
        let nothing = json!({ "dryRun": false, "changes": [], "unchanged": 6, "errors": [], "moreErrors": 0 });
        assert_eq!(unedited.expect(200).body, nothing);
        assert_eq!(before, [tasks(admin, &first).await, items(&admin.get(&format!("{task}/history")).await)]);
    });
}

#[test]
fn what_was_edited_is_set_as_an_import_in_one_go() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (northwind, [first, second]) = adopting(admin).await;
        let path = path_of(&northwind);
        let bytes = export(admin, &path).await;
        // What moves after the export, and is not edited, stays.
        set(admin, &tasks(admin, &second).await[2], "DONE").await.expect(200);
        let edited = edited(
            &bytes,
            &[
                (0, "Status", "completed"),
                (0, "Note", "Seen on site."),
                (1, "Note", "Waiting for names."),
                (3, "Status", "In progress"),
                (3, "Task ID", ""),
            ],
        );
        let shown = import(admin, &path, "", edited.clone()).await;
        assert_eq!((errors(&shown), &shown.body["dryRun"]), (Vec::new(), &json!(true)));
        let changes = shown.body["changes"].as_array().unwrap();
        assert_eq!(column(changes, "row"), [2, 3, 5]);
        assert_eq!(column(changes, "before"), ["NOT_STARTED", "NOT_STARTED", "NOT_STARTED"]);
        assert_eq!(column(changes, "after"), ["DONE", "NOT_STARTED", "IN_PROGRESS"]);
        assert_eq!(shown.body["unchanged"], 3);
        assert_eq!(plan(admin, &first).await["completedTasks"], 0, "nothing is done yet");

        let done = import(admin, &path, "?dryRun=false", edited.clone()).await;
        assert_eq!(done.expect(200).body["changes"], shown.body["changes"]);
        let (of_first, of_second) = (tasks(admin, &first).await, tasks(admin, &second).await);
        assert_eq!(column(&of_first, "status"), ["DONE", "NOT_STARTED", "NOT_STARTED"]);
        assert_eq!(column(&of_second, "status"), ["IN_PROGRESS", "NOT_STARTED", "DONE"]);
        assert_eq!(column(&of_second, "statusSource"), ["IMPORT", "SYSTEM", "MANUAL"]);
        assert_eq!(plan(admin, &first).await["progressPercentage"], 40);
        let history = async |task: &Value| items(&admin.get(&format!("{}/history", task_path(task))).await);
        let of_done = history(&of_first[0]).await;
        assert_eq!((&of_done[0]["source"], &of_done[0]["text"]), (&json!("IMPORT"), &json!("Seen on site.")));
        let noted = history(&of_first[1]).await;
        assert_eq!((&noted[0]["kind"], &noted[0]["source"]), (&json!("NOTE"), &json!("IMPORT")));
        assert_eq!(noted[0]["text"], "Waiting for names.");

        // Once more it says nothing anew.
        let again = import(admin, &path, "?dryRun=false", edited).await;
        assert_eq!((&again.expect(200).body["changes"], &again.body["unchanged"]), (&json!([]), &json!(6)));
        assert_eq!([history(&of_first[0]).await.len(), history(&of_first[1]).await.len()], [1, 1]);

        // What an import has set is held as a person's word is.
        let value = json!({ "assignmentId": first["id"], "attributeName": "sites", "value": 1, "observedAt": stage.clock.now() });
        admin.post("/telemetry/v1/values", &json!({ "values": [value] })).await.expect(200);
        let facts = format!("/telemetry/v1/customer-tasks/{}/explanation", id(&of_first[0]));
        admin.get_until(&facts, |answer| answer.status == 200).await.expect(200);
        assert_eq!(tasks(admin, &first).await[0]["status"], "DONE");
    });
}

#[test]
fn a_row_that_is_wrong_keeps_the_whole_file_out() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (northwind, [first, second]) = adopting(admin).await;
        let path = path_of(&northwind);
        let bytes = export(admin, &path).await;
        set(admin, &tasks(admin, &second).await[1], "DONE").await.expect(200);
        let wrong = edited(
            &bytes,
            &[
                (0, "Status", "DONE"),
                (1, "Status", "almost"),
                (2, "Task ID", ""),
                (2, "Task Name", "Nobody knows it"),
                (3, "Task ID", ""),
                (3, "Assignment", "Shed"),
                (4, "Status", "IN_PROGRESS"),
                (5, "Note", &"x".repeat(5_001)),
            ],
        );
        let shown = import(admin, &path, "", wrong.clone()).await;
        let expected = [
            "3 Status STATUS_UNKNOWN",
            "4 Task Name TASK_UNKNOWN",
            "5 Assignment ASSIGNMENT_UNKNOWN",
            "6 Status CHANGED_SINCE",
            "7 Note NOTE_INVALID",
        ];
        assert_eq!(errors(&shown), expected);
        let refused = import(admin, &path, "?dryRun=false", wrong).await;
        let faults = refused.expect_problem(422, "CONTENT_INVALID").body["errors"].as_array().unwrap();
        assert_eq!((faults.len(), &faults[0]["pointer"]), (5, &json!("/Tasks/3/Status")));
        assert_eq!(tasks(admin, &first).await[0]["status"], "NOT_STARTED", "all of it or nothing");

        let twice = edited(
            &bytes,
            &[(0, "Status", "DONE"), (1, "Task ID", ""), (1, "Task Name", "Connect"), (1, "Note", "Again")],
        );
        assert_eq!(errors(&import(admin, &path, "", twice).await), ["3 Task Name ROW_TWICE"]);
        let mut broken = Workbook::new();
        let sheet = broken.add_worksheet().set_name("Tasks").unwrap();
        sheet.write_row(0, 0, READ).unwrap().write_row(1, 0, ["Head office", "Invite", "DONE"]).unwrap();
        sheet.write_formula(1, 3, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
        let broken = import(admin, &path, "", broken.save_to_buffer().unwrap()).await;
        assert_eq!(errors(&broken), ["2 Note CELL_BROKEN"]);
        let neither = import(admin, &path, "?dryRun=maybe", bytes.clone()).await;
        let fault = &neither.expect_problem(400, "REQUEST_MALFORMED").body["errors"][0];
        assert_eq!(fault["pointer"], "dryRun");
        assert_eq!(fault["detail"], "invalid value: string \"maybe\", expected true or false");
        import(admin, &path, "", b"no workbook".to_vec()).await.expect_problem(400, "REQUEST_MALFORMED");
        import(admin, &path, "", vec![0; (10 << 20) + 1]).await.expect_problem(413, "BODY_TOO_LARGE");
        let text = admin.request(Method::POST, &path).header("content-type", "text/csv").body("a,b");
        send(text).await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        let nowhere = format!("{CUSTOMERS}/{}/workbook", kernel::CustomerId::fresh());
        import(admin, &nowhere, "", bytes.clone()).await.expect_problem(404, "NOT_FOUND");

        add_member(admin, "kim", &["CSS"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let lock = json!({ "resourceType": "PLAN", "resourceId": second["planId"] });
        kim.post("/identity/v1/edit-locks", &lock).await.expect(201);
        let of_second = edited(&bytes, &[(3, "Status", "DONE")]);
        let task = tasks(admin, &second).await.remove(0);
        until(async || set(admin, &task, "NOT_STARTED").await.status == 423).await;
        import(admin, &path, "?dryRun=false", of_second).await.expect_problem(423, "EDIT_LOCK_HELD");
        let of_first = edited(&bytes, &[(0, "Status", "DONE")]);
        import(admin, &path, "?dryRun=false", of_first).await.expect(200);
        admin.delete(&format!("{CUSTOMERS}/{}", id(&northwind))).await.expect(204);
        import(admin, &path, "", bytes).await.expect_problem(409, "CUSTOMER_DELETED");
    });
}

#[test]
fn a_row_of_another_customers_workbook_is_not_taken_for_one_of_this() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (northwind, [first, _]) = adopting(admin).await;
        let product = json!({ "id": first["productId"] });
        let other = customer(admin, "Brackwater").await;
        let theirs = assign(admin, &other, &product, json!({})).await;
        let bytes = edited(&export(admin, &path_of(&northwind)).await, &[(0, "Status", "DONE")]);
        let shown = import(admin, &path_of(&other), "", bytes.clone()).await;
        assert_eq!(errors(&shown)[0], "2 Task Name TASK_UNKNOWN");
        let refused = import(admin, &path_of(&other), "?dryRun=false", bytes).await;
        refused.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(plan(admin, &theirs).await["completedTasks"], 0);
    });
}
