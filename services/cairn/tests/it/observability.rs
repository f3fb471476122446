//! What operators see: one trace from the gateway to the last consumer, metrics of every service, logs without secrets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, send};

use crate::identity::{add_member, with_new_password};
use crate::support::{PASSWORD, on_prepared_stage, on_stage, owner};

#[test]
fn a_collector_receives_one_trace_from_the_gateway_to_the_audit_trail() {
    on_prepared_stage(
        |world| {
            let (endpoint, spans) = collector();
            world.config.observe.otlp_endpoint = Some(endpoint);
            spans
        },
        async |stage, spans| {
            // The caller's own trace goes on.
            let request = stage.admin.request(Method::POST, "/catalog/v1/products").json(&json!({ "name": "P" }));
            let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            let made = send(request.header("traceparent", caller)).await;
            let trail = format!("/identity/v1/audit-events?entityId={}", made.expect(201).id());
            let heard = stage.admin.get_until(&trail, |answer| answer.body["items"][0].is_object()).await;
            assert_eq!(heard.body["items"][0]["traceId"], "0af7651916cd43dd8448eb211c80319c");
            // On a thread of its own: what is buffered is sent while this one waits.
            tokio::task::spawn_blocking(observe::stop).await.unwrap();

            let all = spans.lock().unwrap().clone();
            let trace: Vec<_> = all.iter().filter(|span| span.trace == "0af7651916cd43dd8448eb211c80319c").collect();
            let under = |parent: &str, name: &str| {
                let found = trace.iter().find(|span| span.parent == parent && span.name == name);
                found.unwrap_or_else(|| panic!("no {name} under {parent} in {trace:?}")).id.clone()
            };
            let gateway = under("b7ad6b7169203331", "request");
            let catalog = under(&gateway, "request");
            under(&catalog, "consume");
        },
    );
}

#[test]
fn every_service_counts_its_requests() {
    on_stage(async |stage| {
        stage.admin.get("/catalog/v1/products").await.expect(200);
        let mut doors = vec![stage.platform.gateway.clone()];
        doors.extend(kernel::config::SERVICES[1..].iter().flat_map(|name| stage.platform.config.upstreams(name)));
        for (service, door) in kernel::config::SERVICES.iter().zip(doors) {
            let metrics = Client::anonymous(&door).get("/metrics").await;
            assert!(metrics.header("content-type").starts_with("text/plain"));
            let counter = format!("cairn_http_requests_total{{service=\"{service}\",method=\"GET\",status=\"200\"}}");
            assert!(metrics.text.contains(&counter), "{counter} in {}", metrics.text);
            let bucket = format!("cairn_http_request_seconds_bucket{{service=\"{service}\",le=\"0.1\"}}");
            assert!(metrics.text.contains(&bucket), "{bucket} in {}", metrics.text);
        }
    });
}

#[test]
fn logs_are_json_with_trace_ids_and_hold_no_secret() {
    actix_web::rt::System::new().block_on(async {
        let world = testkit::world(&cairn::migrations());
        let platform = Spawned::start(&world.environment);
        let anonymous = Client::anonymous(&platform.gateway);
        anonymous.get_until("/readyz", |answer| answer.status == 200).await.expect(200);
        let mut secrets = vec![PASSWORD.to_owned(), "another password, hers".to_owned(), "$2b$".to_owned()];
        for name in ["CAIRN_MASTER_KEY", "CAIRN_DATABASE_URL", "CAIRN_AMQP_URL"] {
            let value = &world.environment.iter().find(|(known, _)| known == name).unwrap().1;
            // Of an address only the password is a secret.
            let secret = value.split_once("://").and_then(|(_, rest)| rest.split(['@', ':']).nth(1));
            secrets.push(secret.unwrap_or(value).to_owned());
        }
        let admin = owner(&platform.config(&world.environment), &anonymous).await;
        secrets.push(admin.token.clone().unwrap());
        add_member(&admin, "kim", &["SME"]).await.expect(201);
        secrets.push(with_new_password(&anonymous, "kim").await.token.unwrap());
        let session = anonymous
            .post("/identity/v1/sessions", &json!({ "login": "kim", "password": "another password, hers" }))
            .await;
        let old = session.expect(201).body["refreshToken"].clone();
        let refreshed = anonymous.post("/identity/v1/sessions/refresh", &json!({ "refreshToken": old })).await;
        secrets.push(old.as_str().unwrap().to_owned());
        secrets.push(refreshed.expect(200).body["refreshToken"].as_str().unwrap().to_owned());
        // What goes wrong is what gets logged.
        let thief = anonymous.request(Method::POST, "/identity/v1/sessions/refresh").header("user-agent", "Thief/1");
        send(thief.json(&json!({ "refreshToken": old }))).await.expect(401);
        anonymous
            .post("/identity/v1/sessions", &json!({ "login": "kim", "password": "Hunter2 Hunter2" }))
            .await
            .expect(401);
        anonymous
            .post("/identity/v1/sessions", &json!({ "login": "kim", "password": 1, "x": PASSWORD }))
            .await
            .expect(422);
        admin.with_token("forged.forged.forged").get("/catalog/v1/products").await.expect(401);
        secrets.extend(["Hunter2 Hunter2".to_owned(), "forged.forged.forged".to_owned()]);

        let logs = platform.stop();
        for line in &logs {
            let parsed: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            assert!(parsed["timestamp"].is_string() && parsed["level"].is_string(), "{line}");
            for secret in &secrets {
                assert!(!line.contains(secret.as_str()), "{secret} in {line}");
            }
        }
        let refused = logs.iter().find(|line| line.contains("a sign-in was refused")).expect("it is logged");
        let refused: Value = serde_json::from_str(refused).unwrap();
        assert_eq!(refused["span"]["trace_id"].as_str().unwrap().len(), 32);
        assert_eq!(refused["span"]["service"], "identity");
        assert!(logs.iter().any(|line| line.contains("a refresh token came twice")));
        world.end().await;
    });
}

/// The platform as a process of its own, which says everything it has to say.
struct Spawned {
    gateway: String,
    base: u16,
    child: Child,
}

impl Spawned {
    fn start(environment: &[(String, String)]) -> Self {
        let base = free_ports();
        let child = Command::new(env!("CARGO_BIN_EXE_cairn"))
            .args(["serve", "all"])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("CAIRN_PORT_BASE", base.to_string())
            .env("CAIRN_LOG", "debug")
            .env("CAIRN_LOG_FORMAT", "json")
            .stderr(Stdio::from(std::fs::File::create(log(base)).unwrap()))
            .spawn()
            .unwrap();
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", base)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { gateway: format!("http://127.0.0.1:{base}"), base, child }
    }

    /// The configuration that the process has.
    fn config(&self, environment: &[(String, String)]) -> kernel::config::Config {
        let own = ("CAIRN_PORT_BASE".to_owned(), self.base.to_string());
        kernel::config::Config::from_pairs(environment.iter().cloned().chain([own])).unwrap()
    }

    /// Ends it; gives what it has said.
    fn stop(mut self) -> Vec<String> {
        self.end();
        let path = log(self.base);
        let lines = BufReader::new(std::fs::File::open(&path).unwrap()).lines().map(Result::unwrap).collect();
        std::fs::remove_file(path).unwrap();
        lines
    }

    fn end(&mut self) {
        let _gone_already = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.end();
    }
}

fn log(base: u16) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("cairn-{}-{base}.log", std::process::id()))
}

/// The first of seven ports in a row that nobody uses.
fn free_ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if first < 65_000 && (first..first + 7).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return first;
        }
    }
}

#[derive(Debug, Clone)]
struct Span {
    trace: String,
    id: String,
    parent: String,
    name: String,
}

/// An OTLP/HTTP collector that keeps what it is sent.
fn collector() -> (String, Arc<Mutex<Vec<Span>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let spans: Arc<Mutex<Vec<Span>>> = Arc::default();
    let kept = Arc::clone(&spans);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || {
                while let Some(body) = take(stream.as_ref().unwrap()) {
                    kept.lock().unwrap().extend(read_spans(&body));
                }
            });
        }
    });
    (endpoint, spans)
}

/// One request of a connection, answered; nothing when there are no more.
fn take(mut stream: &TcpStream) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    Some(body)
}

/// `ExportTraceServiceRequest { resource_spans { scope_spans { spans } } }`.
fn read_spans(request: &[u8]) -> Vec<Span> {
    let inner = |message: &[u8], number| {
        fields(message).into_iter().filter(move |(n, _)| *n == number).map(|(_, b)| b).collect::<Vec<_>>()
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut spans = Vec::new();
    for resource in inner(request, 1) {
        for scope in inner(&resource, 2) {
            for span in inner(&scope, 2) {
                let first = |number| inner(&span, number).into_iter().next().unwrap_or_default();
                let name = String::from_utf8(first(5)).unwrap();
                spans.push(Span { trace: hex(&first(1)), id: hex(&first(2)), parent: hex(&first(4)), name });
            }
        }
    }
    spans
}

/// The length-delimited fields of a protobuf message; the others are passed over.
fn fields(message: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let (mut rest, mut all) = (message, Vec::new());
    let varint = |rest: &mut &[u8]| {
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let byte = rest[0];
            *rest = &rest[1..];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    };
    while !rest.is_empty() {
        let tag = varint(&mut rest);
        let skip = match tag & 7 {
            0 => {
                varint(&mut rest);
                0
            }
            1 => 8,
            5 => 4,
            _ => {
                let length = usize::try_from(varint(&mut rest)).unwrap();
                all.push((tag >> 3, rest[..length].to_vec()));
                length
            }
        };
        rest = &rest[skip..];
    }
    all
}
