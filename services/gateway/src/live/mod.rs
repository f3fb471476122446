//! `GET /events`: what changes in a tenant, while it changes, as server-sent events.

mod hub;
mod reach;
mod told;
mod types;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpRequest, HttpResponse};
use auth::Principal;
use futures_util::stream;
use kernel::Problem;
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa::OpenApi;
use web::{Answer, Context};

pub(crate) use self::hub::Hub;
use self::hub::Subscription;
use self::reach::{Question, Reach};
use self::told::Interest;
use self::types::Types;
use crate::gate::Gate;
use crate::quotas::Quotas;
use crate::visitor;

/// Proxies and clients that hear nothing for longer may take a connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
const BEAT: Bytes = Bytes::from_static(b": \n\n");
const LAST_EVENT_ID: &str = "last-event-id";
/// nginx would hold the frames back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What the gateway answers itself and callers build upon.
#[derive(OpenApi)]
#[openapi(paths(open))]
pub(crate) struct Own;

/// Hear of changes
///
/// Server-sent events: every change in the tenant that the caller may read, from now on. `id` is the event's id, `event` its
/// type (`catalog.product.created`), `data` the CloudEvents JSON that the AsyncAPI document describes, without the address
/// of whoever made the change. A client that comes back within five minutes and names the last event it has read gets what it
/// missed; when that is not possible, or events may have been lost, an `event: reset` says that it must read anew. A comment
/// every 15 seconds keeps the connection alive. The stream ends with the token: open it again with a new one. Whom grants narrow
/// to some products, solutions and customers hears of these and of what names one of them, and not of telemetry attributes, which
/// name their task, and customer tasks, which name their plan; the stream ends when their grants may have changed. A client that
/// reads too slowly is disconnected.
#[utoipa::path(get, path = "/events", tag = "events", operation_id = "hear_events", security(("bearer" = ["identity:self:read"])),
    params(
        ("types" = Option<Vec<String>>, Query, description = "Only these types; `*` stands for one word, as in `catalog.product.*`."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was read."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream")))]
pub(crate) async fn open(request: HttpRequest, gate: Data<Gate>) -> Answer {
    let (caller, standing) = visitor::receive(&request, &gate).await?;
    let types = Types::read(request.query_string())?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, "text/event-stream"));
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((UNBUFFERED, "no"));
    let mut answer = if request.method() == Method::HEAD {
        answer.finish()
    } else {
        let last = request.headers().get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default());
        let doubt = Doubt::of(&request, &caller).await?;
        let reach = doubt.as_ref().map(|doubt| Arc::clone(&doubt.reach));
        let subscription = gate.hub.listen(Interest { caller: Arc::clone(&caller), types, reach }, last)?;
        answer.streaming(Feed::new(gate.context.clone(), caller, subscription, doubt).frames())
    };
    standing.tell(answer.headers_mut());
    Ok(answer)
}

/// One stream on its way.
struct Feed {
    context: Context,
    caller: Arc<Principal>,
    subscription: Subscription,
    beats: Interval,
    doubt: Option<Doubt>,
}

/// What grants let a caller hear of, which catalog and adoption may have said before they heard of the last grant: with the
/// second beat they are asked again.
struct Doubt {
    question: Question,
    reach: Arc<Reach>,
    beats: u8,
}

impl Doubt {
    /// Of a caller whom grants narrow; none of anybody else.
    async fn of(request: &HttpRequest, caller: &Principal) -> Result<Option<Self>, Problem> {
        let Some(question) = Question::of(request, caller)? else { return Ok(None) };
        let reach = Arc::new(question.ask().await?);
        Ok(Some(Self { question, reach, beats: 0 }))
    }

    /// Whether the answer still stands, as far as is known.
    async fn stands(&mut self) -> bool {
        self.beats = self.beats.saturating_add(1);
        self.beats != 2 || self.question.ask().await.is_ok_and(|reach| reach == *self.reach)
    }
}

impl Feed {
    fn new(context: Context, caller: Arc<Principal>, subscription: Subscription, doubt: Option<Doubt>) -> Self {
        let mut beats = interval(HEARTBEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { context, caller, subscription, beats, doubt }
    }

    fn frames(self) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
        stream::unfold(self, async |mut feed| feed.next().await.map(|frame| (Ok(frame), feed)))
    }

    /// The next frame; none when the hub has ended the stream, or the caller may hear no more.
    async fn next(&mut self) -> Option<Bytes> {
        let frame = match self.subscription.missed.pop_front() {
            Some(told) => told.frame.clone(),
            None => tokio::select! {
                biased;
                told = self.subscription.queue.recv() => told?.frame.clone(),
                _ = self.beats.tick() => {
                    if let Some(doubt) = &mut self.doubt
                        && !doubt.stands().await
                    {
                        return None;
                    }
                    BEAT
                }
            },
        };
        let counts = self.context.verifier.still_counts(&self.caller, self.context.clock.now());
        counts.ok().map(|()| frame)
    }
}

/// Hears every event of the platform until the gateway stops, and ends the streams then. The quotas hear what they go by.
pub(crate) async fn hear(context: Context, hub: Arc<Hub>, quotas: Arc<Quotas>) {
    let (ears, link, doubts) = (Arc::clone(&hub), Arc::clone(&hub), Arc::clone(&quotas));
    let listener = bus::Listener {
        name: "streams of events",
        bindings: &["#"],
        connected: Box::new(move |is_connected| {
            link.connected(is_connected);
            if is_connected {
                doubts.doubt(None);
            }
        }),
        hear: Box::new(move |event| {
            quotas.hear(&event);
            ears.tell(event);
        }),
    };
    bus::listen(context.config.broker.clone(), listener, context.stop.clone()).await;
    hub.close();
}
