//! A browser: its tokens are in cookies, and what it changes it changes with a CSRF token.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use crate::support::{PASSWORD, Stage, on_prepared_stage, on_stage};

/// A browser without a page: it keeps cookies as a browser does, and the CSRF token as a page does.
struct Browser {
    client: Client,
    cookies: Vec<(String, String)>,
    csrf: String,
}

impl Browser {
    async fn sign_in(stage: &Stage) -> (Self, Response) {
        let mut browser = Self { client: stage.anonymous.clone(), cookies: Vec::new(), csrf: String::new() };
        let me = stage.admin.get("/identity/v1/me").await;
        let body = json!({ "login": me.body["username"], "password": PASSWORD });
        let request = browser.request(Method::POST, "/identity/v1/sessions").header("cairn-session", "cookie");
        let answer = browser.send(request.json(&body)).await;
        answer.expect(201);
        (browser, answer)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.client.request(method, path).header("cookie", format!("theme=dark; {}", pairs.join("; ")))
    }

    /// Sends as the page does, and keeps what comes back.
    async fn send(&mut self, request: RequestBuilder) -> Response {
        let answer = send(request).await;
        for line in answer.headers.get_all("set-cookie") {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !rest.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        if let Some(csrf) = answer.body["csrfToken"].as_str() {
            self.csrf = csrf.to_owned();
        }
        answer
    }

    async fn refresh(&mut self) -> Response {
        let request = self.request(Method::POST, "/identity/v1/sessions/refresh").header("cairn-session", "cookie");
        let request = request.header("x-csrf-token", &self.csrf);
        self.send(request).await
    }

    async fn create(&mut self, name: &str) -> Response {
        let request = self.request(Method::POST, "/catalog/v1/products").header("x-csrf-token", &self.csrf);
        self.send(request.json(&json!({ "name": name }))).await
    }
}

#[test]
fn a_browser_signs_in_works_refreshes_and_signs_out_without_seeing_a_token() {
    on_stage(async |stage| {
        let (mut browser, answer) = Browser::sign_in(&stage).await;
        for field in ["accessToken", "refreshToken", "tokenType"] {
            assert!(answer.body.get(field).is_none(), "{}", answer.text);
        }
        assert_eq!(answer.body["expiresIn"], 600);
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{line}");
        }
        assert_eq!(names(&browser), ["cairn-access", "cairn-refresh"]);
        send(browser.request(Method::GET, "/identity/v1/me")).await.expect(200);
        browser.create("One").await.expect(201);

        let before = browser.cookies.clone();
        let refreshed = browser.refresh().await;
        refreshed.expect(200);
        assert!(refreshed.body.get("accessToken").is_none() && browser.cookies != before);
        browser.create("Two").await.expect(201);

        let request = browser.request(Method::DELETE, "/identity/v1/sessions/current");
        browser.send(request.header("x-csrf-token", &browser.csrf)).await.expect(204);
        assert!(browser.cookies.is_empty());
        send(browser.request(Method::GET, "/identity/v1/me")).await.expect_problem(401, "TOKEN_MISSING");
    });
}

#[test]
fn what_another_site_has_a_browser_do_is_refused() {
    on_stage(async |stage| {
        let (mut browser, _) = Browser::sign_in(&stage).await;
        let (other, _) = Browser::sign_in(&stage).await;
        let right = std::mem::take(&mut browser.csrf);
        for csrf in ["", "nonsense", &other.csrf] {
            browser.csrf = csrf.to_owned();
            browser.create("Forged").await.expect_problem(403, "CSRF_TOKEN_INVALID");
            browser.refresh().await.expect_problem(403, "CSRF_TOKEN_INVALID");
            let request = browser.request(Method::DELETE, "/identity/v1/sessions/current");
            browser.send(request.header("x-csrf-token", csrf)).await.expect_problem(403, "CSRF_TOKEN_INVALID");
        }
        assert_eq!(browser.cookies.len(), 2);
        browser.csrf = right;
        browser.create("Own").await.expect(201);
        assert_eq!(stage.admin.get("/catalog/v1/products?count=true").await.body["total"], 1);
        // A token in the header wins, and needs no other.
        let stranger = stage.another_tenant().await;
        let request = stranger.request(Method::GET, "/catalog/v1/products?count=true");
        let cookies = browser.request(Method::GET, "/").build().unwrap().headers()["cookie"].clone();
        assert_eq!(send(request.header("cookie", cookies.clone())).await.body["total"], 0);
        let request = stranger.request(Method::POST, "/catalog/v1/products").header("cookie", cookies);
        send(request.json(&json!({ "name": "Elsewhere" }))).await.expect(201);
    });
}

#[test]
fn a_refresh_that_does_not_count_takes_the_cookies_away() {
    on_stage(async |stage| {
        let (mut browser, _) = Browser::sign_in(&stage).await;
        let copied = browser.cookies.clone();
        browser.refresh().await.expect(200);
        browser.cookies = copied;
        // Later than a browser would send it again whose windows asked at once.
        stage.clock.advance(chrono::Duration::seconds(11));
        browser.refresh().await.expect_problem(401, "SESSION_REFRESH_REFUSED");
        assert!(browser.cookies.is_empty());
        browser.refresh().await.expect_problem(401, "TOKEN_MISSING");
        // Without the header all is as ever.
        let me = stage.admin.get("/identity/v1/me").await;
        let body = json!({ "login": me.body["username"], "password": PASSWORD });
        let answer = stage.anonymous.post("/identity/v1/sessions", &body).await;
        assert!(answer.body["accessToken"].is_string() && answer.body.get("csrfToken").is_none());
        let tokens: Value = json!({ "refreshToken": answer.body["refreshToken"] });
        stage.anonymous.post("/identity/v1/sessions/refresh", &tokens).await.expect(200);
    });
}

#[test]
fn over_tls_at_a_proxy_the_cookies_are_this_hosts_alone() {
    let trust = |world: &mut testkit::TestWorld| {
        world.config.gateway.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    };
    on_prepared_stage(trust, async |stage, ()| {
        let me = stage.admin.get("/identity/v1/me").await;
        let request = stage.anonymous.request(Method::POST, "/identity/v1/sessions");
        let request = request.header("cairn-session", "cookie").header("x-forwarded-proto", "https");
        let answer = send(request.json(&json!({ "login": me.body["username"], "password": PASSWORD }))).await;
        let cookies: Vec<_> =
            answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect();
        assert_eq!(cookies.len(), 2);
        assert!(
            cookies.iter().all(|line| line.starts_with("__Host-cairn-") && line.ends_with("; Secure")),
            "{cookies:?}"
        );
    });
}

fn names(browser: &Browser) -> Vec<&str> {
    browser.cookies.iter().map(|(name, _)| name.as_str()).collect()
}
