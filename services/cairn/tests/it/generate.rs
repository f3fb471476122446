//! `cairn generate`: what it writes past the services is what they would have written.

use cairn::generate::{Error, Generator, Sizes};
use diesel_async::AsyncPgConnection;
use kernel::TenantId;
use serde_json::{Value, json};
use testkit::Client;

use crate::adoption::{column, items};
use crate::database::lines;
use crate::support::{Stage, on_stage};

/// A little of everything.
pub(crate) const SMALL: Sizes = Sizes { customers: 12, plans: 7, tasks: 10, values: 4_000 };

/// Fills the tenant of somebody.
pub(crate) async fn fill(stage: &Stage, whose: &Client, seed: u32, sizes: Sizes) -> Result<(), Error> {
    let tenant = whose.get("/identity/v1/tenant").await.id().parse().unwrap();
    fill_tenant(stage, tenant, seed, sizes).await
}

async fn fill_tenant(stage: &Stage, tenant: TenantId, seed: u32, sizes: Sizes) -> Result<(), Error> {
    let at = "2026-11-21T00:00:00Z".parse().unwrap();
    let config = &stage.platform.config;
    Generator { config, tenant: Some(tenant), seed, at, tell: &|_| () }.fill(sizes).await
}

/// Invariants as questions that nothing answers: each row is a fault.
const FAULTS: [&str; 9] = [
    // Sums of plans are those of their tasks.
    "select p.id::text as line from adoption.plans p join lateral (
        select count(*) filter (where status <> 'NOT_APPLICABLE') as total, count(*) filter (where status = 'DONE') as done,
            coalesce(sum(weight) filter (where status <> 'NOT_APPLICABLE'), 0) as weight,
            coalesce(sum(weight) filter (where status = 'DONE'), 0) as done_weight
        from adoption.customer_tasks t where (t.tenant_id, t.plan_id) = (p.tenant_id, p.id)) s on true
     where (total_tasks, completed_tasks, total_weight, completed_weight) <> (total, done, weight, done_weight)
        or progress_percentage <> coalesce(round(100.0 * done_weight / nullif(weight, 0), 2) * 100, 0)",
    // Those of solution plans are those of their parts.
    "select s.id::text as line from adoption.solution_plans s join lateral (
        select sum(total_tasks) as total, sum(completed_tasks) as done, sum(total_weight) as weight
        from adoption.plans p where (p.tenant_id, p.solution_plan_id) = (s.tenant_id, s.id)) p on true
     where (total_tasks, completed_tasks, total_weight) <> (total, done, weight)",
    // What is proved by telemetry is proved there, and both say the same.
    "select t.id::text as line from adoption.customer_tasks t left join telemetry.facts f
        on (f.tenant_id, f.customer_task_id) = (t.tenant_id, t.id)
     where (status_source = 'TELEMETRY') <> (f.version is not null)
        or (facts_version, t.with_data, t.met) is distinct from (coalesce(f.version, 0), coalesce(f.with_data, 0), coalesce(f.met, 0))",
    // Its latest value is the latest value.
    "select a.id::text as line from telemetry.attributes a left join lateral (
        select observed_at, event_id, value from telemetry.values v
        where (v.tenant_id, v.attribute_id) = (a.tenant_id, a.id) order by observed_at desc, event_id desc limit 1) v on true
     where (latest_observed_at, latest_event_id, latest_value) is distinct from (observed_at, event_id, value)",
    // It meets the criterion, ten at least, where it is said to.
    "select id::text as line from telemetry.attributes
     where vanished_at is null and emptied_at is null and is_met <> (latest_value::numeric >= 10)",
    // An identity sorts by time.
    "select v.event_id::text as line from telemetry.values v join telemetry.values w
        on (v.tenant_id, v.attribute_id) = (w.tenant_id, w.attribute_id)
     where v.observed_at < w.observed_at and v.event_id >= w.event_id",
    // Days come to what their values do.
    "select day::text as line from telemetry.rollups r join lateral (
        select count(*) as n, sum(value::float8) as s, min(value::float8) as least from telemetry.values v
        where (v.tenant_id, v.attribute_id) = (r.tenant_id, r.attribute_id)
            and (observed_at at time zone 'UTC')::date = r.day) v on true
     where (count, sum, lowest) is distinct from (n, s, least)",
    // What is kept beside the plans is what their tasks come to.
    "select t.plan_id::text as line from adoption.plan_totals t join lateral (
        select count(*) filter (where status = 'IN_PROGRESS') as begun,
            count(*) filter (where status = 'NOT_APPLICABLE' and status_source <> 'SYSTEM') as skipped,
            coalesce(sum(k.active) filter (where status <> 'NOT_APPLICABLE'), 0) as active from adoption.customer_tasks k
        where (k.tenant_id, k.plan_id) = (t.tenant_id, t.plan_id)) k on true
     where (in_progress, t.skipped, t.active) is distinct from (begun, k.skipped, k.active)",
    "select m.plan_id::text as line from adoption.plan_months m join lateral (
        select count(*) as n from adoption.customer_tasks t
        where (t.tenant_id, t.plan_id) = (m.tenant_id, m.plan_id)
            and date_trunc('month', completed_at at time zone 'UTC')::date = m.month) t on true
     where completed_tasks <> n",
];

pub(crate) async fn assert_sound(conn: &mut AsyncPgConnection) {
    for question in FAULTS {
        assert_eq!(lines(conn, question).await.unwrap(), Vec::<String>::new(), "{question}");
    }
}

/// A value of an attribute, as it is sent.
fn value(assignment: &str, of: &Value, value: Value, at: &Value) -> Value {
    json!({ "assignmentId": assignment, "attributeId": of["id"], "value": value, "observedAt": at })
}

#[test]
fn what_is_generated_is_sound_and_can_be_worked_with() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        fill(&stage, admin, 1, SMALL).await.unwrap();
        assert_sound(&mut stage.world.administrator().await).await;
        let total = async |path: &str| admin.get(&format!("{path}count=true")).await.expect(200).body["total"].clone();
        assert_eq!(total("/adoption/v1/customers?").await, 12);
        assert_eq!(total("/adoption/v1/plans?").await, 84);
        let behind = total("/adoption/v1/plans?needsSync=true&").await.as_i64().unwrap();
        assert!((1..84).contains(&behind), "{behind}");

        // A value sent again is known; one that proves a task has it done.
        let mut found = None;
        for plan in items(&admin.get("/adoption/v1/plans?limit=200").await) {
            let tasks = items(&admin.get(&format!("/adoption/v1/plans/{}/tasks", plan["id"].as_str().unwrap())).await);
            let open = tasks.iter().find(|task| task["status"] == "NOT_STARTED").cloned();
            if let Some(open) = open.filter(|_| tasks.iter().any(|task| task["statusSource"] == "TELEMETRY")) {
                found = Some((plan["assignmentId"].as_str().unwrap().to_owned(), open));
                break;
            }
        }
        let (assignment, open) = found.unwrap();
        let known = items(&admin.get(&format!("/telemetry/v1/attributes?assignmentId={assignment}&limit=200")).await);
        let seen = known.iter().find(|row| !row["latestValue"].is_null()).unwrap();
        let again = value(&assignment, seen, seen["latestValue"].clone(), &seen["latestObservedAt"]);
        let receipt = admin.post("/telemetry/v1/values", &json!({ "values": [again] })).await;
        assert_eq!((&receipt.expect(200).body["duplicate"], &receipt.body["accepted"]), (&json!(1), &json!(0)));
        let silent = known.iter().find(|row| row["customerTaskId"] == open["id"]).unwrap();
        let proof = value(&assignment, silent, json!(99), &json!(stage.clock.now().to_string()));
        admin.post("/telemetry/v1/values", &json!({ "values": [proof] })).await.expect(200);
        let path = format!("/adoption/v1/customer-tasks/{}", open["id"].as_str().unwrap());
        let done = admin.get_until(&path, |task| task.body["status"] == "DONE").await;
        assert_eq!(done.body["status"], "DONE", "{}", done.text);
        // Whoever changes something afterwards leaves it sound.
        assert_sound(&mut stage.world.administrator().await).await;
        assert!(matches!(fill(&stage, admin, 1, SMALL).await, Err(Error::FilledBefore)));
        let nobody = TenantId::fresh();
        assert!(matches!(fill_tenant(&stage, nobody, 1, SMALL).await, Err(Error::NoTenant(id)) if id == nobody));
    });
}

#[test]
fn the_same_seed_gives_the_same_and_another_one_something_else() {
    on_stage(async |stage| {
        let mut all = Vec::new();
        for seed in [7, 7, 8] {
            let owner = stage.another_tenant().await;
            fill(&stage, &owner, seed, SMALL).await.unwrap();
            let customers = items(&owner.get("/adoption/v1/customers?limit=200").await);
            let plans = items(&owner.get("/adoption/v1/plans?limit=200").await);
            let told = ["productName", "licenseLevel", "progressPercentage", "createdAt", "lastSyncedAt"];
            let mut content: Vec<String> =
                told.iter().flat_map(|name| column(&plans, name)).map(|value| value.to_string()).collect();
            content.extend(column(&customers, "name").iter().map(Value::to_string));
            content.sort();
            all.push(content);
        }
        assert!(all[0] == all[1] && all[0] != all[2]);
    });
}
