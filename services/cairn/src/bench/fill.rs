//! What the platform holds while it is measured: twenty products of fifty tasks, each customer with a plan of one of them.
//!
//! Made through the API, as users make it. A thousand rows a table: enough for Postgres to choose its indexes.

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Outcome;
use super::platform::Platform;
use super::postgres::Postgres;

/// Each is assigned to one customer.
pub(super) const PRODUCTS: usize = 20;
/// Of a product, and so of a plan. Their weights sum to 100.
pub(super) const TASKS: usize = 50;
/// How many products are made at the same time.
const AT_ONCE: usize = 4;
/// Telemetry hears of the plans by event.
const HEARD_LIMIT: Duration = Duration::from_secs(60);

/// What there is to ask for.
pub(super) struct Content {
    plans: Vec<Plan>,
}

/// One product, assigned to one customer.
pub(super) struct Plan {
    pub(super) product: String,
    /// Its first.
    pub(super) task: String,
    plan: String,
    pub(super) assignment: String,
    /// One of each task.
    pub(super) attributes: Vec<String>,
}

impl Content {
    /// One task.
    pub(super) fn task(&self) -> String {
        format!("/catalog/v1/tasks/{}", self.one().task)
    }

    /// The fifty tasks of a product.
    pub(super) fn tasks(&self) -> String {
        self.one().tasks()
    }

    /// The fifty tasks of a plan.
    pub(super) fn plan_tasks(&self) -> String {
        format!("/adoption/v1/plans/{}/tasks", self.one().plan)
    }

    /// The plans that telemetry can be sent for.
    pub(super) fn plans(&self) -> &[Plan] {
        &self.plans
    }

    #[expect(clippy::indexing_slicing, reason = "`fill` makes twenty")]
    fn one(&self) -> &Plan {
        &self.plans[PRODUCTS / 2]
    }
}

impl Plan {
    /// The fifty tasks of its product.
    pub(super) fn tasks(&self) -> String {
        format!("/catalog/v1/products/{}/tasks?limit={TASKS}", self.product)
    }

    /// Where their order is changed.
    pub(super) fn reorder(&self) -> String {
        format!("/catalog/v1/products/{}/tasks/reorder", self.product)
    }
}

/// Fills the platform, and lets Postgres count what it has.
pub(super) async fn fill(platform: &Platform, postgres: &Postgres) -> Outcome<Content> {
    let token = platform.sign_in().await?;
    let makers = stream::iter(0..PRODUCTS).map(|number| plan(platform, &token, number));
    let plans = makers.buffered(AT_ONCE).try_collect().await?;
    postgres.run(&["analyze"]).await?;
    Ok(Content { plans })
}

async fn plan(platform: &Platform, token: &str, number: usize) -> Outcome<Plan> {
    let make = async |path: &str, body: Value| platform.post(path, token, body.to_string()).await;
    let product = id(&make("/catalog/v1/products", json!({ "name": format!("Harbour Gate {number}") })).await?)?;
    let mut first = None;
    for step in 1..=TASKS {
        let task = id(&make(&format!("/catalog/v1/products/{product}/tasks"), task(step)).await?)?;
        let attribute = json!({
            "name": "Gateways connected", "dataType": "NUMBER", "isRequired": true,
            "successCriteria": { "operator": ">=", "value": 10 },
        });
        make(&format!("/catalog/v1/tasks/{task}/telemetry-attributes"), attribute).await?;
        first.get_or_insert(task);
    }
    let made = assign(platform, token, &product, &format!("Northern Lines {number}")).await?;
    let assignment = id(&made)?;
    Ok(Plan {
        product,
        task: first.ok_or("a product without tasks")?,
        plan: text(&made, "planId")?,
        attributes: attributes(platform, token, &assignment).await?,
        assignment,
    })
}

/// A new customer with a plan of a product.
pub(super) async fn assign(platform: &Platform, token: &str, product: &str, customer: &str) -> Outcome<Value> {
    let made = platform.post("/adoption/v1/customers", token, json!({ "name": customer }).to_string()).await?;
    let path = format!("/adoption/v1/customers/{}/assignments", id(&made)?);
    let assignment = json!({ "productId": product, "name": "All ports", "licenseLevel": "SIGNATURE" });
    platform.post(&path, token, assignment.to_string()).await
}

/// A task of a product; the one after the fiftieth weighs nothing.
pub(super) fn task(step: usize) -> Value {
    json!({
        "name": format!("Connect gateway {step}"), "weight": if step > TASKS { 0 } else { 2 }, "licenseLevel": "ESSENTIAL", "estMinutes": 30,
        "description": "Rack it, power it, give it its address, and see it report to the console within five minutes.",
        "notes": "Ask for the serial number first.",
        "howToDoc": ["https://docs.example.com/harbour-gate/connect"],
    })
}

/// The attributes of an assignment as telemetry knows them, once it has heard of all.
async fn attributes(platform: &Platform, token: &str, assignment: &str) -> Outcome<Vec<String>> {
    let began = Instant::now();
    let path = format!("/telemetry/v1/attributes?assignmentId={assignment}&limit=200");
    while began.elapsed() < HEARD_LIMIT {
        let known = platform.ids(&path, token).await?;
        if known.len() == TASKS {
            return Ok(known);
        }
        sleep(Duration::from_millis(50)).await;
    }
    Err("telemetry does not hear of the plans".into())
}

fn id(made: &Value) -> Outcome<String> {
    text(made, "id")
}

fn text(made: &Value, name: &str) -> Outcome<String> {
    let text = made.get(name).and_then(Value::as_str);
    Ok(text.ok_or_else(|| format!("an answer without {name}: {made}"))?.to_owned())
}
