//! The public API as the demo's administrator meets it: signed in, patient with a service that is away, safe to repeat.

use std::time::{Duration, Instant};

use kernel::Page;
use kernel::problem::ProblemBody;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use super::{Error, Result};

/// Longer than the gateway lets a service take.
const ANSWER_LIMIT: Duration = Duration::from_secs(40);
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long a request is tried: killed services are back long before.
const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Who loads a demo.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Account {
    /// E-mail address or user name.
    pub login: String,
    /// The password.
    pub password: String,
}

/// One administrator's way to the platform.
pub(super) struct Api<'a> {
    http: Client,
    gateway: &'a str,
    account: &'a Account,
    token: Option<String>,
    tell: &'a dyn Fn(&str),
    /// Rows made so far; what was there already does not count.
    pub(super) made: usize,
}

/// A request that may be sent several times.
struct Call<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: Option<&'a Value>,
}

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    /// How long to wait before the next try, if the platform says.
    wait: Option<Duration>,
    body: String,
}

impl<'a> Api<'a> {
    pub(super) fn new(gateway: &'a str, account: &'a Account, tell: &'a dyn Fn(&str)) -> Self {
        let http = Client::builder().no_proxy().connect_timeout(CONNECT_LIMIT).timeout(ANSWER_LIMIT).build();
        Self { http: http.unwrap_or_default(), gateway, account, token: None, tell, made: 0 }
    }

    /// Says what is going on.
    pub(super) fn tell(&self, what: &str) {
        (self.tell)(what);
    }

    /// The row of a collection that has this external key. It is made from `body` when there is none, and otherwise left
    /// as it is.
    pub(super) async fn ensure<T: DeserializeOwned>(&mut self, path: &str, key: &str, body: &Value) -> Result<T> {
        let known: Page<T> = self.get(path, &[("externalKey", key)]).await?;
        match known.items.into_iter().next() {
            Some(row) => Ok(row),
            None => self.make(path, body).await,
        }
    }

    /// Makes a row.
    pub(super) async fn make<T: DeserializeOwned>(&mut self, path: &str, body: &Value) -> Result<T> {
        self.made += 1;
        self.post(path, body).await
    }

    pub(super) async fn get<T: DeserializeOwned>(&mut self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        self.ask(Call { method: Method::GET, path, query, body: None }).await
    }

    pub(super) async fn post<T: DeserializeOwned>(&mut self, path: &str, body: &Value) -> Result<T> {
        self.ask(Call { method: Method::POST, path, query: &[], body: Some(body) }).await
    }

    pub(super) async fn put<T: DeserializeOwned>(&mut self, path: &str, body: &Value) -> Result<T> {
        self.ask(Call { method: Method::PUT, path, query: &[], body: Some(body) }).await
    }

    /// Asks, signing in first, and once more when the token has expired meanwhile.
    async fn ask<T: DeserializeOwned>(&mut self, call: Call<'_>) -> Result<T> {
        let (token, fresh) = match self.token.take() {
            Some(token) => (token, false),
            None => (self.sign_in().await?, true),
        };
        let mut answer = self.answer(&call, Some(&token)).await?;
        self.token = Some(token);
        if answer.status == StatusCode::UNAUTHORIZED && !fresh {
            let token = self.sign_in().await?;
            answer = self.answer(&call, Some(&token)).await?;
            self.token = Some(token);
        }
        call.read(&answer)
    }

    async fn sign_in(&self) -> Result<String> {
        let body = json!(self.account);
        let call = Call { method: Method::POST, path: "/identity/v1/sessions", query: &[], body: Some(&body) };
        let tokens: Value = call.read(&self.answer(&call, None).await?)?;
        Ok(tokens.pointer("/accessToken").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// The answer to a call, however often it must be sent. All tries carry one `Idempotency-Key`: what a try has done
    /// whose answer was lost is not done again.
    async fn answer(&self, call: &Call<'_>, token: Option<&str>) -> Result<Answer> {
        let key = Uuid::now_v7().to_string();
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let (last, wait) = match self.try_once(call, token, &key).await {
                Ok(answer) if !answer.may_pass() => return Ok(answer),
                Ok(answer) => (answer.text(), answer.wait.unwrap_or_default()),
                Err(error) => (root_cause(&error), Duration::ZERO),
            };
            if began.elapsed() > PATIENCE {
                return Err(Error::Away { request: call.to_string(), seconds: PATIENCE.as_secs(), last });
            }
            let wait = wait.max(pause).min(LONGEST_PAUSE);
            self.tell(&format!("{call}: {last}; again in {:.1} s", wait.as_secs_f64()));
            sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_once(&self, call: &Call<'_>, token: Option<&str>, key: &str) -> reqwest::Result<Answer> {
        let Call { method, path, query, body } = call;
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.gateway)).query(query);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("idempotency-key", key).json(body);
        }
        let answer = request.send().await?;
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Answer { status: answer.status(), wait: seconds.map(Duration::from_secs), body: answer.text().await? })
    }
}

/// The outermost error only says that a request failed.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl Call<'_> {
    fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T> {
        let refused = |answer| Error::Refused { request: self.to_string(), answer };
        if !answer.status.is_success() {
            return Err(refused(answer.text()));
        }
        serde_json::from_str(&answer.body).map_err(|error| refused(format!("an answer we cannot read: {error}")))
    }
}

impl std::fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, path, query, body } = self;
        write!(f, "{method} {path}")?;
        let named = |name| body.and_then(|body| body.get(name)).and_then(Value::as_str);
        let asked = query.first().map(|(_, value)| *value);
        match asked.or_else(|| named("externalKey")).or_else(|| named("name")) {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}

impl Answer {
    /// Whether the same request may succeed in a moment.
    fn may_pass(&self) -> bool {
        matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        )
    }

    /// What it says went wrong, with each field.
    fn text(&self) -> String {
        let Ok(problem) = serde_json::from_str::<ProblemBody>(&self.body) else { return self.status.to_string() };
        let fields = problem.errors.iter().map(|error| format!("\n  {}: {}", error.pointer, error.detail));
        format!("{} {}: {}{}", problem.status, problem.code, problem.detail, fields.collect::<String>())
    }
}
