//! The blueprint: what adoption makes a plan from.

use std::sync::Arc;

use auth::ServiceSigner;
use clients::{Caller, Catalog};
use contracts::catalog::OwnerId;
use kernel::{Actor, TenantId, Trace};
use serde_json::json;

use super::{id, made, product, task};
use crate::support::{Stage, on_stage};

fn catalog(stage: &Stage) -> Catalog {
    let config = &stage.platform.config;
    let signer = ServiceSigner::new(&config.keys, "adoption").unwrap();
    Catalog::new(Caller::new(Arc::new(signer), stage.clock.clone()), config.upstreams("catalog"))
}

#[test]
fn a_blueprint_shows_live_tasks_in_order_with_their_attributes_at_one_revision() {
    on_stage(async |stage| {
        let path = product(&stage.admin, "Gate").await;
        let outcome = made(&stage.admin, &format!("{path}/outcomes"), &json!({ "name": "O" })).await;
        let release = made(&stage.admin, &format!("{path}/releases"), &json!({ "name": "V" })).await;
        let (a, b) = (task(&stage.admin, &path, "A", 40.0).await, task(&stage.admin, &path, "B", 35.5).await);
        let gone = task(&stage.admin, &path, "Gone", 5.0).await;
        for (task, name, place) in [(&a, "second", 2), (&a, "first", 1), (&gone, "gone", 1)] {
            let body =
                json!({ "name": name, "dataType": "NUMBER", "displayOrder": place, "successCriteria": { "value": 1 } });
            made(&stage.admin, &format!("{task}/telemetry-attributes"), &body).await;
        }
        stage.admin.delete(&gone).await.expect(204);
        stage.admin.post(&format!("{path}/tasks/reorder"), &json!({ "taskIds": [id(&b), id(&a)] })).await.expect(200);

        let me = stage.admin.get("/identity/v1/me").await;
        let tenant: TenantId = serde_json::from_value(me.expect(200).body["tenantId"].clone()).unwrap();
        let who = Actor::service("adoption", tenant, Trace::start());
        let product_id = id(&path).parse().unwrap();
        let blueprint = catalog(&stage).blueprint(&who, OwnerId::Product(product_id)).await.unwrap().unwrap();
        let shown = stage.admin.get(&path).await;
        assert_eq!(json!(blueprint.owner)["product"], shown.body, "at the revision that the catalog shows");
        let steps: Vec<_> = blueprint.tasks.iter().map(|step| json!(step.task)).collect();
        assert_eq!(steps, [stage.admin.get(&b).await.body, stage.admin.get(&a).await.body]);
        let measured = |step: usize| -> Vec<&str> {
            blueprint.tasks[step].attributes.iter().map(|attribute| attribute.name.as_str()).collect()
        };
        assert_eq!((measured(0), measured(1)), (vec![], vec!["first", "second"]));
        assert_eq!(
            (json!(blueprint.outcome_ids), json!(blueprint.release_ids)),
            (json!([id(&outcome)]), json!([id(&release)]))
        );
        let outcomes = catalog(&stage).outcomes_of(&who, OwnerId::Product(product_id)).await.unwrap();
        assert_eq!(outcomes, Some(blueprint.outcome_ids));

        let stranger = Actor::service("adoption", TenantId::fresh(), Trace::start());
        assert!(catalog(&stage).blueprint(&stranger, OwnerId::Product(product_id)).await.unwrap().is_none());
        stage.admin.delete(&path).await.expect(204);
        assert!(catalog(&stage).blueprint(&who, OwnerId::Product(product_id)).await.unwrap().is_none());
        assert!(catalog(&stage).outcomes_of(&who, OwnerId::Product(product_id)).await.unwrap().is_none());
    });
}

#[test]
fn the_blueprint_is_for_services_only() {
    on_stage(async |stage| {
        let path = product(&stage.admin, "Gate").await;
        let internal = format!("/internal/catalog/v1/products/{}/blueprint", id(&path));
        stage.admin.get(&internal).await.expect_problem(404, "NOT_FOUND");
        let upstream = stage.platform.config.upstreams("catalog")[0].clone();
        let token = stage.admin.token.clone().unwrap();
        let past_the_gateway = testkit::Client::anonymous(&upstream).with_token(&token).get(&internal).await;
        past_the_gateway.expect_problem(401, "TOKEN_INVALID");
    });
}
