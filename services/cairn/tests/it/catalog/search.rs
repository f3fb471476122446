//! Search over the whole catalog.

use serde_json::{Value, json};
use testkit::Client;

use super::{column, id, made, product, solution};
use crate::grants::{again, grant, onlooker};
use crate::support::on_stage;

async fn found(who: &Client, query: &str) -> Vec<Value> {
    column(&who.get(&format!("/catalog/v1/search?{query}")).await, "name")
}

#[test]
fn everything_is_found_by_its_name_or_description_wherever_it_hangs() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (gate, office) = (product(admin, "Harbour Gate").await, solution(admin, "Branch Office").await);
        let described = |name: &str| json!({ "name": name, "description": "Opens the Harbour, step by step" });
        let task = made(admin, &format!("{gate}/tasks"), &described("Connect")).await;
        for part in ["licenses", "outcomes", "releases", "tags"] {
            made(admin, &format!("{office}/{part}"), &described(&format!("Some {part}"))).await;
        }
        made(admin, &format!("{gate}/custom-attributes"), &json!({ "key": "harbourMaster", "value": 1 })).await;
        let attribute = json!({ "name": "harbour users", "dataType": "NUMBER" });
        let attribute = made(admin, &format!("{task}/telemetry-attributes"), &attribute).await;

        let all = admin.get("/catalog/v1/search?q=HARB").await;
        let mut kinds = column(&all, "kind");
        assert_eq!(kinds.first(), Some(&json!("PRODUCT")), "a name counts for more");
        kinds.sort_by_key(ToString::to_string);
        let expected =
            ["CUSTOM_ATTRIBUTE", "LICENSE", "OUTCOME", "PRODUCT", "RELEASE", "TAG", "TASK", "TELEMETRY_ATTRIBUTE"];
        assert_eq!(kinds, expected);
        let only = admin.get("/catalog/v1/search?q=harbour%20user&kind=TELEMETRY_ATTRIBUTE&kind=TAG").await;
        let row = &only.expect(200).body["items"][0];
        assert_eq!((&row["id"], &row["taskId"]), (&json!(id(&attribute)), &json!(id(&task))));
        assert_eq!((&row["productId"], &row["ownerName"]), (&json!(id(&gate)), &json!("Harbour Gate")));
        let step = admin.get("/catalog/v1/search?q=open&kind=TASK").await;
        assert_eq!(step.body["items"][0]["excerpt"], "Opens the Harbour, step by step");

        let patch = json!({ "name": "Sea Gate" });
        admin.patch(&gate, None, &patch).await.expect(200);
        assert_eq!(found(admin, "q=harbour&kind=PRODUCT").await, [Value::Null; 0]);
        assert_eq!(found(admin, "q=gate%20sea").await, ["Sea Gate"]);
        admin.delete(&task).await.expect(204);
        assert_eq!(found(admin, "q=harbour&kind=TASK&kind=TELEMETRY_ATTRIBUTE").await, [Value::Null; 0]);
        admin.delete(&office).await.expect(204);
        assert_eq!(found(admin, "q=harbour").await, ["harbourMaster"], "what hangs on something deleted is not found");
        admin.post(&format!("{office}/restore"), &json!({})).await.expect(200);
        assert_eq!(found(admin, "q=harbour").await.len(), 5);
    });
}

#[test]
fn what_is_misspelt_is_found_when_nothing_else_is() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        product(admin, "Harbour Gateway").await;
        product(admin, "Ship Radio").await;
        assert_eq!(found(admin, "q=harbor%20gatway").await, ["Harbour Gateway"]);
        assert_eq!(found(admin, "q=hrabour").await, ["Harbour Gateway"]);
        assert_eq!(found(admin, "q=submarine").await, [Value::Null; 0]);
        // Operators are words like others.
        for odd in ["%7C", "!!", "a%27b", "%5C%5C", "%28%28", "%3A*", "%26%26"] {
            assert_eq!(found(admin, &format!("q=x{odd}%20{odd}{odd}")).await, [Value::Null; 0], "{odd}");
        }
        for wrong in ["q=", "q=x", "q=a%0Ab"] {
            admin.get(&format!("/catalog/v1/search?{wrong}")).await.expect_problem(422, "CONTENT_INVALID");
        }
    });
}

#[test]
fn what_is_found_comes_in_pages() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        for number in 0..7 {
            product(admin, &format!("Gate {number}")).await;
        }
        for said in ["gate", "gaet"] {
            let (mut seen, mut next) = (Vec::new(), String::new());
            loop {
                let page = admin.get(&format!("/catalog/v1/search?q={said}&limit=3{next}")).await;
                seen.extend(column(&page, "name"));
                let Some(cursor) = page.body["nextCursor"].as_str() else { break };
                next = format!("&cursor={cursor}");
            }
            seen.sort_by_key(ToString::to_string);
            let expected: Vec<Value> = (0..7).map(|number| json!(format!("Gate {number}"))).collect();
            assert_eq!(seen, expected, "{said}");
        }
        let page = admin.get("/catalog/v1/search?q=gate&limit=3").await;
        let other = format!("/catalog/v1/search?q=gat&limit=3&cursor={}", page.body["nextCursor"].as_str().unwrap());
        admin.get(&other).await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn nobody_finds_what_they_may_not_see() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        product(admin, "Sea Gate").await;
        made(admin, &format!("{gate}/tasks"), &json!({ "name": "Open the gate" })).await;
        let stranger = stage.another_tenant().await;
        assert_eq!(found(&stranger, "q=gate").await, [Value::Null; 0]);
        assert_eq!(found(&stranger, "q=gaet").await, [Value::Null; 0]);
        let (_, kim) = onlooker(admin, "kim").await;
        grant(admin, ("USER", &kim), ("PRODUCT", Some(id(&gate))), "READ").await.expect(201);
        let kim = again(admin, "kim").await;
        kim.get_until(&gate, |answer| answer.status == 200).await.expect(200);
        assert_eq!(found(&kim, "q=gate").await, ["Harbour Gate", "Open the gate"]);
        assert_eq!(found(&kim, "q=sea").await, [Value::Null; 0]);
    });
}
