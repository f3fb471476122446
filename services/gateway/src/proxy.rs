//! Passing a request on, in the order in which it may still be refused: is there such a service, may the caller ask, how
//! often, how much; then to one server after the other until one answers.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use auth::Principal;
use kernel::Problem;
use kernel::problem::NOT_FOUND;
use web::{Answer, Failure};

use crate::access::Served;
use crate::body::Inbound;
use crate::gate::Gate;
use crate::limits::Standing;
use crate::question::{Question, tells_of_failure};
use crate::table::Service;
use crate::upstream::Client;
use crate::{answer, body, headers, path, session, websocket};

const READ_AFTER: &str = "cairn-read-after";

/// Everything that the gateway does not answer itself.
pub(crate) async fn pass_on(request: HttpRequest, payload: Payload, gate: Data<Gate>, client: Data<Client>) -> Answer {
    let (method, path) = (request.method().as_str(), request.path());
    let Some(service) = gate.table.service(path::service(path)) else {
        return Err(NOT_FOUND.detail("There is no such service. The API is described at /openapi.json.").into());
    };
    let address = gate.client(&request);
    let (found, open) = (gate.contract.find(method, path), service.opens(method, path));
    // OPTIONS tells no more than the contract does.
    let is_public = open || found.is_public() || request.method() == Method::OPTIONS;
    let (standing, admitted) = admit(&request, &gate, is_public, address).await;
    let refused = |problem| Failure::from(problem).error_response();
    let caller = admitted.as_ref().ok().cloned().flatten();
    request.extensions_mut().insert(Served { service: Arc::clone(&service.name), caller: caller.clone() });
    let checked = admitted.and_then(|_| session::check(&request, caller.as_deref(), &gate));
    let refusal = match checked.and_then(|()| service.count()) {
        Err(problem) => Some(refused(problem)),
        Ok(()) if open || !gate.context.config.gateway.check_requests => None,
        Ok(()) => gate.contract.refuse(&request, &found, caller.as_deref()),
    };
    let mut answer = match refusal {
        None if websocket::is_asked(&request) => {
            let visit = websocket::Visit { request: &request, address, caller, context: &gate.context };
            visit.open(payload, &client, &service).await.unwrap_or_else(refused)
        }
        None => forward(&request, payload, &client, &service, address).await.unwrap_or_else(refused),
        Some(refusal) => {
            if headers::is_chunked(&request) {
                body::refuse(payload);
            }
            refusal
        }
    };
    standing.tell(answer.headers_mut());
    Ok(answer)
}

/// Who asks, and whether they may ask now. A token that does not count is charged to the address it came from.
async fn admit<'a>(
    request: &HttpRequest,
    gate: &'a Gate,
    is_public: bool,
    address: IpAddr,
) -> (Standing<'a>, Result<Option<Arc<Principal>>, Problem>) {
    if is_public {
        let standing = gate.limits.count_address(address);
        let allowed = standing.check().map(|()| None);
        return (standing, allowed);
    }
    match web::authenticate(request).await {
        Ok(caller) => {
            let standing = gate.limits.count(&caller, request.path());
            let allowed = standing.check().map(|()| Some(caller));
            (standing, allowed)
        }
        Err(problem) => {
            let standing = gate.limits.count_address(address);
            let allowed = standing.check().and(Err(problem));
            (standing, allowed)
        }
    }
}

async fn forward(
    request: &HttpRequest,
    payload: Payload,
    client: &Client,
    service: &Service,
    address: IpAddr,
) -> Result<HttpResponse, Problem> {
    let body = Inbound::take(request, payload, service.body_limit).await?;
    let question = Question::new(request, headers::onward(request, address, body.length()))?;
    let (answer, mut attempt) = question.ask(body, client, service).await?;
    let answer = answer::reply(answer, request.method() == Method::HEAD, service.request_timeout).await;
    // A reader that wants to see what is not there yet is told to wait, by a server that is well.
    let waits = request.headers().contains_key(READ_AFTER);
    let status = answer.as_ref().map_or_else(|problem| problem.kind().status, |answer| answer.status().as_u16());
    attempt.settle(!tells_of_failure(status) || (status == 503 && waits));
    answer
}
