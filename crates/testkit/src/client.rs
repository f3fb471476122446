//! A user of the platform, as an HTTP client.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// Somebody who talks to the gateway, signed in or not.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    gateway: String,
    /// The access token that is sent, if any.
    pub token: Option<String>,
}

/// An answer, with its body read.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as JSON; null when it is not JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Client {
    /// Somebody who is not signed in.
    #[must_use]
    pub fn anonymous(gateway: &str) -> Self {
        Self { http: reqwest::Client::new(), gateway: gateway.to_owned(), token: None }
    }

    /// The same person with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Signs in.
    pub async fn sign_in(&self, login: &str, password: &str) -> Self {
        let answer = self.post("/identity/v1/sessions", &json!({ "login": login, "password": password })).await;
        answer.expect(201);
        self.with_token(answer.body["accessToken"].as_str().unwrap_or_default())
    }

    /// A request to be refined.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.gateway));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Response {
        send(self.request(Method::GET, path)).await
    }

    /// Creates, or acts.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Replaces.
    pub async fn put(&self, path: &str, body: &Value) -> Response {
        send(self.request(Method::PUT, path).json(body)).await
    }

    /// Changes, with the version that was read if one is given.
    pub async fn patch(&self, path: &str, version: Option<i64>, body: &Value) -> Response {
        let request = self.request(Method::PATCH, path).json(body);
        let request = match version {
            Some(version) => request.header("if-match", format!("\"{version}\"")),
            None => request,
        };
        send(request).await
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Response {
        send(self.request(Method::DELETE, path)).await
    }

    /// Reads until `done` likes the answer; the last answer is returned either way, for the assertion.
    pub async fn get_until(&self, path: &str, done: impl Fn(&Response) -> bool) -> Response {
        for _ in 0..600 {
            let answer = self.get(path).await;
            if done(&answer) {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.get(path).await
    }
}

/// Sends a request and reads the whole answer.
///
/// # Panics
/// When no answer comes.
pub async fn send(request: RequestBuilder) -> Response {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await.unwrap_or_default();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Response { status: StatusCode::as_u16(&status), headers, body, text }
}

impl Response {
    /// Checks the status; shows the body when it is another.
    ///
    /// # Panics
    /// When the status is another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Checks status and problem code.
    ///
    /// # Panics
    /// When either is another.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> &Self {
        self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert_eq!(self.body["code"], code, "{}", self.text);
        self
    }

    /// A header's text; empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body's `id`.
    #[must_use]
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The body's `version`.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        self.body["version"].as_i64()
    }
}
