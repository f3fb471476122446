//! A proxy of the gateway's own libraries that passes reads on and does nothing else: what the gateway takes beyond that is
//! what it does itself. nginx tells what passing on costs at least; this tells what it costs with actix and hyper.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, error::ErrorBadGateway};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::Outcome;
use super::process::Process;

const READY_LIMIT: Duration = Duration::from_secs(10);

type Client = hyper_util::client::legacy::Client<HttpConnector, Empty<Bytes>>;

/// Where it listens, whom it asks, and with how many threads.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct BareProxy {
    port: u16,
    upstream: u16,
    workers: usize,
}

/// A running one, killed when it is dropped.
pub(super) struct Bare {
    child: Child,
    port: u16,
}

impl Bare {
    /// Starts one on `port` that passes everything on to the port `upstream`, with as many workers as the gateway.
    pub(super) async fn start(port: u16, upstream: u16, workers: usize) -> Outcome<Self> {
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL").arg(std::env::current_exe()?).arg("bare-proxy");
        command.args([port.to_string(), upstream.to_string(), workers.to_string()]);
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let answers = async {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(READY_LIMIT, answers).await.map_err(|_| "the bare proxy does not start")?;
        Ok(Self { child, port })
    }

    /// Its processor time so far.
    pub(super) fn processor_time(&self) -> Duration {
        self.child.id().map(Process::new).map(Process::processor_time).unwrap_or_default()
    }

    /// Where it listens.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// Runs the proxy until it is killed.
pub(crate) fn run(proxy: BareProxy) -> Outcome<ExitCode> {
    actix_web::rt::System::new().block_on(async move {
        let upstream = Data::new(format!("http://127.0.0.1:{}", proxy.upstream));
        let server = HttpServer::new(move || {
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            let client: Client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
            App::new().app_data(upstream.clone()).app_data(Data::new(client)).default_service(web::to(pass_on))
        });
        server.workers(proxy.workers).bind((Ipv4Addr::LOCALHOST, proxy.port))?.run().await?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn pass_on(
    request: HttpRequest,
    upstream: Data<String>,
    client: Data<Client>,
) -> Result<HttpResponse, actix_web::Error> {
    let mut onward = hyper::Request::builder().uri(format!("{}{}", upstream.as_str(), request.uri()));
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != "host") {
        onward = onward.header(name.as_str(), value.as_bytes());
    }
    let onward = onward.body(Empty::new()).map_err(ErrorBadGateway)?;
    let (head, body) = client.request(onward).await.map_err(ErrorBadGateway)?.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).map_err(ErrorBadGateway)?;
    let mut answer = HttpResponse::with_body(status, body.collect().await.map_err(ErrorBadGateway)?.to_bytes());
    for (name, value) in &head.headers {
        if ![CONNECTION, CONTENT_LENGTH].contains(name) {
            let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(ErrorBadGateway)?;
            answer.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).map_err(ErrorBadGateway)?);
        }
    }
    Ok(answer.map_into_boxed_body())
}
