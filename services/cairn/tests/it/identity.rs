//! Signing in, staying in, getting out.

use serde_json::json;

use crate::support::on_stage;

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    on_stage(async |stage| {
        let me = stage.admin.get("/identity/v1/me").await;
        let mut answers = Vec::new();
        for login in [me.body["email"].as_str().unwrap(), "nobody@example.com"] {
            let answer = stage.anonymous.post("/identity/v1/sessions", &json!({ "login": login, "password": "wrong wrong wrong" })).await;
            answer.expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
            answers.push(answer.body["detail"].clone());
        }
        assert_eq!(answers[0], answers[1]);
    });
}
