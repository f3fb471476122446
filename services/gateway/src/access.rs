//! The access log: one line for each request, when its answer has ended. No query, no header, no token.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage};
use auth::Principal;

use crate::gate::Gate;

/// Who served a request, and for whom.
pub(crate) struct Served {
    pub(crate) service: Arc<str>,
    pub(crate) caller: Option<Arc<Principal>>,
}

/// The middleware. It comes before all others, so that it sees what is really sent.
pub(crate) async fn note(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let answer = next.call(request).await?;
    let request = answer.request();
    let served = request.extensions_mut().remove::<Served>();
    let caller = served.as_ref().and_then(|served| served.caller.as_ref());
    let gate = request.app_data::<Data<Gate>>();
    let line = Line {
        started,
        method: request.method().to_string(),
        path: request.path().to_owned(),
        status: answer.status(),
        client: gate.map(|gate| gate.client(request).to_string()).unwrap_or_default(),
        user: caller.map(|caller| caller.user.to_string()).unwrap_or_default(),
        trace: web::trace_of(request).id(),
        service: served.map_or_else(|| Arc::from("gateway"), |served| served.service),
        bytes: 0,
    };
    Ok(answer.map_body(|_, body| BoxBody::new(Counted { body: body.boxed(), line })))
}

/// A line to be; written when the body it counts is dropped, which is when it was sent or given up.
struct Line {
    started: Instant,
    method: String,
    path: String,
    status: StatusCode,
    client: String,
    user: String,
    trace: String,
    service: Arc<str>,
    bytes: usize,
}

impl Drop for Line {
    fn drop(&mut self) {
        tracing::info!(
            target: "access",
            method = self.method,
            path = self.path,
            status = self.status.as_u16(),
            bytes = self.bytes,
            ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            service = &*self.service,
            client = self.client,
            user = self.user,
            trace_id = self.trace,
            "request"
        );
    }
}

struct Counted {
    body: BoxBody,
    line: Line,
}

impl MessageBody for Counted {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        let chunk = Pin::new(&mut this.body).poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &chunk {
            this.line.bytes += bytes.len();
        }
        chunk
    }
}
