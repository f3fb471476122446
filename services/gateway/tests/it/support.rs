//! A gateway on a free port, a server to stand behind it, and a key to sign tokens with.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self as actix, Bytes, Data, Payload, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use auth::{AUDIENCE, Claims, ISSUER, Jwks, Patterns, SigningKey};
use futures_util::{StreamExt, stream};
use kernel::config::Config;
use kernel::keys::MasterKey;
use kernel::{Clock, SessionId, TenantId, UserId};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

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
            pwc: false,
            enr: false,
            cli: false,
            auth_time: now.timestamp(),
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

/// A server behind the gateway, as the test sees it.
#[derive(Clone, Default)]
pub(crate) struct Behind {
    pub(crate) url: String,
    /// Requests that arrived.
    pub(crate) asked: Arc<AtomicUsize>,
    /// Answers that were given up before they ended.
    pub(crate) abandoned: Arc<AtomicUsize>,
}

impl Behind {
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    ms: u64,
    #[serde(default)]
    bytes: usize,
    kind: Option<String>,
    encoding: Option<String>,
}

/// Starts a server that shows what it was asked, flows, dawdles and fails.
pub(crate) fn behind() -> Behind {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let behind = Behind { url: format!("http://{}", listener.local_addr().unwrap()), ..Behind::default() };
    let shared = behind.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(shared.clone()))
            .route("/readyz", actix::get().to(|| async { HttpResponse::Ok().json(json!({ "status": "READY" })) }))
            .route("/catalog/v1/flow", actix::to(flow))
            .route("/catalog/v1/slow", actix::to(slow))
            .route("/catalog/v1/drip", actix::to(drip))
            .route("/catalog/v1/big", actix::to(big))
            .route("/catalog/v1/gone", actix::to(gone))
            .route("/catalog/v1/status/{status}", actix::to(status))
            .route("/catalog/v1/text", actix::to(text))
            .route("/catalog/v1/echo", actix::get().to(echo))
            .default_service(actix::to(show))
    })
    .workers(1)
    // It gives up what it does for a client that has gone.
    .h1_allow_half_closed(false)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run();
    actix_web::rt::spawn(server);
    behind
}

/// A server that takes a request and hangs up.
pub(crate) fn hanging_up() -> Behind {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let behind = Behind { url: format!("http://{}", listener.local_addr().unwrap()), ..Behind::default() };
    let (listener, asked) = (tokio::net::TcpListener::from_std(listener).unwrap(), Arc::clone(&behind.asked));
    actix_web::rt::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1024];
            if stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                asked.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    behind
}

/// What arrived, as JSON.
async fn show(request: HttpRequest, body: Bytes, behind: Data<Behind>) -> HttpResponse {
    behind.asked.fetch_add(1, Ordering::SeqCst);
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    HttpResponse::Ok()
        .insert_header(("server", "secret/1.0"))
        .insert_header(("x-own", "kept"))
        .append_header(("set-cookie", "a=1"))
        .append_header(("set-cookie", "b=2"))
        .json(json!({
            "server": behind.url,
            "method": request.method().as_str(),
            "target": request.uri().to_string(),
            "headers": headers,
            "body": String::from_utf8_lossy(&body),
        }))
}

/// The request's body as the answer's, chunk by chunk.
async fn flow(body: Payload, behind: Data<Behind>) -> HttpResponse {
    behind.asked.fetch_add(1, Ordering::SeqCst);
    HttpResponse::Ok().streaming(body)
}

async fn slow(wish: Query<Wish>, behind: Data<Behind>) -> HttpResponse {
    behind.asked.fetch_add(1, Ordering::SeqCst);
    let mut leaving = Leaving(Some(behind));
    sleep(Duration::from_millis(wish.ms)).await;
    leaving.0 = None;
    HttpResponse::Ok().body("late")
}

/// One chunk now and one in a while.
async fn drip(wish: Query<Wish>, behind: Data<Behind>) -> HttpResponse {
    let leaving = Leaving(Some(behind));
    let chunks = stream::iter(0..2).then(move |count| {
        let (pause, _kept) = (Duration::from_millis(if count == 0 { 0 } else { wish.ms }), &leaving);
        async move {
            sleep(pause).await;
            Ok::<_, actix_web::Error>(Bytes::from(format!("chunk {count}\n")))
        }
    });
    HttpResponse::Ok().streaming(chunks)
}

async fn big(request: HttpRequest, wish: Query<Wish>) -> HttpResponse {
    HttpResponse::Ok().insert_header(("x-method", request.method().as_str())).body(vec![b'x'; wish.bytes])
}

async fn text(wish: Query<Wish>) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    if let Some(encoding) = &wish.encoding {
        answer.insert_header(("content-encoding", encoding.as_str()));
    }
    answer.content_type(wish.kind.as_deref().unwrap_or("application/json")).body("word ".repeat(wish.bytes / 5))
}

/// Agrees to a WebSocket and says back what it hears.
async fn echo(request: HttpRequest, body: Payload, behind: Data<Behind>) -> HttpResponse {
    behind.asked.fetch_add(1, Ordering::SeqCst);
    if !request.headers().contains_key("sec-websocket-key") {
        return HttpResponse::BadRequest().finish();
    }
    HttpResponse::SwitchingProtocols()
        .upgrade("websocket")
        .insert_header(("sec-websocket-accept", "yes"))
        .streaming(body)
}

async fn gone() -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_FOUND)
        .content_type("application/problem+json")
        .body(r#"{"status":404,"code":"NOT_FOUND","traceId":"00000000000000000000000000000000"}"#)
}

async fn status(status: actix::Path<u16>, behind: Data<Behind>) -> HttpResponse {
    behind.asked.fetch_add(1, Ordering::SeqCst);
    HttpResponse::build(StatusCode::from_u16(*status).unwrap()).finish()
}

/// Counts what was dropped before it was done.
struct Leaving(Option<Data<Behind>>);

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(behind) = &self.0 {
            behind.abandoned.fetch_add(1, Ordering::SeqCst);
        }
    }
}
