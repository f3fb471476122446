//! A tenant with one of everything: what the walls are tried on.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::{Client, Response};

/// The ids of a company's things, by the name of the path parameter that takes them.
pub(crate) type Ids = BTreeMap<String, String>;

/// Makes one of everything that has an id; `mark` is part of every name.
pub(crate) async fn one_of_everything(admin: &Client, mark: &str) -> Ids {
    let mut ids = Ids::new();
    let mut made = |name: &str, answer: &Response| {
        answer.expect(201);
        ids.insert(name.to_owned(), answer.id());
        answer.id()
    };
    let named = |what: &str| json!({ "name": format!("{mark} {what}") });
    let create = async |path: &str, body: Value| admin.post(path, &body).await;

    let product = made("productId", &create("/catalog/v1/products", named("product")).await);
    let owner = format!("/catalog/v1/products/{product}");
    let solution = made("solutionId", &create("/catalog/v1/solutions", named("solution")).await);
    for part in ["license", "release", "tag"] {
        made(&format!("{part}Id"), &create(&format!("{owner}/{part}s"), named(part)).await);
    }
    let outcome = made("outcomeId", &create(&format!("{owner}/outcomes"), named("outcome")).await);
    let custom = json!({ "key": format!("{mark} key"), "value": "x" });
    made("versionId", &create(&format!("{owner}/versions"), named("version")).await);
    let file = json!({ "tags": [{ "name": format!("{mark} imported tag") }] });
    made("importId", &create(&format!("/catalog/v1/imports?productId={product}"), file).await);
    made("customAttributeId", &create(&format!("{owner}/custom-attributes"), custom).await);
    let task = made("taskId", &create(&format!("{owner}/tasks"), named("task")).await);
    let attribute = json!({
        "name": format!("{mark} attribute"), "dataType": "NUMBER", "successCriteria": { "operator": ">=", "value": 10 },
    });
    let original =
        made("attributeId", &create(&format!("/catalog/v1/tasks/{task}/telemetry-attributes"), attribute).await);

    let sets = admin.get("/catalog/v1/change-sets?limit=1").await;
    let set = sets.expect(200).body["items"][0]["id"].as_str().unwrap().to_owned();

    let customer = made("customerId", &create("/adoption/v1/customers", named("customer")).await);
    let assigned = create(
        &format!("/adoption/v1/customers/{customer}/assignments"),
        json!({ "productId": product, "name": format!("{mark} assignment"), "licenseLevel": "SIGNATURE" }),
    )
    .await;
    let assignment = made("assignmentId", &assigned);
    let plan = assigned.body["planId"].as_str().unwrap().to_owned();
    let filter = json!({ "statuses": ["NOT_STARTED"] });
    admin.put(&format!("/adoption/v1/plans/{plan}/filter"), &filter).await.expect(200);
    let goal = format!("/adoption/v1/plans/{plan}/outcomes/{outcome}");
    admin.put(&goal, &json!({ "baseline": 0, "target": 10 })).await.expect(200);
    let measured = json!({ "value": 5, "note": format!("{mark} report") });
    made("measurementId", &create(&format!("{goal}/measurements"), measured).await);
    let whole = json!({ "solutionId": solution, "name": format!("{mark} whole"), "licenseLevel": "SIGNATURE" });
    let whole = create(&format!("/adoption/v1/customers/{customer}/assignments"), whole).await;
    let solution_plan = whole.expect(201).body["solutionPlanId"].as_str().unwrap().to_owned();
    let operation = create("/adoption/v1/plan-syncs", json!({ "planIds": [plan] })).await;
    let path = operation.expect(202).header("location");
    admin.get_until(path, |operation| operation.body["status"] == "DONE").await.expect(200);
    let operation = operation.id();
    let tasks = admin.get(&format!("/adoption/v1/plans/{plan}/tasks")).await;
    let customer_task = tasks.expect(200).body["items"][0]["id"].as_str().unwrap().to_owned();

    let login = format!("{mark}-member").to_lowercase();
    let colleague = made("memberId", &create("/identity/v1/members", member(&login, "CSS")).await);
    admin.sign_in(&login, FIRST_PASSWORD).await;
    let sessions = admin.get(&format!("/identity/v1/members/{colleague}/sessions")).await;
    let session = sessions.expect(200).body["items"][0]["id"].as_str().unwrap().to_owned();
    let role = json!({ "name": format!("{mark}_ROLE").to_uppercase(), "permissions": ["catalog:product:read"] });
    let role = made("roleId", &create("/identity/v1/roles", role).await);
    let grant = json!({
        "subjectType": "ROLE", "subjectId": role, "resourceType": "PRODUCT", "resourceId": product, "level": "READ",
    });
    made("grantId", &create("/identity/v1/grants", grant).await);
    let department = made("departmentId", &create("/identity/v1/departments", named("department")).await);
    let job = json!({ "name": format!("{mark} job"), "permissions": ["catalog:product:read"], "departmentIds": [department] });
    let job = made("jobRoleId", &create("/identity/v1/job-roles", job).await);
    let sets =
        [("departments", json!({ "departmentIds": [department] })), ("job-roles", json!({ "jobRoleIds": [job] }))];
    for (set, body) in sets {
        admin.put(&format!("/identity/v1/members/{colleague}/{set}"), &body).await.expect(200);
    }
    let bookmark = json!({ "title": format!("{mark} bookmark"), "url": "/docs" });
    made("bookmarkId", &create("/identity/v1/me/bookmarks", bookmark).await);
    let lock = json!({ "resourceType": "PRODUCT", "resourceId": product });
    made("editLockId", &create("/identity/v1/edit-locks", lock).await);

    let invitation = json!({ "email": format!("{mark}-guest@example.com"), "name": mark, "roles": ["CSS"] });
    made("invitationId", &create("/identity/v1/invitations", invitation).await);
    let program = json!({ "name": format!("{mark} program"), "permissions": ["catalog:product:read"] });
    let program = made("serviceAccountId", &create("/identity/v1/service-accounts", program).await);
    let key = json!({ "name": format!("{mark} key") });
    made("apiKeyId", &create(&format!("/identity/v1/service-accounts/{program}/keys"), key).await);
    let tenant = admin.get("/identity/v1/tenant").await.id();

    let value = json!({
        "assignmentId": assignment, "attributeName": "nobody knows it", "value": 1, "observedAt": "2026-11-21T10:00:00Z",
    });
    let values = json!({ "values": [value] });
    let receipt = create("/telemetry/v1/values", values).await;
    let batch = receipt.expect(200).body["batchId"].as_str().unwrap().to_owned();
    let refusals = admin.get("/telemetry/v1/refusals").await;
    let refusal = refusals.expect(200).body["items"][0]["id"].as_str().unwrap().to_owned();

    let rule = json!({ "metric": format!("{mark}.users"), "assignmentId": assignment, "attributeName": "users" });
    made("metricRuleId", &create("/telemetry/v1/metric-rules", rule).await);

    ids.extend(
        [
            ("changeSetId", set),
            ("planId", plan),
            ("operationId", operation),
            ("solutionPlanId", solution_plan),
            ("customerTaskId", customer_task),
            ("refusalId", refusal),
            ("batchId", batch),
            ("sessionId", session),
            ("tenantId", tenant),
            // Neither is anybody's: both take a browser.
            ("passkeyId", kernel::PasskeyId::fresh().to_string()),
            ("ceremonyId", kernel::PasskeyId::fresh().to_string()),
            ("parentId", department),
            ("resourceId", product),
            ("originalAttributeId", original),
            ("subjectId", role),
        ]
        .map(|(k, v)| (k.to_owned(), v)),
    );
    ids
}

/// A new member with one role; the first password is [`FIRST_PASSWORD`].
pub(crate) fn member(login: &str, role: &str) -> Value {
    json!({ "email": format!("{login}@example.com"), "username": login, "name": login, "password": FIRST_PASSWORD, "roles": [role] })
}

/// What a new member must change.
pub(crate) const FIRST_PASSWORD: &str = "a first password";

/// Makes a member with one role who has chosen a password of their own, and signs them in.
pub(crate) async fn colleague(admin: &Client, login: &str, role: &str) -> Client {
    admin.post("/identity/v1/members", &member(login, role)).await.expect(201);
    let first = admin.sign_in(login, FIRST_PASSWORD).await;
    let own = "a password of my own";
    let change = json!({ "currentPassword": FIRST_PASSWORD, "newPassword": own });
    first.post("/identity/v1/me/password", &change).await.expect(204);
    admin.sign_in(login, own).await
}
