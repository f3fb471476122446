//! Request bodies. A small one is taken whole, so that it can be sent again; a larger one, or one of unknown length,
//! flows through a short channel: the service's pace becomes the client's.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::http::Version;
use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, rt};
use futures_util::StreamExt;
use futures_util::future::{FutureExt, LocalBoxFuture, Shared};
use hyper::body::{Body, Frame, SizeHint};
use kernel::Problem;
use kernel::problem::{REQUEST_MALFORMED, REQUEST_TIMEOUT, UPSTREAM_TIMEOUT};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::headers;

/// Up to here a body is kept until the answer has begun.
const SMALL: u64 = 64 * 1024;
/// How long a client may pause within a body, or a service in taking it.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a refusal may take to be written.
const ANSWERED_BY: Duration = Duration::from_secs(1);
/// Chunks under way between client and service.
const IN_FLIGHT: usize = 4;

/// A request's body before it is sent.
pub(crate) enum Inbound {
    /// Here already; also no body at all.
    Whole(Bytes),
    /// To be passed on as it comes.
    Flowing {
        /// What has come already.
        first: Option<Bytes>,
        /// What the client sends.
        payload: Payload,
        /// Its length, when the client has said.
        length: Option<u64>,
        /// The most that may come.
        limit: u64,
    },
}

/// A request's body as hyper takes it.
pub(crate) enum Outbound {
    /// Sent at once.
    Whole(Option<Bytes>),
    /// Sent as it comes.
    Flowing(mpsc::Receiver<Result<Bytes, Fault>>),
}

/// What can go wrong with a body on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the client sent nothing for too long")]
    Idle,
    #[error("the client went away")]
    Lost,
    #[error("the service took no more of the body")]
    Stalled,
}

/// How the body's journey ended; may be asked by several.
pub(crate) type Journey = Shared<LocalBoxFuture<'static, Result<(), Fault>>>;

impl Inbound {
    /// Takes the body of a request: a small one whole, any other to be passed on.
    pub(crate) async fn take(request: &HttpRequest, mut payload: Payload, limit: u64) -> Result<Self, Fault> {
        let length = headers::content_length(request.headers().get("content-length").map(|value| value.as_bytes()));
        match length {
            Some(length) if length > limit => Err(Fault::TooLarge(limit)),
            Some(length) if length > SMALL => Ok(Self::Flowing { first: None, payload, length: Some(length), limit }),
            None if headers::is_chunked(request) => Ok(Self::Flowing { first: None, payload, length: None, limit }),
            // HTTP/2 need not say beforehand whether there is a body.
            None if request.version() == Version::HTTP_2 => match next(&mut payload).await? {
                None => Ok(Self::Whole(Bytes::new())),
                first => Ok(Self::Flowing { first, payload, length: None, limit }),
            },
            None | Some(0) => Ok(Self::Whole(Bytes::new())),
            Some(_) => timeout(LONGEST_PAUSE, whole(&mut payload)).await.map_err(|_| Fault::Idle)?.map(Self::Whole),
        }
    }

    /// The length to announce; `None` is chunked. An empty body is not announced.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Whole(bytes) => u64::try_from(bytes.len()).ok().filter(|length| *length > 0),
            Self::Flowing { length, .. } => *length,
        }
    }

    /// Gives the body away to be sent. A whole body stays and can be given again; a flowing one is gone.
    pub(crate) fn send(&mut self) -> (Outbound, Option<Journey>) {
        match std::mem::replace(self, Self::Whole(Bytes::new())) {
            Self::Whole(bytes) => {
                *self = Self::Whole(bytes.clone());
                (Outbound::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())), None)
            }
            Self::Flowing { first, payload, limit, .. } => {
                let (sender, receiver) = mpsc::channel(IN_FLIGHT);
                let task = rt::spawn(flow(first, payload, limit, sender));
                let journey = async move { task.await.unwrap_or(Err(Fault::Lost)) };
                (Outbound::Flowing(receiver), Some(journey.boxed_local().shared()))
            }
        }
    }

    /// Whether the body can be sent once more.
    pub(crate) const fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }
}

/// Passes a body on until it ends, fails, or nobody wants more of it. A body that fails ends with its fault, never as if
/// it were complete.
async fn flow(
    mut first: Option<Bytes>,
    mut payload: Payload,
    limit: u64,
    to: mpsc::Sender<Result<Bytes, Fault>>,
) -> Result<(), Fault> {
    let mut left = limit;
    loop {
        let chunk = match first.take() {
            Some(chunk) => Ok(Some(chunk)),
            None => tokio::select! {
                () = to.closed() => return Ok(()),
                chunk = next(&mut payload) => chunk,
            },
        };
        let chunk = chunk.and_then(|chunk| {
            let Some(chunk) = chunk else { return Ok(None) };
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            left = left.checked_sub(length).ok_or(Fault::TooLarge(limit))?;
            Ok(Some(chunk))
        });
        match chunk {
            Ok(None) => return Ok(()),
            Ok(Some(chunk)) => match timeout(LONGEST_PAUSE, to.send(Ok(chunk))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ok(()),
                Err(_) => return Err(fail(Fault::Stalled, payload, to)),
            },
            Err(fault) => return Err(fail(fault, payload, to)),
        }
    }
}

/// Says that a body has failed to whoever reads it. The channel may be full: it must not close before that is read, or
/// half a body would pass for a whole one.
fn fail(fault: Fault, payload: Payload, to: mpsc::Sender<Result<Bytes, Fault>>) -> Fault {
    rt::spawn(async move { to.send(Err(fault)).await });
    refuse(payload);
    fault
}

/// Gives up a body that was not read to its end. It is held until its request has been answered: actix then closes the
/// connection, while a chunked body that it sees dropped it would read on for ever, however slowly it comes.
pub(crate) fn refuse(payload: Payload) {
    rt::spawn(async move {
        sleep(ANSWERED_BY).await;
        drop(payload);
    });
}

/// All of a small body. It has the time of one pause in a large one: nobody holds a place by a byte now and then.
async fn whole(payload: &mut Payload) -> Result<Bytes, Fault> {
    let Some(first) = next(payload).await? else { return Ok(Bytes::new()) };
    // Nearly always the one chunk is all there is, and needs no copy.
    let Some(second) = next(payload).await? else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    while let Some(chunk) = next(payload).await? {
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

async fn next(payload: &mut Payload) -> Result<Option<Bytes>, Fault> {
    match timeout(LONGEST_PAUSE, payload.next()).await {
        Err(_) => Err(Fault::Idle),
        Ok(None) => Ok(None),
        Ok(Some(chunk)) => chunk.map(Some).map_err(|_| Fault::Lost),
    }
}

impl Body for Outbound {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Flowing(receiver) => receiver.poll_recv(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
            }
            Self::Flowing(_) => SizeHint::default(),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLarge(limit) => web::refusals::body_too_large(limit),
            Fault::Idle => REQUEST_TIMEOUT.detail("The body stopped arriving. Send the request again."),
            Fault::Stalled => {
                UPSTREAM_TIMEOUT.detail("The service took no more of the body. Try again shortly.").retry_after(2)
            }
            Fault::Lost => REQUEST_MALFORMED.detail("The body ended too early or cannot be read."),
        }
    }
}
