//! What the gateway refuses by the contract, it refuses as the service would: in the same words, for the same people.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use crate::identity::{add_member, with_new_password};
use crate::support::on_stage;

/// A request that one of the two may refuse.
struct Wrong {
    method: Method,
    target: String,
    headers: &'static [(&'static str, &'static str)],
    body: Option<&'static str>,
}

#[test]
fn a_request_is_refused_in_the_same_words_at_the_gateway_and_behind_it() {
    on_stage(async |stage| {
        let contract = stage.anonymous.get("/openapi.json").await.body;
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let mut compared = 0;
        for (path, item) in contract["paths"].as_object().unwrap() {
            let service = path.split('/').nth(1).unwrap();
            if !kernel::config::SERVICES.contains(&service) {
                continue; // the gateway's own
            }
            let door = Client::anonymous(&stage.platform.config.upstreams(service).remove(0));
            for (method, operation) in item.as_object().unwrap() {
                // Without a token the gateway says no more than that.
                let public = operation["security"].as_array().is_none_or(Vec::is_empty);
                let callers = if public { vec![&stage.anonymous] } else { vec![&stage.admin, &kim] };
                for wrong in wrongs(path, method, operation) {
                    for caller in &callers {
                        let behind = caller.token.as_ref().map_or_else(|| door.clone(), |token| door.with_token(token));
                        let (here, there) = (ask(caller, &wrong).await, ask(&behind, &wrong).await);
                        assert_eq!(told(&here), told(&there), "{} {} {:?}", wrong.method, wrong.target, wrong.headers);
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 2_000, "{compared}");
    });
}

/// What can be wrong with an operation's requests.
fn wrongs(path: &str, method: &str, operation: &Value) -> Vec<Wrong> {
    let method: Method = method.to_uppercase().parse().unwrap();
    let of = |method: &Method, target: String| Wrong { method: method.clone(), target, headers: &[], body: None };
    let (good, bad) = (fill(path, &kernel::TenantId::fresh().to_string()), fill(path, "not-an-id"));
    let mut all = vec![of(&Method::OPTIONS, good.clone())];
    if operation["security"].as_array().is_some_and(|list| !list.is_empty()) {
        all.extend([of(&Method::TRACE, good.clone()), of(&method, format!("{good}/"))]);
    }
    if bad != good {
        all.push(of(&method, bad));
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query") {
        let name = parameter["name"].as_str().unwrap();
        for value in ["not+it", "-1", "99999999999", "maybe", "%00", "1&{}=2", "&unknown=1"] {
            let value = value.replace("{}", name);
            // What may be meant would be done, or answered with a page of its own.
            let required = parameter["required"] == true;
            let is_text = parameter["schema"]["type"] == "string" && parameter["schema"]["format"].is_null();
            if required || !is_text {
                all.push(of(&method, format!("{good}?{name}={value}")));
            }
        }
        all.push(of(&method, format!("{good}?unknown=1")));
        if parameter["required"] == true {
            all.push(of(&method, good.clone()));
        }
    }
    if operation["requestBody"].is_object() {
        let kinds: [&'static [_]; 4] = [
            &[("content-type", "text/plain")],
            &[],
            &[("content-type", "application/json"), ("content-encoding", "gzip")],
            &[("content-type", "Application/JSON; charset=utf-8")],
        ];
        let with = |headers| Wrong { method: method.clone(), target: good.clone(), headers, body: Some("no json") };
        all.extend(kinds.into_iter().map(with));
    }
    all
}

async fn ask(client: &Client, wrong: &Wrong) -> Response {
    let request = client.request(wrong.method.clone(), &wrong.target);
    let request = wrong.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = match wrong.body {
        Some(body) => send(request.body(body)).await,
        None => send(request).await,
    };
    if answer.status == 429 {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        return Box::pin(ask(client, wrong)).await;
    }
    answer
}

/// An answer without what differs from request to request.
fn told(answer: &Response) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().and_then(|body| body.remove("traceId"));
    if answer.status < 400 {
        body = Value::Null;
    }
    json!([answer.status, answer.header("content-type"), answer.header("allow"), body])
}

fn fill(path: &str, id: &str) -> String {
    path.split('/').map(|segment| if segment.starts_with('{') { id } else { segment }).collect::<Vec<_>>().join("/")
}
