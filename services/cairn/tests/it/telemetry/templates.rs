//! The telemetry template of a plan: handed out, filled in, taken.

use kernel::Timestamp;
use reqwest::Method;
use rust_xlsxwriter::{Formula, Workbook};
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use super::access::{customer_of, kim};
use super::{Deployment, at_least_ten, post};
use crate::support::{Stage, on_stage};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const HEADINGS: [&str; 9] = [
    "Task Name",
    "Attribute Name",
    "Data Type",
    "Required",
    "Operator",
    "Expected Value",
    "Current Value",
    "Date",
    "Notes",
];

fn path_of(deployment: &Deployment) -> String {
    format!("/telemetry/v1/assignments/{}/template", deployment.assignment)
}

/// Two tasks: one with a required number and an optional flag, one with a time.
async fn deployed(stage: &Stage) -> Deployment {
    let flag = json!({ "name": "=live", "dataType": "BOOLEAN", "successCriteria": { "type": "boolean_flag", "expectedValue": true } });
    let seen = json!({
        "name": "seen", "dataType": "TIMESTAMP", "isRequired": true,
        "successCriteria": { "type": "timestamp_comparison", "mode": "within_days", "withinDays": 7 },
    });
    let recorded = json!({ "name": "recorded", "dataType": "STRING" });
    let tasks = [("Roll out", vec![at_least_ten("users"), flag, recorded]), ("Operate", vec![seen])];
    Deployment::of(stage, &stage.admin, &tasks).await
}

/// The rows of a template as they show, without the key.
async fn exported(who: &Client, path: &str) -> Vec<Vec<String>> {
    let answer = who.request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.contains("filename=\"telemetry_template_Port_of_Ghent_Harbour_Gate"), "{name}");
    let bytes = answer.bytes().await.unwrap();
    let rows = workbook::form::read(&bytes, "Telemetry_Data", &HEADINGS).unwrap();
    rows.iter().map(|row| HEADINGS.iter().map(|heading| row.cell(heading).to_owned()).collect()).collect()
}

/// A workbook with these rows under the columns that an import needs.
fn filled(rows: &[[&str; 6]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Telemetry_Data").unwrap();
    sheet.write_row(0, 0, ["Task Name", "Attribute Name", "Data Type", "Current Value", "Date", "Notes"]).unwrap();
    for (number, row) in (1..).zip(rows) {
        sheet.write_row(number, 0, *row).unwrap();
        if row[3] == "#DIV/0!" {
            sheet.write_formula(number, 3, Formula::new("=1/0").set_result(row[3])).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

async fn import(who: &Client, path: &str, bytes: Vec<u8>) -> Response {
    send(who.request(Method::POST, path).header("content-type", XLSX).body(bytes)).await
}

/// The errors of a receipt, as `row column CODE`.
fn errors(receipt: &Response) -> Vec<String> {
    let errors = receipt.expect(200).body["summary"]["errors"].as_array().unwrap();
    let line = |error: &Value| {
        assert_eq!(error["sheet"], "Telemetry_Data");
        format!("{} {} {}", error["row"], error["column"].as_str().unwrap(), error["code"].as_str().unwrap())
    };
    errors.iter().map(line).collect()
}

#[test]
fn a_template_asks_for_what_proves_something_and_says_what_is_known() {
    on_stage(async |stage| {
        let deployment = deployed(&stage).await;
        let value = deployment.value("users", 7.5, 3_600);
        post(&stage.admin, &[value]).await.expect(200);
        let (today, observed) = (stage.clock.now().format("%Y-%m-%d").to_string(), deployment.ago(3_600).to_string());
        let rows = exported(&stage.admin, &path_of(&deployment)).await;
        let expected = [
            ["Roll out", "users", "NUMBER", "Yes", "gte", "10", "7.5", observed.as_str(), ""],
            ["Roll out", "=live", "BOOLEAN", "No", "equals", "true", "", today.as_str(), ""],
            ["Operate", "seen", "TIMESTAMP", "Yes", "within_days", "7", "", today.as_str(), ""],
        ];
        assert_eq!(rows, expected);
        let nowhere = format!("/telemetry/v1/assignments/{}/template", kernel::AssignmentId::fresh());
        stage.admin.get(&nowhere).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_filled_template_becomes_values_with_their_moments_and_moves_tasks() {
    on_stage(async |stage| {
        let deployment = deployed(&stage).await;
        let (path, admin) = (path_of(&deployment), &stage.admin);
        let (day, hour) = (deployment.ago(86_400).format("%Y-%m-%d").to_string(), deployment.ago(3_600).to_string());
        let rows = filled(&[
            [" Roll out ", "users", "NUMBER", "1,250", &hour, "Counted by hand"],
            ["Roll out", "=live", "", "Yes", &day, ""],
            ["Operate", "seen", "DATE", &day, &hour, ""],
            ["Operate", "seen", "DATE", "", &hour, "nothing to say"],
        ]);
        let receipt = import(admin, &path, rows.clone()).await;
        assert_eq!(errors(&receipt), Vec::<String>::new());
        assert_eq!((&receipt.body["success"], &receipt.body["completed"]), (&json!(true), &json!(false)));
        let summary = &receipt.body["summary"];
        assert_eq!((&summary["tasksProcessed"], &summary["attributesUpdated"]), (&json!(2), &json!(3)));
        let of_first = &receipt.body["taskResults"][0];
        assert_eq!(of_first["taskId"], deployment.task("Roll out"));
        assert_eq!((&of_first["criteriaMet"], &of_first["criteriaTotal"]), (&json!(2), &json!(2)));
        assert_eq!(of_first["completionPercentage"], 100);

        let series = deployment.series("users").await;
        assert_eq!((&series[0]["value"], &series[0]["observedAt"]), (&json!(1250), &json!(hour)));
        assert_eq!((&series[0]["source"], &series[0]["notes"]), (&json!("template"), &json!("Counted by hand")));
        assert_eq!(series[0]["batchId"], receipt.body["batchId"]);
        let midnight: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
        assert_eq!(deployment.series("=live").await[0]["observedAt"], json!(midnight));
        deployment.becomes("Roll out", "DONE").await;
        deployment.becomes("Operate", "DONE").await;

        let again = import(admin, &path, rows).await;
        assert_eq!(errors(&again), Vec::<String>::new());
        assert_eq!(deployment.series("users").await.len(), 1, "the same once more is nothing new");
        let bytes = admin.request(Method::GET, &path).send().await.unwrap().bytes().await.unwrap();
        let unedited = import(admin, &path, bytes.to_vec()).await;
        assert_eq!((&unedited.body["summary"]["unchanged"], &unedited.body["batchId"]), (&json!(3), &Value::Null));
    });
}

#[test]
fn a_row_that_cannot_be_taken_is_named_and_the_others_count() {
    on_stage(async |stage| {
        let deployment = deployed(&stage).await;
        let (path, admin) = (path_of(&deployment), &stage.admin);
        let hour = deployment.ago(3_600).to_string();
        let earlier = deployment.ago(3_601).to_string();
        let later = (stage.clock.now() + chrono::Duration::hours(1)).to_string();
        let receipt = import(
            admin,
            &path,
            filled(&[
                ["Roll out", "users", "NUMBER", "12", &hour, ""],
                ["Roll off", "users", "NUMBER", "12", &hour, ""],
                ["Roll out", "people", "NUMBER", "12", &hour, ""],
                ["Roll out", "users", "NUMBER", "a dozen", &hour, ""],
                ["Roll out", "users", "NUMBER", "13", "soon", ""],
                ["Roll out", "users", "NUMBER", "13", "", ""],
                ["Roll out", "users", "PERCENTAGE", "130", &hour, ""],
                ["Roll out", "users", "JSON", "{}", &hour, ""],
                ["Roll out", "users", "STRING", "text", &earlier, ""],
                ["Roll out", "users", "NUMBER", "14", &later, ""],
                ["Roll out", "users", "NUMBER", "16", &hour, ""],
                ["Roll out", "users", "NUMBER", "#DIV/0!", &hour, ""],
            ]),
        )
        .await;
        let expected = [
            "3 Task Name TASK_UNKNOWN",
            "4 Attribute Name ATTRIBUTE_UNKNOWN",
            "5 Current Value VALUE_INVALID",
            "6 Date DATE_INVALID",
            "7 Date DATE_INVALID",
            "8 Current Value VALUE_INVALID",
            "9 Current Value VALUE_INVALID",
            "10 Current Value VALUE_TYPE_WRONG",
            "11 Date OBSERVED_AT_IN_FUTURE",
            "12 Date DATE_TWICE",
            "13 Current Value CELL_BROKEN",
        ];
        assert_eq!(errors(&receipt), expected);
        assert_eq!(
            (&receipt.body["success"], &receipt.body["summary"]["attributesUpdated"]),
            (&json!(false), &json!(1))
        );
        assert_eq!(
            receipt.body["taskResults"][0]["errors"].as_array().unwrap().len(),
            9,
            "a row without a known attribute is of no task"
        );
        assert_eq!(deployment.state("users").await["latestValue"], 12);

        let same_moment = import(admin, &path, filled(&[["Roll out", "users", "NUMBER", "15", &hour, ""]])).await;
        assert_eq!(errors(&same_moment), ["2 Date DATE_UNCHANGED"]);

        import(admin, &path, b"no workbook".to_vec()).await.expect_problem(400, "REQUEST_MALFORMED");
        let mut other = Workbook::new();
        other.add_worksheet().set_name("Telemetry_Data").unwrap().write_row(0, 0, ["Task Name", "Date"]).unwrap();
        let without = import(admin, &path, other.save_to_buffer().unwrap()).await;
        assert!(without.expect_problem(400, "REQUEST_MALFORMED").text.contains("Attribute Name"), "{}", without.text);
        let text = admin.request(Method::POST, &path).header("content-type", "text/csv").body("a,b");
        send(text).await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        import(admin, &path, vec![0; (10 << 20) + 1]).await.expect_problem(413, "BODY_TOO_LARGE");
    });
}

#[test]
fn only_a_sheet_that_says_so_is_all_there_is() {
    on_stage(async |stage| {
        let deployment = deployed(&stage).await;
        let (path, admin) = (path_of(&deployment), &stage.admin);
        let hour = deployment.ago(3_600).to_string();
        post(admin, &[deployment.value("users", 12, 7_200), deployment.value("=live", true, 7_200)]).await.expect(200);
        deployment.becomes("Roll out", "DONE").await;
        let some = filled(&[["Operate", "seen", "TIMESTAMP", &hour, &hour, ""]]);
        import(admin, &path, some.clone()).await.expect(200);
        assert_eq!(deployment.state("users").await["hasData"], true);

        let complete = format!("{path}?complete=true");
        let faulty = filled(&[["Operate", "seen", "TIMESTAMP", "never", &hour, ""]]);
        assert_eq!(import(admin, &complete, faulty).await.body["completed"], false, "a row was refused");
        assert_eq!(deployment.state("users").await["hasData"], true);
        let receipt = import(admin, &complete, some).await;
        assert_eq!((errors(&receipt), &receipt.body["completed"]), (Vec::new(), &json!(true)));
        assert_eq!(deployment.state("users").await["hasData"], false);
        deployment.becomes("Roll out", "NO_LONGER_USING").await;
        assert_eq!(deployment.state("seen").await["hasData"], true);
    });
}

#[test]
fn a_plain_date_of_a_day_that_has_a_later_value_is_counted_as_older() {
    on_stage(async |stage| {
        let deployment = deployed(&stage).await;
        let (path, admin) = (path_of(&deployment), &stage.admin);
        let mut noon = deployment.value("users", 12, 0);
        let day = (*deployment.ago(2 * 86_400)).date_naive().to_string();
        noon["observedAt"] = json!(format!("{day}T12:00:00Z"));
        post(admin, &[noon]).await.expect(200);
        let rows = filled(&[
            ["Roll out", "users", "NUMBER", "30", &day, ""],
            ["Roll out", "=live", "BOOLEAN", "yes", &day, ""],
        ]);
        let receipt = import(admin, &path, rows).await;
        assert_eq!(errors(&receipt), Vec::<String>::new());
        for told in [&receipt.body["summary"], &receipt.body["taskResults"][0]] {
            assert_eq!((&told["attributesUpdated"], &told["older"]), (&json!(1), &json!(1)), "{}", receipt.text);
        }
        assert_eq!(deployment.state("users").await["latestValue"], 12);
        assert_eq!(deployment.series("users").await.len(), 2, "it is stored all the same");
    });
}

#[test]
fn who_is_granted_a_customer_fills_in_its_templates_alone() {
    on_stage(async |stage| {
        let (ours, other) = (deployed(&stage).await, deployed(&stage).await);
        let (kim, _) = kim(&stage, &ours, "WRITE").await;
        let hour = ours.ago(3_600).to_string();
        let rows = filled(&[["Roll out", "users", "NUMBER", "12", &hour, ""]]);
        assert_eq!(exported(&kim, &path_of(&ours)).await.len(), 3);
        let receipt = import(&kim, &path_of(&ours), rows.clone()).await;
        assert_eq!((errors(&receipt), &receipt.body["summary"]["attributesUpdated"]), (Vec::new(), &json!(1)));
        kim.get(&path_of(&other)).await.expect_problem(404, "NOT_FOUND");
        import(&kim, &path_of(&other), rows).await.expect_problem(404, "NOT_FOUND");
        assert_eq!(other.series("users").await, Vec::<Value>::new());

        let workbook =
            async |of: &Deployment| format!("/adoption/v1/customers/{}/workbook", customer_of(&stage.admin, of).await);
        kim.get_until(&workbook(&ours).await, |answer| answer.status == 200).await.expect(200);
        kim.get(&workbook(&other).await).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_row_whose_hidden_id_is_of_something_else_than_its_names_is_refused() {
    on_stage(async |stage| {
        let deployment = deployed(&stage).await;
        let hour = deployment.ago(3_600).to_string();
        let of_users = deployment.value("users", 0, 1)["attributeId"].clone();
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("Telemetry_Data").unwrap();
        let headings = ["Task Name", "Attribute Name", "Data Type", "Current Value", "Date", "Attribute ID"];
        sheet.write_row(0, 0, headings).unwrap();
        sheet.write_row(1, 0, ["Roll out", "=live", "", "1", &hour, of_users.as_str().unwrap()]).unwrap();
        sheet.write_row(2, 0, ["Roll out", "users", "", "12", &hour, of_users.as_str().unwrap()]).unwrap();
        let receipt = import(&stage.admin, &path_of(&deployment), book.save_to_buffer().unwrap()).await;
        assert_eq!(errors(&receipt), ["2 Attribute Name ATTRIBUTE_UNKNOWN"]);
        assert_eq!(deployment.series("users").await.len(), 1);
        assert!(deployment.series("=live").await.is_empty());
    });
}
