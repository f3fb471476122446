//! Series and freshness.

use serde_json::{Value, json};

use super::{Deployment, at_least_ten, outcome, post};
use crate::support::on_stage;

const DAY: i64 = 86_400;

/// The sum of a field over the points of a series.
fn total(series: &Value, field: &str) -> f64 {
    series["points"].as_array().unwrap().iter().filter_map(|point| point[field].as_f64()).sum()
}

#[test]
fn a_series_is_as_fine_as_its_span_allows_and_counts_every_value_once() {
    on_stage(async |stage| {
        let it = Deployment::of(
            &stage,
            &stage.admin,
            &[("Roll out", vec![at_least_ten("users"), json!({ "name": "on", "dataType": "BOOLEAN" })])],
        )
        .await;
        let values: Vec<_> = (0..60).map(|n| it.value("users", n, n * DAY / 2)).collect();
        assert_eq!(outcome(&post(&stage.admin, &values[10..]).await), [50, 0, 0]);
        // Late, repeated and twice in one batch.
        let mixed = [&values[..30], &values[..5]].concat();
        assert_eq!(outcome(&post(&stage.admin, &mixed).await), [10, 25, 0]);
        let path = format!("/telemetry/v1/attributes/{}/series", it.attribute("users"));
        let show = async |query: String| stage.admin.get(&format!("{path}{query}")).await.expect(200).body.clone();
        let days = show(format!("?from={}&to={}", it.ago(30 * DAY), it.ago(0))).await;
        assert_eq!((&days["resolution"], total(&days, "count")), (&json!("DAY"), 60.0));
        let last = days["points"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["last"], &last["min"]), (&json!(0), &json!(0.0)));
        assert_eq!(show("?to=0001-01-01T00:00:00Z".to_owned()).await["points"], json!([]));
        for resolution in ["WEEK", "MONTH"] {
            let series = show(format!("?resolution={resolution}&from={}", it.ago(30 * DAY))).await;
            assert_eq!((&series["resolution"], total(&series, "count")), (&json!(resolution), 60.0));
            assert!(series["points"].as_array().unwrap().len() < 7, "{series}");
            let most = series["points"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|point| point["max"].as_f64())
                .fold(0.0, f64::max);
            assert!((most - 59.0).abs() < f64::EPSILON, "{series}");
        }
        let hours = show(format!("?from={}&to={}", it.ago(2 * DAY), it.ago(0))).await;
        assert_eq!((&hours["resolution"], total(&hours, "count"), total(&hours, "mean")), (&json!("HOUR"), 5.0, 10.0));
        // A flag is 1 or 0.
        assert_eq!(outcome(&post(&stage.admin, &[it.value("on", true, 2), it.value("on", false, 1)]).await), [2, 0, 0]);
        let flags = format!("/telemetry/v1/attributes/{}/series", it.attribute("on"));
        for resolution in ["HOUR", "DAY"] {
            let from = it.ago(DAY);
            let series = stage.admin.get(&format!("{flags}?resolution={resolution}&from={from}")).await;
            let (numbers, last) =
                (total(&series.expect(200).body, "mean"), series.body["points"].as_array().unwrap().last().unwrap());
            assert!(numbers <= 1.0 && last["last"] == false && last["min"] == 0.0, "{}", series.text);
        }
        for (resolution, days, coarser) in [("HOUR", 40, "DAY"), ("DAY", 1_001, "WEEK"), ("WEEK", 7_001, "MONTH")] {
            let from = it.ago(days * DAY);
            let refused = stage.admin.get(&format!("{path}?resolution={resolution}&from={from}")).await;
            let how = refused.expect_problem(400, "REQUEST_MALFORMED").body["errors"][0]["detail"].as_str().unwrap();
            assert!(how.ends_with(&format!("or take {coarser}.")), "{how}");
        }
        let all = show("?from=1970-01-01T00:00:00Z".to_owned()).await;
        assert_eq!((&all["resolution"], total(&all, "count")), (&json!("MONTH"), 60.0));
        stage.another_tenant().await.get(&path).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_series_has_the_whole_points_of_its_span_and_says_which() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        // Noon, Wednesday to Wednesday, in the last whole weeks.
        let monday = (*it.ago(14 * DAY)).date_naive().week(chrono::Weekday::Mon).first_day();
        let at = |day: u64, time: &str| format!("{}T{time}Z", monday + chrono::Days::new(day));
        let value = |value: u64, day: u64, time: &str| {
            let mut sent = it.value("users", value, 0);
            sent["observedAt"] = json!(at(day, time));
            sent
        };
        let values =
            [value(1, 1, "23:59:59"), value(2, 2, "00:30:00"), value(3, 3, "12:10:00"), value(4, 4, "00:00:00")];
        assert_eq!(outcome(&post(&stage.admin, &values).await), [4, 0, 0]);
        let path = format!("/telemetry/v1/attributes/{}/series", it.attribute("users"));
        let show = async |resolution: &str, from: String, to: String| {
            let series = stage.admin.get(&format!("{path}?resolution={resolution}&from={from}&to={to}")).await;
            let body = series.expect(200).body.clone();
            let span = ["from", "to"].map(|end| body[end].as_str().unwrap().to_owned());
            (total(&body, "count"), span)
        };
        let (noon, midnight) = ("12:00:00", "00:00:00");
        let days = show("DAY", at(2, noon), at(4, midnight)).await;
        assert_eq!(days, (2.0, [at(2, midnight), at(4, midnight)]), "from the whole first day to before the last");
        let weeks = show("WEEK", at(2, noon), at(3, noon)).await;
        assert_eq!(weeks, (4.0, [at(0, midnight), at(7, midnight)]), "a week is whole");
        let hours = show("HOUR", at(2, "00:40:00"), at(4, midnight)).await;
        assert_eq!(hours, (2.0, [at(2, midnight), at(4, midnight)]));
        let hours = show("HOUR", at(3, noon), at(3, "12:05:00")).await;
        assert_eq!(hours, (1.0, [at(3, noon), at(3, "13:00:00")]));
        stage
            .admin
            .get(&format!("{path}?from={}&to={}", at(2, noon), at(1, noon)))
            .await
            .expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn how_fresh_the_data_of_an_assignment_are_is_listed() {
    on_stage(async |stage| {
        let it =
            Deployment::of(&stage, &stage.admin, &[("Roll out", vec![at_least_ten("users"), at_least_ten("gates")])])
                .await;
        let values = [it.value("users", 12, 2 * DAY), it.value("users", 13, DAY), it.value("users", 9, 40 * DAY)];
        assert_eq!(outcome(&post(&stage.admin, &values).await), [3, 0, 0]);
        let path = format!("/telemetry/v1/freshness?assignmentId={}", it.assignment);
        let list = stage.admin.get(&path).await.expect(200).body.clone();
        let of = |name: &str| list["items"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone();
        let users = of("users");
        assert_eq!((&users["daysWithData"], &users["latestObservedAt"]), (&json!(2), &json!(it.ago(DAY))));
        assert!((DAY..DAY + 600).contains(&users["ageSeconds"].as_i64().unwrap()), "{users}");
        let gates = of("gates");
        assert_eq!((&gates["daysWithData"], &gates["ageSeconds"]), (&json!(0), &json!(null)));
        let stranger = stage.another_tenant().await;
        for path in [path.clone(), path.replace("freshness", "attributes")] {
            stranger.get(&path).await.expect_problem(404, "NOT_FOUND");
        }
    });
}
