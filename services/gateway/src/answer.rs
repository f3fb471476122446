//! A service's answer on its way to the client.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::http::Response;
use kernel::Problem;
use kernel::problem::UPSTREAM_FAILED;
use tokio::time::timeout;
use web::PassedOn;

use crate::headers;
use crate::question::late;

/// Up to here an answer is awaited whole: one that breaks off becomes a 502 instead of half a 200.
const SMALL: u64 = 64 * 1024;

/// The service's answer as ours.
pub(crate) async fn reply(answer: Response<Incoming>, to_head: bool, wait: Duration) -> Result<HttpResponse, Problem> {
    let (head, body) = answer.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).map_err(Problem::internal)?;
    let length = headers::content_length(head.headers.get(hyper::header::CONTENT_LENGTH).map(|value| value.as_bytes()));
    let mut reply = match length {
        // The length is of what GET would answer.
        Some(length) if to_head => {
            let nothing = futures_util::stream::empty::<Result<_, hyper::Error>>();
            HttpResponse::with_body(status, SizedStream::new(length, nothing)).map_into_boxed_body()
        }
        Some(length) if length <= SMALL => {
            let whole = timeout(wait, body.collect()).await.map_err(|_| late(wait))?;
            let whole =
                whole.map_err(|error| UPSTREAM_FAILED.detail("The service's answer broke off.").because(error))?;
            HttpResponse::with_body(status, whole.to_bytes()).map_into_boxed_body()
        }
        Some(length) => {
            HttpResponse::with_body(status, SizedStream::new(length, body.into_data_stream())).map_into_boxed_body()
        }
        None if to_head || hyper::body::Body::is_end_stream(&body) => HttpResponse::new(status),
        None => HttpResponse::with_body(status, BodyStream::new(body.into_data_stream())).map_into_boxed_body(),
    };
    headers::back(&head.headers, reply.headers_mut());
    reply.extensions_mut().insert(PassedOn);
    Ok(reply)
}
