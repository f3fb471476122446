//! Making what the file names. Everything is known by its external key; what is there already is left as it is.

use std::collections::BTreeMap;

use contracts::adoption::{AssignmentView, PlanView};
use contracts::catalog::{AttributeView, CustomDataType, SolutionView};
use kernel::{AssignmentId, Page, PlanId, ProductId};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Result;
use super::api::Api;
use super::catalogue::{Assignment, Catalogue, Customer, Owner, Part, SolutionAssignment, Task};
use super::eligibility::eligible;
use super::feed::Feed;
use super::holdings::{holdings, with_choices_of_parts};

/// Ids by the file's keys.
#[derive(Default)]
pub(super) struct Ids<'a> {
    products: BTreeMap<&'a str, ProductId>,
    solutions: BTreeMap<&'a str, Uuid>,
    outcomes: BTreeMap<&'a str, Uuid>,
    releases: BTreeMap<&'a str, Uuid>,
}

/// A plan of the platform with what the file says of it.
pub(super) struct Plan<'a> {
    pub(super) id: PlanId,
    pub(super) assignment: AssignmentId,
    pub(super) customer: &'a str,
    pub(super) name: &'a str,
    pub(super) tasks: Vec<&'a Task>,
    pub(super) feed: Feed<'a>,
}

/// The id is all we need of most rows.
#[derive(Deserialize)]
struct Made {
    id: Uuid,
}

/// Makes the products and the solutions with everything that hangs on them.
pub(super) async fn catalogue<'a>(api: &mut Api<'_>, catalogue: &'a Catalogue) -> Result<Ids<'a>> {
    let mut ids = Ids::default();
    for product in &catalogue.products {
        let id = owner(api, "/catalog/v1/products", product, &mut ids).await?;
        ids.products.insert(&product.key, ProductId(id));
    }
    for solution in &catalogue.solutions {
        let id = owner(api, "/catalog/v1/solutions", solution, &mut ids).await?;
        bundle(api, id, solution, &ids).await?;
        ids.solutions.insert(&solution.key, id);
    }
    Ok(ids)
}

async fn owner<'a>(api: &mut Api<'_>, collection: &str, owner: &'a Owner, ids: &mut Ids<'a>) -> Result<Uuid> {
    let before = api.made;
    let Owner {
        key,
        name,
        description,
        resources,
        licenses,
        outcomes,
        releases,
        custom_attributes,
        products: _,
        tasks,
    } = owner;
    let resources = resources.as_deref().unwrap_or_default();
    let body = json!({ "externalKey": key, "name": name, "description": description, "resources": resources });
    let Made { id } = api.ensure(collection, key, &body).await?;
    let under = format!("{collection}/{id}");
    parts(api, &format!("{under}/licenses"), licenses).await?;
    ids.outcomes.extend(parts(api, &format!("{under}/outcomes"), outcomes).await?);
    ids.releases.extend(parts(api, &format!("{under}/releases"), releases).await?);
    for (name, value) in custom_attributes {
        custom_attribute(api, &format!("{under}/custom-attributes"), key, name, value).await?;
    }
    // Each is made at the end of the line.
    let mut in_order: Vec<&Task> = tasks.iter().collect();
    in_order.sort_by_key(|task| task.sequence_number);
    for task in in_order {
        self::task(api, &format!("{under}/tasks"), task, ids).await?;
    }
    api.tell(&format!("{name}: {} tasks weigh {}; {}", tasks.len(), owner.weight(), made(api.made - before)));
    Ok(id)
}

fn made(rows: usize) -> String {
    if rows == 0 { "all of it was there".to_owned() } else { format!("made {rows} rows") }
}

fn counted(rows: usize, noun: &str) -> String {
    format!("{rows} {noun}{}", if rows == 1 { "" } else { "s" })
}

async fn parts<'a>(api: &mut Api<'_>, collection: &str, parts: &'a [Part]) -> Result<Vec<(&'a str, Uuid)>> {
    let mut ids = Vec::with_capacity(parts.len());
    for part in parts {
        let Made { id } = api.ensure(collection, &part.key, &json!(part)).await?;
        ids.push((part.key.as_str(), id));
    }
    Ok(ids)
}

/// In the file these have a name, but no key.
async fn custom_attribute(api: &mut Api<'_>, collection: &str, owner: &str, name: &str, value: &Value) -> Result<()> {
    let data_type = match value {
        Value::String(_) => CustomDataType::Text,
        Value::Number(_) => CustomDataType::Number,
        Value::Bool(_) => CustomDataType::Boolean,
        Value::Null | Value::Array(_) | Value::Object(_) => CustomDataType::Json,
    };
    let key = format!("{owner}/{name}");
    let body = json!({ "externalKey": key, "key": name, "value": value, "dataType": data_type });
    api.ensure::<Made>(collection, &key, &body).await.map(drop)
}

async fn task(api: &mut Api<'_>, collection: &str, task: &Task, ids: &Ids<'_>) -> Result<()> {
    let body = json!({
        "externalKey": task.key,
        "name": task.name,
        "description": task.description,
        "notes": task.notes,
        "weight": task.weight,
        "licenseLevel": task.license_level,
        "estMinutes": task.est_minutes,
        "howToDoc": task.how_to_doc,
        "howToVideo": task.how_to_video,
        "outcomeIds": chosen(&task.outcomes, &ids.outcomes),
        "releaseIds": chosen(&task.releases, &ids.releases),
    });
    let Made { id } = api.ensure(collection, &task.key, &body).await?;
    let collection = format!("/catalog/v1/tasks/{id}/telemetry-attributes");
    let known: Page<AttributeView> = api.get(&collection, &[("limit", "200")]).await?;
    for attribute in &task.telemetry_attributes {
        if !known.items.iter().any(|known| known.name == attribute.name) {
            api.make::<Made>(&collection, &json!(attribute)).await?;
        }
    }
    Ok(())
}

/// Those that are chosen, by id; every key of a catalogue is known.
fn chosen<'a, T: Copy>(keys: &'a [String], ids: &'a BTreeMap<&str, T>) -> Vec<T> {
    keys.iter().filter_map(|key| ids.get(key.as_str())).copied().collect()
}

async fn bundle(api: &mut Api<'_>, id: Uuid, solution: &Owner, ids: &Ids<'_>) -> Result<()> {
    let path = format!("/catalog/v1/solutions/{id}");
    let products = chosen(&solution.products, &ids.products);
    let known: SolutionView = api.get(&path, &[]).await?;
    if known.product_ids != products {
        api.put::<SolutionView>(&format!("{path}/products"), &json!({ "productIds": products })).await?;
    }
    Ok(())
}

/// Makes the customers and assigns their products, each with its plan, and then their solutions, which take products in.
pub(super) async fn customers<'a>(api: &mut Api<'_>, catalogue: &'a Catalogue, ids: &Ids<'a>) -> Result<Vec<Plan<'a>>> {
    let mut plans = Vec::new();
    for customer in &catalogue.customers {
        let Customer { key, name, description, products, solutions } = customer;
        let before = api.made;
        let body = json!({ "externalKey": key, "name": name, "description": description });
        let Made { id } = api.ensure("/adoption/v1/customers", key, &body).await?;
        let collection = format!("/adoption/v1/customers/{id}/assignments");
        let holdings = holdings(customer, catalogue);
        for holding in &holdings {
            let assignment = holding.assignment;
            let (view, plan) = assign(api, &collection, key, assignment, ids).await?;
            let product = catalogue.product(&assignment.product);
            let tasks = product.map(|product| eligible(product, &holding.in_the_end())).unwrap_or_default();
            plans.push(Plan {
                id: plan,
                assignment: view.id,
                customer: name,
                name: &assignment.name,
                feed: Feed::of(&tasks, plans.len(), view.created_at),
                tasks,
            });
        }
        for solution in solutions {
            assign_solution(api, &collection, &with_choices_of_parts(solution, &holdings), ids).await?;
        }
        let (of_products, of_solutions) = (counted(products.len(), "plan"), counted(solutions.len(), "solution plan"));
        api.tell(&format!("{name}: {of_products}, {of_solutions}; {}", made(api.made - before)));
    }
    Ok(plans)
}

async fn assign(
    api: &mut Api<'_>,
    collection: &str,
    customer: &str,
    assignment: &Assignment,
    ids: &Ids<'_>,
) -> Result<(AssignmentView, PlanId)> {
    // In the file assignments have a name, but no key.
    let key = format!("{customer}/{}", assignment.name);
    let body = json!({
        "externalKey": key,
        "productId": ids.products.get(assignment.product.as_str()),
        "name": assignment.name,
        "licenseLevel": assignment.license_level,
        "outcomeIds": chosen(&assignment.selected_outcomes, &ids.outcomes),
        "releaseIds": chosen(&assignment.selected_releases, &ids.releases),
    });
    let view: AssignmentView = api.ensure(collection, &key, &body).await?;
    let plan = match view.plan_id {
        Some(plan) => plan,
        None => api.make::<PlanView>(&format!("/adoption/v1/assignments/{}/plan", view.id), &json!({})).await?.id,
    };
    Ok((view, plan))
}

/// It comes with its plans.
async fn assign_solution(
    api: &mut Api<'_>,
    collection: &str,
    SolutionAssignment { key, name, solution, license_level, selected_outcomes, selected_releases }: &SolutionAssignment,
    ids: &Ids<'_>,
) -> Result<()> {
    let body = json!({
        "externalKey": key,
        "solutionId": ids.solutions.get(solution.as_str()),
        "name": name,
        "licenseLevel": license_level,
        "outcomeIds": chosen(selected_outcomes, &ids.outcomes),
        "releaseIds": chosen(selected_releases, &ids.releases),
    });
    api.ensure::<Made>(collection, key, &body).await.map(drop)
}
