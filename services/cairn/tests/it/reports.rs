//! Reports: held against a calculation from what the lists show.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, send};

use crate::adoption::{column, items, make, planned, set};
use crate::company;
use crate::generate::{SMALL, assert_sound, fill};
use crate::support::on_stage;

const DAY: i64 = 86_400;

/// Every page of a list.
async fn all(who: &Client, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let with = if path.contains('?') { '&' } else { '?' };
        let page = who.get(&format!("{path}{with}limit=200{cursor}")).await;
        rows.extend(items(&page));
        let Some(next) = page.body["nextCursor"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

/// The plans of a tenant, each with its tasks.
async fn plans(who: &Client) -> Vec<(Value, Vec<Value>)> {
    let mut plans = Vec::new();
    for plan in all(who, "/adoption/v1/plans").await {
        let tasks = all(who, &format!("/adoption/v1/plans/{}/tasks", plan["id"].as_str().unwrap())).await;
        plans.push((plan, tasks));
    }
    plans
}

fn seconds(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<kernel::Timestamp>().unwrap().timestamp()
}

/// How many there are of each.
fn counted(names: impl Iterator<Item = String>) -> BTreeMap<String, i64> {
    names.fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap().to_owned()
}

#[test]
fn reports_say_what_the_lists_say() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        fill(&stage, admin, 3, SMALL).await.unwrap();
        let (plans, now) = (plans(admin).await, stage.clock.now().timestamp());
        let tasks = || plans.iter().flat_map(|(plan, tasks)| tasks.iter().map(move |task| (plan, task)));

        let stalled = all(admin, "/adoption/v1/reports/stalled-tasks?days=20").await;
        let old = |task: &Value| task["status"] == "IN_PROGRESS" && seconds(&task["statusUpdatedAt"]) < now - 20 * DAY;
        let expected = tasks().filter(|(_, task)| old(task)).count();
        assert!(expected > 3 && stalled.len() == expected, "{expected} {}", stalled.len());
        assert!(stalled.windows(2).all(|pair| seconds(&pair[0]["since"]) <= seconds(&pair[1]["since"])));
        let mut paged = Vec::new();
        let first = admin.get("/adoption/v1/reports/stalled-tasks?days=20&limit=2").await;
        paged.extend(items(&first));
        let next = first.body["nextCursor"].as_str().unwrap();
        paged.extend(items(
            &admin.get(&format!("/adoption/v1/reports/stalled-tasks?days=20&limit=200&cursor={next}")).await,
        ));
        assert_eq!(paged, stalled, "page by page");

        let skipped = all(admin, "/adoption/v1/reports/skipped-tasks").await;
        let expected = tasks()
            .filter(|(_, task)| task["status"] == "NOT_APPLICABLE")
            .map(|(_, task)| text(task, "originalTaskId"));
        let expected = counted(expected);
        let told = skipped
            .iter()
            .map(|row| (text(row, "taskId"), row["skipped"].as_i64().unwrap()))
            .collect::<BTreeMap<_, _>>();
        assert!(!expected.is_empty() && told == expected);
        for row in &skipped {
            let of = |plan: &Value| plan["productId"] == row["productId"] && plan["solutionId"] == row["solutionId"];
            assert_eq!(row["plans"], plans.iter().filter(|(plan, _)| of(plan)).count());
        }

        let unsynced = all(admin, "/adoption/v1/reports/unsynced-plans?days=60").await;
        let expected = plans.iter().filter(|(plan, _)| seconds(&plan["lastSyncedAt"]) < now - 60 * DAY).count();
        assert!(expected > 3 && unsynced.len() == expected);
        let behind = plans
            .iter()
            .filter(|(plan, _)| seconds(&plan["lastSyncedAt"]) < now - 60 * DAY && plan["needsSync"] == true);
        assert_eq!(unsynced.iter().filter(|row| row["needsSync"] == true).count(), behind.count());

        let mut customers = BTreeMap::<String, Vec<f64>>::new();
        for (plan, _) in plans.iter().filter(|(plan, _)| !plan["productId"].is_null()) {
            customers.entry(text(plan, "customerId")).or_default().push(plan["progressPercentage"].as_f64().unwrap());
        }
        let mean = |of: &[f64]| of.iter().sum::<f64>() / f64::from(u32::try_from(of.len()).unwrap());
        let low = all(admin, "/adoption/v1/reports/low-adoption?below=40").await;
        assert_eq!(low.len(), customers.values().filter(|of| mean(of) < 39.995).count());
        for row in &low {
            let expected = mean(&customers[&text(row, "customerId")]);
            assert!((row["adoption"].as_f64().unwrap() - expected).abs() < 0.006, "{row} {expected}");
        }
        let overview = admin.get(&format!("/adoption/v1/customers/{}/overview", text(&low[0], "customerId"))).await;
        assert_eq!(overview.expect(200).body["adoption"], low[0]["adoption"]);
        let lately =
            tasks().filter(|(plan, task)| plan["customerId"] == low[0]["customerId"] && !task["completedAt"].is_null());
        let lately = lately.filter(|(_, task)| seconds(&task["completedAt"]) >= now - 30 * DAY).count();
        assert_eq!(overview.body["velocity"], lately);
        assert_eq!(
            (&overview.body["solutionProductsCount"], &overview.body["directProductsCount"]),
            (&json!(4), &json!(2))
        );

        let done = || tasks().filter(|(_, task)| task["status"] == "DONE");
        let levels = items(&admin.get("/adoption/v1/reports/license-levels").await);
        let took = |(plan, task): (&Value, &Value)| seconds(&task["completedAt"]) - seconds(&plan["createdAt"]);
        for row in &levels {
            let of_level = || done().filter(|(plan, _)| plan["licenseLevel"] == row["licenseLevel"]);
            assert_eq!(row["completedTasks"], of_level().count());
            let days: Vec<f64> = of_level().map(|of| f64::from(i32::try_from(took(of)).unwrap()) / 86_400.0).collect();
            assert!((row["meanDays"].as_f64().unwrap() - mean(&days)).abs() < 0.02, "{row}");
        }
        let times = items(&admin.get("/adoption/v1/reports/completion-times").await);
        assert_eq!(
            times.iter().map(|row| row["completedTasks"].as_i64().unwrap()).sum::<i64>(),
            i64::try_from(done().count()).unwrap()
        );

        let trend = items(&admin.get("/adoption/v1/reports/trend?months=60").await);
        let months = counted(done().map(|(_, task)| format!("{}-01", text(task, "completedAt").get(..7).unwrap())));
        let told = trend.iter().filter(|row| row["completedTasks"] != 0);
        let told =
            told.map(|row| (text(row, "month"), row["completedTasks"].as_i64().unwrap())).collect::<BTreeMap<_, _>>();
        assert!(trend.len() == 60 && told == months, "{told:?} {months:?}");
        assert_eq!(trend.iter().map(|row| row["plansMade"].as_i64().unwrap()).sum::<i64>(), 84);

        let silent = all(admin, "/telemetry/v1/silent-attributes").await;
        let by_hand = tasks().filter(|(_, task)| task["statusSource"] != "TELEMETRY").count();
        assert_eq!(silent.len(), by_hand);

        let csv = admin.get("/adoption/v1/reports/stalled-tasks?days=20&format=csv").await;
        assert_eq!(
            (csv.expect(200).text.lines().count(), csv.header("content-type")),
            (stalled.len() + 1, "text/csv; charset=utf-8")
        );
        assert!(csv.text.starts_with("customerName,productName,name,since,days,"), "{}", csv.text);
    });
}

#[test]
fn totals_follow_whatever_happens_to_a_task() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let step = |weight: i32| json!({ "name": format!("Step {weight}"), "weight": weight });
        let (assignment, tasks) = planned(admin, &[step(50), step(30), step(20)]).await;
        let sound = async || assert_sound(&mut stage.world.administrator().await).await;
        for status in ["IN_PROGRESS", "DONE", "NOT_APPLICABLE", "DONE", "NOT_STARTED", "DONE"] {
            set(admin, &tasks[0], status).await.expect(200);
            sound().await;
        }
        set(admin, &tasks[1], "NOT_APPLICABLE").await.expect(200);
        let month =
            async || items(&admin.get("/adoption/v1/reports/trend?months=1").await)[0]["completedTasks"].clone();
        assert_eq!(month().await, 1);
        // The catalog lets a task go: it is retired, and done no more.
        let original = tasks[0]["originalTaskId"].as_str().unwrap();
        admin.delete(&format!("/catalog/v1/tasks/{original}")).await.expect(204);
        let plan = assignment["planId"].as_str().unwrap();
        admin.post(&format!("/adoption/v1/plans/{plan}/sync"), &json!({})).await.expect(200);
        sound().await;
        assert_eq!(month().await, 0);
        assert_eq!(
            items(&admin.get("/adoption/v1/reports/skipped-tasks").await).len(),
            1,
            "a retired one was not skipped"
        );
        admin.post(&format!("/adoption/v1/plans/{plan}/sync/undo"), &json!({})).await.expect(200);
        sound().await;
        assert_eq!(month().await, 1);
        admin.delete(&format!("/adoption/v1/assignments/{}", assignment["id"].as_str().unwrap())).await.expect(204);
        assert_eq!(month().await, 0);
    });
}

#[test]
fn a_solution_is_looked_into_and_its_customers_are_compared() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        fill(&stage, admin, 5, SMALL).await.unwrap();
        let whole = all(admin, "/adoption/v1/solution-plans").await;
        let mut progress = Vec::new();
        for plan in &whole {
            let report = admin.get(&format!("/adoption/v1/solution-plans/{}/report", text(plan, "id"))).await;
            let report = &report.expect(200).body;
            assert_eq!(report["overallProgress"], plan["progressPercentage"], "the named defect");
            assert_eq!(report["tasksByStatus"]["DONE"], plan["completedTasks"]);
            assert_eq!(report["productProgress"].as_array().unwrap().len(), 5);
            let found = report["bottlenecks"].as_array().unwrap();
            assert_eq!(found.len(), report["recommendations"].as_array().unwrap().len());
            let blocked =
                found.iter().find(|found| found["kind"] == "BLOCKED").map_or(json!(0), |found| found["tasks"].clone());
            assert_eq!(blocked, report["tasksByStatus"]["NO_LONGER_USING"]);
            progress.push(plan["progressPercentage"].as_f64().unwrap());
        }
        progress.sort_by(f64::total_cmp);
        let comparison = admin.get(&format!("/adoption/v1/reports/solutions/{}", text(&whole[0], "solutionId"))).await;
        let comparison = &comparison.expect(200).body;
        assert_eq!((&comparison["totalCustomers"], &comparison["totalPlans"]), (&json!(12), &json!(12)));
        let shown = |name: &str| column(comparison[name].as_array().unwrap(), "progressPercentage");
        let expected: Vec<Value> = progress.iter().take(5).map(|progress| json!(progress)).collect();
        assert_eq!(
            shown("struggling").iter().map(Value::as_f64).collect::<Vec<_>>(),
            expected.iter().map(Value::as_f64).collect::<Vec<_>>()
        );
        assert_eq!(shown("best")[0].as_f64(), progress.last().copied());
        assert!(!comparison["commonBottlenecks"].as_array().unwrap().is_empty());
        let nobody = admin.get(&format!("/adoption/v1/reports/solutions/{}", kernel::SolutionId::fresh())).await;
        nobody.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn grants_narrow_every_report_to_the_customers_one_sees() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        fill(&stage, admin, 6, SMALL).await.unwrap();
        let role = json!({ "name": "ONLOOKER", "permissions": ["workflow:nothing:read"] });
        let role = admin.post("/identity/v1/roles", &role).await.expect(201).id();
        let customers = items(&admin.get("/adoption/v1/customers").await);
        let (mine, other) = (text(&customers[0], "id"), text(&customers[1], "id"));
        let grant = json!({ "subjectType": "ROLE", "subjectId": role, "resourceType": "CUSTOMER", "resourceId": mine, "level": "READ" });
        make(admin, "/identity/v1/grants", &grant).await;
        let onlooker = company::colleague(admin, "onlooker", "ONLOOKER").await;
        let path = format!("/adoption/v1/customers/{mine}/overview");
        onlooker.get_until(&path, |answer| answer.status == 200).await.expect(200);
        onlooker.get(&format!("/adoption/v1/customers/{other}/overview")).await.expect(404);
        for (report, most) in
            [("stalled-tasks?days=0", 70), ("low-adoption?below=100", 1), ("unsynced-plans?days=0", 7)]
        {
            let rows = all(&onlooker, &format!("/adoption/v1/reports/{report}")).await;
            assert!(!rows.is_empty() && rows.len() <= most, "{report}: {}", rows.len());
            assert!(rows.iter().all(|row| row["customerId"] == mine.as_str()), "{report}");
        }
        let levels = items(&onlooker.get("/adoption/v1/reports/license-levels").await);
        assert_eq!(levels.iter().map(|row| row["plans"].as_i64().unwrap()).sum::<i64>(), 7);
        let trend = items(&onlooker.get("/adoption/v1/reports/trend?months=60").await);
        assert_eq!(trend.iter().map(|row| row["plansMade"].as_i64().unwrap()).sum::<i64>(), 7);
        let solution = text(&items(&admin.get("/adoption/v1/solution-plans?limit=1").await)[0], "solutionId");
        let comparison = onlooker.get(&format!("/adoption/v1/reports/solutions/{solution}")).await;
        assert_eq!(comparison.expect(200).body["totalCustomers"], 1);
        let csv = send(onlooker.request(Method::GET, "/adoption/v1/reports/unsynced-plans?days=0&format=csv")).await;
        assert_eq!(csv.expect(200).text.lines().count(), 8);
    });
}

#[test]
fn a_question_that_cannot_be_is_refused() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        for path in [
            "trend?months=0",
            "trend?months=61",
            "stalled-tasks?days=x",
            "license-levels?format=xml",
            "low-adoption?limit=0",
            "low-adoption?below=101",
        ] {
            let answer = admin.get(&format!("/adoption/v1/reports/{path}")).await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        }
    });
}
