//! What becomes of each value of a batch.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Deployment, at_least_ten, outcome, post, post_as, post_lines};
use crate::support::on_stage;

#[test]
fn values_are_taken_by_the_attributes_id_and_by_its_name_as_json_and_as_ndjson() {
    on_stage(async |stage| {
        let tasks = [
            ("Install", vec![at_least_ten("users"), at_least_ten("gates")]),
            ("Roll out", vec![at_least_ten("users")]),
        ];
        let it = Deployment::of(&stage, &stage.admin, &tasks).await;
        let with_task = json!({ "assignmentId": it.assignment, "taskName": "Roll out", "attributeName": "users", "value": 12, "observedAt": it.ago(5), "eventId": "e-1", "source": "agent", "notes": "first" });
        assert_eq!(
            outcome(&post(&stage.admin, &[it.value("gates", 1, 9), it.named("gates", 2, 8), with_task]).await),
            [3, 0, 0]
        );
        let task_id = it.task("Install");
        let with_task_id = json!({ "assignmentId": it.assignment, "customerTaskId": task_id, "attributeName": "users", "value": 12.50, "observedAt": it.ago(4) });
        let lines = format!("{}\n\r\n{with_task_id}\r\n", it.value("gates", 3, 7));
        assert_eq!(outcome(&post_lines(&stage.admin, lines).await), [2, 0, 0]);
        let ambiguous = post(&stage.admin, &[it.named("users", 1, 3)]).await;
        assert_eq!(outcome(&ambiguous), [0, 0, 1]);
        assert_eq!(ambiguous.body["refusals"][0]["code"], "ATTRIBUTE_AMBIGUOUS");
        let gates: Vec<_> = it.series("gates").await.iter().map(|row| row["value"].clone()).collect();
        assert_eq!(gates, [3, 2, 1]);
    });
}

#[test]
fn each_value_is_accepted_known_or_refused_with_a_reason() {
    on_stage(async |stage| {
        let attributes = vec![
            at_least_ten("users"),
            json!({ "name": "flag", "dataType": "BOOLEAN" }),
            json!({ "name": "text", "dataType": "STRING" }),
            json!({ "name": "when", "dataType": "TIMESTAMP" }),
            json!({ "name": "blob", "dataType": "JSON" }),
        ];
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", attributes)]).await;
        let line = |attribute: &str, value: &str| {
            format!(
                r#"{{"assignmentId":"{}","attributeName":"{attribute}","value":{value},"observedAt":"{}"}}"#,
                it.assignment,
                it.ago(1)
            )
        };
        let changed = |name: &str, to: Value| {
            let mut value = it.value("users", 12, 1);
            value[name] = to;
            value.to_string()
        };
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let cases: Vec<(String, Result<(), &str>)> = vec![
            (line("users", "10"), Ok(())),
            (line("users", "-1.5e3"), Ok(())),
            (line("flag", "\"yes\""), Ok(())),
            (line("text", "\"\""), Ok(())),
            (line("text", "\"a\\u0000b\""), Ok(())),
            (line("when", "\"2026-01-31\""), Ok(())),
            (line("blob", "{\"a\":[1,2]}"), Ok(())),
            (line("users", &"1".repeat(300)), Ok(())),
            ("{\"assignmentId\":".to_owned(), Err("VALUE_MALFORMED")),
            ("[1]".to_owned(), Err("VALUE_MALFORMED")),
            ("null".to_owned(), Err("VALUE_MALFORMED")),
            (line("users", "1e999"), Err("VALUE_MALFORMED")),
            (line("users", &"9".repeat(400)), Err("VALUE_MALFORMED")),
            (line("blob", &deep), Err("VALUE_MALFORMED")),
            (line("users", "null"), Err("VALUE_TYPE_WRONG")),
            (line("users", "\"many\""), Err("VALUE_TYPE_WRONG")),
            (line("flag", "\"perhaps\""), Err("VALUE_TYPE_WRONG")),
            (line("text", "7"), Err("VALUE_TYPE_WRONG")),
            (line("when", "\"soon\""), Err("VALUE_TYPE_WRONG")),
            (line("blob", "null"), Err("VALUE_TYPE_WRONG")),
            (line("text", &format!("\"{}\"", "x".repeat(5_000))), Err("VALUE_TOO_LARGE")),
            (line("nobody", "1"), Err("ATTRIBUTE_UNKNOWN")),
            (changed("observedAt", json!(it.ago(-600))), Err("OBSERVED_AT_IN_FUTURE")),
            (changed("observedAt", json!("2020-01-01T00:00:00Z")), Err("OBSERVED_AT_TOO_EARLY")),
            (changed("observedAt", json!("yesterday")), Err("OBSERVED_AT_INVALID")),
            (changed("observedAt", Value::Null), Err("OBSERVED_AT_INVALID")),
            (changed("observedAt", json!(7)), Err("VALUE_MALFORMED")),
            (changed("eventId", json!("")), Err("TEXT_INVALID")),
            (changed("source", json!("x".repeat(201))), Err("TEXT_INVALID")),
            (changed("attributeId", json!("nobody")), Err("VALUE_MALFORMED")),
            (changed("attributeId", json!(it.assignment)), Err("ATTRIBUTE_UNKNOWN")),
            (changed("assignmentId", json!(it.task("Roll out"))), Err("ASSIGNMENT_UNKNOWN")),
            (changed("vlaue", json!(1)), Err("VALUE_MALFORMED")),
        ];
        let mut body: Vec<u8> = cases.iter().flat_map(|(line, _)| format!("{line}\n").into_bytes()).collect();
        let bad_bytes = line("text", "\"caf?\"").replace('?', "\u{0}").into_bytes();
        body.extend(bad_bytes.iter().map(|byte| if *byte == 0 { 0xe9 } else { *byte }));
        let receipt = post_lines(&stage.admin, body).await;
        let total = u64::try_from(cases.len()).unwrap();
        let accepted = u64::try_from(cases.iter().filter(|(_, expected)| expected.is_ok()).count()).unwrap();
        let refused = total + 1 - accepted;
        let reasons = receipt.body["refusals"].as_array().unwrap();
        for (index, (line, expected)) in cases.iter().enumerate() {
            let reason = reasons.iter().find(|reason| reason["index"] == index);
            assert_eq!(reason.map(|reason| reason["code"].as_str().unwrap()), expected.err(), "{line}");
        }
        let last = reasons.last().unwrap();
        assert_eq!(
            (last["index"].as_u64(), last["code"].as_str()),
            (Some(total), Some("VALUE_MALFORMED")),
            "not UTF-8: {last}"
        );
        assert_eq!(outcome(&receipt), [accepted, 0, refused]);
    });
}

#[test]
fn a_batch_has_ten_thousand_values_at_most() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let values: Vec<_> = (0..10_001).map(|n| it.value("users", n, n)).collect();
        post(&stage.admin, &values).await.expect_problem(413, "BATCH_TOO_LARGE");
        let lines = values.iter().map(|value| format!("{value}\n")).collect::<String>();
        post_lines(&stage.admin, lines).await.expect_problem(413, "BATCH_TOO_LARGE");
        assert_eq!(it.series("users").await.len(), 0, "none was stored");
        assert_eq!(outcome(&post(&stage.admin, &values[..10_000]).await), [10_000, 0, 0]);
        assert_eq!(outcome(&post(&stage.admin, &values[1..]).await), [1, 9_999, 0]);
    });
}

#[test]
fn a_body_that_is_no_batch_is_a_clear_problem() {
    on_stage(async |stage| {
        let body = |kind: &'static str, body: &'static str| {
            let request = stage.admin.request(reqwest::Method::POST, super::VALUES);
            testkit::send(request.header("content-type", kind).body(body))
        };
        body("application/json", "{\"values\": [").await.expect_problem(400, "REQUEST_MALFORMED");
        body("application/json", "[]").await.expect_problem(422, "CONTENT_INVALID");
        body("application/json", "{\"vlaues\": []}").await.expect_problem(422, "CONTENT_INVALID");
        body("text/csv", "a,b").await.expect_problem(400, "REQUEST_MALFORMED");
        body("text/plain", "a,b").await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        for (kind, nothing) in
            [("application/json", "{\"values\":[]}"), ("application/x-ndjson", "\n"), ("text/csv", "")]
        {
            post_as(&stage.admin, kind, "identity", nothing).await.expect_problem(422, "CONTENT_INVALID");
        }
        assert_eq!(stage.admin.get("/telemetry/v1/batches").await.expect(200).body["items"], json!([]));
        stage.anonymous.post(super::VALUES, &json!({ "values": [] })).await.expect_problem(401, "TOKEN_MISSING");
    });
}

#[test]
fn a_value_is_stored_once_however_often_and_by_how_many_it_is_sent() {
    on_stage(async |stage| {
        let it =
            Deployment::of(&stage, &stage.admin, &[("Roll out", vec![at_least_ten("users"), at_least_ten("gates")])])
                .await;
        let values: Vec<_> =
            (0..400).map(|n| it.value(if n % 2 == 0 { "users" } else { "gates" }, n, 400 - n)).collect();
        // Windows of 100, each overlapping the next by half and sent three times, all at once.
        let windows: Vec<_> = (0..7).map(|n| &values[n * 50..n * 50 + 100]).collect();
        let receipts = join_all(windows.iter().cycle().take(21).map(|window| post(&stage.admin, window))).await;
        let accepted: u64 = receipts.iter().map(|receipt| outcome(receipt)[0]).sum();
        assert_eq!(accepted, 400);
        assert_eq!(it.series("users").await.len() + it.series("gates").await.len(), 200 + 200);
        // Twice in one batch, in two notations.
        let value = it.value("users", 7, 1_000);
        let lines =
            format!("{value}\n{}", value.to_string().replacen('{', "{ ", 1).replace(r#""value":7"#, r#""value" : 7 "#));
        assert_eq!(outcome(&post_lines(&stage.admin, lines).await), [1, 1, 0]);
    });
}

#[test]
fn an_event_id_tells_values_apart_and_makes_them_one() {
    on_stage(async |stage| {
        let it =
            Deployment::of(&stage, &stage.admin, &[("Roll out", vec![at_least_ten("users"), at_least_ten("gates")])])
                .await;
        let event = |attribute: &str, value: i32, ago: i64, id: &str| {
            let mut value = it.value(attribute, value, ago);
            value["eventId"] = json!(id);
            value
        };
        // The same content under two ids is two values; one id may report several attributes, and return at another time.
        let sent = [
            event("users", 5, 9, "a"),
            event("users", 5, 9, "b"),
            event("gates", 5, 9, "a"),
            event("users", 5, 8, "a"),
        ];
        assert_eq!(outcome(&post(&stage.admin, &sent).await), [4, 0, 0]);
        // The same identity with another content: the first one stays.
        assert_eq!(outcome(&post(&stage.admin, &[event("users", 99, 8, "a")]).await), [0, 1, 0]);
        assert_eq!(it.state("users").await["latestValue"], 5);
        assert_eq!(it.series("users").await.iter().filter(|row| row["value"] == 5).count(), 3);
    });
}

#[test]
fn nobody_reaches_into_another_tenant() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let stranger = stage.another_tenant().await;
        let foreign = post(&stranger, &[it.value("users", 12, 1), it.named("users", 12, 1)]).await;
        assert_eq!(outcome(&foreign), [0, 0, 2]);
        for refusal in foreign.body["refusals"].as_array().unwrap() {
            assert_eq!(refusal["code"], "ASSIGNMENT_UNKNOWN");
        }
        // Known to this process by now, and still not to the stranger.
        assert_eq!(outcome(&post(&stage.admin, &[it.value("users", 12, 1)]).await), [1, 0, 0]);
        assert_eq!(outcome(&post(&stranger, &[it.value("users", 12, 1)]).await), [0, 0, 1]);
        let attribute = it.attribute("users");
        stranger.get(&format!("/telemetry/v1/attributes/{attribute}/values")).await.expect_problem(404, "NOT_FOUND");
        stranger
            .get(&format!("/telemetry/v1/customer-tasks/{}/explanation", it.task("Roll out")))
            .await
            .expect_problem(404, "NOT_FOUND");
        let list = format!("/telemetry/v1/attributes?assignmentId={}", it.assignment);
        stranger.get(&list).await.expect_problem(404, "NOT_FOUND");
        assert_eq!(it.series("users").await.len(), 1);
        let refusals = stage.admin.get("/telemetry/v1/refusals").await;
        assert_eq!(refusals.body["items"], json!([]), "the stranger's refusals are the stranger's");
    });
}

#[test]
fn a_series_is_read_over_time_page_by_page() {
    on_stage(async |stage| {
        let it =
            Deployment::of(&stage, &stage.admin, &[("Roll out", vec![at_least_ten("users"), at_least_ten("gates")])])
                .await;
        let day = 86_400;
        let values: Vec<_> =
            (0..20).flat_map(|n| [it.value("users", n, n * day), it.value("gates", n, n * day)]).collect();
        assert_eq!(outcome(&post(&stage.admin, &values).await), [40, 0, 0]);
        let path = format!("/telemetry/v1/attributes/{}/values", it.attribute("users"));
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = stage.admin.get(&format!("{path}?limit=6{cursor}")).await;
            seen.extend(
                page.expect(200).body["items"].as_array().unwrap().iter().map(|row| row["value"].as_i64().unwrap()),
            );
            match page.body["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, (0..20).collect::<Vec<_>>(), "the latest first");
        let between = format!("{path}?from={}&to={}", it.ago(5 * day), it.ago(3 * day));
        let between = stage.admin.get(&between).await;
        let between: Vec<_> =
            between.expect(200).body["items"].as_array().unwrap().iter().map(|row| row["value"].clone()).collect();
        assert_eq!(between, [3, 4, 5]);
        let wide = format!("{path}?from={}&to={}", it.ago(93 * day), it.ago(0));
        stage.admin.get(&wide).await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn names_beside_an_attributes_id_must_be_its_own() {
    on_stage(async |stage| {
        let attributes = vec![at_least_ten("users"), at_least_ten("gates")];
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", attributes)]).await;
        let with = |name: &str, says: &str| {
            let mut value = it.value("users", 12, 5);
            value[name] = json!(says);
            value
        };
        let gates =
            [with("attributeName", "gates"), with("taskName", "Install"), with("customerTaskId", &it.assignment)];
        let refused = post(&stage.admin, &gates).await;
        assert_eq!(outcome(&refused), [0, 0, 3]);
        let told = &refused.body["refusals"][0];
        assert_eq!(told["code"], "ATTRIBUTE_UNKNOWN");
        assert!(told["detail"].as_str().unwrap().contains(r#"is "users" of task "Roll out""#), "{told}");
        assert_eq!(
            outcome(&post(&stage.admin, &[with("attributeName", " users "), with("taskName", "Roll out")]).await),
            [1, 1, 0]
        );
    });
}
