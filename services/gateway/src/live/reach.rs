//! What a caller sees whom grants narrow to some things: catalog and adoption say it, as their lists would.

use actix_web::HttpRequest;
use actix_web::web::Data;
use auth::{Principal, gives};
use clients::{Adoption, Catalog};
use contracts::Envelope;
use contracts::catalog::CatalogReach;
use contracts::identity::{GrantLevel, GrantedType, Scope};
use futures_util::future::try_join;
use kernel::{Problem, Secret};
use uuid::Uuid;

/// The products, solutions and customers whose events a caller may hear.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    catalog: CatalogReach,
    customers: Scope,
}

/// How to ask for a caller's reach again.
pub(crate) struct Question {
    catalog: Data<Catalog>,
    adoption: Data<Adoption>,
    token: Secret<String>,
}

impl Question {
    /// The question for a caller whom grants narrow; none for anybody else.
    pub(super) fn of(request: &HttpRequest, caller: &Principal) -> Result<Option<Self>, Problem> {
        let readable = || GrantedType::ALL.iter().flat_map(|on| gives(*on, GrantLevel::Read));
        if caller.granted.is_none() || readable().all(|permission| caller.permissions.allow(permission)) {
            return Ok(None);
        }
        let clients = (request.app_data::<Data<Catalog>>(), request.app_data::<Data<Adoption>>());
        let (Some(catalog), Some(adoption)) = clients else {
            return Err(Problem::internal("no clients of catalog and adoption in this app"));
        };
        let token = Secret::new(web::bearer(request)?.to_owned());
        Ok(Some(Self { catalog: catalog.clone(), adoption: adoption.clone(), token }))
    }

    pub(super) async fn ask(&self) -> Result<Reach, Problem> {
        let token = self.token.reveal();
        let (catalog, customers) = try_join(self.catalog.reach(token), self.adoption.reach(token)).await?;
        let nothing = || Scope::Some(Vec::new());
        Ok(Reach {
            catalog: catalog.unwrap_or_else(|| CatalogReach { products: nothing(), solutions: nothing() }),
            customers: customers.unwrap_or_else(nothing),
        })
    }
}

impl Reach {
    #[cfg(test)]
    pub(super) fn of_nothing() -> Self {
        let nothing = || Scope::Some(Vec::new());
        Self { catalog: CatalogReach { products: nothing(), solutions: nothing() }, customers: nothing() }
    }

    /// Whether an event about a thing may be heard that takes this permission to read.
    pub(super) fn includes(&self, (on, id): (GrantedType, Uuid), read: &str) -> bool {
        let scope = match on {
            GrantedType::Product => &self.catalog.products,
            GrantedType::Solution => &self.catalog.solutions,
            GrantedType::Customer => &self.customers,
        };
        gives(on, GrantLevel::Read).contains(&read) && scope.includes(id)
    }
}

/// What can be granted that an event is about: the thing itself, or the one that its noun names as its own. An attribute names
/// its task and a customer task its plan alone: of those nobody hears by a grant.
pub(super) fn about(event: &Envelope) -> Option<(GrantedType, Uuid)> {
    let named = |on, field: &str| Some((on, event.data.state.get(field)?.as_str()?.parse().ok()?));
    match event.key().rsplit_once('.')?.0 {
        "catalog.product" => Some((GrantedType::Product, event.subject)),
        "catalog.solution" => Some((GrantedType::Solution, event.subject)),
        "adoption.customer" => Some((GrantedType::Customer, event.subject)),
        noun if noun.starts_with("adoption.") => named(GrantedType::Customer, "customerId"),
        noun if noun.starts_with("catalog.") => {
            named(GrantedType::Product, "productId").or_else(|| named(GrantedType::Solution, "solutionId"))
        }
        _ => None,
    }
}

/// Whether an event may move what grants reach: a grant, or the products of a solution.
pub(super) fn is_moved_by(event: &Envelope) -> bool {
    let key = event.key();
    let changed = |field| event.data.changes.contains_key(field);
    key.starts_with("identity.grant.")
        || (key.starts_with("catalog.solution.")
            && (key.ends_with(".created") || changed("productIds") || changed("deletedAt")))
}

#[cfg(test)]
mod tests {
    use contracts::Payload;
    use kernel::{Clock, EventId, TenantId};
    use serde_json::{Value, json};

    use super::*;

    fn event(key: &str, state: Value, changes: &[&str]) -> Envelope {
        let change = json!({ "before": null, "after": null });
        let changes: serde_json::Map<_, _> =
            changes.iter().map(|field| ((*field).to_owned(), change.clone())).collect();
        let data: Payload<Value> = serde_json::from_value(json!({ "state": state, "changes": changes })).unwrap();
        serde_json::from_value(json!({
            "specversion": "1.0", "id": EventId::fresh(), "source": "/cairn/x", "type": format!("cairn.{key}.v1"),
            "subject": Uuid::nil(), "time": Clock::system().now(), "tenantid": TenantId::fresh(), "actorid": "a",
            "aggregateversion": 1, "traceparent": "t", "datacontenttype": "application/json", "data": data,
        }))
        .unwrap()
    }

    #[test]
    fn an_event_is_about_the_thing_that_it_hangs_on() {
        let (it, other) = (Uuid::nil(), Uuid::from_u128(7));
        for (key, state, expected) in [
            ("catalog.product.changed", json!({}), Some((GrantedType::Product, it))),
            ("catalog.solution.deleted", json!({}), Some((GrantedType::Solution, it))),
            ("catalog.task.created", json!({ "productId": other }), Some((GrantedType::Product, other))),
            (
                "catalog.tag.created",
                json!({ "productId": null, "solutionId": other }),
                Some((GrantedType::Solution, other)),
            ),
            ("catalog.telemetry-attribute.created", json!({ "taskId": other }), None),
            ("adoption.customer.created", json!({}), Some((GrantedType::Customer, it))),
            (
                "adoption.plan.created",
                json!({ "productId": it, "customerId": other }),
                Some((GrantedType::Customer, other)),
            ),
            ("adoption.customer-task.added", json!({ "planId": other }), None),
            ("identity.role.created", json!({ "productId": other }), None),
        ] {
            assert_eq!(about(&event(key, state, &[])), expected, "{key}");
        }
    }

    #[test]
    fn reach_is_moved_by_grants_and_bundles() {
        for (key, changes, moved) in [
            ("identity.grant.deleted", &[][..], true),
            ("catalog.solution.created", &[], true),
            ("catalog.solution.changed", &["productIds"], true),
            ("catalog.solution.deleted", &["deletedAt"], true),
            ("catalog.solution.changed", &["name"], false),
            ("catalog.product.created", &[], false),
        ] {
            assert_eq!(is_moved_by(&event(key, json!({}), changes)), moved, "{key}");
        }
    }

    #[test]
    fn a_reach_opens_what_its_things_give_to_be_read_and_no_more() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let catalog = CatalogReach { products: Scope::Some(vec![one]), solutions: Scope::Some(Vec::new()) };
        let reach = Reach { catalog, customers: Scope::All };
        for (on, id, read, heard) in [
            (GrantedType::Product, one, "catalog:product:read", true),
            (GrantedType::Product, other, "catalog:product:read", false),
            (GrantedType::Solution, one, "catalog:product:read", false),
            (GrantedType::Customer, other, "adoption:plan:read", true),
            (GrantedType::Customer, other, "identity:member:read", false),
        ] {
            assert_eq!(reach.includes((on, id), read), heard, "{on:?} {read}");
        }
    }
}
