//! What a tenant is called, how it is set, and how it ends.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, send};

use crate::company;
use crate::database::rows_of;
use crate::identity::{add_member, with_new_password};
use crate::support::{PASSWORD, on_stage};

const TENANT: &str = "/identity/v1/tenant";
const SETTINGS: &str = "/identity/v1/settings";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

#[test]
fn a_tenant_has_a_name_a_domain_colours_and_a_logo() {
    on_stage(async |stage| {
        let change = json!({ "name": "Southwind", "domain": "Southwind.example", "primaryColor": "#0f766e" });
        let tenant = stage.admin.patch(TENANT, None, &change).await;
        assert_eq!(
            (&tenant.expect(200).body["domain"], &tenant.body["status"]),
            (&json!("Southwind.example"), &json!("ACTIVE"))
        );
        let other = stage.another_tenant().await;
        other
            .patch(TENANT, None, &json!({ "domain": "southwind.EXAMPLE" }))
            .await
            .expect_problem(409, "TENANT_DOMAIN_TAKEN");
        for (bad, pointer) in [
            (json!({ "domain": "no domain" }), "/domain"),
            (json!({ "primaryColor": "green" }), "/primaryColor"),
            (json!({ "name": null }), "/name"),
        ] {
            let refused = stage.admin.patch(TENANT, None, &bad).await;
            assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["pointer"], pointer);
        }
        let upload = async |bytes: &'static [u8]| {
            send(stage.admin.request(Method::PUT, "/identity/v1/tenant/logo").body(bytes)).await
        };
        stage.admin.get("/identity/v1/tenant/logo").await.expect_problem(404, "NOT_FOUND");
        upload(b"<svg onload=alert(1)>").await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        let logo = upload(PNG).await.expect(200).body["logo"].as_str().unwrap().to_owned();
        let shown = stage.admin.get(&logo).await;
        assert_eq!(
            (shown.expect(200).header("content-type"), shown.header("x-content-type-options")),
            ("image/png", "nosniff")
        );
        other.get("/identity/v1/tenant/logo").await.expect(404);
        let without = stage.admin.delete("/identity/v1/tenant/logo").await;
        assert_eq!(without.expect(200).body["logo"], Value::Null);
        stage.admin.get("/identity/v1/tenant/logo").await.expect(404);
    });
}

#[test]
fn settings_differ_from_the_defaults_until_they_are_reset() {
    on_stage(async |stage| {
        let first = stage.admin.get(SETTINGS).await;
        assert_eq!((&first.expect(200).body["version"], &first.body["overridden"]), (&json!(0), &json!([])));
        let set = json!({ "sessionIdleMinutes": 30, "timeZone": "Europe/Paris" });
        let set = stage.admin.patch(SETTINGS, None, &set).await;
        assert_eq!(set.expect(200).body["overridden"], json!(["sessionIdleMinutes", "timeZone"]));
        assert_eq!(
            (&set.body["values"]["sessionIdleMinutes"], &set.body["values"]["passwordMinLength"]),
            (&json!(30), &json!(12))
        );
        let reset = stage.admin.patch(SETTINGS, set.version(), &json!({ "sessionIdleMinutes": null })).await;
        assert_eq!(
            (&reset.expect(200).body["values"]["sessionIdleMinutes"], &reset.body["overridden"]),
            (&json!(720), &json!(["timeZone"]))
        );
        stage
            .admin
            .patch(SETTINGS, set.version(), &json!({ "timeZone": null }))
            .await
            .expect_problem(412, "VERSION_MISMATCH");
        for (bad, pointer) in [
            (json!({ "sessionIdleMinutes": 1 }), "/sessionIdleMinutes"),
            (json!({ "sessionIdleMinutes": "long" }), "/sessionIdleMinutes"),
            (json!({ "timeZone": "Middle/Earth" }), "/timeZone"),
            (json!({ "colour": "red" }), "/colour"),
        ] {
            let refused = stage.admin.patch(SETTINGS, None, &bad).await;
            assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["pointer"], pointer);
        }
        assert_eq!(stage.admin.get(SETTINGS).await.body, reset.body, "what was refused left nothing behind");
    });
}

#[test]
fn a_session_ends_when_nobody_uses_it_and_at_the_latest_when_the_tenant_says() {
    on_stage(async |stage| {
        stage
            .admin
            .patch(SETTINGS, None, &json!({ "sessionIdleMinutes": 60, "sessionLifetimeHours": 2 }))
            .await
            .expect(200);
        let opened = stage.sign_in_again().await;
        let refreshed = async |tokens: &Value| {
            stage
                .anonymous
                .post("/identity/v1/sessions/refresh", &json!({ "refreshToken": tokens["refreshToken"] }))
                .await
        };
        stage.clock.advance(Duration::minutes(50));
        let second = refreshed(&opened.body).await;
        stage.clock.advance(Duration::minutes(50));
        let third = refreshed(&second.expect(200).body).await;
        stage.clock.advance(Duration::minutes(30));
        refreshed(&third.expect(200).body).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
        let idle = stage.sign_in_again().await;
        stage.clock.advance(Duration::minutes(61));
        refreshed(&idle.body).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
    });
}

#[test]
fn a_suspended_tenant_lets_nobody_in_until_it_is_reopened() {
    on_stage(async |stage| {
        let tenant = stage.admin.get(TENANT).await.id().parse().unwrap();
        let other = stage.another_tenant().await;
        cairn::operator::set_suspended(&stage.platform.config, tenant, true).await.unwrap();
        stage.admin.get_until(TENANT, |answer| answer.status == 401).await.expect_problem(401, "TOKEN_INVALID");
        stage.sign_in_again().await.expect_problem(403, "TENANT_SUSPENDED");
        other.get(TENANT).await.expect(200);
        cairn::operator::set_suspended(&stage.platform.config, tenant, false).await.unwrap();
        stage.another_session().await.get(TENANT).await.expect(200);
    });
}

#[test]
fn a_closed_tenant_can_be_restored_by_its_owner_alone() {
    on_stage(async |stage| {
        add_member(&stage.admin, "ada", &["ADMIN"]).await.expect(201);
        let ada = with_new_password(&stage.anonymous, "ada").await;
        let close = async |client: &Client, name: &str| {
            send(client.request(Method::DELETE, TENANT).json(&json!({ "name": name }))).await
        };
        close(&ada, "Northwind").await.expect_problem(403, "PERMISSION_DENIED");
        close(&stage.admin, "Something else").await.expect_problem(422, "CONTENT_INVALID");
        stage.admin.post("/identity/v1/tenant/restore", &json!({})).await.expect_problem(409, "TENANT_NOT_CLOSING");
        stage.clock.advance(Duration::minutes(9));
        let closed = close(&stage.admin, "Northwind").await;
        assert_eq!(closed.expect(200).body["status"], "CLOSING");
        ada.get_until(TENANT, |answer| answer.status == 401).await.expect(401);
        let refused = json!({ "login": "ada", "password": "another password, hers" });
        stage.anonymous.post("/identity/v1/sessions", &refused).await.expect_problem(403, "TENANT_CLOSED");
        let owner = stage.another_session().await;
        owner.get("/catalog/v1/products").await.expect_problem(403, "PERMISSION_DENIED");
        owner.post("/identity/v1/tenant/restore", &json!({})).await.expect(200);
        stage.another_session().await.get("/catalog/v1/products").await.expect(200);
        stage.anonymous.sign_in("ada", "another password, hers").await.get(TENANT).await.expect(200);
    });
}

#[test]
fn thirty_days_later_nothing_is_left_of_a_closed_tenant() {
    on_stage(async |stage| {
        company::one_of_everything(&stage.admin, "Aster").await;
        let tenant = stage.admin.get(TENANT).await.id();
        let stranger = stage.another_tenant().await;
        company::one_of_everything(&stranger, "Borage").await;
        let other = stranger.get(TENANT).await.id();
        let close = stage.admin.request(Method::DELETE, TENANT).json(&json!({ "name": "Northwind" }));
        send(close).await.expect(200);
        let mut behind = stage.world.administrator().await;
        let theirs = rows_of(&mut behind, &other).await;
        stage.clock.advance(Duration::days(30) + Duration::minutes(1));
        let mut left = String::new();
        for _ in 0..200 {
            let rows = rows_of(&mut behind, &tenant).await;
            left = rows.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(table, _)| table + " ").collect();
            if left.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(left, "", "tables that remember the tenant");
        let kept = rows_of(&mut behind, &other).await;
        let lost: Vec<_> =
            theirs.iter().filter(|(table, rows)| kept[*table].len() < rows.len()).map(|(table, _)| table).collect();
        // What lives for a day or less.
        let brief = [".jobs", "_links", ".letters", ".imports", ".import_lines"];
        assert!(lost.iter().all(|table| brief.iter().any(|end| table.ends_with(end))), "{lost:?}");
        stage.sign_in_again().await.expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
    });
}

#[test]
fn what_cannot_be_undone_asks_for_a_fresh_sign_in() {
    on_stage(async |stage| {
        stage.admin.patch(SETTINGS, None, &json!({ "sessionIdleMinutes": 300 })).await.expect(200);
        let kim =
            format!("/identity/v1/members/{}", add_member(&stage.admin, "kim", &["ADMIN"]).await.expect(201).id());
        stage.admin.patch(&kim, None, &json!({ "status": "SUSPENDED" })).await.expect(200);
        let waiting = json!({ "email": "ann@example.com", "roles": ["ADMIN"] });
        let waiting = stage.admin.post("/identity/v1/invitations", &waiting).await.expect(201).id();
        let opened = stage.sign_in_again().await;
        stage.clock.advance(Duration::minutes(16));
        let refreshed = json!({ "refreshToken": opened.body["refreshToken"] });
        let refreshed = stage.anonymous.post("/identity/v1/sessions/refresh", &refreshed).await;
        let old = stage.anonymous.with_token(refreshed.expect(200).body["accessToken"].as_str().unwrap());
        let role = json!({ "name": "READER", "permissions": ["catalog:*:read"] });
        old.post("/identity/v1/roles", &role).await.expect_problem(403, "STEP_UP_REQUIRED");
        // Nor does anybody get rights in another way, or the rules for it change.
        let table = old.request(Method::POST, "/identity/v1/invitations/import").header("content-type", "text/csv");
        for refused in [
            old.post("/identity/v1/members", &company::member("eve", "ADMIN")).await,
            old.post("/identity/v1/invitations", &json!({ "email": "eve@example.com", "roles": ["ADMIN"] })).await,
            send(table.body("email,roles\neve@example.com,ADMIN\n")).await,
            old.post("/identity/v1/job-roles", &json!({ "name": "KEYS", "permissions": ["identity:role:write"] }))
                .await,
            old.patch(SETTINGS, None, &json!({ "requireTwoFactor": false })).await,
            old.patch(TENANT, None, &json!({ "domain": "evil.example" })).await,
            old.patch(&kim, None, &json!({ "status": "ACTIVE" })).await,
            old.post(&format!("/identity/v1/invitations/{waiting}/resend"), &json!({})).await,
        ] {
            refused.expect_problem(403, "STEP_UP_REQUIRED");
        }
        let step_up = "/identity/v1/sessions/current/step-up";
        old.post(step_up, &json!({ "password": "not the password" }))
            .await
            .expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
        let fresh = old.post(step_up, &json!({ "password": PASSWORD })).await;
        let fresh = stage.anonymous.with_token(fresh.expect(200).body["accessToken"].as_str().unwrap());
        fresh.post("/identity/v1/roles", &role).await.expect(201);
    });
}

#[test]
fn nobody_lets_all_members_read_what_they_may_not_read_themselves() {
    on_stage(async |stage| {
        let role = json!({ "name": "SETTER", "permissions": ["identity:settings:*"] });
        stage.admin.post("/identity/v1/roles", &role).await.expect(201);
        add_member(&stage.admin, "sue", &["SETTER"]).await.expect(201);
        let sue = with_new_password(&stage.anonymous, "sue").await;
        let all = json!({ "membersReadAll": true });
        sue.patch(SETTINGS, None, &all).await.expect_problem(403, "PERMISSION_DENIED");
        sue.patch(SETTINGS, None, &json!({ "timeZone": "Europe/Paris" })).await.expect(200);
        stage.admin.patch(SETTINGS, None, &all).await.expect(200);
        // Hers now, like everybody's: she may give back what she has.
        sue.patch(SETTINGS, None, &json!({ "membersReadAll": false })).await.expect(200);
    });
}
