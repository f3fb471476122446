//! WebSockets, passed through: the handshake is a request like any other, and what follows it flows both ways until one side
//! ends it, nothing has been said for two minutes, or the caller's token no longer counts.

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONNECTION, UPGRADE};
use actix_web::http::{Method, StatusCode, Version};
use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, HttpResponse, rt};
use auth::Principal;
use futures_util::{StreamExt, stream};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http::Response;
use hyper_util::rt::TokioIo;
use kernel::Problem;
use kernel::problem::UPSTREAM_FAILED;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, timeout};
use web::{Context, PassedOn};

use crate::body::Inbound;
use crate::question::{Question, late, tells_of_failure};
use crate::table::Service;
use crate::upstream::Client;
use crate::{answer, headers};

const LONGEST_SILENCE: Duration = Duration::from_secs(120);
/// How often the token and the silence are looked at.
const WATCH: Duration = Duration::from_secs(5);
const PIECE: usize = 16 * 1024;
/// Pieces under way to the client.
const IN_FLIGHT: usize = 4;

/// Who comes, with which request.
pub(crate) struct Visit<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) address: IpAddr,
    pub(crate) caller: Option<Arc<Principal>>,
    pub(crate) context: &'a Context,
}

/// Whether a request is the handshake of a WebSocket.
pub(crate) fn is_asked(request: &HttpRequest) -> bool {
    let named = |name, word: &str| {
        let lines = request.headers().get_all(name).filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|option| option.trim().eq_ignore_ascii_case(word))
    };
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && named(UPGRADE, "websocket")
        && named(CONNECTION, "upgrade")
}

impl Visit<'_> {
    /// Passes the handshake on. When the service agrees, the connection is the two sides' own.
    pub(crate) async fn open(
        self,
        payload: Payload,
        client: &Client,
        service: &Service,
    ) -> Result<HttpResponse, Problem> {
        let mut onward = headers::onward(self.request, self.address, None);
        onward.insert(hyper::header::CONNECTION, HeaderValue::from_static("upgrade"));
        onward.insert(hyper::header::UPGRADE, HeaderValue::from_static("websocket"));
        let question = Question::new(self.request, onward)?;
        let (agreed, mut attempt) = question.ask(Inbound::Whole(Bytes::new()), client, service).await?;
        let status = agreed.status().as_u16();
        attempt.settle(!tells_of_failure(status));
        if status != StatusCode::SWITCHING_PROTOCOLS.as_u16() {
            return answer::reply(agreed, false, service.request_timeout).await;
        }
        self.join(payload, agreed, service.request_timeout).await
    }

    async fn join(
        self,
        payload: Payload,
        mut agreed: Response<Incoming>,
        wait: Duration,
    ) -> Result<HttpResponse, Problem> {
        let upgraded = timeout(wait, hyper::upgrade::on(&mut agreed)).await.map_err(|_| late(wait))?;
        let upgraded = upgraded
            .map_err(|error| UPSTREAM_FAILED.detail("The service did not open the WebSocket.").because(error))?;
        let (to_client, from_service) = mpsc::channel(IN_FLIGHT);
        let (context, caller) = (self.context.clone(), self.caller);
        rt::spawn(async move {
            let active = Cell::new(Instant::now());
            tokio::select! {
                () = flow(payload, TokioIo::new(upgraded), to_client, &active) => {}
                () = context.stop.cancelled() => {}
                () = watch(&context, caller.as_deref(), &active) => {}
            }
        });
        let pieces = stream::unfold(from_service, |mut pieces: mpsc::Receiver<Bytes>| async {
            pieces.recv().await.map(|piece| (Ok::<_, actix_web::Error>(piece), pieces))
        });
        let mut response = HttpResponse::SwitchingProtocols().upgrade("websocket").streaming(pieces);
        headers::back(agreed.headers(), response.headers_mut());
        response.extensions_mut().insert(PassedOn);
        Ok(response)
    }
}

/// Carries what is said, each way at the pace of the slower side.
async fn flow(
    mut payload: Payload,
    service: TokioIo<hyper::upgrade::Upgraded>,
    client: mpsc::Sender<Bytes>,
    active: &Cell<Instant>,
) {
    let (mut read, mut write) = tokio::io::split(service);
    let up = async {
        while let Some(Ok(piece)) = payload.next().await {
            active.set(Instant::now());
            if write.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    let down = async {
        loop {
            let mut piece = BytesMut::with_capacity(PIECE);
            if !read.read_buf(&mut piece).await.is_ok_and(|read| read > 0) {
                break;
            }
            active.set(Instant::now());
            if client.send(piece.freeze()).await.is_err() {
                break;
            }
        }
    };
    tokio::select! { () = up => {}, () = down => {} }
}

/// Ends when nothing was said for too long, or the caller may no longer be here.
async fn watch(context: &Context, caller: Option<&Principal>, active: &Cell<Instant>) {
    let mut ticks = interval(WATCH);
    loop {
        ticks.tick().await;
        let counts = caller.is_none_or(|caller| context.verifier.still_counts(caller, context.clock.now()).is_ok());
        if !counts || active.get().elapsed() > LONGEST_SILENCE {
            return;
        }
    }
}
