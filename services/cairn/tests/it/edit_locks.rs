//! Edit locks: who edits keeps others out, for a while.

use kernel::Timestamp;
use serde_json::{Value, json};
use testkit::{Client, Response};

use crate::company::colleague;
use crate::grants::{again, grant, onlooker};
use crate::support::on_stage;
use crate::telemetry::{Deployment, post};

const LOCKS: &str = "/identity/v1/edit-locks";

#[test]
fn a_lock_has_one_session_which_renews_and_releases_it() {
    on_stage(async |stage| {
        let (kim, ann) = (colleague(&stage.admin, "kim", "SME").await, colleague(&stage.admin, "ann", "SME").await);
        let product = product(&stage.admin, "Harbour Gate").await;
        let lock = lock(&kim, "PRODUCT", &product).await;
        assert_eq!((lock.expect(201).version(), &lock.body["userName"]), (Some(1), &json!("kim")));
        let again = self::lock(&kim, "PRODUCT", &product).await;
        assert_eq!((again.expect(200).id(), again.version()), (lock.id(), Some(2)));
        // Neither somebody else nor another session of one's own.
        let own_twin = kim.sign_in("kim", "a password of my own").await;
        for other in [&ann, &own_twin] {
            let held = self::lock(other, "PRODUCT", &product).await;
            held.expect_problem(423, "EDIT_LOCK_HELD");
            let told: Vec<&Value> =
                held.body["errors"].as_array().unwrap().iter().map(|part| &part["detail"]).collect();
            assert_eq!(told, [&json!("kim"), &again.body["expiresAt"]]);
            let until: Timestamp = again.body["expiresAt"].as_str().unwrap().parse().unwrap();
            let detail = format!("kim is editing this until {}. Wait, or have the lock taken over.", until.in_words());
            assert_eq!(held.body["detail"], detail);
            let seconds: u32 = held.header("retry-after").parse().unwrap();
            assert!((800..=900).contains(&seconds), "{seconds}");
            let path = format!("{LOCKS}/{}", lock.id());
            other.post(&format!("{path}/renew"), &json!({})).await.expect_problem(423, "EDIT_LOCK_HELD");
            other.delete(&path).await.expect_problem(423, "EDIT_LOCK_HELD");
        }
        assert_eq!(ids(&own_twin.get(LOCKS).await), [lock.id()]);
        assert_eq!(ids(&ann.get(LOCKS).await), [""; 0]);
        let on_product = format!("{LOCKS}?resourceType=PRODUCT&resourceId={product}");
        assert_eq!(ids(&ann.get(&on_product).await), [lock.id()]);
        ann.get(&format!("{LOCKS}?resourceType=PRODUCT")).await.expect_problem(400, "REQUEST_MALFORMED");
        kim.post(&format!("{LOCKS}/{}/renew", lock.id()), &json!({})).await.expect(200);
        kim.delete(&format!("{LOCKS}/{}", lock.id())).await.expect(204);
        kim.delete(&format!("{LOCKS}/{}", lock.id())).await.expect_problem(404, "NOT_FOUND");
        self::lock(&ann, "PRODUCT", &product).await.expect(201);
        // Two at the same moment: one of them.
        let other = self::product(&stage.admin, "Sea Gate").await;
        let (a, b) = tokio::join!(self::lock(&kim, "PRODUCT", &other), self::lock(&ann, "PRODUCT", &other));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 423], "{} {}", a.text, b.text);
        // Only who may change a thing may lock it, or see who does.
        let viewer = colleague(&stage.admin, "vic", "REQUESTER").await;
        self::lock(&viewer, "PRODUCT", &product).await.expect_problem(403, "PERMISSION_DENIED");
        viewer.get(&on_product).await.expect_problem(403, "PERMISSION_DENIED");
        self::lock(&kim, "CUSTOMER", &product).await.expect_problem(403, "PERMISSION_DENIED");
        self::lock(&kim, "TICKET", &product).await.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn what_is_locked_and_all_under_it_is_refused_to_others() {
    on_stage(async |stage| {
        let (admin, kim) = (&stage.admin, colleague(&stage.admin, "kim", "ADMIN").await);
        let product = product(admin, "Harbour Gate").await;
        let path = format!("/catalog/v1/products/{product}");
        let task = admin.post(&format!("{path}/tasks"), &json!({ "name": "Open", "weight": 5 })).await.expect(201).id();
        let solution = admin.post("/catalog/v1/solutions", &json!({ "name": "Harbour" })).await.expect(201).id();
        lock(&kim, "PRODUCT", &product).await.expect(201);
        lock(&kim, "SOLUTION", &solution).await.expect(201);
        let name = json!({ "name": "Another name" });
        refused(admin, &path, &name).await;
        refused(admin, &format!("/catalog/v1/solutions/{solution}"), &name).await;
        refused(admin, &format!("/catalog/v1/tasks/{task}"), &name).await;
        admin.post(&format!("{path}/tags"), &name).await.expect_problem(423, "EDIT_LOCK_HELD");
        admin.delete(&path).await.expect_problem(423, "EDIT_LOCK_HELD");
        let bundle = json!({ "productIds": [product] });
        admin
            .put(&format!("/catalog/v1/solutions/{solution}/products"), &bundle)
            .await
            .expect_problem(423, "EDIT_LOCK_HELD");
        // Reading is free, other products are, and the holder goes on.
        admin.get(&path).await.expect(200);
        self::product(admin, "Sea Gate").await;
        kim.patch(&path, None, &name).await.expect(200);

        let deployment = Deployment::simple(&stage).await;
        let task = format!("/adoption/v1/customer-tasks/{}", deployment.task("Roll out"));
        let assignment = admin.get(&format!("/adoption/v1/assignments/{}", deployment.assignment)).await;
        let part = |name: &str| assignment.expect(200).body[name].as_str().unwrap().to_owned();
        let (customer, plan) = (part("customerId"), part("planId"));
        lock(&kim, "PLAN", &plan).await.expect(201);
        // A change that changes nothing, should it come before the lock is known there.
        refused(admin, &task, &json!({ "status": "NOT_STARTED" })).await;
        let taken_back = format!("/adoption/v1/assignments/{}", deployment.assignment);
        admin.delete(&taken_back).await.expect_problem(423, "EDIT_LOCK_HELD");
        admin.patch(&format!("/adoption/v1/customers/{customer}"), None, &name).await.expect(200);
        lock(&kim, "CUSTOMER", &customer).await.expect(201);
        refused(admin, &format!("/adoption/v1/customers/{customer}"), &name).await;
        // What telemetry proves is a fact, whoever edits.
        post(admin, &[deployment.value("users", 12, 60)]).await.expect(200);
        deployment.becomes("Roll out", "DONE").await;
    });
}

#[test]
fn who_is_granted_a_customer_locks_its_plans() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let deployments = [Deployment::simple(&stage).await, Deployment::simple(&stage).await];
        let mut shown = Vec::new();
        for it in &deployments {
            let assignment = admin.get(&format!("/adoption/v1/assignments/{}", it.assignment)).await;
            shown.push(assignment.expect(200).body.clone());
        }
        let part = |at: usize, name: &str| shown[at][name].as_str().unwrap().to_owned();
        let (_, kim_id) = onlooker(admin, "kim").await;
        let customer = part(0, "customerId");
        let read = grant(admin, ("USER", &kim_id), ("CUSTOMER", Some(&customer)), "READ").await;
        let kim = again(admin, "kim").await;
        let (ours, other) = (part(0, "planId"), part(1, "planId"));
        // To see is to see who edits, and not to edit.
        let on = |plan: &str| format!("{LOCKS}?resourceType=PLAN&resourceId={plan}");
        kim.get(&on(&ours)).await.expect(200);
        kim.get(&on(&other)).await.expect_problem(403, "PERMISSION_DENIED");
        lock(&kim, "PLAN", &ours).await.expect_problem(403, "PERMISSION_DENIED");
        let grants = format!("/identity/v1/grants/{}", read.expect(201).id());
        admin.patch(&grants, None, &json!({ "level": "WRITE" })).await.expect(200);
        lock(&kim, "PLAN", &ours).await.expect(201);
        lock(&kim, "PLAN", &other).await.expect_problem(403, "PERMISSION_DENIED");
        lock(&kim, "PLAN", &kernel::PlanId::fresh().to_string()).await.expect_problem(403, "PERMISSION_DENIED");
        refused(
            admin,
            &format!("/adoption/v1/customer-tasks/{}", deployments[0].task("Roll out")),
            &json!({ "status": "NOT_STARTED" }),
        )
        .await;
    });
}

#[test]
fn a_lock_ends_with_its_session_with_its_time_or_when_it_is_taken_over() {
    on_stage(async |stage| {
        let product = product(&stage.admin, "Harbour Gate").await;
        let path = format!("/catalog/v1/products/{product}");
        let name = json!({ "name": "Another name" });
        let kim = colleague(&stage.admin, "kim", "SME").await;
        let held = lock(&kim, "PRODUCT", &product).await.expect(201).id();
        refused(&stage.admin, &path, &name).await;

        // Taken over: now Kim is kept out. She may not do the same.
        let taken = format!("{LOCKS}/{held}/take-over");
        kim.post(&taken, &json!({})).await.expect_problem(403, "PERMISSION_DENIED");
        let mine = stage.admin.post(&taken, &json!({})).await;
        assert_eq!((mine.expect(200).id(), &mine.body["userName"]), (held.clone(), &json!("Olivia Owner")));
        refused(&kim, &path, &name).await;
        stage.admin.patch(&path, None, &name).await.expect(200);
        stage.admin.delete(&format!("{LOCKS}/{held}")).await.expect(204);

        // Kim signs out, and is forgotten.
        until(async || lock(&kim, "PRODUCT", &product).await.status == 201).await;
        refused(&stage.admin, &path, &name).await;
        kim.delete("/identity/v1/sessions/current").await.expect(204);
        until(async || stage.admin.patch(&path, None, &name).await.status == 200).await;

        // She comes back, goes home without a word, and her time is over.
        let kim = kim.sign_in("kim", "a password of my own").await;
        lock(&kim, "PRODUCT", &product).await.expect(201);
        refused(&stage.admin, &path, &name).await;
        stage.clock.advance(chrono::Duration::minutes(16));
        let admin = stage.another_session().await;
        admin.patch(&path, None, &name).await.expect(200);
        lock(&admin, "PRODUCT", &product).await.expect(201);
    });
}

/// Locks something.
async fn lock(who: &Client, kind: &str, id: &str) -> Response {
    who.post(LOCKS, &json!({ "resourceType": kind, "resourceId": id })).await
}

/// Tries a change until the lock is known where the thing lives; it is refused then.
async fn refused(who: &Client, path: &str, patch: &Value) {
    let tried = async || {
        let version = who.get(path).await.version();
        who.patch(path, version, patch).await
    };
    until(async || tried().await.status == 423).await;
    tried().await.expect_problem(423, "EDIT_LOCK_HELD");
}

/// Waits until something has come to pass.
pub(crate) async fn until(done: impl AsyncFn() -> bool) {
    for _ in 0..100 {
        if done().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it never came to pass");
}

async fn product(admin: &Client, name: &str) -> String {
    admin.post("/catalog/v1/products", &json!({ "name": name })).await.expect(201).id()
}

fn ids(page: &Response) -> Vec<String> {
    let items = page.expect(200).body["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
