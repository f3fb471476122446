//! The stream of events, from the commit through the broker to the client.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::Client;
use tokio::time::timeout;

use crate::adoption::read_after;
use crate::grants::{again, grant, onlooker};
use crate::identity::{add_member, with_new_password};
use crate::support::on_stage;

const LONG: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(700);

/// An open stream.
struct Stream {
    answer: reqwest::Response,
    rest: String,
}

/// A frame: what a browser's `EventSource` gives a page.
#[derive(Debug)]
struct Frame {
    id: String,
    event: String,
    data: Value,
}

/// Opens a stream, once the gateway hears: one that is open when the broker comes is told to read anew.
async fn open(client: &Client, query: &str, last: Option<&str>) -> Stream {
    client.get_until("/readyz", |answer| answer.body["broker"] == true).await.expect(200);
    let request = client.request(Method::GET, &format!("/events{query}"));
    let request = last.map_or(request.try_clone().unwrap(), |last| request.header("last-event-id", last));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(answer.headers().contains_key("ratelimit"));
    let mut stream = Stream { answer, rest: String::new() };
    // The first beat: from here on everything is heard.
    while !stream.rest.starts_with(": ") && !stream.rest.contains("event: ") {
        stream.rest += std::str::from_utf8(&stream.answer.chunk().await.unwrap().unwrap()).unwrap();
    }
    stream
}

impl Stream {
    /// The next event; none when the stream has ended.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.rest.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.rest = rest;
                let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
                if frame.contains("event: ") {
                    let data = serde_json::from_str(field("data: ")).unwrap();
                    return Some(Frame { id: field("id: ").to_owned(), event: field("event: ").to_owned(), data });
                }
                continue;
            }
            let chunk = timeout(LONG, self.answer.chunk()).await.expect("something to hear").ok().flatten()?;
            self.rest += std::str::from_utf8(&chunk).unwrap();
        }
    }

    async fn hears(&mut self, event: &str) -> Frame {
        let frame = self.next().await.expect("the stream goes on");
        assert_eq!(frame.event, event, "{frame:?}");
        frame
    }

    /// Passes over everything until an event of this type.
    async fn comes_to(&mut self, event: &str) {
        while self.next().await.expect("the stream goes on").event != event {}
    }

    async fn has_ended(&mut self) {
        let next = self.next().await;
        assert!(next.is_none(), "heard {next:?}");
    }

    async fn is_silent(&mut self) {
        if let Ok(frame) = timeout(SILENCE, self.next()).await {
            panic!("heard {frame:?}");
        }
    }
}

async fn create(client: &Client, name: &str) -> String {
    client.post("/catalog/v1/products", &json!({ "name": name })).await.expect(201).id()
}

#[test]
fn each_hears_what_happens_in_their_tenant_and_what_they_may_read() {
    on_stage(async |stage| {
        let stranger = stage.another_tenant().await;
        let role = json!({ "name": "WATCHER", "permissions": ["adoption:customer:read"] });
        stage.admin.post("/identity/v1/roles", &role).await.expect(201);
        add_member(&stage.admin, "kim", &["WATCHER"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let mut all = open(&stage.admin, "?types=catalog.*.*&types=adoption.customer.created", None).await;
        let mut some = open(&kim, "", None).await;
        let mut others = open(&stranger, "?types=catalog.*.*", None).await;

        let product = create(&stage.admin, "Sea Gate").await;
        let frame = all.hears("catalog.product.created").await;
        assert_eq!(
            (frame.data["id"].as_str().unwrap(), frame.data["subject"].as_str().unwrap()),
            (&*frame.id, &*product)
        );
        assert_eq!((&frame.data["data"]["state"]["name"], frame.data.get("clientaddress")), (&json!("Sea Gate"), None));
        stage.admin.post("/adoption/v1/customers", &json!({ "name": "Rotterdam" })).await.expect(201);
        all.hears("adoption.customer.created").await;
        some.hears("adoption.customer.created").await;
        others.is_silent().await;
        create(&stranger, "Elsewhere").await;
        others.hears("catalog.product.created").await;
        all.is_silent().await;
        // Streams that are open do not hold the platform up when it stops.
    });
}

#[test]
fn who_comes_back_gets_what_was_missed() {
    on_stage(async |stage| {
        let mut stream = open(&stage.admin, "?types=catalog.product.*", None).await;
        create(&stage.admin, "One").await;
        let last = stream.hears("catalog.product.created").await.id;
        drop(stream);
        create(&stage.admin, "Two").await;
        create(&stage.admin, "Three").await;
        let mut witness = open(&stage.admin, "", None).await;
        create(&stage.admin, "Four").await;
        witness.hears("catalog.product.created").await;
        let mut stream = open(&stage.admin, "?types=catalog.product.*", Some(&last)).await;
        for name in ["Two", "Three", "Four"] {
            assert_eq!(stream.hears("catalog.product.created").await.data["data"]["state"]["name"], name);
        }
        for unknown in [kernel::EventId::fresh().to_string(), "nonsense".to_owned()] {
            let mut stream = open(&stage.admin, "?types=catalog.product.*", Some(&unknown)).await;
            stream.hears("reset").await;
            create(&stage.admin, &unknown).await;
            stream.hears("catalog.product.created").await;
        }
    });
}

#[test]
fn a_stream_ends_with_its_session() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let mut stream = open(&kim, "?types=catalog.*.*", None).await;
        create(&stage.admin, "Seen").await;
        stream.hears("catalog.product.created").await;
        kim.delete("/identity/v1/sessions/current").await.expect(204);
        kim.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        create(&stage.admin, "Unseen").await;
        stream.has_ended().await;
        kim.get("/events").await.expect_problem(401, "TOKEN_INVALID");
        stage.anonymous.get("/events").await.expect_problem(401, "TOKEN_MISSING");
        stage.admin.get("/events?types=nothing.like.this").await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn whom_grants_narrow_hears_of_what_they_were_granted_alone_while_it_is_granted() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let mut all = open(admin, "?types=identity.grant.*", None).await;
        let (_, kim_id) = onlooker(admin, "kim").await;
        let (mine, other) = (create(admin, "Mine").await, create(admin, "Other").await);
        let of_kim = ("USER", kim_id.as_str());
        let given = grant(admin, of_kim, ("PRODUCT", Some(&mine)), "READ").await;
        let kim = again(admin, "kim").await;
        let product = format!("/catalog/v1/products/{mine}");
        read_after(&kim, &given, &product).await.expect(200);
        all.comes_to("identity.grant.created").await;
        let mut stream = open(&kim, "", None).await;
        let task = json!({ "name": "Connect" });
        for product in [&other, &mine] {
            admin.post(&format!("/catalog/v1/products/{product}/tasks"), &task).await.expect(201);
        }
        assert_eq!(stream.hears("catalog.task.created").await.data["data"]["state"]["productId"], *mine);
        stream.is_silent().await;

        // Another grant, another stream.
        let mut customers = Vec::new();
        for name in ["Rotterdam", "Ghent"] {
            customers.push(admin.post("/adoption/v1/customers", &json!({ "name": name })).await.expect(201).id());
        }
        let more = grant(admin, of_kim, ("CUSTOMER", Some(&customers[0])), "READ").await;
        stream.has_ended().await;
        read_after(&kim, &more, &format!("/adoption/v1/customers/{}", customers[0])).await.expect(200);
        let mut stream = open(&kim, "", None).await;
        for customer in customers.iter().rev() {
            let change = json!({ "description": "Changed" });
            admin.patch(&format!("/adoption/v1/customers/{customer}"), None, &change).await.expect(200);
        }
        assert_eq!(stream.hears("adoption.customer.changed").await.data["subject"], *customers[0]);
        stream.is_silent().await;

        // What is taken back is silent, at once.
        admin.delete(&format!("/identity/v1/grants/{}", given.id())).await.expect(204);
        stream.has_ended().await;
        kim.get_until(&product, |answer| answer.status == 404).await.expect(404);
        let mut stream = open(&kim, "", None).await;
        admin.patch(&product, None, &json!({ "description": "Changed" })).await.expect(200);
        stream.is_silent().await;
    });
}
