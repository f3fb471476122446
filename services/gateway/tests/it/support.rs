//! A gateway on a free port, and a key to sign tokens with.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use auth::{AUDIENCE, Claims, ISSUER, Jwks, Patterns, SigningKey};
use kernel::config::Config;
use kernel::keys::MasterKey;
use kernel::{Clock, SessionId, TenantId, UserId};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

pub(crate) use crate::behind::{Behind, behind, hanging_up};

/// A gateway under test. It ends with the test's process.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) address: String,
    pub(crate) context: web::Context,
    pub(crate) running: web::Running,
    pub(crate) http: reqwest::Client,
    key: SigningKey,
}

/// Starts a gateway with these settings beside the usual ones.
pub(crate) fn gateway(settings: &[(&str, &str)]) -> Gateway {
    let key = SigningKey::from_seed("k1", &[7; 32]).unwrap();
    let (address, context, running) = start(settings, &Jwks { keys: vec![key.public()] }).unwrap();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    Gateway { url: format!("http://{address}"), address, context, running, http, key }
}

/// Tries to start a gateway; gives its address.
pub(crate) fn start(
    settings: &[(&str, &str)],
    keys: &Jwks,
) -> Result<(String, web::Context, web::Running), gateway::ServeError> {
    let nowhere = format!("http://{}", refusing());
    let mut pairs: BTreeMap<String, String> = kernel::config::SERVICES
        .iter()
        .map(|service| (format!("CAIRN_UPSTREAMS_{}", service.to_uppercase()), nowhere.clone()))
        .collect();
    pairs.insert("CAIRN_MASTER_KEY".to_owned(), MasterKey::random().unwrap().to_text());
    pairs.insert("CAIRN_WORKERS".to_owned(), "1".to_owned());
    // Most servers of these tests are not in the contract.
    pairs.insert("CAIRN_CHECK_REQUESTS".to_owned(), "false".to_owned());
    pairs.insert("CAIRN_SHUTDOWN_SECONDS".to_owned(), "2".to_owned());
    pairs.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let context = web::Context::new("gateway", Arc::new(Config::from_pairs(pairs).unwrap()), Clock::system()).unwrap();
    context.verifier.set_keys(keys);
    context.verifier.revocations().load(&[], context.clock.now());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    gateway::serve(context.clone(), listener, contract().to_string()).map(|running| (address, context, running))
}

/// Two public operations and a few secured ones.
pub(crate) fn contract() -> Value {
    let secured = json!([{ "bearer": ["catalog:product:read"] }]);
    let id = json!({ "type": "string", "format": "uuid" });
    let query = |name: &str, schema: Value| json!({ "in": "query", "name": name, "schema": schema });
    json!({ "openapi": "3.1.0", "info": { "title": "Cairn", "version": "0" }, "paths": {
        "/identity/v1/sessions": { "post": { "summary": "Sign in" } },
        "/catalog/v1/open/{id}": { "get": { "summary": "Read an open thing" } },
        "/catalog/v1/products": {
            "get": { "summary": "List products", "security": secured, "parameters": [
                query("limit", json!({ "type": "integer", "format": "int32", "minimum": 0 })),
                query("count", json!({ "type": "boolean" })),
                query("sort", json!({ "type": "string", "enum": ["name"] })),
            ] },
            "post": { "summary": "Create a product", "security": secured, "requestBody": {
                "required": true, "content": { "application/json": {} },
            } },
        },
        "/catalog/v1/products/{productId}": { "get": { "summary": "Read a product", "security": secured, "parameters": [
            { "in": "path", "name": "productId", "required": true, "schema": id },
        ] } },
        "/catalog/v1/prices": { "get": { "summary": "List prices", "security": secured, "parameters": [
            { "in": "query", "name": "productId", "required": true, "schema": id },
        ] } },
    }})
}

impl Gateway {
    /// A token of somebody new.
    pub(crate) fn token(&self) -> String {
        self.token_signed_by(&self.key)
    }

    pub(crate) fn token_signed_by(&self, key: &SigningKey) -> String {
        key.sign(&self.claims()).unwrap()
    }

    /// A token with these claims, signed as identity does.
    pub(crate) fn sign(&self, claims: &Claims) -> String {
        self.key.sign(claims).unwrap()
    }

    /// What a token of somebody new says.
    pub(crate) fn claims(&self) -> Claims {
        let now = self.context.clock.now();
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: UserId::fresh(),
            tid: TenantId::fresh(),
            sid: SessionId::fresh(),
            perms: Patterns::new(["*".to_owned()]),
            grt: None,
            con: None,
            pwc: false,
            enr: false,
            cli: false,
            auth_time: 0,
            iat: now.timestamp(),
            ims: now.timestamp_millis(),
            nbf: now.timestamp(),
            exp: now.timestamp() + 600,
        }
    }

    /// A request with a token that counts.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path).bearer_auth(self.token())
    }

    pub(crate) fn anonymous(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.request("GET", path).send().await.unwrap()
    }

    /// Sends bytes as they are and reads until the connection closes or is silent.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        read(&mut stream).await
    }
}

/// Tells this process to read again what may have changed.
pub(crate) async fn hang_up() {
    let pid = std::process::id().to_string();
    assert!(Command::new("/bin/sh").args(["-c", "kill -s HUP \"$1\"", "sh", &pid]).status().unwrap().success());
    sleep(Duration::from_millis(300)).await;
}

/// Reads until the connection closes or is silent for a while.
pub(crate) async fn read(stream: &mut TcpStream) -> String {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(Ok(read)) = tokio::time::timeout(Duration::from_millis(400), stream.read(&mut buffer)).await {
        if read == 0 {
            break;
        }
        all.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// The code of a problem, after checking that it is a whole one.
pub(crate) async fn problem(answer: reqwest::Response) -> String {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["traceId"].as_str().unwrap().len(), 32);
    body["code"].as_str().unwrap().to_owned()
}

/// An address where nobody listens.
pub(crate) fn refusing() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
