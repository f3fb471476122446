//! Every operation of the contract, tried by everybody who may not.

use reqwest::Method;
use serde_json::{Map, Value, json};
use testkit::{Client, Response, send};

use crate::company::{self, Ids};
use crate::database;
use crate::partners;
use crate::support::{on_patient_stage, on_stage};

/// What needs no token: ways in, and what whoever verifies tokens must know.
const PUBLIC: [&str; 14] = [
    "GET /identity/v1/.well-known/oauth-authorization-server",
    "GET /identity/v1/jwks",
    "POST /identity/v1/email-verifications",
    "POST /identity/v1/invitations/accept",
    "POST /identity/v1/invitations/look",
    "POST /identity/v1/oauth/token",
    "POST /identity/v1/password-resets",
    "POST /identity/v1/password-resets/confirm",
    "POST /identity/v1/registrations",
    "POST /identity/v1/sessions",
    "POST /identity/v1/sessions/passkey",
    "POST /identity/v1/sessions/passkey/options",
    "POST /identity/v1/sessions/refresh",
    "POST /identity/v1/sessions/second-factor",
];

/// One operation of the merged document.
pub(crate) struct Operation {
    /// How it is called.
    pub(crate) method: Method,
    /// Where.
    pub(crate) path: String,
    /// What it takes; nothing for a public one.
    pub(crate) permission: Option<String>,
    /// What its query must have.
    query: Value,
    /// An example of its JSON body, if it takes one.
    body: Option<Value>,
}

impl Operation {
    /// Calls it with these ids in its path, and those in its query and its body.
    pub(crate) async fn call(&self, caller: &Client, in_path: &Ids, in_body: &Ids) -> Response {
        let path = self.path.split(['{', '}']).enumerate().map(|(place, part)| match (place % 2, in_path.get(part)) {
            (0, _) => part.to_owned(),
            (_, Some(id)) => id.clone(),
            (_, None) => panic!("{}: make a {part} in company.rs", self.path),
        });
        let query = with_ids(&self.query, in_body);
        let request = caller.request(self.method.clone(), &path.collect::<String>()).query(&query);
        // Patches of tasks want a version.
        let request = if self.method == Method::PATCH { request.header("if-match", "\"1\"") } else { request };
        match &self.body {
            Some(body) => send(request.json(&with_ids(body, in_body))).await,
            None => send(request).await,
        }
    }

    fn is_about_ids(&self) -> bool {
        self.path.contains('{')
    }

    fn asks_for_ids(&self) -> bool {
        self.query.as_object().is_some_and(|query| query.keys().any(|name| is_id(name)))
    }
}

/// Every operation, with a body made from the contract.
pub(crate) fn operations() -> Vec<Operation> {
    let mut document = cairn::openapi();
    let permissions = web::openapi::permissions(&mut document);
    let document = serde_json::to_value(&document).unwrap();
    let of = |((method, path), permission): ((String, String), Option<String>)| {
        let operation = &document["paths"][&path][method.to_lowercase()];
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let asked = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let query =
            asked.map(|parameter| (parameter["name"].as_str().unwrap().to_owned(), parameter["example"].clone()));
        let query = Value::Object(query.collect());
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let body = (!schema.is_null()).then(|| example(&document, schema));
        Operation { method: method.parse().unwrap(), path, permission, query, body }
    };
    permissions.into_iter().map(of).collect()
}

/// A value that fits a schema: its own example with every id that the schema knows.
fn example(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/")) {
        return example(document, &document["components"]["schemas"][name]);
    }
    if let Some(first) = ["oneOf", "anyOf", "allOf"].iter().find_map(|any| schema[any].as_array()) {
        return example(document, first.iter().find(|one| one["type"] != "null").unwrap());
    }
    if schema["type"] == "array" {
        return json!([example(document, &schema["items"])]);
    }
    let mut value = schema.get("example").cloned().unwrap_or_else(|| match schema["type"].as_str() {
        Some("object") | None => json!({}),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        _ => json!("x"),
    });
    if let (Some(object), Some(properties)) = (value.as_object_mut(), schema["properties"].as_object()) {
        for (name, _) in properties.iter().filter(|(name, _)| is_id(name)) {
            object.insert(name.clone(), if name.ends_with('s') { json!(["?"]) } else { json!("?") });
        }
    }
    value
}

fn is_id(property: &str) -> bool {
    property.ends_with("Id") && property != "eventId" || property.ends_with("Ids")
}

/// The body with these ids in its id properties.
fn with_ids(body: &Value, ids: &Ids) -> Value {
    let known = |name: &str| ids.get(name).unwrap_or_else(|| panic!("make a {name} in company.rs"));
    match body {
        Value::Object(properties) => Value::Object(
            properties
                .iter()
                .map(|(name, value)| {
                    let value = match name.strip_suffix('s').filter(|_| is_id(name)) {
                        Some(one) => json!([known(one)]),
                        None if is_id(name) => {
                            json!(known(if name == "attributeId" { "customerAttributeId" } else { name }))
                        }
                        None => with_ids(value, ids),
                    };
                    (name.clone(), value)
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items.iter().map(|item| with_ids(item, ids)).collect(),
        other => other.clone(),
    }
}

#[test]
fn without_a_token_only_the_public_operations_answer() {
    on_patient_stage(async |stage| {
        let ids = company::one_of_everything(&stage.admin, "Aster").await;
        let mut public = Vec::new();
        for operation in operations() {
            if operation.permission.is_none() {
                public.push(format!("{} {}", operation.method, operation.path));
            } else {
                operation.call(&stage.anonymous, &ids, &ids).await.expect_problem(401, "TOKEN_MISSING");
            }
        }
        assert_eq!(public, PUBLIC, "whoever adds a public operation says so here");
    });
}

#[test]
fn without_the_permission_nothing_is_shown_or_done() {
    on_stage(async |stage| {
        let ids = company::one_of_everything(&stage.admin, "Aster").await;
        let role = json!({ "name": "ONLOOKER", "permissions": ["workflow:nothing:read"] });
        stage.admin.post("/identity/v1/roles", &role).await.expect(201);
        let onlooker = company::colleague(&stage.admin, "onlooker", "ONLOOKER").await;
        for operation in operations() {
            let Some(permission) = &operation.permission else { continue };
            if permission.starts_with("identity:self:") {
                continue; // everybody's own
            }
            let answer = operation.call(&onlooker, &ids, &ids).await;
            answer.expect_problem(403, "PERMISSION_DENIED");
            assert!(answer.text.contains(permission.as_str()), "the answer names {permission}: {}", answer.text);
        }
    });
}

#[test]
fn grants_on_other_things_open_nothing() {
    on_stage(async |stage| {
        let ids = company::one_of_everything(&stage.admin, "Aster").await;
        let role = json!({ "name": "ONLOOKER", "permissions": ["workflow:nothing:read"] });
        let role = stage.admin.post("/identity/v1/roles", &role).await.expect(201).id();
        for kind in ["PRODUCT", "SOLUTION", "CUSTOMER"] {
            let other = kernel::ProductId::fresh();
            let grant = json!({
                "subjectType": "ROLE", "subjectId": role, "resourceType": kind, "resourceId": other, "level": "ADMIN",
            });
            stage.admin.post("/identity/v1/grants", &grant).await.expect(201);
        }
        let onlooker = company::colleague(&stage.admin, "onlooker", "ONLOOKER").await;
        let mut tried = 0;
        for operation in operations() {
            let Some(permission) = operation.permission.as_deref().filter(|name| auth::is_grantable(name)) else {
                continue;
            };
            if operation.path.ends_with("/tail") {
                continue; // never ends; `telemetry/tail.rs` has a member who is granted one of two customers
            }
            let name = format!("{} {} {permission}", operation.method, operation.path);
            let answer = operation.call(&onlooker, &ids, &ids).await;
            // Values are judged one by one.
            let takes_values = permission == "telemetry:value:write";
            let expected = match (operation.is_about_ids() || operation.asks_for_ids(), operation.method == Method::GET)
            {
                (true, _) => 404,
                (false, true) => 200,
                (false, false) if operation.path.ends_with("/refusals/replay") => 422, // it names one that they do not see
                (false, false) if takes_values => 200,
                (false, false) => 403,
            };
            assert_eq!(answer.status, expected, "{name}: {}", answer.text);
            assert!(answer.body["accepted"].as_u64().unwrap_or_default() == 0, "{name}: {}", answer.text);
            assert!(!answer.text.contains("Aster"), "{name} shows {}", answer.text);
            tried += 1;
        }
        assert!(tried > 50, "every operation of catalog and adoption: {tried}");
    });
}

#[test]
fn a_confined_key_sends_values_and_does_nothing_else() {
    on_stage(async |stage| {
        let ids = company::one_of_everything(&stage.admin, "Aster").await;
        let account = partners::account(&stage.admin, "Agent", &["*"]).await;
        let key = partners::key(&stage.admin, &account, json!({ "source": "agent" })).await;
        let agent = partners::program(&stage, &key).await;
        let mut taken = Vec::new();
        for operation in operations() {
            let Some(permission) = &operation.permission else { continue };
            if permission.starts_with("identity:self:") {
                continue; // a program has no account of its own
            }
            let answer = operation.call(&agent, &ids, &ids).await;
            if answer.status == 200 {
                taken.push(format!("{} {}", operation.method, operation.path));
            } else {
                answer.expect_problem(403, "KEY_CONFINED");
            }
        }
        assert_eq!(taken, ["POST /telemetry/v1/otlp/v1/metrics", "POST /telemetry/v1/values"]);
    });
}

#[test]
fn another_tenants_ids_lead_nowhere() {
    on_stage(async |stage| {
        let ours = company::one_of_everything(&stage.admin, "Aster").await;
        let stranger = stage.another_tenant().await;
        let theirs = company::one_of_everything(&stranger, "Borage").await;
        let mut behind = stage.world.administrator().await;
        let tenant = stage.admin.get("/identity/v1/tenant").await.id();
        let before = database::rows_of(&mut behind, &tenant).await;

        for operation in operations() {
            let name = format!("{} {}", operation.method, operation.path);
            if operation.path == "/events" || operation.path.ends_with("/tail") {
                continue; // never ends; `live.rs` and `telemetry/tail.rs` hold two tenants against each other
            }
            if name.contains("/me/password") || name.ends_with("/me/sessions") || name.contains("/v1/sessions") {
                continue; // about the caller alone, and would end their session
            }
            // Our ids in the path: nothing there.
            if operation.is_about_ids() {
                let answer = operation.call(&stranger, &ours, &theirs).await;
                assert_eq!(answer.status, 404, "{name}: {}", answer.text);
            }
            // Our ids in the body of something of theirs: refused, or nothing of ours in the answer.
            let answer = operation.call(&stranger, &theirs, &ours).await;
            assert!(answer.status < 500, "{name}: {}", answer.text);
            let shown = if answer.status < 300 { answer.text.as_str() } else { "" };
            assert!(!shown.contains("Aster"), "{name} shows {shown}");
        }

        assert_eq!(before, database::rows_of(&mut behind, &tenant).await, "nothing of ours has changed");
        let other = stranger.get("/identity/v1/tenant").await.id();
        for (table, rows) in database::rows_of(&mut behind, &other).await {
            let Some(id) = ours.values().find(|id| rows.contains(id.as_str())) else { continue };
            // What a caller said is kept as it was said, and leads nowhere.
            let refused = ["telemetry.refusals", "telemetry.refusal_events"];
            let said = ["identity.edit_locks", "identity.api_keys", "adoption.plan_filters"];
            assert!(
                refused.iter().chain(&said).any(|said| *said == table),
                "a row of theirs in {table} names our {id}"
            );
        }
    });
}
