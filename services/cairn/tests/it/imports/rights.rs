//! An import opens no door: what its caller may not do by single commands they may not do by a file.

use serde_json::{Value, json};

use super::{IMPORTS, changes, commit, exported, faults, full_product, upload_json};
use crate::adoption::read_after;
use crate::company::colleague;
use crate::grants::{again, grant, onlooker};
use crate::support::on_stage;

#[test]
fn who_holds_one_product_imports_that_and_makes_no_other() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let ours = full_product(admin, "Harbour Gate").await;
        let other = full_product(admin, "Sea Gate").await;
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let (kim, kim_id) = onlooker(admin, "kim").await;
        let file = exported(admin, &ours).await;
        upload_json(&kim, "", &file).await.expect_problem(403, "PERMISSION_DENIED");
        kim.get(&format!("{ours}/export")).await.expect_problem(403, "PERMISSION_DENIED");

        let read = grant(admin, ("USER", &kim_id), ("PRODUCT", Some(&id(&ours))), "READ").await;
        kim.get_until(&ours, |answer| answer.status == 401).await;
        let kim = again(admin, "kim").await;
        read_after(&kim, &read, &format!("{ours}/export?format=json")).await.expect(200);
        kim.get(&format!("{other}/export?format=json")).await.expect_problem(404, "NOT_FOUND");
        upload_json(&kim, "", &file).await.expect_problem(403, "PERMISSION_DENIED");

        let path = format!("/identity/v1/grants/{}", read.expect(201).id());
        let write = admin.patch(&path, None, &json!({ "level": "WRITE" })).await;
        read_after(&kim, &write, &ours).await.expect(200);
        let mut edited = file.clone();
        edited["tags"].as_array_mut().unwrap().push(json!({ "name": "Kim's" }));
        let uploaded = upload_json(&kim, "", &edited).await;
        assert_eq!(changes(&kim, &uploaded).await, ["CREATE tags/Kim's"]);
        assert_eq!(commit(&kim, &uploaded).await.expect(200).body["status"], "DONE");
        // Neither another one, nor a new one, whether or not the name is taken; nor by its id.
        for name in ["Sea Gate", "New Gate"] {
            edited["info"][0]["name"] = json!(name);
            upload_json(&kim, "", &edited).await.expect_problem(403, "PERMISSION_DENIED");
        }
        let solution = json!({ "kind": "SOLUTION", "info": [{ "name": "Office" }] });
        upload_json(&kim, "", &solution).await.expect_problem(403, "PERMISSION_DENIED");
        let tags = json!({ "tags": [{ "name": "x" }] });
        upload_json(&kim, &format!("?productId={}", id(&other)), &tags).await.expect_problem(404, "NOT_FOUND");

        // Taken back between dry run and commit, the right is gone, and with it what the import shows.
        let uploaded = upload_json(&kim, &format!("?productId={}", id(&ours)), &tags).await;
        uploaded.expect(201);
        let back = admin.patch(&path, None, &json!({ "level": "READ" })).await;
        let refused = read_after(&kim, &back, &format!("{IMPORTS}/{}", uploaded.id())).await;
        refused.expect_problem(403, "PERMISSION_DENIED");
        commit(&kim, &uploaded).await.expect_problem(403, "PERMISSION_DENIED");
    });
}

#[test]
fn a_bundle_is_given_and_cut_down_as_single_commands_allow() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (ours, other) = (full_product(admin, "Harbour Gate").await, full_product(admin, "Sea Gate").await);
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let solution = admin.post("/catalog/v1/solutions", &json!({ "name": "Office" })).await.expect(201).id();
        let bundle = format!("/catalog/v1/solutions/{solution}/products");
        admin.put(&bundle, &json!({ "productIds": [id(&ours)] })).await.expect(200);
        let (kim, kim_id) = onlooker(admin, "kim").await;
        let granted = grant(admin, ("USER", &kim_id), ("SOLUTION", Some(&solution)), "WRITE").await;
        kim.get_until(&bundle, |answer| answer.status == 401).await;
        let kim = again(admin, "kim").await;
        read_after(&kim, &granted, &bundle).await.expect(200);

        let file =
            |products: Value| json!({ "kind": "SOLUTION", "info": [{ "name": "Office" }], "products": products });
        let more = file(json!([{ "name": "Harbour Gate" }, { "name": "Sea Gate" }, { "id": id(&other), "name": "?" }]));
        let uploaded = upload_json(&kim, "", &more).await;
        let expected = ["Products 3 Product Name PRODUCT_NOT_FOUND", "Products 4 Product Name PRODUCT_NOT_FOUND"];
        assert_eq!(faults(&kim, &uploaded).await, expected, "a file does not tell what there is");
        let role = json!({ "name": "WRITER", "permissions": ["catalog:*:read", "catalog:product:write"] });
        admin.post("/identity/v1/roles", &role).await.expect(201);
        let writer = colleague(admin, "ann", "WRITER").await;
        let uploaded = upload_json(&writer, "", &more).await;
        assert_eq!(faults(&writer, &uploaded).await, expected, "whoever writes all products gives none away either");
        let fewer = upload_json(&kim, "?deleteMissing=true", &file(json!([]))).await;
        assert_eq!(changes(&kim, &fewer).await, ["DELETE products/Harbour Gate"]);
        commit(&kim, &fewer).await.expect_problem(403, "PERMISSION_DENIED");
        assert_eq!(admin.get(&bundle).await.body["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn an_import_is_its_callers_alone_and_gives_way_to_who_is_editing() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let id = product.rsplit('/').next().unwrap();
        let (kim, ann) = (colleague(admin, "kim", "SME").await, colleague(admin, "ann", "SME").await);
        let uploaded = upload_json(&kim, &format!("?productId={id}"), &json!({ "tags": [{ "name": "x" }] })).await;
        let path = format!("{IMPORTS}/{}", uploaded.expect(201).id());
        for other in [&ann, admin] {
            other.get(&path).await.expect_problem(404, "NOT_FOUND");
            other.get(&format!("{path}/changes")).await.expect_problem(404, "NOT_FOUND");
            commit(other, &uploaded).await.expect_problem(404, "NOT_FOUND");
            other.delete(&path).await.expect_problem(404, "NOT_FOUND");
        }
        let lock = json!({ "resourceType": "PRODUCT", "resourceId": id });
        let lock = ann.post("/identity/v1/edit-locks", &lock).await;
        lock.expect(201);
        let mut refused = commit(&kim, &uploaded).await;
        if refused.status == 200 {
            // The lock was not known yet: once more.
            read_after(&kim, &lock, &product).await;
            let again = upload_json(&kim, &format!("?productId={id}"), &json!({ "tags": [{ "name": "y" }] })).await;
            refused = commit(&kim, &again).await;
        }
        refused.expect_problem(423, "EDIT_LOCK_HELD");
        let viewer = colleague(admin, "vic", "VIEWER").await;
        viewer.get(&format!("{product}/export")).await.expect(200);
        upload_json(&viewer, "", &json!({})).await.expect_problem(403, "PERMISSION_DENIED");
    });
}
