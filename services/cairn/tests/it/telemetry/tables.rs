//! Values as CSV and as Excel, and bodies that come packed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};

use super::{Deployment, VALUES, at_least_ten, outcome, post_as};
use crate::support::on_stage;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Tasks with an attribute of each kind that a table has to be read for.
fn attributes() -> Vec<Value> {
    let of = |name: &str, data_type: &str| json!({ "name": name, "dataType": data_type });
    vec![at_least_ten("users"), of("version", "STRING"), of("enabled", "BOOLEAN"), of("since", "TIMESTAMP")]
}

#[test]
fn a_csv_is_a_batch_whose_cells_mean_what_the_attribute_says() {
    on_stage(async |stage| {
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", attributes())]).await;
        let (id, at) = (&it.assignment, it.ago(5));
        let table = format!(
            "Assignment ID;Attribute Name;Task Name;Value;Observed At;Notes\n\
             {id};users;Roll out;12,50;{at};\"half; of them\"\n{id};version;;12;{at};\n\n{id};enabled;;yes;{at};\n\
             {id};users;;many;{at};\n{id};doors;;1,250;{at};\n{id};since;;2026-11-01;{at};\n"
        );
        let receipt = post_as(&stage.admin, "text/csv; charset=utf-8", "identity", table.clone()).await;
        assert_eq!(outcome(&receipt), [4, 0, 2]);
        let refusals = receipt.body["refusals"].as_array().unwrap();
        assert_eq!((&refusals[0]["index"], &refusals[0]["code"]), (&json!(3), &json!("VALUE_TYPE_WRONG")));
        assert!(refusals[0]["detail"].as_str().unwrap().starts_with("Line 6: "), "{}", receipt.text);
        let hint = refusals[0]["detail"].as_str().unwrap();
        assert!(hint.contains("1250,5") && !hint.contains("1,250"), "a hint that this file would take: {hint}");
        assert_eq!(refusals[1]["code"], "ATTRIBUTE_UNKNOWN");
        let users = it.series("users").await;
        assert_eq!((&users[0]["value"], &users[0]["notes"]), (&json!(12.5), &json!("half; of them")));
        assert_eq!(it.state("version").await["latestValue"], "12");
        assert_eq!(it.state("enabled").await["latestValue"], true);
        it.becomes("Roll out", "DONE").await;
        // The same value in another notation is the same value; a refused line is mended as JSON.
        let mut plain = it.value("users", 12.5, 5);
        plain["observedAt"] = json!(at);
        assert_eq!(outcome(&super::post(&stage.admin, &[plain]).await), [0, 1, 0]);
        let path = format!("/telemetry/v1/refusals/{}/replay", refusals[0]["id"].as_str().unwrap());
        assert_eq!(outcome(&stage.admin.post(&path, &it.value("users", 40, 4)).await), [1, 0, 0]);
        // A refused line keeps what its comma means, in whatever file it comes back.
        let lines = stage.admin.get("/telemetry/v1/refusals/export?format=csv&code=ATTRIBUTE_UNKNOWN").await;
        let lines = lines.expect(200).text.replace(",doors,", ",users,");
        assert_eq!(outcome(&post_as(&stage.admin, "text/csv", "identity", lines).await), [1, 0, 0]);
        assert!(it.series("users").await.iter().any(|value| value["value"] == json!(1.25)));
        let spoilt = [b"assignmentId,value,observedAt\n0193,caf\xe9,1\n".as_slice()].concat();
        let spoilt = post_as(&stage.admin, "text/csv", "identity", spoilt).await;
        let told = spoilt.body["refusals"][0]["detail"].as_str().unwrap();
        assert!(told.contains("UTF-8") && !told.contains("column 2"), "{told}");
        // A line with too many cells stays refused until somebody has looked after them.
        let wide = format!("assignmentId,attributeName,value,observedAt\n{id},users,7,{at},more\n");
        assert_eq!(outcome(&post_as(&stage.admin, "text/csv", "identity", wide).await), [0, 0, 1]);
        let lines = stage.admin.get("/telemetry/v1/refusals/export?format=csv&replayed=false").await;
        let all = lines.expect(200).text.lines().count() - 1;
        let again = outcome(&post_as(&stage.admin, "text/csv", "identity", lines.text.clone()).await);
        assert_eq!(again, [0, 0, u64::try_from(all).unwrap()], "{}", lines.text);
        let mended = lines.text.replace(",column 5: more", "");
        assert_eq!(outcome(&post_as(&stage.admin, "text/csv", "identity", mended).await)[0], 1);
        let many = "value,observedAt\n1,2026-11-21\n".to_owned() + &"1,2026-11-21\n".repeat(50_001);
        let many = post_as(&stage.admin, "text/csv", "identity", many).await;
        assert!(many.expect_problem(413, "BODY_TOO_LARGE").text.contains("at most 10000 values"), "{}", many.text);
        let wrong = post_as(&stage.admin, "text/csv", "identity", table.replace("Task Name", "Colour")).await;
        wrong.expect_problem(400, "REQUEST_MALFORMED");
        assert!(wrong.text.contains("Colour") && wrong.text.contains("refusalId"), "{}", wrong.text);
    });
}

#[test]
fn the_first_sheet_of_a_workbook_is_a_batch() {
    on_stage(async |stage| {
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", attributes())]).await;
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write_row(0, 0, ["assignmentId", "attributeId", "value", "observedAt"]).unwrap();
        let dated = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let row = |attribute: &str| [it.assignment.clone(), it.attribute(attribute).to_owned()];
        let seconds = it.ago(60).timestamp();
        let moment = ExcelDateTime::from_timestamp(seconds).unwrap();
        for (at, attribute) in (1..).zip(["users", "version", "enabled"]) {
            sheet.write_row(at, 0, row(attribute)).unwrap();
            sheet.write_datetime_with_format(at, 3, &moment, &dated).unwrap();
        }
        sheet.write(1, 2, 12).unwrap();
        sheet.write(2, 2, "4.1").unwrap();
        sheet.write(3, 2, true).unwrap();
        let file = book.save_to_buffer().unwrap();
        assert_eq!(outcome(&post_as(&stage.admin, XLSX, "identity", file.clone()).await), [3, 0, 0]);
        assert_eq!(outcome(&post_as(&stage.admin, XLSX, "zstd", zstd(&file)).await), [0, 3, 0]);
        assert_eq!(it.state("enabled").await["latestValue"], true);
        let observed: kernel::Timestamp = it.series("users").await[0]["observedAt"].as_str().unwrap().parse().unwrap();
        assert_eq!(observed.timestamp(), seconds, "{observed}");
        post_as(&stage.admin, XLSX, "identity", "no workbook").await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn a_body_may_come_packed_and_a_bomb_is_refused() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let body = json!({ "values": [it.value("users", 12, 1)] }).to_string();
        let send = async |packing: &str, body: Vec<u8>| post_as(&stage.admin, "application/json", packing, body).await;
        assert_eq!(outcome(&send("gzip", gzip(body.as_bytes())).await), [1, 0, 0]);
        assert_eq!(outcome(&send("zstd", zstd(body.as_bytes())).await), [0, 1, 0]);
        send("gzip", body.clone().into_bytes()).await.expect_problem(400, "REQUEST_MALFORMED");
        send("zstd", gzip(body.as_bytes())).await.expect_problem(400, "REQUEST_MALFORMED");
        send("br", body.into_bytes()).await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        let bomb = vec![b' '; 40_000_000];
        send("gzip", gzip(&bomb)).await.expect_problem(413, "BODY_TOO_LARGE");
        send("zstd", zstd(&bomb)).await.expect_problem(413, "BODY_TOO_LARGE");
        // What is not bulk data comes as it is.
        let product = stage.admin.request(Method::POST, "/catalog/v1/products").header("content-encoding", "gzip");
        let product = product.header("content-type", "application/json").body(gzip(b"{}"));
        testkit::send(product).await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        assert_eq!(it.series("users").await.len(), 1, "{VALUES}");
    });
}
