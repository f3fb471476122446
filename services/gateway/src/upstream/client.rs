//! Asking a server.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::http::{Request, Response};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::Outbound;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Shorter than the 75 s for which services keep an idle connection: ours ends first, so none is used as it closes.
const KEEP_IDLE: Duration = Duration::from_secs(60);

/// How asking a server failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// There was no connection: nothing has been sent.
    Refused(hyper_util::client::legacy::Error),
    /// The connection was lost before an answer began; the request may have been carried out.
    Broken(hyper_util::client::legacy::Error),
}

/// One worker's connections to all servers.
#[derive(Clone)]
pub(crate) struct Client(hyper_util::client::legacy::Client<HttpConnector, Outbound>);

impl Client {
    /// A client without connections yet.
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_IDLE)
            .build(connector);
        Self(client)
    }

    /// Sends a request and waits for the head of its answer. Dropping the future ends the request.
    pub(crate) async fn ask(&self, request: Request<Outbound>) -> Result<Response<Incoming>, Failed> {
        self.0
            .request(request)
            .await
            .map_err(|error| if error.is_connect() { Failed::Refused(error) } else { Failed::Broken(error) })
    }
}
