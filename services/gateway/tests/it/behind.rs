//! Servers to stand behind a gateway: one that does as it is told, and one that hangs up.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self as actix, Bytes, Data, Payload, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::time::sleep;

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
