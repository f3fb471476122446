//! The audit trail as evidence: a chain that shows every tampering, a file to take along, and an end to its keeping.

use cairn::doctor::{self, Finding, Health};
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use testkit::{Client, Response};

use crate::identity::{add_member, beside, with_new_password};
use crate::support::{Stage, on_stage};
use crate::telemetry::{Deployment, post};

const TRAIL: &str = "/identity/v1/audit-events";
const SETTINGS: &str = "/identity/v1/settings";

#[test]
fn the_chain_shows_what_was_removed_altered_or_put_in() {
    on_stage(async |stage| {
        let mut behind = stage.world.administrator().await;
        let row = "update identity.audit_events set";
        let column = "event_id, occurred_at, service, entity, entity_id, entity_version, action, actor, on_behalf_of, \
            client_address, trace_id, changes, sequence, hash";
        let copy = column.replacen("event_id", "gen_random_uuid()", 1);
        let chain = "update identity.audit_chains set";
        let cases = [
            (format!("{row} changes = '{{}}' where sequence = 3 and"), "row 3 (event "),
            (format!("{row} occurred_at = occurred_at - interval '1 second' where sequence = 2 and"), "row 2 (event "),
            (format!("{row} actor = 'service:nobody', hash = sha256('x') where sequence = 4 and"), "row 4 (event "),
            ("delete from identity.audit_events where sequence = 2 and".to_owned(), "row 2 was removed"),
            ("delete from identity.audit_events where sequence = 1 and".to_owned(), "row 1 was removed"),
            ("delete from identity.audit_events where sequence > 3 and".to_owned(), "row 4 was removed"),
            ("delete from identity.audit_events where".to_owned(), "row 1 was removed"),
            (
                format!(
                    "insert into identity.audit_events (tenant_id, {column}) select tenant_id, {} from identity.audit_events where sequence = 2 and",
                    copy.replace("sequence", "sequence + 1000")
                ),
                "row 1002 (event ",
            ),
            (
                format!(
                    "insert into identity.audit_events (tenant_id, {column}) select tenant_id, {} from identity.audit_events where sequence = 2 and",
                    copy.replace("sequence", "0")
                ),
                "row 0 (event ",
            ),
            ("delete from identity.audit_chains where".to_owned(), "the head of the chain was removed"),
            (format!("{chain} seal = 'forged' where"), "the end is not the one that was sealed"),
        ];
        let mut tenants = Vec::new();
        for (tampering, fault) in cases {
            let (_, tenant) = tenant_with_a_trail(&stage).await;
            assert_eq!(examined(&stage, &tenant).await.health, Health::Ok);
            behind.batch_execute(&format!("{tampering} tenant_id = '{tenant}'")).await.unwrap();
            tenants.push((tenant, fault));
        }
        for (tenant, fault) in tenants {
            let finding = examined(&stage, &tenant).await;
            assert_eq!(finding.health, Health::Fail, "{fault}: {finding}");
            assert!(finding.detail.contains(fault), "{fault}: {finding}");
        }
        // The first tenant is none of theirs.
        assert_eq!(examined(&stage, &stage.admin.get("/identity/v1/tenant").await.id()).await.health, Health::Ok);
    });
}

#[test]
fn a_tail_that_was_cut_with_its_head_is_not_sealed_again() {
    on_stage(async |stage| {
        let mut behind = stage.world.administrator().await;
        let (owner, headless) = tenant_with_a_trail(&stage).await;
        behind
            .batch_execute(&format!("delete from identity.audit_chains where tenant_id = '{headless}'"))
            .await
            .unwrap();
        department(&owner, "Afterwards").await;
        heard(&owner, "Afterwards").await;
        assert!(examined(&stage, &headless).await.detail.contains("the end is not the one that was sealed"));
        let (owner, tenant) = tenant_with_a_trail(&stage).await;
        let cut = format!(
            "delete from identity.audit_events where tenant_id = '{tenant}' and sequence > 3;
             update identity.audit_chains set sequence = 3, hash =
                 (select hash from identity.audit_events where tenant_id = '{tenant}' and sequence = 3) where tenant_id = '{tenant}'"
        );
        behind.batch_execute(&cut).await.unwrap();
        assert!(examined(&stage, &tenant).await.detail.contains("the end is not the one that was sealed"));
        // The trail goes on, and keeps showing it.
        department(&owner, "Afterwards").await;
        heard(&owner, "Afterwards").await;
        let finding = examined(&stage, &tenant).await;
        assert!(finding.health == Health::Fail && finding.detail.contains("not the one that was sealed"), "{finding}");
    });
}

#[test]
fn rows_from_before_the_chain_are_linked_but_nobody_vouches_for_them() {
    on_stage(async |stage| {
        let (owner, tenant) = tenant_with_a_trail(&stage).await;
        let mut behind = stage.world.administrator().await;
        let migration = [
            "set role identity_owner; set search_path = identity",
            include_str!("../../../../migrations/identity/2026-11-21-161000_audit_chains/down.sql"),
            include_str!("../../../../migrations/identity/2026-11-21-161000_audit_chains/up.sql"),
        ];
        for part in migration {
            behind.batch_execute(part).await.unwrap();
        }
        let finding = examined(&stage, &tenant).await;
        assert!(finding.health == Health::Warn && finding.detail.contains("older than its seals"), "{finding}");
        // Or whoever takes the seal away would be given a new one.
        department(&owner, "Afterwards").await;
        heard(&owner, "Afterwards").await;
        let finding = examined(&stage, &tenant).await;
        assert!(finding.health == Health::Warn && finding.detail.contains("older than its seals"), "{finding}");
    });
}

#[test]
fn a_trail_that_was_removed_whole_cannot_begin_again_as_if_it_were_new() {
    on_stage(async |stage| {
        let (owner, tenant) = tenant_with_a_trail(&stage).await;
        let mut behind = stage.world.administrator().await;
        let gone = format!(
            "delete from identity.audit_events where tenant_id = '{tenant}'; delete from identity.audit_chains where tenant_id = '{tenant}'"
        );
        behind.batch_execute(&gone).await.unwrap();
        department(&owner, "Afterwards").await;
        heard(&owner, "Afterwards").await;
        let finding = examined(&stage, &tenant).await;
        assert_eq!(finding.health, Health::Fail, "{finding}");
    });
}

#[test]
fn events_that_come_twice_or_all_at_once_leave_one_chain() {
    on_stage(async |stage| {
        let names: Vec<String> = (0..30).map(|number| format!("Department {number}")).collect();
        futures_util::future::join_all(names.iter().map(|name| department(&stage.admin, name))).await;
        for name in &names {
            heard(&stage.admin, name).await;
        }
        // All of it is published once more, past an inbox that has forgotten.
        let mut behind = stage.world.administrator().await;
        behind
            .batch_execute("delete from identity.inbox; update identity.events set published_at = null")
            .await
            .unwrap();
        department(&stage.admin, "The last one").await;
        heard(&stage.admin, "The last one").await;
        let tenant = stage.admin.get("/identity/v1/tenant").await.id();
        let finding = examined(&stage, &tenant).await;
        assert_eq!(finding.health, Health::Ok, "{finding}");
        let created = stage.admin.get(&format!("{TRAIL}?entity=department&limit=200")).await;
        assert_eq!(items(&created).len(), 31);
    });
}

#[test]
fn what_is_older_than_it_is_kept_goes_and_the_rest_still_fits() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        for wrong in [json!(29), json!(3651)] {
            let patch = json!({ "auditRetentionDays": wrong });
            admin.patch(SETTINGS, None, &patch).await.expect_problem(422, "CONTENT_INVALID");
        }
        admin.patch(SETTINGS, None, &json!({ "auditRetentionDays": 30 })).await.expect(200);
        department(admin, "Old").await;
        heard(admin, "Old").await;
        admin.post("/identity/v1/sessions", &json!({ "login": "nobody", "password": "a wrong password" })).await;
        let signed_in = admin.get("/identity/v1/sign-in-activity").await;
        assert_eq!(items(&signed_in).len(), 1);

        stage.clock.advance(chrono::Duration::days(31));
        let admin = stage.another_session().await;
        department(&admin, "Young").await;
        heard(&admin, "Young").await;
        let all = admin.get(&format!("{TRAIL}?limit=200")).await;
        let young: Vec<Value> =
            items(&all).into_iter().filter(|row| row["occurredAt"].as_str() > Some("2026-12")).collect();
        assert!(young.len() < items(&all).len());
        // Whoever starts now sweeps first.
        let (replica, _) = beside(&stage).await;
        let left = admin.get_until(&format!("{TRAIL}?limit=200"), |answer| items(answer).len() == young.len()).await;
        assert_eq!(items(&left), young);
        assert_eq!(items(&admin.get("/identity/v1/sign-in-activity").await).len(), 1, "the last sign-in");
        let tenant = admin.get("/identity/v1/tenant").await.id();
        let finding = examined(&stage, &tenant).await;
        assert_eq!(finding.health, Health::Ok, "{finding}");
        department(&admin, "Youngest").await;
        heard(&admin, "Youngest").await;
        let finding = examined(&stage, &tenant).await;
        assert_eq!(finding.health, Health::Ok, "{finding}");
        replica.stop().await;
    });
}

#[test]
fn the_trail_is_exported_whole_with_the_same_filters() {
    on_stage(async |stage| {
        for chunk in (0..210).collect::<Vec<_>>().chunks(30) {
            let names: Vec<String> = chunk.iter().map(|number| format!("=Department {number}")).collect();
            futures_util::future::join_all(names.iter().map(|name| department(&stage.admin, name))).await;
        }
        let found = format!("{TRAIL}?entity=department&action=created&limit=200");
        let page = stage.admin.get_until(&found, |answer| answer.body["nextCursor"].is_string()).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let export = format!("{TRAIL}/export?entity=department&action=created");
        let lines = stage.admin.get(&export).await;
        assert_eq!(lines.expect(200).header("content-type"), "application/x-ndjson");
        let rows: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 210);
        assert!(items(&page).iter().all(|row| rows.contains(row)));

        let csv = stage.admin.get(&format!("{export}&format=csv")).await;
        assert_eq!(csv.expect(200).header("content-disposition"), "attachment; filename=\"audit-events.csv\"");
        assert_eq!(csv.text.lines().count(), 211);
        let header = csv.text.lines().next().unwrap();
        assert!(header.starts_with("sequence,eventId,occurredAt,service,entity,"), "{header}");
        let none = stage.admin.get(&format!("{TRAIL}/export?entity=nothing")).await;
        assert_eq!(none.expect(200).text, "");
        stage.admin.get(&format!("{TRAIL}/export?format=xml")).await.expect_problem(400, "REQUEST_MALFORMED");
        let stranger = stage.another_tenant().await;
        assert_eq!(stranger.get(&export).await.expect(200).text, "");
    });
}

#[test]
fn an_actor_is_found_where_a_service_acted_for_them_too_and_what_is_gone_is_shown() {
    on_stage(async |stage| {
        let deployment = Deployment::simple(&stage).await;
        post(&stage.admin, &[deployment.value("users", 12, 60)]).await.expect(200);
        deployment.becomes("Roll out", "DONE").await;
        let me = stage.admin.get("/identity/v1/me").await.body["userId"].as_str().unwrap().to_owned();
        let task = deployment.task("Roll out");
        let mine = format!("{TRAIL}?entityId={task}&entity=customer-task&action=changed&actor={me}");
        let found = stage.admin.get_until(&mine, |answer| items(answer).len() == 1).await;
        let [row] = &items(&found)[..] else { panic!("{}", found.text) };
        assert_eq!((&row["actor"], &row["onBehalfOf"]), (&json!("service:adoption"), &json!(me)));

        let made = department(&stage.admin, "Gone").await;
        stage.admin.delete(&format!("/identity/v1/departments/{made}")).await.expect(204);
        let gone = format!("{TRAIL}?entityId={made}&action=deleted");
        let gone = stage.admin.get_until(&gone, |answer| items(answer).len() == 1).await;
        assert_eq!(gone.body["items"][0]["changes"]["name"], json!({ "before": "Gone", "after": null }));
    });
}

#[test]
fn who_tried_to_sign_in_is_told_where_they_are_members_and_nowhere_else() {
    on_stage(async |stage| {
        let member = add_member(&stage.admin, "kim", &["SME"]).await.id();
        with_new_password(&stage.anonymous, "kim").await;
        let try_with = async |login: &str, password: &str| {
            stage.anonymous.post("/identity/v1/sessions", &json!({ "login": login, "password": password })).await
        };
        // Whatever tenant it is meant for.
        let elsewhere =
            json!({ "login": "kim", "password": "a wrong password", "tenantId": kernel::TenantId::fresh() });
        stage.anonymous.post("/identity/v1/sessions", &elsewhere).await.expect(401);
        try_with("nobody-at-all", "a wrong password").await.expect(401);
        let path = format!("/identity/v1/members/{member}");
        stage.admin.patch(&path, None, &json!({ "status": "SUSPENDED" })).await.expect(200);
        // The right password, even of one who may not come in, is no guess: the count begins anew.
        try_with("kim", "another password, hers").await.expect(401);
        for _ in 0..5 {
            try_with("kim", "a wrong password").await.expect(401);
        }
        for _ in 0..3 {
            try_with("kim", "a wrong password").await.expect(429);
        }
        let kim = stage.admin.get(&path).await.body["userId"].as_str().unwrap().to_owned();
        let activity = format!("/identity/v1/sign-in-activity?userId={kim}");
        let all = items(&stage.admin.get(&activity).await);
        let told: Vec<&str> = all.iter().map(|row| row["reason"].as_str().unwrap_or("-")).collect();
        let wrong = "WRONG_PASSWORD";
        assert_eq!(told, ["LOCKED_OUT", wrong, wrong, wrong, wrong, wrong, "SUSPENDED", wrong, "-", "-"]);
        assert_eq!((&all[0]["outcome"], &all[0]["clientAddress"]), (&json!("FAILURE"), &json!("127.0.0.1")));
        assert_eq!(items(&stage.admin.get(&format!("{activity}&outcome=SUCCESS")).await).len(), 2);
        let first = stage.admin.get(&format!("{activity}&limit=5")).await;
        let rest = format!("{activity}&limit=5&cursor={}", first.body["nextCursor"].as_str().unwrap());
        assert_eq!([items(&first), items(&stage.admin.get(&rest).await)].concat(), all);

        let statistics = stage.admin.get("/identity/v1/sign-in-activity/statistics").await;
        let day = statistics.expect(200).body["days"][0].clone();
        assert_eq!((&day["successes"], &day["failures"], &day["distinctUsers"]), (&json!(3), &json!(8), &json!(2)));
        assert_eq!(day["failuresByReason"], json!({ "WRONG_PASSWORD": 6, "LOCKED_OUT": 1, "SUSPENDED": 1 }));
        let long = "/identity/v1/sign-in-activity/statistics?from=2020-01-01T00:00:00Z";
        stage.admin.get(long).await.expect_problem(400, "REQUEST_MALFORMED");
        let stranger = stage.another_tenant().await;
        assert_eq!(items(&stranger.get(&activity).await), [Value::Null; 0]);
        let mut behind = stage.world.administrator().await;
        let unknown = "do $$ begin assert (select count(*) = 12 from identity.sign_in_events); end $$";
        behind.batch_execute(unknown).await.unwrap();
    });
}

/// Another tenant with some rows in its trail; its owner and its id.
async fn tenant_with_a_trail(stage: &Stage) -> (Client, String) {
    let owner = stage.another_tenant().await;
    let tenant = owner.get("/identity/v1/tenant").await.id();
    for name in ["One", "Two", "Three"] {
        department(&owner, name).await;
        heard(&owner, name).await;
    }
    (owner, tenant)
}

async fn department(owner: &Client, name: &str) -> String {
    owner.post("/identity/v1/departments", &json!({ "name": name })).await.expect(201).id()
}

/// Waits until the trail knows of a department that was made.
async fn heard(owner: &Client, name: &str) {
    let path = format!("{TRAIL}?entity=department&limit=200");
    let known = |answer: &Response| items(answer).iter().any(|row| row["changes"]["name"]["after"] == name);
    assert!(known(&owner.get_until(&path, known).await), "{name}");
}

/// What the doctor says of a tenant's trail.
async fn examined(stage: &Stage, tenant: &str) -> Finding {
    let report = doctor::audit(&stage.platform.config, &stage.clock).await.unwrap();
    report.of(&format!("audit of {tenant}")).unwrap().clone()
}

fn items(page: &Response) -> Vec<Value> {
    page.expect(200).body["items"].as_array().unwrap().clone()
}
