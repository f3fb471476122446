//! The tail over HTTP.

use actix_web::HttpResponse;
use actix_web::get;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use actix_web::web::Data;
use clients::Adoption;
use db::Db;
use kernel::{AssignmentId, CustomerAttributeId};
use serde::Deserialize;
use web::{Allow, Answer, Context, Query};

use super::feed::Feed;
use super::room::Room;
use crate::access::{self, Thing};
use crate::permissions::ValueRead;

/// nginx would hold the frames back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Which values are shown.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TailQuery {
    /// Only those of this assignment.
    pub(super) assignment_id: Option<AssignmentId>,
    /// Only those of this attribute.
    pub(super) attribute_id: Option<CustomerAttributeId>,
}

/// Watch values come in
///
/// Server-sent events: every value that is accepted from now on, within a second or two; `event` is `value`, `data` the JSON
/// of the value with its assignment and attribute. Where more than 500 come at once, an `event: more` says that not all are
/// shown. A comment every half second keeps the connection alive. The stream ends with the token: open it again with a new one.
/// A tenant has at most five at a time; one that was closed counts for a few seconds more. A caller whom grants narrow to some
/// customers sees the values of these.
#[utoipa::path(tag = "values", params(TailQuery), security(("bearer" = [ValueRead::NAME])),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"), (status = 404, description = "There is no such assignment or attribute, or you may not see it."), (status = 429, description = "The tenant has five already.")))]
#[get("/values/tail")]
pub(super) async fn tail_values(
    who: Allow<ValueRead>,
    db: Data<Db>,
    (context, adoption): (Data<Context>, Data<Adoption>),
    room: Data<Room>,
    Query(query): Query<TailQuery>,
) -> Answer {
    let (assignment, attribute) =
        (query.assignment_id.map(Thing::Assignment), query.attribute_id.map(Thing::Attribute));
    for thing in assignment.into_iter().chain(attribute) {
        access::may(&who, &db, &adoption, thing).await?;
    }
    let seat = room.into_inner().take(who.tenant)?;
    let feed = Feed::open(seat, who, (**db).clone(), (**context).clone(), query).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, "text/event-stream"));
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((UNBUFFERED, "no"));
    Ok(answer.streaming(feed.frames()))
}
